//! The prompt: questions, commands, rules typed in.

pub mod about;
pub mod command;
pub mod complete;
pub mod editor;
pub mod layers;
pub mod piped;
pub mod proofs;
pub mod run;
pub mod shell;
