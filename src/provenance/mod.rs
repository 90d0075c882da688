//! Layer 10: why a tuple holds.

mod choose;
pub mod leaves;
pub mod proof;
mod slice;
mod solve;
