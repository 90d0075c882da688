//! A [`Program`] as input tuples of `rules.rs`, with what is needed to find the way back from
//! their ids. No decision is taken here: comparisons of constants are evaluated, the rest is
//! copied.

use std::slice::from_ref;

use crate::analysis::rules as facts;
use crate::base::hash::Map;
use crate::base::ids::{Id, RelationId, RuleId, StratumId, Table, VarId};
use crate::program::builtins::Op;
use crate::program::program::{
    Aggregate, Atom, Expr, Literal, LiteralKind, Program, Rule, Variable,
};
use crate::syntax::ast::CompareOp;
use crate::text::span::Span;
use crate::value::value::Value;

/// How a rule reads a relation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum How {
    /// In a positive atom of its body.
    Positive,
    /// In a negated atom of its body.
    Negated,
    /// Inside an aggregate, negated or not.
    Aggregated,
}

macro_rules! local_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub(super) struct $name(u32);

        impl Id for $name {
            fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("fewer than 2^32 things of a kind"))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

local_ids! {
    /// An atom of a body, those of aggregates included.
    AtomId
    /// The body of a rule or of an aggregate.
    ScopeId
    /// A literal with a variable that it may give a value.
    DefinitionId
    /// A position in the body of a rule.
    LiteralId
    /// A variable's name.
    NameId
}

/// An atom of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct AtomAt {
    /// The rule.
    pub(super) rule: RuleId,
    /// The position in its body, of the aggregate if it is inside one.
    pub(super) literal: usize,
    /// What it reads.
    pub(super) relation: RelationId,
    /// How.
    pub(super) how: How,
    /// The literal as written.
    pub(super) span: Span,
}

/// A program as tuples.
#[derive(Default)]
pub(super) struct Reified<'a> {
    /// The tuples.
    pub(super) tuples: facts::Crepe,
    /// Atoms in the order of the text.
    pub(super) atoms: Table<AtomId, AtomAt>,
    /// Names of variables.
    pub(super) names: Table<NameId, &'a str>,
}

/// The program as tuples, component numbers apart.
pub(super) fn reify(program: &Program) -> Reified<'_> {
    let mut reify =
        Reify { program, out: Reified::default(), ids: Map::default(), scopes: 0, definitions: 0 };
    let tuples = &mut reify.out.tuples;
    tuples.extend(program.facts.iter().map(|fact| facts::Filled(fact.relation)));
    for (id, relation) in program.relations.entries() {
        if relation.is_input {
            tuples.extend([facts::Filled(id)]);
        }
        if relation.is_output
            || relation.words.conflict.is_some()
            || relation.words.caution.is_some()
        {
            tuples.extend([facts::Wanted(id)]);
        }
    }
    let mut rules_of = Table::<RelationId, u32>::filled(program.relations.len(), 0);
    for (id, rule) in program.rules.entries() {
        let count = &mut rules_of[rule.head];
        tuples.extend([facts::RuleOf(rule.head, *count, id)]);
        *count += 1;
    }
    tuples.extend(rules_of.entries().map(|(relation, &n)| facts::RulesOf(relation, n)));
    for (id, rule) in program.rules.entries() {
        reify.rule(id, rule);
    }
    reify.out
}

/// Adds the component of each relation.
pub(super) fn add_components(tuples: &mut facts::Crepe, components: &Table<RelationId, StratumId>) {
    tuples.extend(
        components.entries().map(|(relation, &stratum)| facts::Component(relation, stratum)),
    );
}

struct Reify<'a> {
    program: &'a Program,
    out: Reified<'a>,
    ids: Map<&'a str, NameId>,
    scopes: usize,
    definitions: usize,
}

/// Where a literal stands.
#[derive(Clone, Copy)]
struct At<'a> {
    rule: RuleId,
    occurrences: &'a Table<VarId, usize>,
    scope: ScopeId,
    literal: usize,
    aggregated: bool,
}

impl<'a> Reify<'a> {
    fn rule(&mut self, id: RuleId, rule: &'a Rule) {
        self.out.tuples.extend([facts::Head(id, rule.head)]);
        let occurrences = &rule.occurrences();
        let scope = self.scope();
        for (literal, body) in rule.body.iter().enumerate() {
            self.literal(At { rule: id, occurrences, scope, literal, aggregated: false }, body);
        }
        for (position, arg) in rule.head_args.iter().enumerate() {
            let tuples = &mut self.out.tuples;
            arg.each_var(&mut |var| tuples.extend([facts::Mentions(scope, id, var)]));
            let position = u32::try_from(position).expect("columns fit 32 bits");
            each_flow(arg, false, &mut |var, makes| {
                tuples.extend([facts::FlowsToHead(id, var, position, makes)]);
            });
        }
        self.names(rule, occurrences);
    }

    fn scope(&mut self) -> ScopeId {
        self.scopes += 1;
        ScopeId::new(self.scopes - 1)
    }

    fn literal(&mut self, at: At<'_>, literal: &Literal) {
        match &literal.kind {
            LiteralKind::Atom(atom) => self.atom(at, atom, literal.span),
            LiteralKind::Absent(atom) => self.absent(at, atom, literal.span),
            LiteralKind::Compare(op, left, right) => self.compare(at, *op, left, right),
            LiteralKind::Test { args, .. } => {
                for arg in args {
                    self.mention(at, arg);
                    self.compared(at, arg);
                }
            }
            LiteralKind::Range { var, args } => {
                let inputs = vars(args);
                self.define(at, *var, &inputs);
                for input in inputs {
                    self.out.tuples.extend([facts::Flows(at.rule, input, *var, false)]);
                }
            }
            LiteralKind::Aggregate { var, aggregate } => self.aggregate(at, *var, aggregate),
            LiteralKind::Constant(value) => {
                if !value && !at.aggregated {
                    self.is_false(at);
                }
            }
        }
    }

    fn atom(&mut self, at: At<'_>, atom: &Atom, span: Span) {
        let how = if at.aggregated { How::Aggregated } else { How::Positive };
        let id = self.read(at, atom, how, span);
        for var in atom.vars() {
            self.out.tuples.extend([facts::Given(at.scope, var)]);
            if !at.aggregated {
                self.out.tuples.extend([facts::Occurs(id, at.rule, var)]);
            }
        }
    }

    fn absent(&mut self, at: At<'_>, atom: &Atom, span: Span) {
        let how = if at.aggregated { How::Aggregated } else { How::Negated };
        self.read(at, atom, how, span);
        for var in atom.vars().filter(|&var| {
            at.occurrences[var] > 1 || self.program.rules[at.rule].vars[var].name.is_some()
        }) {
            self.out.tuples.extend([facts::Mentions(at.scope, at.rule, var)]);
        }
    }

    fn read(&mut self, at: At<'_>, atom: &Atom, how: How, span: Span) -> AtomId {
        let At { rule, literal, .. } = at;
        let relation = atom.relation;
        let id = self.out.atoms.push(AtomAt { rule, literal, relation, how, span });
        self.out.tuples.extend([facts::Reads(id, rule, relation, how)]);
        id
    }

    fn compare(&mut self, at: At<'_>, op: CompareOp, left: &Expr, right: &Expr) {
        self.mention(at, left);
        self.mention(at, right);
        if op == CompareOp::Eq {
            self.equate(at, left, right);
            self.equate(at, right, left);
        } else if op != CompareOp::Ne {
            self.compared(at, left);
            self.compared(at, right);
        }
        if !at.aggregated {
            self.constants(at, op, left, right);
        }
    }

    /// `=` gives the variable on the one side the value of the other.
    fn equate(&mut self, at: At<'_>, side: &Expr, other: &Expr) {
        let Expr::Var(var) = side else { return };
        let inputs = vars(from_ref(other));
        self.define(at, *var, &inputs);
        if inputs.is_empty() {
            self.compared(at, side);
        }
        let tuples = &mut self.out.tuples;
        each_flow(other, false, &mut |from, makes| {
            tuples.extend([facts::Flows(at.rule, from, *var, makes)]);
        });
    }

    fn constants(&mut self, at: At<'_>, op: CompareOp, left: &Expr, right: &Expr) {
        let symbols = &self.program.symbols;
        match (left, right) {
            (Expr::Const(a), Expr::Const(b)) if !op.holds(a.cmp_in(*b, symbols)) => {
                self.is_false(at);
            }
            (Expr::Var(a), Expr::Var(b))
                if a == b && matches!(op, CompareOp::Ne | CompareOp::Lt | CompareOp::Gt) =>
            {
                self.is_false(at);
            }
            (Expr::Var(var), Expr::Const(value)) => self.limit(at, *var, op, *value),
            (Expr::Const(value), Expr::Var(var)) => self.limit(at, *var, op.mirrored(), *value),
            _ => {}
        }
    }

    /// `var op value` as tuples.
    fn limit(&mut self, at: At<'_>, var: VarId, op: CompareOp, value: Value) {
        let literal = LiteralId::new(at.literal);
        let tuples = &mut self.out.tuples;
        match op {
            CompareOp::Eq => tuples.extend([facts::Is(at.rule, var, value, literal)]),
            CompareOp::Ne => tuples.extend([facts::IsNot(at.rule, var, value, literal)]),
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => {}
        }
        let Some(n) = integer(value) else { return };
        if matches!(op, CompareOp::Eq | CompareOp::Ge | CompareOp::Gt) {
            let low = n + i128::from(op == CompareOp::Gt);
            tuples.extend([facts::AtLeast(at.rule, var, low, literal)]);
        }
        if matches!(op, CompareOp::Eq | CompareOp::Le | CompareOp::Lt) {
            let high = n - i128::from(op == CompareOp::Lt);
            tuples.extend([facts::AtMost(at.rule, var, high, literal)]);
        }
    }

    fn is_false(&mut self, at: At<'_>) {
        self.out.tuples.extend([facts::IsFalse(at.rule, LiteralId::new(at.literal))]);
    }

    fn aggregate(&mut self, at: At<'_>, var: VarId, aggregate: &Aggregate) {
        for defined in aggregate.witnesses.iter().copied().chain([var]) {
            self.define(at, defined, &aggregate.outer);
        }
        let inner = At { scope: self.scope(), aggregated: true, ..at };
        let given = aggregate.outer.iter().map(|&outer| facts::Given(inner.scope, outer));
        self.out.tuples.extend(given);
        aggregate.body.iter().for_each(|literal| self.literal(inner, literal));
        aggregate.value.iter().for_each(|value| self.mention(inner, value));
    }

    /// The literal gives `var` a value once `inputs` have one; all of them are mentioned.
    fn define(&mut self, at: At<'_>, var: VarId, inputs: &[VarId]) {
        let definition = DefinitionId::new(self.definitions);
        self.definitions += 1;
        let tuples = &mut self.out.tuples;
        let mut count = 0;
        for &input in inputs {
            tuples.extend([facts::Needs(definition, count, at.scope, input)]);
            count += 1;
        }
        tuples.extend([facts::Defines(definition, at.scope, var, count)]);
        let mentions = inputs.iter().chain([&var]);
        tuples.extend(mentions.map(|&var| facts::Mentions(at.scope, at.rule, var)));
    }

    fn mention(&mut self, at: At<'_>, expr: &Expr) {
        let tuples = &mut self.out.tuples;
        expr.each_var(&mut |var| tuples.extend([facts::Mentions(at.scope, at.rule, var)]));
    }

    fn compared(&mut self, at: At<'_>, expr: &Expr) {
        let tuples = &mut self.out.tuples;
        expr.each_var(&mut |var| tuples.extend([facts::Compared(at.rule, var)]));
    }

    /// Names with a number that differs between two places of a written rule: its rules repeat
    /// what they share, so the first occurrence of one variable has the same number in each.
    fn names(&mut self, rule: &'a Rule, occurrences: &Table<VarId, usize>) {
        for (var, Variable { name, span, .. }) in rule.vars.entries() {
            let Some(name) = name.as_deref().filter(|name| !name.starts_with('_')) else {
                continue;
            };
            let names = &mut self.out.names;
            let id = *self.ids.entry(name).or_insert_with(|| names.push(name));
            let first = facts::Names(rule.origin, id, span.start.saturating_mul(2));
            let more = facts::Names(rule.origin, id, span.start.saturating_mul(2) + 1);
            self.out.tuples.extend([first]);
            let is_said = rule.say.as_ref().is_some_and(|say| say.contains(&format!("{{{name}}}")));
            if occurrences[var] > 1 || is_said {
                self.out.tuples.extend([more]);
            }
        }
    }
}

/// The variables of expressions, each once, in the order of the text.
fn vars(exprs: &[Expr]) -> Vec<VarId> {
    let mut vars = Vec::new();
    for expr in exprs {
        expr.each_var(&mut |var| {
            if !vars.contains(&var) {
                vars.push(var);
            }
        });
    }
    vars
}

/// Calls `visit` for each variable of the expression, and whether an operation around it can make
/// values without end.
fn each_flow(expr: &Expr, makes: bool, visit: &mut impl FnMut(VarId, bool)) {
    match expr {
        Expr::Var(var) => visit(*var, makes),
        Expr::Const(_) => {}
        Expr::Call { functor, args, .. } => {
            let makes =
                makes || matches!(functor.op, Op::Add | Op::Sub | Op::Mul | Op::Pow | Op::Cat);
            args.iter().for_each(|arg| each_flow(arg, makes, visit));
        }
    }
}

/// The value of an integer.
pub(super) fn integer(value: Value) -> Option<i128> {
    match value {
        Value::Number(n) => Some(i128::from(n)),
        Value::Unsigned(n) => Some(i128::from(n)),
        Value::Float(_) | Value::Symbol(_) => None,
    }
}
