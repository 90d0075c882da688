//! Proofs beyond the text of the best one: their ids, all of them, as facts, of a whole run.

use std::fs::{create_dir, read_to_string, write};
use std::path::Path;
use std::process::Command;

use crate::proofs::{Case, Engine};
use hence::base::ids::Id;
use hence::provenance::proof::Least;
use hence::provenance::search::{Asked, Found};
use hence::provenance::summary::summary;
use hence::show::facts::ProofFacts;
use hence::show::ids::{id, ids};
use hence::show::list::list;
use hence::show::tree::{TreeOptions, View, view};

fn ask(case: &Case, relation: &str, texts: &[&str], asked: Asked) -> Found {
    let (id, tuple) = case.find(relation, texts);
    case.explainer().ask((id, &tuple), asked).unwrap()
}

fn hence(folder: &Path, args: &[&str]) -> (i32, String) {
    let run =
        Command::new(env!("CARGO_BIN_EXE_hence")).args(args).current_dir(folder).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap() + &String::from_utf8(run.stderr).unwrap();
    (run.status.code().unwrap(), text)
}

const REACH: &str = "
    .decl edge(a: symbol, b: symbol)
    .decl reach(a: symbol, b: symbol)
    reach(a, b) :- edge(a, b).
    reach(a, c) :- reach(a, b), edge(b, c).
";

#[test]
fn ids_depend_on_what_a_proof_says_and_on_nothing_else() {
    let edges = ["edge(\"a\", \"b\").", "edge(\"b\", \"c\").", "edge(\"c\", \"a\")."];
    let of = |order: [usize; 3], rules: &str| {
        let facts: Vec<&str> = order.iter().map(|&at| edges[at]).collect();
        let case = Case::of(&format!("{}\n{rules}", facts.join("\n")));
        let proof = case.explain("reach", &["a", "a"]);
        id(case.words(&case.explainer()), &proof)
    };
    let first = of([0, 1, 2], REACH);
    assert_eq!((first.len(), &first[..2]), (34, "p:"));
    assert_eq!(first, of([2, 0, 1], REACH));
    let spaced = REACH.replace("edge(b, c).", "\n  edge(b,c) . // the same rule");
    assert_eq!(first, of([1, 2, 0], &spaced));
    let turned = REACH.replace("reach(a, b), edge(b, c)", "edge(b, c), reach(a, b)");
    assert_ne!(first, of([0, 1, 2], &turned));
}

#[test]
fn ids_of_the_demo_are_those_of_any_engine() {
    let of = |engine| {
        let case = Case::demo(engine);
        let proof = case.explain("total", &["r3"]);
        let ids = ids(case.words(&case.explainer()), &proof);
        ids.iter().cloned().collect::<Vec<_>>()
    };
    assert_eq!(of(Engine::Naive), of(Engine::Native));
}

#[test]
fn all_proofs_of_a_circle_are_its_ways_round_none_of_them_through_itself() {
    let case = Case::of(&format!(
        "edge(\"a\", \"b\"). edge(\"b\", \"a\"). edge(\"a\", \"c\"). edge(\"b\", \"c\").\n{REACH}"
    ));
    let asked = Asked { most: 100, ..Asked::default() };
    let found = ask(&case, "reach", &["a", "c"], asked);
    let proofs = found.proofs.as_ref().unwrap();
    // From a straight or over b; every other walk comes back to a tuple that it rests on.
    assert_eq!((proofs.met, proofs.is_complete, proofs.proofs.len()), (3, true, 3));
    let explainer = case.explainer();
    let text = list(case.words(&explainer), proofs, 100);
    assert!(text.contains("3 proofs (complete)"), "{text}");
    let found = ask(&case, "reach", &["a", "b"], Asked::default());
    assert_eq!(found.all.as_ref().unwrap().circular, 1);
    let shown = View { all: found.all.as_ref(), ..View::default() };
    let words = case.words(&explainer);
    let text = view(words, &found.proof, TreeOptions::default(), &shown).text;
    assert!(
        text.ends_with("1 more instance is circular: it supports nothing by itself\n"),
        "{text}"
    );
}

#[test]
fn a_height_is_that_of_the_lowest_proof_of_the_whole_program() {
    // A lower stratum gives goal in eleven steps, recursion in three.
    let mut text = String::from(
        ".decl s(x: number)\n.decl goal(x: number)\n.decl near(x: number)\n.decl far(x: number)\n\
         s(0).\n//@ assume\ns(1).\n",
    );
    for n in 0..10 {
        text.push_str(&format!(".decl l{n}(x: number)\n"));
    }
    text.push_str("l0(x) :- s(x), x = 0.\n");
    for n in 1..10 {
        text.push_str(&format!("l{n}(x) :- l{}(x).\n", n - 1));
    }
    text.push_str("goal(x) :- l9(x).\nnear(x) :- s(y), x = y - 1, x >= 0.\nfar(x) :- near(x).\n");
    text.push_str("goal(x) :- far(x).\nnear(x) :- goal(x), s(x).\n");
    let case = Case::of(&text);
    let cheap = ask(&case, "goal", &[], Asked::default());
    assert_eq!((cheap.proof.cost.assumptions, cheap.proof.cost.height), (0, 11));
    let asked = Asked { least: Least::Height, ..Asked::default() };
    let low = ask(&case, "goal", &[], asked);
    assert_eq!((low.proof.cost.assumptions, low.proof.cost.height), (1, 3));
}

#[test]
fn the_depth_cuts_and_a_number_opens() {
    let case =
        Case::of(&format!("edge(\"a\", \"b\"). edge(\"b\", \"c\"). edge(\"c\", \"d\").\n{REACH}"));
    let found = ask(&case, "reach", &["a", "d"], Asked::default());
    let explainer = case.explainer();
    let words = case.words(&explainer);
    let cut = View { depth: Some(1), ..View::default() };
    let shown = view(words, &found.proof, TreeOptions::default(), &cut);
    assert!(
        shown.text.contains("#3 reach(\"a\", \"c\")  3 more steps, --expand '#3'"),
        "{}",
        shown.text
    );
    let node = shown.numbers[2].unwrap();
    let below = View { root: Some(node), ..View::default() };
    let shown = view(words, &found.proof, TreeOptions::default(), &below);
    assert!(shown.text.starts_with("#1 reach(\"a\", \"c\")"), "{}", shown.text);
    assert_eq!(shown.numbers.first().copied().flatten().map(Id::index), Some(node.index()));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
fn rules_ask_which_sources_a_conclusion_rests_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("proof");
    let (code, text) = hence(
        root,
        &[
            "why",
            "rules/deployment.dl",
            "-F",
            "facts/deployment",
            "--format",
            "facts",
            "-D",
            into.to_str().unwrap(),
            "total(\"r3\", _, _, _)",
        ],
    );
    assert_eq!(code, 0, "{text}");
    let program = folder.path().join("which.dl");
    let rules = ".include \"claims.dl\"\n.include \"proofs.dl\"\n.decl behind(s: symbol)\n\
        behind(s) :- proved_by(\"total\", _, c), claim_chain(c, 0, s, _).\n.output behind\n";
    write(&program, rules).unwrap();
    let (code, text) = hence(
        root,
        &[
            "query",
            program.to_str().unwrap(),
            "-F",
            into.to_str().unwrap(),
            "-F",
            "facts/deployment",
            "--allow-missing",
            "--format",
            "csv",
            "behind(s)",
        ],
    );
    assert_eq!(code, 0, "{text}");
    let mut sources: Vec<&str> = text.lines().skip(1).collect();
    sources.retain(|line| !line.contains(' '));
    let case = Case::demo(Engine::Native);
    let proof = case.explain("total", &["r3"]);
    let explainer = case.explainer();
    let summary = summary(explainer.given(), &proof);
    assert_eq!(sources, summary.sources);
    let mut facts = ProofFacts::default();
    facts.add(case.words(&explainer), &proof);
    let written = read_to_string(into.join("proves.facts")).unwrap();
    assert_eq!(facts.file("proves"), written);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
fn a_run_explains_what_it_writes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let (plain, explained) = (folder.path().join("plain"), folder.path().join("explained"));
    create_dir(&plain).unwrap();
    let run = |into: &Path, more: &[&str]| {
        let into = into.to_str().unwrap();
        let mut args = vec!["run", "rules/deployment.dl", "-F", "facts/deployment", "-D", into];
        args.extend(more);
        let (code, text) = hence(root, &args);
        assert_eq!(code, 0, "{text}");
    };
    run(&plain, &[]);
    run(&explained, &["--why", "total,corroborated"]);
    let total = "total.csv";
    assert_eq!(
        read_to_string(plain.join(total)).unwrap(),
        read_to_string(explained.join(total)).unwrap()
    );
    let schema = read_to_string(root.join("tests/schema/proof.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let lines = read_to_string(explained.join("why.jsonl")).unwrap();
    let mut shown = Vec::new();
    for line in lines.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let errors: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        shown.push(value["tuple"]["relation"].as_str().unwrap().to_owned());
    }
    let count = |name: &str| shown.iter().filter(|one| *one == name).count();
    let rows =
        |name: &str| read_to_string(plain.join(format!("{name}.csv"))).unwrap().lines().count();
    assert_eq!((count("total"), count("corroborated")), (rows("total"), rows("corroborated")));
    assert_eq!(shown.len(), rows("total") + rows("corroborated"));
    let (code, text) = hence(root, &["run", "rules/deployment.dl", "-D", "-", "--why", "all"]);
    assert!(code == 2 && text.contains("beside the outputs"), "{text}");
}

/// The outputs are written when the proofs are: if these cannot be, both are as before.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
fn outputs_are_as_before_if_the_proofs_cannot_be_written() {
    for blocked in ["why.jsonl", "why.jsonl.part"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(path.join("p.dl"), ".decl p(x:number)\np(1).\n.output p\n").unwrap();
        create_dir(path.join("out")).unwrap();
        write(path.join("out/p.csv"), "of an older run\n").unwrap();
        create_dir(path.join("out").join(blocked)).unwrap();
        let (code, text) = hence(path, &["run", "p.dl", "-D", "out", "--why", "all"]);
        assert!(code == 2 && text.contains("cannot be written"), "{text}");
        assert_eq!(read_to_string(path.join("out/p.csv")).unwrap(), "of an older run\n");
        let mut left: Vec<_> =
            path.join("out").read_dir().unwrap().map(|one| one.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["p.csv", blocked]);
    }
}

/// A conclusion with a proof of one weak, red claim, and another of two firm ones.
const MARKED: &str = r#"{"type": "document", "id": "d", "title": "Doc", "marking": "TLP:GREEN"}
{"type": "source", "id": "ann", "label": "Ann"}
{"type": "source", "id": "bob", "label": "Bob"}
{"type": "entity", "id": "x"}
{"type": "claim", "id": "c1", "doc": "d", "chain": [{"who": "ann", "act": "said"}], "subject": "x", "predicate": "is", "object": {"literal": "weak"}, "modality": "possible", "marking": "TLP:RED"}
{"type": "claim", "id": "c2", "doc": "d", "chain": [{"who": "ann", "act": "said"}], "subject": "x", "predicate": "is", "object": {"literal": "firm"}, "modality": "stated"}
{"type": "claim", "id": "c3", "doc": "d", "chain": [{"who": "bob", "act": "said"}], "subject": "x", "predicate": "is", "object": {"literal": "sure"}, "modality": "observed", "marking": "TLP:AMBER"}
"#;

#[test]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
fn a_conclusion_says_how_firm_it_is_and_how_far_it_may_go() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("claims.jsonl"), MARKED).unwrap();
    let program = ".include \"claims.dl\"\n.include \"modality.dl\"\n.decl good(x: symbol)\n\
        good(x) :- claim(_, _, x, _, \"weak\").\n\
        good(x) :- claim(_, _, x, _, \"firm\"), claim(_, _, x, _, \"sure\").\n.output good\n\
        .decl note(a: symbol, b: symbol)\n.output note\nnote(\"x\\ty\", \"one\").\n\
        note(\"a\", \"one\") :- claim(_, _, _, _, \"weak\").\n";
    write(folder.path().join("good.dl"), program).unwrap();
    let shared = ["good.dl", "-F", ".", "--ungrounded", "keep"];
    let ask = |command: &str, more: &[&str]| {
        let mut args = vec![command];
        args.extend(shared);
        args.extend(more);
        let (code, text) = hence(folder.path(), &args);
        assert_eq!(code, 0, "{text}");
        text
    };
    let text = ask("why", &["good(\"x\")"]);
    let line = "weakest modality possible · another proof needs nothing weaker than stated · \
                strictest marking TLP:RED · another proof needs nothing stricter than TLP:AMBER";
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(line), "{text}");
    let json = ask("why", &["--format", "json", "good(\"x\")"]);
    let start = json.find('{').unwrap();
    let value: serde_json::Value =
        serde_json::Deserializer::from_str(&json[start..]).into_iter().next().unwrap().unwrap();
    let ends = &value["status"]["all"]["modality"];
    assert_eq!((&ends["least"], &ends["greatest"]), (&"stated".into(), &"possible".into()));
    let table = ask("query", &["--status", "--format", "csv", "good(who)"]);
    assert!(table.contains("who,weakest modality,strictest marking\n"), "{table}");
    assert!(table.contains("x,possible,TLP:RED\n"), "{table}");
    // A constant with a tab stands for itself, not for whatever comes first.
    let table = ask("query", &["--status", "--format", "csv", "note(\"x\\ty\", b)"]);
    assert!(table.contains("one,,\n"), "{table}");
}
