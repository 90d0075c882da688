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
const PATIENCE: Duration = Duration::from_secs(20);

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
    #[expect(clippy::disallowed_methods, reason = "CI must not leave tests out")]
    fn after(first: &str, args: &str) -> Option<Self> {
        let state = TempDir::new().unwrap();
        // Without `exec` a shell may stay in between, and Ctrl-C would end it as well.
        let command = format!("{first}exec {} repl {args}", env!("CARGO_BIN_EXE_hence"));
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
    sleep(Duration::from_millis(700));
    let pressed = Instant::now();
    terminal.keys("\u{3}");
    terminal.wait("interrupted");
    assert!(pressed.elapsed() < Duration::from_secs(5));
    terminal.wait("hence+1> ");
    terminal.keys("parent(\"eve\", x)\n");
    terminal.wait("bob");
    terminal.wait("hence+1> ");
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
