//! Patterns of `match` that come from data and cannot be read: they match no text, which may look
//! like an answer. Found in finished tables, so that both engines say the same: the values of the
//! column that gives a rule its pattern.

use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::VarId;
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::builtins::{Test, unreadable};
use crate::program::program::{Arg, Atom, Expr, Literal, LiteralKind, Program};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::{counted, grouped};
use crate::text::span::Span;
use crate::value::symbols::Symbol;
use crate::value::value::{Value, quote};

/// Patterns that a message shows.
const SHOWN: usize = 3;

/// One warning for each `match` whose patterns come from a column and some of which cannot be read.
///
/// # Errors
/// If the search is stopped.
pub(crate) fn bad_patterns(
    program: &Program,
    tables: &dyn Tables,
    limits: &Limits,
) -> Result<Vec<Diagnostic>, Stop> {
    let mut uses = Vec::new();
    for rule in program.rules.iter() {
        each_use(&rule.body, &mut Vec::new(), &mut |span, atoms| {
            uses.push((span, atoms.to_vec()));
        });
    }
    let mut messages = Vec::new();
    for (span, atoms) in uses {
        messages.extend(judge(program, (tables, limits), span, &atoms)?);
    }
    Ok(messages)
}

/// An atom and the column of it that gives the pattern.
type Source<'a> = (&'a Atom, usize);

/// Calls `visit` for every `match` with a variable for its pattern that atoms give a value, those
/// around an aggregate included.
fn each_use<'a>(
    body: &'a [Literal],
    around: &mut Vec<&'a Atom>,
    visit: &mut dyn FnMut(Span, &[Source<'a>]),
) {
    let before = around.len();
    around.extend(body.iter().filter_map(|literal| match &literal.kind {
        LiteralKind::Atom(atom) => Some(atom),
        _ => None,
    }));
    for literal in body {
        match &literal.kind {
            LiteralKind::Test { test: Test::Match, args, .. } => {
                if let Some(Expr::Var(var)) = args.first() {
                    let sources: Vec<Source<'a>> = around
                        .iter()
                        .filter_map(|atom| Some((*atom, column(atom, *var)?)))
                        .collect();
                    if !sources.is_empty() {
                        visit(literal.span, &sources);
                    }
                }
            }
            LiteralKind::Aggregate { aggregate, .. } => each_use(&aggregate.body, around, visit),
            _ => {}
        }
    }
    around.truncate(before);
}

fn column(atom: &Atom, var: VarId) -> Option<usize> {
    atom.args.iter().position(|arg| *arg == Arg::Var(var))
}

fn judge(
    program: &Program,
    (tables, limits): (&dyn Tables, &Limits),
    span: Span,
    sources: &[Source<'_>],
) -> Result<Option<Diagnostic>, Stop> {
    let mut patterns: Option<Set<Symbol>> = None;
    for source in sources {
        let mut here = symbols_of(tables, limits, *source)?;
        if let Some(others) = &patterns {
            here.retain(|symbol| others.contains(symbol));
        }
        patterns = Some(here);
    }
    let patterns = patterns.unwrap_or_default();
    let all = patterns.len();
    let mut bad: Vec<(&str, String)> = Vec::new();
    for symbol in patterns {
        limits.check()?;
        let text = program.symbols.text(symbol);
        bad.extend(unreadable(text).map(|reason| (text, reason)));
    }
    bad.sort_unstable();
    let Some((atom, column)) = sources.first().filter(|_| !bad.is_empty()) else {
        return Ok(None);
    };
    let relation = &program.relations[atom.relation];
    let column = &relation.columns[*column].name;
    let of = format!("of {} in column `{column}` of `{}`", counted(all, "pattern"), relation.name);
    let text = format!("{} {of} cannot be read", grouped(bad.len()));
    let shown: Vec<String> =
        bad.iter().take(SHOWN).map(|(text, reason)| format!("{}: {reason}", quote(text))).collect();
    let more = if bad.len() > SHOWN { "; …" } else { "" };
    Ok(Some(
        Diagnostic::new(Code::L0207, text)
            .label(span, "no text matches them")
            .note(format!("{}{more}", shown.join("; "))),
    ))
}

/// The texts in a column, of the tuples with the atom's constants.
fn symbols_of(
    tables: &dyn Tables,
    limits: &Limits,
    (atom, column): Source<'_>,
) -> Result<Set<Symbol>, Stop> {
    let constant = |arg: &Arg| match arg {
        Arg::Const(value) => Some(*value),
        Arg::Var(_) => None,
    };
    let pattern: Vec<Option<Value>> = atom.args.iter().map(constant).collect();
    let mut found = Set::default();
    let (mut seen, mut stopped) = (0_usize, Ok(()));
    tables.select(atom.relation, &pattern, &mut |tuple| {
        if let Value::Symbol(symbol) = tuple[column] {
            found.insert(symbol);
        }
        seen += 1;
        if seen.is_multiple_of(1 << 16) {
            stopped = limits.check();
        }
        if stopped.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    stopped.map(|()| found)
}
