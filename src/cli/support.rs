//! `hence support`, `hence sources`, `hence sensitivity`, and the same at the prompt.

use std::io::Write;

use crate::base::ids::{FileId, RelationId};
use crate::cli::answers::{note_others, say};
use crate::cli::args::{ProofFormat, Sensitivity, Sources, Support, last_apart};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::repl::command::Verb;
use crate::cli::session::{open, options, width};
use crate::cli::sink::stdout;
use crate::cli::whatif::programs_apart;
use crate::provenance::search::Budget;
use crate::session::diff::conclusions;
use crate::session::session::{Keep, Session};
use crate::show::support::Extent;
use crate::show::words::Words;
use crate::show::{support as text, support_json as json};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// What is wanted of an answer.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct Ask {
    /// Conclusions that one origin can take down.
    pub fragile: bool,
    /// Claims that repeat others.
    pub echo: bool,
    /// What all proofs have in common.
    pub necessary: bool,
    /// Sets of claims.
    pub claims: bool,
    /// Everything.
    pub full: bool,
    /// How it is printed.
    pub format: ProofFormat,
}

impl Ask {
    /// What the flags of a command of the prompt ask for.
    ///
    /// # Errors
    /// If the command has no such flag.
    pub fn of(flags: &[&str], verb: Verb) -> Result<Self, Exit> {
        let format = ProofFormat::Text;
        let mut ask = Self::plain(false, format);
        for flag in flags {
            match (*flag, verb) {
                ("--full", _) => ask.full = true,
                ("--claims", Verb::Support) => ask.claims = true,
                ("--fragile", Verb::Sources) => ask.fragile = true,
                ("--echo", Verb::Sources) => ask.echo = true,
                ("--necessary", Verb::Sources) => ask.necessary = true,
                _ => {
                    let text = format!("no flag `{flag}` here");
                    return Err(Exit::from(Diagnostic::new(Code::H0701, text)));
                }
            }
        }
        Ok(ask)
    }

    fn plain(full: bool, format: ProofFormat) -> Self {
        Self { fragile: false, echo: false, necessary: false, claims: false, full, format }
    }

    fn extent(self) -> Extent {
        Extent { width: width(stdout().is_terminal()), full: self.full, claims: self.claims }
    }
}

/// Shows what is enough for a conclusion.
///
/// # Errors
/// What is wrong, or that the atom does not hold.
pub fn support(
    args: &Support,
    session: &mut Option<Session>,
    reporter: Reporter,
) -> Result<(), Exit> {
    let (atom, programs) =
        last_apart(&args.programs_and_atom, "the atom").map_err(|missing| *missing)?;
    let session = open(session, options(&args.input), (&programs, Keep::Input), reporter)?;
    let file = session.files_mut().add("question", atom);
    let ask = Ask { claims: args.claims, ..Ask::plain(args.full, args.format) };
    print_support(session, file, (View::Sets, ask), reporter)
}

/// Shows who says what conclusions rest on.
///
/// # Errors
/// What is wrong, or that the atom does not hold.
pub fn sources(
    args: &Sources,
    session: &mut Option<Session>,
    reporter: Reporter,
) -> Result<(), Exit> {
    let (programs, more) = programs_apart(&args.programs_and_more)?;
    let session = open(session, options(&args.input), (&programs, Keep::Input), reporter)?;
    let (fragile, echo, necessary) = (args.fragile, args.echo, args.necessary);
    let ask = Ask { fragile, echo, necessary, ..Ask::plain(args.full, args.format) };
    match more.as_slice() {
        [atom] if atom.contains('(') && !fragile && !echo && !necessary => {
            let file = session.files_mut().add("question", atom.clone());
            print_support(session, file, (View::Accounts, ask), reporter)
        }
        relations => print_sources(session, relations, ask),
    }
}

/// Shows what changes without each source.
///
/// # Errors
/// What is wrong.
pub fn sensitivity(
    args: &Sensitivity,
    session: &mut Option<Session>,
    reporter: Reporter,
) -> Result<(), Exit> {
    let (programs, relations) = programs_apart(&args.programs_and_relations)?;
    let session = open(session, options(&args.input), (&programs, Keep::Input), reporter)?;
    let ask = Ask::plain(args.full, args.format);
    print_sensitivity(session, &relations, ask)
}

/// What is said of a conclusion from what is enough for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// The sets that are enough.
    Sets,
    /// Who says what it rests on.
    Accounts,
}

/// Prints what is enough for the atom in `file`, or who says it.
///
/// # Errors
/// What is wrong with the atom, or that it does not hold.
pub fn print_support(
    session: &mut Session,
    file: FileId,
    (view, ask): (View, Ask),
    reporter: Reporter,
) -> Result<(), Exit> {
    session.place_rows();
    let explainer = session.explainer();
    let support = session.support(&explainer, file, Budget::WIDE)?;
    let words = Words { given: explainer.given(), files: session.files() };
    let text = || match view {
        View::Sets => text::support(words, &support, ask.extent()),
        View::Accounts => text::accounts(words, &support, ask.extent()),
    };
    say(ask.format, text, || json::support(words, &support))?;
    note_others(support.matching, reporter);
    Ok(())
}

/// Prints what each source gives, what one origin can take down, or what is an echo.
///
/// # Errors
/// If there are no claims, a relation is not known, or it is stopped.
pub fn print_sources(session: &Session, relations: &[String], ask: Ask) -> Result<(), Exit> {
    let relations = known(session, relations)?;
    let explainer = session.explainer();
    let words = Words { given: explainer.given(), files: session.files() };
    let extent = ask.extent();
    let is_json = ask.format == ProofFormat::Json;
    let printed = match (ask.fragile, ask.echo) {
        _ if ask.necessary => {
            let needed = session.necessary(&relations)?;
            if is_json {
                json::necessary(words, &needed)
            } else {
                text::necessary(words, &needed, extent)
            }
        }
        (true, _) => {
            let fragile = session.fragile(&relations)?;
            if is_json {
                json::fragile(words, &fragile)
            } else {
                text::fragile(words, &fragile, extent)
            }
        }
        (false, true) => {
            let (echoes, passing) = (session.echoes()?, session.passing_on());
            if is_json {
                json::echoes(&echoes, &passing)
            } else {
                format!("{}{}", text::echoes(words, &echoes), text::passing_on(words, &passing))
            }
        }
        (false, false) => {
            let given = session.sources_given(&relations)?;
            if is_json {
                json::sources(words, &given)
            } else {
                text::sources(words, &given, extent)
            }
        }
    };
    let mut out = stdout().lock();
    writeln!(out, "{}", printed.trim_end())?;
    out.flush()?;
    Ok(())
}

/// Prints what changes without each source.
///
/// # Errors
/// If there are no claims, a relation is not known, or it is stopped.
pub fn print_sensitivity(session: &Session, relations: &[String], ask: Ask) -> Result<(), Exit> {
    let relations = known(session, relations)?;
    let scenarios = session.sensitivity(&relations)?;
    let explainer = session.explainer();
    let words = Words { given: explainer.given(), files: session.files() };
    let compared = match relations.as_slice() {
        [] => conclusions(&session.world().program),
        named => named.to_vec(),
    };
    let text = || text::sensitivity(words, (&scenarios, &compared), ask.extent());
    Ok(say(ask.format, text, || json::sensitivity(words, &scenarios))?)
}

fn known(session: &Session, names: &[String]) -> Result<Vec<RelationId>, Exit> {
    let mut found = Vec::new();
    for name in names {
        found.push(session.relation(name)?);
    }
    Ok(found)
}
