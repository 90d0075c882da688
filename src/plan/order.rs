//! The order of a body's literals. What only removes bindings comes as soon as its variables are
//! bound; atoms come in the order that is estimated to handle the fewest bindings; what may err
//! comes last, unless an atom is better found with what it binds.

use crate::base::ids::{Id, VarId};
use crate::plan::estimate::{Estimate, RANGE_FANOUT, Reached, count, real};
use crate::plan::ir::{Access, AggregateStep, Column, Step, StepKind, View};
use crate::plan::search::join_order;
use crate::plan::sizes::Sizes;
use crate::program::builtins::Op;
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind};
use crate::syntax::ast::CompareOp;

/// What is known about the rule of a body.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// How often each variable occurs in the rule.
    pub occurrences: &'a [usize],
    /// Sizes of relations.
    pub sizes: &'a dyn Sizes,
}

/// A body to be ordered.
pub struct Body<'a> {
    /// The literals.
    pub literals: &'a [Literal],
    /// Which tuples the atom at each position means.
    pub views: Vec<View>,
    /// The atom that must come first.
    pub first: Option<usize>,
    /// The order of all positive atoms, if it is given.
    pub hint: Option<&'a [usize]>,
}

/// How much an expression is to be feared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Risk {
    /// Never errs.
    None,
    /// Errs on overflow.
    Rare,
    /// Errs on ordinary data: division, conversion.
    Likely,
}

struct Order<'a> {
    context: Context<'a>,
    body: &'a Body<'a>,
    bound: Vec<bool>,
    /// Whether the steps start from many bindings: those of the groups that are asked for.
    from_many: bool,
    pending: Vec<usize>,
    /// Positions of atoms that the hint still names, next last.
    hinted: Vec<usize>,
    /// Positions of atoms in the best order, next last; those placed before their turn stay.
    planned: Vec<usize>,
    reached: Reached,
    steps: Vec<Step>,
}

/// Orders a body whose variables in `bound` are bound already; `live` is empty in every step.
#[must_use]
pub fn order(context: Context<'_>, body: &Body<'_>, bound: &[VarId]) -> Vec<Step> {
    let mut is_bound = vec![false; context.occurrences.len()];
    bound.iter().for_each(|var| is_bound[var.index()] = true);
    let atoms = (0..body.literals.len())
        .filter(|&at| matches!(body.literals[at].kind, LiteralKind::Atom(_)));
    let atoms: Vec<usize> = atoms.collect();
    let mut hinted: Vec<usize> = body
        .hint
        .into_iter()
        .flatten()
        .filter_map(|&nth| atoms.get(nth).copied())
        .chain(body.hint.is_none().then_some(body.first).flatten())
        .collect();
    hinted.reverse();
    let estimate = Estimate { context, body };
    let reached = estimate.start(bound);
    let mut planned =
        if body.hint.is_some() { Vec::new() } else { join_order(estimate, &reached, body.first) };
    planned.reverse();
    let mut order = Order {
        context,
        body,
        bound: is_bound,
        from_many: !bound.is_empty(),
        pending: (0..body.literals.len()).collect(),
        hinted,
        planned,
        reached,
        steps: Vec::new(),
    };
    if body.hint.is_none()
        && let Some(first) = order.hinted.pop()
    {
        order.place(first);
    }
    while !order.pending.is_empty() {
        let Some(next) = order.next() else {
            debug_assert!(false, "every variable of a program without errors is bound");
            break;
        };
        order.place(next);
    }
    order.steps
}

impl Order<'_> {
    fn is_bound(&self, var: VarId) -> bool {
        self.bound[var.index()]
    }

    fn all_bound(&self, expr: &Expr) -> bool {
        let mut all = true;
        expr.each_var(&mut |var| all &= self.is_bound(var));
        all
    }

    fn kind(&self, at: usize) -> &LiteralKind {
        &self.body.literals[at].kind
    }

    /// The literal to place next.
    fn next(&self) -> Option<usize> {
        let first =
            |ready: &dyn Fn(usize) -> bool| self.pending.iter().copied().find(|&at| ready(at));
        first(&|at| self.is_check(at, Risk::None))
            .or_else(|| first(&|at| self.is_let(at, Risk::None)))
            .or_else(|| first(&|at| self.is_member(at)))
            .or_else(|| first(&|at| self.is_check(at, Risk::Rare)))
            .or_else(|| self.next_atom())
            .or_else(|| first(&|at| self.is_let(at, Risk::Rare)))
            .or_else(|| first(&|at| self.is_aggregate(at)))
            .or_else(|| first(&|at| self.is_range(at)))
            .or_else(|| first(&|at| self.is_check(at, Risk::Likely)))
            .or_else(|| first(&|at| self.is_let(at, Risk::Likely)))
    }

    /// Whether a literal only removes bindings, can do so now, and is no greater risk. Lookups of
    /// tuples are left to `is_member`.
    fn is_check(&self, at: usize, risk: Risk) -> bool {
        match self.kind(at) {
            LiteralKind::Constant(_) => true,
            LiteralKind::Compare(_, left, right) => {
                self.all_bound(left)
                    && self.all_bound(right)
                    && risk_of(left).max(risk_of(right)) <= risk
            }
            LiteralKind::Test { args, .. } => {
                args.iter().all(|arg| self.all_bound(arg) && risk_of(arg) <= risk)
            }
            LiteralKind::Atom(_)
            | LiteralKind::Absent(_)
            | LiteralKind::Range { .. }
            | LiteralKind::Aggregate { .. } => false,
        }
    }

    /// The variable and value of a literal that can bind a variable now.
    fn as_let(&self, at: usize) -> Option<(VarId, &Expr)> {
        let LiteralKind::Compare(CompareOp::Eq, left, right) = self.kind(at) else { return None };
        for (one, other) in [(left, right), (right, left)] {
            if let Expr::Var(var) = one
                && !self.is_bound(*var)
                && self.all_bound(other)
            {
                return Some((*var, other));
            }
        }
        None
    }

    fn is_let(&self, at: usize, risk: Risk) -> bool {
        self.as_let(at).is_some_and(|(_, expr)| risk_of(expr) <= risk)
    }

    fn is_member(&self, at: usize) -> bool {
        match self.kind(at) {
            LiteralKind::Atom(atom) => {
                !self.hinted.contains(&at) && atom.vars().all(|var| self.is_bound(var))
            }
            LiteralKind::Absent(atom) => atom
                .vars()
                .all(|var| self.is_bound(var) || self.context.occurrences[var.index()] == 1),
            LiteralKind::Compare(..)
            | LiteralKind::Test { .. }
            | LiteralKind::Range { .. }
            | LiteralKind::Aggregate { .. }
            | LiteralKind::Constant(_) => false,
        }
    }

    fn is_aggregate(&self, at: usize) -> bool {
        match self.kind(at) {
            LiteralKind::Aggregate { aggregate, .. } => {
                keys(aggregate).iter().all(|&var| self.is_bound(var))
            }
            _ => false,
        }
    }

    fn is_range(&self, at: usize) -> bool {
        match self.kind(at) {
            LiteralKind::Range { args, .. } => args.iter().all(|arg| self.all_bound(arg)),
            _ => false,
        }
    }

    /// The best atom; or first what binds a variable that makes it the best.
    fn next_atom(&self) -> Option<usize> {
        let binders: Vec<(usize, VarId)> =
            self.pending.iter().filter_map(|&at| Some((at, self.binder(at)?))).collect();
        let atom = |at: usize| match self.kind(at) {
            LiteralKind::Atom(atom) => Some(atom),
            _ => None,
        };
        let hinted = self.hinted.last().copied();
        let best = hinted
            .or_else(|| self.planned.iter().rev().copied().find(|at| self.pending.contains(at)))
            .or_else(|| self.pending.iter().copied().find(|&at| atom(at).is_some()));
        let range = || self.pending.iter().copied().find(|&at| self.is_range(at));
        let best = best?;
        let best_atom = atom(best)?;
        let needed = binders.iter().find(|&&(_, var)| best_atom.vars().any(|v| v == var));
        if let Some(&(at, _)) = needed {
            return Some(at);
        }
        if hinted.is_none()
            && self.estimate().fanout(&self.reached, best_atom).mean > real(RANGE_FANOUT)
            && let Some(range) = range()
        {
            return Some(range);
        }
        Some(best)
    }

    /// The variable that a literal other than an atom or a range can bind now, at some risk.
    fn binder(&self, at: usize) -> Option<VarId> {
        match self.kind(at) {
            LiteralKind::Aggregate { var, .. } if self.is_aggregate(at) => {
                (!self.is_bound(*var)).then_some(*var)
            }
            _ => self.as_let(at).map(|(var, _)| var),
        }
    }

    fn estimate(&self) -> Estimate<'_> {
        Estimate { context: self.context, body: self.body }
    }

    fn place(&mut self, at: usize) {
        self.pending.retain(|&other| other != at);
        self.hinted.retain(|&other| other != at);
        let kind = self.step(at);
        let (context, body) = (self.context, self.body);
        let estimate = Estimate { context, body };
        match body.literals[at].kind.atom() {
            Some(atom) => drop(estimate.atom(&mut self.reached, atom)),
            None => estimate.literal(&mut self.reached, at),
        }
        let bound = &mut self.bound;
        match &kind {
            StepKind::Scan(access) | StepKind::Expand(access) => {
                access.new_vars().for_each(|var| bound[var.index()] = true);
            }
            StepKind::Let { var, .. } | StepKind::Range { var, .. } => bound[var.index()] = true,
            StepKind::Aggregate(step) => {
                step.witnesses.iter().chain([&step.var]).for_each(|var| bound[var.index()] = true);
            }
            StepKind::Member(_)
            | StepKind::Absent(_)
            | StepKind::Filter { .. }
            | StepKind::Test { .. }
            | StepKind::Constant(_) => {}
            StepKind::Distinct(_) | StepKind::Exists(_) | StepKind::Meet(_) => {
                unreachable!("no literal is one of these")
            }
        }
        let rows = count(self.reached.rows);
        self.steps.push(Step { kind, live: Vec::new(), rows });
    }

    fn step(&self, at: usize) -> StepKind {
        match self.kind(at) {
            LiteralKind::Atom(atom) => self.atom_step(at, atom),
            LiteralKind::Absent(atom) => StepKind::Absent(self.access(atom, View::Full)),
            LiteralKind::Compare(op, left, right) => match self.as_let(at) {
                Some((var, expr)) => StepKind::Let { var, expr: expr.clone() },
                None => StepKind::Filter { op: *op, left: left.clone(), right: right.clone() },
            },
            LiteralKind::Test { test, args, negated } => {
                StepKind::Test { test: *test, args: args.clone(), negated: *negated }
            }
            LiteralKind::Range { var, args } => {
                StepKind::Range { var: *var, bound: self.is_bound(*var), args: args.clone() }
            }
            LiteralKind::Aggregate { var, aggregate } => self.aggregate_step(at, *var, aggregate),
            LiteralKind::Constant(holds) => StepKind::Constant(*holds),
        }
    }

    fn atom_step(&self, at: usize, atom: &Atom) -> StepKind {
        let access = self.access(atom, self.body.views[at]);
        // A scan starts from a single binding: groups, ranges and witnesses give many.
        let gives_many = |step: &Step| match &step.kind {
            StepKind::Scan(_) | StepKind::Expand(_) => true,
            StepKind::Range { bound, .. } => !bound,
            StepKind::Aggregate(aggregate) => !aggregate.witnesses.is_empty(),
            _ => false,
        };
        let depends = access.columns.iter().any(|column| matches!(column, Column::Bound(_)));
        if access.new_vars().next().is_none() {
            StepKind::Member(access)
        } else if depends || self.from_many || self.steps.iter().any(gives_many) {
            StepKind::Expand(access)
        } else {
            StepKind::Scan(access)
        }
    }

    fn access(&self, atom: &Atom, view: View) -> Access {
        let mut columns: Vec<Column> = Vec::with_capacity(atom.args.len());
        for arg in &atom.args {
            columns.push(match arg {
                Arg::Const(value) => Column::Const(*value),
                Arg::Var(var) if self.is_bound(*var) => Column::Bound(*var),
                Arg::Var(var) => match columns.iter().position(|c| *c == Column::New(*var)) {
                    Some(earlier) => Column::Repeat(earlier),
                    None => Column::New(*var),
                },
            });
        }
        Access { relation: atom.relation, view, columns, only: None }
    }

    fn aggregate_step(&self, literal: usize, var: VarId, aggregate: &Aggregate) -> StepKind {
        let keys = keys(aggregate);
        let atoms: Vec<&Atom> = aggregate
            .body
            .iter()
            .filter_map(|literal| match &literal.kind {
                LiteralKind::Atom(atom) => Some(atom),
                _ => None,
            })
            .collect();
        // One pass over a relation serves all groups; a join is made for those asked for only.
        let grouped = match *atoms {
            [atom] => keys.iter().all(|key| atom.vars().any(|var| var == *key)),
            _ => false,
        };
        let body = Body {
            literals: &aggregate.body,
            views: vec![View::Full; aggregate.body.len()],
            first: None,
            hint: None,
        };
        let steps = order(self.context, &body, if grouped { &[] } else { &keys });
        let targets = aggregate.witnesses.iter().copied().chain([var]);
        StepKind::Aggregate(Box::new(AggregateStep {
            literal,
            kind: aggregate.kind,
            base: aggregate.base,
            value: aggregate.value.clone(),
            var,
            grouped,
            witnesses: aggregate.witnesses.clone(),
            bound: targets.filter(|&var| self.is_bound(var)).collect(),
            steps,
            keys,
        }))
    }
}

/// Variables outside an aggregate that it depends on, in id order.
#[must_use]
pub fn keys(aggregate: &Aggregate) -> Vec<VarId> {
    let mut keys = aggregate.outer.clone();
    if let Some(value) = &aggregate.value {
        value.each_var(&mut |var| {
            if !aggregate.local.contains(&var) {
                keys.push(var);
            }
        });
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether an expression has a value whatever its variables are.
#[must_use]
pub fn never_errs(expr: &Expr) -> bool {
    risk_of(expr) == Risk::None
}

fn risk_of(expr: &Expr) -> Risk {
    match expr {
        Expr::Var(_) | Expr::Const(_) => Risk::None,
        Expr::Call { functor, args, .. } => {
            let own = match functor.op {
                Op::Band
                | Op::Bor
                | Op::Bxor
                | Op::Bnot
                | Op::Bshl
                | Op::Bshr
                | Op::Bshru
                | Op::Land
                | Op::Lor
                | Op::Lxor
                | Op::Lnot
                | Op::Min
                | Op::Max
                | Op::Cat
                | Op::Strlen
                | Op::Substr
                | Op::ToText => Risk::None,
                Op::Neg | Op::Add | Op::Sub | Op::Mul => Risk::Rare,
                Op::Div | Op::Rem | Op::Pow | Op::ToNumber | Op::ToUnsigned | Op::ToFloat => {
                    Risk::Likely
                }
            };
            args.iter().map(risk_of).fold(own, Risk::max)
        }
    }
}
