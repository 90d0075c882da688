//! Layer 1: texts, places in them, and how problems in them are shown.

pub mod codes;
pub mod diagnostic;
pub mod files;
pub mod hostile;
pub mod numbers;
pub mod render;
pub mod span;
pub(crate) mod wrap;
