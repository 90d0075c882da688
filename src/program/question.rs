//! Questions and rules typed at the prompt, against a program that exists.

use std::sync::Arc;

use crate::base::ids::{Id, OriginId, RelationId, RuleId, Table, TypeId, VarId};
use crate::program::alternatives::{Flat, alternatives, span_of};
use crate::program::check::{self, Unknown};
use crate::program::names::Names;
use crate::program::program::{self, Column, Expr, Program, Relation, RelationWords, Rule};
use crate::program::rules::{Read, distinct, read};
use crate::program::types::{Types, Upper, built_in};
use crate::syntax::ast::{self, Body};
use crate::text::codes::Code;
use crate::text::diagnostic::{self, Diagnostic, Severity, has_errors};
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::value::quote;

/// A question as rules of a program.
#[derive(Clone, Debug)]
pub struct Question {
    /// The relations of the program with the rules of the question, without its own rules and
    /// facts: the answer is derived from finished relations.
    pub program: Program,
    /// The relation that holds the answer, the last one of the program.
    pub relation: RelationId,
    /// The rules of the question: one for each alternative of its body.
    pub rules: Vec<RuleId>,
    /// Names of the answer's columns: the variables of the question outside of aggregates, in the
    /// order in which they are written; those that start with `_` are left out. None for a
    /// question that is answered by yes or no.
    pub columns: Vec<String>,
}

/// A column of an answer.
struct Shown {
    name: String,
    ty: TypeId,
    base: BaseType,
    span: Span,
}

/// The question against the program, and what is wrong with it. Nothing if there is an error.
#[must_use]
pub fn question(program: &Program, body: &Body) -> (Option<Question>, Vec<Diagnostic>) {
    let names = Names::of(program);
    let mut found = Vec::new();
    let reads = read_body(program, body, &names, &mut found);
    let shown = columns(&reads, &names, &mut found);
    forgotten_quotes(program, &reads, &mut found);
    let mut found = distinct(found);
    diagnostic::sort(&mut found);
    if has_errors(&found) {
        return (None, found);
    }
    (Some(append(program, body, reads, &shown)), found)
}

fn read_body(
    program: &Program,
    body: &Body,
    names: &Names,
    found: &mut Vec<Diagnostic>,
) -> Vec<Read> {
    let mut unknown = Unknown::default();
    let is_good = check::question(body, names, &mut unknown, found);
    found.extend(unknown.report(names));
    if !is_good {
        return Vec::new();
    }
    match alternatives(body) {
        Ok(all) => all
            .iter()
            .filter_map(|flats| read(None, flats, names, &program.symbols, found))
            .collect(),
        Err(diagnostic) => {
            found.push(*diagnostic);
            Vec::new()
        }
    }
}

/// The variable of a name outside of aggregates.
fn variable(read: &Read, name: &str) -> Option<VarId> {
    let vars = read.draft.vars.entries();
    vars.filter(|(_, var)| var.scope == 0 && var.name.as_deref() == Some(name))
        .map(|(id, _)| id)
        .next()
}

/// The declared type of a variable, where there is one.
fn type_of(read: &Read, var: VarId) -> TypeId {
    match &read.uppers[var] {
        Upper::Of(types) if types.len() == 1 => types[0],
        _ => built_in(read.finished.vars[var].base),
    }
}

fn columns(reads: &[Read], names: &Names, found: &mut Vec<Diagnostic>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for read in reads {
        for (id, var) in read.draft.vars.entries() {
            let Some(name) = var.name.as_deref().filter(|name| !name.starts_with('_')) else {
                continue;
            };
            if var.scope != 0 {
                continue;
            }
            let (ty, base) = (type_of(read, id), read.finished.vars[id].base);
            match shown.iter_mut().find(|known| known.name == name) {
                None => shown.push(Shown { name: name.to_owned(), ty, base, span: var.span }),
                Some(known) if known.base == base => {
                    known.ty = common(&names.types, known.ty, ty, base);
                }
                Some(known) => found.push(
                    Diagnostic::new(
                        Code::H0104,
                        format!("`{name}` is a {base} here and a {} elsewhere", known.base),
                    )
                    .label(var.span, format!("a {base} in this alternative"))
                    .label(known.span, format!("a {} in this one", known.base)),
                ),
            }
        }
    }
    for (column, read) in
        shown.iter().flat_map(|column| reads.iter().map(move |read| (column, read)))
    {
        if variable(read, &column.name).is_none() {
            found.push(
                Diagnostic::new(
                    Code::H0201,
                    format!("variable `{}` is not bound in every alternative", column.name),
                )
                .label(column.span, "bound here, and not in the other alternatives")
                .help("bind it in each, or write `_` for it"),
            );
        }
    }
    shown.sort_by_key(|column| column.span);
    shown
}

/// A type that holds the values of both.
fn common(types: &Types, a: TypeId, b: TypeId, base: BaseType) -> TypeId {
    if types.is_part(b, a) {
        a
    } else if types.is_part(a, b) {
        b
    } else {
        built_in(base)
    }
}

/// Warns of variables that are named like a known text: the quotes may be forgotten.
fn forgotten_quotes(program: &Program, reads: &[Read], found: &mut Vec<Diagnostic>) {
    let [read] = reads else { return };
    for (id, var) in read.draft.vars.entries() {
        let Some(name) = &var.name else { continue };
        let mut uses = 0;
        for literal in &read.draft.body {
            literal.each_var(&mut |other, _| uses += usize::from(other == id));
        }
        let is_symbol = read.finished.vars[id].base == BaseType::Symbol;
        if uses == 1 && is_symbol && name.len() > 1 && program.symbols.find(name).is_some() {
            let mut diagnostic =
                Diagnostic::new(Code::H0103, format!("`{name}` is a variable here"))
                    .label(var.span, "stands for any value")
                    .fix("to ask for the text, put it in quotes", var.span, quote(name));
            diagnostic.severity = Severity::Warning;
            found.push(diagnostic);
        }
    }
}

/// The program with a relation for the answer and its rules.
fn append(program: &Program, body: &Body, reads: Vec<Read>, shown: &[Shown]) -> Question {
    let mut program = Program {
        symbols: Arc::clone(&program.symbols),
        types: program.types.clone(),
        relations: program.relations.clone(),
        rules: Table::new(),
        facts: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        printsizes: Vec::new(),
        allows: Vec::new(),
    };
    let span = span_of(body)
        .or_else(|| shown.first().map(|column| column.span))
        .expect("a question without literals does not parse");
    let mut name = "answer".to_owned();
    while program.relation(&name).is_some() {
        name.push('_');
    }
    let columns = shown
        .iter()
        .map(|column| Column {
            name: column.name.clone(),
            ty: column.ty,
            base: column.base,
            span: column.span,
        })
        .collect();
    let relation = program.relations.push(Relation {
        name: name.clone(),
        columns,
        span,
        doc: String::new(),
        is_input: false,
        is_output: true,
        words: RelationWords::default(),
    });
    let origin = OriginId::new(0);
    let rules = reads
        .into_iter()
        .map(|read| {
            let var = |column: &Shown| variable(&read, &column.name).expect("bound in each");
            let head_args = shown.iter().map(|column| Expr::Var(var(column))).collect();
            program.rules.push(Rule {
                name: format!("{name}#1"),
                say: None,
                shown: program::Shown::Whole,
                origin,
                span,
                head: relation,
                head_args,
                head_span: span,
                body: read.finished.body,
                vars: read.finished.vars,
                plan: Vec::new(),
            })
        })
        .collect();
    let columns = shown.iter().map(|column| column.name.clone()).collect();
    Question { program, relation, rules, columns }
}

/// The file with a declaration for every relation that one of its rules or facts has as head and
/// neither the program nor the file declares: its types follow from the first rule that says
/// them. A head whose types do not follow stays undeclared; `build` reports it.
#[must_use]
pub fn declare(program: &Program, file: &ast::Program) -> ast::Program {
    let mut names = Names::of(program);
    let declared = file.items.iter().filter_map(|item| match &item.kind {
        ast::ItemKind::Relation(declaration) => Some(declaration.names.iter()),
        _ => None,
    });
    let declared: Vec<_> = declared.flatten().map(|name| name.node.as_str()).collect();
    let mut items = Vec::new();
    let mut is_changed = true;
    while is_changed {
        is_changed = false;
        for item in &file.items {
            let ast::ItemKind::Rule(rule) = &item.kind else { continue };
            for head in &rule.heads {
                let name = head.name.node.as_str();
                if names.relation(name).is_some() || declared.contains(&name) {
                    continue;
                }
                if let Some(columns) = infer(program, &names, head, rule.body.as_ref()) {
                    items.push(declaration(item, head, &columns, &names));
                    names.add(Relation {
                        name: name.to_owned(),
                        columns,
                        span: head.name.span,
                        doc: String::new(),
                        is_input: false,
                        is_output: false,
                        words: RelationWords::default(),
                    });
                    is_changed = true;
                }
            }
        }
    }
    items.extend(file.items.iter().cloned());
    ast::Program { items, unread: file.unread.clone() }
}

/// The columns of a head, from the body of its rule.
fn infer(
    program: &Program,
    names: &Names,
    head: &ast::Atom,
    body: Option<&Body>,
) -> Option<Vec<Column>> {
    let mut ignored = Vec::new();
    let mut unknown = Unknown::default();
    if !body.is_none_or(|body| check::question(body, names, &mut unknown, &mut ignored)) {
        return None;
    }
    let alternatives = match body {
        Some(body) => alternatives(body).ok()?,
        None => vec![Vec::new()],
    };
    // Each argument is set equal to a variable that no text can name.
    let hidden: Vec<String> = (0..head.args.len()).map(|index| format!("column {index}")).collect();
    let equals: Vec<ast::Literal> = head
        .args
        .iter()
        .zip(&hidden)
        .map(|(arg, name)| {
            let var = ast::Expr { node: ast::ExprKind::Var(name.clone()), span: arg.span };
            ast::Literal::Compare(ast::CompareOp::Eq, var, arg.clone())
        })
        .collect();
    let mut flats = alternatives.into_iter().next()?;
    flats.extend(equals.iter().zip(&head.args).map(|(literal, arg)| Flat {
        literal,
        span: arg.span,
        negated: false,
    }));
    let probe = Body::And(
        equals
            .iter()
            .zip(&head.args)
            .map(|(literal, arg)| {
                Body::Literal(ast::Spanned { node: literal.clone(), span: arg.span })
            })
            .collect(),
    );
    if !check::question(&probe, names, &mut unknown, &mut ignored) {
        return None;
    }
    let read = read(None, &flats, names, &program.symbols, &mut ignored)?;
    let mut columns: Vec<Column> = Vec::with_capacity(head.args.len());
    for (index, (arg, hidden)) in head.args.iter().zip(&hidden).enumerate() {
        let var = variable(&read, hidden)?;
        let name = match &arg.node {
            ast::ExprKind::Var(name) if columns.iter().all(|column| column.name != *name) => {
                name.clone()
            }
            _ => format!("c{}", index + 1),
        };
        let base = read.finished.vars[var].base;
        columns.push(Column { name, ty: type_of(&read, var), base, span: arg.span });
    }
    Some(columns)
}

fn declaration(item: &ast::Item, head: &ast::Atom, columns: &[Column], names: &Names) -> ast::Item {
    let columns = columns
        .iter()
        .map(|column| ast::Column {
            name: ast::Spanned { node: column.name.clone(), span: column.span },
            ty: ast::Spanned { node: names.types.table[column.ty].name.clone(), span: column.span },
        })
        .collect();
    let declaration =
        ast::RelationDecl { names: vec![head.name.clone()], columns, qualifiers: Vec::new() };
    ast::Item {
        kind: ast::ItemKind::Relation(declaration),
        annotations: Vec::new(),
        doc: ast::Doc::default(),
        span: item.span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::FileId;
    use crate::program::build::build;
    use crate::syntax::parser::{parse, parse_question};
    use crate::value::symbols::Symbols;

    const PROGRAM: &str = "
        .type Reading <: symbol
        .decl total(r: Reading, lo: number, hi: number)
        .decl label(x: symbol, text: symbol)
        total(\"r3\", 39000, 44000).
        label(\"r3\", \"third\").
    ";

    fn program() -> Program {
        let (file, found) = parse(PROGRAM, FileId::new(0));
        assert!(found.is_empty(), "{found:?}");
        let (program, found) = build(&[file], Arc::new(Symbols::new()));
        assert!(found.is_empty(), "{found:?}");
        program
    }

    fn messages(found: &[Diagnostic]) -> String {
        let lines = found.iter().map(|found| format!("{}: {}", found.code, found.message));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The columns of the answer with their types, or the messages.
    fn check(text: &str, expected: &str) {
        let (body, found) = parse_question(text, FileId::new(1));
        assert!(found.is_empty(), "{found:?}");
        let (answer, found) = question(&program(), &body);
        let shown = match answer {
            None => messages(&found),
            Some(Question { program, relation, rules, columns }) => {
                let types = program.relations[relation]
                    .columns
                    .iter()
                    .map(|column| format!("{}: {}", column.name, program.types[column.ty].name));
                let types: Vec<_> = types.collect();
                assert_eq!(columns.len(), types.len());
                format!("({}) by {}{}", types.join(", "), rules.len(), messages(&found))
            }
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn variables_are_the_columns_of_the_answer() {
        check("total(r, _, lo, hi)?", "H0102: `total` has 3 columns, but 4 are given");
        check("total(r, lo, hi)?", "(r: Reading, lo: number, hi: number) by 1");
        check(
            "?- total(r, _, hi), label(r, t), hi > 4.",
            "(r: Reading, hi: number, t: symbol) by 1",
        );
        check("total(_r, lo, _)", "(lo: number) by 1");
        check("total(\"r3\", 39000, 44000)", "() by 1");
        check("n = sum x : { total(r, x, _) }", "(n: number) by 1");
        check("total(r, _, _) ; label(r, _)", "(r: symbol) by 2");
        check(
            "total(r, lo, _) ; label(r, _)",
            "H0201: variable `lo` is not bound in every alternative",
        );
        check("totl(r, lo, hi)", "H0101: unknown relation `totl`");
        check(
            "total(r, lo, hi), lo = \"x\"",
            "H0104: `lo` is a number, set equal here to a symbol",
        );
        check(
            "!total(r, _, _)",
            "H0201: variable `r` of a negated atom is bound by nothing in the body",
        );
        check("total(r3, lo, _)", "(r3: Reading, lo: number) by 1H0103: `r3` is a variable here");
    }

    #[test]
    fn an_undeclared_head_gets_the_types_of_its_rule() {
        let text = "
            big(r, lo + 1) :- total(r, lo, _), lo > 10.
            both(x, x) :- big(x, _).
            loop(x) :- loop(x).
            pair(\"a\", 1).
        ";
        let (file, found) = parse(text, FileId::new(1));
        assert!(found.is_empty(), "{found:?}");
        let (first, _) = parse(PROGRAM, FileId::new(0));
        let file = declare(&program(), &file);
        let (program, found) = build(&[first, file], Arc::new(Symbols::new()));
        assert_eq!(messages(&found), "H0101: unknown relation `loop`");
        let shown = |name: &str| {
            let relation = &program.relations[program.relation(name).unwrap()];
            let columns = relation.columns.iter();
            let columns = columns.map(|c| format!("{}: {}", c.name, program.types[c.ty].name));
            columns.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(shown("big"), "r: Reading, c2: number");
        assert_eq!(shown("both"), "x: Reading, c2: Reading");
        assert_eq!(shown("pair"), "c1: symbol, c2: number");
    }
}
