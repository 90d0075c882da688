//! [`Arena`]: texts one behind the other in large blocks, each under the number of its turn. It
//! only grows: a text never moves, so readers take no lock while the one writer adds. A text costs
//! its bytes, a pointer, and one byte for its length. The only unsafe code of this layer.
#![expect(unsafe_code, reason = "texts are read without a lock while others are added")]

use std::iter;
use std::mem::MaybeUninit;
use std::ptr;
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Texts of the first segment of pointers; each further one has twice as many.
const FIRST: usize = 1 << 6;
/// Segments: enough for 2^27 texts.
const SEGMENTS: usize = 22;
/// Bytes of the first block; each further one is twice as large, up to [`BLOCK_MAX`].
const BLOCK_MIN: usize = 1 << 8;
const BLOCK_MAX: usize = 1 << 20;
/// A length byte that says: the length follows in four bytes.
const LONG: u8 = u8::MAX;

type Block = [MaybeUninit<u8>];
type Segment = Box<[AtomicPtr<u8>]>;

/// Texts that are there, for readers.
pub(super) struct Arena {
    /// Each pointer is null or that of a text's length, which the text follows.
    segments: [OnceLock<Segment>; SEGMENTS],
}

/// Where the next text goes. There is one for each [`Arena`], behind its lock.
pub(super) struct Tail {
    /// All blocks, to be freed. The last one is being filled.
    blocks: Vec<*mut Block>,
    used: usize,
    texts: usize,
}

// SAFETY: the blocks belong to the tail alone as far as writing and freeing go; what readers see
// of them is not written again, and is freed only together with the arena.
unsafe impl Send for Tail {}

/// The segment of a text, and its place there.
#[inline]
fn place(text: usize) -> (usize, usize) {
    let at = text + FIRST;
    let segment = (at.ilog2() - FIRST.ilog2()) as usize;
    (segment, at - (FIRST << segment))
}

impl Arena {
    pub(super) fn new() -> Self {
        Self { segments: [const { OnceLock::new() }; SEGMENTS] }
    }

    /// Where a text stands, if there is one of this number.
    #[inline]
    fn pointer(&self, text: usize) -> *mut u8 {
        let (segment, at) = place(text);
        match self.segments[segment].get() {
            Some(pointers) => pointers[at].load(Ordering::Acquire),
            None => ptr::null_mut(),
        }
    }

    /// The text of a number.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub(super) fn text(&self, text: usize) -> &str {
        let at = self.pointer(text);
        assert!(!at.is_null(), "a symbol is used where it was made");
        // SAFETY: a pointer that is not null is that of a length byte, which never changes.
        let short = unsafe { at.read() };
        let (start, len) = if short < LONG {
            // SAFETY: a text follows its length byte in the same block.
            (unsafe { at.add(1) }, usize::from(short))
        } else {
            // SAFETY: four bytes of length follow this length byte in the same block.
            let len = unsafe { at.add(1) };
            // SAFETY: as above; an array of bytes needs no alignment.
            let len = unsafe { len.cast::<[u8; 4]>().read() };
            // SAFETY: the text follows them in the same block.
            (unsafe { at.add(5) }, u32::from_le_bytes(len) as usize)
        };
        // SAFETY: `Tail::add` wrote that many bytes there before it stored the pointer, and
        // nothing writes them again; the block lives as long as the arena's owner.
        let bytes = unsafe { slice::from_raw_parts(start, len) };
        // SAFETY: they are those of a `str`.
        unsafe { str::from_utf8_unchecked(bytes) }
    }

    /// Asks for the line of a text that will be read soon.
    #[inline]
    pub(super) fn prefetch(&self, text: usize) {
        prefetch(self.pointer(text));
    }
}

/// Asks for the line of an address.
#[inline]
pub(super) fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: prefetching never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast::<i8>()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

impl Tail {
    pub(super) fn new() -> Self {
        Self { blocks: Vec::new(), used: 0, texts: 0 }
    }

    /// Texts added.
    pub(super) fn texts(&self) -> usize {
        self.texts
    }

    /// Adds a text to the arena of this tail, and gives its number.
    ///
    /// # Panics
    /// If the text has 4 GiB or more, or there are 2^27 texts.
    pub(super) fn add(&mut self, arena: &Arena, text: &str) -> usize {
        let (segment, at) = place(self.texts);
        assert!(segment < SEGMENTS, "fewer than 2^31 distinct texts");
        let pointers = arena.segments[segment].get_or_init(|| {
            let null = || AtomicPtr::new(ptr::null_mut());
            iter::repeat_with(null).take(FIRST << segment).collect()
        });
        let pointer = self.write(text.as_bytes());
        // Whoever sees the pointer sees the bytes.
        pointers[at].store(pointer, Ordering::Release);
        self.texts += 1;
        self.texts - 1
    }

    /// Writes a text behind its length.
    fn write(&mut self, text: &[u8]) -> *mut u8 {
        let len = u32::try_from(text.len()).expect("a text has less than 4 GiB").to_le_bytes();
        let mut head = [LONG, len[0], len[1], len[2], len[3]];
        let head: &[u8] = match u8::try_from(text.len()) {
            Ok(short) if short < LONG => {
                head[0] = short;
                &head[..1]
            }
            _ => &head,
        };
        let at = self.room(head.len() + text.len());
        // SAFETY: `room` gives as many bytes of the last block as the head and the text take, in
        // which nothing was written and to which no pointer was given out.
        unsafe { ptr::copy_nonoverlapping(head.as_ptr(), at, head.len()) };
        // SAFETY: within these bytes.
        let behind = unsafe { at.add(head.len()) };
        // SAFETY: as above.
        unsafe { ptr::copy_nonoverlapping(text.as_ptr(), behind, text.len()) };
        at
    }

    /// So many unused bytes.
    fn room(&mut self, bytes: usize) -> *mut u8 {
        let size = self.blocks.last().map_or(0, |block| block.len());
        if size - self.used < bytes {
            let size = (size * 2).clamp(BLOCK_MIN, BLOCK_MAX).max(bytes);
            self.blocks.push(Box::into_raw(Box::new_uninit_slice(size)));
            self.used = 0;
        }
        let block = self.blocks.last().expect("there is one with room");
        // SAFETY: `used` is at most the length of the last block.
        let at = unsafe { block.cast::<u8>().add(self.used) };
        self.used += bytes;
        at
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        for &block in &self.blocks {
            // SAFETY: it came from `Box::into_raw` and is freed once. Texts are borrowed from the
            // arena, whose owner drops it together with its tail.
            drop(unsafe { Box::from_raw(block) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_lengths_stay_where_they_are() {
        let (arena, mut tail) = (Arena::new(), Tail::new());
        let text = |i: usize| "é".repeat(i * 7 % 300) + &i.to_string();
        let first = tail.add(&arena, "first");
        let held = arena.text(first);
        for i in 0..1000 {
            assert_eq!(tail.add(&arena, &text(i)), i + 1);
        }
        let long = "x".repeat(BLOCK_MAX + 1);
        assert_eq!(tail.add(&arena, &long), 1001);
        assert_eq!(tail.add(&arena, ""), 1002);
        assert_eq!(held, "first");
        assert!((0..1000).all(|i| arena.text(i + 1) == text(i)));
        assert_eq!(arena.text(1001), long);
        assert_eq!(arena.text(1002), "");
        assert_eq!(tail.texts(), 1003);
    }

    #[test]
    fn segments_follow_each_other() {
        let mut places = (0..10_000).map(place);
        let mut last = places.next().unwrap();
        assert_eq!(last, (0, 0));
        for (segment, at) in places {
            assert!((segment, at) == (last.0, last.1 + 1) || (segment, at) == (last.0 + 1, 0));
            last = (segment, at);
        }
    }
}
