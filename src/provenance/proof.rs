//! [`Proof`]: why a tuple holds, as plain data: a graph without circles, whose nodes are numbered
//! in reading order from the conclusion. Every tuple has one node at most, however often it is
//! used. A rule's node has one premise for every literal of the body, in the order of the body.

use std::mem;

use crate::base::ids::{Id, LeafId, NodeId, RelationId, RuleId, Table, VarId};
use crate::program::program::{Aggregate, Literal, LiteralKind, Program};
use crate::syntax::ast::AggregateKind;
use crate::value::value::{Tuple, Value};

/// Why a tuple holds.
#[derive(Clone, Debug)]
pub struct Proof {
    /// All nodes; the first is the conclusion.
    pub nodes: Table<NodeId, Node>,
    /// Whether no proof is better.
    pub quality: Quality,
    /// What it costs.
    pub cost: Cost,
}

/// How sure the search is that no proof costs less.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quality {
    /// No proof costs less.
    Best,
    /// The search stopped at its budget.
    Good,
}

/// What a proof costs, in the order in which it counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Cost {
    /// Distinct assumptions that it ends in.
    pub assumptions: usize,
    /// Distinct origins of its claims.
    pub sources: usize,
    /// Distinct claims.
    pub claims: usize,
    /// Rule steps on the longest way down.
    pub height: usize,
}

/// What a proof should have least of, before everything else that it costs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Least {
    /// Assumptions, as without a wish.
    #[default]
    Assumptions,
    /// Origins of claims.
    Sources,
    /// Claims.
    Claims,
    /// Rule steps on the longest way down.
    Height,
    /// Independence groups of its claims, by the relation `root_group(claim, group)`.
    Groups,
}

/// A tuple of a relation.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Conclusion {
    /// The relation.
    pub relation: RelationId,
    /// The tuple.
    pub tuple: Tuple,
}

/// The values of some variables, in id order.
pub type Binding = Vec<(VarId, Value)>;

/// A step.
#[derive(Clone, Debug)]
pub enum Node {
    /// The tuple follows by a rule.
    Rule(RuleNode),
    /// The tuple is given.
    Leaf(LeafNode),
    /// No such tuple is in the relation.
    Absent(AbsentNode),
    /// A comparison, test, range or constant holds.
    Builtin(BuiltinNode),
    /// An aggregate has its value.
    Aggregate(AggregateNode),
    /// The tuple holds, its proof was left out: the budget was used up.
    Cut(Conclusion),
}

/// The tuple follows by a rule.
#[derive(Clone, Debug)]
pub struct RuleNode {
    /// What follows.
    pub conclusion: Conclusion,
    /// By which rule.
    pub rule: RuleId,
    /// The values of all variables outside of aggregates, `_` of negated atoms apart.
    pub binding: Binding,
    /// One node for each literal of the body.
    pub premises: Vec<NodeId>,
}

/// The tuple is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeafNode {
    /// What is given.
    pub conclusion: Conclusion,
    /// By what.
    pub leaf: LeafRef,
}

/// What gives a tuple.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LeafRef {
    /// A leaf that stands in the table of leaves.
    Row(LeafId),
    /// A fact of the program text, by its position there.
    Fact(usize),
    /// An input row of which nothing more is known; it counts as an assumption.
    Input,
}

/// No such tuple is in the relation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AbsentNode {
    /// The relation.
    pub relation: RelationId,
    /// One per column; nothing where any value would do.
    pub pattern: Vec<Option<Value>>,
}

/// A literal of a rule: a position in the body, then positions in the bodies of aggregates. Without
/// any position it is the rule itself.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Site {
    /// The rule.
    pub rule: RuleId,
    /// Positions, from the outside inwards.
    pub path: Vec<usize>,
}

/// A comparison, test, range or constant holds.
#[derive(Clone, Debug)]
pub struct BuiltinNode {
    /// Which literal.
    pub site: Site,
    /// The values of its variables.
    pub binding: Binding,
    /// Both sides of a comparison; the arguments of a test; a value and the arguments of its range.
    pub values: Vec<Value>,
}

/// An aggregate has its value.
#[derive(Clone, Debug)]
pub struct AggregateNode {
    /// Which literal.
    pub site: Site,
    /// The values of the variables that it shares with what stands around it.
    pub outer: Binding,
    /// Its value.
    pub value: Value,
    /// For count, sum and mean the bindings of its body, the largest value first: all of them
    /// unless there are very many. For min and max the witness and, if there is one, the
    /// runner-up.
    pub rows: Vec<Row>,
    /// Bindings that are counted here and not listed.
    pub others: usize,
    /// Of sum, count and mean what these are, if that can be told.
    pub groups: Option<Others>,
}

/// Bindings that are not listed, in groups; the largest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Others {
    /// What makes the groups.
    pub by: By,
    /// The groups.
    pub rows: Vec<OtherRows>,
}

/// What makes groups of bindings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Whose claim it is, by the first atom that is a claim.
    Source,
    /// The value of a variable.
    Var(VarId),
}

/// Bindings that are counted together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OtherRows {
    /// What they have in common.
    pub key: Key,
    /// How many they are.
    pub count: usize,
}

/// What bindings have in common.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Key {
    /// The source of their claims.
    Source(String),
    /// A value.
    Value(Value),
}

/// What a binding of an aggregate's body is to the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It is counted or added.
    Contributor,
    /// It has the least or greatest value.
    Witness,
    /// It would have it if the witness were not there.
    RunnerUp,
}

/// A binding of an aggregate's body.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is to the value.
    pub role: Role,
    /// The values of the variables that only the aggregate has, `_` of negated atoms apart.
    pub binding: Binding,
    /// What it gives; nothing for count.
    pub value: Option<Value>,
    /// One node for each literal of the aggregate's body; none for a runner-up.
    pub premises: Vec<NodeId>,
}

impl Proof {
    /// The node of the conclusion.
    ///
    /// # Panics
    /// If the proof has no node.
    #[must_use]
    pub fn root(&self) -> &Node {
        self.nodes.get(NodeId::new(0)).expect("a proof has a first node")
    }

    /// Numbers the nodes as they are read: from the conclusion down, premises in order.
    pub(crate) fn number(&mut self) {
        let mut places: Table<NodeId, Option<NodeId>> = Table::filled(self.nodes.len(), None);
        let mut old: Vec<NodeId> = Vec::new();
        let mut stack = vec![NodeId::new(0)];
        while let Some(id) = stack.pop() {
            if places[id].is_none() {
                places[id] = Some(NodeId::new(old.len()));
                old.push(id);
                stack.extend(self.nodes[id].premises().rev());
            }
        }
        let new = |id: NodeId| places[id].expect("premises of a node that is read are read");
        let mut taken: Vec<Option<Node>> =
            self.nodes.iter_mut().map(|node| Some(mem::replace(node, Node::taken()))).collect();
        let moved = old.iter().filter_map(|id| taken[id.index()].take());
        self.nodes = moved.map(|node| node.renumbered(&new)).collect();
    }

    /// All nodes, each after those that it rests on.
    #[must_use]
    pub fn bottom_up(&self) -> Vec<NodeId> {
        let mut seen: Table<NodeId, bool> = Table::filled(self.nodes.len(), false);
        let mut order = Vec::new();
        // Whether the node's premises are on the stack above it.
        let mut stack = vec![(NodeId::new(0), false)];
        while let Some((id, is_open)) = stack.pop() {
            if is_open {
                order.push(id);
            } else if !mem::replace(&mut seen[id], true) {
                stack.push((id, true));
                stack.extend(self.nodes[id].premises().rev().map(|premise| (premise, false)));
            }
        }
        order
    }

    /// Whether nothing was left out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.nodes.iter().any(|node| match node {
            Node::Cut(_) => true,
            Node::Aggregate(node) => {
                node.others > 0 && node.rows.iter().all(|row| row.role == Role::Contributor)
            }
            Node::Rule(_) | Node::Leaf(_) | Node::Absent(_) | Node::Builtin(_) => false,
        })
    }
}

impl Node {
    /// The tuple that the node shows, if it shows one.
    #[must_use]
    pub fn conclusion(&self) -> Option<&Conclusion> {
        match self {
            Self::Rule(node) => Some(&node.conclusion),
            Self::Leaf(node) => Some(&node.conclusion),
            Self::Cut(conclusion) => Some(conclusion),
            Self::Absent(_) | Self::Builtin(_) | Self::Aggregate(_) => None,
        }
    }

    /// A node without content, to stand where one was taken from.
    fn taken() -> Self {
        Self::Absent(AbsentNode { relation: RelationId::new(0), pattern: Vec::new() })
    }

    /// The node with other numbers for those that it rests on.
    fn renumbered(mut self, new: &impl Fn(NodeId) -> NodeId) -> Self {
        let renumber = |ids: &mut Vec<NodeId>| ids.iter_mut().for_each(|id| *id = new(*id));
        match &mut self {
            Self::Rule(node) => renumber(&mut node.premises),
            Self::Aggregate(node) => {
                node.rows.iter_mut().for_each(|row| renumber(&mut row.premises));
            }
            Self::Leaf(_) | Self::Absent(_) | Self::Builtin(_) | Self::Cut(_) => {}
        }
        self
    }

    /// The nodes that it rests on directly, in order.
    pub fn premises(&self) -> impl DoubleEndedIterator<Item = NodeId> {
        let (own, rows): (&[NodeId], &[Row]) = match self {
            Self::Rule(node) => (&node.premises, &[]),
            Self::Aggregate(node) => (&[], &node.rows),
            Self::Leaf(_) | Self::Absent(_) | Self::Builtin(_) | Self::Cut(_) => (&[], &[]),
        };
        own.iter().copied().chain(rows.iter().flat_map(|row| row.premises.iter().copied()))
    }
}

impl AggregateNode {
    /// For each row the part of the value that it gives, from 0 to 1; nothing where parts mean
    /// nothing: for min, max and mean, for a sum of 0, and where values have both signs.
    #[must_use]
    pub fn shares(&self, kind: AggregateKind) -> Vec<Option<f64>> {
        let total = number(self.value).filter(|&total| total != 0.0);
        let values = || self.rows.iter().map(|row| row.value.and_then(number));
        let parts = match kind {
            AggregateKind::Count => true,
            AggregateKind::Sum => values().flatten().all(|x| x * total.unwrap_or_default() >= 0.0),
            AggregateKind::Min | AggregateKind::Max | AggregateKind::Mean => false,
        };
        let part = |value: Option<f64>| Some(value.unwrap_or(1.0) / total?).filter(|_| parts);
        values().map(part).collect()
    }
}

/// A value as a float, near enough for a share.
#[expect(clippy::cast_precision_loss, reason = "a share is shown with two digits")]
fn number(value: Value) -> Option<f64> {
    match value {
        Value::Number(n) => Some(n as f64),
        Value::Unsigned(n) => Some(n as f64),
        Value::Float(x) => Some(x.get()),
        Value::Symbol(_) => None,
    }
}

impl Site {
    /// The rule itself.
    #[must_use]
    pub fn of_rule(rule: RuleId) -> Self {
        Self { rule, path: Vec::new() }
    }

    /// The literals inside: the body of the rule, or of the aggregate here.
    #[must_use]
    pub fn body<'p>(&self, program: &'p Program) -> Option<&'p [Literal]> {
        let mut body = program.rules.get(self.rule)?.body.as_slice();
        for at in &self.path {
            match &body.get(*at)?.kind {
                LiteralKind::Aggregate { aggregate, .. } => body = &aggregate.body,
                _ => return None,
            }
        }
        Some(body)
    }

    /// The literal at this place, if there is one.
    #[must_use]
    pub fn literal<'p>(&self, program: &'p Program) -> Option<&'p Literal> {
        let (last, around) = self.path.split_last()?;
        Self { rule: self.rule, path: around.to_vec() }.body(program)?.get(*last)
    }

    /// The aggregate at this place, with its variable, if there is one.
    #[must_use]
    pub fn aggregate<'p>(&self, program: &'p Program) -> Option<(VarId, &'p Aggregate)> {
        match &self.literal(program)?.kind {
            LiteralKind::Aggregate { var, aggregate } => Some((*var, aggregate)),
            _ => None,
        }
    }

    /// The literal `at` of the body of the rule or aggregate here.
    #[must_use]
    pub fn inside(&self, at: usize) -> Self {
        let mut path = self.path.clone();
        path.push(at);
        Self { rule: self.rule, path }
    }
}
