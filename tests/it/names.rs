//! Messages name only flags, commands, directives and codes that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use hence::cli::args::Cli;
use hence::cli::repl::command::{COMMANDS, DIRECTIVES, PASTE_END};
use hence::text::codes::Code;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The string literals of the code, comments and tests apart, with their lines.
fn literals(text: &str) -> Vec<(usize, String)> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    for (n, line) in code.lines().enumerate() {
        let line = line.trim_start();
        if line.starts_with("//") || line.starts_with("#[expect") || line.starts_with("reason =") {
            continue;
        }
        // A text that goes on in the next line has no quote before it there; take the line whole.
        found.push((n + 1, line.to_owned()));
    }
    found
}

/// Words of `text` that follow `start`, made of letters and `-`.
fn words_after<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.match_indices(start)
        .map(|(at, _)| {
            let rest = &text[at + start.len()..];
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-');
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads the sources")]
fn only_what_there_is() {
    let cli = Cli::command();
    let commands: BTreeSet<String> =
        cli.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let mut flags: BTreeSet<String> = ["help", "version"].map(str::to_owned).into();
    for command in cli.get_subcommands() {
        flags.extend(command.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned));
    }
    let mut paths = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    let mut wrong = Vec::new();
    for path in paths {
        for (line, text) in literals(&fs::read_to_string(&path).unwrap()) {
            let place = format!("{}:{line}", path.display());
            for flag in words_after(&text, "--") {
                if !flag.starts_with('-') && !flag.is_empty() && !flags.contains(flag) {
                    wrong.push(format!("{place}: no flag --{flag}"));
                }
            }
            for command in words_after(&text, "`hence ") {
                if !command.is_empty() && !commands.contains(command) {
                    wrong.push(format!("{place}: no command hence {command}"));
                }
            }
            for command in words_after(&text, "`.") {
                let dotted = format!(".{command}");
                let known = COMMANDS.iter().any(|about| about.name == dotted)
                    || dotted == PASTE_END
                    || DIRECTIVES.contains(&dotted.as_str());
                if !command.is_empty() && !known {
                    wrong.push(format!("{place}: no command or directive {dotted}"));
                }
            }
        }
    }
    for code in Code::ALL {
        for flag in words_after(code.about(), "--") {
            if !flags.contains(flag) {
                wrong.push(format!("{code}: no flag --{flag}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
