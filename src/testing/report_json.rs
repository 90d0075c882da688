//! Results for machines: the format `hence.test/1` as one document or line by line, XML for build
//! servers (`JUnit`), and the notes that GitHub shows at lines of a change.

use std::fmt::Write;
use std::slice::from_ref;

use serde::Serialize;

use crate::show::messages::{data, property};
use crate::testing::coverage::Coverage;
use crate::testing::outcome::{CaseResult, FileResult, Verdict};
use crate::testing::report::{Counts, difference};

#[derive(Serialize)]
struct Document<'r> {
    schema: &'static str,
    #[serde(flatten)]
    counts: Count,
    files: Vec<File<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Figures>,
}

#[derive(Serialize)]
struct Count {
    passed: usize,
    failed: usize,
    errored: usize,
    pending: usize,
    skipped: usize,
}

#[derive(Serialize)]
struct File<'r> {
    file: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    refused: &'r str,
    cases: Vec<Case<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed: Option<&'r str>,
}

#[derive(Serialize)]
struct Case<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'r str>,
    name: &'r str,
    line: usize,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    checks: usize,
    failures: Vec<Failed<'r>>,
    pending: Vec<Kept<'r>>,
    accepted: &'r [String],
}

#[derive(Serialize)]
struct Failed<'r> {
    line: usize,
    column: usize,
    expectation: &'r str,
    text: String,
}

#[derive(Serialize)]
struct Kept<'r> {
    line: usize,
    column: usize,
    expectation: &'r str,
    path: &'r str,
    written: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'r str>,
    new: &'r str,
}

/// How much of the rules the cases try.
#[derive(Serialize)]
struct Figures {
    rules: usize,
    rules_covered: usize,
    literals: usize,
    literals_decisive: usize,
    claims: usize,
    claims_used: usize,
}

impl Figures {
    fn of(coverage: &Coverage) -> Self {
        let [rules, literals, claims] = coverage.figures();
        Self {
            rules: rules.1,
            rules_covered: rules.0,
            literals: literals.1,
            literals_decisive: literals.0,
            claims: claims.1,
            claims_used: claims.0,
        }
    }
}

impl Count {
    fn of(results: &[FileResult]) -> Self {
        let Counts { passed, failed, errored, pending, skipped, .. } = Counts::of(results);
        Self { passed, failed, errored, pending, skipped }
    }
}

impl<'r> Case<'r> {
    fn of(case: &'r CaseResult) -> Self {
        let failures = case.failures.iter().map(|failure| Failed {
            line: failure.line,
            column: failure.column,
            expectation: &failure.written,
            text: failure.lines.join("\n"),
        });
        let pending = case.pending.iter().map(|pending| Kept {
            line: pending.line,
            column: pending.column,
            expectation: &pending.written,
            path: &pending.path,
            written: pending.is_written,
            old: pending.old.as_deref(),
            new: &pending.new,
        });
        let reason = match &case.verdict {
            Verdict::Skipped(reason) => Some(reason.as_str()),
            Verdict::Passed | Verdict::Failed | Verdict::Errored | Verdict::Pending => None,
        };
        Self {
            schema: None,
            file: None,
            name: &case.name,
            line: case.line,
            verdict: case.verdict.word(),
            reason,
            checks: case.checks,
            failures: failures.collect(),
            pending: pending.collect(),
            accepted: &case.accepted,
        }
    }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers are JSON")
}

/// One document.
#[must_use]
pub fn document(results: &[FileResult], coverage: Option<&Coverage>) -> String {
    let files = results.iter().map(|result| File {
        file: &result.name,
        refused: &result.refused,
        cases: result.cases.iter().map(Case::of).collect(),
        proposed: result.proposed.as_deref(),
    });
    let document = Document {
        schema: "hence.test/1",
        counts: Count::of(results),
        files: files.collect(),
        coverage: coverage.map(Figures::of),
    };
    text(&document)
}

/// A line for each case, and for each file that cannot be read.
#[must_use]
pub fn lines(results: &[FileResult]) -> String {
    let schema = Some("hence.test.case/1");
    let mut out = String::new();
    for result in results {
        let refused = Failed { line: 1, column: 1, expectation: "", text: result.refused.clone() };
        if !result.refused.is_empty() {
            let case = Case {
                schema,
                file: Some(&result.name),
                name: "",
                line: 1,
                verdict: Verdict::Errored.word(),
                reason: None,
                checks: 0,
                failures: vec![refused],
                pending: Vec::new(),
                accepted: &[],
            };
            out.push_str(&(text(&case) + "\n"));
        }
        for case in &result.cases {
            let case = Case { schema, file: Some(&result.name), ..Case::of(case) };
            out.push_str(&(text(&case) + "\n"));
        }
    }
    out
}

/// Text of others in XML. Characters that XML does not have are left out.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => {}
            char => out.push(char),
        }
    }
    out
}

/// Failures and pending snapshots: line, what was expected, what is there.
fn troubles(case: &CaseResult) -> Vec<(usize, usize, String, String)> {
    let failures = case.failures.iter().map(|failure| {
        let (line, column) = (failure.line, failure.column);
        (line, column, failure.written.clone(), failure.lines.join("\n"))
    });
    let pending = case.pending.iter().map(|pending| {
        let (line, column) = (pending.line, pending.column);
        (line, column, pending.written.clone(), difference(pending).join("\n"))
    });
    failures.chain(pending).collect()
}

/// XML as build servers read it, in the form of `JUnit`: a suite for each file.
#[must_use]
pub fn junit(results: &[FileResult]) -> String {
    let mut out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"hence\">\n".to_owned();
    for result in results {
        let Counts { failed, errored, pending, skipped, .. } = Counts::of(from_ref(result));
        let refused = usize::from(!result.refused.is_empty());
        let name = xml(&result.name);
        // A String takes whatever is written to it.
        let _ok = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
             skipped=\"{skipped}\">",
            result.cases.len() + refused,
            failed + pending,
            errored + refused
        );
        if refused > 0 {
            let _ok = writeln!(
                out,
                "    <testcase name=\"{name}\" classname=\"{name}\">\n      \
                 <error message=\"the file cannot be read\">{}</error>\n    </testcase>",
                xml(&result.refused)
            );
        }
        for case in &result.cases {
            junit_case(&mut out, &name, case);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn junit_case(out: &mut String, file: &str, case: &CaseResult) {
    let _ok = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{file}\" file=\"{file}\" line=\"{}\"",
        xml(&case.name),
        case.line
    );
    let troubles = troubles(case);
    if let Verdict::Skipped(reason) = &case.verdict {
        let _ok = writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", xml(reason));
        return;
    }
    if troubles.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    let word = if case.verdict == Verdict::Errored { "error" } else { "failure" };
    for (line, _, written, text) in troubles {
        let _ok = writeln!(
            out,
            "      <{word} message=\"line {line}: {}\">{}</{word}>",
            xml(&written),
            xml(&text)
        );
    }
    out.push_str("    </testcase>\n");
}

/// Notes of GitHub's workflow commands: one for each failure, at its line.
#[must_use]
pub fn github(results: &[FileResult]) -> String {
    let mut out = String::new();
    for result in results {
        let file = property(&result.name);
        if !result.refused.is_empty() {
            let _ok = writeln!(out, "::error file={file}::{}", data(&result.refused));
        }
        for case in &result.cases {
            for (line, column, written, text) in troubles(case) {
                let title = property(&case.name);
                let text = data(&format!("{written}\n{text}"));
                let _ok = writeln!(
                    out,
                    "::error file={file},line={line},col={column},title={title}::{text}"
                );
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::xml;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(xml("a<b>&\"c\u{1b}\n"), "a&lt;b&gt;&amp;&quot;c&#10;");
    }
}
