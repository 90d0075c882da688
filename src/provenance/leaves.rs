//! [`Leaves`]: what the input tuples stand for. The layer above the explainer fills it; without
//! claims every input row is a leaf of its own.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hashbrown::Equivalent;

use crate::base::hash::Map;
use crate::base::ids::{LeafId, RelationId, Table};
use crate::text::span::Span;
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

/// Whose the leaves are.
#[derive(Debug)]
struct Origins {
    /// Ids of sources, in the order of their first leaf.
    names: Vec<String>,
    /// The number of a leaf's source among them.
    of: Table<LeafId, Option<u32>>,
}

/// The claims that a relation's first column names, with the numbers of their sources: by the code
/// of the claim's id, from the least.
#[derive(Debug)]
struct Speakers {
    first: u32,
    of: Vec<Option<u32>>,
    /// Number of tuples that are claims.
    tuples: usize,
}

/// What was asked for so far; a copy starts anew.
#[derive(Default, Debug)]
struct Voices {
    origins: OnceLock<Arc<Origins>>,
    speakers: Mutex<Map<RelationId, Option<Arc<Speakers>>>>,
}

impl Clone for Voices {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Whose claims the tuples of a relation are.
#[derive(Debug)]
pub(crate) struct Whose<'l> {
    leaves: &'l Leaves,
    relation: RelationId,
    origins: Arc<Origins>,
    /// One look per tuple is cheaper with these.
    speakers: Option<Arc<Speakers>>,
}

impl Whose<'_> {
    /// The number of the source of a tuple that is a claim.
    pub(crate) fn source(&self, mut columns: impl Iterator<Item = Option<Value>>) -> Option<u32> {
        if let Some(speakers) = &self.speakers {
            let Some(Value::Symbol(claim)) = columns.next()? else { return None };
            let at = claim.code().checked_sub(speakers.first)?;
            return *speakers.of.get(at as usize)?;
        }
        let tuple: Tuple = columns.collect::<Option<_>>()?;
        self.origins.of[self.leaves.of(self.relation, &tuple)?]
    }
}

/// From so many questions on it pays to gather first whose the claims of a relation are.
const GATHERED_MIN: usize = 10_000;

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

    /// Whose claims the tuples of a relation are, to be asked so many times; the relation has
    /// `tuples` of them.
    pub(crate) fn whose(&self, relation: RelationId, asked: usize, tuples: usize) -> Whose<'_> {
        let speakers = (asked >= GATHERED_MIN).then(|| {
            let known = self.voices.speakers.lock();
            let mut known = known.unwrap_or_else(PoisonError::into_inner);
            known.entry(relation).or_insert_with(|| self.listen(relation).map(Arc::new)).clone()
        });
        // With a tuple that is no claim each has to be looked up.
        let speakers = speakers.flatten().filter(|speakers| speakers.tuples == tuples);
        Whose { leaves: self, relation, origins: Arc::clone(self.origins()), speakers }
    }

    /// The id of a source by its number.
    pub(crate) fn source(&self, number: u32) -> &str {
        &self.origins().names[number as usize]
    }

    fn origins(&self) -> &Arc<Origins> {
        self.voices.origins.get_or_init(|| {
            let (mut names, mut numbers) = (Vec::new(), Map::default());
            let mut number = |leaf: &Leaf| {
                let origin = leaf.evidence.as_ref()?.origin.as_str();
                if let Some(number) = numbers.get(origin) {
                    return Some(*number);
                }
                let number = u32::try_from(names.len()).expect("sources have 32-bit ids");
                numbers.insert(origin.to_owned(), number);
                names.push(origin.to_owned());
                Some(number)
            };
            let of = self.leaves.iter().map(&mut number).collect();
            Arc::new(Origins { names, of })
        })
    }

    /// Nothing if some leaf of the relation is no claim, or not the one whose id is in the first
    /// column, or if the ids are too far apart.
    fn listen(&self, relation: RelationId) -> Option<Speakers> {
        let origins = self.origins();
        let mut found: Vec<(u32, u32)> = Vec::new();
        for ((_, tuple), leaf) in self.rows.iter().filter(|(row, _)| row.0 == relation) {
            let Some(Value::Symbol(claim)) = tuple.first() else { return None };
            found.push((claim.code(), origins.of[*leaf]?));
        }
        let codes = found.iter().map(|(code, _)| *code);
        let (first, last) = (codes.clone().min()?, codes.max()?);
        let spread = (last - first) as usize + 1;
        if spread / 16 > found.len() {
            return None;
        }
        let mut speakers = Speakers { first, of: vec![None; spread], tuples: found.len() };
        for (code, source) in found {
            if *speakers.of[(code - first) as usize].get_or_insert(source) != source {
                return None;
            }
        }
        Some(speakers)
    }
}
