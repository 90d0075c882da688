//! Tokens to tree by recursive descent. Never gives up: a statement that cannot be read is
//! reported once and left out, and reading goes on at the next one. What the dialect has and
//! hence does not read yet is refused by name and left out as a whole, so that one refusal brings
//! no second message. Nesting is limited, so that no text can exhaust the stack.
//!
//! Statements are read in `parser_items`, bodies in `parser_body`, terms in `parser_expr`; what is
//! refused, in `parser_refused`.

use crate::base::ids::FileId;
use crate::syntax::ast;
use crate::syntax::attach::{self, Slot};
use crate::syntax::lexer::{self, Lexed};
use crate::syntax::token::{Kind, Token};
use crate::text::codes::Code;
use crate::text::diagnostic::{self, Diagnostic, Edit, Fix};
use crate::text::span::Span;

/// The greatest nesting of terms and formulas.
pub const NESTING_MAX: usize = 256;

/// Fixes that are tried in one text; after so many errors nobody reads them.
const TRIALS_MAX: usize = 64;

/// The longest statement in which a fix is tried.
const TRIAL_BYTES_MAX: usize = 64 << 10;

/// Reads a rule file. Statements that cannot be read are missing from the tree, which then has an
/// error among the diagnostics. An error [`Code::H0002`] says that the text ends inside a
/// statement, a comment or a string: more text could complete it.
#[must_use]
pub fn parse(text: &str, file: FileId) -> (ast::Program, Vec<Diagnostic>) {
    let Lexed { tokens, comments, diagnostics } = lexer::lex(text, file);
    let mut parser = Parser::new(text, file, tokens, diagnostics);
    parser.items();
    let Parser { slots, unread, mut diagnostics, .. } = parser;
    let items = attach::attach(text, slots, &comments, &mut diagnostics);
    diagnostic::sort(&mut diagnostics);
    (ast::Program { items, unread }, diagnostics)
}

/// Reads a question: a body with an optional `?-` before it and an optional `?` or `.` after it.
/// After an error the body is `true`. An error [`Code::H0002`] says that more text could complete
/// the question.
#[must_use]
pub fn parse_question(text: &str, file: FileId) -> (ast::Body, Vec<Diagnostic>) {
    let opening = text.len() - text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).len();
    let start = if text[opening..].starts_with("?-") { opening + 2 } else { 0 };
    let ended = text.trim_end();
    // A full stop after the question mark adds nothing.
    let ended =
        ended.strip_suffix('.').map(str::trim_end).filter(|t| t.ends_with('?')).unwrap_or(ended);
    let end = ended.strip_suffix('?').map_or(text.len(), str::len).max(start);
    // Spaces keep the offsets: spans point into the text as typed.
    let blank = |n| " ".repeat(n);
    let inner = format!("{}{}{}", blank(start), &text[start..end], blank(text.len() - end));
    let Lexed { tokens, diagnostics, .. } = lexer::lex(&inner, file);
    let mut parser = Parser::new(&inner, file, tokens, diagnostics);
    let body = parser.question();
    let mut diagnostics = parser.diagnostics;
    diagnostic::sort(&mut diagnostics);
    let nothing = || {
        let span = Span::new(file, 0, 0);
        ast::Body::Literal(ast::Spanned { node: ast::Literal::Constant(true), span })
    };
    (body.unwrap_or_else(nothing), diagnostics)
}

/// A statement cannot be read on; what is wrong has been reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed;

pub(super) type Parsed<T> = Result<T, Failed>;

/// A node with the height of its tree.
pub(super) struct Tall<T> {
    pub(super) node: T,
    pub(super) height: usize,
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) file: FileId,
    tokens: Vec<Token>,
    /// For an opening bracket the index of its closing one, else 0.
    closing: Vec<u32>,
    pub(super) at: usize,
    depth: usize,
    /// Index of the first token of the statement being read.
    pub(super) item_start: usize,
    /// Whether the statement being read is to be left out.
    pub(super) leave_out: bool,
    pub(super) slots: Vec<Slot>,
    /// Whether a component has been refused.
    pub(super) components: bool,
    /// Relations whose declarations could not be read.
    pub(super) unread: Vec<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
    trials: usize,
    /// Index of the first tainted token from the statement being read on.
    taint: usize,
    /// Number of diagnostics before the statement being read.
    item_diagnostics: usize,
    /// A line number and where that line was counted to.
    counted: (usize, usize),
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, file: FileId, tokens: Vec<Token>, diagnostics: Vec<Diagnostic>) -> Self {
        let closing = pair_brackets(&tokens);
        Self {
            text,
            file,
            tokens,
            closing,
            at: 0,
            depth: 0,
            item_start: 0,
            leave_out: false,
            slots: Vec::new(),
            components: false,
            unread: Vec::new(),
            diagnostics,
            trials: 0,
            taint: 0,
            item_diagnostics: 0,
            counted: (1, 0),
        }
    }

    fn items(&mut self) {
        while self.kind() != Kind::End {
            let before = self.at;
            self.item();
            // A statement that took nothing would be read for ever.
            self.at = self.at.max(before + 1).min(self.tokens.len() - 1);
        }
    }

    fn question(&mut self) -> Option<ast::Body> {
        self.start_item();
        let body = self.body().and_then(|body| {
            if self.kind() == Kind::Dot || self.text_of(self.token().span) == "?" {
                self.bump();
            }
            match self.kind() {
                Kind::End => Ok(body.node),
                _ => Err(self.unexpected("`,`, `;` or the end of the question", &[","])),
            }
        });
        body.ok().filter(|_| !self.leave_out)
    }

    // Looking at tokens.

    pub(super) fn token(&self) -> Token {
        self.tokens[self.at]
    }

    pub(super) fn kind(&self) -> Kind {
        self.tokens[self.at].kind
    }

    /// The token `n` places after the current one, or the last one.
    pub(super) fn ahead(&self, n: usize) -> Token {
        self.tokens[(self.at + n).min(self.tokens.len() - 1)]
    }

    /// The token before the current one, or the first one.
    pub(super) fn last(&self) -> Token {
        self.tokens[self.at.saturating_sub(1)]
    }

    /// The first token of the statement being read.
    pub(super) fn first(&self) -> Token {
        self.tokens[self.item_start]
    }

    pub(super) fn text_of(&self, span: Span) -> &'t str {
        &self.text[span.range()]
    }

    /// From the start of `start` to the end of the last token read.
    pub(super) fn since(&self, start: Span) -> Span {
        Span { end: self.last().span.end.max(start.start), ..start }
    }

    /// The token after the bracket that closes the bracket `n` places ahead.
    pub(super) fn after_closing(&self, n: usize) -> Option<Token> {
        match self.closing.get(self.at + n) {
            Some(&close) if close > 0 => self.tokens.get(close as usize + 1).copied(),
            _ => None,
        }
    }

    /// Whether the current token starts directly after the last one.
    pub(super) fn adjacent(&self) -> bool {
        self.at > 0 && self.last().span.end == self.token().span.start
    }

    // Taking tokens.

    pub(super) fn bump(&mut self) -> Token {
        let token = self.token();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    pub(super) fn accept(&mut self, kind: Kind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.bump();
        }
        found
    }

    /// Takes a token of this kind, else reports `expected`, trying to insert `fix`.
    pub(super) fn expect(
        &mut self,
        kind: Kind,
        expected: &str,
        fixes: &[&'static str],
    ) -> Parsed<Token> {
        if self.kind() == kind { Ok(self.bump()) } else { Err(self.unexpected(expected, fixes)) }
    }

    /// Takes the bracket that closes `open`, after an element of a list.
    pub(super) fn close(&mut self, open: Token) -> Parsed<()> {
        let kind = open.kind.closing().unwrap_or(Kind::End);
        if self.accept(kind) {
            return Ok(());
        }
        let (text, fixes) = match kind {
            Kind::Close => ("`)`", [")", ","]),
            Kind::CloseBrace => ("`}`", ["}", ","]),
            _ => ("`]`", ["]", ","]),
        };
        let count = self.diagnostics.len();
        let failed = self.unexpected(&format!("`,` or {text}"), &fixes);
        if self.diagnostics.len() > count
            && let Some(diagnostic) = self.diagnostics.pop()
        {
            let mark = self.text_of(open.span);
            self.diagnostics.push(diagnostic.label(open.span, format!("this `{mark}` is open")));
        }
        Err(failed)
    }

    /// Takes a name of a `what`.
    pub(super) fn name(&mut self, what: &str) -> Parsed<ast::Name> {
        match self.kind() {
            Kind::Name => {
                let span = self.bump().span;
                Ok(ast::Spanned { node: self.text_of(span).to_owned(), span })
            }
            Kind::Word(_) => {
                let span = self.token().span;
                let word = self.text_of(span);
                let message =
                    format!("`{word}` is a word of the language and cannot name a {what}");
                Err(self.fail(Diagnostic::new(Code::H0001, message).label(span, "")))
            }
            _ => Err(self.unexpected(&format!("the name of a {what}"), &[])),
        }
    }

    /// Runs `read` one level deeper.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        let result = if self.depth > NESTING_MAX {
            let span = self.token().span;
            Err(self.too_deep(span))
        } else {
            read(self)
        };
        self.depth -= 1;
        result
    }

    pub(super) fn too_deep(&mut self, span: Span) -> Failed {
        let message = format!("nested more than {NESTING_MAX} deep");
        self.fail(
            Diagnostic::new(Code::H0001, message)
                .label(span, "this is one level too many")
                .help("give a part of it a relation or a variable of its own"),
        )
    }

    // Reporting.

    /// Reports `diagnostic` and gives the statement up.
    pub(super) fn fail(&mut self, diagnostic: Diagnostic) -> Failed {
        self.report(diagnostic);
        Failed
    }

    /// Reports `diagnostic`, unless the lexer has already found fault with the statement; the
    /// statement is left out of the tree.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.leave_out = true;
        if !self.is_tainted() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Starts a statement at the current token.
    pub(super) fn start_item(&mut self) {
        self.item_start = self.at;
        self.leave_out = false;
        self.item_diagnostics = self.diagnostics.len();
        if self.taint < self.at || self.at == 0 {
            let rest = self.tokens[self.at..].iter();
            let next = rest.take_while(|token| !token.tainted).count();
            self.taint = self.at + next;
        }
    }

    /// Whether the lexer has found fault with the statement up to the current token.
    fn is_tainted(&self) -> bool {
        self.taint <= self.at
    }

    /// Whether the lexer has found fault with the statement that has been read.
    pub(super) fn was_tainted(&self) -> bool {
        self.taint < self.at
    }

    /// The line of a place, which is not before the places asked for earlier.
    pub(super) fn line(&mut self, at: usize) -> usize {
        let (line, from) = self.counted;
        let bytes = &self.text.as_bytes()[from.min(at)..at];
        self.counted = (line + memchr::memchr_iter(b'\n', bytes).count(), at);
        self.counted.0
    }

    /// Refuses `what` by name at `span`; the statement is read on and left out of the tree.
    pub(super) fn refuse(&mut self, what: &str, span: Span) {
        let message = format!("{what} is not supported yet");
        self.leave_out = true;
        // Once in a statement is enough.
        let mut recent = self.diagnostics[self.item_diagnostics..].iter().rev().take(16);
        if recent.any(|diagnostic| diagnostic.message == message) {
            return;
        }
        self.report(Diagnostic::new(Code::H0003, message).label(span, ""));
    }

    /// Reports that `expected` should stand here. Of `fixes`, texts that could be inserted after
    /// the last token, the first that makes the statement readable is offered.
    pub(super) fn unexpected(&mut self, expected: &str, fixes: &[&'static str]) -> Failed {
        let found = self.token();
        let start = self.tokens[self.item_start].span;
        let last = self.last().span;
        let diagnostic = if found.kind == Kind::End {
            let message = format!("input ended inside this statement: {expected} expected");
            Diagnostic::new(Code::H0002, message)
                .label(start, "the statement starts here")
                .label(last.after(), format!("{expected} expected"))
        } else {
            let text = lexer::shorten(self.text_of(found.span));
            Diagnostic::new(Code::H0001, format!("expected {expected}, found {text}"))
                .label(found.span, format!("unexpected {}", found.kind.noun()))
        };
        let mut diagnostic = self.suspect_string(diagnostic);
        diagnostic.fixes.extend(fixes.iter().find_map(|text| self.insertion(text)));
        self.fail(diagnostic)
    }

    /// Adds a help to the error just reported.
    pub(super) fn advise(&mut self, help: &str) {
        if !self.is_tainted()
            && let Some(diagnostic) = self.diagnostics.pop()
        {
            self.diagnostics.push(diagnostic.help(help));
        }
    }

    /// Points at a string over several lines just before an error: a quote may be missing.
    fn suspect_string(&self, diagnostic: Diagnostic) -> Diagnostic {
        let near = [self.last(), self.token()];
        let suspect = near
            .iter()
            .find(|token| token.kind == Kind::Text && self.text_of(token.span).contains('\n'));
        match suspect {
            Some(token) => {
                let start = Span { end: token.span.start + 1, ..token.span };
                diagnostic.label(start, "this string runs over several lines: is a quote missing?")
            }
            None => diagnostic,
        }
    }

    /// The fix that inserts `text` after the last token, if the statement can be read with it.
    pub(super) fn insertion(&mut self, text: &str) -> Option<Fix> {
        let starts = matches!(self.kind(), Kind::Name | Kind::Directive(_) | Kind::End);
        let title = match text {
            "." if !starts => return None,
            "." => "end the statement",
            "," => "separate them by a comma",
            ")" | "}" | "]" => "close the bracket",
            _ => "insert it",
        };
        self.tried(title, self.last().span.after(), text)
    }

    /// The fix that puts `replacement` for `span`, if the statement can be read with it.
    pub(super) fn tried(&mut self, title: &str, span: Span, replacement: &str) -> Option<Fix> {
        self.trials += 1;
        if self.trials > TRIALS_MAX {
            return None;
        }
        let start = self.tokens[self.item_start].span.start as usize;
        let end = self.statement_end().max(span.end as usize);
        if end - start > TRIAL_BYTES_MAX {
            return None;
        }
        let range = span.range();
        let text =
            [&self.text[start..range.start], replacement, &self.text[range.end..end]].concat();
        let lexed = lexer::lex(&text, self.file);
        let mut trial = Parser::new(&text, self.file, lexed.tokens, Vec::new());
        trial.trials = TRIALS_MAX;
        trial.item();
        let reached = trial.last().span.end as usize >= range.start - start + replacement.len();
        let good = lexed.diagnostics.is_empty() && trial.diagnostics.is_empty() && reached;
        good.then(|| {
            let edits = vec![Edit { span, text: replacement.to_owned() }];
            // Where a bracket closes or a comma stood is a guess.
            let safe = !matches!(replacement, "," | ")" | "}" | "]" | "()");
            Fix { title: title.to_owned(), edits, safe }
        })
    }

    /// Where the statement being read seems to end: after the next full stop, or before the next
    /// directive.
    fn statement_end(&self) -> usize {
        let ends = |token: &&Token| matches!(token.kind, Kind::Dot | Kind::Directive(_));
        let rest = &self.tokens[self.at..];
        let end = rest.iter().find(ends).unwrap_or(&self.tokens[self.tokens.len() - 1]).span;
        if self.text[end.range()].len() == 1 { end.end as usize } else { end.start as usize }
    }

    /// Skips what is left of a statement: to after its full stop, or before what looks like the
    /// start of another one.
    pub(super) fn recover(&mut self) {
        loop {
            let token = self.token();
            match token.kind {
                Kind::End | Kind::Directive(_) => return,
                Kind::Dot => {
                    self.bump();
                    // The full stop of a qualified name ends nothing.
                    if !(self.adjacent() && matches!(self.kind(), Kind::Name)) {
                        return;
                    }
                }
                Kind::Name if token.flush && self.at > self.item_start && self.looks_fresh() => {
                    return;
                }
                _ => {
                    self.bump();
                }
            }
        }
    }

    /// Whether a statement may start at the current name, which stands in the first column: the
    /// token before it leaves nothing open.
    pub(super) fn looks_fresh(&self) -> bool {
        self.ahead(1).kind == Kind::Open
            && matches!(
                self.last().kind,
                Kind::Close
                    | Kind::CloseBrace
                    | Kind::CloseBracket
                    | Kind::Name
                    | Kind::Any
                    | Kind::Text
                    | Kind::Integer(_)
                    | Kind::Unsigned(_)
                    | Kind::Float(_)
                    | Kind::Dot
            )
    }
}

/// For every opening bracket the index of its closing one, else 0. Brackets do not reach over the
/// end of a statement.
fn pair_brackets(tokens: &[Token]) -> Vec<u32> {
    let mut closing = vec![0; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open | Kind::OpenBrace | Kind::OpenBracket => open.push(at),
            Kind::Close | Kind::CloseBrace | Kind::CloseBracket => {
                let pair = |&&at: &&usize| tokens[at].kind.closing() == Some(token.kind);
                if open.last().filter(pair).is_some() {
                    closing[open.pop().expect("there is a last one")] =
                        u32::try_from(at).expect("texts are shorter than 4 GiB");
                }
            }
            _ => {}
        }
    }
    closing
}
