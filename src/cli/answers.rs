//! Answers on standard output.

use std::io::{self, Write};

use crate::cli::args::ProofFormat;
use crate::cli::messages::Reporter;
use crate::cli::sink::stdout;
use crate::session::answer::Answer;
use crate::show::answer::{Format, render};
use crate::show::table::TableOptions;
use crate::text::numbers::grouped;

/// Rows that a terminal gets.
const ROWS_MAX: usize = 40;

/// Prints what a command says of conclusions: the text, or a line of JSON.
///
/// # Errors
/// If standard output cannot be written.
pub fn say(
    format: ProofFormat,
    text: impl FnOnce() -> String,
    document: impl FnOnce() -> String,
) -> io::Result<()> {
    let mut out = stdout().lock();
    match format {
        ProofFormat::Text => out.write_all(text().as_bytes())?,
        ProofFormat::Json => writeln!(out, "{}", document())?,
    }
    out.flush()
}

/// Says that only the first of `matching` tuples was looked at, if there are others.
pub fn note_others(matching: usize, reporter: Reporter) {
    if matching > 1 {
        let n = grouped(matching);
        reporter.line(&format!("note: {n} tuples match; this is the first of them"));
    }
}

/// How answers are laid out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Layout {
    /// The width of the terminal; nothing where answers do not go to one.
    pub width: Option<usize>,
    /// Rows of a table that are shown; nothing for all.
    pub rows: Option<usize>,
    /// Whether the rows of a table are numbered, for questions about rows.
    pub numbered: bool,
}

impl Layout {
    /// A terminal of this width gets a part of a long table.
    #[must_use]
    pub fn of(width: Option<usize>) -> Self {
        Self { width, rows: width.map(|_| ROWS_MAX), numbered: false }
    }
}

/// Prints an answer. A question without variables prints `yes` or `no` as a table, and one row
/// without cells, or none, in the other formats.
///
/// # Errors
/// If the output cannot be written.
pub fn print(
    answer: &Answer,
    format: Format,
    layout: Layout,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Layout { width, rows, numbered } = layout;
    let options = TableOptions { width, rows_max: rows, numbered, ..TableOptions::default() };
    out.write_all(render(answer, None, format, options).as_bytes())
}
