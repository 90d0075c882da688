//! `.why` with its options: the same as those of `hence why`.

use clap::Parser;

use crate::cli::args::ProofArgs;
use crate::cli::exit::Exit;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// What follows `.why`.
#[derive(Parser, Debug)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    proof: ProofArgs,
}

/// Options that a value follows.
const WITH_VALUE: [&str; 6] = ["--by", "--top", "--depth", "--expand", "--budget", "--rows"];

/// The options, and what is to be explained: the text after them, or before them.
///
/// # Errors
/// If an option is wrong.
pub fn read(line: &str) -> Result<(ProofArgs, &str), Exit> {
    let mut options: Vec<&str> = Vec::new();
    let mut rest = line.trim();
    while rest.starts_with("--") {
        let word = take(&mut rest);
        options.push(word);
        if WITH_VALUE.contains(&word) {
            options.push(take(&mut rest));
        }
        if word == "--diff" {
            options.push(take(&mut rest));
            options.push(take(&mut rest));
        }
    }
    let line = Line::try_parse_from(&options).map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let text = first.trim_start_matches("error: ").to_owned();
        Exit::from(Diagnostic::new(Code::H0701, text).help("`.help why` lists the options"))
    })?;
    Ok((line.proof, rest))
}

/// Cuts a word, or a text in quotes of either kind, off the front.
fn take<'l>(rest: &mut &'l str) -> &'l str {
    let quoted = ['"', '\''].iter().find_map(|&quote| rest.strip_prefix(quote)?.split_once(quote));
    let (word, after) = match quoted {
        Some((quoted, after)) => (quoted, after),
        None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    *rest = after.trim_start();
    word
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
