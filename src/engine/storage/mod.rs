//! Where tuples are kept: one trait, several forms.

pub mod buckets;
pub mod form;
pub mod ids;
pub mod keys;
pub mod postings;
pub mod shards;
pub mod sort;
pub mod tree;

#[cfg(test)]
mod tests;
