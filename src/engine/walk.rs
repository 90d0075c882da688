//! [`Walk`]: one rule at a time over relations that the caller fills. What a rule gives is not
//! stored but handed out, batch by batch as codes. With a column that numbers the tuples of each
//! relation, and these numbers in the head, a rule hands out its instances.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::base::ids::{RelationId, Table};
use crate::engine::batch::Batch;
use crate::engine::limits::{Limits, Stop};
use crate::engine::pipeline::{Executor, Held, Setting, Shared, Stores, flow, halt, head, nodes};
use crate::engine::profile::Counts;
use crate::engine::storage::form::{Rows, Storage, View};
use crate::engine::storage::ids::Ids;
use crate::engine::stores::Bases;
use crate::plan::build::single;
use crate::plan::ir::each_signature;
use crate::plan::sizes::{Degrees, Sizes};
use crate::program::builtins::Builtins;
use crate::program::program::{Program, Rule};
use crate::value::base_type::BaseType;
use crate::value::codes::Codes;

/// Takes what a rule gives: a column for each argument of its head.
pub type Take<'t> = dyn FnMut(Rows<'_>) -> Result<(), Stop> + 't;

/// Relations over which rules run.
pub struct Walk<'a> {
    codes: &'a Codes,
    limits: &'a Limits,
    builtins: Builtins,
    program: Program,
    bases: Bases,
    stores: Stores,
}

impl<'a> Walk<'a> {
    /// No relations yet.
    #[must_use]
    pub fn new(codes: &'a Codes, limits: &'a Limits) -> Self {
        let symbols = codes.symbols();
        let program = Program {
            symbols: Arc::clone(symbols),
            types: Table::new(),
            relations: Table::new(),
            rules: Table::new(),
            facts: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            printsizes: Vec::new(),
            allows: Vec::new(),
        };
        let builtins = Builtins::new(Arc::clone(symbols));
        Self { codes, limits, builtins, program, bases: Table::new(), stores: Table::new() }
    }

    /// The dictionaries of the codes.
    #[must_use]
    pub fn codes(&self) -> &'a Codes {
        self.codes
    }

    /// What may stop a rule.
    #[must_use]
    pub fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// Adds a relation with its tuples, which are distinct.
    ///
    /// # Errors
    /// If it is stopped, or there is no room.
    pub fn relation(
        &mut self,
        bases: Box<[BaseType]>,
        rows: usize,
        columns: Vec<Vec<u32>>,
    ) -> Result<RelationId, Stop> {
        let id = self.stores.next_id();
        let mut store = Ids::new(bases.len());
        store.load(rows, columns, self.limits).map_err(halt(id))?;
        self.bases.push(bases);
        Ok(self.stores.push(Box::new(store)))
    }

    /// Adds tuples to a relation that has none of them yet.
    ///
    /// # Errors
    /// If it is stopped, or there is no room.
    pub fn insert(&mut self, relation: RelationId, rows: Rows<'_>) -> Result<(), Stop> {
        let store = &mut self.stores[relation];
        store.insert(rows, 1).map_err(|_| Stop::Full { relation })?;
        store.rotate(self.limits).map_err(halt(relation))
    }

    /// Gives a relation other tuples, which are distinct.
    ///
    /// # Errors
    /// If it is stopped, or there is no room.
    pub fn refill(
        &mut self,
        relation: RelationId,
        rows: usize,
        columns: Vec<Vec<u32>>,
    ) -> Result<(), Stop> {
        let mut store = Ids::new(columns.len());
        store.load(rows, columns, self.limits).map_err(halt(relation))?;
        self.stores[relation] = Box::new(store);
        Ok(())
    }

    /// What functors and aggregates do.
    #[must_use]
    pub fn builtins(&self) -> &Builtins {
        &self.builtins
    }

    /// Hands out what a rule gives, whose body names relations of this walk; says whether an
    /// operation had no value for some binding, which was left out then.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn run(&mut self, rule: &Rule, sink: &mut Take<'_>) -> Result<bool, Stop> {
        let steps = single(rule, &Live(&self.stores));
        let mut signatures = Vec::new();
        each_signature(&steps, &mut |relation, columns, _| signatures.push((relation, columns)));
        for (relation, columns) in signatures {
            let store = &mut self.stores[relation];
            store.prepare(&columns, None, self.limits).map_err(halt(relation))?;
        }
        let Self { codes, limits, builtins, program, bases, stores } = self;
        let shared = Shared { program, builtins, codes, limits };
        let setting = Setting { shared, sets: &[] };
        let mut nodes = nodes(&steps, &rule.body, rule.vars.len(), &setting);
        let stores = Held::Alone(stores);
        let stopped = &AtomicBool::new(false);
        let counts = Counts::default();
        let mut executor =
            Executor { shared, bases, stores, rule, round: 0, erred: false, counts, stopped };
        let mut columns = Vec::new();
        let unit = &mut Batch::unit(rule.vars.len());
        let done = flow(&mut executor, &mut nodes, unit, &mut |executor, batch| {
            head(executor, &rule.head_args, &mut columns, batch, &mut |_, rows| sink(rows))
        });
        done.map(|()| executor.erred)
    }
}

/// Sizes of what is stored.
struct Live<'a>(&'a Stores);

impl Sizes for Live<'_> {
    fn rows(&self, relation: RelationId) -> usize {
        self.0[relation].len(View::All)
    }

    fn degrees(&self, relation: RelationId, columns: &[usize]) -> Degrees {
        self.0[relation].degrees(columns)
    }
}
