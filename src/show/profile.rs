//! What an evaluation cost, as tables and as `hence.profile/1`: rules that took longest first.

use std::cmp::Reverse;
use std::time::Duration;

use serde_json::{Value, json};

use crate::analysis::analysis::Analysis;
use crate::base::ids::{Id, RelationId};
use crate::engine::profile::{Cost, Profile, RuleCost, StratumCost};
use crate::program::program::{Program, Rule};
use crate::show::table::{TableOptions, table};
use crate::text::files::Files;
use crate::text::numbers::{counted, grouped};

/// A profile, and the program that it is of.
#[derive(Clone, Copy)]
pub struct Profiled<'a> {
    /// What it cost.
    pub profile: &'a Profile,
    /// The program that was evaluated.
    pub program: &'a Program,
    /// Its strata.
    pub analysis: &'a Analysis,
    /// Its texts.
    pub files: &'a Files,
}

/// A written rule with the stratum it is in.
struct Line<'a> {
    rule: &'a Rule,
    stratum: usize,
    cost: RuleCost,
}

impl<'a> Profiled<'a> {
    /// Written rules, those that took longest first; then in the order of the program.
    fn rules(&self) -> Vec<Line<'a>> {
        let mut lines: Vec<Line<'_>> = Vec::new();
        for (at, stratum) in self.profile.strata.iter().enumerate() {
            for cost in &stratum.rules {
                let rule = &self.program.rules[cost.rule];
                match lines.iter_mut().find(|line| line.rule.origin == rule.origin) {
                    Some(line) => line.cost.join(cost),
                    None => lines.push(Line { rule, stratum: at, cost: cost.clone() }),
                }
            }
        }
        lines.sort_by_key(|line| (Reverse(line.cost.all.time), line.cost.rule));
        lines
    }

    /// `path#2`, `graph.dl:7`.
    fn place(&self, rule: &Rule) -> (String, usize) {
        let line = self.files.position(rule.span).line;
        (self.files.get(rule.span.file).name.clone(), line)
    }

    /// As `.graph` numbers strata.
    fn number(&self, stratum: &StratumCost) -> usize {
        let first = stratum.relations.first();
        first.map_or(0, |&relation| self.analysis.stratum_of[relation].index() + 1)
    }

    fn names(&self, relations: &'a [RelationId]) -> impl Iterator<Item = &'a str>
    where
        Self: 'a,
    {
        let program = self.program;
        relations.iter().map(|&relation| program.relations[relation].name.as_str())
    }
}

/// The sum over the rules of a stratum.
fn sum(stratum: &StratumCost) -> Cost {
    let mut sum = Cost::default();
    stratum.rules.iter().for_each(|rule| sum += rule.all);
    sum
}

fn milliseconds(time: Duration) -> String {
    format!("{}.{:03} ms", grouped(time.as_millis()), time.subsec_micros() % 1000)
}

/// What part of a whole, in percent with one digit more.
fn share(part: Duration, whole: Duration) -> f64 {
    (part.as_secs_f64() / whole.as_secs_f64().max(1e-9) * 1000.0).round() / 10.0
}

fn percent(part: Duration, whole: Duration) -> String {
    format!("{:.1} %", share(part, whole))
}

/// Two tables: rules, at most so many, and strata.
#[must_use]
pub fn text(of: Profiled<'_>, options: TableOptions) -> String {
    let whole = of.profile.time();
    let lines = of.rules();
    let strata = of.profile.strata.len();
    let strata = if strata == 1 { "1 stratum".to_owned() } else { format!("{strata} strata") };
    let mut out =
        format!("{} for {} in {strata}\n", milliseconds(whole), counted(lines.len(), "rule"));
    let costs = |cost: Cost| [grouped(cost.tried), grouped(cost.kept), grouped(cost.duplicates)];
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let cost = &line.cost;
            let (file, at) = of.place(line.rule);
            let mut row = vec![milliseconds(cost.all.time), percent(cost.all.time, whole)];
            row.push(grouped(cost.rounds));
            row.extend(costs(cost.all));
            row.extend([line.rule.name.clone(), format!("{file}:{at}")]);
            row
        })
        .collect();
    let header = ["time", "share", "rounds", "tried", "kept", "duplicates", "rule", ""];
    let numbers = [true, true, true, true, true, true, false, false];
    out.push_str(&table(&header, &numbers, &rows, options));
    out.push('\n');
    let rows: Vec<Vec<String>> = of
        .profile
        .strata
        .iter()
        .map(|stratum| {
            let names: Vec<&str> = of.names(&stratum.relations).collect();
            let mut row = vec![milliseconds(stratum.time), percent(stratum.time, whole)];
            row.push(grouped(stratum.rounds));
            row.extend(costs(sum(stratum)));
            row.extend([of.number(stratum).to_string(), names.join(", ")]);
            row
        })
        .collect();
    let header = ["time", "share", "rounds", "tried", "kept", "duplicates", "stratum", "relations"];
    let options = TableOptions { rows_max: None, ..options };
    out.push_str(&table(&header, &numbers, &rows, options));
    out
}

/// The document `hence.profile/1`.
#[must_use]
pub fn json(of: Profiled<'_>) -> Value {
    let whole = of.profile.time();
    let cost = |cost: &Cost| {
        json!({
            "us": micros(cost.time),
            "tried": cost.tried,
            "kept": cost.kept,
            "duplicates": cost.duplicates,
        })
    };
    let with = |mut object: Value, more: Value| {
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    };
    let rules = of.rules().into_iter().map(|line| {
        let all = &line.cost;
        let (file, at) = of.place(line.rule);
        let about = json!({
            "rule": line.rule.name,
            "file": file,
            "line": at,
            "relation": of.program.relations[line.rule.head].name,
            "stratum": of.number(&of.profile.strata[line.stratum]),
            "percent": share(all.all.time, whole),
            "rounds": all.rounds,
            "worst": {"round": all.worst.0, "us": micros(all.worst.1.time)},
            "each": all.each.iter()
                .map(|(round, each)| with(json!({"round": round}), cost(each)))
                .collect::<Vec<Value>>(),
        });
        with(about, cost(&all.all))
    });
    let strata = of.profile.strata.iter().map(|stratum| {
        let about = json!({
            "stratum": of.number(stratum),
            "relations": of.names(&stratum.relations).collect::<Vec<&str>>(),
            "rounds": stratum.rounds,
        });
        with(about, cost(&Cost { time: stratum.time, ..sum(stratum) }))
    });
    json!({
        "schema": "hence.profile/1",
        "us": micros(whole),
        "rules": rules.collect::<Vec<Value>>(),
        "strata": strata.collect::<Vec<Value>>(),
    })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
