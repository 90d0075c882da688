//! The relations that claims files fill, with their columns. What each holds is said once, here.
//! Ids, words and texts are symbols; days count from 1970-01-01. A field without a relation of
//! its own becomes a row of `document_about`, for documents, or of `attr`, for all other records,
//! under the field's name, with a point before the name of a nested field: `amount.text`,
//! `chain.1.date`, `retract.reason`. In `attr` a link is called `FROM REL TO`.

use crate::value::base_type::BaseType::{self, Float, Number, Symbol};

macro_rules! relations {
    ($($(#[doc = $doc:literal])* $id:ident $name:literal ($($column:ident: $base:ident),*);)*) => {
        /// A relation that claims files fill.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Filled {
            $($(#[doc = $doc])* $id,)*
        }

        /// Name, and names and types of the columns, of every relation that claims files fill.
        #[must_use]
        pub fn relations() -> &'static [(&'static str, &'static [(&'static str, BaseType)])] {
            &[$(($name, &[$((stringify!($column), $base)),*]),)*]
        }
    };
}

relations! {
    /// A claim: who says it is in `claim_chain`, how in `claim_modality` and `claim_polarity`.
    Claim "claim" (c: Symbol, doc: Symbol, s: Symbol, p: Symbol, o: Symbol);
    /// Step 0 is the first speaker.
    ClaimChain "claim_chain" (c: Symbol, step: Number, who: Symbol, act: Symbol);
    /// One row a claim.
    ClaimModality "claim_modality" (c: Symbol, m: Symbol);
    /// One row a claim; `affirmed` where the record says nothing.
    ClaimPolarity "claim_polarity" (c: Symbol, p: Symbol);
    /// The document's words that weaken the claim.
    ClaimHedge "claim_hedge" (c: Symbol, w: Symbol);
    /// In what manner.
    ClaimManner "claim_manner" (c: Symbol, m: Symbol);
    /// Group of rival readings of one passage.
    ClaimAlt "claim_alt" (c: Symbol, g: Symbol);
    /// The condition: a claim or words.
    ClaimIf "claim_if" (c: Symbol, d: Symbol);
    /// Lower bound of a counted amount; no row where it is open.
    ClaimLo "claim_lo" (c: Symbol, n: Number);
    /// Upper bound of a counted amount; no row where it is open.
    ClaimHi "claim_hi" (c: Symbol, n: Number);
    /// Lower bound of an amount whose unit the policy `fractional_unit` names.
    ClaimLoF "claim_lo_f" (c: Symbol, x: Float);
    /// Upper bound of an amount whose unit the policy `fractional_unit` names.
    ClaimHiF "claim_hi_f" (c: Symbol, x: Float);
    /// The document says "about".
    ClaimApprox "claim_approx" (c: Symbol);
    /// Unit of the amount.
    ClaimUnit "claim_unit" (c: Symbol, u: Symbol);
    /// What the amount is for each of.
    ClaimPer "claim_per" (c: Symbol, p: Symbol);
    /// First day on which it can begin; no row where that is open.
    ClaimFrom "claim_from" (c: Symbol, day: Number);
    /// Last day on which it can end; no row where that is open.
    ClaimUntil "claim_until" (c: Symbol, day: Number);
    /// First day on which it can have been said.
    SaidFrom "said_from" (c: Symbol, day: Number);
    /// Last day on which it can have been said.
    SaidUntil "said_until" (c: Symbol, day: Number);
    /// The event it is about.
    ClaimEvent "claim_event" (c: Symbol, e: Symbol);
    /// Who says that it is about that event, where the record says so: `text`, or somebody.
    ClaimEventBy "claim_event_by" (c: Symbol, who: Symbol);
    /// Where.
    ClaimPlace "claim_place" (c: Symbol, x: Symbol);
    /// The words, and their code points in the document.
    ClaimQuote "claim_quote" (c: Symbol, doc: Symbol, start: Number, end: Number, text: Symbol);
    /// A link; the replacement of a retracted claim `supersedes` it.
    ClaimLink "claim_link" (a: Symbol, rel: Symbol, b: Symbol);
    /// Who asserts a link, where the record says so.
    LinkBy "link_by" (a: Symbol, rel: Symbol, b: Symbol, who: Symbol);
    /// Kind and attribution, `unknown` where the record says nothing.
    Source "source" (s: Symbol, kind: Symbol, attribution: Symbol);
    /// The source it speaks for.
    SourceParent "source_parent" (s: Symbol, p: Symbol);
    /// The party it belongs to.
    SourceParty "source_party" (s: Symbol, party: Symbol);
    /// The hash of its text, else the one its record states; title or hash may be empty.
    Document "document" (d: Symbol, title: Symbol, sha: Symbol);
    /// First day of its date.
    DocFrom "doc_from" (d: Symbol, day: Number);
    /// Last day of its date.
    DocUntil "doc_until" (d: Symbol, day: Number);
    /// The document it is a copy of.
    DocCopy "doc_copy" (d: Symbol, e: Symbol);
    /// The source that published it.
    DocumentPublisher "document_publisher" (d: Symbol, s: Symbol);
    /// Its other fields: `path`, `url`, `author`, `via`, `date_basis`, `language`, unknown ones.
    DocumentAbout "document_about" (d: Symbol, key: Symbol, value: Symbol);
    /// Names as printed, of sources, entities, readings, and titles of documents.
    Label "label" (x: Symbol, text: Symbol);
    /// Class, `unknown` where the record says nothing.
    Entity "entity" (e: Symbol, class: Symbol);
    /// The entity that contains it.
    EntityWithin "entity_within" (a: Symbol, b: Symbol);
    /// The same thing under another id.
    SameEntity "same_entity" (a: Symbol, b: Symbol);
    /// Letter A to F, by the `by` of a grade; `record` for the field of a source record.
    GradeReliability "grade_reliability" (x: Symbol, letter: Symbol, by: Symbol);
    /// Digit 1 to 6.
    GradeCredibility "grade_credibility" (x: Symbol, digit: Number, by: Symbol);
    /// How sure at least, in percent.
    ConfidenceLo "confidence_lo" (c: Symbol, n: Number);
    /// How sure at most, in percent.
    ConfidenceHi "confidence_hi" (c: Symbol, n: Number);
    /// How sure the extractor was, 0 to 1.
    ExtractorConfidence "extractor_confidence" (c: Symbol, f: Float);
    /// A withdrawn claim; `unknown` where the record does not say by whom.
    Retract "retract" (c: Symbol, by: Symbol);
    /// A reading; its id where it has no label.
    Reading "reading" (r: Symbol, label: Symbol);
    /// What a reading is about.
    ReadingScope "reading_scope" (r: Symbol, s: Symbol);
    /// The unit of its total.
    ReadingUnit "reading_unit" (r: Symbol, u: Symbol);
    /// The claims of a reading.
    Uses "uses" (r: Symbol, c: Symbol);
    /// One row for each value of a policy; numbers as their text.
    Policy "policy" (k: Symbol, v: Symbol);
    /// Who may see a document or a claim.
    Marking "marking" (x: Symbol, m: Symbol);
    /// All other fields.
    Attr "attr" (x: Symbol, key: Symbol, value: Symbol);
}
