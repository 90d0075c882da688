//! Answers on standard output.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::cli::args::FormatArg;
use crate::session::answer::{Answer, Cell};
use crate::show::table::table;
use crate::value::base_type::BaseType;

/// Prints an answer. A question without variables prints `yes` or `no` as a table, and one row
/// without cells, or none, in the other formats.
///
/// # Errors
/// If the output cannot be written.
pub fn print(
    answer: &Answer,
    format: FormatArg,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        FormatArg::Table => as_table(answer, width, out),
        FormatArg::Csv => separated(answer, out, ",", csv_cell),
        FormatArg::Tsv => separated(answer, out, "\t", tsv_cell),
        FormatArg::Json => writeln!(out, "{}", document(answer)),
        FormatArg::Jsonl => {
            for row in &answer.rows {
                writeln!(out, "{}", object(answer, row))?;
            }
            Ok(())
        }
    }
}

fn as_table(answer: &Answer, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    if answer.columns.is_empty() {
        return writeln!(out, "{}", if answer.rows.is_empty() { "no" } else { "yes" });
    }
    if answer.rows.is_empty() {
        return Ok(());
    }
    let header: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    let right: Vec<bool> =
        answer.columns.iter().map(|column| column.base != BaseType::Symbol).collect();
    let rows: Vec<Vec<String>> =
        answer.rows.iter().map(|row| row.iter().map(Cell::plain).collect()).collect();
    out.write_all(table(&header, &right, &rows, width).as_bytes())
}

fn separated(
    answer: &Answer,
    out: &mut dyn Write,
    separator: &str,
    cell: fn(&str) -> String,
) -> io::Result<()> {
    let header: Vec<String> = answer.columns.iter().map(|column| cell(&column.name)).collect();
    writeln!(out, "{}", header.join(separator))?;
    for row in &answer.rows {
        let cells: Vec<String> = row.iter().map(|value| cell(&value.plain())).collect();
        writeln!(out, "{}", cells.join(separator))?;
    }
    Ok(())
}

/// RFC 4180: quoted where needed, quotes doubled.
fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn tsv_cell(text: &str) -> String {
    text.replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Number(n) => json!(n),
        Cell::Unsigned(n) => json!(n),
        Cell::Float(x) => json!(x),
        Cell::Text(text) => json!(text),
    }
}

/// One object, its members in the order of the columns.
fn object(answer: &Answer, row: &[Cell]) -> String {
    let members: Vec<String> = answer
        .columns
        .iter()
        .zip(row)
        .map(|(column, cell)| format!("{}:{}", json!(column.name), value(cell)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The schema `hence.rows/1`.
fn document(answer: &Answer) -> Value {
    let columns: Vec<Value> = answer
        .columns
        .iter()
        .map(|column| json!({"name": column.name, "type": column.base.name()}))
        .collect();
    let rows: Vec<Vec<Value>> =
        answer.rows.iter().map(|row| row.iter().map(value).collect()).collect();
    json!({
        "schema": "hence.rows/1",
        "columns": columns,
        "count": rows.len(),
        "rows": rows,
        "truncated": false,
    })
}
