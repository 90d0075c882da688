//! [`Diagnostic`]: a problem as plain data. Stages return their best result together with a list
//! of these; rendering is one file, [`render`](super::render).

use crate::text::codes::Code;
use crate::text::span::Span;

/// How bad it is. Only an error stops a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Worth knowing; the run goes on.
    Warning,
    /// The program or its input cannot be used.
    Error,
}

/// A place and what was found there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What was found; may be empty for the primary label.
    pub text: String,
    /// The first label of a diagnostic is primary: it gives the location of the message.
    pub primary: bool,
}

/// A replacement of text that mends the problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// A fix: one action, tried before it is offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What it does, as help text.
    pub title: String,
    /// The replacements, in one file each, not overlapping.
    pub edits: Vec<Edit>,
    /// Whether nothing else can have been meant. A similar name is a guess.
    pub safe: bool,
}

/// A problem: what is wrong in the user's words, where, what is known about it, what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Stable code; `hence explain CODE` tells more.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// One lowercase line without a full stop.
    pub message: String,
    /// Places concerned; the first is primary. Empty when there is no text to point at.
    pub labels: Vec<Label>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// Actions in words.
    pub helps: Vec<String>,
    /// Actions as edits.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A diagnostic with the severity of its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Adds a place; the first one added is the primary one.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        let primary = self.labels.is_empty();
        self.labels.push(Label { span, text: text.into(), primary });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds an action in words.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }

    /// Adds a fix of one replacement that is a guess.
    #[must_use]
    pub fn fix(
        mut self,
        title: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Self {
        let edits = vec![Edit { span, text: replacement.into() }];
        self.fixes.push(Fix { title: title.into(), edits, safe: false });
        self
    }

    /// Adds a fix of one replacement where nothing else can have been meant.
    #[must_use]
    pub fn mend(
        self,
        title: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Self {
        let mut mended = self.fix(title, span, replacement);
        if let Some(fix) = mended.fixes.last_mut() {
            fix.safe = true;
        }
        mended
    }

    /// Whether this is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where the message is located.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// Sorts by place, then code, then message: the order in which people read.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| (a.span(), a.code, &a.message).cmp(&(b.span(), b.code, &b.message)));
}

/// Whether any of them is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}
