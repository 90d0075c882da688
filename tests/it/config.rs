//! `hence.toml`, `HENCE_*`, and what packages install: `hence completions`, `hence man`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const PROGRAM: &str =
    ".decl e(x: symbol)\n.input e\n.decl p(x: symbol)\n.output p\np(x) :- e(x).\n";

/// A folder with a program, two places of facts, and a folder below.
fn folder() -> TempDir {
    let at = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(at.path().join(name), text).unwrap();
    for name in ["one", "two", "below"] {
        fs::create_dir(at.path().join(name)).unwrap();
    }
    write("p.dl", PROGRAM);
    write("one/e.facts", "first\n");
    write("two/e.facts", "second\n");
    at
}

fn hence(at: &Path, args: &[&str], set: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
    for name in ["HENCE_FACTS", "HENCE_FORMAT", "HENCE_BAD_ROWS", "HENCE_JOBS"] {
        command.env_remove(name);
    }
    command.args(args).current_dir(at).envs(set.iter().copied()).output().unwrap()
}

fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn an_option_is_stronger_than_the_environment_and_that_than_the_file() {
    let at = folder();
    let file = at.path().join("hence.toml");
    fs::write(&file, "facts = [\"one\"]\nformat = \"csv\"\njobs = 2\ntimeout = \"1m\"\n").unwrap();
    let ask = ["query", "p.dl", "p(x)"];
    assert_eq!(out(&hence(at.path(), &ask, &[])), "x\nfirst\n");
    let set = [("HENCE_FACTS", "two"), ("HENCE_FORMAT", "jsonl")];
    assert_eq!(out(&hence(at.path(), &ask, &set)), "{\"x\":\"second\"}\n");
    let ask = ["query", "p.dl", "p(x)", "-F", "one", "--format", "tsv"];
    assert_eq!(out(&hence(at.path(), &ask, &set)), "x\nfirst\n");
    // From below its paths are still those of its own folder.
    let ask = ["query", "../p.dl", "p(x)"];
    assert_eq!(out(&hence(&at.path().join("below"), &ask, &[])), "x\nfirst\n");
    // A form of answers is none of proofs.
    let why = out(&hence(at.path(), &["why", "p.dl", "p(\"first\")"], &[]));
    assert!(why.contains("assumption"), "{why}");
}

#[test]
fn what_is_wrong_with_it() {
    let at = folder();
    let file = at.path().join("hence.toml");
    let ask = ["query", "p.dl", "p(x)"];
    for (text, wanted) in [
        ("fact = [\"one\"]\n", "hence.toml: unknown key `fact`"),
        ("fact = [\"one\"]\n", "did you mean `facts`?"),
        ("format = \"yaml\"\n", "one of table, csv, tsv, json, jsonl, md, facts"),
        ("jobs = 0\n", "`jobs` takes something else"),
        ("timeout = 3\nfacts = 4.5\n", "`facts` takes something else"),
        ("facts = [\n", "hence.toml:"),
        ("facts = [\"\"]\n", "`facts` takes something else"),
    ] {
        fs::write(&file, text).unwrap();
        let said = error(&hence(at.path(), &ask, &[]));
        assert!(said.contains(wanted), "{text}{said}");
    }
    // Who does not read rules is not stopped by it.
    assert!(hence(at.path(), &["explain", "H0101"], &[]).status.success());
    fs::remove_file(&file).unwrap();
    // A colon at the end of a list of paths names none.
    assert_eq!(
        out(&hence(at.path(), &["query", "p.dl", "p(x)"], &[("HENCE_FACTS", "one:")])),
        " x\n first\n"
    );
    let said = error(&hence(at.path(), &ask, &[("HENCE_BAD_ROWS", "drop")]));
    assert!(
        said.contains("HENCE_BAD_ROWS: `drop`") && said.contains("one of stop, skip"),
        "{said}"
    );
}

#[test]
fn what_packages_install() {
    let at = TempDir::new().unwrap();
    for (shell, wanted) in
        [("bash", "complete -F"), ("zsh", "#compdef hence"), ("fish", "complete -c hence")]
    {
        let text = out(&hence(at.path(), &["completions", shell], &[]));
        assert!(text.contains(wanted) && text.contains("whynot"), "{shell}");
    }
    assert!(out(&hence(at.path(), &["man"], &[])).contains(".TH hence"));
    out(&hence(at.path(), &["man", "pages"], &[]));
    let page = at.path().join("pages/hence-why.1");
    assert!(page.metadata().unwrap().len() > 500);
}

#[test]
fn messages_name_what_set_a_path() {
    let at = folder();
    let ask = ["query", "p.dl", "p(x)"];
    let said = error(&hence(at.path(), &ask, &[("HENCE_FACTS", "tow")]));
    assert!(said.contains("the folder tow named by HENCE_FACTS does not exist"), "{said}");
    let said = error(&hence(at.path(), &["query", "p.dl", "p(x)", "-F", "tow"], &[]));
    assert!(said.contains("the folder tow named with -F does not exist"), "{said}");
    fs::write(at.path().join("hence.toml"), "facts = [\"tow\"]\n").unwrap();
    let said = error(&hence(at.path(), &ask, &[]));
    assert!(
        said.contains("the folder tow named by `facts` of hence.toml does not exist"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_of_settings_that_cannot_be_read_is_told() {
    use std::os::unix::fs::symlink;
    let at = folder();
    let file = at.path().join("hence.toml");
    let ask = ["query", "p.dl", "p(x)", "-F", "one"];
    fs::create_dir(&file).unwrap();
    assert!(error(&hence(at.path(), &ask, &[])).contains("hence.toml cannot be read"));
    fs::remove_dir(&file).unwrap();
    symlink("nowhere", &file).unwrap();
    assert!(error(&hence(at.path(), &ask, &[])).contains("hence.toml cannot be read"));
}
