//! How the prompt answers: `.format`, `.rows`, `.timer`, `.echo`, `.bail`, `.to`, and `.set` for all
//! of them; `.history`; and what goes into files and comes from them: `.export`, `.read`.

use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;

use crate::cli::answers::Layout;
use crate::cli::exit::{Exit, INTERRUPTED};
use crate::cli::repl::command::Verb;
use crate::cli::repl::open::Open;
use crate::cli::repl::shell::{Next, Shell};
use crate::cli::repl::words::whole;
use crate::cli::repl::{piped, programs};
use crate::cli::sink::{self, To, stdout};
use crate::io::find::shown;
use crate::io::map;
use crate::io::output::replace;
use crate::show::answer::{Format, render};
use crate::show::table::TableOptions;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::counted;

/// Files that read each other.
const NESTING_MAX: usize = 16;
/// Statements that `.history` shows.
const HISTORY_SHOWN: usize = 20;

/// What was decided about answers.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that is typed by its name")]
pub struct Settings {
    /// How answers are printed.
    pub format: Format,
    /// Rows of a table that are shown, if that was decided; 0 for all.
    pub rows: Option<usize>,
    /// Whether the time of every statement is told.
    pub timer: bool,
    /// Whether statements are repeated before their answers.
    pub echo: bool,
    /// Whether statements that are not typed end at the first that fails.
    pub bail: bool,
    /// Whether statements that are not typed may start programs.
    pub shell: bool,
    /// Files that are being read.
    depth: usize,
}

impl Settings {
    /// As the command line says.
    #[must_use]
    pub fn new(format: Format, bail: bool) -> Self {
        Self { format, rows: None, timer: false, echo: false, bail, shell: false, depth: 0 }
    }

    /// How a table is laid out on a terminal of this width.
    #[must_use]
    pub fn layout(&self, width: Option<usize>) -> Layout {
        let layout = Layout::of(width.filter(|_| sink::is_standard()));
        match self.rows {
            None => layout,
            Some(rows) => Layout { rows: Some(rows).filter(|rows| *rows > 0), ..layout },
        }
    }
}

fn wrong(text: impl Into<String>, help: impl Into<String>) -> Exit {
    Exit::from(Diagnostic::new(Code::H0701, text).help(help))
}

/// `on` or `off`, or what it is now.
fn switch(shell: &mut Shell, verb: Verb, rest: &str) -> Result<(), Exit> {
    let reporter = shell.reporter;
    let settings = &mut shell.settings;
    let (name, value) = match verb {
        Verb::Timer => ("timer", &mut settings.timer),
        Verb::Echo => ("echo", &mut settings.echo),
        _ => ("bail", &mut settings.bail),
    };
    match whole(&["on", "off"], rest) {
        _ if rest.is_empty() => reporter.line(&format!("{name} is {}", word(*value))),
        Some(way) => *value = way == "on",
        None => {
            return Err(wrong(
                format!("`.{name}` takes on or off, not `{rest}`"),
                "`.set` shows what is set",
            ));
        }
    }
    Ok(())
}

fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn name_of(format: Format) -> String {
    format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Does one of the commands that decide how answers are given.
///
/// # Errors
/// If what is asked for is not there.
pub fn decide(shell: &mut Shell, verb: Verb, rest: &str) -> Result<(), Exit> {
    match verb {
        Verb::Timer | Verb::Echo | Verb::Bail => switch(shell, verb, rest),
        Verb::Format => set_format(shell, rest),
        Verb::Rows => set_rows(shell, rest),
        Verb::To => redirect(shell, rest),
        _ => set(shell, rest),
    }
}

fn set_format(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    if rest.is_empty() {
        let name = name_of(shell.settings.format);
        shell.reporter.line(&format!("answers are printed as {name}"));
        return Ok(());
    }
    let all: Vec<String> = Format::value_variants().iter().copied().map(name_of).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    let typed = rest.to_lowercase();
    let format = whole(&names, &typed).and_then(|name| Format::from_str(name, true).ok());
    shell.settings.format = format.ok_or_else(|| {
        wrong(format!("no format `{rest}`"), format!("one of {}", all.join(", ")))
    })?;
    Ok(())
}

fn set_rows(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    match (rest, rest.parse::<usize>()) {
        ("", _) => {
            let text = rows_shown(shell);
            shell.reporter.line(&format!("rows of a table that are shown: {text}"));
        }
        (_, Ok(rows)) => shell.settings.rows = Some(rows),
        (_, Err(_)) => {
            return Err(wrong(format!("`{rest}` is no number of rows"), "`.rows 0` shows all"));
        }
    }
    Ok(())
}

fn rows_shown(shell: &Shell) -> String {
    let width = shell.width();
    match shell.settings.layout(width).rows {
        None => "all".to_owned(),
        Some(rows) => rows.to_string(),
    }
}

fn redirect(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    if rest.is_empty() {
        shell.reporter.line(&format!("answers go to {}", sink::named()));
        return Ok(());
    }
    let inner = rest.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(rest);
    if let Some(command) = inner.strip_prefix('|') {
        return programs::divert(shell, command.trim());
    }
    if rest == "-" {
        sink::divert(To::Standard);
        return Ok(());
    }
    let path = PathBuf::from(inner);
    #[expect(clippy::disallowed_methods, reason = "answers go there")]
    let file = File::create(&path).map_err(|error| unwritten(&path, &error))?;
    sink::divert(To::File(path, file));
    Ok(())
}

fn unwritten(path: &Path, error: &dyn Display) -> Exit {
    let text = format!("{} cannot be written: {error}", shown(path));
    Exit::from(Diagnostic::new(Code::H0306, text))
}

fn set(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    let verbs = [
        ("format", Verb::Format),
        ("rows", Verb::Rows),
        ("timer", Verb::Timer),
        ("echo", Verb::Echo),
        ("bail", Verb::Bail),
        ("to", Verb::To),
    ];
    if rest.is_empty() {
        let settings = &shell.settings;
        let mut out = stdout().lock();
        writeln!(out, "format  {}", name_of(settings.format))?;
        writeln!(out, "rows    {}", rows_shown(shell))?;
        writeln!(out, "timer   {}", word(settings.timer))?;
        writeln!(out, "echo    {}", word(settings.echo))?;
        writeln!(out, "bail    {}", word(settings.bail))?;
        let to = if sink::is_standard() { "-".to_owned() } else { sink::named() };
        writeln!(out, "to      {to}")?;
        return Ok(());
    }
    let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let names: Vec<&str> = verbs.iter().map(|(known, _)| *known).collect();
    let wanted = whole(&names, name).unwrap_or(name);
    match verbs.iter().find(|(known, _)| *known == wanted) {
        Some((_, verb)) => decide(shell, *verb, value.trim()),
        None => Err(wrong(format!("no setting `{name}`"), format!("one of {}", names.join(", ")))),
    }
}

/// Prints the last answer with all its rows.
///
/// # Errors
/// If nothing was asked yet.
pub fn all(shell: &mut Shell) -> Result<(), Exit> {
    let Some(answer) = shell.last().cloned() else {
        return Err(wrong("nothing was asked yet", "`.all` shows all rows of the last answer"));
    };
    let rows = shell.settings.rows.replace(0);
    let printed = shell.print(&answer);
    shell.settings.rows = rows;
    printed
}

/// Lists what was typed.
///
/// # Errors
/// If the number is none.
pub fn history(shell: &Shell, rest: &str) -> Result<(), Exit> {
    let shown = match (rest, rest.parse::<usize>()) {
        ("", _) => HISTORY_SHOWN,
        (_, Ok(n)) => n,
        _ => return Err(wrong(format!("`{rest}` is no number"), "`.history 50`")),
    };
    let all = &shell.history;
    let mut out = stdout().lock();
    for (at, statement) in all.iter().enumerate().skip(all.len().saturating_sub(shown)) {
        let text = statement.trim().replace('\n', "\n      ");
        writeln!(out, "{:>4}  {text}", at + 1)?;
    }
    Ok(())
}

/// Writes a relation into a file, in the form that its ending names.
///
/// # Errors
/// If there is no such relation, or the file cannot be written.
pub fn export(shell: &Shell, rest: &str) -> Result<(), Exit> {
    let Some((name, path)) = rest.split_once(char::is_whitespace) else {
        return Err(wrong(
            "`.export` takes a relation and a file",
            "as in `.export total total.csv`",
        ));
    };
    let path = Path::new(path.trim());
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let format = match ending {
        "dl" => Format::Facts,
        "txt" => Format::Table,
        _ => {
            let named = Format::from_str(ending, true).ok().filter(|_| ending != "facts");
            named.ok_or_else(|| {
                wrong(
                    format!("`{}` does not say in which form", shown(path)),
                    "a file ends in .csv, .tsv, .json, .jsonl, .md, .dl or .txt",
                )
            })?
        }
    };
    let answer = shell.session.rows(shell.named(name)?)?;
    let text = render(&answer, Some(name), format, TableOptions::default());
    replace(path, &text).map_err(|error| unwritten(path, &error))?;
    let rows = counted(answer.rows.len(), "row");
    shell.reporter.line(&format!("{rows} of {name} written to {}", shown(path)));
    Ok(())
}

/// Does the statements of a file, as if they were typed.
///
/// # Errors
/// If the file cannot be read, or a statement of it fails and failures end it.
pub fn read(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    if rest.is_empty() {
        return Err(wrong("`.read` takes a file of statements", "as in `.read questions.txt`"));
    }
    let path = Path::new(rest);
    let unread = |error: &dyn Display| {
        let text = format!("{} cannot be read: {error}", shown(path));
        Exit::from(Diagnostic::new(Code::H0306, text))
    };
    let bytes = map::read(path).map_err(|error| unread(&error))?;
    let text: Arc<str> = str::from_utf8(&bytes).map_err(|error| unread(&error))?.into();
    if shell.settings.depth >= NESTING_MAX {
        return Err(wrong(
            format!("{} is read within itself", shown(path)),
            "a file may read others",
        ));
    }
    shell.settings.depth += 1;
    let done = statements(shell, &shown(path), &text);
    shell.settings.depth -= 1;
    done
}

/// Does the statements of a text.
///
/// # Errors
/// If a statement of it fails: at once, or at its end if failures do not end it.
pub(super) fn statements(shell: &mut Shell, name: &str, text: &str) -> Result<(), Exit> {
    let mut open = Open::default();
    let mut first_failure = Ok(());
    for line in text.lines().map(Some).chain([None]) {
        for done in piped::step(shell, name, (&mut open, line))? {
            match done {
                Ok(Next::Go) => {}
                Ok(Next::Quit(_)) => return first_failure,
                Err(code) => {
                    first_failure = first_failure.and(Err(Exit::Code(code)));
                    if shell.settings.bail || code == INTERRUPTED {
                        return first_failure;
                    }
                }
            }
        }
    }
    first_failure
}
