//! Rules that lose how firmly something is said, or how far it may go: they read a relation with a
//! column `modality` or `marking`, look at neither its value nor pass it on, and their conclusion is
//! written out without it. Only columns of these names are looked at, and only the last step before
//! an output: anything wider would speak of rules that are as they should be.

use crate::base::ids::{Id, VarId};
use crate::program::program::{Arg, LiteralKind, Program, Rule};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Columns that a conclusion should not lose.
const KEPT: [&str; 2] = ["modality", "marking"];

/// A warning for every such rule that is the program's own.
pub(super) fn dropped(program: &Program, is_own: impl Fn(Span) -> bool, out: &mut Vec<Diagnostic>) {
    for rule in program.rules.iter().filter(|rule| is_own(rule.span)) {
        let head = &program.relations[rule.head];
        if !program.outputs.iter().any(|output| output.relation == rule.head) {
            continue;
        }
        let uses = uses(rule);
        for literal in &rule.body {
            let LiteralKind::Atom(atom) = &literal.kind else { continue };
            let columns = &program.relations[atom.relation].columns;
            for (arg, column) in atom.args.iter().zip(columns) {
                let is_kept = KEPT.contains(&column.name.as_str());
                let is_dropped = matches!(arg, Arg::Var(var) if uses[var.index()] == 1);
                if !is_kept || !is_dropped || head.columns.iter().any(|c| c.name == column.name) {
                    continue;
                }
                let text = format!("`{}` loses the {} of what it rests on", head.name, column.name);
                out.push(
                    Diagnostic::new(Code::L0209, text)
                        .label(
                            literal.span,
                            format!("its {} is neither read nor kept", column.name),
                        )
                        .label(head.span, "written out without it")
                        .help(format!("give `{}` a column `{}`", head.name, column.name))
                        .help("if it does not matter here, write //@ allow(L0209) above the rule"),
                );
            }
        }
    }
}

/// How often each variable of a rule is written.
fn uses(rule: &Rule) -> Vec<usize> {
    let mut uses = vec![0; rule.vars.len()];
    let mut count = |var: VarId| uses[var.index()] += 1;
    rule.head_args.iter().for_each(|arg| arg.each_var(&mut count));
    rule.body.iter().for_each(|literal| literal.each_var(&mut count));
    uses
}
