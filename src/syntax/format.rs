//! The layout of `hence fmt`. Tokens stay as they are written, and so do comments and annotations,
//! in their order; only what stands between them changes:
//!
//! - a statement starts a line; facts, declarations and directives that share one may go on to;
//! - a rule of one or two literals is one line if it fits into 100 columns, every other has a line
//!   for each literal; what is still too long is broken within its brackets;
//! - of blank lines one stays, a comment behind a line stays behind it, comments that stood in a
//!   column do so again.
//!
//! A text with mistakes is not laid out at all.

use std::iter::repeat_n;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::base::ids::FileId;
use crate::syntax::ast::{ItemKind, Program};
use crate::syntax::layout::{Layout, Style};
use crate::syntax::lexer::{self, Lexed};
use crate::syntax::parser;
use crate::syntax::token::{CommentKind, Directive, Kind};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// Columns of a line, comments apart.
const WIDTH: usize = 100;

/// Columns by which a body stands to the right of its head.
const STEP: usize = 4;

/// Literals that share a line with their head.
const LITERALS_MAX: usize = 2;

/// Why a text is left as it is.
#[derive(Clone, PartialEq, Debug)]
pub enum Unformatted {
    /// It cannot be read.
    Mistakes(Vec<Diagnostic>),
    /// Its layout would have had other tokens or comments, which is a bug; a part of both.
    Changed(String),
}

/// The text in the layout above. What annotations say is not looked at.
///
/// # Errors
/// If the text cannot be read.
pub fn format(text: &str, file: FileId) -> Result<String, Unformatted> {
    let (program, mut mistakes) = parser::parse(text, file);
    mistakes.retain(|mistake| mistake.is_error() && mistake.code != Code::H0206);
    if !mistakes.is_empty() {
        return Err(Unformatted::Mistakes(mistakes));
    }
    let lexed = lexer::lex(text, file);
    let statements = statements(&program, &lexed);
    let starts: Vec<usize> = statements.iter().map(|statement| statement.tokens.start).collect();
    let style = |at: usize| {
        let statement = starts.partition_point(|&start| start <= at);
        match statement.checked_sub(1).map(|n| &statements[n]) {
            Some(statement) if at >= statement.plan || !statement.is_clause => Style::Directive,
            _ => Style::Clause,
        }
    };
    let layout = Layout::new(text, lexed, style, &starts);
    let mut writer = Writer::new(&layout);
    writer.program(&statements);
    let written = writer.finish();
    match difference(&layout, &written, file) {
        None => Ok(written),
        Some(difference) => Err(Unformatted::Changed(difference)),
    }
}

/// A fact, rule, declaration or directive.
#[derive(Debug)]
struct Statement {
    tokens: Range<usize>,
    is_clause: bool,
    /// The `:-`, if there is one.
    body: Option<usize>,
    /// Where its `.plan` hints start, or its end.
    plan: usize,
}

impl Statement {
    fn is_rule(&self) -> bool {
        self.body.is_some()
    }
}

/// Statements with their tokens. A list of a directive is one of them.
fn statements(program: &Program, lexed: &Lexed) -> Vec<Statement> {
    let tokens = &lexed.tokens;
    let mut statements: Vec<Statement> = Vec::new();
    for item in &program.items {
        let start = tokens.partition_point(|token| token.span.start < item.span.0.start);
        let end = tokens.partition_point(|token| token.span.end <= item.span.0.end);
        let end = end.min(tokens.len() - 1);
        let is_clause = matches!(item.kind, ItemKind::Rule(_));
        if !is_clause && !matches!(tokens[start].kind, Kind::Directive(_)) {
            if let Some(last) = statements.last_mut() {
                (last.tokens.end, last.plan) = (end, end);
            }
            continue;
        }
        let find = |kind: Kind| (start..end).find(|&at| tokens[at].kind == kind);
        let (body, plan) = if is_clause {
            (find(Kind::If), find(Kind::Directive(Directive::Plan)).unwrap_or(end))
        } else {
            (None, end)
        };
        statements.push(Statement { tokens: start..end, is_clause, body, plan });
    }
    statements
}

/// What stands before a token.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Gap {
    Nothing,
    Space,
    /// A line end and so many spaces.
    Line(usize),
    /// The same, after a blank line if there was one.
    Block(usize),
}

/// A comment behind something else on its line.
#[derive(Debug)]
struct Behind {
    /// Where the space before it is in the output.
    at: usize,
    /// Its column in the text that is laid out.
    column: usize,
}

#[derive(Debug)]
struct Writer<'a> {
    layout: &'a Layout<'a>,
    out: String,
    /// Where the current line starts in the output.
    line: usize,
    line_end: &'static str,
    behind: Vec<Behind>,
}

impl<'a> Writer<'a> {
    fn new(layout: &'a Layout<'a>) -> Self {
        // One line end without a carriage return, as inside a comment, and there are none.
        let bytes = layout.text.as_bytes();
        let mut ends = memchr::memchr_iter(b'\n', bytes).peekable();
        let has_returns = ends.peek().is_some() && ends.all(|at| at > 0 && bytes[at - 1] == b'\r');
        Self {
            layout,
            out: String::with_capacity(layout.text.len() + layout.text.len() / 8),
            line: 0,
            line_end: if has_returns { "\r\n" } else { "\n" },
            behind: Vec::new(),
        }
    }

    fn program(&mut self, statements: &[Statement]) {
        let mut before: Option<&Statement> = None;
        let mut line = 0;
        for statement in statements {
            let goes_on = before
                .is_some_and(|before| line == self.line && self.shares_line(before, statement));
            let gap = if goes_on { Gap::Space } else { Gap::Block(0) };
            line = if goes_on { self.line } else { usize::MAX };
            self.statement(statement, gap);
            // The line that the statement starts is the one that it ends on, or it ends none.
            if line == usize::MAX {
                let is_whole = !self.layout.is_broken(statement.tokens.clone())
                    && self.column() == self.layout.width(statement.tokens.clone());
                line = if is_whole { self.line } else { usize::MAX - 1 };
            }
            before = Some(statement);
        }
        let end = self.layout.tokens.len() - 1;
        self.token(end, Gap::Block(0));
    }

    /// Whether a statement stood on the line of the one before it and may do so again.
    fn shares_line(&self, before: &Statement, statement: &Statement) -> bool {
        let layout = self.layout;
        let (end, start) = (before.tokens.end - 1, statement.tokens.start);
        let (from, to) = (layout.tokens[end].span.end, layout.tokens[start].span.start);
        layout.line_ends(from as usize, to as usize) == 0
            && !before.is_rule()
            && !statement.is_rule()
            && !layout.is_broken(statement.tokens.clone())
            && self.column() + layout.width_after(statement.tokens.clone()) <= WIDTH
    }

    fn statement(&mut self, statement: &Statement, gap: Gap) {
        let layout = self.layout;
        let Range { start, end } = statement.tokens.clone();
        match statement.body {
            Some(body) => self.rule(start..statement.plan, body, gap),
            // Rows of a table stay rows.
            None => self.element(start..end, gap, 0, !statement.is_clause),
        }
        let mut at = statement.plan;
        while at < end {
            let is_hint = |&at: &usize| layout.kind(at) == Kind::Directive(Directive::Plan);
            let next = (at + 1..end).find(is_hint).unwrap_or(end);
            self.element(at..next, Gap::Line(0), 0, false);
            at = next;
        }
    }

    fn rule(&mut self, tokens: Range<usize>, body: usize, gap: Gap) {
        let layout = self.layout;
        let formula = body + 1..tokens.end - 1;
        let is_short = layout.literals(formula.clone()) <= LITERALS_MAX
            && layout.width(tokens.clone()) <= WIDTH
            && !layout.is_broken(tokens.clone());
        if is_short {
            return self.flat(tokens, gap);
        }
        self.element(tokens.start..body + 1, gap, 0, true);
        // The full stop stands behind the last literal.
        self.list(formula.start..tokens.end, STEP);
    }

    /// Parts of a formula or arguments, each on a line of its own; of alternatives that all fit
    /// each has one line.
    fn list(&mut self, range: Range<usize>, indent: usize) {
        let layout = self.layout;
        let mut parts = layout.split(range.clone(), Kind::Semicolon);
        let fits = |part: &Range<usize>| {
            !layout.is_broken(part.clone()) && indent + layout.width(part.clone()) <= WIDTH
        };
        if parts.len() == 1 || !parts.iter().all(fits) {
            let split = |part: Range<usize>| layout.split(part, Kind::Comma);
            parts = parts.into_iter().flat_map(split).collect();
        }
        for part in parts {
            let gap =
                if part.start == range.start { Gap::Line(indent) } else { Gap::Block(indent) };
            self.element(part, gap, indent, true);
        }
    }

    /// Tokens on one line, if they fit or may not be broken, else broken within brackets.
    fn element(&mut self, range: Range<usize>, gap: Gap, indent: usize, may_break: bool) {
        let layout = self.layout;
        let is_broken = layout.is_broken(range.clone());
        let start = match gap {
            Gap::Line(indent) | Gap::Block(indent) => indent,
            Gap::Nothing | Gap::Space => self.column() + 1,
        };
        if !is_broken && (!may_break || start + layout.width(range.clone()) <= WIDTH) {
            return self.flat(range, gap);
        }
        let mut at = range.start;
        let mut gap = gap;
        while at < range.end {
            let close = layout.closing[at];
            let space = if layout.spaced[at] { Gap::Space } else { Gap::Nothing };
            let before = if at == range.start { gap } else { space };
            if close <= at + 1 || close >= range.end {
                self.token_within(at, before, indent);
                at += 1;
                continue;
            }
            let tail = (close + 1..range.end)
                .find(|&next| layout.closing[next] > next + 1)
                .map_or(range.end, |next| next + 1);
            let is_open = layout.is_broken(at..close + 1);
            let width = usize::from(layout.spaced[at]) + layout.width(at..tail);
            if !is_open && (!may_break || self.column() + width <= WIDTH) {
                self.flat(at..close + 1, before);
            } else {
                self.token_within(at, before, indent);
                self.list(at + 1..close, indent + STEP);
                self.token(close, Gap::Line(indent));
            }
            gap = space;
            at = close + 1;
        }
    }

    fn flat(&mut self, range: Range<usize>, gap: Gap) {
        for at in range.clone() {
            let space = if self.layout.spaced[at] { Gap::Space } else { Gap::Nothing };
            self.token(at, if at == range.start { gap } else { space });
        }
    }

    /// A token of an element that starts at column `indent`.
    fn token_within(&mut self, at: usize, gap: Gap, indent: usize) {
        // What a comment pushes to the next line goes on under its element.
        let before = self.layout.comments_before(at);
        let mut comments = self.layout.comments[before].iter();
        let goes_on = matches!(gap, Gap::Nothing | Gap::Space);
        if goes_on && comments.any(|comment| comment.kind != CommentKind::Block) {
            self.token(at, Gap::Line(indent));
        } else {
            self.token(at, gap);
        }
    }

    /// A token with the comments before it.
    fn token(&mut self, at: usize, gap: Gap) {
        let layout = self.layout;
        let start = layout.tokens[at].span.start as usize;
        let mut gap = gap;
        for comment in layout.comments_before(at) {
            gap = self.comment(comment, at, gap);
        }
        let is_end = layout.kind(at) == Kind::End;
        if is_end {
            return;
        }
        let before = layout.end_before_comment(layout.comments_before(at).end, at);
        self.gap(gap, layout.line_ends(before, start) > 1);
        self.push(layout.word(at));
    }

    /// A comment before token `at`; returns what stands between it and what follows.
    fn comment(&mut self, comment: usize, at: usize, gap: Gap) -> Gap {
        let layout = self.layout;
        let span = layout.comments[comment].span;
        let before = layout.end_before_comment(comment, at);
        let line_ends = layout.line_ends(before, span.start as usize);
        let text = layout.text_of(span.range());
        let is_block = layout.comments[comment].kind == CommentKind::Block;
        let text = if is_block { text } else { text.trim_end() };
        if line_ends > 0 || self.out.is_empty() {
            let own = match gap {
                Gap::Nothing | Gap::Space => Gap::Line(0),
                Gap::Line(_) | Gap::Block(_) => gap,
            };
            self.gap(own, line_ends > 1);
        } else if !is_block {
            let line = layout.text[..span.start as usize].rfind('\n').map_or(0, |end| end + 1);
            let column = layout.text[line..span.start as usize].width();
            self.behind.push(Behind { at: self.out.len(), column });
            self.push(" ");
        } else if gap != Gap::Nothing || !self.out.ends_with(['(', '[', '!', '-']) {
            self.push(" ");
        }
        self.push(text);
        let next = match layout.comments.get(comment + 1) {
            Some(next) if comment + 1 < layout.comments_before(at).end => next.span.start,
            _ => layout.tokens[at].span.start,
        };
        let ends_line = layout.line_ends(span.end as usize, next as usize) > 0;
        let follows = |gap| match gap {
            Gap::Line(indent) | Gap::Block(indent) => Gap::Block(indent),
            Gap::Nothing | Gap::Space => Gap::Line(0),
        };
        match gap {
            _ if !is_block || ends_line => follows(gap),
            Gap::Line(_) | Gap::Block(_) if line_ends == 0 && before > 0 => gap,
            Gap::Nothing if !layout.spaced[at] && !self.is_operand(at) => Gap::Nothing,
            _ => Gap::Space,
        }
    }

    /// Whether a token is neither a bracket that closes nor a separator.
    fn is_operand(&self, at: usize) -> bool {
        !matches!(
            self.layout.kind(at),
            Kind::Comma | Kind::Semicolon | Kind::Dot | Kind::Close | Kind::CloseBracket
        )
    }

    fn gap(&mut self, gap: Gap, is_blank: bool) {
        match gap {
            _ if self.out.is_empty() => {}
            Gap::Nothing => {}
            Gap::Space => self.out.push(' '),
            Gap::Line(indent) | Gap::Block(indent) => {
                self.out.push_str(self.line_end);
                if is_blank && matches!(gap, Gap::Block(_)) {
                    self.out.push_str(self.line_end);
                }
                self.line = self.out.len();
                self.out.extend(repeat_n(' ', indent));
            }
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(end) = text.rfind('\n') {
            self.line = self.out.len() + end + 1;
        }
        self.out.push_str(text);
    }

    /// Columns of the current line so far.
    fn column(&self) -> usize {
        self.out[self.line..].width()
    }

    /// The text, its comments behind lines in columns again, with one line end at its end.
    fn finish(self) -> String {
        let mark = if self.layout.text.starts_with('\u{feff}') { "\u{feff}" } else { "" };
        let mut text = String::with_capacity(self.out.len() + 64);
        text.push_str(mark);
        let mut done = 0;
        for column in columns(&self.out, &self.behind) {
            let width = |at: usize| {
                let line = self.out[..at].rfind('\n').map_or(0, |end| end + 1);
                self.out[line..at].width()
            };
            let widest = column.iter().map(|comment| width(comment.at)).max().unwrap_or(0);
            for comment in column {
                text.push_str(&self.out[done..comment.at]);
                text.extend(repeat_n(' ', widest - width(comment.at)));
                done = comment.at;
            }
        }
        text.push_str(&self.out[done..]);
        if !self.out.is_empty() {
            text.push_str(self.line_end);
        }
        text
    }
}

/// Comments behind lines that follow each other, as far as they stood in one column.
fn columns<'b>(out: &str, behind: &'b [Behind]) -> Vec<&'b [Behind]> {
    let follows = |a: &Behind, b: &Behind| {
        a.column == b.column && memchr::memchr_iter(b'\n', &out.as_bytes()[a.at..b.at]).count() == 1
    };
    behind.chunk_by(follows).collect()
}

/// Where the tokens or comments of the written text are not those of the first one.
fn difference(layout: &Layout<'_>, written: &str, file: FileId) -> Option<String> {
    let again = lexer::lex(written, file);
    let old = layout.tokens.iter().map(|token| &layout.text[token.span.range()]);
    let new = again.tokens.iter().map(|token| &written[token.span.range()]);
    let old_comments = layout.comments.iter().map(|one| &layout.text[one.span.range()]);
    let new_comments = again.comments.iter().map(|one| &written[one.span.range()]);
    let counts = (layout.tokens.len(), layout.comments.len());
    let mut pairs = old.zip(new).chain(old_comments.zip(new_comments));
    let differs = pairs.find(|(old, new)| old.trim_end() != new.trim_end());
    match differs {
        Some((old, new)) => Some(format!("`{old}` became `{new}`")),
        None if counts != (again.tokens.len(), again.comments.len()) => {
            Some("something was lost".to_owned())
        }
        None => None,
    }
}
