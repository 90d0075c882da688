//! What an explanation takes with the session open: `cargo bench --bench why -- [random] [chain]
//! [sum] [claims]`. Times are those of one question from its text to its printed proof, the least
//! of three tries, so that other work on the machine counts little.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench fails by panicking, prints, and makes its own input"
)]

use std::env::args;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hence::claims::load::Ungrounded;
use hence::provenance::proof::Quality;
use hence::provenance::search::Asked;
use hence::session::options::Options;
use hence::session::session::{Keep, Session};
use hence::show::tree::{TreeOptions, tree};
use hence::show::words::Words;
use hence::value::value::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLOSURE: &str = "
.decl edge(x: number, y: number)
.input edge
.decl path(x: number, y: number)
path(x, y) :- edge(x, y).
path(x, z) :- path(x, y), edge(y, z).
.output path
";

const SUM: &str = "
.decl amount(id: number, place: symbol, n: number)
.input amount
.decl total(n: number)
total(n) :- n = sum x : { amount(_, _, x) }.
.output total
";

const CLAIMS: &str = "
.include \"claims.dl\"
.decl total(n: number)
total(n) :- n = sum x : { claim_lo(_, x) }.
.output total
";

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % n
    }
}

fn main() {
    let wanted: Vec<String> = args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|arg| arg == name);
    let folder = tempfile::tempdir().unwrap();
    if is_wanted("random") {
        let mut random = Random(7);
        let edges = (0..8_000).map(|_| (random.below(4_000), random.below(4_000)));
        closure("random", folder.path(), &edges.collect::<Vec<_>>(), 4_000);
    }
    if is_wanted("chain") {
        closure("chain", folder.path(), &(0..4_500).map(|x| (x, x + 1)).collect::<Vec<_>>(), 4_501);
    }
    if is_wanted("sum") {
        let mut rows = String::new();
        for id in 0..1_000_000 {
            writeln!(rows, "{id}\tplace{}\t{}", id % 1_000, id % 977 + 1).unwrap();
        }
        let mut session = open(folder.path(), SUM, ("amount.facts", &rows));
        ask_often(&mut session, "sum of rows", "total(_)");
    }
    if is_wanted("claims") {
        let mut session = open(folder.path(), CLAIMS, ("claims.jsonl", &claims()));
        ask_often(&mut session, "sum of claims", "total(_)");
    }
}

fn open(folder: &Path, program: &str, (name, rows): (&str, &str)) -> Session {
    let path = folder.join("bench.dl");
    fs::write(&path, program).unwrap();
    fs::write(folder.join(name), rows).unwrap();
    let start = Instant::now();
    let facts = vec![folder.to_owned()];
    let mut options = Options { facts, ..Options::default() };
    options.input.allow_missing = true;
    options.claims.ungrounded = Ungrounded::Keep;
    let mut session = Session::new(options);
    session.run(&[path], Keep::Input).unwrap();
    println!("  run {:.1} s", start.elapsed().as_secs_f64());
    fs::remove_file(folder.join(name)).unwrap();
    session
}

fn claims() -> String {
    let mut out = String::from("{\"type\": \"document\", \"id\": \"d\", \"title\": \"D\"}\n");
    out.push_str("{\"type\": \"entity\", \"id\": \"x\"}\n");
    for source in 0..1_000 {
        writeln!(out, r#"{{"type": "source", "id": "s{source}", "label": "Source {source}"}}"#)
            .unwrap();
    }
    for id in 0..1_000_000 {
        writeln!(
            out,
            r#"{{"type": "claim", "id": "c{id}", "doc": "d", "chain": [{{"who": "s{}", "act": "said"}}], "subject": "x", "predicate": "casualties", "object": {{"literal": "y"}}, "modality": "stated", "amount": {{"unit": "person", "lo": {}, "hi": {}}}}}"#,
            id % 1_000,
            id % 977 + 1,
            id % 977 + 2,
        )
        .unwrap();
    }
    out
}

fn closure(name: &str, folder: &Path, edges: &[(usize, usize)], nodes: usize) {
    let rows: Vec<String> = edges.iter().map(|(x, y)| format!("{x}\t{y}\n")).collect();
    let mut session = open(folder, CLOSURE, ("edge.facts", &rows.concat()));
    let path = session.world().program.relation("path").unwrap();
    let mut random = Random(99);
    let mut atoms = Vec::new();
    while atoms.len() < 1_000 {
        let pair = [random.below(nodes), random.below(nodes)];
        let tuple = pair.map(|n| Value::Number(i64::try_from(n).unwrap()));
        if session.world().tables().contains(path, &tuple) {
            atoms.push(format!("path({}, {})", pair[0], pair[1]));
        }
    }
    println!("{name}: {} tuples", session.world().tables().len(path));
    let first = ask(&mut session, &atoms[0]);
    let answers: Vec<Answer> = atoms.iter().map(|atom| least(&mut session, atom)).collect();
    report(name, &first, answers);
}

fn ask_often(session: &mut Session, name: &str, atom: &str) {
    let first = ask(session, atom);
    let answers = (0..5).map(|_| least(session, atom)).collect();
    report(name, &first, answers);
}

struct Answer {
    time: Duration,
    quality: Quality,
    nodes: usize,
}

fn least(session: &mut Session, atom: &str) -> Answer {
    let tries = (0..3).map(|_| ask(session, atom));
    tries.min_by_key(|answer| answer.time).unwrap()
}

fn ask(session: &mut Session, atom: &str) -> Answer {
    let start = Instant::now();
    let file = session.files_mut().add("question", atom);
    session.place_rows();
    let explainer = session.explainer();
    let explained = session.explain(&explainer, file, Asked::default()).unwrap();
    let words = Words { given: explainer.given(), files: session.files() };
    let text = tree(words, &explained.found.proof, TreeOptions::default());
    assert!(!text.is_empty());
    Answer {
        time: start.elapsed(),
        quality: explained.found.proof.quality,
        nodes: explained.found.proof.nodes.len(),
    }
}

fn report(name: &str, first: &Answer, mut answers: Vec<Answer>) {
    answers.sort_by_key(|answer| answer.time);
    let at = |part: usize| answers[(answers.len() - 1) * part / 100].time.as_secs_f64() * 1e3;
    let best = answers.iter().filter(|answer| answer.quality == Quality::Best).count();
    let nodes = answers.iter().map(|answer| answer.nodes).sum::<usize>() / answers.len();
    println!(
        "{name}: first {:.1} ms, p50 {:.2} ms, p95 {:.2} ms, max {:.2} ms; {best} of {} best; \
         {nodes} nodes on average",
        first.time.as_secs_f64() * 1e3,
        at(50),
        at(95),
        at(100),
        answers.len(),
    );
}
