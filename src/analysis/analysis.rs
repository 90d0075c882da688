//! [`Analysis`]: strata in evaluation order and what the rules of `rules.rs` decided.

use crate::base::ids::{RelationId, RuleId, StratumId, Table};

/// What is true of a program. Complete even for a program in error, as far as it makes sense.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// Strongly connected components of relations in an order in which every component comes after
    /// those it reads; the same for the same program text.
    pub strata: Table<StratumId, Stratum>,
    /// The stratum of each relation.
    pub stratum_of: Table<RelationId, StratumId>,
    /// For each rule, the positions in `body` of the positive atoms whose relation is of the
    /// head's own stratum, where that stratum is recursive; in order.
    pub recursive: Table<RuleId, Vec<usize>>,
}

/// A component of relations that depend on each other.
#[derive(Clone, Debug)]
pub struct Stratum {
    /// Its relations, in id order.
    pub relations: Vec<RelationId>,
    /// The rules with these heads, in id order.
    pub rules: Vec<RuleId>,
    /// Whether a relation of it depends on itself.
    pub recursive: bool,
}
