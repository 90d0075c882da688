//! `hence repl`.

use std::io::{IsTerminal, stdin, stdout};
use std::path::PathBuf;

use crate::cli::args::Repl;
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::repl::about::banner;
use crate::cli::repl::settings::Settings;
use crate::cli::repl::shell::Shell;
use crate::cli::repl::{editor, piped};
use crate::cli::session::{options, width};
use crate::cli::sink::{self, To};
use crate::io::find::shown;
use crate::session::session::{Keep, Session};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// Loads, evaluates, and answers until the end of input.
///
/// # Errors
/// What is wrong with the rule files or the input, or the failure of a piped statement.
///
/// # Panics
/// Never: the session was just made.
pub fn run(args: &Repl, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let is_claims = |path: &&PathBuf| path.extension().is_some_and(|end| end == "jsonl");
    if let Some(path) = args.programs.iter().find(is_claims) {
        let text = format!("{} is a claims file, no rule file", shown(path));
        let help = format!("name it with -F {}", shown(path));
        return Err(Exit::from(Diagnostic::new(Code::H0306, text).help(help)));
    }
    let current = session.insert(Session::new(options(&args.input)));
    current.run(&args.programs, Keep::Input)?;
    let warnings = current.take_warnings_of_questions();
    reporter.print(&warnings, current.files());
    let interactive = stdin().is_terminal() && stdout().is_terminal();
    if interactive {
        reporter.line(&banner(current, width(true)));
    }
    let session = session.take().expect("it was just put there");
    let mut settings = Settings::new(args.format, !args.no_bail);
    settings.shell = args.shell;
    let mut shell = Shell::new(session, reporter, settings, interactive);
    if interactive {
        sink::page();
    }
    let code = if interactive { editor::run(&mut shell)? } else { piped::run(&mut shell)? };
    sink::divert(To::Standard);
    if code == 0 { Ok(()) } else { Err(Exit::Code(code)) }
}
