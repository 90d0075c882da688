//! Layer 6: program and analysis to a plan.

pub mod build;
pub mod display;
pub mod estimate;
pub mod index;
pub mod ir;
pub mod order;
pub mod reduce;
pub mod search;
pub mod sizes;
