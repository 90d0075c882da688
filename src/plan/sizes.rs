//! What the planner knows of relations before it orders joins.

use std::cell::RefCell;

use crate::analysis::analysis::Analysis;
use crate::base::hash::Map;
use crate::base::ids::{Id, RelationId, Table};
use crate::program::program::Program;

/// How the tuples of a relation share the keys of some of its columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Degrees {
    /// About how many distinct keys there are; at least 1.
    pub keys: usize,
    /// About how many tuples the key of a tuple has, on average over tuples: a key counts as often
    /// as it has tuples. Much more than tuples by keys means that a few keys have most tuples.
    pub heavy: usize,
}

impl Degrees {
    /// Each key has as many of the `rows` as the others.
    #[must_use]
    pub fn even(rows: usize, keys: usize) -> Self {
        Self { keys, heavy: rows.div_ceil(keys.max(1)) }
    }
}

/// Sizes of relations, exact or guessed.
pub trait Sizes {
    /// Number of tuples.
    fn rows(&self, relation: RelationId) -> usize;

    /// How the tuples share the keys of these columns.
    fn degrees(&self, relation: RelationId, columns: &[usize]) -> Degrees;
}

/// Columns, and what is known of them.
type Asked = (Box<[usize]>, Degrees);

/// Sizes that are asked for once only.
pub struct Remembered<'a> {
    sizes: &'a dyn Sizes,
    degrees: RefCell<Map<RelationId, Vec<Asked>>>,
}

impl<'a> Remembered<'a> {
    /// Nothing asked yet.
    #[must_use]
    pub fn new(sizes: &'a dyn Sizes) -> Self {
        Self { sizes, degrees: RefCell::default() }
    }
}

impl Sizes for Remembered<'_> {
    fn rows(&self, relation: RelationId) -> usize {
        self.sizes.rows(relation)
    }

    fn degrees(&self, relation: RelationId, columns: &[usize]) -> Degrees {
        let mut all = self.degrees.borrow_mut();
        let of = all.entry(relation).or_default();
        if let Some((_, known)) = of.iter().find(|(asked, _)| **asked == *columns) {
            return *known;
        }
        let degrees = self.sizes.degrees(relation, columns);
        of.push((columns.into(), degrees));
        degrees
    }
}

/// Sizes made up from a seed: whatever plan they lead to, it must be a right one.
#[derive(Clone, Copy, Debug)]
pub struct MadeUp(pub u64);

impl MadeUp {
    fn number(self, relation: RelationId, columns: &[usize]) -> usize {
        let mut state = self.0 ^ 0x9e37_79b9_7f4a_7c15;
        for part in [relation.index()].iter().chain(columns) {
            state = (state ^ (*part as u64 + 1)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state ^= state >> 29;
        }
        // Every power of two up to a million is as likely as the others.
        1 << ((state >> 7) % 20)
    }
}

impl Sizes for MadeUp {
    fn rows(&self, relation: RelationId) -> usize {
        self.number(relation, &[])
    }

    fn degrees(&self, relation: RelationId, columns: &[usize]) -> Degrees {
        let keys = self.number(relation, columns).min(self.rows(relation));
        Degrees { keys, heavy: self.number(relation, &[columns.len(), 7]) }
    }
}
/// Sizes of inputs, and guesses for all else: a derived relation is as large as the largest that
/// its rules read, and `k` of `n` columns have the `k/n`-th power of its size as keys.
#[derive(Clone, Debug)]
pub struct Guess {
    rows: Table<RelationId, usize>,
    arities: Table<RelationId, usize>,
}

/// Rows of an input of which nothing is known.
const UNKNOWN: usize = 1000;

impl Guess {
    /// Guesses from the number of input rows of each relation, nothing where it is not known.
    #[must_use]
    pub fn new(
        program: &Program,
        analysis: &Analysis,
        inputs: impl Fn(RelationId) -> Option<usize>,
    ) -> Self {
        let mut rows = Table::filled(program.relations.len(), 0);
        for relation in program.relations.ids() {
            let facts = program.facts.iter().filter(|fact| fact.relation == relation).count();
            let unknown = if program.relations[relation].is_input { UNKNOWN } else { facts };
            rows[relation] = inputs(relation).unwrap_or(unknown);
        }
        for stratum in analysis.strata.iter() {
            let read = stratum.rules.iter().flat_map(|&rule| {
                program.rules[rule].body.iter().filter_map(|literal| literal.kind.atom())
            });
            let most = read.map(|atom| rows[atom.relation]).max().unwrap_or(1);
            for &relation in &stratum.relations {
                if program.rules_of(relation).next().is_some() {
                    rows[relation] = rows[relation].max(most);
                }
            }
        }
        let arities = program.relations.iter().map(|r| r.columns.len()).collect();
        Self { rows, arities }
    }
}

impl Sizes for Guess {
    fn rows(&self, relation: RelationId) -> usize {
        self.rows[relation]
    }

    fn degrees(&self, relation: RelationId, columns: &[usize]) -> Degrees {
        let rows = self.rows[relation];
        Degrees::even(rows, power(rows, columns.len(), self.arities[relation]))
    }
}

/// The `k/n`-th power of `rows`, at least 1.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a guess needs no precision; the power of a count is a count"
)]
pub fn power(rows: usize, k: usize, n: usize) -> usize {
    if k >= n { rows.max(1) } else { ((rows as f64).powf(k as f64 / n as f64) as usize).max(1) }
}
