//! Every kind of work that a program can make endless stops soon after it is told to, in both
//! engines, and the limit of rounds is what it says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hence::engine::limits::{Limits, Stop};
use hence::engine::{naive, native};

use crate::compiled::{Compiled, compile};

/// Runs a program in an engine without giving its result.
type Run = fn(&Compiled, &Limits) -> Result<(), Stop>;

const ENGINES: [(&str, Run); 2] = [
    ("naive", |c, limits| naive::run(&c.program, &c.analysis, c.facts(), limits).map(drop)),
    ("native", |c, limits| native::run(&c.program, &c.analysis, c.facts(), limits).map(drop)),
];

const DIGITS: &str = ".decl d(x: number)
    d(0). d(1). d(2). d(3). d(4). d(5). d(6). d(7). d(8). d(9).
    .decl q(x: number) .decl n(x: number)\n";

/// Each would take hours.
const ENDLESS: [(&str, &str); 7] = [
    (
        "a product",
        "q(a) :- d(a), d(b), d(c), d(e), d(f), d(g), d(h), d(i), d(j), d(k),
            a + b + c + e + f + g + h + i + j + k < 0.",
    ),
    ("a range", "q(x) :- x = range(0, 1000000000000), x < 0."),
    ("membership in a range", "q(x) :- d(x), y = x - 10, y = range(0, 1000000000000)."),
    (
        "a product in an aggregate",
        "q(s) :- s = sum a * b * c * e * f * g * h * i * j * k :
            { d(a), d(b), d(c), d(e), d(f), d(g), d(h), d(i), d(j), d(k) }.",
    ),
    ("an aggregate over a range", "q(s) :- s = count : { x = range(0, 1000000000000), x < 0 }."),
    ("rounds", "n(0). n(x + 1) :- n(x)."),
    (
        "a product beside an error",
        "q(x) :- d(a), d(b), d(c), d(e), d(f), d(g), d(h), d(i), d(j), d(k),
            x = a / (b + c + e + f + g + h + i + j + k).",
    ),
];

#[test]
fn whatever_is_endless_can_be_stopped() {
    for (name, rules) in ENDLESS {
        let compiled = compile(&format!("{DIGITS}{rules}"));
        for (engine, run) in ENGINES {
            let stop = Arc::new(AtomicBool::new(false));
            let limits = Limits { rounds_max: None, stop: Arc::clone(&stop), ..Limits::default() };
            let flag = thread::spawn(move || {
                thread::sleep(Duration::from_millis(60));
                stop.store(true, Ordering::Relaxed);
                Instant::now()
            });
            let result = run(&compiled, &limits);
            let end = Instant::now();
            assert!(matches!(result, Err(Stop::Interrupted)), "{engine}, {name}: {result:?}");
            let late = end.saturating_duration_since(flag.join().unwrap());
            println!("{engine:6} {:4} ms after the flag: {name}", late.as_millis());
            // 100 ms is what is wanted; a loaded machine takes its time.
            assert!(late < Duration::from_secs(2), "{engine}, {name}: {late:?}");
        }
    }
}

#[test]
fn a_deadline_stops() {
    for (name, rules) in ENDLESS {
        let compiled = compile(&format!("{DIGITS}{rules}"));
        for (engine, run) in ENGINES {
            let deadline = Some(Instant::now() + Duration::from_millis(20));
            let limits = Limits { rounds_max: None, deadline, ..Limits::default() };
            let result = run(&compiled, &limits);
            assert!(matches!(result, Err(Stop::Timeout)), "{engine}, {name}: {result:?}");
        }
    }
}

#[test]
fn a_program_may_use_all_its_rounds() {
    // The last tuple comes in round 7.
    let compiled = compile(".decl n(x: number) n(0). n(x + 1) :- n(x), x < 7.");
    let n = compiled.program.relation("n").unwrap();
    for (engine, run) in ENGINES {
        let limits = |rounds| Limits { rounds_max: Some(rounds), ..Limits::default() };
        assert!(run(&compiled, &limits(7)).is_ok(), "{engine}");
        match run(&compiled, &limits(6)) {
            Err(Stop::Rounds { limit: 6, growing }) => assert_eq!(growing, [n], "{engine}"),
            other => panic!("{engine}: {other:?}"),
        }
    }
}
