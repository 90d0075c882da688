//! The examples of `hence explain CODE`: what is said to give the code gives it, what is said not to
//! does not, nor anything else that is an error.

use std::fs;
use std::path::Path;
use std::process::Command;

use hence::text::codes::{Code, Example};
use serde_json::{Map, Value};
use tempfile::TempDir;

/// Codes that no example can give: they depend on bytes that are no text, on the clock, on a signal.
const WITHOUT: [&str; 3] = ["H0305", "H0601", "H0602"];

/// What stands before the records of an example, and what `…` in a claim stands for.
const RECORDS: &str = r#"{"type":"document","id":"notes","date":"2025-03-04","text":"About 40 trucks crossed the bridge on Monday, a guard said."}
{"type":"source","id":"guard"}
{"type":"entity","id":"trucks"}
{"type":"entity","id":"bridge"}
"#;
const CLAIM: &str = r#"{"type":"claim","id":"c1","doc":"notes","span":[0,34],"quote":"About 40 trucks crossed the bridge","chain":[{"who":"guard","act":"said"}],"subject":"trucks","predicate":"crossed","object":"bridge","modality":"stated","event":"crossing"}"#;

/// A line of an example as it is in a file: what `…` leaves out is there, what is null is not.
fn whole(line: &str) -> String {
    if !line.contains('…') {
        return line.to_owned();
    }
    let given = line.replace(", …", "");
    let given: Map<String, Value> = serde_json::from_str(&given).unwrap();
    let mut claim: Map<String, Value> = serde_json::from_str(CLAIM).unwrap();
    claim.extend(given);
    claim.retain(|_, value| !value.is_null());
    serde_json::to_string(&claim).unwrap()
}

fn text_of(text: &str, is_claims: bool) -> String {
    if !is_claims {
        return text.to_owned();
    }
    // A header stands first.
    let before = if text.starts_with(r#"{"type": "hence""#) { "" } else { RECORDS };
    let lines: Vec<String> = text.lines().map(whole).collect();
    format!("{before}{}\n", lines.join("\n"))
}

/// The messages of an example.
fn messages(example: &Example) -> String {
    let folder = TempDir::new().unwrap();
    let mut name = "it.dl";
    for (given, text) in &example.files {
        let is_claims = text.starts_with('{');
        let own = given.unwrap_or(if is_claims { "it.jsonl" } else { "it.dl" });
        if given.is_none() {
            name = own;
        }
        let path = folder.path().join(own);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if !text.is_empty() {
            fs::write(path, text_of(text, is_claims)).unwrap();
        }
    }
    let command = example.command.map_or_else(|| format!("hence check {name}"), str::to_owned);
    let args = command.strip_prefix("hence ").unwrap().split(' ');
    let output = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(args)
        .current_dir(folder.path())
        .output()
        .unwrap();
    // What is wrong with a test file is part of the report on it.
    let report = if command.starts_with("hence test") { output.stdout } else { Vec::new() };
    String::from_utf8([output.stderr, report].concat()).unwrap()
}

#[test]
fn examples_do_what_they_say() {
    let mut findings = Vec::new();
    for code in Code::ALL {
        let examples = code.examples();
        if examples.is_empty() && !WITHOUT.contains(&code.text()) {
            findings.push(format!("{code} has no examples"));
        }
        for example in examples {
            let found = messages(&example);
            let gives = found.contains(&format!("[{code}]"));
            if gives != example.is_wrong {
                let side = if example.is_wrong { "does not give it" } else { "gives it" };
                findings.push(format!("{code}: an example {side}\n{found}"));
            } else if !gives && found.contains("error[") {
                findings.push(format!("{code}: the right example is wrong\n{found}"));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n\n"));
}

#[test]
fn every_code_is_shown_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut texts = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|ending| ["snap", "txt", "rs"].iter().any(|known| ending == *known))
                && !path.ends_with("examples.rs")
            {
                texts.push(String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
            }
        }
    }
    let shown = |code: &&Code| !texts.iter().any(|text| text.contains(code.text()));
    let missing: Vec<&str> = Code::ALL.iter().filter(shown).map(|code| code.text()).collect();
    assert!(missing.is_empty(), "no test shows {missing:?}: add a program or a transcript");
}
