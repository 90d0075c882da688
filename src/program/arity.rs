//! The message about an atom with too many or too few arguments: which argument meets which
//! column, and where a `_` would make the types fit.

use crate::base::hash::Map;
use crate::base::ids::RelationId;
use crate::program::names::{Names, count};
use crate::program::program::Column;
use crate::program::types::Upper;
use crate::syntax::ast::{Atom, Body, Expr, ExprKind, Literal, Rule};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::value::quote;

/// The message. `rule` is the rule around the atom, if it stands in one, and whether the atom is
/// a head of it.
pub(crate) fn mismatch(
    atom: &Atom,
    relation: RelationId,
    names: &Names,
    (rule, is_head): (Option<&Rule>, bool),
) -> Diagnostic {
    let declared = &names.relations[relation];
    let (has, given) = (declared.columns.len(), atom.args.len());
    let given_text = match given {
        0 => "none is".to_owned(),
        1 => "1 is".to_owned(),
        _ => format!("{given} are"),
    };
    let message =
        format!("`{}` has {}, but {given_text} given", declared.name, count(has, "column"));
    let mut diagnostic = Diagnostic::new(Code::H0102, message)
        .label(atom.span.0, pairs(&atom.args, &declared.columns))
        .label(declared.span, format!("declared with {} here", count(has, "column")));
    if given + 1 == has && given > 0 && !is_head {
        let known = rule.map(|rule| known_types(rule, names)).unwrap_or_default();
        diagnostic = missing(diagnostic, (&atom.args, &declared.columns), names, &known);
    }
    diagnostic
}

/// `c=_, d=a, o=?`: the columns in order with what meets them.
fn pairs(args: &[Expr], columns: &[Column]) -> String {
    let mut parts: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let arg = args.get(index).map_or_else(|| "?".to_owned(), brief);
            format!("{}={arg}", column.name)
        })
        .collect();
    parts.extend(args.iter().skip(columns.len()).map(|arg| format!("{} beyond", brief(arg))));
    parts.join(", ")
}

/// An argument in few characters.
pub(crate) fn brief(expr: &Expr) -> String {
    match &expr.node {
        ExprKind::Var(name) => name.clone(),
        ExprKind::Any => "_".to_owned(),
        ExprKind::Text(text) => quote(text),
        ExprKind::Integer(n) => n.to_string(),
        ExprKind::Unsigned(n) => format!("{n}u"),
        ExprKind::Float(x) => x.to_string(),
        ExprKind::Call { .. } | ExprKind::Aggregate(_) | ExprKind::As(..) => "…".to_owned(),
    }
}

/// Offers a `_` for the one column that can be the missing one.
fn missing(
    diagnostic: Diagnostic,
    (args, columns): (&[Expr], &[Column]),
    names: &Names,
    known: &Map<&str, Upper>,
) -> Diagnostic {
    // Of the places where the types fit, those where most variables have their column's name.
    let mut best = Vec::new();
    let mut most = 0;
    for place in 0..columns.len() {
        let mut rest = columns.iter().enumerate().filter(|(index, _)| *index != place);
        let met: Vec<_> =
            args.iter().zip(&mut rest).map(|(arg, (_, column))| (arg, column)).collect();
        if !met.iter().all(|(arg, column)| fits(arg, column, names, known)) {
            continue;
        }
        let same = met
            .iter()
            .filter(
                |(arg, column)| matches!(&arg.node, ExprKind::Var(name) if *name == column.name),
            )
            .count();
        if best.is_empty() || same > most {
            most = same;
            best.clear();
        }
        if same == most {
            best.push(place);
        }
    }
    // Beside a `_` it makes no difference on which side the new one stands.
    let is_any =
        |place: &usize| matches!(args.get(*place), Some(arg) if matches!(arg.node, ExprKind::Any));
    let places: Vec<_> = best
        .iter()
        .copied()
        .filter(|place| !(is_any(place) && best.contains(&(place + 1))))
        .collect();
    let missing: Vec<_> = best.iter().map(|place| format!("`{}`", columns[*place].name)).collect();
    match places.as_slice() {
        [place] => {
            let title =
                format!("if {} is the missing one, the types then fit", missing.join(" or "));
            let (span, text) = match args.get(*place) {
                Some(next) => (Span { end: next.span.start, ..next.span }, "_, "),
                None => (args[args.len() - 1].span.after(), ", _"),
            };
            diagnostic.fix(title, span, text)
        }
        [] => diagnostic,
        _ if best.len() < columns.len() => diagnostic.help(format!(
            "the missing one may be {}; write `_` for a value that does not matter",
            missing.join(" or ")
        )),
        _ => diagnostic.help("write `_` for a value that does not matter"),
    }
}

fn fits(arg: &Expr, column: &Column, names: &Names, known: &Map<&str, Upper>) -> bool {
    match &arg.node {
        ExprKind::Var(name) => known.get(name.as_str()).is_none_or(|upper| {
            let column = Upper::Of(vec![column.ty]);
            names.types.meet(upper, &column) != Upper::Of(Vec::new())
        }),
        ExprKind::Text(_) => column.base == BaseType::Symbol,
        ExprKind::Integer(_) => column.base != BaseType::Symbol,
        ExprKind::Unsigned(_) => column.base == BaseType::Unsigned,
        ExprKind::Float(_) => column.base == BaseType::Float,
        ExprKind::Any | ExprKind::Call { .. } | ExprKind::Aggregate(_) | ExprKind::As(..) => true,
    }
}

/// What the well-formed heads and positive atoms of the rule say about its variables.
fn known_types<'a>(rule: &'a Rule, names: &Names) -> Map<&'a str, Upper> {
    let mut known = Map::default();
    rule.heads.iter().for_each(|head| add_types(head, names, &mut known));
    let mut open: Vec<&Body> = rule.body.iter().collect();
    while let Some(body) = open.pop() {
        match body {
            Body::And(parts) | Body::Or(parts) => open.extend(parts),
            Body::Not(..) => {}
            Body::Literal(literal) => {
                if let Literal::Atom(atom) = &literal.node {
                    add_types(atom, names, &mut known);
                }
            }
        }
    }
    known
}

fn add_types<'a>(atom: &'a Atom, names: &Names, known: &mut Map<&'a str, Upper>) {
    let Some(relation) = names.relation(&atom.name.node) else { return };
    let columns = &names.relations[relation].columns;
    if columns.len() != atom.args.len() {
        return;
    }
    for (arg, column) in atom.args.iter().zip(columns) {
        if let ExprKind::Var(name) = &arg.node {
            let upper = known.entry(name).or_insert(Upper::Open);
            *upper = names.types.meet(upper, &Upper::Of(vec![column.ty]));
        }
    }
}
