//! [`Analysis`]: strata in evaluation order and what the rules of `rules.rs` decided.

use std::mem::take;

use crate::analysis::components::components;
use crate::analysis::reify;
use crate::analysis::report::report;
use crate::analysis::rules;
use crate::base::ids::{Id, RelationId, RuleId, StratumId, Table, VarId};
use crate::program::program::Program;
use crate::text::diagnostic::Diagnostic;

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
    /// Variables without a value whatever the data, in order; none in a program without errors.
    pub unbound: Vec<(RuleId, VarId)>,
    /// Rules that can never fire whatever the data, in order: one of their relations is always
    /// empty, or their literals exclude each other.
    pub dead: Vec<RuleId>,
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

/// Analyses a program. Never fails; with an error among the diagnostics the program must not run.
#[must_use]
pub fn analyse(program: &Program) -> (Analysis, Vec<Diagnostic>) {
    let mut reified = reify::reify(program);
    let edges: Vec<_> =
        reified.atoms.iter().map(|atom| (program.rules[atom.rule].head, atom.relation)).collect();
    let stratum_of = components(program.relations.len(), &edges);
    reify::add_components(&mut reified.tuples, &stratum_of);
    let findings = rules::decide(take(&mut reified.tuples));
    let diagnostics = report(program, &reified, &findings, &stratum_of);

    let count = stratum_of.iter().max().map_or(0, |last| last.index() + 1);
    let empty = Stratum { relations: Vec::new(), rules: Vec::new(), recursive: false };
    let mut strata = Table::filled(count, empty);
    for (relation, &stratum) in stratum_of.entries() {
        strata[stratum].relations.push(relation);
    }
    for (id, rule) in program.rules.entries() {
        strata[stratum_of[rule.head]].rules.push(id);
    }
    for stratum in findings.recursive_components {
        strata[stratum].recursive = true;
    }
    let mut recursive = Table::filled(program.rules.len(), Vec::new());
    for (rule, atom) in findings.recursive {
        recursive[rule].push(reified.atoms[atom].literal);
    }
    let (unbound, dead) = (findings.unbound, findings.dead);
    (Analysis { strata, stratum_of, recursive, unbound, dead }, diagnostics)
}
