//! What two states of the same relations differ in, by key: lost, gained, and changed from one
//! value to another.

use std::ops::ControlFlow;

use crate::analysis::keys::keys;
use crate::base::hash::Map;
use crate::base::ids::{RelationId, Table};
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::program::Program;
use crate::session::session::World;
use crate::value::symbols::Symbols;
use crate::value::value::{Tuple, Value, cmp_tuples};

/// A difference.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Difference {
    /// The relations that differ, in the order of the program.
    pub relations: Vec<Changes>,
}

/// What a relation differs in. Tuples are in the order of the language.
#[derive(Clone, PartialEq, Debug)]
pub struct Changes {
    /// The relation.
    pub relation: RelationId,
    /// Columns that tell its tuples apart.
    pub key: Vec<usize>,
    /// Tuples of which there was and is one with the same key: the old one, the new one.
    pub changed: Vec<(Tuple, Tuple)>,
    /// Tuples that were there.
    pub lost: Vec<Tuple>,
    /// Tuples that were not there.
    pub gained: Vec<Tuple>,
}

impl Changes {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.lost.is_empty() && self.gained.is_empty()
    }
}

impl Difference {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.relations.is_empty()
    }

    /// How many tuples were changed, lost, gained.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        self.relations.iter().fold([0; 3], |[changed, lost, gained], changes| {
            [
                changed + changes.changed.len(),
                lost + changes.lost.len(),
                gained + changes.gained.len(),
            ]
        })
    }
}

/// What `new` differs in from `old`, of these relations. Both are states of one session.
///
/// # Errors
/// If it shall stop.
pub fn diff(
    old: &World,
    new: &World,
    relations: &[RelationId],
    limits: &Limits,
) -> Result<Difference, Stop> {
    let affected = affected(&old.program, &changed_input(old, new));
    let keys = keys(&old.program);
    let mut difference = Difference::default();
    for &relation in relations.iter().filter(|relation| affected[**relation]) {
        let lost = only_in(old.tables(), new.tables(), &old.program, relation, limits)?;
        let gained = only_in(new.tables(), old.tables(), &old.program, relation, limits)?;
        if !lost.is_empty() || !gained.is_empty() {
            let key = keys[relation].clone();
            difference.relations.push(pair((relation, key), lost, gained, &old.program.symbols));
        }
    }
    Ok(difference)
}

/// The relations that a program writes out, and those that say what is in conflict; if there is
/// none, all that it derives.
#[must_use]
pub fn conclusions(program: &Program) -> Vec<RelationId> {
    let of = |is: &dyn Fn(RelationId) -> bool| -> Vec<RelationId> {
        program.relations.ids().filter(|id| is(*id)).collect()
    };
    let outputs = of(&|id| {
        let relation = &program.relations[id];
        relation.is_output || relation.words.conflict.is_some()
    });
    if outputs.is_empty() {
        return of(&|id| program.rules_of(id).next().is_some());
    }
    outputs
}

/// Relations whose input differs. What was taken out may have come back.
fn changed_input(old: &World, new: &World) -> Vec<RelationId> {
    let rows = |world: &World, id| world.facts.relations.get(id).map(|columns| columns.rows);
    let touched = |id: &RelationId| {
        let is = |row: &&(RelationId, Tuple)| row.0 == *id;
        [old, new].iter().any(|world| {
            world.made.retracted.iter().any(|row| is(&row))
                || world.made.assumed.iter().any(|row| is(&row))
        })
    };
    old.program
        .relations
        .ids()
        .filter(|id| rows(old, *id) != rows(new, *id) || touched(id))
        .collect()
}

/// Which relations depend on any of these, themselves included.
pub(super) fn affected(program: &Program, changed: &[RelationId]) -> Table<RelationId, bool> {
    let mut readers: Table<RelationId, Vec<RelationId>> =
        Table::filled(program.relations.len(), Vec::new());
    for rule in program.rules.iter() {
        rule.each_relation(&mut |relation| readers[relation].push(rule.head));
    }
    let mut affected = Table::filled(program.relations.len(), false);
    let mut next = changed.to_vec();
    while let Some(relation) = next.pop() {
        if !affected[relation] {
            affected[relation] = true;
            next.extend(&readers[relation]);
        }
    }
    affected
}

/// Tuples that one state has and the other has not.
fn only_in(
    one: &dyn Tables,
    other: &dyn Tables,
    program: &Program,
    relation: RelationId,
    limits: &Limits,
) -> Result<Vec<Tuple>, Stop> {
    let (mut found, mut seen, mut stopped) = (Vec::new(), 0_usize, Ok(()));
    let any = vec![None; program.relations[relation].columns.len()];
    one.select(relation, &any, &mut |tuple| {
        if !other.contains(relation, tuple) {
            found.push(tuple.into());
        }
        seen += 1;
        if seen.is_multiple_of(1 << 16) {
            stopped = limits.check();
        }
        if stopped.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    stopped.map(|()| found)
}

/// Sorts out what was changed: a key of which one tuple went and one came.
#[must_use]
pub fn pair(
    (relation, key): (RelationId, Vec<usize>),
    lost: Vec<Tuple>,
    gained: Vec<Tuple>,
    symbols: &Symbols,
) -> Changes {
    let of = |tuple: &Tuple| -> Vec<Value> { key.iter().map(|&column| tuple[column]).collect() };
    let mut by_key: Map<Vec<Value>, (Vec<Tuple>, Vec<Tuple>)> = Map::default();
    lost.into_iter().for_each(|tuple| by_key.entry(of(&tuple)).or_default().0.push(tuple));
    gained.into_iter().for_each(|tuple| by_key.entry(of(&tuple)).or_default().1.push(tuple));
    let (mut changed, mut lost, mut gained) = (Vec::new(), Vec::new(), Vec::new());
    for (went, came) in by_key.into_values() {
        match (went.as_slice(), came.as_slice()) {
            ([old], [new]) => changed.push((old.clone(), new.clone())),
            _ => {
                lost.extend(went);
                gained.extend(came);
            }
        }
    }
    changed.sort_unstable_by(|(a, _), (b, _)| cmp_tuples(a, b, symbols));
    lost.sort_unstable_by(|a, b| cmp_tuples(a, b, symbols));
    gained.sort_unstable_by(|a, b| cmp_tuples(a, b, symbols));
    Changes { relation, key, changed, lost, gained }
}
