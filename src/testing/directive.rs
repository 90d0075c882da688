//! Directives: `//@ expect …` and `/*@ expect … */`. To the language they are comments. What is
//! neither a directive nor an annotation of the language is an error, never ignored.

use std::ops::Range;

use crate::base::ids::FileId;
use crate::base::nearest::nearest;
use crate::program::annotations;
use crate::syntax::token::{Comment, CommentKind};
use crate::testing::expect::{Expect, Kept, Wrong, expect, kept};
use crate::testing::scan::Part;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// A directive.
#[derive(Clone, Debug)]
pub struct Directive {
    /// The comment.
    pub range: Range<usize>,
    /// What it says.
    pub says: Says,
    /// What it says, as written, in one line.
    pub written: String,
}

/// What a directive says.
#[derive(Clone, Debug)]
pub enum Says {
    /// Input comes from this path, or from nowhere.
    Facts(Option<String>),
    /// A case of this name begins.
    Test(String),
    /// The case is not run, for this reason.
    Skip(String),
    /// How far floats may be off.
    Tolerance(f64),
    /// Withdraws a claim, source or document.
    Without(String),
    /// Takes rows out of the input.
    Retract(Range<usize>),
    /// Adds rows that are not known to be so.
    Assume(Range<usize>),
    /// Something must be so.
    Expect(Expect),
    /// Something is kept in a file.
    Snapshot(Kept),
}

/// The words that directives start with.
const WORDS: [&str; 8] =
    ["facts", "test", "skip", "tolerance", "without", "assume", "expect", "snapshot"];

/// What directives look like, for messages.
const FORMS: &str = "directives are facts \"PATH\", test \"NAME\", skip \"REASON\", \
     tolerance 1e-9, without claim ID, assume FACT, expect …, snapshot …";

/// The directive in a comment; nothing if it is a plain comment or an annotation.
pub(super) fn read(
    text: &str,
    comment: &Comment,
    messages: &mut Vec<Diagnostic>,
) -> Option<Directive> {
    let range = comment.span.range();
    let inner = match comment.kind {
        CommentKind::Annotation => range.start + 3..range.end,
        CommentKind::Block if text[range.clone()].starts_with("/*@") => {
            let is_closed = text[range.clone()].ends_with("*/") && range.len() >= 5;
            range.start + 3..if is_closed { range.end - 2 } else { range.end }
        }
        CommentKind::Block | CommentKind::Line => return None,
    };
    let part = Part::new(text, inner);
    let (word, rest) = part.word();
    let is_annotation =
        comment.kind == CommentKind::Annotation && annotations::is_known(word.as_str());
    if is_annotation && (!WORDS.contains(&word.as_str()) || rest.is_empty()) {
        return None;
    }
    let said = says(word, rest).and_then(|says| {
        // Over several lines it can only be a table, and one that says nothing would always hold.
        let is_table = comment.kind == CommentKind::Block && text[range.clone()].contains('\n');
        if is_table && matches!(says, Says::Expect(Expect::Holds(_))) {
            let help = "name the columns below it; with no row below them, no tuple is expected";
            return Err(wrong(rest, "a table has no line of column names", help));
        }
        Ok(says)
    });
    match said {
        Ok(says) => {
            let first = part.line().0.as_str();
            Some(Directive { range, says, written: first.trim().to_owned() })
        }
        Err(wrong) => {
            messages.push(message(&wrong, comment.span.file, word));
            None
        }
    }
}

fn message(wrong: &Wrong, file: FileId, word: Part<'_>) -> Diagnostic {
    let span = Span::new(file, wrong.range.start, wrong.range.end);
    let message = Diagnostic::new(Code::H0801, wrong.message.clone()).label(span, "");
    if WORDS.contains(&word.as_str()) || word.is_empty() {
        return message.help(wrong.help.clone());
    }
    match nearest(word.as_str(), WORDS).first() {
        Some(near) => message.fix("a directive with a similar name exists", span, *near),
        None => message.note(FORMS).help("a plain comment starts with `//` alone"),
    }
}

fn says(word: Part<'_>, rest: Part<'_>) -> Result<Says, Wrong> {
    match word.as_str() {
        "facts" => match name(rest, "write //@ facts \"fixtures/seed\", or //@ facts none")? {
            (name, false) if name == "none" => Ok(Says::Facts(None)),
            (path, _) => Ok(Says::Facts(Some(path))),
        },
        "test" => {
            let (name, _) = name(rest, "write //@ test \"what holds in this case\"")?;
            Ok(Says::Test(name))
        }
        "skip" => {
            let (reason, _) = name(rest, "write //@ skip \"why it cannot run yet\"")?;
            Ok(Says::Skip(reason))
        }
        "tolerance" => {
            let number: Option<f64> = rest.as_str().parse().ok();
            let number = number.filter(|number| *number >= 0.0 && number.is_finite());
            let help = "write //@ tolerance 1e-9";
            number.map(Says::Tolerance).ok_or_else(|| wrong(rest, "a tolerance is a number", help))
        }
        "without" => without(rest),
        "assume" => {
            Ok(Says::Assume(atoms(rest, "write //@ assume p(\"a\", 1), several with commas")?))
        }
        "expect" => expect(rest).map(Says::Expect),
        "snapshot" => kept(rest).map(Says::Snapshot),
        "" => Err(wrong(word, "the name of a directive is missing", FORMS)),
        other => Err(wrong(word, &format!("unknown directive `{other}`"), FORMS)),
    }
}

fn wrong(part: Part<'_>, message: &str, help: &str) -> Wrong {
    Wrong { range: part.range(), message: message.to_owned(), help: help.to_owned() }
}

/// One text, and whether it stands in quotes.
fn name(part: Part<'_>, help: &str) -> Result<(String, bool), Wrong> {
    let is_quoted = part.as_str().starts_with('"');
    match part.name() {
        Some((name, rest)) if rest.is_empty() && !name.trim().is_empty() => Ok((name, is_quoted)),
        Some(_) if !is_quoted => Err(wrong(part, "a text of several words stands in quotes", help)),
        _ => Err(wrong(part, "one text in quotes is expected", help)),
    }
}

fn atoms(part: Part<'_>, help: &str) -> Result<Range<usize>, Wrong> {
    if !part.as_str().contains('(') {
        return Err(wrong(part, "an atom is expected", help));
    }
    let dot = usize::from(part.as_str().ends_with('.'));
    Ok(part.start..part.end - dot)
}

fn without(part: Part<'_>) -> Result<Says, Wrong> {
    let help = "write //@ without claim c1, source cnn, document brief, or fact p(\"a\", _)";
    let (word, rest) = part.word();
    match word.as_str() {
        "fact" => Ok(Says::Retract(atoms(rest, help)?)),
        "claim" | "source" | "document" if !rest.is_empty() => {
            let (id, _) = name(rest, help)?;
            Ok(Says::Without(format!("{}:{id}", word.as_str())))
        }
        _ => {
            let (id, _) = name(part, help)?;
            Ok(Says::Without(id))
        }
    }
}
