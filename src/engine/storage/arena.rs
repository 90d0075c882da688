//! [`Arena`]: blocks of words that come and go. Small blocks of a size share a page; a page whose
//! blocks have all been given back serves any size again, so that rows that grow in step leave
//! nothing behind. Larger blocks are runs of pages, which join with free neighbours.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::kernels::memory::Region;
use crate::engine::kernels::select::narrow;
use crate::engine::storage::form::Full;

/// Words of a page.
const PAGE: u32 = 1024;

/// Sizes of the blocks that share a page.
const SIZES: [u32; 14] = [4, 6, 8, 12, 16, 24, 32, 48, 64, 102, 128, 204, 341, 512];

/// No page, or no block.
const NONE: u32 = u32::MAX;

/// Blocks of words.
#[derive(Debug)]
pub struct Arena {
    words: Region<u32>,
    pages: Vec<Page>,
    /// By size: pages that may have room. Some may have been given back since.
    open: [Vec<u32>; SIZES.len()],
    /// Free runs of pages: how long each is, by its start, and the same by length.
    runs: BTreeMap<u32, u32>,
    by_length: BTreeSet<(u32, u32)>,
    pages_max: u32,
}

/// What a page that is shared by small blocks has.
#[derive(Clone, Copy, Debug)]
struct Page {
    /// Its place in `SIZES`, or [`NONE`].
    size: u32,
    live: u16,
    /// Blocks ever given.
    given: u16,
    /// The first of the blocks that were given back; each names the next.
    free: u32,
}

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Block {
    /// Its first word.
    pub start: u32,
    /// Its words; 0 for no block.
    pub room: u32,
}

impl Default for Arena {
    fn default() -> Self {
        Self::with_pages(u32::MAX / PAGE)
    }
}

impl Arena {
    /// No blocks; full at so many pages.
    #[must_use]
    pub fn with_pages(pages_max: u32) -> Self {
        Self {
            words: Region::default(),
            pages: Vec::new(),
            open: [const { Vec::new() }; SIZES.len()],
            runs: BTreeMap::new(),
            by_length: BTreeSet::new(),
            pages_max,
        }
    }

    /// All words.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// All words.
    pub fn words_mut(&mut self) -> &mut [u32] {
        &mut self.words
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.pages.len() * (PAGE as usize * size_of::<u32>() + size_of::<Page>())
    }

    /// A block of at least `n` words, a quarter more if it is large; what is in it is arbitrary.
    ///
    /// # Errors
    /// [`Full`] if there is no room.
    pub fn take(&mut self, n: u32) -> Result<Block, Full> {
        let size = SIZES.partition_point(|&size| size < n);
        if size == SIZES.len() {
            let pages = n.saturating_add(n / 4).div_ceil(PAGE);
            let start = self.take_pages(pages)? * PAGE;
            return Ok(Block { start, room: pages * PAGE });
        }
        let room = SIZES[size];
        loop {
            let Some(&number) = self.open[size].last() else {
                let number = self.take_pages(1)?;
                self.pages[number as usize] =
                    Page { size: narrow(size), live: 0, given: 0, free: NONE };
                self.open[size].push(number);
                continue;
            };
            let page = &mut self.pages[number as usize];
            let start = if page.size != narrow(size) {
                None
            } else if page.free != NONE {
                let start = page.free;
                page.free = self.words[start as usize];
                Some(start)
            } else if (u32::from(page.given) + 1) * room <= PAGE {
                page.given += 1;
                Some(number * PAGE + (u32::from(page.given) - 1) * room)
            } else {
                None
            };
            if let Some(start) = start {
                page.live += 1;
                return Ok(Block { start, room });
            }
            self.open[size].pop();
        }
    }

    /// Gives a block back.
    pub fn give(&mut self, block: Block) {
        if block.room == 0 {
            return;
        }
        let number = block.start / PAGE;
        let page = &mut self.pages[number as usize];
        if page.size == NONE {
            self.give_pages(number, block.room / PAGE);
            return;
        }
        let is_full = page.free == NONE && (u32::from(page.given) + 1) * block.room > PAGE;
        page.live -= 1;
        if page.live == 0 {
            page.size = NONE;
            self.give_pages(number, 1);
            return;
        }
        self.words[block.start as usize] = page.free;
        page.free = block.start;
        if is_full {
            self.open[page.size as usize].push(number);
        }
    }

    /// The shortest free run that is long enough, or new pages.
    fn take_pages(&mut self, n: u32) -> Result<u32, Full> {
        if let Some(&(length, start)) = self.by_length.range((n, 0)..).next() {
            self.by_length.remove(&(length, start));
            self.runs.remove(&start);
            if length > n {
                self.runs.insert(start + n, length - n);
                self.by_length.insert((length - n, start + n));
            }
            return Ok(start);
        }
        let start = narrow(self.pages.len());
        let end = start.checked_add(n).filter(|&end| end <= self.pages_max).ok_or(Full)?;
        self.pages.resize(end as usize, Page { size: NONE, live: 0, given: 0, free: NONE });
        self.words.grow(end as usize * PAGE as usize);
        Ok(start)
    }

    fn give_pages(&mut self, mut start: u32, mut n: u32) {
        if let Some((&before, &length)) = self.runs.range(..start).next_back()
            && before + length == start
        {
            self.runs.remove(&before);
            self.by_length.remove(&(length, before));
            start = before;
            n += length;
        }
        if let Some(length) = self.runs.remove(&(start + n)) {
            self.by_length.remove(&(length, start + n));
            n += length;
        }
        self.runs.insert(start, n);
        self.by_length.insert((n, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_never_overlap_and_pages_serve_again() {
        arbtest::arbtest(|u| {
            let mut arena = Arena::default();
            let mut blocks: Vec<(Block, u32)> = Vec::new();
            for mark in 0..u.int_in_range(0..=300_u32)? {
                if u.ratio(1, 3)? && !blocks.is_empty() {
                    let (block, _) = blocks.swap_remove(u.choose_index(blocks.len())?);
                    arena.give(block);
                    continue;
                }
                let top = *u.choose(&[8, 600, 5000])?;
                let n = u.int_in_range(1..=top)?;
                let block = arena.take(n).expect("there is room");
                assert!(block.room >= n);
                arena.words_mut()[block.start as usize..][..block.room as usize].fill(mark);
                blocks.push((block, mark));
            }
            for (block, mark) in &blocks {
                let words = &arena.words()[block.start as usize..][..block.room as usize];
                assert!(words.iter().all(|word| word == mark), "nobody else wrote there");
            }
            blocks.iter().for_each(|&(block, _)| arena.give(block));
            let pages = narrow(arena.pages.len());
            assert!(pages == 0 || arena.runs.get(&0) == Some(&pages), "all is free again");
            Ok(())
        })
        .budget_ms(500);
    }

    #[test]
    fn rows_that_grow_in_step_leave_little_behind() {
        let mut arena = Arena::default();
        let mut blocks = vec![Block::default(); 100];
        for n in 1..=3000 {
            for block in &mut blocks {
                if n > block.room {
                    let bigger = arena.take(n).expect("there is room");
                    arena.give(*block);
                    *block = bigger;
                }
            }
        }
        assert!(arena.pages.len() <= 100 * 5, "{} pages", arena.pages.len());
    }

    #[test]
    fn a_full_arena_says_so() {
        let mut arena = Arena::with_pages(1);
        let blocks: Vec<Block> = (0..2).map(|_| arena.take(512).expect("half a page")).collect();
        assert_eq!(arena.take(512), Err(Full));
        assert_eq!(arena.take(2000), Err(Full));
        arena.give(blocks[0]);
        assert_eq!(arena.take(400), Ok(blocks[0]));
    }
}
