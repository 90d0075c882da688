//! Annotations: `//@ name("…") say("…")`. They live in comments, so that a rule file also runs
//! elsewhere; what cannot be read is an error, never ignored.

use crate::syntax::ast::{Annotation, AnnotationArg, Spanned};
use crate::syntax::lexer;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Reads the annotations of a comment that starts with `//@`; further `//@` in it separate.
pub(super) fn read(
    text: &str,
    comment: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Annotation> {
    let mut reader =
        Reader { text: &text[..comment.end as usize], at: comment.start as usize, comment };
    let mut annotations = Vec::new();
    loop {
        reader.skip_gap();
        if reader.rest().is_empty() {
            break;
        }
        match reader.annotation() {
            Ok(annotation) => annotations.push(annotation),
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                return annotations;
            }
        }
    }
    if annotations.is_empty() {
        let empty = reader.problem("an annotation has a name", comment.start as usize);
        diagnostics.push(*empty);
    }
    annotations
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    comment: Span,
}

/// Whether a bare word may hold this character.
fn is_word(char: char) -> bool {
    !char.is_whitespace() && !matches!(char, ',' | '(' | ')' | '"')
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.comment.file, start, self.at)
    }

    fn problem(&self, message: &str, start: usize) -> Box<Diagnostic> {
        let span = Span::new(self.comment.file, start, self.text.len());
        Box::new(Diagnostic::new(Code::H0206, message).label(span, "").note(
            "an annotation is a name, or a name with words or strings in parentheses: \
             assume, conflict(a, b), key(a), name(\"…\"), say(\"…\")",
        ))
    }

    /// Skips blanks, commas and `//@`.
    fn skip_gap(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            let trimmed = trimmed.strip_prefix("//@").unwrap_or(trimmed);
            if trimmed.len() == rest.len() {
                return;
            }
            self.at += rest.len() - trimmed.len();
        }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn accept(&mut self, char: char) -> bool {
        let found = self.rest().starts_with(char);
        self.at += if found { char.len_utf8() } else { 0 };
        found
    }

    fn word(&mut self, accept: impl Fn(char) -> bool) -> Option<Spanned<String>> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then(|| Spanned { node: rest[..length].to_owned(), span: self.span(start) })
    }

    fn annotation(&mut self) -> Result<Annotation, Box<Diagnostic>> {
        let start = self.at;
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
        let Some(name) = name else {
            return Err(self.problem("the name of an annotation is missing", start));
        };
        let mut args = Vec::new();
        if self.accept('(') {
            self.skip_blanks();
            while !self.accept(')') {
                args.push(self.argument(start)?);
                self.skip_blanks();
                if self.accept(',') {
                    self.skip_blanks();
                } else if !self.rest().starts_with(')') {
                    return Err(self.problem("a parenthesis of an annotation is open", start));
                }
            }
        }
        Ok(Annotation { name, args })
    }

    fn argument(&mut self, start: usize) -> Result<Spanned<AnnotationArg>, Box<Diagnostic>> {
        let from = self.at;
        if self.accept('"') {
            let rest = self.rest();
            let mut escaped = false;
            let end = rest.bytes().position(|byte| {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            });
            let Some(length) = end else {
                return Err(self.problem("a string of an annotation is not closed", from));
            };
            self.at += length + 1;
            let node = AnnotationArg::Text(lexer::unescape(&self.text[from..self.at]));
            return Ok(Spanned { node, span: self.span(from) });
        }
        match self.word(is_word) {
            Some(word) => Ok(Spanned { node: AnnotationArg::Word(word.node), span: word.span }),
            None => Err(self.problem("a word or a string is expected in an annotation", start)),
        }
    }
}
