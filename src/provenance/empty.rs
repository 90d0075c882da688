//! Sums over no rows: they give 0, which may be a slip. Found in finished tables, from the tuples
//! that hold such a 0 back to the groups they came from.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::base::ids::{Id, RuleId, VarId};
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::program::{Aggregate, Arg, Expr, LiteralKind, Program, Rule};
use crate::provenance::proof::Site;
use crate::provenance::solve::{Order, Solver};
use crate::syntax::ast::AggregateKind;
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::value::{Finite, Tuple, Value, cmp_tuples};

/// A sum of a rule that was taken over no rows.
#[derive(Clone, Debug)]
pub struct EmptySum {
    /// The rule.
    pub rule: RuleId,
    /// The aggregate as written.
    pub span: Span,
    /// The named outer variables of the first such group, with their values.
    pub group: Vec<(String, Value)>,
    /// Number of such groups, as far as they were looked at.
    pub count: usize,
    /// An atom that only groups with rows have, as it would be written.
    pub guard: Option<String>,
}

/// Larger relations are not looked through.
const TUPLES_MAX: usize = 100_000;
/// Tuples with a 0 that are traced back, of one rule.
const ZEROS_MAX: usize = 1_000;

/// The sums of all rules whose value stands in their head and that have a group without rows, in
/// the order of the rules; the groups in the order of the language.
///
/// # Errors
/// If the search is stopped.
pub fn empty_sums(
    program: &Program,
    tables: &dyn Tables,
    limits: &Limits,
) -> Result<Vec<EmptySum>, Stop> {
    let solver = Solver::new(program, tables, limits);
    let mut found = Vec::new();
    for (id, rule) in program.rules.entries() {
        for (at, literal) in rule.body.iter().enumerate() {
            if let LiteralKind::Aggregate { var, aggregate } = &literal.kind
                && aggregate.kind == AggregateKind::Sum
            {
                let sum = Sum { id, rule, var: *var, aggregate };
                found.extend(sum.empty(&solver, literal.span, &Site::of_rule(id).inside(at)));
                solver.watch.stopped()?;
            }
        }
    }
    Ok(found)
}

struct Sum<'a> {
    id: RuleId,
    rule: &'a Rule,
    var: VarId,
    aggregate: &'a Aggregate,
}

impl Sum<'_> {
    fn empty(&self, solver: &Solver<'_>, span: Span, site: &Site) -> Option<EmptySum> {
        let mut groups: Vec<Tuple> = Vec::new();
        for tuple in self.zeros(solver.program, solver.tables) {
            let mut visit = |bound: &Vec<Option<Value>>| {
                if solver.group(site, self.aggregate, bound).count == 0 {
                    let outer = self.aggregate.outer.iter();
                    groups.push(outer.filter_map(|var| bound[var.index()]).collect());
                }
                ControlFlow::Continue(())
            };
            let work = Cell::new(TUPLES_MAX);
            solver.instances((self.id, &tuple), Order::Canonical, &work, &mut visit);
        }
        groups.sort_by(|a, b| cmp_tuples(a, b, &solver.program.symbols));
        groups.dedup();
        let first = groups.first()?;
        let named = self
            .aggregate
            .outer
            .iter()
            .zip(first)
            .filter_map(|(var, value)| Some((self.rule.vars[*var].name.clone()?, *value)));
        let (group, count) = (named.collect(), groups.len());
        let guard = self.guard(solver.program);
        Some(EmptySum { rule: self.id, span, group, count, guard })
    }

    /// The first atom of the body with a named outer variable, other arguments left open.
    fn guard(&self, program: &Program) -> Option<String> {
        self.aggregate.body.iter().find_map(|literal| {
            let LiteralKind::Atom(atom) = &literal.kind else { return None };
            let named = |var: VarId| {
                let name = self.rule.vars[var].name.as_deref();
                name.filter(|_| self.aggregate.outer.contains(&var))
            };
            atom.vars().find_map(named)?;
            let args = atom.args.iter().map(|arg| match arg {
                Arg::Var(var) => named(*var).unwrap_or("_").to_owned(),
                Arg::Const(value) => value.quoted(&program.symbols),
            });
            let args: Vec<String> = args.collect();
            Some(format!("{}({})", program.relations[atom.relation].name, args.join(", ")))
        })
    }

    /// Tuples of the head that hold 0 where the sum stands.
    fn zeros(&self, program: &Program, tables: &dyn Tables) -> Vec<Tuple> {
        let is_sum = |arg: &Expr| matches!(arg, Expr::Var(var) if *var == self.var);
        let Some(column) = self.rule.head_args.iter().position(is_sum) else { return Vec::new() };
        if tables.len(self.rule.head) > TUPLES_MAX {
            return Vec::new();
        }
        let zero = match self.aggregate.base {
            BaseType::Number => Value::Number(0),
            BaseType::Unsigned => Value::Unsigned(0),
            BaseType::Float => Value::Float(Finite::new(0.0).expect("0 is finite")),
            BaseType::Symbol => return Vec::new(),
        };
        let mut found: Vec<Tuple> = Vec::new();
        let any = vec![None; self.rule.head_args.len()];
        tables.select(self.rule.head, &any, &mut |tuple| {
            if tuple[column] == zero {
                found.push(tuple.into());
            }
            ControlFlow::Continue(())
        });
        found.sort_by(|a, b| cmp_tuples(a, b, &program.symbols));
        found.truncate(ZEROS_MAX);
        found
    }
}
