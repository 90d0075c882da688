//! Trees to canonical text: one statement a line, long rules with one literal a line, parentheses
//! only where the tree needs them. Reading the text again gives the same tree; comments are not
//! part of it.

use std::fmt::Write;

use crate::syntax::ast::{
    Aggregate, Annotation, AnnotationArg, Atom, Body, CallForm, Directive, DirectiveKind, Expr,
    ExprKind, Item, ItemKind, Literal, Name, PlanHint, Program, RelationDecl, Rule, Spanned,
    TypeDecl, TypeKind,
};
use crate::syntax::parser_expr::{PREFIX, precedence};
use crate::syntax::token::{Kind, Word};

/// A rule longer than this gets a line for each literal.
const WIDTH_MAX: usize = 100;

/// The canonical text of a tree.
#[must_use]
pub fn print(program: &Program) -> String {
    let mut out = String::new();
    let mut after_rule = false;
    for item in &program.items {
        let rule = matches!(item.kind, ItemKind::Rule(_));
        if after_rule && !rule {
            out.push('\n');
        }
        after_rule = rule;
        print_item(&mut out, item);
    }
    out
}

/// An atom as one line.
#[must_use]
pub fn atom_text(node: &Atom) -> String {
    let mut out = String::new();
    atom(&mut out, node);
    out
}

/// A text as a string of the language, in quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn print_item(out: &mut String, item: &Item) {
    for annotation in &item.annotations {
        print_annotation(out, annotation);
    }
    match &item.kind {
        ItemKind::Relation(decl) => relation_decl(out, decl),
        ItemKind::Type(decl) => type_decl(out, decl),
        ItemKind::Rule(rule) => print_rule(out, rule),
        ItemKind::Directive(node) => directive(out, node),
        ItemKind::Include { path } => out.extend([".include ", &quoted(&path.node)]),
        ItemKind::Once => out.push_str(".once"),
        ItemKind::Pragma { key, value } => {
            out.extend([".pragma ", &quoted(&key.node)]);
            if let Some(value) = value {
                out.extend([" ", &quoted(&value.node)]);
            }
        }
    }
    out.push('\n');
}

fn print_annotation(out: &mut String, annotation: &Annotation) {
    out.extend(["//@ ", &annotation.name.node]);
    if !annotation.args.is_empty() {
        out.push('(');
        separated(out, &annotation.args, ", ", |out, arg| match &arg.node {
            AnnotationArg::Text(text) => out.push_str(&quoted(text)),
            AnnotationArg::Word(word) => out.push_str(word),
        });
        out.push(')');
    }
    out.push('\n');
}

fn separated<T>(out: &mut String, nodes: &[T], separator: &str, print: impl Fn(&mut String, &T)) {
    for (at, node) in nodes.iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        print(out, node);
    }
}

fn names(out: &mut String, names: &[Name], separator: &str) {
    separated(out, names, separator, |out, name| out.push_str(&name.node));
}

fn relation_decl(out: &mut String, decl: &RelationDecl) {
    out.push_str(".decl ");
    names(out, &decl.names, ", ");
    out.push('(');
    separated(out, &decl.columns, ", ", |out, column| {
        out.extend([&column.name.node, ": ", &column.ty.node]);
    });
    out.push(')');
    for qualifier in &decl.qualifiers {
        out.extend([" ", &qualifier.node]);
    }
}

fn type_decl(out: &mut String, decl: &TypeDecl) {
    let name = decl.name.node.as_str();
    match &decl.kind {
        TypeKind::Subtype(base) => out.extend([".type ", name, " <: ", &base.node]),
        TypeKind::Union(members) => {
            out.extend([".type ", name, " = "]);
            names(out, members, " | ");
        }
        TypeKind::Legacy(base) => out.extend([".", &base.node, "_type ", name]),
    }
}

fn directive(out: &mut String, node: &Directive) {
    out.push_str(match node.kind {
        DirectiveKind::Input => ".input ",
        DirectiveKind::Output => ".output ",
        DirectiveKind::Printsize => ".printsize ",
    });
    names(out, &node.relations, ", ");
    if !node.parameters.is_empty() {
        out.push('(');
        separated(out, &node.parameters, ", ", |out, (key, value)| {
            out.extend([&key.node, "=", &quoted(&value.node)]);
        });
        out.push(')');
    }
}

fn print_rule(out: &mut String, rule: &Rule) {
    let start = out.len();
    clause(out, rule, " ", " ");
    if rule.body.is_some() && out[start..].chars().count() > WIDTH_MAX {
        out.truncate(start);
        clause(out, rule, "\n    ", "\n    ");
    }
    if !rule.plan.is_empty() {
        out.push_str("\n.plan ");
        separated(out, &rule.plan, ", ", plan_hint);
    }
}

/// A fact or rule; `first` stands after `:-`, `next` after the separators of the outermost formula.
fn clause(out: &mut String, rule: &Rule, first: &str, next: &str) {
    separated(out, &rule.heads, ", ", atom);
    if let Some(node) = &rule.body {
        out.extend([" :-", first]);
        match node {
            Body::And(parts) => {
                separated(out, parts, &[",", next].concat(), |out, part| {
                    body(out, part, Within::And);
                });
            }
            Body::Or(parts) => {
                separated(out, parts, &[";", next].concat(), |out, part| {
                    body(out, part, Within::Or);
                });
            }
            Body::Not(..) | Body::Literal(_) => body(out, node, Within::Or),
        }
    }
    out.push('.');
}

fn plan_hint(out: &mut String, hint: &PlanHint) {
    out.push_str(&hint.version.node.to_string());
    out.push_str(": (");
    separated(out, &hint.order, ", ", |out, at| out.push_str(&at.node.to_string()));
    out.push(')');
}

fn atom(out: &mut String, node: &Atom) {
    call(out, &node.name, &node.args);
}

fn call(out: &mut String, name: &Name, args: &[Expr]) {
    out.extend([&name.node, "("]);
    separated(out, args, ", ", expr);
    out.push(')');
}

/// What a formula stands in.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Or,
    And,
    Not,
}

fn body(out: &mut String, node: &Body, within: Within) {
    let parentheses = match node {
        Body::Or(_) => within != Within::Or,
        Body::And(_) => within == Within::Not,
        Body::Literal(Spanned { node: Literal::Compare(..), .. }) => within == Within::Not,
        Body::Not(..) | Body::Literal(_) => false,
    };
    out.push_str(if parentheses { "(" } else { "" });
    match node {
        Body::And(parts) => {
            separated(out, parts, ", ", |out, part| body(out, part, Within::And));
        }
        Body::Or(parts) => separated(out, parts, "; ", |out, part| body(out, part, Within::Or)),
        Body::Not(inner, _) => {
            out.push('!');
            body(out, inner, Within::Not);
        }
        Body::Literal(node) => literal(out, &node.node),
    }
    out.push_str(if parentheses { ")" } else { "" });
}

fn literal(out: &mut String, node: &Literal) {
    match node {
        Literal::Atom(node) => atom(out, node),
        Literal::Absent(node) => {
            out.push('!');
            atom(out, node);
        }
        Literal::Compare(op, left, right) => {
            expr(out, left);
            out.extend([" ", op.text(), " "]);
            expr(out, right);
        }
        Literal::Test(name, args) => call(out, name, args),
        Literal::Constant(value) => out.push_str(if *value { "true" } else { "false" }),
    }
}

fn expr(out: &mut String, node: &Expr) {
    operand(out, node, 0);
}

/// A term in parentheses unless it binds at least this close.
fn operand(out: &mut String, node: &Expr, least: u8) {
    let level = match &node.node {
        ExprKind::Call { name, form: CallForm::Infix, .. } => infix(&name.node).0,
        ExprKind::Call { form: CallForm::Prefix, .. } => PREFIX,
        ExprKind::Integer(value) if *value < 0 => PREFIX,
        ExprKind::Float(value) if value.is_sign_negative() => PREFIX,
        _ => u8::MAX,
    };
    out.push_str(if level < least { "(" } else { "" });
    term(out, &node.node);
    out.push_str(if level < least { ")" } else { "" });
}

fn term(out: &mut String, node: &ExprKind) {
    match node {
        ExprKind::Var(name) => out.push_str(name),
        ExprKind::Any => out.push('_'),
        ExprKind::Text(text) => out.push_str(&quoted(text)),
        ExprKind::Integer(value) => write!(out, "{value}").expect("a string takes all text"),
        ExprKind::Unsigned(value) => write!(out, "{value}u").expect("a string takes all text"),
        ExprKind::Float(value) => write!(out, "{value:?}").expect("a string takes all text"),
        ExprKind::Call { name, args, form } => match (form, args.as_slice()) {
            (CallForm::Infix, [left, right]) => operation(out, &name.node, left, right),
            (CallForm::Prefix, [inner]) => prefix(out, &name.node, inner),
            _ => call(out, name, args),
        },
        ExprKind::Aggregate(node) => aggregate(out, node),
        ExprKind::As(inner, ty) => {
            out.push_str("as(");
            expr(out, inner);
            out.extend([", ", &ty.node, ")"]);
        }
    }
}

fn operation(out: &mut String, name: &str, left: &Expr, right: &Expr) {
    let (level, to_right) = infix(name);
    operand(out, left, if to_right { level + 1 } else { level });
    out.extend([" ", name, " "]);
    // What starts with a prefix operator needs no parentheses behind an operator.
    let starts_with_prefix = match &right.node {
        ExprKind::Call { form, .. } => *form == CallForm::Prefix,
        ExprKind::Integer(_) | ExprKind::Float(_) => true,
        _ => false,
    };
    let least = if to_right { level } else { level + 1 };
    operand(out, right, if starts_with_prefix { 0 } else { least });
}

fn prefix(out: &mut String, name: &str, inner: &Expr) {
    let minus = name == "neg";
    out.extend(if minus { ["-", ""] } else { [name, " "] });
    // A minus before a number would become part of it.
    let number = matches!(inner.node, ExprKind::Integer(_) | ExprKind::Float(_));
    if minus && number {
        out.push('(');
        term(out, &inner.node);
        out.push(')');
    } else {
        operand(out, inner, PREFIX);
    }
}

/// The precedence of the infix operator spelt `name`, and whether it groups to the right.
fn infix(name: &str) -> (u8, bool) {
    let kind = match name {
        "+" => Kind::Plus,
        "-" => Kind::Minus,
        "*" => Kind::Star,
        "/" => Kind::Slash,
        "%" => Kind::Percent,
        "^" => Kind::Caret,
        other => Word::of(other).map_or(Kind::End, Kind::Word),
    };
    precedence(kind).unwrap_or((0, false))
}

fn aggregate(out: &mut String, node: &Aggregate) {
    out.push_str(node.kind.node.name());
    if let Some(value) = &node.value {
        out.push(' ');
        expr(out, value);
    }
    out.push_str(" : { ");
    body(out, &node.body, Within::Or);
    out.push_str(" }");
}
