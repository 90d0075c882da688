//! [`tree`]: a proof as text, from the conclusion down. A rule says its sentence, a claim its
//! words; what a step rests on stands below it, indented. What is used twice is shown once.

use std::collections::BTreeMap;

use crate::base::hash::{Map, Set};
use crate::base::ids::{Id, LeafId, NodeId};
use crate::program::program;
use crate::provenance::leaves::{Leaf, LeafKind};
use crate::provenance::proof::{LeafNode, LeafRef, Node, Proof, RuleNode};
use crate::provenance::status::AllProofs;
use crate::provenance::summary::{Summary, summary};
use crate::session::whatif::ASSUMED;
use crate::show::safe::{GLUE, unglued, visible, width, wrap};
use crate::show::tree_head::{documents, head};
use crate::show::words::Words;
use crate::syntax::ast::AggregateKind;
use crate::text::numbers::grouped;

/// How a proof is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TreeOptions {
    /// Columns of a line. Words and numbers that are wider stand out over it.
    pub width: usize,
    /// Which characters the branches are drawn with.
    pub branches: Branches,
    /// Whether rules and leaves are shown with the file and line where they stand.
    pub locations: bool,
    /// How much of a proof is shown.
    pub detail: Detail,
}

/// Characters of branches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Branches {
    /// `├ └ │`
    Lines,
    /// Letters that every terminal has.
    Ascii,
}

/// How much of a proof is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// What is added or counted is shown by its claims; steps and rows beyond a number that can be
    /// read are only counted.
    Brief,
    /// Every step and every row.
    Full,
}

impl Default for TreeOptions {
    fn default() -> Self {
        Self { width: 100, branches: Branches::Lines, locations: false, detail: Detail::Brief }
    }
}

/// Which part of a proof is wanted, beside what [`TreeOptions`] say.
#[derive(Clone, Default, Debug)]
pub struct View<'v> {
    /// Steps further down than this are named and not opened.
    pub depth: Option<usize>,
    /// What is opened although it is hidden, opaque or too far down.
    pub expand: Vec<Expand>,
    /// Only what is below this node, without the lines about the whole.
    pub root: Option<NodeId>,
    /// What is common to all proofs of the conclusion.
    pub all: Option<&'v AllProofs>,
    /// The id of the proof, to be shown with what it rests on.
    pub id: Option<String>,
}

/// What is to be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expand {
    /// Steps of a relation or rule of this name.
    Name(String),
    /// A step.
    Node(NodeId),
}

/// A proof as text.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The text.
    pub text: String,
    /// The nodes under the numbers `#1`, `#2`, …; nothing for a claim that stands in a row.
    pub numbers: Vec<Option<NodeId>>,
}

/// Steps that are listed in brief.
const STEPS_MAX: usize = 500;
/// A chain of steps by one rule is shown whole up to this length in brief.
const CHAIN_MAX: usize = 20;
/// Steps that are shown at either end of a longer chain.
const CHAIN_ENDS: usize = 5;
/// Columns that indentation always leaves to the text.
const TEXT_MIN: usize = 40;

/// The proof with its head lines.
#[must_use]
pub fn tree(words: Words<'_>, proof: &Proof, options: TreeOptions) -> String {
    view(words, proof, options, &View::default()).text
}

/// The wanted part of a proof.
#[must_use]
pub fn view(words: Words<'_>, proof: &Proof, options: TreeOptions, view: &View<'_>) -> Shown {
    let summary = summary(words.given, proof);
    let mut printer = Printer {
        words,
        proof,
        options,
        view,
        out: String::new(),
        numbers: Map::default(),
        numbered: Vec::new(),
        leaves: Map::default(),
        later: Vec::new(),
        depth: 0,
        hidden: BTreeMap::new(),
        folded: folded(words, proof, options),
        skips: skips(proof, options),
        documents: documents(words, &summary),
    };
    if view.root.is_none() {
        printer.head(&summary);
    }
    printer.later.push((view.root.unwrap_or_else(|| NodeId::new(0)), 0));
    let mut at = 0;
    while at < printer.later.len() {
        let (id, depth) = printer.later[at];
        if at > 0 {
            printer.out.push('\n');
        }
        if printer.is_over() {
            let rest = printer.later.len() - at;
            let text = format!("… what is below {} more steps is not shown", grouped(rest));
            printer.line(&Indent::default(), &text, "");
            break;
        }
        printer.depth = depth;
        printer.block(id);
        at += 1;
    }
    printer.foot();
    Shown { text: printer.out, numbers: printer.numbered }
}

/// Aggregates whose rows are shown by the leaves below them: those below which nothing else is
/// added up or counted. A least or greatest value stands for its witness.
fn folded(words: Words<'_>, proof: &Proof, options: TreeOptions) -> Set<NodeId> {
    let mut folded = Set::default();
    if options.detail == Detail::Full {
        return folded;
    }
    let mut has: Set<NodeId> = Set::default();
    for id in proof.bottom_up() {
        let node = &proof.nodes[id];
        let below = node.premises().any(|premise| has.contains(&premise));
        let Node::Aggregate(aggregate) = node else {
            if below {
                has.insert(id);
            }
            continue;
        };
        let kind = aggregate.site.aggregate(words.given.program).map(|(_, a)| a.kind);
        if below || !matches!(kind, Some(AggregateKind::Min | AggregateKind::Max)) {
            has.insert(id);
        }
        if !below {
            folded.insert(id);
        }
    }
    folded
}

/// Where long chains of steps by one rule are cut: at the first step that is left out.
fn skips(proof: &Proof, options: TreeOptions) -> Map<NodeId, (usize, NodeId)> {
    let mut skips = Map::default();
    let mut seen: Set<NodeId> = Set::default();
    if options.detail == Detail::Full {
        return skips;
    }
    for (id, node) in proof.nodes.entries() {
        let Node::Rule(first) = node else { continue };
        if !seen.insert(id) {
            continue;
        }
        let same = |node: &NodeId| matches!(&proof.nodes[*node], Node::Rule(rule) if rule.rule == first.rule);
        let mut chain = vec![id];
        let mut at = first;
        while let Some(next) = at.premises.iter().copied().find(same)
            && seen.insert(next)
            && let Node::Rule(rule) = &proof.nodes[next]
        {
            chain.push(next);
            at = rule;
        }
        if chain.len() > CHAIN_MAX {
            let count = chain.len() - 2 * CHAIN_ENDS;
            skips.insert(chain[CHAIN_ENDS], (count, chain[chain.len() - CHAIN_ENDS]));
        }
    }
    skips
}

/// What stands before the first line of a step, and before all others.
#[derive(Clone, Default)]
pub(super) struct Indent {
    pub(super) first: String,
    pub(super) rest: String,
}

/// A proof while it is written.
pub(super) struct Printer<'a> {
    pub(super) words: Words<'a>,
    pub(super) proof: &'a Proof,
    pub(super) options: TreeOptions,
    pub(super) view: &'a View<'a>,
    pub(super) out: String,
    /// Numbers of the tuples shown so far.
    pub(super) numbers: Map<NodeId, usize>,
    /// The other way round.
    pub(super) numbered: Vec<Option<NodeId>>,
    /// Numbers under which records and claims are shown in full.
    pub(super) leaves: Map<LeafId, usize>,
    /// Steps that start again at the left, since there was no room for what is below them, and how
    /// many steps are above them.
    pub(super) later: Vec<(NodeId, usize)>,
    /// Steps above what is being printed.
    pub(super) depth: usize,
    /// Steps that are not shown, by what hides them.
    pub(super) hidden: BTreeMap<String, Set<NodeId>>,
    pub(super) folded: Set<NodeId>,
    /// Where a chain is cut: how many steps are left out, and with which it goes on.
    pub(super) skips: Map<NodeId, (usize, NodeId)>,
    /// What each document is called beside a quote.
    pub(super) documents: Map<String, String>,
}

impl Printer<'_> {
    fn head(&mut self, summary: &Summary) {
        if let Some(conclusion) = self.proof.root().conclusion() {
            self.line(&Indent::default(), &self.words.dated_tuple(conclusion), "");
        }
        let indent = Indent { first: "  ".to_owned(), rest: "    ".to_owned() };
        for line in head(self.words, summary, (self.proof.quality, self.view)) {
            self.line(&indent, &line, "");
        }
        self.out.push('\n');
    }

    /// A text and, behind it or below, a note.
    pub(super) fn line(&mut self, indent: &Indent, text: &str, note: &str) {
        let room = |prefix: &str| self.options.width.saturating_sub(width(prefix)).max(20);
        let gap = if note.is_empty() { "" } else { "  " };
        let whole = format!("{text}{gap}{note}");
        let mut lines = Vec::new();
        if width(&unglued(&whole)) <= room(&indent.first) {
            lines.push(whole);
        } else {
            lines = wrap(text, room(&indent.first).min(room(&indent.rest)));
            if !note.is_empty() {
                let inner = room(&indent.rest).saturating_sub(4);
                lines.extend(wrap(note, inner).iter().map(|line| format!("    {line}")));
            }
        }
        for (at, line) in lines.iter().enumerate() {
            let prefix = if at == 0 { &indent.first } else { &indent.rest };
            let line = unglued(&format!("{prefix}{line}"));
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }

    pub(super) fn below(&self, indent: &Indent, is_last: bool) -> Indent {
        let (fork, end, side, none) = match self.options.branches {
            Branches::Lines => ("├ ", "└ ", "│ ", "  "),
            Branches::Ascii => ("|- ", "`- ", "|  ", "   "),
        };
        let (first, rest) = if is_last { (end, none) } else { (fork, side) };
        Indent { first: format!("{}{first}", indent.rest), rest: format!("{}{rest}", indent.rest) }
    }

    /// A step with all below it, from the left.
    fn block(&mut self, id: NodeId) {
        let indent = Indent::default();
        match (self.numbers.get(&id), &self.proof.nodes[id]) {
            (Some(&n), Node::Rule(rule)) => self.step(n, rule, &indent),
            _ => self.node(id, &indent),
        }
    }

    pub(super) fn number(&mut self, id: Option<NodeId>) -> usize {
        self.numbered.push(id);
        self.numbered.len()
    }

    /// What is not shown, and how often.
    fn foot(&mut self) {
        let mut lines = Vec::new();
        if !self.hidden.is_empty() {
            let hidden = self
                .hidden
                .iter()
                .map(|(name, steps)| format!("{}{GLUE}×{}", visible(name), grouped(steps.len())));
            let hidden = hidden.collect::<Vec<_>>().join(", ");
            let names: Vec<&str> = self.hidden.keys().map(String::as_str).collect();
            let first = visible(names.first().copied().unwrap_or_default());
            let first = if first.contains(' ') { format!("\"{first}\"") } else { first };
            lines.push(format!("hidden: {hidden} (--expand {first})"));
        }
        let circular = self.view.all.map_or(0, |all| all.circular);
        if circular > 0 {
            lines.push(match circular {
                1 => "1 more instance is circular: it supports nothing by itself".to_owned(),
                n => {
                    let n = grouped(n);
                    format!("{n} more instances are circular: they support nothing by themselves")
                }
            });
        }
        if !lines.is_empty() {
            self.out.push('\n');
        }
        for line in lines {
            self.line(&Indent::default(), &line, "");
        }
    }

    /// What hides a step or keeps it closed, unless it is to be opened.
    fn marked(&self, id: NodeId, rule: &RuleNode) -> Option<(program::Shown, &str)> {
        let program = self.words.given.program;
        let rule = &program.rules[rule.rule];
        let relation = &program.relations[rule.head];
        let names = [rule.name.as_str(), relation.name.as_str()];
        let opened = |wanted: &Expand| match wanted {
            Expand::Name(name) => names.contains(&name.as_str()),
            Expand::Node(node) => *node == id,
        };
        if self.view.expand.iter().any(opened) {
            return None;
        }
        match (rule.shown, relation.words.shown) {
            (program::Shown::Whole, program::Shown::Whole) => None,
            (program::Shown::Whole, shown) => Some((shown, names[1])),
            (shown, _) => Some((shown, names[0])),
        }
    }

    /// Why a step is not opened, if it is not.
    fn closed(&self, id: NodeId, rule: &RuleNode) -> Option<String> {
        if self.view.root == Some(id) || id == NodeId::new(0) {
            return None;
        }
        if let Some((_, name)) = self.marked(id, rule) {
            let name = if name.contains(' ') { format!("\"{name}\"") } else { name.to_owned() };
            return Some(format!("opaque, --expand {}", visible(&name)));
        }
        let is_deep = self.view.depth.is_some_and(|depth| self.depth >= depth);
        if !is_deep || self.view.expand.contains(&Expand::Node(id)) {
            return None;
        }
        let mut seen: Set<NodeId> = Set::default();
        let mut stack: Vec<NodeId> = self.proof.nodes[id].premises().collect();
        let mut steps = 0;
        while let Some(below) = stack.pop() {
            if seen.insert(below) {
                let node = &self.proof.nodes[below];
                steps += u64::from(node.conclusion().is_some());
                stack.extend(node.premises());
            }
        }
        let n = self.numbers.get(&id).copied().unwrap_or_default();
        let plural = if steps == 1 { "" } else { "s" };
        Some(format!("{}{GLUE}more step{plural}, --expand '#{n}'", grouped(steps)))
    }

    pub(super) fn node(&mut self, id: NodeId, indent: &Indent) {
        let proof = self.proof;
        let node = &proof.nodes[id];
        if let (Some(n), Some(conclusion)) = (self.numbers.get(&id), node.conclusion()) {
            let (text, note) = match node {
                Node::Rule(rule) => (self.step_text(rule), format!("see #{n}")),
                _ => (self.words.says(conclusion), format!("see #{n}")),
            };
            return self.line(indent, &text, &note);
        }
        match node {
            Node::Rule(rule) => {
                let n = self.number(Some(id));
                self.numbers.insert(id, n);
                if let Some(note) = self.closed(id, rule) {
                    return self.line(indent, &format!("#{n} {}", self.step_text(rule)), &note);
                }
                let has_room = width(&indent.rest) + TEXT_MIN <= self.options.width;
                if has_room && !self.is_over() {
                    self.step(n, rule, indent);
                } else {
                    let note = if has_room { "its steps are not shown" } else { "continued below" };
                    self.line(indent, &format!("#{n} {}", self.step_text(rule)), note);
                    self.later.push((id, self.depth));
                }
            }
            Node::Leaf(leaf) => self.leaf(id, leaf, indent),
            Node::Absent(absent) => {
                let (text, how) = self.words.absence(absent);
                self.line(indent, &text, how);
            }
            Node::Builtin(builtin) => {
                let (text, written) = self.words.builtin(builtin);
                let note = written.map(|written| format!("({written})")).unwrap_or_default();
                self.line(indent, &text, &note);
            }
            Node::Aggregate(aggregate) => self.aggregate(id, aggregate, indent),
            Node::Cut(conclusion) => {
                let text = self.words.says(conclusion);
                self.line(indent, &text, "its proof was left out, the budget is used up");
            }
        }
    }

    fn is_over(&self) -> bool {
        self.numbered.len() >= STEPS_MAX && self.options.detail == Detail::Brief
    }

    pub(super) fn step_text(&self, rule: &RuleNode) -> String {
        self.words.sentence(rule).unwrap_or_else(|| self.words.says(&rule.conclusion))
    }

    fn step(&mut self, n: usize, node: &RuleNode, indent: &Indent) {
        let rule = &self.words.given.program.rules[node.rule];
        let mut note = format!("rule “{}”", visible(&rule.name));
        if self.options.locations {
            note = format!("{note}, {}", self.words.place(rule.span));
        }
        self.line(indent, &format!("#{n} {}", self.step_text(node)), &note);
        self.depth += 1;
        self.premises(&node.premises, indent);
        self.depth -= 1;
    }

    /// What is given comes first, then what is added up, then the rest as written.
    pub(super) fn premises(&mut self, premises: &[NodeId], indent: &Indent) {
        let rank = |id: &NodeId| match self.proof.nodes[*id] {
            Node::Leaf(_) => 0,
            Node::Aggregate(_) => 1,
            Node::Rule(_) | Node::Absent(_) | Node::Builtin(_) | Node::Cut(_) => 2,
        };
        let mut order: Vec<NodeId> = premises.to_vec();
        order.retain(|id| !self.hides(*id));
        order.sort_by_key(rank);
        for (at, id) in order.iter().enumerate() {
            let is_last = at + 1 == order.len();
            let below = self.below(indent, is_last);
            if let (Some(&(count, next)), Node::Rule(rule)) =
                (self.skips.get(id), &self.proof.nodes[*id])
            {
                let name = visible(&self.words.given.program.rules[rule.rule].name);
                let text = format!("… {} more steps by rule “{name}”", grouped(count));
                self.line(&below, &text, "");
                let end = self.below(&Indent { first: String::new(), rest: below.rest }, true);
                self.node(next, &end);
            } else {
                self.node(*id, &below);
            }
        }
    }

    /// Whether a step is hidden; it is counted then.
    fn hides(&mut self, id: NodeId) -> bool {
        let Node::Rule(rule) = &self.proof.nodes[id] else { return false };
        let marked = self.marked(id, rule).map(|(shown, name)| (shown, name.to_owned()));
        let Some((program::Shown::Hidden, name)) = marked else { return false };
        self.hidden.entry(name).or_default().insert(id);
        true
    }

    fn leaf(&mut self, id: NodeId, node: &LeafNode, indent: &Indent) {
        let n = self.number(Some(id));
        self.numbers.insert(id, n);
        let text = format!("#{n} {}", self.words.says(&node.conclusion));
        if let (LeafRef::Row(row), Some(leaf)) = (node.leaf, self.words.leaf(node.leaf)) {
            if let Some(first) = self.leaves.get(&row) {
                return self.line(indent, &text, &format!("{}, see #{first}", named(leaf)));
            }
            self.leaves.insert(row, n);
        }
        let note = self.leaf_note(node.leaf);
        self.line(indent, &text, &note);
        self.quote(node.leaf, indent);
    }

    /// What kind of leaf it is, and whose.
    pub(super) fn leaf_note(&self, leaf: LeafRef) -> String {
        let program = self.words.given.program;
        let (note, place) = match (leaf, self.words.leaf(leaf)) {
            (LeafRef::Row(_), Some(leaf)) => {
                let note = match &leaf.evidence {
                    Some(evidence) => format!("{}, {}", named(leaf), self.words.voice(evidence)),
                    None => named(leaf),
                };
                (note, visible(&leaf.place))
            }
            (LeafRef::Fact(at), _) => {
                let fact = &program.facts[at];
                let kind = if fact.assumed { "assumption" } else { "definition" };
                (kind.to_owned(), self.words.place(fact.span))
            }
            (LeafRef::Row(_) | LeafRef::Input, _) => {
                ("assumption: input".to_owned(), String::new())
            }
        };
        let is_placed = self.options.locations && !place.is_empty();
        if is_placed { format!("{note}, {place}") } else { note }
    }

    /// The words of a claim, below its line.
    pub(super) fn quote(&mut self, leaf: LeafRef, indent: &Indent) {
        let evidence = self.words.leaf(leaf).and_then(|leaf| leaf.evidence.as_ref());
        let Some(evidence) = evidence else { return };
        let document = self.documents.get(&evidence.document).map(String::as_str);
        let (quote, place) = self.words.quote(evidence, document);
        let prefix = format!("{}     ", indent.rest);
        let indent = Indent { first: prefix.clone(), rest: prefix };
        self.line(&indent, &quote.unwrap_or_else(|| "no words quoted".to_owned()), &place);
    }
}

/// A leaf by its id, with its kind where that is not plain.
pub(super) fn named(leaf: &Leaf) -> String {
    let id = visible(&leaf.id);
    match leaf.kind {
        LeafKind::Claim => id,
        LeafKind::Record => format!("record: {id}"),
        LeafKind::Assumption if leaf.id == ASSUMED => "assumed, on no file".to_owned(),
        LeafKind::Assumption => format!("assumption: {id}"),
        LeafKind::Definition => "definition".to_owned(),
    }
}
