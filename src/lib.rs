//! hence derives conclusions from sourced claims and shows why each holds.

pub mod base;
pub mod text;
pub mod value;
pub mod syntax;
pub mod program;
pub mod analysis;
pub mod plan;
pub mod engine;
pub mod io;
pub mod provenance;
pub mod claims;
pub mod session;
pub mod show;
#[cfg(feature = "cli")]
pub mod cli;
