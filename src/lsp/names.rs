//! Every name of a program with its place: what stands at the cursor, and where else it stands.

use std::mem::discriminant;

use crate::syntax::ast::{
    self, Annotation, AnnotationArg, Atom, Body, Expr, ExprKind, Item, ItemKind, Literal, TypeKind,
};
use crate::text::files::Files;
use crate::text::span::Span;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning<'t> {
    /// A relation.
    Relation(&'t str),
    /// A type.
    Type(&'t str),
    /// A variable of a rule: the rule's place and the name.
    Variable(Span, &'t str),
    /// A column of a declaration: the declaration's place and the name.
    Column(Span, &'t str),
    /// A functor, a test or an aggregate.
    Builtin(&'t str),
}

/// A name at a place.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'t> {
    /// What it stands for.
    pub meaning: Meaning<'t>,
    /// The name itself.
    pub span: Span,
    /// Whether the name is declared here.
    pub declares: bool,
}

impl<'t> Meaning<'t> {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'t str {
        match self {
            Self::Relation(name)
            | Self::Type(name)
            | Self::Variable(_, name)
            | Self::Column(_, name)
            | Self::Builtin(name) => name,
        }
    }

    /// Whether another name would be in the way of this one if both were the same.
    #[must_use]
    pub fn is_beside(self, other: Meaning<'_>) -> bool {
        match (self, other) {
            (Self::Variable(own, _), Meaning::Variable(other, _))
            | (Self::Column(own, _), Meaning::Column(other, _)) => own == other,
            _ => discriminant(&self) == discriminant(&other),
        }
    }

    /// What it is, for a message.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Relation(_) => "relation",
            Self::Type(_) => "type",
            Self::Variable(..) => "variable",
            Self::Column(..) => "column",
            Self::Builtin(_) => "built-in",
        }
    }
}

/// All names of the trees, those of an item together.
#[must_use]
pub fn occurrences<'t>(trees: &'t [ast::Program], files: &'t Files) -> Vec<Occurrence<'t>> {
    let mut walk = Walk { files, found: Vec::new(), item: None };
    trees.iter().flat_map(|tree| &tree.items).for_each(|item| walk.item(item));
    walk.found
}

/// The name at a byte offset of a file; of two that touch there the one that starts there.
#[must_use]
pub fn at<'t>(found: &[Occurrence<'t>], place: Span) -> Option<Occurrence<'t>> {
    let here = |one: &&Occurrence<'t>| {
        one.span.file == place.file
            && one.span.start <= place.start
            && place.start <= one.span.end
            && one.span.start < one.span.end
    };
    found.iter().filter(here).max_by_key(|one| one.span.start).copied()
}

struct Walk<'t> {
    files: &'t Files,
    found: Vec<Occurrence<'t>>,
    /// The rule whose variables are met.
    item: Option<Span>,
}

impl<'t> Walk<'t> {
    fn add(&mut self, meaning: Meaning<'t>, span: Span, declares: bool) {
        self.found.push(Occurrence { meaning, span, declares });
    }

    fn relation(&mut self, name: &'t ast::Name) {
        self.add(Meaning::Relation(&name.node), name.span, false);
    }

    fn ty(&mut self, name: &'t ast::Name) {
        self.add(Meaning::Type(&name.node), name.span, false);
    }

    fn item(&mut self, item: &'t Item) {
        let place = item.span.0;
        self.item = Some(place);
        match &item.kind {
            ItemKind::Relation(decl) => {
                for name in &decl.names {
                    self.add(Meaning::Relation(&name.node), name.span, true);
                }
                for column in &decl.columns {
                    let name = &column.name;
                    self.add(Meaning::Column(place, &name.node), name.span, true);
                    self.ty(&column.ty);
                }
                let column = |name| Meaning::Column(place, name);
                self.annotations(&item.annotations, true, &column);
            }
            ItemKind::Type(decl) => {
                self.add(Meaning::Type(&decl.name.node), decl.name.span, true);
                match &decl.kind {
                    TypeKind::Subtype(of) => self.ty(of),
                    TypeKind::Union(members) => members.iter().for_each(|name| self.ty(name)),
                    // `.symbol_type A`: the word is the directive's.
                    TypeKind::Legacy(_) => {}
                }
            }
            ItemKind::Directive(directive) => {
                directive.relations.iter().for_each(|name| self.relation(name));
            }
            ItemKind::Rule(rule) => {
                rule.heads.iter().for_each(|head| self.atom(head));
                rule.body.iter().for_each(|body| self.body(body));
                let variable = |name| Meaning::Variable(place, name);
                self.annotations(&item.annotations, false, &variable);
            }
            ItemKind::Include { .. } | ItemKind::Once | ItemKind::Pragma { .. } => {}
        }
    }

    /// Placeholders of sentences: `{a}`, `{a.id}`, `{a..b}`; and words that name columns.
    fn annotations(
        &mut self,
        annotations: &'t [Annotation],
        words: bool,
        meaning: &dyn Fn(&'t str) -> Meaning<'t>,
    ) {
        for annotation in annotations {
            for arg in &annotation.args {
                match &arg.node {
                    AnnotationArg::Word(name) if words => {
                        self.add(meaning(name), arg.span, false);
                    }
                    AnnotationArg::Text(_)
                        if matches!(annotation.name.node.as_str(), "say" | "absent") =>
                    {
                        self.placeholders(arg.span, meaning);
                    }
                    AnnotationArg::Word(_) | AnnotationArg::Text(_) => {}
                }
            }
        }
    }

    fn placeholders(&mut self, span: Span, meaning: &dyn Fn(&'t str) -> Meaning<'t>) {
        let text = self.files.text_of(span);
        let mut at = 0;
        while let Some(open) = text[at..].find('{').map(|open| at + open + 1) {
            let Some(close) = text[open..].find('}').map(|close| open + close) else { return };
            let mut start = open;
            for part in text[open..close].split("..") {
                let name = part.strip_suffix(".id").unwrap_or(part);
                let from = span.start as usize + start;
                let place = Span::new(span.file, from, from + name.len());
                self.add(meaning(name), place, false);
                start += part.len() + "..".len();
            }
            at = close + 1;
        }
    }

    fn atom(&mut self, atom: &'t Atom) {
        self.relation(&atom.name);
        atom.args.iter().for_each(|arg| self.expr(arg));
    }

    fn body(&mut self, body: &'t Body) {
        match body {
            Body::And(parts) | Body::Or(parts) => parts.iter().for_each(|part| self.body(part)),
            Body::Not(inner, _) => self.body(inner),
            Body::Literal(literal) => match &literal.node {
                Literal::Atom(atom) | Literal::Absent(atom) => self.atom(atom),
                Literal::Compare(_, left, right) => {
                    self.expr(left);
                    self.expr(right);
                }
                Literal::Test(name, args) => {
                    self.add(Meaning::Builtin(&name.node), name.span, false);
                    args.iter().for_each(|arg| self.expr(arg));
                }
                Literal::Constant(_) => {}
            },
        }
    }

    fn expr(&mut self, expr: &'t Expr) {
        match &expr.node {
            ExprKind::Var(name) => {
                let place = self.item.expect("an expression stands in an item");
                self.add(Meaning::Variable(place, name), expr.span, false);
            }
            ExprKind::Call { name, args, .. } => {
                self.add(Meaning::Builtin(&name.node), name.span, false);
                args.iter().for_each(|arg| self.expr(arg));
            }
            ExprKind::Aggregate(aggregate) => {
                let kind = &aggregate.kind;
                self.add(Meaning::Builtin(kind.node.name()), kind.span, false);
                aggregate.value.iter().for_each(|value| self.expr(value));
                self.body(&aggregate.body);
            }
            ExprKind::As(inner, ty) => {
                self.expr(inner);
                self.ty(ty);
            }
            ExprKind::Any
            | ExprKind::Text(_)
            | ExprKind::Integer(_)
            | ExprKind::Unsigned(_)
            | ExprKind::Float(_) => {}
        }
    }
}
