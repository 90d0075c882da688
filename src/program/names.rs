//! [`Names`]: the declared relations and types by name, with what is wrong with the declarations.

use crate::base::hash::{Map, Set};
use crate::base::ids::{RelationId, Table};
use crate::program::annotations;
use crate::program::program::{Caution, Column, Program, Relation};
use crate::program::suggest::nearest;
use crate::program::types::{Types, built_in, twice};
use crate::syntax::ast;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;
use crate::value::base_type::BaseType;

/// Storage and evaluation hints of the dialect: they change no result.
const HINTS: &[&str] = &["btree", "brie", "btree_delete", "magic", "no_magic", "no_inline"];
/// Qualifiers of the dialect that change results.
const UNSUPPORTED: &[&str] = &["eqrel", "inline", "overridable", "choice-domain", "lattice"];

/// What names mean.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) types: Types,
    pub(crate) relations: Table<RelationId, Relation>,
    by_name: Map<String, RelationId>,
    /// Where the type of each column is written, where known.
    type_spans: Map<(RelationId, usize), Span>,
    /// Relations with a column of unknown type: their uses are not checked.
    broken: Set<RelationId>,
}

impl Names {
    /// The names of an existing program.
    pub(crate) fn of(program: &Program) -> Self {
        let by_name = program.relations.entries().map(|(id, r)| (r.name.clone(), id)).collect();
        Self {
            types: Types::of(program.types.clone()),
            relations: program.relations.clone(),
            by_name,
            type_spans: Map::default(),
            broken: Set::default(),
        }
    }

    /// The declarations of all files.
    pub(crate) fn build(files: &[ast::Program]) -> (Self, Vec<Diagnostic>) {
        let items = || files.iter().flat_map(|file| &file.items);
        let (types, mut found) = Types::build(items().filter_map(|item| match &item.kind {
            ast::ItemKind::Type(declaration) => Some(declaration),
            _ => None,
        }));
        let mut names = Self {
            types,
            relations: Table::new(),
            by_name: Map::default(),
            type_spans: Map::default(),
            broken: Set::default(),
        };
        for item in items() {
            if let ast::ItemKind::Type(declaration) = &item.kind
                && annotations::is_date(item, &mut found)
            {
                found.extend(names.types.date(&declaration.name));
            }
            if let ast::ItemKind::Relation(declaration) = &item.kind {
                names.declare(item, declaration, &mut found);
            }
        }
        for relation in names.relations.iter() {
            if let Some((name, span)) = relation.words.caution.as_ref().and_then(Caution::lacked)
                && !names.by_name.contains_key(name)
            {
                let near = nearest(name, names.by_name.keys().map(String::as_str));
                let text = format!("unknown relation `{name}`");
                let message = Diagnostic::new(Code::H0101, text).label(span, "");
                found.push(match near.first() {
                    Some(near) => message.help(format!("did you mean `{near}`?")),
                    None => {
                        message.help("`caution` takes a column, and the relation that lacks it")
                    }
                });
            }
        }
        (names, found)
    }

    fn declare(
        &mut self,
        item: &ast::Item,
        declaration: &ast::RelationDecl,
        found: &mut Vec<Diagnostic>,
    ) {
        qualifiers(declaration, found);
        let (columns, type_spans, is_broken) = self.columns(declaration, found);
        let words = annotations::words(item, &columns, found);
        for name in &declaration.names {
            if let Some(first) = self.by_name.get(&name.node) {
                found.push(twice("relation", name, Some(self.relations[*first].span)));
                let types = |columns: &[Column]| columns.iter().map(|c| c.ty).collect::<Vec<_>>();
                if types(&self.relations[*first].columns) != types(&columns) {
                    self.broken.insert(*first);
                }
                continue;
            }
            let id = self.relations.push(Relation {
                name: name.node.clone(),
                columns: columns.clone(),
                span: name.span,
                doc: item.doc.0.clone(),
                is_input: false,
                is_output: false,
                words: words.clone(),
            });
            self.by_name.insert(name.node.clone(), id);
            for (index, span) in type_spans.iter().enumerate() {
                self.type_spans.insert((id, index), *span);
            }
            if is_broken {
                self.broken.insert(id);
            }
        }
    }

    fn columns(
        &self,
        declaration: &ast::RelationDecl,
        found: &mut Vec<Diagnostic>,
    ) -> (Vec<Column>, Vec<Span>, bool) {
        let mut columns: Vec<Column> = Vec::new();
        let mut spans = Vec::new();
        let mut is_broken = false;
        for column in &declaration.columns {
            if let Some(first) = columns.iter().find(|known| known.name == column.name.node) {
                found.push(twice("column", &column.name, Some(first.span)));
            }
            let ty = match self.types.find(&column.ty) {
                Ok(ty) => {
                    is_broken |= self.types.is_broken(ty);
                    ty
                }
                Err(diagnostic) => {
                    found.push(*diagnostic);
                    is_broken = true;
                    built_in(BaseType::Symbol)
                }
            };
            let name = column.name.node.clone();
            let base = self.types.table[ty].base;
            columns.push(Column { name, ty, base, span: column.name.span });
            spans.push(column.ty.span);
        }
        (columns, spans, is_broken)
    }

    /// The relation of a name.
    pub(crate) fn relation(&self, name: &str) -> Option<RelationId> {
        self.by_name.get(name).copied()
    }

    /// Whether uses of the relation cannot be checked.
    pub(crate) fn is_broken(&self, relation: RelationId) -> bool {
        self.broken.contains(&relation)
    }

    /// Where the type of a column is written; the column's name if that is not known.
    pub(crate) fn type_span(&self, relation: RelationId, column: usize) -> Span {
        self.type_spans
            .get(&(relation, column))
            .copied()
            .unwrap_or_else(|| self.relations[relation].columns[column].span)
    }

    /// Adds a relation that no declaration gives.
    pub(crate) fn add(&mut self, relation: Relation) -> RelationId {
        let name = relation.name.clone();
        let id = self.relations.push(relation);
        self.by_name.insert(name, id);
        id
    }

    /// Relations with a similar name; those with `columns` columns first.
    pub(crate) fn near(&self, name: &str, columns: Option<usize>) -> Vec<&Relation> {
        let all = self.relations.iter().map(|relation| relation.name.as_str());
        let mut near: Vec<_> = nearest(name, all)
            .into_iter()
            .filter_map(|name| self.relation(name))
            .map(|id| &self.relations[id])
            .collect();
        near.sort_by_key(|relation| columns.is_some_and(|n| n != relation.columns.len()));
        near
    }
}

/// Hints without effect and qualifiers that hence does not follow.
fn qualifiers(declaration: &ast::RelationDecl, found: &mut Vec<Diagnostic>) {
    for qualifier in &declaration.qualifiers {
        let word = qualifier.node.as_str();
        if is_direction(word) {
            continue;
        }
        found.push(if HINTS.contains(&word) {
            Diagnostic::new(Code::L0208, format!("`{word}` has no effect"))
                .label(qualifier.span, "hence chooses how relations are stored and evaluated")
        } else if UNSUPPORTED.contains(&word) {
            Diagnostic::new(Code::H0003, format!("`{word}` relations are not supported yet"))
                .label(qualifier.span, "")
        } else {
            let diagnostic = Diagnostic::new(Code::H0003, format!("unknown qualifier `{word}`"));
            let known = HINTS.iter().copied().chain(["input", "output", "printsize"]);
            match nearest(word, known).first() {
                Some(near) => diagnostic.label(qualifier.span, "").fix(
                    "a qualifier with a similar name exists",
                    qualifier.span,
                    *near,
                ),
                None => diagnostic.label(qualifier.span, "no such qualifier of a relation"),
            }
        });
    }
}

/// Whether a qualifier stands for a directive.
pub(crate) fn is_direction(word: &str) -> bool {
    matches!(word, "input" | "output" | "printsize")
}

/// `1 column`, `2 columns`.
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("{n} {what}") } else { format!("{n} {what}s") }
}
