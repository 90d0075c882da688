//! What a value was counted or added up from, for a literal that it does not satisfy: the rows of
//! the aggregate, each with the claims under it. The aggregate may stand in the rule itself, or in
//! the rule that gave the tuple from which the variable has its value.

use crate::base::hash::Set;
use crate::base::ids::{Id, LeafId, NodeId, VarId};
use crate::program::program::{Arg, Expr, LiteralKind};
use crate::provenance::leaves::LeafKind;
use crate::provenance::near::Case;
use crate::provenance::proof::{
    AggregateNode, Binding, Conclusion, LeafRef, Node, Proof, Role, RuleNode, Site,
};
use crate::provenance::search::Budget;
use crate::provenance::solve::{Bound, Solver, binding_of};
use crate::provenance::whynot::Refuter;
use crate::syntax::ast::AggregateKind;
use crate::value::value::Value;

/// What a variable's value was counted or added up from.
#[derive(Clone, Debug)]
pub struct Contributors {
    /// The variable of the near miss's rule.
    pub var: VarId,
    /// The aggregate.
    pub site: Site,
    /// How.
    pub kind: AggregateKind,
    /// Its outer variables.
    pub outer: Binding,
    /// The value; none for a least or greatest of nothing.
    pub value: Option<Value>,
    /// Number of rows.
    pub count: usize,
    /// The first rows.
    pub rows: Vec<Contributor>,
}

/// A row of an aggregate.
#[derive(Clone, Debug)]
pub struct Contributor {
    /// The values of the variables of the aggregate's body.
    pub binding: Binding,
    /// What it gives; nothing for count.
    pub value: Option<Value>,
    /// The tuples taken together.
    pub atoms: Vec<Conclusion>,
    /// The claims that they rest on.
    pub claims: Vec<LeafId>,
}

/// Rows that are told.
const ROWS_MAX: usize = 5;
/// Tuples that are followed back to where their values were counted.
const STEPS_MAX: usize = 3;
/// What a proof of a row may cost.
const BUDGET: Budget = Budget { instances: 2_000, rows: 50 };

/// The search for what values come from.
pub(crate) struct Contributions<'r, 'a> {
    refuter: &'r Refuter<'a>,
    case: &'r Case,
    bound: &'r Bound,
}

impl<'r, 'a> Contributions<'r, 'a> {
    pub(crate) fn new(refuter: &'r Refuter<'a>, case: &'r Case, bound: &'r Bound) -> Self {
        Self { refuter, case, bound }
    }

    /// Where the values come from that the literal `at` compares.
    pub(crate) fn of(&self, at: usize) -> Vec<Contributors> {
        if let LiteralKind::Aggregate { var, .. } = &self.case.literals[at].kind {
            return self.aggregate(*var, at).into_iter().collect();
        }
        let mut vars: Vec<VarId> = Vec::new();
        self.case.literals[at].each_var(&mut |var| {
            if !vars.contains(&var) {
                vars.push(var);
            }
        });
        vars.into_iter().filter_map(|var| self.of_var(var)).collect()
    }

    fn of_var(&self, var: VarId) -> Option<Contributors> {
        self.bound[var.index()]?;
        for (at, literal) in self.case.literals.iter().enumerate() {
            match &literal.kind {
                LiteralKind::Aggregate { var: own, .. } if *own == var => {
                    return self.aggregate(var, at);
                }
                LiteralKind::Atom(atom) => {
                    let column = atom.args.iter().position(|arg| *arg == Arg::Var(var));
                    let pattern = Solver::pattern(atom, self.bound);
                    let tuple: Option<Vec<Value>> = pattern.into_iter().collect();
                    let (Some(column), Some(tuple)) = (column, tuple) else { continue };
                    if self.refuter.given.program.rules_of(atom.relation).next().is_none() {
                        continue;
                    }
                    let proof =
                        self.refuter.explainer.explain(atom.relation, &tuple, BUDGET).ok()?;
                    return traced(&proof, NodeId::new(0), column, STEPS_MAX, self.refuter)
                        .and_then(|(node, rows)| self.told(var, node, &proof, rows));
                }
                _ => {}
            }
        }
        None
    }

    /// What a node of a proof says of its rows.
    fn told(
        &self,
        var: VarId,
        node: &AggregateNode,
        proof: &Proof,
        count: usize,
    ) -> Option<Contributors> {
        let (_, aggregate) = node.site.aggregate(self.refuter.given.program)?;
        let rows = node.rows.iter().filter(|row| row.role != Role::RunnerUp).take(ROWS_MAX);
        let rows = rows.map(|row| {
            let atoms = row.premises.iter().filter_map(|id| proof.nodes[*id].conclusion());
            Contributor {
                binding: row.binding.clone(),
                value: row.value,
                atoms: atoms.cloned().collect(),
                claims: self.claims(proof, &row.premises),
            }
        });
        Some(Contributors {
            var,
            site: node.site.clone(),
            kind: aggregate.kind,
            outer: node.outer.clone(),
            value: Some(node.value),
            count,
            rows: rows.collect(),
        })
    }

    /// The rows of an aggregate of the rule itself.
    fn aggregate(&self, var: VarId, at: usize) -> Option<Contributors> {
        let LiteralKind::Aggregate { aggregate, .. } = &self.case.literals[at].kind else {
            return None;
        };
        if aggregate.outer.iter().any(|var| self.bound[var.index()].is_none()) {
            return None;
        }
        let site = Site::of_rule(self.case.rule).inside(at);
        let group = self.refuter.solver().group(&site, aggregate, self.bound);
        let is_extreme = matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max);
        let rows = group.rows.iter().filter(|row| !is_extreme || row.value == group.value);
        let rows = rows.take(ROWS_MAX).map(|row| {
            let mut bound = self.bound.clone();
            row.binding.iter().for_each(|(var, value)| bound[var.index()] = Some(*value));
            let mut atoms = Vec::new();
            let mut claims = Vec::new();
            for literal in &aggregate.body {
                let LiteralKind::Atom(atom) = &literal.kind else { continue };
                let pattern = Solver::pattern(atom, &bound);
                let Some(tuple) = pattern.into_iter().collect::<Option<Box<[Value]>>>() else {
                    continue;
                };
                let proof = self.refuter.explainer.explain(atom.relation, &tuple, BUDGET);
                if let Ok(proof) = proof {
                    claims.extend(self.claims(&proof, &[NodeId::new(0)]));
                }
                atoms.push(Conclusion { relation: atom.relation, tuple });
            }
            claims.sort_unstable();
            claims.dedup();
            Contributor { binding: row.binding.clone(), value: row.value, atoms, claims }
        });
        let outer = binding_of(&aggregate.outer, self.bound);
        Some(Contributors {
            var,
            site,
            kind: aggregate.kind,
            outer,
            value: group.value,
            count: group.count,
            rows: rows.collect(),
        })
    }

    /// The claims below some nodes of a proof.
    fn claims(&self, proof: &Proof, from: &[NodeId]) -> Vec<LeafId> {
        let mut seen: Set<NodeId> = Set::default();
        let mut next = from.to_vec();
        let mut claims = Vec::new();
        while let Some(id) = next.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = &proof.nodes[id];
            next.extend(node.premises());
            if let Node::Leaf(leaf) = node
                && let LeafRef::Row(row) = leaf.leaf
                && self.refuter.given.leaves.leaves[row].kind == LeafKind::Claim
            {
                claims.push(row);
            }
        }
        claims.sort_unstable();
        claims.dedup();
        claims
    }
}

/// The aggregate that a column's value comes from, and how many rows it has.
fn traced<'p>(
    proof: &'p Proof,
    id: NodeId,
    column: usize,
    steps: usize,
    refuter: &Refuter<'_>,
) -> Option<(&'p AggregateNode, usize)> {
    let Node::Rule(RuleNode { rule, premises, .. }) = &proof.nodes[id] else { return None };
    let rule = &refuter.given.program.rules[*rule];
    let Expr::Var(var) = rule.head_args.get(column)? else { return None };
    for (literal, premise) in rule.body.iter().zip(premises) {
        match (&literal.kind, &proof.nodes[*premise]) {
            (LiteralKind::Aggregate { var: own, .. }, Node::Aggregate(node)) if own == var => {
                return Some((node, node.rows.len() + node.others));
            }
            (LiteralKind::Atom(atom), Node::Rule(_)) if steps > 0 => {
                let at = atom.args.iter().position(|arg| arg == &Arg::Var(*var));
                if let Some(at) = at {
                    return traced(proof, *premise, at, steps - 1, refuter);
                }
            }
            _ => {}
        }
    }
    None
}
