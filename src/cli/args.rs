//! What can be typed after `hence`. Only what works is here.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::cert_args::{CERT_HELP, Cert, VERIFY_HELP, Verify};
#[cfg(feature = "lsp")]
use crate::cli::check_args::Lsp;
use crate::cli::check_args::{CHECK_HELP, Check, FMT_HELP, Fmt};
use crate::cli::packaging::{Completions, Man};
use crate::cli::test_args::{TEST_HELP, Test};
use crate::engine::profile::Recorder;
use crate::show::answer::Format;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// The command line.
#[derive(Parser, Debug)]
#[command(
    name = "hence",
    version,
    about = "Derives conclusions from sourced claims and shows why each holds",
    after_help = EXIT_CODES,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
`hence PROG.dl …` is `hence run PROG.dl …`.

What options do not say HENCE_FACTS, HENCE_INCLUDE, HENCE_FORMAT, HENCE_COLOR, HENCE_TIMEOUT,
HENCE_JOBS and HENCE_BAD_ROWS do, then the keys facts, include, format, color, timeout, jobs and
bad-rows of hence.toml in this folder or the nearest above.

Exit codes: 0 done; 1 the verdict is negative (check, test, why, diff, query -e, …); \
2 cannot run: usage, program or input in error; 3 evaluation error; 4 limit reached; \
70 a bug in hence; 130 interrupted, 143 by SIGTERM, 129 by SIGHUP.";

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Derives everything and writes the .output relations
    Run(Run),
    /// Answers a question: BODY is what would stand after `:-`
    Query(Query),
    /// Shows why a conclusion holds
    Why(Why),
    /// Shows why a tuple is no conclusion, and what would make it one
    Whynot(Whynot),
    /// Shows what would be different without some claims, or with other facts
    #[command(name = "whatif")]
    WhatIf(WhatIf),
    /// Shows which sources, or claims, are enough for a conclusion, and which it needs
    Support(Support),
    /// Shows who says what the conclusions rest on
    Sources(Sources),
    /// Shows what changes without each source
    Sensitivity(Sensitivity),
    /// Shows which claims and rules no conclusion used
    Unused(Unused),
    /// Compares the outputs of two runs, and what went into them
    Diff(Diff),
    /// Shows which claims cannot both be right, and what rests on each
    Conflicts(Conflicts),
    /// Writes a certificate: conclusions with all that shows them, for `hence verify`
    #[command(after_help = CERT_HELP)]
    Cert(Cert),
    /// Checks a certificate with a program of its own
    #[command(after_help = VERIFY_HELP)]
    Verify(Verify),
    /// Makes a folder to begin with: a document, its claims, rules and their test
    New(New),
    /// Asks questions at a prompt
    Repl(Repl),
    /// Runs the tests of rule files: NAME.test.dl beside NAME.dl
    #[command(after_help = TEST_HELP)]
    Test(Test),
    /// Checks rule files, claims files and folders of them, and derives nothing
    #[command(after_help = CHECK_HELP)]
    Check(Check),
    /// Lays rule files out: one style, comments kept
    #[command(after_help = FMT_HELP)]
    Fmt(Fmt),
    /// Shows how rules are evaluated: strata, and for each rule its steps
    Plan(Plan),
    /// Shows which relations a relation is made of, or all strata; also for Graphviz
    Graph(Graph),
    /// Prints the JSON Schema of what hence reads and prints
    Schema(Schema),
    /// Lists the modules of the rule library, or writes them into a folder
    Rules(Rules),
    /// Serves an editor: messages while rules are written, completion, renaming
    #[cfg(feature = "lsp")]
    Lsp(Lsp),
    /// Explains a message code, or lists them
    Explain(Explain),
    /// Prints what completes hence in a shell
    Completions(Completions),
    /// Prints the manual, or writes its pages into a folder
    Man(Man),
}

/// Rule files, and where their input comes from.
#[derive(Args, Debug, Clone)]
pub struct Source {
    /// Rule files
    #[arg(value_name = "PROG.dl", required = true)]
    pub programs: Vec<PathBuf>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
}

/// Where input comes from and how it is read.
#[derive(Args, Debug, Clone)]
pub struct Input {
    /// Folder of R.facts files and a claims.jsonl, or a claims file; may be repeated [default: .]
    #[arg(short = 'F', long = "facts", value_name = "PATH")]
    pub facts: Vec<PathBuf>,
    /// Folder in which .include looks; may be repeated
    #[arg(short = 'I', long = "include", value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// What to do about bad rows of fact files
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    pub bad_rows: BadRowsArg,
    /// Takes a missing input file as one without rows
    #[arg(long)]
    pub allow_missing: bool,
    /// How claims are read.
    #[command(flatten)]
    pub claims: Claims,
    /// How to evaluate.
    #[command(flatten)]
    pub evaluation: Evaluation,
    /// How messages are printed.
    #[command(flatten)]
    pub messages: Messages,
}

/// How claims are read.
#[derive(Args, Debug, Clone, Copy)]
pub struct Claims {
    /// Drops claims records with errors and what rests on them, lists every drop, and declares
    /// sources and entities by their use
    #[arg(long)]
    pub lenient: bool,
    /// What to do about quotes whose document has no text
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    pub ungrounded: UngroundedArg,
    /// Reads documents outside of the folder of their claims file
    #[arg(long)]
    pub allow_outside: bool,
}

/// How to evaluate.
#[derive(Args, Debug, Clone)]
pub struct Evaluation {
    /// Worker threads, or auto; the result does not depend on it
    #[arg(short = 'j', long = "jobs", value_name = "N", default_value = "auto", value_parser = jobs)]
    pub jobs: usize,
    /// Which engine evaluates
    #[arg(long, value_name = "NAME", default_value = "native")]
    pub engine: EngineArg,
    /// Rounds of a recursion before it is taken for endless; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub max_rounds: u32,
    /// Stops after this time, for example 30s, 5m, 500ms [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
}

/// How messages are printed.
#[derive(Args, Debug, Clone, Copy)]
pub struct Messages {
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorArg,
    /// How messages are printed
    #[arg(long, value_name = "FORM", default_value = "full")]
    pub message_format: MessageFormat,
}

impl Default for Messages {
    fn default() -> Self {
        Self { color: ColorArg::Auto, message_format: MessageFormat::Full }
    }
}

/// `hence run`
#[derive(Args, Debug, Clone)]
pub struct Run {
    /// Rule files and input.
    #[command(flatten)]
    pub source: Source,
    /// Folder for the .output relations, or - for standard output [default: this folder]
    #[arg(short = 'D', long = "output", value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Explains the tuples of these relations, or of all that are written, in why.jsonl beside
    /// the outputs: one proof a line
    #[arg(long, value_name = "all|R,…", value_delimiter = ',')]
    pub why: Vec<String>,
    /// Tells on standard error what each rule cost: time, rounds, rows tried, tuples kept; or writes
    /// it into a file, as JSON
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub profile: Option<Option<PathBuf>>,
    /// Who takes it down.
    #[arg(skip)]
    pub recorder: Option<Arc<Recorder>>,
    /// What it tells of itself.
    #[command(flatten)]
    pub told: Told,
    /// Prints no warnings and no summary
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Prints a summary even if standard error is no terminal
    #[arg(short, long)]
    pub verbose: bool,
}

/// What a run tells of itself.
#[derive(Args, Debug, Clone)]
pub struct Told {
    /// Writes a line to standard error for each stratum that is complete
    #[arg(long)]
    pub log: bool,
    /// Writes what happens in the run to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Writes figures of the run to this file at its end, in the text format of Prometheus
    #[arg(long, value_name = "FILE.prom")]
    pub metrics: Option<PathBuf>,
}

/// `hence query`
#[derive(Args, Debug, Clone)]
pub struct Query {
    /// Rule files, then the question
    #[arg(value_name = "PROG.dl… BODY", required = true, num_args = 1..)]
    pub programs_and_body: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// Exits with 1 if there is no answer
    #[arg(short = 'e', long)]
    pub exit_status: bool,
    /// Adds to each answer the weakest modality and the strictest marking that its best proof rests
    /// on; the question is one atom
    #[arg(long)]
    pub status: bool,
    /// How answers are printed
    #[arg(long, value_name = "FORM", default_value = "table")]
    pub format: Format,
}

/// `hence why`
#[derive(Args, Debug, Clone)]
pub struct Why {
    /// Rule files, then the atom
    #[arg(value_name = "PROG.dl… ATOM", required = true, num_args = 1..)]
    pub programs_and_atom: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// How the proof is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: WhyFormat,
    /// Folder for the files of --format facts [default: facts go to standard output]
    #[arg(short = 'D', long = "output", value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Which proof and how much of it.
    #[command(flatten)]
    pub proof: ProofArgs,
}

/// Which proof is shown, and how much of it.
#[derive(Args, Debug, Clone, Default)]
pub struct ProofArgs {
    /// What the proof shown has least of
    #[arg(long, value_name = "WHAT")]
    pub by: Option<ByArg>,
    /// Lists all proofs
    #[arg(long, conflicts_with = "top")]
    pub all: bool,
    /// Lists the best N proofs
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Shows what two proofs of the list of --top have not in common, by their numbers
    #[arg(long, value_names = ["N", "M"], num_args = 2, conflicts_with_all = ["all", "top"])]
    pub diff: Vec<usize>,
    /// Opens no step that has N steps above it
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,
    /// Opens what is hidden, opaque or too deep: a relation, a rule, or #N for a step; may be
    /// repeated
    #[arg(long, value_name = "WHAT")]
    pub expand: Vec<String>,
    /// Shows every step, also those that only lead to what is added up
    #[arg(long)]
    pub full: bool,
    /// Ways to derive the tuples below, beside the first of each, that are looked at for the best
    /// proof [default: 500]
    #[arg(long, value_name = "N")]
    pub budget: Option<usize>,
    /// Rows of a sum, count or mean that are listed; the others are counted [default: 1000]
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
}

/// `--by`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByArg {
    /// Assumptions, then sources, claims, height
    Assumptions,
    /// Sources of claims
    Sources,
    /// Claims
    Claims,
    /// Steps on the longest way down
    Height,
    /// Independence groups of claims, by `root_group`
    Groups,
}

/// `hence whynot`
#[derive(Args, Debug, Clone)]
pub struct Whynot {
    /// Rule files, then the atom
    #[arg(value_name = "PROG.dl… ATOM", required = true, num_args = 1..)]
    pub programs_and_atom: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// How the answer is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ProofFormat,
    /// How the search goes on.
    #[command(flatten)]
    pub search: Search,
}

/// How far a search for near misses goes; at the prompt too.
#[derive(Parser, Debug, Clone, Copy)]
#[command(no_binary_name = true)]
pub struct Search {
    /// Asks of what is missing in turn why it is not there, so many steps down
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub depth: usize,
    /// Near misses that are shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub top: usize,
    /// Shows near misses that are further off than others of their rule too
    #[arg(long)]
    pub all: bool,
}

/// `hence whatif`
#[derive(Args, Debug, Clone)]
pub struct WhatIf {
    /// Rule files, then relations or atoms to look at [default: all outputs]
    #[arg(value_name = "PROG.dl… REL|ATOM", required = true, num_args = 1..)]
    pub programs_and_relations: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// Withdraws a claim, or all claims of a source or a document; may be repeated
    #[arg(long, value_name = "NAME")]
    pub without: Vec<String>,
    /// Takes rows out of the input; may be repeated
    #[arg(long, value_name = "ATOM")]
    pub retract: Vec<String>,
    /// Adds a row; may be repeated
    #[arg(long, value_name = "FACT")]
    pub assume: Vec<String>,
    /// How the difference is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ProofFormat,
}

/// `hence unused`
#[derive(Args, Debug, Clone)]
pub struct Unused {
    /// Rule files, then relations whose rows are the conclusions [default: all outputs]
    #[arg(value_name = "PROG.dl… REL", required = true, num_args = 1..)]
    pub programs_and_relations: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// How it is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ProofFormat,
}

/// `hence diff`
#[derive(Args, Debug, Clone)]
pub struct Diff {
    /// A folder that `hence run -D` has written
    #[arg(value_name = "RUN1")]
    pub old: PathBuf,
    /// A folder that a later run has written
    #[arg(value_name = "RUN2")]
    pub new: PathBuf,
    /// Relations or atoms to look at [default: all outputs]
    #[arg(value_name = "REL|ATOM")]
    pub relations: Vec<String>,
    /// A file as a run read it, if it is elsewhere now; may be repeated
    #[arg(long, value_name = "FILE")]
    pub was: Vec<PathBuf>,
    /// How the difference is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ProofFormat,
    /// How messages are printed.
    #[command(flatten)]
    pub messages: Messages,
}

/// `hence conflicts`
#[derive(Args, Debug, Clone)]
pub struct Conflicts {
    /// Rule files, then relations or atoms to look at [default: all marked //@ conflict]
    #[arg(value_name = "PROG.dl… REL|ATOM", required = true, num_args = 1..)]
    pub programs_and_relations: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// Shows the proof of every conflict
    #[arg(long)]
    pub proofs: bool,
    /// How conflicts are printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ProofFormat,
}

/// `hence repl`
#[derive(Args, Debug, Clone)]
pub struct Repl {
    /// Rule files
    #[arg(value_name = "PROG.dl")]
    pub programs: Vec<PathBuf>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// How answers are printed
    #[arg(long, value_name = "FORM", default_value = "table")]
    pub format: Format,
    /// Goes on after a statement that fails, when standard input is no terminal
    #[arg(long)]
    pub no_bail: bool,
    /// Lets statements start other programs (.shell, .to '|…'), when standard input is no terminal
    #[arg(long)]
    pub shell: bool,
}

/// `hence plan`
#[derive(Args, Debug, Clone)]
pub struct Plan {
    /// Rule files
    #[arg(value_name = "PROG.dl", required = true)]
    pub programs: Vec<PathBuf>,
    /// Where input comes from; without -F the sizes of inputs are guessed.
    #[command(flatten)]
    pub input: Input,
}

/// `hence graph`
#[derive(Args, Debug, Clone)]
pub struct Graph {
    /// Rule files, then the relation whose parts are shown [default: all]
    #[arg(value_name = "PROG.dl… REL", required = true, num_args = 1..)]
    pub programs_and_relation: Vec<String>,
    /// Where rule files are looked for; no input is read.
    #[command(flatten)]
    pub input: Input,
    /// How it is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: GraphFormat,
}

/// `graph --format`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum GraphFormat {
    /// A tree of one relation, or the strata
    Text,
    /// The language of Graphviz
    Dot,
}

/// `hence schema`
#[derive(Args, Debug, Clone, Copy)]
pub struct Schema {
    /// Of what
    #[arg(value_name = "WHAT")]
    pub what: SchemaArg,
}

/// What has a schema.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SchemaArg {
    /// A line of a claims file
    Claims,
    /// An answer: `query --format json`
    Rows,
    /// A proof: `why --format json`, and a line of why.jsonl
    Proof,
    /// `whynot --format json`
    Whynot,
    /// `support --format json`
    Support,
    /// `sources --format json`
    Sources,
    /// `sensitivity --format json`
    Sensitivity,
    /// `unused --format json`
    Unused,
    /// `conflicts --format json`
    Conflicts,
    /// A difference: `whatif` and `diff --format json`
    Diff,
    /// `check --format json`
    Check,
    /// `test --format json` and `jsonl`, and `--coverage json`
    Test,
    /// hence-run.json
    Run,
    /// What each rule cost: `run --profile=FILE`
    Profile,
    /// A line of a certificate
    Cert,
    /// A message: a line of `--message-format json`
    Message,
    /// What is no message of a code: another line of `--message-format json`
    Note,
    /// What stands in the place of an answer when there is none
    Error,
}

/// `hence rules`
#[derive(Args, Debug, Clone)]
pub struct Rules {
    /// Where to write them
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// `hence new`
#[derive(Args, Debug, Clone)]
pub struct New {
    /// The folder, which is not there yet or empty
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `hence explain`
#[derive(Args, Debug, Clone)]
pub struct Explain {
    /// A code, for example H0101 [default: lists all]
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// `hence support`
#[derive(Args, Debug, Clone)]
pub struct Support {
    /// Rule files, then the atom
    #[arg(value_name = "PROG.dl… ATOM", required = true, num_args = 1..)]
    pub programs_and_atom: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// Lists sets of claims and assumptions instead of sources
    #[arg(long)]
    pub claims: bool,
    /// Lists all sets
    #[arg(long)]
    pub full: bool,
    /// How the answer is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ProofFormat,
}

/// `hence sources`
#[derive(Args, Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct Sources {
    /// Rule files, then an atom: who says what this conclusion rests on; or relations
    #[arg(value_name = "PROG.dl… [ATOM | RELATION…]", required = true, num_args = 1..)]
    pub programs_and_more: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// Lists conclusions that do not survive the failure of one origin: of the relations that are
    /// written out, or of those named
    #[arg(long, conflicts_with_all = ["echo", "necessary"])]
    pub fragile: bool,
    /// Lists for every conclusion the sources that all its proofs have in common: of the relations
    /// that are written out, or of those named
    #[arg(long)]
    pub necessary: bool,
    /// Lists claims that only repeat another source, and so count once: reads the relations
    /// origin(claim, source), root(claim, source) and basis(claim, claim) of the program
    #[arg(long, conflicts_with = "necessary")]
    pub echo: bool,
    /// Lists everything
    #[arg(long)]
    pub full: bool,
    /// How the answer is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ProofFormat,
}

/// `hence sensitivity`
#[derive(Args, Debug, Clone)]
pub struct Sensitivity {
    /// Rule files, then the relations to compare [default: those that are written out]
    #[arg(value_name = "PROG.dl… [RELATION…]", required = true, num_args = 1..)]
    pub programs_and_relations: Vec<String>,
    /// Where input comes from.
    #[command(flatten)]
    pub input: Input,
    /// Lists everything
    #[arg(long)]
    pub full: bool,
    /// How the answer is printed
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: ProofFormat,
}

/// `--bad-rows`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadRowsArg {
    /// They are errors
    Stop,
    /// They are left out and counted
    Skip,
}

/// `--engine`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum EngineArg {
    /// The specification: slow
    Naive,
    /// The fast one
    Native,
}

/// `--color`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorArg {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `--message-format`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageFormat {
    /// With the lines concerned
    Full,
    /// One line each
    Concise,
    /// One JSON object a line
    Json,
}

/// `--format` of why
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyFormat {
    /// A tree
    Text,
    /// One JSON document
    Json,
    /// Facts for rules that include proofs.dl
    Facts,
}

/// `--format` of proofs
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProofFormat {
    /// A tree
    Text,
    /// One JSON document
    Json,
}

/// `--ungrounded`
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum UngroundedArg {
    /// They are errors
    Refuse,
    /// They are kept and marked in every proof
    Keep,
}

/// Rule files and what comes after them. An option may stand before the last one, so the parser
/// cannot count them.
///
/// # Errors
/// If there is only one argument.
pub fn last_apart<'a>(
    all: &'a [String],
    what: &str,
) -> Result<(&'a str, Vec<PathBuf>), Box<Diagnostic>> {
    match all.split_last() {
        Some((last, programs)) if !programs.is_empty() => {
            Ok((last, programs.iter().map(PathBuf::from).collect()))
        }
        _ => Err(Box::new(
            Diagnostic::new(Code::H0701, format!("{what} or its rule file is missing"))
                .help(format!("give a rule file and then {what}")),
        )),
    }
}

pub(super) fn jobs(text: &str) -> Result<usize, String> {
    if text == "auto" {
        return Ok(available_parallelism().map_or(1, usize::from));
    }
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("a number from 1, or auto".to_owned()),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(number.len());
    let number: f64 = number.parse().map_err(|_| "a time like 30s, 5m or 500ms".to_owned())?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err("units are ms, s, m, h".to_owned()),
    };
    if seconds.is_nan() || seconds <= 0.0 {
        return Err("a time above 0; without --timeout there is no limit".to_owned());
    }
    // Longer than the clock can say is no limit.
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}
