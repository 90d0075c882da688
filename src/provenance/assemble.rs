//! [`assemble`]: the [`Proof`] that one way for each goal makes.

use crate::base::ids::{GoalId, Id, NodeId, Table, VarId};
use crate::engine::limits::Stop;
use crate::program::program::{Aggregate, Expr, Literal, LiteralKind};
use crate::provenance::choose::Choice;
use crate::provenance::proof::{
    AbsentNode, AggregateNode, BuiltinNode, Conclusion, LeafNode, Node, Proof, Role, Row, RuleNode,
    Site,
};
use crate::provenance::slice::{Goal, Slice, Step, goal_of, put};
use crate::provenance::solve::{Bound, GroupRow, Solver, binding_of};
use crate::provenance::tally;
use crate::syntax::ast::AggregateKind;
use crate::value::value::Value;

/// The proof of the slice's first goal.
///
/// # Errors
/// If it is stopped.
///
/// # Panics
/// If a goal of the proof has no way.
pub(crate) fn assemble(slice: &Slice<'_, '_>, choice: &Choice) -> Result<Proof, Stop> {
    let mut ids: Table<GoalId, Option<NodeId>> = Table::filled(slice.goals.len(), None);
    let mut goals: Vec<(GoalId, usize)> = Vec::new();
    let mut stack = vec![GoalId::new(0)];
    while let Some(goal) = stack.pop() {
        if ids[goal].is_none() {
            let way = choice.ways[goal].expect("every goal of a proof has its way");
            ids[goal] = Some(NodeId::new(goals.len()));
            goals.push((goal, way));
            stack.extend(&slice.ways[goal][way].premises);
        }
    }
    // Goals come first, so that their numbers are known; what has no goal follows as it is met.
    let mut assembly = Assembly { slice, ids, first_other: goals.len(), others: Vec::new() };
    let mut nodes: Table<NodeId, Node> = Table::new();
    for (goal, way) in goals {
        nodes.push(assembly.node(goal, &slice.ways[goal][way].step));
        if slice.context.solver.watch.tick(1 + slice.ways[goal][way].premises.len()).is_break() {
            break;
        }
    }
    slice.context.solver.watch.stopped()?;
    for node in assembly.others {
        nodes.push(node);
    }
    let mut proof = Proof { nodes, quality: choice.quality, cost: choice.price.cost };
    proof.number();
    Ok(proof)
}

struct Assembly<'s, 'c, 'a> {
    slice: &'s Slice<'c, 'a>,
    ids: Table<GoalId, Option<NodeId>>,
    first_other: usize,
    others: Vec<Node>,
}

impl Assembly<'_, '_, '_> {
    fn node(&mut self, goal: GoalId, step: &Step) -> Node {
        let slice = self.slice;
        match &*slice.goals[goal] {
            Goal::Tuple(relation, tuple) => {
                let conclusion = Conclusion { relation: *relation, tuple: tuple.clone() };
                match step {
                    Step::Leaf(leaf) => Node::Leaf(LeafNode { conclusion, leaf: *leaf }),
                    Step::Rule(rule, bound) => {
                        let of_rule = &slice.context.program.rules[*rule];
                        let vars: Vec<VarId> = of_rule.vars.ids().collect();
                        let scope = Site::of_rule(*rule);
                        Node::Rule(RuleNode {
                            conclusion,
                            rule: *rule,
                            binding: binding_of(&vars, bound),
                            premises: self.premises(&scope, &of_rule.body, bound),
                        })
                    }
                    Step::Rows | Step::Witness(_) | Step::Cut => Node::Cut(conclusion),
                }
            }
            Goal::Value { site, outer, .. } => {
                let witness = match step {
                    Step::Witness(at) => Some(*at),
                    _ => None,
                };
                Node::Aggregate(self.aggregate(site, outer, witness))
            }
        }
    }

    /// One node for each literal of a body.
    fn premises(&mut self, scope: &Site, body: &[Literal], bound: &Bound) -> Vec<NodeId> {
        let mut premises = Vec::new();
        for (at, literal) in body.iter().enumerate() {
            premises.push(match goal_of(scope, at, literal, bound) {
                Some(goal) => {
                    let id = self.slice.id_of(&goal).expect("premises are goals of the slice");
                    self.ids[id].expect("premises of a way are goals of the proof")
                }
                None => {
                    let node = self.other(scope.inside(at), literal, bound);
                    self.others.push(node);
                    NodeId::new(self.first_other + self.others.len() - 1)
                }
            });
        }
        premises
    }

    /// The node of a literal that has no goal.
    fn other(&self, site: Site, literal: &Literal, bound: &Bound) -> Node {
        let exprs: Vec<&Expr> = match &literal.kind {
            LiteralKind::Absent(atom) => {
                let pattern = Solver::pattern(atom, bound);
                return Node::Absent(AbsentNode { relation: atom.relation, pattern });
            }
            LiteralKind::Compare(_, left, right) => vec![left, right],
            LiteralKind::Test { args, .. } | LiteralKind::Range { args, .. } => {
                args.iter().collect()
            }
            LiteralKind::Atom(_) | LiteralKind::Aggregate { .. } | LiteralKind::Constant(_) => {
                Vec::new()
            }
        };
        let mut vars: Vec<VarId> = Vec::new();
        if let LiteralKind::Range { var, .. } = &literal.kind {
            vars.push(*var);
        }
        exprs.iter().for_each(|expr| expr.each_var(&mut |var| vars.push(var)));
        let value = |expr: &&Expr| self.slice.context.solver.eval(expr, bound);
        let first = match &literal.kind {
            LiteralKind::Range { var, .. } => bound[var.index()],
            _ => None,
        };
        vars.sort_unstable();
        vars.dedup();
        let values = first.into_iter().chain(exprs.iter().filter_map(value)).collect();
        Node::Builtin(BuiltinNode { site, binding: binding_of(&vars, bound), values })
    }

    fn aggregate(&mut self, site: &Site, outer: &[Value], witness: Option<usize>) -> AggregateNode {
        let (aggregate, group, mut bound) = self.slice.group(site, outer);
        let mut rows = Vec::new();
        if matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max) {
            let witness = witness.unwrap_or_default();
            rows.push(self.row(site, aggregate, (&group.rows[witness], Role::Witness), &mut bound));
            let second = group.rows.iter().enumerate().find(|(at, _)| *at != witness);
            if let Some((_, GroupRow { binding, value })) = second {
                let (binding, value) = (binding.clone(), *value);
                rows.push(Row { role: Role::RunnerUp, binding, value, premises: Vec::new() });
            }
        } else {
            for row in &group.rows {
                rows.push(self.row(site, aggregate, (row, Role::Contributor), &mut bound));
            }
        }
        let others = group.count - rows.len();
        let is_extreme = matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max);
        let context = self.slice.context;
        let from = (&context.solver, context.leaves);
        let outer_bound = self.slice.bound_of(site, outer);
        let groups = if is_extreme || others == 0 {
            None
        } else {
            tally::others(from, (site, aggregate), &outer_bound, &group)
        };
        let outer = aggregate.outer.iter().copied().zip(outer.iter().copied()).collect();
        let value = group.value.expect("the goal is the value that the aggregate has");
        AggregateNode { site: site.clone(), outer, value, rows, others, groups }
    }

    fn row(
        &mut self,
        site: &Site,
        aggregate: &Aggregate,
        (row, role): (&GroupRow, Role),
        bound: &mut Bound,
    ) -> Row {
        put(&row.binding, bound);
        let premises = self.premises(site, &aggregate.body, bound);
        Row { role, binding: row.binding.clone(), value: row.value, premises }
    }
}
