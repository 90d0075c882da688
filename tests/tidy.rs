//! Holds the layout of the repository: layers import only downward, every file says what it is,
//! every program of the tests has its snapshot, and shows the code that its name tells; planted bugs
//! still have their places.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files and fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// From the lowest to the highest; `src/lib.rs` declares them in this order.
const LAYERS: [&str; 17] = [
    "base",
    "text",
    "value",
    "syntax",
    "program",
    "analysis",
    "plan",
    "engine",
    "io",
    "provenance",
    "claims",
    "session",
    "show",
    "testing",
    "verify",
    "lsp",
    "cli",
];

/// Lines of the checker of certificates, blank ones apart, comments and all.
const CHECKER_LINES: usize = 1000;

/// Every file with ending `ending` under `folder`, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// The path as messages print it.
fn shown(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string()
}

/// The layer of a file of `src`; nothing for `lib.rs` and `main.rs`.
fn layer_of(path: &Path) -> Option<usize> {
    let inner = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inner.iter().next()?.to_str()?;
    LAYERS.iter().position(|layer| *layer == first)
}

/// Fails with every finding, one a line: `path:line: what, what to do`.
fn report(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// Lines of code with their numbers, comments cut off.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, line)| (n + 1, line.split("//").next().unwrap_or("")))
}

#[test]
fn layers_import_only_downward() {
    let mut findings = Vec::new();
    for path in files("src", ".rs") {
        let Some(own) = layer_of(&path) else { continue };
        for (n, line) in code_lines(&read(&path)) {
            if line.contains("super::super") {
                findings.push(format!("{}:{n}: `super::super`, name the layer", shown(&path)));
            }
            for (at, _) in line.match_indices("crate::") {
                let name: String = line[at + "crate::".len()..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                match LAYERS.iter().position(|layer| *layer == name) {
                    Some(used) if used <= own => {}
                    Some(_) => findings.push(format!(
                        "{}:{n}: layer `{}` uses the higher layer `{name}`, move the code down",
                        shown(&path),
                        LAYERS[own]
                    )),
                    None => findings.push(format!(
                        "{}:{n}: `crate::{name}` hides its layer, write the full path",
                        shown(&path)
                    )),
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn the_map_lists_the_layers_in_order() {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    let declared: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|name| LAYERS.contains(name))
        .collect();
    assert_eq!(declared, LAYERS);
    for (n, layer) in LAYERS.iter().enumerate() {
        let header = read(Path::new(&format!("src/{layer}/mod.rs")));
        assert!(header.starts_with(&format!("//! Layer {n}: ")), "src/{layer}/mod.rs is layer {n}");
    }
}

#[test]
fn every_file_says_what_it_is() {
    let mut findings = Vec::new();
    for path in files("src", ".rs").into_iter().chain(files("tests", ".rs")) {
        let text = read(&path);
        let first = text.lines().next().unwrap_or("");
        if !first.starts_with("//! ") || first.starts_with("//! This module") {
            findings.push(format!("{}:1: start with `//!` and what is here", shown(&path)));
        }
    }
    for path in files("rules", ".dl").into_iter().chain(files("tests/programs", ".dl")) {
        if !read(&path).trim_start_matches('\u{feff}').starts_with("//") {
            findings.push(format!("{}:1: start with a comment: question, inputs", shown(&path)));
        }
    }
    report(&findings);
}

#[test]
fn mod_files_only_route() {
    let mut findings = Vec::new();
    for path in files("src", "mod.rs") {
        for (n, line) in code_lines(&read(&path)) {
            let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("(crate) ");
            if line.starts_with("fn ") || line.starts_with("impl ") || line.starts_with("struct ") {
                findings.push(format!("{}:{n}: code in mod.rs, give it a file", shown(&path)));
            }
        }
    }
    report(&findings);
}

#[test]
fn every_snapshot_has_its_program_and_every_program_its_snapshot() {
    let mut findings = Vec::new();
    for path in files("tests/programs", ".dl") {
        let part = path.file_name().unwrap().to_str().unwrap().starts_with('_')
            || path.parent().unwrap().file_name().unwrap().to_str().unwrap().starts_with('_');
        if !part && !path.with_extension("snap").exists() {
            findings.push(format!("{}: no snapshot, run the tests and read it", shown(&path)));
        }
    }
    for path in files("tests/programs/semantic", ".snap") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let code = name.split('_').next().unwrap().to_uppercase();
        if code != "QUIET" && !read(&path).contains(&format!("[{code}]")) {
            findings.push(format!("{}: does not show {code}, rename it", shown(&path)));
        }
    }
    for path in files("tests/programs", ".snap") {
        if !path.with_extension("dl").exists() {
            findings.push(format!("{}: no program, delete it", shown(&path)));
        }
    }
    report(&findings);
}

#[test]
fn planted_bugs_find_their_places() {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/planted/bugs.txt"));
    let mut findings = Vec::new();
    let (mut count, mut name, mut file, mut old) = (0, "", "", "");
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match (key, value.trim()) {
            ("name", value) => name = value,
            ("file", value) => file = value,
            ("old", value) => old = value,
            ("new", value) if value == old => findings.push(format!("{name}: changes nothing")),
            ("caught", _) => {
                count += 1;
                let found = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
                let found = found.matches(old).count();
                if found != 1 || old.is_empty() {
                    findings.push(format!("{name}: `{old}` is {found} times in {file}, mend it"));
                }
            }
            _ => {}
        }
    }
    assert!(count >= 20, "{count} bugs");
    report(&findings);
}

#[test]
fn the_project_speaks_of_itself_alone() {
    // Words that tell of the making of the project instead of the project.
    let banned =
        ["todo!", "FIXME", "dbg!", "unimplemented!", "/work/", "#[ignore", "should_panic]"];
    let mut findings = Vec::new();
    for path in files("src", ".rs").into_iter().chain(files("tests", ".rs")) {
        if path.ends_with("tidy.rs") {
            continue;
        }
        for (n, line) in read(&path).lines().enumerate() {
            for word in banned.iter().filter(|word| line.contains(**word)) {
                findings.push(format!("{}:{}: `{word}`", shown(&path), n + 1));
            }
        }
    }
    report(&findings);
}

#[test]
fn the_checker_of_certificates_stands_alone_and_is_small() {
    let mut findings = Vec::new();
    let mut lines = 0;
    for path in files("src/verify", ".rs") {
        let text = read(&path);
        for (n, line) in code_lines(&text) {
            for word in ["crate::", "hence::"].iter().filter(|word| line.contains(**word)) {
                findings
                    .push(format!("{}:{n}: `{word}`, the checker imports nothing", shown(&path)));
            }
        }
        lines += text.lines().filter(|line| !line.trim().is_empty()).count();
    }
    report(&findings);
    assert!(lines <= CHECKER_LINES, "the checker has {lines} lines");
}
