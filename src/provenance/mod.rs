//! Layer 10: why a tuple holds.

pub mod leaves;
pub mod proof;
