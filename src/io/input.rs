//! Fact files of a program into [`Facts`], with a message for every file that is missing, cannot
//! be read or has bad rows.

use std::path::{Path, PathBuf};

use crate::base::hash::sha256;
use crate::base::ids::RelationId;
use crate::engine::facts::Facts;
use crate::engine::limits::{Limits, Stop};
use crate::io::delimited::{self, BadRow, Failed, Fault, Outcome};
use crate::io::find::{self, Places};
use crate::io::map;
use crate::program::program::{Column, FileDirective, Program};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};
use crate::text::files::Files;
use crate::text::numbers::{counted, grouped};
use crate::text::span::Span;
use crate::value::base_type::BaseType;

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
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// What to do about bad rows.
    pub bad_rows: BadRows,
    /// Whether a missing file stands for no rows.
    pub allow_missing: bool,
    /// Whether the hash of each file is noted.
    pub hashes: bool,
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
        let program = self.program;
        for directive in &program.inputs {
            let paths = find::files(program, directive, self.places);
            if paths.is_empty() && !self.settings.allow_missing && !filled(directive.relation) {
                self.diagnostics.push(find::missing(program, directive, self.places));
            }
            for path in paths {
                self.file(directive, path, facts)?;
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        directive: &FileDirective,
        path: PathBuf,
        facts: &mut Facts,
    ) -> Result<(), Stop> {
        let name = find::shown(&path);
        let relation = directive.relation;
        let bytes = match map::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.diagnostics.push(unreadable(directive.span, &path, &error.to_string()));
                return Ok(());
            }
        };
        let columns = &self.program.relations[relation].columns;
        let bases: Vec<BaseType> = columns.iter().map(|column| column.base).collect();
        let into = &mut facts.relations[relation];
        let first_row = into.rows;
        match delimited::read(&bytes, &bases, &facts.codes, self.limits, into) {
            Ok(outcome) => {
                self.report(relation, &name, &outcome);
                let Outcome { rows, bad_lines, .. } = outcome;
                let sha256 = self.settings.hashes.then(|| sha256(&bytes));
                let file = Loaded { relation, path, sha256, first_row, rows, bad_lines };
                self.loaded.push(file);
                Ok(())
            }
            Err(Failed::Encoding { offset, line }) => {
                let place = (offset, line);
                self.diagnostics.push(encoding(
                    directive.span,
                    &name,
                    map::is_utf16(&bytes),
                    place,
                ));
                Ok(())
            }
            Err(Failed::Stopped(stop)) => Err(stop),
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
