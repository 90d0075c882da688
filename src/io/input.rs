//! Fact files of a program into [`Facts`], with a message for every file that is missing, cannot
//! be read or has bad rows. Large files are cut at line ends into parts that the workers share;
//! what is found in them is put together in the order of the text.

use std::mem::{replace, take};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::base::hash::sha256_of_parts;
use crate::base::ids::RelationId;
use crate::engine::facts::{Columns, Facts};
use crate::engine::limits::{Limits, Stop};
use crate::io::delimited::{self, BadRow, Failed, Fault, Outcome, Part};
use crate::io::find::{self, Places};
use crate::io::map::{self, Bytes};
use crate::io::shared::share;
use crate::program::program::{Column, FileDirective, Program};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};
use crate::text::files::Files;
use crate::text::numbers::{counted, grouped};
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::codes::Codes;

/// What to do about bad rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BadRows {
    /// They are errors.
    #[default]
    Stop,
    /// They are left out, counted and listed.
    Skip,
}

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What to do about bad rows.
    pub bad_rows: BadRows,
    /// Whether a missing file stands for no rows.
    pub allow_missing: bool,
    /// Whether the hash of each file is noted.
    pub hashes: bool,
    /// Bytes of a part of a file, about: smaller input is read by one worker.
    pub part: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let bad_rows = BadRows::default();
        Self { bad_rows, allow_missing: false, hashes: false, part: 4 << 20 }
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The relation it fills.
    pub relation: RelationId,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of its bytes, if it is noted.
    pub sha256: Option<String>,
    /// The position of its first row among the relation's rows.
    pub first_row: usize,
    /// Rows taken.
    pub rows: usize,
    /// Lines of rows left out, from 1, in order.
    pub bad_lines: Vec<usize>,
}

impl Loaded {
    /// The line of the `index`-th row taken from this file.
    #[must_use]
    pub fn line(&self, index: usize) -> usize {
        let mut line = index + 1;
        for bad in &self.bad_lines {
            if *bad > line {
                break;
            }
            line += 1;
        }
        line
    }
}

/// Reads fact files.
#[derive(Debug)]
pub struct Input<'a> {
    /// The program whose `.input` directives are followed.
    pub program: &'a Program,
    /// Where to look.
    pub places: &'a Places,
    /// How to read.
    pub settings: Settings,
    /// What may stop the reading.
    pub limits: &'a Limits,
    /// Excerpts of files with bad rows are added here.
    pub files: &'a mut Files,
    /// What there is to say.
    pub diagnostics: Vec<Diagnostic>,
    /// Files read.
    pub loaded: Vec<Loaded>,
}

/// A file of rows.
struct Source {
    relation: RelationId,
    span: Span,
    path: PathBuf,
    bytes: Bytes,
}

/// A piece of the work on a file.
enum Piece {
    Hash,
    Read(Range<usize>),
}

/// What a piece of work gave.
enum Done {
    Hash(String),
    Read(Columns, Result<Outcome, Failed>),
}

impl Source {
    fn bases(&self, program: &Program) -> Vec<BaseType> {
        program.relations[self.relation].columns.iter().map(|column| column.base).collect()
    }

    /// Its parts of about so many bytes.
    fn parts(&self, size: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut at = 0;
        while at < self.bytes.len() {
            let end = delimited::part_end(&self.bytes, at, size);
            parts.push(at..end);
            at = end;
        }
        parts
    }

    fn sha256(&self, part: usize) -> String {
        sha256_of_parts(self.bytes.chunks(part).enumerate().map(|(i, bytes)| {
            // What was hashed before this part is not needed any more.
            self.bytes.release(i.saturating_sub(1) * part..i * part);
            bytes
        }))
    }

    fn work(
        &self,
        piece: &Piece,
        bases: &[BaseType],
        codes: &Codes,
        (limits, part): (&Limits, usize),
    ) -> Done {
        match piece {
            Piece::Hash => Done::Hash(self.sha256(part)),
            Piece::Read(range) => {
                let mut into = Columns { rows: 0, columns: vec![Vec::new(); bases.len()] };
                let part = Part { file: &self.bytes, range: range.clone() };
                let read = delimited::read(&part, bases, codes, limits, &mut into);
                self.bytes.release(range.clone());
                Done::Read(into, read)
            }
        }
    }
}

/// What the parts of a file up to the next one gave: rows, or the place of the first byte that is
/// no UTF-8.
type Whole = Result<Outcome, (usize, usize)>;

fn joined(whole: Whole, next: Result<Outcome, Failed>) -> Result<Whole, Stop> {
    let Ok(mut whole) = whole else { return Ok(whole) };
    match next {
        Ok(next) => whole.append(next),
        Err(Failed::Encoding { offset, line }) => return Ok(Err((offset, whole.lines + line))),
        Err(Failed::Stopped(stop)) => return Err(stop),
    }
    Ok(Ok(whole))
}

impl Input<'_> {
    /// Reads the files of every `.input` directive. `filled` says which relations need no file
    /// because something else fills them.
    ///
    /// # Errors
    /// If the run is stopped.
    pub fn read(
        &mut self,
        facts: &mut Facts,
        filled: &dyn Fn(RelationId) -> bool,
    ) -> Result<(), Stop> {
        let sources = self.sources(filled);
        let size: usize = sources.iter().map(|source| source.bytes.len()).sum();
        if self.limits.workers > 1 && size > self.settings.part {
            return self.read_shared(&sources, facts);
        }
        for source in &sources {
            let bases = source.bases(self.program);
            let into = &mut facts.relations[source.relation];
            let first_row = into.rows;
            let mut whole = Ok(Outcome::default());
            for range in source.parts(self.settings.part) {
                let is_first = range.start == 0;
                let part = Part { file: &source.bytes, range: range.clone() };
                let read = delimited::read(&part, &bases, &facts.codes, self.limits, into);
                source.bytes.release(range.clone());
                whole = joined(whole, read)?;
                if is_first && whole.is_ok() {
                    let rows = into.rows - first_row;
                    into.reserve(rows * (source.bytes.len() / range.len() + 1) - rows);
                }
            }
            if whole.is_err() {
                into.truncate(first_row);
            }
            let part = self.settings.part;
            self.settle(source, whole, first_row, || source.sha256(part));
        }
        Ok(())
    }

    /// The files that exist, in the order of the directives; what is wrong with others is noted.
    fn sources(&mut self, filled: &dyn Fn(RelationId) -> bool) -> Vec<Source> {
        let mut sources = Vec::new();
        let program = self.program;
        for directive in &program.inputs {
            let paths = find::files(program, directive, self.places);
            if paths.is_empty() && !self.settings.allow_missing && !filled(directive.relation) {
                self.diagnostics.push(find::missing(program, directive, self.places));
            }
            for path in paths {
                let FileDirective { relation, span, .. } = *directive;
                match map::read(&path) {
                    Ok(bytes) => sources.push(Source { relation, span, path, bytes }),
                    Err(error) => {
                        self.diagnostics.push(unreadable(span, &path, &error.to_string()));
                    }
                }
            }
        }
        sources
    }

    /// Reads files in parts, by all workers.
    fn read_shared(&mut self, sources: &[Source], facts: &mut Facts) -> Result<(), Stop> {
        let (settings, limits, codes) = (self.settings, self.limits, &*facts.codes);
        let bases: Vec<Vec<BaseType>> = sources.iter().map(|s| s.bases(self.program)).collect();
        let mut pieces = Vec::new();
        if settings.hashes {
            // A file is hashed by one worker: it had better not be the last work to begin.
            pieces.extend((0..sources.len()).map(|source| (source, Piece::Hash)));
        }
        for (i, source) in sources.iter().enumerate() {
            let parts = source.parts(settings.part).into_iter();
            pieces.extend(parts.map(|range| (i, Piece::Read(range))));
        }
        let done = share(limits.workers, pieces.len(), &|at| {
            let (source, piece) = &pieces[at];
            sources[*source].work(piece, &bases[*source], codes, (limits, settings.part))
        });
        let mut hashes = vec![String::new(); sources.len()];
        let mut parts: Vec<Vec<Columns>> = sources.iter().map(|_| Vec::new()).collect();
        let mut wholes: Vec<_> = sources.iter().map(|_| Ok(Outcome::default())).collect();
        for ((source, _), done) in pieces.iter().zip(done) {
            match done {
                Done::Hash(hash) => hashes[*source] = hash,
                Done::Read(columns, read) => {
                    parts[*source].push(columns);
                    let whole = replace(&mut wholes[*source], Ok(Outcome::default()));
                    wholes[*source] = joined(whole, read)?;
                }
            }
        }
        for (i, (source, whole)) in sources.iter().zip(wholes).enumerate() {
            let into = &mut facts.relations[source.relation];
            let first_row = into.rows;
            if whole.is_ok() {
                into.append(take(&mut parts[i]));
            }
            self.settle(source, whole, first_row, || take(&mut hashes[i]));
        }
        Ok(())
    }

    /// Notes what reading a file gave.
    fn settle(
        &mut self,
        source: &Source,
        whole: Whole,
        first_row: usize,
        sha256: impl FnOnce() -> String,
    ) {
        let Source { relation, span, ref path, ref bytes } = *source;
        let name = find::shown(path);
        match whole {
            Ok(outcome) => {
                self.report(relation, &name, &outcome);
                let Outcome { rows, bad_lines, .. } = outcome;
                let sha256 = self.settings.hashes.then(sha256);
                let path = path.clone();
                self.loaded.push(Loaded { relation, path, sha256, first_row, rows, bad_lines });
            }
            Err(place) => {
                self.diagnostics.push(encoding(span, &name, map::is_utf16(bytes), place));
            }
        }
    }

    /// One message for all bad rows of a file: the first in full, the others by line.
    fn report(&mut self, relation: RelationId, name: &str, outcome: &Outcome) {
        let Some(first) = outcome.bad.first() else {
            return;
        };
        let file = self.files.excerpt(name, first.text.as_str(), first.line);
        let span = Span::new(file, first.place.start, first.place.end);
        let mut message = self.fault(relation, first, span);
        if let Some(help) =
            other_separator(&first.text, self.program.relations[relation].columns.len())
        {
            message = message.help(help);
        }
        let bad = outcome.bad_lines.len();
        let all = bad + outcome.rows;
        let lines: Vec<String> =
            outcome.bad_lines.iter().take(20).map(ToString::to_string).collect();
        let more = if bad > lines.len() { ", …" } else { "" };
        let of = format!("{} of {} rows of this file", grouped(bad), grouped(all));
        message = message.note(match bad {
            1 => format!("{of} is bad"),
            _ => format!("{of} are bad: lines {}{more}", lines.join(", ")),
        });
        message = match self.settings.bad_rows {
            BadRows::Stop => message.help(
                "mend the rows, or run with --bad-rows skip to go on without them (they are counted)",
            ),
            BadRows::Skip => message.note("these rows were left out (--bad-rows skip)"),
        };
        if self.settings.bad_rows == BadRows::Skip {
            message.severity = Severity::Warning;
        }
        self.diagnostics.push(message);
    }

    fn fault(&self, relation: RelationId, row: &BadRow, span: Span) -> Diagnostic {
        let relation = &self.program.relations[relation];
        let cell = shortened(&row.text[row.place.clone()]);
        let type_name = |column: usize| &self.program.types[relation.columns[column].ty].name;
        let place = |column: usize| {
            let named = &relation.columns[column].name;
            let ty = type_name(column);
            format!("column {} `{named}: {ty}` of `{}`", column + 1, relation.name)
        };
        let base = |column: usize| relation.columns[column].base;
        let arity = counted(relation.columns.len(), "column");
        match row.fault {
            Fault::Type(column) => {
                let found = format!("expected {}, found `{cell}`", base(column));
                Diagnostic::new(Code::H0301, found).label(span, place(column))
            }
            Fault::Empty(column) => {
                let found = format!("expected {}, found an empty cell", base(column));
                Diagnostic::new(Code::H0301, found).label(span, place(column))
            }
            Fault::Range(column) => {
                let base = base(column);
                Diagnostic::new(Code::H0304, format!("{cell} does not fit `{base}`"))
                    .label(span, place(column))
                    .note(format!("`{base}` is {}", range(base)))
                    .help("declare the column float, or record it in larger units")
            }
            Fault::TooFew(given) => {
                let found = match given {
                    0 => "this row is empty".to_owned(),
                    given => format!("this row has {given}"),
                };
                Diagnostic::new(Code::H0301, format!("`{}` has {arity}, {found}", relation.name))
                    .label(span, self.next_column(relation.columns.get(given)))
            }
            Fault::TooMany(given) => {
                let found = format!("`{}` has {arity}, this row has {given}", relation.name);
                Diagnostic::new(Code::H0301, found).label(span, "beyond the last column")
            }
        }
    }

    fn next_column(&self, column: Option<&Column>) -> String {
        column.map_or_else(String::new, |column| {
            format!("`{}: {}` is missing here", column.name, self.program.types[column.ty].name)
        })
    }
}

/// What to do about a row whose cells are apart by something else than tabs.
fn other_separator(row: &str, columns: usize) -> Option<String> {
    let separators = [(',', "comma", "','"), (';', "semicolon", "';'"), ('|', "bar", "'|'")];
    if columns < 2 || row.contains('\t') {
        return None;
    }
    let is_apart = |by: char| row.matches(by).count() + 1 >= columns;
    let (_, name, quoted) = separators.into_iter().find(|(by, ..)| is_apart(*by))?;
    Some(format!(
        "looks {name}-separated; fact files are tab-separated: `tr {quoted} '\\t'` makes them so, if \
         no cell holds a {name}"
    ))
}

fn range(base: BaseType) -> String {
    match base {
        BaseType::Number => format!("{}..{}", i64::MIN, i64::MAX),
        BaseType::Unsigned => format!("0..{}", u64::MAX),
        BaseType::Float => "a finite 64-bit float: no nan, no inf".to_owned(),
        BaseType::Symbol => "any text".to_owned(),
    }
}

/// A cell as a message shows it.
fn shortened(cell: &str) -> String {
    match cell.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_owned(),
    }
}

/// That the operating system refuses a file.
#[must_use]
pub fn unreadable(span: Span, path: &Path, reason: &str) -> Diagnostic {
    Diagnostic::new(Code::H0306, format!("{} cannot be read: {reason}", find::shown(path)))
        .label(span, "read because of this")
}

fn encoding(span: Span, name: &str, utf16: bool, (offset, line): (usize, usize)) -> Diagnostic {
    if utf16 {
        return Diagnostic::new(Code::H0305, format!("{name} is UTF-16, not UTF-8"))
            .label(span, "read because of this")
            .help("convert it: iconv -f UTF-16 -t UTF-8");
    }
    Diagnostic::new(Code::H0305, format!("{name} is not UTF-8: byte {offset}, in line {line}"))
        .label(span, "read because of this")
        .help("files are read as UTF-8; convert it, or mend the line")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::*;
    use crate::program::build::build;
    use crate::syntax::parser::parse;
    use crate::value::symbols::Symbols;

    const PROGRAM: &str = ".decl a(x: symbol, n: number)\n.input a\n.decl b(x: float)\n.input b\n\
                           .decl c()\n.input c\n";

    /// The rows, the messages and what is noted of the files, with so many bytes a part.
    fn read(files: &[(&str, &[u8])], bad_rows: BadRows, workers: usize, part: usize) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            #[expect(clippy::disallowed_methods, reason = "what is read is written first")]
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let mut sources = Files::new();
        let file = sources.add("p.dl", PROGRAM);
        let (tree, _) = parse(PROGRAM, file);
        let (program, _) = build(&[tree], Arc::new(Symbols::new()));
        let codes = Arc::new(Codes::new(Arc::clone(&program.symbols)));
        let mut facts = Facts::of_program(&program, codes);
        let places = Places { folders: vec![folder.path().to_owned()], claims: Vec::new() };
        let limits = Limits { workers, ..Limits::default() };
        let mut input = Input {
            program: &program,
            places: &places,
            settings: Settings { bad_rows, allow_missing: true, hashes: true, part },
            limits: &limits,
            files: &mut sources,
            diagnostics: Vec::new(),
            loaded: Vec::new(),
        };
        input.read(&mut facts, &|_| false).unwrap();
        let mut out = String::new();
        for file in &input.loaded {
            let lines: Vec<usize> = (0..file.rows).map(|row| file.line(row)).collect();
            let Loaded { relation, sha256, first_row, rows, bad_lines, .. } = file;
            out.push_str(&format!("{relation:?} {sha256:?} {first_row} {rows} {bad_lines:?} "));
            out.push_str(&format!("{lines:?}\n"));
        }
        let place = folder.path().display().to_string();
        out.push_str(&format!("{:?}\n", input.diagnostics).replace(&place, "."));
        for (id, rows) in facts.relations.entries() {
            for row in 0..rows.rows {
                for value in facts.row(&program, id, row) {
                    out.push_str(&format!("{}|", value.plain(&program.symbols)));
                }
                out.push('\n');
            }
        }
        out
    }

    #[test]
    fn parts_give_what_the_whole_gives() {
        let mut rows = String::from("\u{feff}");
        for i in 0..200 {
            let bad = if i % 13 == 5 { "x" } else { "" };
            rows.push_str(&format!("name {}\t{i}{bad}{}", i % 17, ["\n", "\r\n"][i % 2]));
        }
        let open = rows.trim_end().to_owned();
        let mut broken = rows.clone().into_bytes();
        broken[700] = 0xff;
        let floats = b"1.5\n\n-0\n2e3".as_slice();
        for a in [rows.as_bytes(), open.as_bytes(), &broken, b"", b"\n\n", b"\xef\xbb\xbf"] {
            let files = [("a.facts", a), ("b.facts", floats), ("c.facts", b"()\n")];
            for bad_rows in [BadRows::Stop, BadRows::Skip] {
                let whole = read(&files, bad_rows, 1, 1 << 20);
                for (workers, part) in [(1, 1), (1, 100), (2, 1), (2, 64), (3, 100), (7, 333)] {
                    assert_eq!(read(&files, bad_rows, workers, part), whole, "{workers}, {part}");
                }
            }
        }
    }
}
