//! Rows of an aggregate that a proof counts and does not list: how many there are of whom, or of
//! what.

use std::cmp::Reverse;
use std::ops::ControlFlow;

use crate::base::hash::Map;
use crate::base::ids::{Id, VarId};
use crate::program::program::{Aggregate, Arg, Atom, LiteralKind};
use crate::provenance::leaves::{Leaves, Whose};
use crate::provenance::proof::{By, Key, OtherRows, Others, Site};
use crate::provenance::solve::{Bound, Group, Solver};
use crate::value::value::Value;

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
    let atoms = aggregate.body.iter().filter_map(|literal| match &literal.kind {
        LiteralKind::Atom(atom) => Some(atom),
        _ => None,
    });
    let whose =
        |atom: &Atom| leaves.whose(atom.relation, group.count, solver.tables.len(atom.relation));
    let atoms: Vec<(&Atom, Whose<'_>)> = atoms.map(|atom| (atom, whose(atom))).collect();
    let mut by_source = Some(BySource { atoms: &atoms, rows: Vec::new() });
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
        let rows = (0..).zip(counts.rows).filter(|(_, count)| *count > 0);
        let rows = rows.map(|(source, count)| {
            let key = Key::Source(leaves.source(source).to_owned());
            OtherRows { key, count }
        });
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

/// How many rows are whose claims.
struct BySource<'w> {
    atoms: &'w [(&'w Atom, Whose<'w>)],
    /// By the number of the source.
    rows: Vec<usize>,
}

impl BySource<'_> {
    /// Counts a row for the first of its atoms that is somebody's claim; nothing if none is.
    fn add(&mut self, row: &Bound) -> Option<()> {
        let source = self.atoms.iter().find_map(|(atom, whose)| {
            whose.source(atom.args.iter().map(|arg| match arg {
                Arg::Var(var) => row[var.index()],
                Arg::Const(value) => Some(*value),
            }))
        });
        let source = source? as usize;
        self.rows.resize(self.rows.len().max(source + 1), 0);
        self.rows[source] += 1;
        Some(())
    }
}
