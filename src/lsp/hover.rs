//! What an editor shows of the name at the cursor: of a relation what `.schema` prints, of a
//! variable its type, of a word of the language what it does; and what a message there means.

use std::iter::once;

use crate::lsp::builtins;
use crate::lsp::names::{Meaning, at, occurrences};
use crate::lsp::workspace::Unit;
use crate::program::program::Type;
use crate::show::schema::{about, signature};
use crate::syntax::ast::{Atom, Body, ExprKind, Item, ItemKind, Literal};
use crate::text::codes::Code;
use crate::text::span::Span;

/// What there is to say at a place, as Markdown, and of which text.
#[must_use]
pub fn hover(unit: &Unit, place: Span) -> Option<(String, Span)> {
    let found = occurrences(&unit.texts.trees, &unit.texts.files);
    let name = at(&found, place);
    let mut parts: Vec<String> = Vec::new();
    parts.extend(name.and_then(|name| say(unit, name.meaning)));
    let mut codes: Vec<(Code, Span)> = Vec::new();
    for message in &unit.messages {
        let here = message.span().filter(|span| {
            span.file == place.file && span.start <= place.start && place.start <= span.end
        });
        codes.extend(here.map(|span| (message.code, span)));
    }
    codes.dedup_by_key(|(code, _)| *code);
    for (code, _) in &codes {
        parts.push(format!("**{code}** {}\n\n{}", code.title(), code.about()));
    }
    let span = name.map(|name| name.span).or_else(|| codes.first().map(|(_, span)| *span))?;
    (!parts.is_empty()).then(|| (parts.join("\n\n---\n\n"), span))
}

fn code(text: &str) -> String {
    format!("```hence\n{text}\n```")
}

fn say(unit: &Unit, meaning: Meaning<'_>) -> Option<String> {
    match meaning {
        Meaning::Relation(name) => relation(unit, name),
        Meaning::Type(name) => ty(unit, name),
        Meaning::Variable(rule, name) => {
            let ty = variable(unit, rule, name)?;
            Some(code(&format!("{name}: {ty}")))
        }
        Meaning::Column(decl, name) => {
            let ty = items(unit, decl).find_map(|item| match &item.kind {
                ItemKind::Relation(decl) => {
                    decl.columns.iter().find(|column| column.name.node == name)
                }
                _ => None,
            })?;
            Some(code(&format!("{name}: {}", described(unit, &ty.ty.node))))
        }
        Meaning::Builtin(name) => {
            let builtin = builtins::named(name)?;
            Some(format!("{}\n\n{}", code(builtin.form), builtin.does))
        }
    }
}

fn relation(unit: &Unit, name: &str) -> Option<String> {
    let program = &unit.program;
    let relation = &program.relations[program.relation(name)?];
    let mut text = code(&signature(program, relation));
    for line in about(relation, &unit.texts.files) {
        text.push_str(&format!("\n\n{line}"));
    }
    let kind = match (relation.is_input, relation.is_output) {
        (true, true) => "input, output, ",
        (true, false) => "input, ",
        (false, true) => "output, ",
        (false, false) => "",
    };
    let name = &unit.texts.files.get(relation.span.file).name;
    let file = name.rsplit('/').next().unwrap_or(name);
    let line = unit.texts.files.position(relation.span).line;
    text.push_str(&format!("\n\n*{kind}{file}:{line}*"));
    Some(text)
}

fn ty(unit: &Unit, name: &str) -> Option<String> {
    let declared = unit
        .texts
        .trees
        .iter()
        .flat_map(|tree| &tree.items)
        .find(|item| matches!(&item.kind, ItemKind::Type(decl) if decl.name.node == name));
    let Some(item) = declared else {
        let built_in = named(unit, name).filter(|ty| ty.span.is_none())?;
        return Some(format!("{}\n\nbuilt-in type", code(&built_in.name)));
    };
    let mut text = code(unit.texts.files.text_of(item.span.0));
    if let Some(ty) = named(unit, name) {
        let date = if ty.is_date { ", days since 1970-01-01" } else { "" };
        text.push_str(&format!("\n\nholds a {}{date}", ty.base));
    }
    for line in item.doc.0.lines() {
        text.push_str(&format!("\n\n{}", line.trim_start_matches('/').trim()));
    }
    Some(text)
}

fn named<'u>(unit: &'u Unit, name: &str) -> Option<&'u Type> {
    unit.program.types.iter().find(|ty| ty.name == name)
}

/// A type with what it holds: `Claim (symbol)`.
fn described(unit: &Unit, name: &str) -> String {
    match named(unit, name) {
        Some(ty) if ty.base.name() != name => format!("{name} ({})", ty.base),
        _ => name.to_owned(),
    }
}

fn items(unit: &Unit, place: Span) -> impl Iterator<Item = &Item> {
    let items = unit.texts.trees.iter().flat_map(|tree| &tree.items);
    items.filter(move |item| item.span.0 == place)
}

/// The type of a variable: that of the first column in which it stands in the rule's body, else in
/// its head, else what it holds.
#[must_use]
pub fn variable(unit: &Unit, rule: Span, name: &str) -> Option<String> {
    let mut atoms: Vec<&Atom> = Vec::new();
    for item in items(unit, rule) {
        if let ItemKind::Rule(rule) = &item.kind {
            rule.body.iter().for_each(|body| gather(body, &mut atoms));
            atoms.extend(&rule.heads);
        }
    }
    let program = &unit.program;
    let column = atoms.iter().find_map(|atom| {
        let is_it = |kind: &ExprKind| matches!(kind, ExprKind::Var(var) if var == name);
        let at = atom.args.iter().position(|arg| is_it(&arg.node))?;
        program.relations[program.relation(&atom.name.node)?].columns.get(at)
    });
    if let Some(column) = column {
        return Some(described(unit, &program.types[column.ty].name));
    }
    let mut rules = program.rules.iter().filter(|one| one.span == rule);
    rules
        .find_map(|rule| rule.vars.iter().find(|var| var.name.as_deref() == Some(name)))
        .map(|var| var.base.name().to_owned())
}

/// The atoms of a body, positive ones first.
fn gather<'t>(body: &'t Body, atoms: &mut Vec<&'t Atom>) {
    let mut later = Vec::new();
    let mut open: Vec<&Body> = once(body).collect();
    while let Some(body) = open.pop() {
        match body {
            Body::And(parts) | Body::Or(parts) => open.extend(parts.iter().rev()),
            Body::Not(inner, _) => open.push(inner),
            Body::Literal(literal) => match &literal.node {
                Literal::Atom(atom) => atoms.push(atom),
                Literal::Absent(atom) => later.push(atom),
                Literal::Compare(_, left, right) => {
                    for side in [left, right] {
                        if let ExprKind::Aggregate(aggregate) = &side.node {
                            open.push(&aggregate.body);
                        }
                    }
                }
                Literal::Test(..) | Literal::Constant(_) => {}
            },
        }
    }
    atoms.extend(later);
}
