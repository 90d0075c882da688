//! Rows of an aggregate that a proof counts and does not list: how many there are of whom, or of
//! what.

use std::cmp::Reverse;
use std::ops::ControlFlow;

use crate::base::hash::Map;
use crate::base::ids::{Id, VarId};
use crate::program::program::{Aggregate, Literal, LiteralKind};
use crate::provenance::leaves::Leaves;
use crate::provenance::proof::{By, Key, OtherRows, Others, Site};
use crate::provenance::slice::tuple_of;
use crate::provenance::solve::{Bound, Group, Solver};
use crate::value::value::Value;

/// Beyond so many rows nobody is asked whose they are.
const ASKED_MAX: usize = 100_000;
/// A variable with more values than this makes no groups.
const VALUES_MAX: usize = 32;

/// The rows of a group that it does not list, by their sources if every one of them is a claim's,
/// else by the values of a variable, if there is one with few.
pub(crate) fn others(
    (solver, leaves): (&Solver<'_>, &Leaves),
    (site, aggregate): (&Site, &Aggregate),
    bound: &Bound,
    group: &Group,
) -> Option<Others> {
    let count = group.count - group.rows.len();
    if count == 0 {
        return None;
    }
    let mut by_source: Option<Map<&str, usize>> = (count <= ASKED_MAX).then(Map::default);
    let named = aggregate.local.iter();
    let mut by_value: Vec<(VarId, Map<Value, usize>)> =
        named.map(|&var| (var, Map::default())).collect();
    solver.rows(site, aggregate, bound, &mut |row, value| {
        if solver.is_listed(aggregate.kind, group, (row, value)) {
            return ControlFlow::Continue(());
        }
        if let Some(sources) = &mut by_source {
            match source(leaves, &aggregate.body, row) {
                Some(source) => *sources.entry(source).or_insert(0) += 1,
                None => by_source = None,
            }
        }
        by_value.retain_mut(|(var, values)| {
            let Some(value) = row[var.index()] else { return false };
            *values.entry(value).or_insert(0) += 1;
            values.len() <= VALUES_MAX
        });
        ControlFlow::Continue(())
    });
    if let Some(sources) = by_source {
        let rows = sources.into_iter();
        let rows = rows.map(|(s, count)| OtherRows { key: Key::Source(s.to_owned()), count });
        return Some(sorted(By::Source, rows.collect(), solver));
    }
    let most = |of: &&(VarId, Map<Value, usize>)| (of.1.len(), Reverse(of.0));
    let (var, values) = by_value.iter().filter(|(_, values)| values.len() > 1).max_by_key(most)?;
    let rows = values.iter().map(|(v, count)| OtherRows { key: Key::Value(*v), count: *count });
    Some(sorted(By::Var(*var), rows.collect(), solver))
}

/// The most first.
fn sorted(by: By, mut rows: Vec<OtherRows>, solver: &Solver<'_>) -> Others {
    let symbols = solver.builtins.symbols();
    rows.sort_by(|a, b| {
        let by_key = || match (&a.key, &b.key) {
            (Key::Source(a), Key::Source(b)) => a.cmp(b),
            (Key::Value(a), Key::Value(b)) => a.cmp_in(*b, symbols),
            (Key::Source(_), Key::Value(_)) | (Key::Value(_), Key::Source(_)) => a.count.cmp(&0),
        };
        b.count.cmp(&a.count).then_with(by_key)
    });
    Others { by, rows }
}

/// Whose claim a row is, by the first of its atoms that is one.
pub(crate) fn source<'l>(leaves: &'l Leaves, body: &[Literal], row: &Bound) -> Option<&'l str> {
    body.iter().find_map(|literal| {
        let LiteralKind::Atom(atom) = &literal.kind else { return None };
        let leaf = leaves.of(atom.relation, &tuple_of(&atom.args, row)?)?;
        Some(leaves.leaves[leaf].evidence.as_ref()?.origin.as_str())
    })
}
