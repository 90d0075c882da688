//! Layer 5: crepe decides what is true of the program.

pub mod analysis;
mod components;
mod dropped;
pub mod keys;
mod reify;
mod report;
mod rules;
