//! The tree of a rule file: what was written, with names as text and a span on every node.
//! Comparing trees ignores spans and comments, which is what makes `parse . print` an identity
//! that a test can state.

use std::cmp::Ordering;

use crate::text::span::Span;

/// A node with its place. Equality looks at the node alone.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// What.
    pub node: T,
    /// Where.
    pub span: Span,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// A name as written, parts of a qualified name joined by `.`.
pub type Name = Spanned<String>;

/// A parsed file.
#[derive(Clone, Default, Debug, PartialEq)]
pub struct Program {
    /// Items in the order of the text.
    pub items: Vec<Item>,
    /// Relations whose declarations could not be read, which has been reported: that they are not
    /// declared is not worth a second message.
    pub unread: Vec<String>,
}

/// A top-level item with the annotations and doc comments above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// `//@` annotations on the lines directly before it.
    pub annotations: Vec<Annotation>,
    /// Text of the plain `//` comment lines directly before it, or of a trailing comment on the
    /// same line as a declaration; joined by newlines, empty if none. Not compared by the parser's
    /// round trip: the printer does not print it.
    pub doc: Doc,
    /// From the first to the last character of the item, comments apart.
    pub span: ItemSpan,
}

/// A doc text; equal to any other, since comments do not count in comparisons.
#[derive(Clone, Default, Debug)]
pub struct Doc(pub String);

impl PartialEq for Doc {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A span that does not count in comparisons.
#[derive(Clone, Copy, Debug)]
pub struct ItemSpan(pub Span);

impl PartialEq for ItemSpan {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// `//@ name(args)`: annotations live in comments, so that the file also runs elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// `name`, `say`, `assume`, `conflict`, `hide`, …
    pub name: Name,
    /// Texts (without quotes) or words between the parentheses; none if there are no parentheses.
    pub args: Vec<Spanned<AnnotationArg>>,
}

/// An argument of an annotation.
#[derive(Clone, Debug, PartialEq)]
pub enum AnnotationArg {
    /// `"text"`.
    Text(String),
    /// A bare word or number.
    Word(String),
}

/// A top-level item.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `.decl a, b(x: t, …) qualifiers`
    Relation(RelationDecl),
    /// `.type …`
    Type(TypeDecl),
    /// Facts and rules.
    Rule(Rule),
    /// `.input`, `.output`, `.printsize`.
    Directive(Directive),
    /// `.include "f"` (`once` is `.once`).
    Include {
        /// The path as written.
        path: Spanned<String>,
    },
    /// `.once`: the file is read once even if included again.
    Once,
    /// `.pragma "key" "value"`.
    Pragma {
        /// Key.
        key: Spanned<String>,
        /// Value, if given.
        value: Option<Spanned<String>>,
    },
}

/// `.decl a, b(x: t, …) qualifiers`
#[derive(Clone, Debug, PartialEq)]
pub struct RelationDecl {
    /// One or more names with the same columns.
    pub names: Vec<Name>,
    /// Columns.
    pub columns: Vec<Column>,
    /// `btree`, `brie`, `overridable`, … as written; those that change meaning are refused.
    pub qualifiers: Vec<Name>,
}

/// A column of a declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: Name,
    /// Its type's name.
    pub ty: Name,
}

/// `.type name …`
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDecl {
    /// The declared name.
    pub name: Name,
    /// What it is.
    pub kind: TypeKind,
}

/// The right side of a type declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `.type A <: B`
    Subtype(Name),
    /// `.type A = B` (one member) or `.type A = B | C`.
    Union(Vec<Name>),
    /// `.symbol_type A`, `.number_type A`, `.type A`: legacy forms, subtypes of symbol or number.
    Legacy(Name),
}

/// `.input a, b(key=value)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Directive {
    /// Which one.
    pub kind: DirectiveKind,
    /// The relations.
    pub relations: Vec<Name>,
    /// Parameters in the order written.
    pub parameters: Vec<(Name, Spanned<String>)>,
}

/// The directives about files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectiveKind {
    /// `.input`
    Input,
    /// `.output`
    Output,
    /// `.printsize`
    Printsize,
}

/// A fact (no body) or a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// One or more heads.
    pub heads: Vec<Atom>,
    /// The body; nothing for a fact.
    pub body: Option<Body>,
    /// `.plan` hints that follow: (version, order) pairs.
    pub plan: Vec<PlanHint>,
}

/// `.plan 0: (2, 1, 3), 1: (1, 2, 3)`
#[derive(Clone, Debug, PartialEq)]
pub struct PlanHint {
    /// Which delta version.
    pub version: Spanned<u32>,
    /// Positions of the positive atoms, from 1.
    pub order: Vec<Spanned<u32>>,
}

/// `name(args)`
#[derive(Clone, Debug, PartialEq)]
pub struct Atom {
    /// The relation's name.
    pub name: Name,
    /// Arguments; none for a nullary relation.
    pub args: Vec<Expr>,
    /// From the name to the closing parenthesis.
    pub span: ItemSpan,
}

/// A formula: literals joined by `,` (and) and `;` (or).
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// All of them. Printed with `,`.
    And(Vec<Body>),
    /// Any of them. Printed with `;`, in parentheses where needed.
    Or(Vec<Body>),
    /// `!` before a parenthesised formula; before an atom it is a [`Literal::Absent`] in
    /// [`Body::Literal`].
    Not(Box<Body>, ItemSpan),
    /// One literal.
    Literal(Spanned<Literal>),
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// An atom.
    Atom(Atom),
    /// `!atom`
    Absent(Atom),
    /// `left op right`
    Compare(CompareOp, Expr, Expr),
    /// `match(pattern, text)`, `contains(part, text)`: name, arguments.
    Test(Name, Vec<Expr>),
    /// `true`, `false`
    Constant(bool),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CompareOp {
    /// As written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// Whether the comparison holds for two values in this order.
    #[must_use]
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }

    /// The operator that holds exactly where this one does not.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }

    /// The operator that says the same of the sides in the other order.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }
}

/// A term: an expression over variables and constants.
pub type Expr = Spanned<ExprKind>;

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A variable.
    Var(String),
    /// `_`
    Any,
    /// A string literal, unescaped.
    Text(String),
    /// An integer literal without suffix: value as read; its type follows from its use. The
    /// negative sign is part of it where it stands directly before a digit in prefix position.
    /// Decimal, `0x…`, `0b…` and IPv4 literals are all of this kind.
    Integer(i128),
    /// An integer literal with suffix `u`.
    Unsigned(u64),
    /// A float literal, with point or exponent.
    Float(f64),
    /// Operators and functors, by the name of the builtin table: `+ - * / % ^ band bor bxor bshl
    /// bshr bshru bnot land lor lxor lnot cat strlen substr ord to_number … range min max`; unary
    /// minus is `neg`.
    Call {
        /// Name of the builtin table.
        name: Name,
        /// Arguments.
        args: Vec<Expr>,
        /// How it was written, for the printer.
        form: CallForm,
    },
    /// `count : { … }`, `sum x : { … }`.
    Aggregate(Box<Aggregate>),
    /// `as(expr, type)`.
    As(Box<Expr>, Name),
}

/// How a call was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallForm {
    /// `name(a, b)`
    Functor,
    /// `a name b`
    Infix,
    /// `name a`
    Prefix,
}

/// An aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// `count`, `sum`, `min`, `max`, `mean`.
    pub kind: Spanned<AggregateKind>,
    /// What is summed or compared; nothing for `count`.
    pub value: Option<Expr>,
    /// What it ranges over.
    pub body: Body,
}

/// Aggregate functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AggregateKind {
    /// Number of bindings.
    Count,
    /// Sum; of nothing 0.
    Sum,
    /// Least; of nothing fails.
    Min,
    /// Greatest; of nothing fails.
    Max,
    /// Arithmetic mean as a float; of nothing fails.
    Mean,
}

impl AggregateKind {
    /// As written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
        }
    }
}
