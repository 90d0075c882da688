//! Random trees are printed and read again, random and mutilated texts are read: the tree comes
//! back, and no text makes the parser panic, loop or exhaust the stack.

use std::cell::RefCell;
use std::collections::BTreeSet;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use crate::base::ids::{FileId, Id};
use crate::syntax::ast::{
    Aggregate, AggregateKind, Annotation, AnnotationArg, Atom, Body, CallForm, Column, CompareOp,
    Directive, DirectiveKind, Doc, Expr, ExprKind, Item, ItemKind, ItemSpan, Literal, Name,
    PlanHint, Program, RelationDecl, Rule, Spanned, TypeDecl, TypeKind,
};
use crate::syntax::parser::{NESTING_MAX, parse, parse_question};
use crate::syntax::printer::print;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::span::Span;

const SAMPLE: &str = r#"// Every construct once.
.decl edge, link(a: node, b: node) btree
.decl weight(a: node, w: float) brie no_inline
.decl holds()
.type node <: symbol
.type any = node | place
.type alias = node
.number_type day
.symbol_type place
.pragma "key" "value"
.pragma "alone"
.once
.include "other.dl"
.input edge, link(IO=file, filename="a b.facts"), weight
.output path(name="p")
.printsize path
//@ name("step") say("from {x} to {y}: \"quoted\"")
//@ conflict(a, b)
path(x, y), seen(y) :- path(x, z), (edge(z, y); link(z, y), !closed(y)), x != y.
.plan 0: (1, 2), 1: (2, 1)
edge("a\tb", "\\"). weight("ü", -1.5e3). holds().
n(c) :- c = count : { edge(x, _), x < "k"; link(_, x) }, !(c = 3, true), false.
m(max(1, 2, 0x1f), y) :- y = min x + 1 : { w(x, z), z = sum v : u(v, 10.0.0.1) }, match("a.*", y).
e(-x ^ 2 * (3 - -4) % 5u, bnot a band b bshl 2 lor lnot c, as(strlen(cat("a", t)), day)) :- e(x, t).
"#;

fn file() -> FileId {
    FileId::new(0)
}

fn read(text: &str) -> Program {
    let (program, diagnostics) = parse(text, file());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}\nin\n{text}");
    program
}

fn spanned<T>(node: T) -> Spanned<T> {
    Spanned { node, span: Span::new(file(), 0, 0) }
}

// Random trees.

struct Maker<'a, 'b> {
    bytes: &'a mut Unstructured<'b>,
    /// The kinds of nodes made.
    made: BTreeSet<String>,
}

impl Maker<'_, '_> {
    fn pick<T: Clone>(&mut self, all: &[T]) -> Result<T> {
        Ok(self.bytes.choose(all)?.clone())
    }

    fn many<T>(
        &mut self,
        least: usize,
        most: usize,
        mut make: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let count = self.bytes.int_in_range(least..=most)?;
        (0..count).map(|_| make(self)).collect()
    }

    fn name(&mut self) -> Result<Name> {
        let names = ["a", "x1", "_y", "?z", "not", "choice", "eqrel", "input", "counted", "e5"];
        Ok(spanned(self.pick(&names)?.to_owned()))
    }

    fn text(&mut self) -> Result<String> {
        let pieces =
            ["a", " ", "\"", "\\", "\n", "\t", "\r", "//@", "*/", "ü", "\u{2028}", "\0", "{x}"];
        Ok(self.many(0, 4, |maker| maker.pick(&pieces))?.concat())
    }

    fn note(&mut self, kind: &str) {
        self.made.insert(kind.to_owned());
    }

    fn expr(&mut self, depth: usize) -> Result<Expr> {
        let choice = self.bytes.int_in_range(0..=if depth == 0 { 5 } else { 10 })?;
        let node = match choice {
            0 => ExprKind::Var(self.name()?.node),
            1 => ExprKind::Any,
            2 => ExprKind::Text(self.text()?),
            3 => {
                let sign = if self.bytes.arbitrary()? { 1 } else { -1 };
                let limit = if sign > 0 { i128::from(u64::MAX) } else { 1 << 63 };
                let small = i128::from(self.bytes.arbitrary::<u8>()?);
                ExprKind::Integer(sign * if self.bytes.ratio(1, 8)? { limit } else { small })
            }
            4 => ExprKind::Unsigned(self.pick(&[0, 7, u64::MAX])?),
            5 => {
                let floats = [0.0, 1.5, -2.0, 1e300, -1e-300, f64::MAX, f64::MIN_POSITIVE];
                ExprKind::Float(self.pick(&floats)?)
            }
            6 | 7 => self.operation(depth - 1)?,
            8 => self.functor(depth - 1)?,
            9 => self.aggregate(depth - 1)?,
            _ => ExprKind::As(Box::new(self.expr(depth - 1)?), self.name()?),
        };
        let kind = format!("{node:?}");
        self.note(kind.split([' ', '(', '{']).next().unwrap_or(""));
        Ok(spanned(node))
    }

    fn operation(&mut self, depth: usize) -> Result<ExprKind> {
        let prefix = ["neg", "bnot", "lnot"];
        let infix = [
            "+", "-", "*", "/", "%", "^", "band", "bor", "bxor", "bshl", "bshr", "bshru", "land",
            "lor", "lxor", "^", "-",
        ];
        let (name, count, form) = if self.bytes.ratio(1, 4)? {
            (self.pick(&prefix)?, 1, CallForm::Prefix)
        } else {
            (self.pick(&infix)?, 2, CallForm::Infix)
        };
        let mut args = self.many(count, count, |maker| maker.expr(depth))?;
        // `-` before a number is read as part of the number, except before `^`.
        if let (CallForm::Prefix, "neg", ExprKind::Integer(n)) = (form, name, &mut args[0].node) {
            *n = (*n).clamp(-100, 100);
        }
        self.note(name);
        Ok(ExprKind::Call { name: spanned(name.to_owned()), args, form })
    }

    fn functor(&mut self, depth: usize) -> Result<ExprKind> {
        let names = ["cat", "strlen", "ord", "to_string", "range", "min", "max", "custom"];
        let name = self.pick(&names)?;
        let least = if matches!(name, "min" | "max") { 2 } else { 0 };
        let args = self.many(least, 3, |maker| maker.expr(depth))?;
        Ok(ExprKind::Call { name: spanned(name.to_owned()), args, form: CallForm::Functor })
    }

    fn aggregate(&mut self, depth: usize) -> Result<ExprKind> {
        let kind = self.pick(&[
            AggregateKind::Count,
            AggregateKind::Sum,
            AggregateKind::Min,
            AggregateKind::Max,
            AggregateKind::Mean,
        ])?;
        self.note(kind.name());
        let value = match kind {
            AggregateKind::Count => None,
            _ => Some(self.expr(depth)?),
        };
        let body = self.body(depth)?;
        Ok(ExprKind::Aggregate(Box::new(Aggregate { kind: spanned(kind), value, body })))
    }

    fn atom(&mut self, depth: usize) -> Result<Atom> {
        let name = self.name()?;
        let args = self.many(0, 3, |maker| maker.expr(depth))?;
        Ok(Atom { name, args, span: ItemSpan(Span::new(file(), 0, 0)) })
    }

    /// A formula; nothing stands directly within its like.
    fn body(&mut self, depth: usize) -> Result<Body> {
        let choice = self.bytes.int_in_range(0..=if depth == 0 { 0 } else { 4 })?;
        Ok(match choice {
            1 => Body::And(self.parts(depth, |part| matches!(part, Body::And(_)))?),
            2 => Body::Or(self.parts(depth, |part| matches!(part, Body::Or(_)))?),
            3 => {
                self.note("Not");
                let span = ItemSpan(Span::new(file(), 0, 0));
                match self.body(depth - 1)? {
                    Body::Literal(Spanned { node: Literal::Atom(atom), .. }) => {
                        Body::Literal(spanned(Literal::Absent(atom)))
                    }
                    other => Body::Not(Box::new(other), span),
                }
            }
            _ => Body::Literal(spanned(self.literal(depth.saturating_sub(1))?)),
        })
    }

    fn parts(&mut self, depth: usize, like: impl Fn(&Body) -> bool) -> Result<Vec<Body>> {
        self.note("joined");
        self.many(2, 3, |maker| {
            let part = maker.body(depth - 1)?;
            Ok(if like(&part) { Body::Literal(spanned(Literal::Constant(true))) } else { part })
        })
    }

    fn literal(&mut self, depth: usize) -> Result<Literal> {
        Ok(match self.bytes.int_in_range(0..=4)? {
            0 => Literal::Atom(self.atom(depth)?),
            1 => Literal::Absent(self.atom(depth)?),
            2 => {
                let ops = [
                    CompareOp::Eq,
                    CompareOp::Ne,
                    CompareOp::Lt,
                    CompareOp::Le,
                    CompareOp::Gt,
                    CompareOp::Ge,
                ];
                Literal::Compare(self.pick(&ops)?, self.expr(depth)?, self.expr(depth)?)
            }
            3 => {
                let name = spanned(self.pick(&["match", "contains"])?.to_owned());
                Literal::Test(name, self.many(2, 2, |maker| maker.expr(depth))?)
            }
            _ => Literal::Constant(self.bytes.arbitrary()?),
        })
    }

    fn type_decl(&mut self) -> Result<TypeDecl> {
        let name = self.name()?;
        let kind = match self.bytes.int_in_range(0..=2)? {
            0 => TypeKind::Subtype(self.name()?),
            1 => TypeKind::Union(self.many(1, 3, Self::name)?),
            _ => TypeKind::Legacy(spanned(self.pick(&["symbol", "number"])?.to_owned())),
        };
        Ok(TypeDecl { name, kind })
    }

    fn relation_decl(&mut self) -> Result<RelationDecl> {
        let names = self.many(1, 2, Self::name)?;
        let columns =
            self.many(0, 3, |maker| Ok(Column { name: maker.name()?, ty: maker.name()? }))?;
        let words = ["btree", "brie", "magic", "no_magic", "no_inline", "overridable"];
        let qualifiers = self.many(0, 2, |maker| Ok(spanned(maker.pick(&words)?.to_owned())))?;
        Ok(RelationDecl { names, columns, qualifiers })
    }

    fn rule(&mut self) -> Result<Rule> {
        if self.bytes.ratio(1, 4)? {
            return Ok(Rule { heads: vec![self.atom(2)?], body: None, plan: Vec::new() });
        }
        let plan = self.many(0, 1, |maker| {
            let order = maker.many(0, 3, |maker| Ok(spanned(maker.bytes.arbitrary()?)))?;
            Ok(PlanHint { version: spanned(maker.bytes.arbitrary()?), order })
        })?;
        Ok(Rule { heads: self.many(1, 2, |maker| maker.atom(2))?, body: Some(self.body(4)?), plan })
    }

    fn directive(&mut self) -> Result<Directive> {
        let kinds = [DirectiveKind::Input, DirectiveKind::Output, DirectiveKind::Printsize];
        let kind = self.pick(&kinds)?;
        let relations = self.many(1, 2, Self::name)?;
        let parameters = self.many(0, 2, |maker| {
            let key = maker.pick(&["filename", "name"])?;
            Ok((spanned(key.to_owned()), spanned(maker.text()?)))
        })?;
        Ok(Directive { kind, relations, parameters })
    }

    fn annotation(&mut self) -> Result<Annotation> {
        let name = spanned(self.pick(&["name", "say", "assume", "conflict"])?.to_owned());
        let args = self.many(0, 2, |maker| {
            Ok(spanned(if maker.bytes.arbitrary()? {
                AnnotationArg::Text(maker.text()?)
            } else {
                AnnotationArg::Word(maker.pick(&["a", "id=id", "12", "L0205", "ü"])?.to_owned())
            }))
        })?;
        Ok(Annotation { name, args })
    }

    fn item(&mut self) -> Result<Item> {
        let kind = match self.bytes.int_in_range(0..=9)? {
            0 => ItemKind::Relation(self.relation_decl()?),
            1 => ItemKind::Type(self.type_decl()?),
            2 => ItemKind::Directive(self.directive()?),
            3 => ItemKind::Include { path: spanned(self.text()?) },
            4 => ItemKind::Once,
            5 => {
                let value = self.many(0, 1, |maker| Ok(spanned(maker.text()?)))?.pop();
                ItemKind::Pragma { key: spanned(self.text()?), value }
            }
            _ => ItemKind::Rule(self.rule()?),
        };
        let described = format!("{kind:?}");
        self.note(described.split([' ', '(', '{']).next().unwrap_or(""));
        let annotations = self.many(0, 2, Self::annotation)?;
        let span = ItemSpan(Span::new(file(), 0, 0));
        Ok(Item { kind, annotations, doc: Doc::default(), span })
    }
}

#[test]
fn random_trees_come_back_from_their_text() {
    let made = RefCell::new(BTreeSet::new());
    arbtest(|bytes| {
        let mut maker = Maker { bytes, made: BTreeSet::new() };
        let items = maker.many(0, 4, Maker::item)?;
        made.borrow_mut().append(&mut maker.made);
        let program = Program { items, unread: Vec::new() };
        let text = print(&program);
        let again = read(&text);
        assert_eq!(program, again, "in\n{text}");
        assert_eq!(text, print(&again), "printing twice");
        Ok(())
    })
    .budget_ms(3_000)
    .size_max(20_000);
    let made = made.into_inner();
    let expected = "Relation Type Directive Include Once Pragma Rule Var Any Text Integer Unsigned \
        Float Call Aggregate As Not joined neg bnot lnot + - * / % ^ band bor bxor bshl bshr bshru \
        land lor lxor count sum min max mean";
    for kind in expected.split_whitespace() {
        assert!(made.contains(kind), "no {kind} was made: {made:?}");
    }
}

#[test]
fn the_sample_comes_back_from_its_text() {
    let program = read(SAMPLE);
    let text = print(&program);
    assert_eq!(program, read(&text), "in\n{text}");
}

// Hostile texts.

/// Reads a text both ways and checks what must hold of any text.
fn survives(text: &str) {
    let mut files = Files::new();
    let file = files.add("t", text);
    let (program, diagnostics) = parse(text, file);
    check_spans(&files, &diagnostics);
    for item in &program.items {
        let _ = files.text_of(item.span.0);
    }
    if diagnostics.is_empty() {
        let printed = print(&program);
        assert_eq!(program, read(&printed), "in\n{text}\nprinted\n{printed}");
    }
    let (_, diagnostics) = parse_question(text, file);
    check_spans(&files, &diagnostics);
}

/// Places lie within the text, on character boundaries; every message is one line.
fn check_spans(files: &Files, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.labels.is_empty(), "{diagnostic:?}");
        assert!(!diagnostic.message.contains('\n'), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let _ = files.text_of(label.span);
            let _ = files.position(label.span);
        }
        for edit in diagnostic.fixes.iter().flat_map(|fix| &fix.edits) {
            let _ = files.text_of(edit.span);
        }
    }
}

#[test]
fn random_texts_do_no_harm() {
    arbtest(|bytes| {
        let text: String = bytes.arbitrary()?;
        survives(&text);
        Ok(())
    })
    .budget_ms(1_000);
}

#[test]
fn random_words_do_no_harm() {
    let words: Vec<&str> = "( ) { } [ ] , ; . : :- <: -> = != < <= > >= + - * / % ^ ! | $ @ _ x p \
        p( x, 1 0x1 1.5 1u \"a\" \" // //@ /* */ .decl .type .input .plan .comp .init .include \
        count sum max : as match true nil choice - domain eqrel ü § \\ # #define ? ?- 1.2.3.4"
        .split_whitespace()
        .chain([" ", "\n", "\r\n", "\u{feff}", "\u{2028}"])
        .collect();
    arbtest(|bytes| {
        let count = bytes.int_in_range(0..=60)?;
        let text = (0..count).map(|_| bytes.choose(&words).copied()).collect::<Result<String>>()?;
        survives(&text);
        Ok(())
    })
    .budget_ms(2_000);
}

#[test]
fn mutilated_programs_do_no_harm() {
    arbtest(|bytes| {
        let mut text: Vec<char> = SAMPLE.chars().collect();
        for _ in 0..bytes.int_in_range(1..=6)? {
            let at = bytes.choose_index(text.len())?;
            let length = bytes.int_in_range(0..=20)?.min(text.len() - at);
            match bytes.int_in_range(0..=3)? {
                0 => drop(text.drain(at..at + length)),
                1 => {
                    let copy = text[at..at + length].to_vec();
                    let to = bytes.choose_index(text.len())?;
                    text.splice(to..to, copy);
                }
                2 => text.insert(at, *bytes.choose(&['(', ')', '"', '.', ',', '\n', '{', '/'])?),
                _ => text.truncate(at + 1),
            }
        }
        survives(&text.into_iter().collect::<String>());
        Ok(())
    })
    .budget_ms(2_000);
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
        read(&text);
    }
}

// Single properties that random texts do not show.

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
