//! [`Explainer`]: from a tuple to its best proof. The search works on finished tables alone;
//! rounds are only asked for where the budget is too small for all that a proof may be made of.
//! No proof leaves it unchecked.

use crate::analysis::analysis::Analysis;
use crate::base::ids::RelationId;
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::program::Program;
use crate::provenance::assemble::assemble;
use crate::provenance::check::{Given, check_within};
use crate::provenance::choose::choose;
use crate::provenance::leaves::Leaves;
use crate::provenance::proof::Proof;
use crate::provenance::slice::{Context, Goal, Slice};
use crate::provenance::solve::{ROWS_MAX, Solver};
use crate::provenance::watch::Watch;
use crate::value::value::{Tuple, Value, cmp_tuples};

/// What a question may cost, in rule instances: never in time, so that the same question has the
/// same answer on every machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Rule instances beside the first for each tuple, up to which the search looks at all that a
    /// proof may be made of.
    pub instances: usize,
    /// Rows of a sum, count or mean that are listed with what they rest on.
    pub rows: usize,
}

impl Budget {
    /// For whoever has to look at all proofs: much more than one proof is worth.
    pub const WIDE: Self = Self { instances: 50_000, rows: 50_000 };
}

impl Default for Budget {
    fn default() -> Self {
        Self { instances: 500, rows: ROWS_MAX }
    }
}

/// Why there is no proof.
#[derive(Clone, PartialEq, Debug)]
pub enum NoProof {
    /// The tuple is not in its relation.
    Absent,
    /// Something that cannot be: a bug in hence, with what was found.
    Bug(String),
    /// The search was stopped.
    Stopped(Stop),
}

impl From<Stop> for NoProof {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

/// Answers why.
pub struct Explainer<'a> {
    pub(super) context: Context<'a>,
}

/// Tuples that a proof down the rounds may have.
const GOALS_MAX: usize = 1_000_000;

impl<'a> Explainer<'a> {
    /// An explainer of what an evaluation has left behind.
    #[must_use]
    pub fn new(
        program: &'a Program,
        analysis: &'a Analysis,
        tables: &'a dyn Tables,
        leaves: &'a Leaves,
    ) -> Self {
        let solver = Solver::new(program, tables, &Limits::default());
        Self { context: Context::new(program, analysis, leaves, solver) }
    }

    /// The same with limits: from now on it can be stopped, once.
    #[must_use]
    pub fn within(mut self, limits: &Limits) -> Self {
        self.context.solver.watch = Watch::new(limits);
        self
    }

    /// What proofs are checked against.
    #[must_use]
    pub fn given(&self) -> Given<'a> {
        let Context { program, leaves, solver, .. } = &self.context;
        Given { program, tables: solver.tables, leaves }
    }

    /// At most `limit` tuples with the given values where `pattern` gives one and equal values in
    /// the columns of each pair of `equal`, in the order of the language; and how many there are.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn find(
        &self,
        relation: RelationId,
        pattern: &[Option<Value>],
        equal: &[(usize, usize)],
        limit: usize,
    ) -> Result<(Vec<Tuple>, usize), Stop> {
        let mut found: Vec<Tuple> = Vec::new();
        let mut all = 0;
        let watch = &self.context.solver.watch;
        let symbols = self.context.solver.builtins.symbols();
        let by_value = |a: &Tuple, b: &Tuple| cmp_tuples(a, b, symbols);
        let (keep, room) = (limit.max(1), limit.max(1).saturating_mul(2));
        let mut last: Option<Tuple> = None;
        self.context.solver.tables.select(relation, pattern, &mut |tuple| {
            if equal.iter().all(|&(a, b)| tuple[a] == tuple[b]) {
                all += 1;
                if last.as_ref().is_none_or(|last| cmp_tuples(tuple, last, symbols).is_lt()) {
                    found.push(tuple.into());
                }
                if found.len() >= room {
                    found.select_nth_unstable_by(keep - 1, by_value);
                    found.truncate(keep);
                    last = found.last().cloned();
                }
            }
            watch.tick(1)
        });
        watch.stopped()?;
        found.sort_unstable_by(by_value);
        found.truncate(limit);
        Ok((found, all))
    }

    /// The best proof of a tuple.
    ///
    /// # Errors
    /// If the tuple is not there, the search is stopped, or it or the check fails, which is a bug.
    pub fn explain(
        &self,
        relation: RelationId,
        tuple: &[Value],
        budget: Budget,
    ) -> Result<Proof, NoProof> {
        if !self.context.solver.tables.contains(relation, tuple) {
            return Err(NoProof::Absent);
        }
        self.context.solver.keep_rows(budget.rows);
        let goal = Goal::Tuple(relation, tuple.into());
        let slice = match Slice::full(&self.context, goal.clone(), budget.instances)? {
            Some(slice) => slice,
            None => Slice::down_the_rounds(&self.context, goal, GOALS_MAX)?,
        };
        let found = choose(&slice)?.map(|choice| assemble(&slice, &choice)).transpose()?;
        let missing = || NoProof::Bug("no rule gives a tuple that was derived".to_owned());
        let proof = found.ok_or_else(missing)?;
        let watch = &self.context.solver.watch;
        let verdict = check_within(self.given(), &proof, watch);
        watch.stopped()?;
        verdict.map_err(NoProof::Bug)?;
        Ok(proof)
    }
}
