//! One table of functors, operators, tests and aggregates: name, types, meaning. Both engines and
//! the explainer evaluate through [`Builtins`]; nothing wraps, and what has no value is an
//! [`EvalError`].

use std::fmt;
use std::sync::Arc;

use crate::syntax::ast::AggregateKind;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::Value;

/// A functor or operator with its overload resolved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Functor {
    /// Which one.
    pub op: Op,
    /// The base type of its operands, where they have one in common; of the first otherwise.
    pub operand: BaseType,
    /// The base type of its value.
    pub result: BaseType,
}

/// Functors and operators.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names are those of the language")]
pub enum Op {
    Neg,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
    Band,
    Bor,
    Bxor,
    Bnot,
    Bshl,
    Bshr,
    Bshru,
    Land,
    Lor,
    Lxor,
    Lnot,
    Min,
    Max,
    Cat,
    Strlen,
    Substr,
    Ord,
    ToNumber,
    ToUnsigned,
    ToFloat,
    ToText,
}

/// Tests on symbols, written like atoms.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Test {
    /// `match(pattern, text)`: the regular expression matches the whole text.
    Match,
    /// `contains(part, text)`.
    Contains,
}

/// Why an operation has no value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EvalError {
    /// `/` or `%` by zero.
    DivisionByZero,
    /// The result does not fit its type: the operation with its operands, as text.
    Overflow(String),
    /// A float result is not a finite number: the operation with its operands, as text.
    NotFinite(String),
    /// A conversion of a text that is no such number: type and text.
    NotANumber(BaseType, String),
    /// `ord` of …, a step of 0, an exponent below 0, …: a full message.
    Other(String),
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DivisionByZero => f.write_str("division by zero"),
            Self::Overflow(what) => write!(f, "{what} does not fit 64 bits"),
            Self::NotFinite(what) => write!(f, "{what} is not a finite number"),
            Self::NotANumber(base, text) => write!(f, "{text:?} is not a {base}"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

/// The evaluator: holds the texts and the compiled patterns.
#[derive(Debug)]
pub struct Builtins {
    symbols: Arc<Symbols>,
}

impl Builtins {
    /// An evaluator over these texts.
    #[must_use]
    pub fn new(symbols: Arc<Symbols>) -> Self {
        Self { symbols }
    }

    /// The texts.
    #[must_use]
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// The value of a functor.
    ///
    /// # Errors
    /// If the operation has no value.
    pub fn apply(&self, functor: Functor, args: &[Value]) -> Result<Value, EvalError> {
        let _ = (functor, args);
        unimplemented!()
    }

    /// Whether a test holds; a pattern that cannot be read holds for nothing.
    #[must_use]
    pub fn holds(&self, test: Test, args: &[Value]) -> bool {
        let _ = (test, args);
        unimplemented!()
    }

    /// Calls `visit` with each value of `range(from, to)` or `range(from, to, step)`: from `from`,
    /// `to` not included, by `step` (default 1, or −1 if `to` is below `from`), until it breaks.
    ///
    /// # Errors
    /// If the step is 0.
    pub fn range(
        &self,
        args: &[Value],
        visit: &mut dyn FnMut(Value) -> std::ops::ControlFlow<()>,
    ) -> Result<(), EvalError> {
        let _ = (args, visit);
        unimplemented!()
    }

    /// The value of an aggregate over the multiset of values, one per distinct binding (for count
    /// only their number matters): nothing for min, max and mean of nothing. Integer sums
    /// accumulate in 128 bits and are checked at the end; float sums and means are the correctly
    /// rounded sum of the multiset, so the order does not matter.
    ///
    /// # Errors
    /// If the sum does not fit.
    pub fn aggregate(
        &self,
        kind: AggregateKind,
        base: BaseType,
        values: &mut dyn Iterator<Item = Value>,
    ) -> Result<Option<Value>, EvalError> {
        let _ = (kind, base, values);
        unimplemented!()
    }
}
