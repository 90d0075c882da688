//! Messages for other tools: the commands that GitHub turns into notes beside the lines of a change,
//! and SARIF 2.1.0 for viewers and code scanning. Columns count characters, as everywhere.

use serde_json::{Value, json};

use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Edit, Fix, Severity};
use crate::text::files::Files;
use crate::text::hostile::lines_visible;
use crate::text::span::Span;

/// One line: a workflow command, with notes and helps below the message.
#[must_use]
pub fn github(diagnostic: &Diagnostic, files: &Files) -> String {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = vec![format!("title={}", property(diagnostic.code.text()))];
    if let Some(span) = diagnostic.span() {
        let (start, end) = (files.position(span), files.position(span.after()));
        let name = property(&files.get(span.file).name);
        properties.insert(0, format!("file={name},line={}", start.line));
        properties.push(format!("col={}", start.column));
        // Columns of several lines cannot be shown.
        if start.line == end.line {
            properties.push(format!("endColumn={}", end.column));
        } else {
            properties.push(format!("endLine={}", end.line));
        }
    }
    let mut text = diagnostic.message.clone();
    for (kind, lines) in [("note", &diagnostic.notes), ("help", &diagnostic.helps)] {
        lines.iter().for_each(|line| text.push_str(&format!("\n{kind}: {line}")));
    }
    diagnostic.fixes.iter().for_each(|fix| text.push_str(&format!("\nhelp: {}", fix.title)));
    format!("::{word} {}::{}", properties.join(","), data(&text))
}

/// A text as the message of a workflow command.
#[must_use]
pub fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D");
    lines_visible(&text).replace('\n', "%0A")
}

/// A text as the value of a property of a workflow command.
#[must_use]
pub fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A message as a result of SARIF.
#[must_use]
pub fn sarif_result(diagnostic: &Diagnostic, files: &Files) -> Value {
    let mut labels = diagnostic.labels.iter();
    let first = labels.next().map(|label| location(label.span, &label.text, files));
    let related: Vec<Value> = labels
        .enumerate()
        .map(|(n, label)| {
            let mut one = location(label.span, &label.text, files);
            one["id"] = json!(n + 1);
            one
        })
        .collect();
    let mut text = diagnostic.message.clone();
    for line in diagnostic.notes.iter().chain(&diagnostic.helps) {
        text.push('\n');
        text.push_str(line);
    }
    let index = Code::ALL.iter().position(|code| *code == diagnostic.code);
    let mut result = json!({
        "ruleId": diagnostic.code.text(),
        "ruleIndex": index,
        "level": level(diagnostic.severity),
        "message": { "text": text },
        "locations": first.into_iter().collect::<Vec<_>>(),
    });
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    if !diagnostic.fixes.is_empty() {
        let fixes: Vec<Value> = diagnostic.fixes.iter().map(|one| fix(one, files)).collect();
        result["fixes"] = json!(fixes);
    }
    result
}

/// A log of SARIF with these results; every code is a rule of it.
#[must_use]
pub fn sarif(results: &[Value]) -> Value {
    let rules: Vec<Value> = Code::ALL
        .iter()
        .map(|code| {
            json!({
                "id": code.text(),
                "shortDescription": { "text": code.title() },
                "fullDescription": { "text": code.about() },
                "defaultConfiguration": { "level": level(code.severity()) },
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "hence",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn region(span: Span, files: &Files) -> Value {
    let (start, end) = (files.position(span), files.position(span.after()));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn artifact(span: Span, files: &Files) -> Value {
    json!({ "uri": uri(&files.get(span.file).name) })
}

fn location(span: Span, text: &str, files: &Files) -> Value {
    let mut one = json!({
        "physicalLocation": {
            "artifactLocation": artifact(span, files),
            "region": region(span, files),
        },
    });
    if !text.is_empty() {
        one["message"] = json!({ "text": text });
    }
    one
}

fn fix(fix: &Fix, files: &Files) -> Value {
    // A fix of two files has a change for each edit; edits of one file may share one.
    let change = |edit: &Edit| {
        json!({
            "artifactLocation": artifact(edit.span, files),
            "replacements": [{
                "deletedRegion": region(edit.span, files),
                "insertedContent": { "text": edit.text },
            }],
        })
    };
    let changes: Vec<Value> = fix.edits.iter().map(change).collect();
    json!({ "description": { "text": fix.title }, "artifactChanges": changes })
}

/// A path as a URI: what has a meaning there is written as its bytes.
fn uri(name: &str) -> String {
    let mut out = String::from(if name.starts_with('/') { "file://" } else { "" });
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
