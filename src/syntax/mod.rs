//! Layer 3: text to tree, and back.

pub mod ast;
