//! Which columns tell the tuples of a relation apart when two states of it are compared. The others
//! hold values: what the rules of the relation compute, or take from the values of another one.
//! `//@ key(a, b)` on the declaration says it instead.

use crate::base::ids::{RelationId, Table, VarId};
use crate::program::program::{Arg, Expr, LiteralKind, Program, Rule};
use crate::syntax::ast::CompareOp;

/// Which columns hold values, by relation.
type Values = Table<RelationId, Vec<bool>>;

/// The key columns of every relation, in order.
#[must_use]
pub fn keys(program: &Program) -> Table<RelationId, Vec<usize>> {
    let none = |relation: RelationId| vec![false; program.relations[relation].columns.len()];
    let mut values: Values = program.relations.ids().map(none).collect();
    loop {
        let next = step(program, &values);
        // More values of relations below never make fewer values above.
        if next.as_slice() == values.as_slice() {
            break;
        }
        values = next;
    }
    let key = |columns: &Vec<bool>| (0..columns.len()).filter(|&at| !columns[at]).collect();
    values.iter().map(key).collect()
}

fn step(program: &Program, values: &Values) -> Values {
    // A constant of a head says nothing about what its column is.
    let nothing = |relation: RelationId| vec![None; program.relations[relation].columns.len()];
    let mut found: Table<RelationId, Vec<Option<bool>>> =
        program.relations.ids().map(nothing).collect();
    for rule in program.rules.iter() {
        for (column, arg) in rule.head_args.iter().enumerate() {
            let value = match arg {
                Expr::Call { .. } => true,
                Expr::Const(_) => continue,
                Expr::Var(var) => is_value(rule, *var, values),
            };
            let known = &mut found[rule.head][column];
            *known = Some(known.unwrap_or(true) && value);
        }
    }
    let decided = |(id, found): (RelationId, &Vec<Option<bool>>)| -> Vec<bool> {
        match &program.relations[id].words.key {
            Some(key) => (0..found.len()).map(|column| !key.contains(&column)).collect(),
            None => found.iter().map(|value| value.unwrap_or(false)).collect(),
        }
    };
    found.entries().map(decided).collect()
}

/// Whether a variable of a head is computed, or taken from nothing but values.
fn is_value(rule: &Rule, var: VarId, values: &Values) -> bool {
    let mut is_value = false;
    for literal in &rule.body {
        match &literal.kind {
            LiteralKind::Atom(atom) => {
                for (column, arg) in atom.args.iter().enumerate() {
                    if *arg == Arg::Var(var) {
                        if !values[atom.relation][column] {
                            return false;
                        }
                        is_value = true;
                    }
                }
            }
            LiteralKind::Aggregate { aggregate, .. } if aggregate.witnesses.contains(&var) => {
                return false;
            }
            LiteralKind::Aggregate { var: result, .. } => is_value |= *result == var,
            LiteralKind::Compare(CompareOp::Eq, left, right) => {
                for (one, other) in [(left, right), (right, left)] {
                    if matches!(one, Expr::Var(defined) if *defined == var) {
                        is_value |= matches!(other, Expr::Call { .. });
                    }
                }
            }
            _ => {}
        }
    }
    is_value
}
