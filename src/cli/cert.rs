//! `hence cert` and `hence verify`.

use std::fs::{self, File};
use std::io::{self, Read, Write, stdout};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::cli::cert_args::{Cert, CertFormat, LevelArg, Verify};
use crate::cli::exit::{Exit, NEGATIVE};
use crate::cli::messages::Reporter;
use crate::cli::session::{open, options};
use crate::engine::limits::Limits;
use crate::io::output::replace;
use crate::provenance::certificate::Level;
use crate::session::session::{Keep, Session};
use crate::session::stops;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::hostile::lines_visible;
use crate::verify::verifier::{Verifier, verify};

/// Bytes by which what was written before is known.
const BEGINNING: usize = 10;

/// Writes a certificate.
///
/// # Errors
/// What is wrong with program, input or goals.
pub fn run(args: &Cert, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let mut options = options(&args.input);
    options.input.hashes = true;
    let is_program = |text: &&String| text.ends_with(".dl") || Path::new(text).is_file();
    let all = &args.programs_and_goals;
    let programs: Vec<PathBuf> = all.iter().take_while(is_program).map(PathBuf::from).collect();
    let session = open(session, options, (&programs, Keep::Input), reporter)?;
    session.place_rows();
    let goals = &all[programs.len()..];
    let mut wanted = if goals.is_empty() { session.outputs()? } else { Default::default() };
    for goal in goals {
        let file = session.files_mut().add("goal", goal.as_str());
        session.want(file, &mut wanted)?;
    }
    let text = match args.format {
        CertFormat::Jsonl => {
            let level = match args.level {
                LevelArg::Proof => Level::Proof,
                LevelArg::Model => Level::Model,
            };
            let lines = session.certificate(wanted, level)?;
            lines.iter().flat_map(|line| [line, "\n"]).collect()
        }
        CertFormat::Lean => session.ordered_graph(wanted)?,
    };
    match &args.output {
        None => stdout().lock().write_all(text.as_bytes())?,
        Some(path) => write(path, &text)?,
    }
    Ok(())
}

/// Writes a file. One that is there is only replaced if it begins as the new one does: it may be
/// a rule file or a claims file whose name was typed by mistake.
fn write(path: &Path, text: &str) -> Result<(), Exit> {
    let refused =
        |why: String| Exit::System(format!("{} cannot be written: {why}", path.display()));
    let start = text.as_bytes().get(..BEGINNING).unwrap_or(text.as_bytes());
    // What is no ordinary file, a pipe or a device, is not read: that may never end.
    if path.is_file()
        && let Ok(old) = beginning(path)
        && !old.is_empty()
        && !old.starts_with(start)
    {
        return Err(refused("there is a file that is no certificate; give another name".into()));
    }
    replace(path, text).map_err(|error| refused(error.to_string()))
}

/// The first bytes of a file.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "the command reads what it would replace")]
    let file = File::open(path)?;
    let mut bytes = Vec::with_capacity(BEGINNING);
    file.take(BEGINNING as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Tells the checker when to stop.
fn stop(limits: &Limits) -> Option<Rc<dyn Fn() -> bool>> {
    let limits = limits.clone();
    Some(Rc::new(move || limits.check().is_err()))
}

/// Checks a certificate.
///
/// # Errors
/// If it is refused, or something cannot be read.
pub fn check(args: &Verify, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    #[expect(clippy::disallowed_methods, reason = "the command reads this file")]
    let read = fs::read_to_string(&args.certificate);
    let name = args.certificate.display();
    let text = read.map_err(|error| Exit::System(format!("{name} cannot be read: {error}")))?;
    let compares_input = !args.input.facts.is_empty();
    if compares_input && args.programs.is_empty() {
        let message = Diagnostic::new(Code::H0701, "-F is given without rule files")
            .help("give those of the certificate too: they say what the columns of the input are");
        return Err(message.into());
    }
    let mut options = options(&args.input);
    options.input.hashes = true;
    let limits = options.limits();
    let session = session.insert(Session::new(options));
    let mut verifier = Verifier::new(None, stop(&limits));
    if !args.programs.is_empty() {
        session.load(&args.programs)?;
        if compares_input {
            session.read_input(Keep::Input)?;
            reporter.print(&session.take_warnings_of_questions(), session.files());
            session.place_rows();
        }
        let mut given = Verifier::default();
        for line in session.certified(compares_input) {
            given.line(&line).map_err(|reason| Exit::Bug(format!("{reason}: {line}")))?;
        }
        verifier = Verifier::new(Some(Rc::new(given)), stop(&limits));
    }
    let verdict = verify(&text, verifier);
    if let Err(stop) = limits.check() {
        return Err(stops::ended(&stop, session.options()).into());
    }
    match verdict {
        Ok(summary) => writeln!(stdout().lock(), "{summary}")?,
        Err((line, reason)) => {
            let text = format!("refused: {name}:{line}: {reason}");
            writeln!(stdout().lock(), "{}", lines_visible(&text))?;
            return Err(Exit::Code(NEGATIVE));
        }
    }
    Ok(())
}
