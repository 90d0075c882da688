//! Layer 4: trees to a [`Program`](program::Program): resolved, typed, normal.

pub mod builtins;
pub mod program;
