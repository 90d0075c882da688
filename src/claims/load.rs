//! [`load`]: claims files to checked records. All records are read and all errors listed; what the
//! order of lines and files is makes no difference to what is kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::base::hash::{Map, sha256};
use crate::base::ids::FileId;
use crate::claims::check::Check;
use crate::claims::lines::{ClaimsFile, Lines, RecordKind, State};
use crate::claims::policies::{Approximate, Given};
use crate::engine::limits::{Limits, Stop};
use crate::io::map::is_utf16;
use crate::text::codes::Code;
use crate::text::diagnostic::{self, Diagnostic};
use crate::text::files::Files;
use crate::text::span::Span;

/// Why a run without limits comes to its end.
pub(crate) const ENDLESS: &str = "nothing stops what has no limits";

/// What becomes of records with errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadRecords {
    /// Any error stops the run.
    Stop,
    /// They are dropped, and so is what rests on them; every drop is listed. Undeclared sources
    /// and entities are declared by their use.
    Drop,
}

/// What becomes of quotes whose document has no text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ungrounded {
    /// They are errors.
    Refuse,
    /// They are kept and marked as unverified.
    Keep,
}

/// What becomes of document paths that leave the folder of their claims file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outside {
    /// They are errors.
    Refuse,
    /// They are read.
    Allow,
}

/// How to read claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Records with errors.
    pub bad_records: BadRecords,
    /// Quotes without a text to check them.
    pub ungrounded: Ungrounded,
    /// Paths that leave their folder.
    pub outside: Outside,
}

impl Options {
    /// Every error stops.
    pub const STRICT: Self = Self {
        bad_records: BadRecords::Stop,
        ungrounded: Ungrounded::Refuse,
        outside: Outside::Refuse,
    };
}

/// A record that was dropped, or would be if errors did not stop the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejected {
    /// Its type; `hence` if it has none.
    pub kind: RecordKind,
    /// Its first error.
    pub code: Code,
    /// Its line; the text of it is the raw record.
    pub span: Span,
}

/// The type of a name that only its use declares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum NameKind {
    Source,
    Entity,
}

/// A claims file that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileRead {
    /// Its path as messages print it.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Records read.
    pub records: usize,
}

/// A document whose text was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentRead {
    /// Its id.
    pub id: String,
    /// The file that holds the text; nothing for a text that stands in its record.
    pub file: Option<String>,
    /// SHA-256 of the text's bytes.
    pub sha256: String,
}

/// Checked records.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Everything found, in the order of the places.
    pub diagnostics: Vec<Diagnostic>,
    /// Records with errors, in the order of the text.
    pub rejected: Vec<Rejected>,
    /// Records read, repeats included.
    pub records: usize,
    /// Claims read, repeats included.
    pub claims: usize,
    /// Whether there was a claims file: its relations then need no file of facts.
    pub is_given: bool,
    /// The files, in the order given.
    pub files: Vec<FileRead>,
    /// The documents whose texts were read, in the order of their records.
    pub documents: Vec<DocumentRead>,
    pub(crate) policies: Vec<Given>,
    pub(crate) approximate: Option<Approximate>,
    pub(crate) lines: Lines,
    pub(crate) declared: Vec<(NameKind, String)>,
    pub(crate) hashes: Map<String, String>,
    pub(crate) fractional_units: Vec<String>,
    /// Types of records some of which have fields that no record has.
    pub(crate) kinds_with_unknown: Vec<RecordKind>,
}

impl Loaded {
    /// The rejected records as JSON Lines: `code`, `file`, `line`, and the `record` as written.
    #[must_use]
    pub fn rejected_lines(&self) -> String {
        let mut out = String::new();
        // They come in the order of the text, so lines are counted on from one to the next.
        let mut counted = (None, 0, 1);
        for rejected in &self.rejected {
            let files = &self.lines.files;
            let Some(file) = files.iter().find(|file| file.id == rejected.span.file) else {
                continue;
            };
            let start = rejected.span.start as usize;
            let (at, line) =
                if counted.0 == Some(file.id) { (counted.1, counted.2) } else { (0, 1) };
            let line = line + memchr::memchr_iter(b'\n', &file.text.as_bytes()[at..start]).count();
            counted = (Some(file.id), start, line);
            let record = json!({
                "code": rejected.code.text(),
                "file": file.name,
                "line": line,
                "record": file.text[rejected.span.range()],
            });
            out.push_str(&format!("{record}\n"));
        }
        out
    }

    /// Claims among the rejected records.
    #[must_use]
    pub fn claims_rejected(&self) -> usize {
        self.rejected.iter().filter(|record| record.kind == RecordKind::Claim).count()
    }
}

/// Reads and checks claims files, and the documents they name. A file given twice is read once.
/// Texts that messages point into are added to `files`.
///
/// # Panics
/// Never: nothing stops what has no limits.
#[must_use]
pub fn load(paths: &[PathBuf], options: Options, files: &mut Files) -> Loaded {
    load_within(paths, options, files, &Limits::default()).expect(ENDLESS)
}

/// As [`load`], within limits.
///
/// # Errors
/// If it shall stop before its end.
pub fn load_within(
    paths: &[PathBuf],
    options: Options,
    files: &mut Files,
    limits: &Limits,
) -> Result<Loaded, Stop> {
    let mut read = Read::default();
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in paths {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !seen.contains(&canonical) {
            seen.push(canonical);
            limits.check()?;
            read.file(path, files);
        }
    }
    check(read, options, files, limits)
}

/// Checks one claims file that is in memory: its name for messages, its bytes, and the folder of
/// its documents.
///
/// # Panics
/// Never: nothing stops what has no limits.
#[must_use]
pub fn load_bytes(
    name: &str,
    bytes: Vec<u8>,
    folder: &Path,
    options: Options,
    files: &mut Files,
) -> Loaded {
    let mut read = Read::default();
    read.bytes(name, bytes, folder, files);
    check(read, options, files, &Limits::default()).expect(ENDLESS)
}

/// Texts of claims files.
#[derive(Default)]
struct Read {
    claims: Vec<ClaimsFile>,
    /// For each file the bytes that are not UTF-8, the first of each run.
    bad: Vec<Vec<usize>>,
    hashes: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Read {
    fn file(&mut self, path: &Path, files: &mut Files) {
        let name = path.display().to_string();
        match read(path) {
            Ok(bytes) => {
                let folder = path.parent().unwrap_or_else(|| Path::new(""));
                self.bytes(&name, bytes, folder, files);
            }
            Err(error) => {
                let message = format!("cannot read {name}: {error}");
                self.diagnostics.push(Diagnostic::new(Code::H0306, message));
            }
        }
    }

    fn bytes(&mut self, name: &str, bytes: Vec<u8>, folder: &Path, files: &mut Files) {
        if u32::try_from(bytes.len()).is_err() {
            let message = format!("{name} has 4 GiB or more");
            let help = "split it: several claims files are read as one";
            self.diagnostics.push(Diagnostic::new(Code::H0306, message).help(help));
            return;
        }
        if is_utf16(&bytes) {
            let message = format!("{name} is UTF-16, not UTF-8");
            let help = "convert it: iconv -f UTF-16 -t UTF-8";
            self.diagnostics.push(Diagnostic::new(Code::H0305, message).help(help));
            return;
        }
        self.hashes.push(sha256(&bytes));
        let (text, bad) = patched(bytes);
        let text: Arc<str> = text.into();
        let id: FileId = files.add(name, Arc::clone(&text));
        let folder = folder.to_owned();
        self.claims.push(ClaimsFile { id, name: name.to_owned(), folder, text });
        self.bad.push(bad);
    }
}

/// The bytes of a plain file: reading a pipe or a device might never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if !about.is_file() && !about.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file"));
    }
    #[expect(clippy::disallowed_methods, reason = "claims files and documents are read here")]
    fs::read(path)
}

/// Bytes as text. Those that are not UTF-8 become `?`, one for one, so that places stay; the
/// lines that hold them are refused.
fn patched(bytes: Vec<u8>) -> (String, Vec<usize>) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, Vec::new()),
        Err(error) => {
            let mut text = String::with_capacity(error.as_bytes().len());
            let mut bad = Vec::new();
            for chunk in error.as_bytes().utf8_chunks() {
                text.push_str(chunk.valid());
                if !chunk.invalid().is_empty() {
                    bad.push(text.len());
                    text.extend(chunk.invalid().iter().map(|_| '?'));
                }
            }
            (text, bad)
        }
    }
}

fn check(read: Read, options: Options, files: &mut Files, limits: &Limits) -> Result<Loaded, Stop> {
    let Read { claims, bad, hashes, mut diagnostics } = read;
    let mut check = Check::new(&claims, options, files, limits);
    check.read(&bad)?;
    let mut documents = check.documents()?;
    let mut undeclared = check.references(&mut documents)?;
    check.refuse_circles();
    if options.bad_records == BadRecords::Drop {
        check.drop_dependents()?;
        if !check.refused.is_empty() {
            // What is dropped declares nothing.
            undeclared = check.undeclared_in_kept()?;
        }
    }
    let declared = check.report_undeclared(undeclared);
    let kinds_with_unknown = check.report_unknown();
    check.warn_of_plurals();
    check.report_dropped();
    diagnostics.append(&mut check.diagnostics);
    diagnostic::sort(&mut diagnostics);
    let policies = check.policies();
    let approximate = check.approximate;
    let mut refused = check.refused;
    refused.sort_by_key(|(entry, _)| *entry);
    let rejected = refused.iter().map(|&(entry, code)| {
        let entry = &check.entries[entry];
        Rejected { kind: entry.kind, code, span: entry.span(&claims) }
    });
    let mut fractional_units: Vec<String> = check.names.fractional_units.into_iter().collect();
    fractional_units.sort_unstable();
    let files = claims.iter().zip(hashes).enumerate().map(|(at, (file, sha256))| {
        let here = check.entries.iter().filter(|entry| entry.file as usize == at);
        FileRead { file: file.name.clone(), sha256, records: here.count() }
    });
    let files: Vec<FileRead> = files.collect();
    let of_claims = check.entries.iter().filter(|entry| entry.kind == RecordKind::Claim);
    Ok(Loaded {
        diagnostics,
        rejected: rejected.collect(),
        records: check.entries.len(),
        claims: of_claims.count(),
        is_given: !claims.is_empty(),
        files,
        documents: documents.read(),
        hashes: documents.hashes(),
        policies,
        approximate,
        declared,
        fractional_units,
        kinds_with_unknown,
        lines: Lines {
            entries: check.entries.into_iter().filter(|e| e.state == State::Kept).collect(),
            files: claims.clone(),
        },
    })
}
