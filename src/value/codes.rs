//! [`Codes`]: every cell as a `u32` code, and back. Within one base type codes are equal exactly
//! where values are; they say nothing about order. Symbols keep their own code; integers from 0 to
//! 2^31 − 1 are their own code, all others go through a dictionary, as floats do. Append-only, so
//! that readers need no lock.

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::value::base_type::BaseType;
use crate::value::symbols::{Symbol, Symbols};
use crate::value::value::{Finite, Value};

/// The first code that a dictionary gives; smaller ones are integers themselves.
pub const DICTIONARY_START: u32 = 1 << 31;

const HASHER: FixedState = FixedState::with_seed(0x6e_75_6d);

/// The dictionaries of one session.
#[derive(Debug)]
pub struct Codes {
    symbols: Arc<Symbols>,
    numbers: Dictionary,
    unsigned: Dictionary,
    floats: Dictionary,
}

/// 64-bit words under dense codes.
#[derive(Debug, Default)]
struct Dictionary {
    words: boxcar::Vec<u64>,
    codes: Mutex<HashTable<u32>>,
}

impl Dictionary {
    #[inline]
    fn encode(&self, word: u64) -> u32 {
        self.encode_in(&mut self.codes.lock().unwrap_or_else(PoisonError::into_inner), word)
    }

    fn encode_in(&self, codes: &mut HashTable<u32>, word: u64) -> u32 {
        let hash = HASHER.hash_one(word);
        let entry = codes.entry(
            hash,
            |&code| self.words[code as usize] == word,
            |&code| HASHER.hash_one(self.words[code as usize]),
        );
        let index = *entry
            .or_insert_with(|| {
                let index = u32::try_from(self.words.push(word)).unwrap_or(u32::MAX);
                assert!(index < DICTIONARY_START, "fewer than 2^31 distinct wide values");
                index
            })
            .get();
        DICTIONARY_START + index
    }

    #[inline]
    fn find(&self, word: u64) -> Option<u32> {
        let hash = HASHER.hash_one(word);
        let codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes
            .find(hash, |&code| self.words[code as usize] == word)
            .map(|&index| DICTIONARY_START + index)
    }

    #[inline]
    fn word(&self, code: u32) -> u64 {
        self.words[(code - DICTIONARY_START) as usize]
    }
}

impl Codes {
    /// Empty dictionaries beside the texts of `symbols`.
    #[must_use]
    pub fn new(symbols: Arc<Symbols>) -> Self {
        Self {
            symbols,
            numbers: Dictionary::default(),
            unsigned: Dictionary::default(),
            floats: Dictionary::default(),
        }
    }

    /// The texts.
    #[must_use]
    #[inline]
    pub fn symbols(&self) -> &Arc<Symbols> {
        &self.symbols
    }

    /// The code of a value, made if it is new.
    ///
    /// # Panics
    /// At 2^31 distinct wide values of a type.
    #[inline]
    pub fn encode(&self, value: Value) -> u32 {
        match value {
            Value::Symbol(symbol) => symbol.code(),
            Value::Number(n) => match small(n.cast_unsigned()) {
                Some(code) => code,
                None => self.numbers.encode(n.cast_unsigned()),
            },
            Value::Unsigned(n) => match small(n) {
                Some(code) => code,
                None => self.unsigned.encode(n),
            },
            Value::Float(x) => self.floats.encode(x.get().to_bits()),
        }
    }

    /// The codes of many numbers of one type, given as words: the dictionary is held for all.
    ///
    /// # Panics
    /// At 2^31 distinct wide values of a type, and for symbols.
    pub fn encode_words(
        &self,
        base: BaseType,
        words: impl Iterator<Item = u64>,
        out: &mut Vec<u32>,
    ) {
        let dictionary = match base {
            BaseType::Number => &self.numbers,
            BaseType::Unsigned => &self.unsigned,
            BaseType::Float => &self.floats,
            BaseType::Symbol => panic!("texts are not words"),
        };
        let mut codes = dictionary.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        out.clear();
        out.extend(words.map(|word| match small(word).filter(|_| base != BaseType::Float) {
            Some(code) => code,
            None => match last {
                Some((known, code)) if known == word => code,
                _ => {
                    let code = dictionary.encode_in(&mut codes, word);
                    last = Some((word, code));
                    code
                }
            },
        }));
    }

    /// The code of a value, if it has one: a value without a code is in no tuple.
    #[must_use]
    #[inline]
    pub fn find(&self, value: Value) -> Option<u32> {
        match value {
            Value::Symbol(symbol) => Some(symbol.code()),
            Value::Number(n) => {
                small(n.cast_unsigned()).or_else(|| self.numbers.find(n.cast_unsigned()))
            }
            Value::Unsigned(n) => small(n).or_else(|| self.unsigned.find(n)),
            Value::Float(x) => self.floats.find(x.get().to_bits()),
        }
    }

    /// The value of a code of type `base`.
    #[must_use]
    #[inline]
    pub fn decode(&self, base: BaseType, code: u32) -> Value {
        match base {
            BaseType::Symbol => Value::Symbol(Symbol::from_code(code)),
            BaseType::Number => Value::Number(self.number(code)),
            BaseType::Unsigned => Value::Unsigned(self.unsigned(code)),
            BaseType::Float => Value::Float(self.float(code)),
        }
    }

    /// The number of a code.
    #[must_use]
    #[inline]
    pub fn number(&self, code: u32) -> i64 {
        if code < DICTIONARY_START {
            i64::from(code)
        } else {
            self.numbers.word(code).cast_signed()
        }
    }

    /// The unsigned number of a code.
    #[must_use]
    #[inline]
    pub fn unsigned(&self, code: u32) -> u64 {
        if code < DICTIONARY_START { u64::from(code) } else { self.unsigned.word(code) }
    }

    /// The float of a code.
    ///
    /// # Panics
    /// If the code is not that of a float.
    #[must_use]
    #[inline]
    pub fn float(&self, code: u32) -> Finite {
        Finite::new(f64::from_bits(self.floats.word(code))).expect("only finite floats get a code")
    }
}

/// The word as its own code, if it is small enough. Negative numbers are large words.
#[inline]
fn small(word: u64) -> Option<u32> {
    u32::try_from(word).ok().filter(|&code| code < DICTIONARY_START)
}
