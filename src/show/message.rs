//! A diagnostic as JSON, after the schema `hence.message/1`.

use serde_json::{Value, json as object};

use crate::text::diagnostic::{Diagnostic, Severity};
use crate::text::files::Files;
use crate::text::span::Span;

/// The diagnostic as one JSON object.
#[must_use]
pub fn json(message: &Diagnostic, files: &Files) -> Value {
    let severity = match message.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let labels: Vec<Value> = message
        .labels
        .iter()
        .map(|label| {
            let mut place = place(label.span, files);
            place["primary"] = label.primary.into();
            place["text"] = label.text.as_str().into();
            place
        })
        .collect();
    let fixes: Vec<Value> = message
        .fixes
        .iter()
        .map(|fix| {
            let edits: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| {
                    let name = &files.get(edit.span.file).name;
                    let bytes = [edit.span.start, edit.span.end];
                    object!({"file": name, "bytes": bytes, "text": edit.text})
                })
                .collect();
            object!({"title": fix.title, "edits": edits})
        })
        .collect();
    object!({
        "schema": "hence.message/1",
        "code": message.code.text(),
        "severity": severity,
        "message": message.message,
        "labels": labels,
        "notes": message.notes,
        "helps": message.helps,
        "fixes": fixes,
    })
}

/// File, lines, columns in characters, bytes. Bytes count from the start of the shown text, which
/// is that of the file unless only a row of it was kept.
fn place(span: Span, files: &Files) -> Value {
    let file = files.get(span.file);
    let (start, end) = (files.position(span), files.position(span.after()));
    object!({
        "file": file.name,
        "line": start.line,
        "col": start.column,
        "end_line": end.line,
        "end_col": end.column,
        "bytes": [span.start, span.end],
    })
}
