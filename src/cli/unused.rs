//! `hence unused`, and `.unused` at the prompt.

use crate::cli::answers::say;
use crate::cli::args::{ProofFormat, Unused};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::session::{columns, open, options};
use crate::cli::whatif::{part, programs_apart};
use crate::session::changes::Part;
use crate::session::session::{Keep, Session};
use crate::show::unused;
use crate::show::words::Words;

/// Shows which claims and rules no conclusion used.
///
/// # Errors
/// What is wrong with the program or its input.
pub fn run(args: &Unused, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let (programs, asked) = programs_apart(&args.programs_and_relations)?;
    let session = open(session, options(&args.input), (&programs, Keep::Input), reporter)?;
    let part = part(session, &asked)?;
    show(session, &part, args.format)
}

/// Prints what conclusions did not use.
///
/// # Errors
/// If it is stopped.
pub fn show(session: &Session, part: &Part, format: ProofFormat) -> Result<(), Exit> {
    let found = session.unused(&part.relations())?;
    let words = Words { given: session.world().given(), files: session.files() };
    let text = || unused::text(words, &found, columns());
    Ok(say(format, text, || unused::document(words, &found))?)
}
