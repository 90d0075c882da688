//! `//@` annotations: `name`, `say`, `hide` and `opaque` on rules, `assume` on facts, `say`,
//! `absent`, `conflict`, `caution`, `key`, `hide` and `opaque` on declarations, `date` on types,
//! `allow` on rules, declarations and pragmas.
//! A word that has no effect is refused, so that none is trusted in vain.

use std::ops::Range;

use crate::program::program::{Allow, Caution, Column, Conflict, RelationWords, Shown};
use crate::program::suggest::{either, nearest};
use crate::syntax::ast::{Annotation, AnnotationArg, Item, ItemKind, Spanned};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// The annotations that have an effect, and on what.
const KNOWN: [(&str, &[Target]); 11] = [
    ("name", &[Target::Rule]),
    ("say", &[Target::Rule, Target::Relation]),
    ("assume", &[Target::Fact]),
    ("conflict", &[Target::Relation]),
    ("allow", &[Target::Rule, Target::Relation, Target::Pragma]),
    ("absent", &[Target::Relation]),
    ("caution", &[Target::Relation]),
    ("key", &[Target::Relation]),
    ("date", &[Target::Type]),
    ("hide", &[Target::Rule, Target::Relation]),
    ("opaque", &[Target::Rule, Target::Relation]),
];

/// What an annotation stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    Rule,
    Fact,
    Relation,
    Type,
    Pragma,
    Other,
}

impl Target {
    fn text(self) -> &'static str {
        match self {
            Self::Rule => "a rule",
            Self::Fact => "a fact",
            Self::Relation => "a declaration",
            Self::Type => "a type",
            Self::Pragma => "a pragma",
            Self::Other => "this item",
        }
    }
}

/// Whether the language has an annotation of this name.
#[must_use]
pub(crate) fn is_known(word: &str) -> bool {
    KNOWN.iter().any(|(known, _)| *known == word)
}

/// Reports every annotation that does not belong where it stands.
pub(crate) fn check(item: &Item, found: &mut Vec<Diagnostic>) {
    let target = match &item.kind {
        ItemKind::Relation(_) => Target::Relation,
        ItemKind::Type(_) => Target::Type,
        ItemKind::Rule(rule) if rule.body.is_none() => Target::Fact,
        ItemKind::Rule(_) => Target::Rule,
        ItemKind::Pragma { .. } => Target::Pragma,
        _ => Target::Other,
    };
    for (index, annotation) in item.annotations.iter().enumerate() {
        let word = annotation.name.node.as_str();
        let span = annotation.name.span;
        let earlier = item.annotations[..index].iter().find(|other| other.name.node == word);
        match KNOWN.iter().find(|(known, _)| *known == word) {
            None => found.push(unknown(annotation)),
            Some((_, wanted)) if !wanted.contains(&target) => {
                let wanted: Vec<_> = wanted.iter().map(|target| target.text()).collect();
                let text = format!("`//@ {word}` belongs to {}", wanted.join(" or "));
                found.push(
                    Diagnostic::new(Code::H0206, text)
                        .label(span, "")
                        .label(item.span.0, format!("this is {}", describe(item)))
                        .help("annotations stand on the lines directly above what they are about"),
                );
            }
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
            "annotations are name(\"…\") on rules, say(\"…\"), hide and opaque on rules and \
             declarations, absent(\"…\"), conflict(a, b), caution(a) and key(a) on declarations, \
             assume on facts, date on types, allow(L…) on rules, declarations and pragmas; a plain \
             comment starts with `//` alone",
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

/// The warnings of `//@ allow(L0205)`.
pub(crate) fn allows(item: &Item, found: &mut Vec<Diagnostic>) -> Vec<Allow> {
    let Some(annotation) = item.annotations.iter().find(|a| a.name.node == "allow") else {
        return Vec::new();
    };
    let mut allows = Vec::new();
    for arg in &annotation.args {
        let (AnnotationArg::Word(word) | AnnotationArg::Text(word)) = &arg.node;
        match Code::parse(word).filter(|code| code.text().starts_with("L02")) {
            Some(code) => allows.push(Allow { code, span: arg.span, item: item.span.0 }),
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
    allows
}

/// Whether the item is marked `//@ assume`.
pub(crate) fn is_assumed(item: &Item, found: &mut Vec<Diagnostic>) -> bool {
    is_marked(item, "assume", found)
}

/// Whether the item has an annotation that takes no arguments.
fn is_marked(item: &Item, word: &str, found: &mut Vec<Diagnostic>) -> bool {
    let Some(annotation) = item.annotations.iter().find(|a| a.name.node == word) else {
        return false;
    };
    if let Some(arg) = annotation.args.first() {
        let text = format!("`{word}` takes no arguments");
        found.push(Diagnostic::new(Code::H0206, text).label(arg.span, ""));
    }
    true
}

/// How much of the steps of a rule or relation a proof shows.
pub(crate) fn shown(item: &Item, found: &mut Vec<Diagnostic>) -> Shown {
    let (hide, opaque) = (is_marked(item, "hide", found), is_marked(item, "opaque", found));
    match (hide, opaque) {
        (true, _) => Shown::Hidden,
        (false, true) => Shown::Closed,
        (false, false) => Shown::Whole,
    }
}

/// Whether numbers of the type are days: `//@ date`.
pub(crate) fn is_date(item: &Item, found: &mut Vec<Diagnostic>) -> bool {
    is_marked(item, "date", found)
}

/// What the annotations of a declaration say of its tuples.
pub(crate) fn words(item: &Item, columns: &[Column], found: &mut Vec<Diagnostic>) -> RelationWords {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let say = text(item, "say", found);
    if let Some(say) = say {
        placeholders(say, Holder::Relation(&names), found);
    }
    let absent = texts(item, "absent", found);
    for sentence in &absent {
        placeholders(*sentence, Holder::Relation(&names), found);
    }
    RelationWords {
        say: say.map(|(text, _)| text.to_owned()),
        absent: absent.into_iter().map(|(text, _)| text.to_owned()).collect(),
        conflict: conflict(item, columns, found),
        caution: caution(item, columns, found),
        key: key(item, columns, found),
        shown: shown(item, found),
    }
}

/// The texts of `//@ word("text", "text")`, and where they stand.
fn texts<'a>(item: &'a Item, word: &str, found: &mut Vec<Diagnostic>) -> Vec<(&'a str, Span)> {
    let Some(annotation) = item.annotations.iter().find(|a| a.name.node == word) else {
        return Vec::new();
    };
    let text = |arg: &'a Spanned<AnnotationArg>| match &arg.node {
        AnnotationArg::Text(text) if !text.trim().is_empty() => Some((text.as_str(), arg.span)),
        _ => None,
    };
    let texts: Vec<_> = annotation.args.iter().filter_map(text).collect();
    if texts.is_empty() || texts.len() < annotation.args.len() {
        found.push(
            Diagnostic::new(Code::H0206, format!("`{word}` takes texts"))
                .label(annotation.name.span, "")
                .help(format!("write it as //@ {word}(\"…\")")),
        );
    }
    texts
}

/// The arguments of an annotation that names columns.
fn columns_of(annotation: &Annotation) -> Vec<(&str, Span)> {
    let args = annotation.args.iter();
    args.map(|arg| {
        let (AnnotationArg::Word(word) | AnnotationArg::Text(word)) = &arg.node;
        (word.as_str(), arg.span)
    })
    .collect()
}

/// The columns of `//@ conflict(a, b)` or `//@ conflict(a, b, how)`.
fn conflict(item: &Item, columns: &[Column], found: &mut Vec<Diagnostic>) -> Option<Conflict> {
    let annotation = item.annotations.iter().find(|a| a.name.node == "conflict")?;
    let words = columns_of(annotation);
    let (a, b, how) = match words.as_slice() {
        [a, b] => (a, b, None),
        [a, b, how] => (a, b, Some(how)),
        _ => {
            found.push(
                Diagnostic::new(Code::H0206, "`conflict` takes the names of two columns")
                    .label(annotation.name.span, "")
                    .help("write it as //@ conflict(a, b), or with a third for how they differ"),
            );
            return None;
        }
    };
    let first = column("conflict", *a, columns, found);
    let second = column("conflict", *b, columns, found);
    let how = match how {
        Some(how) => Some(column("conflict", *how, columns, found)?),
        None => None,
    };
    if first.is_some() && first == second {
        found.push(
            Diagnostic::new(Code::H0206, format!("`{}` cannot be in conflict with itself", a.0))
                .label(b.1, "named twice")
                .help("name the columns of the two claims that dispute each other"),
        );
        return None;
    }
    Some(Conflict { own: first?, other: second?, how })
}

/// The column of `//@ caution(a)` or `//@ caution(a, relation)`.
fn caution(item: &Item, columns: &[Column], found: &mut Vec<Diagnostic>) -> Option<Caution> {
    let annotation = item.annotations.iter().find(|a| a.name.node == "caution")?;
    let words = columns_of(annotation);
    if let [name] | [name, _] = words.as_slice() {
        let lacked = words.get(1).map(|(relation, span)| ((*relation).to_owned(), *span));
        return Some(Caution { column: column("caution", *name, columns, found)?, lacked });
    }
    found.push(
        Diagnostic::new(Code::H0206, "`caution` takes the name of one column")
            .label(annotation.name.span, "")
            .help("write it as //@ caution(a), or with the relation that lacks the value"),
    );
    None
}

/// The columns of `//@ key(a, b)`, in order: those that tell the tuples apart.
fn key(item: &Item, columns: &[Column], found: &mut Vec<Diagnostic>) -> Option<Vec<usize>> {
    let annotation = item.annotations.iter().find(|a| a.name.node == "key")?;
    let mut key = Vec::new();
    for name in columns_of(annotation) {
        key.push(column("key", name, columns, found)?);
    }
    if key.is_empty() {
        found.push(
            Diagnostic::new(Code::H0206, "`key` names no column")
                .label(annotation.name.span, "")
                .help("write it as //@ key(a, b): the columns that tell the tuples apart"),
        );
        return None;
    }
    key.sort_unstable();
    key.dedup();
    Some(key)
}

fn column(
    annotation: &str,
    (word, span): (&str, Span),
    columns: &[Column],
    found: &mut Vec<Diagnostic>,
) -> Option<usize> {
    let index = columns.iter().position(|column| column.name == word);
    if index.is_none() {
        let diagnostic = Diagnostic::new(Code::H0206, format!("no column `{word}`"))
            .label(span, format!("`{annotation}` names columns of the relation"));
        let names = columns.iter().map(|column| column.name.as_str());
        found.push(match nearest(word, names).first() {
            Some(near) => diagnostic.fix("a column with a similar name exists", span, *near),
            None => diagnostic,
        });
    }
    index
}

/// What the placeholders of a text stand for.
#[derive(Clone, Copy)]
pub(crate) enum Holder<'a> {
    /// Variables that all normal rules of a rule have; the others that some have.
    Rule(&'a [&'a str], &'a [&'a str]),
    /// Columns of a relation.
    Relation(&'a [&'a str]),
}

/// Reports placeholders of a text that stand for nothing. `{a..b}` stands for a range, `{a.id}`
/// for an id where `{a}` stands for its label.
pub(crate) fn placeholders(
    (text, span): (&str, Span),
    holder: Holder<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let (names, some): (_, &[&str]) = match holder {
        Holder::Rule(variables, some) => (variables, some),
        Holder::Relation(columns) => (columns, &[]),
    };
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
        let at = text.len() - rest.len() + open;
        let place = part(span, text, at..at + close + 2);
        if after[..close].matches("..").count() > 1 {
            let text = format!("`{{{}}}` has more than two ends", &after[..close]);
            found.push(
                Diagnostic::new(Code::H0206, text).label(place, "a range is written `{a..b}`"),
            );
        }
        for name in after[..close].split("..") {
            let name = name.strip_suffix(".id").unwrap_or(name);
            if names.contains(&name) {
                continue;
            }
            found.push(if some.contains(&name) {
                Diagnostic::new(
                    Code::H0206,
                    format!("`{{{name}}}` is not a variable of every alternative of the rule"),
                )
                .label(place, "has no value in some of them")
                .help("write the alternatives as rules of their own")
            } else {
                not_held(name, place, holder)
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

fn not_held(name: &str, span: Span, holder: Holder<'_>) -> Diagnostic {
    let (names, what, whole) = match holder {
        Holder::Rule(variables, _) => (variables, "variable", "rule"),
        Holder::Relation(columns) => (columns, "column", "relation"),
    };
    let text = format!("`{{{name}}}` is not a {what} of the {whole}");
    let diagnostic = Diagnostic::new(Code::H0206, text).label(span, format!("no such {what}"));
    match nearest(name, names.iter().copied()).as_slice() {
        [] if names.is_empty() => match holder {
            Holder::Rule(..) => {
                diagnostic.note("the rule has no variables outside of its aggregates")
            }
            Holder::Relation(_) => diagnostic.note("the relation has no columns"),
        },
        [] => {
            let names: Vec<_> = names.iter().map(|name| format!("{{{name}}}")).collect();
            diagnostic.note(format!("the {whole} has {}", names.join(", ")))
        }
        near => diagnostic.help(format!("did you mean {}?", either(near))),
    }
}
