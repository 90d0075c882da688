//! Values of a certificate, and why something is refused.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Base {
    Number,
    Unsigned,
    Float,
    Symbol,
}

/// Texts are ordered by their UTF-8 bytes; a float is the word that has its rank among floats.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Value {
    Whole(Base, i128),
    Float(u64),
    Symbol(Rc<str>),
}

pub(super) type Tuple = Rc<[Value]>;

/// Why something is refused: an operation has no value, where the evaluation of the program would
/// stop; or what stands there is not so.
#[derive(PartialEq, Debug)]
pub(super) enum Fail {
    NoValue(String),
    Wrong(String),
}

pub(super) type Done = Result<(), Fail>;

pub(super) fn wrong(text: &str) -> Fail {
    Fail::Wrong(text.to_owned())
}

macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(Fail::Wrong(format!($($text)+)));
        }
    };
}
pub(super) use ensure;

const SIGN: u64 = 1 << 63;

impl Value {
    /// A finite float; there is no negative zero.
    pub(super) fn float(x: f64) -> Option<Self> {
        let bits = (x + 0.0).to_bits();
        let rank = if bits < SIGN { bits | SIGN } else { !bits };
        x.is_finite().then_some(Self::Float(rank))
    }

    pub(super) fn float_of(rank: u64) -> f64 {
        f64::from_bits(if rank < SIGN { !rank } else { rank ^ SIGN })
    }

    pub(super) fn whole(n: i128, base: Base) -> Option<Self> {
        let signed = base == Base::Number && i64::try_from(n).is_ok();
        let fits = signed || base == Base::Unsigned && u64::try_from(n).is_ok();
        fits.then_some(Self::Whole(base, n))
    }

    pub(super) fn base(&self) -> Base {
        match self {
            Self::Whole(base, _) => *base,
            Self::Float(_) => Base::Float,
            Self::Symbol(_) => Base::Symbol,
        }
    }

    /// The value that a text is.
    pub(super) fn read(text: &str, base: Base) -> Option<Self> {
        match base {
            Base::Number | Base::Unsigned => Self::whole(text.parse().ok()?, base),
            Base::Float => Self::float(text.parse().ok()?),
            Base::Symbol => Some(Self::Symbol(text.into())),
        }
    }

    /// The value of a cell whose column or variable has this type; a float is written as a text.
    pub(super) fn of(json: &Json, base: Base) -> Result<Self, Fail> {
        let whole = json.as_i64().map(i128::from).or_else(|| json.as_u64().map(i128::from));
        let value = match base {
            Base::Number | Base::Unsigned => whole.and_then(|n| Self::whole(n, base)),
            Base::Float | Base::Symbol => json.as_str().and_then(|text| {
                // A float is spelled in one way only.
                Self::read(text, base).filter(|value| value.to_string() == text)
            }),
        };
        value.ok_or_else(|| wrong(&format!("{json} is not of type {base:?}")))
    }
}

/// As values are converted to texts: a float with the fewest digits that read back the same.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(_, n) => write!(f, "{n}"),
            Self::Float(rank) => match Self::float_of(*rank) {
                x if x != 0.0 && (x.abs() < 1e-5 || x.abs() >= 1e16) => write!(f, "{x:e}"),
                x => write!(f, "{x}"),
            },
            Self::Symbol(text) => f.write_str(text),
        }
    }
}
