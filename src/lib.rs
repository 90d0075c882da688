//! hence derives conclusions from sourced claims and shows, for every conclusion, why it holds:
//! which rules, which claims, which words in which document.
//!
//! ```text
//! documents ── an extractor ──► claims.jsonl ─┐
//!                               R.facts ──────┼─► relations ── rules (.dl) ──► conclusions ──► why
//!                               facts in .dl ─┘
//! ```
//!
//! # The map
//!
//! The folders of `src` are layers. A layer uses only those above it in this list; a test holds
//! that, and it holds the list itself.
//!
//! | layer | what it is | start reading at |
//! |---|---|---|
//! | [`base`] | ids, tables, hash maps; knows nothing of Datalog | `ids.rs` |
//! | [`text`] | texts, spans, diagnostics and how they are shown | `diagnostic.rs` |
//! | [`value`] | cells: numbers, floats, symbols; their codes | `value.rs` |
//! | [`syntax`] | text to tree, and back | `ast.rs` |
//! | [`program`] | names, types, normal rules; the table of builtins | `program.rs` |
//! | [`analysis`] | crepe decides what is true of the program; strata | `rules.rs` |
//! | [`plan`] | pipelines, join orders, column orders | `ir.rs` |
//! | [`engine`] | input, storage, kernels, fixpoint; and the specification, `naive` | `tables.rs` |
//! | [`io`] | fact files in, sorted files out | `delimited.rs` |
//! | [`provenance`] | proofs: search, cost, independent checker | `proof.rs` |
//! | [`claims`] | the claims record, its checks, the relations it fills | `record.rs` |
//! | [`session`] | the one API: load, run, ask, explain | `session.rs` |
//! | [`show`] | answers and proofs as text and JSON | `tree.rs` |
//! | [`testing`] | test files of rules: cases, expectations, snapshots | `file.rs` |
//! | [`verify`] | checks certificates; imports nothing of hence | `verifier.rs` |
//! | `lsp` | a language server: editors judge rule files while they are written (feature `lsp`) | `workspace.rs` |
//! | `cli` | processes and terminals, the prompt (feature `cli`) | `args.rs` |
//!
//! | to change … | look in |
//! |---|---|
//! | what the language accepts | `syntax/parser*.rs`, then `program/` |
//! | a functor or operator | `program/builtins.rs` and the files it names |
//! | a message | its code in `text/codes.rs`, the place that makes it by that code |
//! | how a rule is evaluated | `plan/build.rs`, `engine/` |
//! | what evaluation means | `engine/naive/`: the other engine must agree with it |
//! | which proof is shown | `provenance/` |
//! | how a proof reads | `show/`, and the `say`, `absent` and `caution` lines of the rules |
//! | what a claim may hold | `claims/record.rs`, `claims/` |
//! | what a test file may say | `testing/directive.rs`, `testing/expect.rs` |
//! | what "corroborated" means | `rules/corroboration.dl`: domain knowledge is rules, not Rust |
//!
//! # What always holds
//!
//! - Parsing, resolving and analysis never fail: they return the best result and a list of
//!   diagnostics; only an error among them stops a run.
//! - Within a round no rule sees a tuple of that round. So a tuple's round is the same in both
//!   engines, with any number of workers.
//! - Nothing wraps, nothing is dropped unseen: arithmetic is checked, bad rows are counted, limits
//!   stop with a reason.
//! - The explainer reads the resolved program and the tuples, never the plan; the checker of
//!   proofs shares nothing with the search for them.
//! - The engine knows codes and ids; claims, documents and spans stop above it.
//! - Answers, proofs, messages and files are the same for any order of the input, any number of
//!   workers and both engines. No hash order and no clock reaches them.
//!
//! # The path of one rule
//!
//! `reach(x, z) :- reach(x, y), edge(y, z), !closed(z).`
//!
//! 1. [`syntax::parser::parse`] gives an [`ast::Rule`](syntax::ast::Rule): names, spans.
//! 2. `program::build` resolves names and types and makes it normal: a
//!    [`Rule`](program::program::Rule) with ids for names, one head, a conjunction.
//! 3. [`analysis::analysis::analyse`] finds its stratum and that its first literal is recursive.
//! 4. `plan` makes a pipeline for the delta of `reach`: scan the new tuples, look up `edge`, drop
//!    what `closed` has, emit.
//! 5. `engine` runs the stratum in rounds until nothing new comes.
//! 6. `provenance` goes back from a tuple through the rule, binds its variables, and proves each
//!    premise in turn; `show` prints the written rule with its values.
//!
//! # The path of one claim
//!
//! One line of `claims.jsonl` with its quote is checked against the document (`claims`), becomes
//! rows of narrow relations whose first column is the claim's id, and one leaf that all these rows
//! share; rules join the rows; a proof ends in the leaf, which prints source, document, line and
//! the quoted words.

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
pub mod testing;
pub mod verify;
#[cfg(feature = "lsp")]
pub mod lsp;
#[cfg(feature = "cli")]
pub mod cli;
