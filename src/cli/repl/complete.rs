//! Completion at the prompt, by position: commands and relations at the start of a line, what a
//! command takes, columns in an atom, and inside quotes the texts of the column.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use rustyline::completion::{FilenameCompleter, Pair};

use crate::base::ids::RelationId;
use crate::claims::withdraw::Records;
use crate::cli::repl::command::{self, About, COMMANDS, Takes};
use crate::cli::repl::words;
use crate::program::program::Relation;
use crate::session::answer::Answer;
use crate::session::session::World;
use crate::show::answer::Format;
use crate::show::schema::signature;
use crate::syntax::cursor::{Cursor, Frame};
use crate::syntax::lexer::unescape;
use crate::text::numbers::grouped;
use crate::value::base_type::BaseType;
use crate::value::value::{Value, quote};

/// Candidates that are shown of a long list of constants, ids or rows.
const SHOWN: usize = 50;
/// How long the constants of a column are looked for: a key is waited for.
const PATIENCE: Duration = Duration::from_millis(40);
/// Rows between two looks at the clock.
const ROWS_A_LOOK: usize = 1024;

/// What there is to complete from.
pub struct Scene<'a> {
    /// Relations and their rows.
    pub world: &'a World,
    /// Names that can be withdrawn.
    pub records: Option<&'a Records>,
    /// Where the labels of names are.
    pub base: &'a World,
    /// The last answer.
    pub last: Option<&'a Answer>,
}

/// Where the word at the end of `before` starts, and what it may become.
#[must_use]
pub fn candidates(scene: &Scene<'_>, before: &str) -> (usize, Vec<Pair>) {
    let indent = before.len() - before.trim_start().len();
    let typed = &before[indent..];
    if !typed.starts_with('.') {
        return statement(scene, before, 0);
    }
    let Some((word, rest)) = typed.split_once(char::is_whitespace) else {
        return (indent, commands(typed));
    };
    let from = before.len() - rest.len();
    match command::named(word).as_slice() {
        [about] => arguments(scene, about, before, from),
        _ => statement(scene, before, from),
    }
}

/// What follows a command, from `from` on.
fn arguments(scene: &Scene<'_>, about: &About, before: &str, from: usize) -> (usize, Vec<Pair>) {
    let rest = &before[from..];
    let option = from + words::first_option(rest);
    if option < before.len() && !before[option..].contains(char::is_whitespace) {
        let fitting = about.verb.options().iter();
        let fitting = fitting.filter(|name| name.starts_with(&before[option..]));
        return (option, fitting.map(|name| plain(name)).collect());
    }
    if rest.contains(['(', '"'])
        && matches!(about.verb.takes(), Takes::Atom | Takes::Row | Takes::Part)
    {
        return statement(scene, before, from);
    }
    let at = rest.rfind(char::is_whitespace).map_or(from, |at| from + at + 1);
    let word = &before[at..];
    if word.starts_with("--") {
        let options = about.verb.options().iter().filter(|option| option.starts_with(word));
        return (at, options.map(|option| plain(option)).collect());
    }
    let found = match about.verb.takes() {
        Takes::Nothing => Vec::new(),
        Takes::Atom => relations(scene, word, true),
        Takes::Row => {
            let mut found = rows(scene, word);
            found.extend(relations(scene, word, true));
            found
        }
        Takes::Part | Takes::Relation => relations(scene, word, false),
        Takes::Name => names(scene, word),
        Takes::Command => {
            let named = if word.starts_with('.') { word.to_owned() } else { format!(".{word}") };
            commands(&named).into_iter().map(|pair| plain(pair.replacement.trim_end())).collect()
        }
        Takes::Format => {
            let all = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let all: Vec<String> = all.map(|value| value.get_name().to_owned()).collect();
            all.iter().filter(|name| name.starts_with(word)).map(|name| plain(name)).collect()
        }
        Takes::Switch => {
            ["off", "on"].into_iter().filter(|way| way.starts_with(word)).map(plain).collect()
        }
        Takes::Export if !rest.contains(char::is_whitespace) => relations(scene, word, false),
        Takes::File | Takes::Export => {
            // What cannot be listed has no candidates.
            return FilenameCompleter::new()
                .complete_path(before, before.len())
                .unwrap_or_default();
        }
    };
    (at, found)
}

/// In a question, a rule, or the atom of a command that starts at `from`.
fn statement(scene: &Scene<'_>, before: &str, from: usize) -> (usize, Vec<Pair>) {
    let text = &before[from..];
    let cursor = Cursor::at_end(text);
    let start = from + cursor.word;
    if cursor.in_comment {
        return (start, Vec::new());
    }
    if let Some(quote) = cursor.quote {
        let constants = cursor.atom().map(|frame| constants(scene, frame, &text[quote + 1..]));
        return (from + quote, constants.unwrap_or_default());
    }
    let word = &text[cursor.word..];
    let Some(frame) = cursor.atom() else {
        let mut found = relations(scene, word, true);
        // Commands too, where a statement starts.
        if before.trim().is_empty() {
            found.extend(commands("."));
        }
        return (start, found);
    };
    let Some(relation) = named(scene, frame) else {
        let variables = cursor.variables();
        let fitting = variables.into_iter().filter(|name| name.starts_with(word));
        return (start, fitting.map(plain).collect());
    };
    let program = &scene.world.program;
    let given = cursor.variables();
    let columns = relation.1.columns.iter().enumerate().filter(|(at, column)| {
        // Columns that stand before the cursor are given already.
        *at >= frame.args && column.name.starts_with(word)
    });
    let mut found: Vec<Pair> = columns
        .map(|(_, column)| Pair {
            display: format!("{}: {}", column.name, program.types[column.ty].name),
            replacement: column.name.clone(),
        })
        .collect();
    if !word.is_empty() {
        let is_new = |name: &&str| found.iter().all(|pair| pair.replacement != **name);
        let more: Vec<&str> =
            given.into_iter().filter(|name| name.starts_with(word)).filter(is_new).collect();
        found.extend(more.into_iter().map(plain));
    }
    (start, found)
}

/// What is missing of the atom at the cursor: `r, label, lo, hi)`.
#[must_use]
pub fn hint(scene: &Scene<'_>, before: &str) -> Option<String> {
    let typed = before.trim_start();
    let from = match typed.split_once(char::is_whitespace) {
        Some((word, rest)) if word.starts_with('.') => before.len() - rest.len(),
        _ => 0,
    };
    let cursor = Cursor::at_end(&before[from..]);
    if cursor.in_comment || cursor.quote.is_some() {
        return None;
    }
    let frame = cursor.atom()?;
    if !cursor.argument(frame).is_empty() {
        return None;
    }
    let (_, relation) = named(scene, frame)?;
    let columns = relation.columns.get(frame.args..)?;
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    if names.is_empty() && frame.args > 0 {
        return None;
    }
    let gap = if before.ends_with(',') { " " } else { "" };
    Some(format!("{gap}{})", names.join(", ")))
}

/// The relation before an open parenthesis.
fn named<'a>(scene: &Scene<'a>, frame: &Frame<'_>) -> Option<(RelationId, &'a Relation)> {
    let program = &scene.world.program;
    let id = program.relation(frame.name)?;
    Some((id, &program.relations[id]))
}

fn plain(word: &str) -> Pair {
    Pair { display: word.to_owned(), replacement: word.to_owned() }
}

/// Relations by the start of their names: as atoms, or as bare names.
fn relations(scene: &Scene<'_>, word: &str, atoms: bool) -> Vec<Pair> {
    let program = &scene.world.program;
    let fitting = program.relations.entries().filter(|(_, one)| one.name.starts_with(word));
    let mut found: Vec<Pair> = fitting
        .map(|(id, relation)| Pair {
            display: format!(
                "{}   {}",
                signature(program, relation),
                grouped(scene.world.tables().len(id))
            ),
            replacement: match (atoms, relation.columns.len()) {
                (false, _) => relation.name.clone(),
                (true, 0) => format!("{}()", relation.name),
                (true, _) => format!("{}(", relation.name),
            },
        })
        .collect();
    found.sort_by(|a, b| a.replacement.cmp(&b.replacement));
    found
}

fn commands(typed: &str) -> Vec<Pair> {
    let fitting = COMMANDS.iter().filter(|about| about.name.starts_with(typed));
    fitting
        .map(|about| Pair {
            display: format!("{} {}", about.name, about.args).trim_end().to_owned(),
            replacement: match about.args {
                "" => about.name.to_owned(),
                _ => format!("{} ", about.name),
            },
        })
        .collect()
}

/// Rows of the last answer by their numbers.
fn rows(scene: &Scene<'_>, word: &str) -> Vec<Pair> {
    let Some(answer) = scene.last.filter(|answer| answer.atoms.is_some()) else {
        return Vec::new();
    };
    let numbers = (1..=answer.rows.len()).filter(|row| row.to_string().starts_with(word));
    numbers
        .take(SHOWN)
        .filter_map(|row| {
            let display = format!("{row}  {}", answer.atom(row - 1)?);
            Some(Pair { display, replacement: row.to_string() })
        })
        .collect()
}

/// Sources, documents and claims by the start of their ids.
fn names(scene: &Scene<'_>, word: &str) -> Vec<Pair> {
    let Some(records) = scene.records else { return Vec::new() };
    let labels = &scene.base.leaves.labels;
    let label = |id: &str| labels.get(id).map_or_else(String::new, |label| format!("  {label}"));
    let mut found: Vec<Pair> = Vec::new();
    let mut add = |kind: &str, mut ids: Vec<&str>| {
        ids.sort_unstable();
        let more = ids.len().saturating_sub(SHOWN);
        let shown = ids.iter().take(SHOWN);
        found.extend(shown.map(|id| Pair {
            display: format!("{id}{}  ({kind})", label(id)),
            replacement: (*id).to_owned(),
        }));
        if more > 0 {
            let display = format!("… {} more {kind}s", grouped(more));
            found.push(Pair { display, replacement: common(&ids).to_owned() });
        }
    };
    add("source", records.sources().filter(|id| id.starts_with(word)).collect());
    add("document", records.documents().filter(|id| id.starts_with(word)).collect());
    add("claim", records.claims().filter(|id| id.starts_with(word)).collect());
    found
}

/// What sorted texts start with, all of them.
fn common<'t>(sorted: &[&'t str]) -> &'t str {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return "" };
    shared(first, last)
}

/// What two texts start with.
fn shared<'t>(a: &'t str, b: &str) -> &'t str {
    let same = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y);
    &a[..same.map_or_else(|| a.len().min(b.len()), |((at, _), _)| at)]
}

/// Texts of a column that start as `typed` does, quoted: the least of them in order. The search
/// ends when a key has been waited for long enough.
fn constants(scene: &Scene<'_>, frame: &Frame<'_>, typed: &str) -> Vec<Pair> {
    let Some((id, relation)) = named(scene, frame) else { return Vec::new() };
    let at = frame.args;
    if relation.columns.get(at).is_none_or(|column| column.base != BaseType::Symbol) {
        return Vec::new();
    }
    let typed = unescape(typed);
    let symbols = &scene.world.program.symbols;
    let mut least: BTreeSet<&str> = BTreeSet::new();
    let mut all: Option<&str> = None;
    let (mut dropped, mut looked) = (false, 0);
    let start = Instant::now();
    let open = vec![None; relation.columns.len()];
    scene.world.tables().select(id, &open, &mut |tuple| {
        looked += 1;
        if looked % ROWS_A_LOOK == 0 && start.elapsed() > PATIENCE {
            // What is not seen may start otherwise.
            (all, dropped) = (all.map(|all| &all[..typed.len()]), true);
            return ControlFlow::Break(());
        }
        let Value::Symbol(symbol) = tuple[at] else { return ControlFlow::Continue(()) };
        let text = symbols.text(symbol);
        if text.starts_with(&typed) {
            all = Some(all.map_or(text, |all| shared(all, text)));
            let fits = least.len() < SHOWN || least.last().is_some_and(|last| text < *last);
            dropped |= !fits && least.last().is_some_and(|last| text != *last);
            if fits {
                least.insert(text);
            }
            if least.len() > SHOWN {
                least.pop_last();
                dropped = true;
            }
        }
        ControlFlow::Continue(())
    });
    let mut found: Vec<Pair> = least.iter().map(|text| plain(&quote(text))).collect();
    if dropped && let Some(all) = all {
        let quoted = quote(all);
        let open = quoted.strip_suffix('"').unwrap_or(&quoted).to_owned();
        found.push(Pair { display: "…".to_owned(), replacement: open });
    }
    found
}
