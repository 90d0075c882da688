//! [`Derivations`]: for every tuple that some conclusions need, one way to show it: that of a
//! given proof, else the leaf it is, else the first instance of the first rule whose premises are
//! of lower rounds. So no tuple rests on itself: proofs are whole in themselves, and rounds fall.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::analysis::analysis::Analysis;
use crate::base::hash::{Map, Set};
use crate::base::ids::{RelationId, RuleId, Table};
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::program::{Literal, LiteralKind, Program};
use crate::provenance::leaves::Leaves;
use crate::provenance::proof::{Binding, LeafRef, Node, Proof, Site};
use crate::provenance::slice::{Context, put, tuple_of};
use crate::provenance::solve::{Bound, Order, Solver, binding_of, cmp_bindings};
use crate::value::value::{Tuple, cmp_tuples};

/// What an evaluation has left behind.
#[derive(Clone, Copy)]
pub struct Finished<'a> {
    /// The rules and facts.
    pub program: &'a Program,
    /// Its strata.
    pub analysis: &'a Analysis,
    /// What was derived.
    pub tables: &'a dyn Tables,
    /// What input tuples stand for.
    pub leaves: &'a Leaves,
}

/// A relation and a tuple of it.
pub type Goal = (RelationId, Tuple);

/// How a tuple is shown.
#[derive(Clone)]
pub(crate) enum Derivation {
    /// It is given.
    Leaf(LeafRef),
    /// A rule gives it with these values.
    Rule(RuleId, Bound),
}

/// How tuples are shown.
pub(crate) struct Derivations<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) of: Map<Goal, Derivation>,
    rules_of: Table<RelationId, Vec<RuleId>>,
}

impl<'a> Derivations<'a> {
    pub(crate) fn new(finished: Finished<'a>, limits: &Limits) -> Self {
        let Finished { program, analysis, tables, leaves } = finished;
        let solver = Solver::new(program, tables, limits);
        let mut rules_of = Table::filled(program.relations.len(), Vec::new());
        for (id, rule) in program.rules.entries() {
            rules_of[rule.head].push(id);
        }
        let context = Context::new(program, analysis, leaves, solver);
        Self { context, of: Map::default(), rules_of }
    }

    /// Shows what a proof shows as the proof does.
    pub(crate) fn take(&mut self, proof: &Proof) {
        for node in proof.nodes.iter() {
            let (conclusion, derivation) = match node {
                Node::Rule(node) => {
                    let vars = self.context.program.rules[node.rule].vars.len();
                    let mut bound: Bound = vec![None; vars];
                    put(&node.binding, &mut bound);
                    (&node.conclusion, Derivation::Rule(node.rule, bound))
                }
                Node::Leaf(node) => (&node.conclusion, Derivation::Leaf(node.leaf)),
                _ => continue,
            };
            let goal = (conclusion.relation, conclusion.tuple.clone());
            self.of.entry(goal).or_insert(derivation);
        }
    }

    /// Finds how to show these tuples and all below them.
    ///
    /// # Errors
    /// If the limits are met.
    pub(crate) fn derive(&mut self, goals: impl IntoIterator<Item = Goal>) -> Result<(), Stop> {
        let mut left: Vec<Goal> = goals.into_iter().collect();
        let mut seen: Set<Goal> = left.iter().cloned().collect();
        while let Some(goal) = left.pop() {
            if !self.of.contains_key(&goal) {
                let derivation = self.derivation(goal.0, &goal.1);
                self.context.solver.watch.stopped()?;
                let derivation = derivation.expect("a rule gives what was derived");
                self.of.insert(goal.clone(), derivation);
            }
            for premise in self.premises(&self.of[&goal]) {
                if seen.insert(premise.clone()) {
                    left.push(premise);
                }
            }
        }
        Ok(())
    }

    fn derivation(&self, relation: RelationId, tuple: &Tuple) -> Option<Derivation> {
        if let Some((leaf, _)) = self.context.leaf(relation, tuple) {
            return Some(Derivation::Leaf(leaf));
        }
        let round = self.context.solver.tables.round_of(relation, tuple);
        let work = Cell::new(usize::MAX);
        let mut found = None;
        for &rule in &self.rules_of[relation] {
            let recursive = !self.context.analysis.recursive[rule].is_empty();
            self.context.solver.instances((rule, tuple), Order::Canonical, &work, &mut |bound| {
                if !recursive || self.highest_round(rule, bound) < round {
                    found = Some(Derivation::Rule(rule, bound.clone()));
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
            if found.is_some() {
                break;
            }
        }
        found
    }

    /// The highest round among premises of the head's own component.
    fn highest_round(&self, rule: RuleId, bound: &Bound) -> Option<u32> {
        let rounds = self.context.analysis.recursive[rule].iter().map(|&at| {
            match &self.context.program.rules[rule].body[at].kind {
                LiteralKind::Atom(atom) => {
                    let tuple = tuple_of(&atom.args, bound)?;
                    self.context.solver.tables.round_of(atom.relation, &tuple)
                }
                _ => None,
            }
        });
        rounds.max().flatten()
    }

    /// The tuples that a derivation needs.
    pub(crate) fn premises(&self, derivation: &Derivation) -> Vec<Goal> {
        let mut goals = Vec::new();
        if let Derivation::Rule(rule, bound) = derivation {
            let body = &self.context.program.rules[*rule].body;
            self.needs(&Site::of_rule(*rule), body, bound, &mut goals);
        }
        goals
    }

    fn needs(&self, scope: &Site, body: &[Literal], bound: &Bound, to: &mut Vec<Goal>) {
        for (at, literal) in body.iter().enumerate() {
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    let tuple = tuple_of(&atom.args, bound).expect("a whole binding");
                    to.push((atom.relation, tuple));
                }
                LiteralKind::Aggregate { aggregate, .. } => {
                    let site = scope.inside(at);
                    for row in self.rows(&site, bound) {
                        self.needs(&site, &aggregate.body, &row, to);
                    }
                }
                _ => {}
            }
        }
    }

    /// All bindings of an aggregate's body for the values of its outer variables, in the order of
    /// the language.
    pub(crate) fn rows(&self, site: &Site, bound: &Bound) -> Vec<Bound> {
        let solver = &self.context.solver;
        let (_, aggregate) = site.aggregate(self.context.program).expect("an aggregate is there");
        let mut rows: Vec<(Binding, Bound)> = Vec::new();
        solver.rows(site, aggregate, bound, &mut |row, _| {
            rows.push((binding_of(&aggregate.local, row), row.clone()));
            ControlFlow::Continue(())
        });
        rows.sort_by(|(a, _), (b, _)| cmp_bindings(a, b, solver));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// The relations that the derivations negate or aggregate, with all below them.
    pub(crate) fn closed(&self) -> Set<RelationId> {
        let program = self.context.program;
        let used: Set<RuleId> = self.of.values().filter_map(Derivation::rule).collect();
        let mut left = Vec::new();
        for (_, rule) in program.rules.entries().filter(|(id, _)| used.contains(id)) {
            for literal in &rule.body {
                if !matches!(literal.kind, LiteralKind::Atom(_)) {
                    literal.each_relation(&mut |relation| left.push(relation));
                }
            }
        }
        let mut closed = Set::default();
        while let Some(relation) = left.pop() {
            if closed.insert(relation) {
                for &rule in &self.rules_of[relation] {
                    program.rules[rule].each_relation(&mut |relation| left.push(relation));
                }
            }
        }
        closed
    }

    /// All tuples of a relation, in the order of the language.
    pub(crate) fn tuples(&self, relation: RelationId) -> Vec<Tuple> {
        let any = vec![None; self.context.program.relations[relation].columns.len()];
        let mut tuples: Vec<Tuple> = Vec::new();
        self.context.solver.tables.select(relation, &any, &mut |tuple| {
            tuples.push(tuple.into());
            ControlFlow::Continue(())
        });
        tuples.sort_unstable_by(|a, b| cmp_tuples(a, b, &self.context.program.symbols));
        tuples
    }
}

impl Derivation {
    fn rule(&self) -> Option<RuleId> {
        match self {
            Self::Rule(rule, _) => Some(*rule),
            Self::Leaf(_) => None,
        }
    }
}
