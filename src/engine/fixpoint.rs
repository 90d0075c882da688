//! Strata and rounds. In a round every pipeline of the stratum reads what was there when the round
//! began; then what is new becomes the delta. The stratum is complete when a round adds nothing.
//!
//! In a round with enough rows several workers run the same pipelines, each over some places of
//! the scans at a time, and offer what they derive; a round is the only barrier.

use std::mem::take;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use crate::analysis::analysis::Analysis;
use crate::base::hash::Map;
use crate::base::ids::{Id, RelationId, RuleId, StratumId};
use crate::engine::batch::Batch;
use crate::engine::limits::{Failure, Stop};
use crate::engine::pipeline::{
    Executor, Held, Node, Setting, Shared, Stores, emit, flow, flow_part, halt, nodes, scanned,
};
use crate::engine::profile::{Cost, Counts, Measured};
use crate::engine::solve::{Binding, Problem, Solver};
use crate::engine::storage::form::{BATCH, CodeSet, Cursor, Matches, Only, Outbox, Storage, View};
use crate::engine::stores::{Bases, StoreTables};
use crate::engine::watch::Event;
use crate::engine::workers::{Alarm, share};
use crate::plan::build::stratum;
use crate::plan::ir::{self, Pipeline, StratumPlan, each_signature};
use crate::plan::sizes::{Degrees, MadeUp, Sizes, power};

/// Evaluates one stratum after the other.
pub(crate) fn evaluate(
    shared: Shared<'_>,
    bases: &Bases,
    analysis: &Analysis,
    mut stores: Stores,
) -> Result<Stores, Stop> {
    let last_use = last_uses(shared, analysis);
    for id in analysis.strata.ids() {
        shared.limits.check()?;
        let relations = &analysis.strata[id].relations;
        if !analysis.strata[id].rules.is_empty() {
            shared.limits.tell(Event::Begin { relations });
            let recorder = shared.limits.profile.as_ref();
            let mut measured = recorder.map(|_| Measured::begin(relations));
            let sizes = Live::new(shared, analysis, id, &stores);
            let made_up = shared.limits.misjudge.map(MadeUp);
            let sizes: &dyn Sizes = made_up.as_ref().map_or(&sizes, |made_up| made_up);
            let plan = stratum(shared.program, analysis, id, sizes);
            let done = complete((shared, bases), &plan, &mut stores, measured.as_mut());
            if let Some((recorder, measured)) = recorder.zip(measured) {
                recorder.add(measured);
            }
            done?;
            let tuples = relations.iter().map(|&relation| stores[relation].len(View::All)).sum();
            shared.limits.tell(Event::Complete { relations, tuples });
        }
        for (relation, store) in stores.iter_mut().enumerate() {
            if last_use[relation] == id {
                store.forget();
            }
        }
    }
    Ok(stores)
}

/// The stratum after which nothing reads a relation any more.
fn last_uses(shared: Shared<'_>, analysis: &Analysis) -> Vec<StratumId> {
    let mut last: Vec<StratumId> = analysis.stratum_of.iter().copied().collect();
    for (rule, reader) in shared.program.rules.iter().map(|r| (r, analysis.stratum_of[r.head])) {
        rule.each_relation(&mut |relation| {
            let last = &mut last[relation.index()];
            *last = reader.max(*last);
        });
    }
    last
}

/// Sizes as they are when a stratum's turn comes. What it derives is taken to become as large as
/// the largest relation that it reads.
struct Live<'a> {
    stores: &'a Stores,
    growing: Vec<RelationId>,
    rows: usize,
}

impl<'a> Live<'a> {
    fn new(shared: Shared<'a>, analysis: &Analysis, id: StratumId, stores: &'a Stores) -> Self {
        let stratum = &analysis.strata[id];
        let mut rows = 1;
        for &rule in &stratum.rules {
            shared.program.rules[rule].each_relation(&mut |relation| {
                rows = rows.max(stores[relation].len(View::All));
            });
        }
        Self { stores, growing: stratum.relations.clone(), rows }
    }
}

impl Sizes for Live<'_> {
    fn rows(&self, relation: RelationId) -> usize {
        if self.growing.contains(&relation) {
            self.rows
        } else {
            self.stores[relation].len(View::All)
        }
    }

    fn degrees(&self, relation: RelationId, columns: &[usize]) -> Degrees {
        let store = &self.stores[relation];
        if self.growing.contains(&relation) {
            Degrees::even(self.rows, power(self.rows, columns.len(), store.arity()))
        } else {
            store.degrees(columns)
        }
    }
}

/// A stratum under evaluation.
struct Stratum<'a> {
    shared: Shared<'a>,
    bases: &'a Bases,
    plan: &'a StratumPlan,
    sets: Vec<(RelationId, usize)>,
}

/// A pipeline with its memory.
struct Running<'a> {
    pipeline: &'a Pipeline,
    nodes: Vec<Node<'a>>,
    columns: Vec<Vec<u32>>,
}

/// What one worker has for itself.
struct Worker<'a> {
    number: usize,
    running: Vec<Running<'a>>,
    /// For each relation of the stratum.
    outboxes: Vec<Outbox>,
    /// Rules in which an operation had no value.
    suspects: Vec<RuleId>,
    counts: Counts,
}

/// The places of a scan, of which workers take some at a time.
struct Share {
    /// Which pipeline.
    at: usize,
    /// Nothing if the pipeline is for one worker.
    places: Option<usize>,
    /// How many are taken at a time.
    step: usize,
    /// How many are taken of each worker's stretch of them. What follows one another is mostly of
    /// the same keys, so workers far apart seldom want the same part of a relation; a worker that
    /// has done its own stretch helps with the others.
    taken: Vec<AtomicUsize>,
}

impl<'a> Stratum<'a> {
    fn worker(&self, number: usize) -> Worker<'a> {
        let program = self.shared.program;
        let setting = Setting { shared: self.shared, sets: &self.sets };
        let running = |pipeline: &'a Pipeline| {
            let rule = &program.rules[pipeline.rule];
            let nodes = nodes(&pipeline.steps, &rule.body, rule.vars.len(), &setting);
            Running { pipeline, nodes, columns: Vec::new() }
        };
        let outbox = |&relation: &RelationId| Outbox::new(self.bases[relation].len());
        Worker {
            number,
            running: self.plan.pipelines.iter().map(running).collect(),
            outboxes: self.plan.relations.iter().map(outbox).collect(),
            suspects: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// What there is to do in a round, and how many rows that is; first what one worker does
    /// alone.
    fn shares(&self, first: &Worker<'_>, round: u32, stores: &Stores) -> (Vec<Share>, usize) {
        let mut shares = Vec::new();
        let mut rows = 0;
        for (at, Running { pipeline, nodes, .. }) in first.running.iter().enumerate() {
            if round > 1 && pipeline.delta.is_none() {
                continue;
            }
            let places = divisible(nodes).map(|(relation, view)| stores[relation].places(view));
            rows += places.unwrap_or(0);
            shares.push(Share { at, places, step: 1, taken: vec![AtomicUsize::new(0)] });
        }
        shares.sort_by_key(|share| share.places.is_some());
        (shares, rows)
    }

    /// Runs the pipelines on this thread alone.
    fn alone(
        &self,
        worker: &mut Worker<'a>,
        (shares, round): (&[Share], u32),
        stores: &mut Stores,
    ) -> Result<(), Stop> {
        let never = AtomicBool::new(false);
        let mut order: Vec<usize> = shares.iter().map(|share| share.at).collect();
        order.sort_unstable();
        for at in order {
            let held = Held::Alone(stores);
            self.run(worker, (at, None), &mut self.executor(held, (at, round), &never))?;
        }
        Ok(())
    }

    /// Runs the pipelines on several threads.
    fn together(
        &self,
        workers: &mut [Worker<'a>],
        (shares, round): (&mut [Share], u32),
        stores: &mut Stores,
    ) -> Result<(), Stop> {
        let limits = self.shared.limits;
        let count = workers.len();
        for share in shares.iter_mut() {
            if let Some(places) = share.places {
                share.step = (places / (count * 8)).clamp(1, BATCH);
                share.taken.resize_with(count, AtomicUsize::default);
            }
        }
        for &relation in &self.plan.relations {
            stores[relation].open(limits).map_err(halt(relation))?;
        }
        let (shares, seen): (&[Share], &Stores) = (shares, stores);
        let stopped = AtomicBool::new(false);
        let results = share(count, workers.iter_mut(), |worker| {
            let _alarm = Alarm::new(&stopped);
            let done = self.take_part(worker, (shares, round), seen, &stopped);
            if done.is_err() {
                stopped.store(true, Ordering::Relaxed);
            }
            done
        });
        // Those that only heard of it say that they were interrupted.
        let order = |stop: &Stop| match stop {
            Stop::Full { relation } => (0, relation.index()),
            Stop::Interrupted => (2, 0),
            Stop::Failed(_) | Stop::Rounds { .. } | Stop::Timeout => (1, 0),
        };
        if let Some(stop) = results.into_iter().filter_map(Result::err).min_by_key(order) {
            return Err(stop);
        }
        for (slot, &relation) in self.plan.relations.iter().enumerate() {
            let mut outboxes: Vec<&mut Outbox> =
                workers.iter_mut().map(|worker| &mut worker.outboxes[slot]).collect();
            stores[relation].close(&mut outboxes, round, limits).map_err(halt(relation))?;
        }
        Ok(())
    }

    /// One worker's part of a round.
    fn take_part(
        &self,
        worker: &mut Worker<'a>,
        (shares, round): (&[Share], u32),
        stores: &Stores,
        stopped: &AtomicBool,
    ) -> Result<(), Stop> {
        for Share { at, places, step, taken } in shares {
            let held = Held::Together(stores);
            let mut executor = self.executor(held, (*at, round), stopped);
            let Some(places) = *places else {
                if taken[0].fetch_add(1, Ordering::Relaxed) == 0 {
                    self.run(worker, (*at, None), &mut executor)?;
                }
                continue;
            };
            let (count, own) = (taken.len(), worker.number);
            for whose in (0..count).map(|i| (own + i) % count) {
                let (first, end) = (places * whose / count, places * (whose + 1) / count);
                let take = || first + taken[whose].fetch_add(*step, Ordering::Relaxed);
                let mut from = take();
                while from < end {
                    self.run(worker, (*at, Some(from..end.min(from + step))), &mut executor)?;
                    from = take();
                }
            }
        }
        Ok(())
    }

    fn executor<'s>(
        &self,
        stores: Held<'s>,
        (at, round): (usize, u32),
        stopped: &'s AtomicBool,
    ) -> Executor<'a, 's> {
        let rule = &self.shared.program.rules[self.plan.pipelines[at].rule];
        Executor {
            shared: self.shared,
            bases: self.bases,
            stores,
            rule,
            round,
            erred: false,
            counts: Counts::default(),
            stopped,
        }
    }

    /// Runs a pipeline, or a part of its scan.
    fn run(
        &self,
        worker: &mut Worker<'a>,
        (at, places): (usize, Option<Range<usize>>),
        executor: &mut Executor<'a, '_>,
    ) -> Result<(), Stop> {
        let Running { pipeline, nodes, columns } = &mut worker.running[at];
        let slot = self.plan.relations.iter().position(|&relation| relation == pipeline.head);
        let outbox = &mut worker.outboxes[slot.expect("a stratum has its heads")];
        let target = (pipeline.head, pipeline.args.as_slice());
        let sink = &mut |executor: &mut Executor<'a, '_>, batch: &mut Batch| {
            emit(executor, target, (&mut *columns, &mut *outbox), batch)
        };
        executor.erred = false;
        match places {
            None => flow(executor, nodes, &mut Batch::unit(executor.rule.vars.len()), sink)?,
            Some(places) => flow_part(executor, nodes, places, sink)?,
        }
        if executor.erred {
            worker.suspects.push(pipeline.rule);
        }
        worker.counts += take(&mut executor.counts);
        Ok(())
    }

    /// Runs the pipelines one after the other and notes what each costs.
    fn one_by_one(
        &self,
        workers: &mut [Worker<'a>],
        (shares, round): (&mut [Share], u32),
        stores: &mut Stores,
        measured: &mut Measured,
    ) -> Result<(), Stop> {
        shares.sort_by_key(|share| share.at);
        for share in shares.chunks_mut(1) {
            let Pipeline { rule, head, .. } = self.plan.pipelines[share[0].at];
            let (start, before) = (Instant::now(), stores[head].pending());
            let done = if workers.len() > 1 && share[0].places.is_some() {
                self.together(workers, (share, round), stores)
            } else {
                self.alone(&mut workers[0], (share, round), stores)
            };
            let mut counts = Counts::default();
            workers.iter_mut().for_each(|worker| counts += take(&mut worker.counts));
            let kept = (stores[head].pending() - before) as u64;
            let duplicates = counts.bindings.saturating_sub(kept);
            let cost = Cost { time: start.elapsed(), tried: counts.tried, kept, duplicates };
            measured.note(rule, round, cost);
            done?;
        }
        Ok(())
    }
}

/// What the nodes scan, if workers may share it: an aggregate that is computed for all its groups
/// at once would be computed by each of them.
fn divisible(nodes: &[Node<'_>]) -> Option<(RelationId, View)> {
    scanned(nodes).filter(|_| !nodes.iter().any(Node::is_for_all))
}

fn complete(
    (shared, bases): (Shared<'_>, &Bases),
    plan: &StratumPlan,
    stores: &mut Stores,
    mut measured: Option<&mut Measured>,
) -> Result<(), Stop> {
    let sets = prepare(shared, plan, stores)?;
    if plan.pipelines.is_empty() {
        return Ok(());
    }
    let stratum = Stratum { shared, bases, plan, sets };
    let mut workers = vec![stratum.worker(0)];
    for round in 1.. {
        let (mut shares, rows) = stratum.shares(&workers[0], round, stores);
        let count = shared.limits.workers_for(rows);
        workers.extend((workers.len()..count).map(|number| stratum.worker(number)));
        if let Some(measured) = &mut measured {
            let workers = &mut workers[..count];
            stratum.one_by_one(workers, (&mut shares, round), stores, measured)?;
        } else if count > 1 {
            stratum.together(&mut workers, (&mut shares, round), stores)?;
        } else {
            stratum.alone(&mut workers[0], (&shares, round), stores)?;
        }
        let suspects = workers.iter_mut().flat_map(|worker| take(&mut worker.suspects)).collect();
        if let Some(failure) = failure((shared, bases), stores, suspects)? {
            return Err(Stop::Failed(Box::new(failure)));
        }
        let mut growing = Vec::new();
        for &relation in &plan.relations {
            let store = &mut stores[relation];
            store.rotate(shared.limits).map_err(halt(relation))?;
            if store.len(View::Delta) > 0 {
                growing.push(relation);
            }
        }
        if growing.is_empty() {
            break;
        }
        let sum = |view| plan.relations.iter().map(|&id| stores[id].len(view)).sum();
        let (new, tuples) = (sum(View::Delta), sum(View::All));
        shared.limits.tell(Event::Round { round, new, tuples });
        if let Some(limit) = shared.limits.rounds_max.filter(|&limit| round > limit) {
            return Err(Stop::Rounds { limit, growing });
        }
        if !plan.recursive {
            break;
        }
    }
    for &relation in &plan.relations {
        stores[relation].seal();
    }
    Ok(())
}

/// Builds the indexes that the stratum reads by; returns of which columns the sets are by which
/// they leave tuples out.
fn prepare(
    shared: Shared<'_>,
    plan: &StratumPlan,
    stores: &mut Stores,
) -> Result<Vec<(RelationId, usize)>, Stop> {
    let mut signatures = Vec::new();
    for pipeline in &plan.pipelines {
        each_signature(&pipeline.steps, &mut |relation, columns: Vec<usize>, only| {
            signatures.push((relation, columns, only));
        });
    }
    let mut names: Vec<(RelationId, usize)> = Vec::new();
    let mut sets: Vec<Arc<CodeSet>> = Vec::new();
    let mut wanted: Vec<Vec<(Vec<usize>, Option<Left>)>> = vec![Vec::new(); stores.len()];
    let mut rows = 0;
    for (relation, columns, only) in signatures {
        let only = only.map(|ir::Only { column, relation, of }| {
            let known = names.iter().position(|name| *name == (relation, of));
            let set = known.unwrap_or_else(|| {
                names.push((relation, of));
                sets.push(Arc::new(codes_of(&*stores[relation], of)));
                sets.len() - 1
            });
            (Only { column, set }, Arc::clone(&sets[set]))
        });
        rows += stores[relation].len(View::All);
        wanted[relation.index()].push((columns, only));
    }
    let tasks = stores.iter_mut().enumerate().zip(wanted).filter(|(_, wanted)| !wanted.is_empty());
    let done = share(shared.limits.workers_for(rows), tasks, |((relation, store), wanted)| {
        for (columns, only) in wanted {
            let only = only.as_ref().map(|(only, set)| (*only, set));
            let done = store.prepare(&columns, only, shared.limits);
            done.map_err(halt(RelationId::new(relation)))?;
        }
        Ok(())
    });
    done.into_iter().collect::<Result<(), Stop>>()?;
    Ok(names)
}

/// Which tuples an index leaves out.
type Left = (Only, Arc<CodeSet>);

/// The codes in a column.
fn codes_of(store: &dyn Storage, column: usize) -> CodeSet {
    let (mut cursor, mut out, mut codes) = (Cursor::default(), Matches::default(), Vec::new());
    while !cursor.done {
        store.scan(View::All, &[column], &mut cursor, &mut out);
        codes.extend_from_slice(&out.columns[0]);
    }
    CodeSet::new(&codes)
}

/// The canonically first of the bindings that fail in this round, by asking the rules in which an
/// operation had no value for all their bindings.
fn failure(
    (shared, bases): (Shared<'_>, &Bases),
    stores: &Stores,
    mut suspects: Vec<RuleId>,
) -> Result<Option<Failure>, Stop> {
    suspects.sort_unstable();
    suspects.dedup();
    let Shared { program, builtins, codes, limits } = shared;
    let tables = StoreTables { bases, codes, stores };
    let mut first: Option<(RuleId, Binding, Problem)> = None;
    let mut count = 0;
    for id in suspects {
        let rule = &program.rules[id];
        let solver = Solver::new(rule, &tables, builtins, limits);
        let mut failing: Map<Binding, Problem> = Map::default();
        solver.each(&rule.body, Binding::new(rule.vars.len()), &mut |binding, problem| {
            let problem = problem
                .cloned()
                .or_else(|| rule.head_args.iter().find_map(|arg| solver.value(arg, binding).err()));
            if let Some(problem) = problem
                && !failing.contains_key(binding)
            {
                failing.insert(binding.clone(), problem);
            }
            Ok(())
        })?;
        count += failing.len();
        if first.is_none() {
            let least = failing.into_iter().min_by(|(a, _), (b, _)| a.cmp_in(b, &program.symbols));
            first = least.map(|(binding, problem)| (id, binding, problem));
        }
    }
    Ok(first.map(|(id, binding, Problem { span, error, within })| {
        let named = program.rules[id].vars.entries();
        let binding = named
            .filter_map(|(var, variable)| {
                let inner = || within.iter().find(|(of, _)| *of == var).map(|(_, value)| *value);
                Some((variable.name.clone()?, binding.get(var).or_else(inner)?))
            })
            .collect();
        Failure { rule: id, span, error, binding, count }
    }))
}
