//! What the planner knows of relations before it orders joins.

use crate::analysis::analysis::Analysis;
use crate::base::ids::{RelationId, Table};
use crate::program::program::Program;

/// Sizes of relations, exact or guessed.
pub trait Sizes {
    /// Number of tuples.
    fn rows(&self, relation: RelationId) -> usize;

    /// About how many distinct keys some of its columns have; at least 1.
    fn distinct(&self, relation: RelationId, columns: &[usize]) -> usize;
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

    fn distinct(&self, relation: RelationId, columns: &[usize]) -> usize {
        power(self.rows[relation], columns.len(), self.arities[relation])
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
