//! Random programs: what an engine says of them may depend on nothing but their meaning. Shuffled
//! facts, shuffled rules and permuted bodies give the same tuples in the same rounds, or the same
//! failure; and every engine says what the specification says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use crate::generate::{Generated, generate};
use hence::analysis::analysis::{Analysis, analyse};
use hence::base::ids::{FileId, Id};
use hence::engine::facts::Facts;
use hence::engine::limits::{Limits, Stop};
use hence::engine::naive;
use hence::engine::tables::Tables;
use hence::program::build::build;
use hence::program::program::Program;
use hence::syntax::parser::parse;
use hence::text::diagnostic::has_errors;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;

const PROGRAMS: u64 = 500;
const ROUNDS_MAX: u32 = 40;

/// What came of a program, without ids, so that two texts can be compared.
#[derive(Clone, PartialEq, Debug)]
enum Outcome {
    /// Rows with their rounds, by relation.
    Done(BTreeMap<String, Vec<(String, u32)>>),
    /// A binding without a value.
    Failed { count: usize, binding: Vec<(String, String)>, error: String, rule: String },
    /// A recursion that the limit of rounds stopped.
    Endless(BTreeSet<String>),
}

/// A program ready to run.
struct Compiled {
    program: Program,
    analysis: Analysis,
}

fn compile(text: &str) -> Compiled {
    let (tree, mut diagnostics) = parse(text, FileId::new(0));
    let (program, more) = build(&[tree], Arc::new(Symbols::new()));
    diagnostics.extend(more);
    let (analysis, more) = analyse(&program);
    diagnostics.extend(more);
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(!has_errors(&diagnostics), "{errors:#?}\nin\n{text}");
    assert_eq!(analysis.unbound, [], "what the resolver accepts, the analysis finds bound\n{text}");
    Compiled { program, analysis }
}

impl Compiled {
    fn facts(&self) -> Facts {
        let codes = Arc::new(Codes::new(Arc::clone(&self.program.symbols)));
        Facts::of_program(&self.program, codes)
    }

    fn naive(&self) -> Outcome {
        let limits = Limits { rounds_max: Some(ROUNDS_MAX), ..Limits::default() };
        let result = naive::run(&self.program, &self.analysis, self.facts(), &limits);
        match result {
            Ok(database) => self.tuples(&database),
            Err(stop) => self.stopped(stop),
        }
    }

    fn tuples(&self, tables: &dyn Tables) -> Outcome {
        let symbols = &self.program.symbols;
        let mut relations = BTreeMap::new();
        for (id, relation) in self.program.relations.entries() {
            let mut rows = Vec::new();
            tables.select(id, &vec![None; relation.columns.len()], &mut |tuple| {
                let round = tables.round_of(id, tuple).unwrap();
                let cells: Vec<_> = tuple.iter().map(|value| value.quoted(symbols)).collect();
                rows.push((cells.join(", "), round));
                ControlFlow::Continue(())
            });
            assert_eq!(rows.len(), tables.len(id));
            rows.sort();
            relations.insert(relation.name.clone(), rows);
        }
        Outcome::Done(relations)
    }

    fn stopped(&self, stop: Stop) -> Outcome {
        let Program { relations, rules, symbols, .. } = &self.program;
        match stop {
            Stop::Failed(failure) => Outcome::Failed {
                count: failure.count,
                binding: failure
                    .binding
                    .into_iter()
                    .map(|(name, value)| (name, value.quoted(symbols)))
                    .collect(),
                error: failure.error.to_string(),
                rule: rules[failure.rule].name.clone(),
            },
            Stop::Rounds { limit, growing } => {
                assert_eq!(limit, ROUNDS_MAX);
                Outcome::Endless(growing.iter().map(|id| relations[*id].name.clone()).collect())
            }
            Stop::Timeout | Stop::Interrupted => panic!("nothing was asked to stop"),
        }
    }
}

impl Outcome {
    /// What must not change when facts and rules change places: which of several failing bindings
    /// is the first depends on the order of rules and variables.
    fn regardless_of_order(mut self) -> Self {
        if let Self::Failed { count, binding, error, rule } = &mut self {
            rule.clear();
            binding.sort();
            if *count > 1 {
                binding.clear();
                error.clear();
            }
        }
        self
    }

    fn derives_nothing(&self, program: &Generated) -> bool {
        let Self::Done(relations) = self else { return false };
        program.derived.iter().all(|name| relations[name].iter().all(|(_, round)| *round == 0))
    }
}

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

/// Features of the programs of a run.
#[derive(Default)]
struct Table {
    programs: usize,
    with: BTreeMap<&'static str, usize>,
    nothing: usize,
}

/// What a run has to cover.
const WANTED: [&str; 21] = [
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
    "string functor",
    "sum",
    "unsigned",
    "witness",
];

impl Table {
    fn add(&mut self, program: &Generated, outcome: &Outcome) {
        self.programs += 1;
        self.nothing += usize::from(outcome.derives_nothing(program));
        let came_of_it = match outcome {
            Outcome::Done(_) => "completes",
            Outcome::Failed { .. } => "arithmetic error",
            Outcome::Endless(_) => "endless recursion",
        };
        for feature in program.features.iter().copied().chain([came_of_it]) {
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
