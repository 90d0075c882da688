//! Runs cases of a target: for a while, or the one that is asked for. What a failing case was is
//! printed; a case that does not come back ends the run with its seed.

use std::env;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::abort;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

/// Without a wish of the environment: the same cases on every machine, a second or two of them.
const CASES: u64 = 600;

/// A case takes milliseconds; one that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs cases and returns how many.
pub(crate) fn fuzz(
    target: &'static str,
    mut case: impl FnMut(&mut Unstructured<'_>) -> Result<()>,
) -> usize {
    let mut run = |seed: u64| {
        let _failed = OnPanic(|| {
            eprintln!("to repeat: HENCE_FUZZ_SEED={seed:#x} cargo test --test fuzz {target}");
        });
        // A case that runs out of random bytes has ended.
        arbtest(|u| case(u).or(Ok(()))).seed(seed).run();
    };
    if let Ok(seed) = env::var("HENCE_FUZZ_SEED") {
        run(u64::from_str_radix(seed.trim_start_matches("0x"), 16).unwrap());
        return 1;
    }
    let wish = env::var("HENCE_FUZZ_SECONDS").ok();
    let seconds = wish.map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let start = if seconds.is_some() { RandomState::new().hash_one(target) } else { 0 };
    // A case that exhausts memory or the stack leaves its seed here.
    let note = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}.seed"));
    let (begin, begins) = channel();
    thread::spawn(move || {
        let mut current = 0;
        loop {
            match begins.recv_timeout(PATIENCE) {
                Ok(seed) => current = seed,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("{target} hangs with HENCE_FUZZ_SEED={current:#x}");
                    abort();
                }
            }
        }
    });
    let began = Instant::now();
    let mut cases = 0;
    while seconds.map_or(cases < CASES, |seconds| began.elapsed() < seconds) {
        cases += 1;
        let seed = seed(start.wrapping_add(cases));
        begin.send(seed).unwrap();
        if seconds.is_some() {
            fs::write(&note, format!("{seed:#x}\n")).unwrap();
        }
        run(seed);
    }
    eprintln!("{target}: {cases} cases in {:?}", began.elapsed());
    usize::try_from(cases).unwrap()
}

/// A seed of `arbtest`: the upper half makes the bytes, the lower half says how many.
fn seed(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let bytes = 64 << (mixed % 8);
    (mixed & !0xffff_ffff) | bytes
}

/// Does something if the case panics.
pub(crate) struct OnPanic<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)();
        }
    }
}
