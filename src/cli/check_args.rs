//! What can be typed after `hence fmt` and `hence check`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::Messages;

/// What a layout is.
pub const FMT_HELP: &str = "\
A statement starts a line. A rule of one or two literals is one line if it fits into 100 columns;
every other has a line for each literal. Comments, annotations and blank lines between groups stay,
and so does how numbers, strings and parentheses are written. A folder stands for all .dl files in
it and in its folders. A file that cannot be read is left as it is.

Exit codes: 0 done; 1 with --check or --diff a file is laid out otherwise; 2 a file cannot be read.";

/// `hence fmt`
#[derive(Args, Debug, Clone)]
pub struct Fmt {
    /// Rule files and folders of them; - for standard input, which goes to standard output
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Writes nothing and lists the files that would change
    #[arg(long)]
    pub check: bool,
    /// Writes nothing and shows what would change
    #[arg(long)]
    pub diff: bool,
    /// How messages are printed.
    #[command(flatten)]
    pub messages: Messages,
}
