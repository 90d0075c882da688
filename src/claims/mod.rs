//! Layer 11: who said what, where, how sure.

pub mod cell;
pub mod record;
pub mod relations;
