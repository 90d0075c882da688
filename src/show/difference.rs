//! What changes came to, and what they make different, as text and in the format `hence.diff/1`.
//! A row that was lost with a claim because it speaks of the claim itself is only counted: what
//! else fell is what the reader wants to see.

use serde::Serialize;

use crate::base::hash::{Map, Set};
use crate::base::ids::RelationId;
use crate::claims::withdraw::{Broken, Cause, Gone};
use crate::provenance::leaves::{Evidence, LeafKind};
use crate::session::because::Because;
use crate::session::diff::{Changes, Difference};
use crate::session::runs::Cause as Input;
use crate::session::whatif::Made;
use crate::show::json;
use crate::show::runs::CauseJson;
use crate::show::safe::{shortened, visible, width};
use crate::show::words::Words;
use crate::text::numbers::{counted, grouped};
use crate::value::value::{Tuple, Value};

/// Claims and rows that are listed before the others are only counted.
const LISTED: usize = 6;
/// Lines that one relation may take for each kind of row if it was not asked for by name.
const LINES: usize = 4;
/// Rows that are named by their first column in one line.
const NAMED: usize = 12;

/// A difference and what made it.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// Names and labels, of the state before.
    pub words: Words<'a>,
    /// What was changed; nothing where two runs are compared.
    pub made: Option<&'a Made>,
    /// What went in differently, where two runs are compared.
    pub causes: &'a [Input],
    /// What each conclusion that differs rests on among these.
    pub because: &'a [Because],
    /// What that makes different.
    pub difference: &'a Difference,
    /// Whether the relations were asked for by name: then every row is listed.
    pub is_named: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// The difference as text.
#[must_use]
pub fn text(told: Told<'_>) -> String {
    let mut out = String::new();
    if let Some(made) = told.made {
        told.made(made, &mut out);
    }
    let mut folded: Vec<(RelationId, usize)> = Vec::new();
    let gone: Set<&str> = told.gone().iter().map(|gone| gone.id.as_str()).collect();
    for changes in &told.difference.relations {
        let n = told.relation(changes, &gone, &mut out);
        if n > 0 {
            folded.push((changes.relation, n));
        }
    }
    if !folded.is_empty() {
        let name = |(id, n): &(RelationId, usize)| {
            format!("{} {}", told.words.given.program.relations[*id].name, grouped(*n))
        };
        let names: Vec<String> = folded.iter().map(name).collect();
        let whose = if gone.len() == 1 { "that claim itself" } else { "those claims themselves" };
        out.push_str(&format!("also lost: what tells of {whose}: {}\n", names.join(", ")));
    }
    if let Some(made) = told.made {
        told.readings(&made.withdrawn.readings, &mut out);
    }
    out.push_str(&told.summary());
    out
}

impl Told<'_> {
    fn gone(&self) -> &[Gone] {
        self.made.map_or(&[], |made| &made.withdrawn.claims)
    }

    /// What was withdrawn, taken out and assumed.
    fn made(&self, made: &Made, out: &mut String) {
        let claims = &made.withdrawn.claims;
        if !claims.is_empty() {
            out.push_str(&format!("withdrawn: {}\n", counted(claims.len(), "claim")));
            let evidence = self.evidence();
            for gone in claims.iter().take(LISTED) {
                let line = self.claim(gone, evidence.get(gone.id.as_str()).copied());
                out.push_str(&format!("{line}\n"));
            }
            more(claims.len(), out);
        }
        let kinds = [
            ("taken out", &made.retracted),
            ("assumed", &made.assumed),
            ("there already", &made.known),
        ];
        for (what, rows) in kinds {
            for (relation, tuple) in rows.iter().take(LISTED) {
                out.push_str(&format!("{what}: {}\n", self.atom(*relation, tuple)));
            }
            more(rows.len(), out);
        }
    }

    /// Who says what, by claim.
    fn evidence(&self) -> Map<&str, &Evidence> {
        let leaves = self.words.given.leaves.leaves.iter();
        let claims = leaves.filter(|leaf| leaf.kind == LeafKind::Claim);
        claims.filter_map(|leaf| Some((leaf.id.as_str(), leaf.evidence.as_ref()?))).collect()
    }

    fn claim(&self, gone: &Gone, evidence: Option<&Evidence>) -> String {
        let mut line = format!("  {}", visible(&gone.id));
        if let Some(evidence) = evidence {
            line.push_str(&format!("  {}", self.words.voice(evidence)));
        }
        if gone.cause == Cause::Bases {
            line.push_str("; all that it rests on goes");
        }
        if let Some(quote) = evidence.and_then(|evidence| evidence.quote.as_ref()) {
            let indent = " ".repeat(4 + width(&visible(&gone.id)));
            let left = self.width.saturating_sub(indent.len() + 2).max(24);
            line.push_str(&format!("\n{indent}“{}”", shortened(&visible(quote), left)));
        }
        line
    }

    pub(super) fn atom(&self, relation: RelationId, tuple: &[Value]) -> String {
        let values: Vec<Option<Value>> = tuple.iter().copied().map(Some).collect();
        self.words.dated_atom(relation, &values)
    }

    /// The lines of a relation; returns how many rows are only counted at the end.
    fn relation(&self, changes: &Changes, gone: &Set<&str>, out: &mut String) -> usize {
        let id = changes.relation;
        let about = &self.words.given.program.relations[id];
        let symbols = &self.words.given.program.symbols;
        let speaks_of_gone = |tuple: &&Tuple| {
            tuple.iter().any(|value| match value {
                Value::Symbol(symbol) => gone.contains(symbols.text(*symbol)),
                _ => false,
            })
        };
        let folds = !self.is_named && about.words.conflict.is_none();
        let (folded, lost): (Vec<&Tuple>, Vec<&Tuple>) =
            changes.lost.iter().partition(|tuple| folds && speaks_of_gone(tuple));
        let changed = changes.changed.iter();
        let changed: Vec<String> =
            changed.map(|(old, new)| self.changed(changes, old, new)).collect();
        self.lines("changed  ", &about.name, &changed, out);
        let gained: Vec<&Tuple> = changes.gained.iter().collect();
        for (word, rows) in [("lost     ", &lost), ("gained   ", &gained)] {
            if let Some(names) = self.named(id, rows) {
                out.push_str(&format!("{word}{}: {names}\n", about.name));
                continue;
            }
            let rows: Vec<String> = rows.iter().map(|tuple| self.atom(id, tuple)).collect();
            self.lines(word, &about.name, &rows, out);
        }
        folded.len()
    }

    /// Lines of one kind; of many rows only the first, unless their relation was asked for.
    fn lines(&self, word: &str, relation: &str, rows: &[String], out: &mut String) {
        let shown = if self.is_named || rows.len() <= LINES { rows.len() } else { LINES - 1 };
        for row in &rows[..shown] {
            out.push_str(&format!("{word}{row}\n"));
        }
        if rows.len() > shown {
            let n = grouped(rows.len() - shown);
            out.push_str(&format!("         … {n} more of {relation}\n"));
        }
    }

    /// Many rows by their first column, if that tells them apart.
    fn named(&self, relation: RelationId, rows: &[&Tuple]) -> Option<String> {
        if self.is_named || rows.len() < LINES {
            return None;
        }
        let first: Vec<Value> = rows.iter().filter_map(|tuple| tuple.first().copied()).collect();
        let distinct: Set<Value> = first.iter().copied().collect();
        if distinct.len() < rows.len() {
            return None;
        }
        let ty = self.words.given.program.relations[relation].columns[0].ty;
        let name = |value: &Value| match value {
            Value::Symbol(symbol) => visible(self.words.given.program.symbols.text(*symbol)),
            _ => self.words.dated_value(*value, ty),
        };
        let mut names: Vec<String> = first.iter().take(NAMED).map(name).collect();
        if rows.len() > NAMED {
            names.push(format!("… {} more", grouped(rows.len() - NAMED)));
        }
        Some(names.join(", "))
    }

    /// The key, and each value that differs: `lo..hi` for the two ends of a range.
    fn changed(&self, changes: &Changes, old: &Tuple, new: &Tuple) -> String {
        let columns = &self.words.given.program.relations[changes.relation].columns;
        let is_key = |at: &usize| changes.key.contains(at);
        let key: Vec<Option<Value>> =
            (0..old.len()).map(|at| is_key(&at).then(|| old[at])).collect();
        let cell = |tuple: &Tuple, at: usize| self.words.dated_value(tuple[at], columns[at].ty);
        let values: Vec<usize> = (0..old.len()).filter(|at| !is_key(at)).collect();
        let named = |name: &str| values.iter().copied().find(|&at| columns[at].name == name);
        let mut parts: Vec<String> = Vec::new();
        let range = named("lo").zip(named("hi"));
        if let Some((lo, hi)) = range
            && (old[lo], old[hi]) != (new[lo], new[hi])
        {
            let range = |tuple| format!("{}..{}", cell(tuple, lo), cell(tuple, hi));
            parts.push(format!("{} → {}", range(old), range(new)));
        }
        let in_range = |at: usize| range.is_some_and(|(lo, hi)| at == lo || at == hi);
        for &at in values.iter().filter(|&&at| !in_range(at) && old[at] != new[at]) {
            let name = match values.len() {
                1 => String::new(),
                _ => format!("{} ", columns[at].name),
            };
            parts.push(format!("{name}{} → {}", cell(old, at), cell(new, at)));
        }
        format!("{}  {}", self.words.dated_atom(changes.relation, &key), parts.join(", "))
    }

    /// Which readings are incomplete now.
    fn readings(&self, readings: &[Broken], out: &mut String) {
        let mut by_claims: Vec<(&[String], Vec<&str>)> = Vec::new();
        for broken in readings {
            match by_claims.iter_mut().find(|(claims, _)| *claims == broken.claims) {
                Some((_, same)) => same.push(&broken.reading),
                None => by_claims.push((&broken.claims, vec![&broken.reading])),
            }
        }
        for (claims, readings) in by_claims {
            let (verb, plural) = if readings.len() == 1 { ("is", "") } else { ("are", "s") };
            out.push_str(&format!(
                "note: reading{plural} {} {verb} incomplete without {}\n",
                visible(&readings.join(", ")),
                visible(&claims.join(", "))
            ));
        }
    }

    fn summary(&self) -> String {
        if self.difference.is_empty() {
            return "no conclusion changes\n".to_owned();
        }
        let [changed, lost, gained] = self.difference.counts();
        let (changed, lost, gained) = (grouped(changed), grouped(lost), grouped(gained));
        format!("{changed} changed, {lost} lost, {gained} gained\n")
    }
}

/// That some are not listed.
fn more(all: usize, out: &mut String) {
    if all > LISTED {
        out.push_str(&format!("  … {} more\n", grouped(all - LISTED)));
    }
}

/// The difference as one JSON object.
///
/// # Panics
/// Never: what is written is plain data.
#[must_use]
pub fn document(told: Told<'_>) -> String {
    let difference = told.difference;
    let row = |id: RelationId, tuple: &Tuple| Row {
        relation: told.words.given.program.relations[id].name.clone(),
        values: values(told, tuple),
    };
    let rows = |of: fn(&Changes) -> &Vec<Tuple>| -> Vec<Row> {
        let all = difference.relations.iter();
        all.flat_map(|changes| of(changes).iter().map(|t| row(changes.relation, t))).collect()
    };
    let changed = difference.relations.iter().flat_map(|changes| {
        changes.changed.iter().map(|(old, new)| {
            let key: Tuple = changes.key.iter().map(|&at| old[at]).collect();
            Changed {
                relation: told.words.given.program.relations[changes.relation].name.clone(),
                key: values(told, &key),
                old: values(told, old),
                new: values(told, new),
            }
        })
    });
    let changed: Vec<Changed> = changed.collect();
    let document = Document {
        schema: "hence.diff/1",
        made: told.made.map(|made| of_made(told, made)),
        inputs: told.causes.iter().map(CauseJson::of).collect(),
        changed,
        lost: rows(|changes| &changes.lost),
        gained: rows(|changes| &changes.gained),
        because: told.because.iter().map(|of| of_because(told, of)).collect(),
    };
    serde_json::to_string(&document).expect("plain data is JSON")
}

fn values(told: Told<'_>, tuple: &[Value]) -> Vec<serde_json::Value> {
    let symbols = &told.words.given.program.symbols;
    tuple.iter().map(|value| json::value(*value, symbols)).collect()
}

fn of_because<'a>(told: Told<'a>, of: &'a Because) -> BecauseJson<'a> {
    BecauseJson {
        relation: &told.words.given.program.relations[of.relation].name,
        values: values(told, &of.tuple),
        run: if of.is_lost { "old" } else { "new" },
        inputs: &of.causes,
        how: of.force.word(),
    }
}

fn of_made<'a>(told: Told<'_>, made: &'a Made) -> MadeJson<'a> {
    let rows = |rows: &[(RelationId, Tuple)]| {
        let row = |(id, tuple): &(RelationId, Tuple)| Row {
            relation: told.words.given.program.relations[*id].name.clone(),
            values: values(told, tuple),
        };
        rows.iter().map(row).collect()
    };
    let withdrawn = made.withdrawn.claims.iter().map(|gone| Withdrawn {
        claim: &gone.id,
        because: match gone.cause {
            Cause::Named => "named",
            Cause::Chain => "source",
            Cause::Document => "document",
            Cause::Bases => "bases",
        },
    });
    let incomplete = made
        .withdrawn
        .readings
        .iter()
        .map(|broken| Incomplete { reading: &broken.reading, without: &broken.claims });
    MadeJson {
        withdrawn: withdrawn.collect(),
        incomplete: incomplete.collect(),
        retracted: rows(&made.retracted),
        assumed: rows(&made.assumed),
        known: rows(&made.known),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    made: Option<MadeJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<CauseJson<'a>>,
    changed: Vec<Changed>,
    lost: Vec<Row>,
    gained: Vec<Row>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<BecauseJson<'a>>,
}

#[derive(Serialize)]
struct BecauseJson<'a> {
    relation: &'a str,
    values: Vec<serde_json::Value>,
    run: &'static str,
    inputs: &'a [usize],
    how: &'static str,
}

#[derive(Serialize)]
struct MadeJson<'a> {
    withdrawn: Vec<Withdrawn<'a>>,
    incomplete: Vec<Incomplete<'a>>,
    retracted: Vec<Row>,
    assumed: Vec<Row>,
    known: Vec<Row>,
}

#[derive(Serialize)]
struct Withdrawn<'a> {
    claim: &'a str,
    because: &'static str,
}

#[derive(Serialize)]
struct Incomplete<'a> {
    reading: &'a str,
    without: &'a [String],
}

#[derive(Serialize)]
struct Changed {
    relation: String,
    key: Vec<serde_json::Value>,
    old: Vec<serde_json::Value>,
    new: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct Row {
    relation: String,
    values: Vec<serde_json::Value>,
}
