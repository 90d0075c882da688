//! What is inside the program: `.graph`, `.steps`, `.stats`, `.check`.

use std::cmp::Reverse;
use std::io::Write;

use crate::base::ids::{OriginId, RelationId};
use crate::cli::exit::{Exit, NEGATIVE};
use crate::cli::graph::{strata, tree};
use crate::cli::repl::about::written;
use crate::cli::repl::shell::Shell;
use crate::cli::sink::stdout;
use crate::plan::build::plan;
use crate::plan::display::print;
use crate::plan::sizes::Guess;
use crate::session::session::{Keep, Session};
use crate::show::table::{TableOptions, table};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::{counted, grouped};

/// Shows what a relation depends on, as a tree; or all strata.
///
/// # Errors
/// If there is no such relation, or the output cannot be written.
pub fn graph(shell: &Shell, rest: &str) -> Result<(), Exit> {
    let world = shell.session.world();
    let mut out = stdout();
    if rest.is_empty() {
        return strata(world, shell.answer_width(), &mut out);
    }
    tree((world, true), shell.named(rest)?, &mut out)
}

/// Shows how rules are evaluated: one by its number or name, or those of a relation.
///
/// # Errors
/// If there is none, or the output cannot be written.
pub fn steps(shell: &Shell, rest: &str) -> Result<(), Exit> {
    let world = shell.session.world();
    let program = &world.program;
    if rest.is_empty() {
        let text = "`.steps` takes a rule: its number or name, or a relation";
        let message = Diagnostic::new(Code::H0701, text).help("`.rules` numbers the rules");
        return Err(Exit::from(message));
    }
    let origins: Vec<OriginId> = if let Ok(n) = rest.parse::<usize>() {
        let all = written(program);
        let found = all.iter().find(|(at, _)| *at == n).map(|(_, rule)| rule.origin);
        found.into_iter().collect()
    } else {
        let wanted = rest.trim_matches('"');
        let is_meant = |name: &str| name == wanted;
        let rules = program.rules.iter();
        let mut named: Vec<OriginId> =
            rules.filter(|rule| is_meant(&rule.name)).map(|rule| rule.origin).collect();
        if named.is_empty() {
            let head = shell.named(wanted)?;
            let rules = program.rules.iter().filter(|rule| rule.head == head);
            named = rules.map(|rule| rule.origin).collect();
        }
        named
    };
    if origins.is_empty() {
        let text = format!("no rule {rest}");
        let message = Diagnostic::new(Code::H0701, text).help("`.rules` numbers the rules");
        return Err(Exit::from(message));
    }
    let rows = |relation| Some(world.facts.relations[relation].rows);
    let sizes = Guess::new(program, &world.analysis, rows);
    let mut plan = plan(program, &world.analysis, &sizes);
    for stratum in &mut plan.strata {
        stratum.pipelines.retain(|one| origins.contains(&program.rules[one.rule].origin));
    }
    plan.strata.retain(|stratum| !stratum.pipelines.is_empty());
    // Orders are kept for the program as a whole.
    plan.orders.iter_mut().for_each(Vec::clear);
    stdout().write_all(print(&plan, program).as_bytes())?;
    Ok(())
}

/// Shows how large everything is.
///
/// # Errors
/// If the output cannot be written.
pub fn stats(shell: &Shell) -> Result<(), Exit> {
    let world = shell.session.world();
    let program = &world.program;
    let mut relations: Vec<RelationId> = program.relations.ids().collect();
    let bytes = |id| world.tables().bytes(id);
    relations.sort_by_key(|&id| Reverse((bytes(id), world.tables().len(id))));
    let (mut rows, mut tuples, mut all) = (Vec::new(), 0, 0);
    for id in relations {
        let size = world.tables().len(id);
        tuples += size;
        all += bytes(id).unwrap_or(0);
        if size > 0 {
            let memory = bytes(id).map_or_else(String::new, memory);
            rows.push(vec![program.relations[id].name.clone(), grouped(size), memory]);
        }
    }
    let mut out = stdout();
    let right = [false, true, true];
    let options = TableOptions { width: shell.answer_width(), ..TableOptions::default() };
    let text = table(&["relation", "tuples", "memory"], &right, &rows, options);
    out.write_all(text.as_bytes())?;
    let strata = world.analysis.strata.iter().filter(|stratum| !stratum.rules.is_empty()).count();
    let parts = [
        counted(rows.len(), "relation") + " with tuples",
        counted(tuples, "tuple") + &format!(" in {}", memory(all)),
        counted(world.input_rows, "input row"),
        counted(written(program).len(), "rule"),
        counted(strata, "stratum").replace("stratums", "strata"),
    ];
    writeln!(out, "{}", parts.join(" · "))?;
    Ok(())
}

/// `3.4 MB`
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn memory(bytes: usize) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut n, mut at) = (bytes as f64, 0);
    while n >= 999.5 && at + 1 < units.len() {
        n /= 1000.0;
        at += 1;
    }
    if at > 0 && n < 9.95 {
        format!("{n:.1} {}", units[at])
    } else {
        format!("{n:.0} {}", units[at])
    }
}

/// Judges the rule files and the input as they are now on disk, as `hence check` does.
///
/// # Errors
/// That something is wrong.
pub fn check(shell: &Shell) -> Result<(), Exit> {
    let mut session = Session::new(shell.session.options().clone());
    let mut result = session.load(shell.session.roots());
    if result.is_ok() {
        result = session.read_input(Keep::Nothing);
    }
    let mut messages = session.take_warnings();
    messages.extend(result.err().unwrap_or_default());
    shell.reporter.print(&messages, session.files());
    let errors = messages.iter().filter(|message| message.is_error()).count();
    let warnings = messages.len() - errors;
    let files = counted(session.rule_files().len(), "rule file");
    let found = format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
    writeln!(stdout(), "checked {files}: {found}")?;
    if errors == 0 { Ok(()) } else { Err(Exit::Code(NEGATIVE)) }
}
