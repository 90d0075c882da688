//! Places as editors name them: URIs for paths, lines and UTF-16 columns for byte offsets.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::{Position, Range, Uri};

use crate::text::files::{File, Files};
use crate::text::span::Span;

/// The path of a `file:` URI.
#[must_use]
pub fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // A host may stand before the path; only this machine's files can be read.
    let path = &rest[rest.find('/')?..];
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = (byte == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok().map(PathBuf::from)
}

/// The `file:` URI of an absolute path.
#[must_use]
pub fn uri_of(path: &Path) -> Option<Uri> {
    let path = path.to_str().filter(|_| path.is_absolute())?;
    let mut text = String::from("file://");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri::from_str(&text).ok()
}

/// A byte offset as a position.
#[must_use]
pub fn position(file: &File, offset: usize) -> Position {
    let (line, column) = file.utf16(offset);
    let narrow = |n| u32::try_from(n).unwrap_or(u32::MAX);
    Position::new(narrow(line), narrow(column))
}

/// A position as a byte offset; one outside of the text is the nearest place in it.
#[must_use]
pub fn offset(file: &File, position: Position) -> usize {
    file.offset_of_utf16(position.line as usize, position.character as usize)
}

/// A span as a range.
#[must_use]
pub fn range(files: &Files, span: Span) -> Range {
    let file = files.get(span.file);
    Range::new(position(file, span.start as usize), position(file, span.end as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_there_and_back() {
        let path = Path::new("/a b/ü%/c.dl");
        let uri = uri_of(path).expect("an absolute path");
        assert_eq!(uri.as_str(), "file:///a%20b/%C3%BC%25/c.dl");
        assert_eq!(path_of(&uri).as_deref(), Some(path));
        assert_eq!(uri_of(Path::new("a.dl")), None);
        let other = Uri::from_str("untitled:Untitled-1").expect("a URI");
        assert_eq!(path_of(&other), None);
    }
}
