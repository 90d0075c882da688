//! Rules that read the same when some of their variables are exchanged: two of their bindings may
//! then be mirror images of each other, of which one is enough to know.

use std::mem::swap;

use crate::base::ids::{Id, RelationId, VarId};
use crate::program::program::{Arg, Expr, Literal, LiteralKind, Rule};
use crate::provenance::solve::Bound;
use crate::syntax::ast::CompareOp;

/// For each variable the one that takes its place.
pub(crate) type Exchange = Vec<VarId>;

/// The bodies of rules with more atoms are not tried.
const ATOMS_MAX: usize = 10;

/// An exchange of variables, each with one other, that changes neither the head nor the body of a
/// rule as a set of literals, if there is one. Rules with aggregates have none.
pub(crate) fn exchange(rule: &Rule) -> Option<Exchange> {
    let atoms: Vec<(RelationId, &[Arg], bool)> = rule.body.iter().filter_map(atom).collect();
    let has_aggregate =
        rule.body.iter().any(|literal| matches!(literal.kind, LiteralKind::Aggregate { .. }));
    if has_aggregate || atoms.len() > ATOMS_MAX {
        return None;
    }
    let mut search = Search { rule, atoms, partner: vec![None; rule.vars.len()] };
    search.heads().then(|| search.step(0)).flatten()
}

/// The binding with the variables exchanged.
pub(crate) fn exchanged(bound: &Bound, exchange: &Exchange) -> Bound {
    exchange.iter().map(|var| bound[var.index()]).collect()
}

fn atom(literal: &Literal) -> Option<(RelationId, &[Arg], bool)> {
    match &literal.kind {
        LiteralKind::Atom(atom) => Some((atom.relation, &atom.args, true)),
        LiteralKind::Absent(atom) => Some((atom.relation, &atom.args, false)),
        _ => None,
    }
}

struct Search<'r> {
    rule: &'r Rule,
    atoms: Vec<(RelationId, &'r [Arg], bool)>,
    partner: Vec<Option<VarId>>,
}

impl Search<'_> {
    /// Variables of the head stay.
    fn heads(&mut self) -> bool {
        let mut vars = Vec::new();
        self.rule.head_args.iter().for_each(|arg| arg.each_var(&mut |var| vars.push(var)));
        vars.iter().all(|&var| self.pair(var, var))
    }

    fn pair(&mut self, a: VarId, b: VarId) -> bool {
        match (self.partner[a.index()], self.partner[b.index()]) {
            (None, None) => {
                self.partner[a.index()] = Some(b);
                self.partner[b.index()] = Some(a);
                true
            }
            (known, other) => known == Some(b) && other == Some(a),
        }
    }

    /// Finds a partner for the atom `at` and all after it.
    fn step(&mut self, at: usize) -> Option<Exchange> {
        let Some(&(relation, args, positive)) = self.atoms.get(at) else { return self.done() };
        // Another atom first: what exchanges nothing is no exchange.
        let partners = (at + 1..self.atoms.len()).chain(0..=at);
        for other in partners {
            let (other_relation, others, other_positive) = self.atoms[other];
            if (relation, positive) != (other_relation, other_positive) {
                continue;
            }
            let before = self.partner.clone();
            let fits = args.iter().zip(others).all(|(a, b)| match (a, b) {
                (Arg::Var(a), Arg::Var(b)) => self.pair(*a, *b),
                (Arg::Const(a), Arg::Const(b)) => a == b,
                _ => false,
            });
            if fits && let Some(found) = self.step(at + 1) {
                return Some(found);
            }
            self.partner = before;
        }
        None
    }

    /// The exchange, if something is exchanged and the other literals stay the same set.
    fn done(&self) -> Option<Exchange> {
        let all = self.partner.iter().enumerate();
        let exchange: Exchange =
            all.map(|(at, partner)| partner.unwrap_or_else(|| VarId::new(at))).collect();
        let moves = exchange.iter().enumerate().any(|(at, var)| var.index() != at);
        let shapes = |exchange: Option<&Exchange>| -> Vec<String> {
            let mut shapes: Vec<String> =
                self.rule.body.iter().filter_map(|literal| shape(literal, exchange)).collect();
            shapes.sort_unstable();
            shapes
        };
        (moves && shapes(None) == shapes(Some(&exchange))).then_some(exchange)
    }
}

/// A literal other than an atom as a text in which the order of exchangeable sides does not show.
fn shape(literal: &Literal, exchange: Option<&Exchange>) -> Option<String> {
    let expr = |expr: &Expr| expr_shape(expr, exchange);
    let exprs = |args: &[Expr]| args.iter().map(expr).collect::<Vec<_>>().join(",");
    Some(match &literal.kind {
        LiteralKind::Atom(_) | LiteralKind::Absent(_) => return None,
        LiteralKind::Compare(op, left, right) => {
            let (mut a, mut b, mut op) = (expr(left), expr(right), *op);
            let turned = match op {
                CompareOp::Gt => Some(CompareOp::Lt),
                CompareOp::Ge => Some(CompareOp::Le),
                CompareOp::Eq | CompareOp::Ne | CompareOp::Lt | CompareOp::Le => None,
            };
            let is_symmetric = matches!(op, CompareOp::Eq | CompareOp::Ne);
            if turned.is_some() || (is_symmetric && a > b) {
                swap(&mut a, &mut b);
                op = turned.unwrap_or(op);
            }
            format!("{a}{}{b}", op.text())
        }
        LiteralKind::Test { test, args, negated } => {
            format!("{negated}{}({})", test.name(), exprs(args))
        }
        LiteralKind::Range { var, args } => {
            format!("{} in {}", expr(&Expr::Var(*var)), exprs(args))
        }
        LiteralKind::Aggregate { .. } => "aggregate".to_owned(),
        LiteralKind::Constant(holds) => holds.to_string(),
    })
}

fn expr_shape(expr: &Expr, exchange: Option<&Exchange>) -> String {
    match expr {
        Expr::Var(var) => {
            let var = exchange.map_or(*var, |exchange| exchange[var.index()]);
            format!("v{}", var.index())
        }
        Expr::Const(value) => format!("{value:?}"),
        Expr::Call { functor, args, .. } => {
            let args: Vec<String> = args.iter().map(|arg| expr_shape(arg, exchange)).collect();
            format!("{:?}({})", functor.op, args.join(","))
        }
    }
}
