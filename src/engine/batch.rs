//! [`Batch`]: bindings of one rule, a column of codes for each variable that is bound.

use crate::base::ids::{Id, VarId};
use crate::engine::kernels::select::compact;

/// Bindings, at most [`BATCH`](crate::engine::storage::form::BATCH) of them.
#[derive(Clone, Default, Debug)]
pub struct Batch {
    /// How many.
    pub len: usize,
    /// By variable; those that no step needs are stale.
    pub columns: Vec<Vec<u32>>,
}

impl Batch {
    /// No bindings of so many variables.
    #[must_use]
    pub fn new(vars: usize) -> Self {
        Self { len: 0, columns: vec![Vec::new(); vars] }
    }

    /// One binding of no variable.
    #[must_use]
    pub fn unit(vars: usize) -> Self {
        Self { len: 1, ..Self::new(vars) }
    }

    /// The codes of a bound variable.
    #[must_use]
    pub fn column(&self, var: VarId) -> &[u32] {
        &self.columns[var.index()][..self.len]
    }

    /// Keeps the rows at the ascending places of `index`, in the columns of `live`.
    pub fn keep(&mut self, index: &[u32], live: &[VarId]) {
        if index.len() < self.len {
            for var in live {
                compact(&mut self.columns[var.index()], index);
            }
            self.len = index.len();
        }
    }
}
