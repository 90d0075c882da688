//! Written rules and facts to normal rules and rows, one item at a time.

use std::sync::Arc;

use crate::base::hash::Set;
use crate::base::ids::{Id, OriginId, RelationId, RuleId, Table, VarId};
use crate::program::alternatives::{Alternatives, Flat, alternatives};
use crate::program::builtins::Builtins;
use crate::program::check::{self, Unknown};
use crate::program::draft::Draft;
use crate::program::finish::{Finished, evaluate, finish};
use crate::program::lower::lower;
use crate::program::names::Names;
use crate::program::program::{Expr, Fact, Rule, Shown};
use crate::program::types::Upper;
use crate::program::{annotations, facts, grounding, plan_hints, typing, upper};
use crate::syntax::ast::{self, Atom, Item};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, has_errors};
use crate::text::span::Span;
use crate::value::symbols::Symbols;
use crate::value::value::Value;

/// The rules and facts read so far.
pub(crate) struct Rules<'a> {
    names: &'a Names,
    builtins: Builtins,
    pub(crate) rules: Table<RuleId, Rule>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) unknown: Unknown,
    pub(crate) found: Vec<Diagnostic>,
    /// How many written rules each relation has so far.
    counts: Table<RelationId, usize>,
    origins: usize,
}

/// What the written rule gives to each of its normal rules.
struct Written<'a> {
    origin: OriginId,
    name: Option<&'a str>,
    say: Option<&'a str>,
    shown: Shown,
    span: Span,
    plan: Vec<(u32, Vec<usize>)>,
}

/// A draft that was read to its end.
pub(crate) struct Read {
    pub(crate) draft: Draft,
    pub(crate) finished: Finished,
    pub(crate) uppers: Table<VarId, Upper>,
}

/// Reads one head with one alternative. Nothing if there is an error; `found` says which.
pub(crate) fn read(
    head: Option<&Atom>,
    flats: &[Flat<'_>],
    names: &Names,
    symbols: &Symbols,
    found: &mut Vec<Diagnostic>,
) -> Option<Read> {
    let mut new = Vec::new();
    let mut draft = lower(head, flats, names, &mut new);
    let typed = typing::infer(&draft, names, &mut new);
    let uppers =
        if typed.has_clash { Table::new() } else { upper::check(&draft, names, &typed, &mut new) };
    grounding::resolve(&mut draft, names, (&typed, flats), &mut new);
    let finished =
        if has_errors(&new) { None } else { Some(finish(&draft, &typed, symbols, &mut new)) };
    let is_good = !has_errors(&new);
    found.append(&mut new);
    let finished = finished.filter(|_| is_good)?;
    Some(Read { draft, finished, uppers })
}

impl<'a> Rules<'a> {
    pub(crate) fn new(names: &'a Names, symbols: Arc<Symbols>) -> Self {
        Self {
            names,
            builtins: Builtins::new(symbols),
            rules: Table::new(),
            facts: Vec::new(),
            unknown: Unknown::default(),
            found: Vec::new(),
            counts: Table::filled(names.relations.len(), 0),
            origins: 0,
        }
    }

    /// Reads a fact or rule.
    pub(crate) fn add(&mut self, item: &Item, rule: &ast::Rule) {
        let is_good = check::rule(rule, self.names, &mut self.unknown, &mut self.found);
        match &rule.body {
            None if is_good => self.fact(item, rule),
            None => {}
            Some(body) => {
                let mut written = self.written(item, rule);
                if !is_good {
                    return;
                }
                match alternatives(body) {
                    Ok(all) => {
                        written.plan = plan_hints::read(&rule.plan, &all, &mut self.found);
                        self.rule(item, rule, (&written, &all));
                    }
                    Err(diagnostic) => self.found.push(*diagnostic),
                }
            }
        }
    }

    /// Counts a written rule and reads its name.
    fn written<'i>(&mut self, item: &'i Item, rule: &ast::Rule) -> Written<'i> {
        let origin = OriginId::new(self.origins);
        self.origins += 1;
        let mut heads: Vec<_> =
            rule.heads.iter().filter_map(|head| self.names.relation(&head.name.node)).collect();
        heads.sort_unstable();
        heads.dedup();
        for head in heads {
            self.counts[head] += 1;
        }
        let name = annotations::text(item, "name", &mut self.found);
        let say = annotations::text(item, "say", &mut self.found);
        Written {
            origin,
            name: name.map(|(name, _)| name),
            say: say.map(|(say, _)| say),
            shown: annotations::shown(item, &mut self.found),
            span: item.span.0,
            plan: Vec::new(),
        }
    }

    fn rule(
        &mut self,
        item: &Item,
        rule: &ast::Rule,
        (written, all): (&Written<'_>, &Alternatives<'_>),
    ) {
        let mut found = Vec::new();
        // Variables that every normal rule has.
        let mut variables: Option<Vec<String>> = None;
        let mut some: Vec<String> = Vec::new();
        for head in &rule.heads {
            for flats in all {
                let symbols = self.builtins.symbols();
                let read = read(Some(head), flats, self.names, symbols, &mut found);
                let Some(Read { draft, finished, .. }) = read else { continue };
                if written.say.is_some() {
                    let has = named(&draft);
                    some.extend(has.iter().cloned());
                    variables = Some(match variables {
                        None => has,
                        Some(all) => all.into_iter().filter(|name| has.contains(name)).collect(),
                    });
                }
                self.push(written, head, finished);
            }
        }
        if let (Some(variables), Some(say)) =
            (variables, annotations::text(item, "say", &mut Vec::new()))
        {
            let variables: Vec<_> = variables.iter().map(String::as_str).collect();
            let some: Vec<_> = some.iter().map(String::as_str).collect();
            let holder = annotations::Holder::Rule(&variables, &some);
            annotations::placeholders(say, holder, &mut found);
        }
        self.found.extend(distinct(found));
    }

    fn push(&mut self, written: &Written<'_>, head: &Atom, finished: Finished) {
        let relation = self.names.relation(&head.name.node).expect("names are checked");
        let number = self.counts[relation];
        let name = match written.name {
            Some(name) => name.to_owned(),
            None => format!("{}#{number}", head.name.node),
        };
        self.rules.push(Rule {
            name,
            say: written.say.map(str::to_owned),
            shown: written.shown,
            origin: written.origin,
            span: written.span,
            head: relation,
            head_args: finished.head_args,
            head_span: head.span.0,
            body: finished.body,
            vars: finished.vars,
            plan: written.plan.clone(),
        });
    }

    fn fact(&mut self, item: &Item, rule: &ast::Rule) {
        if let Some(hint) = rule.plan.first() {
            self.found.push(
                Diagnostic::new(Code::H0205, "a fact has no atoms to order")
                    .label(hint.version.span, "this hint has no effect"),
            );
        }
        let assumed = annotations::is_assumed(item, &mut self.found);
        for head in &rule.heads {
            let relation = self.names.relation(&head.name.node).expect("names are checked");
            let columns = &self.names.relations[relation].columns;
            let symbols = self.builtins.symbols();
            if let Some(values) = facts::literal_row(head, columns, symbols) {
                self.facts.push(Fact { relation, values, span: item.span.0, assumed });
            } else if let Some(diagnostic) = facts::no_variables(head, relation, self.names) {
                self.found.push(diagnostic);
            } else {
                self.computed_fact(item, rule, (head, relation, assumed));
            }
        }
    }

    /// A fact with expressions: evaluated here, or a rule if it has an aggregate or a range.
    fn computed_fact(
        &mut self,
        item: &Item,
        rule: &ast::Rule,
        (head, relation, assumed): (&Atom, RelationId, bool),
    ) {
        let symbols = self.builtins.symbols();
        let read = read(Some(head), &[], self.names, symbols, &mut self.found);
        let Some(Read { finished, .. }) = read else { return };
        if !finished.body.is_empty() {
            let written = self.written(item, rule);
            self.push(&written, head, finished);
            return;
        }
        let mut values = Vec::with_capacity(finished.head_args.len());
        for arg in &finished.head_args {
            match self.constant(arg) {
                Ok(value) => values.push(value),
                Err(diagnostic) => return self.found.push(*diagnostic),
            }
        }
        self.facts.push(Fact { relation, values: values.into(), span: item.span.0, assumed });
    }

    fn constant(&self, expr: &Expr) -> Result<Value, Box<Diagnostic>> {
        match evaluate(expr, &self.builtins).expect("a fact without variables is constant") {
            Ok(value) => Ok(value),
            Err((error, span)) => Err(Box::new(
                Diagnostic::new(Code::H0501, error.to_string())
                    .label(span, "this expression of a fact has no value"),
            )),
        }
    }
}

/// Names of the variables of a rule outside of its aggregates.
fn named(draft: &Draft) -> Vec<String> {
    draft.vars.iter().filter(|var| var.scope == 0).filter_map(|var| var.name.clone()).collect()
}

/// Each message at each place once: several normal rules of one written rule say the same.
pub(crate) fn distinct(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = Set::default();
    found
        .into_iter()
        .filter(|diagnostic| {
            seen.insert((diagnostic.code, diagnostic.span(), diagnostic.message.clone()))
        })
        .collect()
}
