//! What if: the same program over a changed input. A fork equals a fresh run on the changed input:
//! claims are encoded anew without those that are withdrawn, rows are taken out and added, and
//! what depends on that is derived again. The session stays as it is.

use std::sync::Arc;

use crate::analysis::analysis::Analysis;
use crate::base::hash::{Map, Set};
use crate::base::ids::{RelationId, Table};
use crate::claims::encode::{Rest, encode_within};
pub use crate::claims::withdraw::Target;
use crate::claims::withdraw::{Broken, Withdrawn};
use crate::engine::facts::{Columns, Facts};
use crate::program::program::Program;
use crate::provenance::check::Given;
use crate::provenance::leaves::{Leaf, LeafKind, Leaves};
use crate::session::diff::affected;
use crate::session::evaluate::Again;
use crate::session::session::{Claims, Refused, Session, World};
use crate::session::stops;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::value::{Tuple, Value};

/// The id of the leaves of assumed rows.
pub const ASSUMED: &str = "assumed";

/// A change of the input.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// Withdraws claims, and those whose bases are then all gone.
    Without(Target),
    /// Takes out all input rows with the given values where there is one.
    Retract(RelationId, Vec<Option<Value>>),
    /// Adds a row.
    Assume(RelationId, Tuple),
}

/// What changes came to.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Made {
    /// Claims that went, and readings that name them.
    pub withdrawn: Withdrawn,
    /// Rows that were taken out, in the order of the changes.
    pub retracted: Vec<(RelationId, Tuple)>,
    /// Rows that were added and had not been there.
    pub assumed: Vec<(RelationId, Tuple)>,
    /// Rows that were to be added and were there already.
    pub known: Vec<(RelationId, Tuple)>,
}

impl Made {
    /// What was changed here and not below.
    #[must_use]
    pub fn beyond(&self, below: &Self) -> Self {
        let rows = |own: &[(RelationId, Tuple)], below: &[(RelationId, Tuple)]| -> Vec<_> {
            let below: Set<&(RelationId, Tuple)> = below.iter().collect();
            own.iter().filter(|row| !below.contains(row)).cloned().collect()
        };
        let mut withdrawn = self.withdrawn.clone();
        let known = &below.withdrawn;
        let claims: Set<&str> = known.claims.iter().map(|gone| gone.id.as_str()).collect();
        withdrawn.claims.retain(|gone| !claims.contains(gone.id.as_str()));
        let readings: Map<&str, &Broken> =
            known.readings.iter().map(|broken| (broken.reading.as_str(), broken)).collect();
        withdrawn.readings.retain(|broken| readings.get(broken.reading.as_str()) != Some(&broken));
        Self {
            withdrawn,
            retracted: rows(&self.retracted, &below.retracted),
            assumed: rows(&self.assumed, &below.assumed),
            known: rows(&self.known, &below.known),
        }
    }
}

impl World {
    /// What proofs and names are looked up in.
    ///
    /// # Panics
    /// Before the evaluation.
    #[must_use]
    pub fn given(&self) -> Given<'_> {
        Given { program: &self.program, tables: self.tables(), leaves: &self.leaves }
    }
}

impl Made {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Session {
    /// The conclusions of the changed input, on top of the layers that are open. Changes hold in
    /// the order given; claims are withdrawn first.
    ///
    /// # Errors
    /// If a target is not known, or the evaluation stops.
    ///
    /// # Panics
    /// If the input was not kept.
    pub fn fork(&self, changes: &[Change]) -> Result<World, Refused> {
        let mut all = self.layers().changes();
        all.extend_from_slice(changes);
        self.fork_of(&all)
    }

    /// The conclusions of the input as it was read, with these changes and no others.
    pub(super) fn fork_of(&self, changes: &[Change]) -> Result<World, Refused> {
        let mut fork = self.changed_input(self.base(), changes)?;
        let limits = self.options().limits();
        let World { program, facts, .. } = &fork;
        let base = self.base();
        let differs = |id: &RelationId| {
            base.facts.relations[*id].columns != facts.relations[*id].columns
                || base.facts.relations[*id].rows != facts.relations[*id].rows
        };
        let changed: Vec<RelationId> = program.relations.ids().filter(differs).collect();
        let affected = affected(program, &changed);
        let before = base.tables.as_ref().expect("a fork is of what was evaluated");
        let again = Again { program, facts, before, affected };
        let rules = again.rules();
        let tables = again
            .run(self.options().engine, &rules, &limits)
            .map_err(|stop| vec![stops::message(&stop, &rules, self.options())])?;
        fork.tables = Some(tables);
        fork.input_rows = fork.facts.relations.iter().map(|columns| columns.rows).sum();
        Ok(fork)
    }

    /// The input with the changes made, not yet evaluated.
    fn changed_input(&self, base: &World, changes: &[Change]) -> Result<World, Refused> {
        let withdrawn = withdrawn(base, changes)?;
        let mut fork = World {
            program: Program::clone(&base.program),
            analysis: Analysis::clone(&base.analysis),
            facts: Facts { codes: Arc::clone(&base.facts.codes), relations: Table::new() },
            loaded: base.loaded.clone(),
            leaves: Leaves::default(),
            placed: false,
            claims: base.claims.clone(),
            records: base.records.clone(),
            claim_rows: base.claim_rows.clone(),
            made: Made { withdrawn, ..Made::default() },
            input_rows: 0,
            tables: None,
        };
        if fork.made.withdrawn.claims.is_empty() {
            fork.facts = base.facts.clone();
            fork.leaves = base.leaves.clone();
            fork.placed = base.placed;
        } else {
            self.encode_rest(base, &mut fork)?;
        }
        let mut gone = Set::default();
        for change in changes {
            match change {
                Change::Without(_) => {}
                Change::Retract(id, pattern) => retract(&mut fork, &mut gone, *id, pattern),
                Change::Assume(id, tuple) => assume(&mut fork, &mut gone, *id, tuple),
            }
        }
        name_voices(&mut fork);
        Ok(fork)
    }

    /// Rows and leaves of everything but what is withdrawn.
    fn encode_rest(&self, base: &World, fork: &mut World) -> Result<(), Refused> {
        for (relation, columns) in base.facts.relations.entries() {
            let others = match base.claim_rows.get(relation) {
                Some(range) => columns.outside(range),
                None => Columns::clone(columns),
            };
            fork.facts.relations.push(others);
        }
        let records = base.records.as_ref().expect("claims are withdrawn from kept records");
        let rest = Rest { loaded: records.loaded(), without: Some(&fork.made.withdrawn) };
        let limits = self.options().limits();
        let World { program, facts, leaves, .. } = fork;
        let (counts, _) = encode_within(rest, program, facts, Some(leaves), &limits)
            .map_err(|stop| vec![stops::message(&stop, program, self.options())])?;
        if let Some(claims) = &mut fork.claims {
            *claims = Claims { counts, ..claims.clone() };
        }
        Ok(())
    }
}

/// A claim of which rows of its chain were taken out or added is whose the rows now say.
fn name_voices(fork: &mut World) {
    let Some(chain) = fork.program.relation("claim_chain") else { return };
    let [_, _, _, _] = fork.program.relations[chain].columns.as_slice() else { return };
    let rows = fork.made.retracted.iter().chain(&fork.made.assumed);
    let touched: Set<Value> =
        rows.filter(|(relation, _)| *relation == chain).map(|(_, tuple)| tuple[0]).collect();
    if touched.is_empty() {
        return;
    }
    let symbols = Arc::clone(&fork.program.symbols);
    let mut voices: Map<String, Vec<(Value, String)>> = Map::default();
    for row in 0..fork.facts.relations[chain].rows {
        let tuple = fork.facts.row(&fork.program, chain, row);
        if touched.contains(&tuple[0]) {
            let of = voices.entry(tuple[0].plain(&symbols)).or_default();
            of.push((tuple[1], tuple[2].plain(&symbols)));
        }
    }
    for leaf in fork.leaves.leaves.iter_mut() {
        let Some(steps) = voices.get_mut(&leaf.id) else { continue };
        let Some(evidence) = &mut leaf.evidence else { continue };
        steps.sort_by(|(a, _), (b, _)| a.cmp_in(*b, &symbols));
        let mut who = steps.iter().map(|(_, who)| who.clone());
        if let Some(origin) = who.next() {
            evidence.origin = origin;
            evidence.conduits = who.collect();
        }
    }
}

/// What the changes withdraw.
fn withdrawn(base: &World, changes: &[Change]) -> Result<Withdrawn, Refused> {
    let targets = changes.iter().filter_map(|change| match change {
        Change::Without(target) => Some(target),
        Change::Retract(..) | Change::Assume(..) => None,
    });
    let targets: Vec<&Target> = targets.collect();
    let unknown =
        |target: &&&Target| base.records.as_ref().is_none_or(|records| !records.has(target));
    if let Some(target) = targets.iter().find(unknown) {
        let text = format!("no {} `{}`", target.kind(), target.id());
        return Err(vec![Diagnostic::new(Code::H0701, text)]);
    }
    Ok(base.records.as_ref().map(|records| records.withdraw(targets)).unwrap_or_default())
}

/// Rows that are taken out and were not put back.
type Gone = Set<(RelationId, Tuple)>;

fn retract(fork: &mut World, gone: &mut Gone, relation: RelationId, pattern: &[Option<Value>]) {
    let taken = fork.facts.take(&fork.program, relation, pattern);
    let matches = |tuple: &[Value]| {
        pattern
            .iter()
            .zip(tuple)
            .all(|(wanted, value)| wanted.is_none_or(|wanted| wanted == *value))
    };
    fork.program.facts.retain(|fact| fact.relation != relation || !matches(&fact.values));
    for tuple in taken {
        let row = (relation, tuple);
        fork.leaves.unset(&row);
        if gone.insert(row.clone()) {
            fork.made.retracted.push(row);
        }
    }
    fork.made.assumed.retain(|assumed| !gone.contains(assumed));
}

fn assume(fork: &mut World, gone: &mut Gone, relation: RelationId, tuple: &Tuple) {
    if fork.facts.contains(relation, tuple) {
        fork.made.known.push((relation, tuple.clone()));
        return;
    }
    fork.facts.push(relation, tuple);
    let leaf = fork.leaves.leaves.push(Leaf {
        kind: LeafKind::Assumption,
        id: ASSUMED.to_owned(),
        place: String::new(),
        span: None,
        evidence: None,
    });
    let row = (relation, tuple.clone());
    fork.leaves.set(row.clone(), leaf);
    if gone.remove(&row) {
        fork.made.retracted.retain(|retracted| *retracted != row);
    }
    fork.made.assumed.push(row);
}
