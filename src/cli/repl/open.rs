//! Lines to statements. A statement ends with its line, unless the parser says that it goes on; a
//! command in between is told from the rest of the statement.

use std::mem::take;

use crate::base::ids::{FileId, Id};
use crate::cli::repl::command::{self, PASTE_END, Statement, Verb};
use crate::syntax::parser::{parse, parse_question};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, has_errors};

/// What has been read of a statement that goes on.
#[derive(Default, Debug)]
pub struct Open {
    text: String,
    line: usize,
    /// Lines read.
    lines: usize,
}

/// What a line makes of it.
#[derive(PartialEq, Eq, Debug)]
pub enum Fed {
    /// The statement goes on.
    More,
    /// A whole statement, and the line it starts in.
    Statement(String, usize),
    /// A line that is a command, while the statement goes on.
    Command(String),
    /// A full stop alone, which does not end the statement: it is given up.
    GivenUp(String),
}

impl Open {
    /// Whether a statement goes on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.text.is_empty()
    }

    /// What was read of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line it starts in, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Forgets the statement, and gives what was read of it.
    pub fn give_up(&mut self) -> String {
        take(&mut self.text)
    }

    /// Passes over a line that is no text, and forgets the statement; gives the line's number.
    pub fn skip(&mut self) -> usize {
        self.give_up();
        self.lines += 1;
        self.lines
    }

    /// Reads the next line.
    pub fn feed(&mut self, line: &str) -> Fed {
        self.lines += 1;
        if !self.is_open() {
            self.line = self.lines;
        } else if let Some(fed) = self.apart(line) {
            return fed;
        }
        if self.is_open() {
            self.text.push('\n');
        }
        self.text.push_str(line);
        if complete(&self.text) {
            Fed::Statement(take(&mut self.text), self.line)
        } else {
            Fed::More
        }
    }

    /// A line that is no part of the open statement.
    fn apart(&mut self, line: &str) -> Option<Fed> {
        if pasted(&self.text).is_some() {
            return None;
        }
        let word = line.trim();
        if word == "." && !ends(&format!("{}\n.", self.text)) {
            return Some(Fed::GivenUp(take(&mut self.text)));
        }
        let named =
            word.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
        if !named || command::in_comment(&self.text) {
            return None;
        }
        match command::read(line) {
            Statement::Command(..) | Statement::Unknown(..) => {
                Some(Fed::Command(line.trim().to_owned()))
            }
            _ => None,
        }
    }
}

/// What follows `.paste` on its line and below, if a text starts so.
fn pasted(text: &str) -> Option<&str> {
    match command::read(text) {
        Statement::Command(Verb::Paste, rest) => Some(rest),
        _ => None,
    }
}

/// Whether a text is one statement when it is typed line by line, and no question.
#[must_use]
pub fn is_one_addition(text: &str) -> bool {
    let mut open = Open::default();
    let fed: Vec<Fed> = text.trim().lines().map(|line| open.feed(line)).collect();
    let is_whole = matches!(fed.split_last(), Some((Fed::Statement(..), before))
        if before.iter().all(|one| *one == Fed::More));
    is_whole && matches!(command::read(text), Statement::Program(_))
}

/// What is open, for a message: the first line of it.
#[must_use]
pub fn shown(text: &str) -> String {
    let first = text.trim().lines().next().unwrap_or_default();
    let short: String = first.chars().take(40).collect();
    let more = if short.len() < text.trim().len() { "…" } else { "" };
    format!("`{short}{more}`")
}

/// What to do about a command that was typed inside a statement.
#[must_use]
pub fn inside(command: &str, open: &str) -> String {
    let word = command.split_whitespace().next().unwrap_or(command);
    format!("`{word}` is a command, and the statement {} is not finished", shown(open))
}

const SCRATCH: usize = 0;

/// Whether a text is a statement without mistakes of its form.
fn ends(text: &str) -> bool {
    let file = FileId::new(SCRATCH);
    match command::read(text) {
        Statement::Question(text, _) => !has_errors(&parse_question(text, file).1),
        Statement::Program(text) => !has_errors(&parse(text, file).1),
        _ => true,
    }
}

/// Whether nothing is missing at the end of `text`.
#[must_use]
pub fn complete(text: &str) -> bool {
    let file = FileId::new(SCRATCH);
    let ended = |messages: &[Diagnostic]| messages.iter().all(|one| one.code != Code::H0002);
    if let Some(rest) = pasted(text) {
        // What stands beside `.paste` is refused, and nothing more is waited for.
        let alone =
            text.trim().lines().next().is_some_and(|first| first.split_whitespace().count() == 1);
        return !alone || rest.lines().next_back().is_some_and(|last| last.trim() == PASTE_END);
    }
    match command::read(text) {
        Statement::Nothing | Statement::Command(..) | Statement::Unknown(..) => true,
        Statement::Question(text, _) if command::is_word(text) => true,
        Statement::Question(..) => !command::goes_on(text) && ended(&parse_question(text, file).1),
        Statement::Program(_) => ended(&parse(text, file).1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(lines: &[&str]) -> Vec<Fed> {
        let mut open = Open::default();
        lines.iter().map(|line| open.feed(line)).collect()
    }

    fn statement(text: &str, line: usize) -> Fed {
        Fed::Statement(text.to_owned(), line)
    }

    #[test]
    fn lines_to_statements() {
        assert_eq!(
            fed(&["a(x)?", "b(", "x)"]),
            [statement("a(x)?", 1), Fed::More, statement("b(\nx)", 2)]
        );
        assert_eq!(fed(&["h(x) :- a(x)", "."]), [Fed::More, statement("h(x) :- a(x)\n.", 1)]);
    }

    #[test]
    fn what_must_be_pasted_to_be_added() {
        assert!(is_one_addition("h(x) :-\n  a(x)."));
        assert!(is_one_addition(".decl a(x: number)"));
        assert!(!is_one_addition(".decl a(x: number)\na(1)."));
        assert!(!is_one_addition("a(1)."));
    }

    #[test]
    fn commands_inside_a_statement() {
        let command = Fed::Command(".why 3".to_owned());
        assert_eq!(
            fed(&["a(x,", "  .why 3", "y)"]),
            [Fed::More, command, statement("a(x,\ny)", 1)]
        );
        assert_eq!(fed(&["a(x,", "."]), [Fed::More, Fed::GivenUp("a(x,".to_owned())]);
        assert_eq!(
            fed(&[".paste", "a(1).", ".why", "b(", ".end"])[4],
            statement(".paste\na(1).\n.why\nb(\n.end", 1)
        );
        assert_eq!(fed(&["?- a(x), /*", ".why 3", "*/ b(x)."])[1], Fed::More);
    }
}
