//! [`Tables`]: what an evaluation leaves behind, as the explainer, the checker, questions and
//! writers read it. Both engines give one.

use std::ops::ControlFlow;

use crate::base::ids::RelationId;
use crate::value::codes::Codes;
use crate::value::value::Value;

/// All relations of a finished evaluation, read by value.
pub trait Tables {
    /// Number of tuples.
    fn len(&self, relation: RelationId) -> usize;

    /// Whether the relation has the tuple.
    fn contains(&self, relation: RelationId, tuple: &[Value]) -> bool;

    /// The round in which the tuple came: 0 for input and program facts, r if it is first
    /// derivable from rounds before r of the same component. Nothing if there is no such tuple, or
    /// the storage form keeps no rounds.
    fn round_of(&self, relation: RelationId, tuple: &[Value]) -> Option<u32>;

    /// Calls `visit` for every tuple that has the given values where `pattern` gives one, in no
    /// particular order, until it breaks. Cost is in proportion to the matches once an index for
    /// the pattern exists; the first use of a pattern may build one.
    fn select(
        &self,
        relation: RelationId,
        pattern: &[Option<Value>],
        visit: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
    );

    /// Bytes that a relation takes, indexes included, if that is known.
    fn bytes(&self, _relation: RelationId) -> Option<usize> {
        None
    }

    /// All tuples of a relation with so many columns, column by column as codes, and their number.
    fn columns(&self, relation: RelationId, arity: usize, codes: &Codes) -> (usize, Vec<Vec<u32>>) {
        let mut columns = vec![Vec::new(); arity];
        self.select(relation, &vec![None; arity], &mut |tuple| {
            columns.iter_mut().zip(tuple).for_each(|(c, value)| c.push(codes.encode(*value)));
            ControlFlow::Continue(())
        });
        (self.len(relation), columns)
    }
}
