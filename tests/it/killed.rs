//! A run that is killed leaves the result of an earlier run, or its own: never a mixture.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const OUTPUTS: usize = 30;

fn program() -> String {
    let mut program = String::from(".decl n(x: number)\n.input n\n");
    for i in 0..OUTPUTS {
        let relation = format!(".decl p{i}(x: number)\np{i}(x * {i}) :- n(x).\n.output p{i}\n");
        program.push_str(&relation);
    }
    program
}

fn run(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
    command.args(["run", "p.dl", "-F", "facts", "-D", "out"]).current_dir(folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The texts of all files of the outputs, without what tells the time.
fn outputs(folder: &Path) -> BTreeMap<String, String> {
    let entries = folder.join("out").read_dir().unwrap();
    let mut files: BTreeMap<String, String> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    let noted = files.get_mut("hence-run.json").unwrap();
    *noted = noted.lines().filter(|line| !line.contains("\"ms\"")).collect();
    files
}

fn facts(folder: &Path, from: usize) {
    let rows: String = (from..from + 2000).map(|x| format!("{x}\n")).collect();
    fs::write(folder.join("facts/n.facts"), rows).unwrap();
}

#[test]
fn killed_at_any_moment_the_folder_holds_one_result() {
    let case = TempDir::new().unwrap();
    let folder = case.path();
    fs::create_dir(folder.join("facts")).unwrap();
    fs::write(folder.join("p.dl"), program()).unwrap();
    // What the two inputs give.
    let mut results = Vec::new();
    let mut longest = Duration::ZERO;
    for from in [0, 7000] {
        facts(folder, from);
        let start = Instant::now();
        assert!(run(folder).status().unwrap().success());
        longest = longest.max(start.elapsed());
        fs::write(folder.join("out/mine"), "not of a run").unwrap();
        results.push(outputs(folder));
    }
    assert_ne!(results[0], results[1]);
    // The moment is a matter of chance; what must hold does not depend on it.
    for i in 0..50 {
        facts(folder, [0, 7000][i % 2]);
        let mut child = run(folder).spawn().unwrap();
        sleep(longest * u32::try_from(i).unwrap() / 50);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(results.contains(&outputs(folder)), "a mixture after {i}");
    }
    facts(folder, 0);
    assert!(run(folder).status().unwrap().success());
    assert_eq!(outputs(folder), results[0]);
}
