//! `hence check`.

use crate::cli::args::Check;
use crate::cli::exit::{Exit, NEGATIVE};
use crate::cli::messages::Reporter;
use crate::cli::session::options;
use crate::session::session::Session;
use crate::text::diagnostic::has_errors;

/// Checks rule files and claims.
///
/// # Errors
/// That something is wrong.
pub fn run(args: &Check, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let session = session.insert(Session::new(options(&args.input)));
    if let Err(messages) = session.load(&args.paths) {
        reporter.print(&messages, session.files());
        return Err(Exit::Code(if has_errors(&messages) { NEGATIVE } else { 0 }));
    }
    Ok(())
}
