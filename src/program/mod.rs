//! Layer 4: trees to a [`Program`](program::Program): resolved, typed, normal.

mod aggregate;
pub mod builtins;
mod patterns;
pub mod program;
mod range;
mod scalar;
