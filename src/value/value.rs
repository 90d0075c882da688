//! [`Value`]: one cell, and [`Tuple`]: one row. Equal values are equal bit for bit: floats are
//! finite and have no negative zero, texts are interned. The order of values is that of the
//! language: numbers by value, symbols by UTF-8 bytes; it needs the texts, hence [`Value::cmp_in`].

use std::cmp::Ordering;
use std::fmt;

use crate::value::base_type::BaseType;
use crate::value::symbols::{Symbol, Symbols};

/// A finite float without a negative zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Finite(u64);

impl Finite {
    /// `x` with −0 as 0, or nothing if it is NaN or infinite.
    #[must_use]
    pub fn new(x: f64) -> Option<Self> {
        x.is_finite().then(|| Self((x + 0.0).to_bits()))
    }

    /// The float.
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl PartialOrd for Finite {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Finite {
    fn cmp(&self, other: &Self) -> Ordering {
        self.get().total_cmp(&other.get())
    }
}

impl fmt::Debug for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The shortest text that reads back the same: `1` for 1.0, `0.1`, and with an exponent where
/// plain digits would be many: `1e21`, `1.5e-7`.
impl fmt::Display for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let x = self.get();
        if x != 0.0 && !(1e-5..1e16).contains(&x.abs()) {
            write!(f, "{x:e}")
        } else {
            write!(f, "{x}")
        }
    }
}

/// A cell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// A signed integer.
    Number(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// A float.
    Float(Finite),
    /// A text.
    Symbol(Symbol),
}

/// A row.
pub type Tuple = Box<[Value]>;

impl Value {
    /// The base type of this cell.
    #[must_use]
    pub fn base(self) -> BaseType {
        match self {
            Self::Number(_) => BaseType::Number,
            Self::Unsigned(_) => BaseType::Unsigned,
            Self::Float(_) => BaseType::Float,
            Self::Symbol(_) => BaseType::Symbol,
        }
    }

    /// The order of the language between cells of one type; types in the order of [`BaseType`].
    #[must_use]
    pub fn cmp_in(self, other: Self, symbols: &Symbols) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(&b),
            (Self::Unsigned(a), Self::Unsigned(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.cmp(&b),
            (Self::Symbol(a), Self::Symbol(b)) if a == b => Ordering::Equal,
            (Self::Symbol(a), Self::Symbol(b)) => {
                symbols.text(a).as_bytes().cmp(symbols.text(b).as_bytes())
            }
            (a, b) => a.base().cmp(&b.base()),
        }
    }

    /// As in a facts file or an answer: texts bare.
    #[must_use]
    pub fn plain(self, symbols: &Symbols) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Unsigned(n) => n.to_string(),
            Self::Float(x) => x.to_string(),
            Self::Symbol(s) => symbols.text(s).to_owned(),
        }
    }

    /// As in a rule file: texts quoted and escaped. A float keeps a point, an unsigned its `u`
    /// is not needed where the column gives the type.
    #[must_use]
    pub fn quoted(self, symbols: &Symbols) -> String {
        match self {
            Self::Symbol(s) => quote(symbols.text(s)),
            other => other.plain(symbols),
        }
    }
}

/// `text` as a string literal of the language. Control characters and `"` and `\` are escaped;
/// marks that change the direction of writing are shown as escapes too, so that a hostile text
/// cannot rearrange what is printed.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The order of rows: column by column.
#[must_use]
pub fn cmp_tuples(a: &[Value], b: &[Value], symbols: &Symbols) -> Ordering {
    a.iter()
        .zip(b)
        .map(|(x, y)| x.cmp_in(*y, symbols))
        .find(|o| o.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}
