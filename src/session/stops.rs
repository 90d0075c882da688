//! Why an evaluation stopped, as a message. The code tells the exit code: H0501 an evaluation
//! error, H0503 and H0601 a limit, H0602 an interruption.

use crate::base::ids::{RelationId, VarId};
use crate::engine::limits::{Failure, Limits, Stop};
use crate::program::builtins::{EvalError, Op};
use crate::program::program::{Arg, Expr, LiteralKind, Program};
use crate::session::options::Options;
use crate::session::session::Refused;
use crate::syntax::ast::CompareOp;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::{counted, grouped};
use crate::text::span::Span;

/// How the note that names the rule starts.
pub(super) const IN_RULE: &str = "in the rule";

/// The message of a stop.
#[must_use]
pub fn message(stop: &Stop, program: &Program, options: &Options) -> Diagnostic {
    match stop {
        Stop::Failed(failure) => failed(failure, program),
        Stop::Rounds { limit, growing } => endless(*limit, growing, program),
        Stop::Full { relation } => {
            let name = &program.relations[*relation].name;
            Diagnostic::new(Code::H0601, format!("`{name}` has more tuples than hence can number"))
                .label(program.relations[*relation].span, "2^32 - 2 is the most")
        }
        Stop::Timeout | Stop::Interrupted => ended(stop, options),
    }
}

/// The message of a stop from outside.
#[must_use]
pub fn ended(stop: &Stop, options: &Options) -> Diagnostic {
    if *stop == Stop::Interrupted {
        return Diagnostic::new(Code::H0602, "interrupted").note("everything is as it was before");
    }
    let after = options.timeout.map_or(0.0, |timeout| timeout.as_secs_f64());
    Diagnostic::new(Code::H0601, format!("stopped after {after} s"))
        .note("limit set by --timeout; everything is as it was before")
}

/// The error of an evaluation that failed; else what refused it.
///
/// # Errors
/// If it is no error of an evaluation.
pub(super) fn evaluation_error(mut refused: Refused) -> Result<Box<Diagnostic>, Refused> {
    match refused.iter().position(|message| message.code == Code::H0501) {
        Some(at) => Ok(Box::new(refused.swap_remove(at))),
        None => Err(refused),
    }
}

fn failed(failure: &Failure, program: &Program) -> Diagnostic {
    let values: Vec<String> = failure
        .binding
        .iter()
        .map(|(name, value)| format!("{name} = {}", value.quoted(&program.symbols)))
        .collect();
    let divisor = divisor(failure, program);
    let mut message = Diagnostic::new(Code::H0501, failure.error.to_string());
    message = match &divisor {
        Some(divisor) => message.label(failure.span, format!("{} = 0", divisor.name)),
        None => message.label(failure.span, "this has no value"),
    };
    if let Some(Divisor { name, from: Some((span, atom)) }) = &divisor {
        message = message.label(*span, format!("{name} comes from {atom}"));
    }
    let values = if values.is_empty() { "no variables".to_owned() } else { values.join(", ") };
    message = message.note(match failure.count {
        1 => format!("the failing binding: {values}"),
        n => format!("first of {} failing bindings: {values}", grouped(n)),
    });
    if let Some(rule) = program.rules.get(failure.rule) {
        message = message.note(format!("{IN_RULE} `{}`", rule.name));
    }
    match failure.error {
        EvalError::DivisionByZero => message.help(match divisor {
            Some(Divisor { name, .. }) => format!("add `{name} != 0`"),
            None => "add a condition that keeps the divisor from being 0".to_owned(),
        }),
        EvalError::Overflow(..)
        | EvalError::NotFinite(_)
        | EvalError::NotANumber(..)
        | EvalError::Other(_) => message,
    }
}

/// A variable that is divided by.
struct Divisor {
    name: String,
    /// The atom that gives it its value, and with which values.
    from: Option<(Span, String)>,
}

/// The variable that is 0, if the divisor is one.
fn divisor(failure: &Failure, program: &Program) -> Option<Divisor> {
    if !matches!(failure.error, EvalError::DivisionByZero) {
        return None;
    }
    let rule = program.rules.get(failure.rule)?;
    let mut found = None;
    let mut visit = |expr: &Expr| found = found.or_else(|| divided(expr, failure.span));
    rule.head_args.iter().for_each(&mut visit);
    rule.body.iter().for_each(|literal| each_expr(&literal.kind, &mut visit));
    let var = found?;
    let name = rule.vars[var].name.clone()?;
    let value = |name: &str| failure.binding.iter().find(|(known, _)| known == name);
    let cell = |arg: &Arg| match arg {
        Arg::Const(value) => value.quoted(&program.symbols),
        Arg::Var(var) => {
            let named = rule.vars[*var].name.as_deref().and_then(value);
            named.map_or_else(|| "_".to_owned(), |(_, value)| value.quoted(&program.symbols))
        }
    };
    let from = rule.body.iter().find_map(|literal| {
        let LiteralKind::Atom(atom) = &literal.kind else { return None };
        atom.vars().any(|other| other == var).then(|| {
            let cells: Vec<String> = atom.args.iter().map(cell).collect();
            let relation = &program.relations[atom.relation].name;
            (literal.span, format!("{relation}({})", cells.join(", ")))
        })
    });
    Some(Divisor { name, from })
}

/// The divisor of the division at this place, if it is a variable.
fn divided(expr: &Expr, at: Span) -> Option<VarId> {
    let Expr::Call { functor, args, span } = expr else { return None };
    match (functor.op, args.as_slice()) {
        (Op::Div | Op::Rem, [_, Expr::Var(var)]) if *span == at => Some(*var),
        _ => args.iter().find_map(|arg| divided(arg, at)),
    }
}

fn each_expr(kind: &LiteralKind, visit: &mut impl FnMut(&Expr)) {
    match kind {
        LiteralKind::Compare(_, left, right) => [left, right].into_iter().for_each(visit),
        LiteralKind::Test { args, .. } | LiteralKind::Range { args, .. } => {
            args.iter().for_each(visit);
        }
        LiteralKind::Atom(_)
        | LiteralKind::Absent(_)
        | LiteralKind::Aggregate { .. }
        | LiteralKind::Constant(_) => {}
    }
}

/// The rule by which a relation grows: what it makes anew, from which variable of which atom.
struct Growth {
    made: Span,
    atom: Span,
    name: String,
    /// Whether a comparison of the rule bounds it, further on.
    is_bounded: bool,
}

fn growth(relation: RelationId, growing: &[RelationId], program: &Program) -> Option<Growth> {
    program.rules_of(relation).find_map(|(_, rule)| {
        rule.head_args.iter().find_map(|arg| {
            let mut calls = vec![arg];
            if let Expr::Var(var) = arg {
                calls.extend(rule.body.iter().filter_map(|literal| match &literal.kind {
                    LiteralKind::Compare(CompareOp::Eq, Expr::Var(one), other) if one == var => {
                        Some(other)
                    }
                    _ => None,
                }));
            }
            let call = calls.into_iter().find(|call| matches!(call, Expr::Call { .. }))?;
            let Expr::Call { span, .. } = call else { return None };
            let mut from = Vec::new();
            call.each_var(&mut |var| from.push(var));
            rule.body.iter().find_map(|literal| {
                let LiteralKind::Atom(atom) = &literal.kind else { return None };
                let var = atom.vars().find(|var| from.contains(var))?;
                let name = rule.vars[var].name.clone()?;
                let is_own = growing.contains(&atom.relation);
                let is_bounded = rule.body.iter().any(|literal| {
                    let mut has = false;
                    if let LiteralKind::Compare(op, ..) = &literal.kind
                        && *op != CompareOp::Eq
                    {
                        literal.each_var(&mut |one| has |= one == var);
                    }
                    has
                });
                is_own.then_some(Growth { made: *span, atom: literal.span, name, is_bounded })
            })
        })
    })
}

fn endless(limit: u32, growing: &[RelationId], program: &Program) -> Diagnostic {
    let names: Vec<String> =
        growing.iter().map(|id| format!("`{}`", program.relations[*id].name)).collect();
    let rounds = counted(limit as usize, "round");
    let subject = if names.is_empty() { "the recursion".to_owned() } else { names.join(", ") };
    // Only many rounds tell of a recursion without end.
    let is_long = Limits::default().rounds_max.is_some_and(|usual| limit >= usual);
    let verb = match (is_long, names.len() > 1) {
        (true, true) => "look endless",
        (true, false) => "looks endless",
        (false, true) => "still grow",
        (false, false) => "still grows",
    };
    let text = format!("stopped: {subject} {verb} after {rounds}");
    let mut message = Diagnostic::new(Code::H0503, text);
    let note = "limit set by --max-rounds (0 = none)";
    if let Some(growth) = growing.iter().find_map(|one| growth(*one, growing, program)) {
        let Growth { made, atom, name, is_bounded } = growth;
        let from = if is_bounded { "made from" } else { "and nothing here bounds" };
        let raise = if is_long { "" } else { "raise the limit, or " };
        return message
            .label(made, "a new value every round")
            .label(atom, format!("{from} `{name}`"))
            .note(note)
            .help(format!("{raise}bound it by a condition such as `{name} < …`"))
            .help("`hence check` warns of this shape before anything runs (L0204)");
    }
    for relation in growing {
        let mut recursive = program.rules_of(*relation).filter(|(_, rule)| !rule.body.is_empty());
        if let Some((_, rule)) = recursive.next() {
            message = message.label(rule.head_span, "still grew in the last round");
        }
    }
    message.note(note).help(if is_long {
        "bound the recursion with a condition on the value that grows"
    } else {
        "raise the limit, or bound the recursion with a condition on the value that grows"
    })
}
