//! Rows as an aligned table. Columns are as wide as a terminal shows their widest cell; numbers
//! stand to the right and are never cut; if the table is too wide, the widest columns of text are
//! cut first, with `…`.

use unicode_width::UnicodeWidthChar;

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
            let cell = cut(cell, width);
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

/// `text` on one line, with every character visible: control characters, line ends and marks that
/// change the direction of writing are written as escapes, so that no text can rearrange a table.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{61c}' => {
                out.extend(c.escape_unicode());
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.extend(c.escape_unicode()),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// How many cells of a terminal a text takes.
#[must_use]
pub fn cells_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
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

fn cut(text: &str, width: usize) -> String {
    if cells_of(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width - 1 {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push('…');
    out
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
        check(&[["a\nb\u{202e}", "1"]], None, " name           n\n a\\nb\\u{202e}  1\n");
    }
}
