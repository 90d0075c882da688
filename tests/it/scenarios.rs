//! Scenarios evaluated together are what a run of each by itself gives.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use crate::generate::generate;
use hence::analysis::analysis::{Analysis, analyse};
use hence::base::ids::{FileId, Id, RelationId};
use hence::engine::facts::Facts;
use hence::engine::limits::{Limits, Stop};
use hence::engine::naive;
use hence::engine::tables::Tables;
use hence::program::build::build;
use hence::program::program::Program;
use hence::provenance::lanes::{Input, Lanes};
use hence::syntax::parser::parse;
use hence::text::diagnostic::has_errors;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;
use hence::value::value::{Tuple, Value};

struct Case {
    program: Program,
    analysis: Analysis,
    codes: Arc<Codes>,
    facts: Facts,
}

impl Case {
    fn of(text: &str) -> Self {
        let (tree, found) = parse(text, FileId::new(0));
        assert!(!has_errors(&found), "{found:#?}\n{text}");
        let (program, found) = build(&[tree], Arc::new(Symbols::new()));
        assert!(!has_errors(&found), "{found:#?}\n{text}");
        let (analysis, _) = analyse(&program);
        let codes = Arc::new(Codes::new(Arc::clone(&program.symbols)));
        let facts = Facts::of_program(&program, Arc::clone(&codes));
        Self { program, analysis, codes, facts }
    }

    /// A run of one scenario by itself.
    fn alone(
        &self,
        lane: usize,
        lanes: &dyn Fn(RelationId, usize) -> u64,
    ) -> std::result::Result<naive::Database, Stop> {
        let mut facts = Facts::of_program(&self.program, Arc::clone(&self.codes));
        for (relation, columns) in self.facts.relations.entries() {
            let kept: Vec<usize> =
                (0..columns.rows).filter(|&row| lanes(relation, row) >> lane & 1 == 1).collect();
            let to = &mut facts.relations[relation];
            to.rows = kept.len();
            for (to, from) in to.columns.iter_mut().zip(&columns.columns) {
                *to = kept.iter().map(|&row| from[row]).collect();
            }
        }
        naive::run(&self.program, &self.analysis, facts, &limits())
    }
}

fn limits() -> Limits {
    Limits { rounds_max: Some(30), ..Limits::default() }
}

fn tuples(program: &Program, tables: &dyn Tables, relation: RelationId) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let any = vec![None; program.relations[relation].columns.len()];
    tables.select(relation, &any, &mut |tuple| {
        found.insert(text(program, tuple));
        ControlFlow::Continue(())
    });
    found
}

fn text(program: &Program, tuple: &[Value]) -> String {
    let cells: Vec<String> = tuple.iter().map(|value| value.quoted(&program.symbols)).collect();
    cells.join(", ")
}

/// Compares every scenario with a run of it; says how many tuples did not hold everywhere.
fn compare(case: &Case, scenarios: usize, lanes: &dyn Fn(RelationId, usize) -> u64) -> usize {
    let limits = limits();
    let input = Input { facts: &case.facts, lanes };
    let wanted: Vec<RelationId> = case.program.relations.ids().collect();
    let of = (&case.program, &case.analysis);
    let with = (&*case.codes, &limits);
    let together = match Lanes::evaluate(of, &input, with, scenarios, &wanted) {
        Ok(together) => together,
        Err(Stop::Rounds { .. }) => return 0,
        Err(stop) => panic!("{stop:?}"),
    };
    let mut doubtful = 0;
    for lane in 0..scenarios {
        if together.unknown() >> lane & 1 == 1 {
            continue;
        }
        let alone = match case.alone(lane, lanes) {
            Ok(alone) => alone,
            Err(Stop::Rounds { .. }) => continue,
            Err(stop) => panic!("scenario {lane} is known and fails: {stop:?}"),
        };
        for (relation, about) in case.program.relations.entries() {
            let expected = tuples(&case.program, &alone, relation);
            let mut found = expected.clone();
            let mut check = |tuple: Tuple, at: u64| {
                doubtful += 1;
                let text = text(&case.program, &tuple);
                if at >> lane & 1 == 1 {
                    found.insert(text)
                } else {
                    found.remove(&text)
                };
            };
            together.each_doubtful(relation, &mut check);
            assert_eq!(found, expected, "{} in scenario {lane}", about.name);
            let all = together.len_in(relation, lane);
            assert_eq!(all, expected.len(), "{} in scenario {lane}", about.name);
        }
    }
    doubtful
}

fn random_lanes(u: &mut Unstructured<'_>) -> Result<impl Fn(RelationId, usize) -> u64 + use<>> {
    let seed: u64 = u.arbitrary()?;
    Ok(move |relation: RelationId, row: usize| {
        let mut x = seed ^ ((relation.index() as u64) << 32) ^ (row as u64) ^ 0x5bd1_e995;
        for _ in 0..3 {
            x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ (x >> 7);
        }
        // A row is missing in about one scenario of four, never in the first.
        (x | x.rotate_left(13)) | 1
    })
}

#[test]
fn random_scenarios_are_runs() {
    let mut doubtful = 0;
    for number in 1..=400_u64 {
        arbtest(|u| {
            let text = generate(u)?.text();
            let lanes = random_lanes(u)?;
            let case = Case::of(&text);
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                compare(&case, 6, &lanes)
            }));
            match found {
                Ok(found) => doubtful += found,
                Err(panic) => {
                    eprintln!("{text}");
                    std::panic::resume_unwind(panic);
                }
            }
            Ok(())
        })
        .seed((number.wrapping_mul(0x9e37_79b9) << 32) | 4096)
        .run();
    }
    println!("{doubtful} tuples do not hold everywhere");
    assert!(doubtful > 1000, "{doubtful} tuples do not hold everywhere");
}
