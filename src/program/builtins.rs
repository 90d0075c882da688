//! One table of functors, operators, tests and aggregates: name, types, meaning. Both engines and
//! the explainer evaluate through [`Builtins`]; nothing wraps, and what has no value is an
//! [`EvalError`].

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::program::patterns::{Patterns, compile};
use crate::program::{aggregate, range, scalar};
use crate::syntax::ast::AggregateKind;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::{Value, quote};

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
    /// The result does not fit its type: the type, and the operation with its operands, as text.
    Overflow(BaseType, String),
    /// A float result is not a finite number: the operation with its operands, as text.
    NotFinite(String),
    /// A conversion of a text that is no such number: type and text.
    NotANumber(BaseType, String),
    /// An exponent below 0, a range that stands still, …: a full message.
    Other(String),
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DivisionByZero => f.write_str("division by zero"),
            Self::Overflow(base, what) => write!(f, "{what} does not fit `{base}`"),
            Self::NotFinite(what) => write!(f, "{what} is not a finite number"),
            Self::NotANumber(base, text) => {
                let article = if *base == BaseType::Unsigned { "an" } else { "a" };
                write!(f, "{} is not {article} {base}", quote(text))
            }
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl Op {
    /// As written in a program.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Neg | Self::Sub => "-",
            Self::Add => "+",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Pow => "^",
            Self::Band => "band",
            Self::Bor => "bor",
            Self::Bxor => "bxor",
            Self::Bnot => "bnot",
            Self::Bshl => "bshl",
            Self::Bshr => "bshr",
            Self::Bshru => "bshru",
            Self::Land => "land",
            Self::Lor => "lor",
            Self::Lxor => "lxor",
            Self::Lnot => "lnot",
            Self::Min => "min",
            Self::Max => "max",
            Self::Cat => "cat",
            Self::Strlen => "strlen",
            Self::Substr => "substr",
            Self::ToNumber => "to_number",
            Self::ToUnsigned => "to_unsigned",
            Self::ToFloat => "to_float",
            Self::ToText => "to_string",
        }
    }
}

impl Test {
    /// As written in a program.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Contains => "contains",
        }
    }
}

/// Why a pattern of `match` cannot be read, if it cannot; then it matches nothing.
#[must_use]
pub fn unreadable(pattern: &str) -> Option<String> {
    compile(pattern).err()
}

/// The evaluator: holds the texts and the compiled patterns.
#[derive(Debug)]
pub struct Builtins {
    symbols: Arc<Symbols>,
    patterns: Patterns,
}

impl Builtins {
    /// An evaluator over these texts.
    #[must_use]
    pub fn new(symbols: Arc<Symbols>) -> Self {
        Self { symbols, patterns: Patterns::new() }
    }

    /// The texts.
    #[must_use]
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// The value of a functor. Integers are checked, bit operations work on the 64-bit words
    /// and take shift counts modulo 64, floats stay finite. `strlen` and `substr` count code
    /// points, as the spans of claims do.
    ///
    /// # Errors
    /// If the operation has no value.
    ///
    /// # Panics
    /// If the arguments are not of the number and types that the functor takes.
    pub fn apply(&self, functor: Functor, args: &[Value]) -> Result<Value, EvalError> {
        scalar::apply(&self.symbols, functor, args)
    }

    /// Whether a test holds; a pattern that cannot be read holds for nothing.
    ///
    /// # Panics
    /// If the arguments are not two symbols.
    #[must_use]
    pub fn holds(&self, test: Test, args: &[Value]) -> bool {
        let &[Value::Symbol(part), Value::Symbol(text)] = args else {
            panic!("typing gives {} two symbols, not {args:?}", test.name());
        };
        match test {
            Test::Match => self.patterns.matches(&self.symbols, part, text),
            Test::Contains => self.symbols.text(text).contains(self.symbols.text(part)),
        }
    }

    /// Calls `visit` with each value of `range(from, to)` or `range(from, to, step)`: from `from`,
    /// `to` not included, by `step`, until it breaks. Without a step it is 1, or −1 if `to` is
    /// below `from`; an unsigned range cannot go down, so it is empty then. A float range adds the
    /// step again and again.
    ///
    /// # Errors
    /// If the step is 0, or so small that adding it changes nothing.
    ///
    /// # Panics
    /// If the arguments are not two or three numbers of one type.
    pub fn range(
        &self,
        args: &[Value],
        visit: &mut dyn FnMut(Value) -> ControlFlow<()>,
    ) -> Result<(), EvalError> {
        range::range(args, visit)
    }

    /// Whether such a range has a value. A walk through floats calls `tick` at each and ends when
    /// that breaks; integers are only computed.
    ///
    /// # Errors
    /// As for [`Builtins::range`], up to the value.
    ///
    /// # Panics
    /// If the arguments are not two or three numbers of one type.
    pub fn in_range(
        &self,
        member: Value,
        args: &[Value],
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<bool, EvalError> {
        range::contains(args, member, tick)
    }

    /// The value of an aggregate whose result is of type `base` over the multiset of values, one
    /// per distinct binding (for count only their number matters): nothing for min, max and mean
    /// of nothing. Integer sums accumulate in 128 bits and are checked at the end; float sums are
    /// the correctly rounded sum of the multiset, so the order does not matter. The mean of
    /// integers is rounded once, that of floats is the rounded sum divided by their number.
    ///
    /// # Errors
    /// If the sum does not fit.
    ///
    /// # Panics
    /// If the values are not of a type that the aggregate takes.
    pub fn aggregate(
        &self,
        kind: AggregateKind,
        base: BaseType,
        values: &mut dyn Iterator<Item = Value>,
    ) -> Result<Option<Value>, EvalError> {
        aggregate::aggregate(&self.symbols, kind, base, values)
    }
}
