//! The prompt: questions, commands, rules typed in.

pub mod about;
pub mod command;
pub mod complete;
pub mod editor;
pub mod highlight;
pub mod inside;
pub mod layers;
pub mod open;
pub mod piped;
pub mod programs;
pub mod proofs;
pub mod record;
pub mod run;
pub mod save;
pub mod settings;
pub mod shell;
pub mod watch;
pub mod words;
