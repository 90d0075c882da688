//! Proofs as facts that rules can ask: the relations of the library's `proofs.dl`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::base::ids::{NodeId, Table};
use crate::provenance::leaves::LeafKind;
use crate::provenance::proof::{LeafNode, LeafRef, Node, Proof, RuleNode};
use crate::session::answer::Cell;
use crate::show::ids::{ids, key};
use crate::show::words::Words;
use crate::value::value::Value;

/// The relations, in the order in which they are written.
pub const RELATIONS: [&str; 6] = ["proves", "uses_rule", "premise", "leaf", "absent", "group_row"];

/// Facts about proofs: what several proofs share stands there once.
#[derive(Default, Debug)]
pub struct ProofFacts {
    rows: BTreeMap<&'static str, BTreeSet<Vec<String>>>,
}

impl ProofFacts {
    /// Takes in a proof with all below it.
    pub fn add(&mut self, words: Words<'_>, proof: &Proof) {
        let ids = ids(words, proof);
        for (id, node) in proof.nodes.entries() {
            let Some(conclusion) = node.conclusion() else { continue };
            let relation = &words.given.program.relations[conclusion.relation].name;
            let p = ids[id].as_str();
            self.row("proves", &[p, relation, &key(words, &conclusion.tuple)]);
            match node {
                Node::Rule(rule) => self.rule((words, proof, &ids), p, rule),
                Node::Leaf(leaf) => self.leaf(words, p, leaf),
                Node::Cut(_) | Node::Absent(_) | Node::Builtin(_) | Node::Aggregate(_) => {}
            }
        }
    }

    fn rule(
        &mut self,
        (words, proof, ids): (Words<'_>, &Proof, &Table<NodeId, String>),
        p: &str,
        node: &RuleNode,
    ) {
        let program = words.given.program;
        self.row("uses_rule", &[p, &program.rules[node.rule].name]);
        for (at, premise) in node.premises.iter().enumerate() {
            let i = (at + 1).to_string();
            match &proof.nodes[*premise] {
                Node::Rule(_) | Node::Leaf(_) | Node::Cut(_) => {
                    self.row("premise", &[p, &i, &ids[*premise]]);
                }
                Node::Absent(absent) => {
                    let symbols = &program.symbols;
                    let value = |v: &Option<Value>| v.map_or("_".to_owned(), |v| v.quoted(symbols));
                    let values: Vec<String> = absent.pattern.iter().map(value).collect();
                    let relation = &program.relations[absent.relation].name;
                    self.row("absent", &[p, relation, &values.join(", ")]);
                }
                Node::Aggregate(aggregate) => {
                    for row in &aggregate.rows {
                        let value = row.value.map(|value| value.plain(&program.symbols));
                        let shown = row.premises.iter();
                        let shown = shown.filter(|q| proof.nodes[**q].conclusion().is_some());
                        for q in shown {
                            let value = value.as_deref().unwrap_or_default();
                            self.row("group_row", &[p, &i, &ids[*q], value]);
                        }
                    }
                }
                Node::Builtin(_) => {}
            }
        }
    }

    /// Claims and assumptions by their ids; other leaves are only proved.
    fn leaf(&mut self, words: Words<'_>, p: &str, node: &LeafNode) {
        if let LeafRef::Row(id) = node.leaf {
            let leaf = &words.given.leaves.leaves[id];
            if matches!(leaf.kind, LeafKind::Claim | LeafKind::Assumption) {
                self.row("leaf", &[p, &leaf.id]);
            }
        }
    }

    fn row(&mut self, relation: &'static str, cells: &[&str]) {
        let row = cells.iter().map(|&cell| cell.to_owned()).collect();
        self.rows.entry(relation).or_default().insert(row);
    }

    /// The rows of a relation, sorted.
    pub fn rows(&self, relation: &str) -> impl Iterator<Item = &[String]> {
        self.rows.get(relation).into_iter().flatten().map(Vec::as_slice)
    }

    /// As facts of a rule file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for relation in RELATIONS {
            for row in self.rows(relation) {
                let cell = |(at, cell): (usize, &String)| match is_number(relation, at) {
                    true => cell.clone(),
                    false => Cell::Text(cell.clone()).quoted(),
                };
                let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
                // Writing to a text cannot fail.
                let _ = writeln!(out, "{relation}({}).", cells.join(", "));
            }
        }
        out
    }

    /// As a facts file: a line a row, cells apart by tabs.
    #[must_use]
    pub fn file(&self, relation: &str) -> String {
        let mut out = String::new();
        for row in self.rows(relation) {
            let cells: Vec<String> = row.iter().map(|cell| bare(cell)).collect();
            let _ = writeln!(out, "{}", cells.join("\t"));
        }
        out
    }
}

/// A cell without the characters that end one.
fn bare(cell: &str) -> String {
    cell.replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

/// Whether a column holds numbers: the place of a premise.
fn is_number(relation: &str, column: usize) -> bool {
    matches!((relation, column), ("premise" | "group_row", 1))
}
