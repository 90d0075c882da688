//! Coverage as text, as JSON, and as LCOV, which editors and build servers show beside the lines.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::testing::coverage::{Condition, Coverage, Tried};

/// Claims that are listed.
const CLAIMS_MAX: usize = 12;

/// Rules by file, in the order of the text.
fn by_file(coverage: &Coverage) -> BTreeMap<&str, Vec<&Tried>> {
    let mut files: BTreeMap<&str, Vec<&Tried>> = BTreeMap::new();
    for ((file, _, _), tried) in &coverage.rules {
        files.entry(file).or_default().push(tried);
    }
    files
}

fn of((covered, all): (usize, usize)) -> String {
    format!("{covered}/{all}")
}

/// In a line: `rules 88/105, conditions 241/290`.
#[must_use]
pub fn line(coverage: &Coverage) -> String {
    let [rules, literals, claims] = coverage.figures();
    let mut text = format!("coverage: rules {}, conditions {}", of(rules), of(literals));
    if claims.1 > 0 {
        text.push_str(&format!(", claims {}", of(claims)));
    }
    text
}

/// By file: what gave nothing, and what never made a difference.
#[must_use]
pub fn text(coverage: &Coverage) -> String {
    let mut out = String::new();
    for (file, rules) in by_file(coverage) {
        let fired = rules.iter().filter(|tried| tried.fired > 0).count();
        let conditions = || rules.iter().flat_map(|tried| &tried.literals);
        let decided = conditions().filter(|condition| condition.decided > 0).count();
        // A String takes whatever is written to it.
        let _ok = writeln!(
            out,
            "{file}  rules {}, conditions {}",
            of((fired, rules.len())),
            of((decided, conditions().count()))
        );
        for tried in rules {
            if tried.fired == 0 {
                let line = tried.lines.start;
                let _ok = writeln!(out, "  {file}:{line}  rule “{}” gave nothing", tried.name);
                continue;
            }
            for condition in tried.literals.iter().filter(|condition| condition.decided == 0) {
                let _ok = writeln!(
                    out,
                    "  {file}:{}  rule “{}”: `{}` never made a difference",
                    condition.line, tried.name, condition.text
                );
            }
        }
    }
    let idle: Vec<&str> =
        coverage.claims.iter().filter(|(_, used)| !**used).map(|(id, _)| id.as_str()).collect();
    if !idle.is_empty() {
        let more = idle.len().saturating_sub(CLAIMS_MAX);
        let shown = idle[..idle.len() - more].join(", ");
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ok = writeln!(out, "claims that no conclusion of a case used: {shown}{rest}");
    }
    let _ok = writeln!(out, "{} ({:.0} %)", line(coverage), coverage.percent().floor());
    out
}

/// As a document of the format `hence.coverage/1`.
#[must_use]
pub fn document(coverage: &Coverage) -> String {
    let [rules, literals, claims] = coverage.figures();
    let files: Vec<Json> = by_file(coverage)
        .into_iter()
        .map(|(file, rules)| {
            let rules: Vec<Json> = rules.into_iter().map(rule).collect();
            json!({ "file": file, "rules": rules })
        })
        .collect();
    let document = json!({
        "schema": "hence.coverage/1",
        "rules": { "covered": rules.0, "all": rules.1 },
        "conditions": { "covered": literals.0, "all": literals.1 },
        "claims": { "covered": claims.0, "all": claims.1 },
        "files": files,
        "unused_claims": coverage.claims.iter().filter(|(_, used)| !**used)
            .map(|(id, _)| id).collect::<Vec<_>>(),
    });
    document.to_string()
}

fn rule(tried: &Tried) -> Json {
    let condition = |condition: &Condition| {
        json!({
            "text": condition.text,
            "line": condition.line,
            "decided": condition.decided,
        })
    };
    json!({
        "name": tried.name,
        "line": tried.lines.start,
        "last_line": tried.lines.end - 1,
        "fired": tried.fired,
        "conditions": tried.literals.iter().map(condition).collect::<Vec<_>>(),
    })
}

/// As LCOV: rules are functions, the lines of a rule are hit when it gives something, conditions
/// are branches that are taken when they make a difference.
#[must_use]
pub fn lcov(coverage: &Coverage) -> String {
    let mut out = String::new();
    for (file, rules) in by_file(coverage) {
        let _ok = writeln!(out, "TN:\nSF:{file}");
        let mut lines: BTreeMap<usize, usize> = BTreeMap::new();
        for tried in &rules {
            let _ok = writeln!(out, "FN:{},{}", tried.lines.start, tried.name);
            let _ok = writeln!(out, "FNDA:{},{}", tried.fired, tried.name);
            for line in tried.lines.clone() {
                let hits = lines.entry(line).or_default();
                *hits = (*hits).max(tried.fired);
            }
        }
        let fired = rules.iter().filter(|tried| tried.fired > 0).count();
        let _ok = writeln!(out, "FNF:{}\nFNH:{fired}", rules.len());
        let (mut all, mut taken) = (0, 0);
        for (block, tried) in rules.iter().enumerate() {
            for (branch, condition) in tried.literals.iter().enumerate() {
                let hits = match tried.fired {
                    0 => "-".to_owned(),
                    _ => condition.decided.to_string(),
                };
                let _ok = writeln!(out, "BRDA:{},{block},{branch},{hits}", condition.line);
                all += 1;
                taken += usize::from(condition.decided > 0);
            }
        }
        let _ok = writeln!(out, "BRF:{all}\nBRH:{taken}");
        for (line, hits) in &lines {
            let _ok = writeln!(out, "DA:{line},{hits}");
        }
        let hit = lines.values().filter(|hits| **hits > 0).count();
        let _ok = writeln!(out, "LF:{}\nLH:{hit}\nend_of_record", lines.len());
    }
    out
}
