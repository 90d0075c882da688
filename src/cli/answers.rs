//! Answers on standard output.

use std::io::{self, Write, stdout};

use crate::cli::args::{FormatArg, ProofFormat};
use crate::cli::messages::Reporter;
use crate::io::input::grouped;
use crate::session::answer::Answer;
use crate::show::answer::{Format, render};
use crate::show::table::TableOptions;

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

/// Prints an answer. A question without variables prints `yes` or `no` as a table, and one row
/// without cells, or none, in the other formats. On a terminal, whose width is given, long tables
/// are cut.
///
/// # Errors
/// If the output cannot be written.
pub fn print(
    answer: &Answer,
    format: FormatArg,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    print_rows(answer, format, TableOptions { width, ..TableOptions::default() }, out)
}

/// The same with a number before each row, for questions about rows.
///
/// # Errors
/// If the output cannot be written.
pub fn print_numbered(
    answer: &Answer,
    format: FormatArg,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    print_rows(answer, format, TableOptions { width, numbered: true, rows_max: None }, out)
}

fn print_rows(
    answer: &Answer,
    format: FormatArg,
    options: TableOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let options = TableOptions { rows_max: options.width.map(|_| ROWS_MAX), ..options };
    let format = match format {
        FormatArg::Table => Format::Table,
        FormatArg::Csv => Format::Csv,
        FormatArg::Tsv => Format::Tsv,
        FormatArg::Json => Format::Json,
        FormatArg::Jsonl => Format::Jsonl,
        FormatArg::Md => Format::Md,
        FormatArg::Facts => Format::Facts,
    };
    out.write_all(render(answer, None, format, options).as_bytes())
}
