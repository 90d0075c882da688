//! From the command line to a [`Session`], and Ctrl-C.

use std::env::var;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::claims::load::{self as claims, BadRecords, Outside, Ungrounded};
use crate::cli::args::{BadRowsArg, EngineArg, Input, UngroundedArg};
use crate::cli::exit::INTERRUPTED;
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

/// A flag that Ctrl-C sets; the second Ctrl-C before the flag is cleared ends the process.
fn stop_flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            #[expect(clippy::exit, reason = "the second Ctrl-C ends at once")]
            exit(i32::from(INTERRUPTED));
        }
    };
    // Without a handler Ctrl-C ends the process, which is what it does elsewhere.
    ctrlc::set_handler(handler).unwrap_or(());
    stop
}

/// The width of the terminal, if answers go to one.
#[must_use]
pub fn width(terminal: bool) -> Option<usize> {
    if !terminal {
        return None;
    }
    #[expect(clippy::disallowed_methods, reason = "only cli/ reads the environment")]
    let columns = var("COLUMNS").ok().and_then(|text| text.parse().ok());
    Some(columns.unwrap_or(100))
}
