//! Regular expressions of `match`: each pattern is compiled once. A pattern matches the whole
//! text or not at all.

use std::sync::{Arc, PoisonError, RwLock};

use regex::Regex;

use crate::base::hash::Map;
use crate::value::symbols::{Symbol, Symbols};

/// Compiled patterns by their symbol.
#[derive(Debug)]
pub(crate) struct Patterns {
    compiled: RwLock<Map<Symbol, Compiled>>,
}

/// A pattern; nothing if it cannot be read.
type Compiled = Option<Arc<Regex>>;

impl Patterns {
    pub(crate) fn new() -> Self {
        Self { compiled: RwLock::new(Map::default()) }
    }

    /// Whether `pattern` matches the whole of `text`.
    pub(crate) fn matches(&self, symbols: &Symbols, pattern: Symbol, text: Symbol) -> bool {
        self.compiled(symbols, pattern).is_some_and(|regex| regex.is_match(symbols.text(text)))
    }

    fn compiled(&self, symbols: &Symbols, pattern: Symbol) -> Compiled {
        let known = self.compiled.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = known.get(&pattern) {
            return compiled.clone();
        }
        drop(known);
        let compiled = compile(symbols.text(pattern)).ok().map(Arc::new);
        let mut known = self.compiled.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(pattern, compiled.clone());
        compiled
    }
}

/// The pattern, anchored at both ends, or why it cannot be read, in one line.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    // Alone first: `a)(b` must not become readable between the brackets.
    Regex::new(pattern).map_err(|error| reason(&error))?;
    Regex::new(&format!(r"\A(?:{pattern})\z"))
        // In `x` mode the pattern may end in a comment, which swallows the bracket.
        .or_else(|_| Regex::new(&format!("\\A(?:{pattern}\n)\\z")))
        .map_err(|error| reason(&error))
}

/// The last line of the message, which says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or(&text);
    last.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        let symbols = Symbols::new();
        let (pattern, text) = (symbols.intern(pattern), symbols.intern(text));
        Patterns::new().matches(&symbols, pattern, text)
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        assert!(matches("a.*", "abba"));
        assert!(!matches("b", "abba"));
        assert!(!matches("a|ab", "abb"));
        assert!(matches("a|ab", "ab"));
        assert!(matches("", ""));
        assert!(!matches("a", "a\n"));
        assert!(matches("(?x) a b # both", "ab"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_matches_nothing() {
        assert!(!matches("(", "("));
        assert!(!matches("a)(b", "ab"));
        assert_eq!(compile("(").unwrap_err(), "unclosed group");
        assert!(compile("a)(b").is_err());
    }
}
