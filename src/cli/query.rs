//! `hence query`.

use std::io::{IsTerminal, Write, stdout};

use crate::cli::answers;
use crate::cli::args::{Query, last_apart};
use crate::cli::exit::{Exit, NEGATIVE};
use crate::cli::messages::Reporter;
use crate::cli::repl::command;
use crate::cli::session::{open, options, width};
use crate::cli::whynot;
use crate::session::ask::relation;
use crate::session::session::{Keep, Session};

/// Answers one question.
///
/// # Errors
/// What is wrong, or why it stopped; or that there is no answer, with `-e`.
///
/// # Panics
/// Never: the parser asks for two arguments.
pub fn run(args: &Query, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let (body, programs) =
        last_apart(&args.programs_and_body, "the question").map_err(|missing| *missing)?;
    let keep = if args.status { Keep::Input } else { Keep::Nothing };
    let session = open(session, options(&args.input), (&programs, keep), reporter)?;
    let file = session.files_mut().add("question", body);
    let word = body.trim().trim_end_matches(['.', '?']);
    // The bare name of a relation asks for all its rows, as at the prompt.
    let mut answer = if command::is_word(word) {
        session.rows(relation(&session.world().program, word)?)?
    } else {
        session.query(file)?
    };
    if args.status {
        session.add_status(&mut answer)?;
    }
    let mut out = stdout().lock();
    answers::print(&answer, args.format, answers::Layout::of(width(out.is_terminal())), &mut out)?;
    out.flush()?;
    reporter.print(&answer.warnings, session.files());
    if let Some(reason) = &answer.reason {
        reporter.line(&format!("note: no answer: {reason}"));
        if !command::is_word(word)
            && let Some(nearest) = whynot::nearest(session, file)
        {
            reporter.line(&format!("note: nearest: {nearest}"));
        }
    }
    if args.exit_status && answer.rows.is_empty() {
        return Err(Exit::Code(NEGATIVE));
    }
    Ok(())
}
