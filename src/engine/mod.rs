//! Layer 7: storage, kernels, fixpoint.

pub mod facts;
pub mod limits;
pub mod naive;
pub mod tables;
