//! Random programs: what an engine says of them may depend on nothing but their meaning. Shuffled
//! facts, shuffled rules and permuted bodies give the same tuples in the same rounds, or the same
//! failure; and every engine says what the specification says.

use std::collections::BTreeMap;
use std::fmt::Write;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use crate::compiled::{Outcome, compile};
use crate::generate::{Generated, generate};

const PROGRAMS: u64 = 500;

fn seed(number: u64) -> u64 {
    const BYTES: u64 = 4096;
    (number.wrapping_mul(0x9e37_79b9) << 32) | BYTES
}

/// Calls `check` with each of the programs and a source of further choices.
fn each_program(mut check: impl FnMut(Generated, &mut Unstructured<'_>) -> Result<()>) {
    for number in 1..=PROGRAMS {
        arbtest(|u| {
            let program = generate(u)?;
            check(program, u)
        })
        .seed(seed(number))
        .run();
    }
}

#[test]
fn order_means_nothing() {
    let mut table = Table::default();
    each_program(|program, u| {
        let text = program.text();
        let outcome = compile(&text).naive();
        table.add(&program, &outcome);
        let expected = outcome.regardless_of_order();

        let shuffled = program.shuffled(u)?.text();
        let found = compile(&shuffled).naive().regardless_of_order();
        assert_eq!(found, expected, "\n{text}\nshuffled\n{shuffled}");

        let permuted = program.permuted(u)?.text();
        let found = compile(&permuted).naive().regardless_of_order();
        assert_eq!(found, expected, "\n{text}\npermuted\n{permuted}");
        Ok(())
    });
    table.check();
}

#[test]
fn engines_agree() {
    each_program(|program, _| {
        let text = program.text();
        let compiled = compile(&text);
        let expected = compiled.naive();
        assert_eq!(compiled.native(), expected, "native and specification\n{text}");
        assert_eq!(compiled.toy(), expected, "toy storage and specification\n{text}");
        Ok(())
    });
}

/// Features of the programs of a run.
#[derive(Default)]
struct Table {
    programs: usize,
    with: BTreeMap<&'static str, usize>,
    nothing: usize,
}

/// What a run has to cover.
const WANTED: [&str; 23] = [
    "aggregate compared",
    "arithmetic",
    "arithmetic error",
    "comparison",
    "count",
    "disjunction",
    "endless recursion",
    "float",
    "max",
    "mean",
    "min",
    "negation",
    "nested aggregate",
    "nullary",
    "outer variable",
    "range",
    "recursion",
    "several heads",
    "several rounds",
    "string functor",
    "sum",
    "unsigned",
    "witness",
];

impl Table {
    fn add(&mut self, program: &Generated, outcome: &Outcome) {
        self.programs += 1;
        self.nothing += usize::from(derives_nothing(program, outcome));
        let came_of_it = match outcome {
            Outcome::Done(_) => "completes",
            Outcome::Failed { .. } => "arithmetic error",
            Outcome::Endless(_) => "endless recursion",
        };
        let late = outcome.last_round() > 1;
        let more = [came_of_it].into_iter().chain(late.then_some("several rounds"));
        for feature in program.features.iter().copied().chain(more) {
            *self.with.entry(feature).or_default() += 1;
        }
    }

    /// Prints the table, and fails if the programs were too much alike.
    fn check(&self) {
        let mut text = format!("{:5} programs\n", self.programs);
        for (feature, count) in &self.with {
            writeln!(text, "{count:5} {:3} % {feature}", 100 * count / self.programs).unwrap();
        }
        writeln!(text, "{:5} derive nothing", self.nothing).unwrap();
        println!("{text}");
        for feature in WANTED {
            let count = self.with.get(feature).copied().unwrap_or(0);
            let few = if feature == "endless recursion" { 1 } else { 5 };
            assert!(100 * count >= few * self.programs, "{feature} is too rare\n{text}");
        }
        assert!(100 * self.nothing <= 30 * self.programs, "too many derive nothing\n{text}");
    }
}

/// Whether a program ran to its end and no rule gave anything.
fn derives_nothing(program: &Generated, outcome: &Outcome) -> bool {
    let Outcome::Done(relations) = outcome else { return false };
    program.derived.iter().all(|name| relations[name].iter().all(|(_, round)| *round == 0))
}
