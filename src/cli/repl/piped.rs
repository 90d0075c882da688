//! Statements from a pipe or a file: no prompt, no editing, the same answers.

use std::io::{self, BufRead, stdin};
use std::string::FromUtf8Error;

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
    loop {
        let line = match signals::wait(next_line) {
            Ok(line) => line,
            Err(code) => return Ok(code),
        };
        let line =
            line.map_err(|error| Exit::System(format!("standard input cannot be read: {error}")))?;
        let line = match line.map(String::from_utf8).transpose() {
            Ok(line) => line,
            Err(error) => {
                let code = garbled(shell, &mut open, &error);
                first_failure = if first_failure == 0 { code } else { first_failure };
                if shell.settings.bail {
                    return Ok(first_failure);
                }
                continue;
            }
        };
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

/// The next line of standard input without its end; nothing after the last.
fn next_line() -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if stdin().lock().read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    Ok(Some(line))
}

/// Refuses a line that is no text, with the statement that it goes on; gives the exit code.
fn garbled(shell: &mut Shell, open: &mut Open, error: &FromUtf8Error) -> u8 {
    let was_open = open.is_open();
    let number = open.skip();
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes()[at];
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let file = shell.session.files_mut().excerpt(STDIN, text, number);
    let help = match was_open {
        true => "it was left out, with the statement that it goes on",
        false => "it was left out",
    };
    let message = Diagnostic::new(Code::H0305, format!("line {number} is not UTF-8"))
        .label(Span::new(file, at, at + '\u{fffd}'.len_utf8()), format!("byte 0x{byte:02x} here"))
        .help(help);
    shell.reporter.print(&[message], shell.session.files());
    CANNOT
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
