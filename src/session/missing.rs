//! Input that is not there: a claims file that nobody named, and folders that fill nothing.

use std::path::{Path, PathBuf};

use crate::base::ids::RelationId;
use crate::claims::relations::relations;
use crate::io::find::{self, Places, shown};
use crate::io::input::Loaded;
use crate::program::program::Program;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::counted;
use crate::value::base_type::BaseType;

/// Entries of folders that are looked at in search of a claims file.
const LOOKED_AT: usize = 2_000;

/// Input relations that a claims file would fill, and that no file fills.
#[must_use]
pub fn unfilled(program: &Program, places: &Places) -> Vec<RelationId> {
    let of_claims = |relation: RelationId| {
        let relation = &program.relations[relation];
        let same = |columns: &[(&str, BaseType)]| {
            let given = relation.columns.iter().map(|column| column.base);
            given.eq(columns.iter().map(|(_, base)| *base))
        };
        relations().iter().any(|(name, columns)| *name == relation.name && same(columns))
    };
    let directives = program.inputs.iter();
    directives
        .filter(|directive| of_claims(directive.relation))
        .filter(|directive| find::files(program, directive, places).is_empty())
        .map(|directive| directive.relation)
        .collect()
}

/// That there is no claims file for these relations, and where one is.
#[must_use]
pub fn no_claims(program: &Program, unfilled: &[RelationId], places: &Places) -> Diagnostic {
    let folders: Vec<String> = places.folders.iter().map(|folder| place(folder)).collect();
    let message =
        Diagnostic::new(Code::H0302, format!("there is no claims.jsonl in {}", folders.join(", ")));
    let mut names: Vec<&str> =
        unfilled.iter().take(4).map(|id| program.relations[*id].name.as_str()).collect();
    if unfilled.len() > names.len() {
        names.push("…");
    }
    let what = counted(unfilled.len(), "relation");
    let message = message.note(format!("it would fill {what}: {}", names.join(", ")));
    match nearby(&places.folders).as_slice() {
        [] => message.help("name a claims file, or its folder, with -F"),
        [one] => message.help(format!("{0} has claims: name it with -F {0}", shown(one))),
        several => {
            let all: Vec<String> =
                several.iter().take(4).map(|path| format!("-F {}", shown(path))).collect();
            message.help(format!("there are claims nearby: {}", all.join(" or ")))
        }
    }
}

fn place(folder: &Path) -> String {
    match shown(folder) {
        here if here == "." => "the current folder".to_owned(),
        folder => folder,
    }
}

/// What `-F` may name to find claims: files of another name in these folders, else folders with a
/// `claims.jsonl` up to two levels below or one beside.
fn nearby(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut left = LOOKED_AT;
    for folder in folders {
        let (mut files, mut below) = entries(folder, &mut left);
        files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
        if !files.is_empty() {
            return files;
        }
        for folder in below.clone() {
            below.extend(entries(&folder, &mut left).1);
        }
        let has_claims = |folder: &PathBuf| folder.join("claims.jsonl").is_file();
        below.retain(has_claims);
        if below.is_empty() {
            let above = above(folder);
            below = entries(&above, &mut left).1;
            below.push(above);
            below.retain(has_claims);
        }
        if !below.is_empty() {
            below.sort();
            return below;
        }
    }
    Vec::new()
}

fn above(folder: &Path) -> PathBuf {
    match folder.parent() {
        _ if folder.file_name().is_none() => folder.join(".."),
        Some(above) if !above.as_os_str().is_empty() => above.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Files and folders in a folder, those with a hidden name left out.
fn entries(folder: &Path, left: &mut usize) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in folder.read_dir().into_iter().flatten().flatten().take(*left) {
        *left = left.saturating_sub(1);
        let path = folder.join(entry.file_name());
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() { folders.push(path) } else { files.push(path) }
    }
    files.sort();
    folders.sort();
    (files, folders)
}

/// Folders named with `-F` none of whose files is read, though the program reads files.
#[must_use]
pub fn idle(program: &Program, paths: &[PathBuf], files: &[Loaded]) -> Vec<Diagnostic> {
    if program.inputs.is_empty() {
        return Vec::new();
    }
    let unread = |path: &&PathBuf| {
        path.is_dir()
            && !path.join("claims.jsonl").is_file()
            && !files.iter().any(|file| file.path.starts_with(path))
    };
    let message = |path: &PathBuf| {
        let text = format!("nothing in {} is read", shown(path));
        let names: Vec<String> = program
            .inputs
            .iter()
            .take(3)
            .map(|directive| find::file_name(program, directive))
            .collect();
        let more = if program.inputs.len() > names.len() { ", …" } else { "" };
        Diagnostic::new(Code::L0302, text)
            .note(format!("looked for {}{more} and claims.jsonl", names.join(", ")))
    };
    paths.iter().filter(unread).map(message).collect()
}
