//! What the words of the language do, for an editor that shows it.

/// A word of the language.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// As written.
    pub name: &'static str,
    /// How it is used.
    pub form: &'static str,
    /// What it does.
    pub does: &'static str,
}

const fn builtin(name: &'static str, form: &'static str, does: &'static str) -> Builtin {
    Builtin { name, form, does }
}

/// Operators, functors, tests and aggregates.
pub const BUILTINS: &[Builtin] = &[
    builtin("+", "a + b", "The sum; of symbols one after the other. An overflow is an error."),
    builtin(
        "-",
        "a - b",
        "The difference, or with one operand the negative. An overflow is an error.",
    ),
    builtin("neg", "-a", "The negative. An overflow is an error."),
    builtin("*", "a * b", "The product. An overflow is an error."),
    builtin(
        "/",
        "a / b",
        "The quotient, of whole numbers without the remainder. Division by zero is an error.",
    ),
    builtin("%", "a % b", "The remainder of whole numbers. Division by zero is an error."),
    builtin("^", "a ^ b", "The power. An overflow is an error."),
    builtin("band", "a band b", "Bits that both numbers have."),
    builtin("bor", "a bor b", "Bits that one of the numbers has."),
    builtin("bxor", "a bxor b", "Bits that exactly one of the numbers has."),
    builtin("bshl", "a bshl n", "The bits of a, n places to the left."),
    builtin("bshr", "a bshr n", "The bits of a, n places to the right, the sign kept."),
    builtin("bshru", "a bshru n", "The bits of a, n places to the right, zeros from the left."),
    builtin("bnot", "bnot a", "All bits turned over."),
    builtin("land", "a land b", "1 if both numbers differ from 0, else 0."),
    builtin("lor", "a lor b", "1 if one of the numbers differs from 0, else 0."),
    builtin("lxor", "a lxor b", "1 if exactly one of the numbers differs from 0, else 0."),
    builtin("lnot", "lnot a", "1 if the number is 0, else 0."),
    builtin(
        "count",
        "n = count : { body }",
        "The number of distinct bindings of all variables of the body; of none 0.",
    ),
    builtin(
        "sum",
        "n = sum x : { body }",
        "The sum of x over the distinct bindings of all variables of the body; of none 0.",
    ),
    builtin(
        "min",
        "n = min x : { body }    min(a, b, …)",
        "The least x over the bindings of the body, which fails if there are none; or the least of \
         several values.",
    ),
    builtin(
        "max",
        "n = max x : { body }    max(a, b, …)",
        "The greatest x over the bindings of the body, which fails if there are none; or the \
         greatest of several values.",
    ),
    builtin(
        "mean",
        "n = mean x : { body }",
        "The mean of x over the bindings of the body, a float; it fails if there are none.",
    ),
    builtin("as", "as(a, type)", "The value, taken as one of another type of the same kind."),
    builtin("true", "true", "A condition that always holds."),
    builtin("false", "false", "A condition that never holds."),
    builtin("cat", "cat(a, b, …)", "Symbols, one after the other."),
    builtin("ord", "ord(a)", "Not supported: the number of a symbol would depend on the run."),
    builtin(
        "range",
        "x = range(from, to[, step])",
        "x takes each number from the first to the second, which is left out.",
    ),
    builtin("strlen", "strlen(text)", "The length of a symbol."),
    builtin("substr", "substr(text, start, length)", "A part of a symbol, counted from 0."),
    builtin("to_float", "to_float(a)", "As a float. A symbol that is no number is an error."),
    builtin("to_number", "to_number(a)", "As a number. A symbol that is no number is an error."),
    builtin("to_string", "to_string(a)", "As a symbol."),
    builtin(
        "to_unsigned",
        "to_unsigned(a)",
        "As an unsigned number. A symbol that is no such number is an error.",
    ),
    builtin(
        "match",
        "match(pattern, text)",
        "Holds if the regular expression matches the whole text.",
    ),
    builtin("contains", "contains(part, text)", "Holds if the text has this part."),
];

/// What a word does.
#[must_use]
pub fn named(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::token::Word;

    #[test]
    fn every_word_that_is_read_is_explained() {
        for (name, word) in Word::ALL {
            assert_eq!(named(name).is_some(), *word != Word::Later, "{name}");
        }
    }
}
