//! What is printed is read as the tree that was printed, and printing is done at once.

use std::collections::BTreeSet;

use hence::syntax::ast::Program;
use hence::syntax::parser::parse;
use hence::syntax::printer::print;
use hence::text::diagnostic::Diagnostic;
use hence::text::files::Files;

use crate::corpus::{PROGRAMS, SAMPLE};
use crate::driver::{OnPanic, fuzz};
use crate::mutate::mutated;
use crate::trees::Maker;

/// Nodes that the trees of a run have.
const KINDS: &str = "Relation Type Directive Include Once Pragma Rule Var Any Text Integer \
    Unsigned Float Call Aggregate As Not joined neg bnot lnot + - * / % ^ band bor bxor bshl bshr \
    bshru land lor lxor count sum min max mean";

#[test]
fn fuzz_printer() {
    let mut made = BTreeSet::new();
    let mut without_mistake = 0;
    let cases = fuzz("fuzz_printer", |u| {
        if u.ratio(1, 3)? {
            let text = mutated(u.choose(&PROGRAMS)?, u)?;
            let _input = OnPanic(|| eprintln!("the text\n{text}"));
            let (program, found) = read(&text);
            if found.is_empty() {
                without_mistake += 1;
                comes_back(&program);
            }
        } else {
            let mut maker = Maker { bytes: u, made: BTreeSet::new() };
            let items = maker.many(0, 4, Maker::item)?;
            made.append(&mut maker.made);
            comes_back(&Program { items, unread: Vec::new() });
        }
        Ok(())
    });
    if cases > 300 {
        assert!(without_mistake * 20 > cases, "{without_mistake} of {cases}");
        for kind in KINDS.split_whitespace() {
            assert!(made.contains(kind), "no {kind} was made: {made:?}");
        }
    }
}

#[test]
fn the_sample_comes_back_from_its_text() {
    let (program, found) = read(SAMPLE);
    assert_eq!(found, []);
    comes_back(&program);
}

fn read(text: &str) -> (Program, Vec<Diagnostic>) {
    let mut files = Files::new();
    let file = files.add("t", text);
    parse(text, file)
}

fn comes_back(program: &Program) {
    let text = print(program);
    let (again, found) = read(&text);
    assert_eq!(found, [], "in\n{text}");
    assert!(*program == again, "{program:#?}\nprinted\n{text}\nread\n{again:#?}");
    assert_eq!(text, print(&again), "printing twice");
}
