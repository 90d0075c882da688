//! Conflicts as text and in the format `hence.conflicts/1`: both claims with their figures, sources
//! and words, why they are in conflict, and what falls with each.

use std::cmp::Reverse;

use serde::Serialize;

use crate::analysis::analysis::Analysis;
use crate::base::hash::Set;
use crate::base::ids::RelationId;
use crate::program::program::Shown;
use crate::provenance::leaves::Evidence;
use crate::provenance::proof::{Conclusion, Node};
use crate::session::conflicts::{Conflict, Conflicts, Figure, Row, Side, Without};
use crate::session::diff::Changes;
use crate::session::layers::Effect;
use crate::show::json;
use crate::show::safe::{GLUE, unglued, visible, wrap};
use crate::show::tree::{TreeOptions, tree};
use crate::show::words::Words;
use crate::text::numbers::{counted, grouped};
use crate::value::value::{Tuple, Value};

/// Relations named of those that change with a claim.
const NAMED: usize = 5;

/// How conflicts are told.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// Names and labels.
    pub words: Words<'a>,
    /// Which relation is derived from which.
    pub analysis: &'a Analysis,
    /// Columns of the terminal, and whether every proof is shown.
    pub layout: TreeOptions,
    /// Whether every row is shown with its proof.
    pub with_proofs: bool,
}

/// Conflicts as text.
#[must_use]
pub fn text(told: Told<'_>, conflicts: &Conflicts) -> String {
    if conflicts.found.is_empty() {
        return "nothing is in conflict\n".to_owned();
    }
    let mut out = String::new();
    for (at, conflict) in conflicts.found.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        told.conflict(at + 1, conflict, &mut out);
    }
    if conflicts.not_withdrawn > 0 {
        let n = grouped(conflicts.not_withdrawn);
        out.push_str(&format!(
            "\nwhat falls with {n} more claims was not looked at: name a relation or an atom\n"
        ));
    }
    out
}

impl Told<'_> {
    fn conflict(&self, n: usize, conflict: &Conflict, out: &mut String) {
        let [a, b] = &conflict.sides;
        let mut title = format!("{n}  {} against {}", visible(&a.id), visible(&b.id));
        if let Some(event) = &conflict.event {
            title.push_str(&format!("  on {}", self.named(event)));
        }
        if let Some(gap) = conflict.gap {
            let gap = u64::try_from(gap).map_or_else(|_| gap.to_string(), figures);
            title.push_str(&format!("  gap {gap}"));
        }
        out.push_str(&format!("{title}\n"));
        for (at, row) in conflict.rows.iter().enumerate() {
            // What is the same from both sides is said once.
            if conflict.rows[..at].iter().any(|other| self.mirror(other, row)) {
                continue;
            }
            let atom = self.words.dated_tuple(&conclusion(row));
            let line = match self.sentence(row) {
                Some(sentence) => format!("{sentence}  {atom}"),
                None => atom,
            };
            out.push_str(&format!("   {line}\n"));
        }
        for side in &conflict.sides {
            self.side(side, out);
        }
        if self.with_proofs {
            for proof in conflict.rows.iter().filter_map(|row| row.proof.as_ref()) {
                out.push('\n');
                out.push_str(&tree(self.words, proof, self.layout));
            }
        }
    }

    /// Whether two rows differ only in which of the two comes first.
    fn mirror(&self, a: &Row, b: &Row) -> bool {
        let columns = self.words.given.program.relations[a.relation].words.conflict;
        columns.is_some_and(|columns| {
            let mut turned = a.tuple.clone();
            turned.swap(columns.own, columns.other);
            a.relation == b.relation && turned == b.tuple
        })
    }

    /// What the rule says that gives the row.
    fn sentence(&self, row: &Row) -> Option<String> {
        match row.proof.as_ref()?.root() {
            Node::Rule(node) => self.words.sentence(node),
            _ => None,
        }
    }

    /// The id of an event, and its label if it has one.
    fn named(&self, id: &str) -> String {
        let label = self.words.label(id);
        if label == visible(id) { label } else { format!("{label} ({})", visible(id)) }
    }

    fn side(&self, side: &Side, out: &mut String) {
        let id = visible(&side.id);
        let indent = " ".repeat(5 + id.chars().count());
        let mut line = format!("   {id}");
        if let Some(figure) = self.figure(side.figure) {
            line.push_str(&format!("  {figure}"));
        }
        let Some(evidence) = &side.evidence else {
            out.push_str(&format!("{line}  {}\n", self.words.label(&side.id)));
            return;
        };
        out.push_str(&format!("{line}  {}\n", self.words.voice(evidence)));
        let (quote, place) = self.words.quote(evidence, None);
        let width = self.layout.width.saturating_sub(indent.len()).max(24);
        let words = format!("{}  {place}", quote.unwrap_or_else(|| "no words quoted".to_owned()));
        let mut lines = wrap(words.trim_end(), width);
        match &side.without {
            Some(Without::Changes(effect)) => lines.extend(wrap(&self.falls(effect), width)),
            Some(Without::Fails(message)) => {
                let text =
                    format!("without it the evaluation fails: {}", visible(&message.message));
                lines.extend(wrap(&text, width));
            }
            None => {}
        }
        for line in lines {
            out.push_str(&format!("{indent}{}\n", unglued(line.trim_end())));
        }
    }

    /// `25,000–30,000 troops`.
    fn figure(&self, figure: Figure) -> Option<String> {
        let number = |value: Value| match value {
            Value::Number(n) if n >= 0 => figures(n.unsigned_abs()),
            other => self.words.value(other),
        };
        let range = match (figure.lo, figure.hi) {
            (Some(lo), Some(hi)) if lo == hi => number(lo),
            (Some(lo), Some(hi)) => format!("{}–{}", number(lo), number(hi)),
            (Some(lo), None) => format!("at least {}", number(lo)),
            (None, Some(hi)) => format!("at most {}", number(hi)),
            (None, None) => return None,
        };
        let symbols = &self.words.given.program.symbols;
        let unit = figure.unit.map(|unit| self.words.label(&unit.plain(symbols)));
        Some(match unit {
            Some(unit) => format!("{range} {unit}"),
            None => range,
        })
    }

    /// How much changes without a claim, and where; what follows from most others comes first.
    fn falls(&self, effect: &Effect) -> String {
        let mut found = falling(effect, self.words);
        if found.is_empty() {
            return "nothing else changes without it".to_owned();
        }
        let rows: usize = found.iter().map(|(_, n)| n).sum();
        found.sort_by_key(|(id, _)| (Reverse(self.analysis.stratum_of[*id]), *id));
        let relations = &self.words.given.program.relations;
        let mut names: Vec<String> = found
            .iter()
            .take(NAMED)
            .map(|(id, n)| format!("{}{GLUE}{}", relations[*id].name, grouped(*n)))
            .collect();
        if found.len() > NAMED {
            let n = grouped(found.len() - NAMED);
            names.push(format!("and{GLUE}in{GLUE}{n}{GLUE}more{GLUE}relations"));
        }
        let verb =
            if rows == 1 { "that does not name it changes" } else { "that do not name it change" };
        format!("without it {} {verb}: {}", counted(rows, "conclusion"), names.join(", "))
    }
}

/// Conclusions that change with what is withdrawn and do not speak of it, by relation. What proofs
/// do not show either, such as counts of all claims, is left out.
fn falling(effect: &Effect, words: Words<'_>) -> Vec<(RelationId, usize)> {
    let symbols = &words.given.program.symbols;
    let gone: Set<&str> =
        effect.made.withdrawn.claims.iter().map(|gone| gone.id.as_str()).collect();
    let speaks = |tuple: &&Tuple| {
        !tuple.iter().any(|value| match value {
            Value::Symbol(symbol) => gone.contains(symbols.text(*symbol)),
            _ => false,
        })
    };
    let count = |changes: &Changes| {
        let rows = changes.lost.iter().chain(&changes.gained);
        (changes.relation, changes.changed.len() + rows.filter(speaks).count())
    };
    let relations = &words.given.program.relations;
    let told = |changes: &&Changes| relations[changes.relation].words.shown != Shown::Hidden;
    let all = effect.difference.relations.iter().filter(told).map(count);
    all.filter(|(_, n)| *n > 0).collect()
}

fn conclusion(row: &Row) -> Conclusion {
    Conclusion { relation: row.relation, tuple: row.tuple.clone() }
}

/// A count of things as it is read: `25,000`.
fn figures(n: u64) -> String {
    usize::try_from(n).map_or_else(|_| n.to_string(), grouped)
}

/// Conflicts as one JSON object.
///
/// # Panics
/// Never: what is written is plain data.
#[must_use]
pub fn document(told: Told<'_>, conflicts: &Conflicts) -> String {
    let found = conflicts.found.iter().map(|conflict| told.json(conflict)).collect();
    let document = Document {
        schema: "hence.conflicts/1",
        conflicts: found,
        not_withdrawn: conflicts.not_withdrawn,
    };
    serde_json::to_string(&document).expect("plain data is JSON")
}

impl Told<'_> {
    fn json(&self, conflict: &Conflict) -> ConflictJson {
        let program = self.words.given.program;
        let value = |value: Value| json::value(value, &program.symbols);
        let rows = conflict.rows.iter().map(|row| RowJson {
            relation: program.relations[row.relation].name.clone(),
            values: row.tuple.iter().map(|cell| value(*cell)).collect(),
            because: self.sentence(row),
        });
        let side = |side: &Side| {
            let (without, fails) = match &side.without {
                Some(Without::Changes(effect)) => {
                    let of = |(id, rows): (RelationId, usize)| Falls {
                        relation: program.relations[id].name.clone(),
                        rows,
                    };
                    (Some(falling(effect, self.words).into_iter().map(of).collect()), None)
                }
                Some(Without::Fails(message)) => (None, Some(message.message.clone())),
                None => (None, None),
            };
            SideJson {
                id: side.id.clone(),
                lo: side.figure.lo.map(value),
                hi: side.figure.hi.map(value),
                unit: side.figure.unit.map(value),
                claim: side.evidence.as_ref().map(ClaimJson::of),
                without,
                fails,
            }
        };
        ConflictJson {
            event: conflict.event.clone(),
            gap: conflict.gap.and_then(|gap| u64::try_from(gap).ok()),
            rows: rows.collect(),
            sides: conflict.sides.iter().map(side).collect(),
        }
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    conflicts: Vec<ConflictJson>,
    not_withdrawn: usize,
}

#[derive(Serialize)]
struct ConflictJson {
    event: Option<String>,
    gap: Option<u64>,
    rows: Vec<RowJson>,
    sides: Vec<SideJson>,
}

#[derive(Serialize)]
struct RowJson {
    relation: String,
    values: Vec<serde_json::Value>,
    because: Option<String>,
}

#[derive(Serialize)]
struct SideJson {
    id: String,
    lo: Option<serde_json::Value>,
    hi: Option<serde_json::Value>,
    unit: Option<serde_json::Value>,
    claim: Option<ClaimJson>,
    without: Option<Vec<Falls>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fails: Option<String>,
}

#[derive(Serialize)]
struct ClaimJson {
    source: String,
    through: Vec<String>,
    modality: String,
    polarity: String,
    document: String,
    line: Option<usize>,
    span: Option<(usize, usize)>,
    quote: Option<String>,
    verified: bool,
}

impl ClaimJson {
    fn of(evidence: &Evidence) -> Self {
        Self {
            source: evidence.origin.clone(),
            through: evidence.conduits.clone(),
            modality: evidence.modality.clone(),
            polarity: evidence.polarity.clone(),
            document: evidence.document.clone(),
            line: evidence.line,
            span: evidence.span,
            quote: evidence.quote.clone(),
            verified: evidence.verified,
        }
    }
}

#[derive(Serialize)]
struct Falls {
    relation: String,
    rows: usize,
}
