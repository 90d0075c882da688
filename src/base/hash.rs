//! Hash maps and sets with a fast hasher; the only place that names a hasher. Iteration order is
//! never allowed to reach an output: sort first.

use foldhash::fast::FixedState;

/// A hash map keyed by trusted data.
pub type Map<K, V> = hashbrown::HashMap<K, V, FixedState>;

/// A hash set of trusted data.
pub type Set<T> = hashbrown::HashSet<T, FixedState>;
