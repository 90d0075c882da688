//! Aggregate functions over a multiset of values. No result depends on the order of the values.

use std::cmp::Ordering;

use xsum::{Xsum, XsumSmall};

use crate::program::builtins::EvalError;
use crate::syntax::ast::AggregateKind;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::{Finite, Value};

/// See [`Builtins::aggregate`](crate::program::builtins::Builtins::aggregate).
pub(crate) fn aggregate(
    symbols: &Symbols,
    kind: AggregateKind,
    base: BaseType,
    values: &mut dyn Iterator<Item = Value>,
) -> Result<Option<Value>, EvalError> {
    match kind {
        AggregateKind::Count => {
            let n = i128::try_from(values.count()).expect("a count fits 128 bits");
            integer(base, n, "the count").map(Some)
        }
        AggregateKind::Min => Ok(extreme(symbols, Ordering::Less, values)),
        AggregateKind::Max => Ok(extreme(symbols, Ordering::Greater, values)),
        AggregateKind::Sum => {
            let mut sums = Sums::new();
            values.for_each(|value| sums.add(value));
            if base == BaseType::Float {
                sums.float_sum().map(Some)
            } else {
                integer(base, sums.integers, "the sum").map(Some)
            }
        }
        AggregateKind::Mean => {
            let mut sums = Sums::new();
            values.for_each(|value| sums.add(value));
            sums.mean()
        }
    }
}

fn extreme(
    symbols: &Symbols,
    wanted: Ordering,
    values: &mut dyn Iterator<Item = Value>,
) -> Option<Value> {
    values.reduce(|best, value| if value.cmp_in(best, symbols) == wanted { value } else { best })
}

fn integer(base: BaseType, n: i128, what: &str) -> Result<Value, EvalError> {
    let value = match base {
        BaseType::Number => i64::try_from(n).ok().map(Value::Number),
        BaseType::Unsigned => u64::try_from(n).ok().map(Value::Unsigned),
        BaseType::Float | BaseType::Symbol => panic!("{what} of integers is not a {base}"),
    };
    value.ok_or_else(|| EvalError::Overflow(base, format!("{what} {n}")))
}

/// Exact sums of what was added.
struct Sums {
    /// Rows number less than 2^63, so that 64-bit values cannot overflow 128 bits.
    integers: i128,
    floats: XsumSmall,
    is_float: bool,
    n: u64,
}

impl Sums {
    fn new() -> Self {
        Self { integers: 0, floats: XsumSmall::new(), is_float: false, n: 0 }
    }

    fn add(&mut self, value: Value) {
        self.n += 1;
        match value {
            Value::Number(n) => self.integers += i128::from(n),
            Value::Unsigned(n) => self.integers += i128::from(n),
            Value::Float(x) => {
                self.is_float = true;
                self.floats.add(x.get());
            }
            Value::Symbol(_) => panic!("typing lets no symbol be added"),
        }
    }

    fn float_sum(&mut self) -> Result<Value, EvalError> {
        finite(self.floats.sum(), || format!("the sum of {} floats", self.n))
    }

    fn mean(&mut self) -> Result<Option<Value>, EvalError> {
        if self.n == 0 {
            return Ok(None);
        }
        let mean = if self.is_float {
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 rows")]
            let n = self.n as f64;
            self.floats.sum() / n
        } else {
            let magnitude = quotient(self.integers.unsigned_abs(), self.n);
            if self.integers < 0 { -magnitude } else { magnitude }
        };
        finite(mean, || format!("the mean of {} floats", self.n)).map(Some)
    }
}

fn finite(x: f64, what: impl Fn() -> String) -> Result<Value, EvalError> {
    Finite::new(x).map(Value::Float).ok_or_else(|| EvalError::NotFinite(what()))
}

/// `sum / n`, rounded once to the nearest float.
fn quotient(sum: u128, n: u64) -> f64 {
    if sum == 0 {
        return 0.0;
    }
    // Shifted to the top, the quotient has at least 63 bits: more than a float keeps, so that
    // the remainder matters only as "not exactly half way", which the lowest bit can say.
    let shift = sum.leading_zeros();
    let (shifted, n) = (sum << shift, u128::from(n));
    let bits = (shifted / n) | u128::from(!shifted.is_multiple_of(n));
    #[expect(clippy::cast_precision_loss, reason = "this is the one rounding")]
    let rounded = bits as f64;
    rounded * (-f64::from(shift)).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(
        kind: AggregateKind,
        base: BaseType,
        values: &[Value],
    ) -> Result<Option<Value>, EvalError> {
        aggregate(&Symbols::new(), kind, base, &mut values.iter().copied())
    }

    fn float(x: f64) -> Value {
        Value::Float(Finite::new(x).unwrap())
    }

    #[test]
    fn of_nothing() {
        use AggregateKind::{Count, Max, Mean, Min, Sum};
        assert_eq!(run(Count, BaseType::Number, &[]), Ok(Some(Value::Number(0))));
        assert_eq!(run(Sum, BaseType::Number, &[]), Ok(Some(Value::Number(0))));
        assert_eq!(run(Sum, BaseType::Unsigned, &[]), Ok(Some(Value::Unsigned(0))));
        assert_eq!(run(Sum, BaseType::Float, &[]), Ok(Some(float(0.0))));
        assert_eq!(run(Min, BaseType::Number, &[]), Ok(None));
        assert_eq!(run(Max, BaseType::Symbol, &[]), Ok(None));
        assert_eq!(run(Mean, BaseType::Float, &[]), Ok(None));
    }

    #[test]
    fn integer_sums_are_checked_at_the_end_only() {
        let sum = |values: &[Value]| run(AggregateKind::Sum, BaseType::Number, values);
        let max = Value::Number(i64::MAX);
        assert_eq!(sum(&[max, max, Value::Number(-i64::MAX)]), Ok(Some(max)));
        assert_eq!(
            sum(&[max, Value::Number(1)]).unwrap_err().to_string(),
            "the sum 9223372036854775808 does not fit `number`"
        );
    }

    #[test]
    fn float_sums_are_correctly_rounded() {
        let sum = |values: &[f64]| {
            let values: Vec<_> = values.iter().copied().map(float).collect();
            run(AggregateKind::Sum, BaseType::Float, &values)
        };
        assert_eq!(sum(&[1e100, 1.0, -1e100]), Ok(Some(float(1.0))));
        assert_eq!(sum(&[0.1; 10]), Ok(Some(float(1.0))));
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]), Ok(Some(float(f64::MAX))));
        assert!(matches!(sum(&[f64::MAX, f64::MAX]), Err(EvalError::NotFinite(_))));
    }

    #[test]
    fn the_mean_of_integers_is_rounded_once() {
        let mean = |values: &[i64]| {
            let values: Vec<_> = values.iter().copied().map(Value::Number).collect();
            run(AggregateKind::Mean, BaseType::Float, &values)
        };
        assert_eq!(mean(&[1, 2]), Ok(Some(float(1.5))));
        assert_eq!(mean(&[1, 0, 0]), Ok(Some(float(1.0 / 3.0))));
        assert_eq!(mean(&[-1, 0, 0]), Ok(Some(float(-1.0 / 3.0))));
        // The sum 2^54 + 2 divided by 2 is 2^53 + 1: half way, to even.
        assert_eq!(mean(&[1 << 54, 2]), Ok(Some(float(9_007_199_254_740_992.0))));
        assert_eq!(mean(&[i64::MIN, i64::MIN]), Ok(Some(float(-9_223_372_036_854_775_808.0))));
        // The sum of unsigned values need not fit 64 bits.
        let top = [Value::Unsigned(u64::MAX), Value::Unsigned(u64::MAX)];
        assert_eq!(
            run(AggregateKind::Mean, BaseType::Float, &top),
            Ok(Some(float(18_446_744_073_709_551_616.0)))
        );
    }

    #[test]
    fn extremes_of_symbols_go_by_bytes() {
        let symbols = Symbols::new();
        let texts = ["b", "a", "é", "Z"].map(|text| Value::Symbol(symbols.intern(text)));
        let best = |kind| {
            aggregate(&symbols, kind, BaseType::Symbol, &mut texts.into_iter()).unwrap().unwrap()
        };
        assert_eq!(best(AggregateKind::Min).plain(&symbols), "Z");
        assert_eq!(best(AggregateKind::Max).plain(&symbols), "é");
    }
}
