//! The prompt at a terminal: a pseudo-terminal made by `script`, which every Linux has. Where it is
//! missing the tests are left out, except in CI.

use std::env::var;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Receiver<Vec<u8>>,
    seen: String,
    state: TempDir,
}

impl Terminal {
    /// `hence repl` with these arguments; nothing if there is no way to make a terminal.
    fn new(args: &str) -> Option<Self> {
        Self::after("", args)
    }

    /// The same after a command of the shell.
    fn after(first: &str, args: &str) -> Option<Self> {
        Self::again(TempDir::new().unwrap(), first, args)
    }

    /// The same with what an earlier session left.
    #[expect(clippy::disallowed_methods, reason = "CI must not leave tests out")]
    fn again(state: TempDir, first: &str, args: &str) -> Option<Self> {
        // Without `exec` a shell may stay in between, and Ctrl-C would end it as well.
        let hence = env!("CARGO_BIN_EXE_hence");
        let command = format!("tty > $XDG_STATE_HOME/tty; {first}exec {hence} repl {args}");
        let spawned = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repl"))
            .env("SHELL", "/bin/sh")
            .env("XDG_STATE_HOME", state.path())
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .env_remove("COLUMNS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                assert!(var("CI").is_err(), "no terminal in CI: {error}");
                eprintln!("left out, no `script` here: {error}");
                return None;
            }
        };
        let mut output = child.stdout.take().unwrap();
        let (send, screen) = channel();
        spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n) = output.read(&mut buffer) {
                if n == 0 || send.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = child.stdin.take().unwrap();
        Some(Self { child, keys, screen, seen: String::new(), state })
    }

    /// Waits until `text` is on the screen, and forgets all up to there.
    fn wait(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(text) {
                let before = self.seen[..at].to_owned();
                self.seen = self.seen[at + text.len()..].to_owned();
                return before;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("no {text:?} in {:?}", self.seen),
            }
        }
    }

    fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until no line is read any more: then the terminal is as it is for other programs, and
    /// Ctrl-C is a signal.
    #[expect(clippy::disallowed_methods, reason = "a test reads what was written")]
    fn wait_until_it_runs(&self) {
        let end = Instant::now() + PATIENCE;
        let tty = fs::read_to_string(self.state.path().join("tty")).unwrap();
        loop {
            let modes = Command::new("stty").args(["-a", "-F", tty.trim()]).output().unwrap();
            if String::from_utf8_lossy(&modes.stdout).split_whitespace().any(|one| one == "icanon")
            {
                return;
            }
            assert!(Instant::now() < end, "a line is still read");
        }
    }

    fn leave(mut self) -> TempDir {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            // What is typed before the prompt reads keys may be lost, and at the end nobody reads.
            self.keys.write_all(b"\x04").and_then(|()| self.keys.flush()).unwrap_or(());
            sleep(Duration::from_millis(300));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "the prompt does not end");
        };
        assert_eq!(status.code(), Some(0));
        self.state
    }
}

#[test]
fn completion_long_questions_and_history() {
    let Some(mut terminal) = Terminal::new("family.dl") else { return };
    terminal.wait("1 rule file");
    terminal.wait("hence> ");
    terminal.keys("anc\t\"ann\",\n");
    terminal.wait("   .. ");
    terminal.keys("y)\n");
    terminal.wait("bob");
    terminal.wait("3 answers");
    terminal.wait("hence> ");
    terminal.keys(".wh\t 2\n");
    terminal.wait("ancestor(\"ann\", \"cid\")");
    terminal.wait("hence> ");
    let state = terminal.leave();
    let history = state.path().join("hence/history");
    assert_eq!(fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);
    #[expect(clippy::disallowed_methods, reason = "a test reads what was written")]
    let text = fs::read_to_string(history).unwrap();
    assert!(text.contains("ancestor(\"ann\",\\ny)"), "{text}");
}

#[test]
fn ctrl_c_clears_the_line() {
    let Some(mut terminal) = Terminal::new("family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys("nonsense(((\u{3}");
    terminal.wait("hence> ");
    terminal.keys("parent(\"eve\", x)\n");
    terminal.wait("bob");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn ctrl_c_stops_an_evaluation_and_leaves_all_as_it_was() {
    let Some(mut terminal) = Terminal::new("family.dl --max-rounds 0") else { return };
    terminal.wait("hence> ");
    terminal.keys(".decl n(x: number)\n");
    terminal.wait("0 tuples");
    terminal.wait("hence+1> ");
    terminal.keys("n(x) :- x = 0; n(y), x = y + 1.\n");
    terminal.wait_until_it_runs();
    terminal.keys("\u{3}");
    terminal.wait("interrupted");
    terminal.wait("hence+1> ");
    terminal.keys("n(x)\n");
    terminal.wait("`n` has no tuple");
    terminal.wait("hence+1> ");
    terminal.keys("parent(\"eve\", x)\n");
    terminal.wait("bob");
    terminal.wait("hence+1> ");
    terminal.leave();
}

#[test]
fn ctrl_c_ends_all_that_was_pasted() {
    let Some(mut terminal) = Terminal::new("family.dl") else { return };
    terminal.wait("hence> ");
    let long = "x = range(0, 100000), y = range(0, 100000), x = y - 200000";
    terminal.keys(&format!("\u{1b}[200~{long}\nparent(x, y)\nage(x, y)\u{1b}[201~\n"));
    terminal.wait_until_it_runs();
    terminal.keys("\u{3}");
    terminal.wait("interrupted");
    terminal.wait("2 more lines not done");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn of_a_long_answer_the_first_rows_are_shown() {
    let Some(mut terminal) = Terminal::after("export HENCE_PAGER=; ", "family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys("x = range(0, 100000)\n");
    let shown = terminal.wait("… 99,960 more");
    assert!(shown.contains("\n 39"), "{shown}");
    terminal.wait("100,000 answers");
    terminal.wait("hence> ");
    terminal.keys(".rows 3\n");
    terminal.wait("hence> ");
    terminal.keys("x = range(0, 100000)\n");
    terminal.wait("… 99,997 more");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn an_answer_taller_than_the_terminal_is_paged() {
    let first = "stty rows 10 cols 80; export HENCE_PAGER='sed s/^/paged:/'; ";
    let Some(mut terminal) = Terminal::after(first, "family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys("parent(x, y)\n");
    let short = terminal.wait("4 answers");
    assert!(!short.contains("paged:"), "{short}");
    terminal.wait("hence> ");
    terminal.keys("x = range(0, 30)\n");
    terminal.wait("paged: 29");
    terminal.wait("30 answers");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn what_is_pasted_is_done_once_each() {
    let Some(mut terminal) = Terminal::new("family.dl") else { return };
    terminal.wait("hence> ");
    let lines: Vec<String> = (0..200).map(|n| format!("parent(\"p{n}\", x)")).collect();
    let text = lines.join("\n");
    terminal.keys(&format!("\u{1b}[200~{text}\u{1b}[201~\n"));
    let mut shown = terminal.wait("child = \"p199\"");
    shown.push_str(&terminal.wait("hence> "));
    for n in 0..199 {
        assert_eq!(shown.matches(&format!("child = \"p{n}\"")).count(), 1, "{n}: {shown}");
    }
    // What was pasted is shown once or twice, not anew with every line.
    assert!(shown.matches("parent(\"p100\", x)").count() <= 3, "{shown}");
    terminal.keys("parent(\"eve\", x)\n");
    terminal.wait("bob");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn tab_gives_commands_files_and_sources() {
    let Some(mut terminal) = Terminal::new("told.dl -F told") else { return };
    terminal.wait("hence> ");
    terminal.keys(".whyn\t");
    terminal.wait(".whynot ");
    terminal.keys("\u{3}");
    terminal.wait("hence> ");
    terminal.keys(".load fam\t");
    terminal.wait("family.dl");
    terminal.keys("\u{3}");
    terminal.wait("hence> ");
    terminal.keys(".without \t");
    terminal.wait("(source)");
    terminal.wait("(claim)");
    terminal.keys("\u{3}");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn ctrl_d_asks_about_what_is_not_saved() {
    let Some(mut terminal) = Terminal::new("family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys(".assume parent(\"fay\", \"ann\")\n");
    terminal.wait("hence[1]> ");
    terminal.keys("\u{4}");
    terminal.wait("1 change not saved: .save FILE, or Ctrl-D again to leave");
    terminal.wait("hence[1]> ");
    // Something else was done: the question is asked again.
    terminal.keys("parent(\"fay\", x)\n");
    terminal.wait("ann");
    terminal.wait("hence[1]> ");
    terminal.keys("\u{4}");
    terminal.wait("1 change not saved");
    terminal.wait("hence[1]> ");
    terminal.leave();
}

#[test]
fn a_second_session_knows_what_was_typed_in_the_first() {
    let Some(mut terminal) = Terminal::new("family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys("age(\"bob\",\n");
    terminal.wait("   .. ");
    terminal.keys("n)\n");
    terminal.wait("1 answer");
    terminal.wait("hence> ");
    let state = terminal.leave();
    let Some(mut terminal) = Terminal::again(state, "", "family.dl") else { return };
    terminal.wait("hence> ");
    // The line before: Ctrl-P.
    terminal.keys("\u{10}");
    terminal.wait("n)");
    terminal.keys("\n");
    terminal.wait("1 answer");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn answers_follow_the_width_of_the_terminal() {
    let Some(mut terminal) = Terminal::after("stty cols 90 rows 24; ", "family.dl") else { return };
    terminal.wait("hence> ");
    let question = format!("x = \"{}\"\n", "a".repeat(70));
    terminal.keys(&question);
    let shown = terminal.wait("1 answer");
    assert!(!shown.contains('…'), "{shown}");
    terminal.wait("hence> ");
    terminal.keys(".shell stty cols 50\n");
    terminal.wait("hence> ");
    terminal.keys(&question);
    terminal.wait("aaa…");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn a_file_that_changes_is_told_before_the_next_answer() {
    let state = TempDir::new().unwrap();
    let program = state.path().join("p.dl");
    fs::write(&program, ".decl p(x: number)\np(1).\n").unwrap();
    let args = program.display().to_string();
    let Some(mut terminal) = Terminal::again(state, "", &args) else { return };
    terminal.wait("hence> ");
    fs::write(&program, ".decl p(x: number)\np(1). p(2).\n").unwrap();
    terminal.keys("p(x)\n");
    terminal.wait("changed: .reload");
    terminal.wait("1 answer");
    terminal.wait("hence> ");
    terminal.keys(".reload\n");
    terminal.wait("hence> ");
    terminal.keys("p(x)\n");
    terminal.wait("2 answers");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn answers_are_as_wide_as_the_terminal() {
    let question = format!("x = \"{}\"\n", "a".repeat(70));
    let Some(mut terminal) = Terminal::after("stty cols 60 rows 24; ", "family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys(&question);
    terminal.wait("aaa…");
    terminal.wait("1 answer");
    terminal.wait("hence> ");
    terminal.leave();
    let Some(mut terminal) = Terminal::after("stty cols 90 rows 24; ", "family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys(&question);
    let shown = terminal.wait("1 answer");
    assert!(!shown.contains('…'), "{shown}");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn a_statement_over_several_lines() {
    let Some(mut terminal) = Terminal::new("family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys("ancestor(\"ann\",\n");
    terminal.wait("   .. ");
    terminal.keys(".rels\n");
    terminal.wait("`.rels` is a command, and the statement `ancestor(\"ann\",` is not finished");
    terminal.wait("   .. ");
    terminal.keys("y)\n");
    terminal.wait("dora");
    terminal.wait("hence> ");
    terminal.keys("parent(x,\n");
    terminal.wait("   .. ");
    terminal.keys(".\n");
    terminal.wait("given up: `parent(x,`");
    terminal.wait("hence> ");
    terminal.keys("parent(x,\n");
    terminal.wait("   .. ");
    terminal.keys("\u{3}");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn tab_gives_columns_and_constants() {
    let Some(mut terminal) = Terminal::new("family.dl") else { return };
    terminal.wait("hence> ");
    terminal.keys("parent(\t");
    terminal.wait("child: symbol");
    terminal.wait("parent: symbol");
    terminal.wait("hence> parent(");
    terminal.keys("x, \"d\t)\n");
    terminal.wait("cid");
    terminal.wait("1 answer");
    terminal.wait("hence> ");
    terminal.leave();
}

#[test]
fn the_first_line_fits_the_terminal() {
    let Some(mut terminal) = Terminal::after("stty cols 50 rows 24; ", "family.dl") else { return };
    let banner = terminal.wait("hence> ");
    assert!(banner.lines().count() > 1, "{banner}");
    assert!(banner.lines().all(|line| line.chars().count() <= 50), "{banner}");
    assert!(banner.contains(".help"), "{banner}");
    terminal.leave();
}
