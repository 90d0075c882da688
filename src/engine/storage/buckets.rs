//! [`Buckets`]: an open-addressing table from hashes to 32-bit ids that does not hold the keys: the
//! caller compares. One line of 64 bytes holds 12 ids and a byte of each one's hash, so a key that
//! is not there costs one line, mostly, and one that is there costs the caller's line besides.
//! 6.7 to 13.3 bytes an id. Growing means building anew from the keys, so the old table is never
//! kept beside the new one.

#![expect(unsafe_code, reason = "lines of a large table live in mapped memory")]

use crate::engine::kernels::hash;
use crate::engine::kernels::memory::{Plain, Region, equal_bytes, prefetch};

const SLOTS: usize = 12;
const SLOT_MASK: u32 = (1 << SLOTS) - 1;
/// The byte that says that a key went on to the next line.
const OVERFLOW: usize = SLOTS;

/// A line of the table.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line {
    tags: [u8; 16],
    ids: [u32; SLOTS],
}

// SAFETY: bytes and words without padding, all bit patterns allowed; alignment 64.
unsafe impl Plain for Line {
    const ZERO: Self = Self { tags: [0; 16], ids: [0; SLOTS] };
}

/// Hashes to ids.
#[derive(Default, Debug)]
pub struct Buckets {
    lines: Region<Line>,
    items: usize,
}

impl Buckets {
    /// Room for `n` ids.
    #[must_use]
    pub fn with_room(n: usize) -> Self {
        // 9.6 of 12 slots are filled at most: 5 lines for 48 ids.
        let lines = n / 48 * 5 + (n % 48) / 9 + 1;
        Self { lines: Region::zeroed(lines), items: 0 }
    }

    /// How many ids fit.
    #[must_use]
    pub fn room(&self) -> usize {
        self.lines.len() * 48 / 5
    }

    /// Ids in it.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lines.bytes()
    }

    /// All ids, in the order of their hashes, nearly.
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        let of = |line: &Line| {
            let Line { tags, ids } = *line;
            (0..SLOTS).filter(move |&slot| tags[slot] != 0).map(move |slot| ids[slot])
        };
        self.lines.iter().flat_map(of)
    }

    /// To read many.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader { lines: &self.lines }
    }

    /// To read and add many: at most as many as there is room for.
    pub fn writer(&mut self) -> Writer<'_> {
        Writer { lines: &mut self.lines, items: &mut self.items }
    }
}

/// A table borrowed for reading.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    lines: &'a [Line],
}

impl Reader<'_> {
    /// Asks for the line of a hash.
    #[inline]
    pub fn prefetch(self, hash: u64) {
        prefetch(self.lines, hash::place(hash, self.lines.len()));
    }

    /// An id that may be the key's, to prefetch what it names.
    #[inline]
    #[must_use]
    pub fn guess(self, hash: u64) -> Option<u32> {
        guess(self.lines, hash)
    }

    /// The id with this hash for which `equal` holds.
    #[inline]
    pub fn find(self, hash: u64, equal: impl FnMut(u32) -> bool) -> Option<u32> {
        find(self.lines, hash, equal)
    }
}

/// A table borrowed for adding.
pub struct Writer<'a> {
    lines: &'a mut [Line],
    items: &'a mut usize,
}

impl Writer<'_> {
    /// Asks for the line of a hash.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        prefetch(self.lines, hash::place(hash, self.lines.len()));
    }

    /// An id that may be the key's, to prefetch what it names.
    #[inline]
    #[must_use]
    pub fn guess(&self, hash: u64) -> Option<u32> {
        guess(self.lines, hash)
    }

    /// The id with this hash for which `equal` holds.
    #[inline]
    pub fn find(&self, hash: u64, equal: impl FnMut(u32) -> bool) -> Option<u32> {
        find(self.lines, hash, equal)
    }

    /// Adds an id whose key is not there.
    #[inline]
    pub fn add(&mut self, hash: u64, id: u32) {
        let mut at = hash::place(hash, self.lines.len());
        loop {
            let line = &mut self.lines[at];
            let empty = equal_bytes(&line.tags, 0) & SLOT_MASK;
            if empty != 0 {
                let slot = empty.trailing_zeros() as usize;
                line.tags[slot] = hash::tag(hash);
                line.ids[slot] = id;
                *self.items += 1;
                return;
            }
            line.tags[OVERFLOW] = 1;
            at += 1;
            if at == self.lines.len() {
                at = 0;
            }
        }
    }
}

impl Writer<'_> {
    /// Gives the id `old` of a hash another number.
    #[inline]
    pub fn renumber(&mut self, hash: u64, old: u32, new: u32) {
        let tag = hash::tag(hash);
        let mut at = hash::place(hash, self.lines.len());
        loop {
            let line = &mut self.lines[at];
            let mut mask = equal_bytes(&line.tags, tag) & SLOT_MASK;
            while mask != 0 {
                let id = &mut line.ids[mask.trailing_zeros() as usize];
                if *id == old {
                    *id = new;
                    return;
                }
                mask &= mask - 1;
            }
            debug_assert_ne!(line.tags[OVERFLOW], 0, "the id is there");
            if line.tags[OVERFLOW] == 0 {
                return;
            }
            at += 1;
            if at == self.lines.len() {
                at = 0;
            }
        }
    }
}

#[inline]
fn guess(lines: &[Line], hash: u64) -> Option<u32> {
    let line = lines.get(hash::place(hash, lines.len()))?;
    let mask = equal_bytes(&line.tags, hash::tag(hash)) & SLOT_MASK;
    (mask != 0).then(|| line.ids[mask.trailing_zeros() as usize])
}

#[inline]
fn find(lines: &[Line], hash: u64, mut equal: impl FnMut(u32) -> bool) -> Option<u32> {
    let tag = hash::tag(hash);
    let mut at = hash::place(hash, lines.len());
    loop {
        let line = lines.get(at)?;
        let mut mask = equal_bytes(&line.tags, tag) & SLOT_MASK;
        while mask != 0 {
            let id = line.ids[mask.trailing_zeros() as usize];
            if equal(id) {
                return Some(id);
            }
            mask &= mask - 1;
        }
        if line.tags[OVERFLOW] == 0 {
            return None;
        }
        at += 1;
        if at == lines.len() {
            at = 0;
        }
    }
}
