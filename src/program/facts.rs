//! Facts of the program text: constants, and expressions over constants, as rows.

use crate::base::ids::RelationId;
use crate::program::finish::integer;
use crate::program::names::Names;
use crate::program::program::{Column, Fact, Program};
use crate::syntax::ast::{self, Atom, Expr, ExprKind, ItemKind};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Edit, Fix};
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::{Finite, Tuple, Value, quote};

/// The row of a fact that holds nothing but constants of its columns' types.
pub(crate) fn literal_row(atom: &Atom, columns: &[Column], symbols: &Symbols) -> Option<Tuple> {
    atom.args.iter().zip(columns).map(|(arg, column)| literal(arg, column.base, symbols)).collect()
}

/// The facts of a text that holds nothing but facts of constants, without annotations but for
/// `//@ assume`, whose relations are those of `program`.
pub(crate) fn plain_facts(program: &Program, tree: &ast::Program) -> Option<Vec<Fact>> {
    let mut found = Vec::new();
    for item in &tree.items {
        let ItemKind::Rule(rule) = &item.kind else { return None };
        let assumed = match item.annotations.as_slice() {
            [] => false,
            [only] => only.name.node == "assume" && only.args.is_empty(),
            _ => return None,
        };
        let [atom] = rule.heads.as_slice() else { return None };
        let is_plain = rule.body.is_none() && assumed != item.annotations.is_empty();
        let relation = program.relation(&atom.name.node)?;
        let columns = &program.relations[relation].columns;
        if !is_plain || atom.args.len() != columns.len() {
            return None;
        }
        let values = literal_row(atom, columns, &program.symbols)?;
        found.push(Fact { relation, values, span: item.span.0, assumed });
    }
    Some(found)
}

/// A constant as a value of `base`, if it is one.
pub(crate) fn literal(expr: &Expr, base: BaseType, symbols: &Symbols) -> Option<Value> {
    match (&expr.node, base) {
        (ExprKind::Text(text), BaseType::Symbol) => Some(Value::Symbol(symbols.intern(text))),
        (ExprKind::Integer(n), _) => integer(*n, base),
        (ExprKind::Unsigned(n), BaseType::Unsigned) => Some(Value::Unsigned(*n)),
        (ExprKind::Float(x), BaseType::Float) => Finite::new(*x).map(Value::Float),
        _ => None,
    }
}

/// A variable or `_` of a fact, with the column that it stands for if it stands alone.
struct Open<'a> {
    name: Option<&'a str>,
    span: Span,
    column: Option<usize>,
}

/// Reports variables of a fact.
pub(crate) fn no_variables(atom: &Atom, relation: RelationId, names: &Names) -> Option<Diagnostic> {
    let mut open = Vec::new();
    for (index, arg) in atom.args.iter().enumerate() {
        collect(arg, Some(index), &mut open);
    }
    let columns = &names.relations[relation].columns;
    let is_symbol = |open: &Open<'_>| {
        open.name.is_some() && open.column.is_some_and(|i| columns[i].base == BaseType::Symbol)
    };
    if open.is_empty() {
        return None;
    }
    Some(if open.iter().all(is_symbol) { quotes_forgotten(&open) } else { not_constant(&open) })
}

fn collect<'a>(expr: &'a Expr, column: Option<usize>, open: &mut Vec<Open<'a>>) {
    match &expr.node {
        ExprKind::Var(name) => open.push(Open { name: Some(name), span: expr.span, column }),
        ExprKind::Any => open.push(Open { name: None, span: expr.span, column }),
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| collect(arg, None, open)),
        ExprKind::As(part, _) => collect(part, None, open),
        // An aggregate has variables of its own.
        ExprKind::Aggregate(_)
        | ExprKind::Text(_)
        | ExprKind::Integer(_)
        | ExprKind::Unsigned(_)
        | ExprKind::Float(_) => {}
    }
}

fn quotes_forgotten(open: &[Open<'_>]) -> Diagnostic {
    let names: Vec<_> = open.iter().filter_map(|open| open.name).collect();
    let mut diagnostic = Diagnostic::new(
        Code::H0103,
        format!("`{}` is a variable, but a fact consists of constants", names[0]),
    );
    for (index, open) in open.iter().enumerate() {
        let text = if index == 0 { "a bare word is a variable" } else { "this too" };
        diagnostic = diagnostic.label(open.span, text);
    }
    let edits = open
        .iter()
        .zip(&names)
        .map(|(open, name)| Edit { span: open.span, text: quote(name) })
        .collect();
    diagnostic.fixes.push(Fix {
        title: "to mean the text, put it in quotes".to_owned(),
        edits,
        safe: false,
    });
    diagnostic
}

fn not_constant(open: &[Open<'_>]) -> Diagnostic {
    let first = &open[0];
    let mut diagnostic = match first.name {
        Some(name) => Diagnostic::new(Code::H0204, format!("a fact holds the variable `{name}`"))
            .label(first.span, "has no value"),
        None => Diagnostic::new(Code::H0204, "a fact holds `_`").label(first.span, "has no value"),
    };
    for open in &open[1..] {
        diagnostic = diagnostic.label(open.span, "nor has this");
    }
    diagnostic
        .help("give a constant, or make it a rule with `:-` and a body that binds its variables")
}
