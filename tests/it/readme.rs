//! What the README shows is what hence prints.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Blocks that start with ```` ```console ````.
fn transcripts(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for part in text.split("```console\n").skip(1) {
        found.push(part.split("```").next().unwrap());
    }
    found
}

#[test]
fn transcripts_are_what_hence_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let transcripts = transcripts(&readme);
    assert!(!transcripts.is_empty());
    let own = own_claims(&readme);
    for transcript in transcripts {
        let (command, rest) = transcript.split_once('\n').unwrap();
        let args = command.strip_prefix("$ hence ").unwrap().split_whitespace();
        let mut input = String::new();
        let mut expected = String::new();
        for line in rest.lines() {
            match line.strip_prefix("hence> ") {
                Some(typed) => input.push_str(&format!("{typed}\n")),
                None => expected.push_str(&format!("{line}\n")),
            }
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_hence"))
            .args(args)
            .current_dir(if command.contains("mine.dl") { own.path() } else { root })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(expected, printed, "{command}");
    }
}

/// The folder that the section on claims of one's own fills, step by step.
fn own_claims(readme: &str) -> TempDir {
    let block = |start: &str| readme.split(start).nth(1).unwrap().split("```").next().unwrap();
    let folder = TempDir::new().unwrap();
    let records = block("```json\n").to_owned() + block("```jsonl\n");
    fs::write(folder.path().join("notes.txt"), block("```text\n")).unwrap();
    fs::write(folder.path().join("claims.jsonl"), records).unwrap();
    fs::write(folder.path().join("mine.dl"), block("```prolog\n")).unwrap();
    folder
}

#[test]
fn the_first_claims_file_has_nothing_wrong() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let folder = own_claims(&readme);
    let output =
        Command::new(env!("CARGO_BIN_EXE_hence")).arg("check").arg(folder.path()).output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !messages.contains("warning"), "{messages}");
}
