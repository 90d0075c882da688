//! Every derived tuple has a proof that the checker accepts, and what is no proof is refused.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arbtest::arbtest;

use crate::generate::generate;
use hence::analysis::analysis::{Analysis, analyse};
use hence::base::ids::RelationId;
use hence::claims::encode::encode;
use hence::claims::load::{Options, load};
use hence::engine::facts::Facts;
use hence::engine::limits::{Limits, Stop};
use hence::engine::tables::Tables;
use hence::engine::{naive, native};
use hence::program::build::build;
use hence::program::program::Program;
use hence::provenance::check::check;
use hence::provenance::leaves::{Evidence, Leaf, LeafKind, Leaves};
use hence::provenance::proof::{Proof, Quality};
use hence::provenance::search::{Budget, Explainer, NoProof};
use hence::show::tree::{TreeOptions, tree};
use hence::show::words::Words;
use hence::syntax::parser::parse;
use hence::text::diagnostic::has_errors;
use hence::text::files::Files;
use hence::text::numbers::grouped;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;
use hence::value::value::{Tuple, Value};

/// What has run it.
#[derive(Clone, Copy)]
pub(crate) enum Engine {
    Naive,
    Native,
}

/// A program that has been run.
pub(crate) struct Case {
    pub(crate) program: Program,
    pub(crate) analysis: Analysis,
    pub(crate) tables: Box<dyn Tables>,
    pub(crate) leaves: Leaves,
    pub(crate) files: Files,
}

impl Case {
    /// Runs rule files, with claims if a folder is given.
    pub(crate) fn run(
        texts: &[(String, String)],
        claims: Option<&Path>,
        engine: Engine,
    ) -> Result<Self, Stop> {
        let mut files = Files::new();
        let mut trees = Vec::new();
        for (name, text) in texts {
            let id = files.add(name.clone(), text.clone());
            let (tree, found) = parse(text, id);
            assert!(!has_errors(&found), "{found:#?}");
            trees.push(tree);
        }
        let (program, found) = build(&trees, Arc::new(Symbols::new()));
        assert!(!has_errors(&found), "{found:#?}");
        let (analysis, found) = analyse(&program);
        assert!(!has_errors(&found), "{found:#?}");
        let codes = Arc::new(Codes::new(Arc::clone(&program.symbols)));
        let mut facts = Facts::of_program(&program, codes);
        let mut leaves = Leaves::default();
        if let Some(folder) = claims {
            let path = folder.join("claims.jsonl");
            let loaded = load(&[path], Options::STRICT, &mut files);
            assert!(!has_errors(&loaded.diagnostics), "{:#?}", loaded.diagnostics);
            encode(&loaded, &program, &mut facts, Some(&mut leaves));
        }
        let limits = Limits { rounds_max: Some(40), ..Limits::default() };
        let tables: Box<dyn Tables> = match engine {
            Engine::Naive => Box::new(naive::run(&program, &analysis, facts, &limits)?),
            Engine::Native => Box::new(native::run(&program, &analysis, facts, &limits)?),
        };
        Ok(Self { program, analysis, tables, leaves, files })
    }

    pub(crate) fn of(text: &str) -> Self {
        Self::run(&[("test.dl".to_owned(), text.to_owned())], None, Engine::Native).unwrap()
    }

    pub(crate) fn demo(engine: Engine) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<_> =
            root.join("rules").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        let is_rules = |name: &str| name.ends_with(".dl") && !name.ends_with(".test.dl");
        names.retain(|path| path.to_str().is_some_and(is_rules));
        names.sort();
        let read = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        };
        let texts: Vec<_> = names.iter().map(read).collect();
        Self::run(&texts, Some(&root.join("facts/deployment")), engine).unwrap()
    }

    pub(crate) fn explainer(&self) -> Explainer<'_> {
        Explainer::new(&self.program, &self.analysis, &*self.tables, &self.leaves)
    }

    pub(crate) fn words<'a>(&'a self, explainer: &Explainer<'a>) -> Words<'a> {
        Words { given: explainer.given(), files: &self.files }
    }

    /// The first tuple of a relation with the given texts where there is one.
    pub(crate) fn find(&self, relation: &str, texts: &[&str]) -> (RelationId, Tuple) {
        let id = self.program.relation(relation).unwrap();
        let mut pattern = vec![None; self.program.relations[id].columns.len()];
        for (at, text) in texts.iter().enumerate().filter(|(_, text)| **text != "_") {
            pattern[at] = Some(Value::Symbol(self.program.symbols.find(text).unwrap()));
        }
        let (found, _) = self.explainer().find(id, &pattern, &[], 1).unwrap();
        (id, found.into_iter().next().unwrap())
    }

    pub(crate) fn explain(&self, relation: &str, texts: &[&str]) -> Proof {
        let (id, tuple) = self.find(relation, texts);
        self.explainer().explain(id, &tuple, Budget::default()).unwrap()
    }

    pub(crate) fn text(&self, relation: &str, texts: &[&str]) -> String {
        let proof = self.explain(relation, texts);
        tree(self.words(&self.explainer()), &proof, TreeOptions::default())
    }

    fn tuples(&self) -> Vec<(RelationId, Tuple)> {
        let mut tuples = Vec::new();
        for (id, relation) in self.program.relations.entries() {
            self.tables.select(id, &vec![None; relation.columns.len()], &mut |tuple| {
                tuples.push((id, tuple.into()));
                ControlFlow::Continue(())
            });
        }
        tuples
    }
}

#[test]
fn every_tuple_of_random_programs_has_a_proof() {
    let (mut tuples, mut best) = (0, 0);
    for number in 1..=200_u64 {
        arbtest(|u| {
            let text = generate(u)?.text();
            let engine = if number % 2 == 0 { Engine::Naive } else { Engine::Native };
            let Ok(case) = Case::run(&[("random.dl".to_owned(), text.clone())], None, engine)
            else {
                return Ok(());
            };
            let explainer = case.explainer();
            for (relation, tuple) in case.tuples() {
                let proof = explainer.explain(relation, &tuple, Budget::default());
                let proof = proof.unwrap_or_else(|reason| panic!("{reason:?}\n{text}"));
                check(explainer.given(), &proof).unwrap();
                assert!(proof.is_complete());
                let text = tree(case.words(&explainer), &proof, TreeOptions::default());
                assert!(!text.is_empty());
                tuples += 1;
                best += usize::from(proof.quality == Quality::Best);
            }
            Ok(())
        })
        .seed((number.wrapping_mul(0x9e37_79b9) << 32) | 4096)
        .run();
    }
    println!("{tuples} tuples, {best} with the best proof");
    assert!(tuples > 1000);
}

/// The same facts in another order.
fn reversed(text: &str) -> String {
    let (mut facts, rest): (Vec<&str>, Vec<&str>) = text
        .lines()
        .partition(|line| !line.starts_with('.') && !line.contains(":-") && line.ends_with('.'));
    facts.reverse();
    [rest, facts].concat().join("\n")
}

#[test]
fn the_order_of_the_input_does_not_show() {
    let text = "
        .decl edge(a: symbol, b: symbol)
        .decl path(a: symbol, b: symbol)
        .decl weight(a: symbol, n: number)
        .decl heavy(n: number, w: symbol)
        path(x, y) :- edge(x, y).
        path(x, z) :- path(x, y), path(y, z).
        heavy(n, w) :- n = max m : { weight(w, m), path(\"a\", w) }.
        edge(\"a\", \"b\").
        edge(\"b\", \"c\").
        edge(\"c\", \"a\").
        edge(\"a\", \"d\").
        edge(\"d\", \"c\").
        weight(\"c\", 7).
        weight(\"d\", 7).
        weight(\"b\", 5).";
    let (one, other) = (Case::of(text), Case::of(&reversed(text)));
    for (relation, args) in [("path", ["a", "c"]), ("path", ["b", "d"]), ("path", ["c", "c"])] {
        assert_eq!(one.text(relation, &args), other.text(relation, &args));
    }
    assert_eq!(one.text("heavy", &[]), other.text("heavy", &[]));
}

#[test]
fn every_tuple_of_the_demo_has_a_best_proof() {
    let case = Case::demo(Engine::Native);
    let explainer = case.explainer();
    let mut tuples = 0;
    for (relation, tuple) in case.tuples() {
        let proof = explainer.explain(relation, &tuple, Budget::default()).unwrap();
        check(explainer.given(), &proof).unwrap();
        assert_eq!(proof.quality, Quality::Best);
        tuples += 1;
    }
    assert!(tuples > 1000);
}

#[test]
fn an_assumption_that_several_premises_share_counts_once() {
    // Two ways to c; the one over both p and q shares what d needs anyway.
    let case = Case::of(
        "
        .decl p(x: number)
        .decl q(x: number)
        .decl r(x: number)
        .decl c(x: number)
        .decl d(x: number)
        .decl goal(x: number)
        //@ assume
        p(1).
        //@ assume
        q(1).
        //@ assume
        r(1).
        c(x) :- r(x).
        c(x) :- p(x), q(x).
        d(x) :- p(x), q(x).
        goal(x) :- c(x), d(x).",
    );
    let proof = case.explain("goal", &[]);
    assert_eq!((proof.cost.assumptions, proof.quality), (2, Quality::Best));
    // Alone, c takes the one assumption.
    assert_eq!(case.explain("c", &[]).cost.assumptions, 1);
}

#[test]
fn what_a_program_states_is_not_assumed() {
    let rules = ".decl p(x: number)\n.decl goal(x: number)\ngoal(x) :- p(x).\n";
    for facts in ["p(1).", "//@ assume\np(1).\np(1).", "p(1).\n//@ assume\np(1)."] {
        let mut case = Case::of(&format!("{rules}{facts}"));
        assert_eq!(case.explain("goal", &[]).cost.assumptions, 0, "{facts}");
        // A file may have it too.
        let (p, tuple) = case.find("p", &[]);
        let leaf = case.leaves.leaves.push(Leaf {
            kind: LeafKind::Assumption,
            id: "p.facts:1".to_owned(),
            place: "p.facts:1".to_owned(),
            span: None,
            evidence: None,
        });
        case.leaves.set((p, tuple), leaf);
        assert_eq!(case.explain("goal", &[]).cost.assumptions, 0, "{facts} and a file");
    }
}

#[test]
fn a_small_budget_gives_a_good_proof() {
    let mut text = String::from(
        ".decl edge(a: number, b: number)\n.decl path(a: number, b: number)\n\
         path(x, y) :- edge(x, y).\npath(x, z) :- path(x, y), edge(y, z).\n",
    );
    for n in 0..30 {
        text.push_str(&format!("edge({n}, {}). edge({}, {n}).\n", n + 1, n + 1));
    }
    let case = Case::of(&text);
    let (relation, _) = case.find("path", &[]);
    let tuple: Tuple = Box::new([Value::Number(0), Value::Number(30)]);
    let explainer = case.explainer();
    let good =
        explainer.explain(relation, &tuple, Budget { instances: 20, ..Budget::default() }).unwrap();
    assert_eq!((good.quality, good.is_complete(), good.cost.height), (Quality::Good, true, 30));
    let best = explainer.explain(relation, &tuple, Budget::default()).unwrap();
    assert_eq!((best.quality, best.cost.height), (Quality::Best, 30));
    let absent: Tuple = Box::new([Value::Number(0), Value::Number(99)]);
    let none = explainer.explain(relation, &absent, Budget::default());
    assert_eq!(none.err(), Some(NoProof::Absent));
}

#[test]
fn a_sum_over_very_many_rows_says_what_it_leaves_out() {
    let case = Case::of(
        ".decl n(x: number)
         .decl total(t: number)
         n(x) :- x = range(1, 12001).
         total(t) :- t = sum x : { n(x) }.",
    );
    let explainer = case.explainer();
    let (relation, tuple) = case.find("total", &[]);
    let all = Budget { rows: 20_000, ..Budget::default() };
    let whole = explainer.explain(relation, &tuple, all).unwrap();
    assert_eq!((whole.quality, whole.is_complete()), (Quality::Best, true));
    let proof = explainer.explain(relation, &tuple, Budget::default()).unwrap();
    assert_eq!((proof.quality, proof.is_complete()), (Quality::Good, false));
    let text = tree(case.words(&explainer), &proof, TreeOptions::default());
    assert!(text.contains("t = 72006000, the sum of 12000 contributions"), "{text}");
    assert!(text.contains("at least"), "{text}");
    assert!(text.contains("… 11,950 more"), "{text}");
}

#[test]
fn rows_that_are_not_listed_are_counted_by_what_they_have_in_common() {
    let case = Case::of(
        ".decl n(x: number, even: number)
         .decl total(t: number)
         n(x, e) :- x = range(1, 3001), e = (x + 1) % 2.
         total(t) :- t = sum x : { n(x, _) }.",
    );
    let text = case.text("total", &[]);
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("… 2,950 more; 2,000 of them by even: 1,000 × 0, 1,000 × 1"), "{text}");
}

/// What a source states, without its words.
pub(crate) fn evidence(origin: &str) -> Evidence {
    Evidence {
        origin: origin.to_owned(),
        conduits: Vec::new(),
        modality: "stated".to_owned(),
        polarity: "affirmed".to_owned(),
        document: "d".to_owned(),
        line: None,
        span: None,
        quote: None,
        verified: false,
    }
}

#[test]
fn very_many_rows_are_counted_by_who_said_them() {
    // The fewer rows are looked up one by one, the many by the claim in the first column; a row
    // that has the id of a claim and is none takes from all the name of a source.
    for (rows, odd) in [(1_500, false), (12_000, false), (12_000, true)] {
        let mut case = Case::of(&format!(
            ".decl low(id: symbol, x: number)
             .decl total(t: number)
             low(cat(\"c\", to_string(x)), 1) :- x = range(0, {rows}).
             low(\"c7\", 0).
             total(t) :- t = sum x : {{ low(_, x) }}.",
        ));
        let low = case.program.relation("low").unwrap();
        let mut tuples = Vec::new();
        case.tables.select(low, &[None, None], &mut |tuple| {
            tuples.push(Tuple::from(tuple));
            ControlFlow::Continue(())
        });
        for tuple in tuples {
            let Value::Symbol(id) = tuple[0] else { unreachable!() };
            let id = case.program.symbols.text(id).to_owned();
            if odd && id == "c7" && tuple[1] == Value::Number(0) {
                continue;
            }
            let third = id[1..].parse::<usize>().unwrap() % 3;
            let origin = if third == 0 { "Ann" } else { "Bob" };
            let leaf = case.leaves.leaves.push(Leaf {
                kind: LeafKind::Claim,
                id,
                place: "claims.jsonl:1".to_owned(),
                span: None,
                evidence: Some(evidence(origin)),
            });
            case.leaves.set((low, tuple), leaf);
        }
        let text = case.text("total", &[]);
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let others = rows + 1 - 1_000;
        if odd {
            // It gives the least, and so is not listed.
            assert!(!text.contains("by source"), "{text}");
        } else {
            let want = format!("{} of them by source:", grouped(others));
            assert!(text.contains(&want), "{want}\n{text}");
            let count = |name: &str| -> usize {
                let at = text.find(&format!(" × {name}")).unwrap();
                let number = text[..at].split_whitespace().next_back().unwrap();
                number.replace(',', "").parse().unwrap()
            };
            assert_eq!(count("Ann") + count("Bob"), others);
            // A third of all is hers, less what is listed of it.
            let hers = rows / 3;
            assert!((hers - 400..=hers).contains(&count("Ann")), "{text}");
        }
    }
}

#[test]
fn the_demo_says_why() {
    for engine in [Engine::Naive, Engine::Native] {
        let case = Case::demo(engine);
        insta::assert_snapshot!("why_total_r3", case.text("total", &["r3"]));
        insta::assert_snapshot!("why_corroborated_t_2024", case.text("corroborated", &["t_2024"]));
    }
}
