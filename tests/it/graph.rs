//! `hence graph`: which relation is made of which, without input.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

const PROGRAM: &str = ".decl e(a: number, b: number)
.input e
.decl shut(a: number)
.input shut
.decl path(a: number, b: number)
path(a, b) :- e(a, b), !shut(a).
path(a, c) :- path(a, b), e(b, c).
.decl far(n: number)
.output far
far(n) :- n = count : { path(_, _) }.
";

fn graph(args: &[&str]) -> (Option<i32>, String, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("p.dl"), PROGRAM).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hence"));
    let output =
        command.current_dir(folder.path()).args(["graph", "p.dl"]).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn trees_strata_and_pictures() {
    let (code, out, err) = graph(&["far"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let tree = "far   stratum 4\n└ {} path   stratum 3, recursive\n  ├ e   given\n  ├ !shut   given\n  \
                └ path   (recursive)\n";
    assert_eq!(out, tree);
    let (_, out, _) = graph(&[]);
    let strata: Vec<Vec<&str>> =
        out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(strata[1], ["3", "path", "recursive", "e,", "shut"]);
    assert_eq!(strata[2], ["4", "far", "path"]);
    let (_, out, _) = graph(&["path", "--format", "dot"]);
    let picture = "digraph hence {\n  rankdir=LR;\n  node [shape=box];\n  \"path\";\n  \
                   \"e\" -> \"path\";\n  \"shut\" -> \"path\" [style=dashed];\n  \
                   \"path\" -> \"path\";\n  \"e\" [style=filled];\n  \"shut\" [style=filled];\n}\n";
    assert_eq!(out, picture);
    let (_, out, _) = graph(&["--format", "dot"]);
    assert!(out.contains("\"path\" -> \"far\" [arrowhead=diamond];"), "{out}");
    let (code, _, err) = graph(&["fra"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("unknown relation `fra`"), "{err}");
}
