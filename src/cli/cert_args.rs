//! What can be typed after `hence cert` and `hence verify`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::Input;

/// What is in a certificate.
pub const CERT_HELP: &str = "\
A certificate is JSON Lines: a header with the hashes of all files, the program's relations, facts
and rules, then leaves, steps and aggregates, each of which rests only on earlier lines, and the
conclusions. At the level `model` it also has every tuple of the relations that the steps negate
or aggregate, and of all below them, so that absence and complete groups are verified; at the level
`proof` they are trusted.

The form `lean` is the ordered graph that the verified checker CertifyingDatalog reads (its option
-o), for rules of atoms alone. hence has not been run together with that checker.";

/// What is verified, and what is trusted.
pub const VERIFY_HELP: &str = "\
The checker, less than a thousand lines, shares no code with what derives and explains. It checks
every step by substitution, every operation and aggregate by computing it anew, that nothing rests
on itself, and at the level `model` that the relations negated or aggregated are closed under the
rules. With PROG.dl the rule files must have the hashes of the header and give the rules of the
certificate. With -F too, given as it was to `hence cert`, the input files must have the hashes of
the header, every leaf must stand in its file at its line, and at the level `model` no row of the
input may be missing.

Trusted is how hence reads: rule files into rules, fact files and claims into rows, quotes in their
documents. The parts that read them have no share in deriving; without PROG.dl and -F nothing is
read, and the rules and the leaves of the certificate are trusted as they stand.

Exit codes: 0 verified; 1 refused, with the line and the reason; 2 cannot be read.";

/// `hence cert`
#[derive(Args, Debug, Clone)]
pub struct Cert {
    /// Rule files, then atoms or relations [default: all output relations]
    #[arg(value_name = "PROG.dl… ATOM|REL…", required = true, num_args = 1..)]
    pub programs_and_goals: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// The file [default: standard output]
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What is shown, and what is trusted
    #[arg(long, value_name = "LEVEL", default_value = "model")]
    pub level: LevelArg,
    /// For which checker
    #[arg(long, value_name = "FORM", default_value = "jsonl")]
    pub format: CertFormat,
}

/// `hence verify`
#[derive(Args, Debug, Clone)]
pub struct Verify {
    /// The certificate
    #[arg(value_name = "FILE")]
    pub certificate: PathBuf,
    /// Rule files to compare with
    #[arg(value_name = "PROG.dl")]
    pub programs: Vec<PathBuf>,
    /// Where the input comes from that is compared with: as it was given to `hence cert`.
    #[command(flatten)]
    pub input: Input,
}

/// `--level` of certificates
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum LevelArg {
    /// Steps; absence and complete groups are trusted
    Proof,
    /// Also the relations that are negated or aggregated, in full
    Model,
}

/// `--format` of certificates
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CertFormat {
    /// For `hence verify`
    Jsonl,
    /// For the verified checker of Datalog proofs: positive rules only
    Lean,
}
