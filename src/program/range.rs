//! `range`: numbers from one end to the other, the other not included.

use std::cmp::Ordering;
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

/// See [`Builtins::in_range`](crate::program::builtins::Builtins::in_range).
pub(crate) fn contains(
    args: &[Value],
    member: Value,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<bool, EvalError> {
    if let Some(known) = integers(args, member) {
        return known;
    }
    // Each float is the one before it, rounded anew: there is no shorter way than to walk.
    let mut found = false;
    range(args, &mut |value| {
        found = value == member;
        if found { ControlFlow::Break(()) } else { tick() }
    })?;
    Ok(found)
}

/// Whether an integer is in a range of integers; nothing for other types.
fn integers(args: &[Value], member: Value) -> Option<Result<bool, EvalError>> {
    let wide = |value: Value| match value {
        Value::Number(n) => Some(i128::from(n)),
        Value::Unsigned(n) => Some(i128::from(n)),
        Value::Float(_) | Value::Symbol(_) => None,
    };
    let value = wide(member)?;
    let args: Vec<i128> = args.iter().map(|&arg| wide(arg)).collect::<Option<_>>()?;
    let (from, to) = (*args.first()?, *args.get(1)?);
    let down = to < from && matches!(member, Value::Number(_));
    let step = args.get(2).copied().unwrap_or(if down { -1 } else { 1 });
    let is_inside = match step.cmp(&0) {
        Ordering::Greater => from <= value && value < to,
        Ordering::Less => to < value && value <= from,
        Ordering::Equal => return Some(Err(still(&from, &to))),
    };
    Some(Ok(is_inside && (value - from) % step == 0))
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

    /// Whether `contains` says of each of `members` what a walk would.
    fn check_members(args: &[Value], members: impl Iterator<Item = Value>) {
        for member in members {
            let mut found = false;
            let walked = range(args, &mut |value| {
                found = value == member;
                if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let walked = walked.map(|()| found).map_err(|error| error.to_string());
            let known = contains(args, member, &mut || ControlFlow::Continue(()));
            let known = known.map_err(|error| error.to_string());
            assert_eq!(known, walked, "{member:?} in {args:?}");
        }
    }

    #[test]
    fn members_are_those_of_a_walk() {
        let ends = [-7, -1, 0, 3, 8];
        for (from, to) in ends.iter().flat_map(|from| ends.iter().map(move |to| (*from, *to))) {
            let n = Value::Number;
            check_members(&[n(from), n(to)], (-9..10).map(n));
            for step in -3..=3 {
                check_members(&[n(from), n(to), n(step)], (-9..10).map(n));
            }
            let float = |x: i64| float(f64::from(i32::try_from(x).unwrap()) / 2.0);
            check_members(&[float(from), float(to)], (-9..10).map(float));
            check_members(&[float(from), float(to), float(1)], (-9..10).map(float));
            let unsigned = |x: i64| Value::Unsigned(x.unsigned_abs());
            check_members(&[unsigned(from), unsigned(to)], (0..10).map(unsigned));
            check_members(&[unsigned(from), unsigned(to), unsigned(2)], (0..10).map(unsigned));
            check_members(&[unsigned(from), unsigned(to), unsigned(0)], (0..10).map(unsigned));
        }
        let ends = [Value::Number(i64::MIN), Value::Number(i64::MAX), Value::Number(i64::MAX)];
        let mut never = || panic!("integers are not walked through");
        assert!(contains(&ends, Value::Number(-1), &mut never).unwrap());
        assert!(!contains(&ends, Value::Number(0), &mut never).unwrap());
        assert!(contains(&ends[..2], Value::Number(0), &mut never).unwrap());
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
