//! [`Draft`]: a normal rule whose types are not known yet. Functors inside atoms are pulled out,
//! aggregates and ranges are literals of their own, every variable has an id and a scope.

use crate::base::ids::{RelationId, Table, TypeId, VarId};
use crate::program::builtins::Test;
use crate::program::functors::Signature;
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::text::span::Span;

/// A rule, a fact or a question on the way to its normal form.
#[derive(Default, Debug)]
pub(crate) struct Draft {
    pub(crate) vars: Table<VarId, DraftVar>,
    /// Nothing for a question.
    pub(crate) head: Option<DraftHead>,
    pub(crate) body: Vec<DraftLiteral>,
    /// How many type nodes the terms have.
    pub(crate) nodes: usize,
}

/// A head.
#[derive(Debug)]
pub(crate) struct DraftHead {
    pub(crate) relation: RelationId,
    pub(crate) args: Vec<Term>,
}

/// A variable.
#[derive(Debug)]
pub(crate) struct DraftVar {
    /// Nothing for `_` and for variables that stand for a pulled out expression.
    pub(crate) name: Option<String>,
    pub(crate) span: Span,
    /// 0 for the rule; aggregates are numbered in the order of the text, so that a scope's number
    /// is greater than those around it.
    pub(crate) scope: usize,
    pub(crate) node: Node,
}

/// Terms of one node have the same base type.
pub(crate) type Node = usize;

/// An expression.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) kind: TermKind,
    pub(crate) span: Span,
    pub(crate) node: Node,
}

/// What an expression is.
#[derive(Debug)]
pub(crate) enum TermKind {
    Var(VarId),
    Integer(i128),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Call { signature: Signature, name: String, args: Vec<Term> },
    As { ty: TypeId, term: Box<Term> },
}

/// A condition.
#[derive(Debug)]
pub(crate) struct DraftLiteral {
    pub(crate) kind: DraftKind,
    pub(crate) span: Span,
}

/// What a condition is. Arguments of atoms are variables and constants.
#[derive(Debug)]
pub(crate) enum DraftKind {
    Atom { relation: RelationId, args: Vec<Term> },
    Absent { relation: RelationId, args: Vec<Term> },
    Compare(CompareOp, Term, Term),
    Test { test: Test, args: Vec<Term>, negated: bool },
    Range { var: Term, args: Vec<Term> },
    Aggregate { var: Term, aggregate: Box<DraftAggregate> },
    Constant(bool),
}

/// An aggregate.
#[derive(Debug)]
pub(crate) struct DraftAggregate {
    pub(crate) kind: AggregateKind,
    pub(crate) value: Option<Term>,
    pub(crate) body: Vec<DraftLiteral>,
    pub(crate) span: Span,
    pub(crate) scope: usize,
    /// The part that the scopes play, once grounding has found it.
    pub(crate) roles: Option<Roles>,
}

/// What the variables of an aggregate are to the body around it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Roles {
    pub(crate) outer: Vec<VarId>,
    pub(crate) witnesses: Vec<VarId>,
}

impl Draft {
    /// A type node for a new term.
    pub(crate) fn new_node(&mut self) -> Node {
        self.nodes += 1;
        self.nodes - 1
    }

    /// The name of a variable as messages print it.
    pub(crate) fn var_name(&self, var: VarId) -> &str {
        self.vars[var].name.as_deref().unwrap_or("_")
    }
}

impl Term {
    /// The variable, if the term is one.
    pub(crate) fn var(&self) -> Option<VarId> {
        match self.kind {
            TermKind::Var(var) => Some(var),
            _ => None,
        }
    }

    /// Calls `visit` with every variable and the term that it is.
    pub(crate) fn each_var<'a>(&'a self, visit: &mut dyn FnMut(VarId, &'a Self)) {
        match &self.kind {
            TermKind::Var(var) => visit(*var, self),
            TermKind::Call { args, .. } => args.iter().for_each(|arg| arg.each_var(visit)),
            TermKind::As { term, .. } => term.each_var(visit),
            TermKind::Integer(_)
            | TermKind::Unsigned(_)
            | TermKind::Float(_)
            | TermKind::Text(_) => {}
        }
    }
}

impl DraftLiteral {
    /// Calls `visit` with every variable outside of aggregates and the term that it is.
    pub(crate) fn each_direct_var<'a>(&'a self, visit: &mut dyn FnMut(VarId, &'a Term)) {
        match &self.kind {
            DraftKind::Atom { args, .. }
            | DraftKind::Absent { args, .. }
            | DraftKind::Test { args, .. } => args.iter().for_each(|arg| arg.each_var(visit)),
            DraftKind::Compare(_, left, right) => {
                left.each_var(visit);
                right.each_var(visit);
            }
            DraftKind::Range { var, args } => {
                var.each_var(visit);
                args.iter().for_each(|arg| arg.each_var(visit));
            }
            DraftKind::Aggregate { var, .. } => var.each_var(visit),
            DraftKind::Constant(_) => {}
        }
    }

    /// Calls `visit` with every variable, those inside of aggregates too.
    pub(crate) fn each_var<'a>(&'a self, visit: &mut dyn FnMut(VarId, &'a Term)) {
        self.each_direct_var(visit);
        if let DraftKind::Aggregate { aggregate, .. } = &self.kind {
            aggregate.each_var(visit);
        }
    }
}

impl DraftAggregate {
    /// Calls `visit` with every variable of value and body, nested aggregates too.
    pub(crate) fn each_var<'a>(&'a self, visit: &mut dyn FnMut(VarId, &'a Term)) {
        self.value.iter().for_each(|value| value.each_var(visit));
        self.body.iter().for_each(|literal| literal.each_var(visit));
    }
}

/// Calls `visit` with every literal of a body, then with those of its aggregates.
pub(crate) fn each_literal<'a>(body: &'a [DraftLiteral], visit: &mut dyn FnMut(&'a DraftLiteral)) {
    for literal in body {
        visit(literal);
        if let DraftKind::Aggregate { aggregate, .. } = &literal.kind {
            each_literal(&aggregate.body, visit);
        }
    }
}
