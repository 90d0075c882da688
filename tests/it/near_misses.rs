//! Near misses compared with every binding over the values that there are: one of which at most
//! two literals fail is listed, or one that is listed extends it and leaves less unsatisfied.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arbtest::arbtest;

use crate::generate::generate;
use crate::proofs::{Case, Engine};
use hence::base::ids::{Id, RelationId, VarId};
use hence::engine::limits::Limits;
use hence::program::builtins::Builtins;
use hence::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Rule};
use hence::provenance::whynot::{Asked, Effort, Listed, Refuter};
use hence::syntax::ast::CompareOp;
use hence::value::base_type::BaseType;
use hence::value::value::{Tuple, Value, cmp_tuples};

type Values = Vec<Option<Value>>;

/// Bindings of one rule that are tried, at most.
const TRIED: usize = 4_000;

/// Meaning by plain loops over everything.
struct Plain<'a> {
    case: &'a Case,
    builtins: Builtins,
    tuples: BTreeMap<RelationId, Vec<Tuple>>,
}

impl<'a> Plain<'a> {
    fn new(case: &'a Case) -> Self {
        let mut tuples = BTreeMap::new();
        for (id, relation) in case.program.relations.entries() {
            let mut all: Vec<Tuple> = Vec::new();
            case.tables.select(id, &vec![None; relation.columns.len()], &mut |tuple| {
                all.push(tuple.into());
                ControlFlow::Continue(())
            });
            all.sort_by(|a, b| cmp_tuples(a, b, &case.program.symbols));
            tuples.insert(id, all);
        }
        Self { case, builtins: Builtins::new(Arc::clone(&case.program.symbols)), tuples }
    }

    fn value(&self, expr: &Expr, values: &Values) -> Option<Value> {
        match expr {
            Expr::Var(var) => values[var.index()],
            Expr::Const(value) => Some(*value),
            Expr::Call { functor, args, .. } => {
                let args: Option<Vec<Value>> =
                    args.iter().map(|arg| self.value(arg, values)).collect();
                self.builtins.apply(*functor, &args?).ok()
            }
        }
    }

    /// Extends values by a tuple, if it fits.
    fn join(atom: &Atom, tuple: &Tuple, values: &Values) -> Option<Values> {
        let mut values = values.clone();
        for (arg, value) in atom.args.iter().zip(tuple) {
            let fits = match arg {
                Arg::Const(constant) => constant == value,
                Arg::Var(var) => *values[var.index()].get_or_insert(*value) == *value,
            };
            if !fits {
                return None;
            }
        }
        Some(values)
    }

    /// All ways to satisfy one literal; nothing if it needs a value that is not there yet.
    fn ways(&self, literal: &Literal, values: &Values, bindable: &[bool]) -> Option<Vec<Values>> {
        let yes = |holds: bool| Some(if holds { vec![values.clone()] } else { Vec::new() });
        let is_known = |var: VarId| values[var.index()].is_some();
        let known = |expr: &Expr| {
            let mut known = true;
            expr.each_var(&mut |var| known &= is_known(var));
            known
        };
        let with = |var: VarId, value: Value| {
            let mut values = values.clone();
            (*values[var.index()].get_or_insert(value) == value).then_some(values)
        };
        match &literal.kind {
            LiteralKind::Atom(atom) => {
                let all = self.tuples[&atom.relation].iter();
                Some(all.filter_map(|tuple| Self::join(atom, tuple, values)).collect())
            }
            LiteralKind::Absent(atom) => {
                if atom.vars().any(|var| !is_known(var) && bindable[var.index()]) {
                    return None;
                }
                let mut all = self.tuples[&atom.relation].iter();
                yes(!all.any(|tuple| Self::join(atom, tuple, values).is_some()))
            }
            LiteralKind::Compare(op, left, right) => match (known(left), known(right)) {
                (true, true) => {
                    let both = (self.value(left, values), self.value(right, values));
                    let (Some(a), Some(b)) = both else { return yes(false) };
                    yes(op.holds(a.cmp_in(b, &self.case.program.symbols)))
                }
                (false, true) | (true, false) if *op == CompareOp::Eq => {
                    let (open, closed) = if known(left) { (right, left) } else { (left, right) };
                    let Expr::Var(var) = open else { return None };
                    let Some(value) = self.value(closed, values) else { return yes(false) };
                    Some(with(*var, value).into_iter().collect())
                }
                _ => None,
            },
            LiteralKind::Test { test, args, negated } => {
                if !args.iter().all(known) {
                    return None;
                }
                let args: Option<Vec<Value>> = args.iter().map(|a| self.value(a, values)).collect();
                yes(args.is_some_and(|args| self.builtins.holds(*test, &args) != *negated))
            }
            LiteralKind::Range { var, args } => {
                if !args.iter().all(known) {
                    return None;
                }
                let args: Option<Vec<Value>> = args.iter().map(|a| self.value(a, values)).collect();
                let mut found = Vec::new();
                if let Some(args) = args {
                    drop(self.builtins.range(&args, &mut |value| {
                        found.extend(with(*var, value));
                        ControlFlow::Continue(())
                    }));
                }
                Some(found)
            }
            LiteralKind::Aggregate { var, aggregate } => {
                if !aggregate.outer.iter().all(|var| is_known(*var)) {
                    return None;
                }
                Some(self.aggregate(*var, aggregate, values))
            }
            LiteralKind::Constant(holds) => yes(*holds),
        }
    }

    fn aggregate(&self, var: VarId, aggregate: &Aggregate, values: &Values) -> Vec<Values> {
        let mut start: Values = vec![None; values.len()];
        aggregate.outer.iter().for_each(|var| start[var.index()] = values[var.index()]);
        let rows: Vec<Values> = self.all(&aggregate.body.iter().collect::<Vec<_>>(), start);
        let given: Vec<Option<Value>> = rows
            .iter()
            .map(|row| match &aggregate.value {
                Some(value) => self.value(value, row),
                None => Some(Value::Number(1)),
            })
            .collect();
        let mut flat = given.iter().map(|value| value.expect("an error stops the evaluation"));
        let total = self.builtins.aggregate(aggregate.kind, aggregate.base, &mut flat);
        let Some(total) = total.ok().flatten() else { return Vec::new() };
        let mut found: Vec<Values> = Vec::new();
        let reaching = rows.iter().zip(&given).filter(|(_, value)| **value == Some(total));
        let reaching: Vec<&Values> = reaching.map(|(row, _)| row).collect();
        let none: Values = vec![None; values.len()];
        let rows = if aggregate.witnesses.is_empty() { vec![&none] } else { reaching };
        for row in rows {
            let mut values = values.clone();
            let mut fits = *values[var.index()].get_or_insert(total) == total;
            for witness in &aggregate.witnesses {
                let value = row[witness.index()].unwrap();
                fits &= *values[witness.index()].get_or_insert(value) == value;
            }
            if fits && !found.contains(&values) {
                found.push(values);
            }
        }
        found
    }

    /// All bindings of a body.
    fn all(&self, left: &[&Literal], values: Values) -> Vec<Values> {
        let mut bindable: Vec<bool> = values.iter().map(Option::is_some).collect();
        left.iter().for_each(|literal| binds(literal, &mut bindable));
        self.rest(left, values, &bindable)
    }

    fn rest(&self, left: &[&Literal], values: Values, bindable: &[bool]) -> Vec<Values> {
        if left.is_empty() {
            return vec![values];
        }
        // An atom last: what is known restricts it.
        let is_atom = |literal: &Literal| matches!(literal.kind, LiteralKind::Atom(_));
        let mut order: Vec<usize> = (0..left.len()).collect();
        order.sort_by_key(|at| is_atom(left[*at]));
        for at in order {
            if let Some(ways) = self.ways(left[at], &values, bindable) {
                let mut rest = left.to_vec();
                rest.remove(at);
                return ways
                    .into_iter()
                    .flat_map(|values| self.rest(&rest, values, bindable))
                    .collect();
            }
        }
        panic!("no literal can be used");
    }

    /// Whether a literal holds when all its variables have values.
    fn holds(&self, literal: &Literal, values: &Values, bindable: &[bool]) -> bool {
        self.ways(literal, values, bindable).is_some_and(|ways| !ways.is_empty())
    }

    /// The values of a type that there are anywhere.
    fn domain(&self, base: BaseType) -> Vec<Value> {
        let mut found: Vec<Value> = Vec::new();
        for value in self.tuples.values().flatten().flat_map(|tuple| tuple.iter()) {
            if value.base() == base && !found.contains(value) {
                found.push(*value);
            }
        }
        found.truncate(12);
        found
    }
}

/// Marks what a literal can bind.
fn binds(literal: &Literal, known: &mut [bool]) {
    match &literal.kind {
        LiteralKind::Atom(atom) => atom.vars().for_each(|var| known[var.index()] = true),
        LiteralKind::Compare(CompareOp::Eq, left, right) => {
            left.each_var(&mut |var| known[var.index()] = true);
            right.each_var(&mut |var| known[var.index()] = true);
        }
        LiteralKind::Range { var, .. } => known[var.index()] = true,
        LiteralKind::Aggregate { var, aggregate } => {
            known[var.index()] = true;
            aggregate.witnesses.iter().for_each(|var| known[var.index()] = true);
        }
        _ => {}
    }
}

/// What the literals but some bind, and which of them never can be used.
fn closure(
    literals: &[Literal],
    but: &[usize],
    start: &Values,
    bindable: &[bool],
) -> (Vec<bool>, Vec<usize>) {
    let mut known: Vec<bool> = start.iter().map(Option::is_some).collect();
    let mut left: Vec<usize> = (0..literals.len()).filter(|at| !but.contains(at)).collect();
    loop {
        let ready = left.iter().position(|&at| is_ready(&literals[at], &known, bindable));
        let Some(place) = ready else { return (known, left) };
        binds(&literals[left.remove(place)], &mut known);
    }
}

fn is_ready(literal: &Literal, known: &[bool], bindable: &[bool]) -> bool {
    let all = |expr: &Expr| {
        let mut all = true;
        expr.each_var(&mut |var| all &= known[var.index()]);
        all
    };
    match &literal.kind {
        LiteralKind::Atom(_) | LiteralKind::Constant(_) => true,
        LiteralKind::Absent(atom) => {
            atom.vars().all(|var| known[var.index()] || !bindable[var.index()])
        }
        LiteralKind::Compare(op, left, right) => match (all(left), all(right)) {
            (true, true) => true,
            (false, true) => *op == CompareOp::Eq && matches!(left, Expr::Var(_)),
            (true, false) => *op == CompareOp::Eq && matches!(right, Expr::Var(_)),
            _ => false,
        },
        LiteralKind::Test { args, .. } | LiteralKind::Range { args, .. } => args.iter().all(all),
        LiteralKind::Aggregate { aggregate, .. } => {
            aggregate.outer.iter().all(|var| known[var.index()])
        }
    }
}

/// The literals of a rule for an atom, and what the atom binds; nothing if the head differs.
fn case_of(rule: &Rule, asked: &Asked) -> Option<(Vec<Literal>, Values)> {
    let mut literals = rule.body.clone();
    let mut start: Values = vec![None; rule.vars.len()];
    for (arg, wanted) in rule.head_args.iter().zip(&asked.pattern) {
        let Some(wanted) = *wanted else { continue };
        match arg {
            Expr::Const(value) if *value != wanted => return None,
            Expr::Const(_) => {}
            Expr::Var(var) => {
                if *start[var.index()].get_or_insert(wanted) != wanted {
                    return None;
                }
            }
            Expr::Call { .. } => literals.push(Literal {
                kind: LiteralKind::Compare(CompareOp::Eq, arg.clone(), Expr::Const(wanted)),
                span: rule.head_span,
            }),
        }
    }
    Some((literals, start))
}

/// Every binding over the domain of the variables that literals bind.
fn each_binding(
    plain: &Plain<'_>,
    rule: &Rule,
    start: &Values,
    bindable: &[bool],
    check: &mut dyn FnMut(&Values),
) {
    let free: Vec<VarId> = rule
        .vars
        .ids()
        .filter(|var| bindable[var.index()] && start[var.index()].is_none())
        .collect();
    let domains: Vec<Vec<Value>> =
        free.iter().map(|var| plain.domain(rule.vars[*var].base)).collect();
    let count = domains.iter().map(Vec::len).try_fold(1_usize, |n, len| n.checked_mul(len));
    if count.is_none_or(|count| count > TRIED) {
        return;
    }
    for number in 0..count.unwrap() {
        let mut rest = number;
        let mut values = start.clone();
        for (var, domain) in free.iter().zip(&domains) {
            values[var.index()] = Some(domain[rest % domain.len()]);
            rest /= domain.len();
        }
        check(&values);
    }
}

/// What was compared.
#[derive(Default, Debug)]
struct Counts {
    asked: usize,
    bindings: usize,
    listed: usize,
}

fn compare(plain: &Plain<'_>, refuter: &Refuter<'_>, asked: &Asked, counts: &mut Counts) {
    let effort = Effort::default();
    let whynot = refuter.refute(asked, effort).unwrap();
    let misses = refuter.near_misses(asked, effort).unwrap();
    counts.asked += 1;
    for reach in &whynot.rules {
        let rule = &plain.case.program.rules[reach.rule];
        let (literals, start) = case_of(rule, asked).unwrap();
        let mut bindable: Vec<bool> = start.iter().map(Option::is_some).collect();
        literals.iter().for_each(|literal| binds(literal, &mut bindable));
        let listed: Vec<_> = misses.iter().filter(|miss| miss.rule == reach.rule).collect();
        for Listed { binding, dropped, waiting, .. } in &listed {
            counts.listed += 1;
            let mut values: Values = vec![None; start.len()];
            binding.iter().for_each(|(var, value)| values[var.index()] = Some(*value));
            for (at, literal) in literals.iter().enumerate() {
                let holds = plain.holds(literal, &values, &bindable);
                if !dropped.contains(&at) && !waiting.contains(&at) {
                    assert!(holds, "{literal:?} does not hold for {binding:?}");
                } else if is_whole(literal, &values, &bindable) {
                    assert!(!holds || waiting.contains(&at), "{literal:?} holds for {binding:?}");
                }
            }
        }
        if reach.reach.complete_to < 2 {
            continue;
        }
        each_binding(plain, rule, &start, &bindable, &mut |values| {
            let failing: Vec<usize> = (0..literals.len())
                .filter(|at| !plain.holds(&literals[*at], values, &bindable))
                .collect();
            assert!(!failing.is_empty(), "{asked:?} can be derived");
            if failing.len() > 2 {
                return;
            }
            counts.bindings += 1;
            let (known, waiting) = closure(&literals, &failing, &start, &bindable);
            let is_listed =
                listed.iter().any(|Listed { binding, dropped, waiting: pending, .. }| {
                    let agrees = (0..known.len()).filter(|at| known[*at]).all(|at| {
                        binding
                            .iter()
                            .any(|(var, value)| var.index() == at && Some(*value) == values[at])
                    });
                    let less = |at: &usize| failing.contains(at) || waiting.contains(at);
                    agrees && dropped.iter().chain(pending).all(less)
                });
            assert!(is_listed, "{values:?} fails {failing:?} and is not listed in {listed:#?}");
        });
    }
}

/// Whether all variables of a literal have values.
fn is_whole(literal: &Literal, values: &Values, bindable: &[bool]) -> bool {
    let mut whole = true;
    literal.each_var(&mut |var| {
        whole &= values[var.index()].is_some() || !bindable[var.index()];
    });
    whole
}

#[test]
fn every_near_miss_is_listed() {
    let mut counts = Counts::default();
    for number in 1..=500_u64 {
        arbtest(|u| {
            let text = generate(u)?.text();
            let Ok(case) = Case::run(&[("random.dl".to_owned(), text)], None, Engine::Native)
            else {
                return Ok(());
            };
            let plain = Plain::new(&case);
            let (program, tables) = (&case.program, &*case.tables);
            let limits = Limits::default();
            let refuter = Refuter::new(program, &case.analysis, tables, &case.leaves, &limits);
            for (relation, about) in program.relations.entries() {
                if program.rules_of(relation).next().is_none() {
                    continue;
                }
                for _ in 0..3 {
                    let mut pattern = Vec::new();
                    for column in &about.columns {
                        let domain = plain.domain(column.base);
                        let open = domain.is_empty() || u.ratio(1, 5)?;
                        pattern.push(if open { None } else { Some(*u.choose(&domain)?) });
                    }
                    let asked = Asked { relation, pattern, equal: Vec::new() };
                    if refuter.first(&asked).is_none() {
                        compare(&plain, &refuter, &asked, &mut counts);
                    }
                }
            }
            Ok(())
        })
        .seed((number.wrapping_mul(0x9e37_79b9) << 32) | 4096)
        .run();
    }
    println!("{counts:?}");
    assert!(counts.asked > 1000 && counts.bindings > 10_000);
}
