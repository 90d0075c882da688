//! Colours of what is typed, by the lexer of the language: relations that are there and that are
//! not, texts, numbers, comments, words of the language, and variables that occur but once.

use crate::base::ids::{FileId, Id};
use crate::cli::repl::command;
use crate::syntax::lexer::lex;
use crate::syntax::token::{Kind, Token};
use crate::text::span::Span;

const RELATION: &str = "\u{1b}[34m";
const UNKNOWN: &str = "\u{1b}[31m";
const TEXT: &str = "\u{1b}[32m";
const NUMBER: &str = "\u{1b}[36m";
const WORD: &str = "\u{1b}[35m";
const SINGLE: &str = "\u{1b}[33m";
const COMMENT: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// `line` with colours, as wide as it was. `knows` tells which names are relations.
#[must_use]
pub fn coloured(line: &str, knows: impl Fn(&str) -> bool) -> String {
    let typed = line.trim_start();
    let from = line.len() - typed.len();
    let word = typed.split(char::is_whitespace).next().unwrap_or_default();
    let is_command =
        word.len() > 1 && word.starts_with('.') && !command::DIRECTIVES.contains(&word);
    let start = if is_command { from + word.len() } else { from };
    let mut parts: Vec<(usize, usize, &str)> = Vec::new();
    if is_command {
        let known = command::named(word).len() == 1;
        parts.push((from, start, if known { WORD } else { UNKNOWN }));
    }
    // Spaces keep the offsets.
    let text = format!("{}{}", " ".repeat(start), &line[start..]);
    let lexed = lex(&text, FileId::new(0));
    for (at, token) in lexed.tokens.iter().enumerate() {
        let next = lexed.tokens.get(at + 1).map(|next| next.kind);
        if let Some(colour) = colour(&text, token, next, &lexed.tokens, &knows) {
            parts.push((token.span.start as usize, token.span.end as usize, colour));
        }
    }
    for comment in &lexed.comments {
        parts.push((comment.span.start as usize, comment.span.end as usize, COMMENT));
    }
    parts.sort_unstable();
    let mut out = String::with_capacity(line.len() * 2);
    let mut at = 0;
    for (start, end, colour) in parts {
        let end = end.min(line.len());
        if start < at || end <= start {
            continue;
        }
        out.push_str(&line[at..start]);
        out.push_str(colour);
        out.push_str(&line[start..end]);
        out.push_str(PLAIN);
        at = end;
    }
    out.push_str(&line[at..]);
    out
}

fn colour(
    text: &str,
    token: &Token,
    next: Option<Kind>,
    all: &[Token],
    knows: &impl Fn(&str) -> bool,
) -> Option<&'static str> {
    let spelt = |span: Span| &text[span.range()];
    match token.kind {
        Kind::Name if next == Some(Kind::Open) => {
            // The head of a rule may be new.
            let is_new = all.iter().any(|one| one.kind == Kind::If && one.span.start > 0)
                && all.first().is_some_and(|first| first.span == token.span);
            let known = knows(spelt(token.span)) || is_new;
            Some(if known { RELATION } else { UNKNOWN })
        }
        Kind::Name => {
            let name = spelt(token.span);
            let times = all.iter().filter(|one| one.kind == Kind::Name && spelt(one.span) == name);
            let ends = text.trim_end().len() == token.span.end as usize;
            (times.count() == 1 && !ends && all.len() > 2 && !knows(name)).then_some(SINGLE)
        }
        Kind::Word(_) | Kind::Directive(_) => Some(WORD),
        Kind::Text => Some(TEXT),
        Kind::Integer(_) | Kind::Unsigned(_) | Kind::Float(_) => Some(NUMBER),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Colours as letters in braces.
    fn shown(line: &str) -> String {
        let mut text = coloured(line, |name| name == "total");
        let names = [
            (RELATION, "{r:"),
            (UNKNOWN, "{u:"),
            (TEXT, "{t:"),
            (NUMBER, "{n:"),
            (WORD, "{w:"),
            (SINGLE, "{s:"),
            (COMMENT, "{c:"),
            (PLAIN, "}"),
        ];
        for (code, name) in names {
            text = text.replace(code, name);
        }
        text
    }

    #[test]
    fn colours_follow_the_lexer() {
        assert_eq!(
            shown("total(r, \"a\", 3), totl(r) // b"),
            "{r:total}(r, {t:\"a\"}, {n:3}), {u:totl}(r) {c:// b}"
        );
        assert_eq!(shown(".why total(x)"), "{w:.why} {r:total}({s:x})");
        assert_eq!(shown("  .nope 3"), "  {u:.nope} {n:3}");
        assert_eq!(shown("h(x) :- total(x)."), "{r:h}(x) :- {r:total}(x).");
        assert_eq!(shown("n = count : { total(é"), "{s:n} = {w:count} : { {r:total}(é");
    }

    #[test]
    fn nothing_is_lost() {
        for line in ["total(\"open", "total(x", "/* open", "", " ", "ä ö 3x \"ü\"", ".", "// é"]
        {
            let mut plain = coloured(line, |_| false);
            for code in [RELATION, UNKNOWN, TEXT, NUMBER, WORD, SINGLE, COMMENT, PLAIN] {
                plain = plain.replace(code, "");
            }
            assert_eq!(plain, line);
        }
    }
}
