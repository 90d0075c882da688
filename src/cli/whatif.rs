//! `hence whatif`, and how a difference is printed.

use std::path::{Path, PathBuf};

use crate::cli::answers::say;
use crate::cli::args::{ProofFormat, WhatIf};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::session::{columns, open, options};
use crate::session::changes::Part;
use crate::session::layers::Effect;
use crate::session::session::{Keep, Session};
use crate::session::whatif::Change;
use crate::show::difference::{self, Told};
use crate::show::words::Words;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// Shows what changes of the input make different.
///
/// # Errors
/// What is wrong with the program, the input or the changes.
pub fn run(args: &WhatIf, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let (programs, asked) = programs_apart(&args.programs_and_relations)?;
    let session = open(session, options(&args.input), (&programs, Keep::Input), reporter)?;
    let part = part(session, &asked)?;
    let mut changes: Vec<Change> = Vec::new();
    for name in &args.without {
        changes.push(Change::Without(session.target(name)?));
    }
    for atom in &args.retract {
        let file = session.files_mut().add("retract", atom.as_str());
        changes.extend(session.retractions(file)?);
    }
    for fact in &args.assume {
        let file = session.files_mut().add("assume", fact.as_str());
        changes.extend(session.assumptions(file)?);
    }
    if changes.is_empty() {
        let help = "give --without NAME, --retract 'ATOM' or --assume 'FACT'";
        let message = Diagnostic::new(Code::H0701, "nothing to change").help(help);
        return Err(Exit::from(message));
    }
    let fork = session.fork(&changes)?;
    let effect = session.effect(session.world(), &fork, &part.relations())?;
    print(session, &effect, &part, args.format)
}

/// Prints what changes came to.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(
    session: &Session,
    effect: &Effect,
    part: &Part,
    format: ProofFormat,
) -> Result<(), Exit> {
    let difference = part.of(effect.difference.clone());
    let told = Told {
        words: Words { given: session.base().given(), files: session.files() },
        made: Some(&effect.made),
        causes: &[],
        because: &[],
        difference: &difference,
        is_named: part.is_named(),
        width: columns(),
    };
    Ok(say(format, || difference::text(told), || difference::document(told))?)
}

/// The relations and atoms that were named.
///
/// # Errors
/// What is wrong with them.
pub fn part(session: &mut Session, asked: &[String]) -> Result<Part, Exit> {
    let files: Vec<_> =
        asked.iter().map(|text| session.files_mut().add("question", text.as_str())).collect();
    Ok(session.part(&files)?)
}

/// Rule files, and after them relations and atoms: a name or an atom is no file.
///
/// # Errors
/// If there is no rule file.
pub fn programs_apart(all: &[String]) -> Result<(Vec<PathBuf>, Vec<String>), Exit> {
    let is_file = |text: &&String| {
        let name = text.split('(').next().unwrap_or_default();
        text.ends_with(".dl") || name.contains(['/', '.']) || Path::new(text).is_file()
    };
    let (programs, asked): (Vec<&String>, Vec<&String>) = all.iter().partition(is_file);
    if programs.is_empty() {
        let message = Diagnostic::new(Code::H0701, "the rule file is missing")
            .help("give a rule file, and after it relations or atoms to look at");
        return Err(Exit::from(message));
    }
    Ok((programs.into_iter().map(PathBuf::from).collect(), asked.into_iter().cloned().collect()))
}
