//! From the command line to the options of a session; the width of the terminal.

use std::env::var;
use std::io::stdout;

use terminal_size::{Width, terminal_size_of};

use crate::claims::load::{self as claims, BadRecords, Outside, Ungrounded};
use crate::cli::args::{BadRowsArg, EngineArg, Input, UngroundedArg};
use crate::cli::signals::stop_flag;
use crate::io::input::{BadRows, Settings};
use crate::session::options::{Engine, Options};

/// The options of a session.
#[must_use]
pub fn options(input: &Input) -> Options {
    let evaluation = &input.evaluation;
    Options {
        include: input.include.clone(),
        facts: input.facts.clone(),
        engine: match evaluation.engine {
            EngineArg::Naive => Engine::Naive,
            EngineArg::Native => Engine::Native,
        },
        input: Settings {
            bad_rows: match input.bad_rows {
                BadRowsArg::Stop => BadRows::Stop,
                BadRowsArg::Skip => BadRows::Skip,
            },
            allow_missing: input.allow_missing,
            hashes: false,
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
        rounds_max: (evaluation.max_rounds > 0).then_some(evaluation.max_rounds),
        timeout: evaluation.timeout,
        stop: stop_flag(),
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
    let real = || terminal_size_of(stdout()).map(|(Width(columns), _)| usize::from(columns));
    Some(columns.or_else(real).filter(|columns| *columns > 0).unwrap_or(100))
}
