//! [`Lines`]: the texts of the claims files and which line is which record. Records are not kept:
//! a line is read again when it is needed, so that a million claims cost their text and a few
//! words each.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::ids::FileId;
use crate::claims::scan::Tape;
use crate::text::span::Span;

/// The type of a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RecordKind {
    /// `hence`
    Hence,
    /// `document`
    Document,
    /// `source`
    Source,
    /// `entity`
    Entity,
    /// `claim`
    Claim,
    /// `link`
    Link,
    /// `grade`
    Grade,
    /// `retract`
    Retract,
    /// `reading`
    Reading,
    /// `policy`
    Policy,
}

impl RecordKind {
    /// Every type.
    pub const ALL: [Self; 10] = [
        Self::Hence,
        Self::Document,
        Self::Source,
        Self::Entity,
        Self::Claim,
        Self::Link,
        Self::Grade,
        Self::Retract,
        Self::Reading,
        Self::Policy,
    ];

    /// The word in the field `type`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hence => "hence",
            Self::Document => "document",
            Self::Source => "source",
            Self::Entity => "entity",
            Self::Claim => "claim",
            Self::Link => "link",
            Self::Grade => "grade",
            Self::Retract => "retract",
            Self::Reading => "reading",
            Self::Policy => "policy",
        }
    }
}

/// A claims file.
#[derive(Clone, Debug)]
pub(crate) struct ClaimsFile {
    pub(crate) id: FileId,
    pub(crate) name: String,
    /// What document paths are relative to.
    pub(crate) folder: PathBuf,
    pub(crate) text: Arc<str>,
}

/// What becomes of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It is encoded.
    Kept,
    /// It repeats another one.
    Repeat,
    /// It has an error.
    Refused,
}

/// Where a claim's quote stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Grounding {
    /// Code points.
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// From 1; 0 if it is not known.
    pub(crate) line: u32,
    /// Whether it was compared with the text.
    pub(crate) verified: bool,
}

/// A record's line.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: RecordKind,
    pub(crate) state: State,
    pub(crate) file: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) grounding: Option<Grounding>,
}

/// The records of all files, in the order of the text.
#[derive(Clone, Default, Debug)]
pub(crate) struct Lines {
    pub(crate) files: Vec<ClaimsFile>,
    pub(crate) entries: Vec<Entry>,
}

impl Entry {
    /// The text of the line.
    pub(crate) fn text<'a>(&self, files: &'a [ClaimsFile]) -> &'a str {
        &files[self.file as usize].text[self.start as usize..self.end as usize]
    }

    /// The place of the line.
    pub(crate) fn span(&self, files: &[ClaimsFile]) -> Span {
        Span { file: files[self.file as usize].id, start: self.start, end: self.end }
    }

    /// The place of the value that a path such as `chain.1.who` names; the line without it.
    pub(crate) fn place(&self, files: &[ClaimsFile], path: &str) -> Span {
        let text = self.text(files);
        let mut tape = Tape::default();
        let node = tape.scan(text).ok().and_then(|()| tape.find(text, path));
        let span = self.span(files);
        node.map_or(span, |node| {
            let value = &tape.nodes[node].value;
            let start = span.start as usize;
            Span::new(span.file, start + value.start, start + value.end)
        })
    }
}
