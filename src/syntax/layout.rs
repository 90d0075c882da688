//! The tokens of a text with what formatting asks of them: the space that stands before each on one
//! line, widths, brackets, and the comments between them. A comment that must end its line, or that
//! stood on a line of its own, and a string over several lines keep what holds them from being
//! written on one line.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::syntax::lexer::Lexed;
use crate::syntax::token::{Comment, CommentKind, Kind, Token, Word};

/// The tokens of a text, and of everything before each of them.
#[derive(Debug)]
pub(super) struct Layout<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
    pub(super) comments: Vec<Comment>,
    /// For an opening bracket its closing one, else 0.
    pub(super) closing: Vec<usize>,
    /// Whether a space stands before the token on one line.
    pub(super) spaced: Vec<bool>,
    /// For each token the first comment after the one before it; one more at the end.
    first_comment: Vec<usize>,
    /// Columns up to the end of each token if all stood on one line.
    ends: Vec<usize>,
    /// How many tokens up to each cannot stand on one line with the one before.
    breaks: Vec<usize>,
}

/// How marks are spaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// In a fact or rule.
    Clause,
    /// In a directive.
    Directive,
}

impl<'t> Layout<'t> {
    /// `style` is that of the statement that the token is part of; `starts` are the first tokens
    /// of statements.
    pub(super) fn new(
        text: &'t str,
        lexed: Lexed,
        style: impl Fn(usize) -> Style,
        starts: &[usize],
    ) -> Self {
        let Lexed { tokens, comments, .. } = lexed;
        let closing = pairs(&tokens);
        let mut layout = Self {
            text,
            closing,
            spaced: Vec::with_capacity(tokens.len()),
            first_comment: Vec::with_capacity(tokens.len() + 1),
            ends: Vec::with_capacity(tokens.len()),
            breaks: Vec::with_capacity(tokens.len()),
            tokens,
            comments,
        };
        let (mut depth, mut comment, mut end, mut breaks) = (0_usize, 0, 0, 0);
        for at in 0..layout.tokens.len() {
            let kind = layout.tokens[at].kind;
            if is_closing(kind) {
                depth = depth.saturating_sub(1);
            }
            let is_first = starts.binary_search(&at).is_ok();
            if is_first {
                depth = 0;
            }
            let spaced = is_first || (at > 0 && layout.spaces(at, style(at), depth));
            depth += usize::from(kind.closing().is_some());
            layout.first_comment.push(comment);
            let start = layout.tokens[at].span.start;
            while layout.comments.get(comment).is_some_and(|c| c.span.start < start) {
                end += 1 + layout.text_of(layout.comments[comment].span.range()).width();
                breaks += usize::from(layout.breaks_line(comment, at));
                comment += 1;
            }
            let word = layout.word(at);
            breaks += usize::from(word.contains('\n'));
            end += usize::from(spaced) + word.width();
            layout.spaced.push(spaced);
            layout.ends.push(end);
            layout.breaks.push(breaks);
        }
        layout.first_comment.push(comment);
        layout
    }

    pub(super) fn text_of(&self, range: Range<usize>) -> &'t str {
        &self.text[range]
    }

    /// The characters of a token.
    pub(super) fn word(&self, at: usize) -> &'t str {
        self.text_of(self.tokens[at].span.range())
    }

    pub(super) fn kind(&self, at: usize) -> Kind {
        self.tokens[at].kind
    }

    /// The comments between a token and the one before it.
    pub(super) fn comments_before(&self, at: usize) -> Range<usize> {
        self.first_comment[at]..self.first_comment[at + 1]
    }

    /// Line ends directly before an offset, comments and tokens apart.
    pub(super) fn line_ends(&self, from: usize, to: usize) -> usize {
        memchr::memchr_iter(b'\n', &self.text.as_bytes()[from..to]).count()
    }

    /// Columns of tokens on one line, without what stands before the first.
    pub(super) fn width(&self, range: Range<usize>) -> usize {
        match (range.start, range.end.checked_sub(1)) {
            (first, Some(last)) if last >= first => {
                self.ends[last] - self.ends[first] + self.word(first).width()
            }
            _ => 0,
        }
    }

    /// Columns of tokens on one line behind another one: with the space and comments before them.
    pub(super) fn width_after(&self, range: Range<usize>) -> usize {
        match range.end.checked_sub(1) {
            Some(last) if last >= range.start => {
                self.ends[last] - range.start.checked_sub(1).map_or(0, |before| self.ends[before])
            }
            _ => 0,
        }
    }

    /// Whether these tokens cannot stand on one line.
    pub(super) fn is_broken(&self, range: Range<usize>) -> bool {
        match range.end.checked_sub(1) {
            Some(last) if last >= range.start => {
                self.breaks[last] > self.breaks[range.start]
                    || self.word(range.start).contains('\n')
            }
            _ => false,
        }
    }

    /// Where a token or comment before this offset ends: where comment `at` or a token starts.
    pub(super) fn end_before_comment(&self, comment: usize, token: usize) -> usize {
        let token_end = token.checked_sub(1).map_or(0, |at| self.tokens[at].span.end as usize);
        let comment_end =
            comment.checked_sub(1).map_or(0, |at| self.comments[at].span.end as usize);
        token_end.max(comment_end)
    }

    /// Whether a comment before token `at` stands on a line of its own, ends one, or has several.
    fn breaks_line(&self, comment: usize, at: usize) -> bool {
        let span = self.comments[comment].span;
        let before = self.end_before_comment(comment, at);
        self.comments[comment].kind != CommentKind::Block
            || self.line_ends(before, span.end as usize) > 0
    }

    /// Whether a space stands between a token and the one before it in its statement.
    fn spaces(&self, at: usize, style: Style, depth: usize) -> bool {
        let (before, kind) = (self.kind(at - 1), self.kind(at));
        let is_parameter = style == Style::Directive && depth > 0;
        match (before, kind) {
            (_, Kind::Comma | Kind::Semicolon | Kind::Close | Kind::CloseBracket | Kind::Dot)
            | (Kind::Dot | Kind::Open | Kind::OpenBracket | Kind::Bang, _)
            | (Kind::OpenBrace, Kind::CloseBrace) => false,
            (Kind::Minus, _) if self.is_sign(at - 1) => false,
            (Kind::Name, Kind::Open) => false,
            (Kind::Word(word), Kind::Open) => match word {
                Word::As | Word::Functor | Word::Test | Word::Later => false,
                Word::Min | Word::Max => !self.is_call(at),
                _ => true,
            },
            (_, Kind::Colon) => style == Style::Clause,
            (_, Kind::Eq) | (Kind::Eq, _) if is_parameter => false,
            _ => true,
        }
    }

    /// Whether a minus is the sign of what follows: nothing stands before it that it could be
    /// subtracted from.
    fn is_sign(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map(|at| self.kind(at));
        !matches!(
            before,
            Some(
                Kind::Name
                    | Kind::Any
                    | Kind::Text
                    | Kind::Integer(_)
                    | Kind::Unsigned(_)
                    | Kind::Float(_)
                    | Kind::Close
                    | Kind::CloseBracket
                    | Kind::CloseBrace
            )
        )
    }

    /// Whether the parenthesis after `min` or `max` holds the terms of a functor: not exactly one.
    fn is_call(&self, open: usize) -> bool {
        let close = self.closing[open];
        let mut at = open + 1;
        while at < close {
            if self.kind(at) == Kind::Comma {
                return true;
            }
            at = self.after(at);
        }
        close == open + 1
    }

    /// The token after this one, or after the bracket that it opens.
    pub(super) fn after(&self, at: usize) -> usize {
        self.closing[at].max(at) + 1
    }

    /// Splits a range behind every token of this kind that is not within brackets.
    pub(super) fn split(&self, range: Range<usize>, kind: Kind) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let (mut start, mut at) = (range.start, range.start);
        while at < range.end {
            let next = self.after(at);
            if self.kind(at) == kind {
                parts.push(start..next);
                start = next;
            }
            at = next;
        }
        if start < range.end {
            parts.push(start..range.end);
        }
        parts
    }

    /// The number of literals of a formula, those of its parentheses counted singly.
    pub(super) fn literals(&self, range: Range<usize>) -> usize {
        let mut count = 1;
        let mut at = range.start;
        while at < range.end {
            let groups = self.kind(at) == Kind::Open && {
                let before = at.checked_sub(1).map(|before| self.kind(before));
                !matches!(before, Some(Kind::Name | Kind::Word(_)))
            };
            count += usize::from(matches!(self.kind(at), Kind::Comma | Kind::Semicolon));
            at = if groups { at + 1 } else { self.after(at) };
        }
        count
    }
}

fn is_closing(kind: Kind) -> bool {
    matches!(kind, Kind::Close | Kind::CloseBrace | Kind::CloseBracket)
}

fn pairs(tokens: &[Token]) -> Vec<usize> {
    let mut closing = vec![0; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind.closing().is_some() {
            open.push(at);
        } else if is_closing(token.kind)
            && let Some(pair) = open.pop()
        {
            closing[pair] = at;
        }
    }
    closing
}
