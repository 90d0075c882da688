//! Atoms that a command asks about: `total("r3", _, 39000, 44000)`.

use crate::base::ids::RelationId;
use crate::program::alternatives::{alternatives, span_of};
use crate::program::check::{self, Unknown};
use crate::program::facts::literal;
use crate::program::names::Names;
use crate::program::program::Program;
use crate::program::rules::{distinct, read};
use crate::syntax::ast::{Atom, Body, ExprKind, Literal};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Edit, Fix, Severity};
use crate::value::base_type::BaseType;
use crate::value::value::{Value, quote};

/// A relation and a value for each column; nothing for `_` and for variables.
pub type Pattern = (RelationId, Vec<Option<Value>>);

/// The relation and values of a body that is one atom. `_` and variables stand for any value; a
/// bare word that is known as a text is taken for a text without its quotes and refused.
///
/// # Errors
/// If the body is not one atom of the program, or a value does not fit its column.
pub fn atom(program: &Program, body: &Body) -> Result<Pattern, Vec<Diagnostic>> {
    let atom = single(body).map_err(|diagnostic| vec![*diagnostic])?;
    let names = Names::of(program);
    let mut found = Vec::new();
    let mut unknown = Unknown::default();
    let is_good = check::question(body, &names, &mut unknown, &mut found);
    found.extend(unknown.report(&names));
    if !is_good {
        return Err(found);
    }
    let Some(relation) = names.relation(&atom.name.node) else { return Err(found) };
    if let Some(diagnostic) = quotes_forgotten(program, relation, atom) {
        return Err(vec![diagnostic]);
    }
    // Reads the types, and says what does not fit.
    if let Ok(all) = alternatives(body) {
        for flats in &all {
            drop(read(None, flats, &names, &program.symbols, &mut found));
        }
    }
    let mut values = Vec::with_capacity(atom.args.len());
    for (arg, column) in atom.args.iter().zip(&names.relations[relation].columns) {
        match &arg.node {
            ExprKind::Any | ExprKind::Var(_) => values.push(None),
            ExprKind::Call { .. } | ExprKind::Aggregate(_) | ExprKind::As(..) => {
                found.push(
                    Diagnostic::new(Code::H0204, "an expression where a value is needed")
                        .label(arg.span, "write the value itself, or `_` for any"),
                );
            }
            ExprKind::Text(_)
            | ExprKind::Integer(_)
            | ExprKind::Unsigned(_)
            | ExprKind::Float(_) => values.push(literal(arg, column.base, &program.symbols)),
        }
    }
    if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(distinct(found));
    }
    Ok((relation, values))
}

fn single(body: &Body) -> Result<&Atom, Box<Diagnostic>> {
    let refused = |span| {
        Box::new(
            Diagnostic::new(Code::H0701, "not an atom")
                .label(span, "one atom is needed here, as in `total(\"r3\", _)`"),
        )
    };
    match body {
        Body::Literal(literal) => match &literal.node {
            Literal::Atom(atom) => Ok(atom),
            _ => Err(refused(literal.span)),
        },
        Body::And(parts) | Body::Or(parts) if parts.len() == 1 => single(&parts[0]),
        Body::And(_) | Body::Or(_) | Body::Not(..) => match span_of(body) {
            Some(span) => Err(refused(span)),
            None => Err(Box::new(Diagnostic::new(Code::H0701, "not an atom"))),
        },
    }
}

/// Bare words that are texts of the program, in columns of texts.
fn quotes_forgotten(program: &Program, relation: RelationId, atom: &Atom) -> Option<Diagnostic> {
    let columns = &program.relations[relation].columns;
    let words: Vec<_> = atom
        .args
        .iter()
        .zip(columns)
        .filter_map(|(arg, column)| match &arg.node {
            ExprKind::Var(name)
                if column.base == BaseType::Symbol && program.symbols.find(name).is_some() =>
            {
                Some((name, arg.span))
            }
            _ => None,
        })
        .collect();
    let (first, span) = words.first()?;
    let mut diagnostic = Diagnostic::new(Code::H0103, format!("`{first}` is a variable here"))
        .label(*span, "a bare word stands for any value; `_` says so too");
    for (_, span) in &words[1..] {
        diagnostic = diagnostic.label(*span, "this too");
    }
    let edits = words.iter().map(|(name, span)| Edit { span: *span, text: quote(name) }).collect();
    diagnostic.fixes.push(Fix {
        title: "to mean the text, put it in quotes".to_owned(),
        edits,
        safe: false,
    });
    Some(diagnostic)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::ids::{FileId, Id};
    use crate::program::build::build;
    use crate::syntax::parser::{parse, parse_question};
    use crate::value::symbols::Symbols;

    fn check(text: &str, expected: &str) {
        let program = "
            .type Reading <: symbol
            .decl total(r: Reading, s: symbol, lo: number, x: float)
            total(\"r3\", \"all\", 39000, 0.5).
        ";
        let (file, _) = parse(program, FileId::new(0));
        let (program, found) = build(&[file], Arc::new(Symbols::new()));
        assert!(found.is_empty(), "{found:?}");
        let (body, found) = parse_question(text, FileId::new(1));
        assert!(found.is_empty(), "{found:?}");
        let shown = match atom(&program, &body) {
            Ok((relation, values)) => {
                let values = values.iter().map(|value| match value {
                    Some(value) => value.quoted(&program.symbols),
                    None => "_".to_owned(),
                });
                let values: Vec<_> = values.collect();
                format!("{}({})", program.relations[relation].name, values.join(", "))
            }
            Err(found) => {
                let lines = found.iter().map(|found| format!("{}: {}", found.code, found.message));
                lines.collect::<Vec<_>>().join("\n")
            }
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn values_and_gaps() {
        check("total(\"r3\", _, -39000, 2)", "total(\"r3\", _, -39000, 2)");
        check("total(r, s, lo, x).", "total(_, _, _, _)");
        check("total(r3, all, lo, x)", "H0103: `r3` is a variable here");
        check("totl(_)", "H0101: unknown relation `totl`");
        check("total(_)", "H0102: `total` has 4 columns, but 1 is given");
        check(
            "total(_, _, \"12\", _)",
            "H0104: `\"12\"` is a symbol, but column `lo` of `total` holds a number",
        );
        check(
            "total(_, _, 9223372036854775808, _)",
            "H0304: 9223372036854775808 does not fit `number`",
        );
        check("total(_, _, 1 + 2, _)", "H0204: an expression where a value is needed");
        check("total(_, _, _, _), total(_, _, _, _)", "H0701: not an atom");
    }
}
