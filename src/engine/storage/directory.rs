//! [`Directory`]: codes, numbered in the order in which they came. Codes that lie close together
//! are looked up directly, others by their hashes.

use crate::engine::kernels::memory::prefetch;
use crate::engine::kernels::select::narrow;
use crate::engine::storage::form::Rows;
use crate::engine::storage::keys::Keys;

/// How far ahead lines are asked for.
const AHEAD: usize = 16;

/// The number of a code that has none.
pub const NONE: u32 = u32::MAX;

/// Numbered codes.
#[derive(Debug)]
pub struct Directory {
    codes: Vec<u32>,
    /// The code at the start of `places`, which hold a number each, or [`NONE`].
    base: u32,
    places: Vec<u32>,
    hashed: Option<Keys>,
    /// Codes may be that far apart, besides four places for each.
    spread: usize,
}

impl Default for Directory {
    fn default() -> Self {
        Self::with_spread(4096)
    }
}

impl Directory {
    /// The same as by default, but hashed if codes are that far apart.
    #[must_use]
    pub fn with_spread(spread: usize) -> Self {
        Self { codes: Vec::new(), base: 0, places: Vec::new(), hashed: None, spread }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.codes.len()
    }

    /// The codes in order of their numbers.
    #[must_use]
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        (self.codes.capacity() + self.places.capacity()) * size_of::<u32>()
            + self.hashed.as_ref().map_or(0, Keys::bytes)
    }

    /// The number of each code, into `out`; new ones get the next.
    pub fn number(&mut self, codes: &[u32], out: &mut Vec<u32>) {
        out.clear();
        if self.hashed.is_none() && !self.reaches(codes) {
            let mut keys = Keys::new(1);
            keys.number(Rows { len: self.codes.len(), columns: &[&self.codes] }, out);
            out.clear();
            self.places = Vec::new();
            self.hashed = Some(keys);
        }
        if let Some(keys) = &mut self.hashed {
            keys.number(Rows { len: codes.len(), columns: &[codes] }, out);
            self.codes.extend((self.codes.len()..keys.count()).map(|n| keys.key(n)[0]));
            return;
        }
        let (base, known, places) = (self.base, &mut self.codes, &mut self.places);
        out.extend(codes.iter().enumerate().map(|(i, &code)| {
            let ahead = codes[(i + AHEAD).min(codes.len() - 1)];
            prefetch(places, (ahead - base) as usize);
            let place = &mut places[(code - base) as usize];
            if *place == NONE {
                *place = narrow(known.len());
                known.push(code);
            }
            *place
        }));
    }

    /// Makes places for these codes, if they do not lie too far apart.
    fn reaches(&mut self, codes: &[u32]) -> bool {
        let Some(&first) = codes.first() else { return true };
        let (low, high) =
            codes.iter().fold((first, first), |(low, high), &c| (low.min(c), high.max(c)));
        let end = self.base as usize + self.places.len();
        if !self.places.is_empty() && low >= self.base && (high as usize) < end {
            return true;
        }
        let (low, end) = if self.places.is_empty() {
            (low, high as usize + 1)
        } else {
            (low.min(self.base), end.max(high as usize + 1))
        };
        let room = (self.codes.len() + codes.len()) * 4 + self.spread;
        if end - low as usize > room {
            return false;
        }
        if low < self.base || self.places.is_empty() {
            // Some more below, so that descending codes do not move the places each time.
            let low = low.saturating_sub(narrow((end - low as usize) / 2));
            let mut places = vec![NONE; end - low as usize];
            for (number, &code) in self.codes.iter().enumerate() {
                places[(code - low) as usize] = narrow(number);
            }
            (self.base, self.places) = (low, places);
        } else {
            self.places.resize(end - self.base as usize, NONE);
        }
        true
    }

    /// The number of each code, or [`NONE`], into `out`.
    pub fn find(&self, codes: &[u32], out: &mut Vec<u32>) {
        out.clear();
        if let Some(keys) = &self.hashed {
            keys.find(Rows { len: codes.len(), columns: &[codes] }, |number| {
                out.push(number.unwrap_or(NONE));
            });
            return;
        }
        out.extend(codes.iter().enumerate().map(|(i, &code)| {
            let ahead = codes[(i + AHEAD).min(codes.len() - 1)];
            prefetch(&self.places, ahead.wrapping_sub(self.base) as usize);
            let place = self.places.get(code.wrapping_sub(self.base) as usize);
            place.copied().unwrap_or(NONE)
        }));
    }

    /// The number of one code.
    #[must_use]
    pub fn find_one(&self, code: u32) -> Option<usize> {
        let mut out = Vec::with_capacity(1);
        self.find(&[code], &mut out);
        out.first().filter(|&&number| number != NONE).map(|&number| number as usize)
    }
}

#[cfg(test)]
mod tests {
    use arbtest::arbitrary::Error;

    use super::*;

    #[test]
    fn codes_get_numbers_in_order_however_far_apart_they_are() {
        arbtest::arbtest(|u| {
            let mut directory = Directory::with_spread(u.int_in_range(0..=100)?);
            let mut model: Vec<u32> = Vec::new();
            let mut numbers = Vec::new();
            for _ in 0..u.int_in_range(0..=6)? {
                let (low, span) = (u.arbitrary::<u32>()?, *u.choose(&[3_u32, 200, u32::MAX])?);
                let codes: Vec<u32> = (0..u.int_in_range(0..=50)?)
                    .map(|_| Ok(low.saturating_add(u.int_in_range(0..=span)?)))
                    .collect::<Result<_, Error>>()?;
                directory.number(&codes, &mut numbers);
                for code in &codes {
                    if !model.contains(code) {
                        model.push(*code);
                    }
                }
                let expected: Vec<u32> = codes
                    .iter()
                    .filter_map(|code| model.iter().position(|c| c == code).map(narrow))
                    .collect();
                assert_eq!(numbers, expected);
                assert_eq!(directory.codes(), model);
            }
            let asked: Vec<u32> = model.iter().flat_map(|&c| [c, c.wrapping_add(1)]).collect();
            for &code in &asked {
                assert_eq!(directory.find_one(code), model.iter().position(|&c| c == code));
            }
            Ok(())
        })
        .budget_ms(500);
    }
}
