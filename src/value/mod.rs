//! Layer 2: what a column can hold.

pub mod base_type;
pub mod codes;
pub mod symbols;
pub mod value;
