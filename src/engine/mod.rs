//! Layer 7: storage, kernels, fixpoint.

pub mod facts;
pub mod kernels;
pub mod limits;
pub mod naive;
pub mod storage;
pub mod tables;
