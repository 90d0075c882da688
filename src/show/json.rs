//! Answers and proofs as JSON, in the formats `hence.rows/1` and `hence.proof/1`: fields are only
//! ever added. Texts are as stored, nothing is made visible or shortened.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::ids::{Id, NodeId, RuleId, Table};
use crate::provenance::leaves::{Evidence, LeafKind};
use crate::provenance::proof::{
    self, AggregateNode, Binding, By, Conclusion, Key, LeafRef, Node, OtherRows, Others, Proof,
    Quality, Role, RuleNode,
};
use crate::provenance::search::Found;
use crate::provenance::status::{self, AllProofs};
use crate::provenance::summary::{Summary, summary};
use crate::show::ids;
use crate::show::words::Words;
use crate::syntax::ast::AggregateKind;
use crate::value::symbols::Symbols;
use crate::value::value::Value;

/// A proof as one JSON object.
///
/// # Panics
/// Never: what is written is plain data.
#[must_use]
pub fn proof(words: Words<'_>, proof: &Proof) -> String {
    serde_json::to_string(&document(words, proof, None)).expect("plain data is JSON")
}

/// What was found of a tuple as one JSON object: its best proof, what is common to all its proofs,
/// and the other proofs if they were asked for.
///
/// # Panics
/// Never: what is written is plain data.
#[must_use]
pub fn found(words: Words<'_>, found: &Found) -> String {
    let mut document = document(words, &found.proof, found.all.as_ref());
    document.proofs = found.proofs.as_ref().map(|proofs| Several {
        met: proofs.met,
        complete: proofs.is_complete,
        proofs: proofs.proofs.iter().map(|proof| brief(words, proof)).collect(),
    });
    serde_json::to_string(&document).expect("plain data is JSON")
}

fn brief(words: Words<'_>, proof: &Proof) -> OtherProof {
    let rests_on = summary(words.given, proof);
    OtherProof {
        id: ids::id(words, proof),
        cost: cost(proof),
        modality: rests_on.modality.clone(),
        marking: rests_on.marking.clone(),
        rests_on: rests_on.into(),
    }
}

fn cost(proof: &Proof) -> Cost {
    let proof::Cost { assumptions, sources, claims, height } = proof.cost;
    Cost { assumptions, sources, claims, height }
}

impl From<status::Ends> for Ends {
    fn from(ends: status::Ends) -> Self {
        Self { least: ends.least, greatest: ends.greatest }
    }
}

impl From<Summary> for RestsOn {
    fn from(summary: Summary) -> Self {
        Self {
            claims: summary.claims,
            sources: summary.sources,
            documents: summary.documents,
            assumptions: summary.assumptions,
            inputs: summary.inputs,
        }
    }
}

/// A value as JSON: a text, or a number with all its digits.
#[must_use]
pub fn value(value: Value, symbols: &Symbols) -> serde_json::Value {
    match value {
        Value::Number(n) => n.into(),
        Value::Unsigned(n) => n.into(),
        Value::Float(x) => x.get().into(),
        Value::Symbol(symbol) => symbols.text(symbol).into(),
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    id: String,
    tuple: Tuple,
    quality: &'static str,
    status: Status,
    cost: Cost,
    rests_on: RestsOn,
    nodes: Vec<Step>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    proofs: Option<Several>,
}

#[derive(Serialize)]
struct Several {
    met: usize,
    complete: bool,
    proofs: Vec<OtherProof>,
}

#[derive(Serialize)]
struct OtherProof {
    id: String,
    cost: Cost,
    modality: Option<String>,
    marking: Option<String>,
    rests_on: RestsOn,
}

#[derive(Serialize)]
struct Tuple {
    relation: String,
    values: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct Status {
    modality: Option<String>,
    marking: Option<String>,
    /// What is common to all proofs; nothing if these are more than the search looks at.
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<All>,
    through: Vec<String>,
    disputed_by: Vec<String>,
    disputes: Vec<Dispute>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cautions: Vec<String>,
    unverified: Vec<String>,
}

#[derive(Serialize)]
struct All {
    circular: usize,
    modality: Option<Ends>,
    marking: Option<Ends>,
}

#[derive(Serialize)]
struct Ends {
    least: Option<String>,
    greatest: String,
}

#[derive(Serialize)]
struct Dispute {
    claim: String,
    by: String,
    relation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
}

#[derive(Serialize)]
struct Cost {
    assumptions: usize,
    sources: usize,
    claims: usize,
    height: usize,
}

#[derive(Serialize)]
struct RestsOn {
    claims: Vec<String>,
    sources: Vec<String>,
    documents: Vec<String>,
    assumptions: Vec<String>,
    inputs: usize,
}

#[derive(Serialize)]
struct Step {
    n: usize,
    id: String,
    kind: &'static str,
    text: String,
    #[serde(flatten)]
    is: Is,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Is {
    Rule {
        tuple: Tuple,
        #[serde(skip_serializing_if = "Option::is_none")]
        say: Option<String>,
        rule: RuleName,
        binding: BTreeMap<String, serde_json::Value>,
        premises: Vec<usize>,
        literals: Vec<Literal>,
    },
    Claim {
        tuple: Tuple,
        claim: Claim,
    },
    Leaf {
        tuple: Tuple,
        leaf: LeafName,
    },
    Absent {
        relation: String,
        pattern: Vec<Option<serde_json::Value>>,
        ok: bool,
    },
    Builtin {
        ok: bool,
    },
    Aggregate {
        agg: Aggregate,
    },
    Cut {
        tuple: Tuple,
    },
}

#[derive(Serialize)]
struct RuleName {
    name: String,
    file: String,
    line: usize,
}

#[derive(Serialize)]
struct Literal {
    text: String,
    ok: bool,
}

#[derive(Serialize)]
struct Claim {
    id: String,
    source: String,
    chain: Vec<String>,
    modality: String,
    polarity: String,
    doc: String,
    line: Option<usize>,
    chars: Option<[usize; 2]>,
    quote: Option<String>,
    verified: bool,
    place: String,
}

#[derive(Serialize)]
struct LeafName {
    id: Option<String>,
    place: Option<String>,
}

#[derive(Serialize)]
struct Aggregate {
    op: &'static str,
    value: serde_json::Value,
    rows: Vec<Row>,
    others: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Groups>,
}

#[derive(Serialize)]
struct Groups {
    by: String,
    rows: Vec<OtherRow>,
}

#[derive(Serialize)]
struct OtherRow {
    key: serde_json::Value,
    count: usize,
}

#[derive(Serialize)]
struct Row {
    role: &'static str,
    binding: BTreeMap<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    premises: Vec<usize>,
}

fn document(words: Words<'_>, proof: &Proof, all: Option<&AllProofs>) -> Document {
    let ids = ids::ids(words, proof);
    let rests_on = summary(words.given, proof);
    let others = rests_on.disputes.iter().filter(|dispute| !dispute.is_one_source);
    let mut disputed_by: Vec<String> = others.map(|dispute| dispute.by.clone()).collect();
    disputed_by.sort();
    disputed_by.dedup();
    let disputes = rests_on.disputes.clone().into_iter();
    let json = Json { words };
    let conclusion = proof.root().conclusion().expect("a proof shows a tuple");
    Document {
        schema: "hence.proof/1",
        id: ids[NodeId::new(0)].clone(),
        tuple: json.tuple(conclusion),
        quality: match proof.quality {
            Quality::Best => "best",
            Quality::Good => "good",
        },
        status: Status {
            modality: rests_on.modality.clone(),
            marking: rests_on.marking.clone(),
            all: all.map(|all| All {
                circular: all.circular,
                modality: all.modality.clone().map(Ends::from),
                marking: all.marking.clone().map(Ends::from),
            }),
            through: rests_on.through.clone(),
            disputed_by,
            disputes: disputes
                .map(|d| Dispute { claim: d.claim, by: d.by, relation: d.relation, how: d.how })
                .collect(),
            cautions: rests_on.cautions.clone(),
            unverified: rests_on.unverified.clone(),
        },
        cost: cost(proof),
        rests_on: rests_on.into(),
        nodes: proof.nodes.entries().map(|(id, node)| json.step((proof, &ids), id, node)).collect(),
        truncated: !proof.is_complete(),
        proofs: None,
    }
}

fn numbers(ids: &[NodeId]) -> Vec<usize> {
    ids.iter().map(|id| id.index() + 1).collect()
}

struct Json<'a> {
    words: Words<'a>,
}

impl Json<'_> {
    fn value(&self, of: Value) -> serde_json::Value {
        value(of, &self.words.given.program.symbols)
    }

    fn tuple(&self, conclusion: &Conclusion) -> Tuple {
        Tuple {
            relation: self.words.given.program.relations[conclusion.relation].name.clone(),
            values: conclusion.tuple.iter().map(|v| self.value(*v)).collect(),
        }
    }

    /// Named variables; those that the program does not name have no place in an answer.
    fn binding(&self, rule: RuleId, binding: &Binding) -> BTreeMap<String, serde_json::Value> {
        let named = binding.iter().filter_map(|(var, value)| {
            Some((self.words.name(rule, *var)?.to_owned(), self.value(*value)))
        });
        named.collect()
    }

    fn step(
        &self,
        (proof, ids): (&Proof, &Table<NodeId, String>),
        id: NodeId,
        node: &Node,
    ) -> Step {
        let (kind, is) = match node {
            Node::Rule(node) => ("rule", self.rule(proof, node)),
            Node::Leaf(leaf) => self.leaf(&leaf.conclusion, leaf.leaf),
            Node::Absent(node) => {
                let relation = self.words.given.program.relations[node.relation].name.clone();
                let pattern = node.pattern.iter().map(|v| v.map(|v| self.value(v))).collect();
                ("absent", Is::Absent { relation, pattern, ok: true })
            }
            Node::Builtin(_) => ("builtin", Is::Builtin { ok: true }),
            Node::Aggregate(node) => self.aggregate(node),
            Node::Cut(conclusion) => ("cut", Is::Cut { tuple: self.tuple(conclusion) }),
        };
        Step { n: id.index() + 1, id: ids[id].clone(), kind, text: self.text(node), is }
    }

    /// The literal that a node shows, with its values.
    fn text(&self, node: &Node) -> String {
        match node {
            Node::Absent(node) => format!("!{}", self.words.atom(node.relation, &node.pattern)),
            Node::Builtin(node) => self.words.exact(node),
            Node::Aggregate(node) => {
                let aggregate = node.site.aggregate(self.words.given.program);
                let kind = aggregate.map_or("", |(_, aggregate)| aggregate.kind.name());
                format!("{} = {kind}", self.words.value(node.value))
            }
            Node::Rule(_) | Node::Leaf(_) | Node::Cut(_) => {
                node.conclusion().map(|c| self.words.tuple(c)).unwrap_or_default()
            }
        }
    }

    fn rule(&self, proof: &Proof, node: &RuleNode) -> Is {
        let rule = &self.words.given.program.rules[node.rule];
        let files = self.words.files;
        // Each of these was checked before the proof was given out.
        let literal = |id: &NodeId| Literal { text: self.text(&proof.nodes[*id]), ok: true };
        Is::Rule {
            tuple: self.tuple(&node.conclusion),
            say: self.words.sentence(node),
            rule: RuleName {
                name: rule.name.clone(),
                file: files.get(rule.span.file).name.clone(),
                line: files.position(rule.span).line,
            },
            binding: self.binding(node.rule, &node.binding),
            premises: numbers(&node.premises),
            literals: node.premises.iter().map(literal).collect(),
        }
    }

    fn leaf(&self, conclusion: &Conclusion, leaf: LeafRef) -> (&'static str, Is) {
        let tuple = self.tuple(conclusion);
        if let Some(row) = self.words.leaf(leaf) {
            if let (LeafKind::Claim, Some(evidence)) = (row.kind, &row.evidence) {
                let claim = claim(&row.id, &row.place, evidence);
                return ("claim", Is::Claim { tuple, claim });
            }
            let kind = match row.kind {
                LeafKind::Claim => "claim",
                LeafKind::Record => "record",
                LeafKind::Assumption => "assumption",
                LeafKind::Definition => "definition",
            };
            let leaf = LeafName { id: Some(row.id.clone()), place: Some(row.place.clone()) };
            return (kind, Is::Leaf { tuple, leaf });
        }
        let LeafRef::Fact(at) = leaf else {
            return ("assumption", Is::Leaf { tuple, leaf: LeafName { id: None, place: None } });
        };
        let fact = &self.words.given.program.facts[at];
        let kind = if fact.assumed { "assumption" } else { "definition" };
        let files = self.words.files;
        let line = files.position(fact.span).line;
        let place = format!("{}:{line}", files.get(fact.span.file).name);
        (kind, Is::Leaf { tuple, leaf: LeafName { id: None, place: Some(place) } })
    }

    fn aggregate(&self, node: &AggregateNode) -> (&'static str, Is) {
        let aggregate = node.site.aggregate(self.words.given.program);
        let kind = aggregate.map_or(AggregateKind::Count, |(_, aggregate)| aggregate.kind);
        let rows = node.rows.iter().zip(node.shares(kind)).map(|(row, share)| Row {
            role: match row.role {
                Role::Contributor => "contributor",
                Role::Witness => "witness",
                Role::RunnerUp => "runner-up",
            },
            binding: self.binding(node.site.rule, &row.binding),
            value: row.value.map(|value| self.value(value)),
            share,
            premises: numbers(&row.premises),
        });
        let name = match kind {
            AggregateKind::Min | AggregateKind::Max => "witness",
            AggregateKind::Count | AggregateKind::Sum | AggregateKind::Mean => "aggregate",
        };
        let (value, others, op) = (self.value(node.value), node.others, kind.name());
        let groups = node.groups.as_ref().map(|groups| self.groups(node, groups));
        (name, Is::Aggregate { agg: Aggregate { op, value, rows: rows.collect(), others, groups } })
    }

    /// What the rows are that are not listed: of which source, or of which value of a variable.
    fn groups(&self, node: &AggregateNode, groups: &Others) -> Groups {
        let row = |of: &OtherRows| {
            let key = match &of.key {
                Key::Source(id) => id.as_str().into(),
                Key::Value(value) => self.value(*value),
            };
            OtherRow { key, count: of.count }
        };
        let by = match groups.by {
            By::Source => "source".to_owned(),
            By::Var(var) => self.words.column(&node.site, var),
        };
        Groups { by, rows: groups.rows.iter().map(row).collect() }
    }
}

fn claim(id: &str, place: &str, evidence: &Evidence) -> Claim {
    let origin = [evidence.origin.clone()];
    Claim {
        id: id.to_owned(),
        source: evidence.origin.clone(),
        chain: origin.into_iter().chain(evidence.conduits.iter().cloned()).collect(),
        modality: evidence.modality.clone(),
        polarity: evidence.polarity.clone(),
        doc: evidence.document.clone(),
        line: evidence.line,
        chars: evidence.span.map(|(start, end)| [start, end]),
        quote: evidence.quote.clone(),
        verified: evidence.verified,
        place: place.to_owned(),
    }
}
