//! The prompt at a terminal: line editing, history, completion. A statement that the parser calls
//! unfinished goes on in the next line.

use std::env::var;
use std::fs;
use std::path::PathBuf;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper, Highlighter, Hinter};

use crate::cli::exit::Exit;
use crate::cli::repl::complete::Words;
use crate::cli::repl::piped::complete;
use crate::cli::repl::shell::{Next, Shell};
use crate::cli::signals;

/// Entries of the history.
const HISTORY: usize = 10_000;

#[derive(Helper, Highlighter, Hinter)]
struct Help {
    words: Words,
}

impl Completer for Help {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(self.words.candidates(line, cursor))
    }
}

impl Validator for Help {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // Whatever else is wrong is submitted and answered with a message.
        Ok(if complete(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

/// Reads and does statements until `.quit` or the end of input, or until a signal ends the process;
/// then its exit code comes back.
///
/// # Errors
/// If the terminal cannot be used.
pub fn run(shell: &mut Shell) -> Result<u8, Exit> {
    let failed = |error: ReadlineError| Exit::System(format!("the terminal: {error}"));
    let config = Config::builder()
        .max_history_size(HISTORY)
        .and_then(|config| config.history_ignore_dups(true))
        .map_err(failed)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .build();
    let mut editor: Editor<Help, DefaultHistory> = Editor::with_config(config).map_err(failed)?;
    let history = history_file();
    if let Some(path) = &history {
        // No history yet is the usual case of a first start.
        editor.load_history(path).unwrap_or(());
    }
    let (mut n, mut ended) = (0, 0);
    loop {
        let words = Words::of(&shell.session.world().program);
        editor.set_helper(Some(Help { words }));
        let typed = match shell.session.typed() {
            0 => String::new(),
            n => format!("+{n}"),
        };
        let layers = match shell.session.layers().open().len() {
            0 => String::new(),
            n => format!("[{n}]"),
        };
        let prompt = format!("hence{typed}{layers}> ");
        let read = match signals::wait(|| editor.readline(&prompt)) {
            Ok(read) => read,
            Err(code) => {
                ended = code;
                break;
            }
        };
        let text = match read {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(failed(error)),
        };
        if text.trim().is_empty() {
            continue;
        }
        // A line that cannot be kept is no reason to stop.
        editor.add_history_entry(text.as_str()).unwrap_or(false);
        n += 1;
        let file = shell.session.files_mut().add(format!("prompt:{n}"), text);
        // A failed statement has said why; the prompt goes on.
        if shell.statement(file)? == Ok(Next::Quit) {
            break;
        }
    }
    if let Some(path) = &history {
        save(&mut editor, path);
    }
    Ok(ended)
}

/// Keeps the history, readable by its owner alone.
fn save(editor: &mut Editor<Help, DefaultHistory>, path: &PathBuf) {
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
