//! What can be typed after `hence test`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::args::{Messages, duration, jobs};

/// What a test file is.
pub const TEST_HELP: &str = "\
NAME.test.dl beside NAME.dl holds cases in the rule language; directives are comments:

  //@ facts \"fixtures/seed\"              input of the cases: a folder, a claims file, or none
  //@ test \"the name of a case\"          what follows belongs to it, up to the next one
  //@ skip \"why it cannot run yet\"       without claim ID, source ID, document ID, fact p(1, _)
  //@ assume p(\"a\", 1)                   tolerance 1e-9 for floats
  //@ expect p(\"a\", _)                   none ATOM, count ATOM = 3, changed|gained|lost ATOM,
                                         sources|claims ATOM = {a, b}, supports ATOM = {{a}, {b, c}}
                                         (>= for at least), uses RULE why ATOM, conflict A B,
                                         error CODE \"text\", warn CODE
  /*@ expect p(x, n) where x < \"c\"       exactly these rows, below the names of the columns
  x  n
  a  1
  */
  //@ snapshot why p(\"a\", _)             or whynot ATOM, REL REL…, diff, check, plan RULE: kept in
                                         snapshots/, and compared

CI and INSTA_UPDATE (auto, new, always, no, unseen) mean what they mean to insta: with CI=true
nothing is written.

Exit codes: 0 all pass; 1 a case fails, cannot run or is pending; 2 a test file cannot be read, or
there is none, or no case of that name.";

/// `hence test`
#[derive(Args, Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct Test {
    /// Folders, test files, rule files; behind a file and two colons the name of a case, with * and
    /// ? for any characters [default: rules and tests, or this folder]
    #[arg(value_name = "PATH[::NAME]")]
    pub paths: Vec<String>,
    /// Runs cases whose name has this in it
    #[arg(short = 'k', long = "name", value_name = "TEXT")]
    pub part: Option<String>,
    /// Runs the cases that did not pass last time
    #[arg(long)]
    pub failed: bool,
    /// Runs the files that did not pass whole since what they rest on has changed: their text, the
    /// rules, input and snapshots. The first time these are all
    #[arg(long)]
    pub changed: bool,
    /// Runs each case so often; it must come to the same each time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = times)]
    pub repeat: usize,
    /// Runs the cases in another order each further time
    #[arg(long, requires = "repeat")]
    pub shuffle: bool,
    /// Runs the N-th of M shares of the cases
    #[arg(long, value_name = "N/M", value_parser = share)]
    pub shard: Option<(usize, usize)>,
    /// Begins no further case after one that fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Takes it as well if there is no test file
    #[arg(long)]
    pub allow_empty: bool,
    /// Takes what differs: writes snapshots, and tables in test files, anew
    #[arg(long, conflicts_with_all = ["check", "reject", "pending"])]
    pub accept: bool,
    /// Asks of each snapshot and table that is pending whether to take it, and runs nothing
    #[arg(long, conflicts_with_all = ["check", "accept", "reject", "pending"])]
    pub review: bool,
    /// Removes what is pending, and runs nothing
    #[arg(long, conflicts_with_all = ["check", "pending"])]
    pub reject: bool,
    /// Lists what is pending, and runs nothing
    #[arg(long)]
    pub pending: bool,
    /// Writes nothing
    #[arg(long)]
    pub check: bool,
    /// What to do about snapshots that no case keeps
    #[arg(long, value_name = "WHAT")]
    pub unreferenced: Option<UnreferencedArg>,
    /// How results are printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: TestFormat,
    /// Writes the results as XML in the form of `JUnit` into a file as well
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Writes what would be printed into a file; with a coverage for machines, that one, and the
    /// results are printed
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Shows which rules gave nothing, which conditions never made a difference, and which claims
    /// no conclusion used
    #[arg(long, value_name = "FORM", num_args = 0..=1, default_missing_value = "text")]
    pub coverage: Option<CoverageFormat>,
    /// Fails if fewer rules and conditions, in per cent, are covered
    #[arg(long, value_name = "PERCENT")]
    pub min_coverage: Option<f64>,
    /// Runs the cases again whenever a file changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Folder in which .include looks; may be repeated
    #[arg(short = 'I', long = "include", value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// Cases that run at a time, or auto
    #[arg(short = 'j', long = "jobs", value_name = "N", default_value = "auto", value_parser = jobs)]
    pub jobs: usize,
    /// Which engine evaluates
    #[arg(long, value_name = "NAME", default_value = "native")]
    pub engine: TestEngine,
    /// Stops the evaluation of a case after this time
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub timeout: Duration,
    /// How messages are printed.
    #[command(flatten)]
    pub messages: Messages,
}

/// `--format`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum TestFormat {
    /// For a person
    Text,
    /// One document
    Json,
    /// A line for each case
    Jsonl,
    /// XML as build servers read it
    Junit,
    /// Notes at lines, as GitHub shows them
    Github,
}

/// `--coverage`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CoverageFormat {
    /// For a person
    Text,
    /// Lines that were hit, as editors show them
    Lcov,
    /// A page with the lines of the rules
    Html,
    /// One document
    Json,
}

/// `--engine`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum TestEngine {
    /// The specification: slow
    Naive,
    /// The fast one
    Native,
    /// Both: each case must come to the same tuples in the same rounds
    Compare,
}

/// `--unreferenced`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnreferencedArg {
    /// Lists them
    Warn,
    /// Removes them
    Delete,
}

fn times(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "a number from 1".to_owned())
}

fn share(text: &str) -> Result<(usize, usize), String> {
    let parsed = text.split_once('/').and_then(|(n, m)| Some((n.parse().ok()?, m.parse().ok()?)));
    match parsed {
        Some((n, m)) if n >= 1 && n <= m => Ok((n, m)),
        _ => Err("a share like 2/4: the second of four".to_owned()),
    }
}
