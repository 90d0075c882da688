//! `hence why`, and `.why` at the prompt.

use std::io::{IsTerminal, Write, stdout};

use crate::base::ids::FileId;
use crate::cli::args::{ProofFormat, Why, last_apart};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::session::{options, width};
use crate::io::input::grouped;
use crate::session::session::{Keep, Session};
use crate::show::json;
use crate::show::tree::{Branches, Detail, TreeOptions, tree};
use crate::show::words::Words;

/// Shows the proof of an atom.
///
/// # Errors
/// What is wrong, or that the atom does not hold.
///
/// # Panics
/// Never: the parser asks for two arguments.
pub fn run(args: &Why, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let session = session.insert(Session::new(options(&args.input)));
    let (atom, programs) =
        last_apart(&args.programs_and_atom, "the atom").map_err(|missing| *missing)?;
    session.run(&programs, Keep::Input)?;
    let warnings = session.take_warnings_of_questions();
    reporter.print(&warnings, session.files());
    let file = session.files_mut().add("question", atom);
    let detail = if args.full { Detail::Full } else { Detail::Brief };
    show(session, file, args.format, detail, reporter)
}

/// Prints the proof of the atom in `file`.
///
/// # Errors
/// What is wrong with the atom, or that it does not hold.
pub fn show(
    session: &mut Session,
    file: FileId,
    format: ProofFormat,
    detail: Detail,
    reporter: Reporter,
) -> Result<(), Exit> {
    session.place_rows();
    let explainer = session.explainer();
    let explained = session.explain(&explainer, file)?;
    let words = Words { given: explainer.given(), files: session.files() };
    let mut out = stdout().lock();
    match format {
        ProofFormat::Text => {
            let layout = TreeOptions {
                width: width(out.is_terminal()).unwrap_or(100),
                branches: Branches::Lines,
                locations: true,
                detail,
            };
            out.write_all(tree(words, &explained.proof, layout).as_bytes())?;
        }
        ProofFormat::Json => writeln!(out, "{}", json::proof(words, &explained.proof))?,
    }
    out.flush()?;
    if explained.matching > 1 {
        let n = grouped(explained.matching);
        reporter.line(&format!("note: {n} tuples match; this is the first of them"));
    }
    Ok(())
}
