//! One door to the engines.

use crate::analysis::analysis::Analysis;
use crate::engine::facts::Facts;
use crate::engine::limits::{Limits, Stop};
use crate::engine::native::Form;
use crate::engine::tables::Tables;
use crate::engine::{naive, native};
use crate::program::program::Program;
use crate::session::options::Engine;

/// The relations of a finished evaluation.
pub type Database = Box<dyn Tables + Send + Sync>;

/// Evaluates a program over its input.
///
/// # Errors
/// If the evaluation stops before its end.
pub fn run(
    engine: Engine,
    program: &Program,
    analysis: &Analysis,
    facts: Facts,
    limits: &Limits,
) -> Result<Database, Stop> {
    match engine {
        Engine::Naive => Ok(Box::new(naive::run(program, analysis, facts, limits)?)),
        Engine::Native => Ok(Box::new(native::run(program, analysis, facts, limits)?)),
        Engine::Toy => Ok(Box::new(native::run_in(Form::Tree, program, analysis, facts, limits)?)),
    }
}
