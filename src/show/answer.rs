//! Answers in every format: as a table for people, and as csv, tsv, json, jsonl, md and facts for
//! whatever reads on.

use std::fmt::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::claims::date;
use crate::session::answer::{Answer, Cell, Column};
use crate::show::safe::{visible, wrap};
use crate::show::table::{TableOptions, table};
use crate::value::base_type::BaseType;

/// Columns of a line where no terminal says how many it has.
const WIDTH: usize = 100;

/// How an answer is written; `--format` of a command that answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// Aligned columns
    // For people; `yes` or `no` for a question without variables.
    Table,
    /// Comma-separated with a header line
    // Quoted where needed.
    Csv,
    /// Tab-separated with a header line
    // Tabs and line ends in texts are escaped, as in output files.
    Tsv,
    /// One JSON document
    // Of the schema `hence.rows/1`.
    Json,
    /// One JSON object a row
    Jsonl,
    /// A Markdown table
    Md,
    /// Facts as in a rule file
    Facts,
}

/// The answer in a format, with a line end after the last line. `relation` is the name under which
/// json and facts give the rows.
///
/// # Panics
/// Never: a `String` takes whatever is written to it.
#[must_use]
pub fn render(
    answer: &Answer,
    relation: Option<&str>,
    format: Format,
    options: TableOptions,
) -> String {
    let mut out = String::new();
    let written = match format {
        Format::Table => {
            out = as_table(answer, options);
            Ok(())
        }
        Format::Csv => separated(answer, (",", &csv_cell), &mut out),
        Format::Tsv => separated(answer, ("\t", &tsv_cell), &mut out),
        Format::Json => writeln!(out, "{}", json(answer, relation)),
        Format::Jsonl => jsonl(answer, &mut out),
        Format::Md => md(answer, &mut out),
        Format::Facts => facts(answer, relation.unwrap_or("answer"), &mut out),
    };
    written.expect("a String takes whatever is written to it");
    out
}

fn as_table(answer: &Answer, options: TableOptions) -> String {
    if answer.columns.is_empty() {
        return if answer.rows.is_empty() { "no\n" } else { "yes\n" }.to_owned();
    }
    if answer.rows.is_empty() {
        return String::new();
    }
    let header: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    let numbers: Vec<bool> =
        answer.columns.iter().map(|column| column.base != BaseType::Symbol).collect();
    let texts = |row: &Vec<Cell>| answer.columns.iter().zip(row).map(for_people).collect();
    // Of millions of rows only those that are shown become text.
    let shown = options.rows_max.unwrap_or(usize::MAX).min(answer.rows.len());
    let rows: Vec<Vec<String>> = answer.rows[..shown].iter().map(texts).collect();
    let options = TableOptions { left_out: answer.rows.len() - shown, ..options };
    let mut out = table(&header, &numbers, &rows, options);
    for caution in &answer.cautions {
        let text = format!("caution: {}", visible(caution));
        let lines = wrap(&text, options.width.unwrap_or(WIDTH).saturating_sub(4).max(20));
        out.push_str(&lines.join("\n    "));
        out.push('\n');
    }
    out
}

/// A cell as people read it: a day as a date.
fn for_people((column, cell): (&Column, &Cell)) -> String {
    match cell {
        Cell::Number(day) if column.is_date => date::iso(*day),
        _ => cell.plain(),
    }
}

fn separated(
    answer: &Answer,
    (separator, cell): (&str, &dyn Fn(&str) -> String),
    out: &mut String,
) -> fmt::Result {
    let names: Vec<String> = answer.columns.iter().map(|column| cell(&column.name)).collect();
    writeln!(out, "{}", names.join(separator))?;
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

fn json_cell(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Number(n) => (*n).into(),
        Cell::Unsigned(n) => (*n).into(),
        Cell::Float(x) => (*x).into(),
        Cell::Text(text) => text.as_str().into(),
    }
}

#[derive(Serialize)]
struct Rows<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<&'a str>,
    columns: Vec<Named<'a>>,
    rows: Vec<Vec<serde_json::Value>>,
    count: usize,
    truncated: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    cautions: &'a [String],
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    r#type: &'static str,
}

fn json(answer: &Answer, relation: Option<&str>) -> String {
    let named = |column: &'_ Column| (column.name.clone(), column.base.name());
    let names: Vec<(String, &'static str)> = answer.columns.iter().map(named).collect();
    let rows = Rows {
        schema: "hence.rows/1",
        relation,
        columns: names.iter().map(|(name, ty)| Named { name, r#type: ty }).collect(),
        rows: answer.rows.iter().map(|row| row.iter().map(json_cell).collect()).collect(),
        count: answer.rows.len(),
        truncated: false,
        cautions: &answer.cautions,
    };
    serde_json::to_string(&rows).expect("plain data is JSON")
}

/// A row as an object with its columns in order.
struct Object<'a> {
    columns: &'a [Column],
    row: &'a [Cell],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.row.len()))?;
        for (column, cell) in self.columns.iter().zip(self.row) {
            map.serialize_entry(&column.name, &json_cell(cell))?;
        }
        map.end()
    }
}

fn jsonl(answer: &Answer, out: &mut String) -> fmt::Result {
    for row in &answer.rows {
        let object = Object { columns: &answer.columns, row };
        writeln!(out, "{}", serde_json::to_string(&object).expect("plain data is JSON"))?;
    }
    Ok(())
}

fn md(answer: &Answer, out: &mut String) -> fmt::Result {
    let cell = md_cell;
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    writeln!(out, "{}", line(answer.columns.iter().map(|column| cell(&column.name)).collect()))?;
    let rule = |column: &Column| match column.base {
        BaseType::Symbol => "---".to_owned(),
        BaseType::Number | BaseType::Unsigned | BaseType::Float => "---:".to_owned(),
    };
    writeln!(out, "{}", line(answer.columns.iter().map(rule).collect()))?;
    for row in &answer.rows {
        let texts = answer.columns.iter().zip(row).map(|pair| cell(&for_people(pair)));
        writeln!(out, "{}", line(texts.collect()))?;
    }
    for caution in &answer.cautions {
        writeln!(out, "\ncaution: {}", cell(caution))?;
    }
    Ok(())
}

/// A text that Markdown shows as it is: no tags, links, emphasis.
fn md_cell(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let after = text[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        // Inside of a word an underscore is one.
        let in_word = before.is_alphanumeric() && after.is_alphanumeric();
        if matches!(c, '\\' | '|' | '<' | '[' | '*' | '`' | '~' | '&') || c == '_' && !in_word {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

fn facts(answer: &Answer, relation: &str, out: &mut String) -> fmt::Result {
    let cell = |cell: &Cell| match cell {
        // A float stays one when it is read again.
        Cell::Float(x) if x.fract() == 0.0 => format!("{x:.1}"),
        other => other.quoted(),
    };
    for row in &answer.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        writeln!(out, "{relation}({}).", cells.join(", "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Format, render};
    use crate::session::answer::{Answer, Cell, Column};
    use crate::show::table::TableOptions;
    use crate::value::base_type::BaseType;

    fn check(format: Format, expected: &str) {
        let column = |name: &str, base| Column { name: name.to_owned(), base, is_date: false };
        let text = |text: &str| Cell::Text(text.to_owned());
        let answer = Answer {
            columns: vec![column("r", BaseType::Symbol), column("lo", BaseType::Float)],
            rows: vec![
                vec![text("the sum, and more"), Cell::Float(36000.0)],
                vec![text("a \"b\"|\tc\u{202E}"), Cell::Float(-0.5)],
            ],
            atoms: None,
            cautions: vec!["a\u{202E} is doubtful".to_owned()],
            reason: None,
            warnings: Vec::new(),
        };
        let options = TableOptions { numbered: true, ..TableOptions::default() };
        assert_eq!(render(&answer, Some("total"), format, options), expected);
    }

    #[test]
    fn every_format() {
        check(
            Format::Table,
            "    r                     lo\n \
             1  the sum, and more  36000\n \
             2  a \"b\"|\\tc<U+202E>   -0.5\n\
             caution: a<U+202E> is doubtful\n",
        );
        check(Format::Csv, "r,lo\n\"the sum, and more\",36000\n\"a \"\"b\"\"|\tc\u{202E}\",-0.5\n");
        check(Format::Tsv, "r\tlo\nthe sum, and more\t36000\na \"b\"|\\tc\u{202E}\t-0.5\n");
        check(
            Format::Jsonl,
            "{\"r\":\"the sum, and more\",\"lo\":36000.0}\n\
             {\"r\":\"a \\\"b\\\"|\\tc\u{202E}\",\"lo\":-0.5}\n",
        );
        check(
            Format::Json,
            "{\"schema\":\"hence.rows/1\",\"relation\":\"total\",\"columns\":[{\"name\":\"r\",\
             \"type\":\"symbol\"},{\"name\":\"lo\",\"type\":\"float\"}],\"rows\":[[\"the sum, and \
             more\",36000.0],[\"a \\\"b\\\"|\\tc\u{202E}\",-0.5]],\"count\":2,\"truncated\":false,\
             \"cautions\":[\"a\u{202E} is doubtful\"]}\n",
        );
        check(
            Format::Md,
            "| r | lo |\n| --- | ---: |\n| the sum, and more | 36000 |\n\
             | a \"b\"\\|\\\\tc\\<U+202E> | -0.5 |\n\
             \ncaution: a\\<U+202E> is doubtful\n",
        );
        check(
            Format::Facts,
            "total(\"the sum, and more\", 36000.0).\n\
             total(\"a \\\"b\\\"|\\tc\u{202E}\", -0.5).\n",
        );
    }
}
