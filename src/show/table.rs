//! Rows as an aligned table for a terminal: numbers stand to the right and are never cut, long
//! texts end in `…`, and where even that is too wide each field has a line of its own.

use std::cmp::Reverse;

use crate::show::safe::{shortened, visible, width};
use crate::text::numbers::grouped;

/// Narrower terminals get one line for each field.
const TABLE_MIN: usize = 40;
/// No column of texts is made narrower.
const TEXT_MIN: usize = 8;
const GAP: usize = 2;

/// How a table is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TableOptions {
    /// Columns of a line; nothing where lines may be as long as they like.
    pub width: Option<usize>,
    /// How many rows are shown; nothing for all.
    pub rows_max: Option<usize>,
    /// Whether rows are numbered from 1.
    pub numbered: bool,
    /// Rows that there are beside those given.
    pub left_out: usize,
}

/// The rows under a header, one a line. `numbers` tells which columns stand to the right.
#[must_use]
pub fn table(
    header: &[&str],
    numbers: &[bool],
    rows: &[Vec<String>],
    options: TableOptions,
) -> String {
    let shown = options.rows_max.map_or(rows.len(), |max| rows.len().min(max));
    let mut grid = Grid::new((header, numbers), &rows[..shown], options.numbered);
    let fits = options.width.is_none_or(|width| grid.fit(width));
    let mut out = match options.width {
        Some(width) if !fits => grid.fields(width),
        _ => grid.lines(),
    };
    let hidden = rows.len() - shown + options.left_out;
    if hidden > 0 {
        out.push_str(&format!(" … {} more\n", grouped(hidden)));
    }
    out
}

/// Cells as they are shown.
struct Grid {
    header: Vec<String>,
    is_text: Vec<bool>,
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
    numbered: bool,
}

impl Grid {
    fn new((header, numbers): (&[&str], &[bool]), rows: &[Vec<String>], numbered: bool) -> Self {
        let mut header: Vec<String> = header.iter().map(|name| visible(name)).collect();
        let mut is_text: Vec<bool> = numbers.iter().map(|number| !number).collect();
        let row = |row: &Vec<String>| row.iter().map(|cell| visible(cell)).collect::<Vec<_>>();
        let mut rows: Vec<Vec<String>> = rows.iter().map(row).collect();
        if numbered {
            header.insert(0, String::new());
            is_text.insert(0, false);
            for (at, row) in rows.iter_mut().enumerate() {
                row.insert(0, (at + 1).to_string());
            }
        }
        let mut grid = Self { header, is_text, rows, widths: Vec::new(), numbered };
        grid.widths = (0..grid.header.len()).map(|at| grid.widest(at)).collect();
        grid
    }

    fn total(&self) -> usize {
        1 + self.widths.iter().sum::<usize>() + GAP * self.widths.len().saturating_sub(1)
    }

    /// Narrows the widest columns of texts until a line fits; false if it cannot, or if the
    /// terminal is too narrow for a table that has to be cut.
    fn fit(&mut self, limit: usize) -> bool {
        if self.total() > limit && limit < TABLE_MIN {
            return false;
        }
        while self.total() > limit {
            let least = |at: usize| width(&self.header[at]).max(TEXT_MIN);
            let wide = (0..self.widths.len())
                .filter(|&at| self.is_text[at] && self.widths[at] > least(at))
                .max_by_key(|&at| (self.widths[at], Reverse(at)));
            let Some(at) = wide else { return false };
            self.widths[at] -= 1;
        }
        for at in (0..self.widths.len()).filter(|&at| self.is_text[at]) {
            for row in &mut self.rows {
                row[at] = at_words(&row[at], self.widths[at]);
            }
            self.widths[at] = self.widest(at);
        }
        true
    }

    fn widest(&self, at: usize) -> usize {
        let cells = self.rows.iter().map(|row| width(&row[at]));
        cells.max().unwrap_or(0).max(width(&self.header[at]))
    }

    fn lines(&self) -> String {
        let mut out = String::new();
        for row in [&self.header].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let cell =
                    if self.is_text[at] { at_words(cell, self.widths[at]) } else { cell.clone() };
                let pad = " ".repeat(self.widths[at].saturating_sub(width(&cell)));
                line.push_str(if at == 0 { " " } else { "  " });
                let parts =
                    if self.is_text[at] { [cell.as_str(), &pad] } else { [&pad, cell.as_str()] };
                parts.iter().for_each(|part| line.push_str(part));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// One line for each field.
    fn fields(&self, line_width: usize) -> String {
        let first = usize::from(self.numbered);
        let names = self.header[first..].iter().map(|name| width(name)).max().unwrap_or(0);
        let mut out = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            out.push_str(&format!(" {}\n", at + 1));
            for (column, cell) in row.iter().enumerate().skip(first) {
                let name = &self.header[column];
                let pad = " ".repeat(names - width(name));
                let room = line_width.saturating_sub(names + 5).max(TEXT_MIN);
                let cell = if self.is_text[column] { at_words(cell, room) } else { cell.clone() };
                out.push_str(format!("   {name}{pad}  {cell}").trim_end());
                out.push('\n');
            }
        }
        out
    }
}

/// A text in at most `room` columns; cut between words where that loses little.
fn at_words(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let cut = shortened(text, room);
    let is_plain = !cut.contains('\u{2068}');
    match cut.rfind(' ') {
        Some(space) if is_plain && space * 2 >= cut.len() => {
            format!("{}…", cut[..space].trim_end_matches([' ', ',', ';', ':']))
        }
        _ => cut,
    }
}

#[cfg(test)]
mod tests {
    use super::{TableOptions, table};

    fn check(rows: &[[&str; 2]], width: Option<usize>, expected: &str) {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        let options = TableOptions { width, ..TableOptions::default() };
        assert_eq!(table(&["name", "n"], &[false, true], &rows, options), expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check(
            &[["a", "1"], ["beta gamma", "200"]],
            None,
            " name          n\n a             1\n beta gamma  200\n",
        );
        check(&[["北京", "1"], ["é", "2"]], None, " name  n\n 北京  1\n é     2\n");
        check(&[["a\nb\u{202e}", "1"]], None, " name          n\n a\\nb<U+202E>  1\n");
    }

    #[test]
    fn texts_are_cut_and_numbers_are_not() {
        check(
            &[["a quotation that is far too long for its line", "200000"]],
            Some(40),
            " name                               n\n a quotation that is far too…  200000\n",
        );
        check(
            &[["beta gamma delta epsilon", "123456789012345678"]],
            Some(20),
            " 1\n   name  beta gamma…\n   n     123456789012345678\n",
        );
    }

    #[test]
    fn rows_are_numbered_and_counted() {
        let rows: Vec<Vec<String>> = (0..12).map(|n| vec![format!("r{n}")]).collect();
        let options = TableOptions {
            width: Some(80),
            rows_max: Some(2),
            numbered: true,
            ..TableOptions::default()
        };
        assert_eq!(table(&["r"], &[false], &rows, options), "    r\n 1  r0\n 2  r1\n … 10 more\n");
    }
}
