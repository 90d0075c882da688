//! Why an evaluation stopped, as a message. The code tells the exit code: H0501 an evaluation
//! error, H0503 and H0601 a limit, H0602 an interruption.

use crate::base::ids::RelationId;
use crate::engine::limits::{Failure, Limits, Stop};
use crate::io::input::{counted, grouped};
use crate::program::builtins::EvalError;
use crate::program::program::Program;
use crate::session::options::Options;
use crate::session::session::Refused;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

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
    let mut message = Diagnostic::new(Code::H0501, failure.error.to_string())
        .label(failure.span, "this has no value");
    let values = if values.is_empty() { "no variables".to_owned() } else { values.join(", ") };
    message = message.note(match failure.count {
        1 => format!("the failing binding: {values}"),
        n => format!("first of {} failing bindings: {values}", grouped(n)),
    });
    if let Some(rule) = program.rules.get(failure.rule) {
        message = message.note(format!("{IN_RULE} `{}`", rule.name));
    }
    match failure.error {
        EvalError::DivisionByZero => {
            message.help("add a condition that keeps the divisor from being 0")
        }
        EvalError::Overflow(..)
        | EvalError::NotFinite(_)
        | EvalError::NotANumber(..)
        | EvalError::Other(_) => message,
    }
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
    for relation in growing {
        let mut recursive = program.rules_of(*relation).filter(|(_, rule)| !rule.body.is_empty());
        if let Some((_, rule)) = recursive.next() {
            message = message.label(rule.head_span, "still grew in the last round");
        }
    }
    message.note("limit set by --max-rounds (0 = none)").help(if is_long {
        "bound the recursion with a condition on the value that grows"
    } else {
        "raise the limit, or bound the recursion with a condition on the value that grows"
    })
}
