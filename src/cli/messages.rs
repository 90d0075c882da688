//! Messages to standard error, in the form and with the colours that were asked for.

use std::env::var;
use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json as object};

use crate::cli::args::{ColorArg, MessageFormat, Messages};
use crate::cli::session::width;
use crate::cli::sink;
use crate::show::safe::{width as columns_of, wrap};
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::hostile::lines_visible;
use crate::text::numbers::counted;
use crate::text::render::{RenderOptions, concise, json, render};

/// Errors of one command that are printed; all are counted.
const ERRORS_SHOWN: usize = 20;
/// Before the later lines of a message that needs several.
const INDENT: &str = "  ";

/// Prints messages. All copies count together.
#[derive(Clone, Copy, Debug)]
pub struct Reporter {
    format: MessageFormat,
    options: RenderOptions,
    quiet: bool,
    /// Errors of this command.
    errors: &'static AtomicUsize,
}

impl Reporter {
    /// As the command line says.
    #[must_use]
    pub fn new(messages: Messages, quiet: bool) -> Self {
        let terminal = stderr().is_terminal();
        let color = match messages.color {
            ColorArg::Always => true,
            ColorArg::Never => false,
            ColorArg::Auto => wants_color(terminal),
        };
        let options =
            RenderOptions { color, unicode: terminal && speaks_utf8(), width: width(terminal) };
        // There is one of it in a process.
        let errors = Box::leak(Box::default());
        Self { format: messages.message_format, options, quiet, errors }
    }

    /// Whether only errors are wanted.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether messages have colours.
    #[must_use]
    pub fn is_coloured(&self) -> bool {
        self.options.color
    }

    /// Prints warnings, unless the command is quiet, and errors, as long as there are not too many.
    pub fn print(&self, messages: &[Diagnostic], files: &Files) {
        if !messages.is_empty() {
            sink::release();
        }
        let mut out = stderr().lock();
        for message in messages {
            if !message.is_error() && self.quiet {
                continue;
            }
            if message.is_error() && self.errors.fetch_add(1, Ordering::Relaxed) >= ERRORS_SHOWN {
                continue;
            }
            let mut text = match self.format {
                MessageFormat::Full => render(message, files, self.fitting()),
                MessageFormat::Concise => concise(message, files),
                MessageFormat::Json => json(message, files).to_string(),
            };
            if !text.ends_with('\n') {
                text.push('\n');
            }
            // Nobody is left to tell if standard error is gone.
            out.write_all(text.as_bytes()).unwrap_or(());
        }
    }

    /// Ends a command: says how many errors were not printed, and counts anew.
    pub fn end(&self) {
        let more = self.errors.swap(0, Ordering::Relaxed).saturating_sub(ERRORS_SHOWN);
        if more > 0 {
            let text = format!("{}; mend these first", counted(more, "more error"));
            self.plain(&text, "note", &text);
        }
    }

    /// Prints a line that is no diagnostic.
    pub fn line(&self, text: &str) {
        if !self.quiet {
            self.plain(text, "note", text.trim_start_matches("note: "));
        }
    }

    /// Prints a text of several lines that was asked for, or the document that says the same.
    pub fn document(&self, text: &str, document: impl FnOnce() -> Value) {
        sink::release();
        let text = match self.format {
            MessageFormat::Full | MessageFormat::Concise => text.to_owned(),
            MessageFormat::Json => format!("{}\n", document()),
        };
        stderr().lock().write_all(text.as_bytes()).unwrap_or(());
    }

    /// Prints an error that concerns no text.
    pub fn error(&self, text: &str) {
        self.plain(&format!("error: {text}"), "error", text);
    }

    /// As the terminal is now, whose width may have changed.
    fn fitting(&self) -> RenderOptions {
        RenderOptions { width: width(self.options.width.is_some()), ..self.options }
    }

    /// A line as it stands, or as the schema `hence.note/1`: a reader of JSON gets nothing else.
    fn plain(&self, line: &str, severity: &str, message: &str) {
        sink::release();
        let mut out = stderr().lock();
        match self.format {
            MessageFormat::Full | MessageFormat::Concise => {
                writeln!(out, "{}", fitted(&lines_visible(line), self.fitting().width))
            }
            MessageFormat::Json => {
                let note = object!({
                    "schema": "hence.note/1",
                    "severity": severity,
                    "message": message,
                });
                writeln!(out, "{note}")
            }
        }
        .unwrap_or(());
    }
}

/// A text in lines that fit, with the later ones indented.
fn fitted(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        if columns_of(line) <= width {
            lines.push(line.to_owned());
            continue;
        }
        let parts = wrap(line, width.saturating_sub(INDENT.len()).max(1));
        let parts = parts.iter().map(|part| part.trim_end()).enumerate();
        lines.extend(parts.map(|(at, part)| match at {
            0 => part.to_owned(),
            _ => format!("{INDENT}{part}"),
        }));
    }
    lines.join("\n")
}

/// Whether colours are wanted on a stream, after the usual variables.
#[must_use]
pub fn wants_color(terminal: bool) -> bool {
    #[expect(clippy::disallowed_methods, reason = "only cli/ reads the environment")]
    let set = |name: &str| var(name).ok().filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    terminal && set("TERM").is_none_or(|value| value != "dumb")
}

/// Whether the locale of the terminal is one of UTF-8.
fn speaks_utf8() -> bool {
    #[expect(clippy::disallowed_methods, reason = "only cli/ reads the environment")]
    let set = |name: &str| var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
    let locale = locale.to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
