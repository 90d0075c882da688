//! [`Records`]: checked records that stay in memory, and which claims go when a claim, a source or
//! a document is withdrawn. A source takes every claim with it that has it anywhere in its chain;
//! then every claim goes whose bases are all gone. Records that name such claims stay as they are:
//! a reading goes on naming what it was made of, so that nothing shrinks in silence.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::base::hash::{Map, Set};
use crate::claims::check::parse;
use crate::claims::lines::RecordKind;
use crate::claims::load::Loaded;
use crate::claims::record::{Claim, Document, Link, Reading, Retract, Source};

/// What can be withdrawn, by id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// Every claim that the source made or passed on.
    Source(String),
    /// Every claim that the document reports.
    Document(String),
    /// A claim.
    Claim(String),
}

impl Target {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Source(id) | Self::Document(id) | Self::Claim(id) => id,
        }
    }

    /// `source`, `document` or `claim`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Document(_) => "document",
            Self::Claim(_) => "claim",
        }
    }
}

/// Why a claim goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// It is the claim that was named.
    Named,
    /// A source that was named is in its chain.
    Chain,
    /// A document that was named reports it.
    Document,
    /// All that it rests on goes.
    Bases,
}

/// A claim that goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gone {
    /// Its id.
    pub id: String,
    /// Why.
    pub cause: Cause,
}

/// A reading that names claims that go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Its id.
    pub reading: String,
    /// The claims, in the order of the reading.
    pub claims: Vec<String>,
}

/// What goes, in the order of ids.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Withdrawn {
    /// Claims.
    pub claims: Vec<Gone>,
    /// Readings that stay and are incomplete.
    pub readings: Vec<Broken>,
    /// Places of the claims among the records that were kept.
    pub(crate) entries: Set<usize>,
}

/// Checked records.
#[derive(Debug)]
pub struct Records {
    loaded: Loaded,
    index: OnceLock<Index>,
}

/// Who said what where, and what rests on what. Made when it is first asked for.
#[derive(Default, Debug)]
struct Index {
    claims: Vec<Known>,
    by_id: BTreeMap<String, usize>,
    sources: BTreeMap<String, Vec<usize>>,
    documents: BTreeMap<String, Vec<usize>>,
    readings: BTreeMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Known {
    entry: usize,
    bases: Vec<usize>,
    dependents: Vec<usize>,
    retracted: bool,
}

impl Records {
    /// Keeps what was loaded.
    #[must_use]
    pub fn new(loaded: Loaded) -> Self {
        Self { loaded, index: OnceLock::new() }
    }

    /// What was loaded.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Ids of claims, in order.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.index().by_id.keys().map(String::as_str)
    }

    /// Ids of sources that have a record or stand in a chain, in order.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.index().sources.keys().map(String::as_str)
    }

    /// Ids of documents, in order.
    pub fn documents(&self) -> impl Iterator<Item = &str> {
        self.index().documents.keys().map(String::as_str)
    }

    /// Everything of that id: a source, a document and a claim may have the same one.
    #[must_use]
    pub fn named(&self, id: &str) -> Vec<Target> {
        let index = self.index();
        let source = index.sources.contains_key(id).then(|| Target::Source(id.to_owned()));
        let document = index.documents.contains_key(id).then(|| Target::Document(id.to_owned()));
        let claim = index.by_id.contains_key(id).then(|| Target::Claim(id.to_owned()));
        [source, document, claim].into_iter().flatten().collect()
    }

    /// Whether there is such a thing.
    #[must_use]
    pub fn has(&self, target: &Target) -> bool {
        self.named(target.id()).contains(target)
    }

    /// Claims that rest on others, in no particular order: what each rests on, and whether that was
    /// retracted.
    #[must_use]
    pub fn bases(&self) -> Vec<(&str, Vec<(&str, bool)>)> {
        let index = self.index();
        let mut ids: Vec<&str> = vec![""; index.claims.len()];
        index.by_id.iter().for_each(|(id, at)| ids[*at] = id);
        let base = |at: &usize| (ids[*at], index.claims[*at].retracted);
        let drawn = index.claims.iter().enumerate().filter(|(_, claim)| !claim.bases.is_empty());
        drawn.map(|(at, claim)| (ids[at], claim.bases.iter().map(base).collect())).collect()
    }

    /// What goes with these targets; one that there is not takes nothing with it.
    #[must_use]
    pub fn withdraw<'t>(&self, targets: impl IntoIterator<Item = &'t Target>) -> Withdrawn {
        let index = self.index();
        let mut gone: Map<usize, Cause> = Map::default();
        for target in targets {
            let (claims, cause) = match target {
                Target::Source(id) => (index.sources.get(id).cloned(), Cause::Chain),
                Target::Document(id) => (index.documents.get(id).cloned(), Cause::Document),
                Target::Claim(id) => (index.by_id.get(id).map(|at| vec![*at]), Cause::Named),
            };
            for claim in claims.unwrap_or_default() {
                let known = gone.entry(claim).or_insert(cause);
                if cause == Cause::Named {
                    *known = cause;
                }
            }
        }
        index.add_dependents(&mut gone);
        let of =
            |(id, at): (&String, &usize)| gone.get(at).map(|&cause| Gone { id: id.clone(), cause });
        let claims: Vec<Gone> = index.by_id.iter().filter_map(of).collect();
        let is_gone = |id: &&String| index.by_id.get(*id).is_some_and(|at| gone.contains_key(at));
        let readings = index.readings.iter().filter_map(|(reading, uses)| {
            let claims: Vec<String> = uses.iter().filter(is_gone).cloned().collect();
            (!claims.is_empty()).then(|| Broken { reading: reading.clone(), claims })
        });
        let readings = readings.collect();
        let entries = gone.keys().map(|&at| index.claims[at].entry).collect();
        Withdrawn { claims, readings, entries }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.loaded))
    }
}

impl Index {
    fn of(loaded: &Loaded) -> Self {
        let lines = &loaded.lines;
        let mut index = Self::default();
        for (at, entry) in lines.entries.iter().enumerate() {
            index.name(at, entry.kind, entry.text(&lines.files));
        }
        for entry in &lines.entries {
            index.link(entry.kind, entry.text(&lines.files));
        }
        index
    }

    /// Notes what a record gives a name to.
    fn name(&mut self, entry: usize, kind: RecordKind, line: &str) {
        match kind {
            RecordKind::Source => {
                if let Ok(record) = parse::<Source<'_>>(line) {
                    self.sources.entry(record.id.to_string()).or_default();
                }
            }
            RecordKind::Document => {
                if let Ok(record) = parse::<Document<'_>>(line) {
                    self.documents.entry(record.id.to_string()).or_default();
                }
            }
            RecordKind::Reading => {
                if let Ok(record) = parse::<Reading<'_>>(line) {
                    let uses = record.uses.iter().map(|claim| claim.to_string()).collect();
                    self.readings.insert(record.id.to_string(), uses);
                }
            }
            RecordKind::Claim => {
                let Ok(record) = parse::<Claim<'_>>(line) else { return };
                let at = self.claims.len();
                let (bases, dependents) = (Vec::new(), Vec::new());
                self.claims.push(Known { entry, bases, dependents, retracted: false });
                self.by_id.insert(record.id.to_string(), at);
                self.documents.entry(record.doc.to_string()).or_default().push(at);
                for step in &record.chain {
                    for source in [Some(&step.who), step.via.as_ref()].into_iter().flatten() {
                        let claims = self.sources.entry(source.to_string()).or_default();
                        if claims.last() != Some(&at) {
                            claims.push(at);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes what a record says of claims.
    fn link(&mut self, kind: RecordKind, line: &str) {
        match kind {
            RecordKind::Link => {
                let Ok(record) = parse::<Link<'_>>(line) else { return };
                if !matches!(&*record.rel, "rests_on" | "restates") {
                    return;
                }
                let (from, to) = (self.by_id.get(&*record.from), self.by_id.get(&*record.to));
                if let (Some(&from), Some(&to)) = (from, to) {
                    self.claims[from].bases.push(to);
                    self.claims[to].dependents.push(from);
                }
            }
            RecordKind::Retract => {
                let Ok(record) = parse::<Retract<'_>>(line) else { return };
                if let Some(&claim) = self.by_id.get(&*record.claim) {
                    self.claims[claim].retracted = true;
                }
            }
            _ => {}
        }
    }

    /// Adds every claim whose bases are all gone, by these or by a retraction.
    fn add_dependents(&self, gone: &mut Map<usize, Cause>) {
        let mut next: Vec<usize> = gone.keys().copied().collect();
        while let Some(at) = next.pop() {
            for &dependent in &self.claims[at].dependents {
                let stands =
                    |base: &usize| !gone.contains_key(base) && !self.claims[*base].retracted;
                if !gone.contains_key(&dependent)
                    && !self.claims[dependent].bases.iter().any(stands)
                {
                    gone.insert(dependent, Cause::Bases);
                    next.push(dependent);
                }
            }
        }
    }
}
