//! Runs the steps of a plan, depth first: a batch goes through all later steps before its step
//! makes the next, so that memory does not depend on how many bindings there are.

use std::mem::{swap, take};
use std::ops::{ControlFlow, Deref, Range};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::ids::{Id, RelationId, Table, VarId};
use crate::base::stack::deep;
use crate::engine::aggregate::{Groups, aggregate};
use crate::engine::batch::Batch;
use crate::engine::expr::Evaluator;
use crate::engine::kernels::select::{gather, narrow, places};
use crate::engine::limits::{Limits, Stop};
use crate::engine::profile::Counts;
use crate::engine::reduce::{Exists, Sieve, Ways};
use crate::engine::storage::form::{
    BATCH, Cursor, Full, Halt, Join, Matches, Only, Outbox, Rows, Storage, View,
};
use crate::engine::stores::Bases;
use crate::plan::ir::{self, Access, Column, Meet, Step, StepKind};
use crate::program::builtins::Builtins;
use crate::program::program::{Expr, Literal, LiteralKind, Program, Rule};
use crate::value::codes::Codes;
use crate::value::value::Value;

/// The storage of every relation.
pub(crate) type Stores = Table<RelationId, Box<dyn Storage>>;

/// What stays the same during an evaluation.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) program: &'a Program,
    pub(crate) builtins: &'a Builtins,
    pub(crate) codes: &'a Codes,
    pub(crate) limits: &'a Limits,
}

/// The storage of every relation, as one worker has it.
pub(crate) enum Held<'s> {
    /// Alone: what is derived is inserted at once.
    Alone(&'s mut Stores),
    /// With others: what is derived is offered.
    Together(&'s Stores),
}

impl Deref for Held<'_> {
    type Target = Stores;
    fn deref(&self) -> &Stores {
        match self {
            Self::Alone(stores) => stores,
            Self::Together(stores) => stores,
        }
    }
}

/// What the steps of a rule work on.
pub(crate) struct Executor<'a, 's> {
    pub(crate) shared: Shared<'a>,
    pub(crate) bases: &'a Bases,
    pub(crate) stores: Held<'s>,
    pub(crate) rule: &'a Rule,
    pub(crate) round: u32,
    /// Whether an operation had no value in some row; the row was dropped.
    pub(crate) erred: bool,
    /// What the steps did.
    pub(crate) counts: Counts,
    /// Whether another worker has stopped.
    pub(crate) stopped: &'s AtomicBool,
}

impl Executor<'_, '_> {
    /// To be asked for every batch.
    fn check(&self) -> Result<(), Stop> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Stop::Interrupted);
        }
        self.shared.limits.check()
    }
}

/// Takes the bindings that come out of the last step.
pub(crate) type Sink<'f, 'a> =
    dyn FnMut(&mut Executor<'a, '_>, &mut Batch) -> Result<(), Stop> + 'f;

/// A step with its memory.
pub(crate) struct Node<'a> {
    work: Work<'a>,
    live: &'a [VarId],
    memory: Memory,
}

impl Node<'_> {
    /// Whether it computes something for all bindings at once.
    pub(crate) fn is_for_all(&self) -> bool {
        matches!(&self.work, Work::Aggregate(groups) if groups.is_for_all())
    }
}

impl Node<'_> {
    /// Whether it gives each binding its matches.
    pub(crate) fn is_expansion(&self) -> bool {
        matches!(&self.work, Work::Expand(_))
    }

    /// Back to the start, for a new batch.
    pub(crate) fn restart(&mut self) {
        self.memory.cursor.restart();
    }

    /// About how many matches an expansion has for each row.
    pub(crate) fn counts(
        &mut self,
        executor: &Executor<'_, '_>,
        batch: &Batch,
        counts: &mut Vec<u32>,
    ) {
        let Work::Expand(lookup) = &self.work else {
            unreachable!("only an expansion has matches");
        };
        let Memory { cursor, constants, .. } = &mut self.memory;
        let store = &executor.stores[lookup.relation];
        cursor.restart();
        lookup.with_join(batch, constants, |join| store.counts(join, cursor, counts));
    }

    /// Leaves out what an expansion still has for a row that was found already.
    pub(crate) fn pass_over(&mut self, rows: usize, found: &[bool]) {
        let cursor = &mut self.memory.cursor;
        if !cursor.done && cursor.offset > 0 && found[cursor.row] {
            cursor.row += 1;
            cursor.offset = 0;
            cursor.done = cursor.row >= rows;
        }
    }
}

/// The next bindings of an expansion, until it has given all.
pub(crate) fn expand_next<'n>(
    executor: &mut Executor<'_, '_>,
    node: &'n mut Node<'_>,
    batch: &Batch,
) -> Option<&'n mut Batch> {
    let Node { work: Work::Expand(lookup), live, memory } = node else {
        unreachable!("only an expansion has matches");
    };
    if memory.cursor.done {
        return None;
    }
    let Memory { cursor, matches, constants, .. } = memory;
    let store = &executor.stores[lookup.relation];
    lookup.with_join(batch, constants, |join| store.expand(join, cursor, matches));
    executor.counts.tried += matches.len as u64;
    for var in &lookup.copies {
        let from = &batch.columns[var.index()];
        gather(from, &matches.sources, &mut memory.batch.columns[var.index()]);
    }
    lookup.deliver(live, memory);
    Some(&mut memory.batch)
}

/// Kept from batch to batch, to allocate little.
#[derive(Default)]
struct Memory {
    cursor: Cursor,
    matches: Matches,
    batch: Batch,
    keep: Vec<bool>,
    index: Vec<u32>,
    bad: Vec<u32>,
    constants: Vec<Vec<u32>>,
}

enum Work<'a> {
    Scan(Lookup),
    Expand(Lookup),
    /// With whether a match is wanted.
    Member(Lookup, bool),
    /// Steps that need nothing but themselves.
    Plain(&'a StepKind),
    Aggregate(Box<Groups<'a>>),
    Distinct(Box<Sieve<'a>>),
    Exists(Box<Exists<'a>>),
    Meet(Box<Ways<'a>>),
}

/// An access in terms of columns.
struct Lookup {
    relation: RelationId,
    view: View,
    only: Option<Only>,
    /// Columns that are known, and by what.
    known: Vec<usize>,
    keys: Vec<Key>,
    /// Columns to fetch.
    want: Vec<usize>,
    /// Which variable gets which fetched column.
    gives: Vec<(VarId, usize)>,
    /// Fetched columns that must be equal.
    repeats: Vec<(usize, usize)>,
    /// Fetched columns that must have this code: for a scan, where nothing is looked up.
    equals: Vec<(usize, u32)>,
    /// Variables that are bound before and needed after.
    copies: Vec<VarId>,
}

#[derive(Clone, Copy)]
enum Key {
    Var(VarId),
    Code(u32),
}

impl Lookup {
    fn new(access: &Access, live: &[VarId], is_scan: bool, setting: &Setting<'_, '_>) -> Self {
        let codes = setting.shared.codes;
        let mut want: Vec<usize> = Vec::new();
        let mut fetch = |column: usize| {
            want.iter().position(|&c| c == column).unwrap_or_else(|| {
                want.push(column);
                want.len() - 1
            })
        };
        let (mut keys, mut gives, mut repeats, mut equals) = (vec![], vec![], vec![], vec![]);
        for (c, column) in access.columns.iter().enumerate() {
            match column {
                Column::Bound(var) => keys.push(Key::Var(*var)),
                Column::Const(value) if is_scan => equals.push((fetch(c), codes.encode(*value))),
                Column::Const(value) => keys.push(Key::Code(codes.encode(*value))),
                Column::New(var) => gives.push((*var, fetch(c))),
                Column::Repeat(earlier) => repeats.push((fetch(*earlier), fetch(c))),
                Column::Any => {}
            }
        }
        let is_new = |var: &VarId| gives.iter().any(|(given, _)| given == var);
        Self {
            relation: access.relation,
            view: match access.view {
                ir::View::Old => View::Stable,
                ir::View::Delta => View::Delta,
                ir::View::Full => View::All,
            },
            only: access.only.map(|only| {
                let set = setting.sets.iter().position(|set| *set == (only.relation, only.of));
                let set = set.expect("sets are made before the steps run");
                Only { column: only.column, set }
            }),
            known: if is_scan { Vec::new() } else { access.known() },
            keys,
            copies: live.iter().copied().filter(|var| !is_new(var)).collect(),
            want,
            gives,
            repeats,
            equals,
        }
    }

    /// Moves fetched columns into the batch and drops rows that do not fit.
    fn deliver(&self, live: &[VarId], memory: &mut Memory) {
        let Memory { matches, batch, keep, index, .. } = memory;
        batch.len = matches.len;
        if !self.repeats.is_empty() || !self.equals.is_empty() {
            keep.clear();
            keep.resize(matches.len, true);
            for &(a, b) in &self.repeats {
                let pairs = matches.columns[a].iter().zip(&matches.columns[b]);
                keep.iter_mut().zip(pairs).for_each(|(keep, (a, b))| *keep &= a == b);
            }
            for &(c, code) in &self.equals {
                let column = &matches.columns[c];
                keep.iter_mut().zip(column).for_each(|(keep, &c)| *keep &= c == code);
            }
            places(keep, index);
        }
        for &(var, c) in &self.gives {
            swap(&mut batch.columns[var.index()], &mut matches.columns[c]);
        }
        if !self.repeats.is_empty() || !self.equals.is_empty() {
            batch.keep(index, live);
        }
    }

    /// Calls `use_it` with the join of a batch with the relation.
    fn with_join<T>(
        &self,
        batch: &Batch,
        constants: &mut Vec<Vec<u32>>,
        use_it: impl FnOnce(Join<'_>) -> T,
    ) -> T {
        constants.resize_with(self.keys.len(), Vec::new);
        for (key, column) in self.keys.iter().zip(constants.iter_mut()) {
            if let Key::Code(code) = key {
                column.resize(batch.len, *code);
            }
        }
        let columns: Vec<&[u32]> = self
            .keys
            .iter()
            .zip(constants.iter())
            .map(|(key, constant)| match key {
                Key::Var(var) => batch.column(*var),
                Key::Code(_) => &constant[..batch.len],
            })
            .collect();
        let keys = Rows { len: batch.len, columns: &columns };
        let Self { known: bound, want, view, only, .. } = self;
        use_it(Join { bound, keys, view: *view, want, only: *only })
    }
}

/// What steps are made ready for.
pub(crate) struct Setting<'a, 's> {
    pub(crate) shared: Shared<'a>,
    /// Sets of codes by which indexes leave tuples out, by relation and column.
    pub(crate) sets: &'s [(RelationId, usize)],
}

/// The steps with fresh memory; `body` is what their literal numbers count in.
pub(crate) fn nodes<'a>(
    steps: &'a [Step],
    body: &'a [Literal],
    vars: usize,
    setting: &Setting<'_, '_>,
) -> Vec<Node<'a>> {
    let node = |step: &'a Step| {
        let lookup = |access, is_scan| Lookup::new(access, &step.live, is_scan, setting);
        let work = match &step.kind {
            StepKind::Scan(access) => Work::Scan(lookup(access, true)),
            StepKind::Expand(access) => Work::Expand(lookup(access, false)),
            StepKind::Member(access) => Work::Member(lookup(access, false), true),
            StepKind::Absent(access) => Work::Member(lookup(access, false), false),
            StepKind::Aggregate(step) => {
                let LiteralKind::Aggregate { aggregate, .. } = &body[step.literal].kind else {
                    unreachable!("the step of an aggregate names its literal");
                };
                let inner = nodes(&step.steps, &aggregate.body, vars, setting);
                let literal = (aggregate, body[step.literal].span);
                Work::Aggregate(Box::new(Groups::new(step, literal, inner)))
            }
            StepKind::Distinct(step) => Work::Distinct(Box::new(Sieve::new(step))),
            StepKind::Exists(step) => {
                let inner = nodes(&step.steps, body, vars + 1, setting);
                Work::Exists(Box::new(Exists::new(step, inner)))
            }
            StepKind::Meet(Meet { inputs, ways }) => {
                let ways = ways.iter().map(|way| nodes(way, body, vars, setting)).collect();
                Work::Meet(Box::new(Ways::new(inputs, ways, vars)))
            }
            kind => Work::Plain(kind),
        };
        let memory = Memory { batch: Batch::new(vars), ..Memory::default() };
        Node { work, live: &step.live, memory }
    };
    steps.iter().map(node).collect()
}

/// Sends a batch through the nodes.
pub(crate) fn flow<'a>(
    executor: &mut Executor<'a, '_>,
    nodes: &mut [Node<'a>],
    batch: &mut Batch,
    sink: &mut Sink<'_, 'a>,
) -> Result<(), Stop> {
    if batch.len == 0 {
        return Ok(());
    }
    executor.check()?;
    match nodes.split_first_mut() {
        Some((node, rest)) => deep(|| through(executor, (node, rest), batch, sink)),
        None => sink(executor, batch),
    }
}

/// Sends a batch through a node and those after it.
fn through<'a>(
    executor: &mut Executor<'a, '_>,
    (node, rest): (&mut Node<'a>, &mut [Node<'a>]),
    batch: &mut Batch,
    sink: &mut Sink<'_, 'a>,
) -> Result<(), Stop> {
    let Node { work, live, memory } = node;
    match work {
        Work::Scan(lookup) => {
            memory.cursor.restart();
            scan((lookup, live), memory, (executor, rest, sink), batch)
        }
        Work::Expand(_) => {
            node.restart();
            while let Some(batch) = expand_next(executor, node, batch) {
                flow(executor, rest, batch, sink)?;
            }
            Ok(())
        }
        Work::Member(lookup, wanted) => {
            let Memory { cursor, keep, constants, index, .. } = memory;
            let store = &executor.stores[lookup.relation];
            cursor.restart();
            lookup.with_join(batch, constants, |join| store.matches(join, cursor, keep));
            if !*wanted {
                keep.iter_mut().for_each(|keep| *keep = !*keep);
            }
            places(keep, index);
            batch.keep(index, live);
            flow(executor, rest, batch, sink)
        }
        Work::Plain(StepKind::Range { var, bound, args }) => {
            let range = RangeStep { var: *var, args, live };
            if *bound {
                range.check(executor, memory, batch)?;
                flow(executor, rest, batch, sink)
            } else {
                range.expand((executor, rest, sink), memory, batch)
            }
        }
        Work::Plain(kind) => {
            filter(executor, kind, memory, batch);
            drop_bad(executor, memory, batch, live);
            flow(executor, rest, batch, sink)
        }
        Work::Aggregate(groups) => aggregate(groups, live, (executor, rest, sink), batch),
        Work::Distinct(sieve) => {
            sieve.pass(executor.round, batch, &mut memory.index);
            flow(executor, rest, batch, sink)
        }
        Work::Exists(exists) => {
            exists.ask(executor, batch, &mut memory.keep)?;
            places(&memory.keep, &mut memory.index);
            batch.keep(&memory.index, live);
            flow(executor, rest, batch, sink)
        }
        Work::Meet(ways) => ways.go((executor, rest, sink), batch),
    }
}

/// The first step of nodes if it is a scan: the relation and the view.
pub(crate) fn scanned(nodes: &[Node<'_>]) -> Option<(RelationId, View)> {
    match &nodes.first()?.work {
        Work::Scan(lookup) => Some((lookup.relation, lookup.view)),
        _ => None,
    }
}

/// Runs nodes that begin with a scan for some of its places.
pub(crate) fn flow_part<'a>(
    executor: &mut Executor<'a, '_>,
    nodes: &mut [Node<'a>],
    places: Range<usize>,
    sink: &mut Sink<'_, 'a>,
) -> Result<(), Stop> {
    executor.check()?;
    let Some((Node { work: Work::Scan(lookup), live, memory }, rest)) = nodes.split_first_mut()
    else {
        unreachable!("only a scan has places");
    };
    memory.cursor.restart_in(places);
    let unit = Batch::unit(memory.batch.columns.vars());
    scan((lookup, live), memory, (executor, rest, sink), &unit)
}

/// Scans from where the cursor is.
fn scan<'a>(
    (lookup, live): (&Lookup, &[VarId]),
    memory: &mut Memory,
    (executor, rest, sink): (&mut Executor<'a, '_>, &mut [Node<'a>], &mut Sink<'_, 'a>),
    batch: &Batch,
) -> Result<(), Stop> {
    while !memory.cursor.done {
        let store = &executor.stores[lookup.relation];
        store.scan(lookup.view, &lookup.want, &mut memory.cursor, &mut memory.matches);
        executor.counts.tried += memory.matches.len as u64;
        for var in &lookup.copies {
            let code = batch.columns[var.index()][0];
            let column = &mut memory.batch.columns[var.index()];
            column.clear();
            column.resize(memory.matches.len, code);
        }
        lookup.deliver(live, memory);
        flow(executor, rest, &mut memory.batch, sink)?;
    }
    Ok(())
}

/// The evaluator of the current rule.
pub(crate) fn evaluator<'a>(executor: &Executor<'a, '_>) -> Evaluator<'a> {
    let Shared { codes, builtins, .. } = executor.shared;
    Evaluator { codes, builtins, vars: &executor.rule.vars }
}

/// Runs a step that looks at the batch alone: fills `memory.keep`, and `memory.bad` with rows in
/// which an operation has no value.
fn filter(executor: &Executor<'_, '_>, kind: &StepKind, memory: &mut Memory, batch: &mut Batch) {
    let evaluator = evaluator(executor);
    let Memory { keep, bad, .. } = memory;
    bad.clear();
    match kind {
        StepKind::Let { var, expr } => {
            let mut column = take(&mut batch.columns[var.index()]);
            evaluator.codes(expr, batch, bad, &mut column);
            batch.columns[var.index()] = column;
            keep.clear();
            if !bad.is_empty() {
                keep.resize(batch.len, true);
            }
        }
        StepKind::Filter { op, left, right } => {
            evaluator.compare((*op, left, right), batch, bad, keep);
        }
        StepKind::Test { test, args, negated } => {
            let args: Vec<_> = args.iter().map(|arg| evaluator.values(arg, batch, bad)).collect();
            keep.clear();
            let mut row_args: Vec<Value> = Vec::with_capacity(args.len());
            keep.extend((0..batch.len).map(|row| {
                row_args.clear();
                row_args.extend(args.iter().map(|arg| arg.get(row)));
                executor.shared.builtins.holds(*test, &row_args) != *negated
            }));
        }
        StepKind::Constant(holds) => {
            keep.clear();
            keep.resize(batch.len, *holds);
        }
        StepKind::Scan(_)
        | StepKind::Expand(_)
        | StepKind::Member(_)
        | StepKind::Absent(_)
        | StepKind::Range { .. }
        | StepKind::Distinct(_)
        | StepKind::Exists(_)
        | StepKind::Meet(_)
        | StepKind::Aggregate(_) => unreachable!("these read more than the batch"),
    }
}

/// Drops rows that `memory.keep` does not keep, and bad ones; no flags at all keep every row.
fn drop_bad(
    executor: &mut Executor<'_, '_>,
    memory: &mut Memory,
    batch: &mut Batch,
    live: &[VarId],
) {
    for &row in &memory.bad {
        memory.keep[row as usize] = false;
        executor.erred = true;
    }
    if !memory.keep.is_empty() {
        places(&memory.keep, &mut memory.index);
        batch.keep(&memory.index, live);
    }
}

/// A range step.
struct RangeStep<'a> {
    var: VarId,
    args: &'a [Expr],
    live: &'a [VarId],
}

impl RangeStep<'_> {
    /// Keeps the rows whose value is in the range.
    fn check(
        &self,
        executor: &mut Executor<'_, '_>,
        memory: &mut Memory,
        batch: &mut Batch,
    ) -> Result<(), Stop> {
        let (evaluator, shared) = (evaluator(executor), executor.shared);
        memory.bad.clear();
        let args: Vec<_> =
            self.args.iter().map(|arg| evaluator.values(arg, batch, &mut memory.bad)).collect();
        let base = executor.rule.vars[self.var].base;
        memory.keep.clear();
        for row in 0..batch.len {
            let wanted = shared.codes.decode(base, batch.column(self.var)[row]);
            let row_args: Vec<Value> = args.iter().map(|arg| arg.get(row)).collect();
            let (mut steps, mut stop) = (0_u32, Ok(()));
            let found = shared.builtins.in_range(wanted, &row_args, &mut || {
                steps = steps.wrapping_add(1);
                if steps.is_multiple_of(1 << 16) {
                    stop = shared.limits.check();
                }
                if stop.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            stop?;
            executor.erred |= found.is_err();
            memory.keep.push(found.unwrap_or(false));
        }
        drop_bad(executor, memory, batch, self.live);
        Ok(())
    }

    /// A row for each value.
    fn expand<'a>(
        &self,
        (executor, rest, sink): (&mut Executor<'a, '_>, &mut [Node<'a>], &mut Sink<'_, 'a>),
        memory: &mut Memory,
        batch: &Batch,
    ) -> Result<(), Stop> {
        let (evaluator, shared) = (evaluator(executor), executor.shared);
        memory.bad.clear();
        let args: Vec<_> =
            self.args.iter().map(|arg| evaluator.values(arg, batch, &mut memory.bad)).collect();
        executor.erred |= !memory.bad.is_empty();
        let (sources, values) = (&mut memory.index, &mut memory.constants);
        values.resize_with(1, Vec::new);
        sources.clear();
        values[0].clear();
        let mut flush =
            |executor: &mut Executor<'a, '_>, sources: &mut Vec<u32>, values: &mut Vec<u32>| {
                let out = &mut memory.batch;
                out.len = sources.len();
                executor.counts.tried += out.len as u64;
                for var in self.live.iter().filter(|&&var| var != self.var) {
                    gather(&batch.columns[var.index()], sources, &mut out.columns[var.index()]);
                }
                swap(&mut out.columns[self.var.index()], values);
                sources.clear();
                values.clear();
                flow(executor, rest, out, sink)
            };
        for row in (0..batch.len).filter(|&row| !memory.bad.contains(&narrow(row))) {
            let row_args: Vec<Value> = args.iter().map(|arg| arg.get(row)).collect();
            let mut result = Ok(());
            let range = shared.builtins.range(&row_args, &mut |value| {
                sources.push(narrow(row));
                values[0].push(shared.codes.encode(value));
                if sources.len() == BATCH {
                    result = flush(executor, sources, &mut values[0]);
                }
                if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            result?;
            executor.erred |= range.is_err();
        }
        flush(executor, sources, &mut values[0])
    }
}

/// Inserts the head's tuples for a batch, or offers them if others work too.
pub(crate) fn emit(
    executor: &mut Executor<'_, '_>,
    (relation, args): (RelationId, &[Expr]),
    (columns, outbox): (&mut Vec<Vec<u32>>, &mut Outbox),
    batch: &mut Batch,
) -> Result<(), Stop> {
    head(executor, args, columns, batch, &mut |executor, rows| {
        let round = executor.round;
        executor.counts.bindings += rows.len as u64;
        let done = match &mut executor.stores {
            Held::Alone(stores) => stores[relation].insert(rows, round).map(drop),
            Held::Together(stores) => stores[relation].offer(rows, outbox),
        };
        done.map_err(|Full| Stop::Full { relation })
    })
}

/// Gives the head's tuples for a batch to `sink`; `columns` is memory.
pub(crate) fn head<'a>(
    executor: &mut Executor<'a, '_>,
    args: &[Expr],
    columns: &mut Vec<Vec<u32>>,
    batch: &mut Batch,
    sink: &mut dyn FnMut(&mut Executor<'a, '_>, Rows<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    columns.resize_with(args.len(), Vec::new);
    let evaluator = evaluator(executor);
    let mut bad = Vec::new();
    loop {
        for (arg, column) in args.iter().zip(columns.iter_mut()) {
            if !matches!(arg, Expr::Var(_)) {
                evaluator.codes(arg, batch, &mut bad, column);
            }
        }
        if bad.is_empty() {
            break;
        }
        executor.erred = true;
        let mut vars = Vec::new();
        args.iter().for_each(|arg| arg.each_var(&mut |var| vars.push(var)));
        vars.sort_unstable();
        vars.dedup();
        let good: Vec<u32> = (0..narrow(batch.len)).filter(|row| !bad.contains(row)).collect();
        batch.keep(&good, &vars);
        bad.clear();
    }
    let slices: Vec<&[u32]> = args
        .iter()
        .zip(columns.iter())
        .map(|(arg, column)| match arg {
            Expr::Var(var) => batch.column(*var),
            Expr::Const(_) | Expr::Call { .. } => &column[..batch.len],
        })
        .collect();
    sink(executor, Rows { len: batch.len, columns: &slices })
}

/// A form's reason to stop, as the evaluation's.
pub(crate) fn halt(relation: RelationId) -> impl FnOnce(Halt) -> Stop {
    move |halt| match halt {
        Halt::Full => Stop::Full { relation },
        Halt::Stop(stop) => stop,
    }
}
