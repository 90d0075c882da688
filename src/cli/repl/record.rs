//! `.test` and `.record`: the tests beside the rules, and the last answer as a case of them.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use crate::cli::exit::{Exit, NEGATIVE};
use crate::cli::repl::command::is_word;
use crate::cli::repl::save;
use crate::cli::repl::shell::Shell;
use crate::cli::repl::words::names;
use crate::cli::sink::stdout;
use crate::io::find::shown;
use crate::session::answer::Answer;
use crate::session::options::Options;
use crate::testing::directive::Says;
use crate::testing::file::{ENDING, TestFile};
use crate::testing::outcome::FileResult;
use crate::testing::report::{self, Counts};
use crate::testing::snapshot::{self, Update};
use crate::testing::suite::{self, How};
use crate::testing::table::{aligned, written};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::value::quote;

fn refused(text: impl Into<String>, help: &str) -> Exit {
    Exit::from(Diagnostic::new(Code::H0701, text).help(help))
}

/// The test file beside a rule file.
fn beside(rules: &Path) -> PathBuf {
    let name = rules.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.ends_with(ENDING) {
        return rules.to_owned();
    }
    rules.with_file_name(format!("{}{ENDING}", name.trim_end_matches(".dl")))
}

/// `.test [FILE]`: runs the tests beside the loaded rules, or those of a file, and writes nothing.
///
/// # Errors
/// If there are none, or one fails.
pub fn test(shell: &Shell, rest: &str) -> Result<(), Exit> {
    let named = if rest.is_empty() { None } else { Some(PathBuf::from(rest)) };
    let paths: Vec<PathBuf> = match named {
        Some(path) => vec![beside(&path)],
        None => shell.session.roots().iter().map(|path| beside(path)).collect(),
    };
    let paths: Vec<PathBuf> = paths.into_iter().filter(|path| path.is_file()).collect();
    if paths.is_empty() {
        let help = "`.record NAME` begins one with the last question and its answer";
        return Err(refused("there is no test file NAME.test.dl beside the rules", help));
    }
    let files: Result<Vec<TestFile>, _> = paths.iter().map(|path| TestFile::read(path)).collect();
    let results = run(shell, &files?)?;
    let counts = Counts::of(&results);
    let mut out = stdout().lock();
    write!(out, "{}", report::text(&results))?;
    writeln!(out, "{}", counts.text())?;
    out.flush()?;
    if counts.is_good() { Ok(()) } else { Err(Exit::Code(NEGATIVE)) }
}

fn run(shell: &Shell, files: &[TestFile]) -> Result<Vec<FileResult>, Exit> {
    let options = Options { facts: Vec::new(), ..shell.session.options().clone() };
    let jobs = options.workers;
    let how = How::once(options, jobs);
    let mut results = suite::run(files, &how, &|_, _| true);
    for (file, result) in files.iter().zip(&mut results) {
        snapshot::settle(file, result, Update::Nothing)?;
    }
    Ok(results)
}

/// `.record NAME`: adds the last question with its answer as a case to the tests beside the rules.
///
/// # Errors
/// If there is no answer, or no file for it.
pub fn record(shell: &Shell, name: &str) -> Result<(), Exit> {
    let name = name.trim_matches('"').trim();
    if name.is_empty() {
        return Err(refused("a case has a name", "  .record two voices for the crossing"));
    }
    let Some((question, answer)) = shell.asked() else {
        let help = "ask something first: total(r, lo, hi)";
        return Err(refused("there is no answer to record", help));
    };
    let Some(rules) = shell.session.roots().first() else {
        return Err(refused(
            "no rule file is loaded, beside which tests could stand",
            ".load FILE",
        ));
    };
    let path = beside(rules);
    let file = if path.is_file() { TestFile::read(&path)? } else { TestFile::of(&path, "") };
    if file.cases.iter().any(|case| case.name == name) {
        let text = format!("{} has a case “{name}” already", shown(&path));
        return Err(refused(text, "give it another name"));
    }
    let mut text = file.text.to_string();
    if text.is_empty() {
        let stem = file.stem();
        text = format!("// {stem}{ENDING}: what follows from {stem}.dl.\n");
    }
    text.push_str(&format!("\n//@ test {}\n", quote(name)));
    text.push_str(&input(shell, &file));
    text.push_str(&shell.session.typed_text());
    text.push_str(&changes(shell));
    text.push_str(&expectation(question, answer)?);
    snapshot::write(&path, &text)?;
    shell.reporter.line(&format!("recorded “{name}” in {}", shown(&path)));
    let file = TestFile::of(&path, text);
    let results = run(shell, &[file])?;
    let failed = results.iter().flat_map(|result| &result.cases).find(|case| case.name == name);
    if failed.is_none_or(|case| !case.verdict.is_good()) {
        shell.reporter.line("note: it does not pass as it stands: `.test` says why");
    }
    Ok(())
}

/// Where the input comes from, unless the file says so for all cases.
fn input(shell: &Shell, file: &TestFile) -> String {
    let mut facts = shell.session.options().facts.clone();
    let base = shell.session.base();
    if facts.is_empty() && (base.claims.is_some() || !base.loaded.is_empty()) {
        facts.push(PathBuf::from("."));
    }
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let shared = file.shared.directives.iter().filter_map(|directive| match &directive.says {
        Says::Facts(path) => Some(path.as_ref().map(|path| whole(&file.path.with_file_name(path)))),
        _ => None,
    });
    let shared: Vec<PathBuf> = shared.flatten().collect();
    let wanted: Vec<PathBuf> = facts.iter().map(|path| whole(path)).collect();
    if shared == wanted {
        return String::new();
    }
    let folder = match file.path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => whole(folder),
        _ => whole(Path::new(".")),
    };
    let mut out = String::new();
    for path in &wanted {
        // A String takes whatever is written to it.
        let _ok = writeln!(out, "//@ facts {}", quote(&from(path, &folder)));
    }
    if out.is_empty() { "//@ facts none\n".to_owned() } else { out }
}

/// A path as seen from a folder.
fn from(path: &Path, folder: &Path) -> String {
    let (path, folder): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (path.components().collect(), folder.components().collect());
    let common = path.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let up = folder[common..].iter().map(|_| "..".to_owned());
    let down = path[common..].iter().map(|part| part.as_os_str().display().to_string());
    let parts: Vec<String> = up.chain(down).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// What was withdrawn, taken out and assumed, as directives.
fn changes(shell: &Shell) -> String {
    let mut out = String::new();
    for statement in save::changes(&shell.session) {
        let statement = statement.trim();
        let (verb, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
        let rest = rest.trim().trim_end_matches('.');
        let lines: Vec<String> = match verb.trim_start_matches('.').chars().next() {
            Some('w') => names(rest).into_iter().map(|name| without(shell, name)).collect(),
            Some('a') => vec![format!("assume {rest}")],
            _ => vec![format!("without fact {rest}")],
        };
        lines.iter().for_each(|line| out.push_str(&format!("//@ {line}\n")));
    }
    out
}

fn without(shell: &Shell, name: &str) -> String {
    match shell.session.target(name) {
        // A label; tests name ids.
        Ok(target) if !name.ends_with(target.id()) => {
            format!("without {} {}", target.kind(), target.id())
        }
        _ => format!("without {}", name.replacen(':', " ", 1)),
    }
}

/// What the answer was, as an expectation.
fn expectation(question: &str, answer: &Answer) -> Result<String, Exit> {
    let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let question = question.trim_start_matches("?-").trim().trim_end_matches(['.', '?']).trim();
    let marks = ["*/", "//", "/*"];
    if marks.iter().any(|mark| question.contains(mark)) {
        return Err(refused(
            "a question with a comment in it cannot be recorded",
            "ask it without",
        ));
    }
    let whole;
    let question = if is_word(question) {
        let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        whole = format!("{question}({})", names.join(", "));
        &whole
    } else {
        question
    };
    if answer.rows.is_empty() {
        return Ok(format!("//@ expect none {question}\n"));
    }
    if answer.columns.is_empty() {
        return Ok(format!("//@ expect {question}\n"));
    }
    let mut lines = vec![answer.columns.iter().map(|column| column.name.clone()).collect()];
    for row in &answer.rows {
        let cells = row.iter().zip(&answer.columns);
        lines.push(cells.map(|(cell, column)| written(cell, column)).collect());
    }
    Ok(format!("/*@ expect {question}\n{}\n*/\n", aligned(&lines).join("\n")))
}
