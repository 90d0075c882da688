//! Layer 14: processes and terminals. Standard output carries answers only; messages, prompts'
//! notes and summaries go to standard error.

pub mod answers;
pub mod args;
pub mod catalog;
pub mod cert;
pub mod cert_args;
pub mod check;
pub mod check_args;
pub mod children;
pub mod conflicts;
pub mod diff;
pub mod entry;
pub mod exit;
pub mod explain_all;
pub mod fix;
pub mod fmt;
pub mod messages;
pub mod new;
pub mod plan;
pub mod query;
pub mod repl;
pub mod rewrite;
pub mod review;
pub mod run;
pub mod run_file;
pub mod session;
pub mod support;
pub mod signals;
pub mod sink;
pub mod test;
pub mod test_args;
pub mod unused;
pub mod whatif;
pub mod why;
pub mod whynot;
