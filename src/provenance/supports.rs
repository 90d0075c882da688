//! [`Supports`]: the least sets of sources, or of claims, that are enough for a tuple, and what
//! follows from them: what all of them have in common, and how few must fail for all of them to
//! fail. Found on the slice of the tuple, over all proofs there are. There may be very many least
//! sets: at most [`SETS_MAX`] are kept of a goal, the smallest, and the result says so.

use std::collections::VecDeque;
use std::mem::take;

use crate::base::hash::Map;
use crate::base::ids::{GoalId, Id, LeafId, RelationId, RuleId, Table};
use crate::engine::limits::Stop;
use crate::program::program::{Literal, LiteralKind, Program};
use crate::provenance::leaves::{LeafKind, Leaves};
use crate::provenance::proof::{Conclusion, LeafRef};
use crate::provenance::search::{Budget, Explainer};
use crate::provenance::sets::{SetId, Sets};
use crate::provenance::slice::{self, Goal, Slice, Step};
use crate::value::value::Value;

/// Sets kept of a goal.
pub const SETS_MAX: usize = 64;

/// How often a goal's sets are computed again where sets were left out.
const TURNS_MAX: usize = 64;

/// Something that a support is made of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Member {
    /// The origin of claims, by id.
    Source(String),
    /// Who made or passed on claims, by id.
    Voice(String),
    /// A claim, or an assumption that has a leaf.
    Leaf(LeafId),
    /// A row or a fact that is taken for granted and has no leaf.
    Row(LeafRef, Conclusion),
}

/// What a tuple rests on.
#[derive(Clone, Debug)]
pub struct Supports {
    /// By source.
    pub sources: Least,
    /// By claim and assumption.
    pub claims: Least,
    /// Who stands in the chain of some claim of every proof, without being its origin in every one:
    /// all proofs run through it.
    pub through: Vec<Member>,
    /// The leaves of all proofs that count for something, in order.
    pub leaves: Vec<LeafId>,
    /// Claims, assumptions and rows of all proofs.
    pub counted: Vec<Member>,
    /// Whether proofs have aggregates below: then it is about this value.
    pub aggregates: bool,
    /// Whether a proof needs something to be absent that could be there if a claim were gone.
    pub absences: bool,
}

/// Least sets that are enough.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says how far something holds")]
pub struct Least {
    /// The sets, small ones first, each in order.
    pub sets: Vec<Vec<Member>>,
    /// Whether these are all.
    pub complete: bool,
    /// What is in every set that is enough; by runs, those without which alone the tuple falls.
    pub necessary: Vec<Member>,
    /// A choice of which one is in each set: if all of it fails, the tuple falls. Nothing if a set
    /// is empty, or if no run found one.
    pub must_fail: Option<Vec<Member>>,
    /// Whether no smaller choice would do.
    pub exact: bool,
    /// Whether these were found by runs, not read off the proofs there are.
    pub by_runs: bool,
}

/// Relations that may have other tuples when claims go.
pub type Changing = Table<RelationId, bool>;

/// Which relations may have other tuples when claims go.
#[must_use]
pub fn changing(program: &Program, is_sourced: &dyn Fn(RelationId) -> bool) -> Changing {
    let mut changing: Changing = program.relations.ids().map(is_sourced).collect();
    loop {
        let mut grown = false;
        for rule in program.rules.iter() {
            let mut changes = false;
            rule.each_relation(&mut |relation| changes |= changing[relation]);
            grown |= changes && !changing[rule.head];
            changing[rule.head] |= changes;
        }
        if !grown {
            return changing;
        }
    }
}

/// Relations that have rows of claims.
#[must_use]
pub fn sourced(program: &Program, leaves: &Leaves) -> Table<RelationId, bool> {
    let mut sourced = Table::filled(program.relations.len(), false);
    let is_claim = |leaf: LeafId| {
        leaves.leaves[leaf].kind == LeafKind::Claim || leaves.parts.contains_key(&leaf)
    };
    let rows = leaves.rows().filter(|(_, leaf)| is_claim(*leaf));
    rows.for_each(|((relation, _), _)| sourced[*relation] = true);
    sourced
}

/// Whether the literal wants something absent that changes, in the bodies of aggregates too.
#[must_use]
pub fn wants_absent(literal: &Literal, changing: &dyn Fn(RelationId) -> bool) -> bool {
    match &literal.kind {
        LiteralKind::Absent(atom) => changing(atom.relation),
        LiteralKind::Aggregate { aggregate, .. } => {
            aggregate.body.iter().any(|literal| wants_absent(literal, changing))
        }
        _ => false,
    }
}

impl Explainer<'_> {
    /// What gives an input tuple, if that counts for something.
    #[must_use]
    pub fn counted(&self, relation: RelationId, tuple: &[Value]) -> Option<LeafRef> {
        let (leaf, kind) = self.context.leaf(relation, tuple)?;
        matches!(kind, LeafKind::Claim | LeafKind::Assumption).then_some(leaf)
    }

    /// Whether a tuple is given, and not only derived.
    #[must_use]
    pub fn is_given(&self, relation: RelationId, tuple: &[Value]) -> bool {
        self.context.leaf(relation, tuple).is_some()
    }

    /// What a tuple rests on; nothing if it is not there, or its proofs are more than the budget.
    ///
    /// # Errors
    /// If the search is stopped.
    pub fn supports(
        &self,
        (relation, tuple): (RelationId, &[Value]),
        changing: &Changing,
        budget: Budget,
    ) -> Result<Option<Supports>, Stop> {
        let goal = Goal::Tuple(relation, tuple.into());
        self.context.solver.keep_rows(budget.rows);
        let slice = Slice::full(&self.context, goal, budget.instances)?;
        let Some(slice) = slice.filter(|slice| !slice.is_truncated) else {
            return Ok(None);
        };
        let graph = Graph::of(&slice);
        let watch = &self.context.solver.watch;
        let mut pause = || {
            // The walk over the graph stops as the search would.
            let _stopped = watch.tick(1 << 10);
            watch.stopped()
        };
        let leaves = self.context.leaves;
        let sources = graph.weighed(&mut |leaf| origins(leaves, leaf));
        let voices = graph.weighed(&mut |leaf| voices(leaves, leaf));
        let claims = graph.weighed(&mut |leaf| members(leaves, leaf));
        let sources = least(&graph, &sources, &mut pause)?;
        let counted = claims.members.clone();
        let claims = least(&graph, &claims, &mut pause)?;
        let through = voices.named(&graph.needs(&voices, &mut Sets::default()));
        let is_origin = |voice: &Member| {
            let Member::Voice(id) = voice else { return false };
            sources.necessary.contains(&Member::Source(id.clone()))
        };
        let mut rows: Vec<LeafId> = graph
            .leaves
            .iter()
            .filter_map(|given| match given.leaf {
                LeafRef::Row(leaf) => Some(leaf),
                LeafRef::Fact(_) | LeafRef::Input => None,
            })
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let (aggregates, absences) = touches(&slice, changing);
        Ok(Some(Supports {
            through: through.into_iter().filter(|voice| !is_origin(voice)).collect(),
            leaves: rows,
            counted,
            sources,
            claims,
            aggregates,
            absences,
        }))
    }
}

/// Whether the slice has aggregates, and absences of what changes.
fn touches(slice: &Slice<'_, '_>, changing: &Changing) -> (bool, bool) {
    let is_value = |goal: &Goal| matches!(goal, Goal::Value { .. });
    let wants = |rule: &RuleId| {
        let body = &slice.context.program.rules[*rule].body;
        body.iter().any(|literal| wants_absent(literal, &|relation| changing[relation]))
    };
    let rules = slice.ways.iter().flatten().filter_map(|way| match &way.step {
        Step::Rule(rule, _) => Some(rule),
        _ => None,
    });
    (slice.goals.iter().any(|goal| is_value(goal)), rules.into_iter().any(wants))
}

/// The goals of a slice with their ways, as numbers.
struct Graph {
    ways: Vec<Vec<Way>>,
    /// For each goal the goals that have a way through it.
    users: Vec<Vec<u32>>,
    leaves: Vec<Given>,
}

struct Way {
    premises: Vec<u32>,
    /// The place in `leaves`.
    leaf: Option<usize>,
}

/// What gives a tuple, and which tuple that is.
struct Given {
    leaf: LeafRef,
    conclusion: Conclusion,
}

/// What each leaf counts for.
struct Weighed {
    members: Vec<Member>,
    /// For each leaf its members, ascending.
    of: Vec<Vec<u32>>,
}

impl Weighed {
    fn named(&self, members: &[u32]) -> Vec<Member> {
        members.iter().map(|member| self.members[*member as usize].clone()).collect()
    }
}

impl Graph {
    fn of(slice: &Slice<'_, '_>) -> Self {
        let mut graph = Self {
            ways: Vec::new(),
            users: vec![Vec::new(); slice.goals.len()],
            leaves: Vec::new(),
        };
        for (id, ways) in slice.ways.entries() {
            let way = |way: &slice::Way| {
                let leaf = match (&way.step, &*slice.goals[id]) {
                    (Step::Leaf(leaf), Goal::Tuple(relation, tuple))
                        if counts(slice, id, *leaf) =>
                    {
                        let tuple = tuple.clone();
                        let conclusion = Conclusion { relation: *relation, tuple };
                        graph.leaves.push(Given { leaf: *leaf, conclusion });
                        Some(graph.leaves.len() - 1)
                    }
                    _ => None,
                };
                Way { premises: way.premises.iter().map(|p| number(p.index())).collect(), leaf }
            };
            let ways: Vec<Way> = ways.iter().map(way).collect();
            for premise in ways.iter().flat_map(|way| &way.premises) {
                let users = &mut graph.users[*premise as usize];
                if users.last() != Some(&number(id.index())) {
                    users.push(number(id.index()));
                }
            }
            graph.ways.push(ways);
        }
        graph
    }

    fn weighed(&self, members_of: &mut dyn FnMut(&Given) -> Vec<Member>) -> Weighed {
        let mut weighed = Weighed { members: Vec::new(), of: Vec::new() };
        let mut known: Map<Member, u32> = Map::default();
        for leaf in &self.leaves {
            let mut of: Vec<u32> = Vec::new();
            for member in members_of(leaf) {
                let next = number(known.len());
                of.push(*known.entry(member.clone()).or_insert_with(|| {
                    weighed.members.push(member);
                    next
                }));
            }
            of.sort_unstable();
            of.dedup();
            weighed.of.push(of);
        }
        weighed
    }

    /// Calls `update` for goals until it changes none any more; the goals that use a changed one
    /// come again.
    fn settle(&self, update: &mut dyn FnMut(usize) -> Result<bool, Stop>) -> Result<(), Stop> {
        let mut queue: VecDeque<u32> = (0..number(self.ways.len())).rev().collect();
        let mut queued = vec![true; self.ways.len()];
        while let Some(goal) = queue.pop_front() {
            queued[goal as usize] = false;
            if update(goal as usize)? {
                for &user in &self.users[goal as usize] {
                    if !queued[user as usize] {
                        queued[user as usize] = true;
                        queue.push_back(user);
                    }
                }
            }
        }
        Ok(())
    }

    /// What every proof of the first goal needs.
    fn needs(&self, weighed: &Weighed, sets: &mut Sets) -> Vec<u32> {
        let own: Vec<SetId> = weighed.of.iter().map(|of| sets.intern(of)).collect();
        let mut known = vec![SetId::ALL; self.ways.len()];
        let done = self.settle(&mut |goal| {
            let mut needs = SetId::ALL;
            for way in &self.ways[goal] {
                let mut together = way.leaf.map_or(SetId::EMPTY, |leaf| own[leaf]);
                if way.premises.iter().any(|premise| known[*premise as usize] == SetId::ALL) {
                    continue;
                }
                for premise in &way.premises {
                    together = sets.union(together, known[*premise as usize]);
                }
                needs = if needs == SetId::ALL { together } else { sets.meet(needs, together) };
            }
            let changed = needs != known[goal];
            known[goal] = needs;
            Ok(changed)
        });
        debug_assert!(done.is_ok(), "nothing stops it");
        if known[0] == SetId::ALL { Vec::new() } else { sets.members(known[0]).to_vec() }
    }

    /// Whether the first goal follows from these members and what counts for nothing.
    fn derives(&self, weighed: &Weighed, from: &[u32]) -> bool {
        let mut known = vec![false; self.ways.len()];
        let given = |leaf: usize| weighed.of[leaf].iter().all(|m| from.binary_search(m).is_ok());
        let done = self.settle(&mut |goal| {
            let holds = |way: &Way| {
                way.leaf.is_none_or(given)
                    && way.premises.iter().all(|premise| known[*premise as usize])
            };
            let holds = known[goal] || self.ways[goal].iter().any(holds);
            let changed = holds != known[goal];
            known[goal] = holds;
            Ok(changed)
        });
        debug_assert!(done.is_ok(), "nothing stops it");
        known[0]
    }
}

/// Whether a leaf counts for anything.
fn counts(slice: &Slice<'_, '_>, id: GoalId, leaf: LeafRef) -> bool {
    let Goal::Tuple(relation, tuple) = &*slice.goals[id] else { return false };
    let kind = slice.context.leaf(*relation, tuple).filter(|(known, _)| *known == leaf);
    kind.is_some_and(|(_, kind)| matches!(kind, LeafKind::Claim | LeafKind::Assumption))
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 goals")
}

fn origins(leaves: &Leaves, given: &Given) -> Vec<Member> {
    let LeafRef::Row(leaf) = given.leaf else { return Vec::new() };
    let leaf = leaves.parts.get(&leaf).copied().unwrap_or(leaf);
    let evidence = leaves.leaves[leaf].evidence.iter();
    evidence.map(|evidence| Member::Source(evidence.origin.clone())).collect()
}

fn voices(leaves: &Leaves, given: &Given) -> Vec<Member> {
    let LeafRef::Row(leaf) = given.leaf else { return Vec::new() };
    let leaf = leaves.parts.get(&leaf).copied().unwrap_or(leaf);
    let evidence = leaves.leaves[leaf].evidence.iter();
    evidence
        .flat_map(|evidence| [&evidence.origin].into_iter().chain(&evidence.conduits))
        .map(|id| Member::Voice(id.clone()))
        .collect()
}

fn members(_: &Leaves, given: &Given) -> Vec<Member> {
    vec![match given.leaf {
        LeafRef::Row(leaf) => Member::Leaf(leaf),
        // A fact is one leaf wherever it is used, as a row is.
        leaf => Member::Row(leaf, given.conclusion.clone()),
    }]
}

/// The least sets of members that are enough for the first goal.
fn least(
    graph: &Graph,
    weighed: &Weighed,
    pause: &mut dyn FnMut() -> Result<(), Stop>,
) -> Result<Least, Stop> {
    let mut sets = Sets::default();
    let own: Vec<SetId> = weighed.of.iter().map(|of| sets.intern(of)).collect();
    let mut known: Vec<Antichain> = vec![Antichain::NONE; graph.ways.len()];
    let mut turns = vec![0; graph.ways.len()];
    let mut unsettled = false;
    graph.settle(&mut |goal| {
        pause()?;
        turns[goal] += 1;
        let mut next = Antichain::NONE;
        for way in &graph.ways[goal] {
            let leaf = way.leaf.map_or(SetId::EMPTY, |leaf| own[leaf]);
            let mut together = Antichain { sets: vec![leaf], complete: true };
            for premise in &way.premises {
                together = together.with(&known[*premise as usize], &mut sets);
            }
            next.add(together, &mut sets);
        }
        let changed = next != known[goal];
        if changed && !next.complete && turns[goal] > TURNS_MAX {
            unsettled = true;
            return Ok(false);
        }
        known[goal] = next;
        Ok(changed)
    })?;
    let Antichain { sets: found, complete } = known.swap_remove(0);
    let complete = complete && !unsettled;
    let mut all: Vec<Vec<u32>> = found.iter().map(|set| sets.members(*set).to_vec()).collect();
    if !complete {
        all = all.into_iter().map(|set| shrunk(graph, weighed, set)).collect();
    }
    all.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    all.dedup();
    all.retain(|set| graph.derives(weighed, set));
    let necessary = graph.needs(weighed, &mut sets);
    let (must_fail, exact) = hitting(&all);
    Ok(Least {
        sets: all.iter().map(|set| weighed.named(set)).collect(),
        complete,
        necessary: weighed.named(&necessary),
        must_fail: must_fail.map(|members| weighed.named(&members)),
        exact: exact && complete,
        by_runs: false,
    })
}

/// A least subset that is enough.
fn shrunk(graph: &Graph, weighed: &Weighed, mut set: Vec<u32>) -> Vec<u32> {
    for at in (0..set.len()).rev() {
        let mut without = set.clone();
        without.remove(at);
        if graph.derives(weighed, &without) {
            set = without;
        }
    }
    set
}

/// Sets none of which contains another, small ones first.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Antichain {
    sets: Vec<SetId>,
    /// Whether none was left out.
    complete: bool,
}

impl Antichain {
    /// No set.
    const NONE: Self = Self { sets: Vec::new(), complete: true };

    /// Every set of this together with every one of the other.
    fn with(&self, other: &Self, sets: &mut Sets) -> Self {
        let complete = self.complete && (other.complete || other.sets.is_empty());
        let mut all = Vec::with_capacity(self.sets.len() * other.sets.len());
        for a in &self.sets {
            for b in &other.sets {
                all.push(sets.union(*a, *b));
            }
        }
        let mut with = Self { sets: Vec::new(), complete };
        with.keep_least(all, sets);
        with
    }

    /// The sets of both.
    fn add(&mut self, other: Self, sets: &mut Sets) {
        self.complete &= other.complete || other.sets.is_empty();
        let mut all = take(&mut self.sets);
        all.extend(other.sets);
        self.keep_least(all, sets);
    }

    fn keep_least(&mut self, mut all: Vec<SetId>, sets: &Sets) {
        all.sort_unstable();
        all.dedup();
        all.sort_by(|a, b| {
            let (a, b) = (sets.members(*a), sets.members(*b));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        });
        for set in all {
            if self.sets.iter().any(|kept| sets.is_subset(*kept, set)) {
                continue;
            }
            if self.sets.len() == SETS_MAX {
                self.complete = false;
                break;
            }
            self.sets.push(set);
        }
    }
}

/// Choices that are tried before a small one is taken for the smallest.
const TRIED_MAX: usize = 1 << 20;

/// A smallest choice of members with one of each set, nothing if a set is empty; and whether it is
/// sure that none is smaller.
fn hitting(sets: &[Vec<u32>]) -> (Option<Vec<u32>>, bool) {
    if sets.iter().any(Vec::is_empty) {
        return (None, true);
    }
    let mut left = TRIED_MAX;
    for size in 0..=sets.len() {
        if let Some(found) = hitting_of(sets, size, &mut Vec::new(), &mut left) {
            return (Some(found), true);
        }
        if left == 0 {
            break;
        }
    }
    // The member that is in most of the sets that are left, again and again.
    let (mut open, mut chosen): (Vec<&Vec<u32>>, Vec<u32>) = (sets.iter().collect(), Vec::new());
    while let Some(first) = open.first() {
        let count = |member: &&u32| open.iter().filter(|set| set.contains(member)).count();
        let best =
            open.iter().flat_map(|set| set.iter()).max_by_key(|m| (count(m), u32::MAX - **m));
        let best = best.copied().unwrap_or(first[0]);
        chosen.push(best);
        open.retain(|set| !set.contains(&best));
    }
    chosen.sort_unstable();
    (Some(chosen), false)
}

fn hitting_of(
    sets: &[Vec<u32>],
    size: usize,
    chosen: &mut Vec<u32>,
    left: &mut usize,
) -> Option<Vec<u32>> {
    let Some(open) = sets.iter().find(|set| !set.iter().any(|m| chosen.contains(m))) else {
        let mut found = chosen.clone();
        found.sort_unstable();
        return Some(found);
    };
    if chosen.len() == size || *left == 0 {
        return None;
    }
    *left -= 1;
    for member in open {
        chosen.push(*member);
        let found = hitting_of(sets, size, chosen, left);
        chosen.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}
