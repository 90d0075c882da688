//! Claims files with one mistake each, and hostile documents: every message with its places, and
//! what becomes of the records.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hence::claims::load::{BadRecords, Loaded, Options, load};
use hence::claims::policies::warnings;
use hence::text::diagnostic::{Diagnostic, Severity};
use hence::text::files::Files;
use hence::text::render::{RenderOptions, render};
use hence::text::span::Span;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/claims")
}

/// A file's name without its folder, line and column, and what stands there.
fn place(files: &Files, span: Span) -> String {
    let (at, text) = (files.position(span), files.text_of(span));
    let name = files.get(span.file).name.rsplit('/').next().unwrap();
    format!("{name}:{}:{} `{}`", at.line, at.column, text.escape_debug())
}

fn show(files: &Files, diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut out = format!("{severity}[{}]: {}\n", diagnostic.code, diagnostic.message);
    for label in &diagnostic.labels {
        writeln!(out, "    {}: {}", place(files, label.span), label.text).unwrap();
    }
    for note in &diagnostic.notes {
        writeln!(out, "    note: {note}").unwrap();
    }
    for help in &diagnostic.helps {
        writeln!(out, "    help: {help}").unwrap();
    }
    for fix in &diagnostic.fixes {
        for edit in &fix.edits {
            let place = place(files, edit.span);
            writeln!(out, "    {}: {place} -> `{}`", fix.title, edit.text.escape_debug()).unwrap();
        }
    }
    out
}

/// Everything that reading a file says; paths without the folder of the repository.
fn report(loaded: &Loaded, files: &Files) -> String {
    let mut out = String::new();
    for diagnostic in &loaded.diagnostics {
        out.push_str(&show(files, diagnostic));
    }
    for rejected in &loaded.rejected {
        let line = files.position(rejected.span).line;
        writeln!(out, "rejected line {line}: {} {}", rejected.kind.word(), rejected.code).unwrap();
    }
    let (records, claims, gone) = (loaded.records, loaded.claims, loaded.claims_rejected());
    writeln!(out, "{records} records, {claims} claims, {gone} of them rejected").unwrap();
    out.replace(&format!("{}/", folder().display()), "")
}

fn snapshot(folder: &Path, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Reads every claims file of a folder and compares what it says with its snapshot.
fn check_folder(folder: &Path, check: impl Fn(&str, &Loaded, &Files)) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut options = Options::STRICT;
        if name.ends_with("lenient") {
            options.bad_records = BadRecords::Drop;
        }
        let mut files = Files::new();
        let mut loaded = load(&[path], options, &mut files);
        let of_policies = warnings(&loaded, None);
        loaded.diagnostics.extend(of_policies);
        check(&name, &loaded, &files);
    }
}

/// The messages in full, as on a terminal.
fn rendered(loaded: &Loaded, files: &Files) -> String {
    let options = RenderOptions::default();
    let texts = loaded.diagnostics.iter().map(|message| render(message, files, options));
    let text: String = texts.map(|text| text + "\n").collect();
    text.replace(&format!("{}/", folder().display()), "")
}

#[test]
fn every_mistake_has_its_message() {
    check_folder(&folder(), |name, loaded, files| {
        let mut text = report(loaded, files);
        let code = name.split('_').next().unwrap();
        assert!(code == "ok" || text.contains(&format!("[{code}]")), "{name}:\n{text}");
        if ["H0303", "H0401", "H0402", "H0413", "H0418"].contains(&code) {
            text = format!("{text}\n{}", rendered(loaded, files));
        }
        snapshot(&folder(), name, &text);
    });
}

#[test]
fn hostile_documents_keep_their_places() {
    let folder = folder().join("hostile");
    check_folder(&folder, |name, loaded, files| {
        let text = format!("{}\n{}", report(loaded, files), rendered(loaded, files));
        snapshot(&folder, name, &text);
    });
}

#[test]
fn the_demo_has_nothing_to_complain_of() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("facts/deployment/claims.jsonl");
    let loaded = load(&[path], Options::STRICT, &mut Files::new());
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.claims, 68);
}
