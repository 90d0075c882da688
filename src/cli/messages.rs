//! Messages to standard error, in the form and with the colours that were asked for.

use std::env::var;
use std::io::{IsTerminal, Write, stderr};

use crate::cli::args::{ColorArg, MessageFormat, Messages};
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::render::{RenderOptions, concise, json, render};

/// Errors of one command that are printed; all are counted.
const ERRORS_SHOWN: usize = 20;

/// Prints messages.
#[derive(Clone, Copy, Debug)]
pub struct Reporter {
    format: MessageFormat,
    options: RenderOptions,
    quiet: bool,
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
        let options = RenderOptions { color, unicode: terminal && speaks_utf8() };
        Self { format: messages.message_format, options, quiet }
    }

    /// Prints warnings, unless the command is quiet, and errors.
    pub fn print(&self, messages: &[Diagnostic], files: &Files) {
        let mut out = stderr().lock();
        let mut errors = 0;
        for message in messages {
            if !message.is_error() && self.quiet {
                continue;
            }
            errors += usize::from(message.is_error());
            if errors > ERRORS_SHOWN && message.is_error() {
                continue;
            }
            let mut text = match self.format {
                MessageFormat::Full => render(message, files, self.options),
                MessageFormat::Concise => concise(message, files),
                MessageFormat::Json => json(message, files).to_string(),
            };
            if !text.ends_with('\n') {
                text.push('\n');
            }
            // Nobody is left to tell if standard error is gone.
            out.write_all(text.as_bytes()).unwrap_or(());
        }
        if errors > ERRORS_SHOWN {
            let more = errors - ERRORS_SHOWN;
            writeln!(out, "{more} more errors; mend these first").unwrap_or(());
        }
    }

    /// Prints a line that is no diagnostic.
    pub fn line(&self, text: &str) {
        if !self.quiet {
            writeln!(stderr().lock(), "{text}").unwrap_or(());
        }
    }

    /// Prints an error that concerns no text.
    pub fn error(&self, text: &str) {
        writeln!(stderr().lock(), "error: {text}").unwrap_or(());
    }
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
