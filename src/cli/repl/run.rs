//! `hence repl`.

use std::io::{IsTerminal, stdin, stdout};

use crate::cli::args::Repl;
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::repl::about::banner;
use crate::cli::repl::shell::Shell;
use crate::cli::repl::{editor, piped};
use crate::cli::session::options;
use crate::session::session::{Keep, Session};

/// Loads, evaluates, and answers until the end of input.
///
/// # Errors
/// What is wrong with the rule files or the input, or the failure of a piped statement.
///
/// # Panics
/// Never: the session was just made.
pub fn run(args: &Repl, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let current = session.insert(Session::new(options(&args.input)));
    current.run(&args.programs, Keep::Input)?;
    let warnings = current.take_warnings_of_questions();
    reporter.print(&warnings, current.files());
    let interactive = stdin().is_terminal() && stdout().is_terminal();
    if interactive {
        reporter.line(&format!("{}        .help", banner(current)));
    }
    let session = session.take().expect("it was just put there");
    let mut shell = Shell::new(session, reporter, args.format, interactive);
    let code =
        if interactive { editor::run(&mut shell)? } else { piped::run(&mut shell, !args.no_bail)? };
    if code == 0 { Ok(()) } else { Err(Exit::Code(code)) }
}
