//! What a tuple rests on, compared with runs: of positive programs a run without what is necessary
//! loses the tuple, a run without anything else keeps it; a least support alone derives it, and no
//! part of it does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::mem::take;
use std::ops::ControlFlow;
use std::slice::from_ref;
use std::sync::Arc;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use crate::generate::{Generated, generate};
use crate::proofs::evidence;
use hence::analysis::analysis::{Analysis, analyse};
use hence::base::ids::{FileId, Id, RelationId};
use hence::engine::facts::Facts;
use hence::engine::limits::Limits;
use hence::engine::tables::Tables;
use hence::engine::{naive, native};
use hence::program::build::build;
use hence::program::program::Program;
use hence::provenance::instances::Instances;
use hence::provenance::leaves::{Leaf, LeafKind, Leaves};
use hence::provenance::necessary::{Given, necessary};
use hence::provenance::proof::Conclusion;
use hence::provenance::search::{Budget, Explainer};
use hence::provenance::sets::{SetId, Sets};
use hence::provenance::supports::{Member, changing, sourced};
use hence::session::options::Options;
use hence::session::session::{Keep, Session};
use hence::session::whatif::Change;
use hence::syntax::parser::parse;
use hence::text::diagnostic::has_errors;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;
use hence::value::value::{Tuple, Value};

const SOURCES: usize = 4;

/// A random positive program with recursion over pairs, and rows that sources claim.
fn positive(u: &mut Unstructured<'_>) -> Result<String> {
    let mut text = String::new();
    let inputs = ["a", "b", "c"];
    let derived = ["p", "q", "r", "s"];
    for name in inputs {
        writeln!(text, ".decl {name}(x: number, y: number)").unwrap();
        for _ in 0..u.int_in_range(2..=6)? {
            let (x, y) = (u.int_in_range(0..=3)?, u.int_in_range(0..=3)?);
            writeln!(text, "{name}({x}, {y}).").unwrap();
        }
    }
    for name in derived {
        writeln!(text, ".decl {name}(x: number, y: number)").unwrap();
    }
    for (at, head) in derived.iter().enumerate() {
        for _ in 0..u.int_in_range(1..=3)? {
            let mut readable: Vec<&str> = inputs.to_vec();
            readable.extend(&derived[..=at]);
            let atoms: Vec<String> = match u.int_in_range(0..=3)? {
                0 => vec![format!("{}(x, y)", u.choose(&readable)?)],
                1 => vec![format!("{}(y, x)", u.choose(&readable)?)],
                _ => {
                    let (first, second) = (*u.choose(&readable)?, *u.choose(&readable)?);
                    vec![format!("{first}(x, z)"), format!("{second}(z, y)")]
                }
            };
            let more = if u.ratio(1, 5)? { ", x <= y" } else { "" };
            writeln!(text, "{head}(x, y) :- {}{more}.", atoms.join(", ")).unwrap();
        }
    }
    Ok(text)
}

struct Case {
    program: Program,
    analysis: Analysis,
    codes: Arc<Codes>,
    facts: Facts,
    leaves: Leaves,
    /// Which source claims a row.
    source_of: BTreeMap<(usize, String), usize>,
}

impl Case {
    /// Rows are claims of sources that their numbers choose.
    fn of(text: &str, seed: usize) -> Self {
        let (tree, found) = parse(text, FileId::new(0));
        assert!(!has_errors(&found), "{found:#?}\n{text}");
        let (mut program, found) = build(&[tree], Arc::new(Symbols::new()));
        assert!(!has_errors(&found), "{found:#?}\n{text}");
        let codes = Arc::new(Codes::new(Arc::clone(&program.symbols)));
        let facts = Facts::of_program(&program, Arc::clone(&codes));
        let (mut leaves, mut source_of) = (Leaves::default(), BTreeMap::new());
        for (at, fact) in take(&mut program.facts).into_iter().enumerate() {
            let source = (at * 7 + seed) % SOURCES;
            if leaves.of(fact.relation, &fact.values).is_some() {
                continue;
            }
            source_of.insert((fact.relation.index(), format!("{:?}", fact.values)), source);
            let leaf = leaves.leaves.push(Leaf {
                kind: LeafKind::Claim,
                id: format!("c{at}"),
                place: String::new(),
                span: None,
                evidence: Some(evidence(&format!("s{source}"))),
            });
            leaves.set((fact.relation, fact.values), leaf);
        }
        let (analysis, _) = analyse(&program);
        Self { program, analysis, codes, facts, leaves, source_of }
    }

    fn source(&self, relation: RelationId, tuple: &[Value]) -> Option<usize> {
        self.source_of.get(&(relation.index(), format!("{tuple:?}"))).copied()
    }

    /// A run with the rows that are wanted.
    fn run(&self, is_wanted: &dyn Fn(RelationId, &Tuple) -> bool) -> naive::Database {
        let mut facts = Facts::of_program(&self.program, Arc::clone(&self.codes));
        for (relation, columns) in self.facts.relations.entries() {
            for row in 0..columns.rows {
                let tuple = self.facts.row(&self.program, relation, row);
                if is_wanted(relation, &tuple) {
                    facts.push(relation, &tuple);
                }
            }
        }
        naive::run(&self.program, &self.analysis, facts, &Limits::default()).unwrap()
    }

    fn derived(&self, tables: &dyn Tables) -> Vec<(RelationId, Tuple)> {
        let mut all = Vec::new();
        for (relation, about) in self.program.relations.entries() {
            tables.select(relation, &vec![None; about.columns.len()], &mut |tuple| {
                all.push((relation, tuple.into()));
                ControlFlow::Continue(())
            });
        }
        all
    }
}

struct BySource<'c>(&'c Case);

impl Given for BySource<'_> {
    fn is_sourced(&self, relation: RelationId) -> bool {
        self.0.source_of.keys().any(|(of, _)| *of == relation.index())
    }

    fn needs(&self, relation: RelationId, tuple: &[Value], sets: &mut Sets) -> Option<SetId> {
        let source = self.0.source(relation, tuple)?;
        Some(sets.intern(&[u32::try_from(source).unwrap()]))
    }
}

fn each_case(cases: u64, check: impl Fn(&Case, &str)) {
    for number in 1..=cases {
        arbtest(|u| {
            let text = positive(u)?;
            check(&Case::of(&text, usize::try_from(number).unwrap()), &text);
            Ok(())
        })
        .seed((number.wrapping_mul(0x9e37_79b9) << 32) | 1024)
        .run();
    }
}

#[test]
fn only_what_is_necessary_is_missed() {
    each_case(150, |case, text| {
        let (program, analysis) = (&case.program, &case.analysis);
        let limits = Limits::default();
        let whole = native::run(program, analysis, case.facts.clone(), &limits).unwrap();
        let slow = naive::run(program, analysis, case.facts.clone(), &limits).unwrap();
        let tables: [&dyn Tables; 2] = [&whole, &slow];
        for tables in tables {
            let of = (program, analysis);
            let mut instances = Instances::new(of, tables, &case.codes, &limits).unwrap();
            let found = necessary(&mut instances, &BySource(case)).unwrap();
            for source in 0..SOURCES {
                let without = case.run(&|relation, t| case.source(relation, t) != Some(source));
                for (relation, tuple) in case.derived(tables) {
                    let goal = instances.number_of(relation, &tuple).unwrap();
                    let is_needed = found.of(goal).contains(&u32::try_from(source).unwrap());
                    let is_lost = !without.contains(relation, &tuple);
                    let name = &program.relations[relation].name;
                    assert_eq!(is_needed, is_lost, "{name}{tuple:?} without s{source}\n{text}");
                    assert!(!found.rests_on_absence(goal) && !found.rests_on_aggregate(goal));
                }
            }
        }
    });
}

#[test]
fn least_supports_derive_and_their_parts_do_not() {
    each_case(60, |case, text| {
        let limits = Limits::default();
        let (program, analysis) = (&case.program, &case.analysis);
        let whole = native::run(program, analysis, case.facts.clone(), &limits).unwrap();
        let explainer = Explainer::new(program, analysis, &whole, &case.leaves);
        let is_sourced = sourced(program, &case.leaves);
        let changing = changing(program, &|relation| is_sourced[relation]);
        for (relation, tuple) in case.derived(&whole) {
            let of = (relation, &*tuple);
            let supports = explainer.supports(of, &changing, Budget::WIDE).unwrap().unwrap();
            let name = &program.relations[relation].name;
            let with_sources = |set: &Vec<&Member>| {
                let tables = case.run(&|relation, row| {
                    let source = case.source(relation, row).unwrap();
                    set.contains(&&Member::Source(format!("s{source}")))
                });
                tables.contains(relation, &tuple)
            };
            let with_claims = |set: &Vec<&Member>| {
                let tables = case.run(&|relation, row| {
                    let leaf = case.leaves.of(relation, row).unwrap();
                    set.contains(&&Member::Leaf(leaf))
                });
                tables.contains(relation, &tuple)
            };
            let check = |sets: &[Vec<Member>], derives: &dyn Fn(&Vec<&Member>) -> bool| {
                for set in sets.iter().take(6) {
                    let set: Vec<&Member> = set.iter().collect();
                    assert!(derives(&set), "{name}{tuple:?} from {set:?}\n{text}");
                    for member in &set {
                        let part = set.iter().copied().filter(|m| m != member).collect();
                        assert!(!derives(&part), "{name}{tuple:?} from {part:?}\n{text}");
                    }
                }
            };
            check(&supports.sources.sets, &with_sources);
            check(&supports.claims.sets, &with_claims);
            assert!(supports.sources.complete);
            // A choice that hits every set takes the tuple down.
            let hits = supports.sources.must_fail.clone().unwrap();
            let others: Vec<Member> =
                (0..SOURCES).map(|s| Member::Source(format!("s{s}"))).collect();
            let left: Vec<&Member> = others.iter().filter(|s| !hits.contains(s)).collect();
            assert!(!with_sources(&left), "{name}{tuple:?} without {hits:?}\n{text}");
            let common =
                supports.sources.sets.iter().skip(1).fold(
                    supports.sources.sets[0].clone(),
                    |common, set| {
                        common.into_iter().filter(|member| set.contains(member)).collect()
                    },
                );
            let mut necessary = supports.sources.necessary.clone();
            let mut common = common;
            necessary.sort_by_key(|member| format!("{member:?}"));
            common.sort_by_key(|member| format!("{member:?}"));
            assert_eq!(necessary, common, "{name}{tuple:?}\n{text}");
        }
    });
}

/// A session with a program whose facts are all assumed; nothing if the program does not run.
fn assumed(program: &Generated) -> Option<Session> {
    let mut marked = program.clone();
    marked.facts.iter_mut().for_each(|fact| fact.insert_str(0, "//@ assume\n"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("program.dl");
    fs::write(&file, marked.text()).unwrap();
    let options = Options { rounds_max: Some(30), ..Options::default() };
    let mut session = Session::new(options);
    session.run(&[file], Keep::Input).ok().map(|()| session)
}

/// Whether the conclusion holds in a run with these facts, or without them; nothing if it fails.
fn holds(session: &Session, of: &Conclusion, set: &[Member], kept: bool) -> Option<bool> {
    let is_in = |relation: RelationId, tuple: &Tuple| {
        set.iter().any(|member| {
            let Member::Row(_, row) = member else { panic!("{member:?}") };
            row.relation == relation && row.tuple == *tuple
        })
    };
    let facts = session.world().program.facts.iter();
    let gone = facts.filter(|fact| is_in(fact.relation, &fact.values) != kept);
    let change = |values: &Tuple| values.iter().copied().map(Some).collect();
    let changes: Vec<Change> =
        gone.map(|fact| Change::Retract(fact.relation, change(&fact.values))).collect();
    let fork = session.fork(&changes).ok()?;
    Some(fork.tables().contains(of.relation, &of.tuple))
}

/// Compares what is said of a conclusion with runs; whether it was found by runs.
fn check_by_runs(session: &mut Session, atom: &str, text: &str) -> bool {
    let file = session.files_mut().add("question", atom.to_owned());
    let explainer = session.explainer();
    let Ok(support) = session.support(&explainer, file, Budget::WIDE) else { return false };
    let Some(least) = support.supports.map(|supports| supports.claims) else { return false };
    let of = &support.conclusion;
    for set in &least.sets {
        assert_eq!(holds(session, of, set, true), Some(true), "{atom} from {set:?}\n{text}");
        for at in 0..set.len() {
            let mut part = set.clone();
            part.remove(at);
            let part_holds = holds(session, of, &part, true) == Some(true);
            assert!(!part_holds, "{atom} from a part, {part:?}\n{text}");
        }
    }
    if let Some(fall) = &least.must_fail {
        assert_eq!(holds(session, of, fall, false), Some(false), "{atom} w/o {fall:?}\n{text}");
    }
    for one in &least.necessary {
        let without = holds(session, of, from_ref(one), false);
        assert_eq!(without, Some(false), "{atom} without {one:?}\n{text}");
    }
    least.by_runs
}

#[test]
fn what_is_said_where_sums_and_absences_are_below_is_what_runs_say() {
    let mut by_runs = 0;
    for number in 1..=60_u64 {
        arbtest(|u| {
            let program = generate(u)?;
            let text = program.text();
            let Some(mut session) = assumed(&program) else { return Ok(()) };
            for name in &program.derived {
                let Some(relation) = session.world().program.relation(name) else { continue };
                let about = &session.world().program.relations[relation];
                let mut atoms = Vec::new();
                let any = vec![None; about.columns.len()];
                session.world().tables().select(relation, &any, &mut |tuple| {
                    let symbols = &session.world().program.symbols;
                    let cells: Vec<String> = tuple.iter().map(|v| v.quoted(symbols)).collect();
                    atoms.push(format!("{name}({})", cells.join(", ")));
                    ControlFlow::Continue(())
                });
                for atom in atoms.into_iter().take(2) {
                    by_runs += usize::from(check_by_runs(&mut session, &atom, &text));
                }
            }
            Ok(())
        })
        .seed((number.wrapping_mul(0x9e37_79b9) << 32) | 4096)
        .run();
    }
    println!("{by_runs} conclusions were weighed by runs");
    assert!(by_runs > 50, "{by_runs} conclusions were weighed by runs");
}
