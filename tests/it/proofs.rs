//! Every derived tuple has a proof that the checker accepts, and what is no proof is refused.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use arbtest::arbtest;

use crate::generate::generate;
use hence::analysis::analysis::{Analysis, analyse};
use hence::base::ids::RelationId;
use hence::claims::encode::encode;
use hence::claims::load::{Options, load};
use hence::engine::facts::Facts;
use hence::engine::limits::{Limits, Stop};
use hence::engine::naive::{self, Database};
use hence::engine::tables::Tables;
use hence::program::build::build;
use hence::program::program::Program;
use hence::provenance::check::check;
use hence::provenance::leaves::Leaves;
use hence::provenance::proof::{Proof, Quality};
use hence::provenance::search::{Budget, Explainer};
use hence::show::tree::{TreeOptions, tree};
use hence::show::words::Words;
use hence::syntax::parser::parse;
use hence::text::diagnostic::has_errors;
use hence::text::files::Files;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;
use hence::value::value::{Tuple, Value};

/// A program that has been run.
pub(crate) struct Case {
    pub(crate) program: Program,
    pub(crate) analysis: Analysis,
    pub(crate) database: Database,
    pub(crate) leaves: Leaves,
    pub(crate) files: Files,
}

impl Case {
    /// Runs rule files, with claims if a folder is given.
    pub(crate) fn run(texts: &[(String, String)], claims: Option<&Path>) -> Result<Self, Stop> {
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
        let database = naive::run(&program, &analysis, facts, &limits)?;
        Ok(Self { program, analysis, database, leaves, files })
    }

    pub(crate) fn of(text: &str) -> Self {
        Self::run(&[("test.dl".to_owned(), text.to_owned())], None).unwrap()
    }

    fn demo() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<_> =
            root.join("rules").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        let read = |path: &std::path::PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        };
        let texts: Vec<_> = names.iter().map(read).collect();
        Self::run(&texts, Some(&root.join("facts/deployment"))).unwrap()
    }

    pub(crate) fn explainer(&self) -> Explainer<'_> {
        Explainer::new(&self.program, &self.analysis, &self.database, &self.leaves)
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
        let (found, _) = self.explainer().find(id, &pattern, &[], 1);
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
            self.database.select(id, &vec![None; relation.columns.len()], &mut |tuple| {
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
            let Ok(case) = Case::run(&[("random.dl".to_owned(), text.clone())], None) else {
                return Ok(());
            };
            let explainer = case.explainer();
            for (relation, tuple) in case.tuples() {
                let proof = explainer.explain(relation, &tuple, Budget::default());
                let proof = proof.unwrap_or_else(|reason| panic!("{reason:?}\n{text}"));
                check(explainer.given(), &proof).unwrap();
                assert!(proof.is_complete());
                tree(case.words(&explainer), &proof, TreeOptions::default());
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

#[test]
fn demo_total() {
    let case = Case::demo();
    println!("{}", case.text("total", &["r3"]));
    for (id, relation) in case.program.relations.entries() {
        if case.program.rules_of(id).next().is_some() && case.database.len(id) > 0 {
            println!("=================== {}", relation.name);
            println!("{}", case.text(&relation.name, &[]));
        }
    }
}

#[test]
fn demo_times() {
    let case = Case::demo();
    let explainer = case.explainer();
    let mut times = Vec::new();
    for (relation, tuple) in case.tuples() {
        let start = std::time::Instant::now();
        let proof = explainer.explain(relation, &tuple, Budget::default()).unwrap();
        times.push((start.elapsed(), proof.quality == Quality::Best, relation, tuple));
    }
    times.sort_by_key(|t| std::cmp::Reverse(t.0));
    println!(
        "{} tuples, total {:?}",
        times.len(),
        times.iter().map(|t| t.0).sum::<std::time::Duration>()
    );
    for (time, best, relation, tuple) in times.iter().take(30) {
        let name = &case.program.relations[*relation].name;
        let tuple: Vec<_> = tuple.iter().map(|v| v.quoted(&case.program.symbols)).collect();
        println!("{time:?} {best} {name}({})", tuple.join(", "));
    }
    println!("not best:");
    for (time, best, relation, tuple) in times.iter().filter(|t| !t.1).take(40) {
        let name = &case.program.relations[*relation].name;
        let tuple: Vec<_> = tuple.iter().map(|v| v.quoted(&case.program.symbols)).collect();
        println!("{time:?} {best} {name}({})", tuple.join(", "));
    }
}
