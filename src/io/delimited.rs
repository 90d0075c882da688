//! Rows of tab-separated text to columns of codes, in one pass. A row is a line, cells are apart
//! by one tab each, nothing is quoted or escaped. A byte order mark at the start and a carriage
//! return at the end of a row are dropped. The file is read block by block: each block is checked
//! to be UTF-8 while it is in the cache, and the stop flag is read once per block. The texts of a
//! block get their codes together, at its end. A part of a file that starts at a line is read as a
//! file is: several threads share a large file so, and [`Outcome::append`] joins what they found.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use crate::engine::facts::Columns;
use crate::engine::limits::{Limits, Stop};
use crate::value::base_type::BaseType;
use crate::value::codes::{Codes, DICTIONARY_START};
use crate::value::symbols::{Batch, Symbols};
use crate::value::value::{Finite, Value};

/// Bytes of a block; a row has at least one byte, so a block has at most that many rows.
const BLOCK: usize = 1 << 16;
/// Bad rows that are kept; all are counted.
const BAD_KEPT: usize = 20;

/// What reading a file gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rows added.
    pub rows: usize,
    /// The first bad rows.
    pub bad: Vec<BadRow>,
    /// Lines of all bad rows, from 1, in order.
    pub bad_lines: Vec<usize>,
    /// Lines read.
    pub lines: usize,
}

impl Outcome {
    /// Adds what the next part of the file gave.
    pub fn append(&mut self, next: Self) {
        let Self { rows, bad, bad_lines, lines } = next;
        let room = BAD_KEPT - self.bad.len();
        let before = self.lines;
        let later = |row: BadRow| BadRow { line: before + row.line, ..row };
        self.bad.extend(bad.into_iter().take(room).map(later));
        self.bad_lines.extend(bad_lines.iter().map(|line| before + line));
        self.rows += rows;
        self.lines += lines;
    }
}

/// A row that cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// The bytes of `text` that are wrong.
    pub place: Range<usize>,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The cell of this column does not hold a value of its type.
    Type(usize),
    /// The cell of this column holds a number that is too large or too small.
    Range(usize),
    /// The cell of this column is empty and its type has no empty value.
    Empty(usize),
    /// The row has only so many columns.
    TooFew(usize),
    /// The row has so many columns.
    TooMany(usize),
}

/// A part of a file: from the start of a line to the start of another one, or to the end.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// The bytes of the file.
    pub file: &'a [u8],
    /// The bytes of the part.
    pub range: Range<usize>,
}

impl<'a> Part<'a> {
    /// A whole file.
    #[must_use]
    pub fn whole(file: &'a [u8]) -> Self {
        Self { file, range: 0..file.len() }
    }
}

/// Why reading gave nothing.
#[derive(Debug)]
pub enum Failed {
    /// The byte at this offset is no UTF-8; with its line, from 1.
    Encoding {
        /// Bytes of the file before it.
        offset: usize,
        /// Its line in the part.
        line: usize,
    },
    /// The run was stopped.
    Stopped(Stop),
}

/// Adds the rows of a part to `into`, whose columns have these base types. Bad rows are left out
/// and reported.
///
/// # Errors
/// If the bytes are not UTF-8 or the run is stopped; rows may have been added then.
pub fn read(
    part: &Part<'_>,
    bases: &[BaseType],
    codes: &Codes,
    limits: &Limits,
    into: &mut Columns,
) -> Result<Outcome, Failed> {
    let bytes = &part.file[..part.range.end];
    let rows_before = into.rows;
    let is_symbol = |column: &usize| bases[*column] == BaseType::Symbol;
    let mut reader = Reader {
        codes,
        cells: bases.iter().map(|&base| Cell::new(base)).collect(),
        texts: Texts {
            columns: (0..bases.len()).filter(is_symbol).collect(),
            waiting: Vec::new(),
            batch: Batch::default(),
        },
        settled: into.rows,
        into,
        outcome: Outcome::default(),
    };
    let has_mark = part.range.start == 0 && bytes.starts_with(b"\xef\xbb\xbf");
    let start = if has_mark { 3 } else { part.range.start };
    let mut at = start;
    while at < bytes.len() {
        limits.check().map_err(Failed::Stopped)?;
        let end = part_end(bytes, at, BLOCK);
        let text = str::from_utf8(&bytes[at..end]).map_err(|error| {
            let good = &bytes[at..at + error.valid_up_to()];
            let line = reader.outcome.lines + memchr_iter(b'\n', good).count() + 1;
            Failed::Encoding { offset: at + error.valid_up_to(), line }
        })?;
        reader.block(text);
        if at == start && end < bytes.len() {
            let rows = reader.into.rows - rows_before;
            reader.reserve(rows * ((bytes.len() - end) / (end - at) + 1));
        }
        at = end;
    }
    reader.outcome.rows = reader.into.rows - rows_before;
    Ok(reader.outcome)
}

/// Where a part of about `size` bytes that starts at `at` ends: after a line end, or at the end of
/// the file.
#[must_use]
pub fn part_end(bytes: &[u8], at: usize, size: usize) -> usize {
    if bytes.len() - at <= size {
        return bytes.len();
    }
    let to = at + size;
    match memrchr(b'\n', &bytes[at..to]) {
        Some(last) => at + last + 1,
        None => memchr(b'\n', &bytes[to..]).map_or(bytes.len(), |next| to + next + 1),
    }
}

/// The state of one file.
struct Reader<'a> {
    codes: &'a Codes,
    cells: Vec<Cell>,
    texts: Texts<'a>,
    into: &'a mut Columns,
    /// Rows whose texts have their codes.
    settled: usize,
    outcome: Outcome,
}

/// The texts of a block, which wait for their codes.
struct Texts<'a> {
    /// The columns that hold texts.
    columns: Vec<usize>,
    /// Row by row, a text for each of these columns.
    waiting: Vec<&'a str>,
    batch: Batch,
}

impl Texts<'_> {
    /// Gives what waits its codes, which go into the columns.
    fn settle(&mut self, symbols: &Symbols, columns: &mut [Vec<u32>]) {
        symbols.intern_all(&self.waiting, &mut self.batch);
        for (i, &column) in self.columns.iter().enumerate() {
            let codes = self.batch.codes.iter().skip(i).step_by(self.columns.len());
            columns[column].extend(codes);
        }
        self.waiting.clear();
    }
}

/// What is remembered of a column: sorted and clustered files repeat the last value.
struct Cell {
    base: BaseType,
    word: u64,
    code: Option<u32>,
}

impl Cell {
    fn new(base: BaseType) -> Self {
        Self { base, word: 0, code: None }
    }

    /// The code of a value that is not its own code.
    fn wide(&mut self, codes: &Codes, word: u64, value: impl FnOnce() -> Value) -> u32 {
        match self.code {
            Some(code) if self.word == word => code,
            _ => {
                let code = codes.encode(value());
                (self.word, self.code) = (word, Some(code));
                code
            }
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads the rows of `text`, which ends at a line end or at the end of the file.
    fn block(&mut self, text: &'a str) {
        let mut at = 0;
        while at < text.len() {
            self.outcome.lines += 1;
            match self.row(text, at) {
                Some(next) => {
                    self.into.rows += 1;
                    at = next;
                }
                None => at = self.refuse(text, at),
            }
        }
        self.texts.settle(self.codes.symbols(), &mut self.into.columns);
        self.settled = self.into.rows;
    }

    /// Reads the row at `at` and gives the start of the next one; nothing if the row is bad, and
    /// then some of its cells may have been added.
    fn row(&mut self, text: &'a str, mut at: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let Some(last) = self.cells.len().checked_sub(1) else {
            return line_end(bytes, if bytes[at..].starts_with(b"()") { at + 2 } else { at });
        };
        for (i, cell) in self.cells.iter_mut().enumerate() {
            let (code, end) = match cell.base {
                BaseType::Number => number(bytes, at, cell, self.codes)?,
                BaseType::Unsigned => unsigned(bytes, at, cell, self.codes)?,
                BaseType::Float => float(text, at, cell, self.codes)?,
                BaseType::Symbol => {
                    let end = text_end(bytes, at, i == last);
                    self.texts.waiting.push(&text[at..end]);
                    at = cell_end(bytes, end, i == last)?;
                    continue;
                }
            };
            at = cell_end(bytes, end, i == last)?;
            self.into.columns[i].push(code);
        }
        Some(at)
    }

    /// Takes the bad row at `at` out again, notes it, and gives the start of the next one.
    #[cold]
    fn refuse(&mut self, text: &str, at: usize) -> usize {
        let rows = self.into.rows - self.settled;
        self.texts.waiting.truncate(rows * self.texts.columns.len());
        for column in &mut self.into.columns {
            column.truncate(self.into.rows);
        }
        let end = memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |n| at + n);
        if self.outcome.bad.len() < BAD_KEPT {
            let line = &text[at..end];
            let line = line.strip_suffix('\r').unwrap_or(line);
            let bases: Vec<BaseType> = self.cells.iter().map(|cell| cell.base).collect();
            let (place, fault) = fault(line, &bases);
            let (text, number) = (line.to_owned(), self.outcome.lines);
            self.outcome.bad.push(BadRow { line: number, text, place, fault });
        }
        self.outcome.bad_lines.push(self.outcome.lines);
        end + 1
    }

    fn reserve(&mut self, rows: usize) {
        for column in &mut self.into.columns {
            column.reserve(rows);
        }
    }
}

/// The byte at `at`; a file that does not end with a line end is read as if it did.
fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(b'\n')
}

/// The start of the next line if the line ends at `at`.
fn line_end(bytes: &[u8], at: usize) -> Option<usize> {
    match byte(bytes, at) {
        b'\n' => Some(at + 1),
        b'\r' if byte(bytes, at + 1) == b'\n' => Some(at + 2),
        _ => None,
    }
}

/// The start of what follows a cell that ends at `end`: the next cell, or the next line.
#[inline]
fn cell_end(bytes: &[u8], end: usize, last: bool) -> Option<usize> {
    if last {
        return line_end(bytes, end);
    }
    (byte(bytes, end) == b'\t').then_some(end + 1)
}

/// The value of the digits at `at`, at most 18, and where they end.
#[inline]
fn digits(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let (mut value, mut end) = (0u64, at);
    loop {
        let digit = byte(bytes, end).wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        end += 1;
    }
    (1..=18).contains(&(end - at)).then_some((value, end))
}

#[inline]
fn own_code(word: u64) -> Option<u32> {
    u32::try_from(word).ok().filter(|&code| code < DICTIONARY_START)
}

#[inline]
fn number(bytes: &[u8], at: usize, cell: &mut Cell, codes: &Codes) -> Option<(u32, usize)> {
    match digits(bytes, at) {
        Some((word, end)) => {
            let code = own_code(word)
                .unwrap_or_else(|| cell.wide(codes, word, || Value::Number(word.cast_signed())));
            Some((code, end))
        }
        None => {
            let (text, end) = integer_text(bytes, at);
            let value: i64 = text.parse().ok()?;
            let word = value.cast_unsigned();
            let code =
                own_code(word).unwrap_or_else(|| cell.wide(codes, word, || Value::Number(value)));
            Some((code, end))
        }
    }
}

#[inline]
fn unsigned(bytes: &[u8], at: usize, cell: &mut Cell, codes: &Codes) -> Option<(u32, usize)> {
    let (word, end) = match digits(bytes, at) {
        Some(found) => found,
        None => {
            let (text, end) = integer_text(bytes, at);
            (text.parse().ok()?, end)
        }
    };
    let code = own_code(word).unwrap_or_else(|| cell.wide(codes, word, || Value::Unsigned(word)));
    Some((code, end))
}

/// An optional minus and all digits at `at`, and where they end.
#[cold]
fn integer_text(bytes: &[u8], at: usize) -> (&str, usize) {
    let mut end = at + usize::from(byte(bytes, at) == b'-');
    while byte(bytes, end).is_ascii_digit() {
        end += 1;
    }
    (str::from_utf8(&bytes[at..end]).expect("digits are ASCII"), end)
}

fn float(text: &str, at: usize, cell: &mut Cell, codes: &Codes) -> Option<(u32, usize)> {
    let bytes = text.as_bytes();
    let end = text_end(bytes, at, true);
    let value = Finite::new(text[at..end].parse().ok()?)?;
    Some((cell.wide(codes, value.get().to_bits(), || Value::Float(value)), end))
}

/// The end of the cell at `at`: before a tab or the line's end.
fn text_end(bytes: &[u8], at: usize, last: bool) -> usize {
    let end = memchr2(b'\t', b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n);
    let returned = last && end > at && bytes[end - 1] == b'\r' && byte(bytes, end) == b'\n';
    end - usize::from(returned)
}

/// Which bytes of a bad row are wrong, and why.
fn fault(line: &str, bases: &[BaseType]) -> (Range<usize>, Fault) {
    let mut start = 0;
    let mut cells = Vec::new();
    for cell in line.split('\t') {
        cells.push(start..start + cell.len());
        start += cell.len() + 1;
    }
    for (column, (place, base)) in cells.iter().zip(bases).enumerate() {
        let wrong = cell_fault(&line[place.clone()], *base, column);
        // A row without enough cells is told as such, whatever the cells hold.
        if let Some(fault) = wrong.filter(|_| cells.len() >= bases.len()) {
            return (place.clone(), fault);
        }
    }
    if cells.len() < bases.len() {
        let given = if line.is_empty() { 0 } else { cells.len() };
        return (line.len()..line.len(), Fault::TooFew(given));
    }
    let from = cells.get(bases.len()).map_or(0, |cell| cell.start);
    (from..line.len(), Fault::TooMany(cells.len()))
}

fn cell_fault(cell: &str, base: BaseType, column: usize) -> Option<Fault> {
    let integer = |cell: &str| !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
    match base {
        BaseType::Symbol => None,
        _ if cell.is_empty() => Some(Fault::Empty(column)),
        BaseType::Number if !integer(cell.strip_prefix('-').unwrap_or(cell)) => {
            Some(Fault::Type(column))
        }
        BaseType::Unsigned if !integer(cell) => {
            Some(if cell.strip_prefix('-').is_some_and(integer) {
                Fault::Range(column)
            } else {
                Fault::Type(column)
            })
        }
        BaseType::Number => cell.parse::<i64>().is_err().then_some(Fault::Range(column)),
        BaseType::Unsigned => cell.parse::<u64>().is_err().then_some(Fault::Range(column)),
        BaseType::Float => match cell.parse::<f64>() {
            Ok(x) if x.is_finite() => None,
            Ok(_) => Some(Fault::Range(column)),
            Err(_) => Some(Fault::Type(column)),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use BaseType::{Float, Number, Symbol, Unsigned};

    fn rows(bytes: &[u8], bases: &[BaseType]) -> (Vec<String>, Outcome) {
        let codes = Codes::new(Arc::new(Symbols::new()));
        let mut into = Columns { rows: 0, columns: vec![Vec::new(); bases.len()] };
        let outcome =
            read(&Part::whole(bytes), bases, &codes, &Limits::default(), &mut into).unwrap();
        let row = |i: usize| {
            let cell = |(base, column): (&BaseType, &Vec<u32>)| {
                codes.decode(*base, column[i]).plain(codes.symbols())
            };
            bases.iter().zip(&into.columns).map(cell).collect::<Vec<_>>().join("|")
        };
        ((0..into.rows).map(row).collect(), outcome)
    }

    fn check(bytes: &str, bases: &[BaseType], expected: &[&str]) {
        let (got, outcome) = rows(bytes.as_bytes(), bases);
        assert_eq!(got, expected, "{bytes:?}");
        assert!(outcome.bad.is_empty(), "{:?}", outcome.bad);
    }

    fn refused(line: &str, bases: &[BaseType], place: Range<usize>, fault: Fault) {
        let (got, outcome) = rows(format!("{line}\n").as_bytes(), bases);
        assert!(got.is_empty(), "{line:?} gave {got:?}");
        assert_eq!(
            outcome.bad,
            [BadRow { line: 1, text: line.to_owned(), place, fault }],
            "{line:?}"
        );
    }

    #[test]
    fn good_rows() {
        check("1\ta\n2\tb\n", &[Number, Symbol], &["1|a", "2|b"]);
        check("1\ta\r\n2\tb\r\n", &[Number, Symbol], &["1|a", "2|b"]);
        check("a\t1\r\nb\t2", &[Symbol, Number], &["a|1", "b|2"]);
        check("\u{feff}1\n", &[Number], &["1"]);
        check("\n\nx\n", &[Symbol], &["", "", "x"]);
        check("a\t\n\tb\n", &[Symbol, Symbol], &["a|", "|b"]);
        check("()\n", &[], &[""]);
        check("", &[Number], &[]);
        let wide = "-1\n-9223372036854775808\n9223372036854775807\n2147483648\n2147483647\n007\n";
        let expected =
            ["-1", "-9223372036854775808", "9223372036854775807", "2147483648", "2147483647", "7"];
        check(wide, &[Number], &expected);
        check("18446744073709551615\n0\n", &[Unsigned], &["18446744073709551615", "0"]);
        check("1.5\n-0\n1e3\r\n.5\n", &[Float], &["1.5", "0", "1000", "0.5"]);
        check("a\rb\tc\n", &[Symbol, Symbol], &["a\rb|c"]);
    }

    #[test]
    fn bad_rows() {
        refused("a\t12k", &[Symbol, Number], 2..5, Fault::Type(1));
        refused(" 7", &[Number], 0..2, Fault::Type(0));
        refused("+7", &[Number], 0..2, Fault::Type(0));
        refused("", &[Number], 0..0, Fault::Empty(0));
        refused("9000000000000000000000", &[Number], 0..22, Fault::Range(0));
        refused("-1", &[Unsigned], 0..2, Fault::Range(0));
        refused("inf", &[Float], 0..3, Fault::Range(0));
        refused("x", &[Float], 0..1, Fault::Type(0));
        refused("1", &[Number, Number], 1..1, Fault::TooFew(1));
        refused("", &[Number, Symbol], 0..0, Fault::TooFew(0));
        refused("1\t2\t3", &[Number, Number], 4..5, Fault::TooMany(3));
        refused("1\t2\t", &[Number, Number], 4..4, Fault::TooMany(3));
        refused("a\t\u{e9}", &[Symbol, Number], 2..4, Fault::Type(1));
    }

    #[test]
    fn reading_goes_on_after_a_bad_row() {
        let (got, outcome) = rows(b"1\t2\n3\tx\ny\t4\n5\t6\n", &[Number, Number]);
        assert_eq!(got, ["1|2", "5|6"]);
        assert_eq!(outcome.bad_lines, [2, 3]);
    }

    #[test]
    fn many_blocks_and_bad_bytes() {
        let mut text = String::new();
        for i in 0..100_000 {
            text.push_str(&format!("{i}\tname {}\t{}\n", i % 777, i64::from(i) << 33));
        }
        let (got, _) = rows(text.as_bytes(), &[Number, Symbol, Number]);
        assert_eq!(got.len(), 100_000);
        assert_eq!(got[99_999], format!("99999|name {}|{}", 99_999 % 777, 99_999_i64 << 33));
        let mut bytes = text.into_bytes();
        let offset = bytes.len();
        bytes.extend_from_slice(b"1\t\xff\t3\n");
        let codes = Codes::new(Arc::new(Symbols::new()));
        let mut into = Columns { rows: 0, columns: vec![Vec::new(); 3] };
        let bases = [Number, Symbol, Number];
        match read(&Part::whole(&bytes), &bases, &codes, &Limits::default(), &mut into) {
            Err(Failed::Encoding { offset: at, line }) => {
                assert_eq!((at, line), (offset + 2, 100_001));
            }
            other => panic!("{other:?}"),
        }
    }
}
