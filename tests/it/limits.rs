//! Every kind of work that a program can make endless stops soon after it is told to, in both
//! engines and in the search for proofs, and the limit of rounds is what it says.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hence::engine::limits::{Limits, Stop};
use hence::engine::{naive, native};

use hence::base::ids::RelationId;
use hence::provenance::check::check_within;
use hence::provenance::search::{Asked, Budget, NoProof};
use hence::provenance::watch::Watch;
use hence::session::explain::Unexplained;
use hence::session::options::Options;
use hence::session::session::{Keep, Session};
use hence::text::codes::Code;
use hence::value::value::Tuple;

use crate::compiled::{Compiled, compile};
use crate::proofs::Case;

/// Runs a program in an engine without giving its result.
type Run = fn(&Compiled, &Limits) -> Result<(), Stop>;

const ENGINES: [(&str, Run); 3] = [
    ("naive", |c, limits| naive::run(&c.program, &c.analysis, c.facts(), limits).map(drop)),
    ("native", |c, limits| native::run(&c.program, &c.analysis, c.facts(), limits).map(drop)),
    ("shared", |c, limits| {
        let limits = Limits { workers: 3, alone: 0, ..limits.clone() };
        native::run(&c.program, &c.analysis, c.facts(), &limits).map(drop)
    }),
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
    (
        "membership in a range of floats",
        "q(x) :- d(x), y = to_float(x) - 10.0, y = range(0.0, 1000000000.0, 0.001).",
    ),
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

/// A proof that takes seconds: a count over a million bindings.
const LONG: &str = "q(n) :- n = count : { d(a), d(b), d(c), d(e), d(f), d(g) }.";

/// A little of all that a search for a proof does: a chain, a choice, sums, a range.
const MIXED: &str = "
    .decl e(a: number, b: number) .decl p(a: number, b: number)
    e(x, x + 1) :- x = range(0, 60). e(x, x + 2) :- x = range(0, 60).
    p(a, b) :- e(a, b). p(a, c) :- p(a, b), e(b, c).
    q(s) :- p(0, 40), s = sum b : { p(1, b) }.";

fn only_tuple(case: &Case, name: &str) -> (RelationId, Tuple) {
    let id = case.program.relation(name).unwrap();
    let any = vec![None; case.program.relations[id].columns.len()];
    let (found, _) = case.explainer().find(id, &any, &[], 1).unwrap();
    (id, found.into_iter().next().unwrap())
}

#[test]
fn a_search_for_a_proof_can_be_stopped() {
    let case = Case::of(&format!("{DIGITS}{LONG}"));
    let (id, tuple) = only_tuple(&case, "q");
    let stop = Arc::new(AtomicBool::new(false));
    let limits = Limits { stop: Arc::clone(&stop), ..Limits::default() };
    let flag = thread::spawn(move || {
        thread::sleep(Duration::from_millis(60));
        stop.store(true, Ordering::Relaxed);
        Instant::now()
    });
    let result = case.explainer().within(&limits).explain(id, &tuple, Budget::default());
    let end = Instant::now();
    assert_eq!(result.unwrap_err(), NoProof::Stopped(Stop::Interrupted));
    let late = end.saturating_duration_since(flag.join().unwrap());
    assert!(late < Duration::from_secs(2), "{late:?}");
}

#[test]
fn wherever_a_search_for_a_proof_is_stopped_it_says_so() {
    let case = Case::of(&format!("{DIGITS}{MIXED}"));
    let (id, tuple) = only_tuple(&case, "q");
    for milliseconds in (0..).step_by(4) {
        let deadline = Some(Instant::now() + Duration::from_millis(milliseconds));
        let limits = Limits { deadline, ..Limits::default() };
        match case.explainer().within(&limits).explain(id, &tuple, Budget::default()) {
            Ok(_) => break,
            Err(stopped) => assert_eq!(stopped, NoProof::Stopped(Stop::Timeout)),
        }
    }
}

#[test]
fn a_lookup_and_a_check_can_be_stopped() {
    let limits = Limits { stop: Arc::new(AtomicBool::new(true)), ..Limits::default() };
    let case = Case::of(&format!("{DIGITS} q(x) :- x = range(0, 10000)."));
    let q = case.program.relation("q").unwrap();
    let found = case.explainer().within(&limits).find(q, &[None], &[], 1);
    assert_eq!(found.unwrap_err(), Stop::Interrupted);

    let case = Case::of(&format!("{DIGITS} q(n) :- n = count : {{ d(a), d(b), d(c), d(e) }}."));
    let (id, tuple) = only_tuple(&case, "q");
    let explainer = case.explainer();
    let proof = explainer.explain(id, &tuple, Budget::default()).unwrap();
    let watch = Watch::new(&limits);
    check_within(explainer.given(), &proof, &watch).unwrap_err();
    assert_eq!(watch.stopped(), Err(Stop::Interrupted));
}

#[test]
fn a_question_why_that_is_stopped_is_reported_as_any_other() {
    let at = tempfile::tempdir().unwrap();
    let path = at.path().join("p.dl");
    fs::write(&path, format!("{DIGITS} q(x) :- x = range(0, 10000).")).unwrap();
    let mut session = Session::new(Options::default());
    session.run(&[path], Keep::Input).unwrap();
    session.options().stop.store(true, Ordering::Relaxed);
    let file = session.files_mut().add("question", "q(x)");
    match session.explain(&session.explainer(), file, Asked::default()) {
        Err(Unexplained::Refused(messages)) => assert_eq!(messages[0].code, Code::H0602),
        other => panic!("{other:?}"),
    }
}
