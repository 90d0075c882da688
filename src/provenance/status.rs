//! How firmly a conclusion is said and how far it may be passed on: the weakest modality and the
//! strictest marking of what it rests on.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::base::ids::{LeafId, RelationId};
use crate::provenance::check::Given;
use crate::provenance::leaves::LeafKind;
use crate::provenance::proof::LeafRef;
use crate::provenance::slice::{Step, Way};
use crate::value::value::Value;

/// Markings of the traffic light protocol, the freest first; on one line those that mean the same.
const MARKINGS: [&[&str]; 5] = [
    &["TLP:CLEAR", "TLP:WHITE"],
    &["TLP:GREEN"],
    &["TLP:AMBER"],
    &["TLP:AMBER+STRICT"],
    &["TLP:RED"],
];

/// What can be said of all proofs of a conclusion at once.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AllProofs {
    /// Rule instances that would give the conclusion from itself.
    pub circular: usize,
    /// Modalities, if its claims have some: that of the firmest proof, and a bound on the weakest.
    pub modality: Option<Ends>,
    /// Markings, if its claims have some: that of the freest proof, and a bound on the strictest.
    pub marking: Option<Ends>,
}

/// What one proof at least must be said to be, and what another one is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ends {
    /// No proof is without this or worse; nothing if some proof needs none at all.
    pub least: Option<String>,
    /// None of them has worse. Where tuples below rest on each other, it may be that none is as
    /// bad: whatever can be shown may be used for anything but the conclusion.
    pub greatest: String,
}

/// Modalities and markings in their order.
pub(crate) struct Scales<'a> {
    given: Given<'a>,
    /// By rank, the firmest first.
    modalities: Vec<String>,
    marking: Option<RelationId>,
}

impl<'a> Scales<'a> {
    pub(crate) fn new(given: Given<'a>) -> Self {
        let symbols = &given.program.symbols;
        let mut ranks: BTreeSet<(i64, String)> = BTreeSet::new();
        if let Some(relation) = given.program.relation("modality_rank") {
            let pattern = vec![None; given.program.relations[relation].columns.len()];
            given.tables.select(relation, &pattern, &mut |tuple| {
                if let [Value::Symbol(modality), Value::Number(rank)] = tuple {
                    ranks.insert((*rank, symbols.text(*modality).to_owned()));
                }
                ControlFlow::Continue(())
            });
        }
        let marking = given.program.relation("marking");
        let marking = marking.filter(|&id| given.program.relations[id].columns.len() == 2);
        Self { given, modalities: ranks.into_iter().map(|(_, name)| name).collect(), marking }
    }

    /// Whether there is nothing to be said.
    pub(crate) fn is_empty(&self) -> bool {
        let has_marks = |id| self.given.tables.len(id) > 0;
        self.modalities.is_empty() && !self.marking.is_some_and(has_marks)
    }

    /// The place of a claim's modality, from 1; 0 without one.
    pub(crate) fn modality(&self, leaf: LeafId) -> usize {
        let leaf = &self.given.leaves.leaves[leaf];
        let evidence = leaf.evidence.as_ref().filter(|_| leaf.kind == LeafKind::Claim);
        let place = |name: &String| self.modalities.iter().rposition(|known| known == name);
        evidence.and_then(|evidence| place(&evidence.modality)).map_or(0, |at| at + 1)
    }

    /// The place of the strictest marking of a claim and its document, from 1; 0 without one.
    pub(crate) fn marking(&self, leaf: LeafId) -> usize {
        let Some(relation) = self.marking else { return 0 };
        let leaf = &self.given.leaves.leaves[leaf];
        let document = leaf.evidence.as_ref().map(|evidence| evidence.document.as_str());
        let symbols = &self.given.program.symbols;
        let mut strictest = 0;
        for of in [Some(leaf.id.as_str()), document].into_iter().flatten() {
            let Some(symbol) = symbols.find(of) else { continue };
            let pattern = [Some(Value::Symbol(symbol)), None];
            self.given.tables.select(relation, &pattern, &mut |tuple| {
                let word = tuple[1].plain(symbols);
                let place = MARKINGS.iter().position(|same| same.contains(&word.as_str()));
                strictest = strictest.max(place.map_or(0, |at| at + 1));
                ControlFlow::Continue(())
            });
        }
        strictest
    }

    pub(crate) fn modality_name(&self, place: usize) -> Option<String> {
        self.modalities.get(place.checked_sub(1)?).cloned()
    }

    pub(crate) fn marking_name(place: usize) -> Option<String> {
        Some((*MARKINGS.get(place.checked_sub(1)?)?.first()?).to_owned())
    }
}

/// The record that a way ends in.
pub(crate) fn record_of(way: &Way) -> Option<LeafId> {
    match way.step {
        Step::Leaf(LeafRef::Row(id)) => Some(id),
        _ => None,
    }
}
