//! Rows as an aligned table. Columns are as wide as a terminal shows their widest cell; numbers
//! stand to the right and are never cut; if the table is too wide, the widest columns of text are
//! cut first, with `…`.

use crate::show::safe::{shortened, visible, width as cells_of};

/// A table's cells are at least this wide when they are cut.
const NARROWEST: usize = 8;

/// The rows under a header, one a line. `numbers` tells which columns stand to the right; `width`
/// is that of the terminal, nothing if lines may be of any length.
#[must_use]
pub fn table(
    header: &[&str],
    numbers: &[bool],
    rows: &[Vec<String>],
    width: Option<usize>,
) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()).collect();
    let mut widths: Vec<usize> = header.iter().map(|name| cells_of(name)).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cells_of(cell));
        }
    }
    if let Some(limit) = width {
        shrink(&mut widths, numbers, limit);
    }
    let mut out = String::new();
    let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    for row in std::iter::once(&header).chain(&rows) {
        let mut line = String::new();
        for ((cell, &width), &number) in row.iter().zip(&widths).zip(numbers) {
            let cell = shortened(cell, width);
            let blank = " ".repeat(width - cells_of(&cell));
            line.push_str(if line.is_empty() { " " } else { "  " });
            if number {
                line.push_str(&blank);
                line.push_str(&cell);
            } else {
                line.push_str(&cell);
                line.push_str(&blank);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Narrows the widest columns of text until the line fits or nothing more can be cut.
fn shrink(widths: &mut [usize], numbers: &[bool], limit: usize) {
    loop {
        let line: usize = widths.iter().sum::<usize>() + 2 * widths.len() - 1;
        if line <= limit {
            return;
        }
        let texts = widths.iter_mut().zip(numbers).filter(|(_, number)| !**number);
        match texts.map(|(width, _)| width).max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[[&str; 2]], width: Option<usize>, expected: &str) {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        assert_eq!(table(&["name", "n"], &[false, true], &rows, width), expected);
    }

    #[test]
    fn tables() {
        check(
            &[["a", "1"], ["beta gamma", "200"]],
            None,
            " name          n\n a             1\n beta gamma  200\n",
        );
        check(&[["beta gamma", "200"]], Some(14), " name        n\n beta ga…  200\n");
        check(&[["北京", "1"], ["é", "2"]], None, " name  n\n 北京  1\n é     2\n");
        check(&[["a\nb\u{202e}", "1"]], None, " name          n\n a\\nb<U+202E>  1\n");
    }
}
