//! [`Workspace`]: the texts that an editor holds, and the programs that they make. A rule file is a
//! program of its own, unless another open one includes it: then it is judged as a part of that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::{Location, Uri};

use crate::base::ids::{FileId, Id};
use crate::claims::load as claims;
use crate::engine::limits::Limits;
use crate::io::library::{self, Origin};
use crate::lsp::places::{path_of, range, uri_of};
use crate::program::program::Program;
use crate::session::judge::{Judged, judge};
use crate::session::load::{Places, Root, read_open};
use crate::syntax::ast;
use crate::testing::file::{ENDING, TestFile};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::span::Span;

/// What the server is told when it starts.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// Folders in which `.include` looks, after that of the including file.
    pub include: Vec<PathBuf>,
    /// Where modules of the library are written when one is to be shown.
    pub library: Option<PathBuf>,
}

/// A text that is open in the editor.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// Its name there.
    pub uri: Uri,
    /// The editor's count of its changes.
    pub version: i32,
    /// The text.
    pub text: Arc<str>,
}

/// Texts that belong together.
pub struct Texts {
    /// The texts.
    pub files: Files,
    /// Their trees.
    pub trees: Vec<ast::Program>,
    /// What tells the files apart, by their ids; `lib:…` for those of the library.
    pub keys: Vec<PathBuf>,
}

/// A program.
pub struct Unit {
    /// Its texts.
    pub texts: Texts,
    /// What they mean.
    pub program: Program,
    /// What is wrong with them.
    pub messages: Vec<Diagnostic>,
    /// If it is a test file: its directives.
    pub test: Option<TestFile>,
}

/// Messages about claims, which are read from disk.
pub struct ClaimsFile {
    /// The texts.
    pub files: Files,
    /// What is wrong.
    pub messages: Vec<Diagnostic>,
}

/// The texts that an editor holds, and what is known of them.
#[derive(Default)]
pub struct Workspace {
    settings: Settings,
    buffers: BTreeMap<PathBuf, Buffer>,
    units: BTreeMap<PathBuf, Unit>,
    claims: BTreeMap<PathBuf, ClaimsFile>,
    stale: BTreeSet<PathBuf>,
}

/// One name for each text, however it was reached.
#[must_use]
pub fn key_of(uri: &Uri) -> PathBuf {
    match path_of(uri) {
        Some(path) => path.canonicalize().unwrap_or(path),
        None => PathBuf::from(uri.as_str()),
    }
}

fn is_claims(key: &Path) -> bool {
    key.extension().is_some_and(|extension| extension == "jsonl")
}

/// The keys of files by their names.
fn keys(files: &Files) -> Vec<PathBuf> {
    let key = |name: &str| match name.strip_prefix("lib:") {
        Some(_) => PathBuf::from(name),
        None => Path::new(name).canonicalize().unwrap_or_else(|_| PathBuf::from(name)),
    };
    files.entries().map(|(_, file)| key(&file.name)).collect()
}

impl Texts {
    /// The file of this key.
    #[must_use]
    pub fn file(&self, key: &Path) -> Option<FileId> {
        self.keys.iter().position(|own| own == key).map(FileId::new)
    }

    /// What tells the file apart.
    #[must_use]
    pub fn key(&self, file: FileId) -> &Path {
        &self.keys[file.index()]
    }

    /// Where the file is.
    #[must_use]
    pub fn origin(&self, file: FileId) -> Origin {
        match self.files.get(file).name.strip_prefix("lib:") {
            Some(module) => Origin::Library(module.to_owned()),
            None => Origin::Disk(PathBuf::from(&self.files.get(file).name)),
        }
    }
}

impl Workspace {
    /// A workspace without texts.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// A text is open, or has changed.
    pub fn set(&mut self, uri: Uri, version: i32, text: String) {
        let key = key_of(&uri);
        let is_new = !self.buffers.contains_key(&key);
        self.buffers.insert(key.clone(), Buffer { uri, version, text: text.into() });
        if is_new || !is_claims(&key) {
            self.touch(&key);
        }
    }

    /// A text is on disk as it is in the editor.
    pub fn saved(&mut self, uri: &Uri) {
        self.touch(&key_of(uri));
    }

    /// A file counts as it is on disk again.
    pub fn close(&mut self, uri: &Uri) {
        let key = key_of(uri);
        self.buffers.remove(&key);
        self.units.remove(&key);
        self.claims.remove(&key);
        self.touch(&key);
        self.stale.remove(&key);
    }

    /// What rests on a text has to be judged again; what misses a file, too.
    pub fn touch(&mut self, key: &Path) {
        self.stale.insert(key.to_owned());
        if key.extension().is_none_or(|ending| ending != "dl") {
            // It may be a document that claims quote.
            self.stale.extend(self.claims.keys().cloned());
        }
        for (root, unit) in &self.units {
            let misses = unit.messages.iter().any(|message| message.code == Code::H0005);
            if misses || unit.texts.file(key).is_some() {
                self.stale.insert(root.clone());
            }
        }
    }

    /// Judges what has changed; says whether there was something.
    pub fn refresh(&mut self) -> bool {
        let any = !self.stale.is_empty();
        while let Some(key) = self.stale.pop_first() {
            if !self.buffers.contains_key(&key) {
                continue;
            }
            if is_claims(&key) {
                let file = read_claims(&key);
                self.claims.insert(key, file);
            } else {
                let unit = self.judge(&key);
                self.units.insert(key, unit);
            }
        }
        any
    }

    fn judge(&self, key: &Path) -> Unit {
        let text = &self.buffers[key].text;
        let is_test = key.to_str().is_some_and(|key| key.ends_with(ENDING));
        let test = is_test.then(|| TestFile::of(key, Arc::clone(text)));
        let own = test.as_ref().map_or_else(|| text.to_string(), TestFile::all_statements);
        let mut roots = vec![Root::Text(key.to_owned(), own)];
        if let Some(rules) = test.as_ref().and_then(TestFile::rules) {
            roots.insert(0, Root::File(rules));
        }
        let judged = self.read(|places| judge(&roots, places));
        let Judged { files, trees, program, mut messages } = judged;
        if test.is_some() {
            // A case may declare what another one declares too, and use little.
            messages.retain(|message| message.is_error() && message.code != Code::H0105);
        }
        let keys = keys(&files);
        Unit { texts: Texts { files, trees, keys }, program, messages, test }
    }

    fn read<T>(&self, read: impl FnOnce(Places<'_>) -> T) -> T {
        let open = |path: &Path| {
            let key = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            self.buffers.get(&key).map(|buffer| buffer.text.to_string())
        };
        read(Places { include: &self.settings.include, open: &open })
    }

    /// The file that an `.include` of `path` in `from` means.
    #[must_use]
    pub fn included(&self, from: &Origin, path: &str) -> Option<Origin> {
        self.read(|places| places.included(from, path))
    }

    /// Reads a rule file with what it includes.
    #[must_use]
    pub fn texts(&self, path: &Path) -> Texts {
        let mut files = Files::new();
        let roots = [Root::File(path.to_owned())];
        let (sources, _) = self.read(|places| read_open(&roots, places, &mut files));
        let keys = keys(&files);
        Texts { files, trees: sources.trees, keys }
    }

    /// A test file that no editor holds, and what it and the rules that it tests say.
    #[must_use]
    pub fn test(&self, path: &Path) -> Option<(TestFile, Texts)> {
        let test = TestFile::read(path).ok()?;
        let mut files = Files::new();
        let roots = test.roots(test.all_statements());
        let (sources, _) = self.read(|places| read_open(&roots, places, &mut files));
        let keys = keys(&files);
        Some((test, Texts { files, trees: sources.trees, keys }))
    }

    /// Programs that no other one includes; of those that include each other all.
    pub fn roots(&self) -> impl Iterator<Item = (&PathBuf, &Unit)> {
        self.units.iter().filter(|(key, unit)| {
            let includes =
                |other: &Unit, key: &Path| other.test.is_none() && other.texts.file(key).is_some();
            self.units
                .iter()
                .all(|(root, other)| root == *key || !includes(other, key) || includes(unit, root))
        })
    }

    /// The program that a text is judged in, and its place there.
    #[must_use]
    pub fn document(&self, uri: &Uri) -> Option<(&Unit, FileId)> {
        let key = key_of(uri);
        let own = self.units.get(&key).into_iter();
        let roots = self.roots().map(|(_, unit)| unit).filter(|unit| unit.test.is_none());
        roots.chain(own).find_map(|unit| Some((unit, unit.texts.file(&key)?)))
    }

    /// An open text alone, as it is in the editor: of a test file also its directives.
    #[must_use]
    pub fn written(&self, uri: &Uri) -> Option<(Texts, FileId)> {
        let key = key_of(uri);
        let text = Arc::clone(&self.buffers.get(&key).filter(|_| !is_claims(&key))?.text);
        let mut files = Files::new();
        let file = files.add(key.display().to_string(), text);
        Some((Texts { files, trees: Vec::new(), keys: vec![key] }, file))
    }

    /// All programs.
    pub fn units(&self) -> impl Iterator<Item = (&PathBuf, &Unit)> {
        self.units.iter()
    }

    /// The text of this key, if it is open.
    #[must_use]
    pub fn buffer(&self, key: &Path) -> Option<&Buffer> {
        self.buffers.get(key)
    }

    /// All open texts.
    pub fn buffers(&self) -> impl Iterator<Item = (&PathBuf, &Buffer)> {
        self.buffers.iter()
    }

    /// What was found in open claims files.
    pub fn claims(&self) -> impl Iterator<Item = &ClaimsFile> {
        self.claims.values()
    }

    /// The editor's name of a file that can be changed.
    #[must_use]
    pub fn uri(&self, key: &Path) -> Option<Uri> {
        let is_copy = self.settings.library.as_deref().is_some_and(|folder| {
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            key.starts_with(folder)
        });
        if is_copy {
            return None;
        }
        self.buffers.get(key).map(|buffer| buffer.uri.clone()).or_else(|| uri_of(key))
    }

    /// A place to show; a module of the library is written out for that.
    #[must_use]
    pub fn location(&self, texts: &Texts, span: Span) -> Option<Location> {
        let uri = self.shown(&texts.origin(span.file), texts.key(span.file))?;
        Some(Location::new(uri, range(&texts.files, span)))
    }

    /// The editor's name of a file, to look at.
    #[must_use]
    pub fn shown(&self, origin: &Origin, key: &Path) -> Option<Uri> {
        match origin {
            Origin::Library(module) => {
                let path = library::write_out(module, self.settings.library.as_deref()?).ok()?;
                uri_of(&path)
            }
            Origin::Disk(_) => {
                self.buffers.get(key).map(|buffer| buffer.uri.clone()).or_else(|| uri_of(key))
            }
        }
    }
}

/// What is wrong with a claims file, as it is on disk.
fn read_claims(key: &Path) -> ClaimsFile {
    let mut files = Files::new();
    let paths = [key.to_owned()];
    let options = claims::Options::STRICT;
    let messages = claims::load_within(&paths, options, &mut files, &Limits::default())
        .map(|loaded| loaded.diagnostics)
        .unwrap_or_default();
    ClaimsFile { files, messages }
}
