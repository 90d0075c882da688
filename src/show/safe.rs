//! Text of others for a terminal: what could move the cursor, hide or rearrange what is printed is
//! made visible, and text written from right to left is kept apart from what stands around it.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::text::hostile::is_hostile;
pub(crate) use crate::text::wrap::wrap;

/// Stands for a space at which a line must not break; never part of a text that went through
/// [`visible`].
pub(crate) const GLUE: char = '\u{0}';

/// `text` with control characters, marks of direction and invisible separators as `<U+202E>`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_right_to_left = false;
    for c in text.chars() {
        is_right_to_left |= right_to_left(c);
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hostile(c) => {
                // A String takes whatever is written to it.
                let _ok = write!(out, "<U+{:04X}>", u32::from(c));
            }
            c => out.push(c),
        }
    }
    // First strong isolate, pop directional isolate.
    if is_right_to_left { format!("\u{2068}{out}\u{2069}") } else { out }
}

fn right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// Columns that a terminal gives to a text.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Appends `text` in lines of at most `width` columns, the first after `indent` spaces and the
/// others after two more.
pub(crate) fn hang(text: &str, indent: usize, width: usize, out: &mut String) {
    for (at, line) in wrap(text, width.saturating_sub(indent + 2).max(20)).iter().enumerate() {
        let indent = if at == 0 { indent } else { indent + 2 };
        out.push_str(unglued(&format!("{}{line}", " ".repeat(indent))).trim_end());
        out.push('\n');
    }
}

/// The text as it is printed: glued words with plain spaces.
#[must_use]
pub(crate) fn unglued(text: &str) -> String {
    text.replace(GLUE, " ")
}

/// `text` in at most `width` columns, with `…` where it was cut.
#[must_use]
pub fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        let mut next = out.clone();
        next.push(c);
        if next.width() + 1 > width {
            break;
        }
        out = next;
    }
    // An isolate that was opened is closed again.
    let open = out.contains('\u{2068}');
    out.push('…');
    if open {
        out.push('\u{2069}');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{shortened, visible, wrap};

    #[test]
    fn hostile_text_cannot_move_or_hide() {
        assert_eq!(visible("a\u{202E}b\u{1b}[2Jc\nd"), "a<U+202E>b<U+001B>[2Jc\\nd");
        assert_eq!(visible("\u{2066}x\u{2069}"), "<U+2066>x<U+2069>");
        assert_eq!(visible("שלום"), "\u{2068}שלום\u{2069}");
        assert_eq!(visible("👩\u{200D}🚀 ü"), "👩\u{200D}🚀 ü");
    }

    #[test]
    fn lines_break_at_spaces_only() {
        assert_eq!(wrap("25,000–30,000 troops", 8), ["25,000–30,000", "troops"]);
        assert_eq!(wrap("a b\0c d", 4), ["a", "b\0c", "d"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(shortened("北朝鮮の兵士", 7), "北朝鮮…");
        assert_eq!(shortened("abc", 3), "abc");
    }
}
