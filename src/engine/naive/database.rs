//! [`Database`]: sets of tuples with their rounds. An index for the columns that a search gives
//! values for is built when it is first needed and thrown away when the relation grows.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::hash::Map;
use crate::base::ids::{RelationId, Table};
use crate::engine::tables::Tables;
use crate::value::value::{Tuple, Value};

/// All relations of an evaluation.
#[derive(Debug)]
pub struct Database {
    relations: Table<RelationId, Relation>,
}

#[derive(Default, Debug)]
struct Relation {
    /// Each tuple once, in the order of their rounds.
    tuples: Vec<Tuple>,
    rounds: Map<Tuple, u32>,
    /// By the columns that a search gives values for.
    indexes: Mutex<Map<Box<[usize]>, Arc<Index>>>,
}

/// Positions in `tuples` by the values of some columns.
type Index = Map<Tuple, Vec<usize>>;

impl Database {
    /// So many empty relations.
    pub(super) fn new(relations: usize) -> Self {
        Self { relations: (0..relations).map(|_| Relation::default()).collect() }
    }

    /// Adds a tuple with its round, unless it is there; says whether it was new.
    pub(super) fn insert(&mut self, relation: RelationId, tuple: Tuple, round: u32) -> bool {
        let relation = &mut self.relations[relation];
        let is_new = relation.rounds.try_insert(tuple.clone(), round).is_ok();
        if is_new {
            relation.tuples.push(tuple);
            relation.indexes.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        }
        is_new
    }
}

impl Relation {
    fn index(&self, columns: &[usize]) -> Arc<Index> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = indexes.get(columns) {
            return Arc::clone(index);
        }
        let mut index = Index::default();
        for (position, tuple) in self.tuples.iter().enumerate() {
            let key = columns.iter().map(|&column| tuple[column]).collect();
            index.entry(key).or_default().push(position);
        }
        let index = Arc::new(index);
        indexes.insert(columns.into(), Arc::clone(&index));
        index
    }
}

impl Tables for Database {
    fn len(&self, relation: RelationId) -> usize {
        self.relations[relation].tuples.len()
    }

    fn contains(&self, relation: RelationId, tuple: &[Value]) -> bool {
        self.relations[relation].rounds.contains_key(tuple)
    }

    fn round_of(&self, relation: RelationId, tuple: &[Value]) -> Option<u32> {
        self.relations[relation].rounds.get(tuple).copied()
    }

    fn select(
        &self,
        relation: RelationId,
        pattern: &[Option<Value>],
        visit: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
    ) {
        let relation = &self.relations[relation];
        let columns: Vec<usize> =
            (0..pattern.len()).filter(|&column| pattern[column].is_some()).collect();
        let key: Tuple = pattern.iter().flatten().copied().collect();
        // Where a visit breaks, there is nothing left to do.
        let _ended = if columns.is_empty() {
            relation.tuples.iter().try_for_each(|tuple| visit(tuple))
        } else if columns.len() == pattern.len() {
            relation.rounds.get_key_value(&key).into_iter().try_for_each(|(tuple, _)| visit(tuple))
        } else {
            let index = relation.index(&columns);
            let positions = index.get(&key).map_or(&[][..], |positions| positions);
            positions.iter().try_for_each(|&position| visit(&relation.tuples[position]))
        };
    }
}
