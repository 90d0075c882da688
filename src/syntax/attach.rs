//! Gives annotations and doc comments to the statements they stand at. An annotation belongs to
//! the statement whose lines it stands in, else to the next one; a doc comment to the statement
//! directly below it or, behind a declaration, to that.

use std::iter;

use crate::syntax::annotation;
use crate::syntax::ast::{Doc, Item, ItemKind, ItemSpan};
use crate::syntax::token::{Comment, CommentKind};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// The place of a statement and, unless it is left out, the statement.
#[derive(Debug)]
pub(super) struct Slot {
    /// What was read.
    pub(super) item: Option<ItemKind>,
    /// Where.
    pub(super) span: Span,
}

/// Joins statements, in order, with the comments, in order.
pub(super) fn attach(
    text: &str,
    slots: Vec<Slot>,
    comments: &[Comment],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Item> {
    let mut annotations: Vec<Vec<_>> = slots.iter().map(|_| Vec::new()).collect();
    let mut docs: Vec<Vec<Comment>> = slots.iter().map(|_| Vec::new()).collect();
    let places = Places {
        line_starts: iter::once(0)
            .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
            .collect(),
        slots: &slots,
    };
    for &comment in comments {
        let next = slots.partition_point(|slot| slot.span.start < comment.span.start);
        if comment.kind == CommentKind::Annotation {
            let found = annotation::read(text, comment.span, diagnostics);
            match places.annotated(next, comment) {
                Some(owner) => annotations[owner].extend(found),
                None => diagnostics.push(
                    Diagnostic::new(Code::H0206, "an annotation stands before nothing")
                        .label(comment.span, "")
                        .help("put it directly above the statement that it is for"),
                ),
            }
        } else if let Some(owner) = places.documented(next, comment) {
            docs[owner].push(comment);
        }
    }
    let mut items = Vec::with_capacity(slots.len());
    for ((slot, annotations), docs) in slots.into_iter().zip(annotations).zip(docs) {
        if let Some(kind) = slot.item {
            let doc = Doc(doc_text(text, slot.span, &docs));
            items.push(Item { kind, annotations, doc, span: ItemSpan(slot.span) });
        }
    }
    items
}

struct Places<'a> {
    line_starts: Vec<usize>,
    slots: &'a [Slot],
}

impl Places<'_> {
    fn line(&self, offset: u32) -> usize {
        self.line_starts.partition_point(|&start| start <= offset as usize)
    }

    /// The statement that an annotation before statement `next` is for.
    fn annotated(&self, next: usize, comment: Comment) -> Option<usize> {
        let before = next.checked_sub(1).map(|at| self.slots[at].span.end);
        let start = comment.span.start;
        match before {
            Some(end) if end > start || self.line(end) == self.line(start) => Some(next - 1),
            _ => (next < self.slots.len()).then_some(next),
        }
    }

    /// The statement that a comment before statement `next` may speak of: the first declaration of
    /// its line, or the next statement if none starts on its line.
    fn documented(&self, next: usize, comment: Comment) -> Option<usize> {
        let line = self.line_starts[self.line(comment.span.start) - 1];
        let first = self.slots.partition_point(|slot| (slot.span.start as usize) < line);
        if first == next {
            return (next < self.slots.len()).then_some(next);
        }
        let declares =
            |slot: &Slot| matches!(slot.item, Some(ItemKind::Relation(_) | ItemKind::Type(_)));
        // Only the last comment of a line is looked at, so that a line is searched once.
        if comment.kind != CommentKind::Line {
            return None;
        }
        (first..next).find(|&at| declares(&self.slots[at]))
    }
}

/// The text of the comments on the lines directly above a statement and of one behind it.
fn doc_text(text: &str, item: Span, comments: &[Comment]) -> String {
    let behind = comments.partition_point(|comment| comment.span.start < item.start);
    let mut lines = Vec::new();
    let mut below = item.start as usize;
    for comment in comments[..behind].iter().rev() {
        let gap: Vec<&str> = text[comment.span.end as usize..below].split('\n').collect();
        let plain = |line: &&str| line.trim().is_empty() || line.trim().starts_with("//@");
        let inner = gap.get(1..gap.len() - 1).unwrap_or_default();
        if !gap.iter().all(plain) || inner.iter().any(|line| line.trim().is_empty()) {
            break;
        }
        lines.push(comment_text(&text[comment.span.range()]));
        below = comment.span.start as usize;
    }
    lines.reverse();
    lines
        .extend(comments[behind..].iter().map(|comment| comment_text(&text[comment.span.range()])));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// A comment without its marks.
fn comment_text(comment: &str) -> String {
    if let Some(inner) = comment.strip_prefix("/*") {
        let inner = inner.strip_suffix("*/").unwrap_or(inner);
        let lines = inner.lines().map(|line| line.trim().trim_start_matches('*').trim());
        return lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    }
    comment.trim_start_matches('/').trim_start_matches('<').trim().to_owned()
}
