//! Texts to begin with: the programs and claims of the tests, the rules and the demo.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Every construct once.
pub(crate) const SAMPLE: &str = r#"// Every construct once.
.decl edge, link(a: node, b: node) btree
.decl weight(a: node, w: float) brie no_inline
.decl holds()
.type node <: symbol
.type any = node | place
.type alias = node
.number_type day
.symbol_type place
.pragma "key" "value"
.pragma "alone"
.once
.include "other.dl"
.input edge, link(IO=file, filename="a b.facts"), weight
.output path(name="p")
.printsize path
//@ name("step") say("from {x} to {y}: \"quoted\"")
//@ conflict(a, b)
path(x, y), seen(y) :- path(x, z), (edge(z, y); link(z, y), !closed(y)), x != y.
.plan 0: (1, 2), 1: (2, 1)
edge("a\tb", "\\"). weight("ü", -1.5e3). holds().
n(c) :- c = count : { edge(x, _), x < "k"; link(_, x) }, !(c = 3, true), false.
m(max(1, 2, 0x1f), y) :- y = min x + 1 : { w(x, z), z = sum v : u(v, 10.0.0.1) }, match("a.*", y).
e(-x ^ 2 * (3 - -4) % 5u, bnot a band b bshl 2 lor lnot c, as(strlen(cat("a", t)), day)) :- e(x, t).
"#;

/// A claims file in lines, and the folder of its documents.
pub(crate) struct ClaimsFile {
    pub(crate) lines: Vec<String>,
    pub(crate) folder: PathBuf,
}

/// Texts of programs: the sample, then every one of the tests and rules.
pub(crate) static PROGRAMS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut texts = vec![SAMPLE.to_owned()];
    for path in ["tests/programs", "rules"].into_iter().flat_map(|folder| files(folder, "dl")) {
        texts.push(read(&path));
    }
    assert!(texts.len() > 200, "{} programs", texts.len());
    texts
});

/// Claims files: the demo, then those of the tests.
pub(crate) static CLAIMS: LazyLock<Vec<ClaimsFile>> = LazyLock::new(|| {
    let paths = ["facts", "tests/claims"].into_iter().flat_map(|folder| files(folder, "jsonl"));
    let found: Vec<_> = paths
        .map(|path| ClaimsFile {
            lines: read(&path).lines().map(str::to_owned).collect(),
            folder: path.parent().unwrap().to_owned(),
        })
        .collect();
    assert!(found.len() > 40, "{} claims files", found.len());
    found
});

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// Every file with the ending under a folder, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
