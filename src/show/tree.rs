//! [`tree`]: a proof as text, from the conclusion down. A rule says its sentence, a claim its
//! words; what a step rests on stands below it, indented. What is used twice is shown once.

use crate::base::hash::{Map, Set};
use crate::base::ids::{Id, LeafId, NodeId};
use crate::provenance::leaves::{Leaf, LeafKind};
use crate::provenance::proof::{
    AggregateNode, LeafNode, LeafRef, Node, Proof, Quality, Role, Row, RuleNode,
};
use crate::provenance::summary::{Summary, summary};
use crate::show::safe::{GLUE, unglued, visible, width, wrap};
use crate::show::words::Words;
use crate::syntax::ast::AggregateKind;

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

/// Rows of an aggregate that are listed in brief.
const ROWS_MAX: usize = 50;
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
    let mut printer = Printer {
        words,
        proof,
        options,
        out: String::new(),
        numbers: Map::default(),
        leaves: Map::default(),
        next: 1,
        later: Vec::new(),
        folded: folded(words, proof, options),
        skips: skips(proof, options),
    };
    printer.head();
    printer.later.push(NodeId::new(0));
    let mut at = 0;
    while at < printer.later.len() {
        let id = printer.later[at];
        if at > 0 {
            printer.out.push('\n');
        }
        if printer.next > STEPS_MAX && options.detail == Detail::Brief {
            let rest = printer.later.len() - at;
            let text = format!("… what is below {} more steps is not shown", grouped(rest));
            printer.line(&Indent::default(), &text, "");
            break;
        }
        printer.block(id);
        at += 1;
    }
    printer.out
}

/// What a proof rests on, in one to three lines without indentation.
#[must_use]
pub fn head(words: Words<'_>, proof: &Proof) -> Vec<String> {
    let summary = summary(words.given, proof);
    let mut lines = vec![rests_on(&summary, proof.quality)];
    let mut marks = Vec::new();
    marks.extend(summary.modality.as_ref().map(|m| format!("weakest modality {}", visible(m))));
    if !summary.through.is_empty() {
        let through: Vec<String> = summary.through.iter().map(|id| words.label(id)).collect();
        marks.push(format!("all reported through {}", through.join(" and ")));
    }
    if !marks.is_empty() {
        lines.push(marks.join(" · "));
    }
    let mut disputes: Vec<(String, Vec<String>)> = Vec::new();
    for dispute in &summary.disputes {
        let by = format!("{} ({})", words.label(&dispute.by), dispute.relation);
        match disputes.last_mut().filter(|(claim, _)| *claim == dispute.claim) {
            Some((_, others)) => others.push(by),
            None => disputes.push((dispute.claim.clone(), vec![by])),
        }
    }
    let text = |(claim, by): &(String, Vec<String>)| {
        format!("{} disputed by {}", words.label(claim), by.join(", "))
    };
    let disputes: Vec<String> = disputes.iter().map(text).collect();
    if !disputes.is_empty() {
        lines.push(disputes.join(" · "));
    }
    for id in &summary.documents {
        if let (short, Some(label)) = words.document(id) {
            lines.push(format!("{short}: {label}"));
        }
    }
    if !summary.unverified.is_empty() {
        lines.push(format!("quotes not compared: {}", visible(&summary.unverified.join(", "))));
    }
    lines
}

fn rests_on(summary: &Summary, quality: Quality) -> String {
    let parts = [
        (summary.claims.len(), "claim"),
        (summary.sources.len(), "source"),
        (summary.documents.len(), "document"),
        (summary.assumptions.len() + summary.inputs, "assumption"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{}{GLUE}{what}{}", grouped(*n), if *n == 1 { "" } else { "s" }))
        .collect();
    let parts = if parts.is_empty() {
        "the rules and definitions alone".to_owned()
    } else {
        parts.join(", ")
    };
    let at_least = if summary.is_cut { "at least " } else { "" };
    let quality = match quality {
        Quality::Best => "best proof",
        Quality::Good => "a good proof, the search stopped at its budget",
    };
    format!("rests on {at_least}{parts} ({quality})")
}

/// A count with separators.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
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
struct Indent {
    first: String,
    rest: String,
}

struct Printer<'a> {
    words: Words<'a>,
    proof: &'a Proof,
    options: TreeOptions,
    out: String,
    /// Numbers of the tuples shown so far.
    numbers: Map<NodeId, usize>,
    /// Numbers under which records and claims are shown in full.
    leaves: Map<LeafId, usize>,
    next: usize,
    /// Steps that start again at the left, since there was no room for what is below them.
    later: Vec<NodeId>,
    folded: Set<NodeId>,
    /// Where a chain is cut: how many steps are left out, and with which it goes on.
    skips: Map<NodeId, (usize, NodeId)>,
}

impl Printer<'_> {
    fn head(&mut self) {
        if let Some(conclusion) = self.proof.root().conclusion() {
            self.line(&Indent::default(), &self.words.tuple(conclusion), "");
        }
        let indent = Indent { first: "  ".to_owned(), rest: "    ".to_owned() };
        for line in head(self.words, self.proof) {
            self.line(&indent, &line, "");
        }
        self.out.push('\n');
    }

    /// A text and, behind it or below, a note.
    fn line(&mut self, indent: &Indent, text: &str, note: &str) {
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

    fn below(&self, indent: &Indent, is_last: bool) -> Indent {
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

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn node(&mut self, id: NodeId, indent: &Indent) {
        let proof = self.proof;
        let node = &proof.nodes[id];
        if let (Some(n), Some(conclusion)) = (self.numbers.get(&id), node.conclusion()) {
            let (text, note) = match node {
                Node::Rule(rule) => (self.step_text(rule), format!("see #{n}")),
                _ => (self.words.tuple(conclusion), format!("see #{n}")),
            };
            return self.line(indent, &text, &note);
        }
        match node {
            Node::Rule(rule) => {
                let n = self.number();
                self.numbers.insert(id, n);
                let has_room = width(&indent.rest) + TEXT_MIN <= self.options.width;
                if has_room && !self.is_over() {
                    self.step(n, rule, indent);
                } else {
                    let note = if has_room { "its steps are not shown" } else { "continued below" };
                    self.line(indent, &format!("#{n} {}", self.step_text(rule)), note);
                    self.later.push(id);
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
                let text = self.words.tuple(conclusion);
                self.line(indent, &text, "its proof was left out, the budget is used up");
            }
        }
    }

    fn is_over(&self) -> bool {
        self.next > STEPS_MAX && self.options.detail == Detail::Brief
    }

    fn step_text(&self, rule: &RuleNode) -> String {
        self.words.sentence(rule).unwrap_or_else(|| self.words.tuple(&rule.conclusion))
    }

    fn step(&mut self, n: usize, node: &RuleNode, indent: &Indent) {
        let rule = &self.words.given.program.rules[node.rule];
        let mut note = format!("rule “{}”", visible(&rule.name));
        if self.options.locations {
            note = format!("{note}, {}", self.words.place(rule.span));
        }
        self.line(indent, &format!("#{n} {}", self.step_text(node)), &note);
        self.premises(&node.premises, indent);
    }

    /// What is given comes first, then what is added up, then the rest as written.
    fn premises(&mut self, premises: &[NodeId], indent: &Indent) {
        let rank = |id: &NodeId| match self.proof.nodes[*id] {
            Node::Leaf(_) => 0,
            Node::Aggregate(_) => 1,
            Node::Rule(_) | Node::Absent(_) | Node::Builtin(_) | Node::Cut(_) => 2,
        };
        let mut order: Vec<NodeId> = premises.to_vec();
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

    fn leaf(&mut self, id: NodeId, node: &LeafNode, indent: &Indent) {
        let n = self.number();
        self.numbers.insert(id, n);
        let text = format!("#{n} {}", self.words.tuple(&node.conclusion));
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
    fn leaf_note(&self, leaf: LeafRef) -> String {
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
    fn quote(&mut self, leaf: LeafRef, indent: &Indent) {
        let evidence = self.words.leaf(leaf).and_then(|leaf| leaf.evidence.as_ref());
        let Some(evidence) = evidence else { return };
        let (quote, place) = self.words.quote(evidence);
        let prefix = format!("{}     ", indent.rest);
        let indent = Indent { first: prefix.clone(), rest: prefix };
        self.line(&indent, &quote.unwrap_or_else(|| "no words quoted".to_owned()), &place);
    }

    fn aggregate(&mut self, id: NodeId, node: &AggregateNode, indent: &Indent) {
        let Some((var, aggregate)) = node.site.aggregate(self.words.given.program) else { return };
        let value = self.words.value(node.value);
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
        let columns = self.columns(aggregate.kind, node, shown);
        for (at, (row, column)) in node.rows.iter().zip(columns).enumerate() {
            let is_last = at + 1 == shown && hidden == 0;
            let below = self.below(indent, is_last);
            if self.folded.contains(&id) || row.role == Role::RunnerUp {
                self.row(node, row, (&column, &below));
            } else {
                self.line(&below, &format!("{column}{}", self.what(node, row)), "");
                self.premises(&row.premises, &below);
            }
        }
        if hidden > 0 {
            let below = self.below(indent, true);
            self.line(&below, &format!("… {} more", grouped(hidden)), "");
        }
    }

    /// Value and share of each row, aligned.
    fn columns(&self, kind: AggregateKind, node: &AggregateNode, shown: usize) -> Vec<String> {
        let values: Vec<String> = node.rows[..shown]
            .iter()
            .map(|row| {
                let value = row.value.map(|value| self.words.value(value)).unwrap_or_default();
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

    /// A row with the claims, or whatever leaves there are, that it rests on.
    fn row(&mut self, node: &AggregateNode, row: &Row, (column, indent): (&str, &Indent)) {
        let leaves = leaves_of(self.proof, row);
        let is_claim = |leaf: &LeafNode| {
            self.words.leaf(leaf.leaf).is_some_and(|leaf| leaf.kind == LeafKind::Claim)
        };
        let mut claims: Vec<LeafRef> =
            leaves.iter().filter(|l| is_claim(l)).map(|l| l.leaf).collect();
        claims.sort_unstable();
        claims.dedup();
        // An amount is its claim's; what is counted has to be said.
        if let (&[claim], Some(_)) = (claims.as_slice(), row.value) {
            return self.claim(claim, column, indent);
        }
        let is_direct = |leaf: &LeafNode| {
            let shown = |id: &NodeId| matches!(&self.proof.nodes[*id], Node::Leaf(l) if l == leaf);
            row.premises.iter().any(shown)
        };
        if let ([], [only]) = (claims.as_slice(), leaves.as_slice())
            && is_direct(only)
        {
            let note = self.leaf_note(only.leaf);
            let text = format!("{column}{}", self.words.tuple(&only.conclusion));
            return self.line(indent, &text, &note);
        }
        self.line(indent, &format!("{column}{}", self.what(node, row)), "");
        let count = if claims.is_empty() { leaves.len() } else { claims.len() };
        for (at, leaf) in claims.iter().enumerate() {
            let below = self.below(indent, at + 1 == count);
            self.claim(*leaf, "", &below);
        }
        if claims.is_empty() {
            for (at, leaf) in leaves.iter().enumerate() {
                let below = self.below(indent, at + 1 == count);
                let note = self.leaf_note(leaf.leaf);
                self.line(&below, &self.words.tuple(&leaf.conclusion), &note);
            }
        }
    }

    /// What a row says: the conclusions that it takes in.
    fn what(&self, node: &AggregateNode, row: &Row) -> String {
        let proof = self.proof;
        let text = |id: &NodeId| match &proof.nodes[*id] {
            Node::Rule(rule) => Some(self.step_text(rule)),
            Node::Leaf(leaf) => Some(self.words.tuple(&leaf.conclusion)),
            Node::Cut(conclusion) => Some(self.words.tuple(conclusion)),
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
        let n = self.number();
        self.leaves.insert(row, n);
        let text = format!("{column}#{n} {}", self.leaf_note(leaf));
        self.line(indent, &text, "");
        self.quote(leaf, indent);
    }
}

/// The leaves below a row, in the order of the proof.
fn leaves_of<'p>(proof: &'p Proof, row: &Row) -> Vec<&'p LeafNode> {
    let mut seen: Set<NodeId> = Set::default();
    let mut stack: Vec<NodeId> = row.premises.iter().rev().copied().collect();
    let mut leaves = Vec::new();
    while let Some(id) = stack.pop() {
        if seen.insert(id) {
            let node = &proof.nodes[id];
            stack.extend(node.premises().rev());
            if let Node::Leaf(leaf) = node {
                leaves.push(leaf);
            }
        }
    }
    leaves
}

/// A leaf by its id, with its kind where that is not plain.
fn named(leaf: &Leaf) -> String {
    let id = visible(&leaf.id);
    match leaf.kind {
        LeafKind::Claim => id,
        LeafKind::Record => format!("record: {id}"),
        LeafKind::Assumption => format!("assumption: {id}"),
        LeafKind::Definition => "definition".to_owned(),
    }
}
