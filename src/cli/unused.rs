//! `hence unused`, and `.unused` at the prompt.

use std::io::{IsTerminal, Write, stdout};

use crate::cli::args::{ProofFormat, Unused};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::session::{options, width};
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
    let session = session.insert(Session::new(options(&args.input)));
    let (programs, asked) = programs_apart(&args.programs_and_relations)?;
    session.run(&programs, Keep::Input)?;
    let warnings = session.take_warnings_of_questions();
    reporter.print(&warnings, session.files());
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
    let mut out = stdout().lock();
    let width = width(out.is_terminal()).unwrap_or(100);
    match format {
        ProofFormat::Text => out.write_all(unused::text(words, &found, width).as_bytes())?,
        ProofFormat::Json => writeln!(out, "{}", unused::document(words, &found))?,
    }
    out.flush()?;
    Ok(())
}
