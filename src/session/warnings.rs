//! Warnings about rules: which of them a rule allows, and those that only its conclusions show.

use crate::analysis::report::own_file;
use crate::base::hash::Set;
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::program::Program;
use crate::provenance::empty::empty_groups;
use crate::session::patterns::bad_patterns;
use crate::syntax::ast::AggregateKind;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Warnings that depend on the input, so that another run may need what allows them.
const OF_RUNS: [Code; 2] = [Code::L0205, Code::L0207];

/// Warnings that are only given for a program that writes something.
const OF_WHOLES: [Code; 4] = [Code::L0201, Code::L0202, Code::L0206, Code::L0209];

/// Drops the warnings that `//@ allow(…)` on their item takes as known. Returns the places of those
/// that it dropped one for.
pub(crate) fn drop_allowed(program: &Program, messages: &mut Vec<Diagnostic>) -> Set<Span> {
    let mut used = Set::default();
    messages.retain(|message| {
        let Some(span) = message.span() else { return true };
        let allow = program.allows.iter().find(|allow| {
            allow.code == message.code
                && allow.item.file == span.file
                && allow.item.start <= span.start
                && span.end <= allow.item.end
        });
        used.extend(allow.map(|allow| allow.span));
        allow.is_none()
    });
    used
}

/// The same for what the rules as such are warned of, and warns of those that allow nothing.
pub(crate) fn drop_known(program: &Program, messages: &mut Vec<Diagnostic>) {
    let used = drop_allowed(program, messages);
    let own = own_file(program);
    let writes = !(program.outputs.is_empty() && program.printsizes.is_empty());
    for allow in &program.allows {
        let is_judged = own == Some(allow.item.file)
            && !OF_RUNS.contains(&allow.code)
            && (writes || !OF_WHOLES.contains(&allow.code));
        if is_judged && !used.contains(&allow.span) {
            let text = format!("there is no {} to allow here", allow.code);
            messages.push(
                Diagnostic::new(Code::L0210, text)
                    .label(allow.span, "it would only hide what comes later")
                    .help("leave it out"),
            );
        }
    }
}

/// Warnings about aggregates that were taken over no rows, and about patterns that cannot be read.
///
/// # Errors
/// If the search for them is stopped.
pub(crate) fn of_conclusions(
    program: &Program,
    tables: &dyn Tables,
    limits: &Limits,
) -> Result<Vec<Diagnostic>, Stop> {
    let mut messages = Vec::new();
    for sum in empty_groups(program, tables, limits)? {
        let group: Vec<String> = sum
            .group
            .iter()
            .map(|(name, value)| format!("{name} = {}", value.quoted(&program.symbols)))
            .collect();
        let group =
            if group.is_empty() { String::new() } else { format!(" for {}", group.join(", ")) };
        let leave_out = match &sum.guard {
            Some(guard) => format!("to leave such groups out add `{guard}`"),
            None => "to leave it out add an atom of the aggregate's body to the rule".to_owned(),
        };
        let (given, keep) = match sum.kind {
            AggregateKind::Sum => ("0", "to keep the 0 knowingly"),
            _ => ("nothing", "if the rule may say nothing of them"),
        };
        let found = match sum.count {
            1 => "no rows here".to_owned(),
            n => format!("no rows in {n} groups, this the first of them"),
        };
        messages.push(
            Diagnostic::new(
                Code::L0205,
                format!("{} over no rows gives {given}{group}", sum.kind.name()),
            )
            .label(sum.span, found)
            .note(
                "over no rows count and sum give 0; min, max and mean give nothing, so the \
                     rule does not fire",
            )
            .help(format!("{leave_out}; {keep} write //@ allow(L0205)")),
        );
    }
    messages.extend(bad_patterns(program, tables, limits)?);
    // What is used here is used: only rules as such are asked.
    let _used = drop_allowed(program, &mut messages);
    Ok(messages)
}
