//! Completion at the prompt: commands at the start of a line, their arguments, relation names, and
//! inside quotes the texts of the column.

use rustyline::completion::Pair;

use crate::cli::repl::about::signature;
use crate::cli::repl::command::{COMMANDS, outline};
use crate::program::program::Program;

/// What can be completed, taken from the program after each statement.
#[derive(Debug, Default)]
pub struct Words {
    /// Relations: name, number of columns, what the list of candidates shows.
    relations: Vec<(String, usize, String)>,
}

impl Words {
    /// The words of a program.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let relations = program
            .relations
            .iter()
            .map(|relation| {
                (relation.name.clone(), relation.columns.len(), signature(program, relation))
            })
            .collect();
        Self { relations }
    }

    /// Where the word at the cursor starts, and what it may become.
    #[must_use]
    pub fn candidates(&self, line: &str, cursor: usize) -> (usize, Vec<Pair>) {
        let before = &line[..cursor];
        // An odd quote: inside a text.
        if outline(before) != outline(&format!("{before} ")).trim_end() && quoted(before) {
            return (cursor, Vec::new());
        }
        let name = |c: char| c.is_alphanumeric() || c == '_' || c == '?';
        let start = before
            .rfind(|c: char| !name(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let blank = before[..start].trim();
        if blank == "." {
            let typed = format!(".{}", &before[start..]);
            return (start - 1, commands(&typed));
        }
        let word = &before[start..];
        // Names of relations complete to an atom, except after a command, which takes the name.
        let bare = blank.starts_with('.');
        let mut found: Vec<Pair> = self
            .relations
            .iter()
            .filter(|(name, ..)| name.starts_with(word))
            .map(|(name, columns, shown)| Pair {
                display: shown.clone(),
                replacement: match (
                    bare && ![".w", ".a", ".ret"].iter().any(|atoms| blank.starts_with(atoms)),
                    columns,
                ) {
                    (true, _) => name.clone(),
                    (false, 0) => format!("{name}()"),
                    (false, _) => format!("{name}("),
                },
            })
            .collect();
        found.sort_by(|a, b| a.replacement.cmp(&b.replacement));
        (start, found)
    }
}

fn quoted(before: &str) -> bool {
    outline(before).matches('"').count() % 2 == 1
}

fn commands(typed: &str) -> Vec<Pair> {
    COMMANDS
        .iter()
        .filter(|about| about.name.starts_with(typed))
        .map(|about| Pair {
            display: format!("{} {}", about.name, about.args).trim_end().to_owned(),
            replacement: if about.args.is_empty() {
                about.name.to_owned()
            } else {
                format!("{} ", about.name)
            },
        })
        .collect()
}
