//! The plan as text. A step is a line: what it does, after the arrow the variables that are kept,
//! and how many bindings it is estimated to give in all. `+x` is a variable that gets its value there, `[a]` the columns that are looked up, `only`
//! what a later step asks of a match anyway.

use std::fmt::Write;

use crate::base::ids::{Id, VarId};
use crate::plan::ir::{Access, AggregateStep, Column, Plan, Step, StepKind, View};
use crate::program::builtins::Op;
use crate::program::program::{Expr, Program, Rule};

/// The plan of `program` as text.
///
/// # Panics
/// If the plan is that of another program.
#[must_use]
pub fn print(plan: &Plan, program: &Program) -> String {
    let mut out = String::new();
    for stratum in &plan.strata {
        let names: Vec<&str> =
            stratum.relations.iter().map(|&id| program.relations[id].name.as_str()).collect();
        let recursive = if stratum.recursive { ", recursive" } else { "" };
        line(&mut out, 0, &format!("stratum {}{recursive}", names.join(", ")));
        for pipeline in &stratum.pipelines {
            let rule = &program.rules[pipeline.rule];
            let writer = Writer { program, rule };
            let delta = pipeline.delta.map_or(String::new(), |at| {
                let atom = rule.body[at].kind.atom().expect("a delta is an atom");
                format!(", delta {} at {}", program.relations[atom.relation].name, at + 1)
            });
            line(&mut out, 1, &format!("rule {}{delta}", rule.name));
            writer.steps(&mut out, 2, &pipeline.steps);
            let args = writer.exprs(&pipeline.args);
            let head = &program.relations[pipeline.head].name;
            line(&mut out, 2, &format!("emit {head}({args})"));
        }
    }
    for (relation, orders) in plan.orders.entries() {
        for order in orders {
            let columns = &program.relations[relation].columns;
            let names: Vec<&str> = order.iter().map(|&c| columns[c].name.as_str()).collect();
            let name = &program.relations[relation].name;
            line(&mut out, 0, &format!("order {name}({})", names.join(", ")));
        }
    }
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    writeln!(out, "{:1$}{text}", "", depth * 2).expect("a string takes all text");
}

struct Writer<'a> {
    program: &'a Program,
    rule: &'a Rule,
}

impl Writer<'_> {
    fn steps(&self, out: &mut String, depth: usize, steps: &[Step]) {
        for step in steps {
            let text = match &step.kind {
                StepKind::Scan(access) => format!("scan {}", self.access(access)),
                StepKind::Expand(access) => format!("expand {}", self.access(access)),
                StepKind::Member(access) => format!("member {}", self.access(access)),
                StepKind::Absent(access) => format!("absent {}", self.access(access)),
                StepKind::Let { var, expr } => {
                    format!("let +{} = {}", self.var(*var), self.expr(expr))
                }
                StepKind::Filter { op, left, right } => {
                    format!("filter {} {} {}", self.expr(left), op.text(), self.expr(right))
                }
                StepKind::Test { test, args, negated } => {
                    let not = if *negated { "!" } else { "" };
                    format!("test {not}{}({})", test.name(), self.exprs(args))
                }
                StepKind::Range { var, bound, args } => {
                    let plus = if *bound { "" } else { "+" };
                    format!("range {plus}{} = range({})", self.var(*var), self.exprs(args))
                }
                StepKind::Aggregate(aggregate) => self.aggregate(aggregate),
                StepKind::Constant(holds) => format!("constant {holds}"),
                StepKind::Distinct(distinct) => {
                    let ever = if distinct.lasting { " ever" } else { "" };
                    format!("distinct{ever} ({})", self.vars(&distinct.vars))
                }
                StepKind::Exists(exists) => format!("exists by ({})", self.vars(&exists.keys)),
                StepKind::Meet(_) => "meet, by the fewest".to_owned(),
            };
            line(out, depth, &format!("{text} → {} ≈ {}", self.vars(&step.live), step.rows));
            for steps in step.kind.inner() {
                self.steps(out, depth + 1, steps);
            }
        }
    }

    fn aggregate(&self, step: &AggregateStep) -> String {
        let targets = [&step.var].into_iter().chain(&step.witnesses);
        let targets: Vec<String> = targets
            .map(|var| {
                let plus = if step.bound.contains(var) { "" } else { "+" };
                format!("{plus}{}", self.var(*var))
            })
            .collect();
        let value = step.value.as_ref().map_or(String::new(), |v| format!(" {}", self.expr(v)));
        let how = if step.grouped { "for all" } else { "for each" };
        let keys = self.vars(&step.keys);
        format!("aggregate {} = {}{value} {how} ({keys})", targets.join(", "), step.kind.name())
    }

    fn access(&self, access: &Access) -> String {
        let relation = &self.program.relations[access.relation];
        let column = |column: &Column| match column {
            Column::Bound(var) => self.var(*var),
            Column::Const(value) => value.quoted(&self.program.symbols),
            Column::New(var) => format!("+{}", self.var(*var)),
            Column::Repeat(c) => format!("={}", relation.columns[*c].name),
            Column::Any => "_".to_owned(),
        };
        let columns: Vec<String> = access.columns.iter().map(column).collect();
        let known = access.known();
        let known: Vec<&str> = known.iter().map(|&c| relation.columns[c].name.as_str()).collect();
        let by = match *known {
            [] => String::new(),
            _ => format!(" by [{}]", known.join(", ")),
        };
        let view = match access.view {
            View::Old => " old",
            View::Delta => " delta",
            View::Full => "",
        };
        let only = access.only.map_or(String::new(), |only| {
            let other = &self.program.relations[only.relation];
            let (column, of) = (&relation.columns[only.column], &other.columns[only.of]);
            format!(" only {} in {}.{}", column.name, other.name, of.name)
        });
        format!("{}{view}({}){by}{only}", relation.name, columns.join(", "))
    }

    fn var(&self, var: VarId) -> String {
        let variable = &self.rule.vars[var];
        variable.name.clone().unwrap_or_else(|| format!("_{}", var.index()))
    }

    fn vars(&self, vars: &[VarId]) -> String {
        let named = vars.iter().filter(|var| var.index() < self.rule.vars.len());
        let names: Vec<String> = named.map(|&var| self.var(var)).collect();
        names.join(", ")
    }

    fn exprs(&self, exprs: &[Expr]) -> String {
        let texts: Vec<String> = exprs.iter().map(|expr| self.expr(expr)).collect();
        texts.join(", ")
    }

    fn expr(&self, expr: &Expr) -> String {
        match expr {
            Expr::Var(var) => self.var(*var),
            Expr::Const(value) => value.quoted(&self.program.symbols),
            Expr::Call { functor, args, .. } => match (functor.op, args.as_slice()) {
                (Op::Neg, [arg]) => format!("-{}", self.expr(arg)),
                (op, [left, right]) if !op.name().starts_with(|c: char| c.is_alphabetic()) => {
                    format!("({} {} {})", self.expr(left), op.name(), self.expr(right))
                }
                (op, args) => format!("{}({})", op.name(), self.exprs(args)),
            },
        }
    }
}
