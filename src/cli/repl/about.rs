//! What the program is: `.rels`, `.schema`, `.rules`, `.help`, and the first line of the prompt.

use std::io::Write;

use crate::base::ids::{OriginId, RelationId};
use crate::cli::exit::Exit;
use crate::cli::repl::command::{COMMANDS, named};
use crate::program::program::{Program, Rule};
use crate::session::ask;
use crate::session::diff::conclusions;
use crate::session::session::{Session, World};
use crate::show::safe::width as columns_of;
use crate::show::schema::{about, signature};
use crate::show::table::{TableOptions, table};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::{counted, grouped};

/// `hence 0.1.0   9 rule files · 726 input rows · 477 conclusions`, with what to type for help; in
/// lines that fit a terminal, if its width is given.
#[must_use]
pub fn banner(session: &Session, width: Option<usize>) -> String {
    let world = session.world();
    // As many as a change can take away.
    let rows: usize =
        conclusions(&world.program).into_iter().map(|id| world.tables().len(id)).sum();
    let mut parts = vec![counted(session.rule_files().len(), "rule file")];
    if let Some(claims) = &world.claims {
        parts.push(counted(claims.counts.claims, "claim"));
        let sources = world.records.as_ref().map_or(0, |records| records.sources().count());
        parts.push(counted(sources, "source"));
    }
    parts.push(counted(world.input_rows, "input row"));
    parts.push(counted(rows, "conclusion"));
    let name = format!("hence {}   ", env!("CARGO_PKG_VERSION"));
    let Some(width) = width else { return name + &parts.join(" · ") };
    let indent = " ".repeat(name.len());
    let (mut lines, mut line) = (String::new(), name + &parts[0]);
    let more = parts.iter().skip(1).map(|part| format!(" · {part}"));
    for part in more.chain([GAP.to_owned() + ".help"]) {
        if columns_of(&line) + columns_of(&part) <= width {
            line.push_str(&part);
        } else {
            lines.push_str(&line);
            line = format!("\n{indent}{}", part.trim_start_matches([' ', '·']));
        }
    }
    lines + &line
}

/// Between the first line and what to type for help.
const GAP: &str = "        ";

/// Relations with their sizes.
///
/// # Errors
/// If the output cannot be written.
pub fn relations(world: &World, pattern: &str, out: &mut dyn Write) -> Result<(), Exit> {
    let mut rows = Vec::new();
    for (id, relation) in world.program.relations.entries() {
        if !pattern.is_empty() && !fits(pattern, &relation.name) {
            continue;
        }
        let kind = match (relation.is_input, relation.is_output) {
            (true, true) => "input, output",
            (true, false) => "input",
            (false, true) => "output",
            (false, false) => "",
        };
        let columns: Vec<&str> =
            relation.columns.iter().map(|column| column.name.as_str()).collect();
        rows.push(vec![
            relation.name.clone(),
            grouped(world.tables().len(id)),
            columns.join(", "),
            kind.to_owned(),
        ]);
    }
    if rows.is_empty() && !pattern.is_empty() {
        let text = format!("no relation of a name like `{pattern}`");
        return Err(Exit::from(Diagnostic::new(Code::H0101, text)));
    }
    let header = ["relation", "tuples", "columns", ""];
    out.write_all(
        table(&header, &[false, true, false, false], &rows, TableOptions::default()).as_bytes(),
    )?;
    Ok(())
}

/// Whether a name has the parts of `pattern` that `*` keeps apart, in order; without `*` anywhere.
fn fits(pattern: &str, name: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return name.contains(pattern);
    };
    let Some(mut rest) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Every relation's columns and types.
///
/// # Errors
/// If the output cannot be written.
pub fn schemas(world: &World, out: &mut dyn Write) -> Result<(), Exit> {
    for relation in world.program.relations.iter() {
        writeln!(out, "{}", signature(&world.program, relation))?;
    }
    Ok(())
}

/// One relation: columns and types, its comment, where it is declared.
///
/// # Errors
/// If the output cannot be written.
pub fn schema(session: &Session, id: RelationId, out: &mut dyn Write) -> Result<(), Exit> {
    let world = session.world();
    let relation = &world.program.relations[id];
    let at = session.files().position(relation.span);
    for line in about(relation, session.files()) {
        writeln!(out, "// {line}")?;
    }
    let file = &session.files().get(relation.span.file).name;
    writeln!(
        out,
        "{}   {}   {file}:{}",
        signature(&world.program, relation),
        counted(world.tables().len(id), "tuple"),
        at.line
    )?;
    Ok(())
}

/// Written rules with their numbers, from 1 in the order of the files.
pub(super) fn written(program: &Program) -> Vec<(usize, &Rule)> {
    let mut rules: Vec<(usize, &Rule)> = Vec::new();
    let mut seen: Vec<OriginId> = Vec::new();
    for rule in program.rules.iter() {
        if !seen.contains(&rule.origin) {
            seen.push(rule.origin);
            rules.push((seen.len(), rule));
        }
    }
    rules
}

/// All rules, one a line; or those of a relation, or one by its number, in full.
///
/// # Errors
/// If there is no such rule or relation, or the output cannot be written.
pub fn rules(session: &Session, which: &str, out: &mut dyn Write) -> Result<(), Exit> {
    let program = &session.world().program;
    let files = session.files();
    let all = written(program);
    let place = |rule: &Rule| {
        let at = files.position(rule.span);
        format!("{}:{}", files.get(rule.span.file).name, at.line)
    };
    if which.is_empty() {
        for (n, rule) in all {
            let text = files.text_of(rule.span);
            let line: Vec<&str> = text.split_whitespace().collect();
            writeln!(out, "{n:>4}  {:<24}  {}", place(rule), line.join(" "))?;
        }
        return Ok(());
    }
    let chosen: Vec<(usize, &Rule)> = if let Ok(number) = which.parse::<usize>() {
        all.into_iter().filter(|(n, _)| *n == number).collect()
    } else {
        let id = ask::relation(program, which)?;
        all.into_iter().filter(|(_, rule)| rule.head == id).collect()
    };
    if chosen.is_empty() {
        let text = if which.parse::<usize>().is_ok() {
            format!("no rule {which}: there are {}", written(program).len())
        } else {
            format!("`{which}` has no rules")
        };
        return Err(Exit::from(Diagnostic::new(Code::H0701, text)));
    }
    for (n, rule) in chosen {
        writeln!(out, "// {n}  {}  {}", rule.name, place(rule))?;
        writeln!(out, "{}", files.text_of(rule.span))?;
    }
    Ok(())
}

/// Commands, or one of them.
///
/// # Errors
/// If there is no such command, or the output cannot be written.
pub fn help(which: &str, out: &mut dyn Write) -> Result<(), Exit> {
    if which.is_empty() {
        writeln!(
            out,
            "total(r, _, lo, hi), lo > 100?      a question; its variables are the columns"
        )?;
        writeln!(out, "total                               all tuples of a relation")?;
        writeln!(out, "?- a(x), b(x).                      a question over several lines")?;
        writeln!(out, "h(x) :- a(x), !b(x).                a rule for this session")?;
        for about in COMMANDS {
            let name = format!("{} {}", about.name, about.args);
            writeln!(out, "{:<34}  {}", name.trim_end(), about.does)?;
        }
        return Ok(());
    }
    let word = if which.starts_with('.') { which.to_owned() } else { format!(".{which}") };
    match named(&word).as_slice() {
        [about] => {
            writeln!(out, "{} {}", about.name, about.args)?;
            writeln!(out, "{}", about.does)?;
            writeln!(out, "{}", about.more)?;
            Ok(())
        }
        _ => {
            let text = format!("no command `{which}`");
            let message = Diagnostic::new(Code::H0701, text).help("`.help` lists the commands");
            Err(Exit::from(message))
        }
    }
}
