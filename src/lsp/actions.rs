//! The fixes of messages as actions of an editor.

use std::collections::BTreeMap;

use lsp_types::{CodeAction, CodeActionKind, TextEdit, Uri, WorkspaceEdit};

use crate::lsp::places::range;
use crate::lsp::published::is_library;
use crate::lsp::workspace::{Unit, Workspace};
use crate::text::diagnostic::Fix;
use crate::text::span::Span;

/// The longest text of a fix that its title shows.
const SHOWN_BYTES: usize = 40;

/// The fixes of messages that concern a part of a text.
#[must_use]
pub fn actions(workspace: &Workspace, unit: &Unit, part: Span) -> Vec<CodeAction> {
    let mut found = Vec::new();
    for message in &unit.messages {
        let touches =
            |span: Span| span.file == part.file && span.start <= part.end && part.start <= span.end;
        if !message.span().is_some_and(touches) {
            continue;
        }
        for fix in &message.fixes {
            let mut changes: BTreeMap<Uri, Vec<TextEdit>> = BTreeMap::new();
            let mut whole = true;
            for edit in &fix.edits {
                let key = unit.texts.key(edit.span.file);
                match workspace.uri(key).filter(|_| !is_library(key)) {
                    Some(uri) => changes.entry(uri).or_default().push(TextEdit::new(
                        range(&unit.texts.files, edit.span),
                        edit.text.clone(),
                    )),
                    None => whole = false,
                }
            }
            if whole {
                let changes = Some(changes.into_iter().collect());
                found.push(CodeAction {
                    title: title(fix),
                    kind: Some(CodeActionKind::QUICKFIX),
                    edit: Some(WorkspaceEdit { changes, ..WorkspaceEdit::default() }),
                    is_preferred: (message.fixes.len() == 1).then_some(true),
                    ..CodeAction::default()
                });
            }
        }
    }
    found
}

/// What a fix does; what it writes, if that is a word or two.
fn title(fix: &Fix) -> String {
    match fix.edits.as_slice() {
        [edit] if !edit.text.trim().is_empty() && edit.text.len() <= SHOWN_BYTES => {
            format!("write `{}`: {}", edit.text.trim(), fix.title)
        }
        _ => fix.title.clone(),
    }
}
