//! Statements from a pipe: no prompt, no editing, the same answers. A statement ends with its
//! line, unless the parser says that it goes on.

use std::io::{BufRead, stdin};
use std::mem::take;

use crate::base::ids::{FileId, Id};
use crate::cli::exit::{CANNOT, Exit};
use crate::cli::repl::command::{self, Statement};
use crate::cli::repl::shell::{Next, Shell};
use crate::cli::signals;
use crate::syntax::parser::{parse, parse_question};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Whether nothing is missing at the end of `text`.
#[must_use]
pub fn complete(text: &str) -> bool {
    let scratch = FileId::new(0);
    let ended = |messages: &[Diagnostic]| messages.iter().all(|one| one.code != Code::H0002);
    match command::read(text) {
        Statement::Nothing | Statement::Command(..) | Statement::Unknown(..) => true,
        Statement::Question(text, _) if command::is_word(text) => true,
        Statement::Question(..) => {
            !command::goes_on(text) && ended(&parse_question(text, scratch).1)
        }
        Statement::Program(_) => ended(&parse(text, scratch).1),
    }
}

/// Reads statements from standard input until its end, `.quit`, or a failure with `bail`. The exit
/// code is that of the first statement that failed.
///
/// # Errors
/// If a stream cannot be read or written.
pub fn run(shell: &mut Shell, bail: bool) -> Result<u8, Exit> {
    let mut first_failure = 0;
    let mut pending = String::new();
    let mut started = 1;
    let mut lines = stdin().lock().lines().enumerate();
    loop {
        let next = match signals::wait(|| lines.next()) {
            Ok(next) => next,
            Err(code) => return Ok(code),
        };
        let line = match next {
            Some((n, line)) => {
                let line = line.map_err(|error| {
                    Exit::System(format!("standard input cannot be read: {error}"))
                })?;
                if pending.is_empty() {
                    started = n + 1;
                }
                Some(line)
            }
            None => None,
        };
        let at_end = line.is_none();
        if let Some(line) = line {
            if !pending.is_empty() {
                pending.push('\n');
            }
            pending.push_str(&line);
            if !complete(&pending) {
                continue;
            }
        }
        let text = take(&mut pending);
        if !text.trim().is_empty() {
            match statement(shell, text, started, at_end)? {
                Ok(Next::Go) => {}
                Ok(Next::Quit) => return Ok(first_failure),
                Err(code) => {
                    if first_failure == 0 {
                        first_failure = code;
                    }
                    if bail {
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

/// Does one statement, which starts in line `started`.
fn statement(
    shell: &mut Shell,
    text: String,
    started: usize,
    at_end: bool,
) -> Result<Result<Next, u8>, Exit> {
    let cut = at_end && command::goes_on(&text);
    let end = text.trim_end().len();
    let file = shell.session.files_mut().excerpt("stdin", text, started);
    if !cut {
        return shell.statement(file);
    }
    let message = "input ended inside this statement: `.` expected";
    let label = "a question that starts with `?-` ends with `.`";
    let message = Diagnostic::new(Code::H0002, message).label(Span::new(file, end, end), label);
    shell.reporter.print(&[message], shell.session.files());
    Ok(Err(CANNOT))
}
