//! Base types of a draft. Terms that must be of one type share a class; a class starts with every
//! type it may have and loses those that a use rules out. What ruled them out is kept for the
//! message. The declared columns speak first, then literals in the order of the text, the head
//! last, so that the later use is the one that a message blames.

use crate::base::ids::{RelationId, TypeId};
use crate::program::clash::{Clash, Place, Side};
use crate::program::draft::{
    Draft, DraftAggregate, DraftKind, DraftLiteral, Node, Term, TermKind, each_literal,
};
use crate::program::functors::{Bases, Types as Signed};
use crate::program::names::Names;
use crate::syntax::ast::AggregateKind;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;
use crate::value::base_type::BaseType;

/// The base type of each node.
pub(crate) struct Typed {
    bases: Vec<BaseType>,
    /// Whether some terms did not fit; what they are is then a guess.
    pub(crate) has_clash: bool,
}

impl Typed {
    pub(crate) fn base(&self, node: Node) -> BaseType {
        self.bases[node]
    }
}

/// Why a class has the types it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Why {
    pub(crate) span: Span,
    pub(crate) kind: WhyKind,
}

/// What decided.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WhyKind {
    /// An argument for a column.
    Column(RelationId, usize),
    /// A constant.
    Literal,
    /// An argument or value of a functor.
    Functor(&'static str),
    /// The value of an aggregate.
    Aggregate(AggregateKind),
    /// `as(…, type)`.
    As(TypeId),
}

/// Terms of one type.
#[derive(Clone, Debug)]
struct Class {
    bases: Bases,
    why: Option<Why>,
    /// A clash was reported: everything fits from now on.
    is_lost: bool,
}

struct Typing<'a> {
    draft: &'a Draft,
    names: &'a Names,
    parents: Vec<Node>,
    classes: Vec<Class>,
    found: &'a mut Vec<Diagnostic>,
    has_clash: bool,
}

/// The base types of a draft.
pub(crate) fn infer(draft: &Draft, names: &Names, found: &mut Vec<Diagnostic>) -> Typed {
    let open = Class { bases: Bases::ANY, why: None, is_lost: false };
    let mut typing = Typing {
        draft,
        names,
        parents: (0..draft.nodes).collect(),
        classes: vec![open; draft.nodes],
        found,
        has_clash: false,
    };
    each_literal(&draft.body, &mut |literal| {
        if let DraftKind::Atom { relation, args } = &literal.kind {
            typing.columns(*relation, args, Place::Body);
        }
    });
    typing.body(&draft.body);
    if let Some(head) = &draft.head {
        head.args.iter().for_each(|arg| typing.term(arg));
        typing.columns(head.relation, &head.args, Place::Head);
    }
    let bases = (0..draft.nodes).map(|node| typing.choose(node)).collect();
    Typed { bases, has_clash: typing.has_clash }
}

impl Typing<'_> {
    fn root(&mut self, node: Node) -> Node {
        let mut root = node;
        while self.parents[root] != root {
            self.parents[root] = self.parents[self.parents[root]];
            root = self.parents[root];
        }
        root
    }

    fn choose(&mut self, node: Node) -> BaseType {
        let root = self.root(node);
        self.classes[root].bases.iter().next().unwrap_or(BaseType::Number)
    }

    fn body(&mut self, body: &[DraftLiteral]) {
        body.iter().for_each(|literal| self.literal(literal));
    }

    fn literal(&mut self, literal: &DraftLiteral) {
        match &literal.kind {
            DraftKind::Atom { .. } | DraftKind::Constant(_) => {}
            DraftKind::Absent { relation, args } => {
                args.iter().for_each(|arg| self.term(arg));
                self.columns(*relation, args, Place::Body);
            }
            DraftKind::Compare(op, left, right) => {
                self.term(left);
                self.term(right);
                self.unify(left, right, &|left, right| Clash::Compare(*op, left, right));
            }
            DraftKind::Test { test, args, .. } => {
                for arg in args {
                    self.term(arg);
                    let why = Why { span: arg.span, kind: WhyKind::Functor(test.name()) };
                    self.restrict(arg, Bases::only(BaseType::Symbol), why, &|side| {
                        Clash::Operand(test.name(), Bases::only(BaseType::Symbol), side)
                    });
                }
            }
            DraftKind::Range { var, args } => {
                for arg in args {
                    self.term(arg);
                    let why = Why { span: arg.span, kind: WhyKind::Functor("range") };
                    self.restrict(arg, Bases::NUMERIC, why, &|side| {
                        Clash::Operand("range", Bases::NUMERIC, side)
                    });
                }
                for arg in &args[1..] {
                    self.unify(&args[0], arg, &|a, b| Clash::Operands("range", a, b));
                }
                self.unify(var, &args[0], &|var, arg| Clash::Value("range", var, arg));
            }
            DraftKind::Aggregate { var, aggregate } => self.aggregate(var, aggregate),
        }
    }

    fn aggregate(&mut self, var: &Term, aggregate: &DraftAggregate) {
        self.body(&aggregate.body);
        let kind = aggregate.kind;
        let why = Why { span: aggregate.span, kind: WhyKind::Aggregate(kind) };
        if let Some(value) = &aggregate.value {
            self.term(value);
            let wanted = match kind {
                AggregateKind::Sum | AggregateKind::Mean => Bases::NUMERIC,
                AggregateKind::Count | AggregateKind::Min | AggregateKind::Max => Bases::ANY,
            };
            let why = Why { span: value.span, ..why };
            self.restrict(value, wanted, why, &|side| Clash::Operand(kind.name(), wanted, side));
        }
        match (kind, &aggregate.value) {
            (AggregateKind::Sum | AggregateKind::Min | AggregateKind::Max, Some(value)) => {
                self.unify(var, value, &|var, value| Clash::Value(kind.name(), var, value));
            }
            _ => {
                let base =
                    if kind == AggregateKind::Mean { BaseType::Float } else { BaseType::Number };
                let given = Bases::only(base);
                self.restrict(var, given, why, &|side| Clash::Given(kind.name(), given, side));
            }
        }
    }

    /// Arguments against the columns of their relation.
    fn columns(&mut self, relation: RelationId, args: &[Term], place: Place) {
        let names = self.names;
        for (index, (arg, column)) in
            args.iter().zip(&names.relations[relation].columns).enumerate()
        {
            self.constant(arg);
            let why = Why { span: arg.span, kind: WhyKind::Column(relation, index) };
            self.restrict(arg, Bases::only(column.base), why, &|side| {
                Clash::Column(relation, index, place, side)
            });
        }
    }

    /// What a constant can be.
    fn constant(&mut self, term: &Term) {
        let bases = match &term.kind {
            TermKind::Integer(n) => {
                let mut bases = Bases::only(BaseType::Float);
                if i64::try_from(*n).is_ok() {
                    bases = bases.or(Bases::only(BaseType::Number));
                }
                if u64::try_from(*n).is_ok() {
                    bases = bases.or(Bases::only(BaseType::Unsigned));
                }
                bases
            }
            TermKind::Unsigned(_) => Bases::only(BaseType::Unsigned),
            TermKind::Float(_) => Bases::only(BaseType::Float),
            TermKind::Text(_) => Bases::only(BaseType::Symbol),
            TermKind::Var(_) | TermKind::Call { .. } | TermKind::As { .. } => return,
        };
        let why = Why { span: term.span, kind: WhyKind::Literal };
        let root = self.root(term.node);
        let class = &mut self.classes[root];
        class.bases = class.bases.and(bases);
        class.why = class.why.or(Some(why));
    }

    /// What the parts of a term say of each other.
    fn term(&mut self, term: &Term) {
        match &term.kind {
            TermKind::Call { signature, args, .. } => {
                args.iter().for_each(|arg| self.term(arg));
                let name = signature.op.name();
                match signature.types {
                    Signed::Same(bases) => self.same(term, (name, bases), args),
                    Signed::Fixed(wanted, result) => {
                        for (index, arg) in args.iter().enumerate() {
                            let wanted = wanted[index.min(wanted.len() - 1)];
                            let why = Why { span: arg.span, kind: WhyKind::Functor(name) };
                            self.restrict(arg, wanted, why, &|side| {
                                Clash::Operand(name, wanted, side)
                            });
                        }
                        let why = Why { span: term.span, kind: WhyKind::Functor(name) };
                        let given = Bases::only(result);
                        self.restrict(term, given, why, &|side| Clash::Given(name, given, side));
                    }
                }
            }
            TermKind::As { ty, term: part } => {
                self.term(part);
                let base = Bases::only(self.names.types.table[*ty].base);
                let why = Why { span: term.span, kind: WhyKind::As(*ty) };
                self.restrict(term, base, why, &|side| Clash::Given("as", base, side));
                self.restrict(part, base, why, &|side| Clash::As(*ty, side));
            }
            _ => self.constant(term),
        }
    }

    /// All arguments and the value are of one type.
    fn same(&mut self, term: &Term, (name, bases): (&'static str, Bases), args: &[Term]) {
        for arg in args {
            let why = Why { span: arg.span, kind: WhyKind::Functor(name) };
            self.restrict(arg, bases, why, &|side| Clash::Operand(name, bases, side));
        }
        for arg in &args[1..] {
            self.unify(&args[0], arg, &|a, b| Clash::Operands(name, a, b));
        }
        self.unify(term, &args[0], &|value, arg| Clash::Value(name, value, arg));
    }

    /// Rules out all but `bases` for a term.
    fn restrict<'t>(
        &mut self,
        term: &'t Term,
        bases: Bases,
        why: Why,
        clash: &dyn Fn(Side<'t>) -> Clash<'t>,
    ) {
        let root = self.root(term.node);
        let class = &self.classes[root];
        if class.is_lost {
            return;
        }
        let both = class.bases.and(bases);
        if both.is_empty() {
            let side = Side { term, bases: class.bases, why: class.why };
            self.lose(root, &clash(side));
        } else if both != class.bases {
            self.classes[root].bases = both;
            self.classes[root].why = Some(why);
        }
    }

    /// Makes two terms one class.
    fn unify<'t>(
        &mut self,
        a: &'t Term,
        b: &'t Term,
        clash: &dyn Fn(Side<'t>, Side<'t>) -> Clash<'t>,
    ) {
        let (root_a, root_b) = (self.root(a.node), self.root(b.node));
        if root_a == root_b {
            return;
        }
        let (class_a, class_b) = (self.classes[root_a].clone(), self.classes[root_b].clone());
        self.parents[root_b] = root_a;
        let both = class_a.bases.and(class_b.bases);
        if class_a.is_lost || class_b.is_lost {
            self.classes[root_a].is_lost = true;
            return;
        }
        if both.is_empty() {
            let side_a = Side { term: a, bases: class_a.bases, why: class_a.why };
            let side_b = Side { term: b, bases: class_b.bases, why: class_b.why };
            self.lose(root_a, &clash(side_a, side_b));
            return;
        }
        // The side that already knew as much as both now know is the reason.
        let why = if both == class_a.bases && class_a.why.is_some() {
            class_a.why
        } else {
            class_b.why.or(class_a.why)
        };
        self.classes[root_a] = Class { bases: both, why, is_lost: false };
    }

    fn lose(&mut self, root: Node, clash: &Clash<'_>) {
        self.has_clash = true;
        self.classes[root].is_lost = true;
        self.found.push(clash.report(self.draft, self.names));
    }
}
