//! `range`: numbers from one end to the other, the other not included.

use std::fmt::Display;
use std::ops::ControlFlow;

use crate::program::builtins::EvalError;
use crate::value::value::{Finite, Value};

/// See [`Builtins::range`](crate::program::builtins::Builtins::range).
pub(crate) fn range(
    args: &[Value],
    visit: &mut dyn FnMut(Value) -> ControlFlow<()>,
) -> Result<(), EvalError> {
    match *args {
        [Value::Number(from), Value::Number(to)] => {
            let step = if from <= to { 1 } else { -1 };
            walk(from, to, |x| i64::checked_add(x, step), step > 0, &mut |x| {
                visit(Value::Number(x))
            });
            Ok(())
        }
        [Value::Number(from), Value::Number(to), Value::Number(step)] => {
            if step == 0 {
                return Err(still(&from, &to));
            }
            walk(from, to, |x| i64::checked_add(x, step), step > 0, &mut |x| {
                visit(Value::Number(x))
            });
            Ok(())
        }
        [Value::Unsigned(from), Value::Unsigned(to)] => {
            walk(from, to, |x| u64::checked_add(x, 1), true, &mut |x| visit(Value::Unsigned(x)));
            Ok(())
        }
        [Value::Unsigned(from), Value::Unsigned(to), Value::Unsigned(step)] => {
            if step == 0 {
                return Err(still(&from, &to));
            }
            walk(from, to, |x| u64::checked_add(x, step), true, &mut |x| visit(Value::Unsigned(x)));
            Ok(())
        }
        [Value::Float(from), Value::Float(to)] => {
            let step = if from <= to { 1.0 } else { -1.0 };
            floats(from, to, step, visit)
        }
        [Value::Float(from), Value::Float(to), Value::Float(step)] => {
            if step.get().abs() == 0.0 {
                return Err(still(&from, &to));
            }
            floats(from, to, step.get(), visit)
        }
        _ => panic!("typing gives range two or three numbers of one type, not {args:?}"),
    }
}

fn still<T: Display>(from: &T, to: &T) -> EvalError {
    EvalError::Other(format!("range({from}, {to}, 0) has the step 0"))
}

/// Visits `from`, its successor by `next`, and so on while before `to`; ends where the type ends.
fn walk<T: Copy + PartialOrd>(
    from: T,
    to: T,
    next: impl Fn(T) -> Option<T>,
    up: bool,
    visit: &mut dyn FnMut(T) -> ControlFlow<()>,
) {
    let mut at = Some(from);
    while let Some(x) = at.filter(|x| if up { *x < to } else { *x > to }) {
        if visit(x).is_break() {
            return;
        }
        at = next(x);
    }
}

fn floats(
    from: Finite,
    to: Finite,
    step: f64,
    visit: &mut dyn FnMut(Value) -> ControlFlow<()>,
) -> Result<(), EvalError> {
    let mut stuck = None;
    let next = |x: Finite| Finite::new(x.get() + step);
    walk(from, to, next, step > 0.0, &mut |x| {
        if next(x) == Some(x) {
            stuck = Some(x);
            return ControlFlow::Break(());
        }
        visit(Value::Float(x))
    });
    match stuck {
        None => Ok(()),
        Some(x) => {
            Err(EvalError::Other(format!("a range that stands still: {x:?} + {step} is {x:?}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first twenty values, as text.
    fn check(args: &[Value], expected: &str) {
        let mut seen = Vec::new();
        let result = range(args, &mut |value| {
            seen.push(match value {
                Value::Number(n) => n.to_string(),
                Value::Unsigned(n) => n.to_string(),
                Value::Float(x) => x.to_string(),
                Value::Symbol(_) => unreachable!(),
            });
            if seen.len() == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(error) = result {
            seen.push(error.to_string());
        }
        assert_eq!(seen.join(" "), expected, "range of {args:?}");
    }

    fn float(x: f64) -> Value {
        Value::Float(Finite::new(x).unwrap())
    }

    #[test]
    fn of_numbers() {
        let n = Value::Number;
        check(&[n(1), n(4)], "1 2 3");
        check(&[n(4), n(1)], "4 3 2");
        check(&[n(3), n(3)], "");
        check(&[n(1), n(8), n(3)], "1 4 7");
        check(&[n(8), n(1), n(-3)], "8 5 2");
        check(&[n(1), n(8), n(-3)], "");
        check(&[n(1), n(8), n(0)], "range(1, 8, 0) has the step 0");
        check(&[n(1), n(1), n(0)], "range(1, 1, 0) has the step 0");
        check(&[n(i64::MAX - 1), n(i64::MAX), n(5)], "9223372036854775806");
        check(&[n(i64::MIN + 2), n(i64::MIN), n(-2)], "-9223372036854775806");
    }

    #[test]
    fn of_unsigned() {
        let n = Value::Unsigned;
        check(&[n(1), n(4)], "1 2 3");
        check(&[n(4), n(1)], "");
        check(&[n(4), n(1), n(0)], "range(4, 1, 0) has the step 0");
        check(&[n(u64::MAX - 3), n(u64::MAX), n(2)], "18446744073709551612 18446744073709551614");
    }

    #[test]
    fn of_floats() {
        check(&[float(0.5), float(3.0)], "0.5 1.5 2.5");
        check(&[float(1.0), float(-0.5), float(-0.5)], "1 0.5 0");
        check(&[float(1e300), float(2e300)], "a range that stands still: 1e300 + 1 is 1e300");
        check(&[float(0.5), float(3.0), float(0.0)], "range(0.5, 3, 0) has the step 0");
    }
}
