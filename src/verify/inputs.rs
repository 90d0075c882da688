//! [`Inputs`]: the files that a certificate names, and whether its leaves stand in them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hashbrown::HashMap;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::claims::Claims;
use super::form::{Content, File, Header, Holds, Line, Origin};
use super::search::Table;
use super::value::{Base, Fail, Tuple, Value, ensure};

/// Files of a certificate, in the order of its header.
#[derive(Default)]
pub struct Inputs {
    /// Names and texts of the rule files, if there are any to compare with.
    pub programs: Vec<(String, String)>,
    /// What the hash of relations, facts and rules should be, if that is known.
    pub rules: Option<String>,
    /// Input files, if they are to be compared with.
    texts: Option<Vec<String>>,
    claims: Claims,
    /// Where the records of each file begin.
    starts: Vec<usize>,
    /// The rows of fact files that were asked for.
    rows: RefCell<HashMap<usize, Rc<[Option<Tuple>]>>>,
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn text(value: &Value) -> &str {
    if let Value::Symbol(text) = value { text } else { "" }
}

impl Inputs {
    /// Looks in folders, or beside claims files, for the files that the first line names.
    ///
    /// # Errors
    /// If one is not found or cannot be read.
    pub fn open(header: &str, paths: &[PathBuf]) -> Result<Self, String> {
        let Content::Header(header) = Line::parse(header)?.0 else {
            return Err("the first line is no header".to_owned());
        };
        let (mut inputs, mut texts) = (Self::default(), Vec::new());
        for file in &header.inputs {
            let text = find(file, paths)?;
            inputs.starts.push(inputs.claims.records.len());
            if let Holds::Claims(_) = &file.holds {
                let lines = text.trim_start_matches('\u{feff}').split('\n').enumerate();
                let kept =
                    lines.map(|(at, line)| (!file.without.contains(&(at + 1))).then_some(line));
                let records = kept.map(|line| serde_json::from_str(line?).ok());
                inputs.claims.records.extend(records);
            } else if let Holds::Document(id) = &file.holds {
                inputs.claims.hashes.insert(id.clone(), hash(&text));
                inputs.claims.texts.insert(id.clone(), text.clone());
            }
            texts.push(text);
        }
        inputs.texts = Some(texts);
        inputs.claims.complete(hash);
        Ok(inputs)
    }

    /// Whether the header names these files.
    pub(super) fn fits(&self, header: &Header) -> Result<(), Fail> {
        let own = self.programs.iter().map(|(_, text)| hash(text));
        let same = own.eq(header.programs.iter().map(|(_, hash)| hash.clone()));
        ensure!(self.programs.is_empty() || same, "the rule files are not those of the header");
        let Some(texts) = &self.texts else { return Ok(()) };
        ensure!(header.inputs.len() == texts.len(), "the input files are not those of the header");
        for (file, text) in header.inputs.iter().zip(texts) {
            ensure!(file.sha256 == hash(text), "{} has another hash than in the header", file.name);
            let rows = text.lines().count();
            let same = match file.holds {
                Holds::Rows(_, own) => own + file.without.len() == rows,
                Holds::Claims(own) => own <= rows,
                Holds::Document(_) => true,
            };
            ensure!(same, "{} has {rows} lines", file.name);
        }
        Ok(())
    }

    fn text(&self, at: usize) -> &str {
        self.texts.as_ref().and_then(|texts| texts.get(at)).map_or("", String::as_str)
    }

    /// The rows of a fact file, nothing for bad ones.
    fn rows(&self, at: usize, table: &Table) -> Rc<[Option<Tuple>]> {
        if let Some(rows) = self.rows.borrow().get(&at) {
            return Rc::clone(rows);
        }
        let row = |line: &str| {
            let cells = line.split('\t').zip(&table.columns);
            // Integers have no plus sign there.
            let plus = |cell: &str, base: Base| cell.starts_with('+') && base < Base::Float;
            let read = |(cell, base): (&str, &Base)| {
                Value::read(cell, *base).filter(|_| !plus(cell, *base))
            };
            let none = table.columns.is_empty() && matches!(line, "" | "()");
            let right = none || line.split('\t').count() == table.columns.len();
            cells.map(read).collect::<Option<Tuple>>().filter(|_| right)
        };
        let text = self.text(at).trim_start_matches('\u{feff}');
        let rows: Rc<[Option<Tuple>]> = text.lines().map(row).collect();
        self.rows.borrow_mut().insert(at, Rc::clone(&rows));
        rows
    }

    /// Whether a leaf stands where it says; also what of it is trusted.
    pub(super) fn stands(
        &self,
        header: &Header,
        (name, table): (&str, &Table),
        tuple: &Tuple,
        by: &Origin,
    ) -> Result<Option<&'static str>, Fail> {
        let (at, line, is_row) = match by {
            Origin::Row(at, line) => (*at, *line, true),
            Origin::Record(at, line) => (*at, *line, false),
            Origin::Claim { file, line, .. } => (*file, *line, false),
            Origin::Declared(()) | Origin::Fact(_) => {
                let unknown = tuple.iter().skip(1).all(|value| text(value) == "unknown");
                ensure!(unknown && matches!(name, "source" | "entity"), "no use declares it");
                return Ok(Some("names declared by their use"));
            }
        };
        ensure!(at < header.inputs.len() && line > 0, "no such file or line");
        let place = format!("{}:{line}", header.inputs[at].name);
        let fits = match &header.inputs[at].holds {
            Holds::Rows(of, _) => is_row && of == name,
            Holds::Claims(_) => !is_row,
            Holds::Document(_) => false,
        };
        ensure!(fits, "{place} does not hold this");
        if self.texts.is_none() {
            return Ok(None);
        }
        if is_row {
            let same = self.rows(at, table).get(line - 1).and_then(Option::as_ref) == Some(tuple);
            ensure!(same, "{place} is another row");
            return Ok(None);
        }
        let record = self.records(at).get(line - 1).and_then(Option::as_ref);
        let record = record.ok_or_else(|| Fail::Wrong(format!("{place} is no record")))?;
        let mut trusted = None;
        // Which event a claim is about may be somebody else's word.
        let is_others =
            name == "claim_event" && record["event_by"].as_str().is_some_and(|by| by != "text");
        let is_own = match by {
            Origin::Claim { id, quote, .. } => {
                match quote {
                    Some((of, start, end)) => {
                        let text = self.claims.texts.get(of).map_or("", String::as_str).chars();
                        let words: String =
                            text.skip(*start).take(end.saturating_sub(*start)).collect();
                        let same = record["doc"] == **of && record["quote"] == *words;
                        ensure!(same, "the quote of {place} is not at {start}–{end} of {of}");
                    }
                    None if record["quote"].is_null() => {}
                    None => trusted = Some("quotes without a text"),
                }
                record["type"] == "claim" && record["id"] == **id && !is_others
            }
            _ => record["type"] != "claim" || is_others,
        };
        let right = match self.claims.rows(record, name, &table.columns) {
            Some(rows) => {
                rows.iter().any(|row| **row == **tuple) || Claims::says(name, record, tuple)
            }
            None => {
                trusted = trusted.or(Some("dates that are not plain, quotes of several places"));
                tuple.first().is_some_and(|value| record["id"] == *text(value))
            }
        };
        ensure!(is_own && right, "{place} does not stand for this row");
        Ok(trusted)
    }

    /// The records of a file, nothing for lines without one.
    fn records(&self, at: usize) -> &[Option<Json>] {
        let end = self.starts.get(at + 1).copied().unwrap_or(self.claims.records.len());
        &self.claims.records[self.starts[at]..end]
    }

    /// Whether every row that the files have for a relation is there.
    pub(super) fn all_in(&self, header: &Header, name: &str, table: &Table) -> Result<(), Fail> {
        let given = self.texts.is_some() && table.input;
        for (at, file) in header.inputs.iter().enumerate().filter(|_| given) {
            let mut rows: Vec<Tuple> = Vec::new();
            if matches!(&file.holds, Holds::Rows(of, _) if of == name) {
                for (line, row) in (1..).zip(self.rows(at, table).iter()) {
                    let dropped = file.without.contains(&line);
                    ensure!(
                        dropped == row.is_none(),
                        "{}:{line} is dropped for no reason",
                        file.name
                    );
                    rows.extend(row.clone());
                }
            } else if let Holds::Claims(_) = file.holds {
                for record in self.records(at).iter().flatten() {
                    let own = self.claims.rows(record, name, &table.columns);
                    rows.extend(own.into_iter().flatten().map(Tuple::from));
                }
            }
            let all = rows.iter().all(|row| table.known.contains(row));
            ensure!(all, "a row of `{name}` in {} is missing", file.name);
        }
        Ok(())
    }

    /// What was compared, and what is trusted.
    pub(super) fn summary(&self, header: &Header, trusted: &BTreeMap<&str, usize>) -> String {
        let (files, programs) = (self.texts.as_ref().map_or(0, Vec::len), self.programs.len());
        let mut out = format!("\nas in the header: {files} input files, {programs} rule files");
        for (what, rows) in trusted {
            out += &format!("\ntrusted: {rows} leaves: {what}");
        }
        let dropped: usize = header.inputs.iter().map(|file| file.without.len()).sum();
        out + &if dropped > 0 { format!("\nlines left out: {dropped}") } else { String::new() }
    }
}

/// The text of a file: the one of its hash, else the first of its name.
fn find(file: &File, paths: &[PathBuf]) -> Result<String, String> {
    let parts: Vec<_> = Path::new(&file.name).components().collect();
    let folders =
        paths.iter().map(|path| if path.is_dir() { path } else { path.parent().unwrap_or(path) });
    let places = folders.flat_map(|folder| {
        (0..parts.len()).map(|n| folder.join(parts[n..].iter().collect::<PathBuf>()))
    });
    #[expect(clippy::disallowed_methods, reason = "the checker reads the files itself")]
    let texts: Vec<String> =
        places.filter_map(|place| String::from_utf8(fs::read(place).ok()?).ok()).collect();
    let right = texts.iter().position(|text| hash(text) == file.sha256).unwrap_or(0);
    texts.into_iter().nth(right).ok_or_else(|| format!("{} is not found", file.name))
}
