//! A program to a plan, a component at a time: the engine plans a component when its turn has come
//! and the sizes of what it reads are known.

use crate::analysis::analysis::Analysis;
use crate::base::ids::{Id, RelationId, RuleId, StratumId};
use crate::plan::index::orders;
use crate::plan::ir::{Column, Only, Pipeline, Plan, Step, StepKind, StratumPlan, View};
use crate::plan::order::{Body, Context, order};
use crate::plan::reduce::{drop_dead, reduce};
use crate::plan::sizes::{Remembered, Sizes};
use crate::program::program::{Program, Rule};

/// The plan of a whole program, from sizes that are known or guessed.
#[must_use]
pub fn plan(program: &Program, analysis: &Analysis, sizes: &dyn Sizes) -> Plan {
    let strata: Vec<StratumPlan> = analysis
        .strata
        .ids()
        .filter(|&id| !analysis.strata[id].rules.is_empty())
        .map(|id| stratum(program, analysis, id, sizes))
        .collect();
    let orders = orders(program.relations.len(), &strata);
    Plan { strata, orders }
}

/// The plan of one component.
#[must_use]
pub fn stratum(
    program: &Program,
    analysis: &Analysis,
    id: StratumId,
    sizes: &dyn Sizes,
) -> StratumPlan {
    let stratum = &analysis.strata[id];
    let sizes = &Remembered::new(sizes);
    let mut pipelines = Vec::new();
    for &rule in &stratum.rules {
        let recursive = &analysis.recursive[rule];
        if recursive.is_empty() {
            pipelines.push(pipeline(program, rule, recursive, None, sizes));
        }
        for version in 0..recursive.len() {
            pipelines.push(pipeline(program, rule, recursive, Some(version), sizes));
        }
    }
    for Pipeline { rule, steps, .. } in &mut pipelines {
        narrow(steps, &stratum.relations, sizes);
        *steps = reduce(steps, &stratum.relations, program.rules[*rule].vars.len(), sizes);
    }
    StratumPlan {
        stratum: id,
        recursive: stratum.recursive,
        relations: stratum.relations.clone(),
        pipelines,
    }
}

/// The steps of a rule that runs once.
#[must_use]
pub fn single(rule: &Rule, sizes: &dyn Sizes) -> Vec<Step> {
    let sizes = &Remembered::new(sizes);
    let steps = steps(rule, None, vec![View::Full; rule.body.len()], sizes);
    reduce(&steps, &[], rule.vars.len(), sizes)
}

/// The steps of a rule whose literals have these views; `delta` is a position and its version.
fn steps(
    rule: &Rule,
    delta: Option<(usize, usize)>,
    views: Vec<View>,
    sizes: &dyn Sizes,
) -> Vec<Step> {
    let occurrences: Vec<usize> = rule.occurrences().iter().copied().collect();
    let body = Body {
        literals: &rule.body,
        views,
        first: delta.map(|(at, _)| at),
        hint: hint(rule, delta.map_or(0, |(_, version)| version)),
    };
    let mut steps = order(Context { occurrences: &occurrences, sizes }, &body, &[]);
    let mut needed = vec![false; rule.vars.len()];
    rule.head_args.iter().for_each(|arg| arg.each_var(&mut |var| needed[var.index()] = true));
    drop_dead(&mut steps, &mut needed, true);
    steps
}

/// A rule with its `version`th recursive atom as the delta.
fn pipeline(
    program: &Program,
    id: RuleId,
    recursive: &[usize],
    version: Option<usize>,
    sizes: &dyn Sizes,
) -> Pipeline {
    let rule = &program.rules[id];
    let delta = version.map(|version| recursive[version]);
    let view = |at: usize| match delta {
        Some(delta) if delta == at => View::Delta,
        Some(delta) if at < delta && recursive.contains(&at) => View::Old,
        _ => View::Full,
    };
    let views = (0..rule.body.len()).map(view).collect();
    let steps = steps(rule, delta.zip(version), views, sizes);
    Pipeline { rule: id, delta, steps, head: rule.head, args: rule.head_args.clone() }
}

/// The order that `.plan` gives for a version.
fn hint(rule: &Rule, version: usize) -> Option<&[usize]> {
    let found = rule.plan.iter().find(|(of, _)| usize::try_from(*of) == Ok(version));
    found.map(|(_, order)| order.as_slice())
}

/// How many times larger a relation must be than what later steps let pass of it, that an index of
/// the rest is worth having.
const NARROW_MIN: usize = 4;

/// Where a join with a growing relation is followed by a lookup of its new variable in a complete
/// one that is much smaller, the join's index keeps only tuples that the lookup will find:
/// `a(x, z) :- a(y, z), a(x, y), b(x).` joins the few `a(x, y)` with `b(x)`.
fn narrow(steps: &mut [Step], growing: &[RelationId], sizes: &dyn Sizes) {
    for at in 0..steps.len() {
        let (before, after) = steps.split_at_mut(at + 1);
        let StepKind::Expand(access) = &mut before[at].kind else { continue };
        if !growing.contains(&access.relation) || access.known().is_empty() {
            continue;
        }
        let lookups = after.iter().filter_map(|step| match &step.kind {
            StepKind::Expand(access) | StepKind::Member(access) => Some(access),
            _ => None,
        });
        let mut best: Option<(usize, Only)> = None;
        for lookup in lookups.filter(|lookup| !growing.contains(&lookup.relation)) {
            for (of, column) in lookup.columns.iter().enumerate() {
                let Column::Bound(var) = column else { continue };
                let new = access.columns.iter().position(|c| *c == Column::New(*var));
                let Some(column) = new else { continue };
                let size = sizes.degrees(lookup.relation, &[of]).keys;
                let only = Only { column, relation: lookup.relation, of };
                if size.saturating_mul(NARROW_MIN) <= sizes.rows(access.relation)
                    && best.is_none_or(|(least, _)| size < least)
                {
                    best = Some((size, only));
                }
            }
        }
        access.only = best.map(|(_, only)| only);
    }
}
