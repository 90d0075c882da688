//! Scenarios evaluated together are what a run of each by itself gives.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::result::Result as StdResult;
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
use hence::provenance::lanes::{Input, Lanes, Word};
use hence::provenance::leaves::Leaf;
use hence::session::diff::{Changes, Difference, diff};
use hence::session::layers::Layer;
use hence::session::options::Options;
use hence::session::scenarios::{Effect, Scenario, Withdrawal};
use hence::session::session::{Keep, Session};
use hence::session::whatif::{Change, Target};
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
        lanes: &dyn Fn(RelationId, usize) -> Word,
    ) -> StdResult<naive::Database, Stop> {
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
fn compare(case: &Case, scenarios: usize, lanes: &dyn Fn(RelationId, usize) -> Word) -> usize {
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
            let mut check = |tuple: Tuple, at: Word| {
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

fn random_lanes(u: &mut Unstructured<'_>) -> Result<impl Fn(RelationId, usize) -> Word + use<>> {
    let seed: u64 = u.arbitrary()?;
    Ok(move |relation: RelationId, row: usize| {
        let mut x = seed ^ ((relation.index() as u64) << 32) ^ (row as u64) ^ 0x5bd1_e995;
        for _ in 0..3 {
            x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ (x >> 7);
        }
        // A row is missing in about one scenario of four, never in the first.
        Word::from((x | x.rotate_left(13)) | 1)
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
            let found = catch_unwind(AssertUnwindSafe(|| compare(&case, 6, &lanes)));
            match found {
                Ok(found) => doubtful += found,
                Err(panic) => {
                    eprintln!("{text}");
                    resume_unwind(panic);
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

fn demo() -> Session {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let options = Options { facts: vec![root.join("facts/deployment")], ..Options::default() };
    let mut session = Session::new(options);
    let program = root.join("rules/deployment.dl");
    session.run(&[program], Keep::Input).unwrap_or_else(|refused| panic!("{refused:#?}"));
    session
}

#[test]
fn every_source_of_the_demo_withdrawn_is_a_fresh_run() {
    let session = demo();
    let all: Vec<RelationId> = session.world().program.relations.ids().collect();
    let sources = session.sources();
    assert!(sources.len() > 8, "{sources:?}");
    let kinds: [fn(String) -> Withdrawal; 3] =
        [Withdrawal::Source, Withdrawal::Origin, |source| Withdrawal::AllBut(vec![source])];
    // Of each sixth source all kinds, so that the runs beside do not take too long.
    let of = |(at, source): (usize, &String)| {
        let kinds = kinds.iter().take(if at % 6 == 0 { 3 } else { 1 });
        kinds.map(|kind| kind(source.clone())).collect::<Vec<_>>()
    };
    let withdrawals: Vec<Withdrawal> = sources.iter().enumerate().flat_map(of).collect();
    let found = session.scenarios(&withdrawals, &all).unwrap();
    for Scenario { withdrawal, claims, effect, .. } in found {
        let evidence = |leaf: &Leaf| leaf.evidence.clone().map(|e| (e.origin, leaf.id.clone()));
        let changes: Vec<Change> = match &withdrawal {
            Withdrawal::Source(source) => vec![Change::Without(Target::Source(source.clone()))],
            Withdrawal::Origin(_) | Withdrawal::AllBut(_) => {
                let of = withdrawal.source();
                let is_origin = matches!(withdrawal, Withdrawal::Origin(_));
                let leaves = session.world().leaves.leaves.iter().filter_map(evidence);
                let gone = leaves.filter(|(origin, _)| (origin == of) == is_origin);
                gone.map(|(_, claim)| Change::Without(Target::Claim(claim))).collect()
            }
        };
        let fork = session.fork(&changes).unwrap();
        assert_eq!(fork.made.withdrawn.claims.len(), claims, "{withdrawal:?}");
        let expected = diff(session.world(), &fork, &all, &Limits::default()).unwrap();
        let Effect::Changes(found) = effect else { panic!("{withdrawal:?} fails") };
        let texts = |difference: &Difference| -> Vec<String> {
            let program = &session.world().program;
            let text = |tuple: &Tuple| text(program, tuple);
            let of = |changes: &Changes| {
                let name = &program.relations[changes.relation].name;
                let changed = changes.changed.iter().map(|(a, b)| (text(a), text(b)));
                let changed: Vec<_> = changed.map(|(a, b)| format!("{name} {a} -> {b}")).collect();
                let lost = changes.lost.iter().map(|t| format!("{name} -{}", text(t)));
                let gained = changes.gained.iter().map(|t| format!("{name} +{}", text(t)));
                changed.into_iter().chain(lost).chain(gained).collect::<Vec<_>>()
            };
            difference.relations.iter().flat_map(of).collect()
        };
        let (found, expected) = (texts(&found), texts(&expected));
        let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line)).collect();
        let wrong: Vec<_> = found.iter().filter(|line| !expected.contains(line)).collect();
        assert!(missing.is_empty() && wrong.is_empty(), "{missing:#?}\n{wrong:#?}");
        assert_eq!(found, expected, "{withdrawal:?}");
    }
}

#[test]
fn what_all_proofs_of_the_demo_need_is_missed() {
    let session = demo();
    let program = &session.world().program;
    let origins: BTreeSet<String> = session
        .world()
        .leaves
        .leaves
        .iter()
        .filter_map(|leaf| Some(leaf.evidence.as_ref()?.origin.clone()))
        .collect();
    let all: Vec<RelationId> = program.relations.ids().collect();
    let withdrawals: Vec<Withdrawal> =
        origins.iter().map(|source| Withdrawal::Origin(source.clone())).collect();
    let scenarios = session.scenarios(&withdrawals, &all).unwrap();
    let mut missed: BTreeSet<(String, RelationId, String)> = BTreeSet::new();
    for scenario in &scenarios {
        let Effect::Changes(difference) = &scenario.effect else { panic!("{scenario:?}") };
        for changes in &difference.relations {
            let old = changes.changed.iter().map(|(old, _)| old).chain(&changes.lost);
            missed.extend(old.map(|tuple| {
                let source = scenario.withdrawal.source().to_owned();
                (source, changes.relation, text(program, tuple))
            }));
        }
    }
    let mut exact = 0;
    for needed in session.necessary(&all).unwrap() {
        let relation = needed.conclusion.relation;
        let tuple = text(program, &needed.conclusion.tuple);
        for source in origins.iter().filter(|_| !needed.rests_on_absence) {
            exact += 1;
            let is_needed = needed.sources.contains(source);
            let is_missed = missed.contains(&(source.clone(), relation, tuple.clone()));
            let name = &program.relations[relation].name;
            assert_eq!(is_needed, is_missed, "{name}({tuple}) without {source}");
        }
    }
    assert!(exact > 1000, "{exact}");
}

#[test]
fn on_top_of_a_layer_only_what_is_left_goes() {
    let mut session = demo();
    let change = Change::Without(Target::Source("rok_military".to_owned()));
    let layer = Layer { changes: vec![change], statement: ".without rok_military".to_owned() };
    session.open_layer(layer).unwrap();
    let all: Vec<RelationId> = session.world().program.relations.ids().collect();
    let sources = session.sources();
    assert!(!sources.iter().any(|source| source == "rok_military"));
    let withdrawals: Vec<Withdrawal> = ["umerov", "cnn", "jenny_town"]
        .iter()
        .map(|source| Withdrawal::Source((*source).to_owned()))
        .collect();
    for scenario in session.scenarios(&withdrawals, &all).unwrap() {
        let source = scenario.withdrawal.source().to_owned();
        let fork = session.fork(&[Change::Without(Target::Source(source.clone()))]).unwrap();
        let expected = diff(session.world(), &fork, &all, &Limits::default()).unwrap();
        assert_eq!(scenario.effect, Effect::Changes(expected), "{source}");
        let before = session.world().made.withdrawn.claims.len();
        assert_eq!(scenario.claims + before, fork.made.withdrawn.claims.len(), "{source}");
    }
}
