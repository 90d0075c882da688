//! Gathering and compacting columns.

/// A row count or tuple id that is known to fit: batches have at most 4,096 rows, relations at
/// most 2^32 − 2 tuples.
#[expect(clippy::cast_possible_truncation, reason = "callers keep counts below 2^32")]
#[inline]
#[must_use]
pub fn narrow(n: usize) -> u32 {
    debug_assert!(u32::try_from(n).is_ok(), "fewer than 2^32 of a kind");
    n as u32
}

/// `out` becomes `from[index[0]], from[index[1]], …`.
#[inline]
pub fn gather(from: &[u32], index: &[u32], out: &mut Vec<u32>) {
    out.clear();
    out.extend(index.iter().map(|&i| from[i as usize]));
}

/// Keeps the items at the ascending places of `index`.
#[inline]
pub fn compact<T: Copy>(column: &mut Vec<T>, index: &[u32]) {
    for (to, &from) in index.iter().enumerate() {
        column[to] = column[from as usize];
    }
    column.truncate(index.len());
}

/// The places where `keep` is true.
#[inline]
pub fn places(keep: &[bool], out: &mut Vec<u32>) {
    out.clear();
    out.resize(keep.len(), 0);
    let mut n = 0;
    for (i, &keep) in keep.iter().enumerate() {
        out[n] = narrow(i);
        n += usize::from(keep);
    }
    out.truncate(n);
}
