//! Warnings about rules: which of them a rule allows, and those that only its conclusions show.

use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::program::Program;
use crate::provenance::empty::empty_sums;
use crate::session::patterns::bad_patterns;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// Drops the warnings that `//@ allow(…)` on their rule takes as known.
pub(crate) fn drop_allowed(program: &Program, messages: &mut Vec<Diagnostic>) {
    messages.retain(|message| {
        let Some(span) = message.span() else { return true };
        !program.rules.iter().any(|rule| {
            rule.allow.contains(&message.code)
                && rule.span.file == span.file
                && rule.span.start <= span.start
                && span.end <= rule.span.end
        })
    });
}

/// Warnings about sums that were taken over no rows, and about patterns that cannot be read.
///
/// # Errors
/// If the search for them is stopped.
pub(crate) fn of_conclusions(
    program: &Program,
    tables: &dyn Tables,
    limits: &Limits,
) -> Result<Vec<Diagnostic>, Stop> {
    let mut messages = Vec::new();
    for sum in empty_sums(program, tables, limits)? {
        let group: Vec<String> = sum
            .group
            .iter()
            .map(|(name, value)| format!("{name} = {}", value.quoted(&program.symbols)))
            .collect();
        let (group, atoms) = if group.is_empty() {
            (String::new(), "that binds them".to_owned())
        } else {
            let names: Vec<&str> = sum.group.iter().map(|(name, _)| name.as_str()).collect();
            (format!(" for {}", group.join(", ")), format!("with {}", names.join(", ")))
        };
        let found = match sum.count {
            1 => "no rows here".to_owned(),
            n => format!("no rows in {n} groups, this the first of them"),
        };
        messages.push(
            Diagnostic::new(Code::L0205, format!("sum over no rows gives 0{group}"))
                .label(sum.span, found)
                .note(
                    "over no rows count and sum give 0; min, max and mean give nothing, so the \
                     rule does not fire",
                )
                .help(format!(
                    "to leave such groups out add an atom of the aggregate's body {atoms} to the \
                     rule; to keep the 0 knowingly write //@ allow(L0205)"
                )),
        );
    }
    messages.extend(bad_patterns(program, tables, limits)?);
    drop_allowed(program, &mut messages);
    Ok(messages)
}
