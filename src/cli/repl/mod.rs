//! The prompt: questions, commands, rules typed in.

pub mod about;
pub mod command;
pub mod complete;
pub mod cursor;
pub mod editor;
pub mod highlight;
pub mod layers;
pub mod open;
pub mod piped;
pub mod proofs;
pub mod record;
pub mod run;
pub mod settings;
pub mod shell;
