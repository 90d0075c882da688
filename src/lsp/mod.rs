//! Layer 15: a language server: rule files in an editor, judged while they are written.

pub mod actions;
pub mod builtins;
pub mod complete;
pub mod directives;
pub mod edits;
pub mod hover;
pub mod names;
pub mod places;
pub mod published;
pub mod server;
pub mod stdio;
pub mod symbols;
pub mod workspace;
