//! Every program of this folder, in every mode, against one expectation.
//!
//! `NAME.dl` has its expectation in `NAME.snap`: messages, then every output relation with its
//! tuples and their rounds, then the answers to the questions in the file. The naive engine is the
//! reference and the only mode that touches the snapshot; the others must print the same text.
//! Every proof of every derived tuple goes through the independent checker.
//!
//! Comment lines steer a program: `// rounds: N` limits rounds, `// plan` shows the plan,
//! `// library` takes missing input as empty, `//? why ATOM` asks for a proof. A folder `NAME/`
//! beside `NAME.dl` holds its facts and claims. Folders that start with `_` hold parts.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files and fails by panicking"
)]

mod outcome;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use outcome::{Mode, outcome};

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let mut trials = Vec::new();
    for path in programs() {
        for mode in Mode::ALL {
            let path = path.clone();
            let name = format!("{}/{mode:?}", shown(&path));
            trials.push(Trial::test(name, move || {
                check(&path, mode);
                Ok(())
            }));
        }
    }
    libtest_mimic::run(&args, trials).exit_code()
}

/// Every program, sorted; paths are relative to the package, as messages print them.
fn programs() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("tests/programs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !name.starts_with('_') {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "dl") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// `evaluation/triangle`.
fn shown(path: &Path) -> String {
    path.strip_prefix("tests/programs").unwrap().with_extension("").display().to_string()
}

/// Compares one program in one mode with its expectation.
fn check(path: &Path, mode: Mode) {
    let Some(text) = outcome(path, mode) else { return };
    if mode == Mode::Naive {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(env::current_dir().unwrap().join(path.parent().unwrap()));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_input_file(path);
        let name = path.file_stem().unwrap().to_str().unwrap();
        settings.bind(|| insta::assert_snapshot!(name, text));
    } else {
        let reference = outcome(path, Mode::Naive).unwrap();
        assert!(
            reference == text,
            "{mode:?} differs from the reference:\n{}",
            difference(&reference, &text)
        );
    }
}

/// The lines in which two texts differ.
fn difference(expected: &str, found: &str) -> String {
    let mut out = String::new();
    for (n, (a, b)) in expected.lines().zip(found.lines()).enumerate() {
        if a != b {
            out.push_str(&format!("line {}\n  expected {a}\n  found    {b}\n", n + 1));
        }
    }
    let (a, b) = (expected.lines().count(), found.lines().count());
    if a != b {
        out.push_str(&format!("{a} lines expected, {b} found\n"));
    }
    out
}
