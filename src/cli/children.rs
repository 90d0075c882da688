//! Other programs that a prompt starts: the shell, an editor, a pager. While one runs, Ctrl-C is
//! meant for it.

use std::env::var;
use std::io::{self, Write, stdout};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use terminal_size::{Height, terminal_size_of};

use crate::cli::session::width;
use crate::cli::signals;
use crate::show::safe::width as columns_of;

/// Between two looks at whether a program has ended.
const PAUSE: Duration = Duration::from_millis(5);
/// What pages if nothing was set: colours pass, short texts stay, the screen is left as it is.
const PAGER: &str = "less -RFX";
/// What edits if nothing was set.
const EDITOR: &str = "vi";

/// Waits for a program to end.
///
/// # Errors
/// If it cannot be waited for.
pub fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    let stop = signals::stop_flag();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if signals::ending().is_none() {
            stop.store(false, Ordering::Relaxed);
        }
        sleep(PAUSE);
    }
}

/// A command line for the shell.
#[must_use]
pub fn shell(command: &str) -> Command {
    let mut shell = Command::new(if cfg!(windows) { "cmd" } else { "sh" });
    shell.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(command);
    shell
}

#[expect(clippy::disallowed_methods, reason = "only cli/ reads the environment")]
fn set(name: &str) -> Option<String> {
    var(name).ok()
}

/// The editor that was asked for.
#[must_use]
pub fn editor() -> String {
    let given = ["VISUAL", "EDITOR"].into_iter().filter_map(set).find(|one| !one.is_empty());
    given.unwrap_or_else(|| EDITOR.to_owned())
}

/// The pager that was asked for; nothing if none is wanted.
fn pager() -> Option<String> {
    if set("TERM").is_some_and(|term| term == "dumb") {
        return None;
    }
    let asked = set("HENCE_PAGER").or_else(|| set("PAGER").filter(|one| !one.is_empty()));
    Some(asked.unwrap_or_else(|| PAGER.to_owned())).filter(|pager| !pager.trim().is_empty())
}

/// Shows a text in the pager, if it is taller than the terminal and there is a pager.
pub fn page(text: &[u8]) -> bool {
    let Some((_, Height(height))) = terminal_size_of(stdout()) else { return false };
    let columns = width(true).unwrap_or(usize::MAX).max(1);
    let lines = String::from_utf8_lossy(text);
    let rows = |line: &str| columns_of(line).div_ceil(columns).max(1);
    let mut all = 0;
    // The prompt stands below.
    if !lines.lines().any(|line| {
        all += rows(line);
        all >= usize::from(height)
    }) {
        return false;
    }
    let Some(command) = pager() else { return false };
    let Ok(mut child) = shell(&command).stdin(Stdio::piped()).spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // Who has seen enough reads no further.
        input.write_all(text).unwrap_or(());
    }
    // 126 and 127: the shell found no such program, and nothing was shown.
    wait(&mut child).is_ok_and(|status| !matches!(status.code(), Some(126 | 127)))
}
