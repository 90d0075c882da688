//! Layer 8: files to relations, and back.

pub mod delimited;
pub mod find;
mod folder;
pub mod input;
pub mod library;
pub mod map;
pub mod output;
mod shared;
pub mod sorted;
