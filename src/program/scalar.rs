//! Functors and operators on single values: checked integers, finite floats, texts by code
//! points.

use std::cmp::Ordering;
use std::fmt::Display;

use crate::program::builtins::{EvalError, Functor, Op};
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::{Finite, Value};

/// What an operation gives.
type Outcome = Result<Value, EvalError>;

/// See [`Builtins::apply`](crate::program::builtins::Builtins::apply).
pub(crate) fn apply(symbols: &Symbols, functor: Functor, args: &[Value]) -> Outcome {
    match functor.op {
        Op::Min => extreme(symbols, args, Ordering::Less),
        Op::Max => extreme(symbols, args, Ordering::Greater),
        Op::Cat => Ok(intern(symbols, &args.iter().map(|x| x.plain(symbols)).collect::<String>())),
        Op::ToText => Ok(intern(symbols, &args[0].plain(symbols))),
        Op::ToNumber | Op::ToUnsigned | Op::ToFloat => convert(symbols, functor.result, args[0]),
        Op::Strlen => strlen(symbols, args),
        Op::Substr => substr(symbols, args),
        op => match *args {
            [Value::Number(a)] => number_prefix(op, a),
            [Value::Unsigned(a)] => unsigned_prefix(op, a),
            [Value::Float(a)] if op == Op::Neg => Ok(float(-a.get(), String::new)?),
            [Value::Number(a), Value::Number(b)] => number(op, a, b),
            [Value::Unsigned(a), Value::Unsigned(b)] => unsigned(op, a, b),
            [Value::Float(a), Value::Float(b)] => floats(op, a.get(), b.get()),
            _ => mistyped(op, args),
        },
    }
}

fn mistyped(op: Op, args: &[Value]) -> ! {
    panic!("typing does not give `{}` the arguments {args:?}", op.name())
}

fn intern(symbols: &Symbols, text: &str) -> Value {
    Value::Symbol(symbols.intern(text))
}

fn extreme(symbols: &Symbols, args: &[Value], wanted: Ordering) -> Outcome {
    let best = args
        .iter()
        .copied()
        .reduce(|best, value| if value.cmp_in(best, symbols) == wanted { value } else { best });
    Ok(best.expect("min and max take at least one argument"))
}

fn number_prefix(op: Op, a: i64) -> Outcome {
    match op {
        Op::Neg => a
            .checked_neg()
            .map(Value::Number)
            .ok_or_else(|| EvalError::Overflow(BaseType::Number, format!("-({a})"))),
        Op::Bnot => Ok(Value::Number(!a)),
        Op::Lnot => Ok(Value::Number(i64::from(a == 0))),
        _ => mistyped(op, &[Value::Number(a)]),
    }
}

fn unsigned_prefix(op: Op, a: u64) -> Outcome {
    match op {
        Op::Bnot => Ok(Value::Unsigned(!a)),
        Op::Lnot => Ok(Value::Unsigned(u64::from(a == 0))),
        _ => mistyped(op, &[Value::Unsigned(a)]),
    }
}

fn number(op: Op, a: i64, b: i64) -> Outcome {
    let result = match op {
        Op::Add => a.checked_add(b),
        Op::Sub => a.checked_sub(b),
        Op::Mul => a.checked_mul(b),
        Op::Div | Op::Rem if b == 0 => return Err(EvalError::DivisionByZero),
        Op::Div => a.checked_div(b),
        // −2^63 % −1 is 0, although the quotient does not fit.
        Op::Rem => Some(a.wrapping_rem(b)),
        Op::Pow => return power(a, b),
        Op::Band => Some(a & b),
        Op::Bor => Some(a | b),
        Op::Bxor => Some(a ^ b),
        Op::Bshl => Some(a << (b & 63)),
        Op::Bshr => Some(a >> (b & 63)),
        Op::Bshru => Some((a.cast_unsigned() >> (b & 63)).cast_signed()),
        Op::Land => Some(i64::from(a != 0 && b != 0)),
        Op::Lor => Some(i64::from(a != 0 || b != 0)),
        Op::Lxor => Some(i64::from((a != 0) != (b != 0))),
        _ => mistyped(op, &[Value::Number(a), Value::Number(b)]),
    };
    result
        .map(Value::Number)
        .ok_or_else(|| EvalError::Overflow(BaseType::Number, infix(op, &a, &b)))
}

fn power(a: i64, b: i64) -> Outcome {
    let Ok(exponent) = u64::try_from(b) else {
        return Err(EvalError::Other(format!("{} is not an integer", infix(Op::Pow, &a, &b))));
    };
    // Above 2^32 only −1, 0 and 1 have a power that fits, and only the parity counts.
    let exponent = u32::try_from(exponent).unwrap_or_else(|_| u32::MAX - 1 + u32::from(b % 2 != 0));
    a.checked_pow(exponent)
        .map(Value::Number)
        .ok_or_else(|| EvalError::Overflow(BaseType::Number, infix(Op::Pow, &a, &b)))
}

fn unsigned(op: Op, a: u64, b: u64) -> Outcome {
    let result = match op {
        Op::Add => a.checked_add(b),
        Op::Sub => a.checked_sub(b),
        Op::Mul => a.checked_mul(b),
        Op::Div | Op::Rem if b == 0 => return Err(EvalError::DivisionByZero),
        Op::Div => a.checked_div(b),
        Op::Rem => a.checked_rem(b),
        Op::Pow => a.checked_pow(u32::try_from(b).unwrap_or(u32::MAX)),
        Op::Band => Some(a & b),
        Op::Bor => Some(a | b),
        Op::Bxor => Some(a ^ b),
        Op::Bshl => Some(a << (b & 63)),
        Op::Bshr | Op::Bshru => Some(a >> (b & 63)),
        Op::Land => Some(u64::from(a != 0 && b != 0)),
        Op::Lor => Some(u64::from(a != 0 || b != 0)),
        Op::Lxor => Some(u64::from((a != 0) != (b != 0))),
        _ => mistyped(op, &[Value::Unsigned(a), Value::Unsigned(b)]),
    };
    result
        .map(Value::Unsigned)
        .ok_or_else(|| EvalError::Overflow(BaseType::Unsigned, infix(op, &a, &b)))
}

fn floats(op: Op, a: f64, b: f64) -> Outcome {
    let result = match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div if b.abs() == 0.0 => return Err(EvalError::DivisionByZero),
        Op::Div => a / b,
        Op::Pow => a.powf(b),
        _ => panic!("typing does not give `{}` floats", op.name()),
    };
    float(result, || infix(op, &shown(a), &shown(b)))
}

/// A float as values are printed.
fn shown(x: f64) -> String {
    Finite::new(x).map_or_else(|| x.to_string(), |x| x.to_string())
}

fn float(x: f64, what: impl Fn() -> String) -> Outcome {
    Finite::new(x).map(Value::Float).ok_or_else(|| EvalError::NotFinite(what()))
}

/// `a op b`, a negative operand in parentheses where it would read badly.
fn infix<T: Display>(op: Op, a: &T, b: &T) -> String {
    let bracket = |x: &T| {
        let text = x.to_string();
        if text.starts_with('-') { format!("({text})") } else { text }
    };
    format!("{} {} {}", bracket(a), op.name(), bracket(b))
}

fn convert(symbols: &Symbols, to: BaseType, value: Value) -> Outcome {
    let overflow = || EvalError::Overflow(to, format!("to_{to}({})", value.quoted(symbols)));
    match (to, value) {
        (BaseType::Number, Value::Unsigned(n)) => {
            i64::try_from(n).map(Value::Number).map_err(|_| overflow())
        }
        (BaseType::Unsigned, Value::Number(n)) => {
            u64::try_from(n).map(Value::Unsigned).map_err(|_| overflow())
        }
        (BaseType::Number, Value::Float(x)) => {
            truncated(x).and_then(|n| i64::try_from(n).ok()).map(Value::Number).ok_or_else(overflow)
        }
        (BaseType::Unsigned, Value::Float(x)) => truncated(x)
            .and_then(|n| u64::try_from(n).ok())
            .map(Value::Unsigned)
            .ok_or_else(overflow),
        #[expect(clippy::cast_precision_loss, reason = "to_float rounds to the nearest")]
        (BaseType::Float, Value::Number(n)) => float(n as f64, String::new),
        #[expect(clippy::cast_precision_loss, reason = "to_float rounds to the nearest")]
        (BaseType::Float, Value::Unsigned(n)) => float(n as f64, String::new),
        (_, Value::Symbol(symbol)) => read(to, symbols.text(symbol)),
        (_, same) => Ok(same),
    }
}

/// Without the fraction, where that fits 128 bits.
fn truncated(x: Finite) -> Option<i128> {
    const LIMIT: f64 = 1.0e30;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be within 128 bits")]
    (x.get().abs() < LIMIT).then(|| x.get() as i128)
}

/// The whole of `text` as a number of type `to`, without blanks.
fn read(to: BaseType, text: &str) -> Outcome {
    let value = match to {
        BaseType::Number => text.parse().ok().map(Value::Number),
        BaseType::Unsigned => text.parse().ok().map(Value::Unsigned),
        BaseType::Float => text.parse().ok().and_then(Finite::new).map(Value::Float),
        BaseType::Symbol => panic!("a text is not read as a text"),
    };
    value.ok_or_else(|| EvalError::NotANumber(to, text.to_owned()))
}

fn strlen(symbols: &Symbols, args: &[Value]) -> Outcome {
    let &[Value::Symbol(text)] = args else { mistyped(Op::Strlen, args) };
    let n = symbols.text(text).chars().count();
    Ok(Value::Number(i64::try_from(n).expect("a text has fewer than 2^63 characters")))
}

/// Code points `start..start + length`. A start outside of the text gives the empty text; a
/// length beyond its end, or a negative one, gives the rest.
fn substr(symbols: &Symbols, args: &[Value]) -> Outcome {
    let &[Value::Symbol(text), Value::Number(start), Value::Number(length)] = args else {
        mistyped(Op::Substr, args)
    };
    let Ok(start) = usize::try_from(start) else { return Ok(intern(symbols, "")) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let part: String = symbols.text(text).chars().skip(start).take(length).collect();
    Ok(intern(symbols, &part))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `op(args)`, shown as in a program or as the reason there is none.
    fn eval(op: Op, result: BaseType, args: &[&str]) -> String {
        let symbols = Symbols::new();
        let values: Vec<_> = args.iter().map(|text| value(&symbols, text)).collect();
        let functor = Functor { op, operand: values[0].base(), result };
        match apply(&symbols, functor, &values) {
            Ok(value) => value.quoted(&symbols),
            Err(error) => error.to_string(),
        }
    }

    /// `'text`, `1u`, `1.5` or `1`.
    fn value(symbols: &Symbols, text: &str) -> Value {
        if let Some(text) = text.strip_prefix('\'') {
            Value::Symbol(symbols.intern(text))
        } else if let Some(digits) = text.strip_suffix('u') {
            Value::Unsigned(digits.parse().unwrap())
        } else if text.contains('.') {
            Value::Float(Finite::new(text.parse().unwrap()).unwrap())
        } else {
            Value::Number(text.parse().unwrap())
        }
    }

    fn check(op: Op, args: &[&str], expected: &str) {
        let result = BaseType::Number;
        assert_eq!(eval(op, result, args), expected, "{} of {args:?}", op.name());
    }

    const MIN: &str = "-9223372036854775808";
    const MAX: &str = "9223372036854775807";

    #[test]
    fn numbers_are_checked() {
        check(Op::Add, &["2", "3"], "5");
        check(Op::Add, &[MAX, "1"], "9223372036854775807 + 1 does not fit `number`");
        check(Op::Sub, &["3", "-2"], "5");
        check(Op::Sub, &[MIN, "1"], "(-9223372036854775808) - 1 does not fit `number`");
        check(Op::Mul, &[MAX, "2"], "9223372036854775807 * 2 does not fit `number`");
        check(Op::Div, &["-7", "2"], "-3");
        check(Op::Rem, &["-7", "2"], "-1");
        check(Op::Div, &["1", "0"], "division by zero");
        check(Op::Rem, &["1", "0"], "division by zero");
        check(Op::Div, &[MIN, "-1"], "(-9223372036854775808) / (-1) does not fit `number`");
        check(Op::Rem, &[MIN, "-1"], "0");
        check(Op::Neg, &["5"], "-5");
        check(Op::Neg, &[MIN], "-(-9223372036854775808) does not fit `number`");
    }

    #[test]
    fn powers_of_integers() {
        check(Op::Pow, &["2", "10"], "1024");
        check(Op::Pow, &["0", "0"], "1");
        check(Op::Pow, &["-2", "63"], MIN);
        check(Op::Pow, &["2", "63"], "2 ^ 63 does not fit `number`");
        check(Op::Pow, &["2", "-1"], "2 ^ (-1) is not an integer");
        check(Op::Pow, &["-1", MAX], "-1");
        check(Op::Pow, &["-1", "4294967296"], "1");
        check(Op::Pow, &["1", MAX], "1");
        check(Op::Pow, &["2u", "63u"], "9223372036854775808");
        check(Op::Pow, &["2u", "64u"], "2 ^ 64 does not fit `unsigned`");
        check(Op::Pow, &["1u", "18446744073709551615u"], "1");
    }

    #[test]
    fn unsigned_is_checked() {
        check(Op::Sub, &["3u", "5u"], "3 - 5 does not fit `unsigned`");
        check(Op::Add, &["18446744073709551614u", "1u"], "18446744073709551615");
        check(
            Op::Mul,
            &["4294967296u", "4294967296u"],
            "4294967296 * 4294967296 does not fit `unsigned`",
        );
        check(Op::Rem, &["7u", "4u"], "3");
        check(Op::Bnot, &["0u"], "18446744073709551615");
    }

    #[test]
    fn floats_stay_finite() {
        check(Op::Add, &["0.5", "0.25"], "0.75");
        check(Op::Div, &["1.0", "4.0"], "0.25");
        check(Op::Div, &["1.0", "0.0"], "division by zero");
        check(Op::Pow, &["2.0", "0.5"], "1.4142135623730951");
        check(Op::Pow, &["-1.0", "0.5"], "(-1) ^ 0.5 is not a finite number");
        check(Op::Neg, &["0.0"], "0");
        check(Op::Sub, &["1.0", "1.0"], "0");
    }

    #[test]
    fn bits_and_truth() {
        check(Op::Band, &["65521", "15"], "1");
        check(Op::Bor, &["65280", "15"], "65295");
        check(Op::Bxor, &["65535", "15"], "65520");
        check(Op::Bnot, &["0"], "-1");
        check(Op::Bshl, &["1", "3"], "8");
        check(Op::Bshl, &["1", "64"], "1");
        check(Op::Bshl, &["1", "63"], MIN);
        check(Op::Bshr, &["-8", "1"], "-4");
        check(Op::Bshru, &["-8", "1"], "9223372036854775804");
        check(Op::Bshr, &["8u", "65u"], "4");
        check(Op::Land, &["1", "2"], "1");
        check(Op::Land, &["1", "0"], "0");
        check(Op::Lor, &["0", "7"], "1");
        check(Op::Lxor, &["3", "7"], "0");
        check(Op::Lxor, &["3", "0"], "1");
        check(Op::Lnot, &["0"], "1");
        check(Op::Lnot, &["5"], "0");
    }

    #[test]
    fn least_and_greatest() {
        check(Op::Min, &["3", "-4", "7"], "-4");
        check(Op::Max, &["3.5", "-4.0"], "3.5");
        check(Op::Max, &["'b", "'é", "'a"], "\"é\"");
        check(Op::Min, &["'b", "'Z"], "\"Z\"");
    }

    #[test]
    fn texts() {
        check(Op::Cat, &["'a", "'", "'bc"], "\"abc\"");
        check(Op::ToText, &["1.0"], "\"1\"");
        check(Op::ToText, &["0.1"], "\"0.1\"");
        check(Op::ToText, &["-7"], "\"-7\"");
        check(Op::Strlen, &["'25–30"], "5");
        check(Op::Substr, &["'Hello_", "2", "3"], "\"llo\"");
        check(Op::Substr, &["'World!", "3", "6"], "\"ld!\"");
        check(Op::Substr, &["'25–30", "2", "2"], "\"–3\"");
        check(Op::Substr, &["'abc", "3", "1"], "\"\"");
        check(Op::Substr, &["'abc", "7", "1"], "\"\"");
        check(Op::Substr, &["'abc", "-1", "2"], "\"\"");
        check(Op::Substr, &["'abc", "1", "-1"], "\"bc\"");
    }

    #[test]
    fn conversions_take_the_whole_text() {
        let number = |text| eval(Op::ToNumber, BaseType::Number, &[text]);
        assert_eq!(number("'123"), "123");
        assert_eq!(number("'-5"), "-5");
        assert_eq!(number("'12k"), "\"12k\" is not a number");
        assert_eq!(number("' 12"), "\" 12\" is not a number");
        assert_eq!(number("'"), "\"\" is not a number");
        assert_eq!(number("2.9"), "2");
        assert_eq!(number("-2.9"), "-2");
        assert_eq!(
            number("9223372036854775808.0"),
            "to_number(9.223372036854776e18) does not fit `number`"
        );
        assert_eq!(
            number("9223372036854775808u"),
            "to_number(9223372036854775808) does not fit `number`"
        );
        let unsigned = |text| eval(Op::ToUnsigned, BaseType::Unsigned, &[text]);
        assert_eq!(unsigned("'18446744073709551615"), "18446744073709551615");
        assert_eq!(unsigned("-1"), "to_unsigned(-1) does not fit `unsigned`");
        assert_eq!(unsigned("'-1"), "\"-1\" is not an unsigned");
        let float = |text| eval(Op::ToFloat, BaseType::Float, &[text]);
        assert_eq!(float("'1.50"), "1.5");
        assert_eq!(float("'-0"), "0");
        assert_eq!(float("7"), "7");
        assert_eq!(float("'nan"), "\"nan\" is not a float");
        assert_eq!(float("'inf"), "\"inf\" is not a float");
    }
}
