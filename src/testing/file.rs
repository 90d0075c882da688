//! [`TestFile`]: a test file as it stands: what all its cases share, and its cases. The statements
//! of a case are those from its `//@ test` to the next one; what stands above the first one is
//! shared.

use std::iter::once;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::ids::FileId;
use crate::io::find::shown;
use crate::io::library::{self, Origin};
use crate::session::load::Root;
use crate::syntax::lexer;
use crate::syntax::token::{Comment, CommentKind};
use crate::testing::directive::{self, Directive, Says};
use crate::testing::kept::slug;
use crate::testing::scan::only;
use crate::text::codes::Code;
use crate::text::diagnostic::{self, Diagnostic};
use crate::text::files::Files;
use crate::text::span::Span;

/// The ending of test files.
pub const ENDING: &str = ".test.dl";

/// A test file.
#[derive(Clone, Debug)]
pub struct TestFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its text.
    pub text: Arc<str>,
    /// What stands above the first case.
    pub shared: Section,
    /// The cases, in order.
    pub cases: Vec<CaseText>,
    /// What is wrong with its directives.
    pub messages: Vec<Diagnostic>,
    /// The text that the messages point into.
    pub files: Files,
}

/// A part of a test file.
#[derive(Clone, Default, Debug)]
pub struct Section {
    /// Where it is.
    pub range: Range<usize>,
    /// Its directives.
    pub directives: Vec<Directive>,
}

/// A case.
#[derive(Clone, Debug)]
pub struct CaseText {
    /// Its name.
    pub name: String,
    /// Its line, from 1.
    pub line: usize,
    /// The directive that begins it.
    pub head: Range<usize>,
    /// What follows, up to the next case.
    pub section: Section,
}

impl TestFile {
    /// Reads a test file.
    ///
    /// # Errors
    /// If it cannot be read at all.
    pub fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let text = library::read(&Origin::Disk(path.to_owned())).map_err(|reason| {
            let text = format!("{} cannot be read: {reason}", shown(path));
            vec![Diagnostic::new(Code::H0306, text)]
        })?;
        Ok(Self::of(path, text))
    }

    /// The test file with this text.
    #[must_use]
    pub fn of(path: &Path, text: impl Into<Arc<str>>) -> Self {
        let text: Arc<str> = text.into();
        let mut files = Files::new();
        let id = files.add(shown(path), Arc::clone(&text));
        let mut messages = Vec::new();
        // What is wrong with strings and brackets of statements is said when a case is run.
        let comments = lexer::lex(&text, id).comments;
        messages.extend(comments.iter().filter_map(|comment| unclosed(&text, comment)));
        let mut shared = Section { range: 0..text.len(), directives: Vec::new() };
        let mut cases: Vec<CaseText> = Vec::new();
        for comment in &comments {
            let Some(found) = directive::read(&text, comment, &mut messages) else { continue };
            let last = cases.last_mut().map_or(&mut shared, |case| &mut case.section);
            if let Says::Test(name) = &found.says {
                last.range.end = found.range.start;
                let section = Section { range: found.range.end..text.len(), directives: vec![] };
                let line = files.position(comment.span).line;
                cases.push(CaseText { name: name.clone(), line, head: found.range, section });
            } else {
                last.directives.push(found);
            }
        }
        let mut file = Self { path: path.to_owned(), text, shared, cases, messages, files };
        file.check(id);
        diagnostic::sort(&mut file.messages);
        file
    }

    /// What is wrong with directives as a whole: two cases of one name, expectations above all
    /// cases, cases without any.
    fn check(&mut self, id: FileId) {
        let span = |range: &Range<usize>| Span::new(id, range.start, range.end);
        let mut found = Vec::new();
        for directive in &self.shared.directives {
            if matches!(directive.says, Says::Expect(_) | Says::Snapshot(_) | Says::Skip(_)) {
                found.push(
                    Diagnostic::new(Code::H0801, "this stands above the first case")
                        .label(span(&directive.range), "belongs to no case")
                        .help("begin a case above it: //@ test \"what holds in this case\""),
                );
            }
        }
        for (at, case) in self.cases.iter().enumerate() {
            if let Some(first) = self.cases[..at].iter().find(|other| other.name == case.name) {
                found.push(
                    Diagnostic::new(Code::H0801, format!("two cases are named “{}”", case.name))
                        .label(span(&case.head), "given again here")
                        .label(span(&first.head), "first given here"),
                );
            }
            let keeps = |case: &CaseText| {
                let mut directives = case.section.directives.iter();
                directives.any(|directive| matches!(directive.says, Says::Snapshot(_)))
            };
            let is_same = |other: &&CaseText| {
                other.name != case.name && slug(&other.name) == slug(&case.name) && keeps(other)
            };
            if keeps(case)
                && let Some(first) = self.cases[..at].iter().find(is_same)
            {
                let names = format!("“{}” and “{}”", first.name, case.name);
                found.push(
                    Diagnostic::new(Code::H0801, format!("{names} would keep the same snapshots"))
                        .label(span(&case.head), "named alike here")
                        .label(span(&first.head), "first named here")
                        .help("files are named after letters and digits, up to 60 of them"),
                );
            }
            let is_wanted = |directive: &Directive| {
                matches!(directive.says, Says::Expect(_) | Says::Snapshot(_) | Says::Skip(_))
            };
            let range = &case.section.range;
            let is_wrong = self
                .messages
                .iter()
                .filter_map(Diagnostic::span)
                .any(|span| range.contains(&(span.start as usize)));
            if !is_wrong && !case.section.directives.iter().any(is_wanted) {
                found.push(
                    Diagnostic::new(
                        Code::H0801,
                        format!("the case “{}” expects nothing", case.name),
                    )
                    .label(span(&case.head), "")
                    .help("say what must follow: //@ expect p(\"a\", _)"),
                );
            }
        }
        self.messages.extend(found);
    }

    /// The name that messages print.
    #[must_use]
    pub fn name(&self) -> String {
        shown(&self.path)
    }

    /// `totals` for `rules/totals.test.dl`.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_suffix(ENDING).unwrap_or(name)
    }

    /// The rule file that it tests: the one beside it with the same stem, if it is there.
    #[must_use]
    pub fn rules(&self) -> Option<PathBuf> {
        let path = self.path.with_file_name(format!("{}.dl", self.stem()));
        path.is_file().then_some(path)
    }

    /// What is loaded for it: the rules that it tests, and these statements of it.
    #[must_use]
    pub fn roots(&self, statements: String) -> Vec<Root> {
        let own = Root::Text(self.path.clone(), statements);
        self.rules().map(Root::File).into_iter().chain([own]).collect()
    }

    /// The statements that all cases share, and those of `case`, at their places.
    #[must_use]
    pub fn statements(&self, case: Option<&CaseText>) -> String {
        self.without_directives(case.into_iter())
    }

    /// All statements, at their places.
    #[must_use]
    pub fn all_statements(&self) -> String {
        self.without_directives(self.cases.iter())
    }

    fn without_directives<'c>(&self, cases: impl Iterator<Item = &'c CaseText>) -> String {
        let mut kept = Vec::new();
        for section in once(&self.shared).chain(cases.map(|case| &case.section)) {
            let mut at = section.range.start;
            for directive in &section.directives {
                kept.push(at..directive.range.start);
                at = directive.range.end;
            }
            kept.push(at..section.range.end);
        }
        only(&self.text, &kept)
    }
}

/// A comment without end takes in all cases below it, so that nobody would miss them.
fn unclosed(text: &str, comment: &Comment) -> Option<Diagnostic> {
    let range = comment.span.range();
    let is_closed = range.len() >= 4 && text[range.clone()].ends_with("*/");
    (comment.kind == CommentKind::Block && !is_closed).then(|| {
        let start = Span::new(comment.span.file, range.start, range.start + 2);
        Diagnostic::new(Code::H0002, "input ended inside a comment: `*/` expected")
            .label(start, "the comment starts here")
    })
}
