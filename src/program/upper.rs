//! Declared types of a draft whose base types fit: a variable holds what every column that binds
//! it holds, and a head column takes it only if that is a part of the column's type. Constants
//! and what functors compute fit every type of their base.

use crate::base::ids::{RelationId, Table, TypeId, VarId};
use crate::program::draft::{Draft, DraftKind, DraftLiteral, Term, TermKind, each_literal};
use crate::program::names::Names;
use crate::program::types::Upper;
use crate::program::typing::Typed;
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// What is known of a variable's declared type.
#[derive(Clone)]
struct Known {
    upper: Upper,
    /// The use that narrowed it last.
    why: Option<Why>,
    /// Types without a common value were reported: everything fits from now on.
    is_lost: bool,
}

#[derive(Clone, Copy)]
struct Why {
    span: Span,
    column: Option<(RelationId, usize)>,
}

struct Uppers<'a> {
    draft: &'a Draft,
    names: &'a Names,
    typed: &'a Typed,
    known: Table<VarId, Known>,
    found: &'a mut Vec<Diagnostic>,
}

/// Checks the declared types, and returns what each variable can hold.
pub(crate) fn check(
    draft: &Draft,
    names: &Names,
    typed: &Typed,
    found: &mut Vec<Diagnostic>,
) -> Table<VarId, Upper> {
    let open = Known { upper: Upper::Open, why: None, is_lost: false };
    let known = Table::filled(draft.vars.len(), open);
    let mut uppers = Uppers { draft, names, typed, known, found };
    each_literal(&draft.body, &mut |literal| uppers.atom(literal));
    // Each pass carries types over every `=` that comes after what is known, or before it.
    let mut literals = Vec::new();
    each_literal(&draft.body, &mut |literal| literals.push(literal));
    let mut is_changed = true;
    while is_changed {
        is_changed = false;
        for literal in literals.iter().chain(literals.iter().rev()) {
            is_changed |= uppers.equal(literal);
        }
    }
    uppers.head();
    uppers.known.iter().map(|known| known.upper.clone()).collect()
}

impl Uppers<'_> {
    fn atom(&mut self, literal: &DraftLiteral) {
        let DraftKind::Atom { relation, args } = &literal.kind else { return };
        let names = self.names;
        for (index, (arg, column)) in
            args.iter().zip(&names.relations[*relation].columns).enumerate()
        {
            if let Some(var) = arg.var() {
                let why = Why { span: arg.span, column: Some((*relation, index)) };
                self.narrow(var, &Upper::Of(vec![column.ty]), why);
            }
        }
    }

    /// Carries types over `=` and out of `min` and `max`. Whether something became narrower.
    fn equal(&mut self, literal: &DraftLiteral) -> bool {
        match &literal.kind {
            DraftKind::Compare(CompareOp::Eq, left, right) => {
                let to_left = self.carry(right, left);
                self.carry(left, right) || to_left
            }
            DraftKind::Aggregate { var, aggregate }
                if matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max) =>
            {
                aggregate.value.as_ref().is_some_and(|value| self.carry(value, var))
            }
            _ => false,
        }
    }

    fn carry(&mut self, from: &Term, to: &Term) -> bool {
        let Some(var) = to.var() else { return false };
        if from.var().is_some_and(|from| self.known[from].upper == self.known[var].upper) {
            return false;
        }
        let upper = self.upper(from);
        if upper == Upper::Open {
            return false;
        }
        self.narrow(var, &upper, Why { span: from.span, column: None })
    }

    fn upper(&self, term: &Term) -> Upper {
        match &term.kind {
            TermKind::Var(var) => self.known[*var].upper.clone(),
            TermKind::As { ty, .. } => Upper::Of(vec![*ty]),
            TermKind::Integer(_)
            | TermKind::Unsigned(_)
            | TermKind::Float(_)
            | TermKind::Text(_)
            | TermKind::Call { .. } => Upper::Open,
        }
    }

    fn narrow(&mut self, var: VarId, upper: &Upper, why: Why) -> bool {
        if self.known[var].is_lost {
            return false;
        }
        let both = self.names.types.meet(&self.known[var].upper, upper);
        if both == self.known[var].upper {
            return false;
        }
        if both == Upper::Of(Vec::new()) {
            self.disjoint(var, upper, why);
            self.known[var] = Known { upper: Upper::Open, why: None, is_lost: true };
            return false;
        }
        self.known[var] = Known { upper: both, why: Some(why), is_lost: false };
        true
    }

    fn name(&self, var: VarId) -> String {
        match &self.draft.vars[var].name {
            Some(name) => format!("`{name}`"),
            None => "this value".to_owned(),
        }
    }

    fn disjoint(&mut self, var: VarId, upper: &Upper, why: Why) {
        let base = self.typed.base(self.draft.vars[var].node);
        let types = &self.names.types;
        let before = types.text(&self.known[var].upper, base);
        let now = types.text(upper, base);
        let name = self.name(var);
        let mut diagnostic =
            Diagnostic::new(Code::H0104, format!("{name} is {now} here and {before} elsewhere"))
                .label(why.span, format!("{name} is {now} here"));
        let earlier = self.known[var].why;
        if let Some(earlier) = earlier {
            diagnostic = diagnostic.label(earlier.span, format!("{name} is {before} here"));
        }
        for column in [earlier.and_then(|why| why.column), why.column].into_iter().flatten() {
            diagnostic = self.declared(diagnostic, column);
        }
        self.found
            .push(diagnostic.note("no value is of both types: neither is a part of the other"));
    }

    fn declared(
        &self,
        diagnostic: Diagnostic,
        (relation, index): (RelationId, usize),
    ) -> Diagnostic {
        let column = &self.names.relations[relation].columns[index];
        diagnostic.label(
            self.names.type_span(relation, index),
            format!(
                "because column `{}` is declared {}",
                column.name, self.names.types.table[column.ty].name
            ),
        )
    }

    fn head(&mut self) {
        let Some(head) = &self.draft.head else { return };
        for (index, arg) in head.args.iter().enumerate() {
            let column = &self.names.relations[head.relation].columns[index];
            let upper = self.upper(arg);
            if !self.names.types.fits(&upper, column.ty) {
                let diagnostic = self.too_wide(arg, &upper, (head.relation, index));
                self.found.push(diagnostic);
            }
        }
    }

    fn too_wide(&self, arg: &Term, upper: &Upper, column: (RelationId, usize)) -> Diagnostic {
        let types = &self.names.types;
        let relation = &self.names.relations[column.0];
        let declared = &relation.columns[column.1];
        let wanted: TypeId = declared.ty;
        let wanted_name = &types.table[wanted].name;
        let is = types.text(upper, declared.base);
        let var = arg.var();
        let name = var.map_or_else(|| "this value".to_owned(), |var| self.name(var));
        let message = format!(
            "{name} is {is}, but column `{}` of `{}` takes `{wanted_name}`",
            declared.name, relation.name
        );
        let mut diagnostic = Diagnostic::new(Code::H0104, message)
            .label(arg.span, format!("expected `{wanted_name}`, found {is}"));
        if let Some(why) = var.and_then(|var| self.known[var].why) {
            diagnostic = diagnostic.label(why.span, format!("{name} is {is} here"));
            if let Some(column) = why.column {
                diagnostic = self.declared(diagnostic, column);
            }
        }
        diagnostic = self.declared(diagnostic, column);
        let is_wider = match upper {
            Upper::Of(parts) => parts.iter().all(|part| types.is_part(wanted, *part)),
            Upper::Open => false,
        };
        match var {
            Some(var) if is_wider && self.draft.vars[var].name.is_some() => {
                let text = format!("as({}, {wanted_name})", self.draft.var_name(var));
                diagnostic.fix("if every such value belongs there, say so", arg.span, text)
            }
            _ => diagnostic.note(format!("{is} is not a part of `{wanted_name}`")),
        }
    }
}
