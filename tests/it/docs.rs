//! What README.md and docs/ show is what hence prints. A page is read from top to bottom in a folder
//! of its own: one that stands in for the repository, or an empty one if the page says
//! `<!-- in an empty folder -->`. A block with a file's name after the language is that file; with
//! `+` before the name it is added to it; a `console` block holds commands with what they print; a `sh` block commands that
//! have to succeed. Between `<!-- generated: … -->` and `<!-- end -->` stands what the schema or the
//! rule library says. `UPDATE=1` writes what comes out into the page, to be read in the diff.

use std::env::var;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
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

/// What `hence` prints.
fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_hence")).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The records of a claims file with their fields, from its schema.
fn records() -> String {
    let schema: Value = serde_json::from_str(&printed(&["schema", "claims"])).unwrap();
    let told = |of: &Value| of["description"].as_str().unwrap_or_default().replace('\n', " ");
    let mut text = String::new();
    let mut record = |title: String, of: &Value| {
        text.push_str(&format!("### {title}\n\n{}\n\n| Field | |\n|---|---|\n", told(of)));
        let required = of["required"].as_array();
        for (field, about) in of["properties"].as_object().unwrap() {
            let needed = required.is_some_and(|all| all.iter().any(|one| one == field));
            let mark = if needed { " (required)" } else { "" };
            let parts = about["anyOf"].as_array().into_iter().flatten().chain([about]);
            let kind = parts.filter_map(|part| part["$ref"].as_str()).next();
            let kind = kind.and_then(|path| path.rsplit('/').next());
            let words = kind.map_or(String::new(), |kind| words(&schema["$defs"][kind]));
            text.push_str(&format!("| `{field}`{mark} | {}{words} |\n", told(about)));
        }
        text.push('\n');
    };
    for one in schema["oneOf"].as_array().unwrap() {
        let name = one["properties"]["type"]["const"].as_str().unwrap();
        let kind = one["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        record(format!("`{name}`"), &schema["$defs"][kind]);
    }
    for kind in ["Amount", "Step", "Extractor"] {
        record(format!("Part of a record: {}", kind.to_lowercase()), &schema["$defs"][kind]);
    }
    text.trim_end().to_owned()
}

/// The words that a field takes.
fn words(kind: &Value) -> String {
    let all = kind["oneOf"].as_array().into_iter().flatten();
    let all: Vec<String> =
        all.filter_map(|word| Some(format!("`{}`", word["const"].as_str()?))).collect();
    if all.is_empty() { String::new() } else { format!(" One of {}.", all.join(", ")) }
}

/// The modules of the rule library, from their headers.
fn modules() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut text = String::new();
    for line in printed(&["rules"]).lines() {
        let name = line.split_whitespace().next().unwrap();
        let module = fs::read_to_string(folder.join(name)).unwrap();
        let header = module.lines().take_while(|line| line.starts_with("//"));
        let header: Vec<&str> = header.map(|line| line.trim_start_matches('/')).collect();
        let (first, rest) = header.split_first().unwrap();
        let about = first.trim().trim_start_matches(name).trim_start_matches(':').trim();
        let about = about[..1].to_uppercase() + &about[1..];
        let at = rest.iter().position(|line| line.starts_with(" inputs")).unwrap_or(rest.len());
        let prose: Vec<&str> = rest[..at].iter().map(|line| line.trim()).collect();
        let list: Vec<&str> =
            rest[at..].iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        text.push_str(&format!("## `{name}`\n\n{about}\n\n"));
        if !prose.join("").is_empty() {
            text.push_str(&format!("{}\n\n", prose.join("\n").trim()));
        }
        if !list.is_empty() {
            text.push_str(&format!("```text\n{}\n```\n\n", list.join("\n").trim_end()));
        }
    }
    text.trim_end().to_owned()
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
        if let Some(what) = line.strip_prefix("<!-- generated: ") {
            lines.by_ref().take_while(|line| *line != "<!-- end -->").for_each(drop);
            let made = match what {
                "records -->" => records(),
                "modules -->" => modules(),
                other => panic!("what is {other}?"),
            };
            text.push_str(&format!("\n{made}\n<!-- end -->\n"));
            continue;
        }
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
