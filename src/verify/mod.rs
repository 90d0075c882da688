//! Layer 13: checks certificates. Imports nothing of the crate: what it accepts does not rest on
//! any other code of hence. Begin with `verifier.rs`.

pub mod form;
pub mod inputs;
pub mod verifier;

mod builtins;
mod claims;
mod search;
mod value;
