//! `hence test`: finds test files, runs their cases, and keeps what is to be kept.

use std::env::var;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, SystemTime};

use ignore::WalkBuilder;

use crate::cli::exit::{CANNOT, Exit, INTERRUPTED, NEGATIVE};
use crate::cli::messages::Reporter;
use crate::cli::review;
use crate::cli::signals::stop_flag;
use crate::cli::sink::stdout;
use crate::cli::test_args::{CoverageFormat, Test, TestEngine, TestFormat, UnreferencedArg};
use crate::cli::test_last::{self, Hashes};
use crate::io::find::shown;
use crate::io::library::{self, Origin};
use crate::session::options::{Engine, Options};
use crate::session::session::Refused;
use crate::testing::coverage::Coverage;
use crate::testing::file::{ENDING, TestFile};
use crate::testing::outcome::FileResult;
use crate::testing::report::{self, Counts};
use crate::testing::select::Selection;
use crate::testing::snapshot::{self, Update};
use crate::testing::suite::{self, How, Order};
use crate::testing::{coverage_html, coverage_text, report_json};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::numbers::counted;

/// Time between two looks at the files.
const POLL: Duration = Duration::from_millis(300);

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
    if args.review {
        return review::run(&waiting(&paths)?);
    }
    if !args.watch {
        return once(args, &paths, selection, reporter);
    }
    let stop = stop_flag();
    let mut seen = None;
    while !stop.load(Ordering::Relaxed) {
        let now = stamps(&paths);
        if seen.as_ref() != Some(&now) {
            seen = Some(now);
            if stdout().is_terminal() {
                write!(stdout(), "\x1b[2J\x1b[H")?;
            }
            // What fails is on the screen; the next change may mend it.
            match once(args, &paths, selection.clone(), reporter) {
                Ok(()) | Err(Exit::Code(_)) => {}
                Err(Exit::Refused(messages)) => reporter.print(&messages, &Files::new()),
                Err(exit) => return Err(exit),
            }
        }
        thread::sleep(POLL);
    }
    Err(Exit::Code(INTERRUPTED))
}

/// Runs the cases and says what came of them.
fn once(
    args: &Test,
    paths: &[PathBuf],
    mut selection: Selection,
    reporter: Reporter,
) -> Result<(), Exit> {
    let files: Result<Vec<TestFile>, Refused> =
        paths.iter().map(|path| TestFile::read(path)).collect();
    let files = files.map_err(Exit::from)?;
    for file in files.iter().filter(|file| file.cases.is_empty() && file.messages.is_empty()) {
        let name = file.name();
        reporter.line(&format!("warning: {name} has no case: one begins with //@ test \"NAME\""));
    }
    if let Some(name) = selection.nameless(&files).filter(|_| !args.allow_empty) {
        let message = Diagnostic::new(Code::H0801, format!("no case is named “{name}”"))
            .help("the name is what stands after //@ test; * and ? stand for any characters");
        return Err(Exit::from(message));
    }
    if args.failed {
        selection.only = test_last::failed(&files);
    }
    let is_noted = args.changed || test_last::is_there();
    let hashes =
        if is_noted { test_last::hashes(&files, &args.include) } else { Hashes::default() };
    let files = if args.changed { changed(files, &hashes, reporter) } else { files };
    let how = how(args);
    let mut results = suite::run(&files, &how, &|file, case| selection.has(file, case));
    if how.options.stop.load(Ordering::Relaxed) {
        return Err(Exit::Code(INTERRUPTED));
    }
    let update = update(args);
    for (file, result) in files.iter().zip(&mut results) {
        snapshot::settle(file, result, update)?;
    }
    if update != Update::Nothing {
        test_last::note(&files, &results, &hashes)?;
    }
    if let Some(path) = &args.junit {
        let xml = report_json::junit(&results);
        snapshot::write(path, &xml)?;
    }
    let coverage = is_covered(args).then(|| suite::coverage(&mut results));
    print(args, &results, coverage.as_ref())?;
    if selection.is_all()
        && !args.fail_fast
        && let Some(what) = args.unreferenced
    {
        unreferenced(&snapshot::unreferenced(&files, &results), what, reporter)?;
    }
    if args.format == TestFormat::Text {
        report::advice(&results).lines().for_each(|line| reporter.line(line));
    }
    let mut is_enough = true;
    if let (Some(least), Some(coverage)) = (args.min_coverage, &coverage) {
        is_enough = coverage.percent() >= least;
        if !is_enough {
            let percent = (coverage.percent() * 10.0).floor() / 10.0;
            reporter.error(&format!("coverage is {percent} %, less than the {least} % wanted"));
        }
    }
    let counts = Counts::of(&results);
    match counts.refused {
        0 if counts.is_good() && is_enough => Ok(()),
        0 => Err(Exit::Code(NEGATIVE)),
        _ => Err(Exit::Code(CANNOT)),
    }
}

/// The files that did not pass whole with what they rest on now.
fn changed(mut files: Vec<TestFile>, hashes: &Hashes, reporter: Reporter) -> Vec<TestFile> {
    let (passed, all) = (test_last::passed(), files.len());
    files.retain(|file| passed.get(&file.name()) != hashes.get(&file.name()));
    if files.is_empty() {
        reporter.line(&format!("nothing has changed for {}", counted(all, "test file")));
    }
    files
}

/// Whether it is to be noted what cases try.
fn is_covered(args: &Test) -> bool {
    args.coverage.is_some() || args.min_coverage.is_some()
}

/// How the cases are run.
fn how(args: &Test) -> How {
    let options = Options {
        include: args.include.clone(),
        engine: if args.engine == TestEngine::Naive { Engine::Naive } else { Engine::Native },
        timeout: Some(args.timeout),
        workers: 1,
        stop: stop_flag(),
        ..Options::default()
    };
    How {
        options,
        jobs: args.jobs,
        fail_fast: args.fail_fast,
        coverage: is_covered(args),
        repeat: args.repeat,
        order: if args.shuffle { Order::Shuffled } else { Order::Written },
        other: (args.engine == TestEngine::Compare).then_some(Engine::Naive),
    }
}

/// Prints results in the form asked for, or writes them.
fn print(args: &Test, results: &[FileResult], coverage: Option<&Coverage>) -> Result<(), Exit> {
    let mut text = match args.format {
        TestFormat::Text => format!("{}{}\n", report::text(results), Counts::of(results).text()),
        TestFormat::Json => report_json::document(results, coverage) + "\n",
        TestFormat::Jsonl => report_json::lines(results),
        TestFormat::Junit => report_json::junit(results),
        TestFormat::Github => report_json::github(results),
    };
    let page = match (args.coverage, coverage) {
        (Some(CoverageFormat::Text), Some(coverage)) if args.format == TestFormat::Text => {
            text.push_str(&coverage_text::text(coverage));
            None
        }
        (Some(CoverageFormat::Lcov), Some(coverage)) => Some(coverage_text::lcov(coverage)),
        (Some(CoverageFormat::Json), Some(coverage)) => {
            Some(coverage_text::document(coverage) + "\n")
        }
        (Some(CoverageFormat::Html), Some(coverage)) => {
            Some(coverage_html::page(coverage, &rule_text))
        }
        _ => None,
    };
    let printed = match (&args.output, page) {
        (None, page) => Some(page.unwrap_or(text)),
        (Some(path), Some(page)) => {
            snapshot::write(path, &page)?;
            Some(text)
        }
        (Some(path), None) => {
            snapshot::write(path, &text)?;
            None
        }
    };
    let mut out = stdout().lock();
    out.write_all(printed.unwrap_or_default().as_bytes())?;
    out.flush()?;
    Ok(())
}

/// The text of a rule file by its name in messages.
fn rule_text(name: &str) -> Option<String> {
    let origin = match name.strip_prefix("lib:") {
        Some(module) => Origin::Library(module.to_owned()),
        None => Origin::Disk(PathBuf::from(name)),
    };
    library::read(&origin).ok()
}

/// What can change a result: the files in the folders of the tests, and when they were written.
fn stamps(paths: &[PathBuf]) -> Vec<(PathBuf, Option<SystemTime>)> {
    let mut folders: Vec<&Path> = paths.iter().filter_map(|path| path.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    let here =
        |path: &Path| if path.as_os_str().is_empty() { Path::new(".") } else { path }.to_owned();
    let mut found = Vec::new();
    for folder in folders {
        for entry in WalkBuilder::new(here(folder)).require_git(false).build().flatten() {
            let is_ours = entry.path().to_str().is_some_and(|path| !path.ends_with(".new"));
            if entry.file_type().is_some_and(|kind| kind.is_file()) && is_ours {
                let written = entry.metadata().ok().and_then(|about| about.modified().ok());
                found.push((entry.into_path(), written));
            }
        }
    }
    found.sort();
    found.dedup();
    found
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
        let meant = if path.is_dir() { walk(path) } else { vec![test_file(path)?] };
        let pattern = pattern.trim_matches('"');
        for file in meant {
            if !pattern.is_empty() {
                selection.patterns.push((shown(&file), pattern.to_owned()));
            }
            if !files.contains(&file) {
                files.push(file);
            }
        }
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
            snapshot::remove(&path)?;
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
                snapshot::remove(path)?;
                reporter.line(&format!("removed {}: no case keeps it", shown(path)));
            }
        }
    }
    Ok(())
}
