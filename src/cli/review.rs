//! `hence test --review`: shows what is pending piece by piece, and takes or drops it by one key.

use std::io::{IsTerminal, Read, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use crate::cli::exit::{Exit, NEGATIVE};
use crate::io::find::shown;
use crate::testing::report::apart;
use crate::testing::snapshot;
use crate::text::numbers::counted;

/// What a key decides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Accept,
    Reject,
    Skip,
}

/// Reviews these files.
///
/// # Errors
/// If there is no terminal to ask at, or a file cannot be written.
pub fn run(pending: &[PathBuf]) -> Result<(), Exit> {
    let mut out = stdout();
    if pending.is_empty() {
        writeln!(out, "nothing is pending")?;
        return Ok(());
    }
    if !stdin().is_terminal() || !out.is_terminal() {
        for path in pending {
            writeln!(out, "{}", shown(path))?;
        }
        writeln!(
            out,
            "a review needs a terminal; without one: hence test --accept, hence test --reject, \
             hence test --pending"
        )?;
        return Err(Exit::Code(NEGATIVE));
    }
    let mut counts = [0; 3];
    let mut all = None;
    for (at, path) in pending.iter().enumerate() {
        let decision = match all {
            Some(decision) => decision,
            None => {
                show(path, at + 1, pending.len())?;
                let Some((decision, is_for_all)) = ask()? else { break };
                all = is_for_all.then_some(decision);
                decision
            }
        };
        let done = match decision {
            Decision::Accept => snapshot::accept(path),
            Decision::Reject => snapshot::remove(path),
            Decision::Skip => Ok(()),
        };
        done?;
        counts[decision as usize] += 1;
    }
    let left = pending.len() - counts[0] - counts[1];
    writeln!(out, "{} accepted, {} rejected, {} pending", counts[0], counts[1], left)?;
    if left == 0 { Ok(()) } else { Err(Exit::Code(NEGATIVE)) }
}

/// Shows what would be different.
fn show(path: &Path, at: usize, of: usize) -> Result<(), Exit> {
    let kept = path.with_extension("");
    let old = snapshot::body(&kept).unwrap_or_default();
    let new = snapshot::body(path).unwrap_or_default();
    let mut out = stdout().lock();
    writeln!(out, "\n{at} of {}  {}", counted(of, "file"), shown(&kept))?;
    let is_snapshot = kept.extension().is_some_and(|ending| ending == "snap");
    if let Some(about) = snapshot::description(path).filter(|_| is_snapshot) {
        writeln!(out, "{about}")?;
    }
    if !kept.exists() {
        writeln!(out, "new:")?;
    }
    for line in apart(&old, &new) {
        writeln!(out, "  {line}")?;
    }
    write!(out, "a accept, r reject, s skip; A R S for this and all others; q quit > ")?;
    out.flush()?;
    Ok(())
}

/// What is decided, and whether for all others too; nothing to end.
fn ask() -> Result<Option<(Decision, bool)>, Exit> {
    loop {
        let key = key()?;
        let decision = match key.to_ascii_lowercase() {
            b'a' => Decision::Accept,
            b'r' => Decision::Reject,
            b's' => Decision::Skip,
            // Ctrl-C, Ctrl-D, the end of the input.
            b'q' | 3 | 4 | 0 => {
                writeln!(stdout())?;
                return Ok(None);
            }
            _ => continue,
        };
        writeln!(stdout(), "{}", key as char)?;
        return Ok(Some((decision, key.is_ascii_uppercase())));
    }
}

/// One key, without waiting for the end of a line where the system can do that; 0 at the end of the
/// input.
fn key() -> Result<u8, Exit> {
    let mut byte = [0];
    let input = stdin();
    #[cfg(unix)]
    let saved = unix::each_key(&input);
    let read = input.lock().read(&mut byte);
    #[cfg(unix)]
    unix::restore(&input, saved);
    Ok(if read? == 0 { 0 } else { byte[0] })
}

#[cfg(unix)]
mod unix {
    use std::io::Stdin;

    use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

    /// Makes a terminal give every key at once and print none; what it was comes back.
    pub(super) fn each_key(input: &Stdin) -> Option<Termios> {
        let saved = tcgetattr(input).ok()?;
        let mut raw = saved.clone();
        raw.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
        tcsetattr(input, SetArg::TCSANOW, &raw).ok()?;
        Some(saved)
    }

    /// Makes it what it was.
    pub(super) fn restore(input: &Stdin, saved: Option<Termios>) {
        if let Some(saved) = saved {
            // A terminal that is gone needs nothing.
            tcsetattr(input, SetArg::TCSANOW, &saved).unwrap_or(());
        }
    }
}
