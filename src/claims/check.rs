//! [`Check`]: what the passes over the records share, and the first pass: every line by itself.
//! A record with an error is refused. In a strict run any error stops the caller; in a lenient one
//! a refusal becomes a warning and the record is dropped, as are those that rest on it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

use crate::base::hash::{Map, Set};
use crate::base::nearest::nearest;
use crate::claims::cell::Text;
use crate::claims::circles::Edge;
use crate::claims::date::Days;
use crate::claims::fields::{self, Fault};
use crate::claims::lines::{ClaimsFile, Entry, RecordKind, State};
use crate::claims::load::{BadRecords, Options};
use crate::claims::policies::{Approximate, Given};
use crate::claims::record::{
    self, Claim, Document, Entity, Grade, Header, Link, Policy, Reading, Retract, Source,
};
use crate::claims::references::Suggestions;
use crate::claims::scan::{Kind, Tape};
use crate::claims::search::visible;
use crate::claims::shape::{self, Line, Path, Shape};
use crate::claims::spread::{Spread, Wide, spread};
use crate::engine::limits::{Limits, Stop};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};
use crate::text::files::Files;
use crate::text::span::Span;

/// Records between two looks at the stop flag: milliseconds.
pub(crate) const PAUSE: usize = 1024;

/// Ids of one type of record, and where they are given.
pub(crate) type Ids<'a> = Map<Cow<'a, str>, usize>;

/// The state of checking. `'a` is the texts of the claims files.
pub(crate) struct Check<'a> {
    pub(crate) options: Options,
    pub(crate) limits: &'a Limits,
    pub(crate) files: &'a [ClaimsFile],
    /// For texts of documents that messages point into.
    pub(crate) shown: &'a mut Files,
    pub(crate) entries: Vec<Entry>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Refused records and why, by their first error.
    pub(crate) refused: Vec<(usize, Code)>,
    pub(crate) names: Names<'a>,
    pub(crate) edges: Vec<Edge<'a>>,
    pub(crate) suggestions: Suggestions<'a>,
    shapes: Map<String, Shape>,
    unknown: Map<(RecordKind, String), Unknown>,
    plain_seen: Set<&'a str>,
    /// Units of amounts, each with the first record that has it.
    pub(crate) units: BTreeMap<String, usize>,
    /// Claims whose figures the document gives as approximate.
    pub(crate) approximate: Option<Approximate>,
}

/// Every name that a record gives.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub(crate) documents: Ids<'a>,
    pub(crate) sources: Ids<'a>,
    pub(crate) entities: Ids<'a>,
    pub(crate) claims: Ids<'a>,
    pub(crate) readings: Ids<'a>,
    pub(crate) policies: Ids<'a>,
    pub(crate) events: Set<Cow<'a, str>>,
    /// Groups of rival readings, by claim.
    pub(crate) alternatives: Map<Cow<'a, str>, Cow<'a, str>>,
    /// Days of the documents' dates.
    pub(crate) dates: Map<Cow<'a, str>, Days>,
    pub(crate) fractional_units: Set<String>,
    pub(crate) measured_units: Set<String>,
}

impl<'a> Names<'a> {
    /// The ids of a type of record that has a field `id`.
    fn with_id(&mut self, kind: RecordKind) -> Option<&mut Ids<'a>> {
        Some(match kind {
            RecordKind::Document => &mut self.documents,
            RecordKind::Source => &mut self.sources,
            RecordKind::Entity => &mut self.entities,
            RecordKind::Claim => &mut self.claims,
            RecordKind::Reading => &mut self.readings,
            RecordKind::Hence
            | RecordKind::Link
            | RecordKind::Grade
            | RecordKind::Retract
            | RecordKind::Policy => return None,
        })
    }
}

/// A field that no record has.
struct Unknown {
    first: Span,
    count: usize,
    near: Option<String>,
}

impl<'a> Check<'a> {
    pub(crate) fn new(
        files: &'a [ClaimsFile],
        options: Options,
        shown: &'a mut Files,
        limits: &'a Limits,
    ) -> Self {
        Self {
            options,
            limits,
            files,
            shown,
            entries: Vec::new(),
            diagnostics: Vec::new(),
            refused: Vec::new(),
            names: Names::default(),
            edges: Vec::new(),
            suggestions: Suggestions::default(),
            shapes: Shape::records(&record::schema()),
            unknown: Map::default(),
            plain_seen: Set::default(),
            units: BTreeMap::new(),
            approximate: None,
        }
    }

    /// Refuses a record.
    pub(crate) fn refuse(&mut self, entry: usize, diagnostic: Diagnostic) {
        self.refuse_with(entry, diagnostic.code);
        self.report(diagnostic);
    }

    /// Refuses a record for a reason that a message about something else gives.
    pub(crate) fn refuse_with(&mut self, entry: usize, code: Code) {
        if self.entries[entry].state == State::Kept {
            self.refused.push((entry, code));
            self.entries[entry].state = State::Refused;
        }
    }

    /// Adds a message about records that are refused each for itself.
    pub(crate) fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.options.bad_records == BadRecords::Drop {
            diagnostic.severity = Severity::Warning;
        }
        self.diagnostics.push(diagnostic);
    }

    /// Refuses a record for a field.
    pub(crate) fn fault(&mut self, entry: usize, fault: Fault) {
        let diagnostic = self.diagnostic(entry, fault);
        self.refuse(entry, diagnostic);
    }

    /// Warns of a field.
    pub(crate) fn warn(&mut self, entry: usize, fault: Fault) {
        let diagnostic = self.diagnostic(entry, fault);
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn diagnostic(&self, entry: usize, fault: Fault) -> Diagnostic {
        let place = self.place(entry, &fault.path);
        let span = fault.part.and_then(|part| self.inside(place, &part)).unwrap_or(place);
        // serde keeps no more of a number than fits: the message shows what is written.
        let message = match fault.code {
            Code::H0304 => shape::does_not_fit(self.shown.text_of(span)),
            _ => fault.message,
        };
        let mut diagnostic = Diagnostic::new(fault.code, message).label(span, fault.label);
        diagnostic.notes = fault.notes;
        diagnostic.helps.extend(fault.help);
        diagnostic
    }

    /// The place of the value that a path names.
    pub(crate) fn place(&self, entry: usize, path: &str) -> Span {
        self.entries[entry].place(self.files, path)
    }

    /// The place of bytes of a string without escapes.
    pub(crate) fn inside(&self, string: Span, part: &Range<usize>) -> Option<Span> {
        let json = &self.files.iter().find(|file| file.id == string.file)?.text[string.range()];
        let start = string.start as usize + 1;
        (json.starts_with('"') && !json.contains('\\'))
            .then(|| Span::new(string.file, start + part.start, start + part.end))
    }

    pub(crate) fn text(&self, entry: usize) -> &'a str {
        self.entries[entry].text(self.files)
    }

    /// Whether to go on, asked for each record.
    pub(crate) fn go_on(&self, entry: usize) -> Result<(), Stop> {
        if entry.is_multiple_of(PAUSE) { self.limits.check() } else { Ok(()) }
    }

    /// Reads every line by itself and notes the names it gives. `bad` are places of bytes that
    /// are not UTF-8, in order.
    pub(crate) fn read(&mut self, bad: &[Vec<usize>]) -> Result<(), Stop> {
        let mut tape = Tape::default();
        for (file, claims) in self.files.iter().enumerate() {
            let text: &'a str = &claims.text;
            let mut start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
            let (mut wide, mut tried_all): (Option<Wide>, bool) = (None, false);
            while start < text.len() {
                let end = memchr::memchr(b'\n', &text.as_bytes()[start..]);
                let mut end = end.map_or(text.len(), |end| start + end);
                let goes_on = if tried_all { Spread::Line } else { spread(text, start, end) };
                tried_all |= goes_on == Spread::Never;
                let is_list = text[start..].trim_start().starts_with('[');
                let one_line = start..end;
                if let Spread::To(last) = goes_on {
                    let after = memchr::memchr(b'\n', &text.as_bytes()[last..]);
                    end = after.map_or(text.len(), |after| last + after);
                }
                let line = text[start..end].trim_end_matches('\r');
                if !line.trim().is_empty() {
                    let from = bad[file].partition_point(|&at| at < start);
                    let bad = bad[file].get(from).filter(|&&at| at < end).copied();
                    let narrow = |at| u32::try_from(at).expect("claims files have less than 4 GiB");
                    self.entries.push(Entry {
                        kind: RecordKind::Hence,
                        state: State::Kept,
                        file: narrow(file),
                        start: narrow(start),
                        end: narrow(start + line.len()),
                        grounding: None,
                    });
                    self.go_on(self.entries.len())?;
                    let entry = self.entries.len() - 1;
                    if end > one_line.end {
                        let lines = memchr::memchr_iter(b'\n', line.as_bytes()).count() + 1;
                        let first = Span::new(claims.id, one_line.start, one_line.end);
                        let new = Wide { first, lines, is_list, count: 0 };
                        wide.get_or_insert(new).count += 1;
                        self.refuse_with(entry, Code::H0405);
                    }
                    if end == one_line.end || !is_list {
                        self.read_line(entry, &mut tape, bad);
                    }
                }
                start = end + 1;
            }
            if let Some(wide) = wide {
                self.report(wide.message(&claims.name));
            }
        }
        Ok(())
    }

    fn read_line(&mut self, entry: usize, tape: &mut Tape, bad: Option<usize>) {
        let text = self.text(entry);
        let span = self.entries[entry].span(self.files);
        let at = |range: Range<usize>| {
            Span::new(span.file, span.start as usize + range.start, span.start as usize + range.end)
        };
        if let Some(bad) = bad {
            let diagnostic = Diagnostic::new(Code::H0305, format!("byte {bad} is not UTF-8"))
                .label(Span::new(span.file, bad, bad + 1), "not UTF-8");
            return self.refuse(entry, diagnostic);
        }
        if let Err(error) = tape.scan(text) {
            let found = text[error.at..].chars().next();
            let name = found.map_or_else(|| "the end of the line".to_owned(), |c| format!("`{c}`"));
            let message = format!("expected {}, found {name}", error.expected);
            let end = error.at + found.map_or(0, char::len_utf8);
            return self.refuse(
                entry,
                Diagnostic::new(Code::H0405, message).label(at(error.at..end), "not JSON here"),
            );
        }
        let line = Line { text, tape, span };
        match self.kind(line) {
            Ok(kind) => {
                self.entries[entry].kind = kind;
                self.read_record(entry, line);
            }
            Err(diagnostic) => self.refuse(entry, *diagnostic),
        }
    }

    fn kind(&self, line: Line<'_>) -> Result<RecordKind, Box<Diagnostic>> {
        let error = |span: Span, message: &str, label: &str| {
            Diagnostic::new(Code::H0405, message).label(span, label)
        };
        if line.tape.nodes[0].kind != Kind::Object {
            let message = "a line of a claims file is an object";
            return Err(Box::new(error(line.value(0), message, "not an object")));
        }
        let Some(node) = line.tape.field(line.text, 0, "type") else {
            let first = line.part(&(0..1));
            let message = "field `type` is missing";
            return Err(Box::new(error(first, message, "what record is this?")));
        };
        if line.tape.nodes[node].kind != Kind::String {
            let message = "field `type` takes a string";
            return Err(Box::new(error(line.value(node), message, "not a string")));
        }
        let word = line.tape.text(line.text, node);
        let known = RecordKind::ALL.into_iter().find(|kind| kind.word() == &*word);
        known.ok_or_else(|| {
            let words: Vec<&str> = RecordKind::ALL.iter().map(|kind| kind.word()).collect();
            let message = format!("`{}` is not a type of record", visible(&word));
            let mut diagnostic = error(line.value(node), &message, "unknown type")
                .note(format!("types are {}", words.join(", ")));
            if let Some(near) = nearest(&word, words.iter().copied()).first() {
                let title = "a type with a similar name exists";
                diagnostic = diagnostic.fix(title, line.value(node), format!("\"{near}\""));
            }
            Box::new(diagnostic)
        })
    }

    fn read_record(&mut self, entry: usize, line: Line<'_>) {
        let kind = self.entries[entry].kind;
        let mut found = shape::Found::default();
        let shape = self.shapes.get(kind.word()).expect("the schema has every type of record");
        shape.check(line, 0, &Path::LINE, &mut found);
        for (path, node) in found.unknown {
            let near = || shape.nearest_field(&path);
            let key = (kind, path.clone());
            let unknown = self.unknown.entry(key).or_insert_with(|| Unknown {
                first: line.key(node),
                count: 0,
                near: near(),
            });
            unknown.count += 1;
        }
        let well_formed = found.errors.is_empty();
        for error in found.errors {
            self.refuse(entry, error);
        }
        if !well_formed {
            return self.declare_anyway(entry, line);
        }
        let mut faults = Vec::new();
        if let Err(error) = self.read_fields(entry, &mut faults) {
            let at = error.column().saturating_sub(1).min(line.text.len());
            let at = (0..=at).rev().find(|&at| line.text.is_char_boundary(at)).unwrap_or(0);
            let end = at + line.text[at..].chars().next().map_or(0, char::len_utf8);
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            let diagnostic = if message.starts_with("number out of range") {
                let digits = |c: char| c.is_ascii_digit() || "eE+-.".contains(c);
                let start = line.text[..at].trim_end_matches(digits).len();
                let number = line.text[start..].trim_end_matches(|c| !digits(c));
                let number = &number[..number.find(|c| !digits(c)).unwrap_or(number.len())];
                Diagnostic::new(Code::H0304, format!("{number} does not fit `float`")).label(
                    line.part(&(start..start + number.len())),
                    "the greatest is about 1.8e308",
                )
            } else {
                Diagnostic::new(Code::H0405, message).label(line.part(&(at..end)), "not JSON here")
            };
            self.refuse(entry, diagnostic);
        }
        for fault in faults {
            self.fault(entry, fault);
        }
    }

    /// Notes the id of a record that cannot be read, so that records naming it are not refused
    /// for that too, and that one with the same id is refused whichever comes first.
    fn declare_anyway(&mut self, entry: usize, line: Line<'_>) {
        let text = self.text(entry);
        let is_text = |&node: &usize| line.tape.nodes[node].kind == Kind::String;
        let node = |name| line.tape.field(text, 0, name).filter(is_text);
        let field = |name| node(name).map(|node| line.tape.text(text, node));
        let (id, event) = (field("id"), field("event"));
        self.names.events.extend(event.map(|event| event.0));
        let kind = self.entries[entry].kind;
        let (Some(id), Some(ids)) = (id, self.names.with_id(kind)) else { return };
        let first = *ids.entry(id.0.clone()).or_insert(entry);
        if first != entry && !self.differing(first, entry).is_empty() {
            self.repeated(kind, &id, first, entry);
        }
    }

    fn read_fields(&mut self, entry: usize, faults: &mut Vec<Fault>) -> serde_json::Result<()> {
        let text = self.text(entry);
        match self.entries[entry].kind {
            RecordKind::Hence => fields::header(&parse::<Header<'a>>(text)?, faults),
            RecordKind::Document => {
                let record = parse::<Document<'a>>(text)?;
                let days = fields::document(&record, faults);
                self.names.dates.insert(record.id.0.clone(), days);
                self.edges.extend(Edge::new(
                    "is a copy of",
                    &record.id,
                    record.copies_of,
                    entry,
                    "copies_of",
                ));
                self.declare(RecordKind::Document, &record.id, entry);
            }
            RecordKind::Source => {
                let record = parse::<Source<'a>>(text)?;
                fields::check_id(&record.id, "id", faults);
                self.edges.extend(Edge::new(
                    "speaks for",
                    &record.id,
                    record.parent,
                    entry,
                    "parent",
                ));
                self.declare(RecordKind::Source, &record.id, entry);
            }
            RecordKind::Entity => {
                let record = parse::<Entity<'a>>(text)?;
                fields::check_id(&record.id, "id", faults);
                self.edges.extend(Edge::new(
                    "lies within",
                    &record.id,
                    record.within,
                    entry,
                    "within",
                ));
                self.declare(RecordKind::Entity, &record.id, entry);
            }
            RecordKind::Claim => {
                let record = parse::<Claim<'a>>(text)?;
                fields::claim(&record, faults);
                self.names.events.extend(record.event.map(|event| event.0));
                if let Some(group) = record.alt {
                    self.names.alternatives.insert(record.id.0.clone(), group.0);
                }
                self.declare(RecordKind::Claim, &record.id, entry);
            }
            _ => self.read_fields_about_claims(entry, faults)?,
        }
        Ok(())
    }

    fn read_fields_about_claims(
        &mut self,
        entry: usize,
        faults: &mut Vec<Fault>,
    ) -> serde_json::Result<()> {
        let text = self.text(entry);
        match self.entries[entry].kind {
            RecordKind::Link => {
                let record = parse::<Link<'a>>(text)?;
                fields::link(&record, faults);
                self.edges.extend(Edge::of_link(record, entry));
                self.declare_plain(entry);
            }
            RecordKind::Grade => {
                fields::grade(&parse::<Grade<'a>>(text)?, faults);
                self.declare_plain(entry);
            }
            RecordKind::Retract => {
                let record = parse::<Retract<'a>>(text)?;
                fields::retract(&record, faults);
                self.edges.extend(Edge::of_retract(record, entry));
                self.declare_plain(entry);
            }
            RecordKind::Reading => {
                let record = parse::<Reading<'a>>(text)?;
                fields::reading(&record, faults);
                self.declare(RecordKind::Reading, &record.id, entry);
            }
            RecordKind::Policy => {
                let record = parse::<Policy<'a>>(text)?;
                fields::policy(&record, faults);
                let units = record.value.0.iter().map(|unit| unit.to_string());
                match &*record.key {
                    "fractional_unit" => self.names.fractional_units.extend(units),
                    "measured_unit" => self.names.measured_units.extend(units),
                    _ => {}
                }
                self.declare(RecordKind::Policy, &record.key, entry);
            }
            RecordKind::Hence
            | RecordKind::Document
            | RecordKind::Source
            | RecordKind::Entity
            | RecordKind::Claim => {}
        }
        Ok(())
    }

    /// Notes the id of a record; a second record with the id is a repeat or an error.
    fn declare(&mut self, kind: RecordKind, id: &Text<'a>, entry: usize) {
        let ids = match kind {
            RecordKind::Policy => &mut self.names.policies,
            _ => self.names.with_id(kind).expect("records of this type have an id"),
        };
        let first = *ids.entry(id.0.clone()).or_insert(entry);
        if first != entry {
            self.repeated(kind, id, first, entry);
        }
    }

    /// The policies that are kept, by key.
    pub(crate) fn policies(&self) -> Vec<Given> {
        let kept = |&(_, &entry): &(_, &usize)| self.entries[entry].state == State::Kept;
        let given = self.names.policies.iter().filter(kept);
        let mut given: Vec<Given> = given
            .map(|(key, &entry)| Given {
                key: key.clone().into_owned(),
                span: self.place(entry, "key"),
            })
            .collect();
        given.sort_by(|a, b| a.key.cmp(&b.key));
        given
    }

    /// Notes a record that has no id; the same line again is a repeat.
    fn declare_plain(&mut self, entry: usize) {
        if !self.plain_seen.insert(self.text(entry)) {
            self.entries[entry].state = State::Repeat;
            let place = self.place(entry, "type");
            self.diagnostics.push(
                Diagnostic::new(Code::L0401, "the same record again, it counts once")
                    .label(place, "given before"),
            );
        }
    }

    fn repeated(&mut self, kind: RecordKind, id: &str, first: usize, again: usize) {
        let key = if kind == RecordKind::Policy { "key" } else { "id" };
        let places = (self.place(first, key), self.place(again, key));
        let what = format!("{} {key} `{id}`", kind.word());
        let differing = self.differing(first, again);
        let Some(path) = differing.first() else {
            self.entries[again].state = State::Repeat;
            self.diagnostics.push(
                Diagnostic::new(Code::L0401, format!("{what} is given twice, it counts once"))
                    .label(places.1, "given again, with the same contents")
                    .label(places.0, "first given here"),
            );
            return;
        };
        let code = if kind == RecordKind::Claim { Code::H0401 } else { Code::H0423 };
        let mut diagnostic =
            Diagnostic::new(code, format!("{what} is given twice, with different contents"))
                .label(places.1, "given again")
                .label(places.0, "first given here")
                .note("an exact repeat would only be a warning (L0401)");
        let value = self.place(again, path);
        let line = self.entries[again].span(self.files);
        let differs = format!("differs in {}", differing.join(", "));
        if value == line {
            diagnostic = diagnostic.note(format!("it {differs}"));
        } else {
            diagnostic = diagnostic.label(value, differs);
        }
        if kind == RecordKind::Claim {
            diagnostic = diagnostic.help(
                "if the second corrects the first, give it an id of its own and a link supersedes",
            );
        }
        self.refuse(again, diagnostic);
        // Which of the two would be kept must not depend on their order.
        self.refuse_with(first, code);
    }

    /// Names of the fields in which two records differ, in the order of the second.
    fn differing(&self, first: usize, again: usize) -> Vec<String> {
        type Object = serde_json::Map<String, serde_json::Value>;
        let parse = |entry| serde_json::from_str::<Object>(self.text(entry)).unwrap_or_default();
        let (first, again) = (parse(first), parse(again));
        let changed = again.iter().filter(|(key, value)| first.get(*key) != Some(*value));
        let removed = first.keys().filter(|key| !again.contains_key(*key));
        changed.map(|(key, _)| key).chain(removed).cloned().collect()
    }

    /// Warns of unknown fields, once for each name; returns the types of records that have any.
    pub(crate) fn report_unknown(&mut self) -> Vec<RecordKind> {
        let mut unknown: Vec<_> = self.unknown.drain().collect();
        unknown.sort_by_key(|(_, unknown)| unknown.first);
        let kinds = unknown.iter().map(|((kind, _), _)| *kind).collect();
        for ((kind, path), unknown) in unknown {
            let message = format!("unknown field `{}` of a {}", visible(&path), kind.word());
            let about = if kind == RecordKind::Document { "document_about" } else { "attr" };
            let mut diagnostic = Diagnostic::new(Code::L0405, message)
                .label(unknown.first, format!("kept as a row of `{about}`"));
            if unknown.count > 1 {
                diagnostic = diagnostic.note(format!("{} records have it", unknown.count));
            }
            if let Some(near) = unknown.near {
                let title = "a field with a similar name exists";
                diagnostic = diagnostic.fix(title, unknown.first, format!("\"{near}\""));
            }
            self.diagnostics.push(diagnostic);
        }
        kinds
    }
}

/// A record that a line holds.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}
