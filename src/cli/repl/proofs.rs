//! `.why` with its options: the same as those of `hence why`.

use clap::Parser;

use crate::cli::args::ProofArgs;
use crate::cli::exit::Exit;
use crate::cli::repl::command::Verb;
use crate::cli::repl::words;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// What follows `.why`.
#[derive(Parser, Debug)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    proof: ProofArgs,
}

/// The options, and what is to be explained: the text after them, or before them.
///
/// # Errors
/// If an option is wrong.
pub fn read(line: &str) -> Result<(ProofArgs, &str), Exit> {
    let (options, rest) = words::apart(Verb::Why, line);
    let line = Line::try_parse_from(&options).map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let text = first.trim_start_matches("error: ").to_owned();
        Exit::from(Diagnostic::new(Code::H0701, text).help("`.help why` lists the options"))
    })?;
    Ok((line.proof, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_before_the_atom() {
        let (args, rest) = read("--by height --expand \"a rule\" --full p(\"a --b\", 1)").unwrap();
        assert!(args.full && args.by.is_some());
        assert_eq!((args.expand, rest), (vec!["a rule".to_owned()], "p(\"a --b\", 1)"));
        assert_eq!(read("--depth 2 #4").unwrap().1, "#4");
        // As a proof writes it for the shell.
        assert_eq!(read("--expand '#4' p(x)").unwrap().0.expand, ["#4"]);
        assert_eq!(read("").unwrap().1, "");
        assert!(read("--nope p(x)").is_err());
        assert!(read("--top x p(x)").is_err());
    }
}
