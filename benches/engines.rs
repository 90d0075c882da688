//! Whole evaluations beside two Datalog crates for Rust, in memory, on shapes that differ:
//! `cargo bench --bench engines`, or `… -- tc` for some of them. Every engine gets the same pairs or
//! triples as vectors; building its indexes is part of its time. Where an engine is not listed, its
//! crate has no plain way to say the program. Inputs come from a fixed seed.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints"
)]

use std::sync::Arc;
use std::thread::available_parallelism;

use hence::analysis::analysis::{Analysis, analyse};
use hence::base::ids::{FileId, Id};
use hence::engine::facts::Facts;
use hence::engine::limits::Limits;
use hence::engine::native;
use hence::engine::tables::Tables;
use hence::program::build::build;
use hence::program::program::Program;
use hence::syntax::parser::parse;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;
use hence::value::value::Value;

fn main() {
    println!("hence_all: {} workers", available_parallelism().unwrap());
    divan::main();
}

/// Rows of one relation.
type Rows = Vec<Vec<u32>>;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(n)).unwrap()
    }

    fn rows(&mut self, n: usize, below: &[u32]) -> Rows {
        (0..n).map(|_| below.iter().map(|end| self.below(*end)).collect()).collect()
    }
}

/// A program with its input, in memory.
struct Case {
    program: Program,
    analysis: Analysis,
    facts: Facts,
    output: &'static str,
}

impl Case {
    fn new(text: &str, output: &'static str, input: &[(&str, Rows)]) -> Self {
        let (tree, found) = parse(text, FileId::new(0));
        assert!(found.is_empty(), "{found:?}");
        let symbols = Arc::new(Symbols::new());
        let (program, found) = build(&[tree], Arc::clone(&symbols));
        assert!(found.is_empty(), "{found:?}");
        let (analysis, _) = analyse(&program);
        let mut facts = Facts::of_program(&program, Arc::new(Codes::new(Arc::clone(&symbols))));
        for (name, rows) in input {
            let relation = program.relation(name).unwrap();
            let is_text = text.contains(&format!("{name}(x: symbol"));
            for row in rows {
                let value = |n: &u32| match is_text {
                    true => Value::Symbol(symbols.intern(&format!("a name of some length, {n}"))),
                    false => Value::Number(i64::from(*n)),
                };
                facts.push(relation, &row.iter().map(value).collect::<Vec<_>>());
            }
        }
        Self { program, analysis, facts, output }
    }

    fn bench(&self, bencher: divan::Bencher<'_, '_>, workers: usize) {
        bencher.with_inputs(|| self.facts.clone()).bench_values(|facts| {
            let limits = Limits { workers, ..Limits::default() };
            let tables = native::run(&self.program, &self.analysis, facts, &limits).unwrap();
            tables.len(self.program.relation(self.output).unwrap())
        });
    }
}

fn pairs(rows: Rows) -> Vec<(u32, u32)> {
    rows.into_iter().map(|row| (row[0], row[1])).collect()
}

fn triples(rows: Rows) -> Vec<(u32, u32, u32)> {
    rows.into_iter().map(|row| (row[0], row[1], row[2])).collect()
}

/// One shape: hence with one worker and with all, and ascent.
macro_rules! shape {
    ($name:ident, $input:expr, $text:expr, $output:ident,
     [$($relation:ident: $take:ident),+], {$($ascent:tt)*} $(, $frog:item)?) => {
        mod $name {
            use super::*;

            mod program {
                #![allow(warnings, clippy::all, clippy::pedantic, reason = "written by a macro")]
                ascent::ascent! { pub struct Engine; $($ascent)* }
            }

            pub(super) fn input() -> Vec<(&'static str, Rows)> {
                $input
            }

            fn one(name: &str) -> Rows {
                input().into_iter().find(|(of, _)| *of == name).unwrap().1
            }

            #[divan::bench(sample_count = 5, sample_size = 1)]
            fn hence(bencher: divan::Bencher<'_, '_>) {
                Case::new($text, stringify!($output), &input()).bench(bencher, 1);
            }

            #[divan::bench(sample_count = 5, sample_size = 1)]
            fn hence_all(bencher: divan::Bencher<'_, '_>) {
                let workers = available_parallelism().unwrap().get();
                Case::new($text, stringify!($output), &input()).bench(bencher, workers);
            }

            #[divan::bench(sample_count = 3, sample_size = 1)]
            fn ascent(bencher: divan::Bencher<'_, '_>) {
                let input = || ($($take(one(stringify!($relation))),)+);
                bencher.with_inputs(input).bench_values(|($($relation,)+)| {
                    let mut engine = program::Engine::default();
                    $(engine.$relation = $relation;)+
                    engine.run();
                    engine.$output.len()
                });
            }

            $(#[divan::bench(sample_count = 3, sample_size = 1)] $frog)?
        }
    };
}

const CLOSURE: &str = ".decl edge(x: number, y: number)
.decl path(x: number, y: number)
path(x, y) :- edge(x, y).
path(x, z) :- path(x, y), edge(y, z).";

fn closure(edge: Vec<(u32, u32)>) -> usize {
    let mut iteration = datafrog::Iteration::new();
    let path = iteration.variable::<(u32, u32)>("path, by its end");
    let edge: datafrog::Relation<(u32, u32)> = edge.into();
    path.extend(edge.iter().map(|&(x, y)| (y, x)));
    while iteration.changed() {
        path.from_join(&path, &edge, |_, &x, &z| (z, x));
    }
    path.complete().len()
}

/// A closure of one relation.
macro_rules! closure_shape {
    ($name:ident, $edges:expr) => {
        shape!($name, vec![("edge", $edges)], CLOSURE, path, [edge: pairs], {
            relation edge(u32, u32);
            relation path(u32, u32);
            path(x, y) <-- edge(x, y);
            path(x, z) <-- path(x, y), edge(y, z);
        },
        fn datafrog(bencher: divan::Bencher<'_, '_>) {
            bencher.with_inputs(|| pairs(one("edge"))).bench_values(closure);
        });
    };
}

// All pairs of a random graph with one giant component: dense, few rounds.
closure_shape!(tc, Random(1).rows(7_500, &[1_500, 1_500]));

// All pairs of one path: as many rounds as nodes.
closure_shape!(chain, (0..2_000).map(|x| vec![x, x + 1]).collect());

fn families() -> Rows {
    let mut random = Random(3);
    let mut rows = Vec::new();
    for family in 0..150_u32 {
        for person in 20..400_u32 {
            let oldest = person.saturating_sub(60);
            for _ in 0..=u32::from(random.below(5) == 0) {
                let parent = oldest + random.below(person - oldest);
                rows.push(vec![family * 400 + parent, family * 400 + person]);
            }
        }
    }
    rows
}

// Same generation: a join on both sides of the recursion.
shape!(sg, vec![("parent", families())],
    ".decl parent(p: number, c: number)
.decl same(x: number, y: number)
same(x, y) :- parent(p, x), parent(p, y), x != y.
same(x, y) :- parent(a, x), same(a, b), parent(b, y).",
    same, [parent: pairs], {
        relation parent(u32, u32);
        relation same(u32, u32);
        same(x, y) <-- parent(p, x), parent(p, y), if x != y;
        same(x, y) <-- parent(a, x), same(a, b), parent(b, y);
    },
    fn datafrog(bencher: divan::Bencher<'_, '_>) {
        bencher.with_inputs(|| pairs(one("parent"))).bench_values(|parent| {
            let mut iteration = datafrog::Iteration::new();
            let parent: datafrog::Relation<(u32, u32)> = parent.into();
            let same = iteration.variable::<(u32, u32)>("same");
            let half = iteration.variable::<(u32, u32)>("a child and the other side");
            let siblings = parent.elements.chunk_by(|a, b| a.0 == b.0).flat_map(|family| {
                let pair = move |a: &(u32, u32)| {
                    let a = a.1;
                    family.iter().map(move |b| (a, b.1)).filter(move |(a, b)| a != b)
                };
                family.iter().flat_map(pair)
            });
            same.extend(siblings);
            while iteration.changed() {
                half.from_join(&same, &parent, |_, &b, &x| (b, x));
                same.from_join(&half, &parent, |_, &x, &y| (x, y));
            }
            same.complete().len()
        });
    }
);

// Two relations that feed each other.
shape!(mutual, vec![("edge", Random(5).rows(2_400, &[600, 600]))],
    ".decl edge(x: number, y: number)
.decl odd(x: number, y: number)
.decl even(x: number, y: number)
odd(x, y) :- edge(x, y).
odd(x, z) :- even(x, y), edge(y, z).
even(x, z) :- odd(x, y), edge(y, z).",
    even, [edge: pairs], {
        relation edge(u32, u32);
        relation odd(u32, u32);
        relation even(u32, u32);
        odd(x, y) <-- edge(x, y);
        odd(x, z) <-- even(x, y), edge(y, z);
        even(x, z) <-- odd(x, y), edge(y, z);
    }
);

fn skewed() -> Rows {
    let mut random = Random(7);
    let mut node = || {
        let (a, b) = (random.below(20_000), random.below(20_000));
        u32::try_from(u64::from(a) * u64::from(b) / 20_000).unwrap()
    };
    (0..150_000).map(|_| vec![node(), node()]).collect()
}

// A cyclic body over a graph in which some nodes have very many neighbours.
shape!(triangles, vec![("edge", skewed())],
    ".decl edge(x: number, y: number)
.decl triangle(x: number, y: number, z: number)
triangle(x, y, z) :- edge(x, y), edge(y, z), edge(z, x), x < y, y < z.",
    triangle, [edge: pairs], {
        relation edge(u32, u32);
        relation triangle(u32, u32, u32);
        triangle(x, y, z) <-- edge(x, y), if x < y, edge(y, z), if y < z, edge(z, x);
    }
);

// Six columns, joined on two.
shape!(wide, vec![
        ("left", Random(9).rows(100_000, &[40_000, 9])),
        ("right", Random(10).rows(100_000, &[40_000, 9])),
    ],
    ".decl left(a: number, b: number)
.decl right(a: number, b: number)
.decl row(a: number, b: number, c: number, d: number, e: number, f: number)
.decl last(f: number, a: number)
row(a, b, c, a + 1, b + 1, c + 1) :- left(a, b), right(a, c).
last(f, a) :- row(a, b, c, d, e, f), row(d, e, _, _, _, _), b < c.",
    last, [left: pairs, right: pairs], {
        relation left(u32, u32);
        relation right(u32, u32);
        relation row(u32, u32, u32, u32, u32, u32);
        relation last(u32, u32);
        row(a, b, c, a + 1, b + 1, c + 1) <-- left(a, b), right(a, c);
        last(f, a) <-- row(a, b, c, d, e, f), if b < c, row(d, e, _, _, _, _);
    }
);

// Classes, properties and instances: several rules, two recursive relations.
shape!(ontology, vec![
        ("sub", (1..3_000).map(|x| vec![x, Random(u64::from(x) * 77).below(x)]).collect()),
        ("domain", Random(12).rows(400, &[400, 3_000])),
        ("has", Random(13).rows(60_000, &[20_000, 400, 20_000])),
    ],
    ".decl sub(x: number, y: number)
.decl domain(p: number, c: number)
.decl has(s: number, p: number, o: number)
.decl below(x: number, y: number)
.decl is(x: number, c: number)
below(x, y) :- sub(x, y).
below(x, z) :- below(x, y), sub(y, z).
is(s, c) :- has(s, p, _), domain(p, c).
is(s, d) :- is(s, c), below(c, d).",
    is, [sub: pairs, domain: pairs, has: triples], {
        relation sub(u32, u32);
        relation domain(u32, u32);
        relation has(u32, u32, u32);
        relation below(u32, u32);
        relation is(u32, u32);
        below(x, y) <-- sub(x, y);
        below(x, z) <-- below(x, y), sub(y, z);
        is(s, c) <-- has(s, p, _), domain(p, c);
        is(s, d) <-- is(s, c), below(c, d);
    }
);

// Costs of paths up to a bound.
shape!(costs, vec![("edge", Random(14).rows(6_000, &[2_000, 2_000, 9]))],
    ".decl edge(x: number, y: number, w: number)
.decl cost(y: number, w: number)
cost(0, 0).
cost(z, v + w + 1) :- cost(y, v), edge(y, z, w), v + w < 400.",
    cost, [edge: triples], {
        relation edge(u32, u32, u32);
        relation cost(u32, u32) = vec![(0, 0)];
        cost(z, v + w + 1) <-- cost(y, v), edge(y, z, w), if v + w < 400;
    }
);

fn names(rows: Rows) -> Vec<(String, String)> {
    let text = |n: u32| format!("a name of some length, {n}");
    rows.into_iter().map(|row| (text(row[0]), text(row[1]))).collect()
}

// The closure of a graph whose nodes are texts.
shape!(texts, vec![("knows", Random(15).rows(1_600, &[800, 800]))],
    ".decl knows(x: symbol, y: symbol)
.decl meets(x: symbol, y: symbol)
meets(x, y) :- knows(x, y).
meets(x, z) :- meets(x, y), knows(y, z).",
    meets, [knows: names], {
        relation knows(String, String);
        relation meets(String, String);
        meets(x, y) <-- knows(x, y);
        meets(x, z) <-- meets(x, y), knows(y, z);
    }
);
