//! What no conclusion used: claims that stand behind no instance that leads to one, and rules that
//! gave nothing. What came nearest is first, with the conditions that failed; of claims that came
//! equally near, those that came furthest.

use std::cmp::Reverse;

use crate::analysis::keys::keys;
use crate::base::hash::Map;
use crate::base::ids::{LeafId, RelationId, RuleId, StratumId, Table};
use crate::engine::limits::Stop;
use crate::program::program::{LiteralKind, Rule};
use crate::provenance::almost::Almost;
use crate::provenance::instances::{Found, Instances, Visitor};
use crate::provenance::lanes::needed;
use crate::provenance::leaves::LeafKind;
use crate::provenance::whynot::{Blocker, Obstacle, Refuter};
use crate::session::diff::conclusions;
use crate::session::question::Question;
use crate::session::session::{Refused, Session};
use crate::session::stops;
use crate::value::value::Tuple;

/// Steps that are followed to see how far a claim came.
const STEPS_MAX: usize = 10_000_000;
/// Tuples that are read for the nearest misses of rules, and again for those of claims.
const WORK_MAX: usize = 2_000_000;
/// Tuples that follow from a claim of which it is asked what they could have led to.
const TRIED_MAX: usize = 8;

/// What was not used.
#[derive(Debug, Default)]
pub struct Unused {
    /// The relations whose rows are the conclusions; none if they are those written out.
    pub asked: Vec<RelationId>,
    /// Claims, those that came nearest to a use first.
    pub claims: Vec<Idle>,
    /// How many claims there are.
    pub all_claims: usize,
    /// Of how many it was not looked how far they came.
    pub not_followed: usize,
    /// For how many what they came nearest to was looked at to the end.
    pub searched_claims: usize,
    /// Rules that gave nothing, those that came nearest first.
    pub rules: Vec<Silent>,
    /// How many rules the conclusions can rest on.
    pub all_rules: usize,
    /// For how many of those that gave nothing the nearest was looked for to the end.
    pub searched_rules: usize,
}

/// A claim that no conclusion used.
#[derive(Debug)]
pub struct Idle {
    /// Its leaf.
    pub leaf: LeafId,
    /// How far it came.
    pub reached: Reached,
    /// What it, or what follows from it, came nearest to.
    pub nearest: Option<Almost>,
}

/// A rule that gave nothing.
#[derive(Debug)]
pub struct Silent {
    /// The rule.
    pub rule: RuleId,
    /// What came nearest to giving something.
    pub nearest: Option<Almost>,
}

/// How far a claim came.
#[derive(Debug)]
pub enum Reached {
    /// Nothing follows from it.
    Nothing,
    /// The last thing that follows from it.
    Tuple(RelationId, Tuple),
    /// That was not looked at.
    NotFollowed,
}

/// Which goal rests on which.
struct Edges<'r> {
    all: Vec<(u32, u32)>,
    limits: &'r dyn Fn() -> Result<(), Stop>,
}

impl Visitor for Edges<'_> {
    fn matters(&self, _: RelationId) -> bool {
        false
    }

    fn values(&mut self, _: usize, _: usize, _: bool) {}

    fn instances(&mut self, found: &Found<'_>) -> Result<(), Stop> {
        (self.limits)()?;
        for premises in found.premises {
            self.all.extend(found.heads.iter().copied().zip(premises.iter().copied()));
        }
        Ok(())
    }

    fn complete(&mut self, _: StratumId) -> Result<(), Stop> {
        Ok(())
    }
}

impl Session {
    /// What conclusions did not use: those that are written out, or those of these relations.
    /// That something is absent uses nothing.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn unused(&self, relations: &[RelationId]) -> Result<Unused, Refused> {
        let world = self.world();
        let stopped = |stop| vec![stops::message(&stop, &world.program, self.options())];
        let refuter = self.refuter();
        let mut unused = self.unused_claims(relations, Some(&refuter)).map_err(stopped)?;
        unused.asked = relations.to_vec();
        let cone = self.cone(relations);
        let mut work = WORK_MAX;
        for (id, rule) in world.program.rules.entries().filter(|(_, rule)| cone[rule.head]) {
            unused.all_rules += 1;
            if self.gave(rule)? {
                continue;
            }
            let search = refuter.nearest_of(id, &mut work).map_err(stopped)?;
            unused.searched_rules += usize::from(search.is_whole);
            unused.rules.push(Silent { rule: id, nearest: search.nearest });
        }
        unused.rules.sort_by_key(|silent| nearness(silent.nearest.as_ref()));
        Ok(unused)
    }

    /// Ids of the claims that no conclusion used, and of all claims.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn idle_claims(&self) -> Result<(Vec<String>, Vec<String>), Refused> {
        let world = self.world();
        let stopped = |stop| vec![stops::message(&stop, &world.program, self.options())];
        let unused = self.unused_claims(&[], None).map_err(stopped)?;
        let leaves = &world.leaves.leaves;
        let idle = unused.claims.iter().map(|idle| leaves[idle.leaf].id.clone()).collect();
        let claims = leaves.iter().filter(|leaf| leaf.kind == LeafKind::Claim);
        Ok((idle, claims.map(|leaf| leaf.id.clone()).collect()))
    }

    /// The conclusions: rows of these relations, or of those that are written out.
    fn concluding(&self, relations: &[RelationId]) -> Vec<RelationId> {
        if relations.is_empty() { conclusions(&self.world().program) } else { relations.to_vec() }
    }

    /// What conclusions can rest on.
    fn cone(&self, relations: &[RelationId]) -> Table<RelationId, bool> {
        needed(&self.world().program, &self.concluding(relations))
    }

    fn unused_claims(
        &self,
        relations: &[RelationId],
        refuter: Option<&Refuter<'_>>,
    ) -> Result<Unused, Stop> {
        let world = self.world();
        let limits = self.options().limits();
        let of = (&world.program, &world.analysis);
        let mut instances = Instances::new(of, world.tables(), &world.facts.codes, &limits)?;
        let check = || limits.check();
        let mut edges = Edges { all: Vec::new(), limits: &check };
        instances.visit(&mut edges)?;
        let mut edges = edges.all;
        edges.sort_unstable();
        edges.dedup();
        let outputs = self.concluding(relations);
        let first: Vec<usize> =
            outputs.iter().flat_map(|relation| instances.numbers(*relation)).collect();
        let used = closure(&edges, first, instances.goals());
        let mut given: Map<LeafId, Vec<usize>> = Map::default();
        for ((relation, tuple), leaf) in world.leaves.rows() {
            if world.leaves.leaves[leaf].kind == LeafKind::Claim {
                let number = instances.number_of(*relation, tuple);
                given.entry(leaf).or_default().extend(number);
            }
        }
        let claims = world.leaves.leaves.entries().filter(|(_, leaf)| leaf.kind == LeafKind::Claim);
        let claims: Vec<LeafId> = claims.map(|(id, _)| id).collect();
        let idle = claims
            .iter()
            .filter(|id| given.get(*id).is_none_or(|rows| rows.iter().all(|row| !used[*row])));
        let idle: Vec<LeafId> = idle.copied().collect();
        let mut forward: Vec<(u32, u32)> = edges.iter().map(|&(head, of)| (of, head)).collect();
        forward.sort_unstable();
        let mut unused = Unused { all_claims: claims.len(), ..Unused::default() };
        let cone = self.cone(relations);
        let (mut left, mut work) = (STEPS_MAX, WORK_MAX);
        for leaf in idle {
            let rows = given.get(&leaf).cloned().unwrap_or_default();
            let came = self.came(&forward, rows, &instances, &mut left);
            let reached = match came.as_deref() {
                None => Reached::NotFollowed,
                Some(came) => came.iter().find(|at| at.is_derived).map_or(Reached::Nothing, |at| {
                    Reached::Tuple(at.relation, instances.tuple(at.relation, at.number))
                }),
            };
            unused.not_followed += usize::from(came.is_none());
            let mut nearest = None;
            if let (Some(refuter), Some(came)) = (refuter, came) {
                let tuples: Vec<(RelationId, Tuple)> = came
                    .iter()
                    .filter(|at| cone[at.relation])
                    .map(|at| (at.relation, instances.tuple(at.relation, at.number)))
                    .collect();
                let (found, is_whole) = self.nearest_use(refuter, &tuples, &cone, &mut work)?;
                unused.searched_claims += usize::from(is_whole);
                nearest = found;
            }
            unused.claims.push(Idle { leaf, reached, nearest });
        }
        let depth = |idle: &Idle| match idle.reached {
            Reached::Tuple(id, _) => Some(world.analysis.stratum_of[id]),
            Reached::Nothing | Reached::NotFollowed => None,
        };
        let near = |idle: &Idle| nearness(idle.nearest.as_ref());
        unused.claims.sort_by_key(|idle| (near(idle), Reverse(depth(idle)), idle.leaf));
        Ok(unused)
    }

    /// What came nearest to using one of these tuples, and whether all was looked at.
    fn nearest_use(
        &self,
        refuter: &Refuter<'_>,
        tuples: &[(RelationId, Tuple)],
        cone: &Table<RelationId, bool>,
        work: &mut usize,
    ) -> Result<(Option<Almost>, bool), Stop> {
        let rules = &self.world().program.rules;
        let keys = keys(&self.world().program);
        let mut waits = None;
        let mut whole = true;
        for count in 1..=2 {
            for (relation, tuple) in tuples.iter().take(TRIED_MAX) {
                let wanted = |rule: RuleId| cone[rules[rule].head];
                let search =
                    refuter.nearest_with((*relation, tuple), (&wanted, &keys), count, work)?;
                whole &= search.is_whole;
                match search.nearest {
                    Some(almost) if !almost.is_empty => return Ok((Some(almost), whole)),
                    Some(almost) => waits = waits.or(Some(almost)),
                    None => {}
                }
            }
        }
        Ok((waits, whole && tuples.len() <= TRIED_MAX))
    }

    /// These rows and all that follows from them, what is last in the order of evaluation first;
    /// nothing if that is not followed.
    fn came(
        &self,
        forward: &[(u32, u32)],
        rows: Vec<usize>,
        instances: &Instances<'_>,
        left: &mut usize,
    ) -> Option<Vec<Came>> {
        let world = self.world();
        let mut seen: Map<usize, bool> = rows.iter().map(|row| (*row, false)).collect();
        let mut next = rows;
        while let Some(at) = next.pop() {
            for &(_, head) in from(forward, at) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return None;
                }
                let head = head as usize;
                if seen.insert(head, true).is_none() {
                    next.push(head);
                }
            }
        }
        let relation = |number: usize| {
            world.program.relations.ids().find(|id| instances.numbers(*id).contains(&number))
        };
        let came = seen.into_iter().filter_map(|(number, is_derived)| {
            Some(Came { relation: relation(number)?, number, is_derived })
        });
        let mut came: Vec<Came> = came.collect();
        let rank = |at: &Came| (world.analysis.stratum_of[at.relation], at.relation);
        came.sort_by_key(|at| (Reverse(at.is_derived), Reverse(rank(at)), at.number));
        Some(came)
    }

    /// Whether a rule gives a tuple.
    fn gave(&self, rule: &Rule) -> Result<bool, Refused> {
        let world = self.world();
        let empty = |relation: RelationId| world.tables().len(relation) == 0;
        let missing = rule.body.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => empty(atom.relation),
            _ => false,
        });
        if missing || empty(rule.head) {
            return Ok(false);
        }
        let mut program = world.program.clone();
        let relation = program.relations.push(program.relations[rule.head].clone());
        let mut rule = rule.clone();
        rule.head = relation;
        program.rules = [rule].into_iter().collect();
        program.facts.clear();
        let question = Question { program, relation };
        Ok(!question.answers(world.tables(), &world.facts, self.options())?.is_empty())
    }
}

/// A tuple that a claim gives, or that follows from it.
struct Came {
    relation: RelationId,
    number: usize,
    is_derived: bool,
}

/// What is nearer is less: what waits for relations without rows is further off than all else, and
/// what has no near miss is last.
fn nearness(almost: Option<&Almost>) -> (bool, bool, usize, usize) {
    almost.map_or((true, true, 0, 0), |almost| {
        let rows = |blocker: &&Blocker| matches!(blocker.obstacle, Obstacle::Missing(_));
        let missing = almost.miss.blockers.iter().filter(rows).count();
        (false, almost.is_empty, almost.miss.blockers.len(), missing)
    })
}

/// The edges that start at a goal.
fn from(edges: &[(u32, u32)], goal: usize) -> &[(u32, u32)] {
    let start = edges.partition_point(|&(from, _)| (from as usize) < goal);
    let end = edges.partition_point(|&(from, _)| from as usize <= goal);
    &edges[start..end]
}

/// All goals that some goals rest on, themselves included.
fn closure(edges: &[(u32, u32)], mut next: Vec<usize>, goals: usize) -> Vec<bool> {
    let mut used = vec![false; goals];
    while let Some(at) = next.pop() {
        if !marked(&mut used[at]) {
            next.extend(from(edges, at).iter().map(|&(_, premise)| premise as usize));
        }
    }
    used
}

/// Marks, and says whether it was marked.
fn marked(mark: &mut bool) -> bool {
    let known = *mark;
    *mark = true;
    known
}
