//! [`Symbols`]: every distinct text once, under a dense code. Append-only: a code never changes
//! its text, so readers need no lock. Codes follow the order of first use and mean nothing for
//! the order of values; compare texts.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A text's code in a [`Symbols`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(u32);

impl Symbol {
    /// The code.
    #[must_use]
    pub fn code(self) -> u32 {
        self.0
    }

    /// The symbol of a code that came from [`Symbol::code`].
    #[must_use]
    pub fn from_code(code: u32) -> Self {
        Self(code)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({})", self.0)
    }
}

/// The texts. Shared by threads; see [`Symbols::lock`] to add many.
pub struct Symbols {
    texts: boxcar::Vec<Box<str>>,
    codes: Mutex<HashTable<Entry>>,
}

/// A text's code with 32 bits of its hash: growing the table and passing over other texts then
/// needs no look at any text, each of which would be a miss of the cache.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    code: u32,
}

const HASHER: FixedState = FixedState::with_seed(0x68_65_6e_63_65);

impl Symbols {
    /// No text but the empty one, whose code is 0.
    #[must_use]
    pub fn new() -> Self {
        let symbols = Self { texts: boxcar::Vec::new(), codes: Mutex::new(HashTable::new()) };
        let empty = symbols.intern("");
        debug_assert_eq!(empty.code(), 0, "the empty text comes first");
        symbols
    }

    /// The symbol of `text`, made if it is new.
    pub fn intern(&self, text: &str) -> Symbol {
        self.lock().intern(text)
    }

    /// The symbol of `text`, if it has one.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Symbol> {
        let hash = hash_of(text);
        let codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes
            .find(spread(hash), |entry| {
                entry.hash == hash && &*self.texts[entry.code as usize] == text
            })
            .map(|entry| Symbol(entry.code))
    }

    /// The text of a symbol made here.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol.0 as usize]
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.count()
    }

    /// Never true: the empty text is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Holds the table, to add many texts without taking the lock for each.
    pub fn lock(&self) -> Interner<'_> {
        Interner {
            texts: &self.texts,
            codes: self.codes.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
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

/// A [`Symbols`] held for adding. Readers of known symbols go on meanwhile.
pub struct Interner<'a> {
    texts: &'a boxcar::Vec<Box<str>>,
    codes: MutexGuard<'a, HashTable<Entry>>,
}

impl Interner<'_> {
    /// The symbol of `text`, made if it is new.
    ///
    /// # Panics
    /// At 2^31 distinct texts.
    pub fn intern(&mut self, text: &str) -> Symbol {
        let texts = self.texts;
        let hash = hash_of(text);
        let found = self.codes.entry(
            spread(hash),
            |entry| entry.hash == hash && &*texts[entry.code as usize] == text,
            |entry| spread(entry.hash),
        );
        let entry = found.or_insert_with(|| {
            let code = u32::try_from(texts.push(text.into())).unwrap_or(u32::MAX);
            assert!(code < 1 << 31, "fewer than 2^31 distinct texts");
            Entry { hash, code }
        });
        Symbol(entry.get().code)
    }
}

fn hash_of(text: &str) -> u32 {
    u32::try_from(HASHER.hash_one(text) >> 32).expect("32 bits are left")
}

/// The 64 bits that the table wants, from the 32 that are kept.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
