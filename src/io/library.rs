//! Rule files: those on disk, and the library that is part of the binary. An `.include` is looked
//! for beside the including file, then in each `-I` folder, then in the library; the first hit
//! wins.

use std::fs;
use std::io;
use std::iter::once;
use std::path::{Path, PathBuf};

use crate::io::find::shown;
use crate::io::map;

/// Each file of `rules/` by name, but for the demo's program and for tests.
macro_rules! modules {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $name)))),*]
    };
}

static MODULES: [(&str, &str); 11] = modules! {
    "attribution.dl"
    "checks.dl"
    "claims.dl"
    "conflict.dl"
    "corroboration.dl"
    "events.dl"
    "modality.dl"
    "proofs.dl"
    "supply.dl"
    "timeline.dl"
    "totals.dl"
};

/// Where a rule file is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// On disk, the path as given.
    Disk(PathBuf),
    /// In the library.
    Library(String),
}

impl Origin {
    /// The name that messages print.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Disk(path) => shown(path),
            Self::Library(name) => format!("lib:{name}"),
        }
    }

    /// One name per file, however it was reached.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Disk(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
            Self::Library(name) => return format!("lib:{name}"),
        }
        .display()
        .to_string()
    }
}

/// The modules of the library with their texts, by name, sorted.
#[must_use]
pub fn modules() -> Vec<(&'static str, &'static str)> {
    MODULES.to_vec()
}

/// The text of a module.
#[must_use]
pub fn module(name: &str) -> Option<&'static str> {
    modules().into_iter().find(|(module, _)| *module == name).map(|(_, text)| text)
}

/// Writes a module into a folder, for programs that only read files, and gives its path.
///
/// # Errors
/// If it cannot be written.
pub fn write_out(name: &str, folder: &Path) -> io::Result<PathBuf> {
    let text = module(name).ok_or(io::ErrorKind::NotFound)?;
    let path = folder.join(name);
    if map::read(&path).is_ok_and(|there| *there == *text.as_bytes()) {
        return Ok(path);
    }
    fs::create_dir_all(folder)?;
    #[expect(clippy::disallowed_methods, reason = "files are written in this layer")]
    fs::write(&path, text)?;
    Ok(path)
}

/// The places that are tried for an `.include`, in order.
#[must_use]
pub fn candidates(path: &str, from: &Origin, include: &[PathBuf]) -> Vec<Origin> {
    if Path::new(path).is_absolute() {
        return vec![Origin::Disk(PathBuf::from(path))];
    }
    let beside = match from {
        Origin::Disk(file) => {
            vec![Origin::Disk(file.parent().unwrap_or_else(|| Path::new("")).join(path))]
        }
        Origin::Library(_) => Vec::new(),
    };
    let folders = include.iter().map(|folder| Origin::Disk(folder.join(path)));
    let library = Origin::Library(path.strip_prefix("./").unwrap_or(path).to_owned());
    let all: Vec<Origin> = match from {
        // A module of the library means its siblings, whatever lies in -I.
        Origin::Library(_) => once(library).chain(folders).collect(),
        Origin::Disk(_) => beside.into_iter().chain(folders).chain([library]).collect(),
    };
    all
}

/// Whether a folder stands in place of the file.
#[must_use]
pub fn is_folder(origin: &Origin) -> bool {
    matches!(origin, Origin::Disk(path) if path.is_dir())
}

/// Whether there is such a file.
#[must_use]
pub fn exists(origin: &Origin) -> bool {
    match origin {
        Origin::Disk(path) => path.is_file(),
        Origin::Library(name) => module(name).is_some(),
    }
}

/// The text of a rule file.
///
/// # Errors
/// Why it cannot be read, as a message.
pub fn read(origin: &Origin) -> Result<String, String> {
    match origin {
        Origin::Disk(path) => {
            let bytes = map::read(path).map_err(|error| error.to_string())?;
            if map::is_utf16(&bytes) {
                return Err("it is UTF-16, not UTF-8".to_owned());
            }
            let text = str::from_utf8(&bytes).map_err(|error| {
                let offset = error.valid_up_to();
                let line = bytes[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1;
                format!("byte {offset}, in line {line}, is not UTF-8")
            })?;
            Ok(text.to_owned())
        }
        Origin::Library(name) => {
            module(name).map(str::to_owned).ok_or_else(|| "no such module".to_owned())
        }
    }
}
