//! Drafts with known types to normal rules.

use crate::base::ids::{Table, VarId};
use crate::program::builtins::{Builtins, EvalError, Functor, Op, Test};
use crate::program::draft::{Draft, DraftAggregate, DraftKind, DraftLiteral, Term, TermKind};
use crate::program::patterns::compile;
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Variable};
use crate::program::typing::Typed;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::{Finite, Value};

/// Head arguments, body and variables of a normal rule.
pub(crate) struct Finished {
    pub(crate) head_args: Vec<Expr>,
    pub(crate) body: Vec<Literal>,
    pub(crate) vars: Table<VarId, Variable>,
}

/// The normal form of a draft without errors; constants that do not fit are reported.
pub(crate) fn finish(
    draft: &Draft,
    typed: &Typed,
    symbols: &Symbols,
    found: &mut Vec<Diagnostic>,
) -> Finished {
    let mut finish = Finish { draft, typed, symbols, found };
    let body = finish.body(&draft.body);
    let head_args =
        draft.head.iter().flat_map(|head| &head.args).map(|arg| finish.expr(arg)).collect();
    let vars = draft
        .vars
        .iter()
        .map(|var| Variable { name: var.name.clone(), base: typed.base(var.node), span: var.span })
        .collect();
    Finished { head_args, body, vars }
}

struct Finish<'a> {
    draft: &'a Draft,
    typed: &'a Typed,
    symbols: &'a Symbols,
    found: &'a mut Vec<Diagnostic>,
}

impl Finish<'_> {
    fn body(&mut self, body: &[DraftLiteral]) -> Vec<Literal> {
        body.iter()
            .map(|literal| Literal { kind: self.literal(&literal.kind), span: literal.span })
            .collect()
    }

    fn literal(&mut self, kind: &DraftKind) -> LiteralKind {
        match kind {
            DraftKind::Atom { relation, args } => {
                LiteralKind::Atom(Atom { relation: *relation, args: self.args(args) })
            }
            DraftKind::Absent { relation, args } => {
                LiteralKind::Absent(Atom { relation: *relation, args: self.args(args) })
            }
            DraftKind::Compare(op, left, right) => {
                LiteralKind::Compare(*op, self.expr(left), self.expr(right))
            }
            DraftKind::Test { test, args, negated } => {
                if *test == Test::Match {
                    self.pattern(&args[0]);
                }
                let args = args.iter().map(|arg| self.expr(arg)).collect();
                LiteralKind::Test { test: *test, args, negated: *negated }
            }
            DraftKind::Range { var, args } => LiteralKind::Range {
                var: var.var().expect("a range gives a variable its values"),
                args: args.iter().map(|arg| self.expr(arg)).collect(),
            },
            DraftKind::Aggregate { var, aggregate } => LiteralKind::Aggregate {
                var: var.var().expect("an aggregate gives a variable its value"),
                aggregate: self.aggregate(aggregate, var),
            },
            DraftKind::Constant(value) => LiteralKind::Constant(*value),
        }
    }

    /// Warns of a constant pattern that cannot be read.
    fn pattern(&mut self, term: &Term) {
        if let TermKind::Text(text) = &term.kind
            && let Err(reason) = compile(text)
        {
            self.found.push(
                Diagnostic::new(Code::L0207, format!("a pattern that cannot be read: {reason}"))
                    .label(term.span, "matches no text"),
            );
        }
    }

    fn args(&mut self, args: &[Term]) -> Vec<Arg> {
        args.iter()
            .map(|arg| match arg.var() {
                Some(var) => Arg::Var(var),
                None => Arg::Const(self.constant(arg)),
            })
            .collect()
    }

    fn aggregate(&mut self, aggregate: &DraftAggregate, var: &Term) -> Aggregate {
        let roles = aggregate.roles.clone().unwrap_or_default();
        let mut local: Vec<VarId> = self
            .draft
            .vars
            .entries()
            .filter(|(_, var)| var.scope == aggregate.scope)
            .map(|(var, _)| var)
            .chain(roles.witnesses.iter().copied())
            .collect();
        local.sort_unstable();
        Aggregate {
            kind: aggregate.kind,
            value: aggregate.value.as_ref().map(|value| self.expr(value)),
            base: self.typed.base(var.node),
            body: self.body(&aggregate.body),
            outer: roles.outer,
            local,
            witnesses: roles.witnesses,
        }
    }

    fn expr(&mut self, term: &Term) -> Expr {
        match &term.kind {
            TermKind::Var(var) => Expr::Var(*var),
            TermKind::As { term, .. } => self.expr(term),
            TermKind::Call { signature, args, .. } => {
                let operand =
                    args.first().map_or(BaseType::Number, |arg| self.typed.base(arg.node));
                let op = match signature.op {
                    // `+` joins texts.
                    Op::Add if operand == BaseType::Symbol => Op::Cat,
                    op => op,
                };
                let functor = Functor { op, operand, result: self.typed.base(term.node) };
                let args = args.iter().map(|arg| self.expr(arg)).collect();
                Expr::Call { functor, args, span: term.span }
            }
            _ => Expr::Const(self.constant(term)),
        }
    }

    fn constant(&mut self, term: &Term) -> Value {
        let base = self.typed.base(term.node);
        let value = match &term.kind {
            TermKind::Text(text) => Some(Value::Symbol(self.symbols.intern(text))),
            TermKind::Unsigned(n) => Some(Value::Unsigned(*n)),
            TermKind::Float(x) => Finite::new(*x).map(Value::Float),
            TermKind::Integer(n) => integer(*n, base),
            TermKind::Var(_) | TermKind::Call { .. } | TermKind::As { .. } => {
                unreachable!("not a constant")
            }
        };
        value.unwrap_or_else(|| {
            self.found.push(
                Diagnostic::new(Code::H0304, format!("a constant that does not fit `{base}`"))
                    .label(term.span, ""),
            );
            Value::Number(0)
        })
    }
}

/// An integer literal as a value of `base`.
pub(crate) fn integer(n: i128, base: BaseType) -> Option<Value> {
    match base {
        BaseType::Number => i64::try_from(n).ok().map(Value::Number),
        BaseType::Unsigned => u64::try_from(n).ok().map(Value::Unsigned),
        #[expect(clippy::cast_precision_loss, reason = "an integer literal as a float is rounded")]
        BaseType::Float => Finite::new(n as f64).map(Value::Float),
        BaseType::Symbol => None,
    }
}

/// The value of an expression without variables; nothing if it has one. With an error, the place
/// where it arose.
pub(crate) fn evaluate(
    expr: &Expr,
    builtins: &Builtins,
) -> Option<Result<Value, (EvalError, Span)>> {
    match expr {
        Expr::Var(_) => None,
        Expr::Const(value) => Some(Ok(*value)),
        Expr::Call { functor, args, span } => {
            let mut values = Vec::with_capacity(args.len());
            for arg in args {
                match evaluate(arg, builtins)? {
                    Ok(value) => values.push(value),
                    Err(error) => return Some(Err(error)),
                }
            }
            Some(builtins.apply(*functor, &values).map_err(|error| (error, *span)))
        }
    }
}
