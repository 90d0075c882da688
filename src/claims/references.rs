//! The second pass: what records say of each other. Every name leads to a record, quotes stand in
//! their documents, times fit the document's date.

use std::borrow::Cow;
use std::fmt;

use crate::base::hash::Map;
use crate::base::nearest::nearest;
use crate::claims::cell::{Term, Text};
use crate::claims::check::{Check, Ids, Names, parse};
use crate::claims::date::{self, Days, iso};
use crate::claims::documents::Documents;
use crate::claims::fields::{Fault, in_range, is_id, whole};
use crate::claims::lines::{Entry, RecordKind, State};
use crate::claims::load::{BadRecords, NameKind};
use crate::claims::policies::Approximate;
use crate::claims::record::{
    Claim, Document, Entity, Grade, Link, Modality, Reading, Retract, Source,
};
use crate::claims::search::visible;
use crate::engine::limits::Stop;
use crate::text::codes::Code;

/// Comparisons of names that one run spends on suggestions.
const COMPARISONS_MAX: usize = 3_000_000;

/// Names that no record gives.
#[derive(Default)]
pub(crate) struct Undeclared<'a> {
    names: Map<(NameKind, Cow<'a, str>), Use>,
}

struct Use {
    entry: usize,
    path: String,
    count: usize,
}

impl<'a> Undeclared<'a> {
    fn note(&mut self, kind: NameKind, name: &Text<'a>, entry: usize, path: fmt::Arguments<'_>) {
        let used = self.names.entry((kind, name.0.clone())).or_insert_with(|| Use {
            entry,
            path: path.to_string(),
            count: 0,
        });
        used.count += 1;
    }
}

/// How many comparisons are left, and what was found.
pub(crate) struct Suggestions<'a> {
    left: usize,
    known: Map<(RecordKind, Cow<'a, str>), Option<String>>,
}

impl<'a> Check<'a> {
    /// Checks every record against the others; returns the names that no record gives.
    pub(crate) fn references(
        &mut self,
        documents: &mut Documents<'a>,
    ) -> Result<Undeclared<'a>, Stop> {
        let mut undeclared = Undeclared::default();
        for entry in 0..self.entries.len() {
            self.go_on(entry)?;
            if self.entries[entry].state == State::Repeat {
                continue;
            }
            if let Some(claim) = self.names_in(entry, &mut undeclared) {
                self.ground(entry, &claim, documents);
                self.claim_times(entry, &claim);
                self.claim_amount(entry, &claim);
                self.compare_figures(entry, &claim);
            }
        }
        self.report_missing(documents);
        Ok(undeclared)
    }

    /// The names that no record gives and a record uses, without the records that were dropped.
    pub(crate) fn undeclared_in_kept(&mut self) -> Result<Undeclared<'a>, Stop> {
        let mut undeclared = Undeclared::default();
        let Names { documents, sources, entities, claims, .. } = &mut self.names;
        for ids in [documents, sources, entities, claims] {
            ids.retain(|_, entry| self.entries[*entry].state == State::Kept);
        }
        self.names.events.clear();
        for entry in 0..self.entries.len() {
            self.go_on(entry)?;
            let Entry { kind, state, .. } = self.entries[entry];
            if (kind, state) == (RecordKind::Claim, State::Kept)
                && let Ok(claim) = parse::<Claim<'a>>(self.text(entry))
            {
                self.names.events.extend(claim.event.map(|event| event.0));
            }
        }
        for entry in 0..self.entries.len() {
            self.go_on(entry)?;
            if self.entries[entry].state == State::Kept {
                self.names_in(entry, &mut undeclared);
            }
        }
        Ok(undeclared)
    }

    /// Checks the names in a record, and returns it if it is a claim.
    fn names_in(&mut self, entry: usize, undeclared: &mut Undeclared<'a>) -> Option<Claim<'a>> {
        let text = self.text(entry);
        match self.entries[entry].kind {
            RecordKind::Document => {
                let record = parse::<Document<'a>>(text).ok()?;
                self.document_names(entry, &record, undeclared);
            }
            RecordKind::Source => {
                let record = parse::<Source<'a>>(text).ok()?;
                self.source_name(entry, record.parent.as_ref(), "parent", undeclared);
                self.entity_name(entry, record.party.as_ref(), "party", undeclared);
            }
            RecordKind::Entity => {
                let record = parse::<Entity<'a>>(text).ok()?;
                self.entity_name(entry, record.within.as_ref(), "within", undeclared);
            }
            RecordKind::Claim => {
                let record = parse::<Claim<'a>>(text).ok()?;
                self.claim_names(entry, &record, undeclared);
                return Some(record);
            }
            _ => self.names_of_claims(entry, undeclared),
        }
        None
    }

    fn document_names(
        &mut self,
        entry: usize,
        record: &Document<'a>,
        undeclared: &mut Undeclared<'a>,
    ) {
        self.source_name(entry, record.via.as_ref(), "via", undeclared);
        self.source_name(entry, record.publisher.as_ref(), "publisher", undeclared);
        if let Some(original) = &record.copies_of {
            self.document_name(entry, original, "copies_of");
        }
    }

    fn source_name(
        &self,
        entry: usize,
        name: Option<&Text<'a>>,
        path: &str,
        undeclared: &mut Undeclared<'a>,
    ) {
        if let Some(name) = name.filter(|name| !self.names.sources.contains_key(&name.0)) {
            undeclared.note(NameKind::Source, name, entry, format_args!("{path}"));
        }
    }

    fn entity_name(
        &self,
        entry: usize,
        name: Option<&Text<'a>>,
        path: &str,
        undeclared: &mut Undeclared<'a>,
    ) {
        if let Some(name) = name.filter(|name| !self.names.entities.contains_key(&name.0)) {
            undeclared.note(NameKind::Entity, name, entry, format_args!("{path}"));
        }
    }

    fn document_name(&mut self, entry: usize, name: &Text<'a>, path: &str) {
        if !self.names.documents.contains_key(&name.0) {
            let message = format!("unknown document `{}`", visible(name));
            let fault = Fault::new(Code::H0404, path, message);
            self.unknown_name(entry, fault, RecordKind::Document, name);
        }
    }

    fn claim_name(&mut self, entry: usize, name: &Text<'a>, path: fmt::Arguments<'_>) {
        if !self.names.claims.contains_key(&name.0) {
            let message = format!("unknown claim `{}`", visible(name));
            let fault = Fault::new(Code::H0417, path.to_string(), message);
            self.unknown_name(entry, fault, RecordKind::Claim, name);
        }
    }

    /// Refuses a record for a name that no record of `kind` gives, with the nearest one.
    fn unknown_name(&mut self, entry: usize, fault: Fault, kind: RecordKind, name: &Text<'a>) {
        let place = self.place(entry, &fault.path);
        let label = format!("no {} record gives it", kind.word());
        let mut diagnostic = self.diagnostic(entry, fault.label(label));
        if let Some(near) = self.suggestions.of(kind, name, self.names.of(kind)) {
            let title = format!("a {} with a similar id exists", kind.word());
            diagnostic = diagnostic.fix(title, place, format!("\"{near}\""));
        }
        self.refuse(entry, diagnostic);
    }

    fn claim_names(&mut self, entry: usize, claim: &Claim<'a>, undeclared: &mut Undeclared<'a>) {
        self.document_name(entry, &claim.doc, "doc");
        for (i, step) in claim.chain.iter().enumerate() {
            for (field, name) in [("who", Some(&step.who)), ("via", step.via.as_ref())] {
                if let Some(name) = name.filter(|n| !self.names.sources.contains_key(&n.0)) {
                    let path = format_args!("chain.{i}.{field}");
                    undeclared.note(NameKind::Source, name, entry, path);
                }
            }
        }
        for (path, term) in [("subject", &claim.subject), ("object", &claim.object)] {
            if let Term::Text(name) = term
                && is_id(name)
                && !self.is_known(name)
            {
                undeclared.note(NameKind::Entity, name, entry, format_args!("{path}"));
            }
        }
        self.entity_name(entry, claim.place.as_ref(), "place", undeclared);
        if let Some(condition) = claim.r#if.as_ref().filter(|text| is_id(text)) {
            self.claim_name(entry, condition, format_args!("if"));
        }
    }

    /// Whether anything has this name.
    fn is_known(&self, name: &str) -> bool {
        let names = &self.names;
        names.entities.contains_key(name)
            || names.events.contains(name)
            || names.claims.contains_key(name)
            || names.sources.contains_key(name)
            || names.documents.contains_key(name)
    }

    /// Warns of what was seen or said after the document's date.
    fn claim_times(&mut self, entry: usize, claim: &Claim<'_>) {
        let Some(&Days { until: Some(last), .. }) = self.names.dates.get(&claim.doc.0) else {
            return;
        };
        let from = |text: &Option<Text<'_>>| date::parse(text.as_deref()?).ok()?.from;
        let happened =
            matches!(claim.modality, Modality::Observed | Modality::Documented | Modality::Stated);
        let of_document = format!("the document is of {} at the latest", iso(last));
        if let Some(day) = from(&claim.when).filter(|&day| happened && day > last) {
            let word = claim.modality.word();
            let message = format!("claim {} is {word} of a time after its document", &*claim.id);
            let label = format!("begins {}", iso(day));
            let fault = Fault::new(Code::L0406, "when", message).label(label);
            self.warn(entry, fault.note(of_document.clone()));
        }
        if let Some(day) = from(&claim.said).filter(|&day| day > last) {
            let message = format!("claim {} was said after its document", &*claim.id);
            let label = format!("begins {}", iso(day));
            self.warn(
                entry,
                Fault::new(Code::L0407, "said", message).label(label).note(of_document),
            );
        }
    }

    fn claim_amount(&mut self, entry: usize, claim: &Claim<'_>) {
        let Some(amount) = &claim.amount else { return };
        if amount.approx == Some(true) && (amount.lo.is_some() || amount.hi.is_some()) {
            let first = || self.place(entry, "amount.approx");
            let claims = self.approximate.map_or(0, |approximate| approximate.claims) + 1;
            let first = self.approximate.map_or_else(first, |approximate| approximate.first);
            self.approximate = Some(Approximate { first, claims });
        }
        self.units.entry(amount.unit.to_string()).or_insert(entry);
        let is_fractional = self.names.fractional_units.contains(&*amount.unit);
        let is_counted = !is_fractional && !self.names.measured_units.contains(&*amount.unit);
        if claim.event.is_none() && is_counted && claim.modality != Modality::Background {
            let message = format!("claim {} has an amount and no event", &*claim.id);
            let fault = Fault::new(Code::L0408, "amount", message)
                .label("may be counted twice in a total")
                .help("name its event in `event`, or its unit in the policy measured_unit");
            self.warn(entry, fault);
        }
        if is_fractional {
            return;
        }
        for (path, bound) in [("amount.lo", &amount.lo), ("amount.hi", &amount.hi)] {
            if let Some(n) = bound.as_ref().filter(|n| whole(n).is_none() && in_range(n)) {
                let message = format!("{n} of `{}`, which is counted whole", &*amount.unit);
                let help = format!(
                    "if it has fractions, say so: {{\"type\": \"policy\", \
                     \"key\": \"fractional_unit\", \"value\": [\"{}\"]}}",
                    &*amount.unit
                );
                let fault = Fault::new(Code::H0426, path, message).label("a fraction").help(help);
                self.fault(entry, fault);
            }
        }
    }

    /// Warns of units that are one in the singular and in the plural: their figures never meet.
    pub(crate) fn warn_of_plurals(&mut self) {
        let mut pairs = Vec::new();
        // Short ones are signs, as m and ms.
        for unit in self.units.keys().filter(|unit| unit.len() > 2) {
            for plural in [format!("{unit}s"), format!("{unit}es")] {
                pairs.extend(self.units.get(&plural).map(|&entry| (unit.clone(), plural, entry)));
            }
        }
        for (unit, plural, entry) in pairs {
            let message = format!("`{}` and `{}` are two units", visible(&unit), visible(&plural));
            let fault = Fault::new(Code::L0416, "amount.unit", message)
                .label(format!("never added to `{}`, nor compared with it", visible(&unit)))
                .help("write a unit in one way, in the singular");
            self.warn(entry, fault);
        }
    }

    /// Links, grades, retractions and readings.
    fn names_of_claims(&mut self, entry: usize, undeclared: &mut Undeclared<'a>) {
        let text = self.text(entry);
        match self.entries[entry].kind {
            RecordKind::Link => {
                let Ok(record) = parse::<Link<'a>>(text) else { return };
                self.claim_name(entry, &record.from, format_args!("from"));
                self.claim_name(entry, &record.to, format_args!("to"));
            }
            RecordKind::Grade => {
                let Ok(record) = parse::<Grade<'a>>(text) else { return };
                self.source_name(entry, record.source.as_ref(), "source", undeclared);
                if let Some(claim) = &record.claim {
                    self.claim_name(entry, claim, format_args!("claim"));
                }
            }
            RecordKind::Retract => {
                let Ok(record) = parse::<Retract<'a>>(text) else { return };
                self.claim_name(entry, &record.claim, format_args!("claim"));
                if let Some(by) = &record.replaced_by {
                    self.claim_name(entry, by, format_args!("replaced_by"));
                }
            }
            RecordKind::Reading => {
                let Ok(record) = parse::<Reading<'a>>(text) else { return };
                for (i, claim) in record.uses.iter().enumerate() {
                    self.claim_name(entry, claim, format_args!("uses.{i}"));
                }
                self.rival_readings(entry, &record);
            }
            _ => {}
        }
    }

    /// Warns of a reading that uses two claims of one group.
    fn rival_readings(&mut self, entry: usize, reading: &Reading<'_>) {
        let mut groups: Map<String, String> = Map::default();
        for (i, claim) in reading.uses.iter().enumerate() {
            let Some(group) = self.names.alternatives.get(&claim.0) else { continue };
            let group = group.to_string();
            let earlier = groups.entry(group.clone()).or_insert_with(|| claim.to_string());
            if **earlier == **claim {
                continue;
            }
            let message = format!(
                "reading {} uses {earlier} and {}, rival readings of one passage",
                &*reading.id, &**claim
            );
            let fault = Fault::new(Code::L0410, format!("uses.{i}"), message)
                .label(format!("in group `{group}`, as {earlier}"))
                .help("keep the one that counts");
            self.warn(entry, fault);
        }
    }

    /// Reports names that no record gives: an error, or in a lenient run a declaration. Returns
    /// those that are so declared.
    pub(crate) fn report_undeclared(
        &mut self,
        undeclared: Undeclared<'a>,
    ) -> Vec<(NameKind, String)> {
        let mut names: Vec<_> = undeclared.names.into_iter().collect();
        names.sort_by(|(a, _), (b, _)| a.cmp(b));
        let lenient = self.options.bad_records == BadRecords::Drop;
        let mut declared = Vec::new();
        for ((kind, name), used) in names {
            let (word, record) = match kind {
                NameKind::Source => ("source", RecordKind::Source),
                NameKind::Entity => ("entity", RecordKind::Entity),
            };
            let (code, label) = match kind {
                _ if lenient => {
                    (Code::L0409, format!("declared by its use, {} in all", times(used.count)))
                }
                NameKind::Source => (Code::H0415, "no source record gives it".to_owned()),
                NameKind::Entity => (Code::H0416, "no entity record gives it".to_owned()),
            };
            let place = self.place(used.entry, &used.path);
            let is_term = matches!(&*used.path, "subject" | "object");
            let message = format!("undeclared {word} `{}`", visible(&name));
            let fault = Fault::new(code, used.path, message).label(label);
            let mut diagnostic = self.diagnostic(used.entry, fault);
            if used.count > 1 && !lenient {
                diagnostic = diagnostic.note(format!("it is used {}", times(used.count)));
            }
            if let Some(near) =
                self.suggestions.of(record, &Text(name.clone()), self.names.of(record))
            {
                let title = format!("the {word} `{near}` has a similar id");
                diagnostic = diagnostic.fix(title, place, format!("\"{near}\""));
            } else if is_term && !lenient {
                diagnostic = diagnostic
                    .help(format!("write {{\"literal\": \"{name}\"}} if it names nothing"));
            }
            if !lenient {
                let id = serde_json::Value::from(&*name);
                let record = format!("{{\"type\": \"{word}\", \"id\": {id}}}");
                diagnostic = diagnostic.help(format!("give it a record of its own: {record}"));
            }
            self.diagnostics.push(diagnostic);
            if lenient {
                declared.push((kind, name.into_owned()));
            }
        }
        declared
    }
}

impl<'a> Names<'a> {
    /// Ids of a type of record.
    fn of(&self, kind: RecordKind) -> &Ids<'a> {
        match kind {
            RecordKind::Document => &self.documents,
            RecordKind::Source => &self.sources,
            RecordKind::Entity => &self.entities,
            _ => &self.claims,
        }
    }
}

impl Default for Suggestions<'_> {
    fn default() -> Self {
        Self { left: COMPARISONS_MAX, known: Map::default() }
    }
}

impl<'a> Suggestions<'a> {
    /// The nearest id, as long as there are comparisons left.
    fn of(&mut self, kind: RecordKind, name: &Text<'a>, ids: &Ids<'a>) -> Option<String> {
        if let Some(known) = self.known.get(&(kind, name.0.clone())) {
            return known.clone();
        }
        self.left = self.left.checked_sub(ids.len())?;
        let mut known: Vec<&str> = ids.keys().map(|id| &**id).collect();
        known.sort_unstable();
        let found = nearest(name, known).first().map(|&near| near.to_owned());
        self.known.insert((kind, name.0.clone()), found.clone());
        found
    }
}

/// `once`, `3 times`.
fn times(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}
