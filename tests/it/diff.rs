//! Two runs compared through the command line: rows by key, and what went in differently.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const PROGRAM: &str = ".decl e(x: symbol, n: number)\n.input e\n\
    .decl total(x: symbol, n: number)\n.output total\n.decl big(x: symbol)\n\
    .output big\n";

fn hence(at: &Path, args: &[&str]) -> (i32, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_hence")).args(args).current_dir(at).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text)
}

/// Runs a program over rows of `e`, each in a folder of its own.
fn run(at: &TempDir, name: &str, rules: &str, rows: &str) {
    let folder = at.path().join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("p.dl"), format!("{PROGRAM}{rules}")).unwrap();
    fs::write(folder.join("e.facts"), rows).unwrap();
    let out = format!("{name}/out");
    let args = ["run", &format!("{name}/p.dl"), "-F", name, "-D", &out, "-q"];
    assert_eq!(hence(at.path(), &args), (0, String::new()));
}

const RULES: &str = "//@ name(\"sum\")\ntotal(x, s) :- e(x, _), s = sum n : { e(x, n) }.\n\
    //@ name(\"big\")\nbig(x) :- total(x, n), n > 10.\n";

#[test]
fn rows_by_key_and_what_made_them_differ() {
    let at = tempfile::tempdir().unwrap();
    run(&at, "one", RULES, "a\t1\na\t2\nb\t20\nc\t3\n");
    run(&at, "two", &RULES.replace("> 10", "> 1"), "a\t1\na\t4\nb\t20\nd\t1\n");
    let (code, text) = hence(at.path(), &["diff", "one/out", "two/out"]);
    assert_eq!(
        text,
        "gained   big(\"a\")\n\
         changed  total(\"a\", _)  3 → 5\n\
         lost     total(\"c\", 3)\n\
         gained   total(\"d\", 1)\n\
         1 changed, 1 lost, 2 gained\n\
         removed: row of e  a, 2\n  decides on: − total(\"a\", 3)\n\
         removed: row of e  c, 3\n  decides on: − total(\"c\", 3)\n\
         added: row of e  a, 4\n  decides on: + big(\"a\"), + total(\"a\", 5)\n\
         added: row of e  d, 1\n  decides on: + total(\"d\", 1)\n\
         edited: rule of big “big”  big(x) :- total(x, n), n > 10.  →  big(x) :- total(x, n), n > 1.\n  \
         decides on: + big(\"a\")\n"
    );
    assert_eq!(code, 1);
    let (code, text) = hence(at.path(), &["diff", "one/out", "two/out", "total(\"d\", _)"]);
    assert_eq!((code, text.lines().next()), (1, Some("gained   total(\"d\", 1)")));
    let (code, text) = hence(at.path(), &["diff", "one/out", "two/out", "total(\"b\", _)"]);
    assert_eq!((code, text.lines().next()), (0, Some("no conclusion changes")));
    let (code, text) = hence(at.path(), &["diff", "one/out", "one/out"]);
    assert_eq!((code, &*text), (0, "no conclusion changes\n"));
}

#[test]
fn a_file_that_is_not_as_it_was_is_said_and_may_be_elsewhere() {
    let at = tempfile::tempdir().unwrap();
    run(&at, "one", RULES, "a\t1\n");
    run(&at, "two", RULES, "a\t2\n");
    fs::rename(at.path().join("one/e.facts"), at.path().join("before.facts")).unwrap();
    let (_, text) = hence(at.path(), &["diff", "one/out", "two/out"]);
    assert!(text.contains("changed: one/e.facts  what it was is not there any more"), "{text}");
    let args = ["diff", "one/out", "two/out", "--was", "before.facts"];
    let (_, text) = hence(at.path(), &args);
    assert!(
        text.contains("removed: row of e  a, 1\nadded: row of e  a, 2\n  decides on: "),
        "{text}"
    );
    assert!(text.contains("the run of one/out cannot be made again"), "{text}");
}

#[test]
fn relations_that_only_one_run_has_differ() {
    let at = tempfile::tempdir().unwrap();
    run(&at, "one", RULES, "a\t1\n");
    run(
        &at,
        "two",
        &format!("{RULES}.decl more(x: symbol)\nmore(\"m\").\n.output more\n"),
        "a\t1\n",
    );
    let (code, text) = hence(at.path(), &["diff", "one/out", "two/out"]);
    assert!(text.starts_with("more was not written\nno conclusion changes\n"), "{text}");
    assert!(text.contains("added: fact of more  more(\"m\")."), "{text}");
    assert_eq!(code, 1);
    let (code, text) = hence(at.path(), &["diff", "one/out", "nowhere"]);
    assert_eq!(code, 2, "{text}");
}

/// Two ways to one conclusion, and one that wants the other absent.
const WAYS: &str = ".decl may(x: symbol)\n.output may\n.decl alone(x: symbol)\n.output alone\n\
    may(x) :- e(x, 1).\nmay(x) :- e(x, 2).\nalone(x) :- e(x, 3), !may(x).\n";

#[test]
fn changes_that_decide_only_together_are_those_of_the_proof() {
    let at = tempfile::tempdir().unwrap();
    run(&at, "one", WAYS, "a\t1\na\t2\na\t3\nb\t3\n");
    run(&at, "two", WAYS, "a\t3\nb\t1\nb\t3\n");
    let (_, text) = hence(at.path(), &["diff", "one/out", "two/out"]);
    assert_eq!(
        text,
        "lost     alone(\"b\")\n\
         gained   alone(\"a\")\n\
         lost     may(\"a\")\n\
         gained   may(\"b\")\n\
         0 changed, 2 lost, 2 gained\n\
         removed: row of e  a, 1\n  decides with others on: − may(\"a\")\n  \
         has a part in: + alone(\"a\")\n\
         removed: row of e  a, 2\n  decides with others on: − may(\"a\")\n\
         added: row of e  b, 1\n  decides on: − alone(\"b\"), + may(\"b\")\n"
    );
}

#[test]
fn an_output_that_was_edited_is_said() {
    let at = tempfile::tempdir().unwrap();
    run(&at, "one", RULES, "a\t1\n");
    run(&at, "two", RULES, "a\t1\n");
    fs::write(at.path().join("two/out/total.csv"), "a\t7\n").unwrap();
    let (code, text) = hence(at.path(), &["diff", "one/out", "two/out"]);
    assert!(text.starts_with("changed  total(\"a\", _)  1 → 7\n1 changed, 0 lost"), "{text}");
    assert!(text.contains("two/out/total.csv has been edited since the run wrote it"), "{text}");
    assert_eq!(code, 1);
}

const CLAIMS: &str = r#"{"type": "document", "id": "d", "text": "Ten trucks. Twelve trucks. None."}
{"type": "source", "id": "s"}
{"type": "source", "id": "t"}
{"type": "entity", "id": "a"}
{"type": "entity", "id": "o"}
"#;

/// A claims file with these claims: id, source, quote, predicate.
fn claims(at: &TempDir, name: &str, all: &[[&str; 4]]) {
    let folder = at.path().join(name);
    fs::create_dir(&folder).unwrap();
    let claim = |[id, source, quote, predicate]: &[&str; 4]| {
        let start = "Ten trucks. Twelve trucks. None.".find(quote).unwrap();
        let end = start + quote.len();
        format!(
            r#"{{"type": "claim", "id": "{id}", "doc": "d", "span": [{start}, {end}], "quote": "{quote}", "chain": [{{"who": "{source}", "act": "said"}}], "subject": "a", "predicate": "{predicate}", "object": "o", "modality": "stated"}}"#
        )
    };
    let lines: Vec<String> = all.iter().map(claim).collect();
    fs::write(folder.join("claims.jsonl"), format!("{CLAIMS}{}\n", lines.join("\n"))).unwrap();
    fs::write(
        folder.join("p.dl"),
        ".include \"claims.dl\"\n.decl said(s: symbol, p: symbol)\n.output said\n\
         said(s, p) :- claim(c, _, _, p, _), claim_chain(c, 0, s, _).\n",
    )
    .unwrap();
    let out = format!("{name}/out");
    let args = ["run", &format!("{name}/p.dl"), "-F", name, "-D", &out, "-q"];
    assert_eq!(hence(at.path(), &args), (0, String::new()));
}

#[test]
fn claims_that_were_withdrawn_added_and_edited() {
    let at = tempfile::tempdir().unwrap();
    let (one, two) = (["c1", "s", "Ten trucks", "has"], ["c2", "t", "Twelve trucks", "has"]);
    claims(&at, "one", &[one, two]);
    claims(&at, "two", &[["c1", "s", "Ten trucks", "had"], ["c3", "t", "None", "lacks"]]);
    let (_, text) = hence(at.path(), &["diff", "one/out", "two/out"]);
    assert_eq!(
        text,
        "lost     said(\"s\", \"has\")\nlost     said(\"t\", \"has\")\n\
         gained   said(\"s\", \"had\")\ngained   said(\"t\", \"lacks\")\n\
         0 changed, 2 lost, 2 gained\n\
         edited: claim c1  predicate \"has\" → \"had\"\n  \
         decides on: − said(\"s\", \"has\"), + said(\"s\", \"had\")\n\
         removed: claim c2  t: “Twelve trucks”\n  decides on: − said(\"t\", \"has\")\n\
         added: claim c3  t: “None”\n  decides on: + said(\"t\", \"lacks\")\n"
    );
}

/// A record that was edited is judged by what it was, not by its absence: that another word of it
/// changed decides on nothing.
#[test]
fn an_edited_record_is_judged_by_its_old_content() {
    let at = tempfile::tempdir().unwrap();
    let two = ["c2", "t", "Twelve trucks", "has"];
    claims(&at, "one", &[["c1", "s", "Ten trucks", "has"], two]);
    claims(&at, "two", &[["c1", "s", "None", "has"]]);
    let (_, text) = hence(at.path(), &["diff", "one/out", "two/out"]);
    assert_eq!(
        text,
        "lost     said(\"t\", \"has\")\n0 changed, 1 lost, 0 gained\n\
         edited: claim c1  quote \"Ten trucks\" → \"None\", span [0,10] → [27,31]\n\
         removed: claim c2  t: “Twelve trucks”\n  decides on: − said(\"t\", \"has\")\n"
    );
    let both = "one/both";
    fs::write(
        at.path().join("one/q.dl"),
        ".include \"claims.dl\"\n.decl pair(a: symbol, b: symbol)\n.output pair\n\
         pair(a, b) :- claim(a, _, _, \"has\", _), claim(b, _, _, \"has\", _), a < b.\n",
    )
    .unwrap();
    fs::copy(at.path().join("one/q.dl"), at.path().join("two/q.dl")).unwrap();
    for (name, out) in [("one", both), ("two", "two/both")] {
        let args = ["run", &format!("{name}/q.dl"), "-F", name, "-D", out, "-q"];
        assert_eq!(hence(at.path(), &args), (0, String::new()));
    }
    let (_, text) = hence(at.path(), &["diff", both, "two/both"]);
    let decides: Vec<&str> = text.lines().filter(|line| line.contains("pair(")).collect();
    // Without c1 the pair would be gone too; with its old words it is not there either.
    assert_eq!(decides, ["lost     pair(\"c1\", \"c2\")", "  decides on: − pair(\"c1\", \"c2\")"]);
    assert!(text.contains("removed: claim c2  t: “Twelve trucks”\n  decides on"), "{text}");
}

#[test]
fn that_not_every_change_was_tried_is_told() {
    let at = tempfile::tempdir().unwrap();
    run(&at, "one", RULES, "a\t1\n");
    let rows: String = (0..203).map(|i| format!("k{i:03}\t1\n")).collect();
    run(&at, "two", RULES, &format!("a\t1\n{rows}"));
    let (_, text) = hence(at.path(), &["diff", "one/out", "two/out"]);
    assert!(text.contains("what decides on the conclusions is told in part"), "{text}");
    assert!(text.contains("3 changes were not taken back alone"), "{text}");
    assert!(
        text.contains("added: row of e  k000, 1\n  decides on: + total(\"k000\", 1)"),
        "{text}"
    );
    // The last three are found by their proofs, and nothing is said to rest on no change.
    assert!(text.contains("203 gained") && !text.contains("by none of these"), "{text}");
}
