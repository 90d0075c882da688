//! Why an atom does not hold, and what would make it hold.

use crate::base::ids::FileId;
use crate::program::program::Atom;
use crate::provenance::whynot::{Asked, Effort, Refuter, WhyNot};
use crate::session::explain::equal;
use crate::session::question;
use crate::session::repairs::Repair;
use crate::session::session::{Refused, Session};
use crate::session::stops;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::value::Tuple;

/// The answer to why not.
#[derive(Debug)]
pub enum Refuted {
    /// The atom does not hold; and what would make it hold.
    Not(Box<WhyNot>, Vec<Repair>),
    /// It does: this tuple is there.
    Holds(Asked, Tuple),
}

impl Session {
    /// What answers why not, within the limits of an evaluation that starts now.
    #[must_use]
    pub fn refuter(&self) -> Refuter<'_> {
        let world = self.world();
        let limits = self.options().limits();
        Refuter::new(&world.program, &world.analysis, world.tables(), &world.leaves, &limits)
    }

    /// Why the atom in `file`, one of this session's texts, does not hold.
    ///
    /// # Errors
    /// What is wrong with the atom, or why the search stopped.
    pub fn whynot(
        &self,
        refuter: &Refuter<'_>,
        file: FileId,
        effort: Effort,
    ) -> Result<Refuted, Refused> {
        let asked = self.asked(file)?;
        if let Some(tuple) = refuter.first(&asked) {
            return Ok(Refuted::Holds(asked, tuple));
        }
        let whynot = refuter
            .refute(&asked, effort)
            .map_err(|stop| vec![stops::message(&stop, &self.world().program, self.options())])?;
        let repairs = self.repairs(refuter, &asked)?;
        Ok(Refuted::Not(Box::new(whynot), repairs))
    }

    /// The atom in `file`.
    fn asked(&self, file: FileId) -> Result<Asked, Refused> {
        let question = self.exact_question(file)?;
        question.atom().map(asked).ok_or_else(|| vec![no_atom()])
    }

    /// What comes nearest to the atom in `file`, if it is one and a rule comes within one condition
    /// of giving it; at little cost.
    #[must_use]
    pub fn nearest_miss(&self, refuter: &Refuter<'_>, file: FileId) -> Option<WhyNot> {
        let asked = self.asked(file).ok()?;
        let effort = Effort { work: LITTLE, shown: 1, literals: 1, ..Effort::default() };
        let whynot = refuter.refute(&asked, effort).ok()?;
        (!whynot.misses.is_empty()).then_some(whynot)
    }
}

/// Tuples that are read for the reason of an empty answer.
const LITTLE: usize = 20_000;

fn asked(atom: &Atom) -> Asked {
    Asked { relation: atom.relation, pattern: question::pattern(atom), equal: equal(atom) }
}

fn no_atom() -> Diagnostic {
    let help = "give one, with constants or variables: relation(\"a\", x)";
    Diagnostic::new(Code::H0701, "only a single atom can be explained").help(help)
}
