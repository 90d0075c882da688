//! Records that go over several lines, as pretty-printed JSON does. They are refused all the same,
//! once for the whole file: a claims file has one record a line, so that every message and every
//! difference between two files has a line to name.

use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Bytes that a record may have over all its lines.
const RECORD_MAX: usize = 1 << 20;

/// How a value that is open at the end of its line goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spread {
    /// It does not: the line is a record, or should be.
    Line,
    /// It ends before this byte, some lines below.
    To(usize),
    /// It never ends, or too far below: no other line of the file needs to be tried.
    Never,
}

/// How the value that starts in the line `start..end` of `text` goes on.
pub(crate) fn spread(text: &str, start: usize, end: usize) -> Spread {
    let line = text[start..end].trim();
    let opens = line.starts_with(['{', '[']) && line.ends_with(['{', '[', ',', ':']);
    // No JSON is read to its end for an ordinary line.
    if !opens {
        return Spread::Line;
    }
    let is_list = line.starts_with('[');
    let bytes = text.as_bytes();
    let (mut depth, mut quoted, mut at) = (0_usize, false, start);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'\n' if quoted => return Spread::Line,
            // A record of its own starts here: the line above was cut off.
            b'\n' if !is_list && bytes.get(at + 1) == Some(&b'{') => return Spread::Line,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return if at < end { Spread::Line } else { Spread::To(at + 1) };
                }
            }
            _ => {}
        }
        at += 1;
        if !is_list && at - start > RECORD_MAX {
            break;
        }
    }
    Spread::Never
}

/// Values over several lines in one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wide {
    /// The first line of the first of them.
    pub(crate) first: Span,
    /// How many lines that one has.
    pub(crate) lines: usize,
    /// Whether it is a list.
    pub(crate) is_list: bool,
    /// How many there are.
    pub(crate) count: usize,
}

impl Wide {
    /// The one message about the file.
    pub(crate) fn message(&self, file: &str) -> Diagnostic {
        let lines = self.lines;
        let (text, filter) = if self.is_list {
            ("a list of records; a claims file has one record a line, and no list", "'.[]'")
        } else {
            ("a record over several lines; a claims file has one record a line", ".")
        };
        let mut message = Diagnostic::new(Code::H0405, text)
            .label(self.first, format!("goes on for {lines} lines"))
            .help(format!("`jq -c {filter} {file}` writes one record a line"));
        if self.count > 1 {
            message = message.note(format!("{} records of this file are so written", self.count));
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Spread {
        spread(text, 0, text.find('\n').unwrap_or(text.len()))
    }

    #[test]
    fn only_what_closes_below_goes_on() {
        assert_eq!(of("{\n \"a\": [1,\n 2]\n}\n{}"), Spread::To(17));
        assert_eq!(of("[\n{\"a\": \"]\"}\n]"), Spread::To(14));
        assert_eq!(of("{\"a\": 1}\n{}"), Spread::Line);
        assert_eq!(of("{\"a\": 1,\n{\"b\": 1}\n}"), Spread::Line);
        assert_eq!(of("{\"a\": \"x,\n\"}"), Spread::Line);
        assert_eq!(of("{\n\"a\": 1"), Spread::Never);
    }
}
