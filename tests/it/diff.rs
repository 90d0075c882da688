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
         removed: row of e  a, 2\n\
         removed: row of e  c, 3\n\
         added: row of e  a, 4\n\
         added: row of e  d, 1\n\
         edited: rule of big “big”  big(x) :- total(x, n), n > 10.  →  big(x) :- total(x, n), n > 1.\n"
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
    assert!(text.ends_with("removed: row of e  a, 1\nadded: row of e  a, 2\n"), "{text}");
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
