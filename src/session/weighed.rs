//! Supports by runs: what is enough for a conclusion, and what takes it down, where sums, counts or
//! absences are below. Sources and claims are withdrawn with what rests on them alone, as they
//! would be by name.

use std::collections::BTreeSet;

use crate::base::hash::{Map, Set};
use crate::base::ids::{Id, LeafId, RelationId, Table};
use crate::claims::withdraw::Target;
use crate::engine::limits::Limits;
use crate::provenance::lanes::{Input, LANES, Lanes, Word, needed};
use crate::provenance::leaves::LeafKind;
use crate::provenance::proof::{Conclusion, LeafRef};
use crate::provenance::search::Explainer;
use crate::provenance::supports::{Least, Member};
use crate::provenance::weighing::{Members, Runs, weigh};
use crate::session::scenarios::{Scenario, Withdrawal};
use crate::session::session::{Refused, Session};
use crate::session::stops;
use crate::session::support::{Outcome, outcome};
use crate::value::value::Tuple;

/// Claims and rows that are weighed one by one; the others are weighed together.
const UNITS_MAX: usize = 20_000;

/// With which unit, and with which claim, a row goes.
type Goes = (Option<u32>, Option<LeafId>);

/// What can be withdrawn by itself, and the rows that go with it.
pub(super) struct Units {
    members: Vec<Member>,
    numbers: Map<Member, u32>,
    /// For each row of each relation that matters its unit and its claim.
    rows: Table<RelationId, Vec<Goes>>,
}

impl Units {
    /// Everything that a relation depends on and that counts for something.
    pub(super) fn of(
        session: &Session,
        explainer: &Explainer<'_>,
        relation: RelationId,
    ) -> Result<Self, Refused> {
        let world = session.world();
        let limits = session.options().limits();
        let mut units = Self { members: Vec::new(), numbers: Map::default(), rows: Table::new() };
        let needed = needed(&world.program, &[relation]);
        for (relation, columns) in world.facts.relations.entries() {
            let mut rows = Vec::new();
            let claimed = world.claim_rows.get(relation).filter(|_| world.made.is_nothing());
            let many = if needed.get(relation) == Some(&true) { columns.rows } else { 0 };
            for row in 0..many {
                if row.is_multiple_of(1 << 10) {
                    let stopped =
                        |stop| vec![stops::message(&stop, &world.program, session.options())];
                    limits.check().map_err(stopped)?;
                }
                let tuple = world.facts.row(&world.program, relation, row);
                let whole = |leaf| world.leaves.parts.get(&leaf).copied().unwrap_or(leaf);
                let is_claim = |leaf: &LeafId| world.leaves.leaves[*leaf].kind == LeafKind::Claim;
                let claim = world.leaves.of(relation, &tuple).map(whole).filter(is_claim);
                let in_claims = claimed.is_none_or(|range| range.contains(&row));
                if claim.is_some() && !in_claims {
                    // A claim gives this row too: without the claim it is still there.
                    rows.push((None, None));
                    continue;
                }
                let counted = explainer.counted(relation, &tuple);
                let unit = counted.map(|leaf| units.number(leaf, relation, &tuple));
                rows.push((unit, claim));
            }
            units.rows.push(rows);
        }
        Ok(units)
    }

    fn number(&mut self, leaf: LeafRef, relation: RelationId, tuple: &Tuple) -> u32 {
        let member = match leaf {
            LeafRef::Row(leaf) => Member::Leaf(leaf),
            leaf => Member::Row(leaf, Conclusion { relation, tuple: tuple.clone() }),
        };
        let next = narrow(self.members.len());
        *self.numbers.entry(member.clone()).or_insert_with(|| {
            self.members.push(member);
            next
        })
    }

    /// Whether a relation has rows that can be withdrawn.
    pub(super) fn has(&self, relation: RelationId) -> bool {
        let rows = self.rows.get(relation);
        rows.is_some_and(|rows| rows.iter().any(|(unit, claim)| unit.is_some() || claim.is_some()))
    }
}

impl Session {
    /// The least sets of sources by runs; those of the proofs there are to begin with.
    pub(super) fn weighed_sources(
        &self,
        conclusion: &Conclusion,
        known: &Least,
    ) -> Result<Least, Refused> {
        let leaves = &self.world().leaves.leaves;
        let origins = leaves.iter().filter_map(|leaf| leaf.evidence.as_ref());
        let all: BTreeSet<&String> = origins.map(|evidence| &evidence.origin).collect();
        let all: Vec<Member> = all.into_iter().map(|id| Member::Source(id.clone())).collect();
        if all.is_empty() {
            return Ok(Least { by_runs: true, ..known.clone() });
        }
        // Those of proofs come first, in the order they have there.
        let mut members: Vec<Member> = Vec::new();
        for member in known.sets.iter().flatten().filter(|member| all.contains(member)) {
            if !members.contains(member) {
                members.push(member.clone());
            }
        }
        let count = members.len();
        let others: Vec<Member> = all.into_iter().filter(|one| !members.contains(one)).collect();
        members.extend(others);
        let mut runs = |sets: &[Vec<u32>]| -> Result<Vec<Option<bool>>, Refused> {
            let id = |at: &u32| match &members[*at as usize] {
                Member::Source(id) | Member::Voice(id) => Some(id.clone()),
                Member::Leaf(_) | Member::Row(..) => None,
            };
            let kept = |set: &Vec<u32>| Withdrawal::AllBut(set.iter().filter_map(id).collect());
            let withdrawals: Vec<Withdrawal> = sets.iter().map(kept).collect();
            let scenarios = self.scenarios(&withdrawals, &[conclusion.relation])?;
            let holds = |scenario: &Scenario| match outcome(scenario, conclusion) {
                Outcome::Stays => Some(true),
                Outcome::Fails => None,
                Outcome::Lost | Outcome::Becomes(_) => Some(false),
            };
            Ok(scenarios.iter().map(holds).collect())
        };
        least(known, (&members, count, false), &mut runs)
    }

    /// The least sets of claims, assumptions and rows by runs.
    pub(super) fn weighed_claims(
        &self,
        conclusion: &Conclusion,
        (units, proving): (&Units, &[Member]),
        known: &Least,
    ) -> Result<Least, Refused> {
        let mut first: Vec<u32> =
            proving.iter().filter_map(|member| units.numbers.get(member).copied()).collect();
        let mut seen: Set<u32> = Set::default();
        first.retain(|unit| seen.insert(*unit));
        if first.len() > UNITS_MAX {
            let (sets, necessary) = (Vec::new(), Vec::new());
            let none = Least { sets, complete: false, necessary, ..known.clone() };
            return Ok(Least { must_fail: None, exact: false, by_runs: true, ..none });
        }
        let in_proofs: Set<u32> = first.iter().copied().collect();
        let count = first.len();
        let all = 0..narrow(units.members.len());
        let mut groups: Vec<Vec<u32>> = first.into_iter().map(|unit| vec![unit]).collect();
        let rest: Vec<u32> = all.filter(|unit| !in_proofs.contains(unit)).collect();
        let together = units.members.len() > UNITS_MAX;
        match together {
            true => groups.push(rest),
            false => groups.extend(rest.into_iter().map(|unit| vec![unit])),
        }
        let member = |group: &Vec<u32>| units.members[group[0] as usize].clone();
        let members: Vec<Member> = groups.iter().map(member).collect();
        let limits = self.options().limits();
        let mut runs = |sets: &[Vec<u32>]| -> Result<Vec<Option<bool>>, Refused> {
            let mut found = Vec::new();
            for part in sets.chunks(LANES - 1) {
                found.extend(self.lanes_of((units, &groups), part, conclusion, &limits)?);
            }
            Ok(found)
        };
        least(known, (&members, count, together), &mut runs)
    }

    /// Whether the conclusion holds with these groups of units and no others.
    fn lanes_of(
        &self,
        (units, groups): (&Units, &[Vec<u32>]),
        sets: &[Vec<u32>],
        conclusion: &Conclusion,
        limits: &Limits,
    ) -> Result<Vec<Option<bool>>, Refused> {
        let world = self.world();
        let mut by_unit: Vec<Word> = vec![1; units.members.len()];
        let mut by_claim: Vec<Word> = vec![Word::MAX; world.leaves.leaves.len()];
        let claims = world.leaves.leaves.entries();
        let claims = claims.filter(|(_, leaf)| leaf.kind == LeafKind::Claim);
        let ids: Map<&str, LeafId> = claims.map(|(id, leaf)| (leaf.id.as_str(), id)).collect();
        for (at, set) in sets.iter().enumerate() {
            let lane: Word = 1 << (at + 1);
            for unit in set.iter().flat_map(|group| &groups[*group as usize]) {
                by_unit[*unit as usize] |= lane;
            }
            let gone = by_unit.iter().zip(&units.members).filter(|(word, _)| **word & lane == 0);
            let target = |(_, member): (&Word, &Member)| match member {
                Member::Leaf(leaf) if world.leaves.leaves[*leaf].kind == LeafKind::Claim => {
                    Some(Target::Claim(world.leaves.leaves[*leaf].id.clone()))
                }
                _ => None,
            };
            let targets: Vec<Target> = gone.filter_map(target).collect();
            for gone in self.withdrawn_with(targets).claims {
                if let Some(leaf) = ids.get(gone.id.as_str()) {
                    by_claim[leaf.index()] &= !lane;
                }
            }
        }
        let there = |relation: RelationId, row: usize| {
            let Some((unit, claim)) = units.rows[relation].get(row) else { return Word::MAX };
            unit.map_or(Word::MAX, |unit| by_unit[unit as usize])
                & claim.map_or(Word::MAX, |claim| by_claim[claim.index()])
        };
        let input = Input { facts: &world.facts, lanes: &there };
        let with = (&*world.facts.codes, limits);
        let of = (&world.program, &world.analysis);
        let lanes = Lanes::evaluate(of, &input, with, sets.len() + 1, &[conclusion.relation])
            .map_err(|stop| vec![stops::message(&stop, &world.program, self.options())])?;
        let codes = conclusion.tuple.iter().map(|value| world.facts.codes.encode(*value));
        let codes: Vec<u32> = codes.collect();
        let (holds, unknown) = (lanes.holds(conclusion.relation, &codes), lanes.unknown());
        let answer = |at: usize| (unknown >> at & 1 == 0).then_some(holds >> at & 1 == 1);
        Ok((1..=sets.len()).map(answer).collect())
    }
}

/// What runs say, in names; the last of the members stands for all others if that is said.
fn least(
    known: &Least,
    (members, proving, others): (&[Member], usize, bool),
    runs: &mut Runs<'_, Refused>,
) -> Result<Least, Refused> {
    let numbers: Map<&Member, u32> = members.iter().zip(0..).collect();
    let number = |set: &Vec<Member>| -> Option<Vec<u32>> {
        set.iter().map(|member| numbers.get(member).copied()).collect()
    };
    let enough: Vec<Vec<u32>> = known.sets.iter().filter_map(number).collect();
    let fall = known.must_fail.as_ref().and_then(number);
    let of = Members {
        count: narrow(members.len()),
        proving: narrow(proving),
        others,
        enough: &enough,
        fall: fall.as_deref(),
    };
    let mut found = weigh(&of, runs)?;
    if others {
        let last = narrow(members.len() - 1);
        found.enough.retain(|set| !set.contains(&last));
        found.singles.retain(|one| *one != last);
        found.fall = found.fall.filter(|set| !set.contains(&last));
        found.exact = found.fall.as_ref().is_some_and(|set| set.len() == 1);
    }
    let named = |set: &Vec<u32>| -> Vec<Member> {
        set.iter().map(|member| members[*member as usize].clone()).collect()
    };
    Ok(Least {
        sets: found.enough.iter().map(named).collect(),
        complete: found.complete,
        necessary: named(&found.singles),
        must_fail: found.fall.as_ref().map(named),
        exact: found.exact,
        by_runs: true,
    })
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("fewer than 2^32 rows")
}
