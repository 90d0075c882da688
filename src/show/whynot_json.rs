//! [`whynot`]: why an atom does not hold as JSON, in the format `hence.whynot/1`: fields are only
//! ever added.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use crate::base::ids::{RelationId, RuleId};
use crate::provenance::proof::Binding;
use crate::provenance::whynot::{
    Asked, Blocker, Contributors, Miss, NearRow, Obstacle, RuleReach, Unknown, Verdict, WhyNot,
};
use crate::session::repairs::{Repair, Step};
use crate::session::whatif::Change;
use crate::show::json::value;
use crate::show::words::Words;
use crate::value::value::{Tuple, Value};

/// The answer as one JSON object.
///
/// # Panics
/// Never: what is written is plain data.
#[must_use]
pub fn whynot(words: Words<'_>, whynot: &WhyNot, repairs: &[Repair]) -> String {
    let writer = Writer { words };
    let document = Document {
        schema: SCHEMA,
        holds: false,
        answer: writer.answer(whynot),
        repairs: repairs.iter().map(|repair| writer.repair(repair)).collect(),
    };
    serde_json::to_string(&document).expect("plain data is JSON")
}

/// That the atom holds, and a tuple.
///
/// # Panics
/// Never: what is written is plain data.
#[must_use]
pub fn holds(words: Words<'_>, asked: &Asked, tuple: &Tuple) -> String {
    let writer = Writer { words };
    let document = Holds {
        schema: SCHEMA,
        holds: true,
        atom: writer.atom(asked),
        tuple: writer.values(tuple),
    };
    serde_json::to_string(&document).expect("plain data is JSON")
}

const SCHEMA: &str = "hence.whynot/1";

#[derive(Serialize)]
struct Holds {
    schema: &'static str,
    holds: bool,
    atom: Atom,
    tuple: Vec<Json>,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    holds: bool,
    #[serde(flatten)]
    answer: Answer,
    repairs: Vec<Repaired>,
}

#[derive(Serialize)]
struct Repaired {
    changes: Vec<Changed>,
    like: Vec<Like>,
    checked: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Changed {
    Without { kind: &'static str, id: String },
    Retract { relation: String, pattern: Vec<Option<Json>> },
    Assume { relation: String, values: Vec<Json> },
}

#[derive(Serialize)]
struct Like {
    claim: String,
    source: String,
}

#[derive(Serialize)]
struct Answer {
    atom: Atom,
    rules: Vec<Rule>,
    apart: Vec<Apart>,
    nearest: Vec<Row>,
    unknown: Vec<Spelling>,
    stored: usize,
    complete_to: usize,
}

#[derive(Serialize)]
struct Atom {
    relation: String,
    pattern: Vec<Option<Json>>,
    equal: Vec<(usize, usize)>,
}

#[derive(Serialize)]
struct Rule {
    rule: Name,
    candidates: usize,
    blocked_by_one: usize,
    blocked_by_two: usize,
    ways: usize,
    looked_at: usize,
    complete_to: usize,
    near: Vec<Near>,
}

#[derive(Serialize)]
struct Name {
    name: String,
    file: String,
    line: usize,
}

#[derive(Serialize)]
struct Near {
    binding: BTreeMap<String, Json>,
    literals: Vec<Literal>,
    blocked_by: Vec<Blocked>,
    others: usize,
    mirrored: usize,
}

#[derive(Serialize)]
struct Literal {
    text: String,
    is: &'static str,
}

#[derive(Serialize, Default)]
struct Blocked {
    literal: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    atom: Option<Atom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tuple: Option<Vec<Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nearest: Vec<Row>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Spelling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<Box<Answer>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    from: Vec<From>,
}

#[derive(Serialize)]
struct From {
    variable: Option<String>,
    op: &'static str,
    value: Option<Json>,
    count: usize,
    rows: Vec<FromRow>,
}

#[derive(Serialize)]
struct FromRow {
    value: Option<Json>,
    atoms: Vec<String>,
    claims: Vec<String>,
    sources: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    tuple: Vec<Json>,
    differs: Vec<String>,
}

#[derive(Serialize)]
struct Spelling {
    column: String,
    value: Json,
    known: bool,
    near: Vec<String>,
}

#[derive(Serialize)]
struct Apart {
    rule: Name,
    column: String,
    gives: Json,
}

struct Writer<'a> {
    words: Words<'a>,
}

impl Writer<'_> {
    fn value(&self, of: Value) -> Json {
        value(of, &self.words.given.program.symbols)
    }

    fn values(&self, of: &[Value]) -> Vec<Json> {
        of.iter().map(|v| self.value(*v)).collect()
    }

    fn atom(&self, asked: &Asked) -> Atom {
        Atom {
            relation: self.words.given.program.relations[asked.relation].name.clone(),
            pattern: asked.pattern.iter().map(|v| v.map(|v| self.value(v))).collect(),
            equal: asked.equal.clone(),
        }
    }

    fn name(&self, id: RuleId) -> Name {
        let rule = &self.words.given.program.rules[id];
        let files = self.words.files;
        Name {
            name: rule.name.clone(),
            file: files.get(rule.span.file).name.clone(),
            line: files.position(rule.span).line,
        }
    }

    fn repair(&self, repair: &Repair) -> Repaired {
        let program = self.words.given.program;
        let name = |relation: RelationId| program.relations[relation].name.clone();
        let changed = |change: &Change| match change {
            Change::Without(target) => {
                Changed::Without { kind: target.kind(), id: target.id().to_owned() }
            }
            Change::Retract(relation, pattern) => Changed::Retract {
                relation: name(*relation),
                pattern: pattern.iter().map(|v| v.map(|v| self.value(v))).collect(),
            },
            Change::Assume(relation, tuple) => {
                Changed::Assume { relation: name(*relation), values: self.values(tuple) }
            }
        };
        let like = |step: &Step| match step {
            Step::OneMore(claim, source) => {
                let claim = self.words.given.leaves.leaves[*claim].id.clone();
                Some(Like { claim, source: source.clone() })
            }
            Step::Withdraw(_) | Step::Retract(..) | Step::Assume(..) => None,
        };
        Repaired {
            changes: repair.changes.iter().map(changed).collect(),
            like: repair.steps.iter().filter_map(like).collect(),
            checked: true,
        }
    }

    fn column(&self, asked: &Asked, column: usize) -> String {
        let relation = &self.words.given.program.relations[asked.relation];
        relation.columns[column].name.clone()
    }

    fn answer(&self, whynot: &WhyNot) -> Answer {
        let asked = &whynot.asked;
        let apart = whynot.apart.iter().map(|apart| Apart {
            rule: self.name(apart.rule),
            column: self.column(asked, apart.column),
            gives: self.value(apart.gives),
        });
        let complete = whynot.rules.iter().map(|rule| rule.reach.complete_to);
        Answer {
            atom: self.atom(asked),
            rules: whynot.rules.iter().map(|rule| self.rule(rule, &whynot.misses)).collect(),
            apart: apart.collect(),
            nearest: self.rows(asked, &whynot.rows),
            unknown: self.unknown(asked, &whynot.unknown),
            stored: whynot.stored,
            complete_to: complete.min().unwrap_or(2),
        }
    }

    fn rows(&self, asked: &Asked, rows: &[NearRow]) -> Vec<Row> {
        let row = |row: &NearRow| Row {
            tuple: self.values(&row.tuple),
            differs: row.differs.iter().map(|column| self.column(asked, *column)).collect(),
        };
        rows.iter().map(row).collect()
    }

    fn unknown(&self, asked: &Asked, unknown: &[Unknown]) -> Vec<Spelling> {
        let spelling = |unknown: &Unknown| Spelling {
            column: self.column(asked, unknown.column),
            value: self.value(unknown.value),
            known: unknown.is_known,
            near: unknown.near.clone(),
        };
        unknown.iter().map(spelling).collect()
    }

    fn rule(&self, of: &RuleReach, misses: &[Miss]) -> Rule {
        let near = misses.iter().filter(|miss| miss.rule == of.rule);
        let [blocked_by_one, blocked_by_two] = of.blocked_by;
        Rule {
            rule: self.name(of.rule),
            candidates: blocked_by_one + blocked_by_two,
            blocked_by_one,
            blocked_by_two,
            ways: of.reach.ways,
            looked_at: of.reach.looked_at,
            complete_to: of.reach.complete_to,
            near: near.map(|miss| self.near(miss)).collect(),
        }
    }

    fn binding(&self, rule: RuleId, binding: &Binding) -> BTreeMap<String, Json> {
        let named = binding.iter().filter_map(|(var, value)| {
            Some((self.words.name(rule, *var)?.to_owned(), self.value(*value)))
        });
        named.collect()
    }

    fn near(&self, miss: &Miss) -> Near {
        let rule = &self.words.given.program.rules[miss.rule];
        let literals = rule.body.iter().zip(&miss.literals).map(|(literal, verdict)| Literal {
            text: self.words.with_values(miss.rule, literal, &miss.binding),
            is: match verdict {
                Verdict::Holds => "true",
                Verdict::Fails => "false",
                Verdict::Open => "open",
            },
        });
        Near {
            binding: self.binding(miss.rule, &miss.binding),
            literals: literals.collect(),
            blocked_by: miss.blockers.iter().map(|blocker| self.blocked(miss, blocker)).collect(),
            others: miss.others,
            mirrored: miss.mirrored,
        }
    }

    fn blocked(&self, miss: &Miss, blocker: &Blocker) -> Blocked {
        let mut blocked = Blocked {
            literal: self.words.written(miss.rule, &blocker.literal),
            from: blocker.from.iter().map(|from| self.from(miss, from)).collect(),
            ..Blocked::default()
        };
        let optional = |value: Option<Value>| value.map(|value| self.value(value));
        blocked.kind = match &blocker.obstacle {
            Obstacle::Missing(missing) => {
                blocked.atom = Some(self.atom(&missing.asked));
                blocked.nearest = self.rows(&missing.asked, &missing.rows);
                blocked.unknown = self.unknown(&missing.asked, &missing.unknown);
                blocked.below = missing.below.as_ref().map(|below| Box::new(self.answer(below)));
                "missing"
            }
            Obstacle::Present(present) => {
                blocked.tuple = Some(self.values(&present.tuple.tuple));
                blocked.count = Some(present.count);
                "present"
            }
            Obstacle::Compared(left, right) => {
                blocked.left = Some(self.value(*left));
                blocked.right = Some(self.value(*right));
                "comparison"
            }
            Obstacle::Tested(_) => "test",
            Obstacle::OutOfRange(member, _) => {
                blocked.left = optional(*member);
                "range"
            }
            Obstacle::Aggregated(value, wanted) => {
                blocked.left = optional(*value);
                blocked.right = optional(*wanted);
                "aggregate"
            }
            Obstacle::NoValue => "no value",
            Obstacle::Never => "never",
            Obstacle::Together => "together",
        };
        blocked
    }

    fn from(&self, miss: &Miss, from: &Contributors) -> From {
        let leaves = &self.words.given.leaves.leaves;
        let rows = from.rows.iter().map(|row| {
            let claims = || row.claims.iter().map(|claim| &leaves[*claim]);
            let mut sources: Vec<String> = claims()
                .filter_map(|leaf| leaf.evidence.as_ref())
                .map(|evidence| evidence.origin.clone())
                .collect();
            sources.sort_unstable();
            sources.dedup();
            FromRow {
                value: row.value.map(|value| self.value(value)),
                atoms: row.atoms.iter().map(|atom| self.words.tuple(atom)).collect(),
                claims: claims().map(|leaf| leaf.id.clone()).collect(),
                sources,
            }
        });
        From {
            variable: self.words.name(miss.rule, from.var).map(str::to_owned),
            op: from.kind.name(),
            value: from.value.map(|value| self.value(value)),
            count: from.count,
            rows: rows.collect(),
        }
    }
}
