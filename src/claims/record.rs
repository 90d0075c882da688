//! What a line of a claims file may hold: the one schema. Claims files are read into these types
//! and `hence schema claims` prints the JSON Schema that is derived from them, so neither can say
//! what the other does not. Lines are borrowed: a record lives as long as the text of its file.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::Number;

use crate::claims::cell::{Setting, Term, Text};

/// A line of a claims file. The field `type` says which.
#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Record<'a> {
    /// The header: which format and version the file has.
    Hence(Header<'a>),
    /// A document that claims quote.
    Document(Document<'a>),
    /// Someone or something that speaks: a person, an agency, a newspaper, a sensor.
    Source(Source<'a>),
    /// Something that claims speak of.
    Entity(Entity<'a>),
    /// What a source said, in the words of a document.
    Claim(Box<Claim<'a>>),
    /// A relation between two claims, and who asserts it.
    Link(Link<'a>),
    /// An assessment of a claim or of a source.
    Grade(Grade<'a>),
    /// The withdrawal of a claim.
    Retract(Retract<'a>),
    /// A named selection of claims that are counted together.
    Reading(Reading<'a>),
    /// A decision of the analyst that rules read.
    Policy(Policy<'a>),
}

macro_rules! words {
    ($(
        $(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal)* }
    )*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As written in a claims file and in the relations.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    )*};
}

words! {
    /// How a source puts what it says.
    Modality {
        /// Seen or measured by the source itself.
        Observed "observed"
        /// Shown by a document or record.
        Documented "documented"
        /// Said of something already claimed, to confirm it.
        Confirmed "confirmed"
        /// Said as a fact.
        Stated "stated"
        /// Said as an estimate.
        Estimated "estimated"
        /// Said of the future, as expected.
        Projected "projected"
        /// Said of the future, as intended.
        Planned "planned"
        /// Said to be possible.
        Possible "possible"
        /// Said to be within someone's powers.
        Capability "capability"
        /// Said under a condition; `if` names it.
        Conditional "conditional"
        /// A judgement.
        Opinion "opinion"
        /// Taken for granted inside another statement.
        Presupposed "presupposed"
        /// Who someone is, where something lies.
        Background "background"
    }
    /// Whether the source says that it is so.
    Polarity {
        /// It is so.
        Affirmed "affirmed"
        /// It is not so.
        Denied "denied"
        /// The source leaves it open.
        Unknown "unknown"
    }
    /// What kind of thing a source is.
    SourceKind {
        /// A person.
        Person "person"
        /// A person or persons in office.
        Official "official"
        /// An agency.
        Agency "agency"
        /// A government.
        Government "government"
        /// Any other organisation.
        Organisation "organisation"
        /// A newspaper, a broadcaster, an outlet.
        Media "media"
        /// A document that is itself a source.
        Document "document"
        /// An instrument and its images or readings.
        Sensor "sensor"
        /// A person with expert knowledge.
        Expert "expert"
    }
    /// How a source is named in the document.
    Attribution {
        /// By name.
        Named "named"
        /// As a body.
        Collective "collective"
        /// Not by name.
        Anonymous "anonymous"
    }
    /// Where a document's date comes from.
    DateBasis {
        /// The document says it.
        Stated "stated"
        /// It was concluded from the text.
        Inferred "inferred"
        /// Nobody knows.
        Unknown "unknown"
    }
    /// Reliability of a source: the letters of the Admiralty scale. F is not the worst but unknown.
    Reliability {
        /// Completely reliable.
        A "A"
        /// Usually reliable.
        B "B"
        /// Fairly reliable.
        C "C"
        /// Not usually reliable.
        D "D"
        /// Unreliable.
        E "E"
        /// Cannot be judged.
        F "F"
    }
    /// What a reading is about.
    Scope {
        /// What has happened so far.
        ToDate "to_date"
        /// What is expected.
        Projected "projected"
        /// What holds under a condition.
        Conditional "conditional"
    }
    /// Who may see it: the traffic light protocol.
    Marking {
        /// Named recipients only.
        Red "TLP:RED"
        /// The recipients' organisation only.
        AmberStrict "TLP:AMBER+STRICT"
        /// The recipients' organisation and its clients.
        Amber "TLP:AMBER"
        /// The recipients' community.
        Green "TLP:GREEN"
        /// Everyone.
        Clear "TLP:CLEAR"
        /// Everyone, in the protocol's first version.
        White "TLP:WHITE"
    }
}

/// The header: which format and version the file has. It may be left out.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Header<'a> {
    /// `claims`.
    #[serde(borrow)]
    pub format: Text<'a>,
    /// 1.
    pub version: i64,
}

/// A document that claims quote. Its text is in the file `path` or in `text`; it is never changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Document<'a> {
    /// Id, unique among documents.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Title.
    pub title: Option<Text<'a>>,
    /// File of the text, relative to the folder of the claims file.
    pub path: Option<Text<'a>>,
    /// The text itself.
    pub text: Option<Text<'a>>,
    /// SHA-256 of the text's bytes, 64 hexadecimal digits.
    pub sha256: Option<Text<'a>>,
    /// Where it was found.
    pub url: Option<Text<'a>>,
    /// Who published it: a source.
    pub publisher: Option<Text<'a>>,
    /// Who wrote it.
    pub author: Option<Text<'a>>,
    /// Date of the document, EDTF.
    pub date: Option<Text<'a>>,
    /// Where the date comes from.
    pub date_basis: Option<DateBasis>,
    /// Language tag, as `en`.
    pub language: Option<Text<'a>>,
    /// The source through which it reached us.
    pub via: Option<Text<'a>>,
    /// The document of which this is a copy.
    pub copies_of: Option<Text<'a>>,
    /// Who may see it.
    pub marking: Option<Marking>,
}

/// Someone or something that speaks.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Source<'a> {
    /// Id, unique among sources.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Name as printed.
    pub label: Option<Text<'a>>,
    /// What kind of thing it is.
    pub kind: Option<SourceKind>,
    /// How it is named in the document.
    pub attribution: Option<Attribution>,
    /// The party it belongs to: an entity.
    pub party: Option<Text<'a>>,
    /// The source it speaks for or belongs to.
    pub parent: Option<Text<'a>>,
    /// How reliable it is.
    pub reliability: Option<Reliability>,
    /// What it stands to gain.
    pub interest: Option<Text<'a>>,
}

/// Something that claims speak of.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Entity<'a> {
    /// Id, unique among entities.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Name as printed.
    pub label: Option<Text<'a>>,
    /// What kind of thing it is, in the words of the rules that read it.
    pub class: Option<Text<'a>>,
    /// The entity that contains it.
    pub within: Option<Text<'a>>,
    /// Ids of the same thing, here or elsewhere.
    #[serde(default)]
    pub same_as: Vec<Text<'a>>,
}

/// What a source said, in the words of a document.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Claim<'a> {
    /// Id, unique over the whole run.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// The document that reports it.
    pub doc: Text<'a>,
    /// Where the quote stands: first code point and the one after the last, counted from 0.
    pub span: Option<[i64; 2]>,
    /// The words, exactly as in the document.
    pub quote: Option<Text<'a>>,
    /// Words before the quote, to find it again.
    pub prefix: Option<Text<'a>>,
    /// Words after the quote, to find it again.
    pub suffix: Option<Text<'a>>,
    /// Who said it and who passed it on, first speaker first.
    pub chain: Vec<Step<'a>>,
    /// Of what it is said: the id of an entity, claim, source, event or document, or a literal.
    pub subject: Term<'a>,
    /// What is said of it.
    pub predicate: Text<'a>,
    /// The other end: as `subject`.
    pub object: Term<'a>,
    /// How the source puts it.
    pub modality: Modality,
    /// Whether the source says that it is so; `affirmed` if left out.
    pub polarity: Option<Polarity>,
    /// How many or how much.
    pub amount: Option<Amount<'a>>,
    /// When it is so or happens, EDTF.
    pub when: Option<Text<'a>>,
    /// The document's words for `when`.
    pub when_text: Option<Text<'a>>,
    /// When it was said, EDTF.
    pub said: Option<Text<'a>>,
    /// Where: an entity.
    pub place: Option<Text<'a>>,
    /// The document's words that weaken it; each stands in the quote or its sentence.
    #[serde(default)]
    pub hedges: Vec<Text<'a>>,
    /// The event it is about; the same id means the same event.
    pub event: Option<Text<'a>>,
    /// Who says that it is about this event: `text`, which is meant without a word here, if the
    /// quoted words do; else an analyst, and then every conclusion shows it as an assumption.
    pub event_by: Option<Text<'a>>,
    /// The condition: the id of a claim, or words.
    pub r#if: Option<Text<'a>>,
    /// Group of rival readings of one passage, of which a total may use one.
    pub alt: Option<Text<'a>>,
    /// In what manner.
    #[serde(default)]
    pub manner: Vec<Text<'a>>,
    /// What made the record.
    pub extractor: Option<Extractor<'a>>,
    /// Who may see it.
    pub marking: Option<Marking>,
    /// A remark of whoever made the record.
    pub note: Option<Text<'a>>,
    /// Language tag of the quote, as `en`.
    pub lang: Option<Text<'a>>,
}

/// A step of a chain.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Step<'a> {
    /// The source.
    #[serde(borrow)]
    pub who: Text<'a>,
    /// What it did: `told`, `reported`.
    pub act: Text<'a>,
    /// When, EDTF.
    pub date: Option<Text<'a>>,
    /// Through which source.
    pub via: Option<Text<'a>>,
}

/// How many or how much. A bound that is left out is open.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Amount<'a> {
    /// At least.
    pub lo: Option<Number>,
    /// At most.
    pub hi: Option<Number>,
    /// Whether the document says "about".
    pub approx: Option<bool>,
    /// Of what, in the singular: `troop`.
    #[serde(borrow)]
    pub unit: Text<'a>,
    /// For each of what: `day`.
    pub per: Option<Text<'a>>,
    /// The document's words for it.
    pub text: Option<Text<'a>>,
}

/// What made the record.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Extractor<'a> {
    /// Name.
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// Version.
    pub version: Option<Text<'a>>,
    /// How sure it was, 0 to 1.
    pub confidence: Option<Number>,
    /// How well the quote was aligned with the text.
    pub align: Option<Text<'a>>,
}

/// Whether a link says that the first claim is drawn from the second, so that it does not stand
/// without any such.
#[must_use]
pub fn is_basis(rel: &str) -> bool {
    matches!(rel, "rests_on" | "restates")
}

/// Whether a link says that the first claim judges the second, and so is no evidence of what that
/// one says.
#[must_use]
pub fn is_comment(rel: &str) -> bool {
    matches!(rel, "evaluates" | "rival_of")
}

/// A relation between two claims.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Link<'a> {
    /// A claim.
    #[serde(borrow)]
    pub from: Text<'a>,
    /// Which relation: `part_of`, `restates`, `rests_on`, `supersedes`, …
    pub rel: Text<'a>,
    /// A claim.
    pub to: Text<'a>,
    /// Who asserts it: `text`, `analyst`, `analyst:NAME` or `rule`.
    pub by: Option<Text<'a>>,
    /// A remark.
    pub note: Option<Text<'a>>,
}

/// An assessment of a claim or of a source.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Grade<'a> {
    /// The claim that is assessed; either this or `source`.
    #[serde(borrow)]
    pub claim: Option<Text<'a>>,
    /// The source that is assessed; either this or `claim`.
    pub source: Option<Text<'a>>,
    /// Who assesses.
    pub by: Option<Text<'a>>,
    /// How reliable the source is.
    pub reliability: Option<Reliability>,
    /// How credible the information is: 1, the best, to 6, unknown.
    pub credibility: Option<i64>,
    /// How sure, in percent: from, to.
    pub confidence: Option<[Number; 2]>,
    /// The scale of `confidence`.
    pub scale: Option<Text<'a>>,
    /// When it was assessed, EDTF.
    pub date: Option<Text<'a>>,
}

/// The withdrawal of a claim.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Retract<'a> {
    /// The claim.
    #[serde(borrow)]
    pub claim: Text<'a>,
    /// Who withdraws it.
    pub by: Option<Text<'a>>,
    /// When, EDTF.
    pub date: Option<Text<'a>>,
    /// Why.
    pub reason: Option<Text<'a>>,
    /// The claim that stands in its place.
    pub replaced_by: Option<Text<'a>>,
}

/// A named selection of claims that are counted together.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Reading<'a> {
    /// Id, unique among readings.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// The claims; may be empty.
    pub uses: Vec<Text<'a>>,
    /// Name as printed.
    pub label: Option<Text<'a>>,
    /// What it is about.
    pub scope: Option<Scope>,
    /// The unit of its total.
    pub unit: Option<Text<'a>>,
}

/// A decision of the analyst that rules read. The key `fractional_unit` lists the units whose
/// amounts may have a fraction, `measured_unit` those that measure and do not count, as the years
/// of an age: their amounts need no event.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Policy<'a> {
    /// What is decided, unique among policies.
    #[serde(borrow)]
    pub key: Text<'a>,
    /// How: a text, a number, a truth value, or a list of them.
    pub value: Setting<'a>,
    /// A remark.
    pub note: Option<Text<'a>>,
}

/// The JSON Schema of a line of a claims file.
#[must_use]
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Record<'static>>()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn claim_is_borrowed_from_its_line() {
        let line = r#"{"type":"claim","id":"c1","doc":"d","chain":[{"who":"s","act":"said"}],
            "subject":{"literal":"a"},"predicate":"p","object":3,"modality":"stated"}"#;
        let claim: Claim<'_> = serde_json::from_str(line).unwrap();
        assert!(matches!(claim.id.0, Cow::Borrowed("c1")));
        assert_eq!(claim.object.text(), "3");
        assert_eq!(claim.subject.text(), "a");
    }
}
