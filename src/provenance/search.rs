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
use crate::provenance::choose::{Choice, choose};
use crate::provenance::leaves::Leaves;
use crate::provenance::proof::{Least, Proof};
use crate::provenance::several::{circular, extremes, several};
use crate::provenance::slice::{Context, Goal, Slice, Way};
use crate::provenance::solve::{ROWS_MAX, Solver};
use crate::provenance::status::{AllProofs, Ends, Scales, record_of};
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

/// What is wanted of proofs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Asked {
    /// What the search may cost.
    pub budget: Budget,
    /// What the best proof has least of.
    pub least: Least,
    /// So many of the best proofs beside the best one; none for that alone.
    pub most: usize,
}

/// What is found of a tuple.
#[derive(Clone, Debug)]
pub struct Found {
    /// The best proof.
    pub proof: Proof,
    /// What is common to all proofs; nothing if these are more than the budget.
    pub all: Option<AllProofs>,
    /// Several proofs, if they were asked for.
    pub proofs: Option<Proofs>,
}

/// Several proofs of one tuple.
#[derive(Clone, Debug)]
pub struct Proofs {
    /// The best first.
    pub proofs: Vec<Proof>,
    /// How many proofs the search has met.
    pub met: usize,
    /// Whether it has met all there are.
    pub is_complete: bool,
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
        let asked = Asked { budget, ..Asked::default() };
        self.ask((relation, tuple), asked).map(|found| found.proof)
    }

    /// The best proof of a tuple, what can be said of all its proofs, and other proofs.
    ///
    /// # Errors
    /// If the tuple is not there, the search is stopped, or it or the check fails, which is a bug.
    pub fn ask(
        &self,
        (relation, tuple): (RelationId, &[Value]),
        asked: Asked,
    ) -> Result<Found, NoProof> {
        if !self.context.solver.tables.contains(relation, tuple) {
            return Err(NoProof::Absent);
        }
        self.context.solver.keep_rows(asked.budget.rows);
        self.context.least.set(asked.least);
        let goal = Goal::Tuple(relation, tuple.into());
        let whole = Slice::full(&self.context, goal.clone(), asked.budget.instances)?;
        let all = whole.as_ref().map(|slice| self.all_proofs(slice));
        let slice = match whole {
            Some(slice) => slice,
            None => Slice::down_the_rounds(&self.context, goal, GOALS_MAX)?,
        };
        let missing = || NoProof::Bug("no rule gives a tuple that was derived".to_owned());
        let proof = self.checked(&slice, &choose(&slice)?.ok_or_else(missing)?)?;
        let mut others = None;
        if asked.most > 0 {
            let several = several(&slice, asked.most);
            self.context.solver.watch.stopped()?;
            let proofs = several.choices.iter().map(|choice| self.checked(&slice, choice));
            others = Some(Proofs {
                proofs: proofs.collect::<Result<_, _>>()?,
                met: several.met,
                is_complete: several.is_complete && all.is_some(),
            });
        }
        Ok(Found { proof, all, proofs: others })
    }

    /// The proof that a choice makes, once the checker has accepted it.
    fn checked(&self, slice: &Slice<'_, '_>, choice: &Choice) -> Result<Proof, NoProof> {
        let proof = assemble(slice, choice)?;
        let watch = &self.context.solver.watch;
        let verdict = check_within(self.given(), &proof, watch);
        watch.stopped()?;
        verdict.map_err(NoProof::Bug)?;
        Ok(proof)
    }

    /// What all proofs in a slice have in common.
    fn all_proofs(&self, slice: &Slice<'_, '_>) -> AllProofs {
        let mut all = AllProofs { circular: circular(slice), ..AllProofs::default() };
        let scales = Scales::new(self.given());
        if scales.is_empty() {
            return all;
        }
        let modality = |way: &Way| record_of(way).map_or(0, |leaf| scales.modality(leaf));
        let marking = |way: &Way| record_of(way).map_or(0, |leaf| scales.marking(leaf));
        if let Some((least, greatest)) = extremes(slice, &modality) {
            let least = scales.modality_name(least);
            all.modality = scales.modality_name(greatest).map(|greatest| Ends { least, greatest });
        }
        if let Some((least, greatest)) = extremes(slice, &marking) {
            let least = Scales::marking_name(least);
            all.marking = Scales::marking_name(greatest).map(|greatest| Ends { least, greatest });
        }
        all
    }
}
