//! `hence test`: finds test files, runs their cases, and keeps what is to be kept.

use std::env::var;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::cli::exit::{CANNOT, Exit, NEGATIVE};
use crate::cli::messages::Reporter;
use crate::cli::session::engine;
use crate::cli::signals::stop_flag;
use crate::cli::test_args::{Test, UnreferencedArg};
use crate::io::find::shown;
use crate::session::options::Options;
use crate::session::session::Refused;
use crate::testing::file::{ENDING, TestFile};
use crate::testing::report::{self, Counts};
use crate::testing::select::Selection;
use crate::testing::snapshot::{self, Unwritten, Update};
use crate::testing::suite::{self, How};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// Tests rule files.
///
/// # Errors
/// That a case fails, or that there is none.
pub fn run(args: &Test, reporter: Reporter) -> Result<(), Exit> {
    let (paths, mut selection) = found(&args.paths)?;
    if paths.is_empty() {
        if args.allow_empty {
            return Ok(());
        }
        let text = "there is no test file here";
        let help = "a test file NAME.test.dl stands beside the rule file NAME.dl; see --help";
        return Err(Exit::from(Diagnostic::new(Code::H0801, text).help(help)));
    }
    selection.part.clone_from(&args.part);
    selection.share = args.shard;
    if args.pending || args.reject {
        return pending(&paths, args.reject);
    }
    let files: Result<Vec<TestFile>, Refused> =
        paths.iter().map(|path| TestFile::read(path)).collect();
    let files = files.map_err(Exit::from)?;
    let options = Options {
        include: args.include.clone(),
        engine: engine(args.engine),
        timeout: Some(args.timeout),
        workers: 1,
        stop: stop_flag(),
        ..Options::default()
    };
    let how = How { options, jobs: args.jobs, fail_fast: args.fail_fast };
    let mut results = suite::run(&files, &how, &|file, case| selection.has(file, case));
    let update = update(args);
    for (file, result) in files.iter().zip(&mut results) {
        snapshot::settle(file, result, update).map_err(|failed| unwritten(&failed))?;
    }
    let counts = Counts::of(&results);
    let mut out = stdout().lock();
    out.write_all(report::text(&results).as_bytes())?;
    writeln!(out, "{}", counts.text())?;
    out.flush()?;
    if selection.is_all()
        && !args.fail_fast
        && let Some(what) = args.unreferenced
    {
        unreferenced(&snapshot::unreferenced(&files, &results), what, reporter)?;
    }
    for line in report::advice(&results).lines() {
        reporter.line(line);
    }
    match (counts.refused, counts.is_good()) {
        (0, true) => Ok(()),
        (0, false) => Err(Exit::Code(NEGATIVE)),
        _ => Err(Exit::Code(CANNOT)),
    }
}

fn unwritten(failed: &Unwritten) -> Exit {
    let text = format!("{} cannot be written: {}", shown(&failed.path), failed.error);
    Exit::from(Diagnostic::new(Code::H0306, text))
}

/// What may be written: what the arguments say, else what `INSTA_UPDATE` says, else nothing where
/// `CI` is set.
fn update(args: &Test) -> Update {
    if args.accept {
        return Update::Accept;
    }
    if args.check {
        return Update::Nothing;
    }
    #[expect(clippy::disallowed_methods, reason = "only cli/ reads the environment")]
    let set = |name: &str| var(name).ok().filter(|value| !value.is_empty());
    let is_ci = set("CI").is_some_and(|value| value != "false" && value != "0");
    match set("INSTA_UPDATE").as_deref() {
        Some("no") => Update::Nothing,
        Some("always" | "force" | "1") => Update::Accept,
        Some("new" | "2") => Update::Pending,
        Some("unseen") => Update::AcceptNew,
        _ if is_ci => Update::Nothing,
        _ => Update::Pending,
    }
}

/// The test files of paths, and the patterns of names that some have.
fn found(paths: &[String]) -> Result<(Vec<PathBuf>, Selection), Exit> {
    let mut selection = Selection::default();
    let mut files: Vec<PathBuf> = Vec::new();
    let mut add = |path: PathBuf| {
        if !files.contains(&path) {
            files.push(path);
        }
    };
    let standard = || {
        let usual: Vec<String> = ["rules", "tests"]
            .iter()
            .filter(|folder| Path::new(folder).is_dir())
            .map(|folder| (*folder).to_owned())
            .collect();
        if usual.is_empty() { vec![".".to_owned()] } else { usual }
    };
    let all = if paths.is_empty() { standard() } else { paths.to_vec() };
    for text in &all {
        let (path, pattern) = text.split_once("::").unwrap_or((text, ""));
        let path = Path::new(path);
        if path.is_dir() {
            walk(path).into_iter().for_each(&mut add);
            continue;
        }
        let file = test_file(path)?;
        if !pattern.is_empty() {
            let pattern = pattern.trim_matches('"').to_owned();
            selection.patterns.push((shown(&file), pattern));
        }
        add(file);
    }
    Ok((files, selection))
}

/// The test file that a path names: itself, or the one beside a rule file.
fn test_file(path: &Path) -> Result<PathBuf, Exit> {
    let refused =
        |text: String, help: &str| Err(Exit::from(Diagnostic::new(Code::H0306, text).help(help)));
    if !path.exists() {
        let help = "name a folder, a test file NAME.test.dl, or the rule file that it tests";
        return refused(format!("{} does not exist", shown(path)), help);
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.ends_with(ENDING) {
        return Ok(path.to_owned());
    }
    let beside = path.with_file_name(format!("{}{ENDING}", name.trim_end_matches(".dl")));
    if beside.is_file() {
        return Ok(beside);
    }
    let help = "a test file stands beside the rule file, as NAME.test.dl";
    refused(format!("{} has no test file", shown(path)), help)
}

/// The test files below a folder that git would see, sorted.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = WalkBuilder::new(folder)
        .require_git(false)
        .build()
        .flatten()
        .map(ignore::DirEntry::into_path)
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(ENDING)))
        .map(|path| path.strip_prefix(".").map(Path::to_owned).unwrap_or(path))
        .collect();
    found.sort();
    found
}

/// Lists or removes what is pending for these test files.
fn pending(files: &[PathBuf], removes: bool) -> Result<(), Exit> {
    let mut out = stdout().lock();
    for path in waiting(files)? {
        let word = if removes { "rejected  " } else { "" };
        if removes {
            snapshot::remove(&path).map_err(|failed| unwritten(&failed))?;
        }
        writeln!(out, "{word}{}", shown(&path))?;
    }
    out.flush()?;
    Ok(())
}

/// What is pending for these test files.
fn waiting(files: &[PathBuf]) -> Result<Vec<PathBuf>, Exit> {
    let mut found = Vec::new();
    for path in files {
        let file = TestFile::read(path).map_err(Exit::from)?;
        found.extend(snapshot::waiting(&file));
    }
    Ok(found)
}

fn unreferenced(paths: &[PathBuf], what: UnreferencedArg, reporter: Reporter) -> Result<(), Exit> {
    for path in paths {
        match what {
            UnreferencedArg::Warn => {
                reporter.line(&format!("no case keeps {}", shown(path)));
            }
            UnreferencedArg::Delete => {
                snapshot::remove(path).map_err(|failed| unwritten(&failed))?;
                reporter.line(&format!("removed {}: no case keeps it", shown(path)));
            }
        }
    }
    Ok(())
}
