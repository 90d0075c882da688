//! The command line: streams, exit codes, files in and out.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const REACH: &str = "// Reachability.
.decl edge(x: number, y: number)
.input edge
.decl path(x: number, y: number)
path(x, y) :- edge(x, y).
path(x, z) :- path(x, y), edge(y, z).
.output path
.printsize path
";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, text.as_bytes());
    }
    folder
}

#[expect(clippy::disallowed_methods, reason = "a test writes its files")]
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test reads what was written")]
fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn hence(folder: &TempDir, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(args)
        .current_dir(folder.path())
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap()
}

/// Runs and compares exit code and standard output; what went to standard error comes back.
fn check(folder: &TempDir, args: &[&str], exit: i32, stdout: &str) -> String {
    let output = hence(folder, args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(exit), "{args:?}: {stderr}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), stdout, "{args:?}: {stderr}");
    stderr
}

fn has(text: &str, part: &str) {
    assert!(text.contains(part), "no {part:?} in:\n{text}");
}

#[test]
fn run_reads_derives_and_writes() {
    let at = folder(&[("reach.dl", REACH), ("in/edge.facts", "2\t3\n10\t2\n1\t2\n")]);
    let quiet =
        check(&at, &["run", "reach.dl", "-F", "in", "-D", "out", "-j", "2"], 0, "path\t5\n");
    assert_eq!(quiet, "");
    assert_eq!(read(&at.path().join("out/path.csv")), "1\t2\n1\t3\n2\t3\n10\t2\n10\t3\n");
    has(&read(&at.path().join("out/hence-run.json")), "\"schema\": \"hence.run/1\"");
    let names = fs::read_dir(at.path().join("out")).unwrap().count();
    assert_eq!(names, 2, "nothing is left beside the outputs");
    let said = check(&at, &["run", "reach.dl", "-F", "in", "-D", "out", "-v"], 0, "path\t5\n");
    has(&said, "1 fact file · 3 input rows · 5 rows in 1 output");
}

#[test]
fn the_word_run_may_be_left_out() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n")]);
    let framed = "---------------\npath\n===============\n1\t2\n===============\npath\t1\n";
    check(&at, &["reach.dl", "-D", "-"], 0, framed);
    check(&at, &["-D-", "./reach.dl"], 0, framed);
}

#[test]
fn both_engines_give_the_same_bytes() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n2\t3\n3\t1\n-5\t1\n")]);
    let run = |engine| hence(&at, &["run", "reach.dl", "-D", "-", "--engine", engine]).stdout;
    assert_eq!(run("naive"), run("native"));
}

#[test]
fn bad_rows() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n2\tx3\n3\n4\t5\t6\n7\t8\n")]);
    let said = check(&at, &["run", "reach.dl", "-D", "out"], 2, "");
    has(&said, "error[H0301]: expected number, found `x3`");
    has(&said, "edge.facts:2:3");
    has(&said, "column 2 `y: number` of `edge`");
    has(&said, "3 of 5 rows of this file are bad: lines 2, 3, 4");
    assert!(!at.path().join("out").exists(), "a failed run writes nothing");
    let said = check(&at, &["run", "reach.dl", "-D", "out", "--bad-rows", "skip"], 0, "path\t2\n");
    has(&said, "warning[H0301]");
    has(&said, "these rows were left out");
}

#[test]
fn numbers_out_of_range_and_bytes_that_are_no_text() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "9000000000000000000000\t1\n")]);
    let said = check(&at, &["reach.dl"], 2, "");
    has(&said, "error[H0304]: 9000000000000000000000 does not fit `number`");
    has(&said, "-9223372036854775808..9223372036854775807");
    write(&at.path().join("edge.facts"), b"1\t2\n3\t\xff\n");
    has(
        &check(&at, &["reach.dl"], 2, ""),
        "error[H0305]: edge.facts is not UTF-8: byte 6, in line 2",
    );
}

#[test]
fn missing_files() {
    let at = folder(&[("reach.dl", REACH), ("in/edgs.facts", "1\t2\n")]);
    let said = check(&at, &["reach.dl", "-F", "in", "-F", "."], 2, "");
    has(&said, "error[H0302]: no facts file for input relation `edge`");
    has(&said, "looked for in/edge.facts, edge.facts");
    has(&said, "nearest name: edgs.facts");
    check(&at, &["reach.dl", "-F", "in", "--allow-missing"], 0, "path\t0\n");
    has(&check(&at, &["gone.dl"], 2, ""), "gone.dl cannot be read");
}

#[test]
fn folders_that_are_named_exist_and_fill_something() {
    let files = [("reach.dl", REACH), ("in/edge.facts", "1\t2\n"), ("notes/a.txt", "")];
    let at = folder(&files);
    let said = check(&at, &["reach.dl", "-F", "in", "-F", "nots"], 2, "");
    has(&said, "error[H0306]: the folder nots named with -F does not exist");
    has(&said, "did you mean notes?");
    let allowed = ["reach.dl", "-F", "in", "-F", "nots", "--allow-missing", "-D", "out"];
    has(&check(&at, &allowed, 0, "path\t1\n"), "warning[H0306]: the folder nots");
    let said = check(&at, &["reach.dl", "-F", "in", "-F", "notes", "-D", "out"], 0, "path\t1\n");
    has(&said, "warning[L0302]: nothing in notes is read");
    has(&said, "looked for edge.facts and claims.jsonl");
}

#[test]
fn a_claims_file_that_nobody_named_is_one_error() {
    let rules = ".include \"claims.dl\"\n.decl own(x: number)\n.input own\n.output own\n";
    let files = [("r.dl", rules), ("facts/bridge/claims.jsonl", ""), ("facts/my.jsonl", "")];
    let at = folder(&files);
    let said = check(&at, &["query", "r.dl", "own(x)"], 2, "");
    has(&said, "error[H0302]: there is no claims.jsonl in the current folder");
    has(&said, "facts/bridge has claims: name it with -F facts/bridge");
    has(&said, "error[H0302]: no facts file for input relation `own`");
    assert_eq!(said.matches("error[").count(), 2, "{said}");
    let said = check(&at, &["query", "r.dl", "-F", "facts", "own(x)"], 2, "");
    has(&said, "there is no claims.jsonl in facts");
    has(&said, "facts/my.jsonl has claims: name it with -F facts/my.jsonl");
}

#[test]
fn rows_of_several_folders_are_united() {
    let files = [("reach.dl", REACH), ("a/edge.facts", "1\t2\n"), ("b/edge.facts", "2\t3\n1\t2\n")];
    check(&folder(&files), &["reach.dl", "-F", "a", "-F", "b"], 0, "path\t3\n");
}

#[test]
fn names_of_files() {
    let program = ".decl e(x: symbol)\n.input e(filename=\"some.tsv\")\n.decl f(x: symbol)\n\
                   .input f(name=\"ef\")\n.output e(name=\"out\"), f(filename=\"sub/f.txt\")\n";
    let at = folder(&[("p.dl", program), ("some.tsv", "b\na\n"), ("ef.facts", "c\n")]);
    check(&at, &["p.dl", "-D", "d"], 0, "");
    assert_eq!(read(&at.path().join("d/out.csv")), "a\nb\n");
}

#[test]
fn limits_and_evaluation_errors() {
    let endless = ".decl n(x: number)\nn(0).\nn(x + 1) :- n(x).\n.printsize n\n";
    let zero = ".decl n(x: number)\nn(0).\n.decl m(x: number)\nm(1 / x) :- n(x).\n.printsize m\n";
    let at = folder(&[("endless.dl", endless), ("zero.dl", zero)]);
    let said = check(&at, &["endless.dl", "--max-rounds", "50", "-q"], 4, "");
    has(&said, "error[H0503]: stopped: `n` still grows after 50 rounds");
    let said = check(&at, &["endless.dl", "--max-rounds", "1", "-q"], 4, "");
    has(&said, "`n` still grows after 1 round\n");
    has(&said, "raise the limit, or bound it by a condition");
    let said = check(&at, &["endless.dl", "--max-rounds", "0", "--timeout", "200ms", "-q"], 4, "");
    has(&said, "error[H0601]");
    has(&check(&at, &["zero.dl"], 3, ""), "error[H0501]: division by zero");
}

#[test]
fn times() {
    let at = folder(&[("p.dl", ".decl n(x: number)\nn(0).\n.printsize n\n")]);
    for time in ["1e300", "1e15s", "2m"] {
        check(&at, &["p.dl", "--timeout", time], 0, "n\t1\n");
    }
    for time in ["0", "0ms", "-1"] {
        let time = format!("--timeout={time}");
        has(&check(&at, &["p.dl", &time], 2, ""), "a time above 0; without --timeout");
    }
    has(&check(&at, &["p.dl", "--timeout", "abc"], 2, ""), "a time like 30s, 5m or 500ms");
}

#[test]
fn paths_of_another_kind() {
    let at = folder(&[
        ("reach.dl", REACH),
        ("folder/edge.facts/x", ""),
        ("edge.txt", "1\t2\n"),
        ("in/edge.facts", "1\t2\n"),
        ("file", "kept"),
        ("sub.dl", ".include \"folder\"\n"),
        ("none.dl", ".include \"\"\n"),
        ("empty/x.txt", ""),
    ]);
    let said = check(&at, &["reach.dl", "-F", "folder"], 2, "");
    has(&said, "folder/edge.facts is a folder, no file of rows");
    let said = check(&at, &["reach.dl", "-F", "edge.txt"], 2, "");
    has(&said, "error[H0306]: edge.txt is neither a folder nor a claims file");
    has(&check(&at, &["reach.dl", "-F", "in", "-D", "file"], 2, ""), "file is a file; -D takes");
    assert_eq!(read(&at.path().join("file")), "kept");
    has(&check(&at, &["sub.dl"], 2, ""), "folder is a folder");
    has(&check(&at, &["none.dl"], 2, ""), "error[H0005]: `.include` names no file");
    let empty = folder(&[("x.txt", "")]);
    has(&check(&empty, &["check", "."], 2, ""), "error[H0306]: . has no rule file");
}

#[test]
fn files_of_another_encoding() {
    let utf16 = |text: &str| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let at = folder(&[("reach.dl", REACH), ("rules.dl", ""), ("in/d.txt", "X met Y.\n")]);
    write(&at.path().join("in/edge.facts"), &utf16("1\t2\n3\t4\n"));
    write(&at.path().join("in/claims.jsonl"), &utf16(CLAIMS));
    write(&at.path().join("rules.dl"), &utf16(REACH));
    let said = check(&at, &["reach.dl", "-F", "in"], 2, "");
    has(&said, "error[H0305]: in/edge.facts is UTF-16, not UTF-8");
    has(&said, "error[H0305]: in/claims.jsonl is UTF-16, not UTF-8");
    assert_eq!(said.matches("error[").count(), 2, "{said}");
    has(&check(&at, &["rules.dl"], 2, ""), "rules.dl cannot be read: it is UTF-16, not UTF-8");
}

#[test]
#[cfg(target_os = "linux")]
fn help_that_cannot_be_printed() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_hence")).arg("--help").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    has(&String::from_utf8(output.stderr).unwrap(), "standard output cannot be written");
}

#[test]
fn texts_with_tabs_are_counted() {
    let program = ".decl t(x: symbol)\nt(\"a\\tb\").\nt(\"c\").\n.output t\n";
    let at = folder(&[("p.dl", program)]);
    let said = check(&at, &["p.dl", "-D", "."], 0, "");
    has(&said, "warning[L0301]: 1 cell of `t` holds a tab or a line end");
    assert_eq!(read(&at.path().join("t.csv")), "a\\tb\nc\n");
}

#[test]
fn query() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n2\t3\n")]);
    check(&at, &["query", "reach.dl", "path(1, x)"], 0, " x\n 2\n 3\n");
    check(&at, &["query", "reach.dl", "path(1, x)", "--format", "csv"], 0, "x\n2\n3\n");
    check(&at, &["query", "reach.dl", "path(1, 3)"], 0, "yes\n");
    let said = check(&at, &["query", "reach.dl", "path(9, x)"], 0, "");
    has(&said, "none of the 3 tuples of `path` has x = 9");
    check(&at, &["query", "-e", "reach.dl", "path(9, 9)"], 1, "no\n");
    has(&check(&at, &["query", "reach.dl", "pth(9, x)"], 2, ""), "unknown relation `pth`");
    let json = "{\"schema\":\"hence.rows/1\",\"columns\":[{\"name\":\"x\",\"type\":\"number\"}],\
                \"rows\":[[3]],\"count\":1,\"truncated\":false}\n";
    check(&at, &["query", "reach.dl", "path(2, x)", "--format", "json"], 0, json);
}

#[test]
fn usage() {
    let at = folder(&[("reach.dl", REACH)]);
    has(&check(&at, &["nope"], 2, ""), "unrecognized subcommand");
    has(&check(&at, &["run", "reach.dl", "--nope"], 2, ""), "unexpected argument");
    check(&at, &["--version"], 0, &format!("hence {}\n", env!("CARGO_PKG_VERSION")));
    let help = hence(&at, &["--help"]);
    has(&String::from_utf8(help.stdout).unwrap(), "Exit codes: 0 done");
    assert_eq!(help.status.code(), Some(0));
    has(&check(&at, &["explain", "H9999"], 2, ""), "no message has the code");
    let about = hence(&at, &["explain", "h0301"]);
    has(&String::from_utf8(about.stdout).unwrap(), "a bad row in a facts file");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let rows: String = (0..200_000).map(|i| format!("{i}\t{i}\n")).collect();
    let at = folder(&[
        ("reach.dl", &REACH.replace("path(x, z) :- path(x, y), edge(y, z).", "")),
        ("edge.facts", &rows),
    ]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(["reach.dl", "-D", "-"])
        .current_dir(at.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn messages_as_lines_and_as_json() {
    let at = folder(&[("p.dl", ".decl a(x: number)\na(x) :- b(x).\n")]);
    let said = check(&at, &["p.dl", "--message-format", "concise"], 2, "");
    has(&said, "p.dl:2:9: error[H0101]: unknown relation `b`");
    let said = check(&at, &["p.dl", "--message-format", "json"], 2, "");
    let first = said.lines().find(|line| line.contains("H0101")).unwrap();
    let object: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(object["schema"], "hence.message/1");
    assert_eq!(object["labels"][0]["line"], 2);
}

#[test]
fn errors_are_counted_over_a_whole_command() {
    let bad: String = (0..15).map(|n| format!("a(x) :- b{n}(x).\n")).collect();
    let program = format!(".decl a(x: number)\n.output a\n{bad}");
    let at = folder(&[("one.dl", &program), ("two.dl", &program)]);
    let count = |said: &str| said.matches("error[H0101]").count();
    let said = check(&at, &["check", "one.dl", "--message-format", "concise"], 1, SUMMARY_15);
    assert_eq!(count(&said), 15);
    let args = ["check", "one.dl", "two.dl", "--message-format", "concise"];
    let said = check(&at, &args, 1, &SUMMARY_15.replace("1 rule file: 15", "2 rule files: 30"));
    assert_eq!(count(&said), 20);
    has(&said, "\n10 more errors; mend these first\n");
    // In JSON every line is an object.
    let said = hence(&at, &["check", "one.dl", "two.dl", "--message-format", "json"]).stderr;
    let said = String::from_utf8(said).unwrap();
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.last().unwrap();
    assert_eq!(last["schema"], "hence.note/1");
    assert_eq!(last["message"], "10 more errors; mend these first");
    assert_eq!(lines.len(), 21);
    assert!(lines[..20].iter().all(|line| line["schema"] == "hence.message/1"));
}

const SUMMARY_15: &str = "checked 1 rule file: 15 errors, 0 warnings\n";

#[test]
fn includes() {
    let files = [
        ("main.dl", ".include \"sub/a.dl\"\n.include \"b.dl\"\n.printsize x\nx(1) :- y(1).\n"),
        ("sub/a.dl", ".decl x(n: number)\n.include \"c.dl\"\n"),
        ("sub/c.dl", ".decl z(n: number)\nz(1).\n"),
        ("inc/b.dl", ".decl y(n: number)\n.include \"../sub/c.dl\"\ny(n) :- z(n).\n"),
        ("round.dl", ".include \"circle.dl\"\n"),
        ("circle.dl", ".include \"round.dl\"\n"),
    ];
    let at = folder(&files);
    check(&at, &["main.dl", "-I", "inc"], 0, "x\t1\n");
    let said = check(&at, &["main.dl"], 2, "");
    has(&said, "error[H0005]: no file `b.dl` to include");
    has(&said, "looked for b.dl, lib:b.dl");
    has(&check(&at, &["round.dl"], 2, ""), "round.dl -> circle.dl -> round.dl");
}

/// A mask of signals of a process, as Linux tells it; nothing elsewhere.
fn signals(process: &str, mask: &str) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test reads what the system tells")]
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let found = status.lines().find_map(|line| line.strip_prefix(mask)?.strip_prefix(':'));
    found.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap())
}

/// Whether the tests themselves are run with SIGHUP ignored, as `nohup` does: hence keeps to it.
fn hangups_are_ignored() -> bool {
    signals("self", "SigIgn") & 1 == 1
}

/// Starts `hence`, sends it a signal when it has begun, and gives what it ended with.
fn signalled(at: &TempDir, args: &[&str], typed: &str, signal: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(args)
        .current_dir(at.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It stays open: the end of input is no signal.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(typed.as_bytes()).unwrap();
    let id = child.id().to_string();
    let start = Instant::now();
    let tells = Path::new("/proc/self/status").exists();
    let patience = Duration::from_secs(20);
    while tells && signals(&id, "SigCgt") >> 14 & 1 == 0 && start.elapsed() < patience {
        sleep(Duration::from_millis(10));
    }
    sleep(Duration::from_millis(400));
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    let start = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "stops soon");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn signals_stop_a_run() {
    let endless = ".decl n(x: number)\nn(0).\nn(x + 1) :- n(x).\n.output n\n";
    let at = folder(&[("endless.dl", endless)]);
    let args = ["endless.dl", "--max-rounds", "0", "-q", "-D", "out"];
    for (signal, exit) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        if signal == "-HUP" && hangups_are_ignored() {
            continue;
        }
        let (code, said) = signalled(&at, &args, "", signal);
        assert_eq!(code, Some(exit), "{signal}: {said}");
        has(&said, "error[H0602]: interrupted");
        assert!(!at.path().join("out").exists());
    }
}

#[test]
fn signals_end_a_prompt_that_waits_or_works() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n")]);
    let endless = ".decl n(x: number)\nn(x) :- x = 0; n(y), x = y + 1.\n";
    for (signal, exit) in [("-TERM", 143), ("-HUP", 129)] {
        if signal == "-HUP" && hangups_are_ignored() {
            continue;
        }
        let args = ["repl", "reach.dl", "--no-bail", "--max-rounds", "0"];
        let (code, said) = signalled(&at, &args, "path(1, x)\n", signal);
        assert_eq!((code, said.as_str()), (Some(exit), ""), "{signal}");
        let (code, said) = signalled(&at, &args, endless, signal);
        assert_eq!(code, Some(exit), "{signal}: {said}");
        has(&said, "error[H0602]: interrupted");
    }
    // Ctrl-C stops what the prompt does, and not the prompt, unless that is how it ends.
    let (code, said) = signalled(&at, &["repl", "reach.dl", "--max-rounds", "0"], endless, "-INT");
    assert_eq!(code, Some(130), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_is_ignored_from_outside_stays_ignored() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n")]);
    let command =
        format!("trap '' HUP; exec {} repl reach.dl --format jsonl", env!("CARGO_BIN_EXE_hence"));
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .current_dir(at.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    sleep(Duration::from_millis(400));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    stdin.write_all(b"path(1, x)\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\"x\":2}\n");
    assert_eq!(output.status.code(), Some(0));
}

const CLAIMS: &str = r#"{"type": "hence", "format": "claims", "version": 1}
{"type": "document", "id": "d", "title": "t", "path": "d.txt", "publisher": "p"}
{"type": "source", "id": "p", "label": "The Paper", "kind": "media"}
{"type": "entity", "id": "x", "label": "X", "class": "state"}
{"type": "entity", "id": "y", "label": "Y", "class": "state"}
{"type": "claim", "id": "c1", "doc": "d", "span": [0, 7], "quote": "X met Y", "chain": [{"who": "p", "act": "reported"}], "subject": "x", "predicate": "met", "object": "y", "modality": "stated", "polarity": "affirmed"}
"#;

const MET: &str = "// Who met whom.
.decl claim(c: symbol, doc: symbol, s: symbol, p: symbol, o: symbol)
.input claim
.decl met(a: symbol, b: symbol)
met(a, b) :- claim(_, _, a, \"met\", b).
.output met
.printsize met
";

#[test]
fn claims_fill_their_relations() {
    let at = folder(&[("met.dl", MET), ("in/claims.jsonl", CLAIMS), ("in/d.txt", "X met Y.\n")]);
    let said = check(&at, &["met.dl", "-F", "in", "-D", "out", "-v"], 0, "met\t1\n");
    has(&said, "6 records (1 claim)");
    check(&at, &["met.dl", "-F", "in/claims.jsonl", "-q"], 0, "met\t1\n");
    let proof = hence(&at, &["why", "met.dl", "-F", "in", "met(\"x\", b)"]);
    let proof = String::from_utf8(proof.stdout).unwrap();
    has(&proof, "c1, The Paper");
    has(&proof, "“X met Y”");
    let json = hence(&at, &["why", "met.dl", "-F", "in", "met(\"x\", b)", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["schema"], "hence.proof/1");
    let said = check(&at, &["why", "met.dl", "-F", "in", "met(\"y\", b)"], 1, "");
    has(&said, "error[H0502]: met(\"y\", b) does not hold");
}

#[test]
fn broken_claims_and_the_ways_on() {
    let strange = CLAIMS.replace("\"object\": \"y\"", "\"object\": \"z\"");
    let at = folder(&[("met.dl", MET), ("claims.jsonl", &strange), ("d.txt", "X met Y.\n")]);
    has(&check(&at, &["met.dl"], 2, ""), "error[H0416]");
    has(&check(&at, &["met.dl", "--lenient"], 0, "met\t1\n"), "warning[L0409]");
    let at = folder(&[("met.dl", MET), ("claims.jsonl", CLAIMS)]);
    has(&check(&at, &["met.dl"], 2, ""), "error[H0420]");
    check(&at, &["met.dl", "--ungrounded", "keep", "-q"], 0, "met\t1\n");
    let outside = CLAIMS.replace("d.txt", "../d.txt");
    let files = [("met.dl", MET), ("in/claims.jsonl", outside.as_str()), ("d.txt", "X met Y.\n")];
    let at = folder(&files);
    has(&check(&at, &["met.dl", "-F", "in"], 2, ""), "error[H0421]");
    check(&at, &["met.dl", "-F", "in", "--allow-outside", "-q"], 0, "met\t1\n");
}

#[test]
fn checking() {
    let part = ".decl a(x: number)\n.decl b(x: number)\nb(x) :- a(x).\n";
    let whole = ".include \"part.dl\"\na(1).\n.output b\n";
    let files = [
        ("rules/part.dl", part),
        ("rules/whole.dl", whole),
        ("rules/claims.jsonl", CLAIMS),
        ("rules/d.txt", "X met Y.\n"),
        ("bad.dl", "// No such relation.\n.decl a(x: number)\na(x) :- b(x).\n.output a\n"),
        ("none/x.txt", ""),
    ];
    let at = folder(&files);
    let good = "checked 2 rule files, 1 claims file (6 records, 1 claim): 0 errors, 0 warnings\n";
    check(&at, &["check", "rules"], 0, good);
    let said = check(&at, &["check", "bad.dl"], 1, "checked 1 rule file: 1 error, 0 warnings\n");
    has(&said, "error[H0101]");
    has(&check(&at, &["check", "none"], 2, ""), "none has no rule file (*.dl) and no claims.jsonl");
    has(&check(&at, &["check", "gone"], 2, ""), "gone does not exist");
    for path in ["rules/claims.jsonl", "rules"] {
        let said = check(&at, &["check", path, "-F", "rules", "--timeout", "0.00001ms"], 4, "");
        has(&said, "error[H0601]: stopped after");
    }
}

#[test]
fn plans_schemas_and_the_library() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n")]);
    let out = |args: &[&str]| String::from_utf8(hence(&at, args).stdout).unwrap();
    has(&out(&["plan", "reach.dl"]), "stratum path, recursive");
    has(&out(&["schema", "claims"]), "json-schema.org");
    has(&out(&["rules"]), "totals.dl");
    assert!(!out(&["rules"]).contains("deployment.dl"), "the demo is no part of the library");
    has(&out(&["rules", "lib"]), "lib/totals.dl\n");
    assert!(at.path().join("lib/totals.dl").exists());
    write(&at.path().join("p.dl"), b".include \"modality.dl\"\n.printsize modality_rank\n");
    has(&out(&["p.dl", "--allow-missing"]), "modality_rank\t");
}

#[test]
fn colours_are_for_those_who_want_them() {
    let at = folder(&[("p.dl", ".decl a(x: number)\na(x) :- b(x).\n")]);
    assert!(!check(&at, &["p.dl"], 2, "").contains('\u{1b}'));
    assert!(check(&at, &["p.dl", "--color", "always"], 2, "").contains('\u{1b}'));
}

#[test]
fn a_prompt_in_a_pipe_ends_with_its_first_failure() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n")]);
    let typed = |text: &str, flags: &[&str]| {
        write(&at.path().join("typed"), text.as_bytes());
        #[expect(clippy::disallowed_methods, reason = "a test gives its input")]
        let stdin = fs::File::open(at.path().join("typed")).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_hence"))
            .args(["repl", "reach.dl", "--format", "jsonl"])
            .args(flags)
            .current_dir(at.path())
            .stdin(stdin)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, said) = typed("path(x, 2)\npth(x)\npath(1, y)\n", &[]);
    assert_eq!((code, out.as_str()), (Some(2), "{\"x\":1}\n"));
    has(&said, "stdin:2:1");
    let (code, out, _) = typed("pth(x)\npath(1, y)", &["--no-bail"]);
    assert_eq!((code, out.as_str()), (Some(2), "{\"y\":2}\n"));
    let (code, _, said) = typed("path(1, y)\n?- path(x, y)", &[]);
    assert_eq!(code, Some(2));
    has(&said, "error[H0002]");
    let (code, out, _) = typed("path(7, y)\npath(x, y), x > 7", &[]);
    assert_eq!((code, out.as_str()), (Some(0), ""), "an empty answer is no failure");
}

#[test]
fn relations_that_nothing_declares() {
    let rules = ".decl a(x: number, t: symbol)\n.input a\ntwo(x, t) :- a(x, t).\n\
                 .decl three(x: number)\nthree(x) :- two(x, t), t > 3.\n.output three\n\
                 four(x) :- nowhere(x).\n";
    let more = ".include \"claims.dl\"\n.decl own(e: symbol)\nown(e) :- corroborated(e).\n";
    let at = folder(&[("r.dl", rules), ("more.dl", more), ("empty.dl", "")]);
    let said = check(&at, &["check", "r.dl"], 1, "checked 1 rule file: 4 errors, 0 warnings\n");
    has(&said, "declare it: `.decl two(x: number, t: symbol)`");
    has(&said, "error[H0104]: `t` is a symbol, compared here with a number");
    has(&said, "declare it: `.decl four(x: …)`");
    let said = check(&at, &["check", "more.dl"], 1, "checked 1 rule file: 1 error, 0 warnings\n");
    has(&said, "the library declares it in corroboration.dl: `.include \"corroboration.dl\"`");
    let said = check(&at, &["query", "empty.dl", "corroborated(e)"], 2, "");
    has(&said, "the library declares it in corroboration.dl");
}

#[test]
fn files_of_another_kind_are_named() {
    let files =
        [("mine/my.jsonl", ""), ("notes.txt", "Words."), ("r.dl", ".include \"totals.dl\"")];
    let at = folder(&files);
    let said = check(&at, &["check", "mine"], 2, "");
    has(&said, "mine has no rule file (*.dl) and no claims.jsonl");
    has(&said, "name claims files: mine/my.jsonl");
    let said = check(&at, &["check", "notes.txt"], 2, "");
    has(&said, "notes.txt is neither a rule file (.dl) nor a claims file (.jsonl)");
    has(&check(&at, &["repl", "mine/my.jsonl"], 2, ""), "name it with -F mine/my.jsonl");
    check(&at, &["check", "r.dl"], 0, "checked 1 rule file: 0 errors, 0 warnings\n");
}

#[test]
fn a_bare_relation_is_a_question() {
    let at = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n")]);
    check(&at, &["query", "reach.dl", "path"], 0, " x  y\n 1  2\n");
    has(&check(&at, &["query", "reach.dl", "pth"], 2, ""), "did you mean `path`?");
}

#[test]
fn folders_without_a_program() {
    let part = ".decl open(x: number)\n.decl p(x: number)\np(x) :- open(x).\n";
    let parts = folder(&[
        ("a.dl", ".decl q(x: number)\n.include \"b.dl\"\nq(x) :- p(x).\n"),
        ("b.dl", part),
    ]);
    let stderr = check(&parts, &["check", "."], 0, "checked 2 rule files: 0 errors, 0 warnings\n");
    assert!(stderr.contains("note: no rule file here writes anything"), "{stderr}");
    let facts = folder(&[("edge.facts", "1\t2\n")]);
    let stderr = check(&facts, &["check", "."], 2, "");
    assert!(stderr.contains("no rule file (*.dl) and no claims.jsonl"), "{stderr}");
    assert!(stderr.contains("hence check PROG.dl -F ."), "{stderr}");
}

#[test]
fn rows_with_another_separator() {
    let edges = folder(&[("reach.dl", REACH), ("edge.facts", "1,2\n2,3\n")]);
    let stderr = check(&edges, &["run", "reach.dl", "-D", "-"], 2, "");
    let help = "looks comma-separated; fact files are tab-separated: `tr ',' '\\t'`";
    assert!(stderr.contains(help), "{stderr}");
}

#[test]
fn the_summary_counts_cautions() {
    let rules = ".type R <: symbol\n.decl total(r: R, n: number)\n.output total\ntotal(\"a\", 1).\n\
                 total(\"b\", 2).\n//@ caution(r) say(\"{r} is doubtful: {why}\")\n\
                 .decl doubt(r: R, why: symbol)\ndoubt(\"a\", \"guess\").\ndoubt(\"c\", \"guess\").\n";
    let folder = folder(&[("p.dl", rules)]);
    let output = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(["run", "p.dl", "-D", "out", "-v"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("1 caution"), "{stderr}");
}

#[test]
fn the_prompt_writes_and_reads_files() {
    let program = ".decl p(x: number, y: symbol)\n.output p\np(1, \"a\"). p(2, \"b\").\n";
    let asked = "// twice\np(x, \"b\")?\n.read again.txt\np(x,\n\"a\")?\n";
    let again = "nothing(x)?\np(1, y)?\n";
    let at = folder(&[("p.dl", program), ("asked.txt", asked), ("again.txt", again)]);
    let typed = |args: &[&str], text: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hence"))
            .args(["repl", "p.dl"])
            .args(args)
            .current_dir(at.path())
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr), output.status.code().unwrap())
    };
    let (stdout, stderr, code) =
        typed(&[], ".export p p.csv\n.format tsv\n.to q.tsv\np?\n.to -\np(2, y)?\n");
    assert_eq!((stdout.as_str(), code), ("y\nb\n", 0), "{stderr}");
    assert_eq!(read(&at.path().join("p.csv")), "x,y\n1,a\n2,b\n");
    assert_eq!(read(&at.path().join("q.tsv")), "x\ty\n1\ta\n2\tb\n");
    // The first failure ends both files, unless failures shall not.
    let (stdout, stderr, code) = typed(&["--format", "tsv"], ".read asked.txt\np?\n");
    assert_eq!((stdout.as_str(), code), ("x\n2\n", 2), "{stderr}");
    has(&stderr, "again.txt:1");
    let (stdout, stderr, code) = typed(&["--format", "tsv", "--no-bail"], ".read asked.txt\n");
    assert_eq!((stdout.as_str(), code), ("x\n2\ny\na\nx\n1\n", 2), "{stderr}");
    let (_, stderr, code) = typed(&[], ".read loop.txt\n");
    assert_eq!(code, 2);
    has(&stderr, "loop.txt cannot be read");
    write(&at.path().join("loop.txt"), b".read loop.txt\n");
    let (_, stderr, code) = typed(&[], ".read loop.txt\n");
    assert_eq!(code, 2);
    has(&stderr, "loop.txt is read within itself");
}

#[test]
fn new_makes_a_folder_once_and_writes_over_nothing() {
    let at = folder(&[("old/keep.txt", "mine")]);
    let refused = check(&at, &["new", "old"], 2, "");
    has(&refused, "old is not empty; nothing was written");
    assert_eq!(fs::read_dir(at.path().join("old")).unwrap().count(), 1);
    assert!(hence(&at, &["new", "a/b"]).status.success());
    for (name, word) in [("two words", "'two words'"), ("it's", "'it'\\''s'"), ("-x", "./-x")] {
        let said = hence(&at, &["new", "--", name]);
        has(&String::from_utf8_lossy(&said.stdout), &format!("now:  cd {word}\n"));
    }
    let checked = check(
        &at,
        &["check", "a/b"],
        0,
        "checked 1 rule file, 1 claims file (14 records, 3 claims): 0 errors, 0 warnings\n",
    );
    assert_eq!(checked, "");
    check(&at, &["test", "a/b"], 0, "a/b/main.test.dl  3 passed\n3 passed\n");
    // A second time there is something in it.
    has(&check(&at, &["new", "a/b"], 2, ""), "is not empty");
}

#[test]
fn what_is_left_of_an_earlier_run_is_told() {
    let at = folder(&[("p.dl", ".decl p(x: number) p(1). .output p")]);
    assert_eq!(check(&at, &["run", "p.dl", "-D", "out", "--why", "all"], 0, ""), "");
    assert_eq!(check(&at, &["run", "p.dl", "-D", "out", "--why", "all"], 0, ""), "");
    let said = check(&at, &["run", "p.dl", "-D", "out"], 0, "");
    assert_eq!(said, "note: out/why.jsonl is of an earlier run\n");
}

#[test]
fn a_run_tells_of_itself_in_no_other_file() {
    let folder = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n")]);
    for option in ["--events", "--metrics"] {
        for file in ["reach.dl", "edge.facts"] {
            let before = read(&folder.path().join(file));
            let output = hence(&folder, &["run", "reach.dl", "-D", "out", option, file]);
            assert_eq!(output.status.code(), Some(2));
            let said = String::from_utf8(output.stderr).unwrap();
            has(&said, &format!("{file} is there and no run has told of itself in it"));
            assert_eq!(read(&folder.path().join(file)), before);
            assert!(!folder.path().join("out").exists());
        }
    }
}

#[test]
fn a_run_tells_of_itself() {
    let folder = folder(&[("reach.dl", REACH), ("edge.facts", "1\t2\n2\t3\n")]);
    let told = ["--events", "events.jsonl", "--metrics", "run.prom", "--log"];
    let run = |program: &str| {
        let mut args = vec!["run", program, "-F", ".", "-D", "out"];
        args.extend(told);
        hence(&folder, &args)
    };
    let output = run("reach.dl");
    assert_eq!(output.status.code(), Some(0));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("stratum 1/1 · path · 3 tuples · "), "{stderr}");
    let events = || {
        let events = read(&folder.path().join("events.jsonl"));
        let without_time = |line: &str| {
            let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(event.as_object_mut().unwrap().remove("ms").unwrap().is_u64());
            event.to_string()
        };
        events.lines().map(without_time).collect::<Vec<String>>()
    };
    let expected = [
        r#"{"event":"start","hence":"0.1.0"}"#,
        r#"{"event":"stratum","number":1,"of":1,"relations":["path"]}"#,
        // Two edges, then the path of both; a round without anything new is not told.
        r#"{"event":"round","new":2,"number":1,"round":1,"tuples":2}"#,
        r#"{"event":"round","new":1,"number":1,"round":2,"tuples":3}"#,
        r#"{"event":"complete","number":1,"tuples":3}"#,
        r#"{"event":"end","exit":0,"rows":3}"#,
    ];
    assert_eq!(events(), expected);
    let metrics = || read(&folder.path().join("run.prom"));
    let done = metrics();
    for line in [
        "# TYPE hence_exit_code gauge",
        "hence_exit_code 0",
        "hence_input_rows 2",
        "hence_bad_rows 0",
        "hence_tuples{relation=\"edge\"} 2",
        "hence_tuples{relation=\"path\"} 3",
    ] {
        assert!(done.lines().any(|found| found == line), "no {line} in:\n{done}");
    }
    let success = |text: &str| {
        let mut lines = text.lines();
        lines
            .find(|line| line.starts_with("hence_last_success_timestamp_seconds "))
            .map(str::to_owned)
    };
    let last = success(&done).unwrap();
    // A run that fails says so, and keeps when one was done last.
    write(&folder.path().join("edge.facts"), b"1\tx\n");
    assert_eq!(run("reach.dl").status.code(), Some(2));
    let failed = metrics();
    assert!(failed.contains("\nhence_exit_code 2\n"), "{failed}");
    assert_eq!(success(&failed), Some(last));
    let stop = r#"{"event":"stop","exit":2,"code":"H0301","message":"expected number, found `x`"}"#;
    let fields = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    assert_eq!(fields(events().last().unwrap()), fields(stop));
}
