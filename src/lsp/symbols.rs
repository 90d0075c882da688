//! The outline of a rule file: its types, its relations with their columns, its rules; and the
//! layout of `hence fmt` as an edit.

use lsp_types::{DocumentSymbol, Range, SymbolKind, TextEdit};

use crate::base::ids::FileId;
use crate::lsp::places::{position, range};
use crate::lsp::workspace::{Texts, Unit};
use crate::show::schema::signature;
use crate::syntax::ast::{AnnotationArg, Item, ItemKind, Name, Rule};
use crate::syntax::format::format;
use crate::text::span::Span;

/// What a file declares and derives, in order; facts apart.
#[must_use]
pub fn symbols(unit: &Unit, file: FileId) -> Vec<DocumentSymbol> {
    let items = unit.texts.trees.iter().flat_map(|tree| &tree.items);
    let mut found = Vec::new();
    for item in items.filter(|item| item.span.0.file == file) {
        match &item.kind {
            ItemKind::Relation(decl) => found.extend(decl.names.iter().map(|name| {
                let columns = decl.columns.iter().map(|column| {
                    let whole = column.name.span.to(column.ty.span);
                    let detail = column.ty.node.clone();
                    symbol(&unit.texts, SymbolKind::FIELD, &column.name, whole, detail)
                });
                let detail = unit.program.relation(&name.node).map_or_else(String::new, |id| {
                    signature(&unit.program, &unit.program.relations[id])
                });
                let whole = item.span.0;
                let mut own = symbol(&unit.texts, SymbolKind::STRUCT, name, whole, detail);
                own.children = Some(columns.collect());
                own
            })),
            ItemKind::Type(decl) => {
                let detail = unit.texts.files.text_of(item.span.0).to_owned();
                let kind = SymbolKind::TYPE_PARAMETER;
                found.push(symbol(&unit.texts, kind, &decl.name, item.span.0, detail));
            }
            ItemKind::Rule(rule) if rule.body.is_some() => {
                found.extend(rule_symbol(&unit.texts, item, rule));
            }
            ItemKind::Rule(_)
            | ItemKind::Directive(_)
            | ItemKind::Include { .. }
            | ItemKind::Once
            | ItemKind::Pragma { .. } => {}
        }
    }
    found
}

/// A rule by its heads, with the name that an annotation gives it.
fn rule_symbol(texts: &Texts, item: &Item, rule: &Rule) -> Option<DocumentSymbol> {
    let named = item.annotations.iter().find(|one| one.name.node == "name");
    let detail = match named.and_then(|one| one.args.first()).map(|arg| &arg.node) {
        Some(AnnotationArg::Text(name)) => format!("rule “{name}”"),
        _ => "rule".to_owned(),
    };
    let first = rule.heads.first()?;
    let mut own = symbol(texts, SymbolKind::FUNCTION, &first.name, item.span.0, detail);
    let heads: Vec<&str> = rule.heads.iter().map(|head| texts.files.text_of(head.span.0)).collect();
    own.name = heads.join(", ");
    Some(own)
}

#[expect(deprecated, reason = "the type has a field that the protocol gave up")]
fn symbol(
    texts: &Texts,
    kind: SymbolKind,
    name: &Name,
    whole: Span,
    detail: String,
) -> DocumentSymbol {
    DocumentSymbol {
        name: name.node.clone(),
        detail: Some(detail),
        kind,
        tags: None,
        deprecated: None,
        range: range(&texts.files, whole),
        selection_range: range(&texts.files, name.span),
        children: None,
    }
}

/// The edit that lays a file out: from the first line that differs to the last. Nothing if there is
/// none, or if the text cannot be read.
#[must_use]
pub fn layout(texts: &Texts, file: FileId) -> Option<TextEdit> {
    let text = &texts.files.get(file).text;
    let new = format(text, file).ok().filter(|new| **new != **text)?;
    let same = |a: &str, b: &str| -> usize {
        let pairs = a.split_inclusive('\n').zip(b.split_inclusive('\n'));
        pairs.take_while(|(a, b)| a == b && a.ends_with('\n')).map(|(a, _)| a.len()).sum()
    };
    let start = same(text, &new);
    let lines =
        |text: &str| -> Vec<usize> { text.split_inclusive('\n').rev().map(str::len).collect() };
    let (mut old_end, mut new_end) = (text.len(), new.len());
    for (old, new_line) in lines(&text[start..]).into_iter().zip(lines(&new[start..])) {
        if text[old_end - old..old_end] != new[new_end - new_line..new_end] {
            break;
        }
        (old_end, new_end) = (old_end - old, new_end - new_line);
    }
    let own = texts.files.get(file);
    let range = Range::new(position(own, start), position(own, old_end));
    Some(TextEdit::new(range, new[start..new_end].to_owned()))
}
