//! [`Instances`]: every rule instance of a finished evaluation, rule after rule in evaluation
//! order, over numbered tuples. The rules run once more over relations that have a column with the
//! number of the tuple, through the planner and the kernels; so this costs about as much as the
//! evaluation did, where asking for the instances of each tuple would cost many times that.
//!
//! An aggregate's value for fixed outer values is a goal of its own, numbered after the tuples:
//! count, sum and mean rest on all rows of the body together, min and max on any row that has the
//! value. An instance rests on its atoms and on the values of its aggregates; that something is
//! absent is only marked.

use std::ops::Range;
use std::slice::from_ref;

use crate::analysis::analysis::Analysis;
use crate::base::ids::{Id, RelationId, RuleId, StratumId, Table, VarId};
use crate::engine::limits::{Limits, Stop};
use crate::engine::storage::form::{BATCH, Rows};
use crate::engine::storage::keys::Keys;
use crate::engine::tables::Tables;
use crate::engine::walk::Walk;
use crate::plan::order;
use crate::program::program::{
    Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Program, Rule, Variable,
};
use crate::provenance::numbered::{Writer, narrow, number};
use crate::provenance::supports::wants_absent;
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::value::base_type::BaseType;
use crate::value::codes::Codes;
use crate::value::value::{Tuple, Value};

/// Why a head has a number.
const FINISHED: &str = "what a rule gives is in the finished table of its head";

/// Instances of one rule, or rows of an aggregate's body.
#[derive(Debug)]
pub struct Found<'f> {
    /// What follows, by number.
    pub heads: &'f [u32],
    /// For each premise a column of numbers.
    pub premises: &'f [&'f [u32]],
    /// For each premise whether it is of the head's own component, and so perhaps not finished.
    pub own: &'f [bool],
    /// Whether something must be absent, here or in the body of an aggregate, of a relation that
    /// [`Visitor::matters`].
    pub negated: bool,
}

/// Takes instances. Those of the rules of one component come together, after those of all
/// components that it reads.
pub trait Visitor {
    /// Whether the absence of tuples of this relation is worth a mark.
    fn matters(&self, relation: RelationId) -> bool;

    /// The goals from `first` on are `count` values of an aggregate. Their rows come next, and
    /// then what rests on them. `together`: a value rests on all its rows, not on any.
    fn values(&mut self, first: usize, count: usize, together: bool);

    /// Instances.
    ///
    /// # Errors
    /// If the walk shall stop.
    fn instances(&mut self, found: &Found<'_>) -> Result<(), Stop>;

    /// All instances of a component's rules were given.
    ///
    /// # Errors
    /// If the walk shall stop.
    fn complete(&mut self, stratum: StratumId) -> Result<(), Stop>;
}

/// Numbered tuples, and the instances that connect them.
pub struct Instances<'a> {
    program: &'a Program,
    analysis: &'a Analysis,
    walk: Walk<'a>,
    relations: Table<RelationId, Numbered>,
    goals: usize,
}

/// The tuples of a relation; the first has the number `start`.
#[derive(Debug, Default)]
struct Numbered {
    start: usize,
    rows: usize,
    columns: Vec<Vec<u32>>,
    /// With the numbers, counted from 0, in a last column.
    inside: Option<RelationId>,
    keys: Option<Keys>,
}

impl<'a> Instances<'a> {
    /// Numbers all tuples.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn new(
        (program, analysis): (&'a Program, &'a Analysis),
        tables: &dyn Tables,
        codes: &'a Codes,
        limits: &'a Limits,
    ) -> Result<Self, Stop> {
        let mut relations = Table::new();
        let mut goals = 0;
        for (id, relation) in program.relations.entries() {
            limits.check()?;
            let (rows, columns) = tables.columns(id, relation.columns.len(), codes);
            relations.push(Numbered { start: goals, rows, columns, inside: None, keys: None });
            goals += rows;
        }
        Ok(Self { program, analysis, walk: Walk::new(codes, limits), relations, goals })
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &'a Program {
        self.program
    }

    /// What is true of the program.
    #[must_use]
    pub fn analysis(&self) -> &'a Analysis {
        self.analysis
    }

    /// What may stop the walk.
    #[must_use]
    pub fn limits(&self) -> &'a Limits {
        self.walk.limits()
    }

    /// How many goals are numbered so far: all tuples, and the values of aggregates that the walk
    /// has come across.
    #[must_use]
    pub fn goals(&self) -> usize {
        self.goals
    }

    /// The numbers of a relation's tuples.
    #[must_use]
    pub fn numbers(&self, relation: RelationId) -> Range<usize> {
        let Numbered { start, rows, .. } = self.relations[relation];
        start..start + rows
    }

    /// A tuple by its number.
    #[must_use]
    pub fn tuple(&self, relation: RelationId, number: usize) -> Tuple {
        let Numbered { start, columns, .. } = &self.relations[relation];
        let about = &self.program.relations[relation].columns;
        let cells = about.iter().zip(columns);
        cells.map(|(c, column)| self.walk.codes().decode(c.base, column[number - start])).collect()
    }

    /// Gives every instance to `visitor`.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), Stop> {
        for id in self.analysis.strata.ids() {
            for &rule in &self.analysis.strata[id].rules {
                self.rule(rule, visitor)?;
            }
            visitor.complete(id)?;
        }
        Ok(())
    }

    fn rule(&mut self, id: RuleId, visitor: &mut dyn Visitor) -> Result<(), Stop> {
        let rule = &self.program.rules[id];
        let scope = self.scope(rule, &rule.body, rule.head_args.clone(), None)?;
        let head = rule.head;
        let negated = rule
            .body
            .iter()
            .any(|literal| wants_absent(literal, &|relation| visitor.matters(relation)));
        let stratum_of = &self.analysis.stratum_of;
        let is_own = |premise: &RelationId| stratum_of[*premise] == stratum_of[head];
        let own: Vec<bool> = scope.premises.iter().map(is_own).collect();
        self.key(head);
        let Self { walk, relations, .. } = self;
        let Numbered { start, keys, .. } = &relations[head];
        let keys = keys.as_ref().expect("keys of the head were made");
        let find = |rows: Rows<'_>, out: &mut Vec<u32>| {
            keys.find(rows, |number| out.push(narrow(*start) + number.expect(FINISHED)));
        };
        if scope.aggregates.is_empty() {
            let starts = starts(&scope, relations);
            let mut numbers = Vec::new();
            let mut premises: Vec<Vec<u32>> = vec![Vec::new(); starts.len()];
            walk.run(&scope.rule, &mut |rows| {
                numbers.clear();
                find(scope.head_of(rows), &mut numbers);
                for ((to, from), start) in
                    premises.iter_mut().zip(scope.premises_of(rows)).zip(&starts)
                {
                    to.clear();
                    to.extend(from[..rows.len].iter().map(|local| local + start));
                }
                let slices: Vec<&[u32]> = premises.iter().map(Vec::as_slice).collect();
                visitor.instances(&Found { heads: &numbers, premises: &slices, own: &own, negated })
            })?;
            return Ok(());
        }
        let mut gathered = Gathered::new(&scope, relations);
        walk.run(&scope.rule, &mut |rows| {
            find(scope.head_of(rows), &mut gathered.heads);
            gathered.add(&scope, rows);
            Ok(())
        })?;
        self.flush((rule, &scope), gathered, (own, negated), visitor)
    }

    /// Gives what was gathered to the visitor, after the values of the aggregates that it rests on.
    fn flush(
        &mut self,
        (rule, scope): (&Rule, &Scope<'_>),
        mut gathered: Gathered,
        (mut own, negated): (Vec<bool>, bool),
        visitor: &mut dyn Visitor,
    ) -> Result<(), Stop> {
        for (keyed, (keys, numbers)) in scope.aggregates.iter().zip(&mut gathered.values) {
            let first = self.values(rule, keyed, keys, visitor)?;
            numbers.iter_mut().for_each(|number| *number += narrow(first));
        }
        let values = gathered.values.iter().map(|(_, numbers)| numbers);
        let premises: Vec<&[u32]> =
            gathered.premises.iter().chain(values).map(Vec::as_slice).collect();
        own.resize(premises.len(), false);
        visitor.instances(&Found {
            heads: &gathered.heads,
            premises: &premises,
            own: &own,
            negated,
        })
    }

    /// Numbers the values of an aggregate that were asked for, and gives their rows to the visitor.
    fn values(
        &mut self,
        rule: &Rule,
        keyed: &Keyed<'_>,
        keys: &Keys,
        visitor: &mut dyn Visitor,
    ) -> Result<usize, Stop> {
        let first = self.goals;
        self.goals += keys.count();
        let Keyed { aggregate, var, keys: key_vars } = keyed;
        let together = !matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max);
        visitor.values(first, keys.count(), together);
        let mut columns = vec![Vec::with_capacity(keys.count()); key_vars.len()];
        for number in 0..keys.count() {
            columns.iter_mut().zip(keys.key(number)).for_each(|(column, code)| column.push(*code));
        }
        columns.push((0..narrow(keys.count())).collect());
        let bases = key_vars.iter().map(|key| rule.vars[*key].base).chain([BaseType::Number]);
        let asked = self.walk.relation(bases.collect(), keys.count(), columns)?;
        let mut body = aggregate.body.clone();
        if let (false, Some(value)) = (together, &aggregate.value) {
            let reaches = LiteralKind::Compare(CompareOp::Eq, value.clone(), Expr::Var(*var));
            body.push(Literal { kind: reaches, span: rule.span });
        }
        let scope = self.scope(rule, &body, Vec::new(), Some((asked, key_vars)))?;
        let negated =
            body.iter().any(|literal| wants_absent(literal, &|relation| visitor.matters(relation)));
        let own = vec![false; scope.premises.len()];
        let mut gathered = Gathered::new(&scope, &self.relations);
        let stream = scope.aggregates.is_empty();
        let mut heads = Vec::new();
        self.walk.run(&scope.rule, &mut |rows| {
            heads.clear();
            heads.extend(rows.columns[0][..rows.len].iter().map(|group| narrow(first) + group));
            gathered.heads.extend_from_slice(&heads);
            gathered.add(&scope, rows);
            if stream {
                let premises: Vec<&[u32]> = gathered.premises.iter().map(Vec::as_slice).collect();
                let heads = &gathered.heads;
                visitor.instances(&Found { heads, premises: &premises, own: &own, negated })?;
                gathered.clear();
            }
            Ok(())
        })?;
        self.flush((rule, &scope), gathered, (own, negated), visitor)?;
        Ok(first)
    }

    /// A body over numbered relations. `asked`: a relation of values for these variables, with the
    /// number of the row.
    fn scope<'l>(
        &mut self,
        rule: &Rule,
        body: &'l [Literal],
        mut head_args: Vec<Expr>,
        asked: Option<(RelationId, &[VarId])>,
    ) -> Result<Scope<'l>, Stop> {
        let mut writer = Writer { vars: rule.vars.clone(), body: Vec::new() };
        let mut premises = Vec::new();
        if let Some((relation, keys)) = asked {
            let args = keys.iter().map(|key| Arg::Var(*key)).collect();
            head_args = vec![Expr::Var(writer.numbered(relation, args, rule.span))];
        }
        let heads = head_args.len();
        let mut aggregates = Vec::new();
        for literal in body {
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    let inside = self.inside(atom.relation)?;
                    let number = writer.numbered(inside, atom.args.clone(), literal.span);
                    head_args.push(Expr::Var(number));
                    premises.push(atom.relation);
                }
                LiteralKind::Aggregate { var, aggregate } => {
                    aggregates.push(Keyed::new(*var, aggregate));
                    let literal = self.rewritten(literal, &mut writer.vars)?;
                    writer.body.push(literal);
                }
                _ => {
                    let literal = self.rewritten(literal, &mut writer.vars)?;
                    writer.body.push(literal);
                }
            }
        }
        for keyed in &aggregates {
            head_args.extend(keyed.keys.iter().map(|key| Expr::Var(*key)));
        }
        let Writer { vars, body } = writer;
        let rule = Rule { head_args, body, vars, plan: Vec::new(), ..rule.clone() };
        Ok(Scope { rule, heads, premises, aggregates })
    }

    /// A literal over numbered relations whose numbers nobody wants.
    fn rewritten(
        &mut self,
        literal: &Literal,
        vars: &mut Table<VarId, Variable>,
    ) -> Result<Literal, Stop> {
        let mut any = |atom: &Atom, local: &mut Vec<VarId>| -> Result<Atom, Stop> {
            let number = vars.push(number(literal.span));
            local.push(number);
            let args = atom.args.iter().copied().chain([Arg::Var(number)]).collect();
            Ok(Atom { relation: self.inside(atom.relation)?, args })
        };
        let kind = match &literal.kind {
            LiteralKind::Atom(atom) => LiteralKind::Atom(any(atom, &mut Vec::new())?),
            LiteralKind::Absent(atom) => LiteralKind::Absent(any(atom, &mut Vec::new())?),
            LiteralKind::Aggregate { var, aggregate } => {
                let before = vars.len();
                let mut body = Vec::new();
                for literal in &aggregate.body {
                    body.push(self.rewritten(literal, vars)?);
                }
                let mut local = aggregate.local.clone();
                local.extend((before..vars.len()).map(VarId::new));
                let aggregate = Aggregate { body, local, ..aggregate.clone() };
                LiteralKind::Aggregate { var: *var, aggregate }
            }
            other => other.clone(),
        };
        Ok(Literal { kind, span: literal.span })
    }

    /// The relation of the walk that has a relation's tuples with their numbers.
    fn inside(&mut self, relation: RelationId) -> Result<RelationId, Stop> {
        let Numbered { rows, columns, inside, .. } = &mut self.relations[relation];
        if let Some(inside) = inside {
            return Ok(*inside);
        }
        let mut columns = columns.clone();
        columns.push((0..narrow(*rows)).collect());
        let bases = self.program.relations[relation].columns.iter().map(|column| column.base);
        let id = self.walk.relation(bases.chain([BaseType::Number]).collect(), *rows, columns)?;
        *inside = Some(id);
        Ok(id)
    }

    /// Makes the tuples of a relation findable.
    fn key(&mut self, relation: RelationId) {
        let Numbered { rows, columns, keys, .. } = &mut self.relations[relation];
        if keys.is_some() {
            return;
        }
        let made = keys.insert(Keys::new(columns.len()));
        let mut numbers = Vec::new();
        for from in (0..*rows).step_by(BATCH) {
            let to = (from + BATCH).min(*rows);
            let slices: Vec<&[u32]> = columns.iter().map(|column| &column[from..to]).collect();
            made.number(Rows { len: to - from, columns: &slices }, &mut numbers);
            numbers.clear();
        }
    }

    /// The number of a tuple.
    pub fn number_of(&mut self, relation: RelationId, tuple: &[Value]) -> Option<usize> {
        self.key(relation);
        let codes: Option<Vec<u32>> =
            tuple.iter().map(|value| self.walk.codes().find(*value)).collect();
        let codes = codes?;
        let columns: Vec<&[u32]> = codes.iter().map(from_ref).collect();
        let Numbered { start, keys, .. } = &self.relations[relation];
        let mut found = None;
        keys.as_ref()?.find(Rows { len: 1, columns: &columns }, |number| found = number);
        Some(start + usize::try_from(found?).ok()?)
    }
}

/// A body over numbered relations, as a rule. Its head has first what the caller asked for, then
/// the numbers of the tuples of all atoms, then the keys of the aggregates.
struct Scope<'l> {
    rule: Rule,
    heads: usize,
    premises: Vec<RelationId>,
    aggregates: Vec<Keyed<'l>>,
}

impl Scope<'_> {
    fn head_of<'r>(&self, rows: Rows<'r>) -> Rows<'r> {
        Rows { len: rows.len, columns: &rows.columns[..self.heads] }
    }

    fn premises_of<'r>(&self, rows: Rows<'r>) -> &'r [&'r [u32]] {
        &rows.columns[self.heads..self.heads + self.premises.len()]
    }
}

/// An aggregate with the variables that its value rests on, and for min and max its value and
/// witnesses.
struct Keyed<'l> {
    aggregate: &'l Aggregate,
    var: VarId,
    keys: Vec<VarId>,
}

impl<'l> Keyed<'l> {
    fn new(var: VarId, aggregate: &'l Aggregate) -> Self {
        let mut keys = order::keys(aggregate);
        if matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max) {
            keys.push(var);
            keys.extend(&aggregate.witnesses);
        }
        keys.sort_unstable();
        keys.dedup();
        Self { aggregate, var, keys }
    }
}

/// Instances that wait for the values of their aggregates.
struct Gathered {
    heads: Vec<u32>,
    starts: Vec<u32>,
    premises: Vec<Vec<u32>>,
    /// For each aggregate the keys, and the number of each instance's key.
    values: Vec<(Keys, Vec<u32>)>,
}

impl Gathered {
    fn new(scope: &Scope<'_>, relations: &Table<RelationId, Numbered>) -> Self {
        let starts = starts(scope, relations);
        let keys = |keyed: &Keyed<'_>| (Keys::new(keyed.keys.len()), Vec::new());
        Self {
            heads: Vec::new(),
            premises: vec![Vec::new(); starts.len()],
            starts,
            values: scope.aggregates.iter().map(keys).collect(),
        }
    }

    fn add(&mut self, scope: &Scope<'_>, rows: Rows<'_>) {
        let from = scope.premises_of(rows).iter().zip(&self.starts);
        for (to, (from, start)) in self.premises.iter_mut().zip(from) {
            to.extend(from[..rows.len].iter().map(|local| local + start));
        }
        let mut at = scope.heads + scope.premises.len();
        for (keyed, (keys, numbers)) in scope.aggregates.iter().zip(&mut self.values) {
            let columns = &rows.columns[at..at + keyed.keys.len()];
            keys.number(Rows { len: rows.len, columns }, numbers);
            at += keyed.keys.len();
        }
    }

    fn clear(&mut self) {
        self.heads.clear();
        self.premises.iter_mut().for_each(Vec::clear);
    }
}

/// The first number of each premise's relation.
fn starts(scope: &Scope<'_>, relations: &Table<RelationId, Numbered>) -> Vec<u32> {
    scope.premises.iter().map(|premise| narrow(relations[*premise].start)).collect()
}
