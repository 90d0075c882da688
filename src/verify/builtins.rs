//! What operations, patterns, ranges and aggregates mean.
#![expect(clippy::cast_precision_loss, reason = "where it happens it is the one rounding")]
#![expect(clippy::cast_possible_truncation, reason = "what is too large does not fit after")]

use regex::Regex;

use super::value::{Base, Fail, Value, Value::Float, Value::Symbol, Value::Whole, ensure, wrong};

const WORD: i128 = u64::MAX as i128;

/// The value of an operation.
pub(super) fn apply(op: &str, args: &[Value]) -> Result<Value, Fail> {
    let found = match (op, args) {
        ("min", [..]) => args.iter().min().cloned(),
        ("max", [..]) => args.iter().max().cloned(),
        ("cat", [..]) => Some(Symbol(args.iter().map(Value::to_string).collect::<String>().into())),
        ("to_string", [x]) => Some(Symbol(x.to_string().into())),
        ("to_number", [x]) => convert(x, Base::Number),
        ("to_unsigned", [x]) => convert(x, Base::Unsigned),
        ("to_float", [x]) => convert(x, Base::Float),
        ("strlen", [Symbol(text)]) => Value::whole(text.chars().count() as i128, Base::Number),
        ("substr", [Symbol(text), Whole(_, from), Whole(_, n)]) => {
            let n = usize::try_from(*n).unwrap_or(usize::MAX);
            let part = usize::try_from(*from).map(|from| text.chars().skip(from).take(n));
            Some(Symbol(part.into_iter().flatten().collect::<String>().into()))
        }
        ("-" | "bnot" | "lnot", [Whole(base, a)]) => whole(op, (0, *a), *base)?,
        ("-", [Float(a)]) => Value::float(-Value::float_of(*a)),
        (_, [Whole(base, a), Whole(_, b)]) => whole(op, (*a, *b), *base)?,
        (_, [Float(a), Float(b)]) => {
            let (a, b) = (Value::float_of(*a), Value::float_of(*b));
            Value::float(match op {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "/" => a / b,
                "^" => a.powf(b),
                _ => return Err(unknown(op)),
            })
        }
        _ => return Err(unknown(op)),
    };
    let args = || args.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| Fail::NoValue(format!("`{op}` of {} has no value", args())))
}

fn unknown(op: &str) -> Fail {
    wrong(&format!("`{op}` is not known, or does not take these arguments"))
}

fn whole(op: &str, (a, b): (i128, i128), base: Base) -> Result<Option<Value>, Fail> {
    // The value of the lowest 64 bits.
    let word = |n: i128| {
        let low = n & WORD;
        if base == Base::Number && low > WORD / 2 { low - WORD - 1 } else { low }
    };
    let found = match op {
        "+" => Some(a + b),
        "-" => Some(a - b),
        "*" => a.checked_mul(b),
        "/" => a.checked_div(b),
        "%" => a.checked_rem(b),
        // So far up only the powers of -1, 0 and 1 fit, and only odd or even matters.
        "^" => {
            u32::try_from(if b > 200 { 200 + b % 2 } else { b }).ok().and_then(|b| a.checked_pow(b))
        }
        "band" => Some(a & b),
        "bor" => Some(a | b),
        "bxor" => Some(a ^ b),
        "bnot" => Some(word(!b)),
        "bshl" => Some(word(a << (b & 63))),
        "bshr" => Some(a >> (b & 63)),
        "bshru" => Some(word((a & WORD) >> (b & 63))),
        "land" => Some(i128::from(a != 0 && b != 0)),
        "lor" => Some(i128::from(a != 0 || b != 0)),
        "lxor" => Some(i128::from((a != 0) != (b != 0))),
        "lnot" => Some(i128::from(b == 0)),
        _ => return Err(unknown(op)),
    };
    Ok(found.and_then(|n| Value::whole(n, base)))
}

fn convert(value: &Value, to: Base) -> Option<Value> {
    match (value, to) {
        (Symbol(text), _) => Value::read(text, to),
        (Whole(_, n), Base::Float) => Value::float(*n as f64),
        (Whole(_, n), _) => Value::whole(*n, to),
        (Float(rank), Base::Float) => Some(Float(*rank)),
        (Float(rank), _) => Value::whole(Value::float_of(*rank) as i128, to),
    }
}

/// The pattern, for whole texts; nothing if it cannot be read.
pub(super) fn pattern(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()?;
    let whole = |end: &str| Regex::new(&format!("\\A(?:{pattern}{end})\\z"));
    whole("").or_else(|_| whole("\n")).ok()
}

/// Calls `visit` with the members of a range, as long as it says so.
pub(super) fn range(args: &[Value], visit: &mut dyn FnMut(Value) -> bool) -> Result<(), Fail> {
    let one = |n: i8, base| match base {
        Base::Float => Value::float(n.into()),
        _ => Value::whole(n.into(), base),
    };
    ensure!(matches!(args.len(), 2 | 3), "a range of {} arguments", args.len());
    let (from, to, base) = (&args[0], &args[1], args[0].base());
    let down = from > to && base != Base::Unsigned;
    let step = args.get(2).cloned().or_else(|| one(if down { -1 } else { 1 }, base));
    let (Some(step), Some(zero)) = (step, one(0, base)) else { return Err(unknown("range")) };
    if step == zero && from != to {
        visit(from.clone());
    }
    let mut at = Ok(from.clone());
    while let Ok(now) = at {
        if step == zero || if step > zero { now >= *to } else { now <= *to } {
            break;
        }
        at = apply("+", &[now.clone(), step.clone()]);
        if at.as_ref() == Ok(&now) {
            return Err(Fail::NoValue("a range stands still".to_owned()));
        }
        if !visit(now) {
            break;
        }
    }
    Ok(())
}

/// The value of an aggregate over one value for each row; nothing if it has none.
pub(super) fn aggregate(kind: &str, base: Base, values: &[Value]) -> Result<Option<Value>, Fail> {
    let (mut whole, mut parts) = (0, [0; 70]);
    for value in values.iter().filter(|_| matches!(kind, "sum" | "mean")) {
        match value {
            Whole(_, n) => whole += n,
            Float(rank) => add(&mut parts, Value::float_of(*rank)),
            Symbol(_) => return Err(unknown(kind)),
        }
    }
    let n = values.len();
    let found = match (kind, values) {
        ("min", _) => return Ok(values.iter().min().cloned()),
        ("max", _) => return Ok(values.iter().max().cloned()),
        ("mean", []) => return Ok(None),
        ("count", _) => Value::whole(n as i128, base),
        ("sum", _) if base == Base::Float => Value::float(round(parts)),
        ("sum", _) => Value::whole(whole, base),
        ("mean", [Float(_), ..]) => Value::float(round(parts) / n as f64),
        ("mean", _) => Value::float(quotient(whole, n as u128)),
        _ => return Err(unknown(kind)),
    };
    found.map(Some).ok_or_else(|| Fail::NoValue(format!("a {kind} does not fit its type")))
}

/// `sum / n`, rounded once.
fn quotient(sum: i128, n: u128) -> f64 {
    let shift = sum.unsigned_abs().leading_zeros().min(127);
    let left = sum.unsigned_abs() << shift;
    // The last bit stands for all that come after it.
    let bits = (left / n) | u128::from(!left.is_multiple_of(n));
    let x = bits as f64 * (-f64::from(shift)).exp2();
    if sum < 0 { -x } else { x }
}

/// An exact sum of floats: digits to the base 2³², of which the lowest counts 2⁻¹⁰⁷⁴; each may be
/// out of range until the end.
type Digits = [i128; 70];

fn add(digits: &mut Digits, x: f64) {
    let (exponent, fraction) = ((x.to_bits() >> 52) & 0x7ff, x.to_bits() & ((1 << 52) - 1));
    let mantissa = if exponent == 0 { fraction } else { fraction | (1 << 52) };
    let shift = exponent.max(1) - 1;
    let part = i128::from(mantissa) << (shift % 32);
    digits[(shift / 32) as usize] += if x < 0.0 { -part } else { part };
}

/// The nearest float, of two the even one; infinite if it is too large.
fn round(mut digits: Digits) -> f64 {
    let carry = |digits: &mut Digits| {
        for at in 0..69 {
            digits[at + 1] += digits[at] >> 32;
            digits[at] &= 0xffff_ffff;
        }
        digits[69] < 0
    };
    let negative = carry(&mut digits);
    if negative {
        digits.iter_mut().for_each(|digit| *digit = -*digit);
        carry(&mut digits);
    }
    let Some(top) = digits.iter().rposition(|&digit| digit != 0) else { return 0.0 };
    let low = top.saturating_sub(2);
    let high = digits[low..=top].iter().rev().fold(0, |bits: i128, digit| (bits << 32) | digit);
    // What is below these 65 bits or more matters only as not being nothing.
    let bits = high | i128::from(digits[..low].iter().any(|&digit| digit != 0));
    let power = low as f64 * 32.0 - 1074.0;
    let x = bits as f64 * (power / 2.0).floor().exp2() * (power / 2.0).ceil().exp2();
    if negative { -x } else { x }
}
