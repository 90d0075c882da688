//! What a lenient run drops beside the records with errors: the records that name them. A reading
//! without one of its claims would be a smaller number in silence, so the whole reading goes; a
//! claim drawn from others that are all gone would count as a voice of its own, so it goes too; and a
//! claim that judges one that is gone, since it would count as evidence without the link that says so.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::base::hash::Map;
use crate::claims::cell::Term;
use crate::claims::check::{Check, parse};
use crate::claims::fields::Fault;
use crate::claims::lines::{RecordKind, State};
use crate::claims::load::BadRecords;
use crate::claims::record::{Claim, Document, Grade, Link, Reading, Retract, is_basis, is_comment};
use crate::engine::limits::Stop;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

impl<'a> Check<'a> {
    /// Drops every record that names a dropped claim or document.
    pub(crate) fn drop_dependents(&mut self) -> Result<(), Stop> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let mut dependents: Map<usize, Vec<(usize, String)>> = Map::default();
        for entry in 0..self.entries.len() {
            self.go_on(entry)?;
            if self.entries[entry].state == State::Kept {
                for (path, target) in self.targets(entry) {
                    dependents.entry(target).or_default().push((entry, path));
                }
            }
        }
        let drawn = self.drawn();
        let mut next = 0;
        loop {
            let Some(&(dropped, _)) = self.refused.get(next) else {
                if self.drop_without_basis(&drawn) || self.drop_comments() {
                    continue;
                }
                return Ok(());
            };
            next += 1;
            for (entry, path) in dependents.remove(&dropped).unwrap_or_default() {
                if self.entries[entry].state == State::Kept {
                    let (code, what) = match self.entries[dropped].kind {
                        RecordKind::Document => (Code::H0404, "document"),
                        _ => (Code::H0417, "claim"),
                    };
                    let message = format!("dropped with the {what} it names");
                    self.fault(entry, Fault::new(code, path, message).label("dropped"));
                }
            }
        }
    }

    /// Claims that are drawn from others, each with the links that say so, dropped ones included.
    fn drawn(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut drawn: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (entry, about) in self.entries.iter().enumerate() {
            if about.kind == RecordKind::Link
                && let Ok(record) = parse::<Link<'a>>(self.text(entry))
                && is_basis(&record.rel)
                && let Some(&claim) = self.names.claims.get(&record.from.0)
            {
                drawn.entry(claim).or_default().push(entry);
            }
        }
        drawn
    }

    /// Drops the claims whose bases are all gone; false if there are none.
    fn drop_without_basis(&mut self, drawn: &BTreeMap<usize, Vec<usize>>) -> bool {
        let is_kept = |entry: &usize| self.entries[*entry].state == State::Kept;
        let lost =
            |(claim, links): &(&usize, &Vec<usize>)| is_kept(claim) && !links.iter().any(is_kept);
        let lost: Vec<usize> = drawn.iter().filter(lost).map(|(claim, _)| *claim).collect();
        for &claim in &lost {
            let message = "dropped: it is drawn from claims, and all of them are gone";
            let fault = Fault::new(Code::H0417, "id".to_owned(), message.to_owned());
            self.fault(claim, fault.label("would count by itself"));
        }
        !lost.is_empty()
    }

    /// Drops the claims that judge another one by a link that is dropped: without it they would count
    /// as evidence. False if there are none.
    fn drop_comments(&mut self) -> bool {
        let is_kept = |entry: &usize| self.entries[*entry].state == State::Kept;
        let mut lost: Vec<usize> = Vec::new();
        for entry in 0..self.entries.len() {
            if self.entries[entry].kind == RecordKind::Link
                && !is_kept(&entry)
                && let Ok(record) = parse::<Link<'a>>(self.text(entry))
                && is_comment(&record.rel)
                && let Some(&claim) = self.names.claims.get(&record.from.0)
                && is_kept(&claim)
                && !lost.contains(&claim)
            {
                lost.push(claim);
            }
        }
        for &claim in &lost {
            let message = "dropped: it judges another claim, by a link that is dropped";
            let fault = Fault::new(Code::H0417, "id".to_owned(), message.to_owned());
            self.fault(claim, fault.label("would count as evidence"));
        }
        !lost.is_empty()
    }

    /// Says how many records a lenient run has dropped.
    pub(crate) fn report_dropped(&mut self) {
        if self.options.bad_records == BadRecords::Stop || self.refused.is_empty() {
            return;
        }
        let is_claim = |entry: usize| self.entries[entry].kind == RecordKind::Claim;
        let dropped = self.refused.iter().filter(|(entry, _)| is_claim(*entry)).count();
        let claims = (0..self.entries.len()).filter(|&entry| is_claim(entry)).count();
        let (refused, records) = (self.refused.len(), self.entries.len());
        let message = format!(
            "{refused} of {records} records rejected, among them {dropped} of {claims} claims"
        );
        self.diagnostics.push(Diagnostic::new(Code::L0412, message));
    }

    /// Records that a record cannot be without, with the fields that name them.
    fn targets(&self, entry: usize) -> Vec<(String, usize)> {
        let text = self.text(entry);
        let mut targets = Vec::new();
        let mut claim = |path: String, name: &Cow<'a, str>| {
            targets.extend(self.names.claims.get(name).map(|&target| (path, target)));
        };
        match self.entries[entry].kind {
            RecordKind::Document => {
                let Ok(record) = parse::<Document<'a>>(text) else { return targets };
                let original = record.copies_of.and_then(|d| self.names.documents.get(&d.0));
                targets.extend(original.map(|&target| ("copies_of".to_owned(), target)));
            }
            RecordKind::Claim => {
                let Ok(record) = parse::<Claim<'a>>(text) else { return targets };
                for (path, term) in [("subject", &record.subject), ("object", &record.object)] {
                    if let Term::Text(name) = term
                        && !self.names.entities.contains_key(&name.0)
                    {
                        claim(path.to_owned(), &name.0);
                    }
                }
                if let Some(name) = record.r#if {
                    claim("if".to_owned(), &name.0);
                }
                let document = self.names.documents.get(&record.doc.0);
                targets.extend(document.map(|&target| ("doc".to_owned(), target)));
            }
            RecordKind::Link => {
                let Ok(record) = parse::<Link<'a>>(text) else { return targets };
                claim("from".to_owned(), &record.from.0);
                claim("to".to_owned(), &record.to.0);
            }
            RecordKind::Grade => {
                let Ok(record) = parse::<Grade<'a>>(text) else { return targets };
                if let Some(name) = record.claim {
                    claim("claim".to_owned(), &name.0);
                }
            }
            RecordKind::Retract => {
                let Ok(record) = parse::<Retract<'a>>(text) else { return targets };
                claim("claim".to_owned(), &record.claim.0);
                if let Some(name) = record.replaced_by {
                    claim("replaced_by".to_owned(), &name.0);
                }
            }
            RecordKind::Reading => {
                let Ok(record) = parse::<Reading<'a>>(text) else { return targets };
                for (i, name) in record.uses.iter().enumerate() {
                    claim(format!("uses.{i}"), &name.0);
                }
            }
            _ => {}
        }
        targets
    }
}
