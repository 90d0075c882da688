//! The layout of a text says what the text says: the same tree with the same annotations, the same
//! comments in the same order. Laid out again it stays as it is.

use arbtest::arbitrary::{Result, Unstructured};
use hence::base::ids::{FileId, Id};
use hence::syntax::ast::Program;
use hence::syntax::format::{Unformatted, format};
use hence::syntax::lexer::lex;
use hence::syntax::parser::parse;
use hence::syntax::token::Kind;

use crate::corpus::{PROGRAMS, SAMPLE};
use crate::driver::{OnPanic, fuzz};
use crate::mutate::mutated;

const FILE: fn() -> FileId = || FileId::new(0);

#[test]
fn fuzz_format() {
    let mut laid_out = 0;
    let cases = fuzz("fuzz_format", |u| {
        let program = u.choose(&PROGRAMS)?;
        let text = if u.ratio(1, 4)? { mutated(program, u)? } else { mangled(program, u)? };
        let _input = OnPanic(|| eprintln!("the text\n{text}"));
        laid_out += usize::from(is_kept(&text));
        Ok(())
    });
    if cases > 300 {
        assert!(laid_out * 4 > cases, "{laid_out} of {cases}");
    }
}

#[test]
fn every_program_of_the_repository_is_kept() {
    let laid_out = PROGRAMS.iter().filter(|text| is_kept(text)).count();
    assert!(laid_out * 10 > PROGRAMS.len() * 8, "{laid_out} of {}", PROGRAMS.len());
}

#[test]
fn the_sample_is_kept() {
    assert!(is_kept(SAMPLE));
}

/// Lays a text out and compares. Returns whether it can be laid out.
fn is_kept(text: &str) -> bool {
    let written = match format(text, FILE()) {
        Ok(written) => written,
        Err(Unformatted::Mistakes(_)) => return false,
        Err(Unformatted::Changed(what)) => panic!("{what}"),
    };
    let _output = OnPanic(|| eprintln!("the layout\n{written}"));
    let (before, after) = (read(text), read(&written));
    assert!(before.0 == after.0, "another tree");
    assert_eq!(before.1, after.1, "other mistakes");
    assert_eq!(comments(text), comments(&written));
    let again = format(&written, FILE());
    assert_eq!(again.as_deref(), Ok(written.as_str()), "laid out twice");
    assert!(!written.contains(" \n") || text.contains(" \n"), "a blank at the end of a line");
    true
}

fn read(text: &str) -> (Program, usize) {
    let (program, found) = parse(text, FILE());
    (program, found.len())
}

fn comments(text: &str) -> Vec<String> {
    let comments = lex(text, FILE()).comments;
    comments.iter().map(|comment| text[comment.span.range()].trim_end().to_owned()).collect()
}

/// The same tokens with other blanks, line ends and comments between them.
fn mangled(text: &str, u: &mut Unstructured<'_>) -> Result<String> {
    let pieces = [
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n\n",
        " // behind\n",
        "\n// alone\n",
        "/* within */",
        "\n/* a\n  b */",
        "\n/* at the start */ ",
        " /* at the end */\n",
        "\r\n",
        "\n//@ name(\"x\")\n",
        "\n\n    // further\n\n",
    ];
    let often = u.int_in_range(1..=30)?;
    let lexed = lex(text, FILE());
    let mut out = String::new();
    let mut done = 0;
    let mut before = Kind::Dot;
    for token in &lexed.tokens {
        let gap = &text[done..token.span.start as usize];
        let is_tight = gap.is_empty() && (before == Kind::Dot || token.kind == Kind::Dot);
        if !is_tight && u.ratio(1, often)? {
            for _ in 0..u.int_in_range(1..=3)? {
                out.push_str(u.choose(&pieces)?);
            }
            out.push(' ');
        } else {
            out.push_str(gap);
        }
        out.push_str(&text[token.span.range()]);
        done = token.span.end as usize;
        before = token.kind;
    }
    Ok(out)
}
