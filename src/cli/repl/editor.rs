//! The prompt at a terminal: line editing, history, completion, hints, colours. A statement that
//! the parser calls unfinished goes on at a prompt of its own.

use std::borrow::Cow;
use std::cell::RefCell;
use std::env::var;
use std::fs;
use std::path::{Path, PathBuf};

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::{ColorMode, CompletionType, Config, Context, Editor, Helper, Validator};

use crate::cli::exit::{Exit, INTERRUPTED};
use crate::cli::repl::complete::{Scene, candidates, hint};
use crate::cli::repl::highlight::coloured;
use crate::cli::repl::open::{Fed, Open, inside, shown};
use crate::cli::repl::shell::{Next, Shell};
use crate::cli::signals;
use crate::text::numbers::counted;

/// Entries of the history.
const HISTORY: usize = 10_000;
/// Before the lines of a statement that goes on.
const GOES_ON: &str = "   .. ";
/// More candidates than this are listed only after a question.
const LISTED: usize = 100;

#[derive(Helper, Validator)]
struct Help<'s> {
    /// Nothing else uses it while a line is read.
    shell: &'s RefCell<&'s mut Shell>,
    /// What was read of the statement before this line, with a line end.
    open: String,
}

impl Help<'_> {
    /// Does something with what there is to complete from.
    fn with<T>(&self, act: impl FnOnce(&Scene<'_>) -> T) -> Option<T> {
        let shell = self.shell.try_borrow().ok()?;
        let session = &shell.session;
        Some(act(&Scene {
            world: session.world(),
            records: session.base().records.as_deref(),
            base: session.base(),
            last: shell.last(),
        }))
    }
}

impl Completer for Help<'_> {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = format!("{}{}", self.open, &line[..cursor]);
        let found = self.with(|scene| candidates(scene, &before));
        let (start, found) = found.unwrap_or_default();
        Ok((start.saturating_sub(self.open.len()), found))
    }
}

impl Hinter for Help<'_> {
    type Hint = String;

    fn hint(&self, line: &str, cursor: usize, _: &Context<'_>) -> Option<String> {
        if cursor < line.len() {
            return None;
        }
        self.with(|scene| hint(scene, &format!("{}{line}", self.open))).flatten()
    }
}

impl Highlighter for Help<'_> {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let knows = |scene: &Scene<'_>, name: &str| scene.world.program.relation(name).is_some();
        let text = self.with(|scene| coloured(line, |name| knows(scene, name)));
        text.map_or(Cow::Borrowed(line), Cow::Owned)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\u{1b}[2m{hint}\u{1b}[0m"))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

type Prompt<'s> = Editor<Help<'s>, DefaultHistory>;

/// Reads and does statements until `.quit` or the end of input, or until a signal ends the process;
/// then its exit code comes back.
///
/// # Errors
/// If the terminal cannot be used.
pub fn run(shell: &mut Shell) -> Result<u8, Exit> {
    let coloured = shell.reporter.is_coloured();
    let config = Config::builder()
        .max_history_size(HISTORY)
        .and_then(|config| config.history_ignore_dups(true))
        .map_err(|error| failed(&error))?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .completion_prompt_limit(LISTED)
        .color_mode(if coloured { ColorMode::Enabled } else { ColorMode::Disabled })
        .build();
    let shared = RefCell::new(shell);
    let mut editor: Prompt<'_> = Editor::with_config(config).map_err(|error| failed(&error))?;
    editor.set_helper(Some(Help { shell: &shared, open: String::new() }));
    let history = history_file();
    if let Some(path) = &history {
        // No history yet is the usual case of a first start.
        editor.load_history(path).unwrap_or(());
        let known = editor.history().iter().cloned();
        shared.borrow_mut().history.extend(known);
    }
    let ended = converse(&mut editor, &shared)?;
    if let Some(path) = &history {
        save(&mut editor, path);
    }
    Ok(ended)
}

fn failed(error: &ReadlineError) -> Exit {
    Exit::System(format!("the terminal: {error}"))
}

fn converse<'s>(editor: &mut Prompt<'s>, shell: &RefCell<&'s mut Shell>) -> Result<u8, Exit> {
    let mut open = Open::default();
    let mut warned = false;
    loop {
        if !open.is_open() {
            let mut shell = shell.borrow_mut();
            if let Some(line) = shell.watch.changed() {
                shell.reporter.line(&line);
            }
        }
        let prompt = if open.is_open() { GOES_ON.to_owned() } else { prompt(&shell.borrow()) };
        if let Some(help) = editor.helper_mut() {
            help.open = open.text().to_owned();
            if open.is_open() {
                help.open.push('\n');
            }
        }
        let read = match signals::wait(|| editor.readline(&prompt)) {
            Ok(read) => read,
            Err(code) => return Ok(code),
        };
        let text = match read {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => {
                open.give_up();
                continue;
            }
            Err(ReadlineError::Eof) => {
                let shell = shell.borrow();
                let Some(unsaved) = shell.unsaved().filter(|_| !warned) else { return Ok(0) };
                warned = true;
                let text = format!("{unsaved} not saved: .save FILE, or Ctrl-D again to leave");
                shell.reporter.line(&text);
                continue;
            }
            Err(error) => return Err(failed(&error)),
        };
        if let Some(code) = done(editor, shell, (&mut open, &text))? {
            return Ok(code);
        }
        warned &= text.trim().is_empty();
    }
}

/// Does the statements of what was entered, until one leaves: then its exit code comes back. A text
/// that was pasted, or comes from the history, may hold several lines.
fn done<'s>(
    editor: &mut Prompt<'s>,
    shell: &RefCell<&'s mut Shell>,
    (open, text): (&mut Open, &str),
) -> Result<Option<u8>, Exit> {
    let mut lines = text.split('\n');
    while let Some(line) = lines.next() {
        let statement = match open.feed(line) {
            Fed::More => continue,
            Fed::Statement(text, _) => text,
            Fed::Command(command) => {
                let text = inside(&command, open.text());
                let help = "finish it, or give it up with Ctrl-C or a line `.`";
                shell.borrow().reporter.line(&format!("note: {text}: {help}"));
                continue;
            }
            Fed::GivenUp(text) => {
                shell.borrow().reporter.line(&format!("note: given up: {}", shown(&text)));
                continue;
            }
        };
        if statement.trim().is_empty() {
            continue;
        }
        // A line that cannot be kept is no reason to stop.
        editor.add_history_entry(statement.as_str()).unwrap_or(false);
        let mut shell = shell.borrow_mut();
        // Before an answer that is no longer true.
        if let Some(line) = shell.watch.changed() {
            shell.reporter.line(&line);
        }
        if !statement.starts_with(' ') {
            shell.history.push(statement.clone());
        }
        shell.entered += 1;
        let name = format!("prompt:{}", shell.entered);
        let file = shell.session.files_mut().add(name, statement);
        match shell.statement(file)? {
            Ok(Next::Quit(code)) => return Ok(Some(code.unwrap_or(0))),
            Err(INTERRUPTED) => {
                // Ctrl-C is meant for all that was pasted.
                let left = lines.filter(|line| !line.trim().is_empty()).count();
                if left > 0 {
                    let text = format!("note: {} not done", counted(left, "more line"));
                    shell.reporter.line(&text);
                }
                open.give_up();
                return Ok(None);
            }
            // A failed statement has said why; the prompt goes on.
            Ok(Next::Go) | Err(_) => {}
        }
    }
    Ok(None)
}

/// `hence> `, with the number of rules typed and of layers opened.
fn prompt(shell: &Shell) -> String {
    let typed = match shell.session.typed() {
        0 => String::new(),
        n => format!("+{n}"),
    };
    let layers = match shell.session.layers().open().len() {
        0 => String::new(),
        n => format!("[{n}]"),
    };
    format!("hence{typed}{layers}> ")
}

/// Keeps the history, readable by its owner alone.
fn save(editor: &mut Prompt<'_>, path: &Path) {
    let Some(folder) = path.parent() else { return };
    // Without a place for it there is no history, and nothing else is lost.
    if fs::create_dir_all(folder).is_err() || editor.save_history(path).is_err() {
        return;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap_or(());
    }
}

/// `$XDG_STATE_HOME/hence/history`, by default under `~/.local/state`.
fn history_file() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "only cli/ reads the environment")]
    let set = |name: &str| var(name).ok().filter(|value| !value.is_empty());
    let state = set("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".local").join("state")))?;
    Some(state.join("hence").join("history"))
}
