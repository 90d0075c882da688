//! The tuples that a certificate shows, and all ways to satisfy a body with them, by nested loops.
//! A literal with an operation that has no value is set aside; where all others hold, evaluation
//! would have stopped, and the search says so.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::slice::from_ref;

use hashbrown::{HashMap, HashSet};
use regex::Regex;

use super::builtins::{aggregate, apply, pattern, range};
use super::form::{Aggregate, Atom, Expr, Literal, Rule};
use super::value::{Base, Done, Fail, Tuple, Value, ensure, wrong};

/// Values of the variables of a rule; also of columns, nothing where any value would do.
pub(super) type Binding = Vec<Option<Value>>;

/// Bindings of an aggregate's body, and what each gives to it.
pub(super) type Rows = Vec<(Binding, Value)>;

/// The value of an aggregate, if it has one, and the choices of witnesses that have it.
pub(super) type Group = Option<(Value, BTreeSet<Vec<(usize, Value)>>)>;

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
    /// Aggregates with their rules.
    pub(super) aggregates: Vec<(Rc<Rule>, Aggregate)>,
    /// Groups that were shown, by aggregate and values from around it.
    pub(super) groups: HashMap<(usize, Binding), Group>,
    /// Whether other groups may be searched for.
    pub(super) model: bool,
    pub(super) stop: Option<Rc<dyn Fn() -> bool>>,
    pub(super) patterns: RefCell<HashMap<String, Option<Regex>>>,
}

/// Called with each binding.
type Visit<'v> = dyn FnMut(&Binding) -> Done + 'v;

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
        if let Some(all) = asks.iter().cloned().collect::<Option<Vec<Value>>>() {
            return self.known.get(&all[..]).map_or(&[], from_ref);
        }
        let known = asks.iter().enumerate().filter_map(|(at, value)| Some((at, value.clone()?)));
        let found = known.map(|key| self.by_value.get(&key).map_or(&[][..], |rows| rows));
        found.min_by_key(|rows| rows.len()).unwrap_or(&self.rows)
    }

    pub(super) fn select(&self, asks: &Binding) -> impl Iterator<Item = &Tuple> {
        let same = |(ask, value): (&Option<Value>, &Value)| ask.as_ref().is_none_or(|a| a == value);
        self.candidates(asks).iter().filter(move |row| asks.iter().zip(row.iter()).all(same))
    }
}

impl Tables {
    fn value(&self, expr: &Expr, binding: &Binding) -> Result<Value, Fail> {
        match expr {
            Expr::Var(var) => binding[*var].clone().ok_or_else(|| wrong("a variable has no value")),
            Expr::Const(base, json) => Value::of(json, *base),
            Expr::Call(op, args) => apply(op, &self.values(args, binding)?),
            Expr::Any => Err(wrong("anything is no value")),
        }
    }

    pub(super) fn values(&self, args: &[Expr], binding: &Binding) -> Result<Vec<Value>, Fail> {
        args.iter().map(|arg| self.value(arg, binding)).collect()
    }

    /// What an atom asks for, as far as it is known.
    pub(super) fn asks(&self, atom: &Atom, binding: &Binding) -> Binding {
        atom.1.iter().map(|arg| self.value(arg, binding).ok()).collect()
    }

    fn compare(&self, op: &str, a: &Value, b: &Value) -> Result<bool, Fail> {
        ensure!(a.base() == b.base(), "{a} and {b} are of different types");
        Ok(match (op, a, b) {
            ("=", ..) => a == b,
            ("!=", ..) => a != b,
            ("<", ..) => a < b,
            ("<=", ..) => a <= b,
            (">", ..) => a > b,
            (">=", ..) => a >= b,
            ("contains", Value::Symbol(part), Value::Symbol(text)) => text.contains(&**part),
            ("match", Value::Symbol(regex), Value::Symbol(text)) => {
                let mut known = self.patterns.borrow_mut();
                let regex = known.entry_ref(&**regex).or_insert_with(|| pattern(regex));
                regex.as_ref().is_some_and(|regex| regex.is_match(text))
            }
            _ if op.starts_with("not ") => !self.compare(&op[4..], a, b)?,
            _ => return Err(wrong(&format!("`{op}` does not compare {a} and {b}"))),
        })
    }

    /// Whether a literal holds whose variables have all their values.
    pub(super) fn holds(&self, literal: &Literal, binding: &Binding) -> Result<bool, Fail> {
        let mut found = false;
        self.extend(literal, binding, &mut |more| {
            found |= more.iter().all(|(var, value)| binding[*var].as_ref() == Some(value));
            !found
        })?;
        Ok(found)
    }

    /// Calls `visit` with each extension of `binding` that satisfies the body.
    pub(super) fn each(
        &self,
        body: &[&Literal],
        binding: &Binding,
        failed: Option<&str>,
        visit: &mut Visit<'_>,
    ) -> Done {
        ensure!(!self.stop.as_ref().is_some_and(|stop| stop()), "stopped");
        let costs = (0..body.len()).filter_map(|at| Some((self.cost(body[at], binding)?, at)));
        let Some((_, at)) = costs.min() else {
            ensure!(body.is_empty() || failed.is_some(), "nothing binds a variable");
            return failed.map_or_else(|| visit(binding), |what| Err(Fail::NoValue(what.into())));
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
                (true, 1 + self.by_name[&atom.0].candidates(&self.asks(atom, binding)).len())
            }
            Literal::Compare(op, a, b) => {
                let alone = |x: &Expr| op == "=" && matches!(x, Expr::Var(_));
                (ready(a) && (ready(b) || alone(b)) || alone(a) && ready(b), 0)
            }
            Literal::Absent(Atom(_, args)) => (args.iter().all(ready), 0),
            Literal::Range(var, args) => {
                (args.iter().all(ready), if binding[*var].is_some() { 0 } else { 999 })
            }
            Literal::Aggregate(of) => (of.outer.iter().all(|var| binding[*var].is_some()), 500),
        };
        fits.then_some(cost)
    }

    /// Calls `go` with each choice of values that a literal gives to variables, while it says so.
    fn extend(&self, literal: &Literal, binding: &Binding, go: &mut Go<'_>) -> Done {
        let open = |expr: &Expr| match expr {
            Expr::Var(var) if binding[*var].is_none() => Some(*var),
            _ => None,
        };
        match literal {
            Literal::Atom(atom) => {
                self.by_name[&atom.0].select(&self.asks(atom, binding)).all(|row| {
                    let pairs = atom.1.iter().zip(row.iter());
                    let more = pairs.filter_map(|(arg, value)| Some((open(arg)?, value.clone())));
                    go(&more.collect::<Vec<_>>())
                });
            }
            Literal::Absent(atom) => {
                if self.by_name[&atom.0].select(&self.asks(atom, binding)).next().is_none() {
                    go(&[]);
                }
            }
            Literal::Compare(op, a, b) => match (op.as_str(), open(a), open(b)) {
                ("=", Some(var), _) => drop(go(&[(var, self.value(b, binding)?)])),
                ("=", _, Some(var)) => drop(go(&[(var, self.value(a, binding)?)])),
                _ if self.compare(op, &self.value(a, binding)?, &self.value(b, binding)?)? => {
                    go(&[]);
                }
                _ => {}
            },
            Literal::Range(var, args) => {
                range(&self.values(args, binding)?, &mut |value| go(&[(*var, value)]))?;
            }
            Literal::Aggregate(of) => {
                let outer = of.outer.iter().map(|var| binding[*var].clone()).collect();
                let group = match self.groups.get(&(of.id, outer)) {
                    Some(group) => group.clone(),
                    None if self.model => Self::group(of, &self.rows(of, binding)?)?,
                    None => return Err(wrong("a group was not shown before")),
                };
                if let Some((value, choices)) = group {
                    let own = (of.var, value);
                    choices.iter().all(|choice| go(&[&choice[..], from_ref(&own)].concat()));
                }
            }
        }
        Ok(())
    }

    /// Every binding of an aggregate's body for the outer values, with the value that it gives.
    pub(super) fn rows(&self, of: &Aggregate, outer: &Binding) -> Result<Rows, Fail> {
        let mut start = vec![None; outer.len()];
        of.outer.iter().for_each(|var| start[*var].clone_from(&outer[*var]));
        let mut rows = Vec::new();
        let body: Vec<&Literal> = of.body.iter().collect();
        self.each(&body, &start, None, &mut |row| {
            rows.push((row.clone(), self.part(of, row)?));
            Ok(())
        })?;
        Ok(rows)
    }

    /// What a row gives to its aggregate.
    pub(super) fn part(&self, of: &Aggregate, row: &Binding) -> Result<Value, Fail> {
        of.value.as_ref().map_or(Ok(Value::Whole(Base::Number, 1)), |value| self.value(value, row))
    }

    /// What rows give together.
    pub(super) fn group(of: &Aggregate, rows: &Rows) -> Result<Group, Fail> {
        let values: Vec<Value> = rows.iter().map(|(_, value)| value.clone()).collect();
        let Some(total) = aggregate(&of.kind, of.base, &values)? else { return Ok(None) };
        let best = rows.iter().filter(|(_, part)| *part == total);
        let choice = |(row, _): &(Binding, Value)| {
            of.witnesses.iter().filter_map(|var| Some((*var, row[*var].clone()?))).collect()
        };
        let none = of.witnesses.is_empty().then(Vec::new);
        let choices = best.map(choice).chain(none).collect();
        Ok(Some((total, choices)))
    }
}
