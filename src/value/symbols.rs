//! [`Symbols`]: every distinct text once, under a code. Append-only: a code never changes its text,
//! so readers need no lock. Texts are spread over shards by their hash, so that several threads can
//! add some at once. Codes say nothing about the order of values, nor of first use; compare texts.

use std::array::from_fn;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::FixedState;

use crate::value::arena::{Arena, Tail, prefetch};

/// A text's code in a [`Symbols`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(u32);

impl Symbol {
    /// The code.
    #[must_use]
    #[inline]
    pub fn code(self) -> u32 {
        self.0
    }

    /// The symbol of a code that came from [`Symbol::code`].
    #[must_use]
    #[inline]
    pub fn from_code(code: u32) -> Self {
        Self(code)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({})", self.0)
    }
}

/// Shards; a code's lower bits name its own.
const SHARDS: usize = 1 << SHARD_BITS;
const SHARD_BITS: u32 = 4;

/// How far ahead the slots of texts, and the texts they name, are asked for.
const AHEAD_SLOTS: usize = 16;
const AHEAD_TEXTS: usize = 8;

/// The texts. Shared by threads; see [`Symbols::intern_all`] to add many.
pub struct Symbols {
    shards: [Shard; SHARDS],
}

/// The texts whose hashes agree in some bits.
struct Shard {
    texts: Arena,
    table: Mutex<Table>,
}

/// Numbers of texts by hash: open addressing, linear probing. A slot holds 32 bits of the hash over
/// the text's number + 1, so that growing needs no look at any text, each of which would be a miss
/// of the cache.
struct Table {
    slots: Vec<u64>,
    tail: Tail,
}

const HASHER: FixedState = FixedState::with_seed(0x68_65_6e_63_65);

/// The shard of a text, and the 32 bits of its hash that the shard knows it by.
fn hash_of(text: &str) -> (usize, u32) {
    if text.is_empty() {
        // Its code is 0.
        return (0, 0);
    }
    let hash = HASHER.hash_one(text);
    let low = u32::try_from(hash & u64::from(u32::MAX)).expect("32 bits are left");
    (usize::try_from(hash >> (64 - SHARD_BITS)).expect("few bits are left"), low)
}

impl Table {
    /// The slot from which a hash is looked for, if there are slots.
    fn start(&self, hash: u32) -> usize {
        hash as usize & self.slots.len().wrapping_sub(1)
    }

    /// The number of a text; or the slot in which it would stand.
    #[inline]
    fn find(&self, texts: &Arena, hash: u32, text: &str) -> Result<usize, usize> {
        let mut at = self.start(hash);
        loop {
            let Some(&slot) = self.slots.get(at) else { return Err(0) };
            if slot == 0 {
                return Err(at);
            }
            let number = number_of(slot);
            if slot >> 32 == u64::from(hash) && texts.text(number) == text {
                return Ok(number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// The number of a text, made if it is new.
    fn intern(&mut self, texts: &Arena, hash: u32, text: &str) -> usize {
        let mut at = match self.find(texts, hash, text) {
            Ok(number) => return number,
            Err(at) => at,
        };
        // Three quarters may be taken.
        if (self.tail.texts() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
            at = self.start(hash);
            while self.slots[at] != 0 {
                at = (at + 1) & (self.slots.len() - 1);
            }
        }
        let number = self.tail.add(texts, text);
        self.slots[at] = u64::from(hash) << 32 | (number as u64 + 1);
        number
    }

    #[cold]
    fn grow(&mut self) {
        let mut bigger = vec![0; (self.slots.len() * 2).max(16)];
        let mask = bigger.len() - 1;
        for &slot in self.slots.iter().filter(|&&slot| slot != 0) {
            let mut at = usize::try_from(slot >> 32).expect("32 bits are left") & mask;
            while bigger[at] != 0 {
                at = (at + 1) & mask;
            }
            bigger[at] = slot;
        }
        self.slots = bigger;
    }

    /// Asks for the slot of a hash.
    fn prefetch(&self, hash: u32) {
        if let Some(slot) = self.slots.get(self.start(hash)) {
            prefetch(slot);
        }
    }

    /// Asks for the text that a hash is likely to mean.
    fn prefetch_text(&self, texts: &Arena, hash: u32) {
        let slot = self.slots.get(self.start(hash));
        if let Some(&slot) = slot.filter(|&slot| *slot >> 32 == u64::from(hash) && *slot != 0) {
            texts.prefetch(number_of(slot));
        }
    }
}

fn number_of(slot: u64) -> usize {
    let low = u32::try_from(slot & u64::from(u32::MAX)).expect("32 bits are left");
    low as usize - 1
}

impl Shard {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn symbol(shard: usize, number: usize) -> Symbol {
    let code = u32::try_from(number << SHARD_BITS | shard).unwrap_or(u32::MAX);
    debug_assert!(code < 1 << 31, "an arena holds fewer texts than that");
    Symbol(code)
}

impl Symbols {
    /// No text but the empty one, whose code is 0.
    #[must_use]
    pub fn new() -> Self {
        let table = || Table { slots: Vec::new(), tail: Tail::new() };
        let shard = || Shard { texts: Arena::new(), table: Mutex::new(table()) };
        let symbols = Self { shards: from_fn(|_| shard()) };
        let empty = symbols.intern("");
        debug_assert_eq!(empty.code(), 0, "the empty text comes first");
        symbols
    }

    /// The symbol of `text`, made if it is new.
    ///
    /// # Panics
    /// At some 2^31 distinct texts.
    pub fn intern(&self, text: &str) -> Symbol {
        let (shard, hash) = hash_of(text);
        let to = &self.shards[shard];
        symbol(shard, to.lock().intern(&to.texts, hash, text))
    }

    /// The codes of many texts, made for those that are new: every shard is taken once, and what
    /// the processor has to fetch for a text is on its way while those before it are looked at.
    ///
    /// # Panics
    /// At some 2^31 distinct texts.
    pub fn intern_all(&self, texts: &[&str], batch: &mut Batch) {
        let Batch { hashes, order, codes } = batch;
        hashes.clear();
        hashes.extend(texts.iter().map(|text| hash_of(text)));
        let mut starts = [0; SHARDS + 1];
        for &(shard, _) in hashes.iter() {
            starts[shard + 1] += 1;
        }
        for shard in 0..SHARDS {
            starts[shard + 1] += starts[shard];
        }
        let mut ends = starts;
        order.clear();
        order.resize(texts.len(), 0);
        for (i, &(shard, _)) in hashes.iter().enumerate() {
            order[ends[shard]] = i;
            ends[shard] += 1;
        }
        codes.clear();
        codes.resize(texts.len(), 0);
        for (shard, to) in self.shards.iter().enumerate() {
            let order = &order[starts[shard]..starts[shard + 1]];
            if order.is_empty() {
                continue;
            }
            let mut table = to.lock();
            for (at, &i) in order.iter().enumerate() {
                if let Some(&next) = order.get(at + AHEAD_SLOTS) {
                    table.prefetch(hashes[next].1);
                }
                if let Some(&next) = order.get(at + AHEAD_TEXTS) {
                    table.prefetch_text(&to.texts, hashes[next].1);
                }
                let number = table.intern(&to.texts, hashes[i].1, texts[i]);
                codes[i] = symbol(shard, number).code();
            }
        }
    }

    /// The symbol of `text`, if it has one.
    #[must_use]
    #[inline]
    pub fn find(&self, text: &str) -> Option<Symbol> {
        let (shard, hash) = hash_of(text);
        let at = &self.shards[shard];
        let number = at.lock().find(&at.texts, hash, text);
        number.ok().map(|number| symbol(shard, number))
    }

    /// The text of a symbol made here.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        self.shards[symbol.0 as usize % SHARDS].texts.text((symbol.0 >> SHARD_BITS) as usize)
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().tail.texts()).sum()
    }

    /// Never true: the empty text is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// All codes are smaller; not much smaller, if there are many.
    #[must_use]
    pub fn codes_end(&self) -> usize {
        let most = self.shards.iter().map(|shard| shard.lock().tail.texts()).max();
        most.unwrap_or(0) << SHARD_BITS
    }
}

/// The memory of [`Symbols::intern_all`], and what it gives.
#[derive(Default, Debug)]
pub struct Batch {
    /// The code of each text.
    pub codes: Vec<u32>,
    hashes: Vec<(usize, u32)>,
    /// The texts by shard.
    order: Vec<usize>,
}

impl Default for Symbols {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbols({} texts)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn threads_that_add_the_same_texts_get_the_same_codes() {
        let symbols = Symbols::new();
        let texts: Vec<String> = (0..5000).map(|i| format!("name {}", i % 3000)).collect();
        let add = |from: usize| {
            let mut batch = Batch::default();
            let mut codes = Vec::new();
            for part in [&texts[from..], &texts[..from]] {
                let part: Vec<&str> = part.iter().map(String::as_str).collect();
                symbols.intern_all(&part, &mut batch);
                codes.extend_from_slice(&batch.codes);
            }
            codes.rotate_right(from);
            codes
        };
        let all: Vec<Vec<u32>> = thread::scope(|scope| {
            let threads: Vec<_> =
                [0, 100, 2500].map(|from| scope.spawn(move || add(from))).into_iter().collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(all.iter().all(|codes| *codes == all[0]));
        assert_eq!(symbols.len(), 3001);
        for (text, &code) in texts.iter().zip(&all[0]) {
            assert_eq!(symbols.text(Symbol::from_code(code)), text);
            assert_eq!(symbols.find(text), Some(Symbol::from_code(code)));
            assert!((code as usize) < symbols.codes_end());
        }
        assert_eq!(symbols.find("name"), None);
        assert_eq!(symbols.intern("").code(), 0);
    }
}
