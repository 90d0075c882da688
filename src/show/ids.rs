//! Ids of proofs: what a proof says, hashed. The same proof has the same id in every run, whatever
//! the engine, the number of workers and the order of the input; another rule text, another
//! conclusion or another premise anywhere below gives another one.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::base::hash::Map;
use crate::base::ids::{FileId, Id, NodeId, RuleId, Table};
use crate::provenance::leaves::LeafKind;
use crate::provenance::proof::{AggregateNode, Conclusion, LeafRef, Node, Proof, Role, Row};
use crate::show::words::Words;
use crate::syntax::parser::parse;
use crate::syntax::printer::print;
use crate::value::value::Value;

/// Bytes of an id.
const BYTES: usize = 16;

/// The ids of all nodes of a proof: `p:` and 32 hexadecimal digits.
#[must_use]
pub fn ids(words: Words<'_>, proof: &Proof) -> Table<NodeId, String> {
    let mut ids: Table<NodeId, String> = Table::filled(proof.nodes.len(), String::new());
    let mut rules: Map<RuleId, String> = Map::default();
    for id in proof.bottom_up() {
        ids[id] = id_of(words, &proof.nodes[id], &ids, &mut rules);
    }
    ids
}

/// The id of the conclusion's node.
#[must_use]
pub fn id(words: Words<'_>, proof: &Proof) -> String {
    ids(words, proof)[NodeId::new(0)].clone()
}

/// The text of a rule, printed as every rule is, without comments and annotations.
#[must_use]
pub fn rule_text(words: Words<'_>, rule: RuleId) -> String {
    let text = words.files.text_of(words.given.program.rules[rule].span);
    print(&parse(text, FileId::new(0)).0).trim().to_owned()
}

/// A tuple's values as in a rule file.
#[must_use]
pub fn key(words: Words<'_>, values: &[Value]) -> String {
    let symbols = &words.given.program.symbols;
    values.iter().map(|value| value.quoted(symbols)).collect::<Vec<_>>().join(", ")
}

/// Parts that are told apart however they are cut.
#[derive(Default)]
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, part: &str) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
    }

    fn id(self) -> String {
        let mut id = "p:".to_owned();
        for byte in &self.0.finalize()[..BYTES] {
            // Writing to a text cannot fail.
            let _ = write!(id, "{byte:02x}");
        }
        id
    }
}

fn id_of(
    words: Words<'_>,
    node: &Node,
    ids: &Table<NodeId, String>,
    rules: &mut Map<RuleId, String>,
) -> String {
    let mut parts = Parts::default();
    let conclusion = |parts: &mut Parts, of: &Conclusion| {
        parts.add(&words.given.program.relations[of.relation].name);
        parts.add(&key(words, &of.tuple));
    };
    match node {
        Node::Rule(node) => {
            parts.add("rule");
            parts.add(rules.entry(node.rule).or_insert_with(|| rule_text(words, node.rule)));
            conclusion(&mut parts, &node.conclusion);
            node.premises.iter().for_each(|premise| parts.add(&ids[*premise]));
        }
        Node::Leaf(node) => {
            parts.add("given");
            conclusion(&mut parts, &node.conclusion);
            // The line of a row depends on the order of its file, so only claims are named.
            if let LeafRef::Row(id) = node.leaf {
                let leaf = &words.given.leaves.leaves[id];
                parts.add(if leaf.kind == LeafKind::Claim { &leaf.id } else { "" });
            }
        }
        Node::Cut(of) => {
            parts.add("cut");
            conclusion(&mut parts, of);
        }
        Node::Absent(node) => {
            parts.add("absent");
            let values: Vec<Option<Value>> = node.pattern.clone();
            parts.add(&words.atom(node.relation, &values));
        }
        Node::Builtin(node) => {
            parts.add("holds");
            parts.add(&key(words, &node.values));
        }
        Node::Aggregate(node) => aggregate(words, node, ids, &mut parts),
    }
    parts.id()
}

fn aggregate(
    words: Words<'_>,
    node: &AggregateNode,
    ids: &Table<NodeId, String>,
    parts: &mut Parts,
) {
    let kind = node.site.aggregate(words.given.program).map(|(_, of)| of.kind.name());
    parts.add("aggregate");
    parts.add(kind.unwrap_or_default());
    parts.add(&key(words, &[node.value]));
    let row = |row: &Row| {
        let mut parts = Parts::default();
        parts.add(match row.role {
            Role::Contributor => "contributor",
            Role::Witness => "witness",
            Role::RunnerUp => "next",
        });
        parts.add(&row.value.map(|value| key(words, &[value])).unwrap_or_default());
        row.premises.iter().for_each(|premise| parts.add(&ids[*premise]));
        parts.id()
    };
    let mut rows: Vec<String> = node.rows.iter().map(row).collect();
    rows.sort();
    rows.iter().for_each(|row| parts.add(row));
    parts.add(&node.others.to_string());
}
