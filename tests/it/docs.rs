//! What README.md and docs/ show is what hence prints. A page is read from top to bottom in a folder
//! of its own: one that stands in for the repository, or an empty one if the page says
//! `<!-- in an empty folder -->`. A block with a file's name after the language is that file; with
//! `+` before the name it is added to it; a `console` block holds commands with what they print; a `sh` block commands that
//! have to succeed. `UPDATE=1` writes what comes out into the page, to be read in the diff.

use std::env::var;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::repl::{Step, Transcript, difference, play};

const EMPTY: &str = "<!-- in an empty folder -->";
/// A prompt as a page shows it; `   .. ` goes on with what was typed.
const PROMPTS: [&str; 2] = ["hence", "   .. "];

/// Where a page is at: its folder, and where the commands before have gone.
struct Place {
    _folder: TempDir,
    at: PathBuf,
}

impl Place {
    fn of(page: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        if !page.contains(EMPTY) {
            for name in ["rules", "facts", "tests", "docs"] {
                symlink(root.join(name), folder.path().join(name)).unwrap();
            }
        }
        Self { at: folder.path().to_owned(), _folder: folder }
    }

    /// Writes a file that the page shows, or adds to it.
    fn file(&self, name: &str, text: &str) {
        match name.strip_prefix('+') {
            Some(name) => {
                let path = self.at.join(name);
                let mut file = OpenOptions::new().append(true).open(path).unwrap();
                file.write_all(text.as_bytes()).unwrap();
            }
            None => fs::write(self.at.join(name), text).unwrap(),
        }
    }

    /// Runs the commands of a `console` block and gives the block as it should be.
    fn console(&mut self, block: &str) -> String {
        let mut text = String::new();
        for command in commands(block) {
            let (line, dialogue) = command.split_once('\n').unwrap();
            text.push_str(&format!("{line}\n"));
            match line.strip_prefix("$ ").unwrap().split_once(' ').unwrap() {
                ("cd", folder) => self.at = self.at.join(folder),
                ("hence", arguments) => text.push_str(&self.dialogue(arguments, dialogue)),
                (other, _) => panic!("{other} cannot be run here"),
            }
        }
        text
    }

    fn dialogue(&self, command: &str, dialogue: &str) -> String {
        let mut prompts = vec![String::new()];
        let mut steps = vec![Step::default()];
        for line in dialogue.lines() {
            let prompt = PROMPTS.iter().any(|prompt| line.starts_with(prompt));
            match line.split_once("> ").or_else(|| line.split_once(".. ")).filter(|_| prompt) {
                Some((prompt, typed)) if prompt.trim().is_empty() => {
                    let step = steps.last_mut().unwrap();
                    step.typed = format!("{}\n{typed}", step.typed);
                }
                Some((prompt, typed)) => {
                    prompts.push(prompt.to_owned());
                    steps.push(Step { typed: typed.to_owned(), ..Step::default() });
                }
                None => {}
            }
        }
        let played = play(&self.at, &Transcript { command: command.to_owned(), steps, exit: 0 });
        let mut text = String::new();
        for (prompt, step) in prompts.iter().zip(&played.steps) {
            if !prompt.is_empty() {
                let typed = step.typed.replace('\n', "\n   .. ");
                text.push_str(&format!("{prompt}> {typed}\n"));
            }
            text.push_str(&step.printed);
        }
        text
    }

    /// Runs the commands of a `sh` block, those of cargo aside.
    fn shell(&self, block: &str) {
        let joined = block.replace("\\\n", " ");
        for line in joined.lines().filter(|line| line.starts_with("hence ")) {
            let bin = Path::new(env!("CARGO_BIN_EXE_hence")).parent().unwrap();
            let path = format!("{}:{}", bin.display(), var("PATH").unwrap());
            let output = Command::new("sh")
                .args(["-c", line])
                .env("PATH", path)
                .current_dir(&self.at)
                .output()
                .unwrap();
            let messages = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{line}: {messages}");
        }
    }
}

/// Commands, each with what it prints and what is typed.
fn commands(block: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in block.lines() {
        if line.starts_with("$ ") {
            found.push(String::new());
        }
        found.last_mut().expect("a console block starts with a command").push_str(line);
        found.last_mut().unwrap().push('\n');
    }
    found
}

/// A page as it should be.
fn read(page: &str) -> String {
    let mut place = Place::of(page);
    let mut text = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        text.push_str(&format!("{line}\n"));
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut block = String::new();
        for line in lines.by_ref().take_while(|line| *line != "```") {
            block.push_str(&format!("{line}\n"));
        }
        match info.split_once(' ') {
            Some((_, name)) => place.file(name, &block),
            None if info == "console" => block = place.console(&block),
            None if info == "sh" => place.shell(&block),
            None => {}
        }
        text.push_str(&format!("{block}```\n"));
    }
    text
}

#[test]
fn pages_show_what_hence_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    if let Ok(docs) = fs::read_dir(root.join("docs")) {
        pages.extend(docs.map(|entry| entry.unwrap().path()));
    }
    pages.sort();
    let mut failed = Vec::new();
    for path in pages {
        let page = fs::read_to_string(&path).unwrap();
        let got = read(&page);
        if got != page && var("UPDATE").is_ok() {
            fs::write(&path, got).unwrap();
        } else if got != page {
            failed.push(format!("{}:\n{}", path.display(), difference(&page, &got)));
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}
