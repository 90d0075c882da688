//! What is added up or counted in a proof: its rows, each with its value, its share and the claims
//! below it; many rows by whose they are.

use crate::base::hash::Set;
use crate::base::ids::{NodeId, VarId};
use crate::provenance::leaves::LeafKind;
use crate::provenance::proof::{
    AggregateNode, By, Key, LeafNode, LeafRef, Node, OtherRows, Proof, Role, Row,
};
use crate::show::safe::{GLUE, unglued, visible, width};
use crate::show::tree::{Detail, Indent, Printer, named};
use crate::syntax::ast::AggregateKind;
use crate::text::numbers::grouped;

/// Rows of an aggregate that are listed in brief.
const ROWS_MAX: usize = 50;
/// Groups of rows that are listed.
const GROUPS_MAX: usize = 8;

impl Printer<'_> {
    /// A value with its rows.
    pub(super) fn aggregate(&mut self, id: NodeId, node: &AggregateNode, indent: &Indent) {
        let Some((var, aggregate)) = node.site.aggregate(self.words.given.program) else { return };
        let value = self.words.value_of(node.site.rule, var, node.value);
        let name = self.words.name(node.site.rule, var).map(|name| format!("{name} = "));
        let all = node.rows.len() + node.others;
        let plural = if all == 1 { "" } else { "s" };
        let what = match aggregate.kind {
            AggregateKind::Sum if all == 0 => "the sum of nothing".to_owned(),
            AggregateKind::Count if all == 0 => "nothing to count".to_owned(),
            AggregateKind::Sum => format!("the sum of {all}{GLUE}contribution{plural}"),
            AggregateKind::Count => format!("a count of {all}"),
            AggregateKind::Mean => format!("the mean of {all}{GLUE}value{plural}"),
            AggregateKind::Min => format!("the least of {all}{GLUE}value{plural}"),
            AggregateKind::Max => format!("the greatest of {all}{GLUE}value{plural}"),
        };
        self.line(indent, &format!("{}{value}, {what}", name.unwrap_or_default()), "");
        let shown = match self.options.detail {
            Detail::Brief => node.rows.len().min(ROWS_MAX),
            Detail::Full => node.rows.len(),
        };
        let hidden = node.rows.len() - shown + node.others;
        let columns = self.columns((var, aggregate.kind), node, shown);
        for (at, (row, column)) in node.rows.iter().zip(columns).enumerate() {
            let is_last = at + 1 == shown && hidden == 0;
            let below = self.below(indent, is_last);
            if self.folded.contains(&id) || row.role == Role::RunnerUp {
                self.row(node, row, (&column, &below));
            } else if let &[only] = row.premises.as_slice() {
                let first = format!("{}{}", below.first, unglued(&column));
                self.node(only, &Indent { first, rest: below.rest });
            } else {
                self.line(&below, &format!("{column}{}", self.what(node, row)), "");
                self.premises(&row.premises, &below);
            }
        }
        if hidden > 0 {
            let below = self.below(indent, true);
            let text = format!("… {} more{}", grouped(hidden), self.of_others(node));
            self.line(&below, &text, "");
        }
    }

    /// What the rows are that are counted only.
    fn of_others(&self, node: &AggregateNode) -> String {
        let Some(groups) = &node.groups else { return String::new() };
        let (by, many) = match groups.by {
            By::Source => ("source".to_owned(), "sources"),
            By::Var(var) => (self.words.column(&node.site, var), "values"),
        };
        let text = |of: &OtherRows| {
            let key = match &of.key {
                Key::Source(id) => self.words.label(id),
                Key::Value(value) => self.words.value(*value),
            };
            format!("{}{GLUE}× {key}", grouped(of.count))
        };
        let mut list: Vec<String> = groups.rows.iter().take(GROUPS_MAX).map(text).collect();
        if groups.rows.len() > GROUPS_MAX {
            list.push(format!("{}{GLUE}more {many}", grouped(groups.rows.len() - GROUPS_MAX)));
        }
        format!("; {} of them by {by}: {}", grouped(node.others), list.join(", "))
    }

    /// Value and share of each row, aligned.
    fn columns(
        &self,
        (var, kind): (VarId, AggregateKind),
        node: &AggregateNode,
        shown: usize,
    ) -> Vec<String> {
        let text = |value| self.words.value_of(node.site.rule, var, value);
        let values: Vec<String> = node.rows[..shown]
            .iter()
            .map(|row| {
                let value = row.value.map(text).unwrap_or_default();
                if row.role == Role::RunnerUp { format!("next{GLUE}{value}") } else { value }
            })
            .collect();
        let wanted = kind == AggregateKind::Sum && node.rows.len() > 1;
        let shares = node.shares(kind).into_iter().map(|share| match share.filter(|_| wanted) {
            Some(share) if share > 0.0 && share < 0.005 => format!("<1{GLUE}%"),
            Some(share) => format!("{:.0}{GLUE}%", share * 100.0),
            None => String::new(),
        });
        let shares: Vec<String> = shares.collect();
        let widest = |texts: &[String]| texts.iter().map(|t| width(&unglued(t))).max().unwrap_or(0);
        let (value_width, share_width) = (widest(&values), widest(&shares));
        let pad = |text: &str, to: usize| {
            let missing = to.saturating_sub(width(&unglued(text)));
            format!("{}{text}", GLUE.to_string().repeat(missing))
        };
        let columns = values.iter().zip(&shares).map(|(value, share)| {
            let mut column = String::new();
            if value_width > 0 {
                column = format!("{}{GLUE} ", pad(value, value_width));
            }
            if share_width > 0 {
                column = format!("{column}{}{GLUE} ", pad(share, share_width));
            }
            column
        });
        columns.collect()
    }

    /// A row with the claims, or whatever leaves there are, that it rests on, and the assumptions
    /// that were not shown before.
    fn row(&mut self, node: &AggregateNode, row: &Row, (column, indent): (&str, &Indent)) {
        let leaves = leaves_of(self.proof, row);
        let is_claim = |leaf: &LeafNode| {
            self.words.leaf(leaf.leaf).is_some_and(|leaf| leaf.kind == LeafKind::Claim)
        };
        let mut claims: Vec<LeafRef> =
            leaves.iter().filter(|l| is_claim(l.1)).map(|l| l.1.leaf).collect();
        claims.sort_unstable();
        claims.dedup();
        let mut what = self.what(node, row);
        let chosen = self.chosen(row);
        // An amount is its claim's; what is counted has to be said.
        if let (&[claim], Some(_)) = (claims.as_slice(), row.value)
            && chosen.is_empty()
            && self.assumed(&leaves).is_empty()
        {
            return self.claim(claim, column, indent);
        }
        if let ([], [(id, only)]) = (claims.as_slice(), leaves.as_slice())
            && row.premises.contains(id)
        {
            let note = self.leaf_note(only.leaf);
            let text = format!("{column}{}", self.words.says(&only.conclusion));
            return self.line(indent, &text, &note);
        }
        if !chosen.is_empty() {
            what = format!("{what}: {}", chosen.join("; "));
        }
        self.line(indent, &format!("{column}{what}"), "");
        let assumed = self.assumed(&leaves);
        let count = if claims.is_empty() { leaves.len() } else { claims.len() + assumed.len() };
        for (at, leaf) in claims.iter().enumerate() {
            let below = self.below(indent, at + 1 == count);
            self.claim(*leaf, "", &below);
        }
        for (at, id) in assumed.iter().enumerate().filter(|_| !claims.is_empty()) {
            let below = self.below(indent, claims.len() + at + 1 == count);
            self.node(*id, &below);
        }
        if claims.is_empty() {
            for (at, (_, leaf)) in leaves.iter().enumerate() {
                let below = self.below(indent, at + 1 == count);
                let note = self.leaf_note(leaf.leaf);
                self.line(&below, &self.words.says(&leaf.conclusion), &note);
            }
        }
    }

    /// Assumptions among the leaves that were not shown yet, each once.
    fn assumed(&self, leaves: &[(NodeId, &LeafNode)]) -> Vec<NodeId> {
        let mut seen: Set<LeafRef> = Set::default();
        let is_new = |(id, leaf): &&(NodeId, &LeafNode)| {
            let is_assumed = match leaf.leaf {
                LeafRef::Row(row) => {
                    !self.leaves.contains_key(&row)
                        && self
                            .words
                            .leaf(leaf.leaf)
                            .is_some_and(|leaf| leaf.kind == LeafKind::Assumption)
                }
                LeafRef::Fact(at) => self.words.given.program.facts[at].assumed,
                LeafRef::Input => false,
            };
            is_assumed && !self.numbers.contains_key(id) && seen.insert(leaf.leaf)
        };
        leaves.iter().filter(is_new).map(|(id, _)| *id).collect()
    }

    /// Least and greatest values below a row, where there was a choice, and whose they are.
    fn chosen(&self, row: &Row) -> Vec<String> {
        let mut phrases = Vec::new();
        for id in below(self.proof, &row.premises) {
            let Node::Aggregate(node) = &self.proof.nodes[id] else { continue };
            let Some((var, aggregate)) = node.site.aggregate(self.words.given.program) else {
                continue;
            };
            let which = match aggregate.kind {
                AggregateKind::Min => "least",
                AggregateKind::Max => "greatest",
                AggregateKind::Count | AggregateKind::Sum | AggregateKind::Mean => continue,
            };
            let all = node.rows.len() + node.others;
            let Some(witness) = node.rows.first().filter(|_| all > 1) else { continue };
            let mut by: Vec<String> = leaves_of(self.proof, witness)
                .iter()
                .filter_map(|(_, leaf)| self.words.leaf(leaf.leaf))
                .filter(|leaf| leaf.kind == LeafKind::Claim)
                .map(|leaf| visible(&leaf.id))
                .collect();
            by.sort();
            by.dedup();
            let from =
                if by.is_empty() { String::new() } else { format!(", from {}", by.join(", ")) };
            let value = self.words.value_of(node.site.rule, var, node.value);
            let value =
                if Some(node.value) == row.value { String::new() } else { format!("{value}, ") };
            phrases.push(format!("{value}the {which} of {all}{GLUE}values{from}"));
        }
        phrases
    }

    /// What a row says: the conclusions that it takes in.
    fn what(&self, node: &AggregateNode, row: &Row) -> String {
        let proof = self.proof;
        let text = |id: &NodeId| match &proof.nodes[*id] {
            Node::Rule(rule) => Some(self.step_text(rule)),
            Node::Leaf(leaf) => Some(self.words.says(&leaf.conclusion)),
            Node::Cut(conclusion) => Some(self.words.says(conclusion)),
            Node::Absent(_) | Node::Builtin(_) | Node::Aggregate(_) => None,
        };
        let texts: Vec<String> = row.premises.iter().filter_map(text).collect();
        if texts.is_empty() { self.words.atoms(node, row) } else { texts.join("; ") }
    }

    /// A claim: in full the first time.
    fn claim(&mut self, leaf: LeafRef, column: &str, indent: &Indent) {
        let (LeafRef::Row(row), Some(claim)) = (leaf, self.words.leaf(leaf)) else { return };
        if let Some(first) = self.leaves.get(&row) {
            let text = format!("{column}{}", named(claim));
            return self.line(indent, &text, &format!("see #{first}"));
        }
        let n = self.number(None);
        self.leaves.insert(row, n);
        let text = format!("{column}#{n} {}", self.leaf_note(leaf));
        self.line(indent, &text, "");
        self.quote(leaf, indent);
    }
}

/// The leaves below a row, in the order of the proof.
fn leaves_of<'p>(proof: &'p Proof, row: &Row) -> Vec<(NodeId, &'p LeafNode)> {
    let leaf = |id: NodeId| match &proof.nodes[id] {
        Node::Leaf(leaf) => Some((id, leaf)),
        _ => None,
    };
    below(proof, &row.premises).into_iter().filter_map(leaf).collect()
}

/// These nodes and all below them, each once, in the order of the proof.
fn below(proof: &Proof, premises: &[NodeId]) -> Vec<NodeId> {
    let mut seen: Set<NodeId> = Set::default();
    let mut stack: Vec<NodeId> = premises.iter().rev().copied().collect();
    let mut order = Vec::new();
    while let Some(id) = stack.pop() {
        if seen.insert(id) {
            order.push(id);
            stack.extend(proof.nodes[id].premises().rev());
        }
    }
    order
}
