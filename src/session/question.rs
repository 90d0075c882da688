//! Questions: a body is made the rule of a nameless relation and evaluated over the finished
//! relations, of which only those that it reads are touched. A question of one atom is a lookup.

use std::iter::once;
use std::ops::ControlFlow;
use std::slice::from_ref;
use std::sync::Arc;

use crate::analysis::analysis::analyse;
use crate::base::ids::{Id, RelationId, RuleId, Table, TypeId, VarId};
use crate::claims::policies::Keys;
use crate::engine::facts::Facts;
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program;
use crate::program::program::{
    Arg, Atom, Column, Expr, Literal, LiteralKind, Program, Rule, Variable,
};
use crate::provenance::summary::{cautioned, cautions, lacking};
use crate::session::evaluate;
use crate::session::options::{Engine, Options};
use crate::session::session::Refused;
use crate::session::stops;
use crate::syntax::ast;
use crate::text::diagnostic::{Diagnostic, has_errors};
use crate::value::value::{Tuple, Value, cmp_tuples};

/// A question, resolved against a program.
#[derive(Debug)]
pub struct Question {
    /// The program with the question's relation and rules, and no other rules.
    pub program: Program,
    /// The question's relation, whose columns are the named variables of the body.
    pub relation: RelationId,
}

impl Question {
    /// Resolves a body against a program. What is only doubtful comes back with the question.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub fn resolve(base: &Program, body: &ast::Body) -> Result<(Self, Vec<Diagnostic>), Refused> {
        let (found, mut messages) = program::question::question(base, body);
        let Some(program::question::Question { mut program, relation, rules, .. }) = found else {
            messages.retain(Diagnostic::is_error);
            return Err(messages);
        };
        program.rules = rules.iter().map(|rule| program.rules[*rule].clone()).collect();
        program.facts.clear();
        Ok((Self { program, relation }, messages))
    }

    /// The named variables, which are the columns of the answer.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.program.relations[self.relation].columns
    }

    /// Whether the variable of which a message says that its quotes may be forgotten can be meant as
    /// a text: the text is among what it stands for, or it stands for nothing.
    pub(super) fn is_meant(&self, message: &Diagnostic, rows: &[Tuple]) -> bool {
        let is_its = |column: &Column| message.labels.iter().any(|at| at.span == column.span);
        let Some(at) = self.columns().iter().position(is_its) else { return true };
        let text = self.program.symbols.find(&self.columns()[at].name).map(Value::Symbol);
        rows.is_empty() || rows.iter().any(|row| Some(row[at]) == text)
    }

    /// What is to be known of what is named in the rows or, as a constant, in the question.
    #[must_use]
    pub fn cautions(&self, base: &Program, tables: &dyn Tables, rows: &[Tuple]) -> Vec<String> {
        let types = cautioned(base);
        let mut named: Vec<(TypeId, Value)> = Vec::new();
        for (at, column) in self.columns().iter().enumerate() {
            if types.contains(&column.ty) {
                named.extend(rows.iter().map(|row| (column.ty, row[at])));
            }
        }
        let literals = || self.program.rules.iter().flat_map(|rule| &rule.body);
        for literal in literals() {
            let LiteralKind::Atom(atom) = &literal.kind else { continue };
            named.extend(lacking(base, tables, (atom.relation, &pattern(atom))));
        }
        for literal in literals().filter(|_| !rows.is_empty()) {
            let LiteralKind::Atom(atom) = &literal.kind else { continue };
            let columns = &self.program.relations[atom.relation].columns;
            for (column, arg) in columns.iter().zip(&atom.args) {
                if let Arg::Const(value) = arg {
                    named.push((column.ty, *value));
                }
            }
        }
        cautions(base, tables, &named)
    }

    /// The atom, if the question is one.
    #[must_use]
    pub fn atom(&self) -> Option<&Atom> {
        match self.program.rules.as_slice() {
            [Rule { body, .. }] => match body.as_slice() {
                [Literal { kind: LiteralKind::Atom(atom), .. }] => Some(atom),
                _ => None,
            },
            _ => None,
        }
    }

    /// The atom that a row stands for: the only one, whatever conditions stand beside it.
    #[must_use]
    pub fn only_atom(&self) -> Option<&Atom> {
        let [Rule { body, .. }] = self.program.rules.as_slice() else { return None };
        let mut atoms = body.iter().filter_map(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => Some(atom),
            _ => None,
        });
        let first = atoms.next()?;
        atoms.next().is_none().then_some(first)
    }

    /// The question made of the first `end` conditions, if these bind what they use. Its columns
    /// are whatever variables they bind.
    #[must_use]
    pub fn beginning(&self, end: usize) -> Option<Self> {
        let [rule] = self.program.rules.as_slice() else {
            return None;
        };
        let mut rule = rule.clone();
        rule.body.truncate(end);
        let columns = columns(from_ref(&rule));
        rule.head_args = columns.iter().map(|column| Expr::Var(var(&rule, column))).collect();
        let mut program = self.program.clone();
        program.relations[self.relation].columns = columns;
        program.rules = once(rule).collect();
        let (_, messages) = analyse(&program);
        (!has_errors(&messages)).then_some(Self { program, relation: self.relation })
    }

    /// The answers: rows of the columns, in the order of their values.
    ///
    /// # Errors
    /// If the evaluation stops.
    pub fn answers(
        &self,
        tables: &dyn Tables,
        facts: &Facts,
        options: &Options,
    ) -> Result<Vec<Tuple>, Refused> {
        let limits = options.limits();
        let found = match self.atom() {
            Some(atom) => self.lookup(atom, tables, &limits, options),
            None => self.evaluate(tables, facts, &limits, options),
        };
        let mut rows = found.map_err(|mut messages| {
            // The reader knows which rule that is: the question.
            for message in &mut messages {
                message.notes.retain(|note| !note.starts_with(stops::IN_RULE));
            }
            messages
        })?;
        let symbols = &self.program.symbols;
        rows.sort_unstable_by(|a, b| cmp_tuples(a, b, symbols));
        rows.dedup();
        Ok(rows)
    }

    fn lookup(
        &self,
        atom: &Atom,
        tables: &dyn Tables,
        limits: &Limits,
        options: &Options,
    ) -> Result<Vec<Tuple>, Refused> {
        let rule = &self.program.rules[RuleId::new(0)];
        let wanted: Vec<usize> = rule
            .head_args
            .iter()
            .filter_map(|expr| match expr {
                Expr::Var(var) => atom.args.iter().position(|arg| *arg == Arg::Var(*var)),
                Expr::Const(_) | Expr::Call { .. } => None,
            })
            .collect();
        let mut rows: Vec<Tuple> = Vec::new();
        let mut stopped = Ok(());
        let mut seen = 0_usize;
        tables.select(atom.relation, &pattern(atom), &mut |tuple| {
            seen += 1;
            if seen.is_multiple_of(1 << 16) {
                stopped = limits.check();
            }
            if matches(atom, tuple) {
                rows.push(wanted.iter().map(|&column| tuple[column]).collect());
            }
            // Without variables one answer is all.
            let enough = stopped.is_err() || (wanted.is_empty() && !rows.is_empty());
            if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        stopped.map_err(|stop| vec![stops::message(&stop, &self.program, options)])?;
        Ok(rows)
    }

    fn evaluate(
        &self,
        tables: &dyn Tables,
        facts: &Facts,
        limits: &Limits,
        options: &Options,
    ) -> Result<Vec<Tuple>, Refused> {
        let stop = |stop| vec![stops::message(&stop, &self.program, options)];
        let input = self.input(tables, facts, limits).map_err(stop)?;
        let (analysis, _) = analyse(&self.program);
        // The native engine plans; for few rows the naive one is done before.
        let few = input.relations.iter().map(|columns| columns.rows).sum::<usize>() < 64;
        let engine = if few { Engine::Naive } else { options.engine };
        let found = evaluate::run(engine, &self.program, &analysis, input, limits).map_err(stop)?;
        let mut rows: Vec<Tuple> = Vec::new();
        let any = vec![None; self.columns().len()];
        found.select(self.relation, &any, &mut |tuple| {
            rows.push(tuple.into());
            ControlFlow::Continue(())
        });
        Ok(rows)
    }

    /// The tuples that the question's rules can read: of each relation those that match one of
    /// its atoms.
    fn input(&self, tables: &dyn Tables, facts: &Facts, limits: &Limits) -> Result<Facts, Stop> {
        let mut input = Facts::of_program(&self.program, Arc::clone(&facts.codes));
        let mut patterns: Table<RelationId, Vec<Vec<Option<Value>>>> =
            Table::filled(self.program.relations.len(), Vec::new());
        for rule in self.program.rules.iter() {
            each_atom(&rule.body, &mut |atom| {
                let pattern = pattern(atom);
                let known = &mut patterns[atom.relation];
                if !known.contains(&pattern) {
                    known.push(pattern);
                }
            });
        }
        for (relation, patterns) in patterns.entries() {
            // A pattern without constants covers every other one.
            let all = patterns.iter().find(|pattern| pattern.iter().all(Option::is_none));
            for pattern in all.map_or(patterns.as_slice(), from_ref) {
                let (mut seen, mut stopped) = (0_usize, Ok(()));
                tables.select(relation, pattern, &mut |tuple| {
                    input.push(relation, tuple);
                    seen += 1;
                    if seen.is_multiple_of(1 << 16) {
                        stopped = limits.check();
                    }
                    if stopped.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
                stopped?;
            }
        }
        Ok(input)
    }
}

/// Named variables that every rule binds outside of aggregates, in the order of the text.
fn columns(rules: &[Rule]) -> Vec<Column> {
    let Some((first, others)) = rules.split_first() else {
        return Vec::new();
    };
    let mut columns: Vec<Column> = Vec::new();
    for (name, var) in outer_names(first) {
        let everywhere =
            others.iter().all(|rule| outer_names(rule).iter().any(|(other, _)| *other == name));
        if everywhere && !columns.iter().any(|column| column.name == name) {
            let Variable { base, span, .. } = first.vars[var];
            let ty = TypeId::new(0);
            columns.push(Column { name, ty, base, span });
        }
    }
    columns
}

/// The variable named as the column.
fn var(rule: &Rule, column: &Column) -> VarId {
    let found = outer_names(rule).into_iter().find(|(name, _)| *name == column.name);
    found.expect("a column is a variable of every rule").1
}

/// Names of variables that positive literals bind, with their ids, in the order of the text.
fn outer_names(rule: &Rule) -> Vec<(String, VarId)> {
    let mut vars: Vec<VarId> = Vec::new();
    for literal in &rule.body {
        match &literal.kind {
            LiteralKind::Atom(atom) => vars.extend(atom.vars()),
            LiteralKind::Compare(ast::CompareOp::Eq, left, right) => {
                left.each_var(&mut |var| vars.push(var));
                right.each_var(&mut |var| vars.push(var));
            }
            LiteralKind::Range { var, .. } => vars.push(*var),
            LiteralKind::Aggregate { var, aggregate } => {
                vars.push(*var);
                vars.extend(&aggregate.witnesses);
            }
            LiteralKind::Absent(_)
            | LiteralKind::Compare(..)
            | LiteralKind::Test { .. }
            | LiteralKind::Constant(_) => {}
        }
    }
    let mut named: Vec<(String, VarId)> = Vec::new();
    for var in vars {
        if let Some(name) = &rule.vars[var].name
            && !named.iter().any(|(_, known)| *known == var)
        {
            named.push((name.clone(), var));
        }
    }
    named.sort_by_key(|(_, var)| rule.vars[*var].span);
    named
}

/// The constants of an atom where it has some.
#[must_use]
pub fn pattern(atom: &Atom) -> Vec<Option<Value>> {
    let constant = |arg: &Arg| match arg {
        Arg::Const(value) => Some(*value),
        Arg::Var(_) => None,
    };
    atom.args.iter().map(constant).collect()
}

/// Whether a tuple that has the atom's constants also has equal values for equal variables.
#[must_use]
pub fn matches(atom: &Atom, tuple: &[Value]) -> bool {
    atom.args.iter().enumerate().all(|(i, arg)| {
        let earlier = atom.args[..i].iter().position(|other| other == arg);
        matches!(arg, Arg::Const(_)) || earlier.is_none_or(|j| tuple[j] == tuple[i])
    })
}

/// The keys of policies that the rules of a program read.
#[must_use]
pub fn policy_keys(program: &Program) -> Keys {
    let mut keys = Keys::default();
    let Some(policy) = program.relation("policy") else { return keys };
    for rule in program.rules.iter() {
        each_atom(&rule.body, &mut |atom| match atom.args.first() {
            Some(Arg::Const(Value::Symbol(key))) if atom.relation == policy => {
                keys.named.push(program.symbols.text(*key).to_owned());
            }
            Some(_) if atom.relation == policy => keys.all = true,
            _ => {}
        });
    }
    keys.named.sort_unstable();
    keys.named.dedup();
    keys
}

/// Calls `visit` for every atom of a body, those of aggregates and negations included.
pub fn each_atom(body: &[Literal], visit: &mut dyn FnMut(&Atom)) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Absent(atom) => visit(atom),
            LiteralKind::Aggregate { aggregate, .. } => each_atom(&aggregate.body, visit),
            LiteralKind::Compare(..)
            | LiteralKind::Test { .. }
            | LiteralKind::Range { .. }
            | LiteralKind::Constant(_) => {}
        }
    }
}
