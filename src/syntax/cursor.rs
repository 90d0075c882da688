//! Where the cursor stands in a statement that is being typed: in which atom, at which argument,
//! inside which text.

/// A bracket that is open at the cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame<'t> {
    /// The name before it; empty if there is none.
    pub name: &'t str,
    /// Whether it is a parenthesis.
    pub round: bool,
    /// Arguments before the cursor's.
    pub args: usize,
    /// Where the cursor's argument starts.
    pub start: usize,
}

/// The place of the cursor, at the end of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor<'t> {
    /// The text before it.
    pub text: &'t str,
    /// Open brackets, the innermost last.
    pub frames: Vec<Frame<'t>>,
    /// The quote of the text that the cursor stands in.
    pub quote: Option<usize>,
    /// Whether it stands in a comment.
    pub in_comment: bool,
    /// The start of the name that ends at the cursor.
    pub word: usize,
}

/// Whether a name may hold this character.
fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '?'
}

/// The start of the name that ends at `end`.
fn name_start(text: &str, end: usize) -> usize {
    text[..end].trim_end_matches(in_name).len()
}

impl<'t> Cursor<'t> {
    /// At the end of `text`. What follows a command counts alone.
    #[must_use]
    pub fn at_end(text: &'t str) -> Self {
        let word = name_start(text, text.len());
        let mut cursor = Self { text, frames: Vec::new(), quote: None, in_comment: false, word };
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            match (cursor.quote, c, next) {
                (Some(_), '\\', _) => {
                    chars.next();
                }
                (Some(_), '"', _) => cursor.quote = None,
                (Some(_), _, _) => {}
                (None, '"', _) => cursor.quote = Some(at),
                (None, '/', Some('/')) => {
                    cursor.in_comment = chars.by_ref().all(|(_, c)| c != '\n');
                }
                (None, '/', Some('*')) => {
                    chars.next();
                    let mut last = ' ';
                    cursor.in_comment = chars.by_ref().all(|(_, c)| {
                        let ends = last == '*' && c == '/';
                        last = c;
                        !ends
                    });
                }
                (None, '(' | '{' | '[', _) => {
                    let name = &text[name_start(text, at)..at];
                    let frame = Frame { name, round: c == '(', args: 0, start: at + 1 };
                    cursor.frames.push(frame);
                }
                (None, ')' | '}' | ']', _) => {
                    cursor.frames.pop();
                }
                (None, ',', _) => {
                    if let Some(frame) = cursor.frames.last_mut() {
                        frame.args += 1;
                        frame.start = at + 1;
                    }
                }
                _ => {}
            }
        }
        cursor
    }

    /// The innermost parenthesis after a name, unless the cursor stands in a brace in it.
    #[must_use]
    pub fn atom(&self) -> Option<&Frame<'t>> {
        self.frames.last().filter(|frame| frame.round && !frame.name.is_empty())
    }

    /// What is typed of the argument at the cursor.
    #[must_use]
    pub fn argument(&self, frame: &Frame<'t>) -> &'t str {
        self.text[frame.start..].trim_start()
    }

    /// The names that stand for variables here: those that no bracket follows.
    #[must_use]
    pub fn variables(&self) -> Vec<&'t str> {
        let code = outline(self.text);
        let text = self.text;
        let mut names: Vec<&str> = Vec::new();
        let mut at = 0;
        while let Some(start) = text[at..].find(in_name).map(|start| at + start) {
            let end = text[start..].find(|c| !in_name(c)).map_or(text.len(), |end| start + end);
            let name = &text[start..end];
            let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name != "_";
            let applied = text[end..].trim_start().starts_with(['(', '{']);
            if is_name && !applied && end < text.len() && code.contains(name) {
                names.push(name);
            }
            at = end;
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// `text` with the inside of strings and all comments blanked out, so that punctuation found in
/// the rest is code.
#[must_use]
pub fn outline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                out.push('"');
                while let Some(inner) = chars.next() {
                    match inner {
                        '\\' => {
                            chars.next();
                        }
                        '"' => break,
                        _ => {}
                    }
                }
                out.push('"');
            }
            '/' if chars.peek() == Some(&'/') => {
                while chars.peek().is_some_and(|&inner| inner != '\n') {
                    chars.next();
                }
            }
            '/' if chars.peek() == Some(&'*') => {
                chars.next();
                let mut last = ' ';
                for inner in chars.by_ref() {
                    if last == '*' && inner == '/' {
                        break;
                    }
                    last = inner;
                }
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(text: &str) -> Option<(&str, usize)> {
        Cursor::at_end(text).atom().map(|frame| (frame.name, frame.args))
    }

    #[test]
    fn the_atom_and_its_argument() {
        assert_eq!(atom("total(r, \"a, (\", "), Some(("total", 2)));
        assert_eq!(atom("?- a(x), b(cat(x, y), "), Some(("b", 1)));
        assert_eq!(atom("n = count : { a(x, y), b("), Some(("b", 0)));
        assert_eq!(atom("n = sum x : { "), None);
        assert_eq!(atom("a(x)"), None);
        assert_eq!(atom("(x + "), None);
    }

    #[test]
    fn quotes_comments_and_names() {
        assert_eq!(Cursor::at_end("a(\"b\", \"c\\\"").quote, Some(7));
        assert!(Cursor::at_end("a(x) // b(").in_comment);
        assert!(!Cursor::at_end("a(x), // b(\n c(").in_comment);
        assert!(Cursor::at_end("a(x) /* b(").in_comment);
        assert_eq!(Cursor::at_end(".why tot").word, 5);
        assert_eq!(Cursor::at_end("a(x, _), y2 = cat(x, \"z\"), b(").variables(), ["x", "y2"]);
    }
}
