//! Rules that multiply: what they take from one atom has nothing to do with what they take from
//! another, and both stand in the head. Every row of the one then meets every row of the other,
//! which is seldom meant and grows as their product. A relation of one fact or one total
//! multiplies nothing.

use crate::base::ids::{Id, RelationId, StratumId, Table, VarId};
use crate::program::program::{Arg, Atom, Fact, LiteralKind, Program, Rule};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// A warning for every such rule of the program's own.
pub(super) fn products(
    program: &Program,
    stratum_of: &Table<RelationId, StratumId>,
    is_own: impl Fn(Span) -> bool,
    out: &mut Vec<Diagnostic>,
) {
    let single = Single::of(program, stratum_of);
    for rule in program.rules.iter().filter(|rule| is_own(rule.span)) {
        let mut parts = Parts::of(rule);
        let mut heads = Vec::new();
        rule.head_args.iter().for_each(|arg| arg.each_var(&mut |var| heads.push(var)));
        let heads: Vec<usize> = heads.into_iter().map(|var| parts.find(var.index())).collect();
        // One atom of each part that the head takes something from.
        let mut found: Vec<(usize, Span, &str)> = Vec::new();
        for literal in &rule.body {
            let LiteralKind::Atom(atom) = &literal.kind else { continue };
            let Some(part) = atom.vars().next().map(|var| parts.find(var.index())) else {
                continue;
            };
            let is_taken = heads.contains(&part) && !found.iter().any(|(one, ..)| *one == part);
            if is_taken && !single.matches_one(atom) {
                found.push((part, literal.span, &program.relations[atom.relation].name));
            }
        }
        if let [(_, one, first), (_, other, second), ..] = found.as_slice() {
            let text = format!("every row of `{first}` meets every row of `{second}` here");
            out.push(
                Diagnostic::new(Code::L0212, text)
                    .label(
                        *other,
                        "shares no variable with it, nor is one compared with one of its",
                    )
                    .label(*one, "every row of this")
                    .help("join them by a variable that both have, or by a relation that has both")
                    .help("if all pairs are meant, write //@ allow(L0212) above the rule"),
            );
        }
    }
}

/// Which relations have at most one row whatever the input: one fact, or what one rule gives that
/// takes only such rows and totals.
struct Single<'a> {
    program: &'a Program,
    /// The facts of each relation.
    facts: Table<RelationId, Vec<&'a Fact>>,
    /// The rules of each relation.
    rules: Table<RelationId, Vec<&'a Rule>>,
    is_single: Table<RelationId, bool>,
}

impl<'a> Single<'a> {
    fn of(program: &'a Program, stratum_of: &Table<RelationId, StratumId>) -> Self {
        let count = program.relations.len();
        let mut single = Self {
            program,
            facts: Table::filled(count, Vec::new()),
            rules: Table::filled(count, Vec::new()),
            is_single: Table::filled(count, false),
        };
        program.facts.iter().for_each(|fact| single.facts[fact.relation].push(fact));
        program.rules.iter().for_each(|rule| single.rules[rule.head].push(rule));
        // What a relation reads is decided before it, except in recursion, which gives many.
        let mut order: Vec<(StratumId, RelationId)> =
            stratum_of.entries().map(|(relation, &stratum)| (stratum, relation)).collect();
        order.sort_unstable();
        for (_, relation) in order {
            single.is_single[relation] = !program.relations[relation].is_input
                && match (single.facts[relation].len(), single.rules[relation].as_slice()) {
                    (0 | 1, []) => true,
                    (0, [rule]) => single.gives_one(rule),
                    _ => false,
                };
        }
        single
    }

    fn gives_one(&self, rule: &Rule) -> bool {
        rule.body.iter().all(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => self.matches_one(atom),
            LiteralKind::Aggregate { aggregate, .. } => aggregate.witnesses.is_empty(),
            LiteralKind::Range { .. } => false,
            LiteralKind::Absent(_)
            | LiteralKind::Compare(..)
            | LiteralKind::Test { .. }
            | LiteralKind::Constant(_) => true,
        })
    }

    /// Whether the atom matches at most one row: of a relation of facts, by its constants too.
    fn matches_one(&self, atom: &Atom) -> bool {
        let relation = atom.relation;
        let is_of_facts =
            !self.program.relations[relation].is_input && self.rules[relation].is_empty();
        let matches = |fact: &&&Fact| {
            let mut pairs = atom.args.iter().zip(&fact.values);
            pairs.all(|(arg, value)| !matches!(arg, Arg::Const(wanted) if wanted != value))
        };
        self.is_single[relation]
            || is_of_facts && self.facts[relation].iter().filter(matches).take(2).count() < 2
    }
}

/// The variables of a rule in parts that no literal connects.
struct Parts {
    parent: Vec<usize>,
}

impl Parts {
    fn of(rule: &Rule) -> Self {
        let mut parts = Self { parent: (0..rule.vars.len()).collect() };
        for literal in &rule.body {
            let mut first: Option<VarId> = None;
            literal.each_var(&mut |var| match first {
                Some(first) => parts.join(first.index(), var.index()),
                None => first = Some(var),
            });
        }
        for arg in &rule.head_args {
            // A value computed from both needs both.
            let mut first: Option<VarId> = None;
            arg.each_var(&mut |var| match first {
                Some(first) => parts.join(first.index(), var.index()),
                None => first = Some(var),
            });
        }
        parts
    }

    fn find(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        self.parent[one] = other;
    }
}
