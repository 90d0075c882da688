//! Totals over amounts of any unit: eleven thousand soldiers and a thousand shells are not twelve
//! thousand of anything. Seen where a sum or mean takes its values from a relation with a column
//! that is a unit, by its name or its type, and lets the unit be any; and where it takes the bounds
//! of claims without asking for their unit. Totals over amounts of any subject are seen likewise.

use crate::base::ids::VarId;
use crate::program::program::{Aggregate, Arg, Atom, LiteralKind, Program, Rule};
use crate::syntax::ast::AggregateKind;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Relations of a claims file with bounds of amounts, whose unit stands in `claim_unit`.
const BOUNDS: [&str; 2] = ["claim_lo", "claim_hi"];

/// How the relations begin that say how much a claim says, how and by whom, and not of what.
const FIGURES: [&str; 7] = [
    "claim_lo",
    "claim_hi",
    "claim_unit",
    "claim_per",
    "claim_approx",
    "claim_modality",
    "claim_chain",
];

/// A warning for every such total of the program's own rules.
pub(super) fn mixtures(
    program: &Program,
    is_own: impl Fn(Span) -> bool,
    out: &mut Vec<Diagnostic>,
) {
    for rule in program.rules.iter().filter(|rule| is_own(rule.span)) {
        for literal in &rule.body {
            let LiteralKind::Aggregate { aggregate, .. } = &literal.kind else { continue };
            if !matches!(aggregate.kind, AggregateKind::Sum | AggregateKind::Mean) {
                continue;
            }
            let kind = aggregate.kind.name();
            for (atom, span) in summed(aggregate) {
                if let Some(found) = unit(program, rule, aggregate, atom) {
                    out.push(
                        Diagnostic::new(Code::L0213, format!("this {kind} is over any unit"))
                            .label(span, found)
                            .label(literal.span, "amounts of different units are added here")
                            .help("take the unit from outside of the aggregate, so that there is one total for each, or name it")
                            .help("if there is one unit only, write //@ allow(L0213) above the rule"),
                    );
                    break;
                }
                if let Some(found) = subject(program, rule, aggregate, atom) {
                    out.push(mixed(kind, literal.span, (span, found)));
                    break;
                }
            }
        }
    }
}

/// The warning of a total whose rows may be of several subjects.
fn mixed(kind: &str, literal: Span, (span, found): (Span, String)) -> Diagnostic {
    Diagnostic::new(Code::L0214, format!("this {kind} is over any subject"))
        .label(span, found)
        .label(literal, "amounts of different things are added here")
        .help("take what they are about from outside of the aggregate, or name it")
        .help("if the total of all is meant, write //@ allow(L0214) above the rule")
}

/// The atoms of an aggregate's body that its value is taken from.
fn summed(aggregate: &Aggregate) -> Vec<(&Atom, Span)> {
    let mut values: Vec<VarId> = Vec::new();
    aggregate.value.iter().for_each(|value| value.each_var(&mut |var| values.push(var)));
    let atoms =
        aggregate.body.iter().filter_map(|literal| Some((literal.kind.atom()?, literal.span)));
    atoms.filter(|(atom, _)| atom.vars().any(|var| values.contains(&var))).collect()
}

/// What is found if the atom's rows may be of several units.
fn unit(program: &Program, rule: &Rule, aggregate: &Aggregate, atom: &Atom) -> Option<String> {
    let relation = &program.relations[atom.relation];
    let is_unit = |name: &str| name.eq_ignore_ascii_case("unit");
    for (arg, column) in atom.args.iter().zip(&relation.columns) {
        let named = is_unit(&column.name) || is_unit(&program.types[column.ty].name);
        if named && matches!(arg, Arg::Var(var) if is_free(*var, aggregate)) {
            return Some(format!("its column `{}` may be any", column.name));
        }
    }
    if !BOUNDS.contains(&relation.name.as_str()) {
        return None;
    }
    let Some(Arg::Var(claim)) = atom.args.first() else { return None };
    // Asked inside or outside, its unit is not just any.
    let mut bodies = rule.body.iter().chain(&aggregate.body);
    let asks = bodies.any(|literal| {
        literal.kind.atom().is_some_and(|other| {
            let name = program.relations[other.relation].name.as_str();
            let is_other = other.relation != atom.relation;
            // Any relation of rules that picks the claims may do so by their unit.
            is_other && other.vars().any(|var| var == *claim) && !name.starts_with("claim_chain")
        })
    });
    (!asks).then(|| "nothing asks for the unit of these claims".to_owned())
}

/// What is found if the atom's rows may be of several subjects.
fn subject(program: &Program, rule: &Rule, aggregate: &Aggregate, atom: &Atom) -> Option<String> {
    let relation = &program.relations[atom.relation];
    for (arg, column) in atom.args.iter().zip(&relation.columns) {
        let named = column.name.eq_ignore_ascii_case("subject");
        if named && matches!(arg, Arg::Var(var) if is_free(*var, aggregate)) {
            return Some(format!("its column `{}` may be any", column.name));
        }
    }
    if !BOUNDS.contains(&relation.name.as_str()) {
        return None;
    }
    let Some(Arg::Var(claim)) = atom.args.first() else { return None };
    let mut bodies = rule.body.iter().chain(&aggregate.body);
    let asks = bodies.any(|literal| {
        literal.kind.atom().is_some_and(|other| {
            let name = program.relations[other.relation].name.as_str();
            other.vars().any(|var| var == *claim)
                && !FIGURES.iter().any(|figure| name.starts_with(figure))
        })
    });
    (!asks).then(|| "nothing asks what these claims are about".to_owned())
}

/// Whether a variable is bound by one atom of the aggregate alone.
fn is_free(var: VarId, aggregate: &Aggregate) -> bool {
    let mut count = 0;
    aggregate.body.iter().for_each(|literal| {
        literal.each_var(&mut |other| count += usize::from(other == var));
    });
    !aggregate.outer.contains(&var) && count < 2 && !aggregate.witnesses.contains(&var)
}
