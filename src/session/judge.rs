//! What is wrong with rule files, without running them: the messages of `hence check`, of a session
//! that loads them, and of an editor while they are written.

use std::sync::Arc;

use crate::analysis::analysis::{Analysis, analyse};
use crate::program::build::build;
use crate::program::program::Program;
use crate::session::load::{Places, Root, read_open};
use crate::session::undeclared;
use crate::session::warnings;
use crate::syntax::ast;
use crate::text::codes::Code;
use crate::text::diagnostic::{self, Diagnostic, has_errors};
use crate::text::files::Files;
use crate::value::symbols::Symbols;

/// Rule files with what they mean and what is wrong with them.
pub struct Judged {
    /// The texts.
    pub files: Files,
    /// One tree for each root, with what it includes.
    pub trees: Vec<ast::Program>,
    /// What they mean together; with an error among the messages as much as could be made out.
    pub program: Program,
    /// What is wrong, in the order of the text.
    pub messages: Vec<Diagnostic>,
}

/// Reads and judges rule files with all that they include.
#[must_use]
pub fn judge(roots: &[Root], places: Places<'_>) -> Judged {
    let mut files = Files::new();
    let (sources, mut messages) = read_open(roots, places, &mut files);
    let symbols = Arc::new(Symbols::new());
    let (program, _) = resolve(&sources.trees, symbols, &files, &mut messages);
    settle(&mut messages, &files);
    drop_open_inputs(&program, &mut messages);
    Judged { files, trees: sources.trees, program, messages }
}

/// Resolves and analyses rule files. The program is good only if there is no error.
pub(crate) fn resolve(
    trees: &[ast::Program],
    symbols: Arc<Symbols>,
    files: &Files,
    messages: &mut Vec<Diagnostic>,
) -> (Program, Analysis) {
    let unread = has_errors(messages);
    let (program, more) = build(trees, symbols);
    messages.extend(more);
    undeclared::offer_declarations(trees, &program, messages, files);
    let (analysis, more) = analyse(&program);
    messages.extend(more);
    // What is in error may be what an allow is for.
    if has_errors(messages) {
        let _used = warnings::drop_allowed(&program, messages);
    } else {
        warnings::drop_known(&program, messages);
    }
    if unread {
        // The gaps that unread statements leave look like mistakes that nobody made.
        messages.retain(Diagnostic::is_error);
    }
    (program, analysis)
}

/// Sorts messages, and leaves out those that only follow from others.
pub(crate) fn settle(messages: &mut Vec<Diagnostic>, files: &Files) {
    diagnostic::sort(messages);
    // What a program leaves unused of the library is no fault of it.
    let in_library = |message: &Diagnostic| {
        message.span().is_some_and(|span| files.get(span.file).name.starts_with("lib:"))
    };
    messages.retain(|message| message.is_error() || !in_library(message));
    if has_errors(messages) {
        undeclared::name_modules(messages, files);
        // What is odd about a program in error mostly follows from the error.
        messages.retain(Diagnostic::is_error);
    }
}

/// Leaves out warnings about rules that can never fire where the program writes nothing: what a
/// part of a program reads and does not fill, the whole may fill.
pub fn drop_open_inputs(program: &Program, messages: &mut Vec<Diagnostic>) {
    if !(program.outputs.is_empty() && program.printsizes.is_empty()) {
        return;
    }
    let declared = |span| program.relations.iter().any(|one| one.span == span);
    messages.retain(|message| {
        let mut others = message.labels.iter().skip(1);
        message.code != Code::L0201 || !others.any(|label| declared(label.span))
    });
}
