//! One binary for the tests that drive whole parts: command line, prompt, claims, random programs.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test reads files, prints what it saw and fails by panicking"
)]

mod broken_proofs;
mod certificates;
mod cheapest_proofs;
mod check;
mod claims;
mod claims_rows;
mod cli;
mod compiled;
mod complete;
mod config;
mod demo;
mod diff;
mod docs;
mod examples;
mod fmt;
mod generate;
#[cfg(target_os = "linux")]
mod killed;
mod graph;
mod limits;
mod mistakes;
#[cfg(feature = "lsp")]
mod lsp;
mod names;
mod near_misses;
mod oracles;
mod profile;
mod proof_forms;
mod proofs;
mod random;

mod repl;
mod rough;
mod scenarios;
mod schemas;
mod supports;
#[cfg(feature = "cli")]
mod testing;
#[cfg(target_os = "linux")]
mod terminal;
mod whatif;
