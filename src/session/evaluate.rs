//! One door to the engines: a whole evaluation, or that of what depends on a changed input.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::analysis::analysis::{Analysis, analyse};
use crate::base::ids::{RelationId, Table};
use crate::engine::facts::{Columns, Facts};
use crate::engine::limits::{Limits, Stop};
use crate::engine::native::Form;
use crate::engine::tables::Tables;
use crate::engine::{naive, native};
use crate::program::program::Program;
use crate::session::options::Engine;
use crate::value::codes::Codes;
use crate::value::value::Value;

/// The relations of a finished evaluation.
pub type Database = Arc<dyn Tables + Send + Sync>;

/// Evaluates a program over its input.
///
/// # Errors
/// If the evaluation stops before its end.
pub fn run(
    engine: Engine,
    program: &Program,
    analysis: &Analysis,
    facts: Facts,
    limits: &Limits,
) -> Result<Database, Stop> {
    match engine {
        Engine::Naive => Ok(Arc::new(naive::run(program, analysis, facts, limits)?)),
        Engine::Native => Ok(Arc::new(native::run(program, analysis, facts, limits)?)),
        Engine::Tiny => Ok(Arc::new(native::run_in(Form::Tiny, program, analysis, facts, limits)?)),
        Engine::Toy => Ok(Arc::new(native::run_in(Form::Tree, program, analysis, facts, limits)?)),
    }
}

/// An evaluation over a changed input of which another one, over the input as it was, has part of
/// the relations already: those that nothing leads to from what was changed.
pub struct Again<'a> {
    /// The program.
    pub program: &'a Program,
    /// The changed input.
    pub facts: &'a Facts,
    /// What the evaluation over the input as it was has left behind.
    pub before: &'a Database,
    /// The relations that depend on what was changed.
    pub affected: Table<RelationId, bool>,
}

impl Again<'_> {
    /// The rules that are evaluated.
    #[must_use]
    pub fn rules(&self) -> Program {
        let mut program = self.program.clone();
        let rules = self.program.rules.iter().filter(|rule| self.affected[rule.head]);
        program.rules = rules.cloned().collect();
        program.facts.clear();
        program
    }

    /// Derives what is affected. `rules` are those of [`Again::rules`].
    ///
    /// # Errors
    /// If the evaluation stops; a rule it names is one of `rules`.
    pub fn run(self, engine: Engine, rules: &Program, limits: &Limits) -> Result<Database, Stop> {
        if rules.rules.len() == self.program.rules.len() {
            return run(engine, rules, &analyse(rules).0, self.facts.clone(), limits);
        }
        let Self { facts, before, affected, .. } = self;
        let mut read = Table::filled(affected.len(), false);
        for rule in rules.rules.iter() {
            rule.each_relation(&mut |relation| read[relation] = true);
        }
        let mut relations = Table::new();
        for (id, columns) in facts.relations.entries() {
            limits.check()?;
            let arity = columns.columns.len();
            relations.push(match (affected[id], read[id]) {
                (true, _) => Columns::clone(columns),
                (false, true) => {
                    let (rows, columns) = before.columns(id, arity, &facts.codes);
                    Columns { rows, columns }
                }
                (false, false) => Columns { rows: 0, columns: vec![Vec::new(); arity] },
            });
        }
        let input = Facts { codes: Arc::clone(&facts.codes), relations };
        let (analysis, _) = analyse(rules);
        let anew = run(engine, rules, &analysis, input, limits)?;
        Ok(Arc::new(Renewed { before: Arc::clone(before), anew, affected }))
    }
}

/// Relations some of which were derived anew.
struct Renewed {
    before: Database,
    anew: Database,
    affected: Table<RelationId, bool>,
}

impl Renewed {
    fn of(&self, relation: RelationId) -> &dyn Tables {
        if self.affected[relation] { &*self.anew } else { &*self.before }
    }
}

impl Tables for Renewed {
    fn len(&self, relation: RelationId) -> usize {
        self.of(relation).len(relation)
    }

    fn contains(&self, relation: RelationId, tuple: &[Value]) -> bool {
        self.of(relation).contains(relation, tuple)
    }

    fn round_of(&self, relation: RelationId, tuple: &[Value]) -> Option<u32> {
        self.of(relation).round_of(relation, tuple)
    }

    fn select(
        &self,
        relation: RelationId,
        pattern: &[Option<Value>],
        visit: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
    ) {
        self.of(relation).select(relation, pattern, visit);
    }

    fn bytes(&self, relation: RelationId) -> Option<usize> {
        self.of(relation).bytes(relation)
    }

    fn columns(&self, relation: RelationId, arity: usize, codes: &Codes) -> (usize, Vec<Vec<u32>>) {
        self.of(relation).columns(relation, arity, codes)
    }
}
