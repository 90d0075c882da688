//! [`StoreTables`]: the storage of all relations, read by value. During an evaluation it shows what
//! the rules of the round see.

use std::ops::ControlFlow;

use crate::base::ids::{RelationId, Table};
use crate::engine::pipeline::Stores;
use crate::engine::storage::form::View;
use crate::engine::tables::Tables;
use crate::program::program::{Program, Relation};
use crate::value::base_type::BaseType;
use crate::value::codes::Codes;
use crate::value::value::Value;

/// The base types of every relation's columns.
pub(crate) type Bases = Table<RelationId, Box<[BaseType]>>;

/// Relations read by value.
#[derive(Debug)]
pub(crate) struct StoreTables<'a> {
    pub(crate) bases: &'a Bases,
    pub(crate) codes: &'a Codes,
    pub(crate) stores: &'a Stores,
}

/// The base types of a program's columns.
pub(crate) fn bases(program: &Program) -> Bases {
    let bases = |relation: &Relation| relation.columns.iter().map(|column| column.base).collect();
    program.relations.iter().map(bases).collect()
}

impl StoreTables<'_> {
    fn encode(&self, tuple: &[Value]) -> Option<Vec<u32>> {
        tuple.iter().map(|value| self.codes.find(*value)).collect()
    }
}

impl Tables for StoreTables<'_> {
    fn len(&self, relation: RelationId) -> usize {
        self.stores[relation].len(View::All)
    }

    fn contains(&self, relation: RelationId, tuple: &[Value]) -> bool {
        let pattern: Vec<Option<Value>> = tuple.iter().copied().map(Some).collect();
        let mut found = false;
        self.select(relation, &pattern, &mut |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    }

    fn round_of(&self, relation: RelationId, tuple: &[Value]) -> Option<u32> {
        self.stores[relation].round_of(&self.encode(tuple)?)
    }

    fn select(
        &self,
        relation: RelationId,
        pattern: &[Option<Value>],
        visit: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
    ) {
        let mut codes = Vec::with_capacity(pattern.len());
        for wanted in pattern {
            codes.push(match wanted {
                None => None,
                Some(value) => match self.codes.find(*value) {
                    None => return,
                    code => code,
                },
            });
        }
        let bases = &self.bases[relation];
        let mut values: Vec<Value> = Vec::with_capacity(bases.len());
        self.stores[relation].each(&codes, View::All, &mut |tuple| {
            values.clear();
            values.extend(bases.iter().zip(tuple).map(|(b, code)| self.codes.decode(*b, *code)));
            visit(&values)
        });
    }
}
