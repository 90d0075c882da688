//! Other programs: `.shell`, `.edit`, and what `.to '|…'` starts. Statements that come from a pipe
//! may be somebody else's words: there these work only with `--shell`.

use std::env::temp_dir;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{self, ExitStatus, Stdio};

use crate::cli::children;
use crate::cli::exit::Exit;
use crate::cli::repl::settings;
use crate::cli::repl::shell::Shell;
use crate::cli::sink::{self, To, stdout};
use crate::io::library::{Origin, read};
use crate::io::output::replace;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

fn wrong(text: impl Into<String>, help: &str) -> Exit {
    Exit::from(Diagnostic::new(Code::H0701, text).help(help))
}

/// Refuses where statements must not start programs.
fn allowed(shell: &Shell, what: &str) -> Result<(), Exit> {
    if shell.interactive || shell.settings.shell {
        return Ok(());
    }
    let text = format!("{what} starts another program, which statements from a pipe may not");
    Err(wrong(text, "start hence with --shell if they may"))
}

fn ended(command: &str, status: ExitStatus) -> Result<(), Exit> {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Exit::System(format!("`{command}` ended with exit code {code}"))),
        None => Err(Exit::System(format!("`{command}` was ended by a signal"))),
    }
}

fn unstarted(command: &str, error: &dyn ToString) -> Exit {
    Exit::System(format!("`{command}` cannot be started: {}", error.to_string()))
}

/// Does a command of the shell; what it prints goes where answers go.
///
/// # Errors
/// If it may not be done, or fails.
pub fn run(shell: &Shell, command: &str) -> Result<(), Exit> {
    if command.is_empty() {
        return Err(wrong("`.shell` takes a command", "as in `.shell ls facts`"));
    }
    allowed(shell, "`.shell`")?;
    sink::release();
    let mut child = children::shell(command);
    if !shell.interactive {
        // What is in the pipe are statements.
        child.stdin(Stdio::null());
    }
    if sink::is_standard() {
        let started = child.spawn().and_then(|mut child| children::wait(&mut child));
        return ended(command, started.map_err(|error| unstarted(command, &error))?);
    }
    let done = child.stderr(Stdio::inherit()).output();
    let done = done.map_err(|error| unstarted(command, &error))?;
    stdout().write_all(&done.stdout)?;
    ended(command, done.status)
}

/// Sends answers into a program.
///
/// # Errors
/// If it may not be started, or cannot be.
pub fn divert(shell: &Shell, command: &str) -> Result<(), Exit> {
    if command.is_empty() {
        return Err(wrong("`.to '|…'` takes a command", "as in `.to '|sort'`"));
    }
    allowed(shell, "`.to '|…'`")?;
    let started = children::shell(command).stdin(Stdio::piped()).spawn();
    let child = started.map_err(|error| unstarted(command, &error))?;
    sink::divert(To::Program(command.to_owned(), child));
    Ok(())
}

/// Opens the last statement in an editor, and does what is there afterwards.
///
/// # Errors
/// If there is no editor, or a statement fails.
pub fn edit(shell: &mut Shell, rest: &str) -> Result<(), Exit> {
    if !rest.is_empty() {
        return Err(wrong("`.edit` opens the last statement", "and takes nothing"));
    }
    if !shell.interactive {
        return Err(wrong("`.edit` needs a terminal", "in a pipe there is nothing to edit"));
    }
    let is_own = |text: &&String| !text.trim_start().starts_with(".e");
    let before = shell.history.iter().rev().find(is_own).cloned().unwrap_or_default();
    let folder = aside()?;
    let path = folder.join("statement.dl");
    let edited = replace(&path, &format!("{}\n", before.trim_end()))
        .map_err(|error| Exit::System(format!("{} cannot be written: {error}", path.display())))
        .and_then(|()| {
            let command = format!("{} '{}'", children::editor(), path.display());
            let started = children::shell(&command).spawn();
            let status = started.and_then(|mut child| children::wait(&mut child));
            ended(&command, status.map_err(|error| unstarted(&command, &error))?)
        })
        .and_then(|()| {
            read(&Origin::Disk(path.clone())).map_err(|reason| {
                Exit::System(format!("{} cannot be read: {reason}", path.display()))
            })
        });
    // Nothing else is in it; if it stays, the system clears it away.
    fs::remove_dir_all(&folder).unwrap_or(());
    let text = edited?;
    if text.trim() == before.trim() {
        shell.reporter.line("nothing was changed");
        return Ok(());
    }
    for line in text.trim_end().lines() {
        shell.reporter.line(&format!("edited: {line}"));
    }
    shell.history.push(text.trim_end().to_owned());
    settings::statements(shell, "edited", &text)
}

/// A folder that only its owner can read.
fn aside() -> Result<PathBuf, Exit> {
    let folder = temp_dir().join(format!("hence-edit-{}", process::id()));
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    // One that is there already may be anybody's.
    builder
        .create(&folder)
        .map_err(|error| Exit::System(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}
