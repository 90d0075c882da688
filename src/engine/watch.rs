//! [`Watch`]: whoever wants to know how far an evaluation is.

use std::fmt::Debug;

use crate::base::ids::RelationId;

/// What an evaluation tells.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A stratum begins that has rules.
    Begin {
        /// What it derives.
        relations: &'a [RelationId],
    },
    /// A round of it is done, and was not the last.
    Round {
        /// Which, from 1.
        round: u32,
        /// Tuples that are new.
        new: usize,
        /// Tuples of the stratum's relations, those of the input included.
        tuples: usize,
    },
    /// It is complete.
    Complete {
        /// What it derived.
        relations: &'a [RelationId],
        /// Tuples of these relations, those of the input included.
        tuples: usize,
    },
}

/// Told of events by the thread that evaluates, which waits.
pub trait Watch: Send + Sync + Debug {
    /// Is called at the event.
    fn tell(&self, event: Event<'_>);
}
