//! [`ordered_graph`]: a positive program and the derivations of conclusions in the form that the
//! verified checker of `CertifyingDatalog` reads as an ordered graph (its option `-o`): a list of
//! atoms, each with the positions of those before it from which a rule gives it, in the order of
//! the rule's body; and the program, its facts and input rows as rules without a body.

use serde_json::{Value as Json, json};

use crate::base::hash::{Map, Set};
use crate::base::ids::{Id, RelationId};
use crate::engine::limits::{Limits, Stop};
use crate::program::program::{Arg, Atom, Expr, LiteralKind, Program, Rule};
use crate::provenance::derivations::{Derivation, Derivations, Finished, Goal};
use crate::provenance::proof::Proof;
use crate::value::value::Value;

/// Why there is no graph.
#[derive(Debug)]
pub enum NoGraph {
    /// A rule has more than atoms of variables and constants: its name, and what it has.
    Outside(String, &'static str),
    /// The limits were met.
    Stopped(Stop),
}

/// The graph of these conclusions.
///
/// # Errors
/// If a rule below them has more than atoms, or the limits are met.
pub fn ordered_graph(
    finished: Finished<'_>,
    (conclusions, proofs): (&[Goal], &[Proof]),
    limits: &Limits,
) -> Result<Json, NoGraph> {
    let program = finished.program;
    let relations = below(program, conclusions.iter().map(|goal| goal.0));
    let rules = || program.rules.iter().filter(|rule| relations.contains(&rule.head));
    for rule in rules() {
        if let Some(what) = beyond(rule) {
            return Err(NoGraph::Outside(rule.name.clone(), what));
        }
    }
    let mut derivations = Derivations::new(finished, limits);
    proofs.iter().for_each(|proof| derivations.take(proof));
    derivations.derive(conclusions.iter().cloned()).map_err(NoGraph::Stopped)?;
    let mut edges: Vec<Json> = Vec::new();
    let mut facts: Vec<Json> = Vec::new();
    let mut places: Map<Goal, usize> = Map::default();
    let mut stack: Vec<(Goal, bool)> =
        conclusions.iter().rev().map(|goal| (goal.clone(), false)).collect();
    while let Some((goal, ready)) = stack.pop() {
        if places.contains_key(&goal) {
            continue;
        }
        let premises = derivations.premises(&derivations.of[&goal]);
        if !ready {
            stack.push((goal, true));
            stack.extend(premises.into_iter().rev().map(|premise| (premise, false)));
            continue;
        }
        let label = ground(program, &goal);
        if let Derivation::Leaf(_) = derivations.of[&goal] {
            facts.push(json!({"head": label, "body": []}));
        }
        let before: Vec<usize> = premises.iter().map(|premise| places[premise]).collect();
        edges.push(json!({"label": label, "predecessors": before}));
        places.insert(goal, edges.len() - 1);
    }
    let rules = facts.into_iter().chain(rules().map(|rule| of_rule(program, rule)));
    let rules: Vec<Json> = rules.collect();
    Ok(json!({"graph": {"edges": edges}, "program": rules}))
}

/// Relations and all that their rules read.
fn below(program: &Program, roots: impl Iterator<Item = RelationId>) -> Set<RelationId> {
    let mut found = Set::default();
    let mut left: Vec<RelationId> = roots.collect();
    while let Some(relation) = left.pop() {
        if found.insert(relation) {
            for (_, rule) in program.rules_of(relation) {
                rule.each_relation(&mut |relation| left.push(relation));
            }
        }
    }
    found
}

/// What a rule has beyond atoms of variables and constants.
fn beyond(rule: &Rule) -> Option<&'static str> {
    let calls = rule.head_args.iter().any(|arg| matches!(arg, Expr::Call { .. }));
    let literals = rule.body.iter().map(|literal| match &literal.kind {
        LiteralKind::Atom(_) => None,
        LiteralKind::Absent(_) => Some("a negation"),
        LiteralKind::Compare(..) => Some("a comparison or an expression"),
        LiteralKind::Test { .. } => Some("a test of texts"),
        LiteralKind::Range { .. } => Some("a range"),
        LiteralKind::Aggregate { .. } => Some("an aggregate"),
        LiteralKind::Constant(_) => Some("a constant truth value"),
    });
    literals.flatten().next().or_else(|| calls.then_some("an expression in its head"))
}

fn constant(program: &Program, value: Value) -> Json {
    json!({"constant": value.plain(&program.symbols)})
}

fn ground(program: &Program, (relation, tuple): &Goal) -> Json {
    let terms: Vec<Json> = tuple.iter().map(|value| constant(program, *value)).collect();
    json!({"symbol": program.relations[*relation].name, "terms": terms})
}

fn of_rule(program: &Program, rule: &Rule) -> Json {
    let variable = |at: usize| json!({"variable": format!("?{at}")});
    let atom = |atom: &Atom| {
        let term = |arg: &Arg| match arg {
            Arg::Var(var) => variable(var.index()),
            Arg::Const(value) => constant(program, *value),
        };
        let terms: Vec<Json> = atom.args.iter().map(term).collect();
        json!({"symbol": program.relations[atom.relation].name, "terms": terms})
    };
    let head = rule.head_args.iter().filter_map(|arg| match arg {
        Expr::Var(var) => Some(variable(var.index())),
        Expr::Const(value) => Some(constant(program, *value)),
        Expr::Call { .. } => None,
    });
    let head: Vec<Json> = head.collect();
    let body: Vec<Json> =
        rule.body.iter().filter_map(|literal| literal.kind.atom()).map(atom).collect();
    let symbol = &program.relations[rule.head].name;
    json!({"head": {"symbol": symbol, "terms": head}, "body": body})
}
