//! `//@` annotations: `name`, `say` and `allow` on rules, `assume` on facts, `conflict` on declarations.
//! A word that has no effect is refused, so that none is trusted in vain.

use std::ops::Range;

use crate::program::program::Column;
use crate::program::suggest::{either, nearest};
use crate::syntax::ast::{Annotation, AnnotationArg, Item, ItemKind};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// The annotations that have an effect, and on what.
const KNOWN: [(&str, Target); 5] = [
    ("name", Target::Rule),
    ("say", Target::Rule),
    ("assume", Target::Fact),
    ("conflict", Target::Relation),
    ("allow", Target::Rule),
];
/// Annotations that later versions follow.
const LATER: &[&str] = &["hide", "opaque", "key"];

/// What an annotation stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    Rule,
    Fact,
    Relation,
    Other,
}

impl Target {
    fn text(self) -> &'static str {
        match self {
            Self::Rule => "a rule",
            Self::Fact => "a fact",
            Self::Relation => "a declaration",
            Self::Other => "this item",
        }
    }
}

/// Reports every annotation that does not belong where it stands.
pub(crate) fn check(item: &Item, found: &mut Vec<Diagnostic>) {
    let target = match &item.kind {
        ItemKind::Relation(_) => Target::Relation,
        ItemKind::Rule(rule) if rule.body.is_none() => Target::Fact,
        ItemKind::Rule(_) => Target::Rule,
        _ => Target::Other,
    };
    for (index, annotation) in item.annotations.iter().enumerate() {
        let word = annotation.name.node.as_str();
        let span = annotation.name.span;
        let earlier = item.annotations[..index].iter().find(|other| other.name.node == word);
        match KNOWN.iter().find(|(known, _)| *known == word) {
            None if LATER.contains(&word) => found.push(
                Diagnostic::new(Code::H0003, format!("`//@ {word}` is not supported yet"))
                    .label(span, ""),
            ),
            None => found.push(unknown(annotation)),
            Some((_, wanted)) if *wanted != target => found.push(
                Diagnostic::new(Code::H0206, format!("`//@ {word}` belongs to {}", wanted.text()))
                    .label(span, "")
                    .label(item.span.0, format!("this is {}", describe(item)))
                    .help("annotations stand on the lines directly above what they are about"),
            ),
            Some(_) => {
                if let Some(earlier) = earlier {
                    found.push(
                        Diagnostic::new(Code::H0206, format!("`//@ {word}` is given twice"))
                            .label(span, "given again here")
                            .label(earlier.name.span, "first given here"),
                    );
                }
            }
        }
    }
}

fn describe(item: &Item) -> &'static str {
    match &item.kind {
        ItemKind::Relation(_) => "a declaration",
        ItemKind::Type(_) => "a type",
        ItemKind::Rule(rule) if rule.body.is_none() => "a fact",
        ItemKind::Rule(_) => "a rule",
        ItemKind::Directive(_) => "a directive",
        ItemKind::Include { .. } | ItemKind::Once => "an inclusion",
        ItemKind::Pragma { .. } => "a pragma",
    }
}

fn unknown(annotation: &Annotation) -> Diagnostic {
    let word = &annotation.name.node;
    let diagnostic = Diagnostic::new(Code::H0206, format!("unknown annotation `{word}`"))
        .label(annotation.name.span, "no such annotation");
    match nearest(word, KNOWN.iter().map(|(known, _)| *known)).first() {
        Some(near) => {
            diagnostic.fix("an annotation with a similar name exists", annotation.name.span, *near)
        }
        None => diagnostic.note(
            "annotations are name(\"…\"), say(\"…\") and allow(L…) on rules, assume on facts, \
             conflict(a, b) on declarations; a plain comment starts with `//` alone",
        ),
    }
}

/// The text of `//@ word("text")`, and where it stands.
pub(crate) fn text<'a>(
    item: &'a Item,
    word: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<(&'a str, Span)> {
    let annotation = item.annotations.iter().find(|annotation| annotation.name.node == word)?;
    if let [arg] = annotation.args.as_slice()
        && let AnnotationArg::Text(text) = &arg.node
        && !text.trim().is_empty()
    {
        return Some((text, arg.span));
    }
    found.push(
        Diagnostic::new(Code::H0206, format!("`{word}` takes one text"))
            .label(annotation.name.span, "")
            .help(format!("write it as //@ {word}(\"…\")")),
    );
    None
}

/// The codes of `//@ allow(L0205)`.
pub(crate) fn allow(item: &Item, found: &mut Vec<Diagnostic>) -> Vec<Code> {
    let Some(annotation) = item.annotations.iter().find(|a| a.name.node == "allow") else {
        return Vec::new();
    };
    let mut codes = Vec::new();
    for arg in &annotation.args {
        let (AnnotationArg::Word(word) | AnnotationArg::Text(word)) = &arg.node;
        match Code::parse(word).filter(|code| code.text().starts_with("L02")) {
            Some(code) => codes.push(code),
            None => found.push(
                Diagnostic::new(Code::H0206, format!("`{word}` is no warning about rules"))
                    .label(arg.span, "`allow` takes codes such as L0205"),
            ),
        }
    }
    if annotation.args.is_empty() {
        found.push(
            Diagnostic::new(Code::H0206, "`allow` names no warning")
                .label(annotation.name.span, "")
                .help("write it as //@ allow(L0205)"),
        );
    }
    codes
}

/// Whether the item is marked `//@ assume`.
pub(crate) fn is_assumed(item: &Item, found: &mut Vec<Diagnostic>) -> bool {
    let Some(annotation) = item.annotations.iter().find(|a| a.name.node == "assume") else {
        return false;
    };
    if let Some(arg) = annotation.args.first() {
        found.push(Diagnostic::new(Code::H0206, "`assume` takes no arguments").label(arg.span, ""));
    }
    true
}

/// The two columns of `//@ conflict(a, b)`.
pub(crate) fn conflict(
    item: &Item,
    columns: &[Column],
    found: &mut Vec<Diagnostic>,
) -> Option<(usize, usize)> {
    let annotation = item.annotations.iter().find(|a| a.name.node == "conflict")?;
    let words: Vec<_> = annotation
        .args
        .iter()
        .filter_map(|arg| match &arg.node {
            AnnotationArg::Word(word) => Some((word.as_str(), arg.span)),
            AnnotationArg::Text(_) => None,
        })
        .collect();
    let [a, b] = words.as_slice() else {
        found.push(
            Diagnostic::new(Code::H0206, "`conflict` takes the names of two columns")
                .label(annotation.name.span, "")
                .help("write it as //@ conflict(a, b)"),
        );
        return None;
    };
    let first = column(*a, columns, found);
    let second = column(*b, columns, found);
    if first.is_some() && first == second {
        found.push(
            Diagnostic::new(Code::H0206, format!("`{}` cannot be in conflict with itself", a.0))
                .label(b.1, "named twice")
                .help("name the columns of the two claims that dispute each other"),
        );
        return None;
    }
    Some((first?, second?))
}

fn column(
    (word, span): (&str, Span),
    columns: &[Column],
    found: &mut Vec<Diagnostic>,
) -> Option<usize> {
    let index = columns.iter().position(|column| column.name == word);
    if index.is_none() {
        let diagnostic = Diagnostic::new(Code::H0206, format!("no column `{word}`"))
            .label(span, "`conflict` names two columns of the relation");
        let names = columns.iter().map(|column| column.name.as_str());
        found.push(match nearest(word, names).first() {
            Some(near) => diagnostic.fix("a column with a similar name exists", span, *near),
            None => diagnostic,
        });
    }
    index
}

/// Reports placeholders of a `say` text that are not among the `variables` that all normal rules
/// of the rule have; `some` have the others.
pub(crate) fn placeholders(
    (text, span): (&str, Span),
    (variables, some): (&[&str], &[&str]),
    found: &mut Vec<Diagnostic>,
) {
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let after = &rest[open + 1..];
        let Some(close) = after.find('}') else {
            found.push(
                Diagnostic::new(Code::H0206, "a placeholder without its closing brace")
                    .label(span, "`{` is not closed in this text"),
            );
            return;
        };
        let name = &after[..close];
        if !variables.contains(&name) {
            let at = text.len() - rest.len() + open;
            let place = part(span, text, at..at + close + 2);
            found.push(if some.contains(&name) {
                Diagnostic::new(
                    Code::H0206,
                    format!("`{{{name}}}` is not a variable of every alternative of the rule"),
                )
                .label(place, "has no value in some of them")
                .help("write the alternatives as rules of their own")
            } else {
                no_variable(name, place, variables)
            });
        }
        rest = &after[close + 1..];
    }
}

/// The place of a part of a text, if the text stands there without escapes.
fn part(span: Span, text: &str, part: Range<usize>) -> Span {
    if span.range().len() != text.len() + 2 {
        return span;
    }
    let start = span.range().start + 1;
    Span::new(span.file, start + part.start, start + part.end)
}

fn no_variable(name: &str, span: Span, variables: &[&str]) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::H0206, format!("`{{{name}}}` is not a variable of the rule"))
            .label(span, "no such variable");
    match nearest(name, variables.iter().copied()).as_slice() {
        [] => {
            let names: Vec<_> = variables.iter().map(|name| format!("{{{name}}}")).collect();
            if names.is_empty() {
                diagnostic.note("the rule has no variables outside of its aggregates")
            } else {
                diagnostic.note(format!("the rule has {}", names.join(", ")))
            }
        }
        near => diagnostic.help(format!("did you mean {}?", either(near))),
    }
}
