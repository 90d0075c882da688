//! `hence graph`, and `.graph` at the prompt: which relation is made of which.

use std::io::{IsTerminal, Write, stdout};

use crate::base::hash::Set;
use crate::base::ids::{Id, RelationId, StratumId};
use crate::cli::args::{Graph, GraphFormat};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::session::{options, width};
use crate::cli::whatif::programs_apart;
use crate::program::program::{Literal, LiteralKind, Program};
use crate::session::ask;
use crate::session::session::{Session, World};
use crate::show::table::{TableOptions, table};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::counted;

/// A program, and whether it was evaluated, so that relations have sizes.
type Of<'w> = (&'w World, bool);

/// Shows what relations are made of. No input is read.
///
/// # Errors
/// What is wrong with the rule files, or if there is no such relation.
pub fn run(args: &Graph, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let (programs, asked) = programs_apart(&args.programs_and_relation)?;
    let session = session.insert(Session::new(options(&args.input)));
    session.load(&programs)?;
    reporter.print(&session.take_warnings_of_questions(), session.files());
    let world = session.world();
    let relation = match &asked[..] {
        [] => None,
        [name] => Some(ask::relation(&world.program, name)?),
        _ => {
            let text = "`hence graph` takes one relation";
            return Err(Exit::from(Diagnostic::new(Code::H0701, text)));
        }
    };
    let mut out = stdout().lock();
    match (args.format, relation) {
        (GraphFormat::Dot, _) => dot(world, relation, &mut out)?,
        (GraphFormat::Text, Some(relation)) => tree((world, false), relation, &mut out)?,
        (GraphFormat::Text, None) => strata(world, width(out.is_terminal()), &mut out)?,
    }
    Ok(out.flush()?)
}

/// Shows what a relation depends on, as a tree.
///
/// # Errors
/// If the output cannot be written.
pub fn tree(of: Of<'_>, relation: RelationId, out: &mut dyn Write) -> Result<(), Exit> {
    writeln!(out, "{}", described(of, relation))?;
    let mut drawing = Drawing { of, seen: Set::default(), path: vec![relation] };
    drawing.seen.insert(relation);
    drawing.below(relation, "", out)
}

/// The language of Graphviz: an arrow from each relation to those that are made of it, dashed if it
/// must be absent, with a diamond if it is counted or added up.
fn dot(world: &World, relation: Option<RelationId>, out: &mut dyn Write) -> Result<(), Exit> {
    let program = &world.program;
    let mut wanted: Vec<RelationId> = match relation {
        Some(relation) => vec![relation],
        None => program.relations.ids().collect(),
    };
    let mut known: Set<RelationId> = wanted.iter().copied().collect();
    writeln!(out, "digraph hence {{\n  rankdir=LR;\n  node [shape=box];")?;
    let mut at = 0;
    while let Some(&to) = wanted.get(at) {
        at += 1;
        let name = &program.relations[to].name;
        let is_given = program.rules_of(to).next().is_none();
        writeln!(out, "  \"{name}\"{};", if is_given { " [style=filled]" } else { "" })?;
        for (from, how) in reads(program, to) {
            let how = match how {
                How::Present => "",
                How::Absent => " [style=dashed]",
                How::Counted => " [arrowhead=diamond]",
            };
            writeln!(out, "  \"{}\" -> \"{name}\"{how};", program.relations[from].name)?;
            if known.insert(from) {
                wanted.push(from);
            }
        }
    }
    writeln!(out, "}}")?;
    Ok(())
}

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

/// `total   10 tuples, stratum 9`
fn described((world, sized): Of<'_>, relation: RelationId) -> String {
    let program = &world.program;
    let stratum = world.analysis.stratum_of[relation];
    let name = &program.relations[relation].name;
    let size =
        if sized { counted(world.tables().len(relation), "tuple") + ", " } else { String::new() };
    let own = if program.rules_of(relation).next().is_none() {
        "given".to_owned()
    } else if world.analysis.strata[stratum].recursive {
        format!("stratum {}, recursive", number(stratum))
    } else {
        format!("stratum {}", number(stratum))
    };
    format!("{name}   {size}{own}")
}

fn number(stratum: StratumId) -> usize {
    stratum.index() + 1
}

struct Drawing<'w> {
    of: Of<'w>,
    /// Relations that were drawn with all below them.
    seen: Set<RelationId>,
    /// From the top to where it is drawn.
    path: Vec<RelationId>,
}

impl Drawing<'_> {
    fn below(&mut self, of: RelationId, indent: &str, out: &mut dyn Write) -> Result<(), Exit> {
        let program = &self.of.0.program;
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
            writeln!(out, "{indent}{fork}{how}{}", described(self.of, relation))?;
            self.path.push(relation);
            self.below(relation, &format!("{indent}{side}"), out)?;
            self.path.pop();
        }
        Ok(())
    }
}

/// All strata that have rules, in the order in which they are evaluated.
///
/// # Errors
/// If the output cannot be written.
pub fn strata(world: &World, width: Option<usize>, out: &mut dyn Write) -> Result<(), Exit> {
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
