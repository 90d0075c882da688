//! Findings as diagnostics. A relation that depends on its own negation or aggregate is an error,
//! told with the shortest cycle and every literal of it. The rest are warnings, and those speak
//! of the program's own file, the first one loaded: what an included library declares and this
//! program has no use for is no slip of anybody's pen. Recursion without bounds is told of
//! wherever it stands. Whether a relation is read is only asked where something is written out: a
//! program made for questions at the prompt has no `.output`.

use std::collections::VecDeque;

use crate::analysis::dropped::dropped;
use crate::analysis::mixtures::mixtures;
use crate::analysis::products::products;
use crate::analysis::reify::{AtomAt, AtomId, How, Reified};
use crate::analysis::rules::Findings;
use crate::analysis::tautologies::tautologies;
use crate::base::hash::{Map, Set};
use crate::base::ids::{FileId, Id, RelationId, RuleId, StratumId, Table, VarId};
use crate::program::program::{Expr, Program, Rule};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, sort};
use crate::text::span::Span;

/// Diagnostics in the order of the text.
pub(super) fn report(
    program: &Program,
    reified: &Reified<'_>,
    findings: &Findings,
    stratum_of: &Table<RelationId, StratumId>,
) -> Vec<Diagnostic> {
    let report = Report { program, reified, findings, stratum_of, own: own_file(program) };
    let mut out = Vec::new();
    report.cycles(&mut out);
    report.unfilled(&mut out);
    report.excluded(&mut out);
    report.groundless(&mut out);
    report.unread(&mut out);
    report.used_once(&mut out);
    report.growing(&mut out);
    dropped(program, |span| report.is_own(span), &mut out);
    tautologies(program, |span| report.is_own(span), &mut out);
    products(program, stratum_of, |span| report.is_own(span), &mut out);
    mixtures(program, |span| report.is_own(span), &mut out);
    sort(&mut out);
    // Several normal rules come from one written rule.
    out.dedup();
    out
}

/// The file loaded first of those that the program was read from.
#[must_use]
pub fn own_file(program: &Program) -> Option<FileId> {
    let relations = program.relations.iter().map(|relation| relation.span);
    let rules = program.rules.iter().map(|rule| rule.span);
    let facts = program.facts.iter().map(|fact| fact.span);
    let directives = program.inputs.iter().chain(&program.outputs).map(|file| file.span);
    relations.chain(rules).chain(facts).chain(directives).map(|span| span.file).min()
}

struct Report<'a> {
    program: &'a Program,
    reified: &'a Reified<'a>,
    findings: &'a Findings,
    stratum_of: &'a Table<RelationId, StratumId>,
    own: Option<FileId>,
}

impl Report<'_> {
    fn is_own(&self, span: Span) -> bool {
        self.own == Some(span.file)
    }

    fn name(&self, relation: RelationId) -> &str {
        &self.program.relations[relation].name
    }

    fn head(&self, atom: &AtomAt) -> RelationId {
        self.program.rules[atom.rule].head
    }

    // ---- H0203 ----

    fn cycles(&self, out: &mut Vec<Diagnostic>) {
        let mut cyclic: Vec<_> = self.findings.cyclic.clone();
        cyclic.sort_by_key(|(atom, _)| (self.reified.atoms[*atom].span, *atom));
        let edges = self.edges(&cyclic);
        let mut told: Set<Span> = Set::default();
        for (atom, _) in cyclic {
            let at = &self.reified.atoms[atom];
            if told.contains(&at.span) {
                continue;
            }
            let cycle = self.cycle(atom, &edges);
            told.extend(cycle.iter().map(|at| at.span));
            out.push(self.tell_cycle(&cycle));
        }
    }

    /// For each relation of a component in error, the atoms of its rules that stay inside.
    fn edges(&self, cyclic: &[(AtomId, StratumId)]) -> Map<RelationId, Vec<AtomId>> {
        let broken: Set<StratumId> = cyclic.iter().map(|(_, component)| *component).collect();
        let mut edges: Map<RelationId, Vec<AtomId>> = Map::default();
        for (id, atom) in self.reified.atoms.entries() {
            let head = self.head(atom);
            let component = self.stratum_of[head];
            if broken.contains(&component) && self.stratum_of[atom.relation] == component {
                edges.entry(head).or_default().push(id);
            }
        }
        edges
    }

    /// The shortest way round that starts with `first`: from what it reads back to its head.
    fn cycle(&self, first: AtomId, edges: &Map<RelationId, Vec<AtomId>>) -> Vec<AtomAt> {
        let first = self.reified.atoms[first];
        let (start, goal) = (first.relation, self.head(&first));
        let mut reached_by: Map<RelationId, AtomAt> = Map::default();
        let mut queue = VecDeque::from([start]);
        while let Some(relation) = queue.pop_front() {
            if relation == goal {
                break;
            }
            for &id in edges.get(&relation).into_iter().flatten() {
                let atom = self.reified.atoms[id];
                if atom.relation != start && !reached_by.contains_key(&atom.relation) {
                    reached_by.insert(atom.relation, atom);
                    queue.push_back(atom.relation);
                }
            }
        }
        let mut back = Vec::new();
        let mut at = goal;
        while at != start {
            let atom = reached_by[&at];
            back.push(atom);
            at = self.head(&atom);
        }
        back.push(first);
        back.reverse();
        back
    }

    fn tell_cycle(&self, cycle: &[AtomAt]) -> Diagnostic {
        let first = self.name(self.head(&cycle[0]));
        let what = if cycle[0].how == How::Negated { "negation" } else { "aggregate" };
        let message = format!("`{first}` depends on its own {what}");
        let mut diagnostic = Diagnostic::new(Code::H0203, message);
        let mut path = first.to_owned();
        let mut breaks = Vec::new();
        for (position, atom) in cycle.iter().enumerate() {
            let (head, read) = (self.name(self.head(atom)), self.name(atom.relation));
            let number = position + 1;
            let (text, arrow) = match atom.how {
                How::Positive => (format!("`{head}` needs `{read}`"), "->"),
                How::Negated => (format!("`{head}` holds only where `{read}` does not"), "-!->"),
                How::Aggregated => (format!("`{head}` aggregates over `{read}`"), "-{}->"),
            };
            if atom.how != How::Positive {
                breaks.push(number.to_string());
            }
            let back = if number == cycle.len() && number > 1 { ": back to 1" } else { "" };
            diagnostic = diagnostic.label(atom.span, format!("{number}. {text}{back}"));
            path.push_str(&format!(" {arrow} {read}"));
        }
        diagnostic.note(format!("cycle: {path}")).help(format!(
            "break it at {}, for example by reading an input relation there",
            breaks.join(" or ")
        ))
    }

    // ---- L0201, L0206 ----

    fn unfilled(&self, out: &mut Vec<Diagnostic>) {
        for (_, atom) in self.reified.atoms.entries() {
            if self.findings.unfilled.binary_search(&atom.relation).is_err() {
                continue;
            }
            let relation = &self.program.relations[atom.relation];
            let rule = &self.program.rules[atom.rule];
            let never = atom.how == How::Positive;
            if self.is_own(relation.span) {
                let told =
                    out.iter().any(|d| d.code == Code::L0206 && d.span() == Some(relation.span));
                if told {
                    continue;
                }
                let message = format!("nothing fills `{}`", relation.name);
                let consequence =
                    if never { "so this rule can never fire" } else { "read here as empty" };
                out.push(
                    Diagnostic::new(Code::L0206, message)
                        .label(relation.span, "it has no rules, no facts and no `.input`")
                        .label(atom.span, consequence),
                );
            } else if never && self.is_own(rule.span) {
                let message = format!("this rule for `{}` can never fire", self.name(rule.head));
                let reason = format!("`{}` has no rules, no facts and no `.input`", relation.name);
                out.push(
                    Diagnostic::new(Code::L0201, message)
                        .label(atom.span, reason)
                        .label(relation.span, "declared here"),
                );
            }
        }
    }

    fn excluded(&self, out: &mut Vec<Diagnostic>) {
        let mut told: Set<RuleId> = Set::default();
        for &(id, one, other) in &self.findings.excludes {
            let rule = &self.program.rules[id];
            if !self.is_own(rule.span) || !told.insert(id) {
                continue;
            }
            let message = format!("this rule for `{}` can never fire", self.name(rule.head));
            let span = |literal: usize| rule.body[literal].span;
            let (first, last) = (one.index().min(other.index()), one.index().max(other.index()));
            let diagnostic = Diagnostic::new(Code::L0201, message);
            out.push(if first == last {
                diagnostic.label(span(first), "never true")
            } else {
                diagnostic
                    .label(span(last), "cannot hold together with the other")
                    .label(span(first), "the other")
            });
        }
    }

    fn groundless(&self, out: &mut Vec<Diagnostic>) {
        for &component in &self.findings.groundless {
            let rule = self.program.rules.iter().find(|r| self.stratum_of[r.head] == component);
            let Some(rule) = rule.filter(|rule| self.is_own(rule.span)) else { continue };
            let members = self.stratum_of.entries().filter(|(_, of)| **of == component);
            let names: Vec<_> = members.map(|(id, _)| format!("`{}`", self.name(id))).collect();
            let message = format!("{} can never hold", names.join(" and "));
            out.push(
                Diagnostic::new(Code::L0201, message)
                    .label(rule.span, "every rule needs what it derives: nothing is the first")
                    .help("add a fact, or a rule without the recursion"),
            );
        }
    }

    // ---- L0202, L0203 ----

    fn unread(&self, out: &mut Vec<Diagnostic>) {
        if self.program.outputs.is_empty() && self.program.printsizes.is_empty() {
            return;
        }
        for &id in &self.findings.unread {
            let relation = &self.program.relations[id];
            if self.is_own(relation.span) {
                let name = &relation.name;
                out.push(
                    Diagnostic::new(Code::L0202, format!("nothing reads `{name}`"))
                        .label(relation.span, "no other rule uses it, no `.output` names it")
                        .help(format!("write it out with `.output {name}`, or remove it")),
                );
            }
        }
    }

    fn used_once(&self, out: &mut Vec<Diagnostic>) {
        let once: Set<_> = self.findings.used_once.iter().copied().collect();
        let ids: Map<&str, _> =
            self.reified.names.entries().map(|(id, name)| (*name, id)).collect();
        for (rule_id, rule) in self.program.rules.entries() {
            for (var, variable) in rule.vars.entries() {
                let Some(name) = variable.name.as_deref() else { continue };
                let single = ids.get(name).is_some_and(|&name| once.contains(&(rule.origin, name)));
                let unbound = self.findings.unbound.binary_search(&(rule_id, var)).is_ok();
                if single && !unbound && self.is_own(variable.span) {
                    out.push(
                        Diagnostic::new(Code::L0203, format!("variable `{name}` is used once"))
                            .label(variable.span, "only here")
                            .help("write `_` if its value does not matter"),
                    );
                }
            }
        }
    }

    // ---- L0204 ----

    fn growing(&self, out: &mut Vec<Diagnostic>) {
        let mut told: Set<RuleId> = Set::default();
        for &(id, argument, atom, source) in &self.findings.grows {
            if !told.insert(id) {
                continue;
            }
            let rule = &self.program.rules[id];
            let head = self.name(rule.head);
            let source = source_name(rule, source);
            out.push(
                Diagnostic::new(Code::L0204, format!("the recursion of `{head}` may never end"))
                    .label(
                        argument_span(rule, argument),
                        format!("a new value every round, made from {source}"),
                    )
                    .label(
                        self.reified.atoms[atom].span,
                        format!("and nothing here bounds {source}"),
                    )
                    .help("bound it with a comparison, or by an atom of a relation that ends")
                    .help("if the data bounds it, write //@ allow(L0204) above the rule"),
            );
        }
    }
}

fn source_name(rule: &Rule, source: VarId) -> String {
    match &rule.vars[source].name {
        Some(name) => format!("`{name}`"),
        None => "its own values".to_owned(),
    }
}

fn argument_span(rule: &Rule, argument: u32) -> Span {
    match rule.head_args.get(argument as usize) {
        Some(Expr::Call { span, .. }) => *span,
        Some(Expr::Var(var)) => rule.vars[*var].span,
        Some(Expr::Const(_)) | None => rule.head_span,
    }
}
