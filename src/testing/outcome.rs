//! What came of test files, as plain data.

use std::ops::Range;

use crate::testing::again::Held;
use crate::testing::coverage::Coverage;

/// What came of a test file.
#[derive(Clone, Debug, Default)]
pub struct FileResult {
    /// The path as messages print it.
    pub name: String,
    /// Why none of its cases could be run, as text; empty if they were.
    pub refused: String,
    /// Its cases, in order.
    pub cases: Vec<CaseResult>,
    /// The file with tables as they would have to be, if one was written.
    pub proposed: Option<String>,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// Its line, from 1.
    pub line: usize,
    /// In a word.
    pub verdict: Verdict,
    /// Expectations and snapshots that were looked at.
    pub checks: usize,
    /// What is not as it should be.
    pub failures: Vec<Failure>,
    /// What is kept in files.
    pub kept: Vec<KeptText>,
    /// What is kept otherwise, or not yet.
    pub pending: Vec<Pending>,
    /// Files that were written anew.
    pub accepted: Vec<String>,
    /// Which rules and claims it tries, if that was asked for.
    pub coverage: Option<Box<Coverage>>,
    /// What holds in it, if it is to be compared.
    pub held: Option<Box<Held>>,
}

/// A snapshot that differs or is new.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Line of the directive, from 1.
    pub line: usize,
    /// Column of the directive, from 1.
    pub column: usize,
    /// The directive as written.
    pub written: String,
    /// The file with what would take its place.
    pub path: String,
    /// Whether that file was written.
    pub is_written: bool,
    /// What is kept; nothing if it is new.
    pub old: Option<String>,
    /// What would be kept.
    pub new: String,
}

/// What came of a case, in a word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// All is as expected.
    Passed,
    /// Something is not.
    Failed,
    /// It could not be run.
    Errored,
    /// What is kept in files differs, or is new, and nothing else is wrong.
    Pending,
    /// It was not run, for this reason.
    Skipped(String),
}

impl Verdict {
    /// In a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Pending => "pending",
            Self::Skipped(_) => "skipped",
        }
    }

    /// Whether the run ends well with it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Passed | Self::Skipped(_))
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Line of the directive, from 1.
    pub line: usize,
    /// Column of the directive, from 1.
    pub column: usize,
    /// The directive as written.
    pub written: String,
    /// What is there instead, and why, line by line.
    pub lines: Vec<String>,
    /// A table as it would have to be.
    pub proposal: Option<Proposal>,
}

/// Lines that would take the place of a part of the test file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// Bytes of the file that go.
    pub range: Range<usize>,
    /// What comes.
    pub text: String,
}

/// What a `snapshot` directive keeps.
#[derive(Clone, Debug)]
pub struct KeptText {
    /// Line of the directive, from 1.
    pub line: usize,
    /// Column of the directive, from 1.
    pub column: usize,
    /// The directive as written.
    pub written: String,
    /// The name of the file, without folder and ending.
    pub name: String,
    /// What it should hold.
    pub body: String,
}

impl FileResult {
    /// Whether all is as expected.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.refused.is_empty() && self.cases.iter().all(|case| case.verdict.is_good())
    }
}
