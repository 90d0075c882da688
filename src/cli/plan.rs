//! `hence plan`.

use std::io::{Write, stdout};

use crate::cli::args::Plan;
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::session::options;
use crate::plan::build::plan;
use crate::plan::display::print;
use crate::plan::sizes::Guess;
use crate::session::session::{Keep, Session};

/// Prints the plan of a program. With `-F` it knows the sizes of the inputs.
///
/// # Errors
/// What is wrong with the rule files or the input.
pub fn run(args: &Plan, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let session = session.insert(Session::new(options(&args.input)));
    session.load(&args.programs)?;
    let with_input = !args.input.facts.is_empty();
    if with_input {
        session.read_input(Keep::Nothing)?;
    }
    let warnings = session.take_warnings_of_questions();
    reporter.print(&warnings, session.files());
    let world = session.world();
    let rows = |relation| with_input.then(|| world.facts.relations[relation].rows);
    let sizes = Guess::new(&world.program, &world.analysis, rows);
    let text = print(&plan(&world.program, &world.analysis, &sizes), &world.program);
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
