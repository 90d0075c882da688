//! All bindings of a body by plain nested loops, for the checker alone: literals in the order
//! written as far as bindings allow, every value computed anew. Shares nothing with the search.

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

    /// Every binding of an aggregate's body for the outer values in `values`, each with the value
    /// that it gives.
    pub(crate) fn rows(
        &self,
        aggregate: &Aggregate,
        values: &Values,
    ) -> Vec<(Values, Option<Value>)> {
        let mut start: Values = vec![None; values.len()];
        for var in &aggregate.outer {
            start[var.index()] = values[var.index()];
        }
        let mut rows = Vec::new();
        let left: Vec<&Literal> = aggregate.body.iter().collect();
        self.bindings(&left, &mut start, &mut |found| {
            let value = aggregate.value.as_ref().and_then(|expr| self.value(expr, found));
            rows.push((found.clone(), value));
        });
        rows
    }

    /// The value of an aggregate over rows.
    pub(crate) fn total(
        &self,
        aggregate: &Aggregate,
        rows: &[(Values, Option<Value>)],
    ) -> Option<Value> {
        let mut values = rows.iter().map(|(_, value)| value.unwrap_or(Value::Number(1)));
        self.builtins.aggregate(aggregate.kind, aggregate.base, &mut values).ok().flatten()
    }

    fn bindings(&self, left: &[&Literal], values: &mut Values, found: &mut dyn FnMut(&Values)) {
        if self.watch.tick(1).is_break() {
            return;
        }
        let Some(next) = self.next(left, values) else {
            if left.iter().all(|literal| self.lacks(literal, values)) {
                found(values);
            }
            return;
        };
        let literal = left[next];
        let rest: Vec<&Literal> =
            left.iter().enumerate().filter(|(at, _)| *at != next).map(|(_, l)| *l).collect();
        match &literal.kind {
            LiteralKind::Atom(atom) => {
                for tuple in self.matches(atom, values) {
                    let mut inner = values.clone();
                    if unify(&atom.args, &tuple, &mut inner) {
                        self.bindings(&rest, &mut inner, found);
                    }
                }
            }
            LiteralKind::Absent(_) => {
                if self.lacks(literal, values) {
                    self.bindings(&rest, values, found);
                }
            }
            LiteralKind::Compare(op, left, right) => {
                let open = |expr: &Expr| match expr {
                    Expr::Var(var) if values[var.index()].is_none() => Some(*var),
                    _ => None,
                };
                match (*op, open(left), open(right)) {
                    (CompareOp::Eq, Some(var), _) => {
                        self.bind(var, self.value(right, values), (&rest, values), found);
                    }
                    (CompareOp::Eq, _, Some(var)) => {
                        self.bind(var, self.value(left, values), (&rest, values), found);
                    }
                    _ if self.holds(literal, values) => self.bindings(&rest, values, found),
                    _ => {}
                }
            }
            LiteralKind::Test { .. } | LiteralKind::Constant(_) => {
                if self.holds(literal, values) {
                    self.bindings(&rest, values, found);
                }
            }
            LiteralKind::Range { var, args } => {
                let members = self.members(args, values);
                for value in members {
                    self.bind(*var, Some(value), (&rest, values), found);
                }
            }
            LiteralKind::Aggregate { var, aggregate } => {
                for (value, choice) in self.outcomes(aggregate, values) {
                    let mut inner = values.clone();
                    let witnesses = aggregate.witnesses.iter().zip(choice);
                    if witnesses.chain([(var, value)]).all(|(v, x)| set(&mut inner, *v, x)) {
                        self.bindings(&rest, &mut inner, found);
                    }
                }
            }
        }
    }

    fn bind(
        &self,
        var: VarId,
        value: Option<Value>,
        (rest, values): (&[&Literal], &Values),
        found: &mut dyn FnMut(&Values),
    ) {
        let mut inner = values.clone();
        if value.is_some_and(|value| set(&mut inner, var, value)) {
            self.bindings(rest, &mut inner, found);
        }
    }

    /// The first literal as written that can be used now; atoms with a known column before others.
    fn next(&self, left: &[&Literal], values: &Values) -> Option<usize> {
        let known = |var: VarId| values[var.index()].is_some();
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
            LiteralKind::Absent(atom) => self.matches(atom, values).is_empty(),
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
                let value = values[var.index()];
                value.is_some_and(|value| self.members(args, values).contains(&value))
            }
            LiteralKind::Absent(_) => self.lacks(literal, values),
            LiteralKind::Atom(_) | LiteralKind::Aggregate { .. } => false,
        }
    }

    /// All tuples that match an atom.
    pub(crate) fn matches(&self, atom: &Atom, values: &Values) -> Vec<Vec<Value>> {
        let pattern: Vec<Option<Value>> = atom
            .args
            .iter()
            .map(|arg| match arg {
                Arg::Var(var) => values[var.index()],
                Arg::Const(value) => Some(*value),
            })
            .collect();
        let mut tuples = Vec::new();
        self.tables.select(atom.relation, &pattern, &mut |tuple| {
            tuples.push(tuple.to_vec());
            self.watch.tick(1)
        });
        tuples
    }

    fn members(&self, args: &[Expr], values: &Values) -> Vec<Value> {
        let Some(args) = self.all(args, values) else { return Vec::new() };
        let mut members = Vec::new();
        let walked = self.builtins.range(&args, &mut |value| {
            members.push(value);
            self.watch.tick(1)
        });
        if walked.is_err() {
            members.clear();
        }
        members
    }

    /// What an aggregate gives: its value with each choice of witnesses.
    fn outcomes(&self, aggregate: &Aggregate, values: &Values) -> Vec<(Value, Vec<Value>)> {
        let rows = self.rows(aggregate, values);
        let Some(total) = self.total(aggregate, &rows) else { return Vec::new() };
        if !matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max) {
            return vec![(total, Vec::new())];
        }
        let mut outcomes: Vec<(Value, Vec<Value>)> = Vec::new();
        for (found, _) in rows.iter().filter(|(_, value)| *value == Some(total)) {
            let choice = aggregate.witnesses.iter().filter_map(|var| found[var.index()]).collect();
            let outcome = (total, choice);
            if !outcomes.contains(&outcome) {
                outcomes.push(outcome);
            }
        }
        outcomes
    }
}

/// Gives a variable a value, or compares.
fn set(values: &mut Values, var: VarId, value: Value) -> bool {
    *values[var.index()].get_or_insert(value) == value
}

fn unify(args: &[Arg], tuple: &[Value], values: &mut Values) -> bool {
    args.iter().zip(tuple).all(|(arg, value)| match arg {
        Arg::Const(constant) => constant == value,
        Arg::Var(var) => set(values, *var, *value),
    })
}
