//! [`Solver`]: all ways to satisfy a body, a binding at a time, over finished tables. It looks
//! tuples up by what is bound, takes cheap conditions first, and can start from a partial binding.
//! The engine asks it which bindings fail, once it knows that some operation had no value.
//!
//! A literal with an operation that has no value is set aside, and the search goes on without it:
//! its variable may get a value elsewhere, and what is left without inputs at the end is skipped. A
//! binding reached so satisfies everything else, so its error counts. Atoms have no inputs, and an
//! input keeps its value whatever else is bound: in which order literals are taken changes nothing.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{Id, Table, VarId};
use crate::base::stack::deep;
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::builtins::{Builtins, EvalError};
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Rule};
use crate::syntax::ast::CompareOp;
use crate::text::span::Span;
use crate::value::symbols::Symbols;
use crate::value::value::{Value, cmp_tuples};

/// Values of the variables of a rule, nothing where there is none.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Binding {
    values: Vec<Option<Value>>,
}

impl Binding {
    /// No values for so many variables.
    #[must_use]
    pub fn new(vars: usize) -> Self {
        Self { values: vec![None; vars] }
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, var: VarId) -> Option<Value> {
        self.values[var.index()]
    }

    /// Gives a variable a value, or takes it away.
    pub fn set(&mut self, var: VarId, value: Option<Value>) {
        self.values[var.index()] = value;
    }

    /// By the variables in id order; no value comes before any.
    #[must_use]
    pub fn cmp_in(&self, other: &Self, symbols: &Symbols) -> Ordering {
        for pair in self.values.iter().zip(&other.values) {
            let order = match pair {
                (Some(a), Some(b)) => a.cmp_in(*b, symbols),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

/// An operation without a value.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The expression as written.
    pub span: Span,
    /// Why.
    pub error: EvalError,
    /// Values of the variables of the aggregates that it lies in, where it has none.
    pub within: Vec<(VarId, Value)>,
}

impl Problem {
    fn new(span: Span, error: EvalError) -> Self {
        Self { span, error, within: Vec::new() }
    }
}

/// What an aggregate literal says.
#[derive(Clone, Debug)]
pub enum Extent {
    /// It has no value.
    Errs(Problem),
    /// Its value with each choice of witnesses; none if it fails.
    Ways(Vec<(Value, Vec<Value>)>),
}

/// Gets each binding that satisfies a body; with a problem, if only apart from literals that err:
/// that of the first of them in written order.
pub type Visit<'v> = dyn FnMut(&Binding, Option<&Problem>) -> Result<(), Stop> + 'v;

/// Searches the bodies of one rule.
pub struct Solver<'a> {
    tables: &'a dyn Tables,
    builtins: &'a Builtins,
    limits: &'a Limits,
    occurrences: Table<VarId, usize>,
    steps: Cell<u32>,
}

struct State<'b> {
    body: &'b [Literal],
    binding: Binding,
    left: Vec<usize>,
    problems: Vec<(usize, Problem)>,
}

impl<'a> Solver<'a> {
    /// A solver for `rule` over `tables`.
    #[must_use]
    pub fn new(
        rule: &Rule,
        tables: &'a dyn Tables,
        builtins: &'a Builtins,
        limits: &'a Limits,
    ) -> Self {
        let occurrences = rule.occurrences();
        Self { tables, builtins, limits, occurrences, steps: Cell::new(0) }
    }

    /// Visits every extension of `binding` that satisfies `body`, at least apart from literals that
    /// err. One with problems may be visited more than once.
    ///
    /// # Errors
    /// What `visit` returns, or if the evaluation shall stop.
    pub fn each(
        &self,
        body: &[Literal],
        binding: Binding,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        let left = (0..body.len()).collect();
        self.step(&mut State { body, binding, left, problems: Vec::new() }, visit)
    }

    /// The value of an expression over bound variables.
    ///
    /// # Errors
    /// If an operation has none.
    ///
    /// # Panics
    /// If a variable is not bound.
    pub fn value(&self, expr: &Expr, binding: &Binding) -> Result<Value, Problem> {
        match expr {
            Expr::Const(value) => Ok(*value),
            Expr::Var(var) => Ok(binding.get(*var).expect("the variable is bound")),
            Expr::Call { functor, args, span } => {
                let args = self.all_values(args, binding)?;
                let value = self.builtins.apply(*functor, &args);
                value.map_err(|error| Problem::new(*span, error))
            }
        }
    }

    fn all_values(&self, exprs: &[Expr], binding: &Binding) -> Result<Vec<Value>, Problem> {
        exprs.iter().map(|expr| self.value(expr, binding)).collect()
    }

    /// What an aggregate, written at `span`, says for the outer variables of `binding`.
    ///
    /// # Errors
    /// If the evaluation shall stop.
    pub fn aggregate(
        &self,
        aggregate: &Aggregate,
        span: Span,
        binding: &Binding,
    ) -> Result<Extent, Stop> {
        let mut outer = binding.clone();
        aggregate.local.iter().for_each(|&var| outer.set(var, None));
        let mut seen: Set<Binding> = Set::default();
        let mut values: Vec<Value> = Vec::new();
        let mut choices: Vec<Vec<Value>> = Vec::new();
        let mut worst: Option<(Binding, Problem)> = None;
        self.each(&aggregate.body, outer, &mut |found, problem| {
            if !seen.insert(found.clone()) {
                return Ok(());
            }
            let value = match (problem, &aggregate.value) {
                (Some(problem), _) => Err(problem.clone()),
                (None, Some(value)) => self.value(value, found),
                (None, None) => Ok(Value::Number(0)),
            };
            match value {
                Ok(value) => {
                    values.push(value);
                    choices.push(
                        aggregate.witnesses.iter().filter_map(|&var| found.get(var)).collect(),
                    );
                }
                Err(problem) => {
                    let symbols = self.builtins.symbols();
                    if worst.as_ref().is_none_or(|(b, _)| found.cmp_in(b, symbols).is_lt()) {
                        worst = Some((found.clone(), problem));
                    }
                }
            }
            Ok(())
        })?;
        if let Some((found, mut problem)) = worst {
            let local = aggregate.local.iter();
            problem.within.extend(local.filter_map(|&var| Some((var, found.get(var)?))));
            return Ok(Extent::Errs(problem));
        }
        let mut all = values.iter().copied();
        let result = match self.builtins.aggregate(aggregate.kind, aggregate.base, &mut all) {
            Ok(Some(result)) => result,
            Ok(None) => return Ok(Extent::Ways(Vec::new())),
            Err(error) => {
                return Ok(Extent::Errs(Problem::new(span, error)));
            }
        };
        if aggregate.witnesses.is_empty() {
            return Ok(Extent::Ways(vec![(result, Vec::new())]));
        }
        let best = values.iter().zip(choices).filter(|(value, _)| **value == result);
        let distinct: Set<Vec<Value>> = best.map(|(_, choice)| choice).collect();
        let mut ways: Vec<_> = distinct.into_iter().map(|choice| (result, choice)).collect();
        let symbols = self.builtins.symbols();
        ways.sort_by(|(_, a), (_, b)| cmp_tuples(a, b, symbols));
        Ok(Extent::Ways(ways))
    }

    fn step(&self, state: &mut State<'_>, visit: &mut Visit<'_>) -> Result<(), Stop> {
        self.steps.set(self.steps.get().wrapping_add(1));
        if self.steps.get().is_multiple_of(1 << 10) {
            self.limits.check()?;
        }
        let Some(at) = self.next(state) else {
            let first = state.problems.iter().min_by_key(|(at, _)| *at);
            return visit(&state.binding, first.map(|(_, problem)| problem));
        };
        let place = state.left.iter().position(|&other| other == at).unwrap_or(0);
        state.left.remove(place);
        let done = deep(|| self.take(at, state, visit));
        state.left.insert(place, at);
        done
    }

    /// The literal to take next: a condition, a definition, then the atom with the fewest unbound
    /// columns and tuples, then what takes long to compute.
    fn next(&self, state: &State<'_>) -> Option<usize> {
        let ready = |kinds: fn(&LiteralKind) -> bool| {
            let mut left = state.left.iter().copied();
            left.find(|&at| {
                let kind = &state.body[at].kind;
                kinds(kind) && self.is_ready(kind, &state.binding)
            })
        };
        let condition = |kind: &LiteralKind| {
            matches!(
                kind,
                LiteralKind::Compare(..)
                    | LiteralKind::Test { .. }
                    | LiteralKind::Absent(_)
                    | LiteralKind::Constant(_)
            )
        };
        let slow = |kind: &LiteralKind| {
            matches!(kind, LiteralKind::Range { .. } | LiteralKind::Aggregate { .. })
        };
        let atom = || {
            let atoms = state.left.iter().filter_map(|&at| match &state.body[at].kind {
                LiteralKind::Atom(atom) => Some((at, atom)),
                _ => None,
            });
            let cost = |atom: &Atom| {
                let free = atom.vars().filter(|&var| state.binding.get(var).is_none()).count();
                let all = free == atom.args.len() && free > 0;
                (all, free, self.tables.len(atom.relation))
            };
            atoms.min_by_key(|&(at, atom)| (cost(atom), at)).map(|(at, _)| at)
        };
        ready(condition).or_else(atom).or_else(|| ready(slow))
    }

    fn is_ready(&self, kind: &LiteralKind, binding: &Binding) -> bool {
        let bound = |expr: &Expr| {
            let mut all = true;
            expr.each_var(&mut |var| all &= binding.get(var).is_some());
            all
        };
        match kind {
            LiteralKind::Atom(_) | LiteralKind::Constant(_) => true,
            LiteralKind::Absent(atom) => {
                atom.vars().all(|var| self.occurrences[var] == 1 || binding.get(var).is_some())
            }
            LiteralKind::Compare(op, left, right) => {
                let defines = |one: &Expr, other: &Expr| {
                    *op == CompareOp::Eq && matches!(one, Expr::Var(_)) && bound(other)
                };
                (bound(left) && bound(right)) || defines(left, right) || defines(right, left)
            }
            LiteralKind::Test { args, .. } | LiteralKind::Range { args, .. } => {
                args.iter().all(bound)
            }
            LiteralKind::Aggregate { aggregate, .. } => {
                let mut all = aggregate.outer.iter().all(|&var| binding.get(var).is_some());
                aggregate.value.iter().for_each(|value| {
                    value.each_var(&mut |var| {
                        all &= aggregate.local.contains(&var) || binding.get(var).is_some();
                    });
                });
                all
            }
        }
    }

    fn take(&self, at: usize, state: &mut State<'_>, visit: &mut Visit<'_>) -> Result<(), Stop> {
        let literal = &state.body[at];
        let holds = match &literal.kind {
            LiteralKind::Atom(atom) => return self.take_atom(atom, state, visit),
            LiteralKind::Range { var, args } => {
                return self.take_range((at, *var, args), state, visit);
            }
            LiteralKind::Aggregate { var, aggregate } => {
                return match self.aggregate(aggregate, literal.span, &state.binding)? {
                    Extent::Errs(problem) => self.without(at, problem, state, visit),
                    Extent::Ways(ways) => ways.iter().try_for_each(|(value, choice)| {
                        let choice =
                            aggregate.witnesses.iter().copied().zip(choice.iter().copied());
                        self.with(&mut choice.chain([(*var, *value)]), state, visit)
                    }),
                };
            }
            LiteralKind::Constant(holds) => Ok(*holds),
            LiteralKind::Absent(atom) => Ok(self.is_absent(atom, &state.binding)),
            LiteralKind::Test { test, args, negated } => self
                .all_values(args, &state.binding)
                .map(|args| self.builtins.holds(*test, &args) != *negated),
            LiteralKind::Compare(op, left, right) => {
                for (one, other) in [(left, right), (right, left)] {
                    if let Expr::Var(var) = one
                        && state.binding.get(*var).is_none()
                    {
                        return match self.value(other, &state.binding) {
                            Ok(value) => self.with(&mut [(*var, value)].into_iter(), state, visit),
                            Err(problem) => self.without(at, problem, state, visit),
                        };
                    }
                }
                self.compare(*op, left, right, &state.binding)
            }
        };
        match holds {
            Ok(true) => self.step(state, visit),
            Ok(false) => Ok(()),
            Err(problem) => self.without(at, problem, state, visit),
        }
    }

    fn compare(
        &self,
        op: CompareOp,
        left: &Expr,
        right: &Expr,
        binding: &Binding,
    ) -> Result<bool, Problem> {
        let (a, b) = (self.value(left, binding)?, self.value(right, binding)?);
        Ok(op.holds(a.cmp_in(b, self.builtins.symbols())))
    }

    fn is_absent(&self, atom: &Atom, binding: &Binding) -> bool {
        let mut absent = true;
        self.tables.select(atom.relation, &known(atom, binding), &mut |_| {
            absent = false;
            ControlFlow::Break(())
        });
        absent
    }

    fn take_atom(
        &self,
        atom: &Atom,
        state: &mut State<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        let pattern = known(atom, &state.binding);
        let mut done = Ok(());
        self.tables.select(atom.relation, &pattern, &mut |tuple| {
            let mut pairs = atom.args.iter().zip(tuple).filter_map(|(arg, value)| match arg {
                Arg::Var(var) => Some((*var, *value)),
                Arg::Const(_) => None,
            });
            done = self.with(&mut pairs, state, visit);
            if done.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        done
    }

    fn take_range(
        &self,
        (at, var, args): (usize, VarId, &[Expr]),
        state: &mut State<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        let args = match self.all_values(args, &state.binding) {
            Ok(args) => args,
            Err(problem) => return self.without(at, problem, state, visit),
        };
        let mut done = Ok(());
        let mut steps = 0_u32;
        let range = self.builtins.range(&args, &mut |value| {
            steps += 1;
            if steps.is_multiple_of(1 << 16) {
                done = self.limits.check();
            }
            if done.is_ok() {
                done = self.with(&mut [(var, value)].into_iter(), state, visit);
            }
            if done.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        done?;
        match range {
            Ok(()) => Ok(()),
            Err(error) => {
                let span = state.body[at].span;
                self.without(at, Problem::new(span, error), state, visit)
            }
        }
    }

    /// Goes on with these values, if they agree with those there are.
    fn with(
        &self,
        pairs: &mut dyn Iterator<Item = (VarId, Value)>,
        state: &mut State<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        let mut added = Vec::new();
        let mut agree = true;
        for (var, value) in pairs {
            match state.binding.get(var) {
                Some(known) => agree &= known == value,
                None => {
                    state.binding.set(var, Some(value));
                    added.push(var);
                }
            }
        }
        let done = if agree { self.step(state, visit) } else { Ok(()) };
        added.into_iter().for_each(|var| state.binding.set(var, None));
        done
    }

    /// Goes on with a literal set aside.
    fn without(
        &self,
        at: usize,
        problem: Problem,
        state: &mut State<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Stop> {
        state.problems.push((at, problem));
        let done = self.step(state, visit);
        state.problems.pop();
        done
    }
}

/// The values that a tuple must have.
fn known(atom: &Atom, binding: &Binding) -> Vec<Option<Value>> {
    let value = |arg: &Arg| match arg {
        Arg::Const(value) => Some(*value),
        Arg::Var(var) => binding.get(*var),
    };
    atom.args.iter().map(value).collect()
}
