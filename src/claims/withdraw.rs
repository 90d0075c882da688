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
use crate::claims::record::{Claim, Document, Link, Reading, Retract, Source, is_basis};

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
    readings: Vec<Named>,
}

#[derive(Debug)]
struct Known {
    id: String,
    entry: usize,
    bases: Vec<usize>,
    dependents: Vec<usize>,
    /// Readings that name it.
    used_by: Vec<usize>,
    retracted: bool,
}

/// A reading with the claims that it names, and their places if they were kept.
#[derive(Debug)]
struct Named {
    id: String,
    uses: Vec<(String, Option<usize>)>,
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
        let id = |at: usize| index.claims[at].id.as_str();
        let base = |at: &usize| (id(*at), index.claims[*at].retracted);
        let drawn = index.claims.iter().filter(|claim| !claim.bases.is_empty());
        drawn.map(|claim| (claim.id.as_str(), claim.bases.iter().map(base).collect())).collect()
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
        let of = |(at, cause): (&usize, &Cause)| Gone {
            id: index.claims[*at].id.clone(),
            cause: *cause,
        };
        let mut claims: Vec<Gone> = gone.iter().map(of).collect();
        claims.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let named = gone.keys().flat_map(|&at| &index.claims[at].used_by);
        let mut named: Vec<usize> = named.copied().collect();
        named.sort_unstable();
        named.dedup();
        let broken = |at: usize| {
            let Named { id, uses } = &index.readings[at];
            let gone = uses.iter().filter(|(_, at)| at.is_some_and(|at| gone.contains_key(&at)));
            Broken { reading: id.clone(), claims: gone.map(|(id, _)| id.clone()).collect() }
        };
        let mut readings: Vec<Broken> = named.into_iter().map(broken).collect();
        readings.sort_unstable_by(|a, b| a.reading.cmp(&b.reading));
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
            RecordKind::Claim => {
                let Ok(record) = parse::<Claim<'_>>(line) else { return };
                let at = self.claims.len();
                let (bases, dependents, used_by) = (Vec::new(), Vec::new(), Vec::new());
                let id = record.id.to_string();
                self.claims.push(Known { id, entry, bases, dependents, used_by, retracted: false });
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
                if !is_basis(&record.rel) {
                    return;
                }
                let (from, to) = (self.by_id.get(&*record.from), self.by_id.get(&*record.to));
                if let (Some(&from), Some(&to)) = (from, to) {
                    self.claims[from].bases.push(to);
                    self.claims[to].dependents.push(from);
                }
            }
            RecordKind::Reading => {
                let Ok(record) = parse::<Reading<'_>>(line) else { return };
                let place = |id: &str| self.by_id.get(id).copied();
                let uses = record.uses.iter().map(|claim| (claim.to_string(), place(claim)));
                let uses: Vec<(String, Option<usize>)> = uses.collect();
                for at in uses.iter().filter_map(|(_, at)| *at) {
                    self.claims[at].used_by.push(self.readings.len());
                }
                self.readings.push(Named { id: record.id.to_string(), uses });
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
