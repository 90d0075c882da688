//! What an evaluation costs: counted by hand, and the same however many workers there are.

use std::collections::BTreeMap;
use std::fs::{read_to_string, write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use hence::engine::profile::Recorder;
use hence::session::options::{Engine, Options};
use hence::session::session::{Keep, Session};

const PATHS: &str = "
.decl edge(a: number, b: number)
edge(1, 2). edge(2, 3). edge(3, 4). edge(1, 3).
.decl path(a: number, b: number)
.output path
path(a, b) :- edge(a, b).
path(a, c) :- path(a, b), edge(b, c).
.decl far(n: number)
.output far
far(n) :- n = count : { path(_, _) }, n > 3.
";

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
    let output = command.current_dir(folder).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn counts_are_those_worked_out_by_hand() {
    let folder = TempDir::new().unwrap();
    write(folder.path().join("p.dl"), PATHS).unwrap();
    let (code, errors) =
        run(folder.path(), &["run", "p.dl", "-D", "out", "--profile=costs.json", "-q"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let document: Value =
        serde_json::from_str(&read_to_string(folder.path().join("costs.json")).unwrap()).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/profile.schema.json");
    let schema = serde_json::from_str(&read_to_string(schema).unwrap()).unwrap();
    let problems: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:?}\n{document:#}");

    let figures = |it: &Value| {
        ["rounds", "tried", "kept", "duplicates"].map(|field| it[field].as_u64().unwrap())
    };
    let rules = document["rules"].as_array().unwrap();
    let rule = |name: &str| rules.iter().find(|rule| rule["rule"] == name).unwrap();
    // All four edges are paths, once.
    assert_eq!(figures(rule("path#1")), [1, 4, 4, 0]);
    // No path in the first round; then 4 with 3 edges that follow, which give (1, 3) again; then
    // (1, 4) and (2, 4), after which nothing follows.
    let second = rule("path#2");
    assert_eq!(figures(second), [3, 9, 2, 1]);
    assert_eq!((&second["file"], &second["line"]), (&"p.dl".into(), &7.into()));
    let each: Vec<(u64, u64, u64)> = second["each"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| ["round", "tried", "kept"].map(|field| it[field].as_u64().unwrap()).into())
        .collect();
    assert_eq!(each, [(1, 0, 0), (2, 7, 2), (3, 2, 0)]);
    assert_eq!(figures(rule("far#1")), [1, 6, 1, 0]);
    let times: Vec<u64> = rules.iter().map(|rule| rule["us"].as_u64().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    let strata: Vec<[u64; 4]> =
        document["strata"].as_array().unwrap().iter().map(figures).collect();
    assert_eq!(strata, [[3, 13, 6, 1], [1, 6, 1, 0]]);
}

#[test]
fn a_run_that_is_stopped_tells_what_it_has_cost() {
    let folder = TempDir::new().unwrap();
    let text = ".decl n(x: number)\n.output n\nn(0).\nn(x + 1) :- n(x).\n";
    write(folder.path().join("p.dl"), text).unwrap();
    let (code, errors) =
        run(folder.path(), &["run", "p.dl", "-D", "out", "--max-rounds", "10", "--profile"]);
    assert_eq!(code, Some(4));
    let line =
        errors.lines().find(|line| line.contains("n#1")).unwrap_or_else(|| panic!("{errors}"));
    let words: Vec<&str> = line.split_whitespace().skip_while(|word| *word != "%").collect();
    assert_eq!(words, ["%", "11", "11", "11", "0", "n#1", "p.dl:4"], "{errors}");

    let naive = ["run", "p.dl", "-D", "out", "--engine", "naive", "--profile"];
    let (code, errors) = run(folder.path(), &naive);
    assert_eq!(code, Some(2));
    assert!(errors.contains("`--profile` measures the native engine"), "{errors}");
}

type Figures = BTreeMap<String, (u32, u64, u64, u64)>;

fn figures(path: &Path, engine: Engine, workers: usize) -> Figures {
    let recorder = Arc::new(Recorder::default());
    let profile = Some(Arc::clone(&recorder));
    let options = Options { profile, engine, workers, alone: 0, ..Options::default() };
    let mut session = Session::new(options);
    session.run(&[path.to_owned()], Keep::Nothing).unwrap();
    let profile = recorder.take();
    let program = &session.world().program;
    let rules = profile.strata.iter().flat_map(|stratum| &stratum.rules);
    rules
        .map(|rule| {
            let all = rule.all;
            let name = program.rules[rule.rule].name.clone();
            (name, (rule.rounds, all.tried, all.kept, all.duplicates))
        })
        .collect()
}

#[test]
fn what_is_kept_does_not_depend_on_workers_or_storage() {
    let folder = TempDir::new().unwrap();
    let edges: String =
        (0..400).map(|n| format!("edge({}, {}).\n", n * 7 % 61, n * n % 53)).collect();
    let program = format!(
        "{PATHS}{edges}
.decl meet(a: number, b: number)
.output meet
meet(a, b) :- edge(c, a), edge(c, b), a < b.
meet(a, b) :- meet(c, d), edge(c, a), edge(d, b).
meet(a, b) :- meet(a, c), meet(c, b).
"
    );
    let path = folder.path().join("p.dl");
    write(&path, program).unwrap();
    let expected = figures(&path, Engine::Native, 1);
    assert!(expected["meet#3"].3 > 1000, "{expected:?}");
    // What each worker remembers, to leave out what came before, depends on the order in which it
    // comes: some bindings are tried by several.
    let kept = |figures: &Figures| -> BTreeMap<String, (u32, u64)> {
        figures
            .iter()
            .map(|(name, (rounds, _, kept, _))| (name.clone(), (*rounds, *kept)))
            .collect()
    };
    let tried = |figures: &Figures| figures.values().map(|all| all.1).sum::<u64>();
    for (engine, workers) in [(Engine::Native, 3), (Engine::Tiny, 1), (Engine::Tiny, 3)] {
        let found = figures(&path, engine, workers);
        assert_eq!(kept(&found), kept(&expected), "{engine:?} {workers}");
        assert!(tried(&found) <= 3 * tried(&expected), "{engine:?} {workers}: {found:?}");
    }
}
