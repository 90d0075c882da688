//! `.save`: what a session has beside its files, in a file: as a rule file, or as statements.

use std::fmt::{Arguments, Write};
use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::repl::command::PASTE_END;
use crate::cli::repl::open::is_one_addition;
use crate::cli::repl::shell::Shell;
use crate::cli::rewrite::write;
use crate::io::find::shown;
use crate::io::library::{Origin, read};
use crate::session::answer::Cell;
use crate::session::session::Session;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::counted;

/// The start of every file that is written here.
const MARK: &str = "// Saved at a prompt of hence";

/// Writes the rules typed and the layers. A file that was not written by `.save` stays as it is.
///
/// # Errors
/// If there is nothing to save, or the file is something else, or cannot be written.
pub fn save(shell: &Shell, rest: &str) -> Result<(), Exit> {
    let refused = |text: String, help: &str| {
        Err(Exit::from(Diagnostic::new(Code::H0701, text).help(help.to_owned())))
    };
    if rest.is_empty() {
        return refused("`.save` takes a file".to_owned(), "as in `.save mine.dl`");
    }
    let session = &shell.session;
    if unfiled(session).is_empty() {
        let help = "a rule typed here, or `.assume`, `.retract`, `.without` give something to save";
        return refused("there is nothing to save".to_owned(), help);
    }
    let path = Path::new(rest);
    let there = read(&Origin::Disk(path.to_owned()));
    if path.exists() && !there.is_ok_and(|text| text.starts_with(MARK) || text.trim().is_empty()) {
        let text = format!("{} is there already, and `.save` has not written it", shown(path));
        return refused(text, "give another name");
    }
    let is_rules = path.extension().is_some_and(|ending| ending == "dl");
    write(path, &if is_rules { rules(session) } else { statements(session) })?;
    let (what, name) = (unfiled(session), shown(path));
    let text = match (is_rules, taken(session).len()) {
        (false, _) => format!("{what} saved; .read {name} brings them back"),
        (true, 0) => format!("{what} saved; .load {name} brings them back"),
        (true, n) => format!(
            "{what} saved; .load {name} brings them back, but for {} which no rule file can say: \
             a file of another ending can",
            counted(n, "withdrawal")
        ),
    };
    shell.reporter.line(&text);
    Ok(())
}

/// What is in no other file, in words: `2 statements and 1 change`; nothing if all is.
pub(super) fn unfiled(session: &Session) -> String {
    let parts = [(session.typed(), "statement"), (changes(session).len(), "change")];
    let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| counted(*n, what));
    parts.collect::<Vec<_>>().join(" and ")
}

/// The statements that took something away.
fn taken(session: &Session) -> Vec<&str> {
    changes(session).into_iter().filter(|text| !text.starts_with(".assume")).collect()
}

/// A rule file: rules, and what was assumed as facts. What cannot be said in one is a comment.
fn rules(session: &Session) -> String {
    let roots: Vec<String> = session.roots().iter().map(|path| shown(path)).collect();
    let beside = if roots.is_empty() {
        String::new()
    } else {
        format!(" over {}: load it with them", roots.join(" "))
    };
    let mut out = format!("{MARK}{beside}.\n");
    let typed = session.typed_text();
    if !typed.is_empty() {
        out.push('\n');
        out.push_str(&typed);
    }
    let world = session.world();
    let (program, symbols) = (&world.program, &*world.program.symbols);
    if !world.made.assumed.is_empty() {
        out.push_str("\n// What was assumed.\n");
    }
    for (relation, tuple) in &world.made.assumed {
        let cells: Vec<String> =
            tuple.iter().map(|value| Cell::of(*value, symbols).quoted()).collect();
        let name = &program.relations[*relation].name;
        line(&mut out, format_args!("{name}({}).", cells.join(", ")));
    }
    let taken = taken(session);
    if !taken.is_empty() {
        out.push_str("\n// What was taken away, which no rule file can say:\n");
        taken.iter().for_each(|text| line(&mut out, format_args!("// {text}")));
    }
    out
}

/// The statements as they were typed.
pub(super) fn statements(session: &Session) -> String {
    let mut out = format!("{MARK}; `.read` does it again.\n");
    for text in session.typed_statements() {
        if is_one_addition(text) {
            line(&mut out, format_args!("{text}"));
        } else {
            line(&mut out, format_args!(".paste\n{text}\n{PASTE_END}"));
        }
    }
    let layers = session.layers();
    layers.kept_by().iter().for_each(|text| line(&mut out, format_args!("{text}")));
    if !layers.kept_by().is_empty() {
        out.push_str(".keep\n");
    }
    layers.open().iter().for_each(|layer| line(&mut out, format_args!("{}", layer.statement)));
    out
}

/// The statements that changed the input, in order.
pub(super) fn changes(session: &Session) -> Vec<&str> {
    let layers = session.layers();
    let kept = layers.kept_by().iter().map(String::as_str);
    kept.chain(layers.open().iter().map(|layer| layer.statement.as_str())).collect()
}

fn line(out: &mut String, text: Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes all text");
}
