//! [`Watch`]: lets what goes on above the engine be stopped as an evaluation can be. Loops tell it
//! what they have done; once it has seen a stop, it answers every one of them with a break, so
//! that a deep search unwinds by itself. What comes out of such a search is not whole: whoever
//! started it asks [`Watch::stopped`] before using it.

use std::cell::{Cell, OnceCell};
use std::ops::ControlFlow;

use crate::engine::limits::{Limits, Stop};

/// Units of work, at most, between two looks at the limits.
const LOOK_AFTER: usize = 4096;

/// Limits, and whether they have been met.
pub struct Watch {
    limits: Limits,
    left: Cell<usize>,
    stop: OnceCell<Stop>,
}

impl Watch {
    /// Watches these limits.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), left: Cell::new(LOOK_AFTER), stop: OnceCell::new() }
    }

    /// To be told of work: a tuple read, a step taken.
    pub fn tick(&self, units: usize) -> ControlFlow<()> {
        if self.stop.get().is_some() {
            return ControlFlow::Break(());
        }
        if let Some(left) = self.left.get().checked_sub(units) {
            self.left.set(left);
            return ControlFlow::Continue(());
        }
        self.left.set(LOOK_AFTER);
        match self.limits.check() {
            Ok(()) => ControlFlow::Continue(()),
            Err(stop) => {
                self.stop.get_or_init(|| stop);
                ControlFlow::Break(())
            }
        }
    }

    /// Whether a stop was seen.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.get().is_some()
    }

    /// The stop, if one was seen.
    ///
    /// # Errors
    /// If a stop was seen.
    pub fn stopped(&self) -> Result<(), Stop> {
        self.stop.get().map_or(Ok(()), |stop| Err(stop.clone()))
    }
}
