//! What can be typed after `hence fmt` and `hence check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::{Input, MessageFormat, Messages};
use crate::text::codes::Code;
use crate::text::diagnostic::Severity;

/// What a layout is.
pub const FMT_HELP: &str = "\
A statement starts a line. A rule of one or two literals is one line if it fits into 100 columns;
every other has a line for each literal. Comments, annotations and blank lines between groups stay,
and so does how numbers, strings and parentheses are written. A folder stands for all .dl files in
it and in its folders. A file that cannot be read is left as it is.

Exit codes: 0 done; 1 with --check or --diff a file is laid out otherwise; 2 a file cannot be read.";

/// `hence fmt`
#[derive(Args, Debug, Clone)]
pub struct Fmt {
    /// Rule files and folders of them; - for standard input, which goes to standard output
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Writes nothing and lists the files that would change
    #[arg(long)]
    pub check: bool,
    /// Writes nothing and shows what would change
    #[arg(long)]
    pub diff: bool,
    /// How messages are printed.
    #[command(flatten)]
    pub messages: Messages,
}

/// What is judged, and which fixes are applied.
pub const CHECK_HELP: &str = "\
--fix applies the fixes of messages where nothing else can have been meant: a full stop that is
missing, a quote that differs from its document only in dashes or case, a span in other units.
--guesses takes the others too, such as similar names. A file is judged again with its fixes, and
keeps its text if it would have more errors. Formats json, github and sarif print all messages on
standard output, and the summary on standard error.

Exit codes: 0 no errors; 1 errors, or warnings that are denied, or with --diff something to fix; 2
nothing to look at; 4 a limit was reached.";

/// `hence check`
#[derive(Args, Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct Check {
    /// Rule files, claims files, folders of either
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Applies the fixes that are certain
    #[arg(long)]
    pub fix: bool,
    /// Shows what --fix would change, and writes nothing
    #[arg(long)]
    pub diff: bool,
    /// Takes fixes that are guesses for certain; needs --fix or --diff
    #[arg(long)]
    pub guesses: bool,
    /// Takes a warning for an error, or all of them; may be repeated
    #[arg(long, value_name = "CODE|warnings", value_delimiter = ',', value_parser = deny)]
    pub deny: Vec<Deny>,
    /// How messages are printed [default: as --message-format says]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<CheckFormat>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
}

impl Check {
    /// How messages are printed.
    #[must_use]
    pub fn messages(&self) -> Messages {
        let given = self.input.messages;
        let message_format = match self.format {
            Some(CheckFormat::Full) => MessageFormat::Full,
            Some(CheckFormat::Concise) => MessageFormat::Concise,
            _ => given.message_format,
        };
        Messages { message_format, ..given }
    }
}

/// `--format` of check
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckFormat {
    /// With the lines concerned
    Full,
    /// One line each
    Concise,
    /// One JSON document
    Json,
    /// Workflow commands of GitHub
    Github,
    /// SARIF 2.1.0
    Sarif,
}

/// What `--deny` takes for an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deny {
    /// Every warning.
    Warnings,
    /// Warnings of this code.
    Code(Code),
}

fn deny(text: &str) -> Result<Deny, String> {
    match Code::parse(text) {
        _ if text == "warnings" => Ok(Deny::Warnings),
        Some(code) if code.severity() == Severity::Warning => Ok(Deny::Code(code)),
        Some(code) => Err(format!("{code} is an error already")),
        None => Err("the code of a warning, such as L0203, or the word `warnings`".to_owned()),
    }
}

/// `hence lsp`
#[cfg(feature = "lsp")]
#[derive(Args, Debug, Clone)]
pub struct Lsp {
    /// Folder in which .include looks; may be repeated
    #[arg(short = 'I', long = "include", value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// Standard input and output, as always: some editors say so
    #[arg(long, hide = true)]
    pub stdio: bool,
}
