//! [`DocumentText`]: the text of a document, never changed, with the way from code points and
//! UTF-16 units to bytes. Marks at every 128th code point keep each step short, so that checking a
//! quote costs what the quote is long, in a text of one line of a megabyte too.

use std::iter;
use std::ops::Range;
use std::sync::Arc;

use crate::base::hash::sha256;

/// Code points between two marks.
const STEP: usize = 128;

/// A document's text.
#[derive(Debug)]
pub(crate) struct DocumentText {
    pub(crate) text: Arc<str>,
    /// The name that messages print.
    pub(crate) name: String,
    marks: Vec<Mark>,
    line_starts: Vec<u32>,
    /// Number of code points.
    pub(crate) length: usize,
}

/// Where the code points 0, 128, 256, … begin.
#[derive(Clone, Copy, Debug)]
struct Mark {
    byte: u32,
    utf16: u32,
}

impl DocumentText {
    /// Indexes a text of less than 4 GiB; nothing if it is longer.
    pub(crate) fn new(name: String, text: Arc<str>) -> Option<Self> {
        u32::try_from(text.len()).ok()?;
        let mut marks = Vec::with_capacity(text.len() / STEP + 1);
        let (mut length, mut utf16) = (0, 0);
        for (byte, c) in text.char_indices() {
            if length % STEP == 0 {
                marks.push(Mark { byte: narrow(byte), utf16: narrow(utf16) });
            }
            length += 1;
            utf16 += c.len_utf16();
        }
        if marks.is_empty() {
            marks.push(Mark { byte: 0, utf16: 0 });
        }
        let after_line_ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| narrow(at + 1));
        let line_starts = iter::once(0).chain(after_line_ends).collect();
        Some(Self { text, name, marks, line_starts, length })
    }

    /// SHA-256 of the text's bytes in hexadecimal digits.
    pub(crate) fn sha256(&self) -> String {
        sha256(self.text.as_bytes())
    }

    /// The byte at which code point `at` begins; the end counts as one.
    pub(crate) fn byte_of(&self, at: usize) -> Option<usize> {
        let mark = (at / STEP).min(self.marks.len() - 1);
        self.walk(self.marks[mark].byte as usize, at - mark * STEP)
    }

    /// The byte `steps` code points after `byte`.
    fn walk(&self, byte: usize, steps: usize) -> Option<usize> {
        let rest = &self.text[byte..];
        let ends = iter::once(rest.len());
        let mut starts = rest.char_indices().map(|(at, _)| at).chain(ends);
        starts.nth(steps).map(|at| byte + at)
    }

    /// The code point that begins at `byte`.
    pub(crate) fn point_of(&self, byte: usize) -> usize {
        let mark = self.marks.partition_point(|mark| mark.byte as usize <= byte) - 1;
        let start = self.marks[mark].byte as usize;
        mark * STEP + self.text[start..byte].chars().count()
    }

    /// Code points of a range of bytes.
    pub(crate) fn points_of(&self, bytes: &Range<usize>) -> (usize, usize) {
        (self.point_of(bytes.start), self.point_of(bytes.end))
    }

    /// Bytes of the code points `start..end`.
    pub(crate) fn bytes_of(&self, start: usize, end: usize) -> Option<Range<usize>> {
        Some(self.byte_of(start)?..self.byte_of(end)?)
    }

    /// Bytes of the UTF-16 units `start..end`.
    pub(crate) fn bytes_of_utf16(&self, start: usize, end: usize) -> Option<Range<usize>> {
        Some(self.byte_of_utf16(start)?..self.byte_of_utf16(end)?)
    }

    fn byte_of_utf16(&self, unit: usize) -> Option<usize> {
        let mark = self.marks.partition_point(|mark| mark.utf16 as usize <= unit) - 1;
        let Mark { byte, utf16 } = self.marks[mark];
        let (mut byte, mut at) = (byte as usize, utf16 as usize);
        for c in self.text[byte..].chars() {
            if at >= unit {
                break;
            }
            at += c.len_utf16();
            byte += c.len_utf8();
        }
        (at == unit).then_some(byte)
    }

    /// The line in which `byte` stands, from 1.
    pub(crate) fn line_of(&self, byte: usize) -> usize {
        self.line_starts.partition_point(|&start| start as usize <= byte)
    }
}

fn narrow(at: usize) -> u32 {
    u32::try_from(at).expect("the text has less than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> DocumentText {
        DocumentText::new("d".to_owned(), text.into()).unwrap()
    }

    #[test]
    fn every_unit_leads_to_the_same_byte() {
        let long = "e\u{301}–😀\u{200F}x\r\n\u{2028}".repeat(100);
        for text in ["", "abc", "\u{FEFF}a", long.as_str()] {
            let document = document(text);
            let mut utf16 = 0;
            for (point, (byte, c)) in text.char_indices().enumerate() {
                assert_eq!(document.byte_of(point), Some(byte));
                assert_eq!(document.point_of(byte), point);
                assert_eq!(document.byte_of_utf16(utf16), Some(byte));
                if c.len_utf16() == 2 {
                    assert_eq!(document.byte_of_utf16(utf16 + 1), None);
                }
                utf16 += c.len_utf16();
            }
            let length = text.chars().count();
            assert_eq!(document.length, length);
            assert_eq!(document.byte_of(length), Some(text.len()));
            assert_eq!(document.point_of(text.len()), length);
            assert_eq!(document.byte_of_utf16(utf16), Some(text.len()));
            assert_eq!(document.byte_of(length + 1), None);
            assert_eq!(document.byte_of(length + 1000), None);
            assert_eq!(document.byte_of_utf16(utf16 + 1), None);
        }
        assert_eq!(document("a\nb").line_of(2), 2);
        assert_eq!(document(&"x".repeat(256)).byte_of(256), Some(256));
    }

    #[test]
    fn hash_is_that_of_the_bytes() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(document("abc").sha256(), hash);
    }
}
