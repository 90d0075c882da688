//! Which cases are meant: by file and name, by a part of the name, by what failed last, by a share.

use crate::testing::file::{CaseText, TestFile};

/// Whether a text is of the form of a pattern, in which `*` stands for any characters and `?` for
/// one.
#[must_use]
pub fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last star was, and how much it has taken.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(char) if *char == '?' || *char == text[at] => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((from, taken)) => {
                    star = Some((from, taken + 1));
                    at = taken + 1;
                    of = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|char| *char == '*')
}

/// A number for two texts that is the same on every machine (FNV-1a).
#[must_use]
pub fn mixed(file: &str, case: &str) -> u64 {
    file.bytes()
        .chain([0])
        .chain(case.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3_u64))
}

/// A case by the file and its name.
pub type Named = (String, String);

/// Which cases of the files found are run.
#[derive(Clone, Default, Debug)]
pub struct Selection {
    /// Patterns of names by file; a file without any is run whole.
    pub patterns: Vec<Named>,
    /// A part of the name, in any case of letters.
    pub part: Option<String>,
    /// Only these.
    pub only: Option<Vec<Named>>,
    /// The n-th of m shares, from 1.
    pub share: Option<(usize, usize)>,
}

impl Selection {
    /// Whether a case is meant.
    #[must_use]
    pub fn has(&self, file: &TestFile, case: &CaseText) -> bool {
        let name = file.name();
        let mut of_file = self.patterns.iter().filter(|(of, _)| *of == name).peekable();
        let by_pattern =
            of_file.peek().is_none() || of_file.any(|(_, pattern)| is_like(&case.name, pattern));
        let by_part = self
            .part
            .as_deref()
            .is_none_or(|part| case.name.to_lowercase().contains(&part.to_lowercase()));
        let by_only = self
            .only
            .as_ref()
            .is_none_or(|only| only.iter().any(|(of, known)| *of == name && *known == case.name));
        by_pattern && by_part && by_only && self.is_of_share(&name, &case.name)
    }

    /// Whether any case of these files is meant.
    #[must_use]
    pub fn meets(&self, files: &[TestFile]) -> bool {
        files.iter().any(|file| file.cases.iter().any(|case| self.has(file, case)))
    }

    /// A pattern or part of a name that no case of these files has; nothing while the directives of
    /// a file are in error, since its cases are not known then.
    #[must_use]
    pub fn nameless(&self, files: &[TestFile]) -> Option<&str> {
        if files.iter().any(|file| !file.messages.is_empty()) {
            return None;
        }
        let has = |file: &TestFile, pattern: &str| {
            let name = file.name();
            self.patterns.iter().any(|(of, known)| *of == name && known == pattern)
                && file.cases.iter().any(|case| is_like(&case.name, pattern))
        };
        let is_met = |pattern: &str| files.iter().any(|file| has(file, pattern));
        let mut patterns = self.patterns.iter().map(|(_, pattern)| pattern.as_str());
        let part = Self { part: self.part.clone(), ..Self::default() };
        let missing = patterns.find(|pattern| !is_met(pattern));
        missing.or_else(|| self.part.as_deref().filter(|_| !part.meets(files)))
    }

    /// Shares go by names, so that a new case moves no other one.
    fn is_of_share(&self, file: &str, case: &str) -> bool {
        let Some((share, of)) = self.share else { return true };
        let hash = mixed(file, case);
        usize::try_from(hash % of as u64).is_ok_and(|n| n + 1 == share)
    }

    /// Whether every case is meant.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.patterns.is_empty()
            && self.part.is_none()
            && self.only.is_none()
            && self.share.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn stars_stand_for_anything() {
        for (text, pattern, expected) in [
            ("kyiv plus seoul", "kyiv*", true),
            ("kyiv plus seoul", "*seoul", true),
            ("kyiv plus seoul", "k*p*s*l", true),
            ("kyiv plus seoul", "seoul", false),
            ("ab", "a?", true),
            ("a", "a?", false),
            ("", "*", true),
            ("aab", "*ab", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
