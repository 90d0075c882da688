//! Opens the session of a command: its options, its run and what is to be said of it; the width
//! of the terminal.

use std::env::var;
use std::io;
use std::path::PathBuf;

use terminal_size::{Width, terminal_size_of};

use crate::claims::load::{self as claims, BadRecords, Outside, Ungrounded};
use crate::cli::args::{BadRowsArg, EngineArg, Input, UngroundedArg};
use crate::cli::config::facts_by;
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::signals::stop_flag;
use crate::cli::sink::stdout;
use crate::engine::limits::Limits;
use crate::io::input::{BadRows, Settings};
use crate::session::options::{Engine, Options};
use crate::session::session::{Keep, Session};

/// Runs the programs in a new session and prints what they are warned of. The session stands in
/// `slot`, where the messages of an error find the texts that they point into.
///
/// # Errors
/// What is wrong with the programs or their input, or why they stopped.
pub fn open<'s>(
    slot: &'s mut Option<Session>,
    options: Options,
    (programs, keep): (&[PathBuf], Keep),
    reporter: Reporter,
) -> Result<&'s mut Session, Exit> {
    let session = slot.insert(Session::new(options));
    session.run(programs, keep)?;
    let warnings = session.take_warnings_of_questions();
    reporter.print(&warnings, session.files());
    Ok(session)
}

/// The options of a session.
#[must_use]
pub fn options(input: &Input) -> Options {
    let evaluation = &input.evaluation;
    Options {
        include: input.include.clone(),
        facts: input.facts.clone(),
        facts_by: facts_by(&input.facts),
        engine: engine(evaluation.engine),
        input: Settings {
            bad_rows: match input.bad_rows {
                BadRowsArg::Stop => BadRows::Stop,
                BadRowsArg::Skip => BadRows::Skip,
            },
            allow_missing: input.allow_missing,
            ..Settings::default()
        },
        claims: claims::Options {
            bad_records: if input.claims.lenient { BadRecords::Drop } else { BadRecords::Stop },
            ungrounded: match input.claims.ungrounded {
                UngroundedArg::Refuse => Ungrounded::Refuse,
                UngroundedArg::Keep => Ungrounded::Keep,
            },
            outside: if input.claims.allow_outside { Outside::Allow } else { Outside::Refuse },
        },
        workers: evaluation.jobs,
        alone: Limits::default().alone,
        rounds_max: (evaluation.max_rounds > 0).then_some(evaluation.max_rounds),
        timeout: evaluation.timeout,
        stop: stop_flag(),
        profile: None,
        watch: None,
    }
}

/// Columns of a text that does not go to a terminal.
const WIDTH: usize = 100;

/// The columns that a text on standard output may fill.
#[must_use]
pub fn columns() -> usize {
    width(stdout().is_terminal()).unwrap_or(WIDTH)
}

/// The engine of an argument.
#[must_use]
pub fn engine(asked: EngineArg) -> Engine {
    match asked {
        EngineArg::Naive => Engine::Naive,
        EngineArg::Native => Engine::Native,
    }
}

/// The width of the terminal, if answers go to one: what `COLUMNS` says, or what it has.
#[must_use]
pub fn width(terminal: bool) -> Option<usize> {
    if !terminal {
        return None;
    }
    #[expect(clippy::disallowed_methods, reason = "only cli/ reads the environment")]
    let columns = var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let real = || terminal_size_of(io::stdout()).map(|(Width(columns), _)| usize::from(columns));
    Some(columns.or_else(real).filter(|columns| *columns > 0).unwrap_or(WIDTH))
}
