//! Bodies: literals joined by `,` and `;`, negation, atoms, comparisons.

use crate::syntax::ast::{Atom, Body, CompareOp, Expr, ExprKind, ItemSpan, Literal, Spanned};
use crate::syntax::parser::{Failed, Parsed, Parser, Tall};
use crate::syntax::token::{Kind, Token, Word};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

impl Parser<'_> {
    /// Literals joined by `,` and `;`, of which `,` binds closer.
    pub(super) fn body(&mut self) -> Parsed<Tall<Body>> {
        let mut parts = Vec::new();
        let mut height = 0;
        loop {
            self.conjunction(&mut parts, &mut height)?;
            if !self.accept(Kind::Semicolon) {
                return Ok(joined(parts, height, Body::Or));
            }
        }
    }

    /// Adds literals joined by `,` to the parts of a disjunction.
    fn conjunction(&mut self, any: &mut Vec<Body>, height: &mut usize) -> Parsed<()> {
        let mut all = Vec::new();
        loop {
            self.literal().map(|part| {
                *height = part.height.max(*height);
                flatten_and(&mut all, part.node);
            })?;
            if !self.accept(Kind::Comma) {
                flatten_or(any, all);
                return Ok(());
            }
        }
    }

    /// One literal. Everything but the choice stands in functions of its own: formulas nest through
    /// this one, whose frame must be small.
    fn literal(&mut self) -> Parsed<Tall<Body>> {
        let start = self.token();
        match start.kind {
            Kind::Bang => self.negation(start),
            Kind::Open if !self.operator_after_closing(0) => self.group(start),
            Kind::Word(Word::True | Word::False | Word::Test) => self.test(start),
            Kind::Name if self.is_not_word() => Err(self.negation_in_words(start.span)),
            Kind::Name if self.atom_starts() => self.atom_literal(),
            Kind::Directive(_)
            | Kind::Dot
            | Kind::Comma
            | Kind::Semicolon
            | Kind::Close
            | Kind::CloseBrace
            | Kind::If
            | Kind::End => Err(self.unexpected("a literal", &[])),
            _ => self.comparison(),
        }
    }

    /// `(…)`
    fn group(&mut self, open: Token) -> Parsed<Tall<Body>> {
        self.bump();
        let inner = self.nested(Self::body)?;
        self.close(open)?;
        Ok(inner)
    }

    /// `match(…)`, `contains(…)`, `true`, `false`
    fn test(&mut self, start: Token) -> Parsed<Tall<Body>> {
        self.bump();
        if start.kind != Kind::Word(Word::Test) {
            let constant = Literal::Constant(start.kind == Kind::Word(Word::True));
            return Ok(literal(constant, start.span, 0));
        }
        let name = Spanned { node: self.text_of(start.span).to_owned(), span: start.span };
        let args = self.arguments()?;
        let span = self.since(start.span);
        Ok(literal(Literal::Test(name, args.node), span, args.height))
    }

    /// Whether an operator follows the bracket that closes the one `n` places ahead.
    fn operator_after_closing(&self, n: usize) -> bool {
        self.after_closing(n).is_some_and(|token| token.kind.is_operator())
    }

    /// Whether the current name starts an atom: a parenthesis follows, and no operator after it.
    fn atom_starts(&self) -> bool {
        match self.ahead(1).kind {
            Kind::Open => !self.operator_after_closing(1),
            Kind::Dot => self.ahead(2).kind == Kind::Name && self.dotted(0),
            _ => false,
        }
    }

    /// Whether the token `n` places ahead, the full stop after it, and the next one touch.
    pub(super) fn dotted(&self, n: usize) -> bool {
        let [a, b, c] = [self.ahead(n), self.ahead(n + 1), self.ahead(n + 2)];
        a.span.end == b.span.start && b.span.end == c.span.start
    }

    /// `not p(x)`
    fn is_not_word(&self) -> bool {
        self.text_of(self.token().span) == "not" && self.ahead(1).kind == Kind::Name
    }

    fn negation_in_words(&mut self, span: Span) -> Failed {
        let mut diagnostic = Diagnostic::new(Code::H0001, "negation is written `!`, not `not`")
            .label(span, "unexpected name");
        let gap = Span { end: self.ahead(1).span.start, ..span };
        diagnostic.fixes.extend(self.tried("use the mark", gap, "!"));
        self.fail(diagnostic)
    }

    /// `!` and what it denies; of an atom in parentheses the parentheses do not count.
    fn negation(&mut self, bang: Token) -> Parsed<Tall<Body>> {
        self.bump();
        let inner = self.nested(Self::literal)?;
        let span = self.since(bang.span);
        Ok(match inner.node {
            Body::Literal(Spanned { node: Literal::Atom(atom), .. }) => {
                literal(Literal::Absent(atom), span, inner.height)
            }
            other => Tall { node: Body::Not(Box::new(other), ItemSpan(span)), ..inner },
        })
    }

    /// An atom as a literal.
    pub(super) fn atom_literal(&mut self) -> Parsed<Tall<Body>> {
        let atom = self.atom("relation")?;
        let span = atom.node.span.0;
        Ok(literal(Literal::Atom(atom.node), span, atom.height))
    }

    /// `name(args)`
    pub(super) fn atom(&mut self, what: &str) -> Parsed<Tall<Atom>> {
        let start = self.token().span;
        let name = self.qualified_name(what)?;
        if self.kind() != Kind::Open {
            return Err(self.lacks_parentheses(&name.node, start));
        }
        let args = self.arguments()?;
        let span = ItemSpan(self.since(start));
        Ok(Tall { node: Atom { name, args: args.node, span }, height: args.height })
    }

    fn lacks_parentheses(&mut self, name: &str, span: Span) -> Failed {
        if self.kind() == Kind::End {
            return self.unexpected("`(`", &[]);
        }
        let message = format!("expected `(` after the relation `{name}`");
        let mut diagnostic = Diagnostic::new(Code::H0001, message)
            .label(span, "its columns go between parentheses, also if there are none");
        diagnostic.fixes.extend(self.tried("if it has no columns", span.after(), "()"));
        self.fail(diagnostic)
    }

    fn comparison(&mut self) -> Parsed<Tall<Body>> {
        let start = self.token().span;
        let left = self.expr()?;
        let Some(op) = compare_op(self.kind()) else {
            return Err(self.lacks_comparison(&left.node));
        };
        self.bump();
        if op == CompareOp::Eq && self.kind() == Kind::Eq && self.adjacent() {
            return Err(self.double_equals());
        }
        let right = self.expr()?;
        if self.kind().is_comparison() {
            let span = self.token().span;
            let (name, mark) = ("comparisons do not chain", self.text_of(span));
            return Err(self.fail(
                Diagnostic::new(Code::H0001, name)
                    .label(span, "a second comparison of the same term")
                    .help(format!("write two, joined by `,`: `a {mark} b, b {mark} c`")),
            ));
        }
        let span = self.since(start);
        let height = left.height.max(right.height);
        Ok(literal(Literal::Compare(op, left.node, right.node), span, height))
    }

    fn double_equals(&mut self) -> Failed {
        let span = self.last().span.to(self.token().span);
        let mut diagnostic = Diagnostic::new(Code::H0001, "equality is written `=`, not `==`")
            .label(span, "unexpected operator");
        diagnostic.fixes.extend(self.tried("use one `=`", span, "="));
        self.fail(diagnostic)
    }

    /// A term stands where a literal is expected, and no comparison follows.
    fn lacks_comparison(&mut self, left: &Expr) -> Failed {
        let ends = matches!(
            self.kind(),
            Kind::Comma | Kind::Semicolon | Kind::Dot | Kind::Close | Kind::CloseBrace
        );
        match &left.node {
            ExprKind::Var(name) if ends => {
                let name = name.clone();
                self.lacks_parentheses(&name, left.span)
            }
            ExprKind::Var(_) => self.unexpected("`(` or a comparison", &[]),
            _ => self.unexpected("a comparison", &[]),
        }
    }

    /// A name, possibly of a relation within a component, which is refused.
    pub(super) fn qualified_name(&mut self, what: &str) -> Parsed<Spanned<String>> {
        let start = self.token().span;
        if self.kind() != Kind::Name {
            return self.name(what);
        }
        let node = self.qualified_text();
        let span = self.since(start);
        if node.contains('.') {
            self.refuse_component_member(&node, span);
        }
        Ok(Spanned { node, span })
    }
}

fn flatten_and(all: &mut Vec<Body>, part: Body) {
    match part {
        Body::And(inner) => all.extend(inner),
        other => all.push(other),
    }
}

fn flatten_or(any: &mut Vec<Body>, mut all: Vec<Body>) {
    match all.pop() {
        Some(Body::Or(inner)) if all.is_empty() => any.extend(inner),
        Some(single) if all.is_empty() => any.push(single),
        last => {
            all.extend(last);
            any.push(Body::And(all));
        }
    }
}

/// A part alone, or several joined.
fn joined(mut parts: Vec<Body>, height: usize, join: fn(Vec<Body>) -> Body) -> Tall<Body> {
    let node = match parts.pop() {
        Some(single) if parts.is_empty() => single,
        last => {
            parts.extend(last);
            join(parts)
        }
    };
    Tall { node, height }
}

fn literal(node: Literal, span: Span, height: usize) -> Tall<Body> {
    Tall { node: Body::Literal(Spanned { node, span }), height }
}

fn compare_op(kind: Kind) -> Option<CompareOp> {
    Some(match kind {
        Kind::Eq => CompareOp::Eq,
        Kind::Ne => CompareOp::Ne,
        Kind::Lt => CompareOp::Lt,
        Kind::Le => CompareOp::Le,
        Kind::Gt => CompareOp::Gt,
        Kind::Ge => CompareOp::Ge,
        _ => return None,
    })
}
