//! The fixes of messages, applied to files. The new text is judged at the place of the file, with all
//! that it includes, claims in a file beside it, with the documents that they quote; only if it has
//! no more errors than the file had does it take its place.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process;
use std::slice::from_ref;
use std::sync::Arc;

use crate::claims::load as claims;
use crate::cli::exit::Exit;
use crate::cli::rewrite::write;
use crate::io::find::shown;
use crate::io::library::{self, Origin};
use crate::session::load::Root;
use crate::session::options::Options;
use crate::session::session::Session;
use crate::testing::file::{ENDING, TestFile};
use crate::text::diagnostic::{Diagnostic, Fix};
use crate::text::files::Files;

/// The fixes of one file that do not overlap.
#[derive(Debug)]
struct FileFixes {
    text: Arc<str>,
    edits: Vec<(Range<usize>, String)>,
    /// What they do, for the reader.
    titles: Vec<String>,
}

/// Fixes by the names of their files.
#[derive(Default, Debug)]
pub struct Fixes {
    files: BTreeMap<String, FileFixes>,
}

/// A file with its fixes.
#[derive(Debug)]
pub struct Fixed {
    /// Its name in messages.
    pub name: String,
    /// Its text before.
    pub before: String,
    /// Its text with the fixes.
    pub after: String,
    /// What they do.
    pub titles: Vec<String>,
}

impl Fixes {
    /// Takes the first fix of each message that is safe, or with `guesses` its first one.
    pub fn collect(&mut self, messages: &[Diagnostic], files: &Files, guesses: bool) {
        for message in messages {
            let fix = message.fixes.iter().find(|fix| fix.safe || guesses);
            if let Some(fix) = fix {
                self.take(message, fix, files);
            }
        }
    }

    fn take(&mut self, message: &Diagnostic, fix: &Fix, files: &Files) {
        let Some(first) = fix.edits.first() else { return };
        let file = files.get(first.span.file);
        let is_one_file = fix.edits.iter().all(|edit| edit.span.file == first.span.file);
        // An excerpt is not the file, and the library is part of the binary.
        if !is_one_file || file.first_line != 1 || file.name.starts_with("lib:") {
            return;
        }
        let known = self.files.entry(file.name.clone()).or_insert_with(|| FileFixes {
            text: Arc::clone(&file.text),
            edits: Vec::new(),
            titles: Vec::new(),
        });
        let overlaps = |range: &Range<usize>| {
            known.edits.iter().any(|(other, _)| {
                range == other || (range.start < other.end && other.start < range.end)
            })
        };
        if known.text != file.text || fix.edits.iter().any(|edit| overlaps(&edit.span.range())) {
            return;
        }
        let edits = fix.edits.iter().map(|edit| (edit.span.range(), edit.text.clone()));
        known.edits.extend(edits);
        let place = files.locate(first.span);
        known.titles.push(format!("{place}: {} [{}]", fix.title, message.code));
    }

    /// The files as they would be; those that have changed on disk meanwhile are left out.
    pub fn fixed(self) -> Vec<Fixed> {
        let mut found = Vec::new();
        for (name, FileFixes { text, edits, titles }) in self.files {
            let there = library::read(&Origin::Disk(PathBuf::from(&name)));
            if there.as_deref() != Ok(&*text) {
                continue;
            }
            let before = text.to_string();
            let after = FileFixes { text, edits, titles: Vec::new() }.applied();
            found.push(Fixed { name, before, after, titles });
        }
        found
    }
}

impl FileFixes {
    /// The text with the edits.
    fn applied(mut self) -> String {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut after = self.text.to_string();
        for (range, new) in self.edits.iter().rev() {
            after.replace_range(range.clone(), new);
        }
        after
    }
}

/// Claims in a file beside theirs, with the documents that they quote; gone when dropped.
struct Aside(PathBuf);

impl Aside {
    fn new(path: &Path, text: &str) -> Result<Self, Exit> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.jsonl", process::id()));
        let aside = Self(PathBuf::from(aside));
        write(&aside.0, text)?;
        Ok(aside)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // There is nobody to tell.
        fs::remove_file(&self.0).unwrap_or(());
    }
}

impl Fixed {
    /// Whether the file with its fixes has no more errors than without.
    ///
    /// # Errors
    /// If claims cannot be written beside their file.
    pub fn is_no_worse(&self, options: &Options) -> Result<bool, Exit> {
        let path = Path::new(&self.name);
        if path.extension().is_none_or(|ending| ending != "jsonl") {
            let errors = |text: &str| errors_of_rules(path, text, options);
            return Ok(errors(&self.after) <= errors(&self.before));
        }
        let errors = |text: &str| {
            let aside = Aside::new(path, text)?;
            Ok::<usize, Exit>(errors_of_claims(&aside.0, options))
        };
        Ok(errors(&self.after)? <= errors(&self.before)?)
    }

    /// With the fixes of what is found in the new text too, as long as there are new ones: as if
    /// it had been written each time.
    ///
    /// # Errors
    /// If claims cannot be written beside their file.
    pub fn to_the_end(
        mut self,
        options: &Options,
        guesses: bool,
        most: usize,
    ) -> Result<Self, Exit> {
        for _ in 1..most {
            let Some(next) = self.again(options, guesses)? else { break };
            if next.after == self.after || !next.is_no_worse(options)? {
                break;
            }
            self.after = next.after;
            self.titles.extend(next.titles);
        }
        Ok(self)
    }

    /// The new text with the fixes of what is found in it; nothing if there are none.
    fn again(&self, options: &Options, guesses: bool) -> Result<Option<Self>, Exit> {
        let path = Path::new(&self.name);
        let mut fixes = Fixes::default();
        let name = if path.extension().is_some_and(|ending| ending == "jsonl") {
            let aside = Aside::new(path, &self.after)?;
            let (mut files, limits) = (Files::new(), options.limits());
            let paths = from_ref(&aside.0);
            if let Ok(loaded) = claims::load_within(paths, options.claims, &mut files, &limits) {
                fixes.collect(&loaded.diagnostics, &files, guesses);
            }
            shown(&aside.0)
        } else {
            let mut session = Session::new(options.clone());
            let result = session.load_roots(&roots_of(path, &self.after).0);
            let mut messages = session.take_warnings();
            messages.extend(result.err().unwrap_or_default());
            fixes.collect(&messages, session.files(), guesses);
            self.name.clone()
        };
        let own = fixes.files.remove(&name).filter(|own| *own.text == *self.after);
        Ok(own.map(|own| {
            let titles = own.titles.iter().map(|title| title.replacen(&name, &self.name, 1));
            let titles = titles.collect();
            let (before, after) = (self.after.clone(), own.applied());
            Self { name: self.name.clone(), before, after, titles }
        }))
    }

    /// Writes the file with its fixes.
    ///
    /// # Errors
    /// If it cannot be written; then it is as before.
    pub fn write(&self) -> Result<(), Exit> {
        write(Path::new(&self.name), &self.after)
    }
}

fn errors(messages: &[Diagnostic]) -> usize {
    messages.iter().filter(|message| message.is_error()).count()
}

/// The errors of a rule file by itself if it had this text, of a test file with the rules that it
/// tests.
fn errors_of_rules(path: &Path, text: &str, options: &Options) -> usize {
    let (roots, of_directives) = roots_of(path, text);
    let mut session = Session::new(options.clone());
    of_directives + session.load_roots(&roots).map_or_else(|messages| errors(&messages), |()| 0)
}

/// What is loaded for a rule file with this text, and the errors of its directives.
fn roots_of(path: &Path, text: &str) -> (Vec<Root>, usize) {
    if path.to_str().is_some_and(|path| path.ends_with(ENDING)) {
        let test = TestFile::of(path, text);
        return (test.roots(test.statements(None)), errors(&test.messages));
    }
    (vec![Root::Text(path.to_owned(), text.to_owned())], 0)
}

/// The errors of a claims file by itself.
fn errors_of_claims(path: &Path, options: &Options) -> usize {
    let (mut files, limits) = (Files::new(), options.limits());
    let loaded =
        claims::load_within(from_ref(&path.to_owned()), options.claims, &mut files, &limits);
    loaded.map_or(usize::MAX, |loaded| errors(&loaded.diagnostics))
}
