//! Fixed programs written in crepe, compiled by rustc, are oracles of the engines on random facts.
#![expect(
    clippy::disallowed_types,
    clippy::iter_over_hash_type,
    reason = "code that crepe generates"
)]

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use hence::engine::limits::Limits;
use hence::engine::native::Form;
use hence::engine::tables::Tables;
use hence::engine::{naive, native};
use hence::value::value::Value;

use crate::compiled::{Compiled, compile};

type Pairs = BTreeSet<(i64, i64)>;

fn pairs(u: &mut Unstructured<'_>, most: usize) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    for _ in 0..u.int_in_range(0..=most)? {
        pairs.insert((u.int_in_range(0..=9)?, u.int_in_range(0..=9)?));
    }
    Ok(pairs)
}

/// The rows of `relation` that every engine derives from the facts.
fn rows(compiled: &Compiled, facts: &[(&str, &Pairs)], relation: &str) -> BTreeSet<Vec<i64>> {
    let Compiled { program, analysis } = compiled;
    let mut input = compiled.facts();
    for (name, rows) in facts {
        for (a, b) in *rows {
            input.push(program.relation(name).unwrap(), &[Value::Number(*a), Value::Number(*b)]);
        }
    }
    let id = program.relation(relation).unwrap();
    let read = |tables: &dyn Tables| {
        let mut rows = BTreeSet::new();
        tables.select(id, &vec![None; program.relations[id].columns.len()], &mut |tuple| {
            assert!(rows.insert(tuple.iter().map(number).collect()), "a tuple comes once");
            ControlFlow::Continue(())
        });
        rows
    };
    let specified =
        read(&naive::run(program, analysis, input.clone(), &Limits::default()).unwrap());
    for (form, workers) in [
        (Form::Ids, 1),
        (Form::Ids, 2),
        (Form::Tree, 1),
        (Form::Tree, 3),
        (Form::Tiny, 1),
        (Form::Tiny, 2),
    ] {
        let limits = Limits { workers, alone: 0, ..Limits::default() };
        let tables = native::run_in(form, program, analysis, input.clone(), &limits).unwrap();
        assert_eq!(read(&tables), specified, "{form:?}, {workers} workers");
    }
    specified
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Number(n) => *n,
        other => panic!("{other:?} is no number"),
    }
}

mod closure {
    crepe::crepe! {
        @input
        struct Edge(i64, i64);
        @output
        struct Path(i64, i64);

        Path(x, y) <- Edge(x, y);
        Path(x, z) <- Path(x, y), Edge(y, z);
    }

    pub(crate) fn run(edges: &super::Pairs) -> super::BTreeSet<Vec<i64>> {
        let mut program = Crepe::new();
        program.extend(edges.iter().map(|&(x, y)| Edge(x, y)));
        program.run().0.into_iter().map(|Path(x, y)| vec![x, y]).collect()
    }
}

#[test]
fn transitive_closure() {
    let compiled = compile(
        ".decl edge(x: number, y: number) .decl path(x: number, y: number)
         path(x, y) :- edge(x, y).
         path(x, z) :- path(x, y), path(y, z).",
    );
    arbtest(|u| {
        let edges = pairs(u, 25)?;
        assert_eq!(rows(&compiled, &[("edge", &edges)], "path"), closure::run(&edges));
        Ok(())
    });
}

mod generation {
    crepe::crepe! {
        @input
        struct Parent(i64, i64);
        @output
        struct Same(i64, i64);

        Same(x, y) <- Parent(x, p), Parent(y, p);
        Same(x, y) <- Parent(x, p), Same(p, q), Parent(y, q);
    }

    pub(crate) fn run(parents: &super::Pairs) -> super::BTreeSet<Vec<i64>> {
        let mut program = Crepe::new();
        program.extend(parents.iter().map(|&(x, y)| Parent(x, y)));
        program.run().0.into_iter().map(|Same(x, y)| vec![x, y]).collect()
    }
}

#[test]
fn same_generation() {
    let compiled = compile(
        ".decl parent(x: number, y: number) .decl same(x: number, y: number)
         same(x, y) :- parent(y, p), parent(x, p).
         same(x, y) :- parent(y, q), same(p, q), parent(x, p).",
    );
    arbtest(|u| {
        let parents = pairs(u, 20)?;
        assert_eq!(rows(&compiled, &[("parent", &parents)], "same"), generation::run(&parents));
        Ok(())
    });
}

#[expect(clippy::collection_is_never_read, reason = "the code that crepe makes")]
mod corroboration {
    crepe::crepe! {
        @input
        struct Said(i64, i64);
        @input
        struct Member(i64, i64);
        struct Group(i64, i64);
        @output
        struct Corroborated(i64);

        Group(claim, group) <- Said(claim, source), Member(source, group);
        Corroborated(claim) <- Group(claim, one), Group(claim, other), (one < other);
    }

    pub(crate) fn run(said: &super::Pairs, members: &super::Pairs) -> super::BTreeSet<Vec<i64>> {
        let mut program = Crepe::new();
        program.extend(said.iter().map(|&(x, y)| Said(x, y)));
        program.extend(members.iter().map(|&(x, y)| Member(x, y)));
        program.run().0.into_iter().map(|Corroborated(x)| vec![x]).collect()
    }
}

#[test]
fn two_independent_groups_corroborate() {
    let compiled = compile(
        ".decl said(c: number, s: number) .decl member(s: number, g: number)
         .decl group(c: number, g: number) .decl corroborated(c: number)
         group(c, g) :- said(c, s), member(s, g).
         corroborated(c) :- said(c, _), n = count : { group(c, _) }, n >= 2.",
    );
    arbtest(|u| {
        let (said, members) = (pairs(u, 15)?, pairs(u, 15)?);
        let found = rows(&compiled, &[("said", &said), ("member", &members)], "corroborated");
        assert_eq!(found, corroboration::run(&said, &members));
        Ok(())
    });
}
