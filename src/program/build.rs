//! Trees to a [`Program`]: declarations first, then directives, facts and rules. Never fails: what
//! is wrong is reported, and what is right is kept, so that one run shows every mistake.

use std::sync::Arc;

use crate::program::annotations;
use crate::program::directives::Directives;
use crate::program::names::Names;
use crate::program::program::Program;
use crate::program::rules::{Rules, distinct};
use crate::syntax::ast::{self, ItemKind};
use crate::text::diagnostic::{self, Diagnostic};
use crate::value::symbols::Symbols;

/// The program that the files mean together, in the order given, and what is wrong with it, in
/// the order of the text. With an error among the diagnostics the program is good for further
/// diagnostics only.
#[must_use]
pub fn build(files: &[ast::Program], symbols: Arc<Symbols>) -> (Program, Vec<Diagnostic>) {
    let (names, mut found) = Names::build(files);
    let mut directives = Directives::default();
    let mut rules = Rules::new(&names, Arc::clone(&symbols));
    let mut allows = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        annotations::check(item, &mut found);
        allows.extend(annotations::allows(item, &mut found));
        directives.read(item, &names, &mut rules.unknown, &mut found);
        if let ItemKind::Rule(rule) = &item.kind {
            rules.add(item, rule);
        }
    }
    directives.check_outputs(&names, &mut found);
    let Rules { rules, facts, mut unknown, found: mut more, .. } = rules;
    files.iter().flat_map(|file| &file.unread).for_each(|name| unknown.forget(name));
    found.append(&mut more);
    found.extend(unknown.report(&names));
    let Names { types, mut relations, .. } = names;
    for directive in &directives.inputs {
        relations[directive.relation].is_input = true;
    }
    let outputs = directives.outputs.iter().map(|directive| directive.relation);
    for relation in outputs.chain(directives.printsizes.iter().copied()) {
        relations[relation].is_output = true;
    }
    let mut found = distinct(found);
    diagnostic::sort(&mut found);
    let program = Program {
        symbols,
        types: types.table,
        relations,
        rules,
        facts,
        inputs: directives.inputs,
        outputs: directives.outputs,
        printsizes: directives.printsizes,
        allows,
    };
    (program, found)
}
