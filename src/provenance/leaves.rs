//! [`Leaves`]: what the input tuples stand for. The layer above the explainer fills it; without
//! claims every input row is a leaf of its own.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::Equivalent;

use crate::base::hash::Map;
use crate::base::ids::{LeafId, RelationId, Table};
use crate::text::span::Span;
use crate::value::symbols::Symbol;
use crate::value::value::{Tuple, Value};

/// What a leaf is, and so whether it counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LeafKind {
    /// Something that a source said. Counted as a claim; its origin as a source.
    Claim,
    /// A document, source or entity record, or a link that the text itself makes. Not counted.
    Record,
    /// Readings, policies, grades, retractions, links by others, rows of `.facts` files, and facts
    /// marked `//@ assume`. Counted as an assumption.
    Assumption,
    /// A fact of a rule file. Shown, not counted.
    Definition,
}

/// Something that proofs end in.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// What it is.
    pub kind: LeafKind,
    /// Its id: a claim's id, `reading r3`, `policy approx_slack`, `link c0204 part_of c0202`,
    /// `claim_lo.facts:12`.
    pub id: String,
    /// Where it is written: `claims.jsonl:34`, `totals.dl:12`.
    pub place: String,
    /// The record of a claims file that gives it.
    pub span: Option<Span>,
    /// Who said what, for a claim.
    pub evidence: Option<Evidence>,
}

/// What a claim shows of itself in a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The first speaker's id: the source that is counted.
    pub origin: String,
    /// Ids of those who passed it on, in order.
    pub conduits: Vec<String>,
    /// Modality word.
    pub modality: String,
    /// `affirmed`, `denied` or `unknown`.
    pub polarity: String,
    /// Document id.
    pub document: String,
    /// Line of the document in which the quote starts, from 1; nothing without a quote.
    pub line: Option<usize>,
    /// Code points `start..end` of the quote.
    pub span: Option<(usize, usize)>,
    /// The words.
    pub quote: Option<String>,
    /// Whether the quote was compared with the document's text.
    pub verified: bool,
}

/// Input tuples to leaves, and names to labels.
#[derive(Clone, Default, Debug)]
pub struct Leaves {
    /// All leaves, in the order of the input.
    pub leaves: Table<LeafId, Leaf>,
    /// The leaf of a tuple. A tuple that several records give has the first of the cheapest kind:
    /// a claim before a record before a definition before an assumption.
    rows: Map<(RelationId, Tuple), LeafId>,
    /// Leaves of rows that a claim's record gives though they are not the claim, and the claim's
    /// leaf: when the claim is withdrawn, they go with it.
    pub parts: Map<LeafId, LeafId>,
    /// Labels of sources, entities, events, readings, claims, by id.
    pub labels: Map<String, String>,
    voices: Voices,
}

/// Whose claims the tuples of a relation are, for a relation whose first column names the claim.
#[derive(Debug)]
pub(crate) struct Speakers {
    /// Ids of sources.
    pub(crate) sources: Vec<String>,
    /// The source of a claim, by the claim's id.
    pub(crate) of: Map<Symbol, u32>,
    /// Number of tuples that are claims.
    pub(crate) tuples: usize,
}

/// What was asked for so far; a copy starts anew.
#[derive(Default, Debug)]
struct Voices(Mutex<Map<RelationId, Option<Arc<Speakers>>>>);

impl Clone for Voices {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// A tuple of a relation, to look one up without a copy of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RowRef<'t> {
    /// The relation.
    pub(crate) relation: RelationId,
    /// The tuple.
    pub(crate) tuple: &'t [Value],
}

impl Equivalent<(RelationId, Tuple)> for RowRef<'_> {
    fn equivalent(&self, key: &(RelationId, Tuple)) -> bool {
        self.relation == key.0 && *self.tuple == *key.1
    }
}

impl Leaves {
    /// The leaf of a tuple, if it has one.
    #[must_use]
    pub fn of(&self, relation: RelationId, tuple: &[Value]) -> Option<LeafId> {
        self.rows.get(&RowRef { relation, tuple }).copied()
    }
    /// All tuples that have one, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (&(RelationId, Tuple), LeafId)> {
        self.rows.iter().map(|(row, leaf)| (row, *leaf))
    }

    /// Whether a tuple has one.
    pub(crate) fn has(&self, row: &(RelationId, Tuple)) -> bool {
        self.rows.contains_key(row)
    }

    /// Gives a tuple a leaf, in place of the one that it has.
    pub fn set(&mut self, row: (RelationId, Tuple), leaf: LeafId) {
        self.voices = Voices::default();
        self.rows.insert(row, leaf);
    }

    /// Gives a tuple a leaf if it has none, or if the kind of the new one wins over the kind of the
    /// one that it has.
    pub(crate) fn offer(
        &mut self,
        row: (RelationId, Tuple),
        leaf: LeafId,
        wins: impl FnOnce(LeafKind, LeafKind) -> bool,
    ) {
        let known = self.rows.entry(row).or_insert(leaf);
        if wins(self.leaves[leaf].kind, self.leaves[*known].kind) {
            *known = leaf;
        }
    }

    /// Takes a tuple's leaf from it.
    pub(crate) fn unset(&mut self, row: &(RelationId, Tuple)) {
        self.voices = Voices::default();
        self.rows.remove(row);
    }

    /// Whose claims the tuples of a relation are: one look per tuple is cheaper than with
    /// [`Leaves::of`] where all are asked for. Nothing if some leaf is no claim, or is not the one
    /// whose id is in the first column.
    pub(crate) fn speakers(&self, relation: RelationId) -> Option<Arc<Speakers>> {
        let mut known = self.voices.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(relation).or_insert_with(|| self.listen(relation).map(Arc::new)).clone()
    }

    fn listen(&self, relation: RelationId) -> Option<Speakers> {
        let mut numbers: Map<&str, u32> = Map::default();
        let mut speakers = Speakers { sources: Vec::new(), of: Map::default(), tuples: 0 };
        for ((_, tuple), leaf) in self.rows.iter().filter(|(row, _)| row.0 == relation) {
            let source = self.leaves[*leaf].evidence.as_ref()?.origin.as_str();
            let Some(Value::Symbol(claim)) = tuple.first() else { return None };
            let number = *numbers.entry(source).or_insert_with(|| {
                speakers.sources.push(source.to_owned());
                u32::try_from(speakers.sources.len() - 1).expect("sources have 32-bit ids")
            });
            if *speakers.of.entry(*claim).or_insert(number) != number {
                return None;
            }
            speakers.tuples += 1;
        }
        Some(speakers)
    }
}
