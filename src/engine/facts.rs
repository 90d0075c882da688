//! [`Facts`]: the input tuples of every relation, column by column, as codes. Loaders fill it,
//! engines take it over. Rows may repeat and come in any order.

use std::mem::take;
use std::ops::Range;
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

    /// Takes all rows out that have the given values where `pattern` gives one; returns them in
    /// the order they had.
    pub fn take(
        &mut self,
        program: &Program,
        relation: RelationId,
        pattern: &[Option<Value>],
    ) -> Vec<Tuple> {
        let mut wanted: Vec<(usize, u32)> = Vec::new();
        for (column, value) in pattern.iter().enumerate() {
            let Some(value) = value else { continue };
            // A value without a code is in no row.
            let Some(code) = self.codes.find(*value) else { return Vec::new() };
            wanted.push((column, code));
        }
        let rows = &self.relations[relation];
        let matches = |row: &usize| wanted.iter().all(|&(at, code)| rows.columns[at][*row] == code);
        let found: Vec<usize> = (0..rows.rows).filter(matches).collect();
        let taken = found.iter().map(|&row| self.row(program, relation, row)).collect();
        self.relations[relation].remove(&found);
        taken
    }

    /// Whether a row is there.
    #[must_use]
    pub fn contains(&self, relation: RelationId, tuple: &[Value]) -> bool {
        let codes: Option<Vec<u32>> = tuple.iter().map(|value| self.codes.find(*value)).collect();
        let Some(codes) = codes else { return false };
        let Columns { rows, columns } = &self.relations[relation];
        (0..*rows).any(|row| columns.iter().zip(&codes).all(|(column, code)| column[row] == *code))
    }
}

impl Columns {
    /// Makes room for so many more rows.
    pub fn reserve(&mut self, rows: usize) {
        for column in &mut self.columns {
            column.reserve_exact(rows);
        }
    }

    /// Drops all rows but the first ones.
    pub fn truncate(&mut self, rows: usize) {
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
        self.rows = self.rows.min(rows);
    }

    /// Adds the rows of `parts`, column after column: each goes when it was copied.
    pub fn append(&mut self, mut parts: Vec<Self>) {
        let rows: usize = parts.iter().map(|part| part.rows).sum();
        self.rows += rows;
        for (i, column) in self.columns.iter_mut().enumerate() {
            column.reserve_exact(rows);
            for part in &mut parts {
                column.append(&mut take(&mut part.columns[i]));
            }
        }
    }

    /// Removes rows, given in ascending order.
    pub fn remove(&mut self, rows: &[usize]) {
        for column in &mut self.columns {
            let (mut at, mut next) = (0, 0);
            column.retain(|_| {
                let gone = rows.get(next) == Some(&at);
                next += usize::from(gone);
                at += 1;
                !gone
            });
        }
        self.rows -= rows.len();
    }

    /// The rows outside of a range.
    #[must_use]
    pub fn outside(&self, range: &Range<usize>) -> Self {
        let outside = |column: &Vec<u32>| [&column[..range.start], &column[range.end..]].concat();
        let columns = self.columns.iter().map(outside).collect();
        Self { rows: self.rows - range.len(), columns }
    }
}
