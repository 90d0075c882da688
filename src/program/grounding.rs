//! Which literal binds which variable. A variable is bound by a positive atom, by `=` with a bound
//! expression, by a range of bound ends, or by an aggregate: its value, and for `min` and `max`
//! the witnesses. A variable of an aggregate that the body around it names too is an outer one if
//! that body binds it without the aggregate, a witness otherwise.

use std::mem;

use crate::base::ids::{Id, VarId};
use crate::program::alternatives::Flat;
use crate::program::draft::{Draft, DraftAggregate, DraftKind, DraftLiteral, Roles, Term};
use crate::program::names::Names;
use crate::program::typing::Typed;
use crate::program::unbound::{Unbound, Where};
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::text::diagnostic::Diagnostic;

/// Variables that are bound, by id.
#[derive(Clone)]
pub(crate) struct Bound(Vec<bool>);

impl Bound {
    pub(crate) fn has(&self, var: VarId) -> bool {
        self.0[var.index()]
    }

    /// Whether it was not bound before.
    fn add(&mut self, var: VarId) -> bool {
        !mem::replace(&mut self.0[var.index()], true)
    }

    fn has_all(&self, term: &Term) -> bool {
        let mut all = true;
        term.each_var(&mut |var, _| all &= self.has(var));
        all
    }
}

struct Grounding<'a> {
    draft: &'a Draft,
    unbound: Unbound<'a>,
    /// The role of the variables of each aggregate, by its scope.
    roles: Vec<Option<Roles>>,
}

/// Finds the roles of all variables and reports those that nothing binds. `flats` is the body
/// that the draft came from.
pub(crate) fn resolve(
    draft: &mut Draft,
    names: &Names,
    (typed, flats): (&Typed, &[Flat<'_>]),
    found: &mut Vec<Diagnostic>,
) {
    let roles = {
        let mut bound = Bound(vec![false; draft.vars.len()]);
        let unbound = Unbound::new((draft, typed), names, flats, found);
        let mut grounding = Grounding { draft, unbound, roles: Vec::new() };
        grounding.scope(&draft.body, &mut bound);
        grounding.uses(&draft.body, &bound);
        for arg in draft.head.iter().flat_map(|head| &head.args) {
            grounding.term(arg, Where::Head, &bound);
        }
        grounding.roles
    };
    assign(&mut draft.body, &roles);
}

/// Writes the roles into the aggregates.
fn assign(body: &mut [DraftLiteral], roles: &[Option<Roles>]) {
    for literal in body {
        if let DraftKind::Aggregate { aggregate, .. } = &mut literal.kind {
            aggregate.roles = roles.get(aggregate.scope).cloned().flatten();
            assign(&mut aggregate.body, roles);
        }
    }
}

/// Variables of the aggregate that scopes around it name, in id order.
pub(crate) fn shared(draft: &Draft, aggregate: &DraftAggregate) -> Vec<VarId> {
    let mut vars = Vec::new();
    aggregate.each_var(&mut |var, _| {
        if draft.vars[var].scope < aggregate.scope {
            vars.push(var);
        }
    });
    vars.sort_unstable();
    vars.dedup();
    vars
}

impl<'a> Grounding<'a> {
    /// Binds what the body binds, aggregates one after the other as their outer variables are
    /// known.
    fn scope(&mut self, body: &'a [DraftLiteral], bound: &mut Bound) {
        let mut open: Vec<(&'a Term, &'a DraftAggregate)> = body
            .iter()
            .filter_map(|literal| match &literal.kind {
                DraftKind::Aggregate { var, aggregate } => Some((var, &**aggregate)),
                _ => None,
            })
            .collect();
        loop {
            plain(body, bound);
            if open.is_empty() {
                return;
            }
            let is_ready = |(_, aggregate): &(&Term, &DraftAggregate)| {
                shared(self.draft, aggregate).iter().all(|var| bound.has(*var))
            };
            // What another aggregate results in is no witness of this one, wherever it stands.
            let results: Vec<VarId> = open.iter().filter_map(|(var, _)| var.var()).collect();
            let gives_witness = |(_, aggregate): &(&Term, &DraftAggregate)| {
                let mut inner = bound.clone();
                for literal in &aggregate.body {
                    if let DraftKind::Aggregate { var, .. } = &literal.kind {
                        var.var().map(|var| inner.add(var));
                    }
                }
                plain(&aggregate.body, &mut inner);
                let is_given =
                    |var: &VarId| bound.has(*var) || (inner.has(*var) && !results.contains(var));
                shared(self.draft, aggregate).iter().all(is_given)
            };
            let next = open
                .iter()
                .position(is_ready)
                .or_else(|| open.iter().position(gives_witness))
                // What is left lacks a variable; the first is read as if it had it.
                .unwrap_or(0);
            let (var, aggregate) = open.remove(next);
            self.aggregate(aggregate, bound);
            if let Some(var) = var.var() {
                bound.add(var);
            }
        }
    }

    fn aggregate(&mut self, aggregate: &'a DraftAggregate, bound: &mut Bound) {
        let mut inner = bound.clone();
        self.scope(&aggregate.body, &mut inner);
        let mut roles = Roles::default();
        for var in shared(self.draft, aggregate) {
            if bound.has(var) {
                roles.outer.push(var);
            } else if inner.has(var) {
                match aggregate.kind {
                    AggregateKind::Min | AggregateKind::Max => {}
                    AggregateKind::Count | AggregateKind::Sum | AggregateKind::Mean => {
                        self.unbound.inside_only(var, aggregate);
                    }
                }
                roles.witnesses.push(var);
                bound.add(var);
            } else {
                roles.outer.push(var);
            }
        }
        self.uses(&aggregate.body, &inner);
        if let Some(value) = &aggregate.value {
            self.term(value, Where::Aggregate(aggregate.kind), &inner);
        }
        if self.roles.len() <= aggregate.scope {
            self.roles.resize(aggregate.scope + 1, None);
        }
        self.roles[aggregate.scope] = Some(roles);
    }

    /// Reports variables of literals that are not bound.
    fn uses(&mut self, body: &'a [DraftLiteral], bound: &Bound) {
        for literal in body {
            match &literal.kind {
                DraftKind::Atom { .. } | DraftKind::Constant(_) => {}
                DraftKind::Absent { args, .. } => {
                    args.iter().for_each(|arg| self.term(arg, Where::Absent, bound));
                }
                DraftKind::Compare(_, left, right) => {
                    self.term(left, Where::Compare, bound);
                    self.term(right, Where::Compare, bound);
                }
                DraftKind::Test { test, args, .. } => {
                    args.iter().for_each(|arg| self.term(arg, Where::Test(*test), bound));
                }
                DraftKind::Range { var, args } => {
                    self.term(var, Where::Compare, bound);
                    args.iter().for_each(|arg| self.term(arg, Where::Range, bound));
                }
                DraftKind::Aggregate { var, .. } => self.term(var, Where::Compare, bound),
            }
        }
    }

    fn term(&mut self, term: &'a Term, place: Where, bound: &Bound) {
        term.each_var(&mut |var, term| {
            if !bound.has(var) {
                self.unbound.report(var, term, place, bound);
            }
        });
    }
}

/// Binds what a body binds without its aggregates, inside of `bound`.
fn plain(body: &[DraftLiteral], bound: &mut Bound) {
    let mut is_changed = true;
    while is_changed {
        is_changed = false;
        for literal in body {
            is_changed |= bind(literal, bound);
        }
        // A chain of equations in the reverse order is done in one pass back.
        if is_changed {
            for literal in body.iter().rev() {
                bind(literal, bound);
            }
        }
    }
}

fn bind(literal: &DraftLiteral, bound: &mut Bound) -> bool {
    match &literal.kind {
        DraftKind::Atom { args, .. } => {
            let mut is_changed = false;
            for var in args.iter().filter_map(Term::var) {
                is_changed |= bound.add(var);
            }
            is_changed
        }
        DraftKind::Compare(CompareOp::Eq, left, right) => {
            let mut is_changed = false;
            for (side, other) in [(left, right), (right, left)] {
                if let Some(var) = side.var()
                    && bound.has_all(other)
                {
                    is_changed |= bound.add(var);
                }
            }
            is_changed
        }
        DraftKind::Range { var, args } => match var.var() {
            Some(var) if args.iter().all(|arg| bound.has_all(arg)) => bound.add(var),
            _ => false,
        },
        DraftKind::Absent { .. }
        | DraftKind::Compare(..)
        | DraftKind::Test { .. }
        | DraftKind::Aggregate { .. }
        | DraftKind::Constant(_) => false,
    }
}
