//! Layer 2: what a column can hold.

mod arena;
pub mod base_type;
pub mod codes;
pub mod symbols;
pub mod value;
