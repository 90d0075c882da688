//! Layer 0: things that know nothing of Datalog.

pub mod hash;
pub mod ids;
pub mod nearest;
pub mod stack;
