//! Arithmetic and comparison of whole columns. An operand is a column or one value for all rows.

use std::cell::Cell;
use std::cmp::Ordering;

use crate::engine::kernels::select::narrow;
use crate::syntax::ast::CompareOp;
use crate::value::codes::DICTIONARY_START;

/// A column, or a value that stands for one.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, T> {
    /// A value for each row.
    Rows(&'a [T]),
    /// The same for all rows.
    One(T),
}

/// `f` of each row's two values. Loops by kind of operand, so that each is a plain one.
#[inline]
pub fn zip<T: Copy, R>(
    (a, b): (Operand<'_, T>, Operand<'_, T>),
    n: usize,
    out: &mut Vec<R>,
    f: impl Fn(T, T) -> R,
) {
    out.clear();
    match (a, b) {
        (Operand::Rows(a), Operand::Rows(b)) => {
            out.extend(a[..n].iter().zip(&b[..n]).map(|(&a, &b)| f(a, b)));
        }
        (Operand::Rows(a), Operand::One(b)) => out.extend(a[..n].iter().map(|&a| f(a, b))),
        (Operand::One(a), Operand::Rows(b)) => out.extend(b[..n].iter().map(|&b| f(a, b))),
        (Operand::One(a), Operand::One(b)) => out.extend((0..n).map(|_| f(a, b))),
    }
}

/// The same for an operation that may have no value: those rows are added to `bad`.
#[inline]
pub fn zip_checked<T: Copy>(
    (a, b): (Operand<'_, T>, Operand<'_, T>),
    n: usize,
    (out, bad): (&mut Vec<T>, &mut Vec<u32>),
    f: impl Fn(T, T) -> (T, bool),
) {
    let any = Cell::new(false);
    zip((a, b), n, out, |a, b| {
        let (value, is_bad) = f(a, b);
        any.set(any.get() | is_bad);
        value
    });
    if any.get() {
        let mut flags = Vec::new();
        zip((a, b), n, &mut flags, |a, b| f(a, b).1);
        bad.extend((0..n).filter(|&i| flags[i]).map(narrow));
    }
}

/// Whether the comparison holds in each row.
pub fn compare<T: Copy + PartialOrd>(
    op: CompareOp,
    operands: (Operand<'_, T>, Operand<'_, T>),
    n: usize,
    out: &mut Vec<bool>,
) {
    match op {
        CompareOp::Eq => zip(operands, n, out, |a, b| a == b),
        CompareOp::Ne => zip(operands, n, out, |a, b| a != b),
        CompareOp::Lt => zip(operands, n, out, |a, b| a < b),
        CompareOp::Le => zip(operands, n, out, |a, b| a <= b),
        CompareOp::Gt => zip(operands, n, out, |a, b| a > b),
        CompareOp::Ge => zip(operands, n, out, |a, b| a >= b),
    }
}

/// The same for values that only a function can order.
pub fn compare_by<T: Copy>(
    op: CompareOp,
    operands: (Operand<'_, T>, Operand<'_, T>),
    n: usize,
    out: &mut Vec<bool>,
    order: impl Fn(T, T) -> Ordering,
) {
    zip(operands, n, out, |a, b| op.holds(order(a, b)));
}

/// Whether all codes are integers themselves.
#[must_use]
#[inline]
pub fn are_small(codes: &[u32]) -> bool {
    codes.iter().fold(0, |bits, &code| bits | code) < DICTIONARY_START
}

/// Numbers as their codes, if all of them are their own.
#[must_use]
#[inline]
pub fn small_codes(numbers: &[i64], out: &mut Vec<u32>) -> bool {
    let bits = numbers.iter().fold(0, |bits, &n| bits | n.cast_unsigned());
    let all = bits < u64::from(DICTIONARY_START);
    if all {
        out.clear();
        #[expect(clippy::cast_possible_truncation, reason = "all are below 2^31")]
        out.extend(numbers.iter().map(|&n| n.cast_unsigned() as u32));
    }
    all
}
