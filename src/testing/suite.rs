//! Running many cases: in parallel, each apart from the others, and with the same result in the same
//! order whatever the number of threads.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::session::options::{Engine, Options};
use crate::testing::again;
use crate::testing::case::{Runner, rendered};
use crate::testing::coverage::Coverage;
use crate::testing::file::{CaseText, TestFile};
use crate::testing::outcome::{CaseResult, Failure, FileResult, Verdict};
use crate::testing::select::mixed;

/// Cases of one file that one thread runs after each other: what they share is then read once.
const TOGETHER: usize = 24;

/// The order of cases that are run again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// As they are written.
    Written,
    /// Another one each time.
    Shuffled,
}

/// How cases are run.
#[derive(Clone, Debug)]
pub struct How {
    /// How each session is made; its input is not used.
    pub options: Options,
    /// Threads.
    pub jobs: usize,
    /// Whether no further case is begun after one that fails.
    pub fail_fast: bool,
    /// Whether it is noted what each case tries of the rules.
    pub coverage: bool,
    /// How often each case is run; it must come to the same each time.
    pub repeat: usize,
    /// In which order they are run each further time.
    pub order: Order,
    /// Another engine, with which each case must come to the same.
    pub other: Option<Engine>,
}

impl How {
    /// Each case once.
    #[must_use]
    pub fn once(options: Options, jobs: usize) -> Self {
        let (fail_fast, coverage, order) = (false, false, Order::Written);
        Self { options, jobs, fail_fast, coverage, repeat: 1, order, other: None }
    }
}

/// Cases of one file that are run after each other.
struct Bundle {
    file: usize,
    cases: Vec<usize>,
}

/// Runs the cases for which `is_wanted` is true, as often and with as many engines as `how` says.
#[must_use]
pub fn run(
    files: &[TestFile],
    how: &How,
    is_wanted: &(dyn Fn(&TestFile, &CaseText) -> bool + Sync),
) -> Vec<FileResult> {
    let mut results = pass(files, how, 0, is_wanted);
    let plain = How { coverage: false, fail_fast: false, ..how.clone() };
    for n in 1..how.repeat {
        let again = pass(files, &plain, n, is_wanted);
        again::compare(&mut results, &again, ["the first time", &format!("time {}", n + 1)]);
    }
    if let Some(other) = how.other {
        let options = Options { engine: other, ..how.options.clone() };
        let again = pass(files, &How { options, ..plain }, 0, is_wanted);
        let name = |engine| match engine {
            Engine::Naive => "with the engine naive",
            Engine::Native => "with the engine native",
            Engine::Toy => "with ordered sets",
            Engine::Tiny => "with forms that change",
        };
        again::compare(&mut results, &again, [name(how.options.engine), name(other)]);
    }
    for case in results.iter_mut().flat_map(|result| &mut result.cases) {
        case.held = None;
    }
    results
}

/// Runs the cases for which `is_wanted` is true for the n-th time.
///
/// # Panics
/// Never: what panics in a case is caught and told as its result.
fn pass(
    files: &[TestFile],
    how: &How,
    n: usize,
    is_wanted: &(dyn Fn(&TestFile, &CaseText) -> bool + Sync),
) -> Vec<FileResult> {
    let mut results: Vec<FileResult> = files.iter().map(refused).collect();
    let mut bundles: Vec<Bundle> = Vec::new();
    for (at, file) in files.iter().enumerate().filter(|(_, file)| file.messages.is_empty()) {
        let cases = file.cases.iter().enumerate().filter(|(_, case)| is_wanted(file, case));
        let mut cases: Vec<usize> = cases.map(|(at, _)| at).collect();
        if how.order == Order::Shuffled && n > 0 {
            let salt = n.to_string();
            cases.sort_by_key(|at| mixed(&salt, &file.cases[*at].name));
        }
        let parts = cases.chunks(TOGETHER).map(<[usize]>::to_vec);
        bundles.extend(parts.map(|cases| Bundle { file: at, cases }));
    }
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let found: Mutex<Vec<(usize, usize, CaseResult)>> = Mutex::new(Vec::new());
    let is_compared = how.repeat > 1 || how.other.is_some();
    let runner_of = |file| {
        let runner = Runner::new(file, &how.options);
        runner.with_coverage(how.coverage).with_held(is_compared)
    };
    let work = || {
        while let Some(bundle) = bundles.get(next.fetch_add(1, Ordering::Relaxed)) {
            let file = &files[bundle.file];
            let mut runner = runner_of(file);
            for &at in &bundle.cases {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let case = &file.cases[at];
                let result = catch_unwind(AssertUnwindSafe(|| runner.run(case)));
                let result = result.unwrap_or_else(|panic| {
                    // What the case left half done is not used again.
                    runner = runner_of(file);
                    bug(case, &*panic)
                });
                if how.fail_fast && !result.verdict.is_good() {
                    stop.store(true, Ordering::Relaxed);
                }
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.push((bundle.file, at, result));
            }
        }
    };
    let threads = how.jobs.min(bundles.len());
    if threads <= 1 {
        work();
    } else {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    }
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(file, at, _)| (*file, *at));
    for (file, _, result) in found {
        results[file].cases.push(result);
    }
    results
}

/// What all cases try of the rules; it is taken out of the results.
#[must_use]
pub fn coverage(results: &mut [FileResult]) -> Coverage {
    let mut all = Coverage::default();
    for case in results.iter_mut().flat_map(|result| &mut result.cases) {
        if let Some(coverage) = case.coverage.take() {
            all.add(*coverage);
        }
    }
    all
}

/// The result of a file before its cases have run.
fn refused(file: &TestFile) -> FileResult {
    let refused = rendered(&file.messages, &file.files).join("\n");
    FileResult { name: file.name(), refused, ..FileResult::default() }
}

fn bug(case: &CaseText, panic: &(dyn Any + Send)) -> CaseResult {
    let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let failure = Failure {
        line: case.line,
        column: 1,
        written: String::new(),
        lines: vec![
            format!("bug in hence: {said}"),
            "please report it with the test file and its rules".to_owned(),
        ],
        proposal: None,
    };
    CaseResult {
        name: case.name.clone(),
        line: case.line,
        verdict: Verdict::Errored,
        checks: 0,
        failures: vec![failure],
        kept: Vec::new(),
        pending: Vec::new(),
        accepted: Vec::new(),
        coverage: None,
        held: None,
    }
}
