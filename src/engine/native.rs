//! The native engine: plans a stratum when its turn has come, runs it over columns of codes, and
//! leaves a [`Database`].

use std::mem::take;
use std::ops::ControlFlow;
use std::ptr;
use std::sync::Arc;

use crate::analysis::analysis::Analysis;
use crate::base::ids::{Id, RelationId, Table};
use crate::engine::facts::Facts;
use crate::engine::fixpoint::evaluate;
use crate::engine::limits::{Limits, Stop};
use crate::engine::pipeline::{Shared, Stores, halt};
use crate::engine::storage::adaptive::{Adaptive, Thresholds};
use crate::engine::storage::form::{Cursor, Matches, Storage, View};
use crate::engine::storage::ids::Ids;
use crate::engine::storage::tree::Tree;
use crate::engine::stores::{Bases, StoreTables, bases};
use crate::engine::tables::Tables;
use crate::program::builtins::Builtins;
use crate::program::program::Program;
use crate::value::codes::Codes;
use crate::value::value::Value;

/// How relations are stored.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Form {
    /// For real work: changes as a relation grows.
    #[default]
    Adaptive,
    /// The same, but changes at once, for tests.
    Tiny,
    /// The general form only.
    Ids,
    /// Ordered sets, for tests: slow, and simple enough to be right.
    Tree,
}

/// All relations of a finished evaluation.
#[derive(Debug)]
pub struct Database {
    codes: Arc<Codes>,
    bases: Bases,
    stores: Stores,
}

/// Evaluates a program without errors.
///
/// # Errors
/// If a binding fails, or a limit is reached.
pub fn run(
    program: &Program,
    analysis: &Analysis,
    facts: Facts,
    limits: &Limits,
) -> Result<Database, Stop> {
    run_in(Form::default(), program, analysis, facts, limits)
}

/// The same, with relations stored in a given form.
///
/// # Errors
/// If a binding fails, or a limit is reached.
pub fn run_in(
    form: Form,
    program: &Program,
    analysis: &Analysis,
    facts: Facts,
    limits: &Limits,
) -> Result<Database, Stop> {
    debug_assert!(analysis.unbound.is_empty(), "every variable of the program is bound");
    let Facts { codes, mut relations } = facts;
    let mut stores: Stores = Table::new();
    for (id, input) in relations.iter_mut().enumerate() {
        limits.check()?;
        let relation = RelationId::new(id);
        let arity = program.relations[relation].columns.len();
        let mut store: Box<dyn Storage> = match form {
            Form::Adaptive => Box::new(Adaptive::new(arity, Thresholds::default())),
            Form::Tiny => Box::new(Adaptive::new(arity, Thresholds::tiny())),
            Form::Ids => Box::new(Ids::new(arity)),
            Form::Tree => Box::new(Tree::new(arity)),
        };
        // The input is freed relation by relation.
        let columns = take(&mut input.columns);
        store.load(input.rows, columns, limits).map_err(halt(relation))?;
        stores.push(store);
    }
    drop(relations);
    let builtins = Builtins::new(Arc::clone(&program.symbols));
    let bases = bases(program);
    let shared = Shared { program, builtins: &builtins, codes: &codes, limits };
    let stores = evaluate(shared, &bases, analysis, stores)?;
    Ok(Database { codes, bases, stores })
}

impl Database {
    fn tables(&self) -> StoreTables<'_> {
        StoreTables { bases: &self.bases, codes: &self.codes, stores: &self.stores }
    }
}

impl Tables for Database {
    fn bytes(&self, relation: RelationId) -> Option<usize> {
        Some(self.stores[relation].bytes())
    }

    fn len(&self, relation: RelationId) -> usize {
        self.tables().len(relation)
    }

    fn contains(&self, relation: RelationId, tuple: &[Value]) -> bool {
        self.tables().contains(relation, tuple)
    }

    fn round_of(&self, relation: RelationId, tuple: &[Value]) -> Option<u32> {
        self.tables().round_of(relation, tuple)
    }

    fn select(
        &self,
        relation: RelationId,
        pattern: &[Option<Value>],
        visit: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
    ) {
        self.tables().select(relation, pattern, visit);
    }

    fn columns(&self, relation: RelationId, arity: usize, codes: &Codes) -> (usize, Vec<Vec<u32>>) {
        if !ptr::eq(codes, &raw const *self.codes) {
            return self.tables().columns(relation, arity, codes);
        }
        let want: Vec<usize> = (0..arity).collect();
        let (mut cursor, mut out) = (Cursor::default(), Matches::default());
        let mut columns = vec![Vec::new(); arity];
        while !cursor.done {
            self.stores[relation].scan(View::All, &want, &mut cursor, &mut out);
            let pairs = columns.iter_mut().zip(&out.columns);
            pairs.for_each(|(to, from)| to.extend_from_slice(&from[..out.len]));
        }
        (self.len(relation), columns)
    }
}
