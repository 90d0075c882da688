//! Results as text, as a person reads them in a terminal.

use std::fmt::Write;
use std::slice::from_ref;

use similar::{ChangeTag, TextDiff};

use crate::show::safe::visible;
use crate::testing::outcome::{CaseResult, Failure, FileResult, Pending, Verdict};

/// Lines of a difference that are shown.
const LINES_MAX: usize = 24;

/// How many cases came to what.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// All is as expected.
    pub passed: usize,
    /// Something is not.
    pub failed: usize,
    /// They could not be run.
    pub errored: usize,
    /// A snapshot differs or is new.
    pub pending: usize,
    /// They were not run.
    pub skipped: usize,
    /// Files that cannot be read.
    pub refused: usize,
}

impl Counts {
    /// The counts of some files.
    #[must_use]
    pub fn of(results: &[FileResult]) -> Self {
        let mut counts = Self::default();
        for result in results {
            counts.refused += usize::from(!result.refused.is_empty());
            for case in &result.cases {
                *match case.verdict {
                    Verdict::Passed => &mut counts.passed,
                    Verdict::Failed => &mut counts.failed,
                    Verdict::Errored => &mut counts.errored,
                    Verdict::Pending => &mut counts.pending,
                    Verdict::Skipped(_) => &mut counts.skipped,
                } += 1;
            }
        }
        counts
    }

    /// Whether all is as expected.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failed + self.errored + self.pending + self.refused == 0
    }

    /// `10 passed, 1 failed`
    #[must_use]
    pub fn text(&self) -> String {
        let parts = [
            (self.passed, "passed"),
            (self.failed, "failed"),
            (self.errored, "errored"),
            (self.pending, "pending"),
            (self.skipped, "skipped"),
        ];
        let mut parts: Vec<String> = parts
            .iter()
            .filter(|(n, word)| *n > 0 || *word == "passed")
            .map(|(n, word)| format!("{n} {word}"))
            .collect();
        match self.refused {
            0 => {}
            1 => parts.push("1 file cannot be read".to_owned()),
            n => parts.push(format!("{n} files cannot be read")),
        }
        parts.join(", ")
    }
}

/// The results, file by file, and then what is not as it should be.
#[must_use]
pub fn text(results: &[FileResult]) -> String {
    let mut out = String::new();
    let wide = results.iter().map(|result| visible(&result.name).chars().count()).max();
    let wide = wide.unwrap_or(0);
    for result in results {
        let what = if result.refused.is_empty() {
            Counts::of(from_ref(result)).text()
        } else {
            "cannot be read as a test file".to_owned()
        };
        line(&mut out, &format!("{:wide$}  {what}", visible(&result.name)));
    }
    for result in results {
        if !result.refused.is_empty() {
            line(&mut out, &format!("ERROR {}", visible(&result.name)));
            indented(&mut out, result.refused.lines());
        }
        result.cases.iter().for_each(|case| case_text(&mut out, &result.name, case));
    }
    for result in results {
        if let Some(path) = &result.proposed {
            let path = visible(path);
            line(&mut out, &format!("PROPOSED {path}: the test file with the tables as they are"));
        }
        for case in &result.cases {
            for path in &case.accepted {
                line(&mut out, &format!("ACCEPTED {}", visible(path)));
            }
        }
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn indented<'t>(out: &mut String, lines: impl Iterator<Item = &'t str>) {
    lines.for_each(|text| line(out, &format!("     {text}")));
}

fn case_text(out: &mut String, name: &str, case: &CaseResult) {
    let (name, called) = (visible(name), visible(&case.name));
    if let Verdict::Skipped(reason) = &case.verdict {
        let reason = visible(reason);
        line(out, &format!("SKIPPED {name}:{}  “{called}”  {reason}", case.line));
    }
    let word = if case.verdict == Verdict::Errored { "ERROR" } else { "FAIL" };
    for Failure { line: at, written, lines, .. } in &case.failures {
        line(out, &format!("{word} {name}:{at}  “{called}”  {}", visible(written)));
        indented(out, lines.iter().map(String::as_str));
    }
    for pending in &case.pending {
        let place = format!("{name}:{}", pending.line);
        let state = match (&pending.old, pending.is_written) {
            (_, true) => visible(&pending.path),
            (None, false) => "new, and not written".to_owned(),
            (Some(_), false) => "differs, and nothing is written".to_owned(),
        };
        let written = visible(&pending.written);
        line(out, &format!("PENDING {place}  “{called}”  {written}  {state}"));
        let lines: Vec<String> = difference(pending).iter().map(|line| visible(line)).collect();
        indented(out, lines.iter().map(String::as_str));
    }
}

/// The lines that differ, with two around them.
#[must_use]
pub fn difference(pending: &Pending) -> Vec<String> {
    let mut lines = apart(pending.old.as_deref().unwrap_or_default(), &pending.new);
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("… {more} more lines"));
    }
    lines
}

/// The lines in which two texts differ, with two around them.
#[must_use]
pub fn apart(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(2).iter().enumerate() {
        if at > 0 {
            lines.push("…".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Delete => "-",
                ChangeTag::Insert => "+",
                ChangeTag::Equal => " ",
            };
            lines.push(format!("{mark} {}", change.value().trim_end()));
        }
    }
    lines
}

/// What is left to do.
#[must_use]
pub fn advice(results: &[FileResult]) -> String {
    let mut out = String::new();
    let mut pending = results.iter().flat_map(|result| &result.cases).flat_map(|c| &c.pending);
    if pending.any(|pending| pending.is_written) || results.iter().any(|r| r.proposed.is_some()) {
        let _ok = writeln!(out, "review with  hence test --review   (or cargo insta review)");
    }
    out
}
