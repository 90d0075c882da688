//! Strata and rounds. In a round every pipeline of the stratum reads what was there when the round
//! began; then what is new becomes the delta. The stratum is complete when a round adds nothing.

use std::sync::Arc;

use crate::analysis::analysis::Analysis;
use crate::base::hash::Map;
use crate::base::ids::{Id, RelationId, RuleId, StratumId};
use crate::engine::batch::Batch;
use crate::engine::limits::{Failure, Stop};
use crate::engine::pipeline::{Executor, Node, Setting, Shared, Stores, emit, flow, halt, nodes};
use crate::engine::solve::{Binding, Problem, Solver};
use crate::engine::storage::form::{CodeSet, Cursor, Matches, Only, Storage, View};
use crate::engine::stores::{Bases, StoreTables};
use crate::plan::build::stratum;
use crate::plan::ir::{self, Pipeline, StratumPlan, each_signature};
use crate::plan::sizes::{Sizes, power};

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
        if !analysis.strata[id].rules.is_empty() {
            let sizes = Live::new(shared, analysis, id, &stores);
            let plan = stratum(shared.program, analysis, id, &sizes);
            drop(sizes);
            stores = complete(shared, bases, &plan, stores)?;
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

    fn distinct(&self, relation: RelationId, columns: &[usize]) -> usize {
        let store = &self.stores[relation];
        if self.growing.contains(&relation) {
            power(self.rows, columns.len(), store.arity())
        } else {
            store.distinct(columns)
        }
    }
}

/// A pipeline with its memory.
struct Running<'a> {
    pipeline: &'a Pipeline,
    nodes: Vec<Node<'a>>,
    columns: Vec<Vec<u32>>,
}

fn complete(
    shared: Shared<'_>,
    bases: &Bases,
    plan: &StratumPlan,
    mut stores: Stores,
) -> Result<Stores, Stop> {
    let sets = prepare(shared, plan, &mut stores)?;
    let setting = Setting { shared, sets };
    let Some(first) = plan.pipelines.first() else { return Ok(stores) };
    let mut running: Vec<Running<'_>> = plan
        .pipelines
        .iter()
        .map(|pipeline| {
            let rule = &shared.program.rules[pipeline.rule];
            let nodes = nodes(&pipeline.steps, &rule.body, rule.vars.len(), &setting);
            Running { pipeline, nodes, columns: Vec::new() }
        })
        .collect();
    let rule = &shared.program.rules[first.rule];
    let mut executor = Executor { shared, bases, stores, rule, round: 0, erred: false };
    for round in 1.. {
        executor.round = round;
        let mut suspects: Vec<RuleId> = Vec::new();
        for Running { pipeline, nodes, columns } in &mut running {
            if round > 1 && pipeline.delta.is_none() {
                continue;
            }
            let rule = &shared.program.rules[pipeline.rule];
            (executor.rule, executor.erred) = (rule, false);
            let target = (pipeline.head, pipeline.args.as_slice());
            flow(&mut executor, nodes, &mut Batch::unit(rule.vars.len()), &mut |ex, batch| {
                emit(ex, target, columns, batch)
            })?;
            if executor.erred {
                suspects.push(pipeline.rule);
            }
        }
        if let Some(failure) = failure(&executor, suspects)? {
            return Err(Stop::Failed(Box::new(failure)));
        }
        let mut growing = Vec::new();
        for &relation in &plan.relations {
            let store = &mut executor.stores[relation];
            store.rotate(shared.limits).map_err(halt(relation))?;
            if store.len(View::Delta) > 0 {
                growing.push(relation);
            }
        }
        if growing.is_empty() {
            break;
        }
        if let Some(limit) = shared.limits.rounds_max.filter(|&limit| round > limit) {
            return Err(Stop::Rounds { limit, growing });
        }
        if !plan.recursive {
            break;
        }
    }
    let mut stores = executor.stores;
    for &relation in &plan.relations {
        stores[relation].seal();
    }
    Ok(stores)
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
    for (relation, columns, only) in signatures {
        let only = only.map(|ir::Only { column, relation, of }| {
            let known = names.iter().position(|name| *name == (relation, of));
            let set = known.unwrap_or_else(|| {
                names.push((relation, of));
                sets.push(Arc::new(codes_of(&*stores[relation], of)));
                sets.len() - 1
            });
            (Only { column, set }, &sets[set])
        });
        stores[relation].prepare(&columns, only, shared.limits).map_err(halt(relation))?;
    }
    Ok(names)
}

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
fn failure(executor: &Executor<'_>, mut suspects: Vec<RuleId>) -> Result<Option<Failure>, Stop> {
    suspects.sort_unstable();
    suspects.dedup();
    let Shared { program, builtins, codes, limits } = executor.shared;
    let tables = StoreTables { bases: executor.bases, codes, stores: &executor.stores };
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
