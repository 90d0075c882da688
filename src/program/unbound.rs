//! The messages about variables that nothing binds: what the body binds instead, and what would
//! bind the variable.

use crate::base::hash::Set;
use crate::base::ids::{Table, VarId};
use crate::program::alternatives::Flat;
use crate::program::builtins::Test;
use crate::program::draft::{Draft, DraftAggregate, DraftKind, Term, each_literal};
use crate::program::grounding::Bound;
use crate::program::names::Names;
use crate::program::program::Relation;
use crate::program::suggest::nearest;
use crate::program::types::Upper;
use crate::program::typing::Typed;
use crate::syntax::ast::AggregateKind;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Where a variable stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    Head,
    Absent,
    Compare,
    Test(Test),
    Range,
    Aggregate(AggregateKind),
}

impl Where {
    fn text(self) -> String {
        match self {
            Self::Head => "in the head".to_owned(),
            Self::Absent => "of a negated atom".to_owned(),
            Self::Compare => "of a comparison".to_owned(),
            Self::Test(test) => format!("of `{}`", test.name()),
            Self::Range => "of `range`".to_owned(),
            Self::Aggregate(kind) => format!("of `{}`", kind.name()),
        }
    }
}

/// Reports each variable once.
pub(crate) struct Unbound<'a> {
    draft: &'a Draft,
    typed: &'a Typed,
    names: &'a Names,
    /// From the first to the last character of the body.
    body: Option<Span>,
    found: &'a mut Vec<Diagnostic>,
    reported: Set<VarId>,
}

impl<'a> Unbound<'a> {
    pub(crate) fn new(
        (draft, typed): (&'a Draft, &'a Typed),
        names: &'a Names,
        flats: &[Flat<'_>],
        found: &'a mut Vec<Diagnostic>,
    ) -> Self {
        let spans = flats.iter().map(|flat| flat.span);
        let body = spans.reduce(Span::to);
        Self { draft, typed, names, body, found, reported: Set::default() }
    }

    /// A variable that is bound nowhere.
    pub(crate) fn report(&mut self, var: VarId, term: &Term, place: Where, bound: &Bound) {
        let Some(name) = &self.draft.vars[var].name else { return };
        if !self.reported.insert(var) {
            return;
        }
        let message = match self.body {
            Some(_) => {
                format!("variable `{name}` {} is bound by nothing in the body", place.text())
            }
            None => format!("variable `{name}` {} is bound by nothing", place.text()),
        };
        let diagnostic = Diagnostic::new(Code::H0201, message).label(term.span, "not bound");
        let binds = self.binds(var, bound);
        let list = if binds.is_empty() {
            "binds nothing".to_owned()
        } else {
            format!("binds {}", binds.join(", "))
        };
        let diagnostic = match self.body {
            Some(body) if place == Where::Head => diagnostic.label(body, list),
            Some(_) => diagnostic.note(format!("the body {list}")),
            None => diagnostic,
        };
        let diagnostic = diagnostic.note(
            "a variable is bound by a positive atom, or by `=` with a bound expression; not by \
             `!`, `<` or inside an aggregate",
        );
        let diagnostic = self.remedy(diagnostic, (var, term), place, &binds);
        self.found.push(diagnostic);
    }

    /// A variable that only an aggregate binds which hands out none.
    pub(crate) fn inside_only(&mut self, var: VarId, aggregate: &DraftAggregate) {
        if !self.reported.insert(var) {
            return;
        }
        let name = self.draft.var_name(var);
        let kind = aggregate.kind.name();
        let mut inside = None;
        aggregate.each_var(&mut |other, term| {
            if other == var {
                inside = inside.or(Some(term.span));
            }
        });
        let mut diagnostic = Diagnostic::new(
            Code::H0202,
            format!("variable `{name}` is bound only inside of `{kind}`"),
        )
        .label(self.draft.vars[var].span, "used outside of the aggregate");
        if let Some(inside) = inside {
            diagnostic = diagnostic.label(inside, format!("bound only here, inside of `{kind}`"));
        }
        self.found.push(
            diagnostic
                .note("`min` and `max` hand out witnesses; `count`, `sum` and `mean` have none")
                .help(format!(
                    "add an atom outside of the aggregate that binds `{name}`: then there is one \
                     `{kind}` for each `{name}`"
                )),
        );
    }

    /// Names of the variables of the same scopes that are bound, in id order.
    fn binds(&self, var: VarId, bound: &Bound) -> Vec<&'a str> {
        let scope = self.draft.vars[var].scope;
        self.draft
            .vars
            .entries()
            .filter(|(other, other_var)| other_var.scope <= scope && bound.has(*other))
            .filter_map(|(_, var)| var.name.as_deref())
            .collect()
    }

    fn remedy(
        &self,
        diagnostic: Diagnostic,
        (var, term): (VarId, &Term),
        place: Where,
        binds: &[&str],
    ) -> Diagnostic {
        let name = self.draft.var_name(var);
        let is_single = self.uses(var) == 1;
        let base = |var: VarId| self.typed.base(self.draft.vars[var].node);
        let same_type = |other: &&str| {
            let mut vars = self.draft.vars.entries();
            vars.any(|(id, known)| known.name.as_deref() == Some(*other) && base(id) == base(var))
        };
        let candidates = binds.iter().copied().filter(same_type);
        if is_single && let Some(near) = nearest(name, candidates).first() {
            return diagnostic.fix("a variable with a similar name is bound", term.span, *near);
        }
        if is_single && place == Where::Absent {
            return diagnostic.fix("write `_` if any value will do", term.span, "_");
        }
        match self.atoms(var).as_slice() {
            [] => diagnostic,
            [(only, by)] => diagnostic.help(format!(
                "add `{only}`: the only relation with a column `{name}` reachable from `{by}`"
            )),
            several if several.len() <= 3 => {
                let atoms: Vec<_> = several.iter().map(|(atom, _)| format!("`{atom}`")).collect();
                diagnostic.help(format!("add one of {}", atoms.join(", ")))
            }
            several => diagnostic.help(format!(
                "add an atom that binds it: {} relations have a column `{name}`",
                several.len()
            )),
        }
    }

    fn uses(&self, var: VarId) -> usize {
        let mut n = 0;
        let mut count = |other: VarId, _: &Term| n += usize::from(other == var);
        for arg in self.draft.head.iter().flat_map(|head| &head.args) {
            arg.each_var(&mut count);
        }
        self.draft.body.iter().for_each(|literal| literal.each_var(&mut count));
        n
    }

    /// Atoms that would bind the variable: of a relation with a column of its name that shares
    /// another column, by name and type, with what the body's atoms bind. With the variable that
    /// they share.
    fn atoms(&self, var: VarId) -> Vec<(String, &'a str)> {
        let name = self.draft.var_name(var);
        let uppers = self.uppers();
        let head = self.draft.head.as_ref().map(|head| &self.names.relations[head.relation].name);
        self.names
            .relations
            .iter()
            .filter(|relation| Some(&relation.name) != head)
            .filter_map(|relation| self.atom(relation, name, &uppers))
            .collect()
    }

    fn atom(
        &self,
        relation: &Relation,
        name: &str,
        uppers: &Table<VarId, Upper>,
    ) -> Option<(String, &'a str)> {
        if !relation.columns.iter().any(|column| column.name == name) {
            return None;
        }
        let mut by = None;
        let args: Vec<&str> = relation
            .columns
            .iter()
            .map(|column| {
                if column.name == name {
                    return column.name.as_str();
                }
                let shared = self.draft.vars.entries().find(|(var, shared)| {
                    let upper = Upper::Of(vec![column.ty]);
                    shared.name.as_ref() == Some(&column.name)
                        && uppers[*var] != Upper::Open
                        && self.names.types.meet(&uppers[*var], &upper) != Upper::Of(Vec::new())
                });
                match shared.and_then(|(_, var)| var.name.as_deref()) {
                    Some(shared) => {
                        by = by.or(Some(shared));
                        shared
                    }
                    None => "_",
                }
            })
            .collect();
        Some((format!("{}({})", relation.name, args.join(", ")), by?))
    }

    /// What the positive atoms outside of aggregates say about the variables.
    fn uppers(&self) -> Table<VarId, Upper> {
        let mut uppers = Table::filled(self.draft.vars.len(), Upper::Open);
        each_literal(&self.draft.body, &mut |literal| {
            if let DraftKind::Atom { relation, args } = &literal.kind {
                for (arg, column) in args.iter().zip(&self.names.relations[*relation].columns) {
                    if let Some(var) = arg.var() {
                        let column = Upper::Of(vec![column.ty]);
                        uppers[var] = self.names.types.meet(&uppers[var], &column);
                    }
                }
            }
        });
        uppers
    }
}
