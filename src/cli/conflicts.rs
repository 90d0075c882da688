//! `hence conflicts`, and `.conflicts` at the prompt.

use crate::cli::answers::say;
use crate::cli::args::{Conflicts, ProofFormat};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::session::{columns, open, options};
use crate::cli::whatif::{part, programs_apart};
use crate::session::changes::Part;
use crate::session::session::{Keep, Session};
use crate::show::conflicts::{self, Told};
use crate::show::tree::{Branches, Detail, TreeOptions};
use crate::show::words::Words;

/// Shows what is in conflict.
///
/// # Errors
/// What is wrong with the program or its input, or that no relation is marked.
pub fn run(
    args: &Conflicts,
    session: &mut Option<Session>,
    reporter: Reporter,
) -> Result<(), Exit> {
    let (programs, asked) = programs_apart(&args.programs_and_relations)?;
    let session = open(session, options(&args.input), (&programs, Keep::Input), reporter)?;
    let part = part(session, &asked)?;
    show(session, &part, args.format, args.proofs)
}

/// Prints the conflicts in a part of the marked relations.
///
/// # Errors
/// If no relation is marked.
pub fn show(
    session: &mut Session,
    part: &Part,
    format: ProofFormat,
    with_proofs: bool,
) -> Result<(), Exit> {
    session.place_rows();
    let found = session.conflicts(part)?;
    let world = session.world();
    let told = Told {
        words: Words { given: world.given(), files: session.files() },
        analysis: &world.analysis,
        layout: TreeOptions {
            width: columns(),
            branches: Branches::Lines,
            locations: true,
            detail: Detail::Brief,
        },
        with_proofs,
    };
    Ok(say(format, || conflicts::text(told, &found), || conflicts::document(told, &found))?)
}
