//! Snapshots: `snapshots/NAME.snap` beside a test file, and `NAME.snap.new` for what would take its
//! place, in the file format of insta, so that `cargo insta review` reads them too. Only the body
//! counts; blanks at its end do not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::io::find::shown;
use crate::io::map;
use crate::testing::file::TestFile;
use crate::testing::outcome::{FileResult, Pending, Verdict};
use crate::testing::scan::unquoted;
use crate::value::value::quote;

/// The folder of snapshots, beside the test file.
const FOLDER: &str = "snapshots";

/// What is written when a snapshot or a table differs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Update {
    /// Nothing.
    #[default]
    Nothing,
    /// What would take its place, beside it.
    Pending,
    /// It is written anew.
    Accept,
    /// Those that are new are accepted, the others stand beside what they would replace.
    AcceptNew,
}

/// Something that could not be written.
#[derive(Debug)]
pub struct Unwritten {
    /// Which path.
    pub path: PathBuf,
    /// The reason of the operating system.
    pub error: io::Error,
}

/// The body of a snapshot file; nothing if there is no such file.
#[must_use]
pub fn body(path: &Path) -> Option<String> {
    let bytes = map::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    let Some(inner) = text.strip_prefix("---\n") else {
        return Some(text.trim_end().to_owned());
    };
    let body = inner.split_once("\n---\n").map_or("", |(_, body)| body);
    Some(body.trim_end().to_owned())
}

/// What a snapshot file says of itself.
#[must_use]
pub fn description(path: &Path) -> Option<String> {
    let bytes = map::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("description: "))?;
    Some(unquoted(line))
}

/// The folder of a file's snapshots.
#[must_use]
pub fn folder(file: &TestFile) -> PathBuf {
    file.path.with_file_name(FOLDER)
}

/// The path of a snapshot.
#[must_use]
pub fn path(file: &TestFile, name: &str) -> PathBuf {
    folder(file).join(format!("{name}.snap"))
}

/// The path of what would take the place of a file.
#[must_use]
pub fn pending(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn whole(file: &TestFile, case: &str, written: &str, body: &str) -> String {
    let form = written.strip_prefix("snapshot").unwrap_or(written).trim();
    let description = quote(&format!("hence test {case}: {form}"));
    let mut head = format!(
        "---\nsource: {}\ndescription: {description}\ninfo:\n  hence: 1\n",
        yaml(&from_root(&file.path))
    );
    if let Some(rules) = file.rules() {
        head.push_str(&format!("input_file: {}\n", yaml(&from_root(&rules))));
    }
    format!("{head}---\n{}\n", body.trim_end())
}

/// A path as a value of YAML.
fn yaml(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let is_plain = path.chars().all(plain) && path.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_plain { path.to_owned() } else { quote(path) }
}

/// The path from the folder of the project: the nearest one above with `.git`, `Cargo.toml` or
/// `hence.toml`. So it is the same wherever the tests are started.
fn from_root(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let is_root = |folder: &&Path| {
        [".git", "Cargo.toml", "hence.toml"].iter().any(|name| folder.join(name).exists())
    };
    let root = whole.ancestors().skip(1).find(is_root);
    match root.and_then(|root| whole.strip_prefix(root).ok()) {
        Some(rest) => rest.display().to_string().replace('\\', "/"),
        None => path.file_name().unwrap_or_default().display().to_string(),
    }
}

/// Writes a file and the folders above it.
///
/// # Errors
/// If that fails.
pub fn write(path: &Path, text: &str) -> Result<(), Unwritten> {
    let failed = |error| Unwritten { path: path.to_owned(), error };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    #[expect(clippy::disallowed_methods, reason = "the runner keeps snapshots in files")]
    fs::write(path, text).map_err(failed)
}

/// Removes a file that may not be there.
///
/// # Errors
/// If it is there and stays.
pub fn remove(path: &Path) -> Result<(), Unwritten> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Unwritten { path: path.to_owned(), error })
        }
        _ => Ok(()),
    }
}

/// Puts what is pending in the place of what it would replace.
///
/// # Errors
/// If that fails.
pub fn accept(pending: &Path) -> Result<(), Unwritten> {
    let to = pending.with_extension("");
    fs::rename(pending, &to).map_err(|error| Unwritten { path: to, error })
}

/// Compares what the cases keep with the snapshots, and writes what `update` allows.
///
/// # Errors
/// If a file cannot be written.
pub fn settle(file: &TestFile, result: &mut FileResult, update: Update) -> Result<(), Unwritten> {
    for case in &mut result.cases {
        for kept in &case.kept {
            let path = path(file, &kept.name);
            let new = pending(&path);
            let old = body(&path);
            if old.as_deref() == Some(kept.body.trim_end()) {
                if update != Update::Nothing {
                    remove(&new)?;
                }
                continue;
            }
            let text = whole(file, &case.name, &kept.written, &kept.body);
            let accepts = match update {
                Update::Accept => true,
                Update::AcceptNew => old.is_none(),
                Update::Nothing | Update::Pending => false,
            };
            if accepts {
                write(&path, &text)?;
                remove(&new)?;
                case.accepted.push(shown(&path));
                continue;
            }
            if update != Update::Nothing {
                write(&new, &text)?;
            }
            case.pending.push(Pending {
                line: kept.line,
                column: kept.column,
                written: kept.written.clone(),
                path: shown(&new),
                is_written: update != Update::Nothing,
                old,
                new: kept.body.trim_end().to_owned(),
            });
            if case.verdict == Verdict::Passed {
                case.verdict = Verdict::Pending;
            }
        }
    }
    tables(file, result, update)
}

/// Writes the whole test file with tables as they would have to be.
fn tables(file: &TestFile, result: &mut FileResult, update: Update) -> Result<(), Unwritten> {
    let new = pending(&file.path);
    let failures = result.cases.iter().flat_map(|case| &case.failures);
    let mut proposals: Vec<_> = failures.filter_map(|failure| failure.proposal.clone()).collect();
    if update == Update::Nothing {
        return Ok(());
    }
    if proposals.is_empty() {
        return remove(&new);
    }
    proposals.sort_by_key(|proposal| proposal.range.start);
    let mut text = file.text.to_string();
    let has_cr_lf = text.contains("\r\n");
    for proposal in proposals.iter().rev() {
        // Line ends stay of the kind that the file has.
        let plain = proposal.text.replace("\r\n", "\n");
        let new = if has_cr_lf { plain.replace('\n', "\r\n") } else { plain };
        text.replace_range(proposal.range.clone(), &new);
    }
    if update != Update::Accept {
        result.proposed = Some(shown(&new));
        return write(&new, &text);
    }
    write(&file.path, &text)?;
    remove(&new)?;
    for case in &mut result.cases {
        let before = case.failures.len();
        case.failures.retain(|failure| failure.proposal.is_none());
        if case.failures.len() < before {
            case.accepted.push(shown(&file.path));
        }
        if case.verdict == Verdict::Failed && case.failures.is_empty() {
            case.verdict = Verdict::Passed;
        }
    }
    Ok(())
}

/// What is pending for a file: new snapshots named after it, and its tables.
#[must_use]
pub fn waiting(file: &TestFile) -> Vec<PathBuf> {
    let folder = folder(file);
    let start = format!("{}__", file.stem());
    let names = folder.read_dir().into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(&start) && name.ends_with(".snap.new"))
        .map(|name| folder.join(name))
        .collect();
    found.sort();
    found.extend([pending(&file.path)].into_iter().filter(|path| path.is_file()));
    found
}

/// Snapshots that no case of these files keeps: those that are named after one of the files.
#[must_use]
pub fn unreferenced(files: &[TestFile], results: &[FileResult]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (file, result) in files.iter().zip(results) {
        let folder = folder(file);
        let start = format!("{}__", file.stem());
        let kept = |name: &str| {
            result.cases.iter().flat_map(|case| &case.kept).any(|kept| kept.name == name)
        };
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let stem = name.strip_suffix(".snap").or_else(|| name.strip_suffix(".snap.new"));
            if stem.is_some_and(|stem| stem.starts_with(&start) && !kept(stem)) {
                found.push(folder.join(name));
            }
        }
    }
    found.sort();
    found
}
