//! [`Limits`]: what may stop an evaluation early, and [`Stop`]: why it stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::base::ids::{RelationId, RuleId};
use crate::engine::profile::Recorder;
use crate::engine::watch::{Event, Watch};
use crate::program::builtins::EvalError;
use crate::text::span::Span;
use crate::value::value::Value;

/// Limits of one evaluation.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Rounds of one stratum; nothing for no limit.
    pub rounds_max: Option<u32>,
    /// When to give up.
    pub deadline: Option<Instant>,
    /// Set from outside (Ctrl-C) to stop within 100 ms.
    pub stop: Arc<AtomicBool>,
    /// Worker threads.
    pub workers: usize,
    /// Rows of work that one worker does alone: sharing so few would cost more than it saves.
    pub alone: usize,
    /// Who takes down what it costs, if anybody wants to know.
    pub profile: Option<Arc<Recorder>>,
    /// A seed of made-up sizes to plan by, for tests: no plan may change what comes out.
    pub misjudge: Option<u64>,
    /// Who is told how far it is.
    pub watch: Option<Arc<dyn Watch>>,
}

/// An estimate that no measurement has confirmed yet: starting the threads of a round should cost
/// about what one worker needs for some thousand rows.
const ALONE: usize = 8192;

impl Default for Limits {
    fn default() -> Self {
        Self {
            rounds_max: Some(1_000_000),
            deadline: None,
            stop: Arc::new(AtomicBool::new(false)),
            workers: 1,
            alone: ALONE,
            profile: None,
            misjudge: None,
            watch: None,
        }
    }
}

impl Limits {
    /// Workers for so many rows of work.
    #[must_use]
    pub fn workers_for(&self, rows: usize) -> usize {
        if rows > self.alone { self.workers.max(1) } else { 1 }
    }

    /// Tells whoever watches.
    pub fn tell(&self, event: Event<'_>) {
        if let Some(watch) = &self.watch {
            watch.tell(event);
        }
    }

    /// To be asked at least once per 65,536 rows of work.
    ///
    /// # Errors
    /// If the evaluation shall stop.
    pub fn check(&self) -> Result<(), Stop> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stop::Interrupted);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Stop::Timeout);
        }
        Ok(())
    }
}

/// Why an evaluation stopped before its end. Nothing of it is kept.
#[derive(Clone, PartialEq, Debug)]
pub enum Stop {
    /// A binding that satisfies all other literals has no value somewhere.
    Failed(Box<Failure>),
    /// A stratum reached the limit of rounds.
    Rounds {
        /// The limit.
        limit: u32,
        /// Relations that still grew in the last round, in id order.
        growing: Vec<RelationId>,
    },
    /// A relation has as many tuples as ids allow: 2^32 − 2.
    Full {
        /// The relation.
        relation: RelationId,
    },
    /// The deadline passed.
    Timeout,
    /// The stop flag was set.
    Interrupted,
}

/// The canonically first failing binding of the first round that has one: by rule, then by the
/// values of the variables in id order.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// The rule.
    pub rule: RuleId,
    /// The expression that has no value, as written.
    pub span: Span,
    /// Why.
    pub error: EvalError,
    /// Named variables that have a value in this binding, in id order, with their values; inside an
    /// aggregate also those of the first binding of its body that fails.
    pub binding: Vec<(String, Value)>,
    /// Failing bindings of this round, over all rules.
    pub count: usize,
}
