//! Where input comes from. Every `-F` path is a folder of `R.facts` files, which may also hold a
//! `claims.jsonl`, or a claims file itself; all are searched in the order given and what is found
//! is united. A folder that is named must exist, unless missing input counts as empty; folders are
//! not searched recursively.

use std::path::{Path, PathBuf};

use crate::base::nearest::nearest;
use crate::program::program::{FileDirective, Program};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};

/// The places of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Folders that may hold fact files.
    pub folders: Vec<PathBuf>,
    /// Claims files, in the order given.
    pub claims: Vec<PathBuf>,
}

/// Sorts `-F` paths into folders and claims files. A folder's `claims.jsonl` counts as given
/// where the folder is.
#[must_use]
pub fn places(paths: &[PathBuf]) -> Places {
    let mut places = Places::default();
    for path in paths {
        if is_claims(path) && !path.is_dir() {
            places.claims.push(path.clone());
            continue;
        }
        let claims = path.join("claims.jsonl");
        if claims.is_file() {
            places.claims.push(claims.strip_prefix(".").unwrap_or(&claims).to_owned());
        }
        places.folders.push(path.clone());
    }
    places
}

/// The name of a path in messages: as given, without a leading `./`.
#[must_use]
pub fn shown(path: &Path) -> String {
    let rest = path.strip_prefix(".").unwrap_or(path);
    // The current folder itself has no other name.
    let rest = if rest.as_os_str().is_empty() { Path::new(".") } else { rest };
    rest.display().to_string()
}

/// What is wrong with `-F` paths: files that are none of claims by their names, and paths at which
/// nothing is. The latter are errors, or warnings where missing input is allowed.
#[must_use]
pub fn misplaced((paths, by): (&[PathBuf], &str), allow_missing: bool) -> Vec<Diagnostic> {
    let mut messages = Vec::new();
    for path in paths {
        if path.is_file() && !is_claims(path) {
            let text = format!("{} is neither a folder nor a claims file", shown(path));
            let what = "a folder of R.facts files, or a claims file, whose name ends in .jsonl";
            messages.push(Diagnostic::new(Code::H0306, text).note(format!("{by} takes {what}")));
        } else if !path.exists() && !is_claims(path) {
            messages.push(absent((path, by), allow_missing));
        }
    }
    messages
}

fn is_claims(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

fn absent((path, by): (&Path, &str), allowed: bool) -> Diagnostic {
    let named = if by == "-F" { "named with -F" } else { &format!("named by {by}") };
    let text = format!("the folder {} {named} does not exist", shown(path));
    let mut message = Diagnostic::new(Code::H0306, text);
    if allowed {
        message.severity = Severity::Warning;
    }
    let beside = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let entries = if beside.as_os_str().is_empty() { Path::new(".") } else { &beside }.read_dir();
    let mut names: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().filter(|entry| entry.path().is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match nearest(name, names.iter().map(String::as_str)).first() {
        Some(near) => message.help(format!("did you mean {}?", shown(&beside.join(near)))),
        None => message,
    }
}

/// The name of the file that an `.input` directive reads in each folder.
#[must_use]
pub fn file_name(program: &Program, directive: &FileDirective) -> String {
    directive.filename.clone().unwrap_or_else(|| {
        let relation = &program.relations[directive.relation].name;
        format!("{}.facts", directive.name.as_ref().unwrap_or(relation))
    })
}

/// The files of an `.input` directive that exist.
#[must_use]
pub fn files(program: &Program, directive: &FileDirective, places: &Places) -> Vec<PathBuf> {
    let name = file_name(program, directive);
    if Path::new(&name).is_absolute() {
        return [PathBuf::from(name)].into_iter().filter(|path| path.exists()).collect();
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in &places.folders {
        let path = folder.join(&name);
        if path.exists() && !path.is_dir() && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

/// That a directive finds no file: where it was looked for, and the nearest name there.
#[must_use]
pub fn missing(program: &Program, directive: &FileDirective, places: &Places) -> Diagnostic {
    let name = file_name(program, directive);
    let relation = &program.relations[directive.relation].name;
    let mut looked: Vec<String> =
        places.folders.iter().map(|folder| shown(&folder.join(&name))).collect();
    if Path::new(&name).is_absolute() {
        looked = vec![name.clone()];
    }
    let mut message =
        Diagnostic::new(Code::H0302, format!("no facts file for input relation `{relation}`"))
            .label(directive.span, format!("looked for {}", listed(&looked)));
    for folder in &places.folders {
        message = message.note(folder_note(folder, &name));
    }
    if places.folders.is_empty() {
        message = message.note("no folder of fact files was given with -F");
    }
    message.help("name its folder with -F, or take missing files as empty with --allow-missing")
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing: no -F folder is given".to_owned(),
        [first, rest @ ..] if rest.len() > 3 => format!("{first} and {} more places", rest.len()),
        _ => names.join(", "),
    }
}

fn folder_note(folder: &Path, name: &str) -> String {
    let shown_folder = match shown(folder) {
        here if here == "." => "the current folder".to_owned(),
        folder => folder,
    };
    if !folder.exists() {
        return format!("{shown_folder} does not exist");
    }
    if folder.join(name).is_dir() {
        return format!("{} is a folder, no file of rows", shown(&folder.join(name)));
    }
    let Ok(entries) = folder.read_dir() else {
        return format!("{shown_folder} cannot be listed");
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".facts"))
        .collect();
    names.sort();
    let near = nearest(name, names.iter().map(String::as_str));
    let count = names.len();
    let files = if count == 1 { "fact file" } else { "fact files" };
    match near.first() {
        Some(near) => format!("{shown_folder} has {count} {files}; nearest name: {near}"),
        None => format!("{shown_folder} has {count} {files}, none of a similar name"),
    }
}
