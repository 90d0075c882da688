//! [`Bytes`]: the bytes of a file, mapped if it is large. The only unsafe code of this layer.
#![expect(unsafe_code, reason = "a mapped file is read in place instead of being copied")]

use std::fs::{File, Metadata};
use std::io;
use std::io::Read;
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Mmap;

/// Below this size reading is faster than mapping.
const MAP_FROM: u64 = 1 << 18;

/// The bytes of a file.
#[derive(Debug)]
pub enum Bytes {
    /// Read into memory: small files, and what is not a plain file (a pipe has no size).
    Read(Vec<u8>),
    /// Mapped.
    Mapped(Mmap),
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

/// The unit in which the system takes pages back; a multiple of the page size everywhere.
#[cfg(target_os = "linux")]
const PAGES: usize = 1 << 16;

impl Bytes {
    /// Says that a range was read and is not likely to be read again: the pages of a map that lie
    /// inside do not count as memory of this process any more.
    pub fn release(&self, range: Range<usize>) {
        #[cfg(target_os = "linux")]
        if let Self::Mapped(map) = self {
            let start = range.start.next_multiple_of(PAGES);
            let len = (range.end / PAGES * PAGES).saturating_sub(start);
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is one of a file that only reads it: pages that are dropped come
            // from the file again when they are read.
            unsafe { map.unchecked_advise_range(advice, start, len) }.unwrap_or_default();
        }
        #[cfg(not(target_os = "linux"))]
        let _ = range;
    }
}

/// Whether bytes start with a byte order mark of UTF-16.
#[must_use]
pub fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// The bytes of the file at `path`.
///
/// # Errors
/// What the operating system says.
pub fn read(path: &Path) -> io::Result<Bytes> {
    #[expect(clippy::disallowed_methods, reason = "this layer reads files")]
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_file() && about.len() >= MAP_FROM {
        // SAFETY: the file is a plain one and not empty (checked above), and nothing here writes
        // to it. If another process cuts it short while it is read, the kernel ends this process
        // with SIGBUS; no program that maps its input can rule that out.
        let map = unsafe { Mmap::map(&file)? };
        #[cfg(unix)]
        map.advise(memmap2::Advice::Sequential).unwrap_or(());
        return Ok(Bytes::Mapped(map));
    }
    let mut bytes = Vec::new();
    let max = match about.is_file() {
        true => u64::MAX,
        false if is_device(&about) => DEVICE_MAX,
        false => PIPE_MAX,
    };
    file.by_ref().take(max).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == max && file.read(&mut [0])? > 0 {
        let text = format!("it is no plain file and goes on after {} MiB", max >> 20);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(Bytes::Read(bytes))
}

/// What a device gives is read so far: /dev/zero has no end.
const DEVICE_MAX: u64 = 16 << 20;
/// What comes through a pipe is read so far: a program at its other end may never stop.
const PIPE_MAX: u64 = 4 << 30;

#[cfg(unix)]
fn is_device(about: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    about.file_type().is_char_device() || about.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}
