//! No text makes the parser panic, loop or exhaust the stack, and what it says lies in the text.

use arbtest::arbitrary::{Result, Unstructured};

use hence::syntax::parser::{NESTING_MAX, parse, parse_question};
use hence::text::diagnostic::Diagnostic;
use hence::text::files::Files;
use hence::text::render::{RenderOptions, concise, json, render};

use crate::corpus::PROGRAMS;
use crate::driver::{OnPanic, fuzz};
use crate::mutate::{WORDS, mutated};

#[test]
fn fuzz_parser() {
    fuzz("fuzz_parser", |u| {
        let text = match u.int_in_range(0..=9)? {
            0 => u.arbitrary::<String>()?,
            1 | 2 => words(u)?,
            _ => {
                let program = u.choose(&PROGRAMS)?;
                mutated(program, u)?
            }
        };
        let _input = OnPanic(|| eprintln!("the text\n{text}"));
        survives(&text);
        Ok(())
    });
}

/// Words of the language in no order.
fn words(u: &mut Unstructured<'_>) -> Result<String> {
    let count = u.int_in_range(0..=60)?;
    (0..count).map(|_| u.choose(&WORDS).copied()).collect()
}

/// Reads a text both ways and checks what must hold of any text.
fn survives(text: &str) {
    let mut files = Files::new();
    let file = files.add("t", text);
    let (program, found) = parse(text, file);
    check_messages(&files, &found);
    for item in &program.items {
        let _ = files.text_of(item.span.0);
    }
    let (_, found) = parse_question(text, file);
    check_messages(&files, &found);
}

/// Every message is one line and can be shown; its places lie within the text, on character
/// boundaries.
pub(crate) fn check_messages(files: &Files, found: &[Diagnostic]) {
    for message in found {
        assert!(!message.labels.is_empty(), "{message:?}");
        assert!(!message.message.contains('\n'), "{message:?}");
        for label in &message.labels {
            let _ = files.text_of(label.span);
            let _ = files.position(label.span);
        }
        for edit in message.fixes.iter().flat_map(|fix| &fix.edits) {
            let _ = files.text_of(edit.span);
        }
    }
    // Very many messages are shown alike.
    for message in found.iter().take(20) {
        assert!(render(message, files, RenderOptions::default()).contains(message.code.text()));
        assert_eq!(concise(message, files).lines().count(), 1, "{message:?}");
        assert!(json(message, files).is_object());
    }
}

#[test]
fn deep_and_long_texts_do_no_harm() {
    let n = 20_000;
    let texts = [
        format!("p(x) :- {}", "(".repeat(n)),
        format!("p(x) :- {}q(x){}.", "(".repeat(n), ")".repeat(n)),
        format!("p({}1{}).", "(".repeat(n), ")".repeat(n)),
        format!("p({}1).", "-".repeat(n)),
        format!("p(x) :- {}q(x).", "!".repeat(n)),
        format!("p({}1).", "1 + ".repeat(n)),
        format!("p({}1).", "1 ^ ".repeat(n)),
        format!("p({}1{}).", "f(".repeat(n), ")".repeat(n)),
        format!("p(x) :- x = {}1.", "sum y : { y = ".repeat(n)),
        format!("p(x) :- x = {}1.", "max (1) + ".repeat(n)),
        format!("p({}1).", "[".repeat(n)),
        format!(".comp A {}", "{ ".repeat(n)),
        format!(".init a = A{}", "<b".repeat(n)),
        "p(".repeat(n),
        "p(1)\n".repeat(n),
        "\"".repeat(n + 1),
        "§ ".repeat(n),
        "#define x y\n".repeat(2_000),
        ".decl r() //\n".repeat(n),
        "/* */ p(). ".repeat(n),
        "//@ a\n".repeat(n),
    ];
    for text in &texts {
        survives(text);
    }
    let limit = NESTING_MAX - 2;
    for text in [
        format!("p({}1{}).", "(".repeat(limit), ")".repeat(limit)),
        format!("p({}1{}).", "f(".repeat(limit), ")".repeat(limit)),
        format!("p({}1).", "1 + ".repeat(limit)),
        format!("p(x) :- {}q(x){}.", "(".repeat(limit), ")".repeat(limit)),
    ] {
        let mut files = Files::new();
        let file = files.add("t", text.as_str());
        assert_eq!(parse(&text, file).1, [], "{text}");
    }
}
