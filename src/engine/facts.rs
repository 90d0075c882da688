//! [`Facts`]: the input tuples of every relation, column by column, as codes. Loaders fill it,
//! engines take it over. Rows may repeat and come in any order.

use std::sync::Arc;

use crate::base::ids::{RelationId, Table};
use crate::program::program::Program;
use crate::value::codes::Codes;
use crate::value::value::{Tuple, Value};

/// Input rows: those of files, of claims, and the facts of the program text.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The dictionaries of the codes.
    pub codes: Arc<Codes>,
    /// Rows by relation.
    pub relations: Table<RelationId, Columns>,
}

/// Rows of one relation, column by column.
#[derive(Clone, Default, Debug)]
pub struct Columns {
    /// Number of rows; needed for relations without columns.
    pub rows: usize,
    /// One vector per column, each `rows` long.
    pub columns: Vec<Vec<u32>>,
}

impl Facts {
    /// The facts of the program text, and nothing else yet.
    #[must_use]
    pub fn of_program(program: &Program, codes: Arc<Codes>) -> Self {
        let empty = |arity| Columns { rows: 0, columns: vec![Vec::new(); arity] };
        let relations = program.relations.iter().map(|r| empty(r.columns.len())).collect();
        let mut facts = Self { codes, relations };
        for fact in &program.facts {
            facts.push(fact.relation, &fact.values);
        }
        facts
    }

    /// Adds a row.
    pub fn push(&mut self, relation: RelationId, row: &[Value]) {
        let to = &mut self.relations[relation];
        debug_assert_eq!(to.columns.len(), row.len(), "a row has the relation's arity");
        to.rows += 1;
        for (column, value) in to.columns.iter_mut().zip(row) {
            column.push(self.codes.encode(*value));
        }
    }

    /// Row `row` of a relation as values.
    #[must_use]
    pub fn row(&self, program: &Program, relation: RelationId, row: usize) -> Tuple {
        let bases = program.relations[relation].columns.iter().map(|column| column.base);
        let cells = self.relations[relation].columns.iter().map(|column| column[row]);
        bases.zip(cells).map(|(base, code)| self.codes.decode(base, code)).collect()
    }
}
