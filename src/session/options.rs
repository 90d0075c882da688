//! [`Options`]: what a caller decides about a session.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::claims::load as claims;
use crate::engine::limits::Limits;
use crate::engine::profile::Recorder;
use crate::engine::watch::Watch;
use crate::io::input::Settings;

/// Which engine evaluates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Engine {
    /// The specification: slow, and right by inspection.
    Naive,
    /// The fast one.
    #[default]
    Native,
    /// The fast one with relations as plain ordered sets: slow, for tests of the seam.
    Toy,
    /// The fast one, whose relations change their form from the first tuples on, for tests.
    Tiny,
}

/// What a caller decides.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folders in which `.include` looks, after that of the including file (`-I`).
    pub include: Vec<PathBuf>,
    /// Folders of fact files, and claims files (`-F`).
    pub facts: Vec<PathBuf>,
    /// What names them, for messages.
    pub facts_by: &'static str,
    /// Which engine evaluates.
    pub engine: Engine,
    /// How fact files are read.
    pub input: Settings,
    /// How claims are read.
    pub claims: claims::Options,

    /// Worker threads; the result does not depend on it.
    pub workers: usize,
    /// Rows of work that one worker does alone.
    pub alone: usize,
    /// Rounds of one stratum; nothing for no limit.
    pub rounds_max: Option<u32>,
    /// Time for one evaluation.
    pub timeout: Option<Duration>,
    /// Set from outside to stop what is running.
    pub stop: Arc<AtomicBool>,
    /// Who takes down what evaluations cost.
    pub profile: Option<Arc<Recorder>>,
    /// Who is told how far an evaluation is.
    pub watch: Option<Arc<dyn Watch>>,
}

impl Options {
    /// The limits of an evaluation that starts now.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            rounds_max: self.rounds_max,
            deadline: self.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            stop: Arc::clone(&self.stop),
            workers: self.workers,
            alone: self.alone,
            profile: self.profile.clone(),
            misjudge: None,
            watch: self.watch.clone(),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        let Limits { rounds_max, stop, workers, alone, .. } = Limits::default();
        Self {
            include: Vec::new(),
            facts: Vec::new(),
            facts_by: "-F",
            engine: Engine::default(),
            input: Settings::default(),
            claims: claims::Options::STRICT,
            workers,
            alone,
            rounds_max,
            timeout: None,
            stop,
            profile: None,
            watch: None,
        }
    }
}
