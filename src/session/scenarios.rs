//! Every source withdrawn in turn: what the conclusions would be without it. All scenarios are
//! evaluated together; one about which that says nothing, because an operation has no value in it,
//! is run by itself.

use std::collections::BTreeSet;

use crate::analysis::keys::keys;
use crate::base::hash::{Map, Set};
use crate::base::ids::{Id, LeafId, RelationId, Table};
use crate::claims::withdraw::{Broken, Target, Withdrawn};
use crate::engine::limits::{Limits, Stop};
use crate::provenance::lanes::{Input, LANES, Lanes, Word, needed};
use crate::provenance::leaves::LeafKind;
use crate::session::diff::{Difference, diff, pair};
use crate::session::session::{Refused, Session, World};
use crate::session::stops;
use crate::session::whatif::Change;
use crate::text::diagnostic::Diagnostic;
use crate::value::base_type::BaseType;
use crate::value::value::{Tuple, Value};

/// A part of the claims that is withdrawn.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Withdrawal {
    /// Every claim that the source made or passed on, and those whose bases are then all gone.
    Source(String),
    /// Every claim whose origin it is, and those whose bases are then all gone.
    Origin(String),
    /// Every claim whose origin is none of these, and those whose bases are then all gone.
    AllBut(Vec<String>),
}

/// What a withdrawal comes to.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// What is withdrawn.
    pub withdrawal: Withdrawal,
    /// How many claims that are.
    pub claims: usize,
    /// Readings that name some of these claims, and so are incomplete.
    pub readings: Vec<Broken>,
    /// What changes.
    pub effect: Effect,
}

/// What changes.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// These conclusions.
    Changes(Difference),
    /// There are no conclusions: the evaluation fails, with this message.
    Fails(Box<Diagnostic>),
}

/// The rows of claims.
struct Rows {
    /// For each row of each relation the claim it comes from.
    claims: Table<RelationId, Vec<Option<LeafId>>>,
    ids: Map<String, LeafId>,
    /// Claims with a row that something else gives too.
    shared: Set<LeafId>,
}

impl Session {
    /// Sources that claims come from or through, by id, in order.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let leaves = &self.world().leaves;
        let evidence = leaves.leaves.iter().filter_map(|leaf| leaf.evidence.as_ref());
        let voices =
            evidence.flat_map(|evidence| evidence.conduits.iter().chain([&evidence.origin]));
        voices.cloned().collect::<BTreeSet<String>>().into_iter().collect()
    }

    /// What each withdrawal changes of these relations.
    ///
    /// # Errors
    /// If it is stopped, or there are no claims.
    pub fn scenarios(
        &self,
        withdrawals: &[Withdrawal],
        relations: &[RelationId],
    ) -> Result<Vec<Scenario>, Refused> {
        let world = self.world();
        let limits = self.options().limits();
        let stopped = |stop| vec![stops::message(&stop, &world.program, self.options())];
        let rows = Rows::of(world, relations, &limits).map_err(stopped)?;
        let mut scenarios = Vec::new();
        for part in withdrawals.chunks(LANES - 1) {
            let withdrawn: Vec<Withdrawn> = part.iter().map(|w| self.withdrawn(w)).collect();
            let ids = |of: &Withdrawn| -> Set<LeafId> {
                of.claims.iter().filter_map(|gone| rows.ids.get(&gone.id).copied()).collect()
            };
            let gone: Vec<Set<LeafId>> = withdrawn.iter().map(ids).collect();
            let found = together(world, (&rows, &gone), relations, &limits).map_err(stopped)?;
            let parts = part.iter().zip(withdrawn).zip(&gone).zip(found);
            for (((withdrawal, withdrawn), gone), found) in parts {
                let effect = match found {
                    Some(difference) => Effect::Changes(difference),
                    None => self.alone(withdrawal, relations)?,
                };
                // What a layer has withdrawn before is no longer there to go.
                let goes = |claim: &String| rows.ids.get(claim).is_some_and(|id| gone.contains(id));
                let (claims, mut readings) = (gone.len(), withdrawn.readings);
                readings.iter_mut().for_each(|broken| broken.claims.retain(goes));
                readings.retain(|broken| !broken.claims.is_empty());
                let withdrawal = withdrawal.clone();
                scenarios.push(Scenario { withdrawal, claims, readings, effect });
            }
        }
        Ok(scenarios)
    }

    /// The claims that go.
    fn withdrawn(&self, withdrawal: &Withdrawal) -> Withdrawn {
        self.withdrawn_with(self.targets(withdrawal))
    }

    /// What goes with these, on top of what layers have withdrawn.
    pub(super) fn withdrawn_with(&self, targets: Vec<Target>) -> Withdrawn {
        let Some(records) = &self.world().records else { return Withdrawn::default() };
        // What a layer has withdrawn before takes its part in the last base's going.
        let before = self.layers().changes().into_iter().filter_map(|change| match change {
            Change::Without(target) => Some(target),
            Change::Retract(..) | Change::Assume(..) => None,
        });
        let targets: Vec<Target> = before.chain(targets).collect();
        records.withdraw(&targets)
    }

    fn targets(&self, withdrawal: &Withdrawal) -> Vec<Target> {
        match withdrawal {
            Withdrawal::Source(source) => vec![Target::Source(source.clone())],
            Withdrawal::Origin(source) => self.claims_where(&|origin| origin == source),
            Withdrawal::AllBut(sources) => {
                self.claims_where(&|origin| !sources.iter().any(|source| source == origin))
            }
        }
    }

    /// The claims with such an origin.
    fn claims_where(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<Target> {
        let wanted = self.world().leaves.leaves.iter().filter(|leaf| {
            leaf.evidence.as_ref().is_some_and(|evidence| is_wanted(&evidence.origin))
        });
        wanted.map(|leaf| Target::Claim(leaf.id.clone())).collect()
    }

    /// A scenario run by itself.
    fn alone(&self, withdrawal: &Withdrawal, relations: &[RelationId]) -> Result<Effect, Refused> {
        let changes: Vec<Change> =
            self.targets(withdrawal).into_iter().map(Change::Without).collect();
        let fork = match self.fork(&changes) {
            Ok(fork) => fork,
            Err(refused) => return stops::evaluation_error(refused).map(Effect::Fails),
        };
        let limits = self.options().limits();
        diff(self.world(), &fork, relations, &limits)
            .map(Effect::Changes)
            .map_err(|stop| vec![stops::message(&stop, &self.world().program, self.options())])
    }
}

impl Rows {
    fn of(world: &World, wanted: &[RelationId], limits: &Limits) -> Result<Self, Stop> {
        let needed = needed(&world.program, wanted);
        let mut rows = Self { claims: Table::new(), ids: Map::default(), shared: Set::default() };
        for (id, leaf) in world.leaves.leaves.entries() {
            if leaf.kind == LeafKind::Claim {
                rows.ids.insert(leaf.id.clone(), id);
            }
        }
        let as_read = world.made.is_nothing();
        for (relation, columns) in world.facts.relations.entries() {
            limits.check()?;
            let claimed = world.claim_rows.get(relation).filter(|_| as_read);
            let mut of = Vec::new();
            let is_claimed = claimed.is_none_or(|claimed| !claimed.is_empty());
            let is_read = needed.get(relation) == Some(&true);
            if is_claimed && is_read && !rows.ids.is_empty() {
                let mut seen: Map<Tuple, ()> = Map::default();
                let bases = world.program.relations[relation].columns.iter();
                let bases: Vec<BaseType> = bases.map(|column| column.base).collect();
                let mut tuple: Vec<Value> = Vec::new();
                for row in 0..columns.rows {
                    if row.is_multiple_of(1 << 16) {
                        limits.check()?;
                    }
                    tuple.clear();
                    let cells = bases.iter().zip(&columns.columns);
                    tuple.extend(cells.map(|(b, c)| world.facts.codes.decode(*b, c[row])));
                    let leaf = world.leaves.of(relation, &tuple);
                    let whole = |leaf| world.leaves.parts.get(&leaf).copied().unwrap_or(leaf);
                    let leaf = leaf.map(whole);
                    let is_claim =
                        |leaf: &LeafId| world.leaves.leaves[*leaf].kind == LeafKind::Claim;
                    let leaf = leaf.filter(is_claim);
                    if let Some(leaf) = leaf {
                        // Where a row comes from is known by its place, or it comes once.
                        if claimed.is_none() && seen.insert(tuple.as_slice().into(), ()).is_some() {
                            rows.shared.insert(leaf);
                        }
                    }
                    of.push(leaf.filter(|_| claimed.is_none_or(|range| range.contains(&row))));
                }
            }
            rows.claims.push(of);
        }
        Ok(rows)
    }
}

/// What each scenario changes; nothing where that is not known.
fn together(
    world: &World,
    (rows, gone): (&Rows, &[Set<LeafId>]),
    relations: &[RelationId],
    limits: &Limits,
) -> Result<Vec<Option<Difference>>, Stop> {
    let mut words: Vec<Word> = vec![Word::MAX; world.leaves.leaves.len()];
    let mut unknown: Word = 0;
    for (at, gone) in gone.iter().enumerate() {
        let lane = 1 << (at + 1);
        for leaf in gone {
            words[leaf.index()] &= !lane;
            if rows.shared.contains(leaf) {
                unknown |= lane;
            }
        }
    }
    let there = |relation: RelationId, row: usize| {
        let claims = &rows.claims[relation];
        claims.get(row).copied().flatten().map_or(Word::MAX, |leaf| words[leaf.index()])
    };
    let input = Input { facts: &world.facts, lanes: &there };
    let of = (&world.program, &world.analysis);
    let with = (&*world.facts.codes, limits);
    let lanes = Lanes::evaluate(of, &input, with, gone.len() + 1, relations)?;
    unknown |= lanes.unknown();
    let keys = keys(&world.program);
    let mut found = vec![Difference::default(); gone.len()];
    for &relation in relations {
        let mut sides = vec![(Vec::new(), Vec::new()); gone.len()];
        lanes.each_doubtful(relation, &mut |tuple, at| {
            for (scenario, (lost, gained)) in sides.iter_mut().enumerate() {
                match (at & 1 == 1, at >> (scenario + 1) & 1 == 1) {
                    (true, false) => lost.push(tuple.clone()),
                    (false, true) => gained.push(tuple.clone()),
                    _ => {}
                }
            }
        });
        for (found, (lost, gained)) in found.iter_mut().zip(sides) {
            if !lost.is_empty() || !gained.is_empty() {
                let key = keys[relation].clone();
                let symbols = &world.program.symbols;
                found.relations.push(pair((relation, key), lost, gained, symbols));
            }
        }
    }
    let is_known = |at: usize| unknown >> (at + 1) & 1 == 0;
    Ok(found.into_iter().enumerate().map(|(at, found)| is_known(at).then_some(found)).collect())
}
