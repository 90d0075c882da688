//! `hence run`.

use std::io::{BufWriter, IsTerminal, Write, stderr, stdout};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::base::ids::RelationId;
use crate::cli::args::Run;
use crate::cli::exit::Exit;
use crate::cli::explain_all;
use crate::cli::messages::Reporter;
use crate::cli::progress::Progress;
use crate::cli::run_file::run_file;
use crate::cli::session::options;
use crate::engine::watch::Watch;
use crate::io::find::shown;
use crate::io::output::{Beside, Failed, Output, Written, clear};
use crate::session::session::{Claims, Keep, Session};
use crate::session::stops;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::{counted, grouped};

/// Derives everything, writes the outputs.
///
/// # Errors
/// What is wrong, or why it stopped.
pub fn run(args: &Run, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    let progress = Progress::new(&args.told, reporter)?;
    let result = derive(args, session, reporter, &progress);
    progress.end(result, session.as_ref())
}

fn derive(
    args: &Run,
    session: &mut Option<Session>,
    reporter: Reporter,
    progress: &Arc<Progress>,
) -> Result<Vec<Written>, Exit> {
    let start = progress.start();
    let mut options = options(&args.source.input);
    let watch: Arc<dyn Watch> = Arc::<Progress>::clone(progress);
    options.watch = Some(watch);
    options.input.hashes = into(args).is_some();
    options.profile.clone_from(&args.recorder);
    let session = session.insert(Session::new(options));
    if let Some(file) = into(args).filter(|path| path.exists() && !path.is_dir()) {
        let text = format!("{} is a file; -D takes a folder", shown(file));
        return Err(Exit::from(Diagnostic::new(Code::H0306, text)));
    }
    let keep = if args.why.is_empty() { Keep::Nothing } else { Keep::Input };
    if keep == Keep::Input && args.output.as_deref() == Some(Path::new("-")) {
        let text = "`--why` writes a file beside the outputs; -D - has no place for it";
        return Err(Exit::from(Diagnostic::new(Code::H0701, text)));
    }
    session.load(&args.source.programs)?;
    progress.know(&session.world().program, &session.world().analysis);
    let explained = explain_all::wanted(&session.world().program, &args.why)?;
    session.read_input(keep)?;
    session.evaluate(keep)?;
    let warnings = session.take_warnings();
    progress.warnings(&warnings);
    reporter.print(&warnings, session.files());
    let proofs = match &explained[..] {
        [] => None,
        _ => {
            let folder = args.output.as_deref().unwrap_or_else(|| Path::new("."));
            Some(explain_all::write(session, &explained, folder)?)
        }
    };
    for rest in into(args).into_iter().flat_map(clear) {
        reporter.line(&format!("note: removed {}, left by a run that was killed", shown(&rest)));
    }
    let ready: Vec<(&str, &Path)> =
        proofs.iter().map(|proofs| (explain_all::FILE, proofs.path())).collect();
    let written = write(args, session, &ready, start)?;
    let explains = proofs.is_some();
    if let Some(proofs) = proofs {
        proofs.placed();
    }
    if let Some(folder) = into(args) {
        let rejects = session.world().claims.as_ref().is_some_and(|it| it.rejected.is_some());
        note_old(folder, &[(explain_all::FILE, explains), (REJECTED, rejects)], reporter);
    }
    report_escaped(&written, session, reporter);
    print_sizes(session)?;
    if args.verbose || (stderr().is_terminal() && !args.quiet) {
        reporter.line(&summary(session, &written, warnings.len(), start));
    }
    Ok(written)
}

/// Records that were dropped.
const REJECTED: &str = "rejected.jsonl";

/// Says which files beside the outputs are of an earlier run.
fn note_old(folder: &Path, files: &[(&str, bool)], reporter: Reporter) {
    for (name, _) in files.iter().filter(|(_, is_new)| !is_new) {
        let path = folder.join(name);
        if path.exists() {
            reporter.line(&format!("note: {} is of an earlier run", shown(&path)));
        }
    }
}

/// The folder that was named for the outputs: what is noted of a run goes there.
fn into(args: &Run) -> Option<&Path> {
    args.output.as_deref().filter(|path| *path != Path::new("-"))
}

fn write(
    args: &Run,
    session: &Session,
    ready: &[(&str, &Path)],
    start: Instant,
) -> Result<Vec<Written>, Exit> {
    let world = session.world();
    let limits = &session.options().limits();
    let output = Output { program: &world.program, tables: world.tables(), limits };
    let result = match args.output.as_deref() {
        Some(_) if into(args).is_none() => {
            let mut out = BufWriter::with_capacity(1 << 16, stdout().lock());
            let result = output.print(&mut out);
            out.flush()?;
            result
        }
        folder => {
            let last = |written: &[Written]| match folder {
                Some(_) => beside(session, written, start),
                None => Vec::new(),
            };
            if folder.is_none() && world.program.outputs.is_empty() && ready.is_empty() {
                return Ok(Vec::new());
            }
            let beside = Beside { ready, last: &last };
            output.write(folder.unwrap_or_else(|| Path::new(".")), &beside)
        }
    };
    result.map_err(|failed| match failed {
        Failed::System { path, error } if path == Path::new("standard output") => {
            Exit::Output(error)
        }
        Failed::System { path, error } => {
            let text = format!("{} cannot be written: {error}", shown(&path));
            Exit::from(Diagnostic::new(Code::H0306, text))
        }
        Failed::Stopped(stop) => {
            Exit::from(stops::message(&stop, &world.program, session.options()))
        }
    })
}

/// What stands beside the outputs: what went in and came out, and the records that were dropped.
fn beside(session: &Session, written: &[Written], start: Instant) -> Vec<(String, String)> {
    let mut files = vec![("hence-run.json".to_owned(), run_file(session, written, start))];
    let rejected = session.world().claims.as_ref().and_then(|claims| claims.rejected.clone());
    files.extend(rejected.map(|lines| (REJECTED.to_owned(), lines)));
    files
}

fn report_escaped(written: &[Written], session: &Session, reporter: Reporter) {
    for one in written.iter().filter(|one| one.escaped > 0) {
        let (cells, hold) = if one.escaped == 1 { ("cell", "holds") } else { ("cells", "hold") };
        let n = grouped(one.escaped);
        let text = format!("{n} {cells} of `{}` {hold} a tab or a line end", one.relation);
        let message = Diagnostic::new(Code::L0301, text).note(
            "they are written as \\t, \\n and \\r, since they would read as other rows; a reader \
                 cannot tell them from texts that hold these two characters",
        );
        reporter.print(&[message], session.files());
    }
}

/// The `.printsize` lines.
fn print_sizes(session: &Session) -> Result<(), Exit> {
    let world = session.world();
    let mut out = stdout().lock();
    for &relation in &world.program.printsizes {
        let name = &world.program.relations[relation].name;
        writeln!(out, "{name}\t{}", world.tables().len(relation))?;
    }
    out.flush()?;
    Ok(())
}

fn summary(session: &Session, written: &[Written], warnings: usize, start: Instant) -> String {
    let world = session.world();
    let mut parts = Vec::new();
    if !world.loaded.is_empty() {
        parts.push(counted(world.loaded.len(), "fact file"));
    }
    if let Some(Claims { records, counts, .. }) = &world.claims {
        let claims = counted(counts.claims, "claim");
        parts.push(format!("{} ({claims})", counted(*records, "record")));
        let unread: usize = counts.unread.iter().map(|(_, rows)| rows).sum();
        if unread > 0 {
            parts.push(format!("{} that no rule reads", counted(unread, "row")));
        }
    }
    parts.push(counted(world.input_rows, "input row"));
    let rows: usize = written.iter().map(|one| one.rows).sum();
    parts.push(format!("{} in {}", counted(rows, "row"), counted(written.len(), "output")));
    parts.push(format!("{} ms", start.elapsed().as_millis()));
    let skipped: usize = world.loaded.iter().map(|file| file.bad_lines.len()).sum();
    if skipped > 0 {
        parts.push(format!("{} left out", counted(skipped, "bad row")));
    }
    if warnings > 0 {
        parts.push(counted(warnings, "warning"));
    }
    let outputs: Vec<RelationId> =
        world.program.outputs.iter().map(|directive| directive.relation).collect();
    match session.cautions_of(&outputs).len() {
        0 => {}
        n => parts.push(counted(n, "caution")),
    }
    parts.join(" · ")
}
