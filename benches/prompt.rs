//! What a person at the prompt waits for: `cargo bench --bench prompt -- [ask] [complete] [tests]`.
//! `ask` is a question on the demo from its line to the end of its answer, through a pipe to the
//! binary, once it is loaded; `complete` is TAB with a million distinct constants in the column;
//! `tests` is the whole of `hence test rules`. The least of several tries counts, and the middle
//! one stands beside it: other work on the machine counts little.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench fails by panicking, prints, and makes its own input"
)]

use std::env::args;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hence::cli::repl::complete::{Scene, candidates};
use hence::session::options::Options;
use hence::session::session::{Keep, Session};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let wanted: Vec<String> = args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|arg| arg == name);
    if is_wanted("ask") {
        ask();
    }
    if is_wanted("complete") {
        complete();
    }
    if is_wanted("tests") {
        tests();
    }
}

fn hence() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    command
}

/// Prints the least and the middle of times.
fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let ms = |time: &Duration| format!("{:.3} ms", time.as_secs_f64() * 1e3);
    println!("{what:<60} {:>12} {:>12}", ms(&times[0]), ms(&times[times.len() / 2]));
}

fn ask() {
    let mut child = hence()
        .args(["repl", "rules/deployment.dl", "-F", "facts/deployment"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    // `.set` prints a known last line: with it the answer before is complete.
    let questions = [
        "corroborated(e)",
        "total(r, _, lo, hi), lo > 30000?",
        "chain(goods, from, user, target, c, d)?",
        "?- claim_lo(c, lo), claim_hi(c, hi), hi > lo.",
    ];
    let mut round = |question: &str| {
        let start = Instant::now();
        keys.write_all(format!("{question}\n.set\n").as_bytes()).unwrap();
        let mut line = String::new();
        while !line.starts_with("to ") {
            line.clear();
            assert!(answers.read_line(&mut line).unwrap() > 0, "{question} ended the prompt");
        }
        start.elapsed()
    };
    round("corroborated(e)");
    for question in questions {
        let times = (0..50).map(|_| round(question)).collect();
        print(question, times);
    }
    drop(keys);
    child.wait().unwrap();
}

fn complete() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("p.dl");
    fs::write(&program, ".decl p(n: number, x: symbol)\n.input p\n.output p\n").unwrap();
    let mut rows = String::new();
    for n in 0..1_000_000_u64 {
        // Not in the order of their texts.
        writeln!(rows, "{n}\tname{:07}", n * 7_919 % 1_000_003).unwrap();
    }
    fs::write(folder.path().join("p.facts"), rows).unwrap();
    let facts = vec![folder.path().to_owned()];
    let mut session = Session::new(Options { facts, ..Options::default() });
    session.run(&[program], Keep::Input).unwrap();
    let scene = Scene { world: session.world(), records: None, base: session.base(), last: None };
    for typed in ["p(n, \"", "p(n, \"name01", "p(n, \"name0123456", "p(n, \"zz", "p(", "."] {
        let mut found = 0;
        let tries = (0..7).map(|_| {
            let start = Instant::now();
            found = candidates(&scene, typed).1.len();
            start.elapsed()
        });
        let times = tries.collect();
        print(&format!("TAB after {typed}   ({found} found)"), times);
    }
}

fn tests() {
    let times = (0..7).map(|_| {
        let start = Instant::now();
        let done = hence().args(["test", "rules"]).stdout(Stdio::null()).status().unwrap();
        assert!(done.success());
        start.elapsed()
    });
    print("hence test rules", times.collect());
}
