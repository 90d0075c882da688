//! `hence test`: what comes of test files, which files are written, and what is said of mistakes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use hence::io::library::modules;
use hence::testing::{cases, snapshot_text};
use tempfile::TempDir;

const REACH: &str = r#"// Which places can be reached?
.decl edge(a: symbol, b: symbol)
.input edge
.decl closed(a: symbol)
.decl reach(a: symbol, b: symbol)
//@ name("edge") say("{a} to {b}")
reach(a, b) :- edge(a, b).
reach(a, c) :- reach(a, b), edge(b, c), !closed(b).
.decl ways(a: symbol, n: number)
ways(a, n) :- reach(a, _), n = count : { reach(a, _) }.
.output reach
.output ways
"#;

const GOOD: &str = r#"// Everything here is as expected.
edge("a", "b").
edge("b", "c").

//@ test "two steps"
//@ expect reach("a", "c")
//@ expect reach(a, b), a < b
//@ expect none reach("c", _)
//@ expect not reach("a", "d")
//@ expect count reach(_, _) = 3
//@ expect count reach("a", _) >= 1
//@ expect uses "reach.dl:edge" why reach("a", "b")
//@ expect uses "reach#2" why reach("a", "c")
/*@ expect reach(a, b) where a != "b"
a  b
a  c
a  b
*/
/*@ expect ways(a)
a
a
b
*/

//@ test "what a case adds"
closed("b").
edge("c", "two  words").
//@ expect lost reach("a", "c")
//@ expect changed ways("a", 1)
//@ expect gained reach("c", _)
/*@ expect reach(a, b)
a  b
a  b
b  …
c  "two  words"
*/

//@ test "a rule of its own"
reach(a, "far") :- edge(a, _).
//@ expect gained reach("b", "far")

//@ test "what is taken away"
//@ without fact edge("b", _)
//@ assume edge("z", "y"), edge("y", "x")
//@ expect lost reach("b", "c")
//@ expect reach("z", "x")

//@ test "two steps again"
//@ expect reach("a", "c")
//@ expect none reach("z", _)

//@ test "a number where a text belongs"
edge("x", 1).
//@ expect error H0104 "expected symbol"

//@ test "a warning"
//@ expect warn L0206 "`closed`"

//@ test "later"
//@ skip "waiting for ferries"
"#;

const BAD: &str = r#"// Everything here is wrong.
edge("a", "b").
edge("b", "c").

//@ test "wrong"
//@ expect reach("a", "d")
//@ expect none reach("a", "c")
//@ expect count reach(_, _) = 2
/*@ expect ways(a, n)
a  n
a  3
b  1
d  4
*/
//@ expect uses "edg" why reach("a", "c")
//@ expect gained reach("a", "c")
//@ expect rech("a")
//@ expect error H0104
//@ expect warn L0201
//@ expect conflict c1 c2
//@ expect sources reach("a", "c") = {x}

//@ test "does not run"
edge("x", 1).
//@ expect reach("x", _)

//@ test "no such folder"
//@ facts "fixture"
//@ expect reach("x", _)

//@ test "no such row"
//@ without fact edge("q", _)
//@ expect reach("a", "c")
"#;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        write(&folder.path().join(name), text);
    }
    folder
}

#[expect(clippy::disallowed_methods, reason = "a test writes its files")]
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test reads what was written")]
fn read(path: PathBuf) -> String {
    fs::read_to_string(path).unwrap()
}

fn hence(folder: &TempDir, args: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
    command.arg("test").args(args).args(["--timeout", "1000s"]).current_dir(folder.path());
    command.env_remove("CI").env_remove("INSTA_UPDATE").env_remove("CLICOLOR_FORCE");
    command.envs(environment.iter().copied()).output().unwrap()
}

/// Exit code and all that is printed.
fn said(folder: &TempDir, args: &[&str]) -> (i32, String) {
    let output = hence(folder, args, &[]);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[track_caller]
fn has(text: &str, part: &str) {
    assert!(text.contains(part), "no {part:?} in:\n{text}");
}

#[test]
fn good_cases_pass() {
    let at = folder(&[("rules/reach.dl", REACH), ("rules/reach.test.dl", GOOD)]);
    let expected = "rules/reach.test.dl  7 passed, 1 skipped\n\
                    SKIPPED rules/reach.test.dl:59  “later”  waiting for ferries\n\
                    7 passed, 1 skipped\n";
    for args in [&[][..], &["-j", "1"], &["rules/reach.dl"], &["--engine", "naive"]] {
        assert_eq!(said(&at, args), (0, expected.to_owned()), "{args:?}");
    }
    assert_eq!(fs::read_dir(at.path().join("rules")).unwrap().count(), 2, "nothing is written");
}

#[test]
fn what_fails_says_why() {
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", BAD)]);
    let (code, text) = said(&at, &["--check"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(text);
    assert!(!at.path().join("reach.test.dl.new").exists(), "--check writes nothing");
    let (_, text) = said(&at, &["-j", "1", "--fail-fast"]);
    has(&text, "0 passed, 1 failed\n");
}

#[test]
fn directives_that_cannot_be_read_are_errors() {
    let text = "// Mistakes.\n//@ facts a b\n//@ expect p(1)\n//@ test \"one\"\n//@ expct p(1)\n\
                //@ expect count p(1)\n//@ expect sources p(1) = cnn\n//@ tolerance x\n\
                /*@ expect p(a, b)\na  b\n1\n*/\n//@ without\n//@ test \"one\"\np(1).\n\
                //@ snapshot why\n//@ test \"two\"\np(1).\n//@ expect error H9999\n\
                //@ nonsense\n//@ name(\"is an annotation\")\np(2).\n";
    let at = folder(&[("p.dl", "// p\n.decl p(a: number)\n"), ("p.test.dl", text)]);
    let (code, text) = said(&at, &[]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(text);
}

#[test]
fn snapshots_are_proposed_and_accepted() {
    let text = "edge(\"a\", \"b\").\n//@ test \"Kept: all\"\n//@ snapshot reach, ways\n\
                //@ snapshot why reach(\"a\", _)\n//@ snapshot whynot reach(\"b\", \"a\")\n\
                //@ snapshot check\n//@ test \"Changed\"\nedge(\"b\", \"c\").\n//@ snapshot diff\n\
                /*@ expect ways(a, n)\na  n\na  1\n*/\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    let snapshot = |name: &str| at.path().join("snapshots").join(name);
    let (code, text) = said(&at, &[]);
    assert_eq!(code, 1);
    has(&text, "reach.test.dl  0 passed, 1 failed, 1 pending\n");
    has(&text, "review with  hence test --review   (or cargo insta review)\n");
    has(&text, "PROPOSED reach.test.dl.new: the test file with the tables as they are\n");
    has(&read(at.path().join("reach.test.dl.new")), "a  n\na  2\nb  1\n*/\n");
    let diff = read(snapshot("reach__changed__diff.snap.new"));
    assert_eq!(
        diff,
        "---\nsource: reach.test.dl\ndescription: \"hence test Changed: diff\"\ninfo:\n  hence: 1\n\
         input_file: reach.dl\n---\n+ reach(\"a\", \"c\")\n+ reach(\"b\", \"c\")\n\
         ~ ways(\"a\", 1 → 2)\n+ ways(\"b\", 1)\n"
    );
    let (code, listed) = said(&at, &["--pending"]);
    assert_eq!((code, listed.lines().count()), (0, 6), "{listed}");
    assert_eq!(said(&at, &["--reject"]).0, 0);
    assert_eq!(said(&at, &["--pending"]), (0, String::new()));
    let in_ci = hence(&at, &[], &[("CI", "true")]);
    assert_eq!(in_ci.status.code(), Some(1));
    assert!(!snapshot("").exists() || fs::read_dir(snapshot("")).unwrap().count() == 0);
    let (code, text) = said(&at, &["--accept"]);
    assert_eq!(code, 0, "{text}");
    has(&read(at.path().join("reach.test.dl")), "a  n\na  2\nb  1\n*/\n");
    assert_eq!(said(&at, &["--check"]).0, 0);
    write(&snapshot("reach__gone__diff.snap"), "---\n---\n");
    let (code, text) = said(&at, &["--unreferenced", "warn"]);
    assert_eq!(code, 0);
    has(&text, "no case keeps snapshots/reach__gone__diff.snap\n");
    said(&at, &["--unreferenced", "delete"]);
    assert!(!snapshot("reach__gone__diff.snap").exists());
    assert!(snapshot("reach__changed__diff.snap").exists());
}

#[test]
fn a_snapshot_is_of_one_case() {
    let text = "//@ test \"a b\"\n//@ snapshot reach\n//@ test \"a-b\"\n//@ expect none reach(_, _)\n\
                //@ test \"A b\"\nedge(\"a\", \"b\").\n//@ snapshot reach\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    let (code, text) = said(&at, &["--accept"]);
    assert_eq!(code, 2);
    has(&text, "error[H0801]: “a b” and “A b” would keep the same snapshots");
    assert!(!at.path().join("snapshots").exists());
}

#[test]
fn a_plan_is_that_of_its_rules() {
    let text = "//@ test \"p\"\n//@ snapshot plan ways\n//@ snapshot plan edge\n//@ snapshot plan reach#2\n\
                //@ snapshot plan closed\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    let (_, said) = said(&at, &["--accept"]);
    has(&said, "the relation `closed` has no rules\n");
    let kept = |name: &str| snapshot_text(&at.path().join("snapshots").join(name)).unwrap();
    let (ways, first) = (kept("reach__p__plan_ways.snap"), kept("reach__p__plan_edge.snap"));
    assert!(ways.starts_with("stratum ways\n  rule ways#1\n"), "{ways}");
    has(&kept("reach__p__plan_reach_2.snap"), "\norder edge(");
    assert!(!ways.contains("rule reach") && !ways.contains("order edge"), "{ways}");
    assert!(first.starts_with("stratum reach, recursive\n  rule edge\n"), "{first}");
    assert!(!first.contains("rule reach#2") && !first.contains("stratum ways"), "{first}");
}

#[test]
fn a_table_keeps_its_indentation() {
    let text = "edge(\"a\", \"b\").\n//@ test \"t\"\n/*@ expect ways(a, n)\n  a  n\n  a  5\n*/\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    assert_eq!(said(&at, &["--accept"]).0, 0);
    assert_eq!(read(at.path().join("reach.test.dl")), text.replace('5', "1"));
}

#[test]
fn an_annotation_in_a_block_comment_is_an_error() {
    let text = "//@ test \"t\"\n/*@ allow(L0203) */\n//@ expect none reach(_, _)\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    let (code, text) = said(&at, &[]);
    assert_eq!(code, 2);
    has(&text, "error[H0801]: unknown directive `allow`");
}

#[test]
fn no_case_is_lost_in_a_comment_and_no_table_says_nothing() {
    for text in [
        "/*\n//@ test \"t\"\n//@ expect none reach(_, _)\n",
        "//@ test \"t\"\n/*@ expect ways(a, n)\na  n\n",
        "//@ test \"t\"\n//@ expect none reach(_, _)\n/*/",
    ] {
        let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
        let (code, said) = said(&at, &[]);
        assert_eq!(code, 2, "{text}: {said}");
        has(&said, "error[H0002]: input ended inside a comment: `*/` expected");
    }
    let text = "edge(\"a\", \"b\").\n//@ test \"t\"\n/*@ expect ways(a, n)\n*/\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    let (code, said) = said(&at, &[]);
    assert_eq!(code, 2, "{said}");
    has(&said, "error[H0801]: a table has no line of column names");
}

#[test]
fn names_of_cases_leave_the_terminal_alone() {
    let text = "//@ test \"a\u{1b}[31m\u{202e}\"\n//@ expect reach(\"\u{1b}[0m\", _)\n\
                edge(\"\u{1b}[7m\", \"b\").\n//@ snapshot edge\n\
                //@ test \"b\"\n//@ skip \"\u{9b}5m\"\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    let (code, said) = said(&at, &[]);
    assert_eq!(code, 1, "{said}");
    has(&said, "“a<U+001B>[31m<U+202E>”  expect reach(\"<U+001B>[0m\", _)");
    has(&said, "SKIPPED reach.test.dl:5  “b”  <U+009B>5m");
    assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{said:?}");
}

#[test]
fn cases_are_selected() {
    let at = folder(&[("r/reach.dl", REACH), ("r/reach.test.dl", GOOD), ("x/none.txt", "")]);
    let count = |args: &[&str]| said(&at, args).1.lines().last().unwrap().to_owned();
    assert_eq!(count(&["r", "-k", "STEPS"]), "2 passed");
    assert_eq!(count(&["r/reach.test.dl::two*"]), "2 passed");
    assert_eq!(count(&["r/reach.test.dl::two steps", "r/reach.dl::a ????*"]), "4 passed");
    assert_eq!(count(&["r::two*"]), "2 passed", "a pattern of a folder is one of its files");
    for (args, name) in [
        (&["r/reach.dl::three*"][..], "three*"),
        (&["r::three*", "r/reach.dl::two*"], "three*"),
        (&["-k", "three"], "three"),
    ] {
        let (code, text) = said(&at, &[args, if args[0] == "-k" { &["r"] } else { &[] }].concat());
        assert_eq!(code, 2, "{args:?}");
        has(&text, &format!("error[H0801]: no case is named “{name}”"));
    }
    let shares: Vec<usize> = (1..=3)
        .map(|n| {
            let text = count(&["r", "--shard", &format!("{n}/3")]);
            text.split(' ').next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(shares.iter().sum::<usize>(), 7);
    let (code, text) = said(&at, &["x"]);
    assert_eq!(code, 2);
    has(&text, "there is no test file here");
    assert_eq!(said(&at, &["x", "--allow-empty"]), (0, String::new()));
    let (code, text) = said(&at, &["r/nothing.dl"]);
    assert_eq!(code, 2);
    has(&text, "r/nothing.dl does not exist");
}

#[test]
fn every_module_is_in_the_library() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let names = fs::read_dir(rules).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".dl") && !name.ends_with(".test.dl"));
    names.retain(|name| name != "deployment.dl");
    names.sort();
    let known: Vec<&str> = modules().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known, "list it in src/io/library.rs");
}

/// The rule library is tested by its own means, snapshots included.
#[test]
fn the_rules_of_the_library_are_as_expected() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut names: Vec<String> = Vec::new();
    for case in cases(&rules).unwrap() {
        let ran = case.run();
        assert!(ran.failures.is_empty(), "{}\n{}", case.name(), ran.failures.join("\n"));
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(case.snapshots());
        settings.set_prepend_module_to_snapshot(false);
        for (name, text) in ran.snapshots {
            let kept = snapshot_text(&case.snapshots().join(format!("{name}.snap")));
            assert_eq!(kept.as_deref(), Some(text.as_str()), "{name}");
            // insta reads the file that hence has written.
            settings.bind(|| insta::assert_snapshot!(name, text));
        }
        names.push(case.path().file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.dedup();
    let modules = modules().into_iter().map(|(name, _)| name.replace(".dl", ".test.dl"));
    let untested: Vec<String> = modules.filter(|name| !names.contains(name)).collect();
    assert!(untested.is_empty(), "{untested:?} are missing");
}

#[test]
fn reports_for_machines() {
    let text = format!(
        "{BAD}\n//@ test \"kept <&>\"\n//@ snapshot reach\n//@ test \"later\"\n//@ skip \"x\"\n"
    );
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", &text)]);
    let (code, xml) = said(&at, &["--check", "--format", "junit", "--junit", "out/junit.xml"]);
    assert_eq!(code, 1);
    assert_eq!(xml, read(at.path().join("out/junit.xml")));
    has(
        &xml,
        "<testsuite name=\"reach.test.dl\" tests=\"6\" failures=\"2\" errors=\"3\" skipped=\"1\">",
    );
    has(&xml, "<testcase name=\"kept &lt;&amp;&gt;\" classname=\"reach.test.dl\"");
    has(&xml, "<skipped message=\"x\"/>");
    let (_, notes) = said(&at, &["--check", "--format", "github"]);
    has(
        &notes,
        "::error file=reach.test.dl,line=6,col=1,title=wrong::expect reach(\"a\", \"d\")%0A",
    );
    let (_, lines) = said(&at, &["--check", "--format", "jsonl"]);
    assert_eq!(lines.lines().count(), 6);
    let (code, document) = said(&at, &["--check", "--format", "json"]);
    assert_eq!(code, 1);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["failed"], 1);
    assert_eq!(document["files"][0]["cases"][0]["failures"][0]["line"], 6);
    let schema = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/test.schema.json"));
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut all = vec![document];
    all.extend(lines.lines().map(|line| serde_json::from_str(line).unwrap()));
    let (_, coverage) = said(&at, &["--check", "--coverage", "json"]);
    all.push(serde_json::from_str(&coverage).unwrap());
    for value in &all {
        let errors: Vec<String> =
            validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path)).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{value}");
    }
}

#[test]
fn what_failed_runs_again() {
    let text = "//@ test \"good\"\n//@ expect none reach(_, _)\n//@ test \"bad\"\n\
                //@ expect reach(\"a\", _)\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    let count = |args: &[&str]| said(&at, args).1.lines().last().unwrap().to_owned();
    assert_eq!(count(&[]), "1 passed, 1 failed");
    assert_eq!(count(&["--failed"]), "0 passed, 1 failed");
    write(&at.path().join("reach.test.dl"), &text.replace("reach(\"a\"", "none reach(\"a\""));
    assert_eq!(count(&["--failed"]), "1 passed");
    assert_eq!(count(&["--failed"]), "2 passed", "nothing failed last time");
    write(&at.path().join("reach.test.dl"), text);
    assert_eq!(count(&[]), "1 passed, 1 failed");
    write(&at.path().join("reach.test.dl"), &text.replace("\"bad\"", "\"renamed\""));
    assert_eq!(count(&["--failed"]), "1 passed, 1 failed", "what failed is there no more");
}

#[test]
fn coverage_names_what_no_case_tries() {
    let text = "edge(\"a\", \"b\").\nedge(\"b\", \"c\").\n//@ test \"one\"\n\
                //@ expect reach(\"a\", \"c\")\n";
    let unused = format!("{REACH}.decl far(a: symbol)\nfar(a) :- ways(a, n), n > 9.\n");
    let at = folder(&[("reach.dl", &unused), ("reach.test.dl", text)]);
    // Nothing leads to a, nothing goes on from c, and n is never above 9: each of these conditions
    // keeps something out. Nothing is closed.
    let expected = "reach.test.dl  1 passed\n1 passed\n\
        reach.dl  rules 3/4, conditions 3/4\n  \
        reach.dl:8  rule “reach#2”: `!closed(b)` never made a difference\n  \
        reach.dl:14  rule “far#1” gave nothing\n\
        coverage: rules 3/4, conditions 3/4 (75 %)\n";
    assert_eq!(said(&at, &["--coverage"]), (0, expected.to_owned()));
    let (code, text) = said(&at, &["--min-coverage", "76"]);
    assert_eq!(code, 1);
    has(&text, "coverage is 75 %, less than the 76 % wanted");
    let (code, lcov) = said(&at, &["--coverage", "lcov"]);
    assert_eq!(code, 0);
    has(&lcov, "SF:reach.dl\nFN:7,edge\nFNDA:1,edge\n");
    has(&lcov, "DA:8,1\n");
    has(&lcov, "DA:14,0\n");
}

/// Types statements at the prompt; all that is printed comes back.
fn typed(folder: &TempDir, args: &[&str], statements: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
    command.arg("repl").args(args).current_dir(folder.path()).env_remove("CLICOLOR_FORCE");
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn what_was_asked_becomes_a_case() {
    let at = folder(&[("r/reach.dl", REACH), ("in/edge.facts", "a\tb\nb\tc\n")]);
    let statements = "reach(\"a\", x)?\n.record all from a\n.retract edge(\"b\", _)\nreach\n\
                      .record after that\nreach(\"a\", \"c\")\n.record no way\n.test\n";
    let text = typed(&at, &["r/reach.dl", "-F", "in"], statements);
    has(&text, "recorded “all from a” in r/reach.test.dl");
    has(&text, "r/reach.test.dl  3 passed\n3 passed\n");
    assert_eq!(
        read(at.path().join("r/reach.test.dl")),
        "// reach.test.dl: what follows from reach.dl.\n\n//@ test \"all from a\"\n\
         //@ facts \"../in\"\n/*@ expect reach(\"a\", x)\nx\nb\nc\n*/\n\n\
         //@ test \"after that\"\n//@ facts \"../in\"\n//@ without fact edge(\"b\", _)\n\
         /*@ expect reach(a, b)\na  b\na  b\n*/\n\n//@ test \"no way\"\n//@ facts \"../in\"\n\
         //@ without fact edge(\"b\", _)\n//@ expect none reach(\"a\", \"c\")\n"
    );
    assert_eq!(said(&at, &[]).0, 0);
    let text = typed(&at, &["r/reach.dl", "-F", "in"], ".record x\nreach\n.record no way\n");
    has(&text, "there is no answer to record");
    let text = typed(&at, &["r/reach.dl", "-F", "in", "--no-bail"], "reach\n.record no way\n");
    has(&text, "r/reach.test.dl has a case “no way” already");
    let text = typed(&at, &["in/edge.facts"], ".test\n");
    assert!(!text.contains("passed"), "{text}");
    let checked = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(["check", "r/reach.test.dl"])
        .current_dir(at.path())
        .output()
        .unwrap();
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
}

#[test]
fn a_review_needs_a_terminal() {
    let text = "//@ test \"kept\"\n//@ snapshot reach\n";
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", text)]);
    assert_eq!(said(&at, &["--review"]), (0, "nothing is pending\n".to_owned()));
    said(&at, &[]);
    let (code, text) = said(&at, &["--review"]);
    assert_eq!(code, 1);
    has(&text, "snapshots/reach__kept__reach.snap.new\na review needs a terminal;");
}

const TWO: &str = "edge(\"a\", \"b\").\n//@ test \"one\"\n//@ expect reach(\"a\", \"b\")\n\
                   //@ test \"two\"\nedge(\"b\", \"c\").\n//@ expect count reach(_, _) = 3\n";

#[test]
fn both_engines_come_to_the_same_each_time() {
    let at = folder(&[("reach.dl", REACH), ("reach.test.dl", TWO)]);
    for args in [
        &["--engine", "compare"][..],
        &["--repeat", "3"],
        &["--repeat", "3", "--shuffle", "--engine", "compare"],
    ] {
        assert_eq!(said(&at, args), (0, "reach.test.dl  2 passed\n2 passed\n".to_owned()));
    }
    write(&at.path().join("reach.test.dl"), &TWO.replace("= 3", "= 4"));
    let (code, text) = said(&at, &["--engine", "compare"]);
    assert_eq!(code, 1);
    has(&text, "1 passed, 1 failed");
    assert!(!text.contains("something else"), "{text}");
}

#[test]
fn what_has_changed_runs_again() {
    let facts = "//@ facts \"in\"\n//@ test \"f\"\n//@ expect reach(\"x\", _)\n";
    let at = folder(&[
        ("reach.dl", REACH),
        ("reach.test.dl", TWO),
        ("far.dl", ".include \"reach.dl\"\n"),
        ("far.test.dl", facts),
        ("in/edge.facts", "x\ty\n"),
    ]);
    let count = || said(&at, &["--changed"]).1.lines().next_back().unwrap().to_owned();
    let nothing = "nothing has changed for 2 test files";
    let change = |name: &str| {
        let path = at.path().join(name);
        let text = read(path.clone());
        write(&path, &(text + "\n"));
    };
    let ran = || said(&at, &["--changed"]).1;
    has(&ran(), "3 passed");
    has(&ran(), nothing);
    change("reach.test.dl");
    has(&ran(), "reach.test.dl  2 passed\n2 passed");
    write(&at.path().join("in/edge.facts"), "x\ty\nx\tz\n");
    has(&ran(), "far.test.dl  1 passed\n1 passed");
    // Both rest on it.
    change("reach.dl");
    has(&ran(), "3 passed");
    write(&at.path().join("in/edge.facts"), "y\tx\n");
    assert_eq!(count(), "0 passed, 1 failed");
    assert_eq!(count(), "0 passed, 1 failed", "what fails is run until it passes");
}

#[test]
fn coverage_as_a_page() {
    let unused = format!("{REACH}.decl far(a: symbol)\nfar(a) :- ways(a, n), n > 9. // <&>\n");
    let at = folder(&[("reach.dl", &unused), ("reach.test.dl", TWO)]);
    let (code, text) = said(&at, &["--coverage", "html", "-o", "out/page.html"]);
    assert_eq!((code, text.as_str()), (0, "reach.test.dl  2 passed\n2 passed\n"));
    let page = read(at.path().join("out/page.html"));
    has(&page, "<tr><td><a href=\"#f0\">reach.dl</a></td><td>3/4</td>");
    has(&page, "<small>rule “far#1” gave nothing</small>");
    has(&page, "<small>`!closed(b)` never made a difference</small>");
    has(&page, "n &gt; 9. // &lt;&amp;&gt;");
    let (_, text) = said(&at, &["--format", "jsonl", "-o", "out/cases.jsonl"]);
    assert_eq!(text, "");
    assert_eq!(read(at.path().join("out/cases.jsonl")).lines().count(), 2);
}
