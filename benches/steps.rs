//! What a step costs for a row of a full batch: `cargo bench --bench steps`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints"
)]

use std::hint::black_box;
use std::mem::take;
use std::sync::Arc;
use std::time::Instant;

use hence::base::ids::{FileId, Id};
use hence::engine::batch::Batch;
use hence::engine::expr::Evaluator;
use hence::engine::kernels::select::places;
use hence::engine::storage::form::BATCH;
use hence::program::build::build;
use hence::program::builtins::Builtins;
use hence::program::program::{Expr, LiteralKind, Rule};
use hence::syntax::ast::CompareOp;
use hence::syntax::parser::parse;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;

/// One literal of each kind that is measured, over numbers `x` and `y`.
const PROGRAM: &str = "
.decl p(x: number, y: number)
.decl q(x: number)
q(x) :- p(x, y), x < y.
q(x) :- p(x, y), x != 17.
q(z) :- p(x, y), z = x + 1.
q(z) :- p(x, y), z = x * y + 3.
q(x) :- p(x, y), x * 2 + 1 < y.
q(z) :- p(x, y), z = x band y.
";

fn main() {
    let (tree, messages) = parse(PROGRAM, FileId::new(0));
    assert!(messages.is_empty(), "{messages:?}");
    let symbols = Arc::new(Symbols::new());
    let (program, _) = build(&[tree], Arc::clone(&symbols));
    let (codes, builtins) = (Codes::new(Arc::clone(&symbols)), Builtins::new(symbols));
    for rule in program.rules.iter() {
        let literal = &PROGRAM[rule.body[1].span.start as usize..rule.body[1].span.end as usize];
        println!("{:24} {:6.2} ns a row", literal, nanoseconds(rule, &codes, &builtins));
    }
}

fn nanoseconds(rule: &Rule, codes: &Codes, builtins: &Builtins) -> f64 {
    let evaluator = Evaluator { codes, builtins, vars: &rule.vars };
    let mut full = Batch::new(rule.vars.len());
    full.len = BATCH;
    for at in 0..rule.vars.len() {
        let mut state = 12_345_u32 + u32::try_from(at).unwrap();
        full.columns[at].extend((0..BATCH).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 17
        }));
    }
    let live: Vec<_> = rule.vars.ids().collect();
    let mut batch = full.clone();
    let (mut keep, mut index, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    let mut best = f64::INFINITY;
    for _ in 0..2000 {
        batch.clone_from(&full);
        let start = Instant::now();
        let LiteralKind::Compare(op, left, right) = &rule.body[1].kind else { unreachable!() };
        if let (CompareOp::Eq, Expr::Var(var)) = (op, left) {
            let mut column = take(&mut batch.columns[var.index()]);
            evaluator.codes(right, &batch, &mut bad, &mut column);
            batch.columns[var.index()] = column;
        } else {
            evaluator.compare((*op, left, right), &batch, &mut bad, &mut keep);
            places(&keep, &mut index);
            batch.keep(&index, &live);
        }
        black_box(&batch);
        best = best.min(start.elapsed().as_secs_f64());
    }
    best * 1e9 / f64::from(u32::try_from(BATCH).unwrap())
}
