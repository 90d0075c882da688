//! Tables of expected rows: a line of column names, then a line for each row. Cells are apart by a
//! tab or two blanks; a text that holds such, or blanks at its ends, stands in quotes; `…` stands
//! for any value, `~1.5` for a float near it.

use std::ops::Range;

use crate::claims::date::iso;
use crate::session::answer::{Cell, Column};
use crate::show::safe::width;
use crate::testing::expect::Wrong;
use crate::testing::scan::unquoted;
use crate::text::numbers::counted;
use crate::value::value::quote;

/// How near a float must be to `~1.5`, in parts of it, if the file does not say.
const NEAR: f64 = 1e-9;

/// Expected rows.
#[derive(Clone, Debug)]
pub struct Table {
    /// Names of columns, with their places.
    pub columns: Vec<(String, Range<usize>)>,
    /// Rows.
    pub rows: Vec<Vec<Wanted>>,
    /// Where the lines of the table stand.
    pub range: Range<usize>,
}

/// An expected cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Any value.
    Any,
    /// The value with this text; in quotes or not.
    Text(String),
    /// A float near this one.
    Near(String),
}

impl Table {
    /// Reads the lines of `range`.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn read(text: &str, range: Range<usize>) -> Result<Self, Wrong> {
        let mut lines = lines(text, range.clone());
        let Some(head) = lines.next() else {
            let (message, help) = ("a table has no line of column names", "name the columns");
            return Err(Wrong { range, message: message.to_owned(), help: help.to_owned() });
        };
        let start = head.start;
        let columns = names(text, head);
        let mut rows = Vec::new();
        let mut end = columns.last().map_or(start, |(_, range)| range.end);
        for line in lines {
            end = line.end;
            let line_text = &text[line.clone()];
            let Some(cells) = cells(line_text, columns.len()) else {
                let n = counted(cells_apart(line_text).len(), "cell");
                let message = format!("this row has {n}, and the table {}", columns.len());
                let help = "cells are apart by two blanks or a tab; a text with two blanks in it \
                            stands in quotes; … stands for any value";
                return Err(Wrong { range: line, message, help: help.to_owned() });
            };
            rows.push(cells);
        }
        Ok(Self { columns, rows, range: start..end })
    }
}

/// The lines of a part of a text that are not blank, without blanks at their ends.
fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    text[range].split('\n').filter_map(move |line| {
        let start = at + (line.len() - line.trim_start().len());
        at += line.len() + 1;
        let length = line.trim().len();
        (length > 0).then_some(start..start + length)
    })
}

fn names(text: &str, line: Range<usize>) -> Vec<(String, Range<usize>)> {
    let mut at = line.start;
    let mut names = Vec::new();
    for word in text[line].split([' ', '\t']) {
        if !word.is_empty() {
            names.push((word.to_owned(), at..at + word.len()));
        }
        at += word.len() + 1;
    }
    names
}

/// The cells of a line, if there are so many; a line that is apart by single blanks counts too if
/// there is only one way to read it.
fn cells(line: &str, n: usize) -> Option<Vec<Wanted>> {
    let apart = cells_apart(line);
    let apart = if apart.len() == n { apart } else { words(line) };
    (apart.len() == n).then(|| apart.into_iter().map(wanted).collect())
}

/// Parts apart by tabs or two blanks, outside of strings.
fn cells_apart(line: &str) -> Vec<&str> {
    split(line, |text, at| text[at..].starts_with('\t') || text[at..].starts_with("  "))
}

fn words(line: &str) -> Vec<&str> {
    split(line, |text, at| text[at..].starts_with([' ', '\t']))
}

fn split(line: &str, parts_at: impl Fn(&str, usize) -> bool) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, char) in line.char_indices() {
        if quoted {
            quoted = char != '"' || escaped;
            escaped = char == '\\' && !escaped;
        } else if char == '"' && line[start..at].trim().is_empty() {
            quoted = true;
        } else if parts_at(line, at) {
            parts.push(&line[start..at]);
            start = at;
        }
    }
    parts.push(&line[start..]);
    // An empty cell between two tabs is one; blanks are none.
    let is_cell = |part: &&str| !part.trim_matches(' ').is_empty();
    let trimmed = |part: &'_ str| -> (usize, usize) {
        let inner = part.trim();
        let start = inner.as_ptr() as usize - line.as_ptr() as usize;
        (start, start + inner.len())
    };
    let places: Vec<(usize, usize)> = parts.into_iter().filter(is_cell).map(trimmed).collect();
    places.into_iter().map(|(start, end)| &line[start..end]).collect()
}

fn wanted(cell: &str) -> Wanted {
    match cell {
        "…" => Wanted::Any,
        _ if cell.starts_with('"') && cell.ends_with('"') && cell.len() > 1 => {
            Wanted::Text(unquoted(cell))
        }
        _ => match cell.strip_prefix('~') {
            Some(number) if number.parse::<f64>().is_ok() => Wanted::Near(number.to_owned()),
            _ => Wanted::Text(cell.to_owned()),
        },
    }
}

impl Wanted {
    /// Whether a cell is as wanted. Dates may be written as dates; floats may be as far off as the
    /// tolerance says, in parts of the expected one.
    #[must_use]
    pub fn is(&self, cell: &Cell, column: &Column, tolerance: Option<f64>) -> bool {
        let text = match self {
            Self::Any => return true,
            Self::Text(text) => text,
            Self::Near(text) => {
                let near = tolerance.unwrap_or(NEAR);
                return number(cell).zip(text.parse().ok()).is_some_and(|pair| is_near(pair, near));
            }
        };
        if cell.plain() == *text {
            return true;
        }
        match cell {
            Cell::Number(day) if column.is_date => iso(*day) == *text,
            Cell::Float(x) => {
                let expected: Option<f64> = text.parse().ok();
                expected.is_some_and(|y| is_near((*x, y), tolerance.unwrap_or(0.0)))
            }
            _ => false,
        }
    }

    /// As it is written in a table.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::Any => "…".to_owned(),
            Self::Text(text) => bare(text),
            Self::Near(text) => format!("~{text}"),
        }
    }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(x) => Some(*x),
        Cell::Number(_) | Cell::Unsigned(_) => cell.plain().parse().ok(),
        Cell::Text(_) => None,
    }
}

fn is_near((found, expected): (f64, f64), tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs().max(1.0)
}

/// A text as in a table: in quotes only if it must.
fn bare(text: &str) -> String {
    let must = text.is_empty()
        || text.trim() != text
        || text.contains("  ")
        || text.contains(['\t', '\n', '\r'])
        || text.contains("*/")
        || text.starts_with(['"', '~', '…']);
    // A comment would end at the mark, in quotes too.
    if must { quote(text).replace("*/", "*\\/") } else { text.to_owned() }
}

/// A cell as it is written in a table.
#[must_use]
pub fn written(cell: &Cell, column: &Column) -> String {
    match cell {
        Cell::Number(day) if column.is_date => iso(*day),
        Cell::Text(text) => bare(text),
        other => other.plain(),
    }
}

/// Lines of cells, aligned.
#[must_use]
pub fn aligned(lines: &[Vec<String>]) -> Vec<String> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    let line = |cells: &Vec<String>| {
        let mut out = String::new();
        for (cell, wide) in cells.iter().zip(&widths) {
            out.push_str(cell);
            out.push_str(&" ".repeat(wide + 2 - width(cell)));
        }
        out.trim_end().to_owned()
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{Table, Wanted, aligned, bare};

    fn read(text: &str) -> Result<Vec<Vec<String>>, String> {
        let table = Table::read(text, 0..text.len()).map_err(|wrong| wrong.message)?;
        let row = |row: &Vec<Wanted>| row.iter().map(Wanted::written).collect();
        Ok(table.rows.iter().map(row).collect())
    }

    #[test]
    fn cells_are_apart_by_two_blanks_or_a_tab() {
        assert_eq!(read("a b\n 1  two words \n").unwrap(), [["1", "two words"]]);
        assert_eq!(read("a\tb\n1\t x y\n\n").unwrap(), [["1", "x y"]]);
        assert_eq!(read("a b\n\"x  y\"  …\n").unwrap(), [["\"x  y\"", "…"]]);
        assert_eq!(read("a b\nx y\n").unwrap(), [["x", "y"]]);
        assert_eq!(read("a\nx y\n").unwrap(), [["x y"]]);
        assert_eq!(read("a b c\nx y  z\n").unwrap(), [["x", "y", "z"]]);
        assert_eq!(read("a b\n\"\"  ~2\n").unwrap(), [["\"\"", "~2"]]);
        assert_eq!(read("a b\nx\n").unwrap_err(), "this row has 1 cell, and the table 2");
        assert_eq!(read(" \n").unwrap_err(), "a table has no line of column names");
    }

    #[test]
    fn quotes_are_written_where_they_must_be() {
        assert_eq!(bare("x y"), "x y");
        assert_eq!(bare(" x"), "\" x\"");
        assert_eq!(bare("a */ b"), "\"a *\\/ b\"");
        let lines = [vec!["a".to_owned(), "b".to_owned()], vec!["xyz".to_owned(), "1".to_owned()]];
        assert_eq!(aligned(&lines), ["a    b", "xyz  1"]);
    }
}
