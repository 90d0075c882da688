//! Text to tokens. Never fails: what is no token is reported once per run of such characters and
//! left out, and the token after it is marked as tainted. A byte order mark at the start and a
//! carriage return count as white space; columns are counted elsewhere, offsets are bytes.

use crate::base::hash::Set;
use crate::base::ids::FileId;
use crate::syntax::token::{Comment, CommentKind, Directive, Kind, Token, Word};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// How far the second of two quotes that are no quotes here is looked for.
const QUOTED_BYTES_MAX: usize = 1_000;

/// What the lexer found in a text.
#[derive(Debug)]
pub struct Lexed {
    /// Tokens in order; the last is [`Kind::End`].
    pub tokens: Vec<Token>,
    /// Comments in order.
    pub comments: Vec<Comment>,
    /// Problems in order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Splits `text` into tokens.
#[must_use]
pub fn lex(text: &str, file: FileId) -> Lexed {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        file,
        at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 },
        tainted: false,
        macros: Set::default(),
        out: Lexed { tokens: Vec::new(), comments: Vec::new(), diagnostics: Vec::new() },
    };
    lexer.run();
    lexer.taint_macros();
    lexer.out
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    file: FileId,
    at: usize,
    tainted: bool,
    macros: Set<&'t str>,
    out: Lexed,
}

/// Whether a name may start with this byte.
fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b'?'
}

/// Whether a name may go on with this byte.
fn continues_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'?'
}

impl<'t> Lexer<'t> {
    fn run(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => self.at += 1,
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                b'"' => self.string(),
                b'0'..=b'9' => self.number(),
                b'#' if self.opens_line() => self.preprocessor(),
                _ if starts_name(byte) => self.name(),
                _ => self.mark(),
            }
        }
        self.at = self.bytes.len();
        self.push(Kind::End, self.at);
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    /// Adds the token from `start` to the current place.
    fn push(&mut self, kind: Kind, start: usize) {
        let flush = start == 0 || matches!(self.bytes[start - 1], b'\n' | 0xbf);
        let span = self.span(start, self.at);
        self.out.tokens.push(Token { kind, span, flush, tainted: self.tainted });
        self.tainted = false;
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.diagnostics.push(diagnostic);
        self.tainted = true;
    }

    /// Whether only blanks stand before the current place on its line.
    fn opens_line(&self) -> bool {
        let before = &self.bytes[..self.at];
        before.iter().rev().find(|b| !matches!(b, b' ' | b'\t')).is_none_or(|&b| b == b'\n')
    }

    fn line_end(&self) -> usize {
        let end =
            memchr::memchr(b'\n', &self.bytes[self.at..]).map_or(self.bytes.len(), |n| self.at + n);
        if end > self.at && self.bytes[end - 1] == b'\r' { end - 1 } else { end }
    }

    fn line_comment(&mut self) {
        let start = self.at;
        self.at = self.line_end();
        let kind = if self.bytes[start..].starts_with(b"//@") {
            CommentKind::Annotation
        } else {
            CommentKind::Line
        };
        let span = self.span(start, self.at);
        self.out.comments.push(Comment { kind, span });
    }

    fn block_comment(&mut self) {
        let start = self.at;
        if let Some(length) = self.text[start + 2..].find("*/") {
            self.at = start + 2 + length + 2;
        } else {
            self.at = self.bytes.len();
            self.report(
                Diagnostic::new(Code::H0002, "input ended inside a comment: `*/` expected")
                    .label(self.span(start, start + 2), "the comment starts here"),
            );
        }
        let span = self.span(start, self.at);
        self.out.comments.push(Comment { kind: CommentKind::Block, span });
    }

    fn string(&mut self) {
        let start = self.at;
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else { break };
            self.at += length + 1;
            if rest[length] == b'"' {
                return self.push(Kind::Text, start);
            }
            self.escape();
        }
        self.at = self.bytes.len();
        self.report(
            Diagnostic::new(Code::H0002, "input ended inside a string: `\"` expected")
                .label(self.span(start, start + 1), "the string starts here"),
        );
        self.push(Kind::Text, start);
    }

    /// The character after a backslash, which has been read.
    fn escape(&mut self) {
        let Some(char) = self.text[self.at..].chars().next() else { return };
        let start = self.at - 1;
        self.at += char.len_utf8();
        if unescaped(char).is_none() {
            let message = if char.is_control() {
                "a backslash stands before no character that can be escaped".to_owned()
            } else {
                format!("unknown escape `\\{char}` in a string")
            };
            let label = self.span(start, self.at);
            self.report(
                Diagnostic::new(Code::H0004, message)
                    .label(label, "")
                    .note("escapes are \\\" \\' \\\\ \\a \\b \\f \\n \\r \\t \\v")
                    .help("write a backslash itself as `\\\\`"),
            );
        }
    }

    fn digits(&mut self, accept: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&accept) {
            self.at += 1;
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let radix = match (self.peek(0), self.peek(1), self.peek(2)) {
            (Some(b'0'), Some(b'x'), Some(digit)) if digit.is_ascii_hexdigit() => 16,
            (Some(b'0'), Some(b'b'), Some(b'0' | b'1')) => 2,
            _ => 10,
        };
        if radix == 10 {
            self.digits(|b| b.is_ascii_digit());
            if self.fraction_follows() {
                return self.float_or_address(start);
            }
            if self.exponent() {
                return self.float(start);
            }
        } else {
            self.at += 2;
            self.digits(
                |b| if radix == 16 { b.is_ascii_hexdigit() } else { matches!(b, b'0' | b'1') },
            );
        }
        let prefix = if radix == 10 { 0 } else { 2 };
        let value = u64::from_str_radix(&self.text[start + prefix..self.at], radix).ok();
        let unsigned = self.peek(0) == Some(b'u') && !self.peek(1).is_some_and(continues_name);
        self.at += usize::from(unsigned);
        if self.ends_number(start) {
            let label = self.span(start, self.at);
            let number = value.unwrap_or_else(|| {
                self.report(too_large(&self.text[start..self.at], label));
                0
            });
            let kind = if unsigned { Kind::Unsigned(number) } else { Kind::Integer(number) };
            self.push(kind, start);
        }
    }

    fn fraction_follows(&self) -> bool {
        self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|b| b.is_ascii_digit())
    }

    /// Reads an exponent, if there is one.
    fn exponent(&mut self) -> bool {
        if !matches!(self.peek(0), Some(b'e' | b'E')) {
            return false;
        }
        let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
        if !self.peek(1 + sign).is_some_and(|b| b.is_ascii_digit()) {
            return false;
        }
        self.at += 1 + sign;
        self.digits(|b| b.is_ascii_digit());
        true
    }

    /// After the digits before a point.
    fn float_or_address(&mut self, start: usize) {
        let mut points = 0;
        while self.fraction_follows() && points < 3 {
            self.at += 1;
            self.digits(|b| b.is_ascii_digit());
            points += 1;
        }
        match points {
            1 => {
                self.exponent();
                self.float(start);
            }
            3 => self.address(start),
            _ => {
                let label = self.span(start, self.at);
                let text = &self.text[start..self.at];
                self.report(not_a_number(text, label));
                self.push(Kind::Integer(0), start);
            }
        }
    }

    fn float(&mut self, start: usize) {
        if !self.ends_number(start) {
            return;
        }
        let text = &self.text[start..self.at];
        let value: f64 = text.parse().unwrap_or(f64::INFINITY);
        if !value.is_finite() {
            let label = self.span(start, self.at);
            self.report(
                Diagnostic::new(Code::H0004, format!("{} does not fit `float`", shorten(text)))
                    .label(label, "the greatest float is about 1.8e308"),
            );
        }
        self.push(Kind::Float(if value.is_finite() { value } else { 0.0 }), start);
    }

    fn address(&mut self, start: usize) {
        if !self.ends_number(start) {
            return;
        }
        let text = &self.text[start..self.at];
        let value = text
            .split('.')
            .try_fold(0_u64, |sum, part| part.parse::<u8>().ok().map(|n| sum << 8 | u64::from(n)));
        if value.is_none() {
            let label = self.span(start, self.at);
            self.report(
                Diagnostic::new(Code::H0004, format!("{} is no IPv4 address", shorten(text)))
                    .label(label, "its four parts are 0 to 255"),
            );
        }
        self.push(Kind::Integer(value.unwrap_or(0)), start);
    }

    /// Reports letters that follow a number without a gap. Returns whether there are none.
    fn ends_number(&mut self, start: usize) -> bool {
        if !self.peek(0).is_some_and(continues_name) {
            return true;
        }
        self.digits(continues_name);
        let label = self.span(start, self.at);
        self.report(not_a_number(&self.text[start..self.at], label));
        self.push(Kind::Integer(0), start);
        false
    }

    fn name(&mut self) {
        let start = self.at;
        self.digits(continues_name);
        let text = &self.text[start..self.at];
        let kind = match Word::of(text) {
            Some(word) => Kind::Word(word),
            None if text == "_" => Kind::Any,
            None => Kind::Name,
        };
        self.push(kind, start);
    }

    /// `#define` and its like: refused, to the end of the line.
    fn preprocessor(&mut self) {
        let start = self.at;
        self.at += 1;
        self.digits(|b| b.is_ascii_alphabetic());
        let word = &self.text[start..self.at];
        let label = self.span(start, self.at);
        let mut end = self.line_end();
        while self.bytes[self.at..end].ends_with(b"\\") && end < self.bytes.len() {
            self.at = (end + 1).min(self.bytes.len());
            end = self.line_end().max(self.at);
        }
        if word.len() < 2 {
            self.at = start;
            return self.stray();
        }
        let rest = self.text[start + word.len()..end].trim();
        let mut refusal = Diagnostic::new(Code::H0003, format!("`{word}` is not supported yet"))
            .label(label, "a line for the C preprocessor");
        if word == "#include" {
            refusal = refusal.help("use the directive `.include` instead");
        }
        self.out.diagnostics.push(refusal);
        if word == "#define" {
            let length = rest.bytes().take_while(|&b| continues_name(b)).count();
            self.macros.insert(&rest[..length]);
        }
        self.at = end;
    }

    /// Marks names that a `#define` gives: what they stand for is not known.
    fn taint_macros(&mut self) {
        if self.macros.is_empty() {
            return;
        }
        for token in &mut self.out.tokens {
            let text = &self.text[token.span.range()];
            token.tainted |= token.kind == Kind::Name && self.macros.contains(text);
        }
    }

    fn mark(&mut self) {
        let start = self.at;
        let (kind, length) = match (self.bytes[start], self.peek(1)) {
            (b'.', _) => self.dot(),
            (b':', Some(b'-')) => (Kind::If, 2),
            (b':', _) => (Kind::Colon, 1),
            (b'<', Some(b'=')) => (Kind::Le, 2),
            (b'<', Some(b':')) => (Kind::Subtype, 2),
            (b'<', _) => (Kind::Lt, 1),
            (b'>', Some(b'=')) => (Kind::Ge, 2),
            (b'>', _) => (Kind::Gt, 1),
            (b'!', Some(b'=')) => (Kind::Ne, 2),
            (b'!', _) => (Kind::Bang, 1),
            (b'-', Some(b'>')) => (Kind::Arrow, 2),
            (b'-', _) => (Kind::Minus, 1),
            (byte, _) => match single(byte) {
                Some(kind) => (kind, 1),
                None => return self.stray(),
            },
        };
        self.at += length;
        self.push(kind, start);
    }

    /// A full stop, or the directive that it starts.
    fn dot(&self) -> (Kind, usize) {
        let name = self.bytes[self.at + 1..].iter().take_while(|&&b| continues_name(b)).count();
        match Directive::of(&self.text[self.at..=self.at + name]) {
            // `p(1).input(2).`: no directive is followed by a parenthesis.
            Some(_) if self.peek(1 + name) == Some(b'(') => (Kind::Dot, 1),
            Some(directive) => (Kind::Directive(directive), 1 + name),
            None => (Kind::Dot, 1),
        }
    }

    /// A text between quotes that are not straight double ones, up to the end of the line.
    fn other_quotes(&mut self) -> bool {
        let start = self.at;
        let end = self.text.floor_char_boundary(start + QUOTED_BYTES_MAX);
        let line = self.text[start..end].split(['\n', '\r']).next().unwrap_or_default();
        let mut chars = line.char_indices();
        if !chars.next().is_some_and(|(_, char)| is_quote(char)) {
            return false;
        }
        let inner = chars.as_str();
        let Some((close, last)) = chars.find(|&(_, char)| is_quote(char)) else { return false };
        let inner = &inner[..close - (line.len() - inner.len())];
        self.at = start + close + last.len_utf8();
        let label = self.span(start, self.at);
        let mut diagnostic =
            Diagnostic::new(Code::H0004, "strings stand between straight double quotes")
                .label(label, "other quotes");
        if !inner.contains(['"', '\\']) {
            diagnostic = diagnostic.mend("use those", label, format!("\"{inner}\""));
        }
        self.report(diagnostic);
        self.push(Kind::Text, start);
        true
    }

    /// A run of characters that belong to no token.
    fn stray(&mut self) {
        if self.other_quotes() {
            return;
        }
        let start = self.at;
        for char in self.text[start..].chars() {
            let known = u8::try_from(char).is_ok_and(|byte| {
                byte.is_ascii_whitespace()
                    || continues_name(byte)
                    || single(byte).is_some()
                    || b"\".:<>!-\x0b".contains(&byte)
            });
            if known && self.at > start {
                break;
            }
            self.at += char.len_utf8();
        }
        let label = self.span(start, self.at);
        self.report(stray_run(&self.text[start..self.at], label));
    }
}

/// Marks of one character that start no longer one.
fn single(byte: u8) -> Option<Kind> {
    Some(match byte {
        b'(' => Kind::Open,
        b')' => Kind::Close,
        b'{' => Kind::OpenBrace,
        b'}' => Kind::CloseBrace,
        b'[' => Kind::OpenBracket,
        b']' => Kind::CloseBracket,
        b',' => Kind::Comma,
        b';' => Kind::Semicolon,
        b'=' => Kind::Eq,
        b'+' => Kind::Plus,
        b'*' => Kind::Star,
        b'/' => Kind::Slash,
        b'%' => Kind::Percent,
        b'^' => Kind::Caret,
        b'|' => Kind::Pipe,
        b'$' => Kind::Dollar,
        b'@' => Kind::At,
        _ => return None,
    })
}

/// The character that an escape stands for.
fn unescaped(char: char) -> Option<char> {
    Some(match char {
        '"' | '\'' | '\\' => char,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ => return None,
    })
}

/// The text that a string token stands for; `raw` may have its quotes. Unknown escapes, which
/// the lexer has reported, stand for themselves.
#[must_use]
pub fn unescape(raw: &str) -> String {
    let inner = raw.strip_prefix('"').unwrap_or(raw);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => text.extend(chars.next().map(|next| unescaped(next).unwrap_or(next))),
            other => text.push(other),
        }
    }
    text
}

/// The first line of a text, at most 40 characters of it, for a message, in backticks.
pub(super) fn shorten(text: &str) -> String {
    let visible = |char: char| !char.is_control() && !is_invisible(char);
    let length: usize =
        text.chars().take_while(|&char| visible(char)).take(40).map(char::len_utf8).sum();
    let cut = if length < text.len() { "…" } else { "" };
    format!("`{}{cut}`", &text[..length])
}

fn too_large(text: &str, label: Span) -> Diagnostic {
    Diagnostic::new(Code::H0004, format!("{} does not fit 64 bits", shorten(text)))
        .label(label, "the greatest `unsigned` is 18446744073709551615")
        .note("`number` is -9223372036854775808..9223372036854775807")
}

fn not_a_number(text: &str, label: Span) -> Diagnostic {
    Diagnostic::new(Code::H0004, format!("{} is no number", shorten(text))).label(label, "").note(
        "numbers are written 12, 0x1f, 0b101, 12u, 1.5, 1e9 or 10.0.0.1; names start with a letter",
    )
}

fn stray_run(run: &str, label: Span) -> Diagnostic {
    let first = run.chars().next().unwrap_or(' ');
    let visible = !first.is_control() && !first.is_whitespace() && !is_invisible(first);
    let what = match (visible, run.chars().count()) {
        (true, 1) => format!("`{first}` is no character of the language"),
        (true, _) => format!("{} is nothing the language knows", shorten(run)),
        (false, _) => format!("U+{:04X} is no character of the language", u32::from(first)),
    };
    let help = match first {
        _ if is_quote(first) => "strings stand between straight double quotes",
        '–' | '—' | '−' => "minus is written `-`",
        '&' => "conditions that must all hold are joined by `,`",
        '~' | '¬' => "negation is written `!`",
        '#' => "comments start with `//`",
        '≤' => "less or equal is written `<=`",
        '≥' => "greater or equal is written `>=`",
        '≠' => "unequal is written `!=`",
        _ if first.is_whitespace() => "put a plain space in its place",
        _ if first.is_alphabetic() => {
            "names consist of a-z, A-Z, 0-9, `_` and `?`; other words go between double quotes"
        }
        _ => "",
    };
    let diagnostic = Diagnostic::new(Code::H0004, what).label(label, "");
    if help.is_empty() { diagnostic } else { diagnostic.help(help) }
}

/// Quotes that the language does not have.
fn is_quote(char: char) -> bool {
    matches!(char, '“' | '”' | '„' | '‘' | '’' | '«' | '»' | '\'')
}

/// Characters that show nothing or change how their neighbours show.
fn is_invisible(char: char) -> bool {
    matches!(u32::from(char),
        0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff)
}
