//! [`Program`]: what a set of rule files means. Names are ids, types are known, every rule has
//! one head and a conjunction as body, atoms of bodies hold only variables and constants. Spans
//! point at what the user wrote; several normal rules may come from one written rule
//! ([`Rule::origin`]), and messages and proofs speak of the written one.

use std::sync::Arc;

use crate::base::ids::{OriginId, RelationId, RuleId, Table, TypeId, VarId};
use crate::program::builtins::{Functor, Test};
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::text::codes::Code;
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::Value;

/// A resolved, typed, normal program. Immutable after it is built.
#[derive(Clone, Debug)]
pub struct Program {
    /// The texts of all symbols, shared with the data.
    pub symbols: Arc<Symbols>,
    /// Declared and built-in types.
    pub types: Table<TypeId, Type>,
    /// Relations in the order of declaration.
    pub relations: Table<RelationId, Relation>,
    /// Normal rules in the order of the text.
    pub rules: Table<RuleId, Rule>,
    /// Facts written in the program, in the order of the text.
    pub facts: Vec<Fact>,
    /// `.input` directives.
    pub inputs: Vec<FileDirective>,
    /// `.output` directives.
    pub outputs: Vec<FileDirective>,
    /// `.printsize` directives, in the order of the text.
    pub printsizes: Vec<RelationId>,
    /// Warnings that `//@ allow(…)` takes as known, in the order of the text.
    pub allows: Vec<Allow>,
}

/// A warning that an item is allowed to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Which one.
    pub code: Code,
    /// Where it is allowed.
    pub span: Span,
    /// The item: warnings about places in it.
    pub item: Span,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub base: BaseType,
    /// Where it is declared; nothing for the built-in four.
    pub span: Option<Span>,
    /// Types of which every value of this one is a value too, directly: what it is a subtype of,
    /// unions that name it. An alias and its type are each part of the other.
    pub parents: Vec<TypeId>,
    /// `//@ date`: its numbers are days since 1970-01-01.
    pub is_date: bool,
}

/// A relation.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// The name in its `.decl`.
    pub span: Span,
    /// The comment above or beside the declaration, may be empty.
    pub doc: String,
    /// Whether an `.input` names it.
    pub is_input: bool,
    /// Whether an `.output` or `.printsize` names it.
    pub is_output: bool,
    /// How its tuples are put into words.
    pub words: RelationWords,
}

/// What the annotations of a declaration say of tuples.
#[derive(Clone, Default, Debug)]
pub struct RelationWords {
    /// `//@ say("…")`: the sentence of a tuple whose rule has none, with `{column}` placeholders.
    pub say: Option<String>,
    /// `//@ absent("…")`: sentences for no such tuple; the first that names only known columns.
    pub absent: Vec<String>,
    /// `//@ conflict(a, b)`: columns whose claims dispute each other.
    pub conflict: Option<Conflict>,
    /// `//@ caution(column)`: whatever is shown of such a value is shown with the tuple's sentence.
    pub caution: Option<Caution>,
    /// `//@ key(a, b)`: columns that tell its tuples apart when two runs are compared.
    pub key: Option<Vec<usize>>,
    /// `//@ hide`, `//@ opaque`: how much of its steps a proof shows.
    pub shown: Shown,
}

/// `//@ caution(column)`, or `//@ caution(column, relation)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caution {
    /// The column of the values of which there is something to be said.
    pub column: usize,
    /// The name of a relation that lacks these values, and where it is named: who asks for its rows
    /// is told of them.
    pub lacked: Option<(String, Span)>,
}

impl Caution {
    /// The relation that lacks the values, and where it is named.
    #[must_use]
    pub fn lacked(&self) -> Option<(&str, Span)> {
        self.lacked.as_ref().map(|(name, span)| (name.as_str(), *span))
    }
}

/// How much of a step a proof shows, unless more is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Shown {
    /// The step and what is below it.
    #[default]
    Whole,
    /// The step, and nothing below it.
    Closed,
    /// It is only counted.
    Hidden,
}

/// Columns whose claims dispute each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// A claim.
    pub own: usize,
    /// What stands against it.
    pub other: usize,
    /// How: words for between the two. Without them each disputes the other.
    pub how: Option<usize>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its declared type.
    pub ty: TypeId,
    /// What it holds.
    pub base: BaseType,
    /// The name in the declaration.
    pub span: Span,
}

/// A fact of the program text.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The relation.
    pub relation: RelationId,
    /// The row.
    pub values: Box<[Value]>,
    /// The fact as written.
    pub span: Span,
    /// Whether it is marked `//@ assume`; otherwise it is a definition.
    pub assumed: bool,
}

/// `.input` or `.output` of one relation.
#[derive(Clone, Debug)]
pub struct FileDirective {
    /// The relation.
    pub relation: RelationId,
    /// `filename=`, as written.
    pub filename: Option<String>,
    /// `name=`: the stem of the file instead of the relation's name.
    pub name: Option<String>,
    /// The directive as written.
    pub span: Span,
}

/// A normal rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `//@ name("…")`, else `relation#k` with k counting that relation's written rules from 1.
    pub name: String,
    /// `//@ say("…")`: a sentence with `{variable}` placeholders.
    pub say: Option<String>,
    /// `//@ hide`, `//@ opaque`: how much of its steps a proof shows.
    pub shown: Shown,
    /// The written rule.
    pub origin: OriginId,
    /// The written rule, with its final `.`.
    pub span: Span,
    /// The head's relation.
    pub head: RelationId,
    /// The head's arguments.
    pub head_args: Vec<Expr>,
    /// The head as written.
    pub head_span: Span,
    /// Literals in the order written; those that normalisation introduces stand directly before
    /// the literal that needs them.
    pub body: Vec<Literal>,
    /// All variables of the rule, those of aggregates included.
    pub vars: Table<VarId, Variable>,
    /// `.plan` hints: for a delta version, the order of the positive atoms of `body` (from 0).
    pub plan: Vec<(u32, Vec<usize>)>,
}

/// A variable of a rule. Variables inside an aggregate that share a name with one outside are the
/// same variable only where the language says so; after resolving they are the same only if they
/// have the same id.
#[derive(Clone, Debug)]
pub struct Variable {
    /// As written; nothing for `_` and for variables that normalisation introduces.
    pub name: Option<String>,
    /// What it holds.
    pub base: BaseType,
    /// Where it is first written.
    pub span: Span,
}

/// A condition of a normal rule.
#[derive(Clone, Debug)]
pub struct Literal {
    /// What.
    pub kind: LiteralKind,
    /// Where, as written; an introduced literal has the span of the expression it came from.
    pub span: Span,
}

/// What a condition is.
#[derive(Clone, Debug)]
pub enum LiteralKind {
    /// The tuple is in the relation. Binds its variables.
    Atom(Atom),
    /// No such tuple is in the relation; variables that occur nowhere else (from `_`) mean "any".
    Absent(Atom),
    /// Both sides are evaluated and compared. `=` binds a variable that stands alone on one side
    /// when the other side is bound.
    Compare(CompareOp, Expr, Expr),
    /// `match`, `contains`, or their negation.
    Test {
        /// Which test.
        test: Test,
        /// Its arguments.
        args: Vec<Expr>,
        /// Whether it must fail.
        negated: bool,
    },
    /// `var` takes each value of the range; fails or errs as the builtin table says. If `var` is
    /// bound already it is a membership test.
    Range {
        /// The variable.
        var: VarId,
        /// `from, to` (not included) and optionally the step.
        args: Vec<Expr>,
    },
    /// `var` takes the aggregate's value, with min and max also each witness.
    Aggregate {
        /// The variable; if bound already, the value must be equal.
        var: VarId,
        /// The aggregate.
        aggregate: Aggregate,
    },
    /// `true`, `false`.
    Constant(bool),
}

/// An atom of a body.
#[derive(Clone, Debug)]
pub struct Atom {
    /// The relation.
    pub relation: RelationId,
    /// One per column.
    pub args: Vec<Arg>,
}

/// An argument of an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A variable; each `_` is a variable of its own.
    Var(VarId),
    /// A constant of the column's base type.
    Const(Value),
}

/// An expression over bound variables.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A variable.
    Var(VarId),
    /// A constant.
    Const(Value),
    /// A functor or operator, overloads resolved.
    Call {
        /// Which one.
        functor: Functor,
        /// Its arguments.
        args: Vec<Expr>,
        /// As written.
        span: Span,
    },
}

/// An aggregate of a normal rule. It ranges over the distinct bindings of all variables of its
/// body, unnamed ones included, for fixed outer variables.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Which function.
    pub kind: AggregateKind,
    /// What is summed or compared; nothing for `count`.
    pub value: Option<Expr>,
    /// The base type of the result.
    pub base: BaseType,
    /// What it ranges over: normal literals, nested aggregates included.
    pub body: Vec<Literal>,
    /// Variables of the body that the enclosing body binds, in id order.
    pub outer: Vec<VarId>,
    /// Variables that only the aggregate's body has, in id order; witnesses included.
    pub local: Vec<VarId>,
    /// Local variables of `min` and `max` that the enclosing body uses: it gets one binding for
    /// each distinct choice of them among the bindings that reach the least or greatest value.
    pub witnesses: Vec<VarId>,
}

impl Program {
    /// Whether numbers of a type are days since 1970-01-01. An alias of `number` says nothing of
    /// other numbers.
    #[must_use]
    pub fn is_date(&self, ty: TypeId) -> bool {
        let mut seen = vec![ty];
        let mut at = 0;
        while at < seen.len() {
            let ty = &self.types[seen[at]];
            if ty.is_date {
                return true;
            }
            at += 1;
            if ty.span.is_some() {
                for &parent in &ty.parents {
                    if !seen.contains(&parent) {
                        seen.push(parent);
                    }
                }
            }
        }
        false
    }

    /// The relation named `name`.
    #[must_use]
    pub fn relation(&self, name: &str) -> Option<RelationId> {
        self.relations.entries().find(|(_, relation)| relation.name == name).map(|(id, _)| id)
    }

    /// Rules whose head is `relation`, in the order of the text.
    pub fn rules_of(&self, relation: RelationId) -> impl Iterator<Item = (RuleId, &Rule)> {
        self.rules.entries().filter(move |(_, rule)| rule.head == relation)
    }
}

impl Rule {
    /// How often each variable occurs in head and body, inside aggregates too. A variable of an
    /// [`LiteralKind::Absent`] that occurs once means "any".
    #[must_use]
    pub fn occurrences(&self) -> Table<VarId, usize> {
        let mut counts = Table::filled(self.vars.len(), 0);
        let mut count = |var| counts[var] += 1;
        self.head_args.iter().for_each(|arg| arg.each_var(&mut count));
        self.body.iter().for_each(|literal| literal.each_var(&mut count));
        counts
    }
}

impl Rule {
    /// Calls `visit` with the relation of every atom of the body, negated ones and those inside
    /// aggregates too.
    pub fn each_relation(&self, visit: &mut impl FnMut(RelationId)) {
        self.body.iter().for_each(|literal| literal.each_relation(visit));
    }
}

impl LiteralKind {
    /// The atom of a positive or negated literal.
    #[must_use]
    pub fn atom(&self) -> Option<&Atom> {
        match self {
            Self::Atom(atom) | Self::Absent(atom) => Some(atom),
            Self::Compare(..)
            | Self::Test { .. }
            | Self::Range { .. }
            | Self::Aggregate { .. }
            | Self::Constant(_) => None,
        }
    }
}

impl Literal {
    /// Calls `visit` with the relation of every atom, those inside aggregates too.
    pub fn each_relation(&self, visit: &mut impl FnMut(RelationId)) {
        if let LiteralKind::Aggregate { aggregate, .. } = &self.kind {
            aggregate.body.iter().for_each(|literal| literal.each_relation(visit));
        } else if let Some(atom) = self.kind.atom() {
            visit(atom.relation);
        }
    }

    /// Calls `visit` for every occurrence of a variable, inside aggregates too.
    pub fn each_var(&self, visit: &mut impl FnMut(VarId)) {
        match &self.kind {
            LiteralKind::Atom(atom) | LiteralKind::Absent(atom) => atom.vars().for_each(visit),
            LiteralKind::Compare(_, left, right) => {
                left.each_var(visit);
                right.each_var(visit);
            }
            LiteralKind::Test { args, .. } => args.iter().for_each(|arg| arg.each_var(visit)),
            LiteralKind::Range { var, args } => {
                visit(*var);
                args.iter().for_each(|arg| arg.each_var(visit));
            }
            LiteralKind::Aggregate { var, aggregate } => {
                visit(*var);
                aggregate.value.iter().for_each(|value| value.each_var(visit));
                aggregate.body.iter().for_each(|literal| literal.each_var(visit));
            }
            LiteralKind::Constant(_) => {}
        }
    }
}

impl Expr {
    /// Calls `visit` for every variable, left to right.
    pub fn each_var(&self, visit: &mut impl FnMut(VarId)) {
        match self {
            Self::Var(var) => visit(*var),
            Self::Const(_) => {}
            Self::Call { args, .. } => args.iter().for_each(|arg| arg.each_var(visit)),
        }
    }
}

impl Atom {
    /// Variables of the arguments, left to right.
    pub fn vars(&self) -> impl Iterator<Item = VarId> {
        self.args.iter().filter_map(|arg| match arg {
            Arg::Var(var) => Some(*var),
            Arg::Const(_) => None,
        })
    }
}
