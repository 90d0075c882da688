//! From the text of a program to what an engine makes of it, in a form that can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hence::analysis::analysis::{Analysis, analyse};
use hence::base::ids::{FileId, Id};
use hence::engine::facts::Facts;
use hence::engine::limits::{Limits, Stop};
use hence::engine::native::Form;
use hence::engine::tables::Tables;
use hence::engine::{naive, native};
use hence::program::build::build;
use hence::program::program::Program;
use hence::syntax::parser::parse;
use hence::text::diagnostic::has_errors;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;

/// Enough for every recursion that ends, among the random programs.
const ROUNDS_MAX: u32 = 40;

/// What came of a program, without ids, so that two texts can be compared.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Outcome {
    /// Rows with their rounds, by relation.
    Done(BTreeMap<String, Vec<(String, u32)>>),
    /// A binding without a value.
    Failed { count: usize, binding: Vec<(String, String)>, error: String, rule: String },
    /// A recursion that the limit of rounds stopped.
    Endless(BTreeSet<String>),
}

/// A program ready to run.
pub(crate) struct Compiled {
    pub(crate) program: Program,
    pub(crate) analysis: Analysis,
}

pub(crate) fn compile(text: &str) -> Compiled {
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

/// A program that takes half a minute fails the test.
fn limits() -> Limits {
    let deadline = Instant::now() + Duration::from_secs(30);
    Limits { rounds_max: Some(ROUNDS_MAX), deadline: Some(deadline), ..Limits::default() }
}

impl Compiled {
    /// The facts of the text.
    pub(crate) fn facts(&self) -> Facts {
        let codes = Arc::new(Codes::new(Arc::clone(&self.program.symbols)));
        Facts::of_program(&self.program, codes)
    }

    /// What the specification makes of the facts of the text.
    pub(crate) fn naive(&self) -> Outcome {
        match naive::run(&self.program, &self.analysis, self.facts(), &limits()) {
            Ok(database) => self.tuples(&database),
            Err(stop) => self.stopped(stop),
        }
    }

    /// What the native engine makes of them.
    pub(crate) fn native(&self) -> Outcome {
        match native::run(&self.program, &self.analysis, self.facts(), &limits()) {
            Ok(database) => self.tuples(&database),
            Err(stop) => self.stopped(stop),
        }
    }

    /// What it makes of them with so many workers that share every round, however small.
    pub(crate) fn shared(&self, workers: usize) -> Outcome {
        let limits = Limits { workers, alone: 0, ..limits() };
        match native::run(&self.program, &self.analysis, self.facts(), &limits) {
            Ok(database) => self.tuples(&database),
            Err(stop) => self.stopped(stop),
        }
    }

    /// What it makes of them if it plans from sizes made up from a seed.
    pub(crate) fn misjudged(&self, seed: u64, workers: usize) -> Outcome {
        let limits = Limits { workers, alone: 0, misjudge: Some(seed), ..limits() };
        match native::run(&self.program, &self.analysis, self.facts(), &limits) {
            Ok(database) => self.tuples(&database),
            Err(stop) => self.stopped(stop),
        }
    }

    /// What it makes of them with relations stored as ordered sets.
    pub(crate) fn toy(&self, workers: usize) -> Outcome {
        self.in_form(Form::Tree, workers)
    }

    /// What it makes of them with relations that change their form from the first tuples on.
    pub(crate) fn tiny(&self, workers: usize) -> Outcome {
        self.in_form(Form::Tiny, workers)
    }

    fn in_form(&self, form: Form, workers: usize) -> Outcome {
        let limits =
            Limits { rounds_max: Some(ROUNDS_MAX), workers, alone: 0, ..Limits::default() };
        let (program, analysis) = (&self.program, &self.analysis);
        match native::run_in(form, program, analysis, self.facts(), &limits) {
            Ok(database) => self.tuples(&database),
            Err(stop) => self.stopped(stop),
        }
    }

    /// All rows with their rounds.
    pub(crate) fn tuples(&self, tables: &dyn Tables) -> Outcome {
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

    /// Why there are none.
    pub(crate) fn stopped(&self, stop: Stop) -> Outcome {
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
            Stop::Timeout | Stop::Interrupted | Stop::Full { .. } => {
                panic!("nothing was asked to stop")
            }
        }
    }
}

impl Outcome {
    /// The last round in which a tuple came.
    pub(crate) fn last_round(&self) -> u32 {
        let Self::Done(relations) = self else { return 0 };
        relations.values().flatten().map(|(_, round)| *round).max().unwrap_or(0)
    }
}
