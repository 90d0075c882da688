//! [`Tape`]: the places of all values of one line of JSON. serde says what a line means, the tape
//! where each part of it stands, so that a message can point at the field that is wrong. It knows
//! the structure of JSON only; what is inside strings and numbers is serde's business.

use std::iter;
use std::ops::Range;

use crate::claims::cell::Text;

/// How deep values may be nested.
const NESTING_MAX: usize = 64;

/// The kind of a JSON value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

/// A value of the line, with its key if it is a field.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Bytes of the key with its quotes; empty for items and for the line itself.
    pub(crate) key: Range<usize>,
    /// Bytes of the value, strings with their quotes.
    pub(crate) value: Range<usize>,
    pub(crate) kind: Kind,
    /// Index of the node after this one and all its parts.
    pub(crate) next: usize,
}

/// What was expected at a byte of the line.
#[derive(Clone, Debug)]
pub(crate) struct ScanError {
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

/// All values of a line, parts after their whole; node 0 is the line.
#[derive(Default, Debug)]
pub(crate) struct Tape {
    pub(crate) nodes: Vec<Node>,
}

impl Tape {
    /// Reads a line; the nodes of the line before are gone.
    pub(crate) fn scan(&mut self, line: &str) -> Result<(), ScanError> {
        self.nodes.clear();
        let mut scanner = Scanner { line: line.as_bytes(), at: 0, nodes: &mut self.nodes };
        scanner.space();
        scanner.value(0..0, 0)?;
        scanner.space();
        if scanner.at < line.len() { scanner.fail("the end of the line") } else { Ok(()) }
    }

    /// Indices of the direct parts of a node.
    pub(crate) fn parts(&self, node: usize) -> impl Iterator<Item = usize> {
        let end = self.nodes[node].next;
        let first = Some(node + 1).filter(|&first| first < end);
        iter::successors(first, move |&part| Some(self.nodes[part].next).filter(|&next| next < end))
    }

    /// The field of a node, by name; of two, the last.
    pub(crate) fn field(&self, line: &str, node: usize, name: &str) -> Option<usize> {
        self.parts(node).filter(|&part| *self.key(line, part) == *name).last()
    }

    /// The node that a path such as `chain.1.who` names.
    pub(crate) fn find(&self, line: &str, path: &str) -> Option<usize> {
        path.split('.').try_fold(0, |node, step| match self.nodes[node].kind {
            Kind::Array => self.parts(node).nth(step.parse().ok()?),
            Kind::Object => self.field(line, node, step),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => None,
        })
    }

    /// The key of a node, unescaped; empty if it has none or its escapes are wrong.
    pub(crate) fn key<'a>(&self, line: &'a str, node: usize) -> Text<'a> {
        unquote(&line[self.nodes[node].key.clone()])
    }

    /// The text of a string node, unescaped; empty if its escapes are wrong, or it is no string.
    pub(crate) fn text<'a>(&self, line: &'a str, node: usize) -> Text<'a> {
        let Node { kind, value, .. } = &self.nodes[node];
        if *kind == Kind::String { unquote(&line[value.clone()]) } else { Text::default() }
    }
}

/// The text of a JSON string.
fn unquote(json: &str) -> Text<'_> {
    match json.len() {
        0 => Text::default(),
        end if !json.contains('\\') => Text(json[1..end - 1].into()),
        _ => serde_json::from_str(json).unwrap_or_default(),
    }
}

struct Scanner<'a> {
    line: &'a [u8],
    at: usize,
    nodes: &'a mut Vec<Node>,
}

impl Scanner<'_> {
    fn fail<T>(&self, expected: &'static str) -> Result<T, ScanError> {
        Err(ScanError { at: self.at, expected })
    }

    fn space(&mut self) {
        while matches!(self.line.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Skips spaces and then `byte`, if it is there.
    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.line.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, key: Range<usize>, depth: usize) -> Result<(), ScanError> {
        if depth > NESTING_MAX {
            return self.fail("fewer nested values");
        }
        let start = self.at;
        let node = self.nodes.len();
        self.nodes.push(Node { key, value: start..start, kind: Kind::Null, next: 0 });
        let kind = match self.line.get(self.at) {
            Some(b'"') => self.string().map(|_| Kind::String),
            Some(b'{') => self.object(depth).map(|()| Kind::Object),
            Some(b'[') => self.array(depth).map(|()| Kind::Array),
            Some(b'-' | b'0'..=b'9') => Ok(self.number()),
            Some(b't') => self.word("true", Kind::Bool),
            Some(b'f') => self.word("false", Kind::Bool),
            Some(b'n') => self.word("null", Kind::Null),
            _ => self.fail("a value"),
        }?;
        let next = self.nodes.len();
        let node = &mut self.nodes[node];
        (node.value, node.kind, node.next) = (start..self.at, kind, next);
        Ok(())
    }

    fn string(&mut self) -> Result<Range<usize>, ScanError> {
        let start = self.at;
        if self.line.get(start) != Some(&b'"') {
            return self.fail("`\"`");
        }
        let mut at = start + 1;
        loop {
            match memchr::memchr2(b'"', b'\\', &self.line[at.min(self.line.len())..]) {
                None => {
                    self.at = self.line.len();
                    return self.fail("`\"` to end the string");
                }
                Some(found) if self.line[at + found] == b'"' => {
                    self.at = at + found + 1;
                    return Ok(start..self.at);
                }
                Some(found) => at += found + 2,
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), ScanError> {
        self.at += 1;
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.space();
            if self.line.get(self.at) != Some(&b'"') {
                return self.fail("a field name in quotes");
            }
            let key = self.string()?;
            if !self.eat(b':') {
                return self.fail("`:`");
            }
            self.space();
            self.value(key, depth + 1)?;
            if self.eat(b'}') {
                return Ok(());
            }
            if !self.eat(b',') {
                return self.fail("`,` or `}`");
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), ScanError> {
        self.at += 1;
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.space();
            self.value(0..0, depth + 1)?;
            if self.eat(b']') {
                return Ok(());
            }
            if !self.eat(b',') {
                return self.fail("`,` or `]`");
            }
        }
    }

    fn number(&mut self) -> Kind {
        let part = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        self.at += self.line[self.at..].iter().take_while(|b| part(b)).count();
        Kind::Number
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, ScanError> {
        if self.line[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(kind)
        } else {
            self.fail("a value")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let line = r#" {"a": [1, {"b\u0021": "x\"y"}], "c": {}, "a": null} "#;
        let mut tape = Tape::default();
        tape.scan(line).unwrap();
        let at = |path| tape.find(line, path).map(|node| &line[tape.nodes[node].value.clone()]);
        assert_eq!(at("c"), Some("{}"));
        assert_eq!(at("a"), Some("null"));
        assert_eq!(at("d"), None);
        let line = r#"{"a": [1, {"b\u0021": "x\"y"}]}"#;
        tape.scan(line).unwrap();
        let node = tape.find(line, "a.1.b!").unwrap();
        assert_eq!(&*tape.text(line, node), "x\"y");
        assert_eq!(&*tape.text(line, tape.find(line, "a.0").unwrap()), "");
    }

    #[test]
    fn errors_say_where_and_what() {
        let check = |line: &str, at: usize, expected: &str| {
            let error = Tape::default().scan(line).unwrap_err();
            assert_eq!((error.at, error.expected), (at, expected), "{line}");
        };
        check("{\"a\" 1}", 5, "`:`");
        check("{\"a\": 1 \"b\": 2}", 8, "`,` or `}`");
        check("{\"a\": 1,}", 8, "a field name in quotes");
        check("{\"a\": \"x}", 9, "`\"` to end the string");
        check("{\"a\": \"x\\", 9, "`\"` to end the string");
        check("{\"a\": nul}", 6, "a value");
        check("{} {}", 3, "the end of the line");
        check(&"[".repeat(100), 65, "fewer nested values");
    }
}
