//! A case that is run again, or with another engine, must come to the same: the same tuples in the
//! same rounds, the same verdict in the same words.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::session::session::World;
use crate::show::json::value;
use crate::testing::outcome::{CaseResult, Failure, FileResult, Verdict};

/// Tuples that are told of a difference.
const TUPLES_MAX: usize = 5;

/// What holds in a case: by relation, the tuples as text, with their rounds if these are kept.
pub type Held = BTreeMap<String, BTreeMap<String, Option<u32>>>;

/// What holds.
#[must_use]
pub fn held(world: &World) -> Held {
    let (program, tables) = (&world.program, world.tables());
    let mut held = Held::new();
    for (id, relation) in program.relations.entries() {
        let rows = held.entry(relation.name.clone()).or_default();
        tables.select(id, &vec![None; relation.columns.len()], &mut |tuple| {
            let cells = tuple.iter().map(|cell| value(*cell, &program.symbols).to_string());
            let text = cells.collect::<Vec<String>>().join(", ");
            rows.insert(text, tables.round_of(id, tuple));
            ControlFlow::Continue(())
        });
    }
    held
}

/// Makes every case fail of which `again` says something else. `names` say how the two were run.
pub fn compare(first: &mut [FileResult], again: &[FileResult], names: [&str; 2]) {
    for (file, again) in first.iter_mut().zip(again) {
        for case in &mut file.cases {
            let Some(other) = again.cases.iter().find(|other| other.name == case.name) else {
                continue;
            };
            if let Some(lines) = differ(case, other, names) {
                case.verdict = Verdict::Failed;
                case.failures.push(Failure {
                    line: case.line,
                    column: 1,
                    written: String::new(),
                    lines,
                    proposal: None,
                });
            }
        }
    }
}

/// What the two results of a case have not in common; nothing if they are the same.
fn differ(first: &CaseResult, again: &CaseResult, names: [&str; 2]) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    if let (Some(one), Some(other)) = (&first.held, &again.held) {
        lines = tuples(one, other, names);
    }
    if first.verdict != again.verdict {
        let [one, other] = [first, again].map(|result| result.verdict.word());
        lines.push(format!("{one} {}, {other} {}", names[0], names[1]));
    }
    let told = [first, again].map(told);
    if lines.is_empty() && told[0] == told[1] {
        return None;
    }
    if told[0] != told[1] {
        let [one, other] = &told;
        let at = one.iter().zip(other).position(|(a, b)| a != b);
        let at = at.unwrap_or_else(|| one.len().min(other.len()));
        for (name, lines_of) in names.iter().zip(&told) {
            let line = lines_of.get(at).map_or("nothing more", String::as_str);
            lines.push(format!("said {name}: {line}"));
        }
    }
    lines.insert(0, format!("it comes to something else {} than {}", names[1], names[0]));
    Some(lines)
}

/// All that is said of a case and kept of it.
fn told(result: &CaseResult) -> Vec<String> {
    let failures = result.failures.iter().flat_map(|failure| failure.lines.clone());
    let kept = result.kept.iter().flat_map(|kept| kept.body.lines().map(str::to_owned));
    failures.chain(kept).collect()
}

fn tuples(one: &Held, other: &Held, names: [&str; 2]) -> Vec<String> {
    let mut lines = Vec::new();
    let none = BTreeMap::new();
    for (relation, rows) in one {
        let others = other.get(relation).unwrap_or(&none);
        for (row, round) in rows {
            match others.get(row) {
                None => lines.push(format!("{relation}({row}) holds only {}", names[0])),
                Some(also) => {
                    if let (Some(a), Some(b)) = (round, also)
                        && a != b
                    {
                        let [first, second] = names;
                        lines.push(format!(
                            "{relation}({row}) comes in round {a} {first}, in round {b} {second}"
                        ));
                    }
                }
            }
        }
        let only = others.keys().filter(|row| !rows.contains_key(*row));
        lines.extend(only.map(|row| format!("{relation}({row}) holds only {}", names[1])));
    }
    let more = lines.len().saturating_sub(TUPLES_MAX);
    lines.truncate(TUPLES_MAX);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Held, tuples};

    #[test]
    fn what_differs_is_named() {
        let held = |rows: &[(&str, u32)]| {
            let rows = rows.iter().map(|(row, round)| ((*row).to_owned(), Some(*round)));
            Held::from([("p".to_owned(), rows.collect())])
        };
        let found = tuples(
            &held(&[("1", 1), ("2", 2), ("3", 1)]),
            &held(&[("1", 1), ("2", 3), ("4", 1)]),
            ["here", "there"],
        );
        let expected = [
            "p(2) comes in round 2 here, in round 3 there",
            "p(3) holds only here",
            "p(4) holds only there",
        ];
        assert_eq!(found, expected);
    }
}
