//! What hence prints as JSON is what its schemas say.

use std::fs::{create_dir, read_to_string, write};
use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use serde_json::json;

use crate::proofs::{Case, Engine};
use hence::base::hash::sha256;
use hence::cli::args::Cli;
use hence::provenance::search::Budget;
use hence::provenance::whynot::Effort;
use hence::session::answer::{Answer, Cell, Column};
use hence::session::options::Options;
use hence::session::session::{Keep, Session};
use hence::session::whynot::Refuted;
use hence::show::answer::{Format, render};
use hence::show::table::TableOptions;
use hence::show::words::Words;
use hence::show::{json, support_json, whynot_json};
use hence::value::base_type::BaseType;

fn validator(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema").join(name);
    let schema = serde_json::from_str(&read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn accepted(validator: &jsonschema::Validator, text: &str) -> serde_json::Value {
    let value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path)).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    value
}

#[test]
fn proofs() {
    let validator = validator("proof.schema.json");
    let case = Case::demo(Engine::Native);
    let explainer = case.explainer();
    let mut kinds: Vec<String> = Vec::new();
    for (id, relation) in case.program.relations.entries() {
        if explainer.find(id, &vec![None; relation.columns.len()], &[], 1).unwrap().1 > 0 {
            let proof = case.explain(&relation.name, &[]);
            let value = accepted(&validator, &json::proof(case.words(&explainer), &proof));
            let nodes = value["nodes"].as_array().unwrap();
            assert!(nodes.iter().enumerate().all(|(at, node)| node["n"] == at + 1));
            kinds.extend(nodes.iter().map(|node| node["kind"].as_str().unwrap().to_owned()));
        }
    }
    kinds.sort();
    kinds.dedup();
    let wanted = ["absent", "aggregate", "assumption", "builtin", "claim", "definition"];
    let all: Vec<&str> = wanted.into_iter().chain(["record", "rule", "witness"]).collect();
    assert_eq!(kinds, all);
}

#[test]
fn what_conclusions_rest_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let options = Options { facts: vec![root.join("facts/deployment")], ..Options::default() };
    let mut session = Session::new(options);
    session.run(&[root.join("rules/deployment.dl")], Keep::Input).unwrap();
    let file = session.files_mut().add("question", "corroborated(_)");
    let explainer = session.explainer();
    let words = Words { given: explainer.given(), files: session.files() };
    let support = session.support(&explainer, file, Budget::WIDE).unwrap();
    let value =
        accepted(&validator("support.schema.json"), &support_json::support(words, &support));
    assert_eq!(value["sources"]["sets"][0][0]["source"], "western_officials");

    let validator_of_sources = validator("sources.schema.json");
    let given = session.sources_given(&[]).unwrap();
    accepted(&validator_of_sources, &support_json::sources(words, &given));
    let fragile = session.fragile(&[]).unwrap();
    accepted(&validator_of_sources, &support_json::fragile(words, &fragile));
    let echoes = session.echoes().unwrap();
    let passing = session.passing_on();
    accepted(&validator_of_sources, &support_json::echoes(&echoes, &passing));
    let needed = session.necessary(&[]).unwrap();
    accepted(&validator_of_sources, &support_json::necessary(words, &needed));

    let scenarios = session.sensitivity(&[]).unwrap();
    let text = support_json::sensitivity(words, &scenarios);
    let value = accepted(&validator("sensitivity.schema.json"), &text);
    assert_eq!(value["scenarios"].as_array().unwrap().len(), session.sources().len());
}

#[test]
fn whynots() {
    let validator = validator("whynot.schema.json");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.dl");
    let other = "
        .decl n(x: number, w: symbol)
        n(3, \"a\").
        .decl gives(x: number, y: number)
        gives(x, 6 / x) :- n(x, _), x = range(1, 3).
        .decl word(w: symbol)
        word(w) :- n(_, w), match(\"b\", w).
        .decl least(x: number)
        least(x) :- x = min y : { n(y, \"c\") }, true.
        .decl none(x: number)
        none(x) :- n(x, _), false.
        .decl without(x: number)
        without(y) :- n(x, _), x > 5, y = 6 / (x - 3).
        .decl both(x: number)
        both(x) :- n(x, _), y = x + 1, y > 4, y < 9, y != 5, n(y, _), n(y, \"d\"), n(y, \"e\").
        ";
    write(&file, other).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let options = Options { facts: vec![root.join("facts/deployment")], ..Options::default() };
    let mut session = Session::new(options);
    session.run(&[root.join("rules/deployment.dl"), file], Keep::Input).unwrap();
    let mut kinds: Vec<String> = Vec::new();
    let mut changes = 0;
    for atom in [
        "corroborated(\"t_2025\")",
        "corroborated(_)",
        "contradicts(\"c0201\", \"c0202\", _)",
        "dead(\"c0201\", \"gone\")",
        "dead(\"c0201\", _)",
        "total(\"r99\", _, _, _)",
        "part_event(x, x)",
        "gives(3, 5)",
        "gives(4, _)",
        "least(_)",
        "none(_)",
        "without(_)",
        "word(\"a\")",
        "both(3)",
    ] {
        let file = session.files_mut().add("question", atom);
        let refuter = session.refuter();
        let words = Words { given: refuter.given(), files: session.files() };
        let effort = Effort { depth: 1, ..Effort::default() };
        let text = match session.whynot(&refuter, file, effort).unwrap() {
            Refuted::Not(answer, repairs) => whynot_json::whynot(words, &answer, &repairs),
            Refuted::Holds(asked, tuple) => whynot_json::holds(words, &asked, &tuple),
        };
        let value = accepted(&validator, &text);
        let all = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
        changes += all(&value["repairs"]).len();
        for near in all(&value["rules"]).iter().flat_map(|rule| all(&rule["near"])) {
            let kind = |of: &serde_json::Value| of["kind"].as_str().unwrap().to_owned();
            kinds.extend(all(&near["blocked_by"]).iter().map(kind));
        }
    }
    kinds.sort();
    kinds.dedup();
    let wanted = ["aggregate", "comparison", "missing", "never", "present", "range"];
    let all: Vec<&str> = wanted.into_iter().chain(["test", "together"]).collect();
    assert_eq!(kinds, all);
    assert!(changes > 3);
}

#[test]
fn rows() {
    let column = |name: &str, base| Column { name: name.to_owned(), base, is_date: false };
    let answer = Answer {
        columns: vec![
            column("r", BaseType::Symbol),
            column("n", BaseType::Number),
            column("u", BaseType::Unsigned),
            column("x", BaseType::Float),
        ],
        rows: vec![vec![
            Cell::Text("a\u{202E}\n".to_owned()),
            Cell::Number(i64::MIN),
            Cell::Unsigned(u64::MAX),
            Cell::Float(0.1),
        ]],
        atoms: None,
        cautions: vec!["a is doubtful".to_owned()],
        reason: None,
        warnings: Vec::new(),
    };
    let validator = validator("rows.schema.json");
    for relation in [None, Some("total")] {
        let text = render(&answer, relation, Format::Json, TableOptions::default());
        let value = accepted(&validator, &text);
        assert_eq!(value["rows"][0][1], i64::MIN);
        assert_eq!(value["rows"][0][2], u64::MAX);
    }
}

#[test]
fn differences() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let validator = validator("diff.schema.json");
    let whatif = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_hence"))
            .args(["whatif", "rules/deployment.dl", "-F", "facts/deployment", "--format", "json"])
            .args(args)
            .current_dir(root)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        accepted(&validator, &String::from_utf8(output.stdout).unwrap())
    };
    let value = whatif(&["--without", "c0201", "total", "envelope"]);
    assert_eq!(value["withdrawn"][0], json!({"claim": "c0201", "because": "named"}));
    assert_eq!(value["withdrawn"][1]["because"], "bases");
    assert_eq!(value["incomplete"][0], json!({"reading": "r2", "without": ["c0201"]}));
    assert_eq!(value["lost"][0]["values"][0], "r2");
    let changed = json!({
        "relation": "envelope",
        "key": ["north_korea", "deploys", "troop"],
        "old": ["north_korea", "deploys", "troop", 24000, 44000],
        "new": ["north_korea", "deploys", "troop", 24000, 34000],
    });
    assert_eq!(value["changed"], json!([changed]));
    let value = whatif(&[
        "--retract",
        "claim_hi(\"c0201\", _)",
        "--assume",
        "claim_hi(\"c0201\", 26000)",
        "total(\"r3\", _, _, _)",
    ]);
    assert_eq!(value["retracted"][0]["values"], json!(["c0201", 30000]));
    assert_eq!(value["assumed"][0]["values"], json!(["c0201", 26000]));
    assert_eq!(value["changed"][0]["new"][3], 40000);
}

#[test]
fn two_runs() {
    let at = tempfile::tempdir().unwrap();
    let program = ".decl e(x: symbol, n: number)\n.input e\n.decl p(x: symbol)\n.output p\n\
        p(x) :- e(x, _).\n";
    write(at.path().join("p.dl"), program).unwrap();
    let hence = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
        let output = command.args(args).current_dir(at.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for (name, rows) in [("one", "a\t1\na\t2\n"), ("two", "b\t1\n")] {
        create_dir(at.path().join(name)).unwrap();
        write(at.path().join(name).join("e.facts"), rows).unwrap();
        let out = format!("{name}/out");
        assert_eq!(hence(&["run", "p.dl", "-F", name, "-D", &out, "-q"]), "");
    }
    let text = hence(&["diff", "one/out", "two/out", "--format", "json"]);
    let value = accepted(&validator("diff.schema.json"), &text);
    let expected = json!([
        {"relation": "p", "values": ["a"], "run": "old", "inputs": [0, 1], "how": "together"},
        {"relation": "p", "values": ["b"], "run": "new", "inputs": [2], "how": "alone"},
    ]);
    assert_eq!(value["because"], expected, "{text}");
}

#[test]
fn conflicts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(["conflicts", "rules/deployment.dl", "-F", "facts/deployment", "--format", "json"])
        .current_dir(root)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = accepted(&validator("conflicts.schema.json"), &text);
    let first = &value["conflicts"][0];
    assert_eq!(first["gap"], 5000);
    assert_eq!(first["sides"][0]["id"], "c0201");
    assert_eq!(first["sides"][1]["lo"], 10000);
    let lost = json!({"relation": "total", "rows": 5});
    assert!(first["sides"][0]["without"].as_array().unwrap().contains(&lost));
}

/// Claims of as many sources, each with a figure of its own for one event.
fn figures(n: usize) -> String {
    let mut lines = vec![
        json!({"type": "document", "id": "d", "text": "Trucks."}),
        json!({"type": "entity", "id": "a"}),
        json!({"type": "entity", "id": "o"}),
    ];
    for at in 0..n {
        let (source, claim) = (format!("s{at}"), format!("c{at:02}"));
        lines.push(json!({"type": "source", "id": source}));
        lines.push(json!({
            "type": "claim", "id": claim, "doc": "d", "span": [0, 7], "quote": "Trucks.",
            "chain": [{"who": source, "act": "said"}], "subject": "a", "predicate": "b",
            "object": "o", "modality": "stated", "event": "e",
            "amount": {"lo": at, "hi": at, "unit": "truck"},
        }));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn conflicts_without_which_nothing_can_be_derived() {
    let at = tempfile::tempdir().unwrap();
    let conflicts = |claims: usize, format: &str| {
        let program = ".include \"claims.dl\"
//@ conflict(a, b)
.decl against(a: Claim, b: Claim)
against(a, b) :- claim_lo(a, x), claim_lo(b, y), x < y.
.decl share(n: number)
share(100 / (n - 1)) :- n = count : claim_lo(_, _).
.output against, share
";
        write(at.path().join("p.dl"), program).unwrap();
        write(at.path().join("claims.jsonl"), figures(claims)).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_hence"))
            .args(["conflicts", "p.dl", "-F", ".", "--format", format])
            .current_dir(at.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let validator = validator("conflicts.schema.json");
    let value = accepted(&validator, &conflicts(2, "json"));
    for side in value["conflicts"][0]["sides"].as_array().unwrap() {
        assert_eq!(side["fails"], "division by zero");
        assert!(side["without"].is_null());
    }
    let text = conflicts(2, "text");
    assert!(text.contains("without it the evaluation fails: division by zero"), "{text}");
    // Each claim is in many conflicts and counts once.
    let value = accepted(&validator, &conflicts(19, "json"));
    assert_eq!(value["conflicts"].as_array().unwrap().len(), 19 * 18 / 2);
    assert_eq!(value["not_withdrawn"], 3);
}

#[test]
fn what_was_not_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(["unused", "rules/deployment.dl", "-F", "facts/deployment", "--format", "json"])
        .arg("corroborated")
        .current_dir(root)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = accepted(&validator("unused.schema.json"), &text);
    let claims: Vec<&str> = value["claims"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["claim"].as_str())
        .collect();
    // What is said of the missiles bears on no event with two voices; what Putin confirmed does.
    assert!(claims.contains(&"c1501") && !claims.contains(&"c0902"), "{claims:?}");
}

#[test]
fn runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let at = tempfile::tempdir().unwrap();
    let program = ".include \"totals.dl\"\n.decl e(x: number, y: number)\n.input e\n.output e\n";
    write(at.path().join("p.dl"), program).unwrap();
    write(at.path().join("e.facts"), "1\t2\n").unwrap();
    let demo = root.join("facts/deployment");
    let done = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(["run", "p.dl", "-F", ".", "-D", "out", "--allow-missing", "-q", "-F"])
        .arg(&demo)
        .current_dir(at.path())
        .status();
    assert_eq!(done.unwrap().code(), Some(0));
    let text = read_to_string(at.path().join("out/hence-run.json")).unwrap();
    let value = accepted(&validator("run.schema.json"), &text);
    let files = &value["program"]["files"];
    assert_eq!(files[0]["file"], "p.dl");
    assert_eq!(files[0]["sha256"], sha256(program.as_bytes()));
    assert_eq!(files[1]["file"], "lib:totals.dl");
    let totals = read_to_string(root.join("rules/totals.dl")).unwrap();
    assert_eq!(files[1]["sha256"], sha256(totals.as_bytes()));
    // As sha256sum gives it.
    let of_facts = "0c944e60f2140df3aaa1c17f7e4ed1e3699bcf647cf9e38623180ff5e86ac971";
    assert_eq!(value["inputs"][0]["sha256"], of_facts);
    assert_eq!(value["inputs"][0]["rows"], 1);
    let claims = read_to_string(demo.join("claims.jsonl")).unwrap();
    let read = &value["claims"]["files"][0];
    assert_eq!(read["sha256"], sha256(claims.as_bytes()));
    assert_eq!(read["records"], claims.lines().filter(|line| !line.trim().is_empty()).count());
    let document = &value["claims"]["documents"][0];
    let path = document["file"].as_str().unwrap();
    assert_eq!(document["sha256"], sha256(read_to_string(path).unwrap().as_bytes()));
}

type Asked = (&'static str, &'static str, Arguments, &'static str, Arguments);
type Arguments = &'static [&'static str];

/// By command: the format, a question of the demo, the schema of the answer, and a question of
/// `SMALL` that has none.
const ASKED: &[Asked] = &[
    ("query", "json", &["total(r, _, lo, hi)"], "rows", &["totl(r)"]),
    ("why", "json", &["total(\"r3\", _, _, _)", "--top", "3"], "proof", &["total(99)"]),
    ("whynot", "json", &["corroborated(\"t_2025\")"], "whynot", &["total("]),
    ("support", "json", &["corroborated(_)"], "support", &["total(99)"]),
    ("sources", "json", &["total(\"r3\", _, _, _)"], "support", &["totl(_)"]),
    ("sources", "json", &["--fragile", "corroborated"], "sources", &["--fragile", "totl"]),
    ("sensitivity", "json", &["corroborated"], "sensitivity", &["totl"]),
    ("unused", "json", &["total"], "unused", &["totl"]),
    ("conflicts", "json", &[], "conflicts", &["totl"]),
    ("whatif", "json", &["--without", "cnn", "total"], "diff", &["--without", "nobody"]),
    ("cert", "jsonl", &["total(\"r3\", _, _, _)"], "cert", &["totl"]),
];

const SMALL: &str = ".decl total(x: number)\ntotal(1).\n.output total\n";

fn run(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_command_prints_what_its_schema_says() {
    for (command, format, good, schema, _) in ASKED {
        // These have tests of the demo of their own.
        if matches!(*command, "conflicts" | "sensitivity" | "unused") {
            continue;
        }
        let demo = ["rules/deployment.dl", "-F", "facts/deployment", "--format", format];
        let (code, text) = run(&[&[*command][..], &demo, good].concat());
        assert_eq!(code, Some(0), "{command} {good:?}: {text}");
        let validator = validator(&format!("{schema}.schema.json"));
        let documents: Vec<&str> =
            if *format == "json" { vec![&text] } else { text.lines().collect() };
        for document in documents {
            accepted(&validator, document);
        }
    }
}

#[test]
fn every_command_prints_one_document_where_there_is_no_answer() {
    let (error, message) = (validator("error.schema.json"), validator("message.schema.json"));
    let refused = |args: &[&str]| {
        let (code, text) = run(args);
        assert_ne!(code, Some(0), "{args:?}");
        let value = accepted(&error, &text);
        assert_eq!(value["exit"], json!(code), "{args:?}");
        for one in value["messages"].as_array().unwrap() {
            accepted(&message, &one.to_string());
        }
    };
    let at = tempfile::tempdir().unwrap();
    let program = at.path().join("p.dl");
    write(&program, SMALL).unwrap();
    let small = [program.to_str().unwrap(), "-F", at.path().to_str().unwrap(), "--format", "json"];
    for (command, format, .., bad) in ASKED {
        if *format == "json" {
            refused(&[&[*command][..], &small, bad].concat());
        }
    }
    refused(&["diff", "nowhere", "neither", "--format", "json"]);
    refused(&["test", "nowhere", "--format", "json"]);
    refused(&["test", "rules", "-k", "no such case", "--format", "json"]);
    let check = validator("check.schema.json");
    for path in ["rules/totals.dl", "tests/claims/H0402_quote_not_in_document.jsonl", "nowhere.dl"]
    {
        let value = accepted(&check, &run(&["check", "--format", "json", path]).1);
        for one in value["messages"].as_array().unwrap() {
            accepted(&message, &one.to_string());
        }
    }
    let (_, text) = run(&["check", "--message-format", "json", "nowhere.dl"]);
    assert_eq!(text, "");
}

#[test]
fn every_format_for_machines_has_its_schema() {
    let known: Vec<&str> = ASKED.iter().map(|asked| asked.0).collect();
    let mut schemas: Vec<String> = Vec::new();
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let Some(format) = command.get_arguments().find(|arg| arg.get_id() == "format") else {
            continue;
        };
        let values = format.get_possible_values();
        let is_json = values.iter().any(|value| value.get_name().starts_with("json"));
        // These have tests of their own.
        let others = ["diff", "test", "check", "repl"];
        assert!(!is_json || known.contains(&name) || others.contains(&name), "{name}");
    }
    let command = Cli::command();
    let schema = command.get_subcommands().find(|command| command.get_name() == "schema").unwrap();
    let what = schema.get_arguments().find(|arg| arg.get_id() == "what").unwrap();
    for value in what.get_possible_values() {
        let name = value.get_name();
        let (code, text) = run(&["schema", name]);
        assert_eq!(code, Some(0));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        jsonschema::validator_for(&value).unwrap();
        if name != "claims" {
            schemas.push(format!("{name}.schema.json"));
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    files.sort();
    schemas.sort();
    assert_eq!(files, schemas, "list it in src/cli/args.rs");
}

#[test]
fn examples_of_pages_are_what_their_schemas_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    pages.extend(root.join("docs").read_dir().unwrap().map(|entry| entry.unwrap().path()));
    let claims: serde_json::Value = serde_json::from_str(&run(&["schema", "claims"]).1).unwrap();
    let claims = jsonschema::validator_for(&claims).unwrap();
    let mut seen = 0;
    for page in pages {
        let text = read_to_string(&page).unwrap();
        let mut language = None;
        for line in text.lines() {
            if let Some(info) = line.strip_prefix("```") {
                let first = info.split(' ').next().unwrap_or_default().to_owned();
                language = if language.is_some() { None } else { Some(first) };
                continue;
            }
            if language.is_none() || !line.starts_with('{') {
                continue;
            }
            let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            seen += 1;
            match value["schema"].as_str() {
                Some(schema) => {
                    let name = schema.trim_start_matches("hence.").trim_end_matches("/1");
                    accepted(&validator(&format!("{name}.schema.json")), line);
                }
                None if language.as_deref() == Some("jsonl") => {
                    accepted(&claims, line);
                }
                None => {}
            }
        }
    }
    assert!(seen > 10, "{seen}");
}
