//! All ways to satisfy a body.
//!
//! A binding gives some variables of a rule a value. A search starts from a binding and takes the
//! first literal, in written order, whose inputs have values: an atom has no inputs, `=` needs one
//! side, any other literal all it mentions. The literal extends the binding in every possible way,
//! and the search goes on with the literals that are left.
//!
//! A literal with an operation that has no value errs. It is then set aside, and the search goes on
//! as if it were not written: what it would have bound may be bound by another literal, and
//! literals that are left without their inputs at the end are skipped. A binding that is reached
//! this way satisfies every other literal as far as there are values, so the error counts. Neither
//! this set of bindings nor that of the solutions depends on the order of the literals, because a
//! literal whose inputs have values keeps them, whatever else is bound.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{Id, Table, VarId};
use crate::base::stack::deep;
use crate::engine::limits::{Limits, Stop};
use crate::engine::naive::database::Database;
use crate::engine::tables::Tables;
use crate::program::builtins::{Builtins, EvalError};
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Rule};
use crate::syntax::ast::CompareOp;
use crate::text::span::Span;
use crate::value::symbols::Symbols;
use crate::value::value::Value;

/// Values of variables of one rule; nothing for those without one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Binding(Vec<Option<Value>>);

/// An operation without a value.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// The expression as written.
    pub(super) span: Span,
    /// Why.
    pub(super) error: EvalError,
    /// If it lies in an aggregate, the values of the variables of that one's body.
    pub(super) within: Vec<(VarId, Value)>,
}

impl Problem {
    fn new(span: Span, error: EvalError) -> Self {
        Self { span, error, within: Vec::new() }
    }
}

/// Called with each binding that satisfies a body; with a problem, if it does so only apart from
/// literals that err: the problem of the first of these in written order.
pub(super) type Visit<'v> = dyn FnMut(&Binding, Option<&Problem>) -> Result<(), Stop> + 'v;

/// Searches bodies of one rule: its own, and those of its aggregates.
pub(super) struct Searcher<'a> {
    database: &'a Database,
    builtins: &'a Builtins,
    limits: &'a Limits,
    occurrences: Table<VarId, usize>,
    steps: Cell<u32>,
}

/// How far a search has come.
struct Search<'b> {
    body: &'b [Literal],
    /// Literals neither satisfied nor set aside.
    pending: Vec<bool>,
    binding: Binding,
    /// Literals set aside, by position.
    problems: BTreeMap<usize, Problem>,
}

/// What a literal says about a binding that gives its inputs values.
enum Outcome {
    /// It errs.
    Errs(Problem),
    /// It holds with each of these values of further variables; fails, if there is none.
    Holds(Vec<Vec<(VarId, Value)>>),
}

impl Binding {
    /// No values for so many variables.
    pub(super) fn new(vars: usize) -> Self {
        Self(vec![None; vars])
    }

    /// The value of a variable.
    pub(super) fn get(&self, var: VarId) -> Option<Value> {
        self.0[var.index()]
    }

    fn set(&mut self, var: VarId, value: Option<Value>) {
        self.0[var.index()] = value;
    }

    /// Variable by variable in id order, no value before any value.
    pub(super) fn cmp_in(&self, other: &Self, symbols: &Symbols) -> Ordering {
        let pairs = self.0.iter().zip(&other.0);
        let order = pairs.map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => a.cmp_in(*b, symbols),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        order.fold(Ordering::Equal, Ordering::then)
    }
}

impl<'a> Searcher<'a> {
    /// A searcher for bodies of `rule` over the tuples of `database`.
    pub(super) fn new(
        rule: &Rule,
        database: &'a Database,
        builtins: &'a Builtins,
        limits: &'a Limits,
    ) -> Self {
        Self { database, builtins, limits, occurrences: rule.occurrences(), steps: Cell::new(0) }
    }

    /// Calls `visit` with each extension of `binding` that satisfies `body`, and each that does so
    /// apart from literals that err.
    pub(super) fn each(
        &self,
        body: &[Literal],
        binding: Binding,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        let pending = vec![true; body.len()];
        self.search(&mut Search { body, pending, binding, problems: BTreeMap::new() }, visit)
    }

    /// The value of an expression whose variables have values.
    pub(super) fn value(&self, expr: &Expr, binding: &Binding) -> Result<Value, Problem> {
        match expr {
            Expr::Var(var) => Ok(binding.get(*var).expect("inputs have values")),
            Expr::Const(value) => Ok(*value),
            Expr::Call { functor, args, span } => self
                .builtins
                .apply(*functor, &self.values(args, binding)?)
                .map_err(|error| Problem::new(*span, error)),
        }
    }

    fn values(&self, exprs: &[Expr], binding: &Binding) -> Result<Vec<Value>, Problem> {
        exprs.iter().map(|expr| self.value(expr, binding)).collect()
    }

    fn search(&self, search: &mut Search<'_>, visit: &mut Visit<'_>) -> Result<(), Stop> {
        let ready =
            |&at: &usize| search.pending[at] && self.is_ready(&search.body[at], &search.binding);
        let Some(at) = (0..search.body.len()).find(ready) else {
            return visit(&search.binding, search.problems.values().next());
        };
        search.pending[at] = false;
        let literal = &search.body[at];
        let found = match &literal.kind {
            LiteralKind::Atom(atom) => self.each_tuple(atom, search, visit),
            LiteralKind::Range { var, args } => match self.values(args, &search.binding) {
                Ok(args) => self.each_of_range(at, (*var, &args), search, visit),
                Err(problem) => self.set_aside(at, problem, search, visit),
            },
            _ => match self.outcome(literal, &search.binding)? {
                Outcome::Errs(problem) => self.set_aside(at, problem, search, visit),
                Outcome::Holds(ways) => {
                    ways.into_iter().try_for_each(|way| self.extend(way, search, visit))
                }
            },
        };
        search.pending[at] = true;
        found
    }

    /// Whether the inputs of a literal have values.
    fn is_ready(&self, literal: &Literal, binding: &Binding) -> bool {
        let bound = |expr: &Expr| {
            let mut all = true;
            expr.each_var(&mut |var| all &= binding.get(var).is_some());
            all
        };
        let alone = |expr: &Expr| matches!(expr, Expr::Var(_));
        match &literal.kind {
            LiteralKind::Atom(_) | LiteralKind::Constant(_) => true,
            LiteralKind::Absent(atom) => {
                atom.vars().all(|var| self.means_any(var) || binding.get(var).is_some())
            }
            LiteralKind::Compare(CompareOp::Eq, left, right) => {
                (bound(left) && (bound(right) || alone(right))) || (alone(left) && bound(right))
            }
            LiteralKind::Compare(_, left, right) => bound(left) && bound(right),
            LiteralKind::Test { args, .. } | LiteralKind::Range { args, .. } => {
                args.iter().all(bound)
            }
            LiteralKind::Aggregate { aggregate, .. } => {
                aggregate.outer.iter().all(|&var| binding.get(var).is_some())
            }
        }
    }

    /// Whether a variable of a negated atom occurs nowhere else.
    fn means_any(&self, var: VarId) -> bool {
        self.occurrences[var] == 1
    }

    /// Goes on with the given values of variables, if they agree with the binding.
    fn extend(
        &self,
        values: impl IntoIterator<Item = (VarId, Value)>,
        search: &mut Search<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        self.step()?;
        let mut newly_bound = Vec::new();
        let mut agrees = true;
        for (var, value) in values {
            match search.binding.get(var) {
                Some(known) => agrees &= known == value,
                None => {
                    search.binding.set(var, Some(value));
                    newly_bound.push(var);
                }
            }
        }
        let found = if agrees { deep(|| self.search(search, visit)) } else { Ok(()) };
        for var in newly_bound {
            search.binding.set(var, None);
        }
        found
    }

    /// Goes on without the literal at `at`.
    fn set_aside(
        &self,
        at: usize,
        problem: Problem,
        search: &mut Search<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        search.problems.insert(at, problem);
        let found = deep(|| self.search(search, visit));
        search.problems.remove(&at);
        found
    }

    fn each_tuple(
        &self,
        atom: &Atom,
        search: &mut Search<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        let mut found = Ok(());
        let pattern = pattern(atom, &search.binding);
        self.database.select(atom.relation, &pattern, &mut |tuple| {
            let pairs = atom.args.iter().zip(tuple).filter_map(|(arg, value)| match arg {
                Arg::Var(var) => Some((*var, *value)),
                Arg::Const(_) => None,
            });
            found = self.extend(pairs, search, visit);
            if found.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        found
    }

    fn each_of_range(
        &self,
        at: usize,
        (var, args): (VarId, &[Value]),
        search: &mut Search<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        let mut found = Ok(());
        let span = search.body[at].span;
        let errs = self.builtins.range(args, &mut |value| {
            found = self.extend([(var, value)], search, visit);
            if found.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        found?;
        match errs {
            Ok(()) => Ok(()),
            Err(error) => self.set_aside(at, Problem::new(span, error), search, visit),
        }
    }

    /// What a literal other than an atom and a range says.
    fn outcome(&self, literal: &Literal, binding: &Binding) -> Result<Outcome, Stop> {
        let checked = match &literal.kind {
            LiteralKind::Aggregate { var, aggregate } => {
                return self.aggregate(*var, aggregate, literal.span, binding);
            }
            LiteralKind::Compare(op, left, right) => self.compare(*op, left, right, binding),
            LiteralKind::Test { test, args, negated } => self
                .values(args, binding)
                .map(|args| holds_if(self.builtins.holds(*test, &args) != *negated)),
            LiteralKind::Absent(atom) => Ok(holds_if(self.is_absent(atom, binding))),
            LiteralKind::Constant(value) => Ok(holds_if(*value)),
            LiteralKind::Atom(_) | LiteralKind::Range { .. } => unreachable!("searched before"),
        };
        Ok(match checked {
            Ok(ways) => Outcome::Holds(ways),
            Err(problem) => Outcome::Errs(problem),
        })
    }

    fn compare(
        &self,
        op: CompareOp,
        left: &Expr,
        right: &Expr,
        binding: &Binding,
    ) -> Result<Vec<Vec<(VarId, Value)>>, Problem> {
        match (op, left, right) {
            (CompareOp::Eq, Expr::Var(var), other) | (CompareOp::Eq, other, Expr::Var(var))
                if binding.get(*var).is_none() =>
            {
                Ok(vec![vec![(*var, self.value(other, binding)?)]])
            }
            _ => {
                let (left, right) = (self.value(left, binding)?, self.value(right, binding)?);
                Ok(holds_if(op.holds(left.cmp_in(right, self.builtins.symbols()))))
            }
        }
    }

    fn is_absent(&self, atom: &Atom, binding: &Binding) -> bool {
        let mut absent = true;
        // Two equal variables without a value cannot be: each `_` is a variable of its own.
        self.database.select(atom.relation, &pattern(atom, binding), &mut |_| {
            absent = false;
            ControlFlow::Break(())
        });
        absent
    }

    /// The value of an aggregate over the distinct bindings of its body for fixed outer variables,
    /// and with min and max each choice of witnesses.
    fn aggregate(
        &self,
        var: VarId,
        aggregate: &Aggregate,
        span: Span,
        binding: &Binding,
    ) -> Result<Outcome, Stop> {
        let mut outer = Binding::new(self.occurrences.len());
        for &var in &aggregate.outer {
            outer.set(var, binding.get(var));
        }
        let mut seen = Set::default();
        let mut members: Vec<(Binding, Value)> = Vec::new();
        let mut first: Option<(Binding, Problem)> = None;
        self.each(&aggregate.body, outer, &mut |binding, problem| {
            if !seen.insert(binding.clone()) {
                return Ok(());
            }
            let value = match (problem, &aggregate.value) {
                (Some(problem), _) => Err(problem.clone()),
                (None, Some(value)) => self.value(value, binding),
                (None, None) => Ok(Value::Number(1)),
            };
            match value {
                Ok(value) => members.push((binding.clone(), value)),
                Err(problem) => {
                    let symbols = self.builtins.symbols();
                    let is_first =
                        first.as_ref().is_none_or(|(at, _)| binding.cmp_in(at, symbols).is_lt());
                    if is_first {
                        first = Some((binding.clone(), problem));
                    }
                }
            }
            Ok(())
        })?;
        if let Some((inner, mut problem)) = first {
            for &var in &aggregate.local {
                problem.within.extend(inner.get(var).map(|value| (var, value)));
            }
            return Ok(Outcome::Errs(problem));
        }
        let mut values = members.iter().map(|(_, value)| *value);
        let result = match self.builtins.aggregate(aggregate.kind, aggregate.base, &mut values) {
            Ok(Some(result)) => result,
            Ok(None) => return Ok(Outcome::Holds(Vec::new())),
            Err(error) => return Ok(Outcome::Errs(Problem::new(span, error))),
        };
        if aggregate.witnesses.is_empty() {
            return Ok(Outcome::Holds(vec![vec![(var, result)]]));
        }
        let mut chosen = Set::default();
        let mut ways = Vec::new();
        for (binding, _) in members.iter().filter(|(_, value)| *value == result) {
            let witness = |&var: &VarId| {
                (var, binding.get(var).expect("an aggregate's body binds its witnesses"))
            };
            let way: Vec<_> =
                aggregate.witnesses.iter().map(witness).chain([(var, result)]).collect();
            if chosen.insert(way.clone()) {
                ways.push(way);
            }
        }
        Ok(Outcome::Holds(ways))
    }

    /// Counts a binding, and asks now and then whether to go on.
    fn step(&self) -> Result<(), Stop> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps % 256);
        if steps == 256 { self.limits.check() } else { Ok(()) }
    }
}

/// The outcome of a literal that binds nothing.
fn holds_if(condition: bool) -> Vec<Vec<(VarId, Value)>> {
    if condition { vec![Vec::new()] } else { Vec::new() }
}

/// The values that a tuple must have to satisfy an atom.
fn pattern(atom: &Atom, binding: &Binding) -> Vec<Option<Value>> {
    let value = |arg: &Arg| match arg {
        Arg::Var(var) => binding.get(*var),
        Arg::Const(value) => Some(*value),
    };
    atom.args.iter().map(value).collect()
}
