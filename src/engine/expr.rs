//! Expressions over batches. Number columns are decoded to 64-bit words once, computed as columns,
//! and only the result becomes codes again. An operation without a value puts its row among the bad
//! ones, and the row goes on with whatever stands there.

use crate::base::ids::Table;
use crate::base::ids::VarId;
use crate::engine::batch::Batch;
use crate::engine::kernels::compute::{
    Operand, are_small, compare, compare_by, small_codes, zip, zip_checked,
};
use crate::engine::kernels::select::narrow;
use crate::program::builtins::{Builtins, Functor, Op};
use crate::program::program::{Expr, Variable};
use crate::syntax::ast::CompareOp;
use crate::value::base_type::BaseType;
use crate::value::codes::Codes;
use crate::value::symbols::Symbol;
use crate::value::value::{Finite, Value};

/// Evaluates expressions of one rule.
#[derive(Clone, Copy)]
pub struct Evaluator<'a> {
    /// The dictionaries.
    pub codes: &'a Codes,
    /// The meaning of functors.
    pub builtins: &'a Builtins,
    /// The variables of the rule.
    pub vars: &'a Table<VarId, Variable>,
}

/// The values of an expression.
#[derive(Debug)]
pub enum Values {
    /// Signed integers.
    Numbers(Vec<i64>),
    /// Unsigned integers.
    Unsigned(Vec<u64>),
    /// Floats.
    Floats(Vec<f64>),
    /// Codes of texts.
    Symbols(Vec<u32>),
    /// The same value for every row.
    One(Value),
}

impl Values {
    /// The value of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Value {
        match self {
            Self::Numbers(values) => Value::Number(values[row]),
            Self::Unsigned(values) => Value::Unsigned(values[row]),
            Self::Floats(values) => Value::Float(finite(values[row])),
            Self::Symbols(values) => Value::Symbol(Symbol::from_code(values[row])),
            Self::One(value) => *value,
        }
    }

    fn numbers(&self) -> Option<Operand<'_, i64>> {
        match self {
            Self::Numbers(values) => Some(Operand::Rows(values)),
            Self::One(Value::Number(value)) => Some(Operand::One(*value)),
            _ => None,
        }
    }

    fn unsigned(&self) -> Option<Operand<'_, u64>> {
        match self {
            Self::Unsigned(values) => Some(Operand::Rows(values)),
            Self::One(Value::Unsigned(value)) => Some(Operand::One(*value)),
            _ => None,
        }
    }

    fn floats(&self) -> Option<Operand<'_, f64>> {
        match self {
            Self::Floats(values) => Some(Operand::Rows(values)),
            Self::One(Value::Float(value)) => Some(Operand::One(value.get())),
            _ => None,
        }
    }

    fn symbols(&self) -> Option<Operand<'_, u32>> {
        match self {
            Self::Symbols(values) => Some(Operand::Rows(values)),
            Self::One(Value::Symbol(value)) => Some(Operand::One(value.code())),
            _ => None,
        }
    }
}

/// A float that stands in a bad row may be anything.
fn finite(x: f64) -> Finite {
    Finite::new(x).unwrap_or_else(|| Finite::new(0.0).expect("0 is finite"))
}

impl Evaluator<'_> {
    /// The values of `expr` for each row.
    pub fn values(&self, expr: &Expr, batch: &Batch, bad: &mut Vec<u32>) -> Values {
        match expr {
            Expr::Const(value) => Values::One(*value),
            Expr::Var(var) => self.decode(self.vars[*var].base, batch.column(*var)),
            Expr::Call { functor, args, .. } => {
                let args: Vec<Values> =
                    args.iter().map(|arg| self.values(arg, batch, bad)).collect();
                self.call(*functor, &args, batch.len, bad)
            }
        }
    }

    /// The codes of `expr` for each row.
    pub fn codes(&self, expr: &Expr, batch: &Batch, bad: &mut Vec<u32>, out: &mut Vec<u32>) {
        match expr {
            Expr::Const(value) => {
                out.clear();
                out.resize(batch.len, self.codes.encode(*value));
            }
            Expr::Var(var) => {
                out.clear();
                out.extend_from_slice(batch.column(*var));
            }
            Expr::Call { .. } => self.encode(self.values(expr, batch, bad), batch.len, out),
        }
    }

    /// Whether a comparison holds in each row.
    pub fn compare(
        &self,
        (op, left, right): (CompareOp, &Expr, &Expr),
        batch: &Batch,
        bad: &mut Vec<u32>,
        keep: &mut Vec<bool>,
    ) {
        let code = |expr: &Expr| match expr {
            Expr::Var(_) => None,
            Expr::Const(value) => Some(self.codes.encode(*value)),
            Expr::Call { .. } => None,
        };
        if matches!(op, CompareOp::Eq | CompareOp::Ne) {
            // Equal codes are equal values.
            match (left, right) {
                (Expr::Var(a), Expr::Var(b)) => {
                    let (a, b) = (batch.column(*a), batch.column(*b));
                    return compare(op, (Operand::Rows(a), Operand::Rows(b)), batch.len, keep);
                }
                (Expr::Var(a), other) | (other, Expr::Var(a)) => {
                    if let Some(code) = code(other) {
                        let a = Operand::Rows(batch.column(*a));
                        return compare(op, (a, Operand::One(code)), batch.len, keep);
                    }
                }
                _ => {}
            }
        }
        let a = self.values(left, batch, bad);
        let b = self.values(right, batch, bad);
        self.compare_values(op, (&a, &b), batch.len, keep);
    }

    fn compare_values(
        &self,
        op: CompareOp,
        (a, b): (&Values, &Values),
        n: usize,
        keep: &mut Vec<bool>,
    ) {
        if let (Some(a), Some(b)) = (a.numbers(), b.numbers()) {
            compare(op, (a, b), n, keep);
        } else if let (Some(a), Some(b)) = (a.unsigned(), b.unsigned()) {
            compare(op, (a, b), n, keep);
        } else if let (Some(a), Some(b)) = (a.floats(), b.floats()) {
            compare(op, (a, b), n, keep);
        } else if let (Some(a), Some(b)) = (a.symbols(), b.symbols()) {
            let symbols = self.builtins.symbols();
            let text = |code| symbols.text(Symbol::from_code(code)).as_bytes();
            compare_by(op, (a, b), n, keep, |a, b| text(a).cmp(text(b)));
        } else {
            keep.clear();
            let order = |i| a.get(i).cmp_in(b.get(i), self.builtins.symbols());
            keep.extend((0..n).map(|i| op.holds(order(i))));
        }
    }

    fn decode(&self, base: BaseType, codes: &[u32]) -> Values {
        let small = are_small(codes);
        match base {
            BaseType::Symbol => Values::Symbols(codes.to_vec()),
            BaseType::Number if small => {
                Values::Numbers(codes.iter().map(|&code| i64::from(code)).collect())
            }
            BaseType::Number => {
                Values::Numbers(codes.iter().map(|&code| self.codes.number(code)).collect())
            }
            BaseType::Unsigned => {
                Values::Unsigned(codes.iter().map(|&code| self.codes.unsigned(code)).collect())
            }
            BaseType::Float => {
                Values::Floats(codes.iter().map(|&code| self.codes.float(code).get()).collect())
            }
        }
    }

    fn encode(&self, values: Values, n: usize, out: &mut Vec<u32>) {
        match values {
            Values::Symbols(codes) => *out = codes,
            Values::One(value) => {
                out.clear();
                out.resize(n, self.codes.encode(value));
            }
            Values::Numbers(numbers) => {
                if !small_codes(&numbers, out) {
                    let words = numbers.iter().map(|n| n.cast_unsigned());
                    self.codes.encode_words(BaseType::Number, words, out);
                }
            }
            Values::Unsigned(words) => {
                self.codes.encode_words(BaseType::Unsigned, words.iter().copied(), out);
            }
            Values::Floats(floats) => {
                let words = floats.iter().map(|&x| finite(x).get().to_bits());
                self.codes.encode_words(BaseType::Float, words, out);
            }
        }
    }

    fn call(&self, functor: Functor, args: &[Values], n: usize, bad: &mut Vec<u32>) -> Values {
        let column = match args {
            _ if args.iter().all(|arg| matches!(arg, Values::One(_))) => None,
            [a, b] => match functor.operand {
                BaseType::Number => a
                    .numbers()
                    .zip(b.numbers())
                    .and_then(|operands| numbers(functor.op, operands, n, bad)),
                BaseType::Float => a
                    .floats()
                    .zip(b.floats())
                    .and_then(|operands| floats(functor.op, operands, n, bad)),
                BaseType::Unsigned | BaseType::Symbol => None,
            },
            _ => None,
        };
        column.unwrap_or_else(|| self.call_by_row(functor, args, n, bad))
    }

    fn call_by_row(
        &self,
        functor: Functor,
        args: &[Values],
        n: usize,
        bad: &mut Vec<u32>,
    ) -> Values {
        let mut row_args = Vec::with_capacity(args.len());
        let mut apply = |row: usize, bad: &mut Vec<u32>| {
            row_args.clear();
            row_args.extend(args.iter().map(|arg| arg.get(row)));
            let value = self.builtins.apply(functor, &row_args);
            value.map_err(|_| bad.push(narrow(row))).ok()
        };
        if n > 0 && args.iter().all(|arg| matches!(arg, Values::One(_))) {
            if let Some(value) = apply(0, bad) {
                return Values::One(value);
            }
            bad.extend(1..narrow(n));
            return Values::One(zero(functor.result));
        }
        let values = (0..n).map(|row| apply(row, bad).unwrap_or_else(|| zero(functor.result)));
        collect(functor.result, values)
    }
}

/// What stands in a bad row.
fn zero(base: BaseType) -> Value {
    match base {
        BaseType::Number => Value::Number(0),
        BaseType::Unsigned => Value::Unsigned(0),
        BaseType::Float => Value::Float(finite(0.0)),
        BaseType::Symbol => Value::Symbol(Symbol::from_code(0)),
    }
}

/// Values of one type as a column.
fn collect(base: BaseType, values: impl Iterator<Item = Value>) -> Values {
    match base {
        BaseType::Number => {
            Values::Numbers(values.map(|v| if let Value::Number(n) = v { n } else { 0 }).collect())
        }
        BaseType::Unsigned => Values::Unsigned(
            values.map(|v| if let Value::Unsigned(n) = v { n } else { 0 }).collect(),
        ),
        BaseType::Float => Values::Floats(
            values.map(|v| if let Value::Float(x) = v { x.get() } else { 0.0 }).collect(),
        ),
        BaseType::Symbol => Values::Symbols(
            values.map(|v| if let Value::Symbol(s) = v { s.code() } else { 0 }).collect(),
        ),
    }
}

/// Operations on signed integers that are worth a loop of their own.
fn numbers(
    op: Op,
    operands: (Operand<'_, i64>, Operand<'_, i64>),
    n: usize,
    bad: &mut Vec<u32>,
) -> Option<Values> {
    let mut out = Vec::with_capacity(n);
    match op {
        Op::Add => zip_checked(operands, n, (&mut out, bad), i64::overflowing_add),
        Op::Sub => zip_checked(operands, n, (&mut out, bad), i64::overflowing_sub),
        Op::Mul => zip_checked(operands, n, (&mut out, bad), i64::overflowing_mul),
        Op::Div => zip_checked(operands, n, (&mut out, bad), |a, b| {
            if b == 0 { (0, true) } else { a.overflowing_div(b) }
        }),
        Op::Rem => zip_checked(operands, n, (&mut out, bad), |a, b| {
            if b == 0 { (0, true) } else { (a.wrapping_rem(b), false) }
        }),
        Op::Band => zip(operands, n, &mut out, |a, b| a & b),
        Op::Bor => zip(operands, n, &mut out, |a, b| a | b),
        Op::Bxor => zip(operands, n, &mut out, |a, b| a ^ b),
        Op::Min => zip(operands, n, &mut out, i64::min),
        Op::Max => zip(operands, n, &mut out, i64::max),
        _ => return None,
    }
    Some(Values::Numbers(out))
}

/// Operations on floats that are worth a loop of their own. A zero has no sign.
fn floats(
    op: Op,
    operands: (Operand<'_, f64>, Operand<'_, f64>),
    n: usize,
    bad: &mut Vec<u32>,
) -> Option<Values> {
    let mut out = Vec::with_capacity(n);
    let check = |x: f64| (x + 0.0, !x.is_finite());
    match op {
        Op::Add => zip_checked(operands, n, (&mut out, bad), |a, b| check(a + b)),
        Op::Sub => zip_checked(operands, n, (&mut out, bad), |a, b| check(a - b)),
        Op::Mul => zip_checked(operands, n, (&mut out, bad), |a, b| check(a * b)),
        Op::Div => zip_checked(operands, n, (&mut out, bad), |a, b| {
            if b.abs() == 0.0 { (0.0, true) } else { check(a / b) }
        }),
        _ => return None,
    }
    Some(Values::Floats(out))
}
