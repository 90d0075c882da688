//! [`Analysis`]: strata in evaluation order and what the rules of `rules.rs` decided.

use std::mem::take;

use crate::analysis::components::components;
use crate::analysis::reify;
use crate::analysis::report::report;
use crate::analysis::rules;
use crate::base::ids::{Id, RelationId, RuleId, StratumId, Table, VarId};
use crate::program::program::Program;
use crate::text::diagnostic::Diagnostic;

/// What is true of a program. Complete even for a program in error, as far as it makes sense.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// Strongly connected components of relations in an order in which every component comes after
    /// those it reads; the same for the same program text.
    pub strata: Table<StratumId, Stratum>,
    /// The stratum of each relation.
    pub stratum_of: Table<RelationId, StratumId>,
    /// For each rule, the positions in `body` of the positive atoms whose relation is of the
    /// head's own stratum, where that stratum is recursive; in order.
    pub recursive: Table<RuleId, Vec<usize>>,
    /// Variables without a value whatever the data, in order; none in a program without errors.
    pub unbound: Vec<(RuleId, VarId)>,
    /// Rules that can never fire whatever the data, in order: one of their relations is always
    /// empty, or their literals exclude each other.
    pub dead: Vec<RuleId>,
}

/// A component of relations that depend on each other.
#[derive(Clone, Debug)]
pub struct Stratum {
    /// Its relations, in id order.
    pub relations: Vec<RelationId>,
    /// The rules with these heads, in id order.
    pub rules: Vec<RuleId>,
    /// Whether a relation of it depends on itself.
    pub recursive: bool,
}

/// Analyses a program. Never fails; with an error among the diagnostics the program must not run.
#[must_use]
pub fn analyse(program: &Program) -> (Analysis, Vec<Diagnostic>) {
    let mut reified = reify::reify(program);
    let edges: Vec<_> =
        reified.atoms.iter().map(|atom| (program.rules[atom.rule].head, atom.relation)).collect();
    let stratum_of = components(program.relations.len(), &edges);
    reify::add_components(&mut reified.tuples, &stratum_of);
    let findings = rules::decide(take(&mut reified.tuples));
    let diagnostics = report(program, &reified, &findings, &stratum_of);

    let count = stratum_of.iter().max().map_or(0, |last| last.index() + 1);
    let empty = Stratum { relations: Vec::new(), rules: Vec::new(), recursive: false };
    let mut strata = Table::filled(count, empty);
    for (relation, &stratum) in stratum_of.entries() {
        strata[stratum].relations.push(relation);
    }
    for (id, rule) in program.rules.entries() {
        strata[stratum_of[rule.head]].rules.push(id);
    }
    for stratum in findings.recursive_components {
        strata[stratum].recursive = true;
    }
    let mut recursive = Table::filled(program.rules.len(), Vec::new());
    for (rule, atom) in findings.recursive {
        recursive[rule].push(reified.atoms[atom].literal);
    }
    let (unbound, dead) = (findings.unbound, findings.dead);
    (Analysis { strata, stratum_of, recursive, unbound, dead }, diagnostics)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::analyse;
    use crate::base::ids::{FileId, Id, OriginId, RelationId, Table, TypeId, VarId};
    use crate::program::program::{
        Arg, Atom, Column, Expr, Literal, LiteralKind, Program, Relation, RelationWords, Rule,
        Shown, Variable,
    };
    use crate::text::span::Span;
    use crate::value::base_type::BaseType;
    use crate::value::symbols::Symbols;

    const SPAN: fn(usize) -> Span = |at| Span::new(FileId::new(0), at, at + 1);

    /// `r1(x) :- r0(x).`, `r2(x) :- r1(x).`, …; with `r1(x)`, `r2(x)`, … in the body too, if looped.
    fn chain(length: usize, looped: bool) -> Program {
        let relation = |i: usize| Relation {
            name: format!("r{i}"),
            columns: vec![Column {
                name: "x".to_owned(),
                ty: TypeId::new(0),
                base: BaseType::Number,
                span: SPAN(i),
            }],
            span: SPAN(i),
            doc: String::new(),
            is_input: i == 0,
            is_output: i == length,
            words: RelationWords::default(),
        };
        let atom = |i: usize| Literal {
            kind: LiteralKind::Atom(Atom {
                relation: RelationId::new(i),
                args: vec![Arg::Var(VarId::new(0))],
            }),
            span: SPAN(i),
        };
        let rule = |i: usize| Rule {
            name: format!("r{i}#1"),
            say: None,
            shown: Shown::Whole,
            origin: OriginId::new(i),
            span: SPAN(i),
            head: RelationId::new(i),
            head_args: vec![Expr::Var(VarId::new(0))],
            head_span: SPAN(i),
            body: [i - 1, i].into_iter().take(1 + usize::from(looped)).map(atom).collect(),
            vars: Table::filled(
                1,
                Variable { name: Some("x".to_owned()), base: BaseType::Number, span: SPAN(i) },
            ),
            plan: Vec::new(),
        };
        Program {
            symbols: Arc::new(Symbols::new()),
            types: Table::new(),
            relations: (0..=length).map(relation).collect(),
            rules: (1..=length).map(rule).collect(),
            facts: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            printsizes: Vec::new(),
            allows: Vec::new(),
        }
    }

    #[test]
    fn a_long_chain_has_a_stratum_for_each_relation() {
        let length = 5000;
        for looped in [false, true] {
            let (analysis, diagnostics) = analyse(&chain(length, looped));
            assert_eq!(analysis.strata.len(), length + 1);
            for (id, stratum) in analysis.strata.entries() {
                assert_eq!(stratum.relations, [RelationId::new(id.index())]);
                assert_eq!(stratum.recursive, looped && id.index() > 0);
            }
            let recursive: &[usize] = if looped { &[1] } else { &[] };
            assert!(analysis.recursive.iter().all(|positions| positions == recursive));
            assert_eq!(analysis.unbound, []);
            // Recursion that never starts: every rule of it is dead.
            let dead = if looped { length } else { 0 };
            assert_eq!((analysis.dead.len(), diagnostics.len()), (dead, dead));
        }
    }
}
