//! What cannot both be right: the rows of relations marked `//@ conflict(a, b)`, two claims at a
//! time, with what each says, why they are in conflict, and what falls with each.

use std::ops::ControlFlow;

use crate::base::hash::{Map, Set};
use crate::base::ids::RelationId;
use crate::claims::withdraw::Target;
use crate::program::program::Conflict as Columns;
use crate::provenance::leaves::{Evidence, LeafKind};
use crate::provenance::proof::Proof;
use crate::provenance::search::{Budget, NoProof};
use crate::session::changes::Part;
use crate::session::explain::Unexplained;
use crate::session::layers::Effect;
use crate::session::session::{Refused, Session, World};
use crate::session::stops;
use crate::session::whatif::Change;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::value::{Tuple, Value, cmp_tuples};

/// Claims that are withdrawn in turn to see what falls with them; of others that is not said.
const FALLS_MAX: usize = 16;
/// Conflicts whose rows are proved; of others only that they are there.
const PROVED_MAX: usize = 64;

/// Conflicts, in the order of their ids.
#[derive(Debug, Default)]
pub struct Conflicts {
    /// All of them.
    pub found: Vec<Conflict>,
    /// How many claims were not withdrawn to see what falls with them.
    pub not_withdrawn: usize,
}

/// Two things that cannot both be right.
#[derive(Debug)]
pub struct Conflict {
    /// The two.
    pub sides: [Side; 2],
    /// The rows that say so.
    pub rows: Vec<Row>,
    /// How far their figures for one event are apart.
    pub gap: Option<i128>,
    /// The event that both are about.
    pub event: Option<String>,
}

/// A row of a relation that is marked.
#[derive(Debug)]
pub struct Row {
    /// The relation.
    pub relation: RelationId,
    /// The row.
    pub tuple: Tuple,
    /// Its best proof, if it was looked for.
    pub proof: Option<Proof>,
}

/// One of the two.
#[derive(Debug)]
pub struct Side {
    /// Its id.
    pub id: String,
    /// What it says, if it is a claim.
    pub evidence: Option<Evidence>,
    /// Its figure.
    pub figure: Figure,
    /// What comes of withdrawing it, if that was looked at.
    pub without: Option<Without>,
}

/// What comes of withdrawing a claim.
#[derive(Clone, Debug)]
pub enum Without {
    /// This falls or changes.
    Changes(Effect),
    /// There are no conclusions: the evaluation fails, with this message.
    Fails(Box<Diagnostic>),
}

/// The figure of a claim as stated.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Figure {
    /// At least.
    pub lo: Option<Value>,
    /// At most.
    pub hi: Option<Value>,
    /// Of what.
    pub unit: Option<Value>,
}

impl Session {
    /// The conflicts that are in a part of the marked relations.
    ///
    /// # Errors
    /// If no relation is marked, or it is stopped.
    pub fn conflicts(&self, part: &Part) -> Result<Conflicts, Unexplained> {
        let world = self.world();
        let marked: Vec<(RelationId, Columns)> = world
            .program
            .relations
            .entries()
            .filter_map(|(id, relation)| Some((id, relation.words.conflict?)))
            .collect();
        self.check_marked(part, &marked).map_err(Unexplained::Refused)?;
        let mut found = pairs(world, part, &marked);
        for conflict in found.iter_mut().take(PROVED_MAX) {
            self.prove(conflict)?;
        }
        let mut left_out: Set<String> = Set::default();
        let mut known: Map<String, Without> = Map::default();
        for side in found.iter_mut().flat_map(|conflict| &mut conflict.sides) {
            if side.evidence.is_none() {
                continue;
            }
            if !known.contains_key(&side.id) && known.len() < FALLS_MAX {
                let without = self.without_claim(&side.id).map_err(Unexplained::Refused)?;
                known.insert(side.id.clone(), without);
            }
            side.without = known.get(&side.id).cloned();
            if side.without.is_none() {
                left_out.insert(side.id.clone());
            }
        }
        Ok(Conflicts { found, not_withdrawn: left_out.len() })
    }

    /// What comes of withdrawing a claim.
    fn without_claim(&self, claim: &str) -> Result<Without, Refused> {
        let change = Change::Without(Target::Claim(claim.to_owned()));
        match self.fork(&[change]) {
            Ok(fork) => self.effect(self.world(), &fork, &[]).map(Without::Changes),
            Err(refused) => stops::evaluation_error(refused).map(Without::Fails),
        }
    }

    /// Refuses what asks for relations that say nothing of conflicts.
    fn check_marked(&self, part: &Part, marked: &[(RelationId, Columns)]) -> Result<(), Refused> {
        let program = &self.world().program;
        let names: Vec<&str> =
            marked.iter().map(|(id, _)| program.relations[*id].name.as_str()).collect();
        let help = match names.as_slice() {
            [] => "mark a declaration with //@ conflict(a, b), its columns of claims".to_owned(),
            _ => format!("marked are {}", names.join(", ")),
        };
        if names.is_empty() {
            let text = "no relation says what is in conflict";
            return Err(vec![Diagnostic::new(Code::H0701, text).help(help)]);
        }
        for relation in part.relations() {
            if marked.iter().all(|(id, _)| *id != relation) {
                let name = &program.relations[relation].name;
                let text = format!("`{name}` is not marked //@ conflict(a, b)");
                return Err(vec![Diagnostic::new(Code::H0701, text).help(help)]);
            }
        }
        Ok(())
    }

    fn prove(&self, conflict: &mut Conflict) -> Result<(), Unexplained> {
        let limits = self.options().limits();
        let explainer = self.explainer().within(&limits);
        for row in &mut conflict.rows {
            let proof = explainer.explain(row.relation, &row.tuple, Budget::default());
            row.proof = Some(proof.map_err(|none| match none {
                NoProof::Absent => Unexplained::Bug("a tuple vanished".to_owned()),
                NoProof::Bug(text) => Unexplained::Bug(text),
                NoProof::Stopped(stop) => {
                    let message = stops::message(&stop, &self.world().program, self.options());
                    Unexplained::Refused(vec![message])
                }
            })?);
        }
        Ok(())
    }
}

/// The rows of the marked relations by the two things that they name, whichever comes first.
fn pairs(world: &World, part: &Part, marked: &[(RelationId, Columns)]) -> Vec<Conflict> {
    let symbols = &world.program.symbols;
    let mut by_pair: Map<[Value; 2], Vec<(RelationId, Tuple)>> = Map::default();
    for &(relation, Columns { own, other, .. }) in marked {
        let any = vec![None; world.program.relations[relation].columns.len()];
        world.tables().select(relation, &any, &mut |tuple| {
            if part.has(relation, tuple) {
                let mut pair = [tuple[own], tuple[other]];
                pair.sort_unstable_by(|a, b| a.cmp_in(*b, symbols));
                by_pair.entry(pair).or_default().push((relation, tuple.into()));
            }
            ControlFlow::Continue(())
        });
    }
    let leaves = world.leaves.leaves.iter().filter(|leaf| leaf.kind == LeafKind::Claim);
    let said: Map<&str, &Evidence> =
        leaves.filter_map(|leaf| Some((leaf.id.as_str(), leaf.evidence.as_ref()?))).collect();
    let mut pairs: Vec<_> = by_pair.into_iter().collect();
    pairs.sort_unstable_by(|(a, _), (b, _)| cmp_tuples(a, b, symbols));
    let conflict = |(pair, mut rows): ([Value; 2], Vec<(RelationId, Tuple)>)| {
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| cmp_tuples(&a.1, &b.1, symbols)));
        let side = |value: Value| {
            let id = value.plain(symbols);
            let evidence = said.get(id.as_str()).map(|evidence| Evidence::clone(evidence));
            Side { figure: figure(world, value), id, evidence, without: None }
        };
        let events = pair.map(|value| of_claim(world, "claim_event", value));
        let event = events[0].filter(|event| Some(*event) == events[1]);
        let sides = pair.map(side);
        let row = |(relation, tuple)| Row { relation, tuple, proof: None };
        Conflict {
            gap: event.and_then(|_| gap(sides[0].figure, sides[1].figure)),
            sides,
            rows: rows.into_iter().map(row).collect(),
            event: event.map(|event| event.plain(symbols)),
        }
    };
    pairs.into_iter().map(conflict).collect()
}

/// What a relation of two columns has of a claim.
fn of_claim(world: &World, relation: &str, claim: Value) -> Option<Value> {
    let relation = world.program.relation(relation)?;
    if world.program.relations[relation].columns.len() != 2 {
        return None;
    }
    let mut found = None;
    world.tables().select(relation, &[Some(claim), None], &mut |tuple| {
        found = Some(tuple[1]);
        ControlFlow::Break(())
    });
    found
}

fn figure(world: &World, claim: Value) -> Figure {
    let of = |names: [&str; 2]| names.into_iter().find_map(|name| of_claim(world, name, claim));
    Figure {
        lo: of(["claim_lo", "claim_lo_f"]),
        hi: of(["claim_hi", "claim_hi_f"]),
        unit: of_claim(world, "claim_unit", claim),
    }
}

/// How far apart two ranges of whole numbers in one unit are.
fn gap(a: Figure, b: Figure) -> Option<i128> {
    let above = |low: Figure, high: Figure| match (low.hi, high.lo) {
        (Some(Value::Number(top)), Some(Value::Number(bottom))) if top < bottom => {
            Some(i128::from(bottom) - i128::from(top))
        }
        _ => None,
    };
    if a.unit == b.unit { above(a, b).or_else(|| above(b, a)) } else { None }
}
