//! What helps with a relation that nothing declares: the module of the library that does, or a
//! declaration to copy. Mistakes that hide behind a missing declaration are found too.

use std::sync::Arc;

use crate::analysis::analysis::analyse;
use crate::io::library;
use crate::program::build::build;
use crate::program::program::Program;
use crate::program::question::declare;
use crate::syntax::ast::{self, Atom, ExprKind, ItemKind};
use crate::syntax::printer::print;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, has_errors};
use crate::text::files::Files;

/// Names the module of the library that declares `name`.
#[must_use]
pub fn module_of(name: &str) -> Option<String> {
    let declares = |text: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(".decl "));
        lines.any(|line| line.split('(').next().is_some_and(|declared| declared.trim() == name))
    };
    let (module, _) = library::modules().into_iter().find(|(_, text)| declares(text))?;
    Some(format!("the library declares it in {module}: `.include \"{module}\"`"))
}

/// Adds to messages on unknown relations where the library has them.
pub fn name_modules(messages: &mut [Diagnostic], files: &Files) {
    for message in messages.iter_mut().filter(|message| message.code == Code::H0101) {
        let Some(help) = message.span().and_then(|span| module_of(files.text_of(span))) else {
            continue;
        };
        // A similar name that is declared is no match for the very name.
        message.fixes.clear();
        message.helps.retain(|help| !help.starts_with("did you mean"));
        if !message.helps.contains(&help) {
            message.helps.push(help);
        }
    }
}

/// Adds declarations to copy to messages on heads that nothing declares, and the errors that show
/// once these are declared. `program` is what `trees` give as they stand.
pub fn offer_declarations(
    trees: &[ast::Program],
    program: &Program,
    messages: &mut Vec<Diagnostic>,
    files: &Files,
) {
    let is_open = |message: &Diagnostic| message.code == Code::H0101 && message.fixes.is_empty();
    if !messages.iter().any(is_open) {
        return;
    }
    let declared: Vec<ast::Program> = trees.iter().map(|tree| declare(program, tree)).collect();
    for message in messages.iter_mut().filter(|message| is_open(message)) {
        let Some(span) = message.span() else { continue };
        let name = files.text_of(span);
        if !message.helps.is_empty() || module_of(name).is_some() {
            continue;
        }
        let decl = declared.iter().zip(trees).find_map(|(with, without)| {
            let added = &with.items[..with.items.len() - without.items.len()];
            added.iter().find(|item| declares(item, name)).cloned()
        });
        if let Some(decl) = decl {
            let one = ast::Program { items: vec![decl], unread: Vec::new() };
            message.helps.push(format!("declare it: `{}`", print(&one).trim()));
        } else if let Some(head) = trees.iter().find_map(|tree| head(tree, name)) {
            message.helps.push(format!("declare it: `{}`", outline(head)));
        }
    }
    let (program, mut more) = build(&declared, Arc::clone(&program.symbols));
    if !has_errors(&more) {
        more.extend(analyse(&program).1);
    }
    let places = |message: &Diagnostic| (message.code, message.span());
    let known: Vec<_> = messages.iter().map(places).collect();
    more.retain(|message| message.is_error() && !known.contains(&places(message)));
    messages.extend(more);
}

fn declares(item: &ast::Item, name: &str) -> bool {
    match &item.kind {
        ItemKind::Relation(decl) => decl.names.iter().any(|declared| declared.node == name),
        _ => false,
    }
}

fn head<'a>(tree: &'a ast::Program, name: &str) -> Option<&'a Atom> {
    tree.items.iter().find_map(|item| match &item.kind {
        ItemKind::Rule(rule) => rule.heads.iter().find(|head| head.name.node == name),
        _ => None,
    })
}

/// A declaration of a head whose types do not follow.
fn outline(head: &Atom) -> String {
    let columns: Vec<String> = head
        .args
        .iter()
        .enumerate()
        .map(|(at, arg)| match &arg.node {
            ExprKind::Var(name) => format!("{name}: …"),
            _ => format!("c{}: …", at + 1),
        })
        .collect();
    format!(".decl {}({})", head.name.node, columns.join(", "))
}
