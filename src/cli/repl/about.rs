//! What the program is: `.rels`, `.schema`, `.rules`, `.help`, and the first line of the prompt.

use std::io::Write;

use crate::base::ids::{OriginId, RelationId};
use crate::cli::exit::Exit;
use crate::cli::repl::command::{About, COMMANDS, named};
use crate::cli::repl::shell::unknown;
use crate::program::program::{Program, Rule};
use crate::session::ask;
use crate::session::diff::conclusions;
use crate::session::session::{Session, World};
use crate::show::safe::{width as columns_of, wrap};
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
pub fn relations(
    world: &World,
    pattern: &str,
    width: Option<usize>,
    out: &mut dyn Write,
) -> Result<(), Exit> {
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
    let options = TableOptions { width, ..TableOptions::default() };
    out.write_all(table(&header, &[false, true, false, false], &rows, options).as_bytes())?;
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

/// What can be typed beside commands.
const STATEMENTS: [(&str, &str); 4] = [
    ("total(r, _, lo, hi), lo > 100?", "a question; its variables are the columns"),
    ("total", "all tuples of a relation"),
    ("?- a(x), b(x).", "a question over several lines"),
    ("h(x) :- a(x), !b(x).", "a rule for this session"),
];

/// Commands, or one of them; in lines that fit a terminal, if its width is given.
///
/// # Errors
/// If there is no such command, or the output cannot be written.
pub fn help(which: &str, width: Option<usize>, out: &mut dyn Write) -> Result<(), Exit> {
    if which.is_empty() {
        let statements = STATEMENTS.map(|(typed, does)| (format!("{typed:<34}"), does));
        let commands = COMMANDS.iter().map(|about| (synopsis(about), about.does));
        for (typed, does) in statements.into_iter().chain(commands) {
            let line = format!("{typed:<34}  {does}");
            if width.is_none_or(|width| columns_of(&line) <= width) {
                writeln!(out, "{line}")?;
            } else {
                paragraph(typed.trim_end(), width, out)?;
                for line in wrap(does, width.unwrap_or(usize::MAX).saturating_sub(6)) {
                    writeln!(out, "      {line}")?;
                }
            }
        }
        return Ok(());
    }
    let word = if which.starts_with('.') { which.to_owned() } else { format!(".{which}") };
    match named(&word).as_slice() {
        [about] => {
            paragraph(&synopsis(about), width, out)?;
            paragraph(about.does, width, out)?;
            for line in about.more.lines() {
                paragraph(line, width.filter(|_| !line.starts_with("  ")), out)?;
            }
            Ok(())
        }
        several => Err(unknown(&word, &several.iter().map(|about| about.name).collect::<Vec<_>>())),
    }
}

/// A command with what follows it.
fn synopsis(about: &About) -> String {
    format!("{} {}", about.name, about.args).trim_end().to_owned()
}

/// A line, or as many as it takes to fit.
fn paragraph(text: &str, width: Option<usize>, out: &mut dyn Write) -> Result<(), Exit> {
    for line in width.map_or_else(|| vec![text.to_owned()], |width| wrap(text, width)) {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
