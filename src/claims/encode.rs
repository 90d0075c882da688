//! [`encode`]: records to rows of the relations of [`relations`](super::relations), and to the
//! leaves that proofs end in. Records are encoded in an order of their own, so that neither rows
//! nor leaves depend on the order of lines.

use std::path::Path;
use std::sync::Arc;

use schemars::Schema;

use crate::base::hash::Map;
use crate::claims::cell::Text;
use crate::claims::check::{PAUSE, parse};
use crate::claims::date::{self, Days};
use crate::claims::fields::whole;
use crate::claims::lines::{ClaimsFile, Entry, Grounding, RecordKind};
use crate::claims::load::{ENDLESS, Loaded, NameKind};
use crate::claims::record::{
    self, Amount, Claim, Document, Entity, Grade, Link, Polarity, Policy, Reading, Retract, Source,
};
use crate::claims::relations::{Filled, relations};
use crate::claims::rows::{Cell, Rows, targets};
use crate::claims::scan::{Kind, Tape};
use crate::claims::shape::{Found, Line, Path as FieldPath, Shape};
use crate::claims::withdraw::Withdrawn;
use crate::engine::facts::Facts;
use crate::engine::limits::{Limits, Stop};
use crate::program::program::Program;
use crate::provenance::leaves::{Evidence, Leaf, LeafKind, Leaves};
use crate::text::diagnostic::Diagnostic;
use crate::value::value::Finite;

/// What was encoded.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Claims.
    pub claims: usize,
    /// Rows that went into input relations.
    pub rows: usize,
    /// Rows of relations that the program does not read, by relation.
    pub unread: Vec<(&'static str, usize)>,
}

/// Adds the rows of checked records to the input relations of a program. Leaves are made only if
/// they are asked for: they cost more than the rows. A declared relation of a claims relation's
/// name with other columns is an error.
///
/// # Panics
/// Never: nothing stops what has no limits.
pub fn encode(
    loaded: &Loaded,
    program: &Program,
    facts: &mut Facts,
    leaves: Option<&mut Leaves>,
) -> (Counts, Vec<Diagnostic>) {
    let all = Rest { loaded, without: None };
    encode_within(all, program, facts, leaves, &Limits::default()).expect(ENDLESS)
}

/// Checked records, with or without those that are withdrawn.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a> {
    /// The records.
    pub loaded: &'a Loaded,
    /// What is left out of them.
    pub without: Option<&'a Withdrawn>,
}

/// As [`encode`], within limits and without what is withdrawn.
///
/// # Errors
/// If it shall stop before its end; some rows are added then.
pub fn encode_within(
    rest: Rest<'_>,
    program: &Program,
    facts: &mut Facts,
    leaves: Option<&mut Leaves>,
    limits: &Limits,
) -> Result<(Counts, Vec<Diagnostic>), Stop> {
    let Rest { loaded, without } = rest;
    if !loaded.is_given {
        return Ok((Counts::default(), Vec::new()));
    }
    let (targets, diagnostics) = targets(program);
    let symbols = Arc::clone(facts.codes.symbols());
    let rows = Rows::new(targets, &symbols, facts, leaves);
    let mut encoder = Encoder { loaded, rows, lines: Vec::new(), unknown: UnknownFields::new() };
    if encoder.rows.leaves.is_some() {
        let starts = |file: &ClaimsFile| memchr::memchr_iter(b'\n', file.text.as_bytes()).collect();
        encoder.lines = loaded.lines.files.iter().map(starts).collect();
    }
    let stays = |at: usize| without.is_none_or(|withdrawn| !withdrawn.entries.contains(&at));
    let entries = loaded.lines.entries.iter().enumerate();
    let mut entries: Vec<&Entry> =
        entries.filter(|(at, _)| stays(*at)).map(|(_, entry)| entry).collect();
    let claims = entries.iter().filter(|entry| entry.kind == RecordKind::Claim).count();
    entries.sort_by_key(|entry| (entry.kind, entry.text(&loaded.lines.files)));
    for (i, entry) in entries.into_iter().enumerate() {
        if i.is_multiple_of(PAUSE) {
            limits.check()?;
        }
        encoder.record(entry);
    }
    encoder.declared_by_use();
    let counts = encoder.counts(claims);
    Ok((counts, diagnostics))
}

struct Encoder<'a> {
    loaded: &'a Loaded,
    rows: Rows<'a>,
    /// For each file the ends of its lines, if leaves are made.
    lines: Vec<Vec<usize>>,
    unknown: UnknownFields,
}

/// Finds fields that no record has.
struct UnknownFields {
    shapes: Map<String, Shape>,
    tape: Tape,
}

impl UnknownFields {
    fn new() -> Self {
        let schema: Schema = record::schema();
        Self { shapes: Shape::records(&schema), tape: Tape::default() }
    }

    /// Paths and values of the unknown fields of a record.
    fn of(&mut self, entry: &Entry, files: &[ClaimsFile]) -> Vec<(String, String)> {
        let text = entry.text(files);
        let Ok(()) = self.tape.scan(text) else { return Vec::new() };
        let line = Line { text, tape: &self.tape, span: entry.span(files) };
        let mut found = Found::default();
        self.shapes[entry.kind.word()].check(line, 0, &FieldPath::LINE, &mut found);
        let value = |node: usize| match self.tape.nodes[node].kind {
            Kind::String => self.tape.text(text, node).to_string(),
            _ => text[self.tape.nodes[node].value.clone()].to_owned(),
        };
        found.unknown.into_iter().map(|(path, node)| (path, value(node))).collect()
    }
}

/// The text of an optional field.
fn text<'t>(field: Option<&'t Text<'_>>) -> Option<&'t str> {
    field.map(|text| &**text)
}

impl<'a> Encoder<'a> {
    fn record(&mut self, entry: &'a Entry) {
        let line = entry.text(&self.loaded.lines.files);
        // A record that was kept has been read before.
        let read = match entry.kind {
            RecordKind::Hence => Ok(String::new()),
            RecordKind::Document => parse(line).map(|record| self.document(entry, &record)),
            RecordKind::Source => parse(line).map(|record| self.source(entry, &record)),
            RecordKind::Entity => parse(line).map(|record| self.entity(entry, &record)),
            RecordKind::Claim => parse(line).map(|record| self.claim(entry, &record)),
            RecordKind::Link => parse(line).map(|record| self.link(entry, &record)),
            RecordKind::Grade => parse(line).map(|record| self.grade(entry, &record)),
            RecordKind::Retract => parse(line).map(|record| self.retract(entry, &record)),
            RecordKind::Reading => parse(line).map(|record| self.reading(entry, &record)),
            RecordKind::Policy => parse(line).map(|record| self.policy(entry, &record)),
        };
        let name = read.expect("a record that was kept can be read again");
        if !self.loaded.kinds_with_unknown.contains(&entry.kind) || entry.kind == RecordKind::Hence
        {
            return;
        }
        let prefix = match entry.kind {
            RecordKind::Grade | RecordKind::Retract => format!("{}.", entry.kind.word()),
            _ => String::new(),
        };
        let relation = match entry.kind {
            RecordKind::Document => Filled::DocumentAbout,
            _ => Filled::Attr,
        };
        for (path, value) in self.unknown.of(entry, &self.loaded.lines.files) {
            let key = format!("{prefix}{path}");
            self.rows.add(relation, &[(&*name).into(), (&*key).into(), (&*value).into()]);
        }
    }

    /// The rows that follow stand for a record.
    fn begin(&mut self, entry: &Entry, kind: LeafKind, id: &str) {
        if self.rows.leaves.is_some() {
            let leaf = self.leaf(entry, kind, id);
            self.rows.begin(|| leaf);
        }
    }

    /// What a record, or a part of it, gives.
    fn leaf(&self, entry: &Entry, kind: LeafKind, id: &str) -> Leaf {
        let span = Some(entry.span(&self.loaded.lines.files));
        Leaf { kind, id: id.to_owned(), place: self.place(entry), span, evidence: None }
    }

    /// `claims.jsonl:34`.
    fn place(&self, entry: &Entry) -> String {
        let file = &self.loaded.lines.files[entry.file as usize];
        let name = Path::new(&file.name)
            .file_name()
            .map_or_else(|| file.name.as_str().into(), |name| name.to_string_lossy());
        let ends = &self.lines[entry.file as usize];
        format!("{name}:{}", ends.partition_point(|&end| end < entry.start as usize) + 1)
    }

    fn days(&mut self, (from, until): (Filled, Filled), id: &str, field: Option<&str>) {
        let Some(Ok(Days { from: first, until: last })) = field.map(date::parse) else { return };
        self.rows.maybe(from, id, first);
        self.rows.maybe(until, id, last);
    }

    fn document(&mut self, entry: &Entry, record: &Document<'_>) -> String {
        let id = &*record.id;
        self.begin(entry, LeafKind::Record, &format!("document {id}"));
        let hash = self.loaded.hashes.get(id).map(String::as_str);
        let hash = hash.or_else(|| text(record.sha256.as_ref())).unwrap_or_default();
        let title = text(record.title.as_ref()).unwrap_or_default();
        let rows = &mut self.rows;
        rows.add(Filled::Document, &[id.into(), title.into(), hash.into()]);
        if !title.is_empty() {
            rows.label(id, title);
        }
        rows.maybe(Filled::DocCopy, id, text(record.copies_of.as_ref()));
        rows.maybe(Filled::DocumentPublisher, id, text(record.publisher.as_ref()));
        rows.maybe(Filled::Marking, id, record.marking.map(record::Marking::word));
        let about = [
            ("path", text(record.path.as_ref())),
            ("url", text(record.url.as_ref())),
            ("author", text(record.author.as_ref())),
            ("via", text(record.via.as_ref())),
            ("date_basis", record.date_basis.map(record::DateBasis::word)),
            ("language", text(record.language.as_ref())),
        ];
        for (key, value) in about {
            if let Some(value) = value {
                rows.add(Filled::DocumentAbout, &[id.into(), key.into(), value.into()]);
            }
        }
        self.days((Filled::DocFrom, Filled::DocUntil), id, text(record.date.as_ref()));
        id.to_owned()
    }

    fn source(&mut self, entry: &Entry, record: &Source<'_>) -> String {
        let id = &*record.id;
        self.begin(entry, LeafKind::Record, &format!("source {id}"));
        let rows = &mut self.rows;
        let kind = record.kind.map_or("unknown", record::SourceKind::word);
        let attribution = record.attribution.map_or("unknown", record::Attribution::word);
        rows.add(Filled::Source, &[id.into(), kind.into(), attribution.into()]);
        if let Some(label) = text(record.label.as_ref()) {
            rows.label(id, label);
        }
        rows.maybe(Filled::SourceParent, id, text(record.parent.as_ref()));
        rows.maybe(Filled::SourceParty, id, text(record.party.as_ref()));
        if let Some(letter) = record.reliability {
            let letter = letter.word();
            rows.add(Filled::GradeReliability, &[id.into(), letter.into(), "record".into()]);
        }
        rows.attr(id, "interest", text(record.interest.as_ref()));
        id.to_owned()
    }

    fn entity(&mut self, entry: &Entry, record: &Entity<'_>) -> String {
        let id = &*record.id;
        self.begin(entry, LeafKind::Record, &format!("entity {id}"));
        let rows = &mut self.rows;
        let class = text(record.class.as_ref()).unwrap_or("unknown");
        rows.add(Filled::Entity, &[id.into(), class.into()]);
        if let Some(label) = text(record.label.as_ref()) {
            rows.label(id, label);
        }
        rows.maybe(Filled::EntityWithin, id, text(record.within.as_ref()));
        for same in &record.same_as {
            rows.maybe(Filled::SameEntity, id, Some(&**same));
        }
        id.to_owned()
    }

    fn claim(&mut self, entry: &Entry, claim: &Claim<'_>) -> String {
        let id = &*claim.id;
        if self.rows.leaves.is_some() {
            let evidence = Some(evidence(claim, entry.grounding));
            let leaf = Leaf { evidence, ..self.leaf(entry, LeafKind::Claim, id) };
            self.rows.begin(|| leaf);
        }
        self.statement(claim);
        self.circumstances(claim);
        if let Some(amount) = &claim.amount {
            self.amount(id, amount);
        }
        self.days((Filled::ClaimFrom, Filled::ClaimUntil), id, text(claim.when.as_ref()));
        self.days((Filled::SaidFrom, Filled::SaidUntil), id, text(claim.said.as_ref()));
        if let (Some(Grounding { start, end, .. }), Some(quote)) = (entry.grounding, &claim.quote)
            && self.rows.wants(Filled::ClaimQuote)
        {
            let (start, end) = (i64::from(start), i64::from(end));
            let doc = &*claim.doc;
            let cells = [id.into(), doc.into(), start.into(), end.into(), (&**quote).into()];
            self.rows.add(Filled::ClaimQuote, &cells);
        }
        self.event(entry, claim);
        id.to_owned()
    }

    /// The event that a claim is about: its own words' business, or somebody's assumption.
    fn event(&mut self, entry: &Entry, claim: &Claim<'_>) {
        let id = &*claim.id;
        self.rows.maybe(Filled::ClaimEventBy, id, text(claim.event_by.as_ref()));
        if let (Some(event), Some(by)) = (&claim.event, &claim.event_by)
            && &**by != "text"
        {
            let name = format!("{id} is about {}, by {}", &**event, &**by);
            if self.rows.leaves.is_some() {
                let leaf = self.leaf(entry, LeafKind::Assumption, &name);
                self.rows.begin_part(|| leaf);
            }
        }
        self.rows.maybe(Filled::ClaimEvent, id, text(claim.event.as_ref()));
    }

    fn statement(&mut self, claim: &Claim<'_>) {
        let id = &*claim.id;
        let rows = &mut self.rows;
        let (subject, object) = (claim.subject.text(), claim.object.text());
        let cells: [Cell<'_>; 5] = [
            id.into(),
            (&*claim.doc).into(),
            subject.into(),
            (&*claim.predicate).into(),
            object.into(),
        ];
        rows.add(Filled::Claim, &cells);
        for (i, step) in (0i64..).zip(&claim.chain) {
            let cells = [id.into(), i.into(), (&*step.who).into(), (&*step.act).into()];
            rows.add(Filled::ClaimChain, &cells);
            for (field, value) in [("date", &step.date), ("via", &step.via)] {
                if value.is_some() {
                    rows.attr(id, &format!("chain.{i}.{field}"), text(value.as_ref()));
                }
            }
        }
        rows.maybe(Filled::ClaimModality, id, Some(claim.modality.word()));
        let polarity = claim.polarity.unwrap_or(Polarity::Affirmed);
        rows.maybe(Filled::ClaimPolarity, id, Some(polarity.word()));
        for hedge in &claim.hedges {
            rows.maybe(Filled::ClaimHedge, id, Some(&**hedge));
        }
    }

    fn circumstances(&mut self, claim: &Claim<'_>) {
        let id = &*claim.id;
        let rows = &mut self.rows;
        for manner in &claim.manner {
            rows.maybe(Filled::ClaimManner, id, Some(&**manner));
        }
        rows.maybe(Filled::ClaimAlt, id, text(claim.alt.as_ref()));
        rows.maybe(Filled::ClaimIf, id, text(claim.r#if.as_ref()));
        rows.maybe(Filled::ClaimPlace, id, text(claim.place.as_ref()));
        rows.maybe(Filled::Marking, id, claim.marking.map(record::Marking::word));
        rows.attr(id, "prefix", text(claim.prefix.as_ref()));
        rows.attr(id, "suffix", text(claim.suffix.as_ref()));
        rows.attr(id, "when_text", text(claim.when_text.as_ref()));
        rows.attr(id, "note", text(claim.note.as_ref()));
        rows.attr(id, "lang", text(claim.lang.as_ref()));
        if let Some(extractor) = &claim.extractor {
            let confidence = extractor.confidence.as_ref().and_then(serde_json::Number::as_f64);
            rows.maybe(Filled::ExtractorConfidence, id, confidence.and_then(Finite::new));
            rows.attr(id, "extractor.name", text(extractor.name.as_ref()));
            rows.attr(id, "extractor.version", text(extractor.version.as_ref()));
            rows.attr(id, "extractor.align", text(extractor.align.as_ref()));
        }
    }

    fn amount(&mut self, id: &str, amount: &Amount<'_>) {
        let units = &self.loaded.fractional_units;
        let fractional = units.binary_search_by(|unit| (**unit).cmp(&*amount.unit)).is_ok();
        let rows = &mut self.rows;
        if fractional {
            let float = |n: &serde_json::Number| n.as_f64().and_then(Finite::new);
            rows.maybe(Filled::ClaimLoF, id, amount.lo.as_ref().and_then(float));
            rows.maybe(Filled::ClaimHiF, id, amount.hi.as_ref().and_then(float));
        } else {
            rows.maybe(Filled::ClaimLo, id, amount.lo.as_ref().and_then(whole));
            rows.maybe(Filled::ClaimHi, id, amount.hi.as_ref().and_then(whole));
        }
        if amount.approx == Some(true) {
            rows.add(Filled::ClaimApprox, &[id.into()]);
        }
        rows.maybe(Filled::ClaimUnit, id, Some(&*amount.unit));
        rows.maybe(Filled::ClaimPer, id, text(amount.per.as_ref()));
        rows.attr(id, "amount.text", text(amount.text.as_ref()));
    }

    fn link(&mut self, entry: &Entry, record: &Link<'_>) -> String {
        let (from, rel, to) = (&*record.from, &*record.rel, &*record.to);
        let name = format!("{from} {rel} {to}");
        let by = text(record.by.as_ref());
        let kind = if by == Some("text") { LeafKind::Record } else { LeafKind::Assumption };
        self.begin(entry, kind, &format!("link {name}"));
        self.rows.add(Filled::ClaimLink, &[from.into(), rel.into(), to.into()]);
        if let Some(by) = by {
            self.rows.add(Filled::LinkBy, &[from.into(), rel.into(), to.into(), by.into()]);
        }
        self.rows.attr(&name, "note", text(record.note.as_ref()));
        name
    }

    fn grade(&mut self, entry: &Entry, record: &Grade<'_>) -> String {
        let graded = record.claim.as_ref().or(record.source.as_ref());
        let graded = text(graded).unwrap_or_default();
        self.begin(entry, LeafKind::Assumption, &format!("grade {graded}"));
        let rows = &mut self.rows;
        let by = text(record.by.as_ref()).unwrap_or("unknown");
        if let Some(letter) = record.reliability {
            let cells = [graded.into(), letter.word().into(), by.into()];
            rows.add(Filled::GradeReliability, &cells);
        }
        if let Some(digit) = record.credibility {
            rows.add(Filled::GradeCredibility, &[graded.into(), digit.into(), by.into()]);
        }
        if let Some([lo, hi]) = &record.confidence {
            rows.maybe(Filled::ConfidenceLo, graded, whole(lo));
            rows.maybe(Filled::ConfidenceHi, graded, whole(hi));
        }
        rows.attr(graded, "grade.scale", text(record.scale.as_ref()));
        rows.attr(graded, "grade.date", text(record.date.as_ref()));
        graded.to_owned()
    }

    fn retract(&mut self, entry: &Entry, record: &Retract<'_>) -> String {
        let claim = &*record.claim;
        self.begin(entry, LeafKind::Assumption, &format!("retract {claim}"));
        let rows = &mut self.rows;
        let by = text(record.by.as_ref());
        rows.add(Filled::Retract, &[claim.into(), by.unwrap_or("unknown").into()]);
        if let Some(new) = text(record.replaced_by.as_ref()) {
            rows.add(Filled::ClaimLink, &[new.into(), "supersedes".into(), claim.into()]);
            if let Some(by) = by {
                let cells = [new.into(), "supersedes".into(), claim.into(), by.into()];
                rows.add(Filled::LinkBy, &cells);
            }
        }
        rows.attr(claim, "retract.date", text(record.date.as_ref()));
        rows.attr(claim, "retract.reason", text(record.reason.as_ref()));
        claim.to_owned()
    }

    fn reading(&mut self, entry: &Entry, record: &Reading<'_>) -> String {
        let id = &*record.id;
        self.begin(entry, LeafKind::Assumption, &format!("reading {id}"));
        let rows = &mut self.rows;
        rows.add(Filled::Reading, &[id.into(), text(record.label.as_ref()).unwrap_or(id).into()]);
        if let Some(label) = text(record.label.as_ref()) {
            rows.label(id, label);
        }
        rows.maybe(Filled::ReadingScope, id, record.scope.map(record::Scope::word));
        rows.maybe(Filled::ReadingUnit, id, text(record.unit.as_ref()));
        for claim in &record.uses {
            rows.maybe(Filled::Uses, id, Some(&**claim));
        }
        id.to_owned()
    }

    fn policy(&mut self, entry: &Entry, record: &Policy<'_>) -> String {
        let key = &*record.key;
        self.begin(entry, LeafKind::Assumption, &format!("policy {key}"));
        for value in &record.value.0 {
            self.rows.maybe(Filled::Policy, key, Some(&**value));
        }
        self.rows.attr(key, "note", text(record.note.as_ref()));
        key.to_owned()
    }

    /// Sources and entities without a record, which a lenient run takes from their use.
    fn declared_by_use(&mut self) {
        for (kind, name) in &self.loaded.declared {
            let (word, relation) = match kind {
                NameKind::Source => ("source", Filled::Source),
                NameKind::Entity => ("entity", Filled::Entity),
            };
            self.rows.begin(|| Leaf {
                kind: LeafKind::Record,
                id: format!("{word} {name}"),
                place: "declared by its use".to_owned(),
                span: None,
                evidence: None,
            });
            let unknown = Cell::from("unknown");
            let cells = [(&**name).into(), unknown, unknown];
            let columns = if *kind == NameKind::Source { 3 } else { 2 };
            self.rows.add(relation, &cells[..columns]);
        }
    }

    fn counts(&self, claims: usize) -> Counts {
        let mut counts = Counts { claims, rows: 0, unread: Vec::new() };
        for (i, (name, _)) in relations().iter().enumerate() {
            let rows = self.rows.counts[i];
            if self.rows.is_read(i) {
                counts.rows += rows;
            } else if rows > 0 {
                counts.unread.push((name, rows));
            }
        }
        counts
    }
}

/// What a claim shows of itself in a proof.
fn evidence(claim: &Claim<'_>, grounding: Option<Grounding>) -> Evidence {
    let mut chain = claim.chain.iter().map(|step| step.who.to_string());
    Evidence {
        origin: chain.next().unwrap_or_default(),
        conduits: chain.collect(),
        modality: claim.modality.word().to_owned(),
        polarity: claim.polarity.unwrap_or(Polarity::Affirmed).word().to_owned(),
        document: claim.doc.to_string(),
        line: grounding.map(|at| at.line as usize).filter(|&line| line > 0),
        span: grounding.map(|at| (at.start as usize, at.end as usize)),
        quote: text(claim.quote.as_ref()).map(str::to_owned),
        verified: grounding.is_some_and(|at| at.verified),
    }
}
