//! What a case changes: the conclusions with its additions against those without. Rows are compared
//! as text, since the two may come from different sessions.

use crate::analysis::keys::keys;
use crate::base::hash::Set;
use crate::base::ids::RelationId;
use crate::program::program::Atom;
use crate::session::answer::Cell;
use crate::session::diff::conclusions;
use crate::session::question::{matches, pattern};
use crate::session::session::World;
use crate::testing::case::Subject;
use crate::testing::judge::tuples_of;
use crate::value::value::Tuple;

/// A row: as it stands in a rule file, and as values of the session that it comes from.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its cells.
    pub cells: Vec<String>,
    tuple: Tuple,
}

/// What changes in a relation.
#[derive(Clone, Default, Debug)]
pub struct Found {
    /// Rows with other values for the same key: before, and now.
    pub changed: Vec<(Row, Row)>,
    /// Rows that are gone.
    pub lost: Vec<Row>,
    /// Rows that came.
    pub gained: Vec<Row>,
}

fn rows(world: &World, relation: RelationId) -> Vec<Row> {
    let symbols = &world.program.symbols;
    let row = |tuple: Tuple| {
        let cells = tuple.iter().map(|value| Cell::of(*value, symbols).quoted()).collect();
        Row { cells, tuple }
    };
    tuples_of(world, relation).into_iter().map(row).collect()
}

/// What the case changes in a relation of it.
#[must_use]
pub fn of_relation(subject: &Subject<'_>, relation: RelationId) -> Found {
    let (_, after) = subject.after();
    let (_, before) = subject.before();
    let name = &after.program.relations[relation].name;
    let new = rows(after, relation);
    let old = before.program.relation(name).map_or_else(Vec::new, |id| rows(before, id));
    let beyond = |rows: &[Row], others: &[Row]| -> Vec<Row> {
        let known: Set<&Vec<String>> = others.iter().map(|other| &other.cells).collect();
        rows.iter().filter(|row| !known.contains(&row.cells)).cloned().collect()
    };
    let (mut lost, mut gained) = (beyond(&old, &new), beyond(&new, &old));
    let key = keys(&after.program)[relation].clone();
    let of = |row: &Row| -> Vec<String> { key.iter().map(|&at| row.cells[at].clone()).collect() };
    let mut changed = Vec::new();
    let mut at = 0;
    while at < lost.len() {
        let wanted = of(&lost[at]);
        let same = |row: &&Row| of(row) == wanted;
        let (went, came) = (lost.iter().filter(same).count(), gained.iter().filter(same).count());
        let partner = gained.iter().position(|row| of(row) == wanted);
        match partner {
            Some(partner) if went == 1 && came == 1 => {
                changed.push((lost.remove(at), gained.remove(partner)));
            }
            _ => at += 1,
        }
    }
    Found { changed, lost, gained }
}

/// Whether a row has the constants of an atom, and equal values for equal variables.
#[must_use]
pub fn is_of(row: &Row, world: &World, atom: &Atom) -> bool {
    let symbols = &world.program.symbols;
    let constants = pattern(atom).into_iter().zip(&row.cells);
    let fits = constants
        .filter_map(|(value, cell)| Some((value?, cell)))
        .all(|(value, cell)| Cell::of(value, symbols).quoted() == *cell);
    fits && matches(atom, &row.tuple)
}

/// The changes, a line each.
#[must_use]
pub fn lines(name: &str, found: &Found) -> Vec<String> {
    let atom = |row: &Row| format!("{name}({})", row.cells.join(", "));
    let mut lines = Vec::new();
    for (old, new) in &found.changed {
        let arrow = |(old, new): (&String, &String)| {
            if old == new { new.clone() } else { format!("{old} → {new}") }
        };
        let cells: Vec<String> = old.cells.iter().zip(&new.cells).map(arrow).collect();
        lines.push(format!("~ {name}({})", cells.join(", ")));
    }
    lines.extend(found.lost.iter().map(|row| format!("- {}", atom(row))));
    lines.extend(found.gained.iter().map(|row| format!("+ {}", atom(row))));
    lines
}

/// What the case changes in its conclusions.
#[must_use]
pub fn text(subject: &Subject<'_>) -> String {
    let (_, after) = subject.after();
    let program = &after.program;
    let mut out = Vec::new();
    for relation in conclusions(program) {
        out.extend(lines(&program.relations[relation].name, &of_relation(subject, relation)));
    }
    if out.is_empty() { "nothing changes".to_owned() } else { out.join("\n") }
}
