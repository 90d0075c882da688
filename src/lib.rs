//! hence derives conclusions from sourced claims and shows why each holds.

pub mod analysis;
pub mod base;
pub mod claims;
#[cfg(feature = "cli")]
pub mod cli;
pub mod engine;
pub mod io;
pub mod plan;
pub mod program;
pub mod provenance;
pub mod session;
pub mod show;
pub mod syntax;
pub mod text;
pub mod value;
