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
        for (name, FileFixes { text, mut edits, titles }) in self.files {
            let there = library::read(&Origin::Disk(PathBuf::from(&name)));
            if there.as_deref() != Ok(&*text) {
                continue;
            }
            edits.sort_by_key(|(range, _)| (range.start, range.end));
            let mut after = text.to_string();
            for (range, new) in edits.iter().rev() {
                after.replace_range(range.clone(), new);
            }
            found.push(Fixed { name, before: text.to_string(), after, titles });
        }
        found
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
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.jsonl", process::id()));
        let aside = PathBuf::from(aside);
        write(&aside, &self.after)?;
        let after = errors_of_claims(&aside, options);
        if let Err(error) = fs::remove_file(&aside) {
            return Err(Exit::System(format!("{} cannot be removed: {error}", shown(&aside))));
        }
        Ok(after <= errors_of_claims(path, options))
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
    let (roots, of_directives) = if path.to_str().is_some_and(|path| path.ends_with(ENDING)) {
        let test = TestFile::of(path, text);
        (test.roots(test.statements(None)), errors(&test.messages))
    } else {
        (vec![Root::Text(path.to_owned(), text.to_owned())], 0)
    };
    let mut session = Session::new(options.clone());
    of_directives + session.load_roots(&roots).map_or_else(|messages| errors(&messages), |()| 0)
}

/// The errors of a claims file by itself.
fn errors_of_claims(path: &Path, options: &Options) -> usize {
    let (mut files, limits) = (Files::new(), options.limits());
    let loaded =
        claims::load_within(from_ref(&path.to_owned()), options.claims, &mut files, &limits);
    loaded.map_or(usize::MAX, |loaded| errors(&loaded.diagnostics))
}
