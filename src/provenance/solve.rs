//! [`Solver`]: all bindings of a body, goal-directed: the literals that known values make
//! selective come first, and every answer comes in canonical order, so that a search which stops
//! early stops at the same binding whatever the engine and the order of the input. A binding for
//! which an operation has no value is no binding: the evaluation that filled the tables has
//! already made sure that some other literal fails for it.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::mem::replace;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use crate::base::hash::Map;
use crate::base::ids::{Id, RuleId, VarId};
use crate::engine::limits::Limits;
use crate::engine::tables::Tables;
use crate::program::builtins::{Builtins, Op};
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Program, Rule};
use crate::provenance::proof::{Binding, Site};
use crate::provenance::walk::Walk;
use crate::provenance::watch::Watch;
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::value::value::Value;

/// Values of the variables of a rule, by id.
pub(crate) type Bound = Vec<Option<Value>>;

/// Rows of a sum, count or mean that are kept unless someone asks for more.
pub(crate) const ROWS_MAX: usize = 1_000;

/// The order in which bindings come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// That of the language: a walk that stops early stops at the same binding on any machine.
    Canonical,
    /// As they are stored, for whoever looks at all of them.
    Stored,
}

/// Called with every binding, until it breaks.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&Bound) -> ControlFlow<()>;

/// Finds bindings in finished tables.
pub(crate) struct Solver<'a> {
    pub(crate) program: &'a Program,
    pub(crate) tables: &'a dyn Tables,
    pub(crate) builtins: Builtins,
    /// What may stop a walk; the bindings of a stopped one are not all there are.
    pub(crate) watch: Watch,
    /// Rows of a sum, count or mean that are kept.
    rows_max: Cell<usize>,
    orders: RefCell<Map<Site, Rc<[usize]>>>,
    groups: RefCell<Map<GroupKey, Rc<Group>>>,
}

/// Some literals of a body in order.
pub(crate) struct Arranged {
    /// Those that can be used.
    pub(crate) order: Vec<usize>,
    /// Those that lack the value of a variable.
    pub(crate) pending: Vec<usize>,
    /// Which variables then have a value.
    pub(crate) known: Vec<bool>,
}

/// The rank of a literal that cannot be used yet.
const LATER: (u8, usize) = (9, 0);

/// An aggregate and its outer values.
type GroupKey = (Site, Box<[Value]>);

/// An aggregate's body for fixed outer values.
pub(crate) struct Group {
    /// The first bindings in the order in which a proof lists them: of min and max those that have
    /// the value and the next one, of others as many as the solver keeps.
    pub(crate) rows: Vec<GroupRow>,
    /// How many bindings there are.
    pub(crate) count: usize,
    /// The value over all of them, if there is one.
    pub(crate) value: Option<Value>,
}

/// A binding of an aggregate's body.
#[derive(Clone)]
pub(crate) struct GroupRow {
    /// Local variables.
    pub(crate) binding: Binding,
    /// What it gives; nothing for count.
    pub(crate) value: Option<Value>,
}

impl<'a> Solver<'a> {
    pub(crate) fn new(program: &'a Program, tables: &'a dyn Tables, limits: &Limits) -> Self {
        Self {
            program,
            tables,
            builtins: Builtins::new(Arc::clone(&program.symbols)),
            watch: Watch::new(limits),
            rows_max: Cell::new(ROWS_MAX),
            orders: RefCell::default(),
            groups: RefCell::default(),
        }
    }

    /// Rows of a sum, count or mean that are kept.
    pub(crate) fn rows_max(&self) -> usize {
        self.rows_max.get()
    }

    /// Keeps so many rows from now on.
    pub(crate) fn keep_rows(&self, rows_max: usize) {
        if self.rows_max.replace(rows_max) != rows_max {
            self.groups.borrow_mut().clear();
        }
    }

    /// Calls `visit` with every binding of a rule's body that gives its head the values of
    /// `tuple`. Reading a tuple costs one unit of `work`; without any left the walk ends.
    pub(crate) fn instances(
        &self,
        (rule, tuple): (RuleId, &[Value]),
        in_order: Order,
        work: &Cell<usize>,
        visit: Visit<'_>,
    ) {
        let scope = Site::of_rule(rule);
        let rule = &self.program.rules[rule];
        let mut bound: Bound = vec![None; rule.vars.len()];
        if !self.bind_head(rule, tuple, &mut bound) {
            return;
        }
        let order = self.order(&scope, &rule.body, &bound);
        let mut checked = |bound: &Bound| {
            let same = |(arg, value): (&Expr, &Value)| self.eval(arg, bound) == Some(*value);
            if rule.head_args.iter().zip(tuple).all(same) {
                visit(bound)
            } else {
                ControlFlow::Continue(())
            }
        };
        let mut walk = Walk {
            solver: self,
            scope: &scope,
            literals: &rule.body,
            order: &order,
            bound,
            trail: Vec::new(),
            in_order,
            work: Some(work),
            visit: &mut checked,
        };
        let _ = walk.step(0);
    }

    /// Calls `visit` with every binding of those literals of a body whose positions `order` gives,
    /// starting from `bound`. Reading a tuple costs one unit of `work`; without any left the walk
    /// ends.
    pub(crate) fn walk(
        &self,
        (scope, literals, order): (&Site, &[Literal], &[usize]),
        bound: Bound,
        work: &Cell<usize>,
        visit: Visit<'_>,
    ) {
        let mut walk = Walk {
            solver: self,
            scope,
            literals,
            order,
            bound,
            trail: Vec::new(),
            in_order: Order::Canonical,
            work: Some(work),
            visit,
        };
        let _ = walk.step(0);
    }

    /// Some literals of a body in an order in which each can be used when it comes, as far as that
    /// goes: the others need variables that only literals which are left out bind.
    pub(crate) fn arrange(
        &self,
        literals: &[Literal],
        mut left: Vec<usize>,
        bound: &Bound,
    ) -> Arranged {
        let mut known: Vec<bool> = bound.iter().map(Option::is_some).collect();
        let mut bindable = known.clone();
        literals.iter().for_each(|literal| each_bindable(literal, &mut bindable));
        let mut order = Vec::new();
        loop {
            let rank = |at: &usize| (self.rank(&literals[*at], &known, &bindable), *at);
            let next = left.iter().map(rank).min();
            let Some((_, at)) = next.filter(|(rank, _)| *rank < LATER) else { break };
            left.retain(|other| *other != at);
            order.push(at);
            each_bindable(&literals[at], &mut known);
        }
        Arranged { order, pending: left, known }
    }

    /// Gives the variables of the head their values, as far as the head's expressions can be
    /// turned around; false if a constant differs.
    fn bind_head(&self, rule: &Rule, tuple: &[Value], bound: &mut Bound) -> bool {
        let is_call = |arg: &Expr| matches!(arg, Expr::Call { .. });
        let pairs = || rule.head_args.iter().zip(tuple);
        let simple = pairs().filter(|(arg, _)| !is_call(arg));
        for (arg, value) in simple.chain(pairs().filter(|(arg, _)| is_call(arg))) {
            if let Some(known) = self.eval(arg, bound) {
                if known != *value {
                    return false;
                }
            } else if let Some(var) = solvable(arg, &|var| bound[var.index()].is_some()) {
                match self.turn(arg, *value, bound) {
                    Some(solved) => bound[var.index()] = Some(solved),
                    None => return false,
                }
            }
        }
        true
    }

    /// The bindings of an aggregate's body for the outer values in `bound`.
    pub(crate) fn group(&self, site: &Site, aggregate: &Aggregate, bound: &Bound) -> Rc<Group> {
        let outer: Box<[Value]> =
            aggregate.outer.iter().filter_map(|var| bound[var.index()]).collect();
        let key = (site.clone(), outer);
        if let Some(group) = self.groups.borrow().get(&key) {
            return Rc::clone(group);
        }
        let mut best = Best::new(self, aggregate.kind);
        let mut values: Vec<Value> = Vec::new();
        let mut count = 0;
        self.rows(site, aggregate, bound, &mut |bound, value| {
            count += 1;
            values.push(value.unwrap_or(Value::Number(1)));
            best.add(&aggregate.local, bound, value);
            ControlFlow::Continue(())
        });
        let mut values = values.into_iter();
        let value =
            self.builtins.aggregate(aggregate.kind, aggregate.base, &mut values).ok().flatten();
        let group = Rc::new(Group { rows: best.rows(), count, value });
        if !self.watch.is_stopped() {
            self.groups.borrow_mut().insert(key, Rc::clone(&group));
        }
        group
    }

    /// Calls `visit` with every binding of an aggregate's body for the outer values in `bound`, in
    /// no particular order, and with what it gives.
    pub(crate) fn rows(
        &self,
        site: &Site,
        aggregate: &Aggregate,
        bound: &Bound,
        visit: &mut dyn FnMut(&Bound, Option<Value>) -> ControlFlow<()>,
    ) {
        let mut inner: Bound = vec![None; bound.len()];
        for var in &aggregate.outer {
            inner[var.index()] = bound[var.index()];
        }
        let order = self.order(site, &aggregate.body, &inner);
        let mut with_value = |bound: &Bound| {
            let value = aggregate.value.as_ref().and_then(|value| self.eval(value, bound));
            visit(bound, value)
        };
        let mut walk = Walk {
            solver: self,
            scope: site,
            literals: &aggregate.body,
            order: &order,
            bound: inner,
            trail: Vec::new(),
            in_order: Order::Stored,
            work: None,
            visit: &mut with_value,
        };
        let _ = walk.step(0);
    }

    /// Whether a binding of a group is one of those that the group keeps.
    pub(crate) fn is_listed(
        &self,
        kind: AggregateKind,
        group: &Group,
        (bound, value): (&Bound, Option<Value>),
    ) -> bool {
        group.rows.last().is_some_and(|last| {
            let by_value = self.cmp_values(kind, value, last.value);
            by_value.then_with(|| cmp_bound(&last.binding, bound, self).reverse()).is_le()
        })
    }

    /// Largest value first, for min the least.
    fn cmp_values(&self, kind: AggregateKind, a: Option<Value>, b: Option<Value>) -> Ordering {
        let symbols = self.builtins.symbols();
        match (a, b) {
            (Some(x), Some(y)) if kind == AggregateKind::Min => x.cmp_in(y, symbols),
            (Some(x), Some(y)) => y.cmp_in(x, symbols),
            _ => Ordering::Equal,
        }
    }

    /// The same, then by the values of the variables.
    fn cmp_rows(&self, kind: AggregateKind, a: &GroupRow, b: &GroupRow) -> Ordering {
        let by_value = self.cmp_values(kind, a.value, b.value);
        by_value.then_with(|| cmp_bindings(&a.binding, &b.binding, self))
    }

    /// An order of the literals of `scope` in which each can be used when it comes. The variables
    /// that are bound at the start are the same ones each time.
    fn order(&self, scope: &Site, literals: &[Literal], bound: &Bound) -> Rc<[usize]> {
        if let Some(order) = self.orders.borrow().get(scope) {
            return Rc::clone(order);
        }
        let mut known: Vec<bool> = bound.iter().map(Option::is_some).collect();
        let mut bindable = known.clone();
        literals.iter().for_each(|literal| each_bindable(literal, &mut bindable));
        let mut left: Vec<usize> = (0..literals.len()).collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let rank = |at: &usize| (self.rank(&literals[*at], &known, &bindable), *at);
            let next = left.iter().map(rank).min().map(|(_, at)| at).unwrap_or_default();
            left.retain(|at| *at != next);
            order.push(next);
            each_bindable(&literals[next], &mut known);
        }
        let order: Rc<[usize]> = order.into();
        self.orders.borrow_mut().insert(scope.clone(), Rc::clone(&order));
        order
    }

    /// How early a literal should come: tests, then what has one answer, then lookups by their
    /// likely number of matches, then what is long to compute, then what cannot be used yet.
    fn rank(&self, literal: &Literal, known: &[bool], bindable: &[bool]) -> (u8, usize) {
        let is_known = |var: VarId| known[var.index()];
        let all = |args: &[Expr]| args.iter().all(|arg| is_ready(arg, &is_known));
        let later = LATER;
        match &literal.kind {
            LiteralKind::Constant(_) => (0, 0),
            LiteralKind::Test { args, .. } => {
                if all(args) {
                    (0, 0)
                } else {
                    later
                }
            }
            LiteralKind::Compare(op, left, right) => {
                match (is_ready(left, &is_known), is_ready(right, &is_known)) {
                    (true, true) => (0, 0),
                    (false, true)
                        if *op == CompareOp::Eq && solvable(left, &is_known).is_some() =>
                    {
                        (1, 0)
                    }
                    (true, false)
                        if *op == CompareOp::Eq && solvable(right, &is_known).is_some() =>
                    {
                        (1, 0)
                    }
                    _ => later,
                }
            }
            LiteralKind::Atom(atom) => {
                let open = atom.vars().filter(|var| !is_known(*var)).count();
                let closed = atom.args.len() - open;
                let size = self.tables.len(atom.relation);
                match (open, closed) {
                    (0, _) => (2, 0),
                    (_, 0) => (7, size),
                    _ => (4, size >> (3 * closed.min(20))),
                }
            }
            LiteralKind::Absent(atom) => {
                let ready = atom.vars().all(|var| is_known(var) || !bindable[var.index()]);
                if ready { (3, 0) } else { later }
            }
            LiteralKind::Range { var, args } => match (all(args), is_known(*var)) {
                (true, true) => (2, 0),
                (true, false) => (6, 0),
                (false, _) => later,
            },
            LiteralKind::Aggregate { aggregate, .. } => {
                let ready = aggregate.outer.iter().all(|var| is_known(*var));
                if ready { (5, 0) } else { later }
            }
        }
    }

    /// The value of an expression; nothing if a variable is unbound or an operation has no value.
    pub(crate) fn eval(&self, expr: &Expr, bound: &Bound) -> Option<Value> {
        match expr {
            Expr::Var(var) => bound[var.index()],
            Expr::Const(value) => Some(*value),
            Expr::Call { functor, args, .. } => {
                let args: Option<Vec<Value>> =
                    args.iter().map(|arg| self.eval(arg, bound)).collect();
                self.builtins.apply(*functor, &args?).ok()
            }
        }
    }

    /// The value that the only unbound variable of `expr` must have for `expr` to be `value`.
    pub(super) fn turn(&self, expr: &Expr, value: Value, bound: &Bound) -> Option<Value> {
        match expr {
            Expr::Var(_) => Some(value),
            Expr::Const(_) => None,
            Expr::Call { functor, args, .. } => match (functor.op, args.as_slice()) {
                (Op::Neg, [a]) => self.turn(a, subtract(zero(value)?, value)?, bound),
                (Op::Add, [a, b]) => match (self.eval(a, bound), self.eval(b, bound)) {
                    (None, Some(known)) => self.turn(a, subtract(value, known)?, bound),
                    (Some(known), None) => self.turn(b, subtract(value, known)?, bound),
                    _ => None,
                },
                (Op::Sub, [a, b]) => match (self.eval(a, bound), self.eval(b, bound)) {
                    (None, Some(known)) => self.turn(a, add(value, known)?, bound),
                    (Some(known), None) => self.turn(b, subtract(known, value)?, bound),
                    _ => None,
                },
                _ => None,
            },
        }
    }

    /// What an atom asks for: nothing where its variable has no value.
    pub(crate) fn pattern(atom: &Atom, bound: &Bound) -> Vec<Option<Value>> {
        let value = |arg: &Arg| match arg {
            Arg::Var(var) => bound[var.index()],
            Arg::Const(value) => Some(*value),
        };
        atom.args.iter().map(value).collect()
    }

    /// Whether a tuple matches.
    pub(super) fn has(&self, atom: &Atom, bound: &Bound) -> bool {
        let pattern = Self::pattern(atom, bound);
        let whole: Option<Vec<Value>> = pattern.iter().copied().collect();
        if let Some(tuple) = whole {
            return self.tables.contains(atom.relation, &tuple);
        }
        let mut found = false;
        self.tables.select(atom.relation, &pattern, &mut |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    }
}

/// The bindings of a group that come first, while they are met in any order.
struct Best<'s, 'a> {
    solver: &'s Solver<'a>,
    kind: AggregateKind,
    /// Of min and max all that are as good as the best; else up to twice as many as are kept.
    rows: Vec<GroupRow>,
    /// Of min and max the first of the others.
    next: Option<GroupRow>,
    /// Rows behind this one are not kept; none before there are enough.
    last: Option<GroupRow>,
}

impl<'s, 'a> Best<'s, 'a> {
    fn new(solver: &'s Solver<'a>, kind: AggregateKind) -> Self {
        Self { solver, kind, rows: Vec::new(), next: None, last: None }
    }

    fn add(&mut self, local: &[VarId], bound: &Bound, value: Option<Value>) {
        let (solver, kind) = (self.solver, self.kind);
        let row = || GroupRow { binding: binding_of(local, bound), value };
        let is_behind = |other: &GroupRow| {
            let by_value = solver.cmp_values(kind, value, other.value);
            by_value.then_with(|| cmp_bound(&other.binding, bound, solver).reverse()).is_gt()
        };
        if !matches!(kind, AggregateKind::Min | AggregateKind::Max) {
            if !self.last.as_ref().is_some_and(is_behind) {
                self.rows.push(row());
                if self.rows.len() >= solver.rows_max().max(1).saturating_mul(2) {
                    self.cut();
                }
            }
            return;
        }
        let best = self.rows.first().map(|best| solver.cmp_values(kind, value, best.value));
        match best {
            None | Some(Ordering::Equal) => self.rows.push(row()),
            Some(Ordering::Less) => {
                let old = replace(&mut self.rows, vec![row()]);
                self.next = old.into_iter().min_by(|a, b| solver.cmp_rows(kind, a, b));
            }
            Some(Ordering::Greater) => {
                if !self.next.as_ref().is_some_and(is_behind) {
                    self.next = Some(row());
                }
            }
        }
    }

    /// Drops what is behind the rows that are kept.
    fn cut(&mut self) {
        let (solver, kind, keep) = (self.solver, self.kind, self.solver.rows_max().max(1));
        let by_place = |a: &GroupRow, b: &GroupRow| solver.cmp_rows(kind, a, b);
        self.rows.select_nth_unstable_by(keep - 1, by_place);
        self.rows.truncate(keep);
        self.last = self.rows.pop();
        self.rows.extend(self.last.clone());
    }

    /// The rows that are kept, in order.
    fn rows(mut self) -> Vec<GroupRow> {
        let (solver, kind) = (self.solver, self.kind);
        self.rows.sort_by(|a, b| solver.cmp_rows(kind, a, b));
        if matches!(kind, AggregateKind::Min | AggregateKind::Max) {
            self.rows.extend(self.next);
        } else {
            self.rows.truncate(solver.rows_max());
        }
        self.rows
    }
}

/// Values of `vars` in `bound`, those without one left out.
pub(crate) fn binding_of(vars: &[VarId], bound: &Bound) -> Binding {
    vars.iter().filter_map(|&var| Some((var, bound[var.index()]?))).collect()
}

/// The order of the language, variable by variable.
pub(crate) fn cmp_bindings(a: &Binding, b: &Binding, solver: &Solver<'_>) -> Ordering {
    let symbols = solver.builtins.symbols();
    let pairs = a.iter().zip(b);
    pairs.map(|(x, y)| x.1.cmp_in(y.1, symbols)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

/// The order of the language between a binding and the values of the same variables in `bound`.
fn cmp_bound(a: &Binding, bound: &Bound, solver: &Solver<'_>) -> Ordering {
    let symbols = solver.builtins.symbols();
    let pairs = a.iter().filter_map(|(var, value)| Some((value, bound[var.index()]?)));
    let orders = pairs.map(|(x, y)| x.cmp_in(y, symbols));
    orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Integers of one type; nothing if the result does not fit or they are no integers.
fn add(a: Value, b: Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.checked_add(b).map(Value::Number),
        (Value::Unsigned(a), Value::Unsigned(b)) => a.checked_add(b).map(Value::Unsigned),
        _ => None,
    }
}

fn subtract(a: Value, b: Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.checked_sub(b).map(Value::Number),
        (Value::Unsigned(a), Value::Unsigned(b)) => a.checked_sub(b).map(Value::Unsigned),
        _ => None,
    }
}

fn zero(like: Value) -> Option<Value> {
    matches!(like, Value::Number(_)).then_some(Value::Number(0))
}

/// Whether all variables of an expression are known.
fn is_ready(expr: &Expr, is_known: &impl Fn(VarId) -> bool) -> bool {
    let mut ready = true;
    expr.each_var(&mut |var| ready &= is_known(var));
    ready
}

/// Marks the variables that a literal can bind.
pub(crate) fn each_bindable(literal: &Literal, known: &mut [bool]) {
    let mut mark = |var: VarId| known[var.index()] = true;
    match &literal.kind {
        LiteralKind::Atom(atom) => atom.vars().for_each(mark),
        LiteralKind::Compare(CompareOp::Eq, left, right) => {
            left.each_var(&mut mark);
            right.each_var(&mut mark);
        }
        LiteralKind::Range { var, .. } => mark(*var),
        LiteralKind::Aggregate { var, aggregate } => {
            mark(*var);
            aggregate.witnesses.iter().copied().for_each(mark);
        }
        LiteralKind::Absent(_)
        | LiteralKind::Compare(..)
        | LiteralKind::Test { .. }
        | LiteralKind::Constant(_) => {}
    }
}

/// The only unbound variable of an expression that can be turned around for it: integers, `+`,
/// `-`, once.
pub(super) fn solvable(expr: &Expr, is_bound: &impl Fn(VarId) -> bool) -> Option<VarId> {
    let known = |expr: &Expr| is_ready(expr, is_bound);
    match expr {
        Expr::Var(var) => (!is_bound(*var)).then_some(*var),
        Expr::Const(_) => None,
        Expr::Call { functor, args, .. } => {
            use crate::value::base_type::BaseType::{Number, Unsigned};
            if !matches!(functor.result, Number | Unsigned) {
                return None;
            }
            match (functor.op, args.as_slice()) {
                (Op::Neg, [a]) if functor.result == Number => solvable(a, is_bound),
                (Op::Add | Op::Sub, [a, b]) if known(b) => solvable(a, is_bound),
                (Op::Add | Op::Sub, [a, b]) if known(a) => solvable(b, is_bound),
                _ => None,
            }
        }
    }
}

/// The values of an aggregate's witnesses in a binding of its body.
pub(crate) fn choice_of(aggregate: &Aggregate, binding: &Binding) -> Vec<Value> {
    let value = |witness: &VarId| {
        let found = binding.iter().find(|(var, _)| var == witness);
        found.map(|(_, value)| *value).expect("a witness is a local variable with a value")
    };
    aggregate.witnesses.iter().map(value).collect()
}
