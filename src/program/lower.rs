//! Trees to drafts: variables get ids and scopes, what is nested in atoms is pulled out.
//!
//! A variable of an aggregate is the same as one around it exactly if a body or head around it
//! names it outside of every other aggregate.

use std::mem;

use crate::base::hash::Map;
use crate::base::ids::VarId;
use crate::program::alternatives::{Flat, alternatives, span_of};
use crate::program::builtins::Test;
use crate::program::draft::{
    Draft, DraftAggregate, DraftHead, DraftKind, DraftLiteral, DraftVar, Term, TermKind,
};
use crate::program::functors::signature;
use crate::program::names::Names;
use crate::syntax::ast::{Aggregate, Atom, CompareOp, Expr, ExprKind, Literal};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// The draft of one head and one alternative of the body. Names must have been checked.
pub(crate) fn lower(
    head: Option<&Atom>,
    body: &[Flat<'_>],
    names: &Names,
    found: &mut Vec<Diagnostic>,
) -> Draft {
    let mut lower = Lower {
        names,
        found,
        draft: Draft::default(),
        scopes: Vec::new(),
        n_scopes: 0,
        out: Vec::new(),
    };
    let mut direct = Direct::default();
    for arg in head.iter().flat_map(|head| &head.args) {
        direct.expr(arg);
    }
    body.iter().for_each(|flat| direct.literal(flat.literal));
    lower.enter(direct);
    body.iter().for_each(|flat| lower.literal(flat));
    let head = head.and_then(|head| lower.head(head));
    lower.draft.body = lower.out;
    lower.draft.head = head;
    lower.draft
}

/// The names that a scope uses itself, outside of aggregates, in the order of the text.
#[derive(Default)]
struct Direct<'a> {
    names: Vec<(&'a str, Span)>,
}

impl<'a> Direct<'a> {
    fn expr(&mut self, expr: &'a Expr) {
        match &expr.node {
            ExprKind::Var(name) => self.names.push((name, expr.span)),
            ExprKind::Call { args, .. } => args.iter().for_each(|arg| self.expr(arg)),
            ExprKind::As(part, _) => self.expr(part),
            ExprKind::Aggregate(_)
            | ExprKind::Any
            | ExprKind::Text(_)
            | ExprKind::Integer(_)
            | ExprKind::Unsigned(_)
            | ExprKind::Float(_) => {}
        }
    }

    fn literal(&mut self, literal: &'a Literal) {
        match literal {
            Literal::Atom(atom) | Literal::Absent(atom) => {
                atom.args.iter().for_each(|arg| self.expr(arg));
            }
            Literal::Compare(_, left, right) => {
                self.expr(left);
                self.expr(right);
            }
            Literal::Test(_, args) => args.iter().for_each(|arg| self.expr(arg)),
            Literal::Constant(_) => {}
        }
    }
}

/// A scope and the variables that belong to it.
struct Scope<'a> {
    id: usize,
    vars: Map<&'a str, VarId>,
}

struct Lower<'a, 'b> {
    names: &'b Names,
    found: &'b mut Vec<Diagnostic>,
    draft: Draft,
    /// The scopes around the present place, the rule first.
    scopes: Vec<Scope<'a>>,
    n_scopes: usize,
    /// Literals of the present scope so far.
    out: Vec<DraftLiteral>,
}

impl<'a> Lower<'a, '_> {
    /// Opens a scope: names that no scope around it has become its variables.
    fn enter(&mut self, direct: Direct<'a>) -> usize {
        let id = self.n_scopes;
        self.n_scopes += 1;
        let mut scope = Scope { id, vars: Map::default() };
        for (name, span) in direct.names {
            if scope.vars.contains_key(name) || self.find(name).is_some() {
                continue;
            }
            let node = self.draft.new_node();
            let var = DraftVar { name: Some(name.to_owned()), span, scope: id, node };
            scope.vars.insert(name, self.draft.vars.push(var));
        }
        self.scopes.push(scope);
        id
    }

    fn find(&self, name: &str) -> Option<VarId> {
        self.scopes.iter().find_map(|scope| scope.vars.get(name).copied())
    }

    /// A variable without a name in the present scope.
    fn fresh(&mut self, span: Span) -> Term {
        let scope = self.scopes.last().map_or(0, |scope| scope.id);
        let node = self.draft.new_node();
        let var = self.draft.vars.push(DraftVar { name: None, span, scope, node });
        Term { kind: TermKind::Var(var), span, node }
    }

    fn push(&mut self, kind: DraftKind, span: Span) {
        self.out.push(DraftLiteral { kind, span });
    }

    fn head(&mut self, head: &'a Atom) -> Option<DraftHead> {
        let relation = self.names.relation(&head.name.node)?;
        let args = head.args.iter().map(|arg| self.term(arg, "the head")).collect();
        Some(DraftHead { relation, args })
    }

    fn literal(&mut self, flat: &Flat<'a>) {
        match flat.literal {
            Literal::Atom(atom) => self.atom(atom, flat, flat.negated),
            Literal::Absent(atom) => self.atom(atom, flat, !flat.negated),
            Literal::Compare(op, left, right) => {
                self.under_negation(flat, &[left, right]);
                let op = if flat.negated { op.negated() } else { *op };
                self.compare(op, (left, right), flat.span);
            }
            Literal::Test(name, args) => {
                self.under_negation(flat, &args.iter().collect::<Vec<_>>());
                let test = if name.node == "match" { Test::Match } else { Test::Contains };
                let args = args.iter().map(|arg| self.term(arg, "a test")).collect();
                self.push(DraftKind::Test { test, args, negated: flat.negated }, flat.span);
            }
            Literal::Constant(value) => {
                self.push(DraftKind::Constant(*value != flat.negated), flat.span);
            }
        }
    }

    /// `!` around a comparison cannot simply turn it around if a side has many values or none.
    fn under_negation(&mut self, flat: &Flat<'_>, args: &[&Expr]) {
        if flat.negated && args.iter().any(|arg| has_generator(arg)) {
            self.found.push(
                Diagnostic::new(
                    Code::H0003,
                    "an aggregate or range under a negated formula is not supported yet",
                )
                .label(flat.span, "")
                .help("give it a relation of its own and negate that"),
            );
        }
    }

    fn atom(&mut self, atom: &'a Atom, flat: &Flat<'a>, negated: bool) {
        let Some(relation) = self.names.relation(&atom.name.node) else { return };
        if flat.negated {
            self.under_negation(flat, &atom.args.iter().collect::<Vec<_>>());
        }
        let args = atom.args.iter().map(|arg| self.arg(arg)).collect();
        let kind = if negated {
            DraftKind::Absent { relation, args }
        } else {
            DraftKind::Atom { relation, args }
        };
        self.push(kind, flat.span);
    }

    /// An argument of a body atom: a variable or a constant.
    fn arg(&mut self, expr: &'a Expr) -> Term {
        if matches!(expr.node, ExprKind::Any) {
            return self.fresh(expr.span);
        }
        let term = self.term(expr, "an atom");
        if !matches!(term.kind, TermKind::Call { .. } | TermKind::As { .. }) {
            return term;
        }
        let var = self.fresh(expr.span);
        self.push(DraftKind::Compare(CompareOp::Eq, var_of(&var), term), expr.span);
        var
    }

    fn compare(&mut self, op: CompareOp, (left, right): (&'a Expr, &'a Expr), span: Span) {
        if op == CompareOp::Eq {
            for (var, other) in [(left, right), (right, left)] {
                if matches!(var.node, ExprKind::Var(_)) && is_generator(other) {
                    let var = self.term(var, "a comparison");
                    self.generator(var, other, span);
                    return;
                }
            }
        }
        let left = self.term(left, "a comparison");
        let right = self.term(right, "a comparison");
        self.push(DraftKind::Compare(op, left, right), span);
    }

    /// An aggregate or range as a literal that gives `var` its values.
    fn generator(&mut self, var: Term, expr: &'a Expr, span: Span) {
        match &expr.node {
            ExprKind::Aggregate(aggregate) => {
                let aggregate = Box::new(self.aggregate(aggregate, expr.span));
                self.push(DraftKind::Aggregate { var, aggregate }, span);
            }
            ExprKind::Call { args, .. } => {
                let args = args.iter().map(|arg| self.term(arg, "`range`")).collect();
                self.push(DraftKind::Range { var, args }, span);
            }
            _ => unreachable!("only aggregates and ranges generate values"),
        }
    }

    fn term(&mut self, expr: &'a Expr, place: &str) -> Term {
        let kind = match &expr.node {
            ExprKind::Var(name) => return self.var(name, expr.span),
            ExprKind::Any => {
                self.found.push(
                    Diagnostic::new(Code::H0201, format!("`_` has no value in {place}"))
                        .label(expr.span, "")
                        .note("`_` stands for any value of a column of a body atom"),
                );
                return self.fresh(expr.span);
            }
            _ if is_generator(expr) => {
                let var = self.fresh(expr.span);
                self.generator(var_of(&var), expr, expr.span);
                return var;
            }
            ExprKind::Text(text) => TermKind::Text(text.clone()),
            ExprKind::Integer(n) => TermKind::Integer(*n),
            ExprKind::Unsigned(n) => TermKind::Unsigned(*n),
            ExprKind::Float(x) => TermKind::Float(*x),
            ExprKind::Call { name, args, .. } => {
                let signature = signature(&name.node, args.len()).expect("names are checked");
                let name = if name.node == "neg" { "-" } else { &name.node }.to_owned();
                let args = args.iter().map(|arg| self.term(arg, &format!("`{name}`"))).collect();
                TermKind::Call { signature, name, args }
            }
            ExprKind::As(part, name) => {
                let ty = self.names.types.find(name).expect("names are checked");
                TermKind::As { ty, term: Box::new(self.term(part, "`as`")) }
            }
            ExprKind::Aggregate(_) => unreachable!("is a generator"),
        };
        Term { kind, span: expr.span, node: self.draft.new_node() }
    }

    fn var(&mut self, name: &str, span: Span) -> Term {
        let var = self.find(name).expect("every scope has entered its names");
        Term { kind: TermKind::Var(var), span, node: self.draft.vars[var].node }
    }

    fn aggregate(&mut self, aggregate: &'a Aggregate, span: Span) -> DraftAggregate {
        let flats = match alternatives(&aggregate.body).map(|mut all| (all.pop(), all.len())) {
            Ok((Some(flats), 0)) => flats,
            Ok(_) => {
                let place = span_of(&aggregate.body).unwrap_or(span);
                self.found.push(
                    Diagnostic::new(Code::H0003, "`;` inside an aggregate is not supported yet")
                        .label(place, "")
                        .help("give the alternatives a relation of their own and aggregate that"),
                );
                Vec::new()
            }
            Err(diagnostic) => {
                self.found.push(*diagnostic);
                Vec::new()
            }
        };
        let mut direct = Direct::default();
        aggregate.value.iter().for_each(|value| direct.expr(value));
        flats.iter().for_each(|flat| direct.literal(flat.literal));
        let scope = self.enter(direct);
        let around = mem::take(&mut self.out);
        flats.iter().for_each(|flat| self.literal(flat));
        let value = aggregate.value.as_ref().map(|value| self.term(value, "an aggregate"));
        let body = mem::replace(&mut self.out, around);
        self.scopes.pop();
        DraftAggregate { kind: aggregate.kind.node, value, body, span, scope, roles: None }
    }
}

/// The variable again, as a second term.
fn var_of(term: &Term) -> Term {
    let var = term.var().expect("a variable");
    Term { kind: TermKind::Var(var), span: term.span, node: term.node }
}

/// Whether the expression itself is an aggregate or a range.
fn is_generator(expr: &Expr) -> bool {
    match &expr.node {
        ExprKind::Aggregate(_) => true,
        ExprKind::Call { name, .. } => name.node == "range",
        _ => false,
    }
}

/// Whether the expression or a part of it is an aggregate or a range.
fn has_generator(expr: &Expr) -> bool {
    is_generator(expr)
        || match &expr.node {
            ExprKind::Call { args, .. } => args.iter().any(has_generator),
            ExprKind::As(part, _) => has_generator(part),
            _ => false,
        }
}
