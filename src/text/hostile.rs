//! Characters that could move the cursor of a terminal, hide, or rearrange what stands around them.

use std::borrow::Cow;
use std::fmt::Write;

/// Control characters, marks of direction, invisible separators and tags. Joiners are none: scripts
/// and emoji need them.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// Lines of text with hostile characters as `<U+202E>`; line ends and tabs stay.
#[must_use]
pub fn lines_visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hostile(c) && !matches!(c, '\n' | '\t');
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) {
            // A String takes whatever is written to it.
            let _ok = write!(out, "<U+{:04X}>", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A text of the same length in bytes with stand-ins for hostile characters, so that places in it
/// stay. Tabs, and control characters of one byte, stay too.
#[must_use]
pub fn stood_in(text: &str) -> Cow<'_, str> {
    let wild = |c: char| is_hostile(c) && c.len_utf8() > 1;
    if !text.contains(wild) {
        return Cow::Borrowed(text);
    }
    let stand_in = |c: char| match c.len_utf8() {
        _ if !wild(c) => c,
        2 => '¤',
        3 => '\u{fffd}',
        _ => '🚫',
    };
    Cow::Owned(text.chars().map(stand_in).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_shows() {
        let text = "a\u{1b}[2J\tb\u{9b}c\u{202e}\nd\u{e0041}é";
        assert_eq!(lines_visible(text), "a<U+001B>[2J\tb<U+009B>c<U+202E>\nd<U+E0041>é");
        let same = stood_in(text);
        assert_eq!(same, "a\u{1b}[2J\tb¤c\u{fffd}\nd🚫é");
        assert_eq!(same.len(), text.len());
        assert!(matches!(lines_visible("a\tb\n"), Cow::Borrowed(_)));
    }
}
