//! [`Files`]: every text that a message or a proof may point into, with its lines. Texts are kept
//! as read, byte for byte; a byte order mark at the start stays in the text and is skipped by the
//! readers.

use std::iter;
use std::ops::Range;
use std::sync::Arc;

use crate::base::ids::{FileId, Table};
use crate::text::span::Span;

/// A loaded text.
#[derive(Clone, Debug)]
pub struct File {
    /// The name that messages print: the path as given, `lib:totals.dl`, `stdin`, `session:1`.
    pub name: String,
    /// The text as read.
    pub text: Arc<str>,
    /// The number of the text's first line: 1, unless this is an excerpt of a larger file.
    pub first_line: usize,
    line_starts: Vec<usize>,
}

/// A place as people count: both from 1, the column in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// All loaded texts.
#[derive(Clone, Default, Debug)]
pub struct Files {
    files: Table<FileId, File>,
}

impl Files {
    /// No text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name that messages shall print.
    ///
    /// # Panics
    /// If the text has 4 GiB or more: readers refuse such files with a message.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.excerpt(name, text, 1)
    }

    /// Adds lines out of a larger file, the first of which has the number `first_line` there, so
    /// that a message can show one row of a file of gigabytes.
    ///
    /// # Panics
    /// If the text has 4 GiB or more.
    pub fn excerpt(
        &mut self,
        name: impl Into<String>,
        text: impl Into<Arc<str>>,
        first_line: usize,
    ) -> FileId {
        let text = text.into();
        assert!(u32::try_from(text.len()).is_ok(), "texts are shorter than 4 GiB");
        let line_starts =
            iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.files.push(File { name: name.into(), text, first_line, line_starts })
    }

    /// The file of `id`.
    #[must_use]
    pub fn get(&self, id: FileId) -> &File {
        &self.files[id]
    }

    /// The characters of a span.
    #[must_use]
    pub fn text_of(&self, span: Span) -> &str {
        &self.files[span.file].text[span.range()]
    }

    /// Where a span starts.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        self.files[span.file].position(span.start as usize)
    }

    /// `name:line:column` of a span's start.
    #[must_use]
    pub fn locate(&self, span: Span) -> String {
        let at = self.position(span);
        format!("{}:{}:{}", self.files[span.file].name, at.line, at.column)
    }

    /// Ids with files, in the order of loading.
    pub fn entries(&self) -> impl Iterator<Item = (FileId, &File)> {
        self.files.entries()
    }
}

impl File {
    /// Line and column of a byte offset, which must lie on a character boundary. A byte order mark
    /// at the start of the text is no character.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_starts[line - 1];
        let column = self.text[start..offset].chars().count() + 1;
        Position { line: line + self.first_line - 1, column }
    }

    /// Line and column of a byte offset as editors count: both from 0, the column in UTF-16 units.
    /// The offset must lie on a character boundary.
    #[must_use]
    pub fn utf16(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|&start| start <= offset) - 1;
        let before = &self.text[self.line_starts[line]..offset];
        (line + self.first_line - 1, before.chars().map(char::len_utf16).sum())
    }

    /// The byte offset of a place as editors count. A place behind the end of its line is that end,
    /// one behind the last line the end of the text, one inside a character its start.
    #[must_use]
    pub fn offset_of_utf16(&self, line: usize, column: usize) -> usize {
        let line = (line + 1).saturating_sub(self.first_line);
        let Some(&start) = self.line_starts.get(line) else { return self.text.len() };
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |&next| next - 1);
        let line = &self.text[start..end];
        let text = line.strip_suffix('\r').unwrap_or(line);
        let mut units = 0;
        for (at, char) in text.char_indices() {
            units += char.len_utf16();
            if units > column {
                return start + at;
            }
        }
        start + text.len()
    }

    /// Byte range of line `line` (numbered as in [`File::position`]), without its end.
    #[must_use]
    pub fn line(&self, line: usize) -> Range<usize> {
        let line = line + 1 - self.first_line;
        let start = self.line_starts[line - 1];
        let end = self.line_starts.get(line).map_or(self.text.len(), |&next| next - 1);
        let end = if self.text[start..end].ends_with('\r') { end - 1 } else { end };
        start..end
    }

    /// Number of lines; a text that ends with a line end has no empty line after it.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.line_starts.len() - usize::from(self.text.ends_with('\n'))
    }
}

#[cfg(test)]
mod tests {
    use super::Files;

    #[test]
    fn editors_count_utf16_units() {
        let mut files = Files::new();
        // A character of two units, one with an accent of its own, and line ends of two kinds.
        let id = files.add("t", "p(\"😀e\u{301}\").\r\n\nq(1)");
        let file = files.get(id);
        let offsets = [(0, (0, 0)), (3, (0, 3)), (7, (0, 5)), (8, (0, 6)), (10, (0, 7))];
        for (offset, place) in [&offsets[..], &[(13, (0, 10)), (16, (2, 0)), (20, (2, 4))]].concat()
        {
            assert_eq!(file.utf16(offset), place);
            assert_eq!(file.offset_of_utf16(place.0, place.1), offset);
        }
        // Inside the emoji, behind a line, behind the text.
        assert_eq!(file.offset_of_utf16(0, 4), 3);
        assert_eq!(file.offset_of_utf16(0, 99), 13);
        assert_eq!(file.offset_of_utf16(1, 1), 15);
        assert_eq!(file.offset_of_utf16(9, 0), 20);
    }
}
