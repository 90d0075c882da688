//! [`Almost`]: what came nearest to making a rule fire, whatever it would have given. Of a rule that
//! gave nothing, or of the rules that a tuple could have taken part in.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::base::ids::{RelationId, RuleId, Table};
use crate::engine::limits::Stop;
use crate::program::program::LiteralKind;
use crate::provenance::near::{Case, Near, NearMiss};
use crate::provenance::solve::Bound;
use crate::provenance::whynot::{Effort, Miss, Ranked, Refuter};
use crate::value::value::Value;

/// The nearest miss of a rule.
#[derive(Clone, Debug)]
pub struct Almost {
    /// The binding and what stands in its way.
    pub miss: Miss,
    /// How many conditions stand in the way: 1 or 2.
    pub literals: usize,
    /// Whether one of them asks for a row of a relation that has none.
    pub is_empty: bool,
}

/// The columns that tell the tuples of each relation apart.
pub type Keys = Table<RelationId, Vec<usize>>;

/// What a search found.
#[derive(Debug)]
pub struct Search {
    /// The nearest miss, if one is within two conditions.
    pub nearest: Option<Almost>,
    /// Whether all was looked at.
    pub is_whole: bool,
}

/// What is told of a miss that is one of many: where its values come from, and a step further.
const EFFORT: Effort =
    Effort { work: 20_000, shown: 1, depth: 0, trail: 1, literals: 1, all: false };
/// Tuples that may be read for one rule.
const SHARE: usize = 100_000;

impl Refuter<'_> {
    /// What came nearest to making a rule fire. What is read is taken from `work`.
    ///
    /// # Errors
    /// If the search is stopped.
    pub fn nearest_of(&self, rule: RuleId, work: &mut usize) -> Result<Search, Stop> {
        let case = Case::of_rule(rule, &self.given.program.rules[rule]);
        let mut near = Near::new(self.solver(), case);
        let mut found = Search { nearest: None, is_whole: true };
        for count in 1..=2 {
            found.is_whole &= look(&mut near, count, work);
            let misses = near.misses();
            let first = self.first_of(&near.case, misses);
            if let Some((ranked, is_empty)) = first {
                found.nearest = Some(self.almost(&near.case, (&ranked, is_empty), EFFORT)?);
                break;
            }
        }
        self.solver().watch.stopped()?;
        Ok(found)
    }

    /// What came nearest to making one of the rules fire that are wanted, with this tuple in it and
    /// `count` conditions in the way, one or two. What would only give a tuple that is there already
    /// does not count.
    ///
    /// # Errors
    /// If the search is stopped.
    pub fn nearest_with(
        &self,
        (relation, tuple): (RelationId, &[Value]),
        (wanted, keys): (&dyn Fn(RuleId) -> bool, &Keys),
        count: usize,
        work: &mut usize,
    ) -> Result<Search, Stop> {
        let mut best: Option<(Near<'_, '_>, Ranked, bool)> = None;
        let mut is_whole = true;
        for (id, rule) in self.given.program.rules.entries() {
            let is_it = |kind: &LiteralKind| matches!(kind, LiteralKind::Atom(atom) if atom.relation == relation);
            let places = rule.body.iter().enumerate().filter(|(_, literal)| is_it(&literal.kind));
            for (at, _) in places.filter(|_| wanted(id)) {
                let Some(case) = Case::with(id, rule, at, tuple) else { continue };
                let mut near = Near::new(self.solver(), case);
                is_whole &= look(&mut near, count, work);
                let mut misses = near.misses();
                misses.retain(|miss| !self.is_there(id, &miss.bound, keys));
                let first = self.first_of(&near.case, misses);
                let Some((ranked, is_empty)) = first else { continue };
                let size = (is_empty, ranked.size());
                if best.as_ref().is_none_or(|(_, best, empty)| size < (*empty, best.size())) {
                    best = Some((near, ranked, is_empty));
                }
            }
        }
        self.solver().watch.stopped()?;
        let almost = |(near, ranked, is_empty): (Near<'_, '_>, Ranked, bool)| {
            self.almost(&near.case, (&ranked, is_empty), Effort { trail: 0, ..EFFORT })
        };
        Ok(Search { nearest: best.map(almost).transpose()?, is_whole })
    }

    /// The nearest of a search; what waits for a relation without rows last.
    fn first_of(&self, case: &Case, misses: Vec<NearMiss>) -> Option<(Ranked, bool)> {
        let ranked = self.ranked(0, case, misses).into_iter();
        let with_empty = ranked.map(|ranked| {
            let is_empty = ranked.dropped().iter().any(|at| self.is_of_nothing(case, *at));
            (ranked, is_empty)
        });
        with_empty.min_by_key(|(ranked, is_empty)| (*is_empty, ranked.size()))
    }

    fn is_of_nothing(&self, case: &Case, at: usize) -> bool {
        let LiteralKind::Atom(atom) = &case.literals[at].kind else { return false };
        self.given.tables.len(atom.relation) == 0
    }

    /// Whether what the rule would give is there by other ways, or another value in its place.
    fn is_there(&self, rule: RuleId, bound: &Bound, keys: &Keys) -> bool {
        let rule = &self.given.program.rules[rule];
        let mut pattern: Vec<Option<Value>> = vec![None; rule.head_args.len()];
        for &column in &keys[rule.head] {
            let Some(value) = self.solver().eval(&rule.head_args[column], bound) else {
                return false;
            };
            pattern[column] = Some(value);
        }
        let mut found = false;
        self.given.tables.select(rule.head, &pattern, &mut |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    }

    fn almost(
        &self,
        case: &Case,
        (ranked, is_empty): (&Ranked, bool),
        effort: Effort,
    ) -> Result<Almost, Stop> {
        let miss = self.miss(case, ranked, effort, &mut Vec::new())?;
        Ok(Almost { miss, literals: ranked.dropped().len(), is_empty })
    }
}

/// Leaves out so many literals in every way; whether all was looked at.
fn look(near: &mut Near<'_, '_>, count: usize, work: &mut usize) -> bool {
    let before = near.reach;
    let share = SHARE.min(*work);
    let left = Cell::new(share);
    near.leave_out(count, &left);
    *work -= share - left.get();
    near.reach.looked_at - before.looked_at == near.reach.ways - before.ways
}
