//! Rules that multiply: what they take from one atom has nothing to do with what they take from
//! another, and both stand in the head. Every row of the one then meets every row of the other,
//! which is seldom meant and grows as their product. A relation of one fact or
//! one total multiplies nothing.

use crate::base::ids::{Id, RelationId, VarId};
use crate::program::program::{Arg, Atom, LiteralKind, Program, Rule};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// A warning for every such rule of the program's own.
pub(super) fn products(
    program: &Program,
    is_own: impl Fn(Span) -> bool,
    out: &mut Vec<Diagnostic>,
) {
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
            if is_taken && !is_single(program, atom, &[]) {
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

/// Whether an atom matches at most one row whatever the input: one fact, or what one rule gives
/// that takes only such rows and totals.
fn is_single(program: &Program, atom: &Atom, within: &[RelationId]) -> bool {
    let relation = atom.relation;
    if program.relations[relation].is_input || within.contains(&relation) {
        return false;
    }
    let mut rules = program.rules.iter().filter(|rule| rule.head == relation);
    let (rule, more) = (rules.next(), rules.next());
    let facts = program.facts.iter().filter(|fact| fact.relation == relation).filter(|fact| {
        let mut pairs = atom.args.iter().zip(&fact.values);
        pairs.all(|(arg, value)| !matches!(arg, Arg::Const(wanted) if wanted != value))
    });
    let within = [within, &[relation]].concat();
    let gives_one = |rule: &Rule| {
        rule.body.iter().all(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => is_single(program, atom, &within),
            LiteralKind::Aggregate { aggregate, .. } => aggregate.witnesses.is_empty(),
            LiteralKind::Range { .. } => false,
            LiteralKind::Absent(_)
            | LiteralKind::Compare(..)
            | LiteralKind::Test { .. }
            | LiteralKind::Constant(_) => true,
        })
    };
    more.is_none()
        && facts.take(2).count() + usize::from(rule.is_some()) < 2
        && rule.is_none_or(gives_one)
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
