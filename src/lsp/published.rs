//! Messages as an editor shows them: the first place is the message's, the others are related
//! ones; notes and helps stand below the message.

use std::collections::BTreeMap;
use std::path::Path;

use lsp_types::{
    Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    NumberOrString, Range, Uri,
};

use crate::base::ids::FileId;
use crate::lsp::places::range;
use crate::lsp::workspace::Workspace;
use crate::text::diagnostic::{Diagnostic, Label, Severity};
use crate::text::files::Files;

/// Messages by the URI of their text.
pub type ByText = BTreeMap<Uri, Vec<Shown>>;

/// All messages; every open text has a list.
#[must_use]
pub fn all(workspace: &Workspace) -> ByText {
    let mut found = ByText::new();
    for (_, buffer) in workspace.buffers() {
        found.entry(buffer.uri.clone()).or_default();
    }
    for (root, unit) in workspace.roots() {
        let texts = &unit.texts;
        let uri =
            |file: FileId| workspace.uri(texts.key(file)).filter(|_| !is_library(texts.key(file)));
        let own = workspace.uri(root);
        for message in &unit.messages {
            let Some((to, shown)) = shown(message, &texts.files, own.as_ref(), &uri) else {
                continue;
            };
            if unit.test.is_none() || Some(&to) == own.as_ref() {
                add(&mut found, to, shown);
            }
        }
        if let Some(test) = &unit.test {
            for message in &test.messages {
                let uri = |_| own.clone();
                if let Some((to, shown)) = shown(message, &test.files, own.as_ref(), &uri) {
                    add(&mut found, to, shown);
                }
            }
        }
    }
    for claims in workspace.claims() {
        let uri = |file| {
            let path = Path::new(&claims.files.get(file).name).canonicalize().ok()?;
            workspace.uri(&path)
        };
        for message in &claims.messages {
            if let Some((to, shown)) = shown(message, &claims.files, None, &uri) {
                add(&mut found, to, shown);
            }
        }
    }
    found
}

/// Whether a key is that of a module of the library.
#[must_use]
pub fn is_library(key: &Path) -> bool {
    key.to_str().is_some_and(|key| key.starts_with("lib:"))
}

/// A text that two programs include may be told the same twice.
fn add(found: &mut ByText, to: Uri, shown: Shown) {
    let list = found.entry(to).or_default();
    if !list.contains(&shown) {
        list.push(shown);
    }
}

/// A message at its first place that can be shown, or at the start of `root`.
fn shown(
    message: &Diagnostic,
    files: &Files,
    root: Option<&Uri>,
    uri: &dyn Fn(FileId) -> Option<Uri>,
) -> Option<(Uri, Shown)> {
    let place = |label: &Label| Some((uri(label.span.file)?, range(files, label.span)));
    let at = message.labels.iter().position(|label| uri(label.span.file).is_some());
    let (to, range) = match at.and_then(|at| place(&message.labels[at])) {
        Some(place) => place,
        None => (root?.clone(), Range::default()),
    };
    let mut related = Vec::new();
    for (n, label) in message.labels.iter().enumerate() {
        if Some(n) != at
            && let Some((uri, range)) = place(label)
        {
            let location = Location::new(uri, range);
            let message = label.text.clone();
            related.push(DiagnosticRelatedInformation { location, message });
        }
    }
    let shown = Shown {
        range,
        severity: Some(match message.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(message.code.text().to_owned())),
        source: Some("hence".to_owned()),
        message: text(message, at, files),
        related_information: (!related.is_empty()).then_some(related),
        ..Shown::default()
    };
    Some((to, shown))
}

fn text(message: &Diagnostic, at: Option<usize>, files: &Files) -> String {
    let mut lines = vec![message.message.clone()];
    lines.extend(at.map(|at| message.labels[at].text.clone()).filter(|text| !text.is_empty()));
    // Places that cannot be shown are said.
    let is_hidden = |label: &&Label| files.get(label.span.file).name.starts_with("lib:");
    for label in message.labels.iter().filter(is_hidden) {
        lines.push(format!("{}: {}", files.locate(label.span), label.text));
    }
    lines.extend(message.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(message.helps.iter().map(|help| format!("help: {help}")));
    lines.join("\n")
}
