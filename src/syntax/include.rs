//! Rule files with what they include, as one tree. A [`Loader`] reads a root file through a
//! callback that knows where files are, and puts the items of an included file at the place of its
//! `.include`; so [`program::build`](crate::program) sees one [`ast::Program`] for each root, with
//! spans in several files and without [`ast::ItemKind::Include`] and [`ast::ItemKind::Once`]. A
//! file is read once, however often and from wherever it is included; files that include each other
//! in a circle are an error that prints it.

use std::sync::Arc;

use crate::base::hash::Set;
use crate::base::ids::FileId;
use crate::syntax::ast::{self, ItemKind, Spanned};
use crate::syntax::parser;
use crate::text::codes::Code;
use crate::text::diagnostic::{self, Diagnostic};
use crate::text::files::Files;
use crate::text::span::Span;

/// How deep files may include files.
const DEPTH_MAX: usize = 128;

/// A text that has been found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The name that messages print: the path as given, `lib:totals.dl`.
    pub name: String,
    /// What tells files apart: the same for every path that leads to the file.
    pub key: String,
    /// Its text.
    pub text: String,
}

/// Why a text cannot be had.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Missing {
    /// Where it was looked for, in order.
    pub tried: Vec<String>,
    /// If there is such a file that cannot be read: why not.
    pub reason: Option<String>,
}

/// Finds the text of an `.include`: given the [`Found::key`] of the including file and the path as
/// written.
pub type Find<'a> = &'a mut dyn FnMut(&str, &str) -> Result<Found, Missing>;

/// Reads root files; remembers what it has read.
#[derive(Clone, Default, Debug)]
pub struct Loader {
    seen: Set<String>,
}

impl Loader {
    /// A loader that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a root file and what it includes, and adds the texts to `files`. A root that has been
    /// read already, as a root or through an include, gives an empty tree.
    pub fn load(
        &mut self,
        root: Found,
        files: &mut Files,
        find: Find<'_>,
    ) -> (ast::Program, Vec<Diagnostic>) {
        let mut reading = Reading {
            seen: &mut self.seen,
            files,
            find,
            open: Vec::new(),
            program: ast::Program::default(),
            diagnostics: Vec::new(),
        };
        if reading.seen.insert(root.key.clone()) {
            reading.read(root);
        }
        let Reading { program, mut diagnostics, .. } = reading;
        diagnostic::sort(&mut diagnostics);
        (program, diagnostics)
    }
}

/// A file being read.
struct Open {
    key: String,
    file: FileId,
    /// The path of the include that is being followed.
    include: Option<Span>,
}

struct Reading<'a> {
    seen: &'a mut Set<String>,
    files: &'a mut Files,
    find: Find<'a>,
    open: Vec<Open>,
    program: ast::Program,
    diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn read(&mut self, found: Found) {
        let file = self.files.add(found.name, found.text);
        let text = Arc::clone(&self.files.get(file).text);
        let (program, diagnostics) = parser::parse(&text, file);
        self.diagnostics.extend(diagnostics);
        self.program.unread.extend(program.unread);
        self.open.push(Open { key: found.key, file, include: None });
        for item in program.items {
            let (annotations, span) = (item.annotations.first(), item.span.0);
            if let (Some(first), ItemKind::Include { .. } | ItemKind::Once) =
                (annotations, &item.kind)
            {
                let message = format!("`{}` is for no `.include` or `.once`", first.name.node);
                self.diagnostics.push(
                    Diagnostic::new(Code::H0206, message)
                        .label(first.name.span, "")
                        .label(span, "it stands above this"),
                );
            }
            match item.kind {
                ItemKind::Include { path } => self.include(&path),
                ItemKind::Once => {}
                _ => self.program.items.push(item),
            }
        }
        self.open.pop();
    }

    fn include(&mut self, path: &Spanned<String>) {
        let depth = self.open.len();
        let from = self.open.last_mut().expect("an include stands in a file");
        from.include = Some(path.span);
        match (self.find)(&from.key, &path.node) {
            Ok(found) => {
                if let Some(first) = self.open.iter().position(|open| open.key == found.key) {
                    self.circle(first);
                } else if depth >= DEPTH_MAX {
                    let message = format!("files include each other more than {DEPTH_MAX} deep");
                    self.diagnostics
                        .push(Diagnostic::new(Code::H0005, message).label(path.span, ""));
                } else if self.seen.insert(found.key.clone()) {
                    self.read(found);
                }
            }
            Err(missing) => self.diagnostics.push(not_found(path, &missing)),
        }
    }

    /// The open files from `first` on include each other in a circle.
    fn circle(&mut self, first: usize) {
        let circle = &self.open[first..];
        let names: Vec<&str> =
            circle.iter().map(|open| self.files.get(open.file).name.as_str()).collect();
        let message = match names.as_slice() {
            [only] => format!("`{only}` includes itself"),
            _ => "files include each other in a circle".to_owned(),
        };
        let mut diagnostic = Diagnostic::new(Code::H0005, message);
        for (at, open) in circle.iter().enumerate() {
            let span = open.include.expect("the files before the last have led to it");
            let next = names[(at + 1) % names.len()];
            let back = if at + 1 == names.len() { ": back to 1" } else { "" };
            let text = format!("{}. `{}` includes `{next}`{back}", at + 1, names[at]);
            diagnostic = diagnostic.label(span, text);
        }
        let path = [names.join(" -> ").as_str(), names[0]].join(" -> ");
        let diagnostic = diagnostic
            .note(format!("circle: {path}"))
            .help("move what both need into a file of its own");
        self.diagnostics.push(diagnostic);
    }
}

fn not_found(path: &Spanned<String>, missing: &Missing) -> Diagnostic {
    let name = &path.node;
    if name.is_empty() {
        return Diagnostic::new(Code::H0005, "`.include` names no file").label(path.span, "");
    }
    if let Some(reason) = &missing.reason {
        let message = format!("the included file `{name}` cannot be read");
        return Diagnostic::new(Code::H0005, message).label(path.span, reason.clone());
    }
    let diagnostic = Diagnostic::new(Code::H0005, format!("no file `{name}` to include"))
        .label(path.span, "not found");
    if missing.tried.is_empty() {
        diagnostic
    } else {
        let mut tried = missing.tried.clone();
        tried.dedup();
        diagnostic.note(format!("looked for {}", tried.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::printer;

    fn found(name: &str, text: &str) -> Found {
        Found { name: name.to_owned(), key: name.to_owned(), text: text.to_owned() }
    }

    /// Loads the first of these files; paths are names.
    fn load(all: &[(&str, &str)]) -> (String, Vec<String>) {
        let mut files = Files::new();
        let mut find = |_: &str, path: &str| match all.iter().find(|(name, _)| *name == path) {
            Some((name, text)) => Ok(found(name, text)),
            None => Err(Missing { tried: vec![path.to_owned(), "lib".to_owned()], reason: None }),
        };
        let (name, text) = all[0];
        let (program, diagnostics) = Loader::new().load(found(name, text), &mut files, &mut find);
        let shown = |diagnostic: &Diagnostic| {
            let at = diagnostic.span().map(|span| files.locate(span)).unwrap_or_default();
            [&[at, diagnostic.message.clone()], &diagnostic.notes[..]].concat().join(" | ")
        };
        (printer::print(&program), diagnostics.iter().map(shown).collect())
    }

    #[test]
    fn items_come_at_the_place_of_the_include_and_once() {
        let (text, problems) = load(&[
            ("a", "p(1). .include \"b\" p(4). .include \"c\""),
            ("b", ".once p(2). .include \"c\" .include \"b2\""),
            ("b2", ".include \"c\""),
            ("c", "p(3)."),
        ]);
        assert_eq!(text, "p(1).\np(2).\np(3).\np(4).\n");
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn a_circle_is_printed() {
        let (text, problems) = load(&[
            ("a", "p(1). .include \"b\""),
            ("b", "\n.include \"c\""),
            ("c", ".include \"b\""),
        ]);
        assert_eq!(text, "p(1).\n");
        assert_eq!(
            problems,
            ["b:2:10 | files include each other in a circle | circle: b -> c -> b"]
        );
        let (_, problems) = load(&[("a", ".include \"a\"")]);
        assert_eq!(problems, ["a:1:10 | `a` includes itself | circle: a -> a"]);
    }

    #[test]
    fn what_is_missing_is_said_with_the_places_tried() {
        let (_, problems) = load(&[("a", "p(1). .include \"x.dl\"")]);
        assert_eq!(problems, ["a:1:16 | no file `x.dl` to include | looked for x.dl, lib"]);
    }
}
