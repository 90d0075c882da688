//! Layer 13: answers as text and JSON.

pub mod json;
pub mod safe;
pub mod tree;
pub mod words;
