//! Rough handling: devices for files, bytes that are no text, hostile names, what a killed run has
//! left, bodies of thousands of literals.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{self, Command, Output, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = ".decl p(x: number, y: number)\np(1, 2).\n.output p\n";

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("p.dl"), PROGRAM).unwrap();
    folder
}

/// Runs hence in a folder with what is typed.
pub(crate) fn hence(at: &Path, args: &[&str], typed: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(args)
        .current_dir(at)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A prompt that has ended closes the pipe; its output tells.
    child.stdin.take().unwrap().write_all(typed).unwrap_or(());
    child.wait_with_output().unwrap()
}

fn texts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_line_that_is_no_text_is_refused_alone() {
    let folder = folder();
    let typed = b"p(x, _)\np(\xff, _)\np(_, y)\n";
    let (code, out, err) = texts(&hence(folder.path(), &["repl", "p.dl", "--no-bail"], typed));
    assert_eq!(code, Some(2));
    assert!(out.contains("1  1") && out.contains("1  2"), "{out}");
    assert!(err.contains("H0305") && err.contains("line 2 is not UTF-8"), "{err}");
    assert!(err.contains("stdin:2:3") && err.contains("byte 0xff here"), "{err}");
    let (code, out, _) = texts(&hence(folder.path(), &["repl", "p.dl"], typed));
    assert_eq!(code, Some(2));
    assert!(out.contains("1  1") && !out.contains("1  2"), "{out}");
    // What it goes on is given up with it.
    let typed = b"?- p(x, y),\n\xfe\np(1, 2).\n";
    let (_, out, err) = texts(&hence(folder.path(), &["repl", "p.dl", "--no-bail"], typed));
    assert!(err.contains("with the statement that it goes on"), "{err}");
    assert_eq!(out, "yes\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_without_end_is_not_read_for_ever() {
    let folder = folder();
    let goes_on = "it is no plain file and goes on after 16 MiB";
    let (code, _, err) = texts(&hence(folder.path(), &["repl", "p.dl"], b".read /dev/zero\n"));
    assert_eq!(code, Some(2));
    assert!(err.contains(goes_on), "{err}");
    let (code, _, err) = texts(&hence(folder.path(), &["run", "/dev/zero"], b""));
    assert_eq!(code, Some(2));
    assert!(err.contains(goes_on), "{err}");
    // One with an end is a file like others.
    assert_eq!(texts(&hence(folder.path(), &["check", "/dev/null"], b"")).0, Some(0));
}

#[test]
fn messages_do_not_move_the_cursor() {
    let folder = folder();
    let (code, _, err) = texts(&hence(folder.path(), &["run", "a\u{1b}[2J\u{202e}b.dl"], b""));
    assert_eq!(code, Some(2));
    assert!(!err.contains(['\u{1b}', '\u{202e}']), "{err:?}");
    let text = ".decl p(x: symbol)\n.output p\np(\"\u{9b}2J\u{202e}\", 1).\n";
    fs::write(folder.path().join("h.dl"), text).unwrap();
    let (code, _, err) = texts(&hence(folder.path(), &["run", "h.dl"], b""));
    assert_eq!(code, Some(2));
    assert!(!err.contains(['\u{9b}', '\u{202e}']) && err.contains("\u{a4}2J\u{fffd}"), "{err:?}");
    let question = "p(\u{9b}x)";
    let (_, _, err) = texts(&hence(folder.path(), &["query", "p.dl", question], b""));
    assert!(!err.contains('\u{9b}'), "{err:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_killed_run_has_left_is_removed() {
    let folder = folder();
    // No process has this number.
    let left = [".out.hence-tmp-4194999", "out/.hence-tmp-4194998"];
    let own = [format!(".out.hence-tmp-{}", process::id()), ".other.hence-tmp-4194999".into()];
    fs::create_dir(folder.path().join("out")).unwrap();
    for name in left.into_iter().chain(own.iter().map(String::as_str)) {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("p.csv"), "1\t2\n").unwrap();
    }
    let run = ["run", "p.dl", "-D", "out"];
    let (code, _, err) = texts(&hence(folder.path(), &run, b""));
    assert_eq!(code, Some(0), "{err}");
    for name in left {
        assert!(!folder.path().join(name).exists(), "{name}");
        assert!(err.contains("note: removed") && err.contains(name), "{err}");
    }
    for name in &own {
        assert!(folder.path().join(name).exists(), "{name}");
    }
    assert_eq!(texts(&hence(folder.path(), &run, b"")), (Some(0), String::new(), String::new()));
}

#[test]
fn long_bodies_are_searched() {
    let folder = folder();
    let question = format!("{}p(x, y)?\n", "p(x, y), ".repeat(20_000));
    let (code, out, err) = texts(&hence(folder.path(), &["repl", "p.dl"], question.as_bytes()));
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), " x  y\n 1  2\n", ""));
    let body: Vec<String> = (0..1000).map(|n| format!("q(x{n}, x{})", n + 1)).collect();
    let rule = format!(
        ".decl q(x: number, y: number)\nq(1, 1).\n.decl r(x: number)\n.output r\nr(x0) :- {}.\n",
        body.join(", ")
    );
    fs::write(folder.path().join("r.dl"), rule).unwrap();
    let (code, out, err) = texts(&hence(folder.path(), &["query", "r.dl", "r(x)"], b""));
    assert_eq!((code, out.as_str()), (Some(0), " x\n 1\n"));
    assert!(err.starts_with("warning[L0203]: variable `x1000` is used once"), "{err}");
}
