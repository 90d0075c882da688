//! The functors by name: how many arguments, and of which types.

use crate::program::builtins::Op;
use crate::value::base_type::BaseType;

/// Some of the base types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bases(u8);

impl Bases {
    pub(crate) const ANY: Self = Self(0b1111);
    pub(crate) const NUMERIC: Self = Self(0b0111);
    pub(crate) const INTEGER: Self = Self(0b0011);
    pub(crate) const SIGNED: Self = Self(0b0101);

    pub(crate) const fn only(base: BaseType) -> Self {
        Self(1 << base as u8)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, base: BaseType) -> bool {
        self.0 & Self::only(base).0 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The types, in the order in which an open choice is made: number, unsigned, float, symbol.
    pub(crate) fn iter(self) -> impl Iterator<Item = BaseType> {
        [BaseType::Number, BaseType::Unsigned, BaseType::Float, BaseType::Symbol]
            .into_iter()
            .filter(move |base| self.has(*base))
    }

    /// `number`, `number or float`, …
    pub(crate) fn text(self) -> String {
        let names: Vec<_> = self.iter().map(BaseType::name).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => "nothing".to_owned(),
        }
    }
}

/// What a functor takes and gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature {
    /// Which one.
    pub(crate) op: Op,
    /// The least number of arguments.
    pub(crate) least: usize,
    /// The greatest number of arguments.
    pub(crate) most: usize,
    /// The types.
    pub(crate) types: Types,
}

/// The types of a functor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Types {
    /// All arguments and the value are of one type, one of these.
    Same(Bases),
    /// Arguments of these types, the last one repeated, give this type.
    Fixed(&'static [Bases], BaseType),
}

/// Functors of the dialect that hence refuses by name.
const REFUSED: &[&str] =
    &["ord", "autoinc", "recursive_iteration_cnt", "nil", "ssadd", "debug_delta"];

/// Every name a program may call, for suggestions.
pub(crate) const NAMES: &[&str] = &[
    "band",
    "bor",
    "bxor",
    "bnot",
    "bshl",
    "bshr",
    "bshru",
    "land",
    "lor",
    "lxor",
    "lnot",
    "min",
    "max",
    "cat",
    "strlen",
    "substr",
    "to_number",
    "to_unsigned",
    "to_float",
    "to_string",
    "range",
    "as",
];

/// Whether the dialect has a functor of this name that hence does not evaluate.
pub(crate) fn is_refused(name: &str) -> bool {
    REFUSED.contains(&name)
}

/// The functor of a name, `range` apart.
pub(crate) fn signature(name: &str, args: usize) -> Option<Signature> {
    const SYMBOL: Bases = Bases::only(BaseType::Symbol);
    const NUMBER: Bases = Bases::only(BaseType::Number);
    let (op, least, most, types) = match name {
        "neg" => (Op::Neg, 1, 1, Types::Same(Bases::SIGNED)),
        "-" if args == 1 => (Op::Neg, 1, 1, Types::Same(Bases::SIGNED)),
        "+" => (Op::Add, 2, 2, Types::Same(Bases::ANY)),
        "-" => (Op::Sub, 2, 2, Types::Same(Bases::NUMERIC)),
        "*" => (Op::Mul, 2, 2, Types::Same(Bases::NUMERIC)),
        "/" => (Op::Div, 2, 2, Types::Same(Bases::NUMERIC)),
        "%" => (Op::Rem, 2, 2, Types::Same(Bases::INTEGER)),
        "^" => (Op::Pow, 2, 2, Types::Same(Bases::NUMERIC)),
        "band" => (Op::Band, 2, 2, Types::Same(Bases::INTEGER)),
        "bor" => (Op::Bor, 2, 2, Types::Same(Bases::INTEGER)),
        "bxor" => (Op::Bxor, 2, 2, Types::Same(Bases::INTEGER)),
        "bnot" => (Op::Bnot, 1, 1, Types::Same(Bases::INTEGER)),
        "bshl" => (Op::Bshl, 2, 2, Types::Same(Bases::INTEGER)),
        "bshr" => (Op::Bshr, 2, 2, Types::Same(Bases::INTEGER)),
        "bshru" => (Op::Bshru, 2, 2, Types::Same(Bases::INTEGER)),
        "land" => (Op::Land, 2, 2, Types::Same(Bases::INTEGER)),
        "lor" => (Op::Lor, 2, 2, Types::Same(Bases::INTEGER)),
        "lxor" => (Op::Lxor, 2, 2, Types::Same(Bases::INTEGER)),
        "lnot" => (Op::Lnot, 1, 1, Types::Same(Bases::INTEGER)),
        "min" => (Op::Min, 2, usize::MAX, Types::Same(Bases::ANY)),
        "max" => (Op::Max, 2, usize::MAX, Types::Same(Bases::ANY)),
        "cat" => (Op::Cat, 2, usize::MAX, Types::Same(SYMBOL)),
        "strlen" => (Op::Strlen, 1, 1, Types::Fixed(&[SYMBOL], BaseType::Number)),
        "substr" => (Op::Substr, 3, 3, Types::Fixed(&[SYMBOL, NUMBER, NUMBER], BaseType::Symbol)),
        "to_number" => (Op::ToNumber, 1, 1, Types::Fixed(&[Bases::ANY], BaseType::Number)),
        "to_unsigned" => (Op::ToUnsigned, 1, 1, Types::Fixed(&[Bases::ANY], BaseType::Unsigned)),
        "to_float" => (Op::ToFloat, 1, 1, Types::Fixed(&[Bases::ANY], BaseType::Float)),
        "to_string" => (Op::ToText, 1, 1, Types::Fixed(&[Bases::ANY], BaseType::Symbol)),
        _ => return None,
    };
    Some(Signature { op, least, most, types })
}
