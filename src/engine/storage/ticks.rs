//! [`Ticks`]: a small number for each word of an arena: 1 byte wide, and wider only once larger
//! numbers come.

use crate::engine::kernels::memory::{Plain, Region};
use crate::engine::storage::arena::Block;

/// Small numbers.
#[derive(Debug)]
pub struct Ticks {
    items: Items,
    /// From which numbers on each wider kind is needed.
    wide: [u32; 2],
}

#[derive(Debug)]
enum Items {
    Bytes(Region<u8>),
    Halves(Region<u16>),
    Words(Region<u32>),
}

impl Default for Ticks {
    fn default() -> Self {
        Self::wider_at([1 << 8, 1 << 16])
    }
}

impl Ticks {
    /// The same as by default, but wider from smaller numbers on.
    #[must_use]
    pub fn wider_at(wide: [u32; 2]) -> Self {
        Self { items: Items::Bytes(Region::default()), wide }
    }

    /// Bytes that `words` words need.
    #[must_use]
    pub fn bytes(&self, words: usize) -> usize {
        words
            * match self.items {
                Items::Bytes(_) => 1,
                Items::Halves(_) => 2,
                Items::Words(_) => 4,
            }
    }

    /// Makes room for numbers up to `top` at so many words.
    pub fn grow(&mut self, words: usize, top: u32) {
        if let Items::Bytes(items) = &self.items
            && top >= self.wide[0]
        {
            self.items = Items::Halves(widened(items));
        }
        if let Items::Halves(items) = &self.items
            && top >= self.wide[1]
        {
            self.items = Items::Words(widened(items));
        }
        match &mut self.items {
            Items::Bytes(items) => items.grow(words),
            Items::Halves(items) => items.grow(words),
            Items::Words(items) => items.grow(words),
        }
    }

    /// Writes the same number at some words.
    #[expect(clippy::cast_possible_truncation, reason = "`grow` made them wide enough")]
    pub fn fill(&mut self, start: usize, len: usize, tick: u32) {
        match &mut self.items {
            Items::Bytes(items) => items[start..start + len].fill(tick as u8),
            Items::Halves(items) => items[start..start + len].fill(tick as u16),
            Items::Words(items) => items[start..start + len].fill(tick),
        }
    }

    /// The number at a word.
    #[must_use]
    pub fn get(&self, at: usize) -> u32 {
        match &self.items {
            Items::Bytes(items) => u32::from(items[at]),
            Items::Halves(items) => u32::from(items[at]),
            Items::Words(items) => items[at],
        }
    }

    /// How many of the first `len` words of a block, whose numbers ascend, are below `end`.
    #[must_use]
    pub fn below(&self, start: usize, len: usize, end: u32) -> usize {
        match &self.items {
            Items::Bytes(items) => items[start..][..len].partition_point(|&t| u32::from(t) < end),
            Items::Halves(items) => items[start..][..len].partition_point(|&t| u32::from(t) < end),
            Items::Words(items) => items[start..][..len].partition_point(|&t| t < end),
        }
    }

    /// The first `len` words of a block have moved.
    pub fn follow(&mut self, from: Block, to: Block, len: usize) {
        let (from, to) = (from.start as usize, to.start as usize);
        match &mut self.items {
            Items::Bytes(items) => items.copy_within(from..from + len, to),
            Items::Halves(items) => items.copy_within(from..from + len, to),
            Items::Words(items) => items.copy_within(from..from + len, to),
        }
    }
}

fn widened<A: Plain, B: Plain + From<A>>(items: &[A]) -> Region<B> {
    let mut wide = Region::zeroed(items.len());
    wide.iter_mut().zip(items).for_each(|(to, &from)| *to = from.into());
    wide
}
