//! Rule files with all that they include, found on disk and in the library.

use std::path::{Path, PathBuf};

use crate::base::hash::Map;
use crate::base::nearest::nearest;
use crate::io::library::{self, Origin};
use crate::syntax::ast;
use crate::syntax::include::{Found, Loader, Missing};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;

/// Rule files.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// One tree for each file that the caller names, with what it includes.
    pub trees: Vec<ast::Program>,
    /// The names of all files, in the order in which they were met.
    pub names: Vec<String>,
}

/// A rule file that a caller names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Root {
    /// A file.
    File(PathBuf),
    /// The text that is read in place of a file.
    Text(PathBuf, String),
}

/// Reads files and what they include.
#[must_use]
pub fn read(
    roots: &[PathBuf],
    include: &[PathBuf],
    files: &mut Files,
) -> (Sources, Vec<Diagnostic>) {
    let roots: Vec<Root> = roots.iter().cloned().map(Root::File).collect();
    read_roots(&roots, include, files)
}

/// Reads `roots` and what they include.
#[must_use]
pub fn read_roots(
    roots: &[Root],
    include: &[PathBuf],
    files: &mut Files,
) -> (Sources, Vec<Diagnostic>) {
    read_open(roots, Places { include, open: &|_| None }, files)
}

/// Where rule files are looked for.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// The `-I` folders.
    pub include: &'a [PathBuf],
    /// The text that an editor holds in place of a file.
    pub open: &'a dyn Fn(&Path) -> Option<String>,
}

impl Places<'_> {
    fn text(&self, origin: &Origin) -> Result<String, String> {
        let open = match origin {
            Origin::Disk(path) => (self.open)(path),
            Origin::Library(_) => None,
        };
        open.map_or_else(|| library::read(origin), Ok)
    }

    fn exists(&self, origin: &Origin) -> bool {
        library::exists(origin)
            || matches!(origin, Origin::Disk(path) if (self.open)(path).is_some())
    }

    /// The file that an `.include` of `path` in `from` means.
    #[must_use]
    pub fn included(&self, from: &Origin, path: &str) -> Option<Origin> {
        let candidates = library::candidates(path, from, self.include);
        candidates.into_iter().find(|origin| !path.is_empty() && self.exists(origin))
    }
}

/// Reads `roots` and what they include, texts that are open in place of their files.
///
/// # Panics
/// Never: an including file is one that was found here.
#[must_use]
pub fn read_open(
    roots: &[Root],
    places: Places<'_>,
    files: &mut Files,
) -> (Sources, Vec<Diagnostic>) {
    let mut loader = Loader::new();
    let (mut sources, mut messages) = (Sources::default(), Vec::new());
    // Keys are for telling files apart; what stands beside a file follows from the path as given.
    let mut origins: Map<String, Origin> = Map::default();
    let before = files.entries().count();
    for root in roots {
        let (path, text) = match root {
            Root::File(path) => (path, places.text(&Origin::Disk(path.clone()))),
            Root::Text(path, text) => (path, Ok(text.clone())),
        };
        let origin = Origin::Disk(path.clone());
        let text = match text {
            Ok(text) => text,
            Err(reason) => {
                messages.push(no_root(path, &reason));
                continue;
            }
        };
        origins.insert(origin.key(), origin.clone());
        let root = Found { name: origin.name(), key: origin.key(), text };
        let (tree, more) = loader.load(root, files, &mut |from, path| {
            let from = origins.get(from).expect("the including file was found here").clone();
            let found = find(&from, path, places)?;
            origins.insert(found.1.key.clone(), found.0);
            Ok(found.1)
        });
        sources.trees.push(tree);
        messages.extend(more);
    }
    sources.names = files.entries().skip(before).map(|(_, file)| file.name.clone()).collect();
    (sources, messages)
}

fn find(from: &Origin, path: &str, places: Places<'_>) -> Result<(Origin, Found), Missing> {
    if path.is_empty() {
        return Err(Missing::default());
    }
    let Some(origin) = places.included(from, path) else {
        let candidates = library::candidates(path, from, places.include);
        let folder = candidates.iter().find(|origin| library::is_folder(origin));
        if let Some(folder) = folder {
            let reason = Some(format!("{} is a folder", folder.name()));
            return Err(Missing { tried: Vec::new(), reason });
        }
        let mut tried: Vec<String> = candidates.iter().map(Origin::name).collect();
        tried.dedup();
        if let (Some(near), Some(last)) = (near(from, path), tried.last_mut()) {
            last.push_str(&format!("; a file of a similar name is there: {near}"));
        }
        return Err(Missing { tried, reason: None });
    };
    match places.text(&origin) {
        Ok(text) => {
            let found = Found { name: origin.name(), key: origin.key(), text };
            Ok((origin, found))
        }
        Err(reason) => Err(Missing { tried: Vec::new(), reason: Some(reason) }),
    }
}

/// A file of a similar name beside the including one or in the library.
fn near(from: &Origin, path: &str) -> Option<String> {
    let modules = library::modules();
    let mut names: Vec<String> = modules.iter().map(|(name, _)| (*name).to_owned()).collect();
    if let Origin::Disk(file) = from {
        names.extend(rule_files(file.parent().unwrap_or_else(|| Path::new(""))));
    }
    nearest(path, names.iter().map(String::as_str)).first().map(|name| (*name).to_owned())
}

/// Names of the rule files in a folder, sorted.
#[must_use]
pub fn rule_files(folder: &Path) -> Vec<String> {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    let mut names: Vec<String> = folder
        .read_dir()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".dl") && !name.ends_with(".test.dl"))
        .collect();
    names.sort();
    names
}

fn no_root(path: &Path, reason: &str) -> Diagnostic {
    let name = Origin::Disk(path.to_owned()).name();
    let message = Diagnostic::new(Code::H0306, format!("{name} cannot be read: {reason}"));
    let names = rule_files(path.parent().unwrap_or_else(|| Path::new("")));
    let file = path.file_name().and_then(|file| file.to_str()).unwrap_or("");
    match nearest(file, names.iter().map(String::as_str)).first() {
        Some(near) => message.note(format!("a file of a similar name is there: {near}")),
        None => message,
    }
}
