//! Any text of a program gives messages, or both engines derive the same from it under small
//! limits; and what is derived has a proof that the checker accepts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbtest::arbitrary::{Result as Arbitrary, Unstructured};

use hence::analysis::analysis::{Analysis, analyse};
use hence::base::ids::RelationId;
use hence::engine::facts::Facts;
use hence::engine::limits::{Failure, Limits, Stop};
use hence::engine::tables::Tables;
use hence::engine::{naive, native};
use hence::plan::build::plan;
use hence::plan::display;
use hence::plan::sizes::Guess;
use hence::program::build::build;
use hence::program::program::Program;
use hence::provenance::check;
use hence::provenance::leaves::Leaves;
use hence::provenance::search::{Budget, Explainer};
use hence::show::json;
use hence::show::tree::{TreeOptions, tree};
use hence::show::words::Words;
use hence::syntax::parser::parse;
use hence::text::diagnostic::has_errors;
use hence::text::files::Files;
use hence::value::base_type::BaseType;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;
use hence::value::value::{Finite, Tuple, Value, cmp_tuples};

use crate::corpus::PROGRAMS;
use crate::driver::{OnPanic, fuzz};
use crate::generate::generate;
use crate::mutate::mutated;
use crate::parser::check_messages;

/// Enough for most recursions that end.
const ROUNDS_MAX: u32 = 12;

/// What takes the specification longer is not compared.
const TIME: Duration = Duration::from_millis(150);

/// The engine has to be as fast as the specification, by this factor.
const SLOWER: u32 = 40;

/// Tuples of a relation whose proofs are made.
const PROVED_MAX: usize = 4;

/// What came of the programs of a run.
#[derive(Default, Debug)]
struct Tally {
    refused: usize,
    late: usize,
    failed: usize,
    endless: usize,
    done: usize,
    derived: usize,
    proofs: usize,
}

#[test]
fn fuzz_programs() {
    let mut tally = Tally::default();
    let cases = fuzz("fuzz_programs", |u| {
        let text = if u.ratio(2, 3)? {
            mutated(u.choose(&PROGRAMS)?, u)?
        } else {
            let text = generate(u)?.text();
            mutated(&text, u)?
        };
        let _input = OnPanic(|| eprintln!("the program\n{text}"));
        one(&text, u, &mut tally)
    });
    eprintln!("{tally:?}");
    if cases > 100 {
        let few = |count: usize, percent: usize| 100 * count < percent * cases;
        assert!(!few(tally.done, 10) && !few(tally.derived, 5), "{tally:?}");
        assert!(tally.failed > 0 && tally.endless > 0 && tally.proofs > cases, "{tally:?}");
    }
}

/// A program that the resolver accepts, with its input.
struct Case {
    program: Program,
    analysis: Analysis,
    facts: Facts,
    files: Files,
}

fn one(text: &str, u: &mut Unstructured<'_>, tally: &mut Tally) -> Arbitrary<()> {
    let mut files = Files::new();
    let file = files.add("fuzz.dl", text);
    let (tree, mut found) = parse(text, file);
    let (program, more) = build(&[tree], Arc::new(Symbols::new()));
    found.extend(more);
    let (analysis, more) = analyse(&program);
    let no_error = !has_errors(&found);
    found.extend(more);
    check_messages(&files, &found);
    if has_errors(&found) {
        tally.refused += 1;
        return Ok(());
    }
    assert!(no_error && analysis.unbound.is_empty(), "what the resolver accepts is bound");
    let codes = Arc::new(Codes::new(Arc::clone(&program.symbols)));
    let mut facts = Facts::of_program(&program, codes);
    input(&program, &mut facts, u)?;
    let sizes = Guess::new(&program, &analysis, |id| Some(facts.relations[id].rows));
    drop(display::print(&plan(&program, &analysis, &sizes), &program));
    let workers = u.int_in_range(1..=3)?;
    let case = Case { program, analysis, facts, files };
    case.compare(workers, tally);
    Ok(())
}

/// Some rows for every input relation, of values that the program may know.
fn input(program: &Program, facts: &mut Facts, u: &mut Unstructured<'_>) -> Arbitrary<()> {
    for (id, relation) in program.relations.entries().filter(|(_, relation)| relation.is_input) {
        for _ in 0..u.int_in_range(0..=4)? {
            let mut row = Vec::new();
            for column in &relation.columns {
                row.push(match column.base {
                    BaseType::Number => Value::Number(u.int_in_range(-2..=9)?),
                    BaseType::Unsigned => Value::Unsigned(u.int_in_range(0..=9)?),
                    BaseType::Float => {
                        Value::Float(Finite::new(f64::from(u.int_in_range(-4..=4)?) / 2.0).unwrap())
                    }
                    BaseType::Symbol => {
                        let texts = ["a", "b", "c", "ab", "7", ""];
                        Value::Symbol(program.symbols.intern(u.choose(&texts)?))
                    }
                });
            }
            facts.push(id, &row);
        }
    }
    Ok(())
}

/// What an engine made of a program, in a form that can be compared.
#[derive(PartialEq, Debug)]
enum Outcome {
    Done(BTreeMap<RelationId, Vec<(Tuple, u32)>>),
    Failed(Box<Failure>),
    Endless(BTreeSet<RelationId>),
    Late,
}

impl Case {
    fn compare(&self, workers: usize, tally: &mut Tally) {
        let limits = |time| Limits {
            rounds_max: Some(ROUNDS_MAX),
            deadline: Some(Instant::now() + time),
            workers,
            alone: 0,
            ..Limits::default()
        };
        let Self { program, analysis, facts, .. } = self;
        let naive = naive::run(program, analysis, facts.clone(), &limits(TIME));
        let expected = match &naive {
            Ok(tables) => self.outcome(Ok(tables)),
            Err(stop) => self.outcome(Err(stop)),
        };
        let late = expected == Outcome::Late;
        let time = if late { TIME } else { TIME * SLOWER };
        let native = native::run(program, analysis, facts.clone(), &limits(time));
        let found = match &native {
            Ok(tables) => self.outcome(Ok(tables)),
            Err(stop) => self.outcome(Err(stop)),
        };
        if late {
            tally.late += 1;
        } else {
            assert!(found == expected, "native\n{found:?}\nspecification\n{expected:?}");
        }
        match &expected {
            Outcome::Done(relations) => {
                tally.done += 1;
                let new = |rows: &Vec<(Tuple, u32)>| rows.iter().any(|(_, round)| *round > 0);
                tally.derived += usize::from(relations.values().any(new));
            }
            Outcome::Failed(_) => tally.failed += 1,
            Outcome::Endless(_) => tally.endless += 1,
            Outcome::Late => {}
        }
        if let (Ok(tables), Outcome::Done(relations)) = (&native, &found) {
            self.prove(tables, relations, tally);
        }
    }

    fn outcome(&self, result: Result<&dyn Tables, &Stop>) -> Outcome {
        let tables = match result {
            Ok(tables) => tables,
            Err(Stop::Failed(failure)) => return Outcome::Failed(failure.clone()),
            Err(Stop::Rounds { growing, .. }) => {
                return Outcome::Endless(growing.iter().copied().collect());
            }
            Err(Stop::Timeout) => return Outcome::Late,
            Err(stop @ (Stop::Interrupted | Stop::Full { .. })) => panic!("{stop:?}"),
        };
        let mut relations = BTreeMap::new();
        for (id, relation) in self.program.relations.entries() {
            let mut rows: Vec<(Tuple, u32)> = Vec::new();
            tables.select(id, &vec![None; relation.columns.len()], &mut |tuple| {
                rows.push((tuple.into(), tables.round_of(id, tuple).unwrap()));
                ControlFlow::Continue(())
            });
            assert_eq!(rows.len(), tables.len(id));
            rows.sort_by(|(a, _), (b, _)| cmp_tuples(a, b, &self.program.symbols));
            relations.insert(id, rows);
        }
        Outcome::Done(relations)
    }

    /// The last tuples of every relation have proofs.
    fn prove(
        &self,
        tables: &dyn Tables,
        relations: &BTreeMap<RelationId, Vec<(Tuple, u32)>>,
        tally: &mut Tally,
    ) {
        let leaves = Leaves::default();
        let explainer = Explainer::new(&self.program, &self.analysis, tables, &leaves);
        let words = Words { given: explainer.given(), files: &self.files };
        for (&relation, rows) in relations {
            for (tuple, _) in rows.iter().rev().take(PROVED_MAX) {
                let budget = Budget { instances: 2_000, ..Budget::default() };
                let proof = explainer.explain(relation, tuple, budget).unwrap();
                check::check(explainer.given(), &proof).unwrap();
                assert!(!tree(words, &proof, TreeOptions::default()).is_empty());
                serde_json::from_str::<serde_json::Value>(&json::proof(words, &proof)).unwrap();
                tally.proofs += 1;
            }
        }
    }
}
