//! Layer 5: crepe decides what is true of the program.

pub mod analysis;
mod components;
mod dropped;
pub mod keys;
mod mixtures;
mod products;
mod reify;
pub mod report;
mod rules;
mod tautologies;
