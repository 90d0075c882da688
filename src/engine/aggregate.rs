//! Aggregates: the body is evaluated once for all groups, or once for those asked for, and its rows
//! are folded into groups by the outer variables; each binding then looks its group up. The
//! relations of the body are complete, so a group never changes.
//!
//! If an operation in the body has no value, which groups have no value depends on what the other
//! literals of the body say of the same binding; then the groups are computed one by one with the
//! solver.

use std::cmp::Ordering;
use std::mem::{replace, swap, take};

use crate::base::ids::{Id, VarId};
use crate::engine::batch::{Batch, Columns};
use crate::engine::kernels::select::{gather, narrow};
use crate::engine::limits::Stop;
use crate::engine::pipeline::{Executor, Node, Sink, Stores, evaluator, flow};
use crate::engine::solve::{Binding, Extent, Solver};
use crate::engine::storage::form::{BATCH, Rows};
use crate::engine::storage::keys::Keys;
use crate::engine::stores::StoreTables;
use crate::plan::ir::AggregateStep;
use crate::program::builtins::Builtins;
use crate::program::program::Aggregate;
use crate::syntax::ast::AggregateKind;
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::codes::Codes;
use crate::value::value::{Finite, Value};

/// An aggregate step with its groups.
pub(crate) struct Groups<'a> {
    step: &'a AggregateStep,
    literal: (&'a Aggregate, Span),
    nodes: Vec<Node<'a>>,
    keys: Keys,
    folds: Folds,
    /// The results of the groups folded so far.
    results: Vec<Outcome>,
    /// Whether all groups are folded.
    complete: bool,
    /// Whether groups are left to the solver.
    exact: bool,
    out: Batch,
}

/// What an aggregate says.
#[derive(Clone, Debug)]
enum Outcome {
    /// The literal fails.
    Fails,
    /// It has no value.
    Errs,
    /// Its code.
    Is(u32),
    /// Its code, and each choice of witnesses.
    Ways(u32, Vec<Box<[u32]>>),
}

/// Values of each group, as far as they are needed.
enum Folds {
    Count(Vec<u64>),
    Sum(Vec<i128>),
    Best(Vec<Best>),
    All(Vec<Vec<Value>>),
}

#[derive(Clone, Default)]
struct Best {
    value: Option<Value>,
    /// Witnesses of the best value so far; may repeat.
    ways: Vec<Box<[u32]>>,
}

impl Folds {
    fn new(kind: AggregateKind, base: BaseType) -> Self {
        match kind {
            AggregateKind::Count => Self::Count(Vec::new()),
            AggregateKind::Min | AggregateKind::Max => Self::Best(Vec::new()),
            AggregateKind::Sum if base != BaseType::Float => Self::Sum(Vec::new()),
            AggregateKind::Sum | AggregateKind::Mean => Self::All(Vec::new()),
        }
    }

    fn resize(&mut self, n: usize) {
        match self {
            Self::Count(counts) => counts.resize(n, 0),
            Self::Sum(sums) => sums.resize(n, 0),
            Self::Best(best) => best.resize(n, Best::default()),
            Self::All(values) => values.resize(n, Vec::new()),
        }
    }
}

impl<'a> Groups<'a> {
    pub(crate) fn new(
        step: &'a AggregateStep,
        literal: (&'a Aggregate, Span),
        nodes: Vec<Node<'a>>,
    ) -> Self {
        Self {
            step,
            literal,
            nodes,
            keys: Keys::new(step.keys.len()),
            folds: Folds::new(step.kind, step.base),
            results: Vec::new(),
            complete: false,
            exact: false,
            out: Batch::default(),
        }
    }

    /// Whether the body runs once for all groups.
    pub(crate) fn is_for_all(&self) -> bool {
        self.step.grouped
    }

    /// The number of each row's group; nothing for a group without bindings.
    fn look_up(
        &mut self,
        executor: &mut Executor<'a, '_>,
        batch: &Batch,
        numbers: &mut Vec<Option<u32>>,
    ) -> Result<(), Stop> {
        if self.step.grouped && !self.complete && !self.exact {
            self.complete = true;
            self.fold(executor, Batch::unit(batch.columns.vars()))?;
        }
        let columns: Vec<&[u32]> = self.step.keys.iter().map(|&key| batch.column(key)).collect();
        let rows = Rows { len: batch.len, columns: &columns };
        numbers.clear();
        if self.step.grouped && !self.exact {
            self.keys.find(rows, |number| numbers.push(number));
            return Ok(());
        }
        let mut found = Vec::with_capacity(batch.len);
        self.keys.number(rows, &mut found);
        if self.keys.count() > self.results.len() {
            self.add_groups(executor, batch.columns.vars())?;
            if self.exact && self.results.len() < self.keys.count() {
                // The solver starts over.
                self.keys = Keys::new(self.step.keys.len());
                self.results.clear();
                found.clear();
                self.keys.number(rows, &mut found);
                self.add_groups(executor, batch.columns.vars())?;
            }
        }
        numbers.extend(found.into_iter().map(Some));
        Ok(())
    }

    /// Results for the groups from the number of results on.
    fn add_groups(&mut self, executor: &mut Executor<'a, '_>, vars: usize) -> Result<(), Stop> {
        if self.exact {
            for number in self.results.len()..self.keys.count() {
                let outcome = self.solve(executor, number)?;
                self.results.push(outcome);
            }
            return Ok(());
        }
        let mut seed = Batch::new(vars);
        for number in self.results.len()..self.keys.count() {
            for (key, &code) in self.step.keys.iter().zip(self.keys.key(number)) {
                seed.columns[key.index()].push(code);
            }
            seed.len += 1;
        }
        debug_assert!(seed.len <= BATCH, "a batch asks for no more groups than it has rows");
        self.fold(executor, seed)
    }

    /// Runs the body from the bindings of `seed`, and completes the groups that arise.
    fn fold(&mut self, executor: &mut Executor<'a, '_>, mut seed: Batch) -> Result<(), Stop> {
        let erred_before = take(&mut executor.erred);
        let Self { step, nodes, keys, folds, .. } = self;
        folds.resize(keys.count());
        flow(executor, nodes, &mut seed, &mut |executor, batch| {
            add(step, keys, folds, executor, batch);
            Ok(())
        })?;
        if replace(&mut executor.erred, erred_before) {
            self.exact = true;
            self.folds = Folds::new(step.kind, step.base);
            if self.complete {
                self.keys = Keys::new(step.keys.len());
                self.results.clear();
            }
            return Ok(());
        }
        let (codes, builtins) = (executor.shared.codes, executor.shared.builtins);
        for group in self.results.len()..self.keys.count() {
            self.results.push(finish(self.step, &mut self.folds, group, (codes, builtins)));
        }
        Ok(())
    }

    fn solve(&self, executor: &Executor<'a, '_>, number: usize) -> Result<Outcome, Stop> {
        let shared = executor.shared;
        let stores: &Stores = &executor.stores;
        let tables = StoreTables { bases: executor.bases, codes: shared.codes, stores };
        let solver = Solver::new(executor.rule, &tables, shared.builtins, shared.limits);
        let mut binding = Binding::new(executor.rule.vars.len());
        for (&var, &code) in self.step.keys.iter().zip(self.keys.key(number)) {
            binding.set(var, Some(shared.codes.decode(executor.rule.vars[var].base, code)));
        }
        Ok(match solver.aggregate(self.literal.0, self.literal.1, &binding)? {
            Extent::Errs(_) => Outcome::Errs,
            Extent::Ways(ways) => match ways.first() {
                None => Outcome::Fails,
                Some((value, _)) if self.step.witnesses.is_empty() => {
                    Outcome::Is(shared.codes.encode(*value))
                }
                Some((value, _)) => {
                    let encode = |way: &(Value, Vec<Value>)| {
                        way.1.iter().map(|value| shared.codes.encode(*value)).collect()
                    };
                    Outcome::Ways(shared.codes.encode(*value), ways.iter().map(encode).collect())
                }
            },
        })
    }

    /// What a group without bindings gives.
    fn empty(&self, codes: &Codes) -> Outcome {
        match (self.step.kind, self.step.base) {
            (AggregateKind::Min | AggregateKind::Max | AggregateKind::Mean, _) => Outcome::Fails,
            (AggregateKind::Sum, BaseType::Float) => {
                let zero = Finite::new(0.0).expect("0 is finite");
                Outcome::Is(codes.encode(Value::Float(zero)))
            }
            // 0 is its own code.
            (AggregateKind::Count | AggregateKind::Sum, _) => Outcome::Is(0),
        }
    }
}

/// Folds a batch of the body's bindings into their groups.
fn add(
    step: &AggregateStep,
    keys: &mut Keys,
    folds: &mut Folds,
    executor: &mut Executor<'_, '_>,
    batch: &Batch,
) {
    let columns: Vec<&[u32]> = step.keys.iter().map(|&key| batch.column(key)).collect();
    let mut numbers = Vec::with_capacity(batch.len);
    keys.number(Rows { len: batch.len, columns: &columns }, &mut numbers);
    folds.resize(keys.count());
    let evaluator = evaluator(executor);
    let mut bad = Vec::new();
    let values = step.value.as_ref().map(|value| evaluator.values(value, batch, &mut bad));
    executor.erred |= !bad.is_empty();
    match (folds, values) {
        (Folds::Count(counts), _) => {
            numbers.iter().for_each(|&group| counts[group as usize] += 1);
        }
        (Folds::Sum(sums), Some(values)) => {
            for (row, &group) in numbers.iter().enumerate() {
                sums[group as usize] += match values.get(row) {
                    Value::Number(n) => i128::from(n),
                    Value::Unsigned(n) => i128::from(n),
                    Value::Float(_) | Value::Symbol(_) => 0,
                };
            }
        }
        (Folds::All(all), Some(values)) => {
            for (row, &group) in numbers.iter().enumerate() {
                all[group as usize].push(values.get(row));
            }
        }
        (Folds::Best(best), Some(values)) => {
            let symbols = executor.shared.builtins.symbols();
            let better =
                if step.kind == AggregateKind::Min { Ordering::Less } else { Ordering::Greater };
            for (row, &group) in numbers.iter().enumerate() {
                let (best, value) = (&mut best[group as usize], values.get(row));
                let order = best.value.map_or(better, |known| value.cmp_in(known, symbols));
                if order == better {
                    best.value = Some(value);
                    best.ways.clear();
                }
                if !step.witnesses.is_empty() && (order == better || order.is_eq()) {
                    let way = step.witnesses.iter().map(|&var| batch.column(var)[row]).collect();
                    best.ways.push(way);
                }
            }
        }
        (_, None) => {}
    }
}

/// The result of a group; takes what was folded.
fn finish(
    step: &AggregateStep,
    folds: &mut Folds,
    group: usize,
    (codes, builtins): (&Codes, &Builtins),
) -> Outcome {
    let integer = |n: i128| {
        let value = match step.base {
            BaseType::Unsigned => u64::try_from(n).ok().map(Value::Unsigned),
            _ => i64::try_from(n).ok().map(Value::Number),
        };
        value.map_or(Outcome::Errs, |value| Outcome::Is(codes.encode(value)))
    };
    match folds {
        Folds::Count(counts) => integer(i128::from(counts[group])),
        Folds::Sum(sums) => integer(sums[group]),
        Folds::Best(best) => {
            let Best { value, mut ways } = take(&mut best[group]);
            let Some(value) = value else { return Outcome::Fails };
            let code = codes.encode(value);
            if step.witnesses.is_empty() {
                return Outcome::Is(code);
            }
            ways.sort_unstable();
            ways.dedup();
            Outcome::Ways(code, ways)
        }
        Folds::All(all) => {
            let mut values = take(&mut all[group]).into_iter();
            match builtins.aggregate(step.kind, step.base, &mut values) {
                Ok(Some(value)) => Outcome::Is(codes.encode(value)),
                Ok(None) => Outcome::Fails,
                Err(_) => Outcome::Errs,
            }
        }
    }
}

/// Gives each binding its group's value, and sends it on.
pub(crate) fn aggregate<'a>(
    groups: &mut Groups<'a>,
    live: &[VarId],
    (executor, rest, sink): (&mut Executor<'a, '_>, &mut [Node<'a>], &mut Sink<'_, 'a>),
    batch: &mut Batch,
) -> Result<(), Stop> {
    let mut numbers = Vec::with_capacity(batch.len);
    groups.look_up(executor, batch, &mut numbers)?;
    let empty = groups.empty(executor.shared.codes);
    let mut out = take(&mut groups.out);
    if out.columns.vars() < batch.columns.vars() {
        out.columns = Columns::new(batch.columns.vars());
    }
    let targets: Vec<VarId> =
        [groups.step.var].iter().chain(&groups.step.witnesses).copied().collect();
    let mut sources: Vec<u32> = Vec::with_capacity(batch.len);
    let mut given: Vec<Vec<u32>> = vec![Vec::new(); targets.len()];
    let mut flush =
        |executor: &mut Executor<'a, '_>, sources: &mut Vec<u32>, given: &mut Vec<Vec<u32>>| {
            out.len = sources.len();
            for var in live.iter().filter(|var| !targets.contains(var)) {
                gather(&batch.columns[var.index()], sources, &mut out.columns[var.index()]);
            }
            for (var, column) in targets.iter().zip(given.iter_mut()) {
                swap(&mut out.columns[var.index()], column);
                column.clear();
            }
            sources.clear();
            flow(executor, rest, &mut out, sink)
        };
    let step = groups.step;
    let fits = |row: usize, values: &[u32]| {
        targets.iter().zip(values).all(|(var, &value)| {
            !step.bound.contains(var) || batch.columns[var.index()][row] == value
        })
    };
    let mut values: Vec<u32> = Vec::new();
    for (row, number) in numbers.iter().enumerate() {
        let outcome = number.map_or(&empty, |number| &groups.results[number as usize]);
        let (code, ways): (u32, &[Box<[u32]>]) = match outcome {
            Outcome::Fails => continue,
            Outcome::Errs => {
                executor.erred = true;
                continue;
            }
            Outcome::Is(code) => (*code, &[]),
            Outcome::Ways(code, ways) => (*code, ways),
        };
        for way in 0..ways.len().max(1) {
            values.clear();
            values.push(code);
            values.extend(ways.get(way).into_iter().flatten());
            if !fits(row, &values) {
                continue;
            }
            sources.push(narrow(row));
            given.iter_mut().zip(&values).for_each(|(column, &value)| column.push(value));
            if sources.len() == BATCH {
                flush(executor, &mut sources, &mut given)?;
            }
        }
    }
    flush(executor, &mut sources, &mut given)?;
    groups.out = out;
    Ok(())
}
