//! Layer 14: checks certificates. Imports nothing of the crate: what it accepts does not rest on
//! any other code of hence. Begin with `verifier.rs`.

pub mod verifier;

mod builtins;
mod form;
mod search;
mod value;
