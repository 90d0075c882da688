//! `hence diff`: two folders that `hence run -D` has written.

use std::io::{Write, stdout};

use crate::cli::args::{Diff, ProofFormat};
use crate::cli::exit::{Exit, NEGATIVE};
use crate::cli::messages::Reporter;
use crate::cli::session::columns;
use crate::cli::signals::stop_flag;
use crate::cli::whatif::part;
use crate::session::options::Options;
use crate::session::runs::Runs;
use crate::session::session::Session;
use crate::show::difference::{self, Told};
use crate::show::runs;
use crate::show::words::Words;

/// Shows what the second run has otherwise, and what went in differently.
///
/// # Errors
/// If a folder is no run, or the runs differ.
pub fn run(args: &Diff, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let options = Options { stop: stop_flag(), ..Options::default() };
    let mut both = Runs::read(&args.old, &args.new, options)?;
    let found = part(&mut both.session, &args.relations);
    let part = match found {
        Ok(part) => part,
        Err(exit) => {
            // The messages point into the texts of this session.
            *session = Some(both.session);
            return Err(exit);
        }
    };
    let (difference, warnings) = both.difference(&part)?;
    reporter.print(&warnings, both.session.files());
    let causes = both.causes(&args.was);
    let (because, warnings) = both.because(&difference, &causes)?;
    reporter.print(&warnings, both.session.files());
    let mut out = stdout().lock();
    let told = Told {
        words: Words { given: both.session.world().given(), files: both.session.files() },
        made: None,
        causes: &causes,
        because: &because,
        difference: &difference,
        is_named: part.is_named(),
        width: columns(),
    };
    match args.format {
        ProofFormat::Text => {
            for (relation, what) in &both.apart {
                writeln!(out, "{relation} {what}")?;
            }
            out.write_all(difference::text(told).as_bytes())?;
            out.write_all(runs::causes(told).as_bytes())?;
        }
        ProofFormat::Json => writeln!(out, "{}", difference::document(told))?,
    }
    out.flush()?;
    if difference.is_empty() && both.apart.is_empty() {
        return Ok(());
    }
    Err(Exit::Code(NEGATIVE))
}
