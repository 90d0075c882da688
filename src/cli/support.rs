//! `hence support`, `hence sources`, `hence sensitivity`, and the same at the prompt.

use std::io::{IsTerminal, Write, stdout};

use crate::base::ids::{FileId, RelationId};
use crate::cli::args::{ProofFormat, Sensitivity, Sources, Support, last_apart};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::repl::command::Verb;
use crate::cli::session::{options, width};
use crate::cli::whatif::programs_apart;
use crate::io::input::grouped;
use crate::provenance::search::Budget;
use crate::session::ask::relation;
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

    fn extent(self, out: &impl IsTerminal) -> Extent {
        let width = width(out.is_terminal());
        Extent { width, full: self.full, claims: self.claims }
    }
}

/// The flags of what was typed, and the rest.
#[must_use]
pub fn flags(rest: &str) -> (Vec<&str>, String) {
    let (mut flags, mut rest) = (Vec::new(), rest.trim());
    loop {
        let (first, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if first.starts_with("--") {
            flags.push(first);
            rest = after.trim();
            continue;
        }
        let (before, last) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
        if !last.starts_with("--") {
            return (flags, rest.to_owned());
        }
        flags.push(last);
        rest = before.trim();
    }
}

/// The flags of what was typed, and its other words.
#[must_use]
pub fn words(rest: &str) -> (Vec<&str>, Vec<String>) {
    let (flags, others): (Vec<&str>, Vec<&str>) =
        rest.split_whitespace().partition(|word| word.starts_with("--"));
    (flags, others.into_iter().map(str::to_owned).collect())
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
    let session = session.insert(Session::new(options(&args.input)));
    let (atom, programs) =
        last_apart(&args.programs_and_atom, "the atom").map_err(|missing| *missing)?;
    session.run(&programs, Keep::Input)?;
    warn(session, reporter);
    let file = session.files_mut().add("question", atom);
    let ask = Ask { claims: args.claims, ..Ask::plain(args.full, args.format) };
    print_support(session, file, ask, reporter)
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
    let session = session.insert(Session::new(options(&args.input)));
    let (programs, more) = programs_apart(&args.programs_and_more)?;
    session.run(&programs, Keep::Input)?;
    warn(session, reporter);
    let (fragile, echo, necessary) = (args.fragile, args.echo, args.necessary);
    let ask = Ask { fragile, echo, necessary, ..Ask::plain(args.full, args.format) };
    match more.as_slice() {
        [atom] if atom.contains('(') && !fragile && !echo && !necessary => {
            let file = session.files_mut().add("question", atom.clone());
            print_accounts(session, file, ask, reporter)
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
    let session = session.insert(Session::new(options(&args.input)));
    let (programs, relations) = programs_apart(&args.programs_and_relations)?;
    session.run(&programs, Keep::Input)?;
    warn(session, reporter);
    let ask = Ask::plain(args.full, args.format);
    print_sensitivity(session, &relations, ask)
}

fn warn(session: &mut Session, reporter: Reporter) {
    let warnings = session.take_warnings_of_questions();
    reporter.print(&warnings, session.files());
}

/// Prints what is enough for the atom in `file`.
///
/// # Errors
/// What is wrong with the atom, or that it does not hold.
pub fn print_support(
    session: &mut Session,
    file: FileId,
    ask: Ask,
    reporter: Reporter,
) -> Result<(), Exit> {
    session.place_rows();
    let explainer = session.explainer();
    let support = session.support(&explainer, file, Budget::WIDE)?;
    let words = Words { given: explainer.given(), files: session.files() };
    let mut out = stdout().lock();
    match ask.format {
        ProofFormat::Text => {
            let extent = ask.extent(&out);
            out.write_all(text::support(words, &support, extent).as_bytes())?;
        }
        ProofFormat::Json => writeln!(out, "{}", json::support(words, &support))?,
    }
    out.flush()?;
    note_others(support.matching, reporter);
    Ok(())
}

/// Prints who says what the atom in `file` rests on.
///
/// # Errors
/// What is wrong with the atom, or that it does not hold.
pub fn print_accounts(
    session: &mut Session,
    file: FileId,
    ask: Ask,
    reporter: Reporter,
) -> Result<(), Exit> {
    session.place_rows();
    let explainer = session.explainer();
    let support = session.support(&explainer, file, Budget::WIDE)?;
    let words = Words { given: explainer.given(), files: session.files() };
    let mut out = stdout().lock();
    match ask.format {
        ProofFormat::Text => {
            let extent = ask.extent(&out);
            out.write_all(text::accounts(words, &support, extent).as_bytes())?;
        }
        ProofFormat::Json => writeln!(out, "{}", json::support(words, &support))?,
    }
    out.flush()?;
    note_others(support.matching, reporter);
    Ok(())
}

fn note_others(matching: usize, reporter: Reporter) {
    if matching > 1 {
        let n = grouped(matching);
        reporter.line(&format!("note: {n} tuples match; this is the first of them"));
    }
}

/// Prints what each source gives, what one origin can take down, or what is an echo.
///
/// # Errors
/// If there are no claims, a relation is not known, or it is stopped.
pub fn print_sources(session: &Session, relations: &[String], ask: Ask) -> Result<(), Exit> {
    let relations = known(session, relations)?;
    let explainer = session.explainer();
    let words = Words { given: explainer.given(), files: session.files() };
    let mut out = stdout().lock();
    let extent = ask.extent(&out);
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
    let mut out = stdout().lock();
    match ask.format {
        ProofFormat::Text => {
            let extent = ask.extent(&out);
            let compared = match relations.as_slice() {
                [] => conclusions(&session.world().program),
                named => named.to_vec(),
            };
            let text = text::sensitivity(words, (&scenarios, &compared), extent);
            out.write_all(text.as_bytes())?;
        }
        ProofFormat::Json => writeln!(out, "{}", json::sensitivity(words, &scenarios))?,
    }
    out.flush()?;
    Ok(())
}

fn known(session: &Session, names: &[String]) -> Result<Vec<RelationId>, Exit> {
    let mut found = Vec::new();
    for name in names {
        found.push(relation(&session.world().program, name)?);
    }
    Ok(found)
}
