//! Recursion as deep as a text is long: a search goes down a level for each literal of a body.

/// Less stack than this left, and more is taken.
const LEFT_MIN: usize = 128 << 10;
/// How much is taken at a time.
const MORE: usize = 4 << 20;

/// Calls `f`, with more stack if little is left. To be put where a recursion has no bound of its
/// own.
pub fn deep<T>(f: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(LEFT_MIN, MORE, f)
}

#[cfg(test)]
mod tests {
    use super::deep;

    #[test]
    fn a_million_levels() {
        fn down(n: u64) -> u64 {
            if n == 0 { 0 } else { deep(|| down(n - 1)) + 1 }
        }
        assert_eq!(down(1_000_000), 1_000_000);
    }
}
