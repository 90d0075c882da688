//! [`Region`]: zeroed words that grow without a second copy. Large regions are anonymous maps with
//! huge pages, which random probes of a table of many megabytes need: the closure of a random graph
//! (8.9 M tuples) takes 1.2 s with them and 1.6 s without. Also prefetching.

#![expect(unsafe_code, reason = "maps are bytes, and prefetching has no safe form")]

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::slice;

use memmap2::MmapMut;

/// Regions of at least this many bytes are maps.
const MAP_MIN: usize = 4 << 20;

/// Types for which every bit pattern, also all zeros, is a value, and that hold no pointers.
///
/// # Safety
/// Only implement it for such types, of alignment at most 4,096.
pub unsafe trait Plain: Copy {
    /// All bits zero.
    const ZERO: Self;
}

// SAFETY: every bit pattern is a `u32`.
unsafe impl Plain for u32 {
    const ZERO: Self = 0;
}

// SAFETY: every bit pattern is a `u8`.
unsafe impl Plain for u8 {
    const ZERO: Self = 0;
}

// SAFETY: every bit pattern is a `u16`.
unsafe impl Plain for u16 {
    const ZERO: Self = 0;
}

/// A slice of zeros at first, in ordinary or in mapped memory.
pub enum Region<T> {
    /// Ordinary memory.
    Small(Vec<T>),
    /// An anonymous map holding this many items.
    Large(MmapMut, usize),
}

impl<T: Plain> Region<T> {
    /// `n` zeros.
    #[must_use]
    pub fn zeroed(n: usize) -> Self {
        if n * size_of::<T>() >= MAP_MIN
            && let Ok(map) = MmapMut::map_anon(n * size_of::<T>())
        {
            advise(&map);
            return Self::Large(map, n);
        }
        Self::Small(vec![T::ZERO; n])
    }

    /// Makes it at least `n` long, by half as much again if it must move; new items are zero.
    pub fn grow(&mut self, n: usize) {
        if n <= self.len() {
            return;
        }
        let n = n.max(self.len() + self.len() / 2);
        if let Self::Large(map, items) = self
            && remap(map, n * size_of::<T>())
        {
            *items = n;
            return;
        }
        if let Self::Small(vec) = self
            && n * size_of::<T>() < MAP_MIN
        {
            vec.resize(n, T::ZERO);
            return;
        }
        let mut bigger = Self::zeroed(n);
        bigger[..self.len()].copy_from_slice(self);
        *self = bigger;
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.len() * size_of::<T>()
    }
}

#[cfg(target_os = "linux")]
fn advise(map: &MmapMut) {
    // Without huge pages it works the same, only slower: a refusal does not matter.
    map.advise(memmap2::Advice::HugePage).unwrap_or_default();
}

#[cfg(not(target_os = "linux"))]
fn advise(_: &MmapMut) {}

#[cfg(target_os = "linux")]
fn remap(map: &mut MmapMut, bytes: usize) -> bool {
    // SAFETY: the map is anonymous, and no reference to its bytes outlives the `&mut` borrow.
    unsafe { map.remap(bytes, memmap2::RemapOptions::new().may_move(true)) }.is_ok()
}

#[cfg(not(target_os = "linux"))]
fn remap(_: &mut MmapMut, _: usize) -> bool {
    false
}

impl<T: Plain> Deref for Region<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Self::Small(vec) => vec,
            // SAFETY: the map is at least `items` items long and page-aligned; `T` is plain.
            Self::Large(map, items) => unsafe {
                slice::from_raw_parts(map.as_ptr().cast(), *items)
            },
        }
    }
}

impl<T: Plain> DerefMut for Region<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Small(vec) => vec,
            // SAFETY: as for `deref`, and `self` is borrowed uniquely.
            Self::Large(map, items) => unsafe {
                slice::from_raw_parts_mut(map.as_mut_ptr().cast(), *items)
            },
        }
    }
}

impl<T: Plain> Default for Region<T> {
    fn default() -> Self {
        Self::Small(Vec::new())
    }
}

impl<T: Plain> fmt::Debug for Region<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({} items)", self.len())
    }
}

/// Asks for the line of `items[index]`, if there is such an item.
#[inline]
pub fn prefetch<T>(items: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let at = items.as_ptr().wrapping_add(index).cast::<i8>();
        // SAFETY: prefetching never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, index);
}

/// Which of 16 bytes equal `byte`, one bit each.
#[inline]
#[must_use]
pub fn equal_bytes(bytes: &[u8; 16], byte: u8) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8,
        };
        // SAFETY: 16 bytes are readable at `bytes`; the load needs no alignment.
        let line = unsafe { _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>()) };
        // SAFETY: every x86-64 processor has SSE2.
        let wanted = unsafe { _mm_set1_epi8(byte.cast_signed()) };
        // SAFETY: as above.
        let equal = unsafe { _mm_cmpeq_epi8(line, wanted) };
        // SAFETY: as above.
        unsafe { _mm_movemask_epi8(equal) }.cast_unsigned()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        bytes.iter().enumerate().fold(0, |mask, (i, &b)| mask | u32::from(b == byte) << i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_keeps_its_items_when_it_becomes_a_map_and_grows() {
        let mut region = Region::<u32>::zeroed(10);
        for n in [100_usize, 1 << 20, (1 << 20) + 1, 3 << 20] {
            region.grow(n);
            assert!(region.len() >= n);
            let last = region.len() - 1;
            assert_eq!(region[last], 0);
            region[9] = 7;
            assert_eq!(region[9], 7);
            region[last] = 0;
        }
        assert_eq!(region[9], 7);
    }

    #[test]
    fn equal_bytes_marks_every_place() {
        let mut bytes = [0_u8; 16];
        bytes[3] = 0x81;
        bytes[15] = 0x81;
        assert_eq!(equal_bytes(&bytes, 0x81), 1 << 3 | 1 << 15);
        assert_eq!(equal_bytes(&bytes, 0), 0xffff & !(1 << 3 | 1 << 15));
    }
}
