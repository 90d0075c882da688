//! Completion in a rule file, by position: directives at the start of a line, types where a type
//! stands, columns and variables in an atom, files of an `.include`, else relations and words.

use std::path::Path;

use lsp_types::{CompletionItem, CompletionItemKind, CompletionTextEdit, Range, TextEdit};

use crate::base::ids::FileId;
use crate::io::library::{self, Origin};
use crate::lsp::builtins::{BUILTINS, Builtin};
use crate::lsp::places::position;
use crate::lsp::workspace::Unit;
use crate::session::load::rule_files;
use crate::show::schema::{about, signature};
use crate::syntax::cursor::Cursor;
use crate::syntax::lexer::lex;
use crate::syntax::token::{Directive, Kind};
use crate::text::codes::Code;

/// Annotations with what they say.
const ANNOTATIONS: &[(&str, &str)] = &[
    ("absent", "on a declaration: the sentence for no such tuple"),
    ("allow", "on a rule: warnings that are known, as allow(L0205)"),
    ("assume", "on a fact: it is an assumption"),
    (
        "caution",
        "on a declaration: said with whatever is shown of this column's value, or asked of a relation that lacks it",
    ),
    ("conflict", "on a declaration: columns whose claims dispute each other"),
    ("date", "on a type of numbers: days since 1970-01-01"),
    ("hide", "on a rule or declaration: proofs only count it"),
    ("key", "on a declaration: columns by which rows are compared"),
    ("name", "on a rule: its name in proofs"),
    ("opaque", "on a rule or declaration: proofs show nothing below it"),
    ("say", "how a conclusion reads, with {variable} placeholders"),
];

/// What is offered, and where it goes.
struct List {
    range: Range,
    items: Vec<CompletionItem>,
}

impl List {
    /// Adds an item; those of a lower group come first, within one by `order`.
    fn add(&mut self, kind: CompletionItemKind, label: &str, detail: &str, order: (u8, usize)) {
        let new = label.to_owned();
        self.items.push(CompletionItem {
            label: new.clone(),
            kind: Some(kind),
            detail: Some(detail.to_owned()).filter(|detail| !detail.is_empty()),
            sort_text: Some(format!("{}{:05}", order.0, order.1)),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(self.range, new))),
            ..CompletionItem::default()
        });
    }

    fn types(&mut self, unit: &Unit) {
        for (at, ty) in unit.program.types.iter().enumerate() {
            let holds = ty.base.name();
            let detail = if ty.name == holds { "" } else { holds };
            self.add(CompletionItemKind::TYPE_PARAMETER, &ty.name, detail, (0, at));
        }
    }

    fn relations(&mut self, unit: &Unit) {
        let program = &unit.program;
        for (at, relation) in program.relations.iter().enumerate() {
            let detail = signature(program, relation);
            self.add(CompletionItemKind::FUNCTION, &relation.name, &detail, (2, at));
            let lines = about(relation, &unit.texts.files);
            if let Some(item) = self.items.last_mut().filter(|_| !lines.is_empty()) {
                item.documentation = Some(lsp_types::Documentation::String(lines.join("\n")));
            }
        }
    }

    fn words(&mut self) {
        let is_word = |builtin: &&Builtin| {
            let operator = builtin.name.starts_with(|c: char| !c.is_alphabetic());
            !operator && !matches!(builtin.name, "neg" | "ord")
        };
        for (at, builtin) in BUILTINS.iter().filter(is_word).enumerate() {
            self.add(CompletionItemKind::KEYWORD, builtin.name, builtin.form, (3, at));
        }
    }

    fn variables(&mut self, cursor: &Cursor<'_>) {
        for (at, name) in cursor.variables().into_iter().enumerate() {
            if self.items.iter().all(|item| item.label != name) {
                self.add(CompletionItemKind::VARIABLE, name, "", (1, at));
            }
        }
    }
}

/// What may stand at a byte offset of a file.
#[must_use]
pub fn complete(unit: &Unit, file: FileId, offset: usize) -> Vec<CompletionItem> {
    let own = unit.texts.files.get(file);
    let before = &own.text[..offset];
    let statement = &before[statement_start(before, file)..];
    let cursor = Cursor::at_end(statement);
    let from = |at: usize| {
        let range = Range::new(position(own, at), position(own, offset));
        List { range, items: Vec::new() }
    };
    let word = offset - (statement.len() - cursor.word);
    let line = before.rsplit('\n').next().unwrap_or_default();
    if cursor.in_comment {
        let mut list = from(word);
        annotations(&mut list, line);
        return list.items;
    }
    if let Some(quote) = cursor.quote {
        let mut list = from(offset - (statement.len() - quote) + 1);
        if statement[..quote].trim_end().ends_with(Directive::Include.text()) {
            includable(&mut list, &unit.texts.origin(file));
        }
        return list.items;
    }
    let typed = line.trim_start();
    if typed.starts_with('.') && !typed.contains(char::is_whitespace) {
        let mut list = from(offset - typed.len());
        for (at, directive) in Directive::ALL.iter().filter(|one| is_read(**one)).enumerate() {
            list.add(CompletionItemKind::KEYWORD, directive.text(), "", (0, at));
        }
        return list.items;
    }
    let mut list = from(word);
    if !in_directive(&mut list, unit, statement, &cursor) {
        in_rule(&mut list, unit, &cursor);
    }
    list.items
}

/// Where the statement at the end of a text may start: at the last token in the first column.
fn statement_start(before: &str, file: FileId) -> usize {
    let tokens = lex(before, file).tokens;
    let flush = tokens.iter().rev().find(|token| token.flush && token.kind != Kind::End);
    flush.map_or(0, |token| token.span.start as usize)
}

/// Names of annotations, or inside `allow(` codes of warnings.
fn annotations(list: &mut List, line: &str) {
    let Some((_, annotation)) = line.split_once("//@") else { return };
    if annotation.rfind("allow(").is_some_and(|at| !annotation[at..].contains(')')) {
        let warnings = Code::ALL.iter().filter(|code| code.text().starts_with("L02"));
        for (at, code) in warnings.enumerate() {
            list.add(CompletionItemKind::CONSTANT, code.text(), code.title(), (0, at));
        }
    } else if annotation.matches('(').count() == annotation.matches(')').count() {
        for (at, (name, about)) in ANNOTATIONS.iter().enumerate() {
            list.add(CompletionItemKind::KEYWORD, name, about, (0, at));
        }
    }
}

/// Files that can be included.
fn includable(list: &mut List, from: &Origin) {
    if let Origin::Disk(path) = from {
        let own = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let names = rule_files(path.parent().unwrap_or_else(|| Path::new("")));
        for (at, name) in names.iter().filter(|name| *name != own).enumerate() {
            list.add(CompletionItemKind::FILE, name, "", (0, at));
        }
    }
    for (at, (name, text)) in library::modules().into_iter().enumerate() {
        let first = text.lines().next().unwrap_or("").trim_start_matches(['/', ' ']);
        let about = first.strip_prefix(name).unwrap_or(first).trim_start_matches([':', ' ']);
        if list.items.iter().all(|item| item.label != name) {
            list.add(CompletionItemKind::MODULE, name, about, (1, at));
        }
    }
}

/// In a directive: what it names. Says whether it is one.
fn in_directive(list: &mut List, unit: &Unit, statement: &str, cursor: &Cursor<'_>) -> bool {
    let name = statement.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let Some(directive) = Directive::of(name) else { return false };
    let before = statement[..cursor.word].trim_end();
    match directive {
        Directive::Decl if before.ends_with(':') => list.types(unit),
        Directive::Type if before.ends_with([':', '=', '|']) => list.types(unit),
        Directive::Input | Directive::Output | Directive::Printsize if cursor.frames.is_empty() => {
            list.relations(unit);
        }
        // A rule may follow on the same line, and facts often do.
        _ => return !before.contains(':') || before.ends_with([':', '(', ',']),
    }
    true
}

/// In a fact or a rule.
fn in_rule(list: &mut List, unit: &Unit, cursor: &Cursor<'_>) {
    let program = &unit.program;
    let Some(frame) = cursor.atom() else {
        list.variables(cursor);
        list.relations(unit);
        list.words();
        return;
    };
    if let Some(id) = program.relation(frame.name) {
        // Columns that stand before the cursor are given already.
        for (at, column) in program.relations[id].columns.iter().enumerate().skip(frame.args) {
            let detail = &program.types[column.ty].name;
            list.add(CompletionItemKind::FIELD, &column.name, detail, (0, at));
        }
    } else if frame.name == "as" && frame.args == 1 {
        list.types(unit);
        return;
    }
    list.variables(cursor);
    list.words();
}

/// Whether hence reads a directive.
fn is_read(directive: Directive) -> bool {
    match directive {
        Directive::Decl
        | Directive::Type
        | Directive::SymbolType
        | Directive::NumberType
        | Directive::Input
        | Directive::Output
        | Directive::Printsize
        | Directive::Include
        | Directive::Once
        | Directive::Pragma
        | Directive::Plan => true,
        Directive::Limitsize
        | Directive::Comp
        | Directive::Init
        | Directive::Override
        | Directive::Functor
        | Directive::Lattice
        | Directive::DebugDelta => false,
    }
}
