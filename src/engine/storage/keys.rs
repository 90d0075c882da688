//! [`Keys`]: distinct rows of codes, numbered in the order in which they came.

use crate::engine::kernels::hash;
use crate::engine::kernels::select::narrow;
use crate::engine::storage::buckets::Buckets;
use crate::engine::storage::form::Rows;

/// How far ahead lines are asked for.
const AHEAD: usize = 16;

/// Numbered keys, at most 2^32.
#[derive(Default, Debug)]
pub struct Keys {
    width: usize,
    buckets: Buckets,
    /// Key after key.
    codes: Vec<u32>,
    len: usize,
}

impl Keys {
    /// No keys of so many columns.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Number of keys.
    #[must_use]
    #[inline]
    pub fn count(&self) -> usize {
        self.len
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.buckets.bytes() + self.codes.capacity() * size_of::<u32>()
    }

    /// The codes of the key with this number.
    #[must_use]
    #[inline]
    pub fn key(&self, number: usize) -> &[u32] {
        &self.codes[number * self.width..][..self.width]
    }

    /// Adds the number of each row's key to `numbers`; new keys get the next.
    pub fn number(&mut self, rows: Rows<'_>, numbers: &mut Vec<u32>) {
        if self.width == 0 {
            self.len = self.len.max(usize::from(rows.len > 0));
            numbers.resize(numbers.len() + rows.len, 0);
            return;
        }
        let mut hashes = Vec::new();
        hash::rows(rows.columns, rows.len, &mut hashes);
        if self.len + rows.len > self.buckets.room() {
            self.buckets = Buckets::default();
            let mut bigger = Buckets::with_room((self.len + rows.len) * 2);
            let mut writer = bigger.writer();
            for (number, key) in self.codes.chunks_exact(self.width).enumerate() {
                writer.add(hash::row(key), narrow(number));
            }
            self.buckets = bigger;
        }
        let mut writer = self.buckets.writer();
        for (i, &hash) in hashes.iter().enumerate() {
            if let Some(&next) = hashes.get(i + AHEAD) {
                writer.prefetch(next);
            }
            let equal = |number| is_key(&self.codes, self.width, number, rows, i);
            numbers.push(writer.find(hash, equal).unwrap_or_else(|| {
                let number = narrow(self.len);
                self.codes.extend(rows.columns.iter().map(|column| column[i]));
                self.len += 1;
                writer.add(hash, number);
                number
            }));
        }
    }

    /// Calls `found` with the number of each row's key, if it has one.
    pub fn find(&self, rows: Rows<'_>, mut found: impl FnMut(Option<u32>)) {
        if self.width == 0 {
            (0..rows.len).for_each(|_| found((self.len > 0).then_some(0)));
            return;
        }
        let mut hashes = Vec::new();
        hash::rows(rows.columns, rows.len, &mut hashes);
        let reader = self.buckets.reader();
        for (i, &hash) in hashes.iter().enumerate() {
            if let Some(&next) = hashes.get(i + AHEAD) {
                reader.prefetch(next);
            }
            found(reader.find(hash, |number| is_key(&self.codes, self.width, number, rows, i)));
        }
    }
}

#[inline]
fn is_key(codes: &[u32], width: usize, number: u32, rows: Rows<'_>, i: usize) -> bool {
    let at = number as usize * width;
    codes[at..at + width].iter().zip(rows.columns).all(|(&code, column)| code == column[i])
}
