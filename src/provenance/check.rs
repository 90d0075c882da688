//! [`check`]: whether a proof is one. Shares nothing with the search but the tables, the meaning
//! of operations and the shape of a proof: every tuple is looked up, every literal is matched
//! and computed anew, every aggregate is counted again by nested loops. What it refuses is a bug
//! in hence.

use std::mem::replace;
use std::slice;
use std::sync::Arc;

use crate::base::hash::{Map, Set};
use crate::base::ids::{Id, NodeId, RelationId, Table, VarId};
use crate::engine::limits::Limits;
use crate::engine::tables::Tables;
use crate::program::builtins::Builtins;
use crate::program::program::{Aggregate, Atom, Expr, Literal, LiteralKind, Program};
use crate::provenance::leaves::{LeafKind, Leaves, Whose};
use crate::provenance::proof::{
    AggregateNode, Binding, BuiltinNode, By, Conclusion, Cost, Key, LeafNode, LeafRef, Node,
    OtherRows, Proof, Quality, Role, Row, RuleNode, Site,
};
use crate::provenance::recount::{Recount, Values, pattern, value_in};
use crate::provenance::watch::Watch;
use crate::syntax::ast::AggregateKind;
use crate::value::value::Value;

/// What proofs are checked against.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The rules and facts.
    pub program: &'a Program,
    /// What was derived.
    pub tables: &'a dyn Tables,
    /// What input tuples stand for.
    pub leaves: &'a Leaves,
}

/// Checks every node of a proof, that no tuple rests on itself, and what the proof says it costs.
///
/// # Errors
/// With the node, as `#n`, and what is wrong with it.
pub fn check(given: Given<'_>, proof: &Proof) -> Result<(), String> {
    check_within(given, proof, &Watch::new(&Limits::default()))
}

/// The same under a watch. If that is stopped, the verdict is worth nothing.
///
/// # Errors
/// With the node, as `#n`, and what is wrong with it.
pub fn check_within(given: Given<'_>, proof: &Proof, watch: &Watch) -> Result<(), String> {
    let builtins = Builtins::new(Arc::clone(&given.program.symbols));
    let recount = Recount { tables: given.tables, builtins: &builtins, watch };
    let checker = Checker { given, recount, proof };
    let order = checker.order()?;
    checker.one_node_each()?;
    for (id, node) in proof.nodes.entries() {
        if watch.tick(1).is_break() {
            return Err("stopped".to_owned());
        }
        checker.node(node).map_err(|reason| format!("#{}: {reason}", id.index() + 1))?;
    }
    checker.all_used(&order)?;
    checker.cost(&order)
}

struct Checker<'a> {
    given: Given<'a>,
    recount: Recount<'a>,
    proof: &'a Proof,
}

type Verdict = Result<(), String>;

fn require(holds: bool, reason: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(reason()) }
}

impl Checker<'_> {
    /// Every node after all that it rests on; refuses circles and missing nodes.
    fn order(&self) -> Result<Vec<NodeId>, String> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let nodes = &self.proof.nodes;
        require(!nodes.is_empty(), || "the proof has no node".to_owned())?;
        let mut marks: Table<NodeId, Mark> = Table::filled(nodes.len(), Mark::New);
        let mut order = Vec::new();
        let mut stack = vec![NodeId::new(0)];
        while let Some(&id) = stack.last() {
            let n = id.index() + 1;
            if marks[id] != Mark::New {
                stack.pop();
                if marks[id] == Mark::Open {
                    marks[id] = Mark::Done;
                    order.push(id);
                }
                continue;
            }
            marks[id] = Mark::Open;
            for premise in nodes[id].premises() {
                match marks.get(premise) {
                    None => return Err(format!("#{n}: rests on a node that is not there")),
                    Some(Mark::Open) => return Err(format!("#{n}: rests on itself")),
                    Some(Mark::New) => stack.push(premise),
                    Some(Mark::Done) => {}
                }
            }
        }
        Ok(order)
    }

    /// Nothing stands in the proof that it does not rest on.
    fn all_used(&self, order: &[NodeId]) -> Verdict {
        let used: Set<NodeId> = order.iter().copied().collect();
        match self.proof.nodes.ids().find(|id| !used.contains(id)) {
            Some(id) => Err(format!("#{}: is used by nothing", id.index() + 1)),
            None => Ok(()),
        }
    }

    fn one_node_each(&self) -> Verdict {
        require(self.proof.root().conclusion().is_some(), || "#1: shows no tuple".to_owned())?;
        let mut seen: Map<&Conclusion, usize> = Map::default();
        for (id, node) in self.proof.nodes.entries() {
            let Some(conclusion) = node.conclusion() else { continue };
            let n = id.index() + 1;
            if let Some(first) = seen.insert(conclusion, n) {
                return Err(format!("#{n}: shows the tuple of #{first} again"));
            }
        }
        Ok(())
    }

    fn node(&self, node: &Node) -> Verdict {
        if let Some(conclusion) = node.conclusion() {
            self.holds(conclusion)?;
        }
        match node {
            Node::Rule(node) => self.rule(node),
            Node::Leaf(node) => self.leaf(node),
            // The literal that it stands for is checked with the rule or row that has it.
            Node::Absent(_) | Node::Builtin(_) | Node::Aggregate(_) => Ok(()),
            Node::Cut(_) => require(self.proof.quality == Quality::Good, || {
                "left out, though the proof is whole by its own account".to_owned()
            }),
        }
    }

    fn holds(&self, conclusion: &Conclusion) -> Verdict {
        let relation = self.given.program.relations.get(conclusion.relation);
        let relation = relation.ok_or("no such relation")?;
        let fits = relation.columns.len() == conclusion.tuple.len()
            && relation.columns.iter().zip(&conclusion.tuple).all(|(c, v)| c.base == v.base());
        require(fits, || format!("the tuple does not fit {}", relation.name))?;
        let found = self.given.tables.contains(conclusion.relation, &conclusion.tuple);
        require(found, || format!("{} is not in its relation", self.text(conclusion)))
    }

    fn text(&self, conclusion: &Conclusion) -> String {
        self.atom_text(conclusion.relation, conclusion.tuple.iter().map(|v| Some(*v)))
    }

    fn atom_text(
        &self,
        relation: RelationId,
        values: impl Iterator<Item = Option<Value>>,
    ) -> String {
        let symbols = self.recount.builtins.symbols();
        let text =
            |value: Option<Value>| value.map_or_else(|| "_".to_owned(), |v| v.quoted(symbols));
        let values: Vec<String> = values.map(text).collect();
        format!("{}({})", self.given.program.relations[relation].name, values.join(", "))
    }

    fn leaf(&self, node: &LeafNode) -> Verdict {
        let Conclusion { relation, tuple } = &node.conclusion;
        let row = self.given.leaves.of(*relation, tuple);
        let is_fact = |at: usize| {
            let fact = self.given.program.facts.get(at);
            fact.is_some_and(|fact| fact.relation == *relation && fact.values == *tuple)
        };
        let right = match node.leaf {
            LeafRef::Row(id) => row == Some(id),
            LeafRef::Fact(at) => is_fact(at),
            LeafRef::Input => {
                let rules = self.given.program.rules_of(*relation).count();
                let round = self.given.tables.round_of(*relation, tuple);
                row.is_none() && round.map_or(rules == 0, |round| round == 0)
            }
        };
        require(right, || format!("{} is not given by this leaf", self.text(&node.conclusion)))
    }

    fn rule(&self, node: &RuleNode) -> Verdict {
        let rule = self.given.program.rules.get(node.rule).ok_or("no such rule")?;
        let name = &rule.name;
        require(rule.head == node.conclusion.relation, || {
            format!("rule {name} gives {}", self.given.program.relations[rule.head].name)
        })?;
        let scope = Site::of_rule(node.rule);
        let mut values: Values = vec![None; rule.vars.len()];
        let mut wanted = wanted(&rule.body);
        wanted.extend(vars_of(&rule.head_args));
        self.bind(&scope, (&node.binding, &wanted), &mut values)?;
        let head = self.recount.all(&rule.head_args, &values);
        require(head.as_deref() == Some(&*node.conclusion.tuple), || {
            format!("with this binding rule {name} does not give {}", self.text(&node.conclusion))
        })?;
        self.body(&scope, (&rule.body, &node.premises), &values)
    }

    /// Puts a binding into `values`, if it binds exactly the wanted variables, each by its type.
    fn bind(
        &self,
        scope: &Site,
        (binding, wanted): (&Binding, &Set<VarId>),
        values: &mut Values,
    ) -> Verdict {
        let vars = &self.given.program.rules[scope.rule].vars;
        for (var, value) in binding {
            let base = vars.get(*var).ok_or("the binding has a variable of another rule")?.base;
            require(wanted.contains(var), || "the binding has a variable too many".to_owned())?;
            require(base == value.base(), || "a value of another type is bound".to_owned())?;
            let twice = values[var.index()].replace(*value).is_some();
            require(!twice, || "a variable is bound twice".to_owned())?;
        }
        require(binding.len() == wanted.len(), || "a variable has no value".to_owned())
    }

    /// Every literal of a body has its node.
    fn body(
        &self,
        scope: &Site,
        (body, premises): (&[Literal], &[NodeId]),
        values: &Values,
    ) -> Verdict {
        require(body.len() == premises.len(), || {
            format!("{} literals, but {} premises", body.len(), premises.len())
        })?;
        for (at, (literal, premise)) in body.iter().zip(premises).enumerate() {
            let node = &self.proof.nodes[*premise];
            self.literal(&scope.inside(at), literal, (node, values))
                .map_err(|reason| format!("premise {}: {reason}", at + 1))?;
        }
        Ok(())
    }

    fn literal(&self, site: &Site, literal: &Literal, with: (&Node, &Values)) -> Verdict {
        let (node, values) = with;
        match (&literal.kind, node) {
            (LiteralKind::Atom(atom), Node::Rule(_) | Node::Leaf(_) | Node::Cut(_)) => {
                let tuple: Option<Vec<Value>> = pattern(atom, values).into_iter().collect();
                let right = node.conclusion().is_some_and(|conclusion| {
                    conclusion.relation == atom.relation && tuple == Some(conclusion.tuple.to_vec())
                });
                require(right, || {
                    let atom = self.atom_text(atom.relation, pattern(atom, values).into_iter());
                    format!("the literal asks for {atom}")
                })
            }
            (LiteralKind::Absent(atom), Node::Absent(absent)) => {
                let asked = pattern(atom, values);
                require(absent.relation == atom.relation && absent.pattern == asked, || {
                    let atom = self.atom_text(atom.relation, asked.iter().copied());
                    format!("the literal asks for no {atom}")
                })?;
                match self.recount.a_match(atom, values) {
                    None => Ok(()),
                    Some(tuple) => {
                        let tuple = tuple.iter().map(|value| Some(*value));
                        Err(format!("{} is there", self.atom_text(atom.relation, tuple)))
                    }
                }
            }
            (LiteralKind::Aggregate { var, aggregate }, Node::Aggregate(node)) => {
                require(node.site == *site, || "another aggregate".to_owned())?;
                require(values[var.index()] == Some(node.value), || {
                    "the variable has not the value of the aggregate".to_owned()
                })?;
                self.aggregate(aggregate, node, values)
            }
            (
                LiteralKind::Compare(..)
                | LiteralKind::Test { .. }
                | LiteralKind::Range { .. }
                | LiteralKind::Constant(_),
                Node::Builtin(node),
            ) => self.builtin(site, literal, (node, values)),
            _ => Err("a node of another kind than the literal".to_owned()),
        }
    }

    fn builtin(
        &self,
        site: &Site,
        literal: &Literal,
        (node, values): (&BuiltinNode, &Values),
    ) -> Verdict {
        require(node.site == *site, || "another literal".to_owned())?;
        let args: Vec<Expr> = match &literal.kind {
            LiteralKind::Compare(_, left, right) => vec![left.clone(), right.clone()],
            LiteralKind::Test { args, .. } => args.clone(),
            LiteralKind::Range { var, args } => {
                [Expr::Var(*var)].into_iter().chain(args.iter().cloned()).collect()
            }
            _ => Vec::new(),
        };
        require(self.recount.all(&args, values).as_ref() == Some(&node.values), || {
            "the values are not those of the literal".to_owned()
        })?;
        let vars = vars_of(&args);
        let same = node.binding.iter().all(|(var, value)| {
            vars.contains(var) && values.get(var.index()) == Some(&Some(*value))
        });
        require(same && node.binding.len() == vars.len(), || {
            "the binding is not that of the rule".to_owned()
        })?;
        require(self.recount.holds(literal, values), || "the literal does not hold".to_owned())
    }

    fn aggregate(&self, aggregate: &Aggregate, node: &AggregateNode, values: &Values) -> Verdict {
        let outer: Binding =
            aggregate.outer.iter().filter_map(|v| Some((*v, values[v.index()]?))).collect();
        require(node.outer == outer, || "the outer values are others".to_owned())?;
        let mut listed: Map<Values, (&Row, bool)> = Map::default();
        for row in &node.rows {
            let local = self.row(aggregate, (node, row), values)?;
            let wanted = aggregate.witnesses.iter().all(|v| local[v.index()] == values[v.index()]);
            require(row.role != Role::Witness || wanted, || "another witness".to_owned())?;
            let twice = listed.insert(local, (row, false)).is_some();
            require(!twice, || "a row that the body does not have, again".to_owned())?;
        }
        let mut given: Vec<Option<Value>> = Vec::new();
        let mut others: Vec<Option<Value>> = Vec::new();
        let mut wrong = false;
        let whose = self.whose(aggregate, node);
        let mut kinds = node.groups.as_ref().map(|groups| match groups.by {
            By::Source => Kinds::Source(&whose, Map::default(), 0),
            By::Var(var) => Kinds::Value(var, Map::default(), 0),
        });
        self.recount.each_row(aggregate, values, &mut |found, value| {
            given.push(value);
            match listed.get_mut(found) {
                None => {
                    others.push(value);
                    if let Some(kinds) = &mut kinds {
                        kinds.add(found);
                    }
                }
                Some((row, is_found)) => {
                    wrong |= row.value != value || replace(is_found, true);
                }
            }
        });
        let total = self.recount.total(aggregate, &given);
        require(total == Some(node.value), || {
            let symbols = self.recount.builtins.symbols();
            let total = total.map_or_else(|| "nothing".to_owned(), |total| total.quoted(symbols));
            format!("{} is {total}", aggregate.kind.name())
        })?;
        require(!wrong, || "a row with another value".to_owned())?;
        // An order is not asked for: all must be there.
        let missing = listed.values().any(|(_, is_found)| !is_found);
        require(!missing, || "a row that the body does not have".to_owned())?;
        if let (Some(groups), Some(kinds)) = (&node.groups, kinds) {
            let right = kinds.are(&groups.rows, self.given.leaves);
            require(right, || "the others are grouped in another way".to_owned())?;
        }
        match aggregate.kind {
            AggregateKind::Count | AggregateKind::Sum | AggregateKind::Mean => {
                let right = node.rows.iter().all(|row| row.role == Role::Contributor);
                require(right, || "a row of another kind".to_owned())?;
                let counted = node.others == others.len() && self.proof.quality == Quality::Good;
                require(others.is_empty() && node.others == 0 || counted, || {
                    format!("{} contributors are missing", others.len())
                })
            }
            AggregateKind::Min | AggregateKind::Max => {
                require(node.others == others.len(), || {
                    format!("{} others, not {}", others.len(), node.others)
                })?;
                self.extreme(aggregate.kind, (node, &others), given.len())
            }
        }
    }

    /// Whose claims the rows are, atom by atom.
    fn whose<'s>(
        &'s self,
        aggregate: &'s Aggregate,
        node: &AggregateNode,
    ) -> Vec<(&'s Atom, Whose<'s>)> {
        let count = node.rows.len() + node.others;
        let of = |literal: &'s Literal| {
            let LiteralKind::Atom(atom) = &literal.kind else { return None };
            let tuples = self.given.tables.len(atom.relation);
            Some((atom, self.given.leaves.whose(atom.relation, count, tuples)))
        };
        aggregate.body.iter().filter_map(of).collect()
    }

    /// The values of a row with those around it; its premises are checked.
    fn row(
        &self,
        aggregate: &Aggregate,
        (node, row): (&AggregateNode, &Row),
        values: &Values,
    ) -> Result<Values, String> {
        let mut local: Values = vec![None; values.len()];
        for var in &aggregate.outer {
            local[var.index()] = values[var.index()];
        }
        let mut wanted = wanted(&aggregate.body);
        if let Some(value) = &aggregate.value {
            wanted.extend(vars_of(slice::from_ref(value)));
        }
        wanted.retain(|var| !aggregate.outer.contains(var));
        self.bind(&node.site, (&row.binding, &wanted), &mut local)?;
        if row.role != Role::RunnerUp {
            self.body(&node.site, (&aggregate.body, &row.premises), &local)?;
        }
        Ok(local)
    }

    /// One witness, then the runner-up if there are two rows, and none between.
    fn extreme(
        &self,
        kind: AggregateKind,
        (node, others): (&AggregateNode, &[Option<Value>]),
        all: usize,
    ) -> Verdict {
        let roles: Vec<Role> = node.rows.iter().map(|row| row.role).collect();
        let wanted: &[Role] = &[Role::Witness, Role::RunnerUp];
        require(roles == wanted[..all.min(2)], || "not a witness and a runner-up".to_owned())?;
        require(node.rows[0].value == Some(node.value), || {
            "the witness has another value".to_owned()
        })?;
        let symbols = self.recount.builtins.symbols();
        let beats = |a: Value, b: Value| match kind {
            AggregateKind::Min => a.cmp_in(b, symbols).is_lt(),
            _ => a.cmp_in(b, symbols).is_gt(),
        };
        let Some(second) = node.rows.get(1).and_then(|row| row.value) else { return Ok(()) };
        let mut beating = others.iter().flatten().filter(|value| beats(**value, second));
        require(beating.next().is_none(), || "the runner-up is not the second".to_owned())
    }

    /// The proof costs what it says.
    fn cost(&self, order: &[NodeId]) -> Verdict {
        let mut heights: Table<NodeId, usize> = Table::filled(self.proof.nodes.len(), 0);
        let (mut claims, mut sources) = (Set::default(), Set::default());
        let (mut rows, mut inputs) = (Set::default(), 0);
        for id in order {
            let node = &self.proof.nodes[*id];
            let below = node.premises().map(|premise| heights[premise]).max().unwrap_or(0);
            heights[*id] = below + usize::from(matches!(node, Node::Rule(_)));
            let Node::Leaf(LeafNode { leaf, .. }) = node else { continue };
            match leaf {
                LeafRef::Row(id) => {
                    let leaf = &self.given.leaves.leaves[*id];
                    match leaf.kind {
                        LeafKind::Claim => {
                            claims.insert(*id);
                            sources.extend(leaf.evidence.as_ref().map(|e| e.origin.as_str()));
                        }
                        LeafKind::Assumption => drop(rows.insert(LeafRef::Row(*id))),
                        LeafKind::Record | LeafKind::Definition => {}
                    }
                }
                LeafRef::Fact(at) if self.given.program.facts[*at].assumed => {
                    rows.insert(LeafRef::Fact(*at));
                }
                LeafRef::Fact(_) => {}
                LeafRef::Input => inputs += 1,
            }
        }
        let cost = Cost {
            assumptions: rows.len() + inputs,
            sources: sources.len(),
            claims: claims.len(),
            height: heights[NodeId::new(0)],
        };
        require(cost == self.proof.cost, || {
            format!("the proof says {:?}, but it is {cost:?}", self.proof.cost)
        })
    }
}

/// The variables of expressions.
fn vars_of(exprs: &[Expr]) -> Set<VarId> {
    let mut vars = Vec::new();
    exprs.iter().for_each(|expr| expr.each_var(&mut |var| vars.push(var)));
    vars.into_iter().collect()
}

/// Variables that a binding of a body must have: all but those of negated atoms alone and those
/// inside aggregates.
fn wanted(body: &[Literal]) -> Set<VarId> {
    let mut wanted = Set::default();
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) => wanted.extend(atom.vars()),
            LiteralKind::Compare(_, left, right) => {
                wanted.extend(vars_of(slice::from_ref(left)));
                wanted.extend(vars_of(slice::from_ref(right)));
            }
            LiteralKind::Test { args, .. } => wanted.extend(vars_of(args)),
            LiteralKind::Range { var, args } => {
                wanted.insert(*var);
                wanted.extend(vars_of(args));
            }
            LiteralKind::Aggregate { var, aggregate } => {
                wanted.insert(*var);
                wanted.extend(aggregate.outer.iter().chain(&aggregate.witnesses));
            }
            LiteralKind::Absent(_) | LiteralKind::Constant(_) => {}
        }
    }
    wanted
}

/// The rows that are not listed, counted by what they are; those that are nothing apart.
enum Kinds<'w> {
    /// By the source of the first atom that is a claim.
    Source(&'w [(&'w Atom, Whose<'w>)], Map<u32, usize>, usize),
    /// By the value of a variable.
    Value(VarId, Map<Value, usize>, usize),
}

impl Kinds<'_> {
    fn add(&mut self, row: &Values) {
        let count = match self {
            Self::Source(whose, counts, none) => {
                let source = whose.iter().find_map(|(atom, whose)| {
                    whose.source(atom.args.iter().map(|arg| value_in(arg, row)))
                });
                source.map_or(none, |source| counts.entry(source).or_insert(0))
            }
            Self::Value(var, counts, none) => {
                row[var.index()].map_or(none, |value| counts.entry(value).or_insert(0))
            }
        };
        *count += 1;
    }

    /// Whether these are the rows by kind, all of them and no others.
    fn are(self, rows: &[OtherRows], leaves: &Leaves) -> bool {
        match self {
            Self::Source(_, counts, none) => {
                let counts = counts.into_iter();
                let mut counts: Map<&str, usize> =
                    counts.map(|(number, count)| (leaves.source(number), count)).collect();
                let same = |of: &OtherRows| match &of.key {
                    Key::Source(source) => counts.remove(source.as_str()) == Some(of.count),
                    Key::Value(_) => false,
                };
                rows.iter().all(same) && counts.is_empty() && none == 0
            }
            Self::Value(_, mut counts, none) => {
                let same = |of: &OtherRows| match &of.key {
                    Key::Value(value) => counts.remove(value) == Some(of.count),
                    Key::Source(_) => false,
                };
                rows.iter().all(same) && counts.is_empty() && none == 0
            }
        }
    }
}
