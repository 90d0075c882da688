//! Sorting the rows of an input of one or two columns, to drop repeated ones and to keep rows that
//! share a code together.

use std::mem::{replace, swap};

use crate::engine::limits::{Limits, Stop};

/// Bits of a pass: counters of one pass fit the first-level cache.
const DIGIT: u32 = 11;

/// Below this many words the library's sort is as fast.
const RADIX_MIN: usize = 4096;

/// Words between two looks at the limits.
const LOOK: usize = 1 << 15;

/// Sorts words and drops repeated ones.
///
/// # Errors
/// If the evaluation shall stop.
pub fn sort_distinct(words: &mut Vec<u64>, limits: &Limits) -> Result<(), Stop> {
    let mut ascending = true;
    for part in words.chunks(LOOK) {
        limits.check()?;
        ascending &= part.is_sorted();
    }
    ascending &=
        words.chunks(LOOK).zip(words.chunks(LOOK).skip(1)).all(|(a, b)| a.last() <= b.first());
    if !ascending {
        if words.len() < RADIX_MIN {
            words.sort_unstable();
        } else {
            radix(words, limits)?;
        }
    }
    words.dedup();
    Ok(())
}

fn radix(words: &mut Vec<u64>, limits: &Limits) -> Result<(), Stop> {
    let varying = words.iter().fold(0, |bits, &word| bits | (word ^ words[0]));
    let mut other = vec![0_u64; words.len()];
    let mut shift = 0;
    while shift < 64 {
        if varying >> shift == 0 {
            break;
        }
        // A digit starts at a bit that varies.
        shift += (varying >> shift).trailing_zeros();
        pass(words, &mut other, shift, limits)?;
        swap(words, &mut other);
        shift += DIGIT;
    }
    Ok(())
}

fn pass(from: &[u64], to: &mut [u64], shift: u32, limits: &Limits) -> Result<(), Stop> {
    let digit = |word: u64| usize::try_from((word >> shift) & ((1 << DIGIT) - 1)).unwrap_or(0);
    let mut next = [0_usize; 1 << DIGIT];
    for part in from.chunks(LOOK) {
        limits.check()?;
        for &word in part {
            next[digit(word)] += 1;
        }
    }
    let mut sum = 0;
    for n in &mut next {
        sum += replace(n, sum);
    }
    for part in from.chunks(LOOK) {
        limits.check()?;
        for &word in part {
            let at = &mut next[digit(word)];
            to[*at] = word;
            *at += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_are_sorted_and_distinct() {
        arbtest::arbtest(|u| {
            let n = u.int_in_range(0..=20_000_usize)?;
            let bits = u.int_in_range(1..=64_u32)?;
            let mut state = u.arbitrary::<u64>()?;
            let mut words: Vec<u64> = (0..n)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state ^ (state >> 29)) >> (64 - bits)
                })
                .collect();
            let expected: Vec<u64> =
                words.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
            sort_distinct(&mut words, &Limits::default()).expect("no limit is set");
            assert_eq!(words, expected);
            Ok(())
        })
        .budget_ms(500);
    }

    #[test]
    fn words_whose_parts_are_sorted_are_sorted_too() {
        let part = 0..u64::try_from(LOOK).expect("it fits");
        let mut words: Vec<u64> = part.clone().chain(part.clone()).collect();
        sort_distinct(&mut words, &Limits::default()).expect("no limit is set");
        assert!(words.into_iter().eq(part));
    }
}
