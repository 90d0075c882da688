//! [`Sorted`]: the tuples of a relation in the order of their values. Every cell becomes a 64-bit
//! key that sorts as the value does, so that millions of rows are compared as plain integers.

use std::cmp::Ordering;
use std::mem::take;
use std::ops::ControlFlow;

use crate::base::ids::RelationId;
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::program::Program;
use crate::value::base_type::BaseType;
use crate::value::symbols::{Symbol, Symbols};
use crate::value::value::{Finite, Value};

/// Rows between two looks at the stop flag.
const PER_CHECK: usize = 1 << 16;
/// Items that are sorted between two looks at the stop flag: some 50 ms.
const SORTED_AT_ONCE: usize = 1 << 19;

/// Sorted rows.
#[derive(Debug)]
pub struct Sorted<'a> {
    symbols: &'a Symbols,
    bases: Vec<BaseType>,
    /// Codes of the symbols that occur, in the order of their texts: a rank gives the code.
    ranked: Vec<u32>,
    keys: Vec<u64>,
    rows: usize,
}

impl<'a> Sorted<'a> {
    /// The tuples of `relation`.
    ///
    /// # Errors
    /// If the run is stopped.
    pub fn of(
        tables: &dyn Tables,
        program: &'a Program,
        relation: RelationId,
        limits: &Limits,
    ) -> Result<Self, Stop> {
        let bases: Vec<BaseType> =
            program.relations[relation].columns.iter().map(|column| column.base).collect();
        let mut rows = 0;
        let mut keys = Vec::with_capacity(tables.len(relation) * bases.len());
        let mut stopped = Ok(());
        tables.select(relation, &vec![None; bases.len()], &mut |tuple| {
            keys.extend(tuple.iter().map(|value| key(*value)));
            rows += 1;
            if rows % PER_CHECK == 0 {
                stopped = limits.check();
            }
            if stopped.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        stopped?;
        let mut sorted = Self { symbols: &program.symbols, bases, ranked: Vec::new(), keys, rows };
        sorted.rank(limits)?;
        sorted.keys = sort(take(&mut sorted.keys), sorted.bases.len(), limits)?;
        Ok(sorted)
    }

    /// Replaces the codes of symbols by their ranks.
    fn rank(&mut self, limits: &Limits) -> Result<(), Stop> {
        let width = self.bases.len();
        let texts: Vec<usize> =
            (0..width).filter(|&column| self.bases[column] == BaseType::Symbol).collect();
        if texts.is_empty() {
            return Ok(());
        }
        let mut rank_of = vec![u32::MAX; self.symbols.codes_end()];
        for row in self.keys.chunks_exact(width) {
            for &column in &texts {
                let code = index(row[column]);
                if rank_of[code] == u32::MAX {
                    rank_of[code] = 0;
                    self.ranked.push(u32::try_from(code).expect("codes have 32 bits"));
                }
            }
        }
        let symbols = self.symbols;
        let text = |code: u32| symbols.text(Symbol::from_code(code));
        // The first eight bytes decide most comparisons without a look at the text.
        let mut heads: Vec<(u64, u32)> =
            self.ranked.iter().map(|&code| (head(text(code)), code)).collect();
        let order = |a: &(u64, u32), b: &(u64, u32)| {
            a.0.cmp(&b.0).then_with(|| text(a.1).as_bytes().cmp(text(b.1).as_bytes()))
        };
        sort_by(&mut heads, &order, limits)?;
        for (slot, (_, code)) in self.ranked.iter_mut().zip(heads) {
            *slot = code;
        }
        for (rank, &code) in self.ranked.iter().enumerate() {
            rank_of[code as usize] = u32::try_from(rank).expect("no more ranks than codes");
        }
        for row in self.keys.chunks_exact_mut(width) {
            for &column in &texts {
                row[column] = u64::from(rank_of[index(row[column])]);
            }
        }
        Ok(())
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Row `row`, cell by cell.
    pub fn row(&self, row: usize) -> impl ExactSizeIterator<Item = Value> {
        let width = self.bases.len();
        let keys = &self.keys[row * width..(row + 1) * width];
        keys.iter().zip(&self.bases).map(|(&key, base)| self.value(key, *base))
    }

    fn value(&self, key: u64, base: BaseType) -> Value {
        match base {
            BaseType::Number => Value::Number((key ^ SIGN).cast_signed()),
            BaseType::Unsigned => Value::Unsigned(key),
            BaseType::Float => {
                let bits = if key & SIGN == 0 { !key } else { key ^ SIGN };
                let float = Finite::new(f64::from_bits(bits));
                Value::Float(float.expect("the key was made from a finite float"))
            }
            BaseType::Symbol => Value::Symbol(Symbol::from_code(self.ranked[index(key)])),
        }
    }
}

const SIGN: u64 = 1 << 63;

/// A word that sorts as the value does; a symbol's code stands for its rank until that is known.
fn key(value: Value) -> u64 {
    match value {
        Value::Number(n) => n.cast_unsigned() ^ SIGN,
        Value::Unsigned(n) => n,
        Value::Float(x) => {
            let bits = x.get().to_bits();
            if bits & SIGN == 0 { bits ^ SIGN } else { !bits }
        }
        Value::Symbol(symbol) => u64::from(symbol.code()),
    }
}

fn index(key: u64) -> usize {
    usize::try_from(key).expect("ranks and codes have 32 bits")
}

fn head(text: &str) -> u64 {
    let mut bytes = [0; 8];
    let n = text.len().min(8);
    bytes[..n].copy_from_slice(&text.as_bytes()[..n]);
    u64::from_be_bytes(bytes)
}

/// Rows of `width` keys in ascending order.
fn sort(mut keys: Vec<u64>, width: usize, limits: &Limits) -> Result<Vec<u64>, Stop> {
    match width {
        0 => {}
        1 => sort_by(&mut keys, &u64::cmp, limits)?,
        2 => sort_by(keys.as_chunks_mut::<2>().0, &Ord::cmp, limits)?,
        3 => sort_by(keys.as_chunks_mut::<3>().0, &Ord::cmp, limits)?,
        4 => sort_by(keys.as_chunks_mut::<4>().0, &Ord::cmp, limits)?,
        _ => {
            let row = |at: &usize| &keys[at * width..(at + 1) * width];
            let mut order: Vec<usize> = (0..keys.len() / width).collect();
            sort_by(&mut order, &|a, b| row(a).cmp(row(b)), limits)?;
            keys = order.iter().flat_map(|at| row(at).iter().copied()).collect();
        }
    }
    Ok(keys)
}

/// Sorts in place, with a look at the stop flag at least every [`SORTED_AT_ONCE`] items: larger
/// slices are first parted in the middle.
fn sort_by<T>(
    items: &mut [T],
    order: &impl Fn(&T, &T) -> Ordering,
    limits: &Limits,
) -> Result<(), Stop> {
    limits.check()?;
    if items.len() <= SORTED_AT_ONCE {
        items.sort_unstable_by(order);
        return Ok(());
    }
    let middle = items.len() / 2;
    items.select_nth_unstable_by(middle, order);
    let (low, high) = items.split_at_mut(middle);
    sort_by(low, order, limits)?;
    sort_by(high, order, limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_slices_are_sorted_in_parts() {
        for width in 1..6 {
            let rows = SORTED_AT_ONCE + 1000;
            let key = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44;
            let keys: Vec<u64> = (0..(rows * width) as u64).map(key).collect();
            let mut expected: Vec<&[u64]> = keys.chunks_exact(width).collect();
            expected.sort();
            let sorted = sort(keys.clone(), width, &Limits::default()).unwrap();
            assert!(sorted.chunks_exact(width).eq(expected), "width {width}");
        }
    }
}
