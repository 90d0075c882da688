//! Names in rules, before anything else is asked of them: every relation is declared and has as
//! many columns as arguments, every functor exists, every type of `as` too.

use std::collections::BTreeMap;

use crate::base::ids::RelationId;
use crate::program::arity;
use crate::program::functors::{self, signature};
use crate::program::names::{Names, count};
use crate::program::program::Relation;
use crate::program::suggest::{either, nearest};
use crate::syntax::ast::{Atom, Body, CallForm, Expr, ExprKind, Literal, Name, Rule};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Edit, Fix};
use crate::text::span::Span;

/// How many places of an unknown name a message shows.
const PLACES_SHOWN: usize = 5;

/// For how many unknown names similar ones are looked for.
const NAMES_TRIED: usize = 50;

/// Uses of names that no declaration gives: one message for each name.
#[derive(Default)]
pub(crate) struct Unknown {
    uses: BTreeMap<String, Vec<(Span, Option<usize>)>>,
}

impl Unknown {
    /// A use, with that many arguments if it is an atom.
    pub(crate) fn add(&mut self, name: &str, span: Span, args: Option<usize>) {
        self.uses.entry(name.to_owned()).or_default().push((span, args));
    }

    /// Takes a name for known: what is wrong with its declaration has been said.
    pub(crate) fn forget(&mut self, name: &str) {
        self.uses.remove(name);
    }

    /// The messages.
    pub(crate) fn report(self, names: &Names) -> Vec<Diagnostic> {
        self.uses
            .into_iter()
            .enumerate()
            .map(|(index, (name, mut places))| {
                places.sort_unstable();
                let args = places[0].1;
                // Of very many unknown names something else is the cause, a file left out.
                let near = if index < NAMES_TRIED { names.near(&name, args) } else { Vec::new() };
                unknown_relation(&name, &places, &near)
            })
            .collect()
    }
}

fn unknown_relation(
    name: &str,
    places: &[(Span, Option<usize>)],
    near: &[&Relation],
) -> Diagnostic {
    let (first, args) = places[0];
    let mut diagnostic = Diagnostic::new(Code::H0101, format!("unknown relation `{name}`"))
        .label(first, "no `.decl` for this name");
    for (span, _) in places.iter().skip(1).take(PLACES_SHOWN - 1) {
        diagnostic = diagnostic.label(*span, "also used here");
    }
    if places.len() > PLACES_SHOWN {
        diagnostic = diagnostic.note(format!("and in {} more places", places.len() - PLACES_SHOWN));
    }
    if functors::NAMES.contains(&name) {
        diagnostic = diagnostic
            .note(format!("`{name}` is a functor: it gives a value, it is not true or false"));
    }
    match near {
        [] => diagnostic,
        [near] if args.is_none_or(|n| n == near.columns.len()) => {
            renamed(diagnostic, places, near.name.as_str())
        }
        [near] => diagnostic.help(format!(
            "did you mean `{}`? It has {}",
            near.name,
            count(near.columns.len(), "column")
        )),
        [near, other]
            if args.is_some_and(|n| n == near.columns.len() && n != other.columns.len()) =>
        {
            renamed(diagnostic, places, near.name.as_str())
        }
        several => {
            let near: Vec<_> = several.iter().map(|relation| relation.name.as_str()).collect();
            diagnostic.help(format!("did you mean {}?", either(&near)))
        }
    }
}

/// Offers the name in place of the unknown one, at every place.
fn renamed(mut diagnostic: Diagnostic, places: &[(Span, Option<usize>)], name: &str) -> Diagnostic {
    if places.len() > PLACES_SHOWN {
        return diagnostic.help(format!("did you mean `{name}`?"));
    }
    let edits = places.iter().map(|(span, _)| Edit { span: *span, text: name.to_owned() });
    let title = "a relation with a similar name exists".to_owned();
    diagnostic.fixes.push(Fix { title, edits: edits.collect(), safe: false });
    diagnostic
}

/// Checks the names of a rule or fact. Whether it can be read further.
pub(crate) fn rule(
    rule: &Rule,
    names: &Names,
    unknown: &mut Unknown,
    found: &mut Vec<Diagnostic>,
) -> bool {
    let mut check = Check { names, unknown, found, rule: Some(rule), is_good: true };
    for head in &rule.heads {
        check.atom(head, true);
    }
    if let Some(body) = &rule.body {
        check.body(body);
    }
    check.is_good
}

/// Checks the names of a question. Whether it can be read further.
pub(crate) fn question(
    body: &Body,
    names: &Names,
    unknown: &mut Unknown,
    found: &mut Vec<Diagnostic>,
) -> bool {
    let mut check = Check { names, unknown, found, rule: None, is_good: true };
    check.body(body);
    check.is_good
}

struct Check<'a> {
    names: &'a Names,
    unknown: &'a mut Unknown,
    found: &'a mut Vec<Diagnostic>,
    rule: Option<&'a Rule>,
    is_good: bool,
}

impl Check<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.is_good = false;
        self.found.push(diagnostic);
    }

    fn body(&mut self, body: &Body) {
        match body {
            Body::And(parts) | Body::Or(parts) => parts.iter().for_each(|part| self.body(part)),
            Body::Not(part, _) => self.body(part),
            Body::Literal(literal) => match &literal.node {
                Literal::Atom(atom) | Literal::Absent(atom) => self.atom(atom, false),
                Literal::Compare(_, left, right) => {
                    self.expr(left);
                    self.expr(right);
                }
                Literal::Test(name, args) => self.test(name, args),
                Literal::Constant(_) => {}
            },
        }
    }

    fn atom(&mut self, atom: &Atom, is_head: bool) {
        atom.args.iter().for_each(|arg| self.expr(arg));
        match self.names.relation(&atom.name.node) {
            None => {
                self.is_good = false;
                self.unknown.add(&atom.name.node, atom.name.span, Some(atom.args.len()));
            }
            Some(relation) => self.columns(atom, relation, is_head),
        }
    }

    fn columns(&mut self, atom: &Atom, relation: RelationId, is_head: bool) {
        if self.names.is_broken(relation) {
            self.is_good = false;
            return;
        }
        if self.names.relations[relation].columns.len() != atom.args.len() {
            let rule = self.rule;
            let diagnostic = arity::mismatch(atom, relation, self.names, (rule, is_head));
            self.report(diagnostic);
        }
    }

    fn test(&mut self, name: &Name, args: &[Expr]) {
        args.iter().for_each(|arg| self.expr(arg));
        if !matches!(name.node.as_str(), "match" | "contains") {
            self.report(
                Diagnostic::new(Code::H0107, format!("unknown test `{}`", name.node))
                    .label(name.span, "the tests are match and contains"),
            );
        } else if args.len() != 2 {
            let given = count(args.len(), "argument");
            self.report(
                Diagnostic::new(Code::H0107, format!("`{}` takes 2 arguments", name.node))
                    .label(name.span, format!("{given} given"))
                    .help(if name.node == "match" {
                        "write match(pattern, text)"
                    } else {
                        "write contains(part, text)"
                    }),
            );
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.node {
            ExprKind::Call { name, args, form } => {
                args.iter().for_each(|arg| self.expr(arg));
                self.call(name, args.len(), *form);
            }
            ExprKind::Aggregate(aggregate) => {
                aggregate.value.iter().for_each(|value| self.expr(value));
                self.body(&aggregate.body);
            }
            ExprKind::As(part, name) => {
                self.expr(part);
                if let Err(diagnostic) = self.names.types.find(name) {
                    self.report(*diagnostic);
                }
            }
            ExprKind::Var(_)
            | ExprKind::Any
            | ExprKind::Text(_)
            | ExprKind::Integer(_)
            | ExprKind::Unsigned(_)
            | ExprKind::Float(_) => {}
        }
    }

    fn call(&mut self, name: &Name, args: usize, form: CallForm) {
        let word = name.node.as_str();
        let (least, most) = match signature(word, args) {
            Some(signature) => (signature.least, signature.most),
            None if word == "range" => (2, 3),
            None => return self.unknown_functor(name),
        };
        if form == CallForm::Functor && !(least..=most).contains(&args) {
            let wanted = match most {
                usize::MAX => format!("{least} or more arguments"),
                most if most == least => count(least, "argument"),
                most => format!("{least} or {most} arguments"),
            };
            self.report(
                Diagnostic::new(Code::H0107, format!("`{word}` takes {wanted}"))
                    .label(name.span, format!("{} given", count(args, "argument"))),
            );
        }
    }

    fn unknown_functor(&mut self, name: &Name) {
        let word = name.node.as_str();
        if functors::is_refused(word) {
            let diagnostic = Diagnostic::new(Code::H0003, format!("`{word}` is not supported yet"))
                .label(name.span, "");
            self.report(if word == "ord" {
                diagnostic.note("its value follows from the order in which texts are first met")
            } else {
                diagnostic
            });
            return;
        }
        let diagnostic = Diagnostic::new(Code::H0107, format!("unknown functor `{word}`"));
        if self.names.relation(word).is_some() {
            self.report(
                diagnostic
                    .label(name.span, "this is a relation, and a relation is no value")
                    .help("write the atom as a literal of its own, with a variable for the value"),
            );
            return;
        }
        let diagnostic = diagnostic.label(name.span, "no functor has this name");
        self.report(match nearest(word, functors::NAMES.iter().copied()).as_slice() {
            [] => diagnostic,
            [near] => diagnostic.fix("a functor with a similar name exists", name.span, *near),
            several => diagnostic.help(format!("did you mean {}?", either(several))),
        });
    }
}
