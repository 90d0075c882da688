//! [`Members`]: whether a row has a code. Short rows are looked through; a row that is dense among
//! the codes of all rows has a bit for each; others have a table of positions, with what is left
//! of 16 or 32 bits as part of the code's hash.

use crate::engine::kernels::memory::prefetch;
use crate::engine::kernels::select::narrow;
use crate::engine::storage::arena::{Arena, Block};
use crate::engine::storage::form::Full;

/// In place of the first code of a bitmap: a table of positions.
const HASHED: u32 = 1;

/// How one row is looked up.
#[derive(Clone, Copy, Default, Debug)]
pub struct Member {
    /// Nothing for a short row.
    block: Block,
    /// The first code of the bitmap, a multiple of 32, or [`HASHED`].
    base: u32,
    /// Words of the bitmap or of the table.
    size: u32,
}

/// Where a code is in a row, or is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Not there.
    Absent,
    /// There, at this position.
    At(u32),
    /// There; the position is not known.
    Somewhere,
}

/// The bitmaps and tables of all rows.
#[derive(Debug)]
pub struct Members {
    arena: Arena,
    /// Rows up to this long are looked through.
    short: u32,
    /// Codes that bitmaps have bits for.
    low: u32,
    high: u32,
}

impl Members {
    /// Rows of up to `short` codes are looked through.
    #[must_use]
    pub fn new(short: u32) -> Self {
        Self { arena: Arena::default(), short, low: u32::MAX, high: 0 }
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.arena.bytes()
    }

    /// Rows will have these codes.
    pub fn cover(&mut self, codes: &[u32]) {
        let (low, high) =
            codes.iter().fold((u32::MAX, 0), |(low, high), &c| (low.min(c), high.max(c)));
        if low > high || (low >= self.low && high <= self.high) {
            return;
        }
        // Some more than is needed, so that bitmaps are not made again for each new code.
        let more = (self.high.max(high) - self.low.min(low)) / 8;
        if low < self.low {
            let some = if self.low == u32::MAX { low } else { low.saturating_sub(more) };
            self.low = some / 32 * 32;
        }
        if high > self.high {
            self.high = if self.high == 0 { high } else { high.saturating_add(more) };
        }
    }

    /// Asks for the line in which a code would be.
    #[inline]
    pub fn prefetch(&self, member: Member, code: u32) {
        if member.size > 0 {
            let at = if member.base == HASHED {
                u32::try_from(hash(code) >> 32).map_or(0, |h| scale(h, member.size))
            } else {
                code.wrapping_sub(member.base) / 32
            };
            prefetch(self.arena.words(), (member.block.start + at.min(member.size)) as usize);
        }
    }

    /// Whether the row must be [fitted](Self::fit) before the code can be added.
    #[inline]
    #[must_use]
    pub fn misses(&self, member: Member, code: u32) -> bool {
        member.size > 0
            && member.base != HASHED
            && code.wrapping_sub(member.base) / 32 >= member.size
    }

    /// The bits of a row that has a bitmap, with the code of the first.
    #[inline]
    pub fn bits(&mut self, member: Member) -> Option<(u32, &mut [u32])> {
        if member.size == 0 || member.base == HASHED {
            return None;
        }
        let words = self.arena.words_mut();
        Some((member.base, &mut words[member.block.start as usize..][..member.size as usize]))
    }

    /// Where a code is in a row.
    #[inline]
    #[must_use]
    pub fn find(&self, member: Member, row: &[u32], code: u32) -> Place {
        if member.size == 0 {
            return search(row, code).map_or(Place::Absent, |at| Place::At(narrow(at)));
        }
        let words = &self.arena.words()[member.block.start as usize..][..member.size as usize];
        if member.base != HASHED {
            let at = code.wrapping_sub(member.base);
            let set = words.get(at as usize / 32).is_some_and(|word| word >> (at % 32) & 1 == 1);
            return if set { Place::Somewhere } else { Place::Absent };
        }
        Table::new(member).find(words, row, code).map_or(Place::Absent, Place::At)
    }

    /// Notes that the code at `position` was added; the code is not missed.
    #[inline]
    pub fn add(&mut self, member: Member, code: u32, position: u32) {
        if member.size == 0 {
            return;
        }
        let words = self.arena.words_mut();
        let words = &mut words[member.block.start as usize..][..member.size as usize];
        if member.base == HASHED {
            Table::new(member).add(words, code, position);
        } else {
            let at = code - member.base;
            words[at as usize / 32] |= 1 << (at % 32);
        }
    }

    /// Makes what a row with space for `room` codes is looked up by.
    ///
    /// # Errors
    /// [`Full`] if there is no room.
    pub fn fit(&mut self, member: &mut Member, row: &[u32], room: u32) -> Result<(), Full> {
        self.arena.give(member.block);
        *member = Member::default();
        if room <= self.short {
            return Ok(());
        }
        let bits = (self.high - self.low) / 32 + 1;
        // A bitmap if it takes no more than the codes themselves.
        let (base, size) = if bits <= room {
            (self.low, bits)
        } else {
            let slots = u64::from(room) + u64::from(room) / 2 + 1;
            let size = if room < 1 << 16 { slots.div_ceil(2) } else { slots };
            (HASHED, u32::try_from(size).map_err(|_| Full)?)
        };
        let block = self.arena.take(size)?;
        *member = Member { block, base, size };
        self.arena.words_mut()[block.start as usize..][..size as usize].fill(0);
        let words = &mut self.arena.words_mut()[block.start as usize..][..size as usize];
        if base == HASHED {
            let table = Table::new(*member);
            for (position, &code) in row.iter().enumerate() {
                table.add(words, code, narrow(position));
            }
        } else {
            for &code in row {
                words[(code - base) as usize / 32] |= 1 << ((code - base) % 32);
            }
        }
        Ok(())
    }
}

/// Where a code stands in a row.
#[inline]
#[must_use]
pub fn search(row: &[u32], code: u32) -> Option<usize> {
    let (parts, rest) = row.as_chunks::<16>();
    for (part, codes) in parts.iter().enumerate() {
        // All of a part at once: the compiler makes wide comparisons of it.
        if codes.iter().fold(false, |any, &c| any | (c == code)) {
            return codes.iter().position(|&c| c == code).map(|at| part * 16 + at);
        }
    }
    rest.iter().position(|&c| c == code).map(|at| parts.len() * 16 + at)
}

#[inline]
fn hash(code: u32) -> u64 {
    u64::from(code).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn scale(part: u32, n: u32) -> u32 {
    u32::try_from((u64::from(part) * u64::from(n)) >> 32).unwrap_or(0)
}

#[inline]
fn low_bits(bits: u32) -> u32 {
    u32::MAX >> (32 - bits)
}

/// Slots of 16 bits, or of 32: 0, or a position and one more, and above it bits of the hash.
#[derive(Clone, Copy)]
struct Table {
    slots: u32,
    wide: bool,
    /// Bits of a position.
    bits: u32,
}

impl Table {
    /// Rows of 2^16 codes and more have at least 98,305 words, others at most 49,152.
    #[inline]
    fn new(member: Member) -> Self {
        let wide = member.size >= 1 << 16;
        let slots = if wide { member.size } else { member.size * 2 };
        // A table has three slots for two positions.
        let bits = 32 - (slots / 3 * 2 + 3).leading_zeros();
        Self { slots, wide, bits: bits.min(if wide { 32 } else { 16 }) }
    }

    #[inline]
    fn get(self, words: &[u32], slot: u32) -> u32 {
        if self.wide {
            words[slot as usize]
        } else {
            words[slot as usize / 2] >> (slot % 2 * 16) & 0xffff
        }
    }

    /// The slot to begin with, and the bits of the hash above a position.
    #[inline]
    fn start(self, code: u32) -> (u32, u32) {
        let hash = hash(code);
        let slot = u32::try_from(hash >> 32).map_or(0, |h| scale(h, self.slots));
        let width = if self.wide { 32 } else { 16 };
        let bits = u32::try_from(hash & 0xffff_ffff).unwrap_or(0) >> (32 - width);
        (slot, bits.checked_shr(self.bits).unwrap_or(0))
    }

    #[inline]
    fn next(self, slot: u32) -> u32 {
        if slot + 1 == self.slots { 0 } else { slot + 1 }
    }

    #[inline]
    fn find(self, words: &[u32], row: &[u32], code: u32) -> Option<u32> {
        let (mut slot, tag) = self.start(code);
        loop {
            let found = self.get(words, slot);
            if found == 0 {
                return None;
            }
            if found.checked_shr(self.bits).unwrap_or(0) == tag {
                let position = found & low_bits(self.bits);
                let position = position - 1;
                if row[position as usize] == code {
                    return Some(position);
                }
            }
            slot = self.next(slot);
        }
    }

    /// Adds the position of a code that is not there.
    #[inline]
    fn add(self, words: &mut [u32], code: u32, position: u32) {
        let (mut slot, tag) = self.start(code);
        while self.get(words, slot) != 0 {
            slot = self.next(slot);
        }
        let item = tag.checked_shl(self.bits).unwrap_or(0) | (position + 1);
        if self.wide {
            words[slot as usize] = item;
        } else {
            words[slot as usize / 2] |= item << (slot % 2 * 16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_row_knows_its_codes() {
        for (room, spread, short) in
            [(40, 1, 64), (40, 1, 4), (40, 7919, 4), (3000, 2, 64), (3000, 7919, 64)]
                .into_iter()
                .chain([(65_535, 60_013, 64), (65_536, 60_013, 64), (90_000, 40, 64)])
        {
            let row: Vec<u32> = (1..=room).map(|i: u32| i.wrapping_mul(spread)).collect();
            let mut members = Members::new(short);
            members.cover(&row);
            let mut member = Member::default();
            members.fit(&mut member, &row[..5], room).expect("there is room");
            for (position, &code) in row.iter().enumerate().skip(5) {
                let so_far = &row[..position];
                assert!(!members.misses(member, code));
                assert_eq!(members.find(member, so_far, code), Place::Absent, "{room} {spread}");
                members.add(member, code, narrow(position));
            }
            for (position, &code) in row.iter().enumerate() {
                let place = members.find(member, &row, code);
                assert!(
                    place == Place::Somewhere || place == Place::At(narrow(position)),
                    "{place:?} for {position} of {room}, {spread} apart"
                );
                assert_eq!(members.find(member, &row, code ^ (1 << 31)), Place::Absent);
            }
        }
    }
}
