//! Aggregates over no rows, which may be a slip. A sum gives 0 then: such groups are found in
//! finished tables, from the tuples that hold a 0 back to where they came from. A least, greatest or
//! mean value is not there, and the rule says nothing: such groups are found among the first
//! bindings of the rest of the rule.

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

/// An aggregate of a rule that was taken over no rows.
#[derive(Clone, Debug)]
pub struct EmptyGroup {
    /// The rule.
    pub rule: RuleId,
    /// Which aggregate.
    pub kind: AggregateKind,
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
/// Tuples that are read for the bindings of a rule that may say nothing.
const READ_MAX: usize = 2_000;

/// The aggregates of all rules that have a group without rows, in the order of the rules; the groups
/// in the order of the language. Sums count if their value stands in the head.
///
/// # Errors
/// If the search is stopped.
pub fn empty_groups(
    program: &Program,
    tables: &dyn Tables,
    limits: &Limits,
) -> Result<Vec<EmptyGroup>, Stop> {
    let solver = Solver::new(program, tables, limits);
    let mut found = Vec::new();
    for (id, rule) in program.rules.entries() {
        for (at, literal) in rule.body.iter().enumerate() {
            if let LiteralKind::Aggregate { var, aggregate } = &literal.kind {
                let asked = Asked { id, rule, var: *var, aggregate };
                let site = Site::of_rule(id).inside(at);
                found.extend(match aggregate.kind {
                    AggregateKind::Sum => asked.zeroed(&solver, literal.span, &site),
                    AggregateKind::Min | AggregateKind::Max | AggregateKind::Mean => {
                        asked.silent(&solver, (at, literal.span), &site)
                    }
                    AggregateKind::Count => None,
                });
                solver.watch.stopped()?;
            }
        }
    }
    Ok(found)
}

struct Asked<'a> {
    id: RuleId,
    rule: &'a Rule,
    var: VarId,
    aggregate: &'a Aggregate,
}

impl Asked<'_> {
    fn zeroed(&self, solver: &Solver<'_>, span: Span, site: &Site) -> Option<EmptyGroup> {
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
        self.found(solver, span, groups)
    }

    /// Groups without a value among the first bindings of the rest of the rule. What compares with
    /// a variable from outside, or excludes by one, looks for something that need not be there.
    fn silent(
        &self,
        solver: &Solver<'_>,
        (at, span): (usize, Span),
        site: &Site,
    ) -> Option<EmptyGroup> {
        let outer = &self.aggregate.outer;
        let is_search = self.aggregate.body.iter().any(|literal| {
            let mut has_outer = false;
            literal.each_var(&mut |var| has_outer |= outer.contains(&var));
            has_outer && !matches!(literal.kind, LiteralKind::Atom(_))
        });
        let mut is_large = false;
        self.rule.each_relation(&mut |id| is_large |= solver.tables.len(id) > TUPLES_MAX);
        if outer.is_empty() || is_search || is_large {
            return None;
        }
        let nothing = vec![None; self.rule.vars.len()];
        let others = (0..self.rule.body.len()).filter(|other| *other != at).collect();
        let arranged = solver.arrange(&self.rule.body, others, &nothing);
        if !outer.iter().all(|var| arranged.known[var.index()]) {
            return None;
        }
        let mut groups: Vec<Tuple> = Vec::new();
        let mut visit = |bound: &Vec<Option<Value>>| {
            let mut is_empty = true;
            solver.rows(site, self.aggregate, bound, &mut |_, _| {
                is_empty = false;
                ControlFlow::Break(())
            });
            if is_empty {
                groups.push(outer.iter().filter_map(|var| bound[var.index()]).collect());
            }
            ControlFlow::Continue(())
        };
        let work = Cell::new(READ_MAX);
        let literals = (&Site::of_rule(self.id), &*self.rule.body, &*arranged.order);
        solver.walk(literals, nothing, &work, &mut visit);
        self.found(solver, span, groups)
    }

    /// The first of the groups, if there is one.
    fn found(&self, solver: &Solver<'_>, span: Span, mut groups: Vec<Tuple>) -> Option<EmptyGroup> {
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
        Some(EmptyGroup { rule: self.id, kind: self.aggregate.kind, span, group, count, guard })
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
