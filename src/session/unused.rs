//! What no conclusion used: claims that stand behind no instance that leads to one, and rules that
//! gave nothing. Claims that came furthest are first: they are the nearest to being used.

use std::cmp::Reverse;

use crate::base::hash::Map;
use crate::base::ids::{LeafId, RelationId, RuleId, StratumId};
use crate::engine::limits::Stop;
use crate::program::program::{LiteralKind, Rule};
use crate::provenance::instances::{Found, Instances, Visitor};
use crate::provenance::leaves::LeafKind;
use crate::session::diff::conclusions;
use crate::session::question::Question;
use crate::session::session::{Refused, Session};
use crate::session::stops;
use crate::value::value::Tuple;

/// Steps that are followed to see how far a claim came.
const STEPS_MAX: usize = 10_000_000;

/// What was not used.
#[derive(Debug, Default)]
pub struct Unused {
    /// Claims, those that came furthest first.
    pub claims: Vec<Idle>,
    /// How many claims there are.
    pub all_claims: usize,
    /// Of how many it was not looked how far they came.
    pub not_followed: usize,
    /// Rules that gave nothing, in the order of the text.
    pub rules: Vec<RuleId>,
    /// How many rules there are.
    pub all_rules: usize,
}

/// A claim that no conclusion used.
#[derive(Debug)]
pub struct Idle {
    /// Its leaf.
    pub leaf: LeafId,
    /// How far it came.
    pub reached: Reached,
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
        let mut unused = self.unused_claims(relations).map_err(stopped)?;
        unused.all_rules = world.program.rules.len();
        for (id, rule) in world.program.rules.entries() {
            if !self.gave(rule)? {
                unused.rules.push(id);
            }
        }
        Ok(unused)
    }

    /// Ids of the claims that no conclusion used, and of all claims.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn idle_claims(&self) -> Result<(Vec<String>, Vec<String>), Refused> {
        let world = self.world();
        let stopped = |stop| vec![stops::message(&stop, &world.program, self.options())];
        let unused = self.unused_claims(&[]).map_err(stopped)?;
        let leaves = &world.leaves.leaves;
        let idle = unused.claims.iter().map(|idle| leaves[idle.leaf].id.clone()).collect();
        let claims = leaves.iter().filter(|leaf| leaf.kind == LeafKind::Claim);
        Ok((idle, claims.map(|leaf| leaf.id.clone()).collect()))
    }

    fn unused_claims(&self, relations: &[RelationId]) -> Result<Unused, Stop> {
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
        let all;
        let outputs = if relations.is_empty() {
            all = conclusions(&world.program);
            &all
        } else {
            relations
        };
        let first: Vec<usize> =
            outputs.iter().flat_map(|relation| instances.numbers(*relation)).collect();
        let used = closure(&edges, first, instances.goals());
        let mut given: Map<LeafId, Vec<usize>> = Map::default();
        for ((relation, tuple), leaf) in &world.leaves.rows {
            if world.leaves.leaves[*leaf].kind == LeafKind::Claim {
                let number = instances.number_of(*relation, tuple);
                given.entry(*leaf).or_default().extend(number);
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
        let mut left = STEPS_MAX;
        for leaf in idle {
            let rows = given.get(&leaf).cloned().unwrap_or_default();
            let reached = self.furthest(&forward, rows, &instances, &mut left);
            unused.not_followed += usize::from(matches!(reached, Reached::NotFollowed));
            unused.claims.push(Idle { leaf, reached });
        }
        let depth = |idle: &Idle| match idle.reached {
            Reached::Tuple(id, _) => Some(world.analysis.stratum_of[id]),
            Reached::Nothing | Reached::NotFollowed => None,
        };
        unused.claims.sort_by_key(|idle| (Reverse(depth(idle)), idle.leaf));
        Ok(unused)
    }

    /// The last tuple in the order of evaluation that follows from these rows.
    fn furthest(
        &self,
        forward: &[(u32, u32)],
        rows: Vec<usize>,
        instances: &Instances<'_>,
        left: &mut usize,
    ) -> Reached {
        let world = self.world();
        let mut seen: Map<usize, ()> = rows.iter().map(|row| (*row, ())).collect();
        let mut next = rows;
        let mut derived: Vec<usize> = Vec::new();
        while let Some(at) = next.pop() {
            for &(_, head) in from(forward, at) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return Reached::NotFollowed;
                }
                let head = head as usize;
                if seen.insert(head, ()).is_none() {
                    derived.push(head);
                    next.push(head);
                }
            }
        }
        let relation = |number: usize| {
            world.program.relations.ids().find(|id| instances.numbers(*id).contains(&number))
        };
        let tuples = derived.into_iter().filter_map(|number| Some((relation(number)?, number)));
        let rank = |(id, number): &(RelationId, usize)| {
            (world.analysis.stratum_of[*id], *id, Reverse(*number))
        };
        let furthest = tuples.max_by_key(rank);
        furthest.map_or(Reached::Nothing, |(id, number)| {
            Reached::Tuple(id, instances.tuple(id, number))
        })
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
