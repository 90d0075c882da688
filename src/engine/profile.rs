//! [`Profile`]: what an evaluation costs, stratum by stratum, rule by rule and round by round.
//! Nothing is measured unless [`Limits`](crate::engine::limits::Limits) hold a [`Recorder`].

use std::mem::take;
use std::ops::AddAssign;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::ids::{RelationId, RuleId};

/// Rounds of a rule that are noted each for itself; all are in the sums.
pub const ROUNDS_NOTED: usize = 1000;

/// What an evaluation cost.
#[derive(Clone, Default, Debug)]
pub struct Profile {
    /// Strata that have rules, in the order in which they were evaluated; the last is not complete
    /// if the evaluation stopped.
    pub strata: Vec<StratumCost>,
}

/// What a stratum cost.
#[derive(Clone, Debug)]
pub struct StratumCost {
    /// What it derives.
    pub relations: Vec<RelationId>,
    /// All of its time: plans, indexes and what stands between the rounds included.
    pub time: Duration,
    /// Rounds, the last included, which gave nothing new.
    pub rounds: u32,
    /// Its rules, in the order of the program.
    pub rules: Vec<RuleCost>,
}

/// What a rule cost.
#[derive(Clone, Debug)]
pub struct RuleCost {
    /// The rule.
    pub rule: RuleId,
    /// All its rounds together.
    pub all: Cost,
    /// Rounds in which it was tried.
    pub rounds: u32,
    /// The first [`ROUNDS_NOTED`] of them, with their numbers.
    pub each: Vec<(u32, Cost)>,
    /// The one that took longest.
    pub worst: (u32, Cost),
}

/// What was done, and how long it took.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Time that passed.
    pub time: Duration,
    /// Rows that scans, joins and ranges gave, before the conditions on them: those inside of
    /// aggregates too.
    pub tried: u64,
    /// Tuples that were not there yet.
    pub kept: u64,
    /// Bindings that gave a tuple which was there already.
    pub duplicates: u64,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.time += other.time;
        self.tried += other.tried;
        self.kept += other.kept;
        self.duplicates += other.duplicates;
    }
}

/// What the steps of a rule count.
#[derive(Clone, Copy, Default, Debug)]
pub struct Counts {
    /// Rows that scans, joins and ranges gave.
    pub tried: u64,
    /// Bindings that satisfied the body.
    pub bindings: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.tried += other.tried;
        self.bindings += other.bindings;
    }
}

impl Profile {
    /// Time of all strata.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.strata.iter().map(|stratum| stratum.time).sum()
    }
}

/// A stratum that is being measured.
#[derive(Debug)]
pub struct Measured {
    start: Instant,
    cost: StratumCost,
}

impl Measured {
    /// A stratum that begins now.
    #[must_use]
    pub fn begin(relations: &[RelationId]) -> Self {
        let (time, rounds, rules) = (Duration::ZERO, 0, Vec::new());
        let cost = StratumCost { relations: relations.to_vec(), time, rounds, rules };
        Self { start: Instant::now(), cost }
    }

    /// Notes what a rule cost in a round; again, if it has several recursive atoms.
    pub fn note(&mut self, rule: RuleId, round: u32, cost: Cost) {
        self.cost.rounds = round;
        let rules = &mut self.cost.rules;
        let known = rules.iter().position(|known| known.rule == rule);
        if let Some(at) = known {
            rules[at].add(round, cost);
        } else {
            let all = Cost::default();
            let mut new = RuleCost { rule, all, rounds: 0, each: Vec::new(), worst: (round, all) };
            new.add(round, cost);
            rules.push(new);
        }
    }
}

impl RuleCost {
    /// Adds what another part of the same written rule cost.
    pub fn join(&mut self, other: &Self) {
        self.all += other.all;
        self.rounds = self.rounds.max(other.rounds);
        for &(round, cost) in &other.each {
            match self.each.binary_search_by_key(&round, |(known, _)| *known) {
                Ok(at) => self.each[at].1 += cost,
                Err(at) => self.each.insert(at, (round, cost)),
            }
        }
        self.each.truncate(ROUNDS_NOTED);
        let all = self.each.iter().chain([&other.worst]);
        self.worst =
            all.fold(self.worst, |worst, &it| if it.1.time > worst.1.time { it } else { worst });
    }

    fn add(&mut self, round: u32, cost: Cost) {
        self.all += cost;
        let same = self.each.last_mut().filter(|(last, _)| *last == round);
        let cost = match same {
            Some((_, known)) => {
                *known += cost;
                *known
            }
            None => {
                self.rounds += 1;
                if self.each.len() < ROUNDS_NOTED {
                    self.each.push((round, cost));
                }
                cost
            }
        };
        if cost.time >= self.worst.1.time {
            self.worst = (round, cost);
        }
    }
}

/// Takes down what evaluations cost.
#[derive(Default, Debug)]
pub struct Recorder(Mutex<Profile>);

impl Recorder {
    /// Adds a stratum that has ended, or stopped.
    pub fn add(&self, Measured { start, mut cost }: Measured) {
        cost.time = start.elapsed();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).strata.push(cost);
    }

    /// What was taken down since the last call.
    #[must_use]
    pub fn take(&self) -> Profile {
        take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
