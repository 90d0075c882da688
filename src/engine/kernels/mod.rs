//! Free functions over slices: the loops that an evaluation spends its time in.

pub mod compute;
pub mod hash;
pub mod memory;
pub mod select;
