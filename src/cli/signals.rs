//! Signals that ask the process to end: Ctrl-C, SIGTERM, SIGHUP. The first one asks what is running
//! to stop, the second one ends the process at once. The exit code names the signal. A prompt that
//! waits for input has nothing to stop: there SIGTERM and SIGHUP end the process at once.

use std::ffi::c_int;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::signal::SIGINT;
#[cfg(unix)]
use signal_hook::consts::signal::{SIGHUP, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown, register_usize};

use crate::cli::exit::INTERRUPTED;

/// The exit code of the last signal; 0 for none yet.
static LAST: AtomicUsize = AtomicUsize::new(0);

/// Whether a prompt waits for input.
static WAITING: AtomicBool = AtomicBool::new(false);

#[cfg(unix)]
const ENDING: &[c_int] = &[SIGTERM, SIGHUP];
#[cfg(not(unix))]
const ENDING: &[c_int] = &[];

/// The flag that the signals set: one for the process.
#[must_use]
pub fn stop_flag() -> Arc<AtomicBool> {
    static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let stop = STOP.get_or_init(|| {
        let stop = Arc::new(AtomicBool::new(false));
        for &signal in ENDING.iter().chain(&[SIGINT]) {
            // Without a handler a signal ends the process, which is what it does elsewhere.
            handle(signal, &stop).unwrap_or(());
        }
        stop
    });
    Arc::clone(stop)
}

fn handle(signal: c_int, stop: &Arc<AtomicBool>) -> io::Result<()> {
    if is_ignored(signal) {
        return Ok(());
    }
    let code = 128 + signal;
    // What is registered first is done first: only the second signal finds the flag set.
    register_conditional_shutdown(signal, code, Arc::clone(stop))?;
    if signal != SIGINT {
        register_conditional_shutdown(signal, code, &WAITING)?;
    }
    register_usize(signal, &LAST, code.unsigned_abs() as usize)?;
    register(signal, Arc::clone(stop))?;
    Ok(())
}

/// Whether whoever started the process wants this signal ignored, as `nohup` does. Ctrl-C is
/// always taken.
fn is_ignored(signal: c_int) -> bool {
    #[expect(clippy::disallowed_methods, reason = "there is no safe call that asks for it")]
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    signal != SIGINT && mask >> (signal - 1) & 1 == 1
}

/// The exit code of what was interrupted: that of the last signal.
#[must_use]
pub fn interrupted() -> u8 {
    match u8::try_from(LAST.load(Ordering::SeqCst)) {
        Ok(0) | Err(_) => INTERRUPTED,
        Ok(code) => code,
    }
}

/// The exit code of a signal that shall end also a prompt.
#[must_use]
pub fn ending() -> Option<u8> {
    let code = interrupted();
    (code != INTERRUPTED).then_some(code)
}

/// Waits for input by `read`, unless the process shall end; then the exit code comes back.
///
/// # Errors
/// The exit code of the signal that shall end the process.
pub fn wait<T>(read: impl FnOnce() -> T) -> Result<T, u8> {
    // In this order: a signal in between ends the process itself.
    WAITING.store(true, Ordering::SeqCst);
    let read = match ending() {
        Some(code) => Err(code),
        None => Ok(read()),
    };
    WAITING.store(false, Ordering::SeqCst);
    read
}
