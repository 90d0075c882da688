//! Where tuples are kept: one trait, several forms.

pub mod adaptive;
pub mod arena;
pub mod buckets;
pub mod directory;
pub mod form;
pub mod ids;
pub mod keys;
pub mod lists;
pub mod members;
pub mod pairs;
pub mod postings;
pub mod shards;
pub mod sort;
pub mod ticks;
pub mod tree;

#[cfg(test)]
mod tests;
