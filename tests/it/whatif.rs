//! What if: a fork equals a fresh run on the changed input. The fresh runs go another way: the
//! changed rows are written into fact files or into the text of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use arbtest::arbitrary::{Result as Arbitrary, Unstructured};
use hence::base::ids::RelationId;
use hence::claims::load::BadRecords;
use hence::claims::relations::relations;
use hence::session::options::{Engine, Options};
use hence::session::session::{Keep, Refused, Session, World};
use hence::session::whatif::{Change, Target};
use hence::value::value::Value;
use serde_json::Value as Json;

use crate::generate::Generated;
use crate::random::each_program;

type Tuples = BTreeMap<String, BTreeSet<(String, Option<u32>)>>;

fn package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn session(program: &Path, facts: &Path, engine: Engine) -> Result<Session, Refused> {
    let options = Options {
        facts: vec![facts.to_owned()],
        engine,
        rounds_max: Some(40),
        ..Options::default()
    };
    let mut session = Session::new(options);
    session.run(&[program.to_owned()], Keep::Input)?;
    Ok(session)
}

fn demo(facts: &Path) -> Session {
    session(&package("rules/deployment.dl"), facts, Engine::Native)
        .unwrap_or_else(|refused| panic!("{refused:#?}"))
}

/// Every tuple with its round.
fn tuples(world: &World) -> Tuples {
    let mut all = Tuples::new();
    for (id, relation) in world.program.relations.entries() {
        let mut rows = BTreeSet::new();
        world.tables().select(id, &vec![None; relation.columns.len()], &mut |tuple| {
            rows.insert((row(world, tuple), world.tables().round_of(id, tuple)));
            ControlFlow::Continue(())
        });
        all.insert(relation.name.clone(), rows);
    }
    all
}

fn row(world: &World, tuple: &[Value]) -> String {
    let cells: Vec<String> =
        tuple.iter().map(|value| value.quoted(&world.program.symbols)).collect();
    cells.join(", ")
}

/// A folder of fact files with every input row, but for those of the claims that are gone.
fn fact_files(world: &World, gone: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, _) in relations() {
        let Some(id) = world.program.relation(name) else { continue };
        // What a claim record gives starts with the claim's id, and nothing else does here.
        let of_claims = name.starts_with("claim")
            || name.starts_with("said_")
            || ["extractor_confidence", "marking", "attr"].contains(name);
        let mut text = String::new();
        for at in 0..world.facts.relations[id].rows {
            let row = world.facts.row(&world.program, id, at);
            let cells: Vec<String> =
                row.iter().map(|value| value.plain(&world.program.symbols)).collect();
            let of_link = *name == "claim_link";
            if of_link || !of_claims || !gone.contains(&cells[0].as_str()) {
                writeln!(text, "{}", cells.join("\t")).unwrap();
            }
        }
        fs::write(folder.path().join(format!("{name}.facts")), text).unwrap();
    }
    folder
}

/// The demo's claims: id, document, chain, and what they rest on.
struct Said {
    id: String,
    document: String,
    chain: Vec<String>,
    bases: Vec<String>,
}

fn said() -> Vec<Said> {
    let text = fs::read_to_string(package("facts/deployment/claims.jsonl")).unwrap();
    let records: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let word = |record: &Json, field: &str| record[field].as_str().unwrap_or("").to_owned();
    let of = |kind: &'static str| records.iter().filter(move |record| record["type"] == kind);
    of("claim")
        .map(|claim| {
            let id = word(claim, "id");
            let steps = claim["chain"].as_array().unwrap();
            let rests = of("link").filter(|link| {
                link["from"] == claim["id"]
                    && (link["rel"] == "rests_on" || link["rel"] == "restates")
            });
            Said {
                document: word(claim, "doc"),
                chain: steps.iter().map(|step| word(step, "who")).collect(),
                bases: rests.map(|link| word(link, "to")).collect(),
                id,
            }
        })
        .collect()
}

/// What goes with these claims, counted out step by step.
fn with_dependents(all: &[Said], mut gone: BTreeSet<String>) -> BTreeSet<String> {
    loop {
        let falls = |claim: &&Said| {
            !gone.contains(&claim.id)
                && !claim.bases.is_empty()
                && claim.bases.iter().all(|base| gone.contains(base))
        };
        let more: Vec<String> = all.iter().filter(falls).map(|claim| claim.id.clone()).collect();
        if more.is_empty() {
            return gone;
        }
        gone.extend(more);
    }
}

#[test]
fn without_each_source_document_and_claim_as_a_fresh_run() {
    let base = demo(&package("facts/deployment"));
    let all = said();
    let mut targets: Vec<(Target, BTreeSet<String>)> = Vec::new();
    let of = |is: &dyn Fn(&Said) -> bool| -> BTreeSet<String> {
        all.iter().filter(|claim| is(claim)).map(|claim| claim.id.clone()).collect()
    };
    for claim in &all {
        targets.push((Target::Claim(claim.id.clone()), of(&|other| other.id == claim.id)));
        targets.push((
            Target::Document(claim.document.clone()),
            of(&|other| other.document == claim.document),
        ));
        for source in &claim.chain {
            targets
                .push((Target::Source(source.clone()), of(&|other| other.chain.contains(source))));
        }
    }
    targets.sort();
    targets.dedup();
    assert!(targets.len() > 80, "{}", targets.len());
    for (target, named) in targets {
        let gone = with_dependents(&all, named);
        let fork = base.fork(&[Change::Without(target.clone())]).unwrap();
        let claims: Vec<&str> = gone.iter().map(String::as_str).collect();
        let withdrawn: Vec<&str> =
            fork.made.withdrawn.claims.iter().map(|gone| gone.id.as_str()).collect();
        assert_eq!(withdrawn, claims, "{target:?}");
        let fresh = demo(fact_files(base.world(), &claims).path());
        assert_eq!(tuples(&fork), tuples(fresh.world()), "{target:?}");
    }
}

/// A chain that is replaced row by row is told as the rows have it.
#[test]
fn a_replaced_chain_names_its_new_source() {
    let base = demo(&package("facts/deployment"));
    let program = &base.world().program;
    let chain = program.relation("claim_chain").unwrap();
    let symbol = |text: &str| Value::Symbol(program.symbols.intern(text));
    let claim = symbol("c0405");
    let changes = [
        Change::Retract(chain, vec![Some(claim), Some(Value::Number(0)), None, None]),
        Change::Assume(
            chain,
            [claim, Value::Number(0), symbol("putin"), symbol("said")].into_iter().collect(),
        ),
    ];
    let fork = base.fork(&changes).unwrap();
    let evidence = |world: &World| {
        let mut leaves = world.leaves.leaves.iter();
        leaves.find(|leaf| leaf.id == "c0405").unwrap().evidence.clone().unwrap()
    };
    assert_eq!(evidence(base.world()).origin, "jenny_town");
    assert_eq!(evidence(&fork).origin, "putin");
    assert_eq!(evidence(&fork).conduits, evidence(base.world()).conduits);
}

/// What judges a claim is no evidence, whether the claim was withdrawn or its record is in error.
#[test]
fn a_comment_on_a_missing_claim_counts_for_as_many_voices_as_without_that_claim() {
    let text = fs::read_to_string(package("facts/deployment/claims.jsonl")).unwrap();
    let base = demo(&package("facts/deployment"));
    let fork = base.fork(&[Change::Without(Target::Claim("c0201".to_owned()))]).unwrap();
    let edit = |line: &str| {
        let is_it = line.contains("\"type\": \"claim\"") && line.contains("\"id\": \"c0201\"");
        if is_it { line.replace("projected", "projektiert") } else { line.to_owned() }
    };
    let broken: Vec<String> = text.lines().map(edit).collect();
    assert!(broken.join("\n").contains("projektiert"));
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join("claims.jsonl"), broken.join("\n")).unwrap();
    for entry in fs::read_dir(package("facts/deployment")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "claims.jsonl" && entry.path().is_file() {
            fs::copy(entry.path(), at.path().join(entry.file_name())).unwrap();
        }
    }
    let mut options = Options { facts: vec![at.path().to_owned()], ..Options::default() };
    options.claims.bad_records = BadRecords::Drop;
    let mut lenient = Session::new(options);
    lenient.run(&[package("rules/deployment.dl")], Keep::Input).unwrap();
    let (lenient, fork) = (tuples(lenient.world()), tuples(&fork));
    for relation in ["supports", "independent_groups", "corroborated"] {
        assert_eq!(lenient[relation], fork[relation], "{relation}");
    }
    assert!(lenient["supports"].iter().all(|(row, _)| !row.contains("c0405")));
}

#[test]
fn a_claim_that_no_record_names_can_be_cut_out_of_its_file() {
    let text = fs::read_to_string(package("facts/deployment/claims.jsonl")).unwrap();
    let base = demo(&package("facts/deployment"));
    let mut compared = 0;
    for claim in said() {
        let own = format!("\"id\": \"{}\"", claim.id);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.contains(&own) || !line.contains("\"claim\""))
            .collect();
        let rest = lines.join("\n");
        if rest.contains(&format!("\"{}\"", claim.id)) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("claims.jsonl"), rest).unwrap();
        fs::copy(package("facts/deployment/brief.txt"), folder.path().join("brief.txt")).unwrap();
        let fresh = demo(folder.path());
        let fork = base.fork(&[Change::Without(Target::Claim(claim.id.clone()))]).unwrap();
        assert_eq!(tuples(&fork), tuples(fresh.world()), "{}", claim.id);
        assert_eq!(fork.leaves.rows().count(), fresh.world().leaves.rows().count(), "{}", claim.id);
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn a_row_stays_while_one_of_its_records_does() {
    let folder = tempfile::tempdir().unwrap();
    let claim = |id: &str| {
        format!(
            "{{\"type\":\"claim\",\"id\":\"{id}\",\"doc\":\"d\",\"chain\":[{{\"who\":\"s\",\
             \"act\":\"said\"}}],\"subject\":{{\"literal\":\"x\"}},\"predicate\":\"p\",\"object\":\
             {{\"literal\":\"y\"}},\"modality\":\"stated\",\"marking\":\"TLP:RED\"}}\n"
        )
    };
    // A document and a claim of one id give one row of `marking`.
    let text = format!(
        "{{\"type\":\"document\",\"id\":\"d\",\"text\":\"x\",\"marking\":\"TLP:RED\"}}\n\
         {{\"type\":\"source\",\"id\":\"s\"}}\n{}{}",
        claim("d"),
        claim("e")
    );
    fs::write(folder.path().join("claims.jsonl"), text).unwrap();
    let program = folder.path().join("p.dl");
    let rules = ".decl claim(c: symbol, doc: symbol, s: symbol, p: symbol, o: symbol)\n.input claim\n\
                 .decl marking(x: symbol, m: symbol)\n.input marking\n.decl seen(x: symbol)\n\
                 seen(x) :- marking(x, _).\n.output seen\n";
    fs::write(&program, rules).unwrap();
    let base = session(&program, folder.path(), Engine::Native).unwrap();
    let fork = base.fork(&[Change::Without(Target::Claim("d".to_owned()))]).unwrap();
    let left: Vec<String> = tuples(&fork)["seen"].iter().map(|(row, _)| row.clone()).collect();
    assert_eq!(left, ["\"d\"", "\"e\""]);
    assert_eq!(tuples(&fork)["claim"].len(), 1);
    let marking = fork.program.relation("marking").unwrap();
    let name = |text: &str| Value::Symbol(fork.program.symbols.intern(text));
    let leaf = fork.leaves.of(marking, &[name("d"), name("TLP:RED")]).unwrap();
    assert_eq!(fork.leaves.leaves[leaf].id, "document d");
    let both = base.fork(&[Change::Without(Target::Source("s".to_owned()))]).unwrap();
    assert_eq!(tuples(&both)["seen"].len(), 1);
    let unknown = base.fork(&[Change::Without(Target::Claim("f".to_owned()))]);
    assert!(unknown.is_err());
}

/// Facts of a program as text.
fn facts(world: &World) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for (id, relation) in world.program.relations.entries() {
        for at in 0..world.facts.relations[id].rows {
            let row = row(world, &world.facts.row(&world.program, id, at));
            facts.insert(format!("{}({row}).", relation.name));
        }
    }
    facts
}

/// Random changes of the facts, and the facts they leave.
fn changes(world: &World, u: &mut Unstructured<'_>) -> Arbitrary<(Vec<Change>, BTreeSet<String>)> {
    let mut left = facts(world);
    let filled: Vec<RelationId> =
        world.program.relations.ids().filter(|id| world.facts.relations[*id].rows > 0).collect();
    let mut changes = Vec::new();
    if filled.is_empty() {
        return Ok((changes, left));
    }
    for _ in 0..u.int_in_range(1..=4)? {
        let id = *u.choose(&filled)?;
        let relation = &world.program.relations[id];
        let pick = |u: &mut Unstructured<'_>| -> Arbitrary<_> {
            let at = u.int_in_range(0..=world.facts.relations[id].rows - 1)?;
            Ok(world.facts.row(&world.program, id, at))
        };
        if u.arbitrary()? {
            let mut pattern: Vec<Option<Value>> = pick(u)?.iter().copied().map(Some).collect();
            for cell in &mut pattern {
                if u.ratio(1, 3)? {
                    *cell = None;
                }
            }
            let prefix = format!("{}(", relation.name);
            let all: Vec<_> = (0..world.facts.relations[id].rows)
                .map(|at| world.facts.row(&world.program, id, at))
                .collect();
            let added = changes.iter().filter_map(|change| match change {
                Change::Assume(other, tuple) if *other == id => Some(tuple.clone()),
                _ => None,
            });
            let rows: Vec<_> = all.into_iter().chain(added).collect();
            for tuple in rows {
                let matches =
                    |(cell, value): (&Option<Value>, &Value)| cell.is_none_or(|c| c == *value);
                if pattern.iter().zip(&*tuple).all(matches) {
                    left.remove(&format!("{prefix}{}).", row(world, &tuple)));
                }
            }
            changes.push(Change::Retract(id, pattern));
        } else {
            // Values of other rows of the same columns.
            let mut tuple = pick(u)?;
            for column in 0..tuple.len() {
                tuple[column] = pick(u)?[column];
            }
            left.insert(format!("{}({}).", relation.name, row(world, &tuple)));
            changes.push(Change::Assume(id, tuple));
        }
    }
    Ok((changes, left))
}

/// What a run came to, spans apart.
fn outcome(world: Result<Tuples, Refused>) -> Result<Tuples, String> {
    world.map_err(|refused| {
        let parts =
            refused.iter().map(|message| format!("{} {:?}", message.message, message.notes));
        parts.collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn changed_facts_of_random_programs_as_a_fresh_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.dl");
    let (mut compared, mut different) = (0, 0);
    each_program(|program: Generated, u| {
        fs::write(&file, program.text()).unwrap();
        // What stops before it ends has nothing to compare with.
        let Ok(base) = session(&file, folder.path(), Engine::Native) else { return Ok(()) };
        let (changes, left) = changes(base.world(), u)?;
        let fork = base.fork(&changes).map(|world| tuples(&world));
        different += usize::from(fork.as_ref().is_ok_and(|fork| *fork != tuples(base.world())));
        let facts = left.into_iter().collect();
        let changed = Generated { facts, ..program.clone() }.text();
        fs::write(&file, &changed).unwrap();
        for engine in [Engine::Naive, Engine::Native] {
            let fresh = session(&file, folder.path(), engine).map(|s| tuples(s.world()));
            assert_eq!(
                outcome(fork.clone()),
                outcome(fresh),
                "\n{}\nchanged\n{changed}",
                program.text()
            );
        }
        compared += 1;
        Ok(())
    });
    assert!(compared > 300 && different > 100, "{compared} compared, {different} different");
}
