//! [`Walk`]: one step after the other through the literals of a body, binding what each binds.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{Id, VarId};
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind};
use crate::provenance::proof::Site;
use crate::provenance::solve::{Bound, Order, Solver, Visit, choice_of, solvable};
use crate::syntax::ast::CompareOp;
use crate::value::value::{Tuple, Value, cmp_tuples};

/// A walk through a body.
pub(super) struct Walk<'w, 'a> {
    pub(super) solver: &'w Solver<'a>,
    /// Whose body it is: the rule's or an aggregate's.
    pub(super) scope: &'w Site,
    pub(super) literals: &'w [Literal],
    pub(super) order: &'w [usize],
    pub(super) bound: Bound,
    /// Variables bound since the start, in that order.
    pub(super) trail: Vec<VarId>,
    pub(super) in_order: Order,
    pub(super) work: Option<&'w Cell<usize>>,
    pub(super) visit: Visit<'w>,
}

/// Matches of an atom that are sorted at a time, at first.
const SORTED_AT_ONCE: usize = 256;

impl Walk<'_, '_> {
    pub(super) fn step(&mut self, depth: usize) -> ControlFlow<()> {
        self.solver.watch.tick(1)?;
        let Some(&at) = self.order.get(depth) else {
            return (self.visit)(&self.bound);
        };
        let literals = self.literals;
        let holds = match &literals[at].kind {
            LiteralKind::Atom(atom) => return self.atom(atom, depth),
            LiteralKind::Absent(atom) => !self.solver.has(atom, &self.bound),
            LiteralKind::Compare(op, left, right) => {
                return self.compare(*op, (left, right), depth);
            }
            LiteralKind::Test { test, args, negated } => {
                self.values(args).is_some_and(|v| self.solver.builtins.holds(*test, &v) != *negated)
            }
            LiteralKind::Range { var, args } => return self.range(*var, args, depth),
            LiteralKind::Aggregate { var, aggregate } => {
                return self.aggregate(at, (*var, aggregate), depth);
            }
            LiteralKind::Constant(holds) => *holds,
        };
        if holds { self.step(depth + 1) } else { ControlFlow::Continue(()) }
    }

    fn values(&self, args: &[Expr]) -> Option<Vec<Value>> {
        args.iter().map(|arg| self.solver.eval(arg, &self.bound)).collect()
    }

    fn spend(&self, units: usize) -> ControlFlow<()> {
        let Some(work) = self.work else { return ControlFlow::Continue(()) };
        match work.get().checked_sub(units) {
            Some(left) => {
                work.set(left);
                ControlFlow::Continue(())
            }
            None => {
                work.set(0);
                ControlFlow::Break(())
            }
        }
    }

    fn atom(&mut self, atom: &Atom, depth: usize) -> ControlFlow<()> {
        let pattern = Solver::pattern(atom, &self.bound);
        let whole: Option<Vec<Value>> = pattern.iter().copied().collect();
        if let Some(tuple) = whole {
            self.spend(1)?;
            if !self.solver.tables.contains(atom.relation, &tuple) {
                return ControlFlow::Continue(());
            }
            return self.step(depth + 1);
        }
        match self.in_order {
            Order::Canonical => self.sorted(atom, &pattern, depth),
            Order::Stored => self.stored(atom, &pattern, depth),
        }
    }

    /// The matches of an atom as they are stored.
    fn stored(&mut self, atom: &Atom, pattern: &[Option<Value>], depth: usize) -> ControlFlow<()> {
        let tables = self.solver.tables;
        let mut flow = ControlFlow::Continue(());
        tables.select(atom.relation, pattern, &mut |tuple| {
            flow = self.spend(1);
            if flow.is_continue() {
                flow = self.solver.watch.tick(1);
            }
            if flow.is_continue() {
                flow = self.matching(atom, tuple, depth);
            }
            flow
        });
        flow
    }

    /// The matches of an atom in the order of the language. Of very many only the next ones are
    /// ever kept.
    fn sorted(&mut self, atom: &Atom, pattern: &[Option<Value>], depth: usize) -> ControlFlow<()> {
        let mut room = SORTED_AT_ONCE;
        let mut after: Option<Tuple> = None;
        loop {
            let (matches, more) = self.least(atom, pattern, (after.as_ref(), room))?;
            for tuple in &matches {
                self.matching(atom, tuple, depth)?;
            }
            if !more {
                return ControlFlow::Continue(());
            }
            after = matches.into_iter().next_back();
            room = room.saturating_mul(8);
        }
    }

    /// The first `room` matches behind `after`, sorted, and whether there are more.
    fn least(
        &mut self,
        atom: &Atom,
        pattern: &[Option<Value>],
        (after, room): (Option<&Tuple>, usize),
    ) -> ControlFlow<(), (Vec<Tuple>, bool)> {
        let symbols = self.solver.builtins.symbols();
        let by_value = |a: &Tuple, b: &Tuple| cmp_tuples(a, b, symbols);
        let mut found: Vec<Tuple> = Vec::new();
        let mut last: Option<Tuple> = None;
        let mut flow = ControlFlow::Continue(());
        let mut read = 0;
        self.solver.tables.select(atom.relation, pattern, &mut |tuple| {
            read += 1;
            let behind = |after: &Tuple| cmp_tuples(tuple, after, symbols).is_gt();
            if after.is_none_or(&behind) && !last.as_ref().is_some_and(&behind) {
                found.push(tuple.into());
                if found.len() >= room.saturating_mul(2) {
                    found.select_nth_unstable_by(room - 1, by_value);
                    found.truncate(room);
                    last = found.last().cloned();
                }
            }
            flow = self.solver.watch.tick(1);
            flow
        });
        flow?;
        self.spend(read)?;
        found.sort_unstable_by(by_value);
        let more = last.is_some() || found.len() > room;
        found.truncate(room);
        ControlFlow::Continue((found, more))
    }

    /// Goes on with a tuple that fits an atom.
    fn matching(&mut self, atom: &Atom, tuple: &[Value], depth: usize) -> ControlFlow<()> {
        let mark = self.trail.len();
        if self.bind_all(atom.args.iter().zip(tuple)) {
            self.step(depth + 1)?;
        }
        self.unbind(mark);
        ControlFlow::Continue(())
    }

    /// Binds the variables among `args`, or compares where they have a value already.
    fn bind_all<'v>(&mut self, args: impl Iterator<Item = (&'v Arg, &'v Value)>) -> bool {
        for (arg, value) in args {
            match arg {
                Arg::Const(constant) if constant != value => return false,
                Arg::Const(_) => {}
                Arg::Var(var) => {
                    if !self.bind(*var, *value) {
                        return false;
                    }
                }
            }
        }
        true
    }

    fn bind(&mut self, var: VarId, value: Value) -> bool {
        match self.bound[var.index()] {
            Some(known) => known == value,
            None => {
                self.bound[var.index()] = Some(value);
                self.trail.push(var);
                true
            }
        }
    }

    /// Takes back what was bound since the trail was `mark` long.
    fn unbind(&mut self, mark: usize) {
        for var in self.trail.drain(mark..) {
            self.bound[var.index()] = None;
        }
    }

    /// Goes on with one more variable bound.
    fn with(&mut self, var: VarId, value: Value, depth: usize) -> ControlFlow<()> {
        let mark = self.trail.len();
        if self.bind(var, value) {
            self.step(depth + 1)?;
        }
        self.unbind(mark);
        ControlFlow::Continue(())
    }

    fn compare(
        &mut self,
        op: CompareOp,
        (left, right): (&Expr, &Expr),
        depth: usize,
    ) -> ControlFlow<()> {
        let solver = self.solver;
        let (open, value) = match (solver.eval(left, &self.bound), solver.eval(right, &self.bound))
        {
            (Some(a), Some(b)) => {
                let holds = op.holds(a.cmp_in(b, solver.builtins.symbols()));
                return if holds { self.step(depth + 1) } else { ControlFlow::Continue(()) };
            }
            (None, Some(value)) if op == CompareOp::Eq => (left, value),
            (Some(value), None) if op == CompareOp::Eq => (right, value),
            _ => return ControlFlow::Continue(()),
        };
        let var = solvable(open, &|var| self.bound[var.index()].is_some());
        match (var, solver.turn(open, value, &self.bound)) {
            (Some(var), Some(value)) => self.with(var, value, depth),
            _ => ControlFlow::Continue(()),
        }
    }

    fn range(&mut self, var: VarId, args: &[Expr], depth: usize) -> ControlFlow<()> {
        let Some(args) = self.values(args) else { return ControlFlow::Continue(()) };
        let solver = self.solver;
        let mut flow = ControlFlow::Continue(());
        // A range without values binds nothing, as any operation without a value.
        if let Some(known) = self.bound[var.index()] {
            let found = solver.builtins.in_range(known, &args, &mut || {
                flow = solver.watch.tick(1);
                if flow.is_continue() {
                    flow = self.spend(1);
                }
                flow
            });
            flow?;
            return if found == Ok(true) {
                self.step(depth + 1)
            } else {
                ControlFlow::Continue(())
            };
        }
        drop(solver.builtins.range(&args, &mut |value| {
            flow = self.solver.watch.tick(1);
            if flow.is_continue() {
                flow = self.spend(1);
            }
            if flow.is_continue() {
                flow = self.with(var, value, depth);
            }
            flow
        }));
        flow
    }

    fn aggregate(
        &mut self,
        at: usize,
        (var, aggregate): (VarId, &Aggregate),
        depth: usize,
    ) -> ControlFlow<()> {
        let group = self.solver.group(&self.scope.inside(at), aggregate, &self.bound);
        let Some(value) = group.value else { return ControlFlow::Continue(()) };
        if aggregate.witnesses.is_empty() {
            return self.with(var, value, depth);
        }
        let mut seen: Set<Vec<Value>> = Set::default();
        for row in group.rows.iter().filter(|row| row.value == Some(value)) {
            let choice = choice_of(aggregate, &row.binding);
            if seen.contains(&choice) {
                continue;
            }
            let mark = self.trail.len();
            let mut fits = self.bind(var, value);
            for (witness, value) in aggregate.witnesses.iter().zip(&choice) {
                fits = fits && self.bind(*witness, *value);
            }
            if fits {
                self.step(depth + 1)?;
            }
            self.unbind(mark);
            seen.insert(choice);
        }
        ControlFlow::Continue(())
    }
}
