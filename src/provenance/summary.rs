//! [`Summary`]: what a proof rests on as a whole: how many claims of whom, how certain the least
//! certain of them is, who passed all of them on, and what disputes them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{LeafId, RelationId, TypeId};
use crate::engine::tables::Tables;
use crate::program::program::{Caution, Conflict, Program, Relation};
use crate::program::sentence::fill;
use crate::provenance::check::Given;
use crate::provenance::leaves::{Evidence, LeafKind};
use crate::provenance::proof::{LeafRef, Node, Proof};
use crate::provenance::status::Scales;
use crate::value::value::Value;

/// What a proof rests on.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Summary {
    /// Distinct claims, by id.
    pub claims: Vec<String>,
    /// Ids of those who made them.
    pub sources: Vec<String>,
    /// Ids of the documents that they stand in.
    pub documents: Vec<String>,
    /// Distinct assumptions, by id; input rows of which nothing more is known are only counted.
    pub assumptions: Vec<String>,
    /// Input rows of which nothing more is known.
    pub inputs: usize,
    /// The least certain modality among the claims, by the relation `modality_rank(m, n)`.
    pub modality: Option<String>,
    /// The strictest marking of the claims and their documents, by the relation `marking(x, m)`.
    pub marking: Option<String>,
    /// Who stands in the chain of every one of the claims, and has passed on at least one.
    pub through: Vec<String>,
    /// Claims of the proof that are disputed.
    pub disputes: Vec<Dispute>,
    /// What to know of the things that the conclusion names.
    pub cautions: Vec<String>,
    /// Claims whose words were not compared with their document.
    pub unverified: Vec<String>,
    /// Whether some tuples are shown without their proof.
    pub is_cut: bool,
}

/// A claim of the proof against another claim.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Dispute {
    /// The claim of the proof.
    pub claim: String,
    /// The other one.
    pub by: String,
    /// The relation that has both.
    pub relation: String,
    /// How they differ, in words, if the relation says so.
    pub how: Option<String>,
    /// The id of whoever made the other claim.
    pub by_origin: Option<String>,
    /// Whether both claims come from one source.
    pub is_one_source: bool,
}

/// Beyond so many claims, relations of disputes are read once from end to end.
const LOOKUPS_MAX: usize = 64;

/// What `proof` rests on.
#[must_use]
pub fn summary(given: Given<'_>, proof: &Proof) -> Summary {
    let mut summary = Summary { is_cut: !proof.is_complete(), ..Summary::default() };
    let mut seen: BTreeSet<LeafRef> = BTreeSet::new();
    let mut claims: Vec<LeafId> = Vec::new();
    for node in proof.nodes.iter() {
        let Node::Leaf(node) = node else { continue };
        if node.leaf == LeafRef::Input {
            summary.inputs += 1;
        } else if seen.insert(node.leaf) {
            match node.leaf {
                LeafRef::Row(id) => match given.leaves.leaves[id].kind {
                    LeafKind::Claim => claims.push(id),
                    LeafKind::Assumption => {
                        summary.assumptions.push(given.leaves.leaves[id].id.clone());
                    }
                    LeafKind::Record | LeafKind::Definition => {}
                },
                LeafRef::Fact(at) if given.program.facts[at].assumed => {
                    summary.assumptions.push(fact_text(given, at));
                }
                LeafRef::Fact(_) | LeafRef::Input => {}
            }
        }
    }
    summary.assumptions.sort();
    let leaves = &given.leaves.leaves;
    summary.claims = claims.iter().map(|id| leaves[*id].id.clone()).collect();
    summary.claims.sort();
    let evidence: Vec<&Evidence> =
        claims.iter().filter_map(|id| leaves[*id].evidence.as_ref()).collect();
    let distinct = |of: &dyn Fn(&Evidence) -> String| {
        evidence.iter().map(|e| of(e)).collect::<BTreeSet<_>>().into_iter().collect()
    };
    summary.sources = distinct(&|e| e.origin.clone());
    summary.documents = distinct(&|e| e.document.clone());
    summary.through = through(&evidence);
    let scales = Scales::new(given);
    let weakest = claims.iter().map(|&id| scales.modality(id)).max();
    summary.modality = weakest.and_then(|place| scales.modality_name(place));
    let strictest = claims.iter().map(|&id| scales.marking(id)).max();
    summary.marking = strictest.and_then(Scales::marking_name);
    let unverified = claims.iter().filter(|id| {
        leaves[**id].evidence.as_ref().is_some_and(|e| e.quote.is_some() && !e.verified)
    });
    summary.unverified = unverified.map(|id| leaves[*id].id.clone()).collect();
    summary.unverified.sort();
    summary.disputes = disputes(given, &summary.claims);
    if let Some(conclusion) = proof.root().conclusion() {
        let columns = &given.program.relations[conclusion.relation].columns;
        let named: Vec<(TypeId, Value)> =
            columns.iter().zip(&conclusion.tuple).map(|(c, value)| (c.ty, *value)).collect();
        summary.cautions = cautions(given.program, given.tables, &named);
    }
    summary
}

/// A fact of the program as it would be written.
pub(crate) fn fact_text(given: Given<'_>, at: usize) -> String {
    let fact = &given.program.facts[at];
    let symbols = &given.program.symbols;
    let values: Vec<String> = fact.values.iter().map(|value| value.quoted(symbols)).collect();
    format!("{}({})", given.program.relations[fact.relation].name, values.join(", "))
}

/// Who has passed on a claim and stands in the chains of all the others, sorted.
fn through(evidence: &[&Evidence]) -> Vec<String> {
    let in_all =
        |who: &&String| evidence.iter().all(|e| e.origin == **who || e.conduits.contains(who));
    let conduits: BTreeSet<&String> = evidence.iter().flat_map(|e| &e.conduits).collect();
    conduits.into_iter().filter(in_all).cloned().collect()
}

fn disputes(given: Given<'_>, claims: &[String]) -> Vec<Dispute> {
    let symbols = &given.program.symbols;
    let mut disputes = BTreeSet::new();
    let ids: Set<Value> =
        claims.iter().filter_map(|id| symbols.find(id)).map(Value::Symbol).collect();
    for (id, relation) in given.program.relations.entries() {
        let Some(Conflict { own: a, other: b, how }) = relation.words.conflict else { continue };
        let ways = [(a, b), (b, a)];
        // What says how they differ says it from one side.
        for (own, other) in ways.into_iter().take(if how.is_some() { 1 } else { 2 }) {
            let mut note = |tuple: &[Value]| {
                if ids.contains(&tuple[own]) {
                    let by_origin = origin(given, tuple[other]);
                    disputes.insert(Dispute {
                        claim: tuple[own].plain(symbols),
                        by: tuple[other].plain(symbols),
                        relation: relation.name.clone(),
                        how: how.map(|how| tuple[how].plain(symbols)),
                        is_one_source: by_origin.is_some()
                            && by_origin == origin(given, tuple[own]),
                        by_origin,
                    });
                }
            };
            each(given, (id, own), &ids, &mut note);
        }
    }
    disputes.into_iter().collect()
}

/// Whoever made a claim: the origin of a leaf that a row with the claim first stands for.
fn origin(given: Given<'_>, claim: Value) -> Option<String> {
    let relation = given.program.relation("claim_modality")?;
    let mut pattern = vec![None; given.program.relations[relation].columns.len()];
    *pattern.first_mut()? = Some(claim);
    let mut found = None;
    given.tables.select(relation, &pattern, &mut |tuple| {
        let leaf = given.leaves.of(relation, tuple);
        let evidence = leaf.and_then(|leaf| given.leaves.leaves[leaf].evidence.as_ref());
        found = evidence.map(|evidence| evidence.origin.clone());
        ControlFlow::Break(())
    });
    found
}

/// Types of which there are cautions: no other value needs to be looked at.
#[must_use]
pub fn cautioned(program: &Program) -> Vec<TypeId> {
    let cautioned = |relation: &Relation| {
        relation.words.caution.as_ref().map(|of| relation.columns[of.column].ty)
    };
    program.relations.iter().filter_map(cautioned).collect()
}

/// What relations with `//@ caution(column)` have of values of the column's type: for each value
/// one sentence, in which other columns list all that they hold.
#[must_use]
pub fn cautions(program: &Program, tables: &dyn Tables, named: &[(TypeId, Value)]) -> Vec<String> {
    let symbols = &program.symbols;
    let mut cautions = Vec::new();
    for (id, relation) in program.relations.entries() {
        let Some(Caution { column, .. }) = relation.words.caution else { continue };
        let ty = relation.columns[column].ty;
        let mut values: Vec<Value> = named.iter().filter(|n| n.0 == ty).map(|n| n.1).collect();
        values.sort_unstable_by(|a, b| a.cmp_in(*b, symbols));
        values.dedup();
        for value in values {
            let mut pattern = vec![None; relation.columns.len()];
            pattern[column] = Some(value);
            let mut held = vec![BTreeSet::new(); relation.columns.len()];
            tables.select(id, &pattern, &mut |tuple| {
                for (held, value) in held.iter_mut().zip(tuple) {
                    held.insert(value.plain(symbols));
                }
                ControlFlow::Continue(())
            });
            if held.iter().any(|held| !held.is_empty()) {
                cautions.push(caution(relation, &held));
            }
        }
    }
    cautions
}

/// Values that a relation lacks and that a caution says why, as far as they fit a pattern of its
/// columns.
#[must_use]
pub fn lacking(
    program: &Program,
    tables: &dyn Tables,
    (relation, pattern): (RelationId, &[Option<Value>]),
) -> Vec<(TypeId, Value)> {
    let lacks = &program.relations[relation];
    let mut found = Vec::new();
    for (id, of) in program.relations.entries() {
        let Some(Caution { column, lacked: Some((name, _)) }) = &of.words.caution else { continue };
        if *name != lacks.name {
            continue;
        }
        let ty = of.columns[*column].ty;
        let places = lacks.columns.iter().zip(pattern).filter(|(own, _)| own.ty == ty);
        let wanted: Vec<Value> = places.filter_map(|(_, value)| *value).collect();
        tables.select(id, &vec![None; of.columns.len()], &mut |tuple| {
            if wanted.iter().all(|value| *value == tuple[*column]) {
                found.push((ty, tuple[*column]));
            }
            ControlFlow::Continue(())
        });
    }
    found
}

fn caution(relation: &Relation, held: &[BTreeSet<String>]) -> String {
    let texts: Vec<String> = held
        .iter()
        .map(|held| held.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
        .collect();
    let text = |name: &str, _| {
        let at = relation.columns.iter().position(|column| column.name == name)?;
        Some(texts[at].clone())
    };
    let range = |from, to| format!("{from} to {to}");
    let say = relation.words.say.as_ref().and_then(|say| fill(say, &text, &range));
    say.unwrap_or_else(|| format!("{}({})", relation.name, texts.join("; ")))
}

/// Calls `note` for the tuples that may have one of the ids in a column.
fn each(
    given: Given<'_>,
    (relation, column): (RelationId, usize),
    ids: &Set<Value>,
    note: &mut dyn FnMut(&[Value]),
) {
    let mut pattern = vec![None; given.program.relations[relation].columns.len()];
    let mut visit = |tuple: &[Value]| {
        note(tuple);
        ControlFlow::Continue(())
    };
    if ids.len() > LOOKUPS_MAX {
        given.tables.select(relation, &pattern, &mut visit);
        return;
    }
    let mut ids: Vec<Value> = ids.iter().copied().collect();
    ids.sort_unstable_by(|a, b| a.cmp_in(*b, &given.program.symbols));
    for id in ids {
        pattern[column] = Some(id);
        given.tables.select(relation, &pattern, &mut visit);
    }
}
