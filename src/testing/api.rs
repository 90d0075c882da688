//! Test files from Rust: each case by name, what fails in it, and what it keeps.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::session::options::Options;
use crate::session::session::Refused;
use crate::testing::case::{Runner, rendered};
use crate::testing::file::{ENDING, TestFile};
use crate::testing::outcome::{Failure, Verdict};
use crate::testing::select::is_like;
use crate::testing::snapshot;

/// A case of a test file.
#[derive(Clone, Debug)]
pub struct Case {
    file: Arc<TestFile>,
    at: usize,
}

/// What came of a case.
#[derive(Clone, Default, Debug)]
pub struct Ran {
    /// What is not as expected: place, expectation, and why, as text. A snapshot that differs is no
    /// failure here.
    pub failures: Vec<String>,
    /// What its snapshots should hold: name, without folder and ending, and text.
    pub snapshots: Vec<(String, String)>,
    /// Why it was not run.
    pub skipped: Option<String>,
}

/// The cases of the test files that a pattern names: `rules` for all of a folder, or
/// `rules/*.test.dl` with `*` and `?` in the last part, in the order of names and lines.
///
/// # Errors
/// That there is no such file, or what is wrong with directives, as text.
pub fn cases(pattern: impl AsRef<Path>) -> Result<Vec<Case>, String> {
    let pattern = pattern.as_ref();
    let mut paths = found(pattern);
    paths.sort();
    if paths.is_empty() {
        return Err(format!("no test file is named {}", pattern.display()));
    }
    let text = |messages: &Refused, file: Option<&TestFile>| match file {
        Some(file) => rendered(messages, &file.files).join("\n"),
        None => messages.iter().map(|m| m.message.clone()).collect::<Vec<_>>().join("\n"),
    };
    let mut cases = Vec::new();
    for path in paths {
        let file = TestFile::read(&path).map_err(|messages| text(&messages, None))?;
        if !file.messages.is_empty() {
            return Err(text(&file.messages, Some(&file)));
        }
        let file = Arc::new(file);
        cases.extend((0..file.cases.len()).map(|at| Case { file: Arc::clone(&file), at }));
    }
    Ok(cases)
}

fn found(pattern: &Path) -> Vec<PathBuf> {
    let (folder, name) = if pattern.is_dir() {
        (pattern, format!("*{ENDING}"))
    } else {
        let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        (pattern.parent().unwrap_or_else(|| Path::new("")), name.to_owned())
    };
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = listed.read_dir().into_iter().flatten().flatten();
    names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|file| file.ends_with(ENDING) && is_like(file, &name))
        .map(|file| folder.join(file))
        .collect()
}

impl Case {
    /// `totals.test.dl: kyiv plus seoul`
    #[must_use]
    pub fn name(&self) -> String {
        let file = self.path().file_name().unwrap_or_default().display();
        format!("{file}: {}", self.file.cases[self.at].name)
    }

    /// Its test file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The folder of its snapshots.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        snapshot::folder(&self.file)
    }

    /// Runs it, apart from all others.
    #[must_use]
    pub fn run(&self) -> Ran {
        let case = &self.file.cases[self.at];
        let result = Runner::new(&self.file, &Options::default()).run(case);
        let failure = |failure: &Failure| {
            let place = format!("{}:{}", self.file.name(), failure.line);
            format!("{place}  {}\n{}", failure.written, failure.lines.join("\n"))
        };
        let skipped = match result.verdict {
            Verdict::Skipped(reason) => Some(reason),
            _ => None,
        };
        Ran {
            failures: result.failures.iter().map(failure).collect(),
            snapshots: result.kept.into_iter().map(|kept| (kept.name, kept.body)).collect(),
            skipped,
        }
    }
}
