//! Properties of the parser that random texts do not show; `tests/fuzz` reads those.

use crate::base::ids::{FileId, Id};
use crate::syntax::ast::{ExprKind, Item, ItemKind, Program};
use crate::syntax::parser::{parse, parse_question};
use crate::syntax::printer::print;
use crate::text::codes::Code;

fn file() -> FileId {
    FileId::new(0)
}

fn read(text: &str) -> Program {
    let (program, diagnostics) = parse(text, file());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}\nin\n{text}");
    program
}

fn codes(text: &str) -> Vec<Code> {
    parse(text, file()).1.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn incomplete_means_that_more_text_could_complete_it() {
    for text in ["p(x) :- q(x", "p(x) :- q(x)", "p(1)", "p", ".decl p(", "p(\"a", "/* a", "p(x) :-"]
    {
        assert_eq!(codes(text), [Code::H0002], "{text}");
    }
    for text in ["", "p(1).", ".decl p()", "p(x) :- q(x) r(x).", "p(1) q", "p(1k", "// a"] {
        assert!(!codes(text).contains(&Code::H0002), "{text}");
    }
}

#[test]
fn questions_may_have_their_marks() {
    let plain = parse_question("p(x), !q(x, 1)", file());
    assert!(plain.1.is_empty());
    for text in [
        "?- p(x), !q(x, 1).",
        "p(x), !q(x, 1)?",
        " ?- p(x), !q(x, 1) ",
        "p(x), !q(x,1).",
        "p(x), !q(x, 1)? // b",
    ] {
        assert_eq!(parse_question(text, file()), plain, "{text}");
    }
    let incomplete = parse_question("?- p(x, ", file()).1;
    assert_eq!(incomplete[0].code, Code::H0002);
    assert_eq!(parse_question("p(x) q(x)", file()).1[0].code, Code::H0001);
}

#[test]
fn a_refused_construct_brings_one_message_and_no_other() {
    for text in [
        ".comp A<T> : B<T> { .decl r(x: T) r(1). .comp C { } }\n.init a = A<node>\na.r(1). p(1).",
        ".decl r(x: number) eqrel",
        ".decl r(x: number) choice-domain x, (x, y)\np(1).",
        ".decl r(x: number) inline",
        ".decl r = debug_delta(s)",
        ".type pair = [a: number, b: pair]\n.decl r(x: pair)",
        ".type tree = Leaf {} | Node {l: tree, r: tree}",
        "r([1, 2]).",
        "r(nil).",
        "r($Node(1, 2)).",
        "r($).",
        "r(autoinc()).",
        "r(x) :- x = @f(1, 2), s(x).",
        "r(x) :- x = @@f y : 0, { s(y) }.",
        "r(x, a) <= r(x, b) :- a < b, s(x).",
        ".limitsize r(n=3)",
        ".functor f(x: number, symbol): number stateful\np(1).",
        ".lattice L<> { Lub -> @lub(_, _), Bottom -> 0 }\np(1).",
        ".override r",
        "#define SIZE 12 \\\n  + 3\np(SIZE).",
        "#include \"x.dl\"\np(1).",
        ".input r(IO=sqlite)",
        ".output r(delimiter=\",\")",
        "p(x) :- q(__FILE__, x).",
    ] {
        let (_, diagnostics) = parse(text, file());
        let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [Code::H0003], "{text}: {diagnostics:#?}");
        assert!(diagnostics[0].message.ends_with(" is not supported yet"), "{text}");
    }
}

#[test]
fn a_fix_makes_its_statement_readable() {
    for (text, fixed) in [
        ("p(x) :- q(x)\n.output p", "p(x) :- q(x).\n.output p"),
        ("p(x) :- q(x)\nr(1).", "p(x) :- q(x).\nr(1)."),
        ("p(x) :- q(x) r(x).", "p(x) :- q(x), r(x)."),
        ("p(x :- q(x).", "p(x) :- q(x)."),
        ("p(x) :- x == 1, q(x).", "p(x) :- x = 1, q(x)."),
        ("p(x) :- not q(x).", "p(x) :- !q(x)."),
        ("p(x) :- q.", "p(x) :- q()."),
        ("p(x) :- q(x)", "p(x) :- q(x)."),
    ] {
        let (_, diagnostics) = parse(text, file());
        assert_eq!(diagnostics.len(), 1, "{text}");
        let edit = &diagnostics[0].fixes[0].edits[0];
        let mut mended = text.to_owned();
        mended.replace_range(edit.span.range(), &edit.text);
        assert_eq!(print(&read(&mended)), print(&read(fixed)), "{text}");
    }
}

#[test]
fn annotations_and_docs_find_their_statements() {
    let text = "// About r.\n//@ conflict(a, b)\n.decl r(a: x) // behind r\n\n// Apart.\n\np(1). \
                //@ assume\n//@ name(\"n\")\n\n//@ say(\"s\")\np(x) :-\n  //@ hide\n  q(x).\n";
    let items = read(text).items;
    let names = |item: &Item| -> Vec<String> {
        item.annotations.iter().map(|annotation| annotation.name.node.clone()).collect()
    };
    assert_eq!(
        items.iter().map(names).collect::<Vec<_>>(),
        [vec!["conflict"], vec!["assume"], vec!["name", "say", "hide"]]
    );
    let docs: Vec<_> = items.iter().map(|item| item.doc.0.as_str()).collect();
    assert_eq!(docs, ["About r.\nbehind r", "", ""]);
    assert_eq!(codes("p(1).\n//@ assume\n"), [Code::H0206]);
    assert_eq!(codes("//@ name(\"a\np(1).\n"), [Code::H0206]);
}

#[test]
fn numbers_are_read_as_written() {
    let items = read("p(0x1F, 0b101, 1.2.3.4, 12u, -7, -0.5, 1e3, 18446744073709551615).").items;
    let ItemKind::Rule(rule) = &items[0].kind else { panic!("a fact") };
    let values: Vec<_> = rule.heads[0].args.iter().map(|arg| arg.node.clone()).collect();
    assert_eq!(
        values,
        [
            ExprKind::Integer(31),
            ExprKind::Integer(5),
            ExprKind::Integer(0x0102_0304),
            ExprKind::Unsigned(12),
            ExprKind::Integer(-7),
            ExprKind::Float(-0.5),
            ExprKind::Float(1000.0),
            ExprKind::Integer(u64::MAX.into()),
        ]
    );
    for text in ["p(12k).", "p(1.2.3).", "p(1.2.3.256).", "p(18446744073709551616).", "p(1e999)."] {
        assert_eq!(codes(text), [Code::H0004], "{text}");
    }
    assert_eq!(codes("p(-9223372036854775809)."), [Code::H0004]);
}
