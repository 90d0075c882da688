//! What `hence test` notes of a run for the next one: the cases that did not pass, and for each
//! file whose cases all passed the hash of what they rest on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use serde_json::{Value as Json, json};

use crate::base::hash::sha256;
use crate::cli::exit::Exit;
use crate::io::find::shown;
use crate::io::map;
use crate::session::load;
use crate::testing::directive::Says;
use crate::testing::file::TestFile;
use crate::testing::outcome::FileResult;
use crate::testing::select::{Named, Selection};
use crate::testing::snapshot;
use crate::text::files::Files;

/// Where it is noted.
const LAST: &str = ".hence/last-test.json";

/// The hashes of what files rest on, by name.
pub type Hashes = BTreeMap<String, String>;

fn document() -> Option<Json> {
    let bytes = map::read(Path::new(LAST)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The cases that did not pass last time and are still there; nothing if there are none.
#[must_use]
pub fn failed(files: &[TestFile]) -> Option<Vec<Named>> {
    let document = document()?;
    let word = |case: &Json, field: &str| case[field].as_str().map(str::to_owned);
    let cases = document["cases"].as_array()?.iter();
    let cases: Vec<Named> =
        cases.filter_map(|case| Some((word(case, "file")?, word(case, "case")?))).collect();
    let only = Selection { only: Some(cases), ..Selection::default() };
    only.meets(files).then_some(only.only).flatten()
}

/// The hashes of the files whose cases all passed when they last ran.
#[must_use]
pub fn passed() -> Hashes {
    let of = |value: &Json| value.as_str().map(str::to_owned);
    let document = document().unwrap_or_default();
    let all = document["passed"].as_object().into_iter().flatten();
    all.filter_map(|(file, hash)| Some((file.clone(), of(hash)?))).collect()
}

/// Whether a run is noted whatever comes of it.
#[must_use]
pub fn is_there() -> bool {
    Path::new(LAST).exists()
}

/// The hashes of what files rest on: their own text, all rules, input, snapshots, and hence.
#[must_use]
pub fn hashes(files: &[TestFile], include: &[PathBuf]) -> Hashes {
    files.iter().map(|file| (file.name(), hash(file, include))).collect()
}

fn hash(file: &TestFile, include: &[PathBuf]) -> String {
    let mut parts = format!("hence {}\n", env!("CARGO_PKG_VERSION"));
    let mut add = |name: &str, bytes: &[u8]| {
        // A String takes whatever is written to it.
        let _ok = writeln!(parts, "{} {name}", sha256(bytes));
    };
    add("", file.text.as_bytes());
    let mut rules = Files::new();
    let roots = file.roots(file.all_statements());
    let _messages = load::read_roots(&roots, include, &mut rules);
    for (_, text) in rules.entries() {
        add(&text.name, text.text.as_bytes());
    }
    let sections = file.cases.iter().map(|case| &case.section).chain([&file.shared]);
    let mut inputs: Vec<PathBuf> = Vec::new();
    for directive in sections.flat_map(|section| &section.directives) {
        if let Says::Facts(Some(path)) = &directive.says {
            let path = file.path.with_file_name(path);
            // A claims file names documents beside it.
            let is_folder = path.is_dir();
            let folder = if is_folder { Some(path.as_path()) } else { path.parent() };
            inputs.extend(folder.map(below).unwrap_or_default());
        }
    }
    let kept = format!("{}__", file.stem());
    let snapshots = snapshot::folder(file);
    inputs.extend(below(&snapshots).into_iter().filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(&kept))
    }));
    inputs.sort();
    inputs.dedup();
    for path in inputs {
        // What cannot be read is another input than what can.
        let bytes = map::read(&path).map_or_else(|_| Vec::new(), |bytes| bytes.to_vec());
        add(&shown(&path), &bytes);
    }
    sha256(parts.as_bytes())
}

/// All files below a folder, those that git ignores too; not hidden ones, and nothing pending.
fn below(folder: &Path) -> Vec<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let walk = WalkBuilder::new(folder).standard_filters(false).hidden(true).build().flatten();
    let files = walk.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    files
        .map(ignore::DirEntry::into_path)
        .filter(|path| path.extension().is_none_or(|ending| ending != "new"))
        .collect()
}

/// Notes what came of a run. Nothing is written if there is nothing to note and never was.
///
/// # Errors
/// If it cannot be written.
pub fn note(files: &[TestFile], results: &[FileResult], hashes: &Hashes) -> Result<(), Exit> {
    let mut passed = passed();
    let mut cases = Vec::new();
    for (file, result) in files.iter().zip(results) {
        let bad = result.cases.iter().filter(|case| !case.verdict.is_good());
        cases.extend(bad.map(|case| json!({ "file": result.name, "case": case.name })));
        let is_whole = result.cases.len() == file.cases.len();
        match hashes.get(&result.name) {
            Some(hash) if is_whole && result.is_good() => {
                passed.insert(result.name.clone(), hash.clone());
            }
            _ if result.is_good() => {}
            _ => {
                passed.remove(&result.name);
            }
        }
    }
    if cases.is_empty() && hashes.is_empty() && !is_there() {
        return Ok(());
    }
    let document = json!({ "schema": "hence.last-test/1", "cases": cases, "passed": passed });
    Ok(snapshot::write(Path::new(LAST), &format!("{document}\n"))?)
}
