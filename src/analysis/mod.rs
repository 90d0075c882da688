//! Layer 5: crepe decides what is true of the program.

pub mod analysis;
mod components;
pub mod keys;
mod reify;
mod report;
mod rules;
