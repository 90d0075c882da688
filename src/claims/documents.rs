//! Documents: each text is read once, checked against its hash, and kept for its quotes.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::{Component, Path};
use std::str;
use std::sync::Arc;

use crate::base::hash::Map;
use crate::base::ids::FileId;
use crate::claims::check::{Check, parse};
use crate::claims::document::DocumentText;
use crate::claims::fields::Fault;
use crate::claims::lines::{RecordKind, State};
use crate::claims::load::{DocumentRead, Outside, Ungrounded, read};
use crate::claims::record::Document;
use crate::claims::search::Folded;
use crate::engine::limits::Stop;
use crate::text::codes::Code;
use crate::text::files::Files;

/// The documents of a run by id.
#[derive(Default)]
pub(crate) struct Documents<'a> {
    pub(crate) by_id: Map<Cow<'a, str>, Evidence>,
    /// The folded text of the document that was last asked for.
    pub(crate) folded: Option<(Cow<'a, str>, Option<Folded>)>,
}

/// What there is of a document.
pub(crate) struct Evidence {
    pub(crate) entry: usize,
    pub(crate) text: Option<DocumentText>,
    /// The text as messages show it, once one does.
    shown: Option<FileId>,
    /// Why there is no text, and how many claims would need it.
    pub(crate) missing: Option<Fault>,
    pub(crate) quoting: usize,
    hash: String,
    /// The file that the text was read from; nothing for a text that stands in its record.
    file: Option<String>,
}

impl Evidence {
    /// The text as messages show it.
    pub(crate) fn show(&mut self, files: &mut Files) -> Option<FileId> {
        let text = self.text.as_ref()?;
        if self.shown.is_none() {
            self.shown = Some(files.add(text.name.clone(), Arc::clone(&text.text)));
        }
        self.shown
    }
}

impl Documents<'_> {
    /// Hashes of the texts by document.
    pub(crate) fn hashes(&self) -> Map<String, String> {
        let known = self.by_id.iter().filter(|(_, evidence)| !evidence.hash.is_empty());
        known.map(|(id, evidence)| (id.to_string(), evidence.hash.clone())).collect()
    }

    /// The texts that were read, in the order of their records.
    pub(crate) fn read(&self) -> Vec<DocumentRead> {
        let mut all: Vec<_> = self.by_id.iter().filter(|(_, e)| !e.hash.is_empty()).collect();
        all.sort_by_key(|(_, evidence)| evidence.entry);
        let read = |(id, evidence): (&Cow<'_, str>, &Evidence)| DocumentRead {
            id: id.to_string(),
            file: evidence.file.clone(),
            sha256: evidence.hash.clone(),
        };
        all.into_iter().map(read).collect()
    }
}

impl<'a> Check<'a> {
    /// Reads the texts of all documents.
    pub(crate) fn documents(&mut self) -> Result<Documents<'a>, Stop> {
        let mut documents = Documents::default();
        for entry in 0..self.entries.len() {
            let line = &self.entries[entry];
            if line.kind != RecordKind::Document || line.state == State::Repeat {
                continue;
            }
            self.limits.check()?;
            let Ok(document) = parse::<Document<'a>>(self.text(entry)) else { continue };
            let mut evidence = Evidence {
                entry,
                text: None,
                shown: None,
                missing: None,
                quoting: 0,
                hash: String::new(),
                file: None,
            };
            match self.document_text(entry, &document) {
                Ok(text) => evidence.text = text,
                Err(fault) if fault.code == Code::H0420 => evidence.missing = Some(*fault),
                Err(fault) => self.fault(entry, *fault),
            }
            if let Some(text) = &evidence.text {
                evidence.hash = text.sha256();
                evidence.file = document.text.is_none().then(|| text.name.clone());
                self.check_hash(entry, &document, &evidence.hash);
            } else if evidence.missing.is_none() && document.path.is_none() {
                evidence.missing = Some(no_text(&document));
            }
            documents.by_id.entry(document.id.0).or_insert(evidence);
        }
        Ok(documents)
    }

    /// The text of a document, or nothing if its record names none.
    fn document_text(
        &self,
        entry: usize,
        document: &Document<'a>,
    ) -> Result<Option<DocumentText>, Box<Fault>> {
        let claims = &self.files[self.entries[entry].file as usize];
        let long = || Box::new(Fault::new(Code::H0306, "id", "the document has 4 GiB or more"));
        if let Some(text) = &document.text {
            let name = format!("{} (text of {})", claims.name, &*document.id);
            return DocumentText::new(name, (&**text).into()).ok_or_else(long).map(Some);
        }
        let Some(path) = &document.path else { return Ok(None) };
        let full = claims.folder.join(&**path);
        let name = full.display().to_string();
        if self.options.outside == Outside::Refuse && leaves(&claims.folder, &full, path) {
            let message = format!("`{}` leaves the folder of its claims file", &**path);
            let fault = Fault::new(Code::H0421, "path", message).label(format!("leads to {name}"));
            return Err(Box::new(fault.help("--allow-outside reads it")));
        }
        let bytes = read(&full).map_err(|error| {
            if error.kind() == ErrorKind::NotFound {
                let message = format!("the text of document `{}` is missing", &*document.id);
                return Fault::new(Code::H0420, "path", message).label(format!("no file {name}"));
            }
            Fault::new(Code::H0306, "path", format!("cannot read {name}: {error}"))
        })?;
        let text = str::from_utf8(&bytes).map_err(|error| {
            let at = error.valid_up_to();
            let message = format!("document `{}` is not UTF-8", &*document.id);
            let label = format!("byte {at} of {name} is {:#04x}", bytes[at]);
            Fault::new(Code::H0305, "path", message).label(label)
        })?;
        DocumentText::new(name, text.into()).ok_or_else(long).map(Some)
    }

    fn check_hash(&mut self, entry: usize, document: &Document<'a>, hash: &str) {
        let Some(stated) = &document.sha256 else { return };
        if stated.len() == 64 && !stated.eq_ignore_ascii_case(hash) {
            let message = format!("document `{}` is not the text of its hash", &*document.id);
            let fault = Fault::new(Code::H0419, "sha256", message)
                .label("of another text")
                .note(format!("the text has sha256 {hash}"))
                .help("if the text is the right one, write its hash and check the quotes");
            self.fault(entry, fault);
        }
    }

    /// Refuses documents whose text is missing, if a claim quotes them or their record names one.
    pub(crate) fn report_missing(&mut self, documents: &mut Documents<'a>) {
        if self.options.ungrounded == Ungrounded::Keep {
            return;
        }
        let mut missing: Vec<&mut Evidence> =
            documents.by_id.values_mut().filter(|e| e.missing.is_some()).collect();
        missing.sort_by_key(|evidence| evidence.entry);
        for evidence in missing {
            let (entry, quoting) = (evidence.entry, evidence.quoting);
            let Some(fault) = evidence.missing.take() else { continue };
            if quoting > 0 || fault.path == "path" {
                let note = match quoting {
                    0 => None,
                    1 => Some("1 claim quotes it".to_owned()),
                    n => Some(format!("{n} claims quote it")),
                };
                let fault = note.into_iter().fold(fault, Fault::note);
                let help = "give it, or take the quotes unverified with --ungrounded keep";
                let diagnostic = self.diagnostic(entry, fault.help(help));
                // The claims that quote it are refused themselves.
                self.report(diagnostic);
            }
        }
    }
}

fn no_text(document: &Document<'_>) -> Fault {
    let message = format!("the text of document `{}` is missing", &*document.id);
    Fault::new(Code::H0420, "id", message).label("has neither `path` nor `text`")
}

/// Whether a path leads out of a folder, by its own steps or through a link.
fn leaves(folder: &Path, full: &Path, path: &str) -> bool {
    let mut depth = 0i32;
    for step in Path::new(path).components() {
        match step {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return true,
        }
        if depth < 0 {
            return true;
        }
    }
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match (here.canonicalize(), full.canonicalize()) {
        (Ok(folder), Ok(full)) => !full.starts_with(folder),
        _ => false,
    }
}
