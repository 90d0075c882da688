//! [`Summary`]: what a proof rests on as a whole: how many claims of whom, how certain the least
//! certain of them is, who passed all of them on, and what disputes them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{LeafId, RelationId};
use crate::provenance::check::Given;
use crate::provenance::leaves::{Evidence, LeafKind};
use crate::provenance::proof::{LeafRef, Node, Proof};
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
    /// Who stands in the chain of every one of the claims, and has passed on at least one.
    pub through: Vec<String>,
    /// Claims of the proof that are disputed.
    pub disputes: Vec<Dispute>,
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
    summary.modality = weakest(given, &evidence);
    let unverified = claims.iter().filter(|id| {
        leaves[**id].evidence.as_ref().is_some_and(|e| e.quote.is_some() && !e.verified)
    });
    summary.unverified = unverified.map(|id| leaves[*id].id.clone()).collect();
    summary.unverified.sort();
    summary.disputes = disputes(given, &summary.claims);
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

/// The modality of the highest rank.
fn weakest(given: Given<'_>, evidence: &[&Evidence]) -> Option<String> {
    let relation = given.program.relation("modality_rank")?;
    let symbols = &given.program.symbols;
    let mut ranks: BTreeMap<&str, i64> = BTreeMap::new();
    let pattern = vec![None; given.program.relations[relation].columns.len()];
    given.tables.select(relation, &pattern, &mut |tuple| {
        if let [Value::Symbol(modality), Value::Number(rank)] = tuple {
            let known = ranks.entry(symbols.text(*modality)).or_insert(*rank);
            *known = (*known).max(*rank);
        }
        ControlFlow::Continue(())
    });
    let rank = |e: &&Evidence| Some((*ranks.get(e.modality.as_str())?, e.modality.clone()));
    evidence.iter().filter_map(rank).max().map(|(_, modality)| modality)
}

fn disputes(given: Given<'_>, claims: &[String]) -> Vec<Dispute> {
    let symbols = &given.program.symbols;
    let mut disputes = BTreeSet::new();
    let ids: Set<Value> =
        claims.iter().filter_map(|id| symbols.find(id)).map(Value::Symbol).collect();
    for (id, relation) in given.program.relations.entries() {
        let Some((a, b)) = relation.conflict else { continue };
        for (own, other) in [(a, b), (b, a)] {
            let mut note = |tuple: &[Value]| {
                if ids.contains(&tuple[own]) {
                    disputes.insert(Dispute {
                        claim: tuple[own].plain(symbols),
                        by: tuple[other].plain(symbols),
                        relation: relation.name.clone(),
                    });
                }
            };
            each(given, (id, own), &ids, &mut note);
        }
    }
    disputes.into_iter().collect()
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
