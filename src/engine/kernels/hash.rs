//! Hashes of rows of codes, one at a time and a batch at a time; both agree. A row is folded two
//! codes at a time with one wide multiplication.

#![expect(clippy::cast_possible_truncation, reason = "a hash is cut into its parts")]

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const FACTOR: u64 = 0xd6e8_feb8_6659_fd93;

#[inline]
fn fold(word: u64) -> u64 {
    let product = u128::from(word ^ SEED) * u128::from(FACTOR);
    (product as u64) ^ ((product >> 64) as u64)
}

#[inline]
fn pair(a: u32, b: u32) -> u64 {
    u64::from(a) << 32 | u64::from(b)
}

/// The hash of a row.
#[must_use]
#[inline]
pub fn row(row: &[u32]) -> u64 {
    if let [a, b] = *row {
        return fold(pair(a, b));
    }
    let mut hash = 0;
    for two in row.chunks(2) {
        hash = fold(hash ^ pair(two[0], two.get(1).copied().unwrap_or(0)));
    }
    hash
}

/// The hashes of `n` rows given column by column, into `out`.
#[inline]
pub fn rows(columns: &[&[u32]], n: usize, out: &mut Vec<u64>) {
    out.clear();
    match columns {
        [] => out.resize(n, 0),
        [a] => out.extend(a[..n].iter().map(|&a| fold(pair(a, 0)))),
        [a, b, rest @ ..] => {
            out.extend(a[..n].iter().zip(&b[..n]).map(|(&a, &b)| fold(pair(a, b))));
            for two in rest.chunks(2) {
                match two {
                    [a, b] => {
                        for ((hash, &a), &b) in out.iter_mut().zip(&a[..n]).zip(&b[..n]) {
                            *hash = fold(*hash ^ pair(a, b));
                        }
                    }
                    [a] => {
                        for (hash, &a) in out.iter_mut().zip(&a[..n]) {
                            *hash = fold(*hash ^ pair(a, 0));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// One of `n` places, from the upper half of a hash.
#[must_use]
pub fn place(hash: u64, n: usize) -> usize {
    (((hash >> 32) * n as u64) >> 32) as usize
}

/// A byte from the lower half of a hash, never 0.
#[must_use]
pub fn tag(hash: u64) -> u8 {
    hash as u8 | 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_and_a_batch_agree() {
        let columns: Vec<Vec<u32>> =
            (0..7_u32).map(|c| (0..50).map(|i| i * 7919 + c).collect()).collect();
        for arity in 0..=7 {
            let slices: Vec<&[u32]> = columns[..arity].iter().map(Vec::as_slice).collect();
            let mut hashes = Vec::new();
            rows(&slices, 50, &mut hashes);
            for (i, &hash) in hashes.iter().enumerate() {
                let one: Vec<u32> = slices.iter().map(|c| c[i]).collect();
                assert_eq!(hash, row(&one), "arity {arity}, row {i}");
            }
        }
    }
}
