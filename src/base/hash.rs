//! Hash maps and sets with a fast hasher; the only place that names a hasher. Iteration order is
//! never allowed to reach an output: sort first. And [`sha256`], which says which file was read.

use foldhash::fast::FixedState;
use sha2::{Digest, Sha256};

/// A hash map keyed by trusted data.
pub type Map<K, V> = hashbrown::HashMap<K, V, FixedState>;

/// A hash set of trusted data.
pub type Set<T> = hashbrown::HashSet<T, FixedState>;

/// SHA-256 in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// SHA-256 in hexadecimal digits of bytes that come part by part.
#[must_use]
pub fn sha256_of_parts<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    parts.for_each(|part| digest.update(part));
    hexadecimal(&digest.finalize())
}

/// Bytes in hexadecimal digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
