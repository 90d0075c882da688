//! The tuples that a certificate shows, and all ways to satisfy a body with them, by nested loops.
//! A literal with an operation that has no value is set aside; where all others hold, evaluation
//! would have stopped, and the search says so.

use std::cell::RefCell;
use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};
use regex::Regex;

use super::builtins::{aggregate, apply, pattern, range};
use super::form::{Aggregate, Atom, Expr, Literal, Rule};
use super::value::{Base, Fail, Tuple, Value, ensure};

/// Values of the variables of a rule; also of columns, nothing where any value would do.
pub(super) type Binding = Vec<Option<Value>>;

#[derive(Default)]
pub(super) struct Table {
    pub(super) columns: Vec<Base>,
    pub(super) input: bool,
    pub(super) closed: bool,
    pub(super) known: HashSet<Tuple>,
    pub(super) rows: Vec<Tuple>,
    pub(super) by_value: HashMap<(usize, Value), Vec<Tuple>>,
}

#[derive(Default)]
pub(super) struct Tables {
    pub(super) by_name: HashMap<String, Table>,
    patterns: RefCell<HashMap<String, Option<Regex>>>,
}

/// Called with each binding; with the reason, if it holds only but for an operation without value.
type Visit<'v> = dyn FnMut(&Binding, Option<&str>) -> Result<(), Fail> + 'v;

/// Called with values of further variables; whether to go on.
type Go<'g> = dyn FnMut(&[(usize, Value)]) -> bool + 'g;

impl Table {
    /// Whether the tuple was not there.
    pub(super) fn insert(&mut self, tuple: &Tuple) -> bool {
        for (column, value) in tuple.iter().enumerate() {
            self.by_value.entry((column, value.clone())).or_default().push(Tuple::clone(tuple));
        }
        self.rows.push(Tuple::clone(tuple));
        self.known.insert(Tuple::clone(tuple))
    }

    /// All tuples with the rarest of the values asked for.
    fn candidates(&self, asks: &Binding) -> &[Tuple] {
        let known = asks.iter().enumerate().filter_map(|(at, value)| Some((at, value.clone()?)));
        let found = known.map(|key| self.by_value.get(&key).map_or(&[][..], |rows| rows));
        found.min_by_key(|rows| rows.len()).unwrap_or(&self.rows)
    }

    pub(super) fn select(&self, asks: &Binding) -> impl Iterator<Item = &Tuple> {
        let same = |(ask, value): (&Option<Value>, &Value)| ask.as_ref().is_none_or(|a| a == value);
        self.candidates(asks).iter().filter(move |row| asks.iter().zip(row.iter()).all(same))
    }
}

/// What the bodies of a rule are searched in, and how often each variable occurs in it.
pub(super) struct Scope<'a> {
    tables: &'a Tables,
    occurs: Vec<usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(tables: &'a Tables, rule: &Rule) -> Self {
        let mut occurs = vec![0; rule.vars.len()];
        let mut count = |var: usize| occurs[var] += 1;
        rule.head.1.iter().for_each(|arg| arg.each_var(&mut count));
        rule.body.iter().for_each(|literal| literal.each_var(true, &mut count));
        Self { tables, occurs }
    }

    fn table(&self, atom: &Atom) -> &'a Table {
        &self.tables.by_name[&atom.0]
    }

    pub(super) fn value(&self, expr: &Expr, binding: &Binding) -> Result<Value, Fail> {
        match expr {
            Expr::Var(var) => match &binding[*var] {
                Some(value) => Ok(value.clone()),
                None => Err(Fail::Wrong(format!("variable {var} has no value"))),
            },
            Expr::Const(base, json) => Value::of(json, *base),
            Expr::Call(op, args) => apply(op, &self.values(args, binding)?),
        }
    }

    pub(super) fn values(&self, args: &[Expr], binding: &Binding) -> Result<Vec<Value>, Fail> {
        args.iter().map(|arg| self.value(arg, binding)).collect()
    }

    /// What an atom asks for, as far as it is known.
    pub(super) fn asks(&self, atom: &Atom, binding: &Binding) -> Binding {
        atom.1.iter().map(|arg| self.value(arg, binding).ok()).collect()
    }

    /// Whether a literal holds that has no premise, or an absence.
    pub(super) fn holds(&self, literal: &Literal, binding: &Binding) -> Result<bool, Fail> {
        let two = |a, b| Ok((self.value(a, binding)?, self.value(b, binding)?));
        match literal {
            Literal::Compare(op, a, b) => {
                let (a, b) = two(a, b)?;
                ensure!(a.base() == b.base(), "{a} and {b} are of different types");
                match op.as_str() {
                    "=" => return Ok(a == b),
                    "!=" => return Ok(a != b),
                    "<" => return Ok(a < b),
                    "<=" => return Ok(a <= b),
                    ">" => return Ok(a > b),
                    ">=" => return Ok(a >= b),
                    _ => {}
                }
            }
            Literal::Test(test, wanted, a, b) => match (test.as_str(), two(a, b)?) {
                ("match", (Value::Symbol(regex), Value::Symbol(text))) => {
                    let mut known = self.tables.patterns.borrow_mut();
                    let regex = known.entry_ref(&*regex).or_insert_with(|| pattern(&regex));
                    return Ok(regex.as_ref().is_some_and(|r| r.is_match(&text)) == *wanted);
                }
                ("contains", (Value::Symbol(part), Value::Symbol(text))) => {
                    return Ok(text.contains(&*part) == *wanted);
                }
                _ => {}
            },
            Literal::Range(var, args) => {
                let (value, mut found) = (self.value(&Expr::Var(*var), binding)?, false);
                range(&self.values(args, binding)?, &mut |member| {
                    found |= member == value;
                    !found
                })?;
                return Ok(found);
            }
            Literal::Constant(holds) => return Ok(*holds),
            Literal::Absent(atom) => {
                return Ok(self.table(atom).select(&self.asks(atom, binding)).next().is_none());
            }
            Literal::Atom(_) | Literal::Aggregate(_) => {}
        }
        Err(Fail::Wrong("a literal that cannot be tested".to_owned()))
    }

    /// Calls `visit` with each extension of `binding` that satisfies the body.
    pub(super) fn each(
        &self,
        body: &[&Literal],
        binding: &Binding,
        failed: Option<&str>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Fail> {
        let costs = (0..body.len()).filter_map(|at| Some((self.cost(body[at], binding)?, at)));
        let Some((_, at)) = costs.min() else {
            ensure!(body.is_empty() || failed.is_some(), "nothing binds a variable");
            return visit(binding, failed);
        };
        let mut rest = body.to_vec();
        let literal = rest.remove(at);
        // What fails further on is no fault of this literal.
        let mut later = Ok(());
        let found = self.extend(literal, binding, &mut |more| {
            let mut inner = binding.clone();
            let mut same = |(var, value): &(usize, Value)| {
                inner[*var].get_or_insert_with(|| value.clone()) == value
            };
            if more.iter().all(&mut same) {
                later = self.each(&rest, &inner, failed, visit);
            }
            later.is_ok()
        });
        later?;
        match found {
            Err(Fail::NoValue(reason)) => {
                self.each(&rest, binding, failed.or(Some(&reason)), visit)
            }
            found => found,
        }
    }

    /// What it takes to use a literal now; nothing if its inputs have no values.
    fn cost(&self, literal: &Literal, binding: &Binding) -> Option<usize> {
        let ready = |expr: &Expr| {
            let mut ready = true;
            expr.each_var(&mut |var| ready &= binding[var].is_some());
            ready
        };
        let (fits, cost) = match literal {
            Literal::Atom(atom) => {
                (true, 1 + self.table(atom).candidates(&self.asks(atom, binding)).len())
            }
            Literal::Absent(Atom(_, args)) => {
                let any = |arg: &Expr| matches!(arg, Expr::Var(var) if self.occurs[*var] == 1);
                (args.iter().all(|arg| any(arg) || ready(arg)), 0)
            }
            Literal::Compare(op, a, b) => {
                let alone = |x: &Expr| op == "=" && matches!(x, Expr::Var(_));
                (ready(a) && (ready(b) || alone(b)) || alone(a) && ready(b), 0)
            }
            Literal::Test(_, _, a, b) => (ready(a) && ready(b), 0),
            Literal::Range(var, args) => {
                (args.iter().all(ready), if binding[*var].is_some() { 0 } else { 999 })
            }
            Literal::Aggregate(of) => (of.outer.iter().all(|var| binding[*var].is_some()), 500),
            Literal::Constant(_) => (true, 0),
        };
        fits.then_some(cost)
    }

    /// Calls `go` with each choice of values that a literal gives to variables, while it says so.
    fn extend(&self, literal: &Literal, binding: &Binding, go: &mut Go<'_>) -> Result<(), Fail> {
        let open = |expr: &Expr| match expr {
            Expr::Var(var) if binding[*var].is_none() => Some(*var),
            _ => None,
        };
        match literal {
            Literal::Atom(atom) => {
                self.table(atom).select(&self.asks(atom, binding)).all(|row| {
                    let pairs = atom.1.iter().zip(row.iter());
                    let more = pairs.filter_map(|(arg, value)| Some((open(arg)?, value.clone())));
                    go(&more.collect::<Vec<_>>())
                });
            }
            Literal::Compare(op, a, b) if op == "=" && (open(a).is_some() || open(b).is_some()) => {
                let (var, other) = if open(a).is_some() { (open(a), b) } else { (open(b), a) };
                let value = self.value(other, binding)?;
                go(&var.map(|var| (var, value)).into_iter().collect::<Vec<_>>());
            }
            Literal::Range(var, args) => {
                range(&self.values(args, binding)?, &mut |value| go(&[(*var, value)]))?;
            }
            Literal::Aggregate(of) => {
                let rows = self.rows(of, binding)?;
                let Some(total) = total(of, &rows)? else { return Ok(()) };
                let mut choices = BTreeSet::new();
                for (row, _) in rows.iter().filter(|(_, part)| *part == total) {
                    let choice =
                        of.witnesses.iter().filter_map(|var| Some((*var, row[*var].clone()?)));
                    choices.insert(choice.collect::<Vec<_>>());
                }
                if of.witnesses.is_empty() {
                    choices = BTreeSet::from([Vec::new()]);
                }
                let own = [(of.var, total)];
                choices.into_iter().all(|choice| go(&[&choice[..], &own].concat()));
            }
            _ if self.holds(literal, binding)? => drop(go(&[])),
            _ => {}
        }
        Ok(())
    }

    /// Every binding of an aggregate's body for the outer values, with the value that it gives.
    pub(super) fn rows(
        &self,
        of: &Aggregate,
        outer: &Binding,
    ) -> Result<Vec<(Binding, Value)>, Fail> {
        let mut start = vec![None; outer.len()];
        of.outer.iter().for_each(|var| start[*var].clone_from(&outer[*var]));
        let mut rows = Vec::new();
        let body: Vec<&Literal> = of.body.iter().collect();
        self.each(&body, &start, None, &mut |row, failed| {
            rows.push((row.clone(), failed.map_or_else(|| self.part(of, row), no_value)?));
            Ok(())
        })?;
        Ok(rows)
    }

    /// What a row gives to its aggregate.
    pub(super) fn part(&self, of: &Aggregate, row: &Binding) -> Result<Value, Fail> {
        of.value.as_ref().map_or(Ok(Value::Whole(Base::Number, 1)), |value| self.value(value, row))
    }
}

pub(super) fn no_value<T>(reason: &str) -> Result<T, Fail> {
    Err(Fail::NoValue(reason.to_owned()))
}

/// The value of an aggregate over rows.
pub(super) fn total(of: &Aggregate, rows: &[(Binding, Value)]) -> Result<Option<Value>, Fail> {
    let values: Vec<Value> = rows.iter().map(|(_, value)| value.clone()).collect();
    aggregate(&of.kind, of.base, &values)
}
