//! `hence fmt`: rule files in one layout. A file that cannot be read stays as it is, and so do the
//! files that are laid out already; a file is written aside and gets its name when it is whole.

use std::io::{Read, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use crate::cli::check_args::Fmt;
use crate::cli::exit::{CANNOT, Exit, NEGATIVE};
use crate::cli::messages::Reporter;
use crate::cli::rewrite::{diff, write};
use crate::cli::sink::harmless;
use crate::io::find::shown;
use crate::io::library::{self, Origin};
use crate::syntax::format::{Unformatted, format};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::numbers::counted;

/// What became of the files.
#[derive(Default)]
struct Tally {
    changed: usize,
    unchanged: usize,
    refused: usize,
}

/// Lays files out, or says which are not.
///
/// # Errors
/// If a file cannot be read or written, or with `--check` and `--diff` if one is laid out otherwise.
pub fn run(args: &Fmt, reporter: Reporter) -> Result<(), Exit> {
    let only_tells = args.check || args.diff;
    let mut tally = Tally::default();
    let mut files = Files::new();
    for path in rule_files(&args.paths)? {
        let is_stdin = path == Path::new("-");
        let (name, text) = read(&path)?;
        let file = files.add(name.as_str(), text.as_str());
        let written = match format(&text, file) {
            Ok(written) => written,
            Err(Unformatted::Mistakes(mistakes)) => {
                reporter.print(&mistakes, &files);
                reporter.line(&format!("{name} is left as it is"));
                tally.refused += 1;
                continue;
            }
            Err(Unformatted::Changed(what)) => {
                return Err(Exit::Bug(format!("the layout of {name} is not its text: {what}")));
            }
        };
        if is_stdin && !only_tells {
            stdout().lock().write_all(written.as_bytes())?;
            continue;
        }
        let is_changed = written != text;
        tally.changed += usize::from(is_changed);
        tally.unchanged += usize::from(!is_changed);
        if is_changed && args.diff {
            stdout().lock().write_all(harmless(&diff(&name, &text, &written)).as_bytes())?;
        } else if is_changed && args.check {
            writeln!(stdout().lock(), "{}", harmless(&name))?;
        } else if is_changed {
            write(&path, &written)?;
        }
    }
    conclude(&tally, only_tells, reporter)
}

fn conclude(tally: &Tally, only_tells: bool, reporter: Reporter) -> Result<(), Exit> {
    let laid_out = if only_tells { "to be laid out" } else { "laid out" };
    let mut parts = Vec::new();
    if tally.changed > 0 {
        parts.push(format!("{} {laid_out}", counted(tally.changed, "file")));
    }
    if tally.unchanged > 0 {
        parts.push(format!("{} left alone", counted(tally.unchanged, "file")));
    }
    if tally.refused > 0 {
        parts.push(format!("{} that cannot be read", counted(tally.refused, "file")));
    }
    if !parts.is_empty() {
        reporter.line(&parts.join(", "));
    }
    match (tally.refused, tally.changed) {
        (1.., _) => Err(Exit::Code(CANNOT)),
        (0, 1..) if only_tells => Err(Exit::Code(NEGATIVE)),
        (0, _) => Ok(()),
    }
}

/// The name of a file for messages, and its text.
fn read(path: &Path) -> Result<(String, String), Exit> {
    if path == Path::new("-") {
        let mut text = String::new();
        return match stdin().lock().read_to_string(&mut text) {
            Ok(_) => Ok(("stdin".to_owned(), text)),
            Err(error) => Err(cannot(format!("standard input cannot be read: {error}"))),
        };
    }
    let name = shown(path);
    match library::read(&Origin::Disk(path.to_owned())) {
        Ok(text) => Ok((name, text)),
        Err(reason) => Err(cannot(format!("{name} cannot be read: {reason}"))),
    }
}

/// The files that are meant, in order: of a folder all that end with `.dl`, also in its folders,
/// but not in hidden ones.
fn rule_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Exit> {
    let mut found = Vec::new();
    for path in paths {
        if path == Path::new("-") || !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        let mut folders = vec![path.clone()];
        while let Some(folder) = folders.pop() {
            let entries = folder
                .read_dir()
                .map_err(|error| cannot(format!("{} cannot be read: {error}", shown(&folder))))?;
            for entry in entries.flatten() {
                let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
                // A link to a folder could lead back here.
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let path = match folder.to_str() {
                    Some(".") => PathBuf::from(entry.file_name()),
                    _ => folder.join(entry.file_name()),
                };
                if is_folder && !is_hidden {
                    folders.push(path);
                } else if !is_folder && !is_hidden && path.extension().is_some_and(|e| e == "dl") {
                    found.push(path);
                }
            }
        }
        if found.len() == before {
            return Err(cannot(format!("{} has no rule file (*.dl)", shown(path))));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn cannot(text: String) -> Exit {
    Exit::from(Diagnostic::new(Code::H0306, text))
}
