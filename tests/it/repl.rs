//! Transcripts of the prompt through a pipe: `tests/repl/*.txt`. The first line gives the command;
//! lines that start with `> ` are typed, `.. ` continues them, `## ` before one says what it is
//! about, the rest is what hence prints. The
//! last line `[exit N]` gives the exit code if it is not 0. `UPDATE=1` writes what comes out into
//! the transcript, to be read in the diff.

use std::borrow::Cow;
use std::env::var;
use std::fs;
use std::io::{Read, Write, pipe};
use std::mem::take;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::spawn;

use regex::{Captures, Regex};
use tempfile::TempDir;

/// A command that prints one known line: it ends the output of the statement before it.
const MARK: &str = ".format";
const MARKED: &str = "answers are printed as ";

/// A statement, and what it prints.
#[derive(Default)]
pub(crate) struct Step {
    /// What is said of it, line by line.
    pub(crate) about: String,
    /// What is typed.
    pub(crate) typed: String,
    /// What comes out.
    pub(crate) printed: String,
}

/// A command, and what is typed at its prompt. Its first step is what it prints before.
pub(crate) struct Transcript {
    /// The arguments.
    pub(crate) command: String,
    /// What is typed.
    pub(crate) steps: Vec<Step>,
    /// The exit code.
    pub(crate) exit: i32,
}

fn read(text: &str) -> Transcript {
    let mut lines = text.lines();
    let command = lines.next().unwrap().strip_prefix("$ hence ").unwrap().to_owned();
    let mut steps: Vec<Step> = vec![Step::default()];
    let mut exit = 0;
    let mut about = String::new();
    for line in lines {
        if line.starts_with("## ") {
            about.push_str(line);
            about.push('\n');
        } else if let Some(typed) = line.strip_prefix("> ") {
            let about = take(&mut about);
            steps.push(Step { about, typed: typed.to_owned(), ..Step::default() });
        } else if let Some(more) = line.strip_prefix(".. ") {
            let step = steps.last_mut().unwrap();
            step.typed.push('\n');
            step.typed.push_str(more);
        } else if let Some(code) = line.strip_prefix("[exit ") {
            exit = code.trim_end_matches(']').parse().unwrap();
        } else {
            let printed = &mut steps.last_mut().unwrap().printed;
            printed.push_str(line);
            printed.push('\n');
        }
    }
    Transcript { command, steps, exit }
}

fn write(transcript: &Transcript) -> String {
    let mut text = format!("$ hence {}\n", transcript.command);
    for step in &transcript.steps {
        text.push_str(&step.about);
        for (i, line) in step.typed.lines().enumerate() {
            text.push_str(if i == 0 { "> " } else { ".. " });
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(&step.printed);
    }
    if transcript.exit != 0 {
        text.push_str(&format!("[exit {}]\n", transcript.exit));
    }
    text
}

/// The words of a command; single quotes keep one together.
fn arguments(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in command.split('\'').enumerate() {
        if i % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Types the statements of a transcript and gives what comes out.
pub(crate) fn play(folder: &Path, given: &Transcript) -> Transcript {
    let (mut reader, writer) = pipe().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(arguments(&given.command))
        .current_dir(folder)
        // What the tests of this crate may write is no business of the tests that hence runs.
        .env_remove("INSTA_UPDATE")
        .env_remove("CI")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::piped())
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .spawn()
        .unwrap();
    let mut input = String::new();
    for (i, step) in given.steps.iter().enumerate() {
        input.push_str(&step.typed);
        input.push('\n');
        if i + 1 < given.steps.len() {
            input.push_str(MARK);
            input.push('\n');
        }
    }
    // A prompt that ends early closes the pipe; its output tells.
    let mut stdin = child.stdin.take().unwrap();
    let typing = spawn(move || stdin.write_all(input.as_bytes()).is_ok());
    let mut output = String::new();
    reader.read_to_string(&mut output).unwrap();
    typing.join().unwrap();
    let exit = child.wait().unwrap().code().unwrap();
    let mut steps: Vec<Step> = given
        .steps
        .iter()
        .map(|Step { about, typed, .. }| Step {
            about: about.clone(),
            typed: typed.clone(),
            ..Step::default()
        })
        .collect();
    let mut at = 0;
    for line in output.lines() {
        if line.starts_with(MARKED) && at + 1 < steps.len() {
            at += 1;
        } else {
            steps[at].printed.push_str(&timeless(line));
            steps[at].printed.push('\n');
        }
    }
    Transcript { command: given.command.clone(), steps, exit }
}

/// A line of `.profile` without its times, and without what is as wide as they are.
fn timeless(line: &str) -> Cow<'_, str> {
    let times = Regex::new(r"^ *(time +share|[\d,]+\.\d{3} ms( +\d+\.\d %)?)").unwrap();
    times.replace(line, |found: &Captures<'_>| match (found.get(2), &found[1]) {
        (_, header) if header.starts_with("time") => "time share",
        (Some(_), _) => "TIME SHARE",
        (None, _) => "TIME",
    })
}

#[test]
fn transcripts() {
    all_in("tests/repl", |_| {});
}

/// Transcripts of what writes files: each in a folder of its own, with the rule files of the others.
#[test]
fn transcripts_that_write() {
    all_in("tests/repl/writes", |folder| {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repl")).unwrap()
        {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "dl") {
                fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
            }
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "a test reads its transcripts")]
fn all_in(folder: &str, prepare: impl Fn(&Path)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(!paths.is_empty());
    let update = var("UPDATE").is_ok();
    let mut failed = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let own = TempDir::new().unwrap();
        prepare(own.path());
        let is_empty = own.path().read_dir().unwrap().next().is_none();
        let place = if is_empty { folder.as_path() } else { own.path() };
        let got = write(&play(place, &read(&text)));
        if got != text && update {
            fs::write(&path, got).unwrap();
        } else if got != text {
            failed.push(format!("{}:\n{}", path.display(), difference(&text, &got)));
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// The first lines that differ.
pub(crate) fn difference(expected: &str, got: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let at = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let part = |lines: &[&str], mark: char| {
        lines[at.min(lines.len())..]
            .iter()
            .take(12)
            .map(|line| format!("{mark} {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    format!("from line {}:\n{}\n{}", at + 1, part(&a, '-'), part(&b, '+'))
}
