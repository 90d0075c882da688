//! [`Writer`]: the body of a rule over numbered relations, while it is written.

use crate::base::ids::{RelationId, Table, VarId};
use crate::program::program::{Arg, Atom, Literal, LiteralKind, Variable};
use crate::text::span::Span;
use crate::value::base_type::BaseType;

/// A rule that is being written.
pub(crate) struct Writer {
    pub(crate) vars: Table<VarId, Variable>,
    pub(crate) body: Vec<Literal>,
}

impl Writer {
    /// Adds an atom over a numbered relation; returns the variable of the number.
    pub(crate) fn numbered(
        &mut self,
        relation: RelationId,
        mut args: Vec<Arg>,
        span: Span,
    ) -> VarId {
        let var = self.vars.push(number(span));
        args.push(Arg::Var(var));
        self.body.push(Literal { kind: LiteralKind::Atom(Atom { relation, args }), span });
        var
    }
}

/// A variable for the number of a tuple.
pub(crate) fn number(span: Span) -> Variable {
    Variable { name: None, base: BaseType::Number, span }
}

/// A number of a goal: there are fewer than 2^32.
pub(crate) fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("fewer than 2^32 goals")
}
