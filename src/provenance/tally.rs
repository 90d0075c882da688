//! Rows of an aggregate that a proof counts and does not list: how many there are of whom, or of
//! what.

use std::cmp::Reverse;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::base::hash::Map;
use crate::base::ids::{Id, VarId};
use crate::program::program::{Aggregate, Arg, Atom, LiteralKind};
use crate::provenance::leaves::{Leaves, Speakers};
use crate::provenance::proof::{By, Key, OtherRows, Others, Site};
use crate::provenance::slice::tuple_of;
use crate::provenance::solve::{Bound, Group, Solver};
use crate::value::value::Value;

/// From so many rows on it pays to gather first whose the claims of a relation are.
const GATHERED_MIN: usize = 10_000;
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
    if group.count == group.rows.len() {
        return None;
    }
    let mut by_source = Some(BySource::new((solver, leaves), aggregate, group.count));
    let named = aggregate.local.iter();
    let mut by_value: Vec<(VarId, Map<Value, usize>)> =
        named.map(|&var| (var, Map::default())).collect();
    solver.rows(site, aggregate, bound, &mut |row, value| {
        if solver.is_listed(aggregate.kind, group, (row, value)) {
            return ControlFlow::Continue(());
        }
        if by_source.as_mut().is_some_and(|counts| counts.add(row).is_none()) {
            by_source = None;
        }
        by_value.retain_mut(|(var, values)| {
            let Some(value) = row[var.index()] else { return false };
            *values.entry(value).or_insert(0) += 1;
            values.len() <= VALUES_MAX
        });
        ControlFlow::Continue(())
    });
    if let Some(counts) = by_source {
        let sources = counts.sources.into_iter().zip(counts.rows);
        let rows = sources.map(|(s, count)| OtherRows { key: Key::Source(s), count });
        return Some(sorted(By::Source, rows.filter(|row| row.count > 0).collect(), solver));
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

/// How many rows are whose claims.
struct BySource<'l> {
    leaves: &'l Leaves,
    atoms: Vec<(&'l Atom, Asked)>,
    sources: Vec<String>,
    /// Numbers of rows, by source.
    rows: Vec<usize>,
    numbers: Map<String, usize>,
}

/// How to find whose claim a tuple is.
enum Asked {
    /// By its leaf.
    Leaf,
    /// By the claim that its first column names, and that claim's source among those counted.
    Claim(Arc<Speakers>, Vec<usize>),
}

impl<'l> BySource<'l> {
    fn new(
        (solver, leaves): (&Solver<'_>, &'l Leaves),
        aggregate: &'l Aggregate,
        count: usize,
    ) -> Self {
        let mut counts = Self {
            leaves,
            atoms: Vec::new(),
            sources: Vec::new(),
            rows: Vec::new(),
            numbers: Map::default(),
        };
        for literal in &aggregate.body {
            let LiteralKind::Atom(atom) = &literal.kind else { continue };
            let gathered = (count >= GATHERED_MIN).then(|| leaves.speakers(atom.relation));
            let asked = match gathered.flatten() {
                // With a tuple that is no claim each has to be looked up.
                Some(all) if all.tuples == solver.tables.len(atom.relation) => {
                    let mine = all.sources.iter().map(|source| counts.number(source)).collect();
                    Asked::Claim(all, mine)
                }
                _ => Asked::Leaf,
            };
            counts.atoms.push((atom, asked));
        }
        counts
    }

    /// The number of a source.
    fn number(&mut self, source: &str) -> usize {
        if let Some(number) = self.numbers.get(source) {
            return *number;
        }
        self.sources.push(source.to_owned());
        self.rows.push(0);
        self.numbers.insert(source.to_owned(), self.rows.len() - 1);
        self.rows.len() - 1
    }

    /// Counts a row for the first of its atoms that is somebody's claim; nothing if none is.
    fn add(&mut self, row: &Bound) -> Option<()> {
        let number = self.atoms.iter().find_map(|(atom, asked)| match asked {
            Asked::Claim(all, mine) => {
                let claim = match atom.args.first()? {
                    Arg::Var(var) => row[var.index()]?,
                    Arg::Const(value) => *value,
                };
                let Value::Symbol(claim) = claim else { return None };
                Some(Whose::Known(mine[*all.of.get(&claim)? as usize]))
            }
            Asked::Leaf => {
                let leaf = self.leaves.of(atom.relation, &tuple_of(&atom.args, row)?)?;
                let evidence = self.leaves.leaves[leaf].evidence.as_ref()?;
                Some(Whose::Named(&evidence.origin))
            }
        });
        let number = match number? {
            Whose::Known(number) => number,
            Whose::Named(source) => self.number(source),
        };
        self.rows[number] += 1;
        Some(())
    }
}

/// A source.
enum Whose<'l> {
    Known(usize),
    Named(&'l str),
}
