//! [`Batch`]: bindings of one rule, a column of codes for each variable that is bound.

use std::ops::{Index, IndexMut};

use crate::base::ids::{Id, VarId};
use crate::engine::kernels::select::compact;

/// Bindings, at most [`BATCH`](crate::engine::storage::form::BATCH) of them.
#[derive(Clone, Default, Debug)]
pub struct Batch {
    /// How many.
    pub len: usize,
    /// By variable; those that no step needs are stale.
    pub columns: Columns,
}

impl Batch {
    /// No bindings of so many variables.
    #[must_use]
    pub fn new(vars: usize) -> Self {
        Self { len: 0, columns: Columns::new(vars) }
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

/// So few variables have a column each.
const FEW: usize = 64;

/// Columns of codes, by variable. A step of a rule with thousands of variables has few of them.
#[derive(Clone, Default, Debug)]
pub struct Columns {
    vars: usize,
    few: Vec<Vec<u32>>,
    /// Those that were used, in the order of the variables.
    many: Vec<(usize, Vec<u32>)>,
}

impl Columns {
    /// Empty columns for so many variables.
    #[must_use]
    pub fn new(vars: usize) -> Self {
        let few = if vars <= FEW { vec![Vec::new(); vars] } else { Vec::new() };
        Self { vars, few, many: Vec::new() }
    }

    /// Of how many variables.
    #[must_use]
    pub fn vars(&self) -> usize {
        self.vars
    }

    fn place(&self, var: usize) -> Result<usize, usize> {
        self.many.binary_search_by_key(&var, |(of, _)| *of)
    }
}

impl Index<usize> for Columns {
    type Output = Vec<u32>;

    fn index(&self, var: usize) -> &Vec<u32> {
        const NONE: &Vec<u32> = &Vec::new();
        if self.vars <= FEW {
            return &self.few[var];
        }
        self.place(var).map_or(NONE, |at| &self.many[at].1)
    }
}

impl IndexMut<usize> for Columns {
    fn index_mut(&mut self, var: usize) -> &mut Vec<u32> {
        if self.vars <= FEW {
            return &mut self.few[var];
        }
        let at = self.place(var).unwrap_or_else(|at| {
            self.many.insert(at, (var, Vec::new()));
            at
        });
        &mut self.many[at].1
    }
}
