//! The specification: evaluation as plainly as it can be said. It reads the resolved program, never
//! a plan, and shares with the native engine only values and the builtin table; whatever else
//! evaluates programs is tested against it.

mod body;
mod database;
mod fixpoint;

pub use database::Database;
pub use fixpoint::run;
