//! What can be said of a record without looking at any other: ids, dates, bounds, spans, chains.

use std::ops::Range;

use serde_json::Number;

use crate::claims::date::{self, Days};
use crate::claims::record::{
    Amount, Claim, Document, Grade, Header, Link, Modality, Policy, Reading, Retract,
};
use crate::claims::search::visible;
use crate::text::codes::Code;

/// Something wrong with a field. Its place is found when the message is made.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    /// The field, as `chain.1.who`.
    pub(crate) path: String,
    /// Bytes of the field's text that are meant, if not all.
    pub(crate) part: Option<Range<usize>>,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) notes: Vec<String>,
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            path: path.into(),
            part: None,
            message: message.into(),
            label: String::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Whether `text` has the form of an id.
pub(crate) fn is_id(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(letter)
}

/// Dates in a message, by example.
const ACCEPTED: &str = "accepted: 2025, 2025-06, 2025-06-30, 2025-06-01/2025-06-10 (a period), \
                        2025-06/.., 2025~, 202X, 2025-21 (spring)";

pub(crate) fn check_id(text: &str, path: &str, faults: &mut Vec<Fault>) {
    if !is_id(text) {
        let letter = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
        let label = match text.chars().find(|c| !letter(c)) {
            Some(c) => format!("`{}` is not allowed in an id", c.escape_debug()),
            None => format!("{} characters", text.len()),
        };
        faults.push(
            Fault::new(Code::H0422, path, format!("`{}` is not an id", visible(text)))
                .label(label)
                .note("an id has 1 to 64 letters, digits or _ . : -"),
        );
    }
}

/// The days of a date field; wrong dates become faults.
pub(crate) fn check_date(text: Option<&str>, path: &str, faults: &mut Vec<Fault>) -> Days {
    match text.map(date::parse) {
        None => Days::default(),
        Some(Ok(days)) => days,
        Some(Err(error)) => {
            let mut fault = Fault::new(Code::H0303, path, visible(&error.message))
                .label(error.label)
                .note(ACCEPTED);
            // A day that no month has is a slip, or was never known.
            let days = text.unwrap_or_default().get(error.at.clone()).filter(|day| day.len() == 10);
            if let Some(month) = days.and_then(|day| day.get(..7)) {
                fault = fault.help(format!(
                    "if only the month is known write {month}: it stands for all days of it"
                ));
            }
            fault.part = Some(error.at);
            faults.push(fault);
            Days::default()
        }
    }
}

pub(crate) fn header(header: &Header<'_>, faults: &mut Vec<Fault>) {
    if &*header.format != "claims" {
        let message = format!("a file of format `{}`", visible(&header.format));
        faults.push(Fault::new(Code::H0424, "format", message).label("this is read: claims"));
    } else if header.version != 1 {
        let message = format!("version {} of the claims format", header.version);
        faults.push(Fault::new(Code::H0424, "version", message).label("this is read: 1"));
    }
}

pub(crate) fn document(document: &Document<'_>, faults: &mut Vec<Fault>) -> Days {
    check_id(&document.id, "id", faults);
    if document.path.is_some() && document.text.is_some() {
        let message = "a document has its text in `path` or in `text`, not in both";
        faults.push(Fault::new(Code::H0405, "text", message).label("`path` is given too"));
    }
    if let Some(hash) = &document.sha256
        && (hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        let message = "`sha256` takes 64 hexadecimal digits";
        let label = format!("{} characters", hash.chars().count());
        faults.push(Fault::new(Code::H0425, "sha256", message).label(label));
    }
    check_date(document.date.as_deref(), "date", faults)
}

pub(crate) fn claim(claim: &Claim<'_>, faults: &mut Vec<Fault>) {
    check_id(&claim.id, "id", faults);
    check_id(&claim.predicate, "predicate", faults);
    for (path, id) in [("event", &claim.event), ("alt", &claim.alt)] {
        if let Some(id) = id {
            check_id(id, path, faults);
        }
    }
    check_span(claim, faults);
    check_chain(claim, faults);
    if let Some(amount) = &claim.amount {
        check_amount(amount, faults);
    }
    check_date(claim.when.as_deref(), "when", faults);
    check_date(claim.said.as_deref(), "said", faults);
    if claim.modality == Modality::Conditional && claim.r#if.is_none() {
        faults.push(
            Fault::new(Code::H0414, "modality", "a conditional claim names its condition in `if`")
                .label("`if` is missing")
                .help("add `if`: the id of the claim on which it depends, or words"),
        );
    }
    let confidence = claim.extractor.as_ref().and_then(|extractor| extractor.confidence.as_ref());
    if let Some(confidence) = confidence.and_then(Number::as_f64)
        && !(0.0..=1.0).contains(&confidence)
    {
        let message = "`extractor.confidence` lies between 0 and 1";
        faults.push(Fault::new(Code::H0409, "extractor.confidence", message));
    }
}

fn check_span(claim: &Claim<'_>, faults: &mut Vec<Fault>) {
    match (&claim.quote, claim.span) {
        (None, Some(_)) => faults.push(
            Fault::new(Code::H0406, "span", "field `quote` is missing")
                .label("a span without the words that stand there"),
        ),
        (Some(quote), _) if quote.is_empty() => {
            faults.push(Fault::new(Code::H0402, "quote", "the quote is empty"));
        }
        _ => {}
    }
    if let Some([start, end]) = claim.span
        && (start < 0 || end <= start)
    {
        let label = match () {
            () if start < 0 => "code points count from 0",
            () if start == end => "is empty",
            () => "ends before it begins",
        };
        faults.push(
            Fault::new(Code::H0403, "span", format!("{start}..{end} is not a span"))
                .label(label)
                .note("a span is [start, end) in code points: 0 <= start < end"),
        );
    }
}

fn check_chain(claim: &Claim<'_>, faults: &mut Vec<Fault>) {
    if claim.chain.is_empty() {
        let message = "a chain names one speaker at least";
        faults.push(Fault::new(Code::H0408, "chain", message).label("nobody said it"));
    }
    for (i, step) in claim.chain.iter().enumerate() {
        if claim.chain[..i].iter().any(|earlier| *earlier.who == *step.who) {
            let message = format!("`{}` stands twice in the chain", visible(&step.who));
            let path = format!("chain.{i}.who");
            faults.push(Fault::new(Code::H0408, path, message).label("again"));
        }
        check_date(step.date.as_deref(), &format!("chain.{i}.date"), faults);
    }
}

fn check_amount(amount: &Amount<'_>, faults: &mut Vec<Fault>) {
    if amount.unit.is_empty() {
        let message = "an amount names its unit";
        faults.push(Fault::new(Code::H0410, "amount.unit", message).label("empty"));
    }
    match (&amount.lo, &amount.hi) {
        (None, None) => faults.push(
            Fault::new(Code::H0409, "amount", "an amount has one bound at least")
                .label("neither `lo` nor `hi`"),
        ),
        // A bound that does not fit is said below, and is no bound of anything.
        (Some(lo), Some(hi)) if fits(lo) && fits(hi) && above(lo, hi) => faults.push(
            Fault::new(Code::H0409, "amount.lo", format!("`lo` {lo} is above `hi` {hi}"))
                .label(format!("above {hi}")),
        ),
        _ => {}
    }
    for (path, bound) in [("amount.lo", &amount.lo), ("amount.hi", &amount.hi)] {
        if let Some(n) = bound
            && !fits(n)
        {
            faults.push(
                Fault::new(Code::H0304, path, "")
                    .label(format!("`number` is {}..{}", i64::MIN, i64::MAX))
                    .help("record it in a larger unit"),
            );
        }
    }
}

fn fits(n: &Number) -> bool {
    n.as_i64().is_some() || in_range(n)
}

/// Whether a fraction lies where whole numbers do.
pub(crate) fn in_range(n: &Number) -> bool {
    n.as_f64().is_some_and(|x| (-9.2e18..=9.2e18).contains(&x))
}

/// Whether `a` is greater than `b`.
pub(crate) fn above(a: &Number, b: &Number) -> bool {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a > b,
        _ => a.as_f64() > b.as_f64(),
    }
}

/// The whole number that `n` is, if it is one.
pub(crate) fn whole(n: &Number) -> Option<i64> {
    let exact = |x: f64| x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    n.as_i64().or_else(|| n.as_f64().filter(|x| exact(*x)).map(|x| x as i64))
}

pub(crate) fn link(link: &Link<'_>, faults: &mut Vec<Fault>) {
    check_id(&link.rel, "rel", faults);
    let known = |by: &str| {
        matches!(by, "text" | "analyst" | "rule")
            || by.strip_prefix("analyst:").is_some_and(|name| !name.is_empty())
    };
    if let Some(by) = &link.by
        && !known(by)
    {
        faults.push(
            Fault::new(Code::H0407, "by", format!("`by` cannot be `{}`", visible(by)))
                .label("not a word of this field")
                .note("it takes text, analyst, analyst:NAME, rule"),
        );
    }
}

pub(crate) fn grade(grade: &Grade<'_>, faults: &mut Vec<Fault>) {
    match (&grade.claim, &grade.source) {
        (None, None) => {
            let message = "field `claim` or `source` is missing";
            faults.push(Fault::new(Code::H0406, "type", message).label("this record needs one"));
        }
        (Some(_), Some(_)) => {
            let message = "a grade is of a claim or of a source, not of both";
            faults.push(Fault::new(Code::H0405, "source", message).label("`claim` is given too"));
        }
        _ => {}
    }
    if grade.reliability.is_none() && grade.credibility.is_none() && grade.confidence.is_none() {
        let message = "field `reliability`, `credibility` or `confidence` is missing";
        faults.push(Fault::new(Code::H0406, "type", message).label("this grade says nothing"));
    }
    if let Some(digit) = grade.credibility.filter(|digit| !(1..=6).contains(digit)) {
        let message = format!("credibility {digit} is not between 1 and 6");
        faults.push(Fault::new(Code::H0409, "credibility", message));
    }
    if let Some([lo, hi]) = &grade.confidence {
        let percent = |n: &Number| n.as_f64().is_some_and(|n| (0.0..=100.0).contains(&n));
        if !percent(lo) || !percent(hi) {
            let message = "a confidence lies between 0 and 100 percent";
            faults.push(Fault::new(Code::H0409, "confidence", message));
        } else if above(lo, hi) {
            let message = format!("the confidence ends at {hi}, below its begin {lo}");
            faults.push(Fault::new(Code::H0409, "confidence", message));
        } else if whole(lo).is_none() || whole(hi).is_none() {
            let message = "a confidence is given in whole percent";
            faults.push(Fault::new(Code::H0426, "confidence", message));
        }
    }
    check_date(grade.date.as_deref(), "date", faults);
}

pub(crate) fn retract(retract: &Retract<'_>, faults: &mut Vec<Fault>) {
    check_date(retract.date.as_deref(), "date", faults);
}

pub(crate) fn reading(reading: &Reading<'_>, faults: &mut Vec<Fault>) {
    check_id(&reading.id, "id", faults);
}

pub(crate) fn policy(policy: &Policy<'_>, faults: &mut Vec<Fault>) {
    check_id(&policy.key, "key", faults);
}
