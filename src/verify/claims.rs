//! The rows that a record of a claims file stands for.

use std::slice::from_ref;

use hashbrown::HashMap;
use jiff::civil::Date;
use serde_json::Value as Json;

use super::value::{Base, Value};

/// A type of records, a relation, and what its columns hold: a field, with points before the names
/// of fields inside and `*` for each of a list; `=` before a word; `|` before what stands in for
/// a field that is not there.
const ROWS: &str = "\
document document id title|= @hash
document label id title
document doc_copy id copies_of
document document_publisher id publisher
document marking id marking
document document_about id =path path
document document_about id =url url
document document_about id =author author
document document_about id =via via
document document_about id =date_basis date_basis
document document_about id =language language
source source id kind|=unknown attribution|=unknown
source label id label
source source_parent id parent
source source_party id party
source grade_reliability id reliability =record
source attr id =interest interest
entity entity id class|=unknown
entity label id label
entity entity_within id within
entity same_entity id same_as*
claim claim id doc subject predicate object
claim claim_modality id modality
claim claim_polarity id polarity|=affirmed
claim claim_hedge id hedges*
claim claim_manner id manner*
claim claim_alt id alt
claim claim_if id if
claim claim_event id event
claim claim_event_by id event_by
claim claim_place id place
claim marking id marking
claim extractor_confidence id extractor.confidence
claim claim_unit id amount.unit
claim claim_per id amount.per
claim attr id =prefix prefix
claim attr id =suffix suffix
claim attr id =when_text when_text
claim attr id =note note
claim attr id =lang lang
claim attr id =extractor.name extractor.name
claim attr id =extractor.version extractor.version
claim attr id =extractor.align extractor.align
claim attr id =amount.text amount.text
link claim_link from rel to
link link_by from rel to by
link attr @name =note note
grade grade_reliability claim|source reliability by|=unknown
grade grade_credibility claim|source credibility by|=unknown
grade confidence_lo claim|source confidence.0
grade confidence_hi claim|source confidence.1
grade attr @name =grade.scale scale
grade attr @name =grade.date date
retract retract claim by|=unknown
retract claim_link replaced_by =supersedes claim
retract link_by replaced_by =supersedes claim by
retract attr @name =retract.date date
retract attr @name =retract.reason reason
reading reading id label|id
reading label id label
reading reading_scope id scope
reading reading_unit id unit
reading uses id uses*
policy policy key value*
policy attr key =note note";

/// Records and what else decides about their rows.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) records: Vec<Option<Json>>,
    /// SHA-256 and texts of documents by id.
    pub(super) hashes: HashMap<String, String>,
    pub(super) texts: HashMap<String, String>,
    pub(super) fractional: Vec<String>,
}

fn field<'j>(record: &'j Json, path: &str) -> Option<&'j Json> {
    let found = record.pointer(&format!("/{}", path.replace('.', "/")));
    found.filter(|json| !json.is_null())
}

/// What a record is called in `attr`.
fn name(record: &Json) -> String {
    let text = |field: &str| record[field].as_str().unwrap_or("");
    match text("type") {
        "link" => format!("{} {} {}", text("from"), text("rel"), text("to")),
        "grade" | "retract" if record["claim"].is_string() => text("claim").to_owned(),
        "grade" => text("source").to_owned(),
        "policy" => text("key").to_owned(),
        _ => text("id").to_owned(),
    }
}

/// First and last day of plain dates and periods of them, from 1970-01-01; nothing of others.
fn days(text: &str) -> Option<(Option<i128>, Option<i128>)> {
    let days = |text: &str| {
        let text = text.strip_suffix(['~', '?', '%']).unwrap_or(text);
        let parts: Vec<i16> =
            text.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let date = |y, m: i16, d: i16| Date::new(y, m.try_into().ok()?, d.try_into().ok()?).ok();
        let (first, last) = match parts[..] {
            [y] if text.len() == 4 => (date(y, 1, 1)?, date(y, 12, 31)?),
            [y, m] if text.len() == 7 => (date(y, m, 1)?, date(y, m, 1)?.last_of_month()),
            [y, m, d] if text.len() == 10 => (date(y, m, d)?, date(y, m, d)?),
            _ => return None,
        };
        let number = |day: Date| Some(i128::from((day - date(1970, 1, 1)?).get_days()));
        Some((number(first)?, number(last)?))
    };
    let end =
        |text: &str| if matches!(text, "" | "..") { Some(None) } else { days(text).map(Some) };
    match text.split_once('/') {
        None => days(text).map(|(first, last)| (Some(first), Some(last))),
        Some((a, b)) => Some((end(a)?.map(|days| days.0), end(b)?.map(|days| days.1))),
    }
}

/// The row of a relation of days, if there is one; nothing if the date is not plain.
fn day(record: &Json, name: &str, key: &str, bases: &[Base]) -> Option<Option<Vec<Value>>> {
    let Some(text) = field(record, key).and_then(Json::as_str) else { return Some(None) };
    let (first, last) = days(text)?;
    let Some(day) = (if name.ends_with("_from") { first } else { last }) else { return Some(None) };
    Some(Some(vec![cell(&record["id"], Base::Symbol)?, Value::whole(day, *bases.get(1)?)?]))
}

/// A cell as a relation holds it.
fn cell(json: &Json, base: Base) -> Option<Value> {
    let inner = json.get("literal").unwrap_or(json);
    match base {
        Base::Symbol => match inner.as_str() {
            Some(text) => Value::read(text, base),
            None => Value::read(&inner.to_string(), base),
        },
        Base::Float => inner.as_f64().and_then(Value::float),
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2⁵³")]
        _ => {
            let whole = |x: &f64| x.fract() == 0.0 && x.abs() < 9e15;
            let float = || inner.as_f64().filter(whole).map(|x| x as i128);
            inner.as_i64().map(i128::from).or_else(float).and_then(|n| Value::whole(n, base))
        }
    }
}

impl Claims {
    /// Notes what all records together decide.
    pub(super) fn complete(&mut self, hash: impl Fn(&str) -> String) {
        for record in self.records.iter().flatten() {
            if record["type"] == "policy" && record["key"] == "fractional_unit" {
                let one = [record["value"].clone()];
                let units = record["value"].as_array().map_or(&one[..], Vec::as_slice);
                self.fractional.extend(units.iter().filter_map(|u| Some(u.as_str()?.to_owned())));
            }
            if let (Some(id), Some(text)) = (record["id"].as_str(), record["text"].as_str()) {
                self.hashes.insert(id.to_owned(), hash(text));
                self.texts.insert(id.to_owned(), text.to_owned());
            }
        }
    }

    /// Rows of a relation for a record; nothing if they are not worked out here.
    pub(super) fn rows(
        &self,
        record: &Json,
        name: &str,
        bases: &[Base],
    ) -> Option<Vec<Vec<Value>>> {
        let kind = record["type"].as_str().unwrap_or("");
        let mut rows = Vec::new();
        let id = || field(record, "id").and_then(|id| cell(id, Base::Symbol));
        match (name, kind) {
            ("claim_chain", "claim") => {
                for (step, of) in (0..).zip(record["chain"].as_array().into_iter().flatten()) {
                    let texts = [cell(&of["who"], Base::Symbol)?, cell(&of["act"], Base::Symbol)?];
                    rows.push(
                        [vec![id()?, Value::Whole(Base::Number, step)], texts.to_vec()].concat(),
                    );
                }
            }
            ("claim_lo" | "claim_hi" | "claim_lo_f" | "claim_hi_f", "claim") => {
                let unit = field(record, "amount.unit").and_then(Json::as_str).unwrap_or("");
                let fractional = self.fractional.iter().any(|own| own == unit);
                let bound =
                    field(record, if name.contains("_lo") { "amount.lo" } else { "amount.hi" });
                let bound = bound.filter(|_| fractional == name.ends_with("_f"));
                rows.extend(bound.and_then(|n| Some(vec![id()?, cell(n, *bases.get(1)?)?])));
            }
            ("claim_approx", "claim") => {
                let approx = field(record, "amount.approx").is_some_and(|json| json == true);
                rows.extend(id().filter(|_| approx).map(|id| vec![id]));
            }
            ("claim_quote", "claim") => rows.extend(self.quote(record)?),
            ("claim_from" | "claim_until", "claim") => {
                rows.extend(day(record, name, "when", bases)?)
            }
            ("said_from" | "said_until", "claim") => rows.extend(day(record, name, "said", bases)?),
            ("doc_from" | "doc_until", "document") => {
                rows.extend(day(record, name, "date", bases)?)
            }
            _ => {
                for line in ROWS.lines() {
                    let mut words = line.split(' ');
                    if words.next() == Some(kind) && words.next() == Some(name) {
                        self.fill(record, &words.collect::<Vec<_>>(), bases, &mut rows);
                    }
                }
            }
        }
        Some(rows)
    }

    /// The row of a claim's quote: where its span says, or else where alone the words stand.
    fn quote(&self, record: &Json) -> Option<Option<Vec<Value>>> {
        let Some(quote) = record["quote"].as_str() else { return Some(None) };
        let text = self.texts.get(record["doc"].as_str()?)?;
        let at = |place: usize| record["span"][place].as_u64()?.try_into().ok();
        let places = text.match_indices(quote).map(|(at, _)| text[..at].chars().count());
        let places: Vec<usize> = places.collect();
        let start = match at(0).filter(|start| places.contains(start)) {
            Some(start) => start,
            None if places.len() == 1 => places[0],
            None => return None,
        };
        let number = |n: usize| Value::whole(n as i128, Base::Number);
        let end = start + quote.chars().count();
        let text = |field: &str| cell(&record[field], Base::Symbol);
        Some(Some(vec![text("id")?, text("doc")?, number(start)?, number(end)?, text("quote")?]))
    }

    fn fill(&self, record: &Json, fields: &[&str], bases: &[Base], rows: &mut Vec<Vec<Value>>) {
        let mut all: Vec<Vec<Value>> = vec![Vec::new()];
        for (words, base) in fields.iter().zip(bases) {
            let found = words.split('|').find_map(|word| match word.strip_prefix('=') {
                Some(word) => Some(vec![Value::Symbol(word.into())]),
                None if word == "@name" => Some(vec![Value::Symbol(name(record).into())]),
                None if word == "@hash" => {
                    let hash = self.hashes.get(record["id"].as_str()?).cloned();
                    let hash = hash.or_else(|| Some(record["sha256"].as_str()?.to_owned()));
                    Some(vec![Value::Symbol(hash.unwrap_or_default().into())])
                }
                None => {
                    let json = field(record, word.trim_end_matches('*'))?;
                    let one = from_ref(json);
                    let list = json.as_array().filter(|_| word.ends_with('*'));
                    list.map_or(one, Vec::as_slice).iter().map(|json| cell(json, *base)).collect()
                }
            });
            let found = found.unwrap_or_default();
            let longer = |row: &Vec<Value>| {
                let row = row.clone();
                found
                    .iter()
                    .map(move |value| [&row[..], from_ref(value)].concat())
                    .collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        let label = fields.last() == Some(&"title");
        let empty = Value::Symbol("".into());
        rows.extend(all.into_iter().filter(|row| !label || row.last() != Some(&empty)));
    }

    /// Whether a row of other fields says what the record says: the field, then its value.
    pub(super) fn says(relation: &str, record: &Json, row: &[Value]) -> bool {
        let [Value::Symbol(of), Value::Symbol(key), value] = row else { return false };
        let key =
            key.strip_prefix(record["type"].as_str().unwrap_or("")).map_or(&**key, |rest| rest);
        matches!(relation, "attr" | "document_about")
            && **of == *name(record)
            && field(record, key.trim_start_matches('.'))
                .and_then(|json| cell(json, Base::Symbol))
                .as_ref()
                == Some(value)
    }
}
