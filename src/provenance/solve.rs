//! [`Solver`]: all bindings of a body, goal-directed: the literals that known values make
//! selective come first, and every answer comes in canonical order, so that a search which stops
//! early stops at the same binding whatever the engine and the order of the input. A binding for
//! which an operation has no value is no binding: the evaluation that filled the tables has
//! already made sure that some other literal fails for it.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
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
use crate::provenance::watch::Watch;
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::value::value::{Tuple, Value, cmp_tuples};

/// Values of the variables of a rule, by id.
pub(crate) type Bound = Vec<Option<Value>>;

/// Called with every binding, until it breaks.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&Bound) -> ControlFlow<()>;

/// Finds bindings in finished tables.
pub(crate) struct Solver<'a> {
    pub(crate) program: &'a Program,
    pub(crate) tables: &'a dyn Tables,
    pub(crate) builtins: Builtins,
    /// What may stop a walk; the bindings of a stopped one are not all there are.
    pub(crate) watch: Watch,
    orders: RefCell<Map<Site, Rc<[usize]>>>,
    groups: RefCell<Map<GroupKey, Rc<Group>>>,
}

/// An aggregate and its outer values.
type GroupKey = (Site, Box<[Value]>);

/// An aggregate's body for fixed outer values.
pub(crate) struct Group {
    /// All bindings, in the order in which a proof lists them.
    pub(crate) rows: Vec<GroupRow>,
    /// The value over all of them, if there is one.
    pub(crate) value: Option<Value>,
}

/// A binding of an aggregate's body.
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
            orders: RefCell::default(),
            groups: RefCell::default(),
        }
    }

    /// Calls `visit` with every binding of a rule's body that gives its head the values of
    /// `tuple`. Reading a tuple costs one unit of `work`; without any left the walk ends.
    pub(crate) fn instances(
        &self,
        rule: RuleId,
        tuple: &[Value],
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
            work: Some(work),
            visit: &mut checked,
        };
        let _ = walk.step(0);
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
        let mut inner: Bound = vec![None; bound.len()];
        for var in &aggregate.outer {
            inner[var.index()] = bound[var.index()];
        }
        let order = self.order(site, &aggregate.body, &inner);
        let mut rows = Vec::new();
        let mut collect = |bound: &Bound| {
            let value = aggregate.value.as_ref().and_then(|value| self.eval(value, bound));
            rows.push(GroupRow { binding: binding_of(&aggregate.local, bound), value });
            ControlFlow::Continue(())
        };
        let mut walk = Walk {
            solver: self,
            scope: site,
            literals: &aggregate.body,
            order: &order,
            bound: inner,
            work: None,
            visit: &mut collect,
        };
        let _ = walk.step(0);
        rows.sort_by(|a, b| self.cmp_rows(aggregate.kind, a, b));
        let one = |row: &GroupRow| row.value.unwrap_or(Value::Number(1));
        let mut values = rows.iter().map(one);
        let value =
            self.builtins.aggregate(aggregate.kind, aggregate.base, &mut values).ok().flatten();
        let group = Rc::new(Group { rows, value });
        if !self.watch.is_stopped() {
            self.groups.borrow_mut().insert(key, Rc::clone(&group));
        }
        group
    }

    /// Largest value first (for min the least), then by the values of the variables.
    fn cmp_rows(&self, kind: AggregateKind, a: &GroupRow, b: &GroupRow) -> Ordering {
        let symbols = self.builtins.symbols();
        let by_value = match (a.value, b.value) {
            (Some(x), Some(y)) if kind == AggregateKind::Min => x.cmp_in(y, symbols),
            (Some(x), Some(y)) => y.cmp_in(x, symbols),
            _ => Ordering::Equal,
        };
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
        let later = (9, 0);
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
    fn turn(&self, expr: &Expr, value: Value, bound: &Bound) -> Option<Value> {
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
    fn has(&self, atom: &Atom, bound: &Bound) -> bool {
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
fn each_bindable(literal: &Literal, known: &mut [bool]) {
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
fn solvable(expr: &Expr, is_bound: &impl Fn(VarId) -> bool) -> Option<VarId> {
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

/// A walk through a body.
struct Walk<'w, 'a> {
    solver: &'w Solver<'a>,
    /// Whose body it is: the rule's or an aggregate's.
    scope: &'w Site,
    literals: &'w [Literal],
    order: &'w [usize],
    bound: Bound,
    work: Option<&'w Cell<usize>>,
    visit: Visit<'w>,
}

impl Walk<'_, '_> {
    fn step(&mut self, depth: usize) -> ControlFlow<()> {
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
        let mut matches: Vec<Tuple> = Vec::new();
        self.solver.tables.select(atom.relation, &pattern, &mut |tuple| {
            matches.push(tuple.into());
            self.solver.watch.tick(1)
        });
        self.solver.watch.tick(0)?;
        self.spend(matches.len())?;
        let symbols = self.solver.builtins.symbols();
        matches.sort_unstable_by(|a, b| cmp_tuples(a, b, symbols));
        for tuple in matches {
            let mut news = Vec::new();
            if self.bind_all(atom.args.iter().zip(&tuple), &mut news) {
                self.step(depth + 1)?;
            }
            self.unbind(&news);
        }
        ControlFlow::Continue(())
    }

    /// Binds the variables among `args`, or compares where they have a value already.
    fn bind_all<'v>(
        &mut self,
        args: impl Iterator<Item = (&'v Arg, &'v Value)>,
        news: &mut Vec<VarId>,
    ) -> bool {
        for (arg, value) in args {
            match arg {
                Arg::Const(constant) if constant != value => return false,
                Arg::Const(_) => {}
                Arg::Var(var) => {
                    if !self.bind(*var, *value, news) {
                        return false;
                    }
                }
            }
        }
        true
    }

    fn bind(&mut self, var: VarId, value: Value, news: &mut Vec<VarId>) -> bool {
        match self.bound[var.index()] {
            Some(known) => known == value,
            None => {
                self.bound[var.index()] = Some(value);
                news.push(var);
                true
            }
        }
    }

    fn unbind(&mut self, news: &[VarId]) {
        for var in news {
            self.bound[var.index()] = None;
        }
    }

    /// Goes on with one more variable bound.
    fn with(&mut self, var: VarId, value: Value, depth: usize) -> ControlFlow<()> {
        let mut news = Vec::new();
        if self.bind(var, value, &mut news) {
            self.step(depth + 1)?;
        }
        self.unbind(&news);
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
        let known = self.bound[var.index()];
        if let Some(is_in) = known.and_then(|value| in_integer_range(value, &args)) {
            return if is_in { self.step(depth + 1) } else { ControlFlow::Continue(()) };
        }
        let solver = self.solver;
        let mut flow = ControlFlow::Continue(());
        // A range without values binds nothing, as any operation without a value.
        drop(solver.builtins.range(&args, &mut |value| {
            flow = self.solver.watch.tick(1);
            if flow.is_continue() {
                flow = self.spend(1);
            }
            if flow.is_continue() && known.is_none_or(|known| known == value) {
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
        let mut seen: Vec<Vec<Value>> = Vec::new();
        for row in group.rows.iter().filter(|row| row.value == Some(value)) {
            let choice = choice_of(aggregate, &row.binding);
            if seen.contains(&choice) {
                continue;
            }
            let mut news = Vec::new();
            let mut fits = self.bind(var, value, &mut news);
            for (witness, value) in aggregate.witnesses.iter().zip(&choice) {
                fits = fits && self.bind(*witness, *value, &mut news);
            }
            if fits {
                self.step(depth + 1)?;
            }
            self.unbind(&news);
            seen.push(choice);
        }
        ControlFlow::Continue(())
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

/// Whether an integer lies in `range(from, to, step)`; nothing for other types.
pub(crate) fn in_integer_range(member: Value, args: &[Value]) -> Option<bool> {
    let wide = |value: Value| match value {
        Value::Number(n) => Some(i128::from(n)),
        Value::Unsigned(n) => Some(i128::from(n)),
        Value::Float(_) | Value::Symbol(_) => None,
    };
    let value = wide(member)?;
    let args: Option<Vec<i128>> = args.iter().map(|&arg| wide(arg)).collect();
    let args = args?;
    let (from, to) = (*args.first()?, *args.get(1)?);
    let down = to < from && matches!(member, Value::Number(_));
    let step = args.get(2).copied().unwrap_or(if down { -1 } else { 1 });
    let inside = match step.cmp(&0) {
        Ordering::Greater => from <= value && value < to,
        Ordering::Less => to < value && value <= from,
        Ordering::Equal => return None,
    };
    Some(inside && (value - from) % step == 0)
}
