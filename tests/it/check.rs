//! `hence check`: fixes, what is denied, and messages for other tools.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A missing full stop, a text where a number belongs, a name that is a guess, an unused variable.
const RULES: &str = "// Mistakes.
.decl size(x: symbol, n: number)
.decl large(x: symbol)
size(\"barge\", \"12\")
.output large
large(x) :- size(x, n), siez(x, _).
";

const CLAIMS: &str = r#"{"type":"document","id":"d","text":"About 25,000–30,000 trucks came.","date":"2025-03-04"}
{"type":"source","id":"guard"}
{"type":"entity","id":"trucks"}
{"type":"claim","id":"c1","doc":"d","span":[6,19],"quote":"25,000-30,000","chain":[{"who":"gaurd","act":"said"}],"subject":"trucks","predicate":"came","object":"trucks","modality":"stated"}
"#;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn check(at: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hence"))
        .arg("check")
        .args(args)
        .current_dir(at)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn fixes_that_are_certain_are_applied() {
    let at = folder(&[("a.dl", RULES), ("c.jsonl", CLAIMS)]);
    let output = check(at.path(), &["a.dl", "c.jsonl", "--fix"]);
    let said = stderr(&output);
    let fixed: Vec<&str> = said.lines().filter(|line| line.starts_with("fixed ")).collect();
    assert_eq!(
        fixed,
        [
            "fixed a.dl:4:15: write the number without quotes [H0104]",
            "fixed a.dl:4:20: end the fact [H0001]",
            "fixed c.jsonl:4:59: copy the passage as it stands [H0413]",
        ],
        "{said}"
    );
    let rules = fs::read_to_string(at.path().join("a.dl")).unwrap();
    assert!(rules.contains("size(\"barge\", 12).\n") && rules.contains("siez"), "{rules}");
    let claims = fs::read_to_string(at.path().join("c.jsonl")).unwrap();
    assert!(claims.contains("25,000–30,000\",") && claims.contains("gaurd"), "{claims}");
    let summary = "checked 1 rule file, 1 claims file (4 records, 1 claim): 2 errors, 0 warnings\n";
    assert_eq!(stdout(&output), summary, "{said}");
    assert_eq!(output.status.code(), Some(1));
    // What is a guess is taken when it is asked for.
    let output = check(at.path(), &["a.dl", "c.jsonl", "--fix", "--guesses"]);
    assert!(stderr(&output).contains("[H0101]") && stderr(&output).contains("[H0415]"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_dir(at.path()).unwrap().count(), 2, "nothing is left beside");
}

#[test]
fn differences_are_shown_and_nothing_is_written() {
    let at = folder(&[("a.dl", RULES)]);
    let output = check(at.path(), &["a.dl", "--diff"]);
    let diff = "--- a/a.dl\n+++ b/a.dl\n@@ -1,6 +1,6 @@\n // Mistakes.\n .decl size(x: symbol, n: \
        number)\n .decl large(x: symbol)\n-size(\"barge\", \"12\")\n+size(\"barge\", 12).\n \
        .output large\n large(x) :- size(x, n), siez(x, _).\n";
    assert_eq!(stdout(&output), diff);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), "2 fixes in 1 file\n"));
    assert_eq!(fs::read_to_string(at.path().join("a.dl")).unwrap(), RULES);
}

#[test]
fn a_file_does_not_get_more_errors() {
    // With the full stop the rule can be read, and shows two mistakes instead of one.
    let text = "// One mistake hides two.\n.decl p(x: number)\n.output p\np(x) :- q(x), r(x)\n";
    let at = folder(&[("a.dl", text)]);
    let output = check(at.path(), &["a.dl", "--fix"]);
    assert!(
        stderr(&output).starts_with("a.dl is left as it is: fixed, it is worse\n"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(at.path().join("a.dl")).unwrap(), text);
    assert_eq!(fs::read_dir(at.path()).unwrap().count(), 1, "nothing is left beside");
}

#[test]
fn statements_of_a_test_file_are_mended() {
    let rules =
        "// Rules.\n.decl p(x: symbol)\n.output p\n.decl q(x: symbol)\n.input q\np(x) :- q(x).\n";
    let test = "// Tests.\nq(“a”).\n//@ test \"t\"\n//@ expect p(\"a\")\n";
    let at = folder(&[("a.dl", rules), ("a.test.dl", test)]);
    let output = check(at.path(), &["a.test.dl", "--fix"]);
    assert_eq!(stderr(&output), "fixed a.test.dl:2:3: use those [H0004]\n");
    assert_eq!(stdout(&output), "checked 2 rule files: 0 errors, 0 warnings\n");
    let mended = fs::read_to_string(at.path().join("a.test.dl")).unwrap();
    assert_eq!(mended, test.replace(['“', '”'], "\""));
    assert_eq!(fs::read_dir(at.path()).unwrap().count(), 2, "nothing is left beside");
}

#[test]
fn a_limit_is_told_in_every_format() {
    // More than can be read in a millisecond.
    let claims: String =
        (0..50_000).map(|n| format!("{{\"type\":\"source\",\"id\":\"s{n}\"}}\n")).collect();
    let at = folder(&[("c.jsonl", claims.as_str())]);
    for format in ["json", "github", "sarif"] {
        let output = check(at.path(), &["c.jsonl", "--timeout", "1ms", "--format", format]);
        assert_eq!(output.status.code(), Some(4));
        assert!(stdout(&output).contains("stopped after 0.001 s"), "{format}: {}", stdout(&output));
    }
    let output = check(at.path(), &["c.jsonl", "--timeout", "1ms", "--diff"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(4), ""));
    assert!(stderr(&output).starts_with("error[H0601]: stopped"), "{}", stderr(&output));
}

const WARNED: &str = "// A variable that is used once.
.decl size(x: symbol, n: number)
.decl known(x: symbol)
size(\"barge\", 12).
known(x) :- size(x, n).
.output known
";

#[test]
fn warnings_can_be_denied() {
    let at = folder(&[("a.dl", WARNED)]);
    let code = |args: &[&str]| {
        let output = check(at.path(), args);
        (output.status.code(), stderr(&output), stdout(&output))
    };
    let (exit, said, summary) = code(&["a.dl"]);
    assert!(said.starts_with("warning[L0203]"), "{said}");
    assert_eq!((exit, summary.as_str()), (Some(0), "checked 1 rule file: 0 errors, 1 warning\n"));
    for denied in [&["--deny", "warnings"][..], &["--deny", "l0203"], &["--deny=L0201,L0203"]] {
        let (exit, said, _) = code(&[&["a.dl"][..], denied].concat());
        assert!(said.starts_with("error[L0203]"), "{said}");
        assert_eq!(exit, Some(1));
    }
    assert_eq!(code(&["a.dl", "--deny", "L0201"]).0, Some(0));
    assert_eq!(code(&["a.dl", "--deny", "H0101"]).0, Some(2));
    let allowed = WARNED.replace("known(x) :-", "//@ allow(L0203)\nknown(x) :-");
    fs::write(at.path().join("a.dl"), &allowed).unwrap();
    assert_eq!(code(&["a.dl", "--deny", "warnings"]).0, Some(0));
    fs::write(at.path().join("a.dl"), allowed.replace("x, n)", "x, _)")).unwrap();
    let (_, said, _) = code(&["a.dl"]);
    assert!(said.starts_with("warning[L0210]"), "{said}");
}

#[test]
fn messages_for_github() {
    let at = folder(&[("a.dl", WARNED)]);
    let output = check(at.path(), &["a.dl", "--format", "github"]);
    assert_eq!(
        stdout(&output),
        "::warning file=a.dl,line=5,title=L0203,col=21,endColumn=22::variable `n` is used once\
         %0Ahelp: write `_` if its value does not matter\n"
    );
    assert_eq!(stderr(&output), "checked 1 rule file: 0 errors, 1 warning\n");
    let output = check(at.path(), &["none.dl", "--format", "github"]);
    assert_eq!(stdout(&output), "::error title=H0306::none.dl does not exist\n");
    assert_eq!(output.status.code(), Some(2));
    let output = check(at.path(), &["a.dl", "--format", "concise"]);
    assert_eq!(stderr(&output), "a.dl:5:21: warning[L0203]: variable `n` is used once\n");
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema").join(name);
    let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn messages_as_json() {
    let validator = schema("check.schema.json");
    let of_messages = schema("message.schema.json");
    let at = folder(&[("a.dl", RULES), ("c.jsonl", CLAIMS), ("b.dl", WARNED)]);
    for (args, exit, errors) in [
        (&["."][..], 1, 5),
        (&["b.dl"], 0, 0),
        (&["b.dl", "--deny", "warnings"], 1, 1),
        (&["no"], 2, 1),
    ] {
        // A folder's claims file is named claims.jsonl.
        let args = if args == ["."] { &["a.dl", "b.dl", "c.jsonl"][..] } else { args };
        let output = check(at.path(), &[args, &["--format", "json"]].concat());
        assert_eq!(output.status.code(), Some(exit), "{args:?}");
        let value: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}\n{value:#}");
        assert_eq!(value["errors"], errors, "{value:#}");
        for message in value["messages"].as_array().unwrap() {
            assert!(of_messages.is_valid(message), "{message:#}");
        }
    }
    // The lines of --message-format have the same form.
    let output = check(at.path(), &["a.dl", "--message-format", "json"]);
    for line in stderr(&output).lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let is_note = message["schema"] == "hence.note/1";
        assert!(is_note || of_messages.is_valid(&message), "{message:#}");
    }
}

#[test]
fn messages_as_sarif() {
    let at = folder(&[("a b.dl", RULES), ("c.jsonl", CLAIMS)]);
    let output = check(at.path(), &["a b.dl", "c.jsonl", "--format", "sarif"]);
    let log: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 5, "{results:#?}");
    for result in results {
        // What the standard asks for: a rule that is there, a level, a text, places from 1 on.
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let of_all = [&result["locations"], &result["relatedLocations"]];
        for location in of_all.iter().filter_map(|list| list.as_array()).flatten() {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            // The text of a document may stand in its record.
            assert!(["a%20b.dl", "c.jsonl"].iter().any(|one| uri.starts_with(one)), "{uri}");
            let region = &place["region"];
            let at = |key: &str| region[key].as_u64().unwrap();
            assert!(at("startLine") >= 1 && at("startColumn") >= 1);
            assert!((at("endLine"), at("endColumn")) >= (at("startLine"), at("startColumn")));
        }
    }
    let fix = &results[1]["fixes"][0];
    assert_eq!(fix["description"]["text"], "end the fact");
    let replacement = &fix["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], ".");
    assert_eq!(replacement["deletedRegion"]["startColumn"], 20);
}

#[test]
fn a_difference_goes_as_far_as_the_fixes() {
    // With its dot the statement can be judged, and is one of a wrong type.
    let text = ".decl p(x: number)\n.output p\np(\"2\")\n";
    let at = folder(&[("a.dl", text), ("c.jsonl", CLAIMS)]);
    let output = check(at.path(), &["a.dl", "--diff"]);
    assert!(stdout(&output).contains("-p(\"2\")\n+p(2).\n"), "{}", stdout(&output));
    assert_eq!(stderr(&output), "2 fixes in 1 file\n");
    assert_eq!(fs::read_to_string(at.path().join("a.dl")).unwrap(), text);
    assert_eq!(check(at.path(), &["a.dl", "--fix"]).status.code(), Some(0));
    let fixed = fs::read_to_string(at.path().join("a.dl")).unwrap();
    assert_eq!(fixed, ".decl p(x: number)\n.output p\np(2).\n");
    // Nothing is left beside claims.
    check(at.path(), &["c.jsonl", "--diff", "--guesses"]);
    assert_eq!(at.path().read_dir().unwrap().count(), 2);
}

#[test]
fn a_missing_full_stop_hides_nothing() {
    let text = ".decl p(x: number)\n.output p\np(\"2\")\np(x) :- q(x)\np(3).\n";
    let at = folder(&[("a.dl", text)]);
    let output = check(at.path(), &["a.dl", "--message-format", "concise"]);
    let said = stderr(&output);
    for place in ["a.dl:4:1: error[H0001]", "a.dl:3:3: error[H0104]", "a.dl:4:9: error[H0101]"] {
        assert!(said.contains(place), "{place}\n{said}");
    }
}

#[test]
fn rows_are_judged_whatever_the_rules_are_like() {
    let text = ".decl e(x: number)\n.input e\n.decl f(x: thing)\n.input f\n.decl p(x: number)\n\
        .output p\np(x) :- e(x), siez(x).\n";
    let at = folder(&[("a.dl", text), ("e.facts", "1\nmany\n"), ("f.facts", "what\n")]);
    let output = check(at.path(), &["a.dl", "-F", ".", "--message-format", "concise"]);
    let said = stderr(&output);
    for part in ["e.facts:2:1: error[H0", "unknown relation `siez`", "`thing`", "3 errors"] {
        assert!(said.contains(part) || stdout(&output).contains(part), "{part}\n{said}");
    }
    assert!(!said.contains("f.facts"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
