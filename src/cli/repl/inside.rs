//! What is inside the program: `.graph`, `.steps`, `.stats`, `.check`.

use std::cmp::Reverse;
use std::io::Write;

use crate::base::hash::Set;
use crate::base::ids::{Id, OriginId, RelationId, StratumId};
use crate::cli::exit::{Exit, NEGATIVE};
use crate::cli::repl::about::written;
use crate::cli::repl::shell::Shell;
use crate::cli::sink::stdout;
use crate::plan::build::plan;
use crate::plan::display::print;
use crate::plan::sizes::Guess;
use crate::program::program::{Literal, LiteralKind, Program};
use crate::session::session::{Keep, Session, World};
use crate::show::table::{TableOptions, table};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::{counted, grouped};

/// How a relation is read by another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum How {
    Present,
    Absent,
    Counted,
}

/// The relations that the rules of a relation read, in the order written, each once.
fn reads(program: &Program, relation: RelationId) -> Vec<(RelationId, How)> {
    let mut found = Vec::new();
    for (_, rule) in program.rules.entries().filter(|(_, rule)| rule.head == relation) {
        collect(&rule.body, None, &mut found);
    }
    let mut seen = Set::default();
    found.retain(|one| seen.insert((one.0, one.1 as u8)));
    found
}

fn collect(body: &[Literal], inside: Option<How>, found: &mut Vec<(RelationId, How)>) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) => found.push((atom.relation, inside.unwrap_or(How::Present))),
            LiteralKind::Absent(atom) => found.push((atom.relation, inside.unwrap_or(How::Absent))),
            LiteralKind::Aggregate { aggregate, .. } => {
                collect(&aggregate.body, Some(How::Counted), found);
            }
            _ => {}
        }
    }
}

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
    let relation = shell.named(rest)?;
    writeln!(out, "{}", described(world, relation))?;
    let mut drawing = Drawing { world, seen: Set::default(), path: vec![relation] };
    drawing.seen.insert(relation);
    drawing.below(relation, "", &mut out)
}

/// `total   10 tuples, stratum 9`
fn described(world: &World, relation: RelationId) -> String {
    let program = &world.program;
    let stratum = world.analysis.stratum_of[relation];
    let size = counted(world.tables().len(relation), "tuple");
    let name = &program.relations[relation].name;
    let own = if program.rules_of(relation).next().is_none() {
        ", given".to_owned()
    } else if world.analysis.strata[stratum].recursive {
        format!(", stratum {}, recursive", number(stratum))
    } else {
        format!(", stratum {}", number(stratum))
    };
    format!("{name}   {size}{own}")
}

fn number(stratum: StratumId) -> usize {
    stratum.index() + 1
}

struct Drawing<'w> {
    world: &'w World,
    /// Relations that were drawn with all below them.
    seen: Set<RelationId>,
    /// From the top to where it is drawn.
    path: Vec<RelationId>,
}

impl Drawing<'_> {
    fn below(&mut self, of: RelationId, indent: &str, out: &mut dyn Write) -> Result<(), Exit> {
        let program = &self.world.program;
        let parts = reads(program, of);
        for (at, &(relation, how)) in parts.iter().enumerate() {
            let (fork, side) =
                if at + 1 == parts.len() { ("└ ", "  ") } else { ("├ ", "│ ") };
            let how = match how {
                How::Present => "",
                How::Absent => "!",
                How::Counted => "{} ",
            };
            let name = &program.relations[relation].name;
            if self.path.contains(&relation) {
                writeln!(out, "{indent}{fork}{how}{name}   (recursive)")?;
                continue;
            }
            let is_leaf = program.rules_of(relation).next().is_none();
            if !self.seen.insert(relation) && !is_leaf {
                writeln!(out, "{indent}{fork}{how}{name}   (above)")?;
                continue;
            }
            writeln!(out, "{indent}{fork}{how}{}", described(self.world, relation))?;
            self.path.push(relation);
            self.below(relation, &format!("{indent}{side}"), out)?;
            self.path.pop();
        }
        Ok(())
    }
}

/// All strata that have rules, in the order in which they are evaluated.
fn strata(world: &World, width: Option<usize>, out: &mut dyn Write) -> Result<(), Exit> {
    let program = &world.program;
    let mut rows = Vec::new();
    for (id, stratum) in world.analysis.strata.entries() {
        if stratum.rules.is_empty() {
            continue;
        }
        let name = |id: &RelationId| program.relations[*id].name.as_str();
        let names: Vec<&str> = stratum.relations.iter().map(name).collect();
        let mut below: Vec<RelationId> = Vec::new();
        for &relation in &stratum.relations {
            for (read, _) in reads(program, relation) {
                if !below.contains(&read) && !stratum.relations.contains(&read) {
                    below.push(read);
                }
            }
        }
        let below: Vec<&str> = below.iter().map(name).collect();
        rows.push(vec![
            number(id).to_string(),
            names.join(", "),
            if stratum.recursive { "recursive" } else { "" }.to_owned(),
            below.join(", "),
        ]);
    }
    let header = ["stratum", "relations", "", "reads"];
    let right = [true, false, false, false];
    let options = TableOptions { width, ..TableOptions::default() };
    out.write_all(table(&header, &right, &rows, options).as_bytes())?;
    Ok(())
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
