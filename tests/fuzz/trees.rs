//! Random syntax trees, as a parser gives them: nothing stands directly within its like, and `-`
//! before a number is part of the number.

use std::collections::BTreeSet;

use arbtest::arbitrary::{Result, Unstructured};
use hence::base::ids::{FileId, Id};
use hence::syntax::ast::{
    Aggregate, AggregateKind, Annotation, AnnotationArg, Atom, Body, CallForm, Column, CompareOp,
    Directive, DirectiveKind, Doc, Expr, ExprKind, Item, ItemKind, ItemSpan, Literal, Name,
    PlanHint, RelationDecl, Rule, Spanned, TypeDecl, TypeKind,
};
use hence::text::span::Span;

fn nowhere() -> Span {
    Span::new(FileId::new(0), 0, 0)
}

fn spanned<T>(node: T) -> Spanned<T> {
    Spanned { node, span: nowhere() }
}

/// Makes trees of random bytes.
pub(crate) struct Maker<'a, 'b> {
    pub(crate) bytes: &'a mut Unstructured<'b>,
    /// The kinds of nodes made.
    pub(crate) made: BTreeSet<String>,
}

impl Maker<'_, '_> {
    fn pick<T: Clone>(&mut self, all: &[T]) -> Result<T> {
        Ok(self.bytes.choose(all)?.clone())
    }

    pub(crate) fn many<T>(
        &mut self,
        least: usize,
        most: usize,
        mut make: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let count = self.bytes.int_in_range(least..=most)?;
        (0..count).map(|_| make(self)).collect()
    }

    fn name(&mut self) -> Result<Name> {
        let names = ["a", "x1", "_y", "?z", "not", "choice", "eqrel", "input", "counted", "e5"];
        Ok(spanned(self.pick(&names)?.to_owned()))
    }

    fn text(&mut self) -> Result<String> {
        let pieces =
            ["a", " ", "\"", "\\", "\n", "\t", "\r", "//@", "*/", "ü", "\u{2028}", "\0", "{x}"];
        Ok(self.many(0, 4, |maker| maker.pick(&pieces))?.concat())
    }

    fn note(&mut self, kind: &str) {
        self.made.insert(kind.to_owned());
    }

    fn expr(&mut self, depth: usize) -> Result<Expr> {
        let choice = self.bytes.int_in_range(0..=if depth == 0 { 5 } else { 10 })?;
        let node = match choice {
            0 => ExprKind::Var(self.name()?.node),
            1 => ExprKind::Any,
            2 => ExprKind::Text(self.text()?),
            3 => {
                let sign = if self.bytes.arbitrary()? { 1 } else { -1 };
                let limit = if sign > 0 { i128::from(u64::MAX) } else { 1 << 63 };
                let small = i128::from(self.bytes.arbitrary::<u8>()?);
                ExprKind::Integer(sign * if self.bytes.ratio(1, 8)? { limit } else { small })
            }
            4 => ExprKind::Unsigned(self.pick(&[0, 7, u64::MAX])?),
            5 => {
                let floats = [0.0, 1.5, -2.0, 1e300, -1e-300, f64::MAX, f64::MIN_POSITIVE];
                ExprKind::Float(self.pick(&floats)?)
            }
            6 | 7 => self.operation(depth - 1)?,
            8 => self.functor(depth - 1)?,
            9 => self.aggregate(depth - 1)?,
            _ => ExprKind::As(Box::new(self.expr(depth - 1)?), self.name()?),
        };
        let kind = format!("{node:?}");
        self.note(kind.split([' ', '(', '{']).next().unwrap_or(""));
        Ok(spanned(node))
    }

    fn operation(&mut self, depth: usize) -> Result<ExprKind> {
        let prefix = ["neg", "bnot", "lnot"];
        let infix = [
            "+", "-", "*", "/", "%", "^", "band", "bor", "bxor", "bshl", "bshr", "bshru", "land",
            "lor", "lxor", "^", "-",
        ];
        let (name, count, form) = if self.bytes.ratio(1, 4)? {
            (self.pick(&prefix)?, 1, CallForm::Prefix)
        } else {
            (self.pick(&infix)?, 2, CallForm::Infix)
        };
        let mut args = self.many(count, count, |maker| maker.expr(depth))?;
        // `-` before a number is read as part of the number, except before `^`.
        if let (CallForm::Prefix, "neg", ExprKind::Integer(n)) = (form, name, &mut args[0].node) {
            *n = (*n).clamp(-100, 100);
        }
        self.note(name);
        Ok(ExprKind::Call { name: spanned(name.to_owned()), args, form })
    }

    fn functor(&mut self, depth: usize) -> Result<ExprKind> {
        let names = ["cat", "strlen", "ord", "to_string", "range", "min", "max", "custom"];
        let name = self.pick(&names)?;
        let least = if matches!(name, "min" | "max") { 2 } else { 0 };
        let args = self.many(least, 3, |maker| maker.expr(depth))?;
        Ok(ExprKind::Call { name: spanned(name.to_owned()), args, form: CallForm::Functor })
    }

    fn aggregate(&mut self, depth: usize) -> Result<ExprKind> {
        let kind = self.pick(&[
            AggregateKind::Count,
            AggregateKind::Sum,
            AggregateKind::Min,
            AggregateKind::Max,
            AggregateKind::Mean,
        ])?;
        self.note(kind.name());
        let value = match kind {
            AggregateKind::Count => None,
            _ => Some(self.expr(depth)?),
        };
        let body = self.body(depth)?;
        Ok(ExprKind::Aggregate(Box::new(Aggregate { kind: spanned(kind), value, body })))
    }

    fn atom(&mut self, depth: usize) -> Result<Atom> {
        let name = self.name()?;
        let args = self.many(0, 3, |maker| maker.expr(depth))?;
        Ok(Atom { name, args, span: ItemSpan(nowhere()) })
    }

    /// A formula; nothing stands directly within its like.
    fn body(&mut self, depth: usize) -> Result<Body> {
        let choice = self.bytes.int_in_range(0..=if depth == 0 { 0 } else { 4 })?;
        Ok(match choice {
            1 => Body::And(self.parts(depth, |part| matches!(part, Body::And(_)))?),
            2 => Body::Or(self.parts(depth, |part| matches!(part, Body::Or(_)))?),
            3 => {
                self.note("Not");
                let span = ItemSpan(nowhere());
                match self.body(depth - 1)? {
                    Body::Literal(Spanned { node: Literal::Atom(atom), .. }) => {
                        Body::Literal(spanned(Literal::Absent(atom)))
                    }
                    other => Body::Not(Box::new(other), span),
                }
            }
            _ => Body::Literal(spanned(self.literal(depth.saturating_sub(1))?)),
        })
    }

    fn parts(&mut self, depth: usize, like: impl Fn(&Body) -> bool) -> Result<Vec<Body>> {
        self.note("joined");
        self.many(2, 3, |maker| {
            let part = maker.body(depth - 1)?;
            Ok(if like(&part) { Body::Literal(spanned(Literal::Constant(true))) } else { part })
        })
    }

    fn literal(&mut self, depth: usize) -> Result<Literal> {
        Ok(match self.bytes.int_in_range(0..=4)? {
            0 => Literal::Atom(self.atom(depth)?),
            1 => Literal::Absent(self.atom(depth)?),
            2 => {
                let ops = [
                    CompareOp::Eq,
                    CompareOp::Ne,
                    CompareOp::Lt,
                    CompareOp::Le,
                    CompareOp::Gt,
                    CompareOp::Ge,
                ];
                Literal::Compare(self.pick(&ops)?, self.expr(depth)?, self.expr(depth)?)
            }
            3 => {
                let name = spanned(self.pick(&["match", "contains"])?.to_owned());
                Literal::Test(name, self.many(2, 2, |maker| maker.expr(depth))?)
            }
            _ => Literal::Constant(self.bytes.arbitrary()?),
        })
    }

    fn type_decl(&mut self) -> Result<TypeDecl> {
        let name = self.name()?;
        let kind = match self.bytes.int_in_range(0..=2)? {
            0 => TypeKind::Subtype(self.name()?),
            1 => TypeKind::Union(self.many(1, 3, Self::name)?),
            _ => TypeKind::Legacy(spanned(self.pick(&["symbol", "number"])?.to_owned())),
        };
        Ok(TypeDecl { name, kind })
    }

    fn relation_decl(&mut self) -> Result<RelationDecl> {
        let names = self.many(1, 2, Self::name)?;
        let columns =
            self.many(0, 3, |maker| Ok(Column { name: maker.name()?, ty: maker.name()? }))?;
        let words = ["btree", "brie", "magic", "no_magic", "no_inline", "overridable"];
        let qualifiers = self.many(0, 2, |maker| Ok(spanned(maker.pick(&words)?.to_owned())))?;
        Ok(RelationDecl { names, columns, qualifiers })
    }

    fn rule(&mut self) -> Result<Rule> {
        if self.bytes.ratio(1, 4)? {
            return Ok(Rule { heads: vec![self.atom(2)?], body: None, plan: Vec::new() });
        }
        let plan = self.many(0, 1, |maker| {
            let order = maker.many(0, 3, |maker| Ok(spanned(maker.bytes.arbitrary()?)))?;
            Ok(PlanHint { version: spanned(maker.bytes.arbitrary()?), order })
        })?;
        Ok(Rule { heads: self.many(1, 2, |maker| maker.atom(2))?, body: Some(self.body(4)?), plan })
    }

    fn directive(&mut self) -> Result<Directive> {
        let kinds = [DirectiveKind::Input, DirectiveKind::Output, DirectiveKind::Printsize];
        let kind = self.pick(&kinds)?;
        let relations = self.many(1, 2, Self::name)?;
        let parameters = self.many(0, 2, |maker| {
            let key = maker.pick(&["filename", "name"])?;
            Ok((spanned(key.to_owned()), spanned(maker.text()?)))
        })?;
        Ok(Directive { kind, relations, parameters })
    }

    fn annotation(&mut self) -> Result<Annotation> {
        let name = spanned(self.pick(&["name", "say", "assume", "conflict"])?.to_owned());
        let args = self.many(0, 2, |maker| {
            Ok(spanned(if maker.bytes.arbitrary()? {
                AnnotationArg::Text(maker.text()?)
            } else {
                AnnotationArg::Word(maker.pick(&["a", "id=id", "12", "L0205", "ü"])?.to_owned())
            }))
        })?;
        Ok(Annotation { name, args })
    }

    /// An item of any kind.
    pub(crate) fn item(&mut self) -> Result<Item> {
        let kind = match self.bytes.int_in_range(0..=9)? {
            0 => ItemKind::Relation(self.relation_decl()?),
            1 => ItemKind::Type(self.type_decl()?),
            2 => ItemKind::Directive(self.directive()?),
            3 => ItemKind::Include { path: spanned(self.text()?) },
            4 => ItemKind::Once,
            5 => {
                let value = self.many(0, 1, |maker| Ok(spanned(maker.text()?)))?.pop();
                ItemKind::Pragma { key: spanned(self.text()?), value }
            }
            _ => ItemKind::Rule(self.rule()?),
        };
        let described = format!("{kind:?}");
        self.note(described.split([' ', '(', '{']).next().unwrap_or(""));
        let annotations = self.many(0, 2, Self::annotation)?;
        let span = ItemSpan(nowhere());
        Ok(Item { kind, annotations, doc: Doc::default(), span })
    }
}
