//! The four base types.

use std::fmt;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BaseType {
    /// Signed 64-bit integers.
    Number,
    /// Unsigned 64-bit integers.
    Unsigned,
    /// 64-bit floats, finite, without a negative zero.
    Float,
    /// Texts.
    Symbol,
}

impl BaseType {
    /// As written in a program.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Unsigned => "unsigned",
            Self::Float => "float",
            Self::Symbol => "symbol",
        }
    }
}

impl fmt::Display for BaseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
