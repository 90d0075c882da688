//! Terms: literals, variables, operators by precedence, functors, aggregates, `as`.

use crate::syntax::ast::{Aggregate, AggregateKind, Body, CallForm, Expr, ExprKind, Spanned};
use crate::syntax::lexer;
use crate::syntax::parser::{Failed, NESTING_MAX, Parsed, Parser, Tall};
use crate::syntax::token::{Kind, Token, Word};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Precedence of a prefix operator: its operand holds only `^`.
pub(super) const PREFIX: u8 = 10;

/// The precedence of an infix operator, from 1, and whether it groups to the right.
pub(super) fn precedence(kind: Kind) -> Option<(u8, bool)> {
    Some(match kind {
        Kind::Word(Word::Lor) => (1, false),
        Kind::Word(Word::Lxor) => (2, false),
        Kind::Word(Word::Land) => (3, false),
        Kind::Word(Word::Bor) => (4, false),
        Kind::Word(Word::Bxor) => (5, false),
        Kind::Word(Word::Band) => (6, false),
        Kind::Word(Word::Bshl | Word::Bshr | Word::Bshru) => (7, false),
        Kind::Plus | Kind::Minus => (8, false),
        Kind::Star | Kind::Slash | Kind::Percent => (9, false),
        Kind::Caret => (11, true),
        _ => return None,
    })
}

impl Parser<'_> {
    /// A term.
    pub(super) fn expr(&mut self) -> Parsed<Tall<Expr>> {
        self.operation(0)
    }

    /// A term of operators of at least this precedence.
    fn operation(&mut self, least: u8) -> Parsed<Tall<Expr>> {
        self.nested(|parser| {
            let left = parser.operand()?;
            parser.operators(left, least)
        })
    }

    /// The infix operators of at least this precedence that follow `left`.
    fn operators(&mut self, mut left: Tall<Expr>, least: u8) -> Parsed<Tall<Expr>> {
        while let Some((level, to_right)) = precedence(self.kind()) {
            if level < least {
                break;
            }
            let span = self.bump().span;
            let name = Spanned { node: self.text_of(span).to_owned(), span };
            let next = if to_right { level } else { level + 1 };
            let right = self.operation(next)?;
            let height = 1 + left.height.max(right.height);
            let whole = left.node.span.to(right.node.span);
            let args = vec![left.node, right.node];
            let kind = ExprKind::Call { name, args, form: CallForm::Infix };
            left = self.tall(kind, whole, height)?;
        }
        Ok(left)
    }

    /// A node of this height, unless it is too high.
    fn tall(&mut self, node: ExprKind, span: Span, height: usize) -> Parsed<Tall<Expr>> {
        if height > NESTING_MAX {
            return Err(self.too_deep(self.last().span));
        }
        Ok(Tall { node: Spanned { node, span }, height })
    }

    /// A term that no infix operator joins. As in [`Parser::literal`], only the choice.
    fn operand(&mut self) -> Parsed<Tall<Expr>> {
        match self.kind() {
            Kind::Name if self.ahead(1).kind == Kind::Open => self.call(),
            Kind::Word(Word::Functor) => self.call(),
            Kind::Minus | Kind::Word(Word::Bnot | Word::Lnot) => self.prefix(),
            Kind::Open => self.parenthesised(),
            Kind::Word(word) => self.word(word),
            Kind::OpenBracket => self.refused_record(),
            Kind::Dollar | Kind::At => self.refused_operand(),
            _ => self.leaf(),
        }
    }

    fn leaf(&mut self) -> Parsed<Tall<Expr>> {
        let token = self.token();
        let leaf = match token.kind {
            Kind::Text => ExprKind::Text(lexer::unescape(self.text_of(token.span))),
            Kind::Integer(value) => ExprKind::Integer(i128::from(value)),
            Kind::Unsigned(value) => ExprKind::Unsigned(value),
            Kind::Float(value) => ExprKind::Float(value),
            Kind::Any => ExprKind::Any,
            Kind::Name => ExprKind::Var(self.text_of(token.span).to_owned()),
            _ => return Err(self.unexpected("a term", &[])),
        };
        self.bump();
        self.tall(leaf, token.span, 1)
    }

    fn parenthesised(&mut self) -> Parsed<Tall<Expr>> {
        let open = self.bump();
        let mut inner = self.expr()?;
        self.close_single(open)?;
        inner.node.span = self.since(open.span);
        Ok(inner)
    }

    /// Takes the bracket that closes `open`, where no list can stand.
    pub(super) fn close_single(&mut self, open: Token) -> Parsed<()> {
        if self.kind() == Kind::Comma {
            return Err(self.unexpected("`)`", &[]));
        }
        self.close(open)
    }

    /// `(a, b, …)` with at least `least` terms.
    pub(super) fn arguments(&mut self) -> Parsed<Tall<Vec<Expr>>> {
        let open = self.expect(Kind::Open, "`(`", &[])?;
        let mut list = Tall { node: Vec::new(), height: 0 };
        if self.accept(Kind::Close) {
            return Ok(list);
        }
        loop {
            let arg = self.expr()?;
            list.height = list.height.max(arg.height);
            list.node.push(arg.node);
            if !self.accept(Kind::Comma) {
                self.close(open)?;
                return Ok(list);
            }
        }
    }

    /// `name(a, b)`
    fn call(&mut self) -> Parsed<Tall<Expr>> {
        let span = self.bump().span;
        let name = Spanned { node: self.text_of(span).to_owned(), span };
        if !matches!(self.kind(), Kind::Open | Kind::End) {
            let message = format!("`{}` is a functor, not a name", name.node);
            let label = "its arguments go between parentheses";
            return Err(self.fail(Diagnostic::new(Code::H0001, message).label(span, label)));
        }
        let args = self.arguments()?;
        let kind = ExprKind::Call { name, args: args.node, form: CallForm::Functor };
        self.tall(kind, self.since(span), 1 + args.height)
    }

    /// `-x`, `bnot x`, `lnot x`
    fn prefix(&mut self) -> Parsed<Tall<Expr>> {
        let operator = self.bump();
        if operator.kind == Kind::Minus && self.ahead(1).kind != Kind::Caret {
            match self.kind() {
                Kind::Integer(value) => {
                    return self.negative(operator.span, ExprKind::Integer(-i128::from(value)));
                }
                Kind::Float(value) => return self.negative(operator.span, ExprKind::Float(-value)),
                _ => {}
            }
        }
        let operand = self.operation(PREFIX)?;
        self.prefixed(operator, operand)
    }

    fn prefixed(&mut self, operator: Token, operand: Tall<Expr>) -> Parsed<Tall<Expr>> {
        let text = match operator.kind {
            Kind::Minus => "neg",
            _ => self.text_of(operator.span),
        };
        let name = Spanned { node: text.to_owned(), span: operator.span };
        let span = operator.span.to(operand.node.span);
        let args = vec![operand.node];
        let kind = ExprKind::Call { name, args, form: CallForm::Prefix };
        self.tall(kind, span, 1 + operand.height)
    }

    /// A number with a minus before it, which has been read.
    fn negative(&mut self, minus: Span, node: ExprKind) -> Parsed<Tall<Expr>> {
        self.bump();
        let span = self.since(minus);
        if matches!(node, ExprKind::Integer(value) if value < i128::from(i64::MIN)) {
            self.report(
                Diagnostic::new(Code::H0004, "a number below the least `number`")
                    .label(span, "`number` starts at -9223372036854775808"),
            );
        }
        self.tall(node, span, 1)
    }

    /// A term that starts with a word of the language.
    fn word(&mut self, word: Word) -> Parsed<Tall<Expr>> {
        let kind = match word {
            Word::Count => AggregateKind::Count,
            Word::Sum => AggregateKind::Sum,
            Word::Min => AggregateKind::Min,
            Word::Max => AggregateKind::Max,
            Word::Mean => AggregateKind::Mean,
            Word::As => return self.cast(),
            Word::Later => return self.refused_operand(),
            Word::Test | Word::True | Word::False => return Err(self.no_value()),
            _ => return Err(self.unexpected("a term", &[])),
        };
        self.aggregate(kind)
    }

    fn no_value(&mut self) -> Failed {
        let span = self.token().span;
        let message = format!("`{}` is a condition and has no value", self.text_of(span));
        self.fail(Diagnostic::new(Code::H0001, message).label(span, "a term is expected here"))
    }

    /// `as(term, type)`
    fn cast(&mut self) -> Parsed<Tall<Expr>> {
        let start = self.bump().span;
        let open = self.expect(Kind::Open, "`(`", &[])?;
        let inner = self.expr()?;
        self.expect(Kind::Comma, "`,` and a type", &[])?;
        let ty = self.qualified_name("type")?;
        self.close_single(open)?;
        let kind = ExprKind::As(Box::new(inner.node), ty);
        self.tall(kind, self.since(start), 1 + inner.height)
    }

    /// `max x : { … }`, or `max(a, b)`: min and max are functors if several terms stand between
    /// the parentheses.
    fn aggregate(&mut self, kind: AggregateKind) -> Parsed<Tall<Expr>> {
        let word = self.bump().span;
        let extremum = matches!(kind, AggregateKind::Min | AggregateKind::Max);
        match (kind, self.kind()) {
            (AggregateKind::Count, _) => self.ranging(kind, word, None),
            (_, Kind::Colon) => Err(self.lacks_value(kind)),
            (_, Kind::Open) if extremum => self.extremum(kind, word),
            _ => {
                let value = self.expr()?;
                self.ranging(kind, word, Some(value))
            }
        }
    }

    /// After `min` or `max`, before a parenthesis.
    fn extremum(&mut self, kind: AggregateKind, word: Span) -> Parsed<Tall<Expr>> {
        let open = self.token().span;
        let mut args = self.arguments()?;
        if args.node.len() != 1 {
            let name = Spanned { node: kind.name().to_owned(), span: word };
            let call = ExprKind::Call { name, args: args.node, form: CallForm::Functor };
            return self.tall(call, self.since(word), 1 + args.height);
        }
        let mut first = args.node.pop().expect("there is one");
        first.span = self.since(open);
        let value = self.operators(Tall { node: first, height: args.height }, 0)?;
        self.ranging(kind, word, Some(value))
    }

    /// The `:` and the body of an aggregate.
    fn ranging(
        &mut self,
        kind: AggregateKind,
        word: Span,
        value: Option<Tall<Expr>>,
    ) -> Parsed<Tall<Expr>> {
        let colon = match kind {
            AggregateKind::Count => "`:` after `count`",
            AggregateKind::Min | AggregateKind::Max => {
                "`:` and what it ranges over, or a second term in the parentheses"
            }
            AggregateKind::Sum | AggregateKind::Mean => "`:` and what it ranges over",
        };
        self.expect(Kind::Colon, colon, &[])?;
        let body = self.aggregate_body()?;
        let height = 1 + body.height.max(value.as_ref().map_or(0, |value| value.height));
        let kind = Spanned { node: kind, span: word };
        let aggregate = Aggregate { kind, value: value.map(|value| value.node), body: body.node };
        self.tall(ExprKind::Aggregate(Box::new(aggregate)), self.since(word), height)
    }

    fn lacks_value(&mut self, kind: AggregateKind) -> Failed {
        let span = self.last().span;
        let name = kind.name();
        let message = format!("`{name}` needs a term before the `:`");
        self.fail(
            Diagnostic::new(Code::H0001, message)
                .label(span, "of what?")
                .help(format!("write `{name} x : {{ … }}`")),
        )
    }

    /// `{ … }` or one atom.
    fn aggregate_body(&mut self) -> Parsed<Tall<Body>> {
        if self.kind() == Kind::Name {
            return self.nested(Self::atom_literal);
        }
        let open = self.expect(Kind::OpenBrace, "`{` or an atom", &[])?;
        let body = self.nested(Self::body)?;
        self.close(open)?;
        Ok(body)
    }

    /// `[a, b]`: refused, and a `_` in its place.
    fn refused_record(&mut self) -> Parsed<Tall<Expr>> {
        let open = self.bump();
        self.refuse("a record `[…]`", open.span);
        while !self.accept(Kind::CloseBracket) {
            self.expr()?;
            if !self.accept(Kind::Comma) {
                self.close(open)?;
                break;
            }
        }
        self.tall(ExprKind::Any, self.since(open.span), 1)
    }

    /// A term that hence does not read yet: refused, and a `_` in its place.
    fn refused_operand(&mut self) -> Parsed<Tall<Expr>> {
        let token = self.bump();
        // The form of a user-defined aggregate is that of no other term: the statement is skipped.
        let aggregate = token.kind == Kind::At && self.accept(Kind::At);
        let what = match token.kind {
            Kind::Dollar if self.kind() == Kind::Name => "the branch ",
            Kind::At => "the user-defined functor ",
            _ => "",
        };
        let mark = if aggregate { "@@" } else { self.text_of(token.span) };
        let name = if what.is_empty() { String::new() } else { self.qualified_text() };
        let span = self.since(token.span);
        self.refuse(&format!("{what}`{mark}{name}`"), span);
        if aggregate {
            return Err(Failed);
        }
        if self.kind() == Kind::Open {
            self.arguments()?;
        }
        self.tall(ExprKind::Any, self.since(token.span), 1)
    }

    /// Takes a name with the parts that follow full stops, as text.
    pub(super) fn qualified_text(&mut self) -> String {
        let mut text = String::new();
        while self.kind() == Kind::Name {
            let span = self.bump().span;
            text.push_str(self.text_of(span));
            let goes_on = self.kind() == Kind::Dot
                && self.adjacent()
                && self.ahead(1).kind == Kind::Name
                && self.ahead(1).span.start == self.token().span.end;
            if !goes_on {
                break;
            }
            self.bump();
            text.push('.');
        }
        text
    }
}
