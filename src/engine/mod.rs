//! Layer 7: storage, kernels, fixpoint.

pub(crate) mod aggregate;
pub mod batch;
pub mod expr;
pub mod facts;
pub(crate) mod fixpoint;
pub mod kernels;
pub mod limits;
pub mod naive;
pub mod native;
pub(crate) mod pipeline;
pub mod profile;
pub(crate) mod reduce;
pub mod solve;
pub mod storage;
pub(crate) mod stores;
pub mod tables;
pub mod walk;
pub mod watch;
pub mod workers;
