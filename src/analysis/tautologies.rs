//! Comparisons that always hold: of a value with itself, of two constants, or where another literal
//! of the rule leaves nothing else. What holds in one alternative of a rule and not in another is
//! needed there.

use crate::analysis::reify::integer;
use crate::base::hash::{Map, Set};
use crate::base::ids::{OriginId, RuleId, VarId};
use crate::program::program::{Expr, LiteralKind, Program, Rule};
use crate::syntax::ast::CompareOp;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Why a comparison holds.
#[derive(Clone, Copy)]
enum Why {
    /// Both sides are the same.
    Same,
    /// Both sides are constants.
    Constants,
    /// This literal already says so.
    Other(Span),
}

/// A warning for every such comparison of the program's own rules.
pub(super) fn tautologies(
    program: &Program,
    is_own: impl Fn(Span) -> bool,
    out: &mut Vec<Diagnostic>,
) {
    let mut needed: Set<(OriginId, Span)> = Set::default();
    let mut idle: Map<(OriginId, Span), (RuleId, Why)> = Map::default();
    let mut order = Vec::new();
    for (id, rule) in program.rules.entries().filter(|(_, rule)| is_own(rule.span)) {
        for (at, literal) in rule.body.iter().enumerate() {
            let LiteralKind::Compare(op, left, right) = &literal.kind else { continue };
            let place = (rule.origin, literal.span);
            match why(program, rule, at, (*op, left, right)) {
                Some(why) => {
                    if idle.insert(place, (id, why)).is_none() {
                        order.push(place);
                    }
                }
                None => {
                    needed.insert(place);
                }
            }
        }
    }
    for place in order.into_iter().filter(|place| !needed.contains(place)) {
        let (_, why) = idle[&place];
        let message = Diagnostic::new(Code::L0211, "this comparison always holds");
        out.push(match why {
            Why::Same => message.label(place.1, "both sides are always the same"),
            Why::Constants => message.label(place.1, "both sides are constants"),
            Why::Other(other) => {
                message.label(place.1, "nothing is left out by it").label(other, "since this holds")
            }
        });
    }
}

fn why(
    program: &Program,
    rule: &Rule,
    at: usize,
    (op, left, right): (CompareOp, &Expr, &Expr),
) -> Option<Why> {
    let reflexive = matches!(op, CompareOp::Eq | CompareOp::Le | CompareOp::Ge);
    match (left, right) {
        (Expr::Var(a), Expr::Var(b)) if a == b && reflexive => Some(Why::Same),
        (Expr::Const(a), Expr::Const(b)) if op.holds(a.cmp_in(*b, &program.symbols)) => {
            Some(Why::Constants)
        }
        _ => {
            let own = bound(op, left, right)?;
            let others = rule.body.iter().enumerate().filter(|(other, _)| *other != at);
            others
                .filter_map(|(other, literal)| {
                    let LiteralKind::Compare(op, left, right) = &literal.kind else { return None };
                    let stronger = bound(*op, left, right)?;
                    (stronger.var == own.var && stronger.implies(&own, other < at))
                        .then_some(Why::Other(literal.span))
                })
                .next()
        }
    }
}

/// A comparison of an integer variable with a constant.
struct Bound {
    var: VarId,
    op: CompareOp,
    value: i128,
}

fn bound(op: CompareOp, left: &Expr, right: &Expr) -> Option<Bound> {
    let (var, value, op) = match (left, right) {
        (Expr::Var(var), Expr::Const(value)) => (*var, *value, op),
        (Expr::Const(value), Expr::Var(var)) => (*var, *value, op.mirrored()),
        _ => return None,
    };
    integer(value).map(|value| Bound { var, op, value })
}

impl Bound {
    /// The least and the greatest value that it allows; nothing for `!=`.
    fn range(&self) -> Option<(i128, i128)> {
        Some(match self.op {
            CompareOp::Eq => (self.value, self.value),
            CompareOp::Lt => (i128::MIN, self.value - 1),
            CompareOp::Le => (i128::MIN, self.value),
            CompareOp::Gt => (self.value + 1, i128::MAX),
            CompareOp::Ge => (self.value, i128::MAX),
            CompareOp::Ne => return None,
        })
    }

    /// Whether it leaves nothing for the other to exclude. Of two that say the same the first one
    /// counts.
    fn implies(&self, other: &Self, is_first: bool) -> bool {
        match (self.range(), other.range()) {
            // An equation may give the variable its value.
            (Some(_), Some(_)) if other.op == CompareOp::Eq => false,
            (Some((low, high)), Some((least, greatest))) => {
                let holds = least <= low && high <= greatest;
                holds && ((low, high) != (least, greatest) || is_first)
            }
            (Some((low, high)), None) => other.value < low || high < other.value,
            (None, None) => self.value == other.value && is_first,
            (None, Some(_)) => false,
        }
    }
}
