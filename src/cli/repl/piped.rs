//! Statements from a pipe or a file: no prompt, no editing, the same answers.

use std::io::{BufRead, stdin};

use crate::cli::exit::{CANNOT, Exit};
use crate::cli::repl::command;
use crate::cli::repl::open::{Fed, Open, inside, shown};
use crate::cli::repl::shell::{Next, Shell};
use crate::cli::signals;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// What the statements of a pipe come from.
const STDIN: &str = "stdin";

/// What a statement came to: what is next, or its exit code.
type Done = Result<Next, u8>;

/// Reads statements from standard input until its end, `.quit`, or a failure with `.bail on`. The exit
/// code is that of the first statement that failed.
///
/// # Errors
/// If a stream cannot be read or written.
pub fn run(shell: &mut Shell) -> Result<u8, Exit> {
    let mut first_failure = 0;
    let mut open = Open::default();
    let mut lines = stdin().lock().lines();
    loop {
        let line = match signals::wait(|| lines.next()) {
            Ok(next) => next.transpose(),
            Err(code) => return Ok(code),
        };
        let line =
            line.map_err(|error| Exit::System(format!("standard input cannot be read: {error}")))?;
        let at_end = line.is_none();
        for done in step(shell, STDIN, (&mut open, line.as_deref()))? {
            match done {
                Ok(Next::Go) => {}
                Ok(Next::Quit(code)) => return Ok(code.unwrap_or(first_failure)),
                Err(code) => {
                    if first_failure == 0 {
                        first_failure = code;
                    }
                    if shell.settings.bail {
                        return Ok(first_failure);
                    }
                }
            }
        }
        if at_end {
            return Ok(first_failure);
        }
    }
}

/// Does what the next line, or the end of input, makes complete. A command inside a statement
/// ends that with an error, and is done unless errors end everything.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn step(
    shell: &mut Shell,
    name: &str,
    (open, line): (&mut Open, Option<&str>),
) -> Result<Vec<Done>, Exit> {
    let started = open.line();
    let Some(line) = line else {
        let text = open.give_up();
        let done =
            if text.trim().is_empty() { Ok(Next::Go) } else { last(shell, name, text, started)? };
        return Ok(vec![done]);
    };
    let before = open.text().to_owned();
    Ok(match open.feed(line) {
        Fed::More => Vec::new(),
        Fed::Statement(text, _) if text.trim().is_empty() => Vec::new(),
        Fed::Statement(text, started) => vec![statement(shell, name, text, started)?],
        Fed::Command(command) => {
            open.give_up();
            let message = inside(&command, &before);
            let help = "end a question with `?` or `.`, a rule with `.`; a line `.` gives it up";
            let failed = unfinished(shell, (name, before, started), (&message, help));
            match open.feed(line) {
                Fed::Statement(text, line) if !shell.settings.bail => {
                    vec![failed, statement(shell, name, text, line)?]
                }
                _ => vec![failed],
            }
        }
        Fed::GivenUp(text) => {
            shell.reporter.line(&format!("note: given up: {}", shown(&text)));
            Vec::new()
        }
    })
}

/// Does one statement, which starts in line `started`.
fn statement(shell: &mut Shell, name: &str, text: String, started: usize) -> Result<Done, Exit> {
    if name == STDIN {
        shell.history.push(text.clone());
    }
    let file = shell.session.files_mut().excerpt(name, text, started);
    shell.statement(file)
}

/// The same at the end of input.
fn last(shell: &mut Shell, name: &str, text: String, started: usize) -> Result<Done, Exit> {
    if !command::goes_on(&text) {
        return statement(shell, name, text, started);
    }
    let message = "input ended inside this statement: `.` expected";
    let help = "a question that starts with `?-` ends with `.`";
    Ok(unfinished(shell, (name, text, started), (message, help)))
}

/// Refuses a statement that is not finished.
fn unfinished(
    shell: &mut Shell,
    (name, text, started): (&str, String, usize),
    (what, help): (&str, &str),
) -> Done {
    let end = text.trim_end().len();
    let file = shell.session.files_mut().excerpt(name, text, started);
    let message = Diagnostic::new(Code::H0002, what)
        .label(Span::new(file, end, end), "not finished here")
        .help(help);
    shell.reporter.print(&[message], shell.session.files());
    Err(CANNOT)
}
