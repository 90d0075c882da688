//! [`necessary`]: what every proof of a tuple needs, for all tuples of an evaluation at once: the
//! greatest solution of "a tuple needs what all its instances need, an instance what any of its
//! premises needs". Since taking together distributes over having in common, that is what all
//! proofs have in common, although no proof is looked at.
//!
//! With aggregates the answer is about the tuple with this value: of a sum every row is needed. A
//! literal that wants something absent needs nothing; but when a source goes, something may become
//! absent that was there, so above negations the answer is about the proofs there are.

use std::collections::VecDeque;
use std::mem::take;
use std::ops::Range;

use crate::base::ids::{RelationId, StratumId, Table};
use crate::engine::limits::{Limits, Stop};
use crate::provenance::instances::{Found, Instances, Visitor};
use crate::provenance::sets::{SetId, Sets};
use crate::provenance::supports::changing;
use crate::value::value::Value;

/// What every proof of each goal needs.
#[derive(Debug)]
pub struct Necessary {
    /// The sets.
    pub sets: Sets,
    needs: Vec<SetId>,
    marks: Vec<u8>,
}

/// Somewhere below something is an aggregate.
const AGGREGATE: u8 = 1;
/// Somewhere below something must be absent that could be there if a source were gone.
const NEGATION: u8 = 2;
/// The goal is the value of an aggregate that rests on all its rows.
const TOGETHER: u8 = 4;

/// What input tuples need.
pub trait Given {
    /// Whether a tuple of the relation may need something.
    fn is_sourced(&self, relation: RelationId) -> bool;

    /// What an input tuple needs; nothing if the tuple is not an input.
    fn needs(&self, relation: RelationId, tuple: &[Value], sets: &mut Sets) -> Option<SetId>;
}

impl Necessary {
    /// What every proof of a goal needs.
    #[must_use]
    pub fn of(&self, goal: usize) -> &[u32] {
        match self.needs[goal] {
            SetId::ALL => &[],
            id => self.sets.members(id),
        }
    }

    /// Whether the goal may rest on the value of an aggregate.
    #[must_use]
    pub fn rests_on_aggregate(&self, goal: usize) -> bool {
        self.marks[goal] & AGGREGATE != 0
    }

    /// Whether the goal may rest on the absence of something that may be there if a source goes.
    #[must_use]
    pub fn rests_on_absence(&self, goal: usize) -> bool {
        self.marks[goal] & NEGATION != 0
    }
}

/// Finds what every proof of each tuple needs.
///
/// # Errors
/// If it is stopped.
pub fn necessary(instances: &mut Instances<'_>, given: &dyn Given) -> Result<Necessary, Stop> {
    let program = instances.program();
    let analysis = instances.analysis();
    let mut search = Search {
        known: Necessary {
            sets: Sets::default(),
            needs: vec![SetId::ALL; instances.goals()],
            marks: vec![0; instances.goals()],
        },
        changing: changing(program, &|relation| given.is_sourced(relation)),
        components: Table::filled(analysis.strata.len(), Vec::new()),
        waiting: Waiting::default(),
        limits: instances.limits(),
    };
    for (relation, about) in program.relations.entries() {
        search.components[analysis.stratum_of[relation]].push(instances.numbers(relation));
        let is_given = about.is_input || program.facts.iter().any(|fact| fact.relation == relation);
        if !is_given && !given.is_sourced(relation) {
            continue;
        }
        for number in instances.numbers(relation) {
            let tuple = instances.tuple(relation, number);
            if let Some(needs) = given.needs(relation, &tuple, &mut search.known.sets) {
                search.known.needs[number] = needs;
            }
        }
    }
    instances.visit(&mut search)?;
    Ok(search.known)
}

struct Search<'a> {
    known: Necessary,
    changing: Table<RelationId, bool>,
    /// The numbers of the tuples of each component.
    components: Table<StratumId, Vec<Range<usize>>>,
    waiting: Waiting,
    limits: &'a Limits,
}

/// Instances with premises of their own component.
#[derive(Default)]
struct Waiting {
    heads: Vec<u32>,
    /// What the other premises need.
    needs: Vec<SetId>,
    marks: Vec<u8>,
    /// Premises of the component, instance after instance.
    premises: Vec<u32>,
    /// Where those of each instance end.
    ends: Vec<u32>,
}

impl Search<'_> {
    /// What some premises of row `row` need together; nothing if that is not known yet.
    fn together(&mut self, found: &Found<'_>, row: usize, own: bool) -> Option<(SetId, u8)> {
        let (mut needs, mut marks) = (SetId::EMPTY, if found.negated { NEGATION } else { 0 });
        let Necessary { sets, needs: known, marks: known_marks } = &mut self.known;
        for (premise, _) in found.premises.iter().zip(found.own).filter(|(_, o)| **o == own) {
            let premise = premise[row] as usize;
            if known[premise] == SetId::ALL {
                return None;
            }
            needs = sets.union(needs, known[premise]);
            marks |= known_marks[premise] & !TOGETHER;
        }
        Some((needs, marks))
    }

    /// Adds a way to show a goal; says whether that changes what is known of it.
    fn way(&mut self, goal: usize, needs: SetId, marks: u8) -> bool {
        let Necessary { sets, needs: known, marks: known_marks } = &mut self.known;
        let before = (known[goal], known_marks[goal]);
        known[goal] = match before.0 {
            SetId::ALL => needs,
            known if before.1 & TOGETHER != 0 => sets.union(known, needs),
            known => sets.meet(known, needs),
        };
        known_marks[goal] |= marks;
        before != (known[goal], known_marks[goal])
    }
}

impl Visitor for Search<'_> {
    fn matters(&self, relation: RelationId) -> bool {
        self.changing[relation]
    }

    fn values(&mut self, first: usize, count: usize, together: bool) {
        let needs = if together { SetId::EMPTY } else { SetId::ALL };
        let marks = if together { AGGREGATE | TOGETHER } else { AGGREGATE };
        self.known.needs.resize(first + count, needs);
        self.known.marks.resize(first + count, marks);
    }

    fn instances(&mut self, found: &Found<'_>) -> Result<(), Stop> {
        let recursive = found.own.contains(&true);
        let done = AGGREGATE | NEGATION;
        for (row, &head) in found.heads.iter().enumerate() {
            let goal = head as usize;
            let settled = self.known.needs[goal] == SetId::EMPTY
                && self.known.marks[goal] & TOGETHER == 0
                && self.known.marks[goal] & done == done;
            if settled {
                continue;
            }
            let Some((needs, marks)) = self.together(found, row, false) else { continue };
            if !recursive {
                self.way(goal, needs, marks);
                continue;
            }
            let waiting = &mut self.waiting;
            waiting.heads.push(head);
            waiting.needs.push(needs);
            waiting.marks.push(marks);
            let own = found.premises.iter().zip(found.own).filter(|(_, own)| **own);
            waiting.premises.extend(own.map(|(premise, _)| premise[row]));
            waiting.ends.push(u32::try_from(waiting.premises.len()).expect("fewer than 2^32"));
        }
        Ok(())
    }

    fn complete(&mut self, stratum: StratumId) -> Result<(), Stop> {
        if self.waiting.heads.is_empty() {
            return Ok(());
        }
        let waiting = take(&mut self.waiting);
        let local = Local::new(&self.components[stratum]);
        let users = waiting.users(&local);
        let mut queue: VecDeque<u32> = VecDeque::new();
        let mut queued = vec![false; local.len];
        for range in &self.components[stratum] {
            for goal in range.clone().filter(|&goal| self.known.needs[goal] != SetId::ALL) {
                queued[local.of(goal)] = true;
                queue.push_back(u32::try_from(goal).expect("fewer than 2^32 goals"));
            }
        }
        let mut turns = 0_usize;
        while let Some(goal) = queue.pop_front() {
            turns += 1;
            if turns.is_multiple_of(1 << 14) {
                self.limits.check()?;
            }
            let place = local.of(goal as usize);
            queued[place] = false;
            for &at in users.of(place) {
                let at = at as usize;
                let Some((needs, marks)) = self.again(&waiting, at) else { continue };
                let head = waiting.heads[at];
                if self.way(head as usize, needs, marks) {
                    let place = local.of(head as usize);
                    if !queued[place] {
                        queued[place] = true;
                        queue.push_back(head);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Search<'_> {
    /// What a waiting instance needs by now.
    fn again(&mut self, waiting: &Waiting, at: usize) -> Option<(SetId, u8)> {
        let (mut needs, mut marks) = (waiting.needs[at], waiting.marks[at]);
        for &premise in waiting.own(at) {
            let premise = premise as usize;
            if self.known.needs[premise] == SetId::ALL {
                return None;
            }
            needs = self.known.sets.union(needs, self.known.needs[premise]);
            marks |= self.known.marks[premise];
        }
        Some((needs, marks))
    }
}

impl Waiting {
    fn own(&self, at: usize) -> &[u32] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.premises[start..self.ends[at] as usize]
    }

    /// The instances that use each goal of the component.
    fn users(&self, local: &Local) -> Users {
        let mut ends = vec![0_u32; local.len + 1];
        for &premise in &self.premises {
            ends[local.of(premise as usize) + 1] += 1;
        }
        for at in 1..ends.len() {
            ends[at] += ends[at - 1];
        }
        let mut next = ends.clone();
        let mut instances = vec![0; self.premises.len()];
        for at in 0..self.heads.len() {
            for &premise in self.own(at) {
                let place = &mut next[local.of(premise as usize)];
                instances[*place as usize] = u32::try_from(at).expect("fewer than 2^32 instances");
                *place += 1;
            }
        }
        Users { ends, instances }
    }
}

/// For each goal of a component the instances that have it as a premise.
struct Users {
    ends: Vec<u32>,
    instances: Vec<u32>,
}

impl Users {
    fn of(&self, place: usize) -> &[u32] {
        &self.instances[self.ends[place] as usize..self.ends[place + 1] as usize]
    }
}

/// The goals of a component, numbered from 0.
struct Local {
    /// First goal, end, number of the first.
    ranges: Vec<(usize, usize, usize)>,
    len: usize,
}

impl Local {
    fn new(ranges: &[Range<usize>]) -> Self {
        let mut len = 0;
        let mut all = Vec::new();
        for range in ranges {
            all.push((range.start, range.end, len));
            len += range.len();
        }
        Self { ranges: all, len }
    }

    fn of(&self, goal: usize) -> usize {
        let range = self.ranges.iter().find(|(start, end, _)| (*start..*end).contains(&goal));
        let (start, _, first) = range.expect("a goal of the component");
        goal - start + first
    }
}
