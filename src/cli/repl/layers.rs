//! `.without`, `.assume`, `.retract`, and what becomes of the layers they open; `.conflicts`.

use std::io::Write;
use std::time::Instant;

use crate::cli::args::ProofFormat;
use crate::cli::exit::Exit;
use crate::cli::repl::command::Verb;
use crate::cli::repl::shell::Shell;
use crate::cli::repl::words::names;
use crate::cli::sink::stdout;
use crate::cli::{conflicts, unused, whatif};
use crate::session::changes::Part;
use crate::session::layers::Layer;
use crate::session::whatif::Change;
use crate::show::answer::Format;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::{counted, grouped};

/// Opens a layer and shows what it makes different.
///
/// # Errors
/// What is wrong with the statement, or why the evaluation stopped.
pub fn open(shell: &mut Shell, verb: Verb, rest: &str) -> Result<(), Exit> {
    let start = Instant::now();
    let name = match verb {
        Verb::Without => ".without",
        Verb::Assume => ".assume",
        _ => ".retract",
    };
    let rest = rest.trim_end_matches('.').trim_end();
    if rest.is_empty() {
        let text = format!("`{name}` needs something to change");
        let help = format!("`.help {name}` shows how");
        return Err(Exit::from(Diagnostic::new(Code::H0701, text).help(help)));
    }
    let changes = match verb {
        Verb::Without => withdrawals(shell, rest)?,
        Verb::Assume => {
            let file = shell.session.files_mut().add("assume", rest);
            shell.session.assumptions(file)?
        }
        _ => {
            let file = shell.session.files_mut().add("retract", rest);
            shell.session.retractions(file)?
        }
    };
    let before = shell.session.layers().open().len();
    let layer = Layer { changes, statement: format!("{name} {rest}") };
    let effect = shell.session.open_layer(layer)?;
    whatif::print(&shell.session, &effect, &Part::default(), format(shell))?;
    if shell.interactive {
        let ms = start.elapsed().as_millis();
        let hint = if before == 0 { "        .drop undoes it, .keep keeps it" } else { "" };
        shell.reporter.line(&format!("{ms} ms{hint}"));
    }
    Ok(())
}

fn withdrawals(shell: &Shell, rest: &str) -> Result<Vec<Change>, Exit> {
    let targets = names(rest).into_iter().map(|name| shell.session.target(name));
    Ok(targets.map(|target| target.map(Change::Without)).collect::<Result<_, _>>()?)
}

fn format(shell: &Shell) -> ProofFormat {
    match shell.settings.format {
        Format::Json | Format::Jsonl => ProofFormat::Json,
        _ => ProofFormat::Text,
    }
}

/// Shows what all layers together make different.
///
/// # Errors
/// If there is no layer, or no such relation.
pub fn diff(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    some_layer(shell)?;
    let part = part(shell, rest)?;
    let effect = shell.session.effect_of_layers(&part.relations())?;
    whatif::print(&shell.session, &effect, &part, format(shell))
}

/// Shows what is in conflict.
///
/// # Errors
/// If no relation is marked.
pub fn conflicts(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    let part = part(shell, rest)?;
    let format = format(shell);
    conflicts::show(&mut shell.session, &part, format, false)
}

/// Shows what no conclusion used.
///
/// # Errors
/// If there is no such relation.
pub fn unused(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    let part = part(shell, rest)?;
    let format = format(shell);
    unused::show(&shell.session, &part, format)
}

/// Names of relations, or atoms.
fn part(shell: &mut Shell, rest: &str) -> Result<Part, Exit> {
    let asked: Vec<String> = if rest.contains('(') {
        vec![rest.to_owned()]
    } else {
        rest.split_whitespace().map(str::to_owned).collect()
    };
    whatif::part(&mut shell.session, &asked)
}

/// Drops layers, the last one first.
///
/// # Errors
/// If there are not so many.
pub fn drop(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    some_layer(shell)?;
    let open = shell.session.layers().open();
    let all = open.len();
    let n = if rest.is_empty() { Some(1) } else { rest.parse::<usize>().ok() };
    let Some(n) = n.filter(|n| (1..=all).contains(n)) else {
        let text = format!("no {rest} layers to drop");
        let help = match all {
            1 => "there is one: `.drop`".to_owned(),
            _ => format!("there are {all}: `.drop {all}` undoes all"),
        };
        return Err(Exit::from(Diagnostic::new(Code::H0701, text).help(help)));
    };
    let statements: Vec<String> =
        open[all - n..].iter().rev().map(|layer| layer.statement.clone()).collect();
    shell.session.drop_layers(n)?;
    for statement in statements {
        shell.reporter.line(&format!("undone: {statement}"));
    }
    Ok(())
}

/// Makes layers permanent.
///
/// # Errors
/// If there is none.
pub fn keep(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    if !rest.is_empty() {
        let message = Diagnostic::new(Code::H0701, "`.keep` keeps all layers and takes no name");
        return Err(Exit::from(message));
    }
    some_layer(shell)?;
    let n = shell.session.keep_layers();
    shell
        .reporter
        .line(&format!("{} kept for this session; no file is touched", counted(n, "layer")));
    Ok(())
}

/// Lists what is changed.
///
/// # Errors
/// If standard output cannot be written.
pub fn list(shell: &Shell) -> Result<(), Exit> {
    let layers = shell.session.layers();
    let mut out = stdout().lock();
    if layers.kept() > 0 {
        writeln!(out, "kept: {}", counted(layers.kept(), "change"))?;
    }
    for (at, layer) in layers.open().iter().enumerate() {
        writeln!(out, "{}  {}", grouped(at + 1), layer.statement)?;
    }
    if layers.kept() == 0 && layers.open().is_empty() {
        writeln!(out, "no layers: the input as it was read")?;
    }
    out.flush()?;
    Ok(())
}

fn some_layer(shell: &Shell) -> Result<(), Exit> {
    if shell.session.layers().open().is_empty() {
        let text = "there is no layer";
        let help = "`.without`, `.assume` and `.retract` open one";
        return Err(Exit::from(Diagnostic::new(Code::H0701, text).help(help)));
    }
    Ok(())
}
