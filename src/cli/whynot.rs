//! `hence whynot`, and `.whynot` at the prompt.

use clap::Parser;

use crate::base::ids::FileId;
use crate::cli::answers::say;
use crate::cli::args::{ProofFormat, Search, Whynot, last_apart};
use crate::cli::exit::{self, Exit};
use crate::cli::messages::Reporter;
use crate::cli::repl::command::Verb;
use crate::cli::repl::words::apart;
use crate::cli::session::{columns, open, options};
use crate::provenance::whynot::Effort;
use crate::session::session::{Keep, Session};
use crate::session::whynot::Refuted;
use crate::show::whynot::{WhyNotOptions, holds, reason, whynot};
use crate::show::whynot_json;
use crate::show::words::Words;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// Shows why an atom does not hold.
///
/// # Errors
/// What is wrong, or that the atom holds.
pub fn run(args: &Whynot, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let (atom, programs) =
        last_apart(&args.programs_and_atom, "the atom").map_err(|missing| *missing)?;
    let session = open(session, options(&args.input), (&programs, Keep::Input), reporter)?;
    let file = session.files_mut().add("question", atom);
    show(session, file, args.format, args.search)
}

/// Shows it at the prompt: options stand before the atom or after it.
///
/// # Errors
/// What is wrong, or that the atom holds.
pub fn at_prompt(session: &mut Session, rest: &str) -> Result<(), Exit> {
    let (words, atom) = apart(Verb::Whynot, rest);
    let search = Search::try_parse_from(words).map_err(|error| {
        let text = error.to_string();
        let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Exit::from(Diagnostic::new(Code::H0701, text).help("`.help .whynot` lists the options"))
    })?;
    if atom.is_empty() {
        let help = "give an atom that does not hold: .whynot reach(\"c\", \"a\")";
        return Err(Exit::from(Diagnostic::new(Code::H0701, "an atom is missing").help(help)));
    }
    let file = session.files_mut().add("whynot", atom);
    show(session, file, ProofFormat::Text, search)
}

/// For an empty answer to the question in `file`: what comes nearest, if the question is an atom and
/// a rule nearly gives it.
#[must_use]
pub fn nearest(session: &Session, file: FileId) -> Option<String> {
    let refuter = session.refuter();
    let answer = session.nearest_miss(&refuter, file)?;
    reason(Words { given: refuter.given(), files: session.files() }, &answer)
}

fn show(
    session: &mut Session,
    file: FileId,
    format: ProofFormat,
    search: Search,
) -> Result<(), Exit> {
    session.place_rows();
    let refuter = session.refuter();
    let effort =
        Effort { shown: search.top, depth: search.depth, all: search.all, ..Effort::default() };
    let words = Words { given: refuter.given(), files: session.files() };
    let (answer, repairs) = match session.whynot(&refuter, file, effort)? {
        Refuted::Not(answer, repairs) => (answer, repairs),
        Refuted::Holds(asked, tuple) => {
            let text = || holds(words, &asked, &tuple) + "\n";
            say(format, text, || whynot_json::holds(words, &asked, &tuple))?;
            return Err(Exit::Code(exit::NEGATIVE));
        }
    };
    let options = WhyNotOptions { width: columns(), locations: true };
    let text = || whynot(words, &answer, &repairs, options);
    Ok(say(format, text, || whynot_json::whynot(words, &answer, &repairs))?)
}
