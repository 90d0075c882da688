//! [`Lanes`]: many scenarios evaluated at once. A scenario withdraws some of the input; it is a bit
//! of a word, and every tuple has a word that says in which scenarios it holds. The rules run once
//! for all of them: a binding holds where all its premises hold and nothing holds that must be
//! absent; an aggregate has in each scenario the value of the rows that hold there. So a scenario
//! that changes little costs little, and what comes out is what a run of each by itself would give.
//!
//! The first scenario withdraws nothing, so that differences can be read off.

use std::mem::take;
use std::slice::from_ref;

use crate::analysis::analysis::Analysis;
use crate::base::hash::Map;
use crate::base::ids::{RelationId, RuleId, StratumId, Table};
use crate::engine::facts::Facts;
use crate::engine::limits::{Limits, Stop};
use crate::engine::storage::form::Rows;
use crate::engine::storage::keys::Keys;
use crate::engine::walk::Walk;
use crate::program::program::Program;
use crate::provenance::lane_rules::{Place, Site as SiteState};
use crate::provenance::numbered::narrow;
use crate::provenance::proof::Site;
use crate::value::base_type::BaseType;
use crate::value::codes::Codes;
use crate::value::value::Tuple;

/// Scenarios of one pass.
pub const LANES: usize = 128;

/// A bit for each scenario.
pub type Word = u128;

/// What holds in which scenarios.
pub struct Lanes<'a> {
    pub(crate) program: &'a Program,
    pub(crate) analysis: &'a Analysis,
    pub(crate) walk: Walk<'a>,
    /// The bits in use.
    pub(crate) all: Word,
    pub(crate) relations: Table<RelationId, State>,
    pub(crate) sites: Vec<SiteState>,
    pub(crate) site_ids: Map<Site, usize>,
    /// Scenarios about which nothing can be said here.
    pub(crate) unknown: Word,
}

/// The tuples of a relation that hold somewhere.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) keys: Keys,
    /// Where each holds.
    pub(crate) lanes: Vec<Word>,
    /// In the walk: with their numbers in a last column.
    pub(crate) full: Option<RelationId>,
    /// In the walk: the first `stored` are in `full`.
    stored: usize,
    /// In the walk: those that hold everywhere, without numbers.
    pub(crate) certain: Option<RelationId>,
    /// In the walk: those that are new or hold in more scenarios than before, with numbers.
    pub(crate) delta: Option<RelationId>,
    /// Numbers of what is to be the next delta; nothing if nobody wants to know.
    changed: Option<Vec<u32>>,
    /// Tuples that do not hold everywhere, by some of their columns.
    pub(crate) doubtful: Vec<Doubtful>,
    /// Whether all its tuples are known.
    complete: bool,
}

/// By some columns of a relation where any tuple with these values holds, of those that do not hold
/// everywhere.
pub(crate) struct Doubtful {
    pub(crate) columns: Vec<usize>,
    pub(crate) keys: Keys,
    pub(crate) lanes: Vec<Word>,
}

/// What the input is.
pub struct Input<'i> {
    /// Its rows.
    pub facts: &'i Facts,
    /// In which scenarios a row is there, by relation, position and the bits in use.
    pub lanes: &'i dyn Fn(RelationId, usize) -> Word,
}

impl<'a> Lanes<'a> {
    /// Evaluates what `wanted` depends on in `scenarios` scenarios.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn evaluate(
        (program, analysis): (&'a Program, &'a Analysis),
        input: &Input<'_>,
        (codes, limits): (&'a Codes, &'a Limits),
        scenarios: usize,
        wanted: &[RelationId],
    ) -> Result<Self, Stop> {
        debug_assert!((1..=LANES).contains(&scenarios), "a word has {LANES} bits");
        let state = |arity| State { keys: Keys::new(arity), ..State::default() };
        let mut lanes = Self {
            program,
            analysis,
            walk: Walk::new(codes, limits),
            all: Word::MAX >> (LANES - scenarios),
            relations: program.relations.iter().map(|r| state(r.columns.len())).collect(),
            sites: Vec::new(),
            site_ids: Map::default(),
            unknown: 0,
        };
        let needed = needed(program, wanted);
        for (relation, rows) in input.facts.relations.entries() {
            if needed.get(relation) == Some(&true) {
                limits.check()?;
                let columns: Vec<&[u32]> = rows.columns.iter().map(Vec::as_slice).collect();
                let at: Vec<Word> =
                    (0..rows.rows).map(|row| (input.lanes)(relation, row) & lanes.all).collect();
                lanes.add(relation, Rows { len: rows.rows, columns: &columns }, &at);
            }
        }
        for id in analysis.strata.ids() {
            let stratum = &analysis.strata[id];
            if stratum.relations.iter().any(|relation| needed[*relation]) {
                lanes.stratum(id)?;
            }
            for &relation in &stratum.relations {
                lanes.relations[relation].complete = true;
            }
        }
        Ok(lanes)
    }

    /// Scenarios about which nothing is known, because an operation had no value in one of them.
    #[must_use]
    pub fn unknown(&self) -> Word {
        self.unknown
    }

    /// Calls `visit` with every tuple that does not hold in all scenarios, and where it holds.
    pub fn each_doubtful(&self, relation: RelationId, visit: &mut dyn FnMut(Tuple, Word)) {
        let State { keys, lanes, .. } = &self.relations[relation];
        for (number, &at) in lanes.iter().enumerate().filter(|(_, at)| **at != self.all) {
            visit(self.tuple(relation, keys.key(number)), at);
        }
    }

    /// How many tuples of a relation hold in a scenario.
    #[must_use]
    pub fn len_in(&self, relation: RelationId, scenario: usize) -> usize {
        self.relations[relation].lanes.iter().filter(|at| **at >> scenario & 1 == 1).count()
    }

    /// Where a tuple holds.
    #[must_use]
    pub fn holds(&self, relation: RelationId, codes: &[u32]) -> Word {
        let columns: Vec<&[u32]> = codes.iter().map(from_ref).collect();
        let State { keys, lanes, .. } = &self.relations[relation];
        let mut found = 0;
        keys.find(Rows { len: 1, columns: &columns }, |number| {
            found = number.map_or(0, |number| lanes[number as usize]);
        });
        found
    }

    fn tuple(&self, relation: RelationId, codes: &[u32]) -> Tuple {
        let columns = self.program.relations[relation].columns.iter().zip(codes);
        columns.map(|(column, code)| self.walk.codes().decode(column.base, *code)).collect()
    }

    fn stratum(&mut self, id: StratumId) -> Result<(), Stop> {
        let analysis = self.analysis;
        let stratum = &analysis.strata[id];
        if stratum.recursive {
            for &relation in &stratum.relations {
                let rows = self.relations[relation].lanes.len();
                self.relations[relation].changed = Some((0..narrow(rows)).collect());
            }
        }
        for &rule in &stratum.rules {
            if analysis.recursive[rule].is_empty() {
                self.fire(rule, None)?;
            }
        }
        let mut rounds = 0;
        while self.next_round(&stratum.relations)? {
            rounds += 1;
            if let Some(limit) = self.walk.limits().rounds_max.filter(|limit| rounds > *limit) {
                return Err(Stop::Rounds { limit, growing: stratum.relations.clone() });
            }
            for &rule in &stratum.rules {
                for &at in &analysis.recursive[rule] {
                    self.fire(rule, Some(at))?;
                }
            }
        }
        for &relation in &stratum.relations {
            self.relations[relation].changed = None;
        }
        Ok(())
    }

    /// Makes what changed the delta; says whether anything did.
    fn next_round(&mut self, relations: &[RelationId]) -> Result<bool, Stop> {
        let mut any = false;
        for &relation in relations {
            let State { keys, changed, .. } = &mut self.relations[relation];
            let Some(changed) = changed.as_mut() else { continue };
            let mut numbers = take(changed);
            numbers.sort_unstable();
            numbers.dedup();
            any |= !numbers.is_empty();
            let arity = self.program.relations[relation].columns.len();
            let mut columns = vec![Vec::with_capacity(numbers.len()); arity];
            for &number in &numbers {
                let key = keys.key(number as usize);
                columns.iter_mut().zip(key).for_each(|(column, code)| column.push(*code));
            }
            let rows = numbers.len();
            columns.push(numbers);
            match self.relations[relation].delta {
                Some(delta) => self.walk.refill(delta, rows, columns)?,
                None => {
                    let bases = self.numbered_bases(relation);
                    self.relations[relation].delta =
                        Some(self.walk.relation(bases, rows, columns)?);
                }
            }
        }
        Ok(any)
    }

    /// One rule, with the delta at a position of its body.
    fn fire(&mut self, id: RuleId, delta: Option<usize>) -> Result<(), Stop> {
        let rule = &self.program.rules[id];
        let body = &rule.body;
        let place = Place { rule, site: Site::of_rule(id), body, asked: None, delta };
        let solved = self.solve(&place, rule.head_args.clone())?;
        let columns: Vec<&[u32]> = solved.columns.iter().map(Vec::as_slice).collect();
        self.add(rule.head, Rows { len: solved.lanes.len(), columns: &columns }, &solved.lanes);
        Ok(())
    }

    /// Adds tuples that hold in some scenarios.
    fn add(&mut self, relation: RelationId, rows: Rows<'_>, at: &[Word]) {
        let State { keys, lanes, changed, .. } = &mut self.relations[relation];
        let mut numbers = Vec::with_capacity(rows.len);
        keys.number(rows, &mut numbers);
        lanes.resize(keys.count(), 0);
        for (number, at) in numbers.into_iter().zip(at) {
            let known = &mut lanes[number as usize];
            if *known | at != *known {
                *known |= at;
                if let Some(changed) = changed {
                    changed.push(number);
                }
            }
        }
    }

    fn numbered_bases(&self, relation: RelationId) -> Box<[BaseType]> {
        let columns = self.program.relations[relation].columns.iter().map(|column| column.base);
        columns.chain([BaseType::Number]).collect()
    }

    /// The relation of the walk with all tuples so far and their numbers.
    pub(crate) fn full(&mut self, relation: RelationId) -> Result<RelationId, Stop> {
        let State { keys, full, stored, .. } = &self.relations[relation];
        let (count, stored, full) = (keys.count(), *stored, *full);
        if let Some(full) = full.filter(|_| stored == count) {
            return Ok(full);
        }
        let arity = self.program.relations[relation].columns.len();
        let mut columns = vec![Vec::with_capacity(count - stored); arity];
        for number in stored..count {
            let key = keys.key(number);
            columns.iter_mut().zip(key).for_each(|(column, code)| column.push(*code));
        }
        columns.push((narrow(stored)..narrow(count)).collect());
        let id = match full {
            Some(full) => {
                let slices: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
                self.walk.insert(full, Rows { len: count - stored, columns: &slices })?;
                full
            }
            None => self.walk.relation(self.numbered_bases(relation), count, columns)?,
        };
        self.relations[relation].full = Some(id);
        self.relations[relation].stored = count;
        Ok(id)
    }

    /// The relation of the walk with the tuples that hold everywhere.
    pub(crate) fn certain(&mut self, relation: RelationId) -> Result<RelationId, Stop> {
        if let Some(certain) = self.relations[relation].certain {
            return Ok(certain);
        }
        let State { keys, lanes, complete, .. } = &self.relations[relation];
        debug_assert!(*complete, "what must be absent is of a component below");
        let bases: Box<[BaseType]> =
            self.program.relations[relation].columns.iter().map(|column| column.base).collect();
        let mut columns = vec![Vec::new(); bases.len()];
        let mut rows = 0;
        for (number, _) in lanes.iter().enumerate().filter(|(_, at)| **at == self.all) {
            columns.iter_mut().zip(keys.key(number)).for_each(|(c, code)| c.push(*code));
            rows += 1;
        }
        let id = self.walk.relation(bases, rows, columns)?;
        self.relations[relation].certain = Some(id);
        Ok(id)
    }

    /// The place of the tuples that do not hold everywhere by these columns; nothing if there are
    /// none.
    pub(crate) fn doubtful(&mut self, relation: RelationId, columns: &[usize]) -> Option<usize> {
        let all = self.all;
        let State { keys, lanes, doubtful, .. } = &mut self.relations[relation];
        let known = doubtful.iter().position(|doubtful| doubtful.columns == columns);
        if let Some(known) = known {
            return (doubtful[known].keys.count() > 0).then_some(known);
        }
        let mut made = Keys::new(columns.len());
        let mut at: Vec<Word> = Vec::new();
        for (number, &holds) in lanes.iter().enumerate().filter(|(_, at)| **at != all) {
            let key = keys.key(number);
            let cells: Vec<&[u32]> = columns.iter().map(|c| &key[*c..=*c]).collect();
            let mut found = Vec::new();
            made.number(Rows { len: 1, columns: &cells }, &mut found);
            at.resize(made.count(), 0);
            at[found[0] as usize] |= holds;
        }
        let any = !at.is_empty();
        doubtful.push(Doubtful { columns: columns.to_vec(), keys: made, lanes: at });
        any.then_some(doubtful.len() - 1)
    }
}

/// Which relations these depend on, themselves included.
#[must_use]
pub fn needed(program: &Program, wanted: &[RelationId]) -> Table<RelationId, bool> {
    let mut needed = Table::filled(program.relations.len(), false);
    let mut reads: Table<RelationId, Vec<RelationId>> =
        Table::filled(program.relations.len(), Vec::new());
    for rule in program.rules.iter() {
        rule.each_relation(&mut |relation| reads[rule.head].push(relation));
    }
    let mut next = wanted.to_vec();
    while let Some(relation) = next.pop() {
        if !needed[relation] {
            needed[relation] = true;
            next.extend(&reads[relation]);
        }
    }
    needed
}
