//! [`Exit`]: how a command ends early. The codes are those of `hence --help`.

use std::io;

use serde_json::{Value, json};

use crate::io::find::shown;
use crate::session::explain::Unexplained;
use crate::testing::snapshot::Unwritten;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::render;

/// The verdict is negative.
pub const NEGATIVE: u8 = 1;
/// Usage, program or input in error.
pub const CANNOT: u8 = 2;
/// An evaluation error.
pub const EVALUATION: u8 = 3;
/// A limit was reached.
pub const LIMIT: u8 = 4;
/// A bug in hence.
pub const BUG: u8 = 70;
/// Stopped by Ctrl-C; by another signal it is 128 and the signal's number.
pub const INTERRUPTED: u8 = 130;

/// How a command ends early.
#[derive(Debug)]
pub enum Exit {
    /// All is said; end with this code.
    Code(u8),
    /// These messages are still to be printed; the code follows from them.
    Refused(Vec<Diagnostic>),
    /// Standard output cannot be written.
    Output(io::Error),
    /// Something that cannot be, with what was found.
    Bug(String),
    /// The operating system refused something else: what, and why.
    System(String),
}

impl Exit {
    /// Why there is no answer, for a reader of JSON; nothing if all is said.
    #[must_use]
    pub fn messages(&self, files: &Files) -> Vec<Value> {
        let note = |text: &str| {
            vec![json!({ "schema": "hence.note/1", "severity": "error", "message": text })]
        };
        match self {
            Self::Refused(messages) => {
                messages.iter().map(|one| render::json(one, files)).collect()
            }
            Self::Bug(text) | Self::System(text) => note(text),
            Self::Code(_) | Self::Output(_) => Vec::new(),
        }
    }
}

impl From<Vec<Diagnostic>> for Exit {
    fn from(messages: Vec<Diagnostic>) -> Self {
        Self::Refused(messages)
    }
}

impl From<Diagnostic> for Exit {
    fn from(message: Diagnostic) -> Self {
        Self::Refused(vec![message])
    }
}

impl From<Unexplained> for Exit {
    fn from(unexplained: Unexplained) -> Self {
        match unexplained {
            Unexplained::Refused(messages) => Self::Refused(messages),
            Unexplained::Bug(text) => Self::Bug(text),
        }
    }
}

impl From<Unwritten> for Exit {
    fn from(Unwritten { path, error }: Unwritten) -> Self {
        let text = format!("{} cannot be written: {error}", shown(&path));
        Self::from(Diagnostic::new(Code::H0306, text))
    }
}

impl From<io::Error> for Exit {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Code(code) => *code,
            Self::Refused(messages) => code_of(messages),
            // The reader has what it wanted.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) | Self::System(_) => CANNOT,
            Self::Bug(_) => BUG,
        }
    }
}

/// The exit code of a command that ends with these messages.
#[must_use]
pub fn code_of(messages: &[Diagnostic]) -> u8 {
    messages
        .iter()
        .filter(|message| message.is_error())
        .map(|message| match message.code {
            Code::H0502 => NEGATIVE,
            Code::H0501 => EVALUATION,
            Code::H0503 | Code::H0601 => LIMIT,
            Code::H0602 => INTERRUPTED,
            _ => CANNOT,
        })
        .max()
        .unwrap_or(0)
}
