//! Where answers go: standard output, or at a prompt a file, a program (`.to`), or a pager if a
//! terminal is not tall enough for them. A command without a prompt writes to standard output.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::mem::{replace, take};
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cli::children;
use crate::io::find::shown;
use crate::text::hostile::lines_visible;

/// Where answers go.
#[derive(Debug)]
pub enum To {
    /// Standard output.
    Standard,
    /// A file.
    File(PathBuf, File),
    /// The standard input of a program, by its command line.
    Program(String, Child),
}

struct Sink {
    to: To,
    /// What waits for the end of the answer, where long answers are paged.
    held: Option<Vec<u8>>,
    /// What cannot be written, to be told with the next statement.
    failed: Option<String>,
}

static SINK: Mutex<Sink> = Mutex::new(Sink { to: To::Standard, held: None, failed: None });

fn sink() -> MutexGuard<'static, Sink> {
    SINK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers are written here.
#[derive(Clone, Copy, Debug)]
pub struct Out;

/// As [`io::stdout`], where answers are to go.
#[must_use]
pub fn stdout() -> Out {
    Out
}

/// Text of others as standard output shows it: whole to a program, which may need every byte; with
/// hostile characters visible on a terminal.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    if stdout().is_terminal() { lines_visible(text) } else { Cow::Borrowed(text) }
}

impl Out {
    /// As [`io::Stdout::lock`]; nothing is locked between two calls.
    #[must_use]
    pub fn lock(self) -> Self {
        self
    }

    /// Whether answers go to a terminal.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        is_standard() && io::stdout().is_terminal()
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sink = sink();
        let written = match &mut sink.to {
            To::Standard => {
                if let Some(held) = &mut sink.held {
                    held.extend_from_slice(bytes);
                    return Ok(bytes.len());
                }
                return io::stdout().write(bytes);
            }
            To::File(_, file) => file.write_all(bytes),
            To::Program(_, child) => {
                child.stdin.as_mut().map_or(Ok(()), |input| input.write_all(bytes))
            }
        };
        if let Err(error) = written {
            // The prompt goes on, and what comes is seen again.
            let old = replace(&mut sink.to, To::Standard);
            let name = name(&old);
            sink.failed = Some(format!(
                "{name} cannot be written: {error}; answers go to standard output again"
            ));
            drop(sink);
            end(old);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut sink().to {
            To::Standard => io::stdout().flush(),
            To::File(_, file) => file.flush(),
            To::Program(_, child) => child.stdin.as_mut().map_or(Ok(()), Write::flush),
        }
    }
}

fn name(to: &To) -> String {
    match to {
        To::Standard => "standard output".to_owned(),
        To::File(path, _) => shown(path),
        To::Program(command, _) => format!("`{command}`"),
    }
}

/// Where answers go, in words.
#[must_use]
pub fn named() -> String {
    name(&sink().to)
}

/// Whether answers go to standard output.
#[must_use]
pub fn is_standard() -> bool {
    matches!(sink().to, To::Standard)
}

/// Sends answers elsewhere. A program that took them before ends first.
pub fn divert(to: To) {
    release();
    let old = replace(&mut sink().to, to);
    end(old);
}

fn end(to: To) {
    if let To::Program(_, mut child) = to {
        // Without input it comes to its end; how it ends is its own affair.
        drop(child.stdin.take());
        children::wait(&mut child).ok();
    }
}

/// From now on answers that a terminal is not tall enough for are paged.
pub fn page() {
    sink().held = Some(Vec::new());
}

/// Shows what waits.
pub fn release() {
    let held = sink().held.as_mut().map(take).unwrap_or_default();
    if held.is_empty() {
        return;
    }
    if children::page(&held) {
        return;
    }
    let mut out = io::stdout().lock();
    // Nobody is left to tell if the terminal is gone.
    out.write_all(&held).and_then(|()| out.flush()).unwrap_or(());
}

/// What could not be written since the last call.
#[must_use]
pub fn failed() -> Option<String> {
    sink().failed.take()
}
