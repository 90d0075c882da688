//! [`Shape`]: which JSON values a field takes, read from the schema of the records, and the check
//! of a line against it. A line that passes deserialises; what is wrong with one that does not is
//! said with the place of the field.

use std::fmt;
use std::ops::Range;

use schemars::Schema;
use serde_json::Value;

use crate::base::hash::Map;
use crate::base::nearest::{alternatives, nearest};
use crate::claims::scan::{Kind, Tape};
use crate::claims::search::visible;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Which values a field takes.
#[derive(Default, Debug)]
pub(crate) struct Shape {
    kinds: Vec<Kind>,
    /// Numbers have no fraction.
    whole: bool,
    /// The only strings, if there are any.
    words: Vec<String>,
    /// Fields of an object.
    fields: Map<String, Self>,
    required: Vec<String>,
    /// Items of a list.
    items: Option<Box<Self>>,
    /// Number of items, if it is fixed.
    length: Option<u64>,
}

/// The line that is checked.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a str,
    pub(crate) tape: &'a Tape,
    /// The whole line.
    pub(crate) span: Span,
}

impl Line<'_> {
    /// The place of a node's value.
    pub(crate) fn value(&self, node: usize) -> Span {
        self.part(&self.tape.nodes[node].value)
    }

    /// The place of a node's key.
    pub(crate) fn key(&self, node: usize) -> Span {
        self.part(&self.tape.nodes[node].key)
    }

    /// Bytes of the line.
    pub(crate) fn part(&self, bytes: &Range<usize>) -> Span {
        let start = self.span.start as usize;
        Span::new(self.span.file, start + bytes.start, start + bytes.end)
    }

    fn json(&self, node: usize) -> &str {
        &self.text[self.tape.nodes[node].value.clone()]
    }
}

/// The way from the line to a value, as `chain.1.who`.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Self>,
    name: &'a str,
    index: usize,
}

impl Path<'_> {
    /// The line itself.
    pub(crate) const LINE: Self = Self { parent: None, name: "", index: 0 };
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else { return Ok(()) };
        if parent.parent.is_some() {
            write!(f, "{parent}.")?;
        }
        if self.name.is_empty() { write!(f, "{}", self.index) } else { f.write_str(self.name) }
    }
}

/// What a check found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) errors: Vec<Diagnostic>,
    /// Fields that no record has: their paths and nodes.
    pub(crate) unknown: Vec<(String, usize)>,
}

impl Shape {
    /// The shapes of the record types, by the word of their `type`.
    pub(crate) fn records(schema: &Schema) -> Map<String, Self> {
        let root = schema.as_value();
        let records = root["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
        records
            .iter()
            .filter_map(|record| {
                let word = record["properties"]["type"]["const"].as_str()?;
                let mut shape = Self::default();
                shape.read(record, root);
                Some((word.to_owned(), shape))
            })
            .collect()
    }

    /// Takes over what a part of the schema allows.
    fn read(&mut self, part: &Value, root: &Value) {
        if let Some(reference) = part["$ref"].as_str() {
            let target = root.pointer(reference.trim_start_matches('#'));
            self.read(target.expect("the schema defines what it refers to"), root);
        }
        match &part["type"] {
            Value::String(kind) => self.allow(kind),
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).for_each(|k| self.allow(k))
            }
            _ => {}
        }
        for group in ["oneOf", "anyOf"] {
            for member in part[group].as_array().into_iter().flatten() {
                self.read(member, root);
            }
        }
        self.words.extend(part["const"].as_str().map(str::to_owned));
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            self.fields.entry(name.clone()).or_default().read(field, root);
        }
        for name in part["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.required.push(name.to_owned());
        }
        if part["items"].is_object() {
            self.items.get_or_insert_default().read(&part["items"], root);
        }
        self.length = self.length.or_else(|| part["maxItems"].as_u64());
    }

    fn allow(&mut self, kind: &str) {
        self.whole |= kind == "integer";
        let kind = match kind {
            "null" => Kind::Null,
            "boolean" => Kind::Bool,
            "number" | "integer" => Kind::Number,
            "string" => Kind::String,
            "array" => Kind::Array,
            _ => Kind::Object,
        };
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    /// Names of the fields.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.fields.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The field whose path is nearest to one that no record has.
    pub(crate) fn nearest_field(&self, path: &str) -> Option<String> {
        let mut shape = self;
        let (parents, name) = path.rsplit_once('.').unwrap_or(("", path));
        for step in parents.split('.').filter(|step| !step.is_empty()) {
            shape = shape.fields.get(step).or(shape.items.as_deref())?;
        }
        nearest(name, shape.names()).first().map(|&name| name.to_owned())
    }

    /// Checks a node and all its parts. `path` names the node; empty for the line.
    pub(crate) fn check(&self, line: Line<'_>, node: usize, path: &Path<'_>, found: &mut Found) {
        let kind = line.tape.nodes[node].kind;
        if !self.kinds.contains(&kind) {
            found.errors.push(self.wrong_kind(line, node, path));
            return;
        }
        match kind {
            Kind::Object => self.check_fields(line, node, path, found),
            Kind::Array => self.check_items(line, node, path, found),
            Kind::String if !self.words.is_empty() => {
                let text = line.tape.text(line.text, node);
                if !self.words.iter().any(|word| *word == *text) {
                    found.errors.push(self.wrong_word(line, node, path, &text));
                }
            }
            Kind::Number if self.whole => found.errors.extend(wrong_whole(line, node, path)),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => {}
        }
    }

    fn check_fields(&self, line: Line<'_>, node: usize, path: &Path<'_>, found: &mut Found) {
        let mut seen = Vec::new();
        for part in line.tape.parts(node) {
            let key = line.tape.key(line.text, part);
            let earlier = seen.iter().find(|(name, _)| *name == key);
            if let Some((_, earlier)) = earlier {
                let message = format!("field `{}` is given twice", visible(&key));
                found.errors.push(
                    Diagnostic::new(Code::H0405, message)
                        .label(line.key(part), "given again")
                        .label(line.key(*earlier), "first given here"),
                );
                continue;
            }
            let here = Path { parent: Some(path), name: &key, index: 0 };
            match self.fields.get(&*key) {
                Some(shape) => shape.check(line, part, &here, found),
                None => found.unknown.push((here.to_string(), part)),
            }
            seen.push((key, part));
        }
        for name in &self.required {
            if !seen.iter().any(|(key, _)| **key == **name) {
                let unknown: Vec<&str> = seen
                    .iter()
                    .map(|(key, _)| &**key)
                    .filter(|k| !self.fields.contains_key(*k))
                    .collect();
                let here = Path { parent: Some(path), name, index: 0 };
                found.errors.push(missing(line, node, &here, &nearest(name, unknown)));
            }
        }
    }

    fn check_items(&self, line: Line<'_>, node: usize, path: &Path<'_>, found: &mut Found) {
        let Some(items) = &self.items else { return };
        let count = line.tape.parts(node).count();
        if let Some(length) = self.length.filter(|&length| length != count as u64) {
            found.errors.push(
                Diagnostic::new(Code::H0425, format!("`{path}` takes a list of {length} items"))
                    .label(line.value(node), format!("found {count}")),
            );
            return;
        }
        for (i, part) in line.tape.parts(node).enumerate() {
            items.check(line, part, &Path { parent: Some(path), name: "", index: i }, found);
        }
    }

    fn wrong_kind(&self, line: Line<'_>, node: usize, path: &Path<'_>) -> Diagnostic {
        let kind = line.tape.nodes[node].kind;
        if kind == Kind::String && self.kinds.contains(&Kind::Number) {
            return number_as_text(line, node, path);
        }
        let takes: Vec<&str> =
            self.kinds.iter().filter(|k| **k != Kind::Null).map(|kind| self.noun(*kind)).collect();
        Diagnostic::new(Code::H0425, format!("`{path}` takes {}", takes.join(", ")))
            .label(line.value(node), format!("found {}", Self::default().noun(kind)))
    }

    fn noun(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Null => "null",
            Kind::Bool => "true or false",
            Kind::Number if self.whole => "a whole number",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Array => "a list",
            Kind::Object => "an object",
        }
    }

    fn wrong_word(&self, line: Line<'_>, node: usize, path: &Path<'_>, text: &str) -> Diagnostic {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let mut diagnostic =
            Diagnostic::new(Code::H0407, format!("`{path}` cannot be `{}`", visible(text)))
                .label(line.value(node), "not a word of this field")
                .note(format!("it takes {}", words.join(", ")));
        let folded = text.to_uppercase();
        let near = nearest(text, words.iter().copied());
        let near = near.first().copied();
        if let Some(word) = words.iter().copied().find(|w| w.to_uppercase() == folded).or(near) {
            let title = "a word of this field is similar";
            diagnostic = diagnostic.fix(title, line.value(node), format!("\"{word}\""));
        }
        diagnostic
    }
}

fn missing(line: Line<'_>, node: usize, path: &Path<'_>, near: &[&str]) -> Diagnostic {
    let path = path.to_string();
    if path == "amount.unit" {
        return Diagnostic::new(Code::H0410, "an amount names its unit")
            .label(line.value(node), "`unit` is missing");
    }
    let id = line.tape.field(line.text, 0, "id").filter(|_| node == 0);
    let span = match id {
        Some(id) => line.value(id),
        None => {
            let start = line.tape.nodes[node].value.start;
            line.part(&(start..start + 1))
        }
    };
    let diagnostic = Diagnostic::new(Code::H0406, format!("field `{path}` is missing"))
        .label(span, "this record needs it");
    match alternatives(near) {
        Some(names) => diagnostic.help(format!("is {names} meant to be it?")),
        None => diagnostic,
    }
}

fn number_as_text(line: Line<'_>, node: usize, path: &Path<'_>) -> Diagnostic {
    let text = line.tape.text(line.text, node);
    let separator = |c: char| matches!(c, ',' | '_' | '\'' | '’') || c.is_whitespace();
    let plain: String = text.chars().filter(|c| !separator(*c)).collect();
    let diagnostic = Diagnostic::new(Code::H0411, format!("`{path}` takes a number"));
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return diagnostic.label(line.value(node), "found a string");
    }
    let label = match plain.len() == text.len() {
        true => "found a string",
        false => "found a string; thousands separator?",
    };
    let trimmed = plain.trim_start_matches('0');
    let number = if trimmed.is_empty() { "0" } else { trimmed };
    diagnostic.label(line.value(node), label).mend(
        "write the number bare",
        line.value(node),
        number,
    )
}

fn wrong_whole(line: Line<'_>, node: usize, path: &Path<'_>) -> Option<Diagnostic> {
    let json = line.json(node);
    if json.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        let message = format!("`{path}` takes a whole number");
        return Some(
            Diagnostic::new(Code::H0425, message).label(line.value(node), "found a fraction"),
        );
    }
    // Other spellings that are no number are serde's to refuse.
    let digits = json.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
    (digits && json.parse::<i64>().is_err()).then(|| out_of_range(line.value(node), json))
}

/// A number that 64 bits do not hold.
pub(crate) fn out_of_range(span: Span, json: &str) -> Diagnostic {
    Diagnostic::new(Code::H0304, does_not_fit(json))
        .label(span, format!("`number` is {}..{}", i64::MIN, i64::MAX))
        .help("record it in a larger unit")
}

pub(crate) fn does_not_fit(json: &str) -> String {
    format!("{json} does not fit `number`")
}
