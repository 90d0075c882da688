//! Splitting the text of a directive: by words and marks that stand outside of strings and
//! brackets. All ranges are of the whole text of the test file, so that messages point into it.

use std::ops::Range;

use crate::syntax::lexer::unescape;

/// A part of a test file's text.
#[derive(Clone, Copy, Debug)]
pub struct Part<'t> {
    /// The whole text of the file.
    pub text: &'t str,
    /// Where the part starts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl<'t> Part<'t> {
    /// The part without blanks at its ends.
    #[must_use]
    pub fn new(text: &'t str, range: Range<usize>) -> Self {
        let inner = &text[range.clone()];
        let start = range.start + (inner.len() - inner.trim_start().len());
        let end = (range.start + inner.trim_end().len()).max(start);
        Self { text, start, end }
    }

    /// Its characters.
    #[must_use]
    pub fn as_str(self) -> &'t str {
        &self.text[self.start..self.end]
    }

    /// Where it is.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The part of it from byte `at` on.
    #[must_use]
    pub fn from(self, at: usize) -> Self {
        Self::new(self.text, self.start + at..self.end)
    }

    /// The part of it before byte `at`.
    #[must_use]
    pub fn before(self, at: usize) -> Self {
        Self::new(self.text, self.start..self.start + at)
    }

    /// Its first word of letters, digits and `_`, and what stands behind that.
    #[must_use]
    pub fn word(self) -> (Self, Self) {
        let text = self.as_str();
        let length =
            text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let word = Self { end: self.start + length, ..self };
        (word, self.from(length))
    }

    /// Its first line, and the lines below that.
    #[must_use]
    pub fn line(self) -> (Self, Range<usize>) {
        let length = self.as_str().find('\n').unwrap_or(self.end - self.start);
        (self.before(length), (self.start + length + 1).min(self.end)..self.end)
    }

    /// A string in quotes or a bare word at the start, and what stands behind it.
    #[must_use]
    pub fn name(self) -> Option<(String, Self)> {
        let text = self.as_str();
        if text.starts_with('"') {
            let end = outside(text).find(|(at, _)| *at > 0).map_or(text.len(), |(at, _)| at);
            let quoted = text[..end].trim_end();
            let is_closed = quoted.len() > 1 && quoted.ends_with('"');
            return is_closed.then(|| (unquoted(quoted), self.from(end)));
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | '"');
        let length = text.find(ends).unwrap_or(text.len());
        (length > 0).then(|| (text[..length].to_owned(), self.from(length)))
    }

    /// The parts between commas that stand outside of brackets and strings.
    #[must_use]
    pub fn split(self) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut from = 0;
        for (at, char) in outside(self.as_str()) {
            if char == ',' {
                parts.push(Self::new(self.text, self.start + from..self.start + at));
                from = at + 1;
            }
        }
        parts.push(self.from(from));
        parts
    }

    /// Where a word stands outside of brackets and strings.
    #[must_use]
    pub fn find_word(self, word: &str) -> Option<usize> {
        let text = self.as_str();
        let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let found = outside(text).find(|(at, _)| {
            text[*at..].starts_with(word)
                && is_blank(text[..*at].chars().next_back())
                && is_blank(text[at + word.len()..].chars().next())
        });
        found.map(|(at, _)| at)
    }

    /// The last comparison outside of brackets and strings: where, and its sign.
    #[must_use]
    pub fn comparison(self) -> Option<(usize, &'t str)> {
        let text = self.as_str();
        let found = outside(text).filter(|(_, char)| matches!(char, '<' | '>' | '=' | '!')).last();
        let (end, _) = found?;
        let start = match text[..end].chars().next_back() {
            Some('<' | '>' | '!') => end - 1,
            _ => end,
        };
        Some((start, &text[start..=end]))
    }
}

/// Characters outside of strings, and outside of round and curly brackets.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    text.char_indices().filter(move |(_, char)| {
        if quoted {
            quoted = *char != '"' || escaped;
            escaped = *char == '\\' && !escaped;
            return false;
        }
        match char {
            '"' => {
                quoted = true;
                return false;
            }
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    })
}

/// A string without its quotes; a bare text as it stands.
#[must_use]
pub fn unquoted(text: &str) -> String {
    let is_quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    if is_quoted { unescape(text) } else { text.to_owned() }
}

/// The text with everything but `kept` blank. Byte offsets and lines stay, so that what is wrong
/// with the rest is found at its place.
///
/// # Panics
/// If a range does not begin and end between characters.
#[must_use]
pub fn only(text: &str, kept: &[Range<usize>]) -> String {
    let blank = |byte: u8| if byte == b'\n' { byte } else { b' ' };
    let mut bytes: Vec<u8> = text.bytes().map(blank).collect();
    for range in kept {
        bytes[range.clone()].copy_from_slice(&text.as_bytes()[range.clone()]);
    }
    String::from_utf8(bytes).expect("what is kept begins and ends between characters")
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::{Part, only, unquoted};

    fn part(text: &str) -> Part<'_> {
        Part::new(text, 0..text.len())
    }

    #[test]
    fn marks_in_strings_and_brackets_do_not_split() {
        let parts = part("p(\"a,b\", c), q , {x, y}").split();
        let parts: Vec<&str> = parts.into_iter().map(Part::as_str).collect();
        assert_eq!(parts, ["p(\"a,b\", c)", "q", "{x, y}"]);
        assert_eq!(part("p(x) where x < \"where\"").find_word("where"), Some(5));
        assert_eq!(part("p(\"a = b\", x >= 1) >= 3").comparison(), Some((19, ">=")));
        assert_eq!(part("p(1) = 3").comparison(), Some((5, "=")));
        assert_eq!(part("p(1)").comparison(), None);
    }

    #[test]
    fn names_are_quoted_or_bare() {
        let name = |text| part(text).name().map(|(name, rest)| (name, rest.as_str().to_owned()));
        assert_eq!(name("\"a \\\"b\" rest"), Some(("a \"b".to_owned(), "rest".to_owned())));
        assert_eq!(name("c0405 c2"), Some(("c0405".to_owned(), "c2".to_owned())));
        assert_eq!(name("\"open"), None);
        assert_eq!(name(""), None);
        assert_eq!(unquoted("\"a\\tb\""), "a\tb");
    }

    #[test]
    fn blanks_keep_offsets_and_lines() {
        assert_eq!(only("äb\ncd", from_ref(&(3..5))), "   \nc ");
    }
}
