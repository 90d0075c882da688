//! What the evaluation of a session costs, measured by doing it once more.

use std::sync::Arc;

use crate::engine::profile::{Profile, Recorder};
use crate::session::evaluate;
use crate::session::options::{Engine, Options};
use crate::session::session::{Refused, Session, World};
use crate::session::stops;

impl Session {
    /// Derives everything once more from the input in memory, the layers included, and says what
    /// that cost. Nothing else changes.
    ///
    /// # Errors
    /// If the evaluation stops before its end.
    ///
    /// # Panics
    /// Before rule files are loaded.
    pub fn profile(&self) -> Result<Profile, Refused> {
        let recorder = Arc::new(Recorder::default());
        let options = Options { profile: Some(Arc::clone(&recorder)), ..self.options().clone() };
        let World { program, analysis, facts, .. } = self.world();
        let limits = options.limits();
        evaluate::run(Engine::Native, program, analysis, facts.clone(), &limits)
            .map_err(|stop| vec![stops::message(&stop, program, &options)])?;
        Ok(recorder.take())
    }
}
