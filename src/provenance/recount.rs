//! All bindings of a body by plain nested loops, for the checker alone: literals in the order
//! written as far as bindings allow, every value computed anew. Shares nothing with the search.

use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{Id, VarId};
use crate::engine::tables::Tables;
use crate::program::builtins::Builtins;
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind};
use crate::provenance::watch::Watch;
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::value::value::Value;

/// Values of a rule's variables, by id.
pub(crate) type Values = Vec<Option<Value>>;

/// Tables to loop over and the meaning of operations.
pub(crate) struct Recount<'a> {
    pub(crate) tables: &'a dyn Tables,
    pub(crate) builtins: &'a Builtins,
    /// What may stop a loop; what a stopped one gives is worth nothing.
    pub(crate) watch: &'a Watch,
}

impl Recount<'_> {
    /// The value of an expression, if it has one.
    pub(crate) fn value(&self, expr: &Expr, values: &Values) -> Option<Value> {
        match expr {
            Expr::Var(var) => *values.get(var.index())?,
            Expr::Const(value) => Some(*value),
            Expr::Call { functor, args, .. } => {
                let args = self.all(args, values)?;
                self.builtins.apply(*functor, &args).ok()
            }
        }
    }

    /// The values of expressions, if all have one.
    pub(crate) fn all(&self, exprs: &[Expr], values: &Values) -> Option<Vec<Value>> {
        exprs.iter().map(|expr| self.value(expr, values)).collect()
    }

    /// Calls `found` with every binding of an aggregate's body for the outer values in `values`,
    /// and with the value that it gives.
    pub(crate) fn each_row(
        &self,
        aggregate: &Aggregate,
        values: &Values,
        found: &mut dyn FnMut(&Values, Option<Value>),
    ) {
        let mut start: Values = vec![None; values.len()];
        for var in &aggregate.outer {
            start[var.index()] = values[var.index()];
        }
        let order = self.order(&aggregate.body, &start);
        self.bindings(&order, &mut start, &mut |row| {
            found(row, aggregate.value.as_ref().and_then(|expr| self.value(expr, row)));
        });
    }

    /// The value of an aggregate over what its rows give.
    pub(crate) fn total(&self, aggregate: &Aggregate, given: &[Option<Value>]) -> Option<Value> {
        let mut values = given.iter().map(|value| value.unwrap_or(Value::Number(1)));
        self.builtins.aggregate(aggregate.kind, aggregate.base, &mut values).ok().flatten()
    }

    /// The literals in the order of [`Recount::next`]; which of them are next depends only on
    /// which variables have a value. Negated atoms with variables that nothing binds come last.
    fn order<'l>(&self, body: &'l [Literal], values: &Values) -> Vec<&'l Literal> {
        let mut left: Vec<&Literal> = body.iter().collect();
        let mut known: Vec<bool> = values.iter().map(Option::is_some).collect();
        let mut order = Vec::new();
        while let Some(next) = Self::next(&left, &known) {
            let literal = left.remove(next);
            let mut bind = |var: VarId| known[var.index()] = true;
            match &literal.kind {
                LiteralKind::Atom(atom) => atom.vars().for_each(bind),
                LiteralKind::Compare(CompareOp::Eq, left, right) => {
                    left.each_var(&mut bind);
                    right.each_var(&mut bind);
                }
                LiteralKind::Range { var, .. } => bind(*var),
                LiteralKind::Aggregate { var, aggregate } => {
                    bind(*var);
                    aggregate.witnesses.iter().copied().for_each(bind);
                }
                LiteralKind::Absent(_)
                | LiteralKind::Compare(..)
                | LiteralKind::Test { .. }
                | LiteralKind::Constant(_) => {}
            }
            order.push(literal);
        }
        order.extend(left);
        order
    }

    /// Loops over the literals in this order. Afterwards `values` is as before.
    fn bindings(&self, order: &[&Literal], values: &mut Values, found: &mut dyn FnMut(&Values)) {
        if self.watch.tick(1).is_break() {
            return;
        }
        let Some((literal, rest)) = order.split_first() else {
            return found(values);
        };
        match &literal.kind {
            LiteralKind::Atom(atom) => {
                let pattern = pattern(atom, values);
                self.tables.select(atom.relation, &pattern, &mut |tuple| {
                    let mut new = Vec::new();
                    if unify(&atom.args, tuple, (values, &mut new)) {
                        self.bindings(rest, values, found);
                    }
                    new.into_iter().for_each(|var: VarId| values[var.index()] = None);
                    self.watch.tick(1)
                });
            }
            LiteralKind::Absent(_) => {
                if self.lacks(literal, values) {
                    self.bindings(rest, values, found);
                }
            }
            LiteralKind::Compare(op, left, right) => {
                let open = |expr: &Expr| match expr {
                    Expr::Var(var) if values[var.index()].is_none() => Some(*var),
                    _ => None,
                };
                match (*op, open(left), open(right)) {
                    (CompareOp::Eq, Some(var), _) => {
                        self.bind(var, self.value(right, values), (rest, values), found);
                    }
                    (CompareOp::Eq, _, Some(var)) => {
                        self.bind(var, self.value(left, values), (rest, values), found);
                    }
                    _ if self.holds(literal, values) => self.bindings(rest, values, found),
                    _ => {}
                }
            }
            LiteralKind::Test { .. } | LiteralKind::Constant(_) => {
                if self.holds(literal, values) {
                    self.bindings(rest, values, found);
                }
            }
            LiteralKind::Range { var, .. } if values[var.index()].is_some() => {
                if self.holds(literal, values) {
                    self.bindings(rest, values, found);
                }
            }
            LiteralKind::Range { var, args } => self.range(*var, args, (rest, values), found),
            LiteralKind::Aggregate { var, aggregate } => {
                for (value, choice) in self.outcomes(aggregate, values) {
                    let mut inner = values.clone();
                    let witnesses = aggregate.witnesses.iter().zip(choice);
                    if witnesses.chain([(var, value)]).all(|(v, x)| set(&mut inner, *v, x)) {
                        self.bindings(rest, &mut inner, found);
                    }
                }
            }
        }
    }

    /// Goes on with each value of a range.
    fn range(
        &self,
        var: VarId,
        args: &[Expr],
        (rest, values): (&[&Literal], &mut Values),
        found: &mut dyn FnMut(&Values),
    ) {
        let Some(args) = self.all(args, values) else { return };
        // Only floats can turn out to be no range on the way: then none of them is one.
        let is_float = matches!(args.first(), Some(Value::Float(_)));
        if is_float && self.builtins.range(&args, &mut |_| self.watch.tick(1)).is_err() {
            return;
        }
        // A range without values binds nothing.
        drop(self.builtins.range(&args, &mut |value| {
            self.bind(var, Some(value), (rest, values), found);
            self.watch.tick(1)
        }));
    }

    /// Goes on with one more variable bound, or compared.
    fn bind(
        &self,
        var: VarId,
        value: Option<Value>,
        (rest, values): (&[&Literal], &mut Values),
        found: &mut dyn FnMut(&Values),
    ) {
        let Some(value) = value else { return };
        match values[var.index()] {
            Some(known) if known != value => {}
            Some(_) => self.bindings(rest, values, found),
            None => {
                values[var.index()] = Some(value);
                self.bindings(rest, values, found);
                values[var.index()] = None;
            }
        }
    }

    /// The first literal as written that can be used now; atoms with a known column before others.
    fn next(left: &[&Literal], known: &[bool]) -> Option<usize> {
        let known = |var: VarId| known[var.index()];
        let ready = |expr: &Expr| {
            let mut ready = true;
            expr.each_var(&mut |var| ready &= known(var));
            ready
        };
        let usable = |literal: &&&Literal| match &literal.kind {
            LiteralKind::Atom(atom) => {
                atom.args.iter().any(|arg| match arg {
                    Arg::Const(_) => true,
                    Arg::Var(var) => known(*var),
                }) || atom.args.is_empty()
            }
            LiteralKind::Absent(atom) => atom.vars().all(known),
            LiteralKind::Compare(op, a, b) => match (ready(a), ready(b)) {
                (true, true) => true,
                (false, true) => *op == CompareOp::Eq && matches!(a, Expr::Var(_)),
                (true, false) => *op == CompareOp::Eq && matches!(b, Expr::Var(_)),
                (false, false) => false,
            },
            LiteralKind::Test { args, .. } | LiteralKind::Range { args, .. } => {
                args.iter().all(ready)
            }
            LiteralKind::Aggregate { aggregate, .. } => {
                aggregate.outer.iter().all(|&var| known(var))
            }
            LiteralKind::Constant(_) => true,
        };
        let is_atom = |literal: &&&Literal| matches!(literal.kind, LiteralKind::Atom(_));
        let position = |test: &dyn Fn(&&&Literal) -> bool| left.iter().position(|l| test(&l));
        position(&usable).or_else(|| position(&is_atom))
    }

    /// Whether a negated atom, all of whose open variables mean any value, has no match.
    fn lacks(&self, literal: &Literal, values: &Values) -> bool {
        match &literal.kind {
            LiteralKind::Absent(atom) => self.a_match(atom, values).is_none(),
            _ => false,
        }
    }

    /// Whether a literal without open variables holds: not an atom, a range, an aggregate.
    pub(crate) fn holds(&self, literal: &Literal, values: &Values) -> bool {
        match &literal.kind {
            LiteralKind::Compare(op, a, b) => {
                let (a, b) = (self.value(a, values), self.value(b, values));
                let symbols = self.builtins.symbols();
                a.zip(b).is_some_and(|(a, b)| op.holds(a.cmp_in(b, symbols)))
            }
            LiteralKind::Test { test, args, negated } => {
                let args = self.all(args, values);
                args.is_some_and(|args| self.builtins.holds(*test, &args) != *negated)
            }
            LiteralKind::Constant(holds) => *holds,
            LiteralKind::Range { var, args } => {
                let (member, args) = (values[var.index()], self.all(args, values));
                member.zip(args).is_some_and(|(member, args)| {
                    let tick = &mut || self.watch.tick(1);
                    self.builtins.in_range(member, &args, tick) == Ok(true)
                })
            }
            LiteralKind::Absent(_) => self.lacks(literal, values),
            LiteralKind::Atom(_) | LiteralKind::Aggregate { .. } => false,
        }
    }

    /// A tuple that matches an atom.
    pub(crate) fn a_match(&self, atom: &Atom, values: &Values) -> Option<Vec<Value>> {
        let mut found = None;
        self.tables.select(atom.relation, &pattern(atom, values), &mut |tuple| {
            found = Some(tuple.to_vec());
            ControlFlow::Break(())
        });
        found
    }

    /// What an aggregate gives: its value with each choice of witnesses.
    fn outcomes(&self, aggregate: &Aggregate, values: &Values) -> Vec<(Value, Vec<Value>)> {
        let is_extreme = matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max);
        let mut given = Vec::new();
        let mut choices: Vec<(Option<Value>, Vec<Value>)> = Vec::new();
        self.each_row(aggregate, values, &mut |row, value| {
            given.push(value);
            if is_extreme {
                let witnesses = aggregate.witnesses.iter();
                choices.push((value, witnesses.filter_map(|var| row[var.index()]).collect()));
            }
        });
        let Some(total) = self.total(aggregate, &given) else { return Vec::new() };
        if !is_extreme {
            return vec![(total, Vec::new())];
        }
        let mut seen: Set<Vec<Value>> = Set::default();
        choices.retain(|(value, choice)| *value == Some(total) && seen.insert(choice.clone()));
        choices.into_iter().map(|(_, choice)| (total, choice)).collect()
    }
}

/// What an atom asks for.
pub(crate) fn pattern(atom: &Atom, values: &Values) -> Vec<Option<Value>> {
    atom.args.iter().map(|arg| value_in(arg, values)).collect()
}

/// The value of an argument, if it has one.
pub(crate) fn value_in(arg: &Arg, values: &Values) -> Option<Value> {
    match arg {
        Arg::Var(var) => values[var.index()],
        Arg::Const(value) => Some(*value),
    }
}

/// Gives a variable a value, or compares.
fn set(values: &mut Values, var: VarId, value: Value) -> bool {
    *values[var.index()].get_or_insert(value) == value
}

/// Gives the variables of `args` the values of a tuple, or compares; which are `new` is noted.
fn unify(args: &[Arg], tuple: &[Value], (values, new): (&mut Values, &mut Vec<VarId>)) -> bool {
    args.iter().zip(tuple).all(|(arg, value)| match arg {
        Arg::Const(constant) => constant == value,
        Arg::Var(var) => {
            let place = &mut values[var.index()];
            if place.is_none() {
                new.push(*var);
            }
            *place.get_or_insert(*value) == *value
        }
    })
}
