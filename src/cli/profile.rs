//! `hence run --profile` and `.profile`: what each rule costs.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::cli::args::{EngineArg, Run};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::repl::shell::Shell;
use crate::cli::run;
use crate::cli::sink::stdout;
use crate::engine::profile::{Profile, Recorder};
use crate::io::find::shown;
use crate::io::output::replace;
use crate::session::session::{Session, World};
use crate::show::answer::Format;
use crate::show::profile::{Profiled, json, text};
use crate::show::table::TableOptions;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// `hence run`: with `--profile` what it cost is told, also if it stopped.
///
/// # Errors
/// What is wrong, or why it stopped.
pub fn run(args: &Run, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let Some(file) = &args.profile else { return run::run(args, session, reporter) };
    if args.source.input.evaluation.engine == EngineArg::Naive {
        let text = "`--profile` measures the native engine, not `--engine naive`";
        return Err(Exit::from(Diagnostic::new(Code::H0701, text)));
    }
    let recorder = Arc::new(Recorder::default());
    let args = Run { recorder: Some(Arc::clone(&recorder)), ..args.clone() };
    let result = run::run(&args, session, reporter);
    let profile = recorder.take();
    if let Some(session) = session
        && !profile.strata.is_empty()
    {
        let profiled = profiled(session, &profile);
        match file {
            Some(path) => write(path, profiled)?,
            None => reporter.document(&text(profiled, TableOptions::default()), || json(profiled)),
        }
    }
    result
}

fn write(path: &Path, profiled: Profiled<'_>) -> Result<(), Exit> {
    replace(path, &format!("{:#}\n", json(profiled))).map_err(|error| {
        let text = format!("{} cannot be written: {error}", shown(path));
        Exit::from(Diagnostic::new(Code::H0306, text))
    })
}

fn profiled<'a>(session: &'a Session, profile: &'a Profile) -> Profiled<'a> {
    let World { program, analysis, .. } = session.world();
    Profiled { profile, program, analysis, files: session.files() }
}

/// Derives everything once more and prints what it costs.
///
/// # Errors
/// If it stops, or the output cannot be written.
pub fn at_prompt(shell: &Shell, rest: &str) -> Result<(), Exit> {
    let rows_max = match rest {
        "" => None,
        n => Some(n.parse().map_err(|_| {
            let text = format!("`{n}` is no number of rules");
            Exit::from(Diagnostic::new(Code::H0701, text).help("for example `.profile 5`"))
        })?),
    };
    let profile = shell.session.profile()?;
    let profiled = profiled(&shell.session, &profile);
    let mut out = stdout();
    if matches!(shell.settings.format, Format::Json | Format::Jsonl) {
        writeln!(out, "{}", json(profiled))?;
        return Ok(());
    }
    let width = shell.answer_width();
    let options = TableOptions { width, rows_max, ..TableOptions::default() };
    out.write_all(text(profiled, options).as_bytes())?;
    Ok(())
}
