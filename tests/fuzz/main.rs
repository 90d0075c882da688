//! Fuzz targets: random and mutated input that must do no harm.
//!
//! | target | what must hold |
//! |---|---|
//! | `fuzz_parser` | any text is read without a panic; places lie inside it |
//! | `fuzz_printer` | what is printed is read as the tree that was printed |
//! | `fuzz_format` | a layout has the tree, the annotations and the comments of its text, and is final |
//! | `fuzz_programs` | any program gives messages, or both engines say the same and prove it |
//! | `fuzz_claims` | any claims file gives rows or messages; a quote is what the document says |
//!
//! `cargo test` runs each for two seconds on fixed seeds. `HENCE_FUZZ_SECONDS=600` runs each for
//! that long on random ones; `HENCE_FUZZ_SEED=0x…` runs the one case that a failure has named.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test reads files and the environment, says what it saw and fails by panicking"
)]

mod claims;
mod corpus;
mod driver;
mod format;
#[path = "../it/generate.rs"]
mod generate;
mod mutate;
mod parser;
mod printer;
mod programs;
mod trees;
