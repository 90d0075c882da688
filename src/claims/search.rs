//! Where a quote stands in a document: at its span, at its span in other units, elsewhere, or
//! nowhere. A quote in its place costs what it is long; only one that is not is looked for, exactly
//! first, then with dashes, quotes, spaces and case folded, then by its pieces.

use std::iter;
use std::ops::Range;

use memchr::memmem;

use crate::base::hash::Map;
use crate::claims::document::DocumentText;

/// Places of a quote that are looked at; more are counted as this many.
const PLACES_MAX: usize = 1000;
/// Bytes of the pieces by which a quote that is nowhere is looked for.
const PIECES: [usize; 2] = [10, 5];
/// Pieces of a quote, and places of each, that are looked at.
const PIECES_MAX: usize = 32;
/// Characters of a quote that are aligned with a passage.
const ALIGNED_MAX: usize = 400;
/// Bytes of a sentence on each side of a quote that are looked at.
const SENTENCE_MAX: usize = 2000;

/// What a claim says of its quote.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) quote: &'a str,
    pub(crate) span: Option<(usize, usize)>,
    pub(crate) prefix: &'a str,
    pub(crate) suffix: &'a str,
}

/// Where a quote stands, in bytes of the document.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// At its span.
    Exact(Range<usize>),
    /// At its span, counted in these units.
    Units(&'static str, Range<usize>),
    /// In one other place.
    Moved(Range<usize>),
    /// In several places.
    Several(Vec<Range<usize>>),
    /// In one place or more, with dashes, quotes, spaces and case folded; the place nearest to
    /// the span.
    Folded(Range<usize>),
    /// Nowhere; the passage that is most like it.
    Nowhere(Option<Range<usize>>),
}

/// Looks for a quote. `folded` is made at the first need.
pub(crate) fn find(
    document: &DocumentText,
    wanted: Wanted<'_>,
    folded: &mut Option<Folded>,
) -> Place {
    let quote = wanted.quote;
    let holds = |bytes: &Option<Range<usize>>| {
        bytes.as_ref().is_some_and(|bytes| document.text.get(bytes.clone()) == Some(quote))
    };
    if let Some((start, end)) = wanted.span {
        let points = document.bytes_of(start, end).filter(|b| b.len() == quote.len());
        if let Some(bytes) = points.filter(|bytes| holds(&Some(bytes.clone()))) {
            return Place::Exact(bytes);
        }
        if end - start == quote.len() && holds(&Some(start..end)) {
            return Place::Units("UTF-8 bytes", start..end);
        }
        let utf16 = document.bytes_of_utf16(start, end);
        if let Some(bytes) = utf16.filter(|bytes| holds(&Some(bytes.clone()))) {
            return Place::Units("UTF-16 units", bytes);
        }
    }
    match exact(document, wanted) {
        hits if hits.len() == 1 => Place::Moved(hits[0].clone()),
        hits if hits.len() > 1 => Place::Several(hits),
        _ => folded.get_or_insert_with(|| Folded::new(&document.text)).find(document, wanted),
    }
}

/// Exact places; those that fit prefix and suffix if any does.
fn exact(document: &DocumentText, wanted: Wanted<'_>) -> Vec<Range<usize>> {
    if wanted.quote.is_empty() {
        return Vec::new();
    }
    let text = &*document.text;
    let finder = memmem::Finder::new(wanted.quote);
    let mut from = 0;
    let hits = iter::from_fn(|| {
        let start = from + finder.find(&text.as_bytes()[from..])?;
        from = start + text[start..].chars().next().map_or(1, char::len_utf8);
        Some(start..start + wanted.quote.len())
    });
    let hits: Vec<Range<usize>> = hits.take(PLACES_MAX).collect();
    if hits.len() < 2 || wanted.prefix.is_empty() && wanted.suffix.is_empty() {
        return hits;
    }
    let fits = |hit: &&Range<usize>| {
        let before = text[..hit.start].trim_end().ends_with(wanted.prefix.trim_end());
        let after = text[hit.end..].trim_start().starts_with(wanted.suffix.trim_start());
        before && after
    };
    let fitting: Vec<Range<usize>> = hits.iter().filter(fits).cloned().collect();
    if fitting.is_empty() { hits } else { fitting }
}

/// A text with dashes, quotes, spaces and case folded and invisible marks left out.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    text: String,
    /// For each byte the first byte of the character it came from.
    from: Vec<u32>,
}

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(text.len()), from: Vec::new() };
        for (at, c) in text.char_indices() {
            fold(c, &mut folded.text);
            let at = u32::try_from(at).expect("documents have less than 4 GiB");
            folded.from.resize(folded.text.len(), at);
        }
        folded
    }

    /// Bytes of the document that a range of the folded text came from.
    fn origin(&self, document: &DocumentText, range: &Range<usize>) -> Range<usize> {
        let last = self.from[range.end - 1] as usize;
        let width = document.text[last..].chars().next().map_or(0, char::len_utf8);
        self.from[range.start] as usize..last + width
    }

    fn find(&self, document: &DocumentText, wanted: Wanted<'_>) -> Place {
        let quote = folded(wanted.quote);
        let quote = quote.trim();
        if quote.is_empty() {
            return Place::Nowhere(None);
        }
        let claimed = wanted.span.and_then(|(start, _)| document.byte_of(start)).unwrap_or(0);
        let hits = memmem::find_iter(self.text.as_bytes(), quote).take(PLACES_MAX);
        let hits = hits.map(|at| self.origin(document, &(at..at + quote.len())));
        match hits.min_by_key(|hit| hit.start.abs_diff(claimed)) {
            Some(hit) => Place::Folded(hit),
            None => Place::Nowhere(self.nearest(quote).map(|hit| self.origin(document, &hit))),
        }
    }

    /// The passage most like `quote`, if most of it is there: where most of its pieces lie on one
    /// line, aligned.
    fn nearest(&self, quote: &str) -> Option<Range<usize>> {
        let at = PIECES.iter().find_map(|&length| self.most_pieces(quote.as_bytes(), length))?;
        let quote: Vec<char> = quote.chars().take(ALIGNED_MAX).collect();
        let slack = quote.len() / 4 + 16;
        let boundary = |at: usize| {
            let at = at.min(self.text.len());
            (0..=at).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or(0)
        };
        let start = boundary(at.saturating_sub(slack));
        let window: Vec<(usize, char)> = self.text[start..]
            .char_indices()
            .take(quote.len() + 3 * slack)
            .map(|(at, c)| (start + at, c))
            .collect();
        let (first, last, distance) = align(&quote, &window)?;
        // Half of it: decomposed letters cost two changes each.
        (distance * 2 <= quote.len()).then(|| {
            let (end, c) = window[last - 1];
            window[first].0..end + c.len_utf8()
        })
    }

    /// Where the quote would begin by most of its pieces of `length` bytes.
    fn most_pieces(&self, quote: &[u8], length: usize) -> Option<usize> {
        let last = quote.len().checked_sub(length)?;
        let step = (last / PIECES_MAX).max(1);
        let mut votes: Map<usize, usize> = Map::default();
        for offset in (0..=last).step_by(step) {
            let piece = &quote[offset..offset + length];
            for at in memmem::find_iter(self.text.as_bytes(), piece).take(PIECES_MAX) {
                let bucket = at.saturating_sub(offset) / 32;
                *votes.entry(bucket).or_default() += 2;
                *votes.entry(bucket + 1).or_default() += 1;
            }
        }
        let best = votes.into_iter().max_by_key(|&(bucket, votes)| (votes, usize::MAX - bucket));
        best.map(|(bucket, _)| bucket * 32)
    }
}

/// `text` folded.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| fold(c, &mut out));
    out
}

/// Adds the folded form of a character; spaces in a row become one.
fn fold(c: char, to: &mut String) {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' => to.push('-'),
        '‘' | '’' | '‚' | '‛' | '′' | '`' | '´' | 'ʼ' => to.push('\''),
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => to.push('"'),
        '…' => to.push_str("..."),
        _ if invisible(c) => {}
        c if c.is_whitespace() => {
            if !to.ends_with(' ') {
                to.push(' ');
            }
        }
        c => to.extend(c.to_lowercase()),
    }
}

/// Marks that show nothing: soft hyphen, zero-width and direction marks, byte order mark.
pub(crate) fn invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{FEFF}')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
}

/// `text` with marks that show nothing or change the direction of writing escaped, so that a
/// hostile name cannot rearrange a message.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if invisible(c) || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// The part of `window` with the least edit distance to `quote`: its range and the distance.
fn align(quote: &[char], window: &[(usize, char)]) -> Option<(usize, usize, usize)> {
    // cost[j]: of the quote so far against a part that ends before window[j]; begin[j]: where
    // that part begins.
    let mut cost = vec![0; window.len() + 1];
    let mut begin: Vec<usize> = (0..=window.len()).collect();
    for (i, c) in quote.iter().enumerate() {
        let (mut diagonal, mut diagonal_begin) = (cost[0], begin[0]);
        cost[0] = i + 1;
        for j in 1..=window.len() {
            let change = (diagonal + usize::from(window[j - 1].1 != *c), diagonal_begin);
            let leave = (cost[j] + 1, begin[j]);
            let insert = (cost[j - 1] + 1, begin[j - 1]);
            (diagonal, diagonal_begin) = (cost[j], begin[j]);
            let best = [change, leave, insert].into_iter().min();
            (cost[j], begin[j]) = best.unwrap_or(change);
        }
    }
    let end = (1..=window.len()).min_by_key(|&j| cost[j])?;
    (begin[end] < end).then_some((begin[end], end, cost[end]))
}

/// The sentence around `at`: to the nearest full stop, question or exclamation mark or blank line
/// on both sides. Initials and short forms such as `Gen.` do not end one.
pub(crate) fn sentence(text: &str, at: &Range<usize>) -> Range<usize> {
    let boundary = |at: usize| (at..).find(|&at| text.is_char_boundary(at)).unwrap_or(at);
    let least = boundary(at.start.saturating_sub(SENTENCE_MAX));
    let most = boundary((at.end + SENTENCE_MAX).min(text.len()));
    let before = (least..at.start).rev().find(|&end| ends_sentence(text, end));
    let start = before.map_or(least, |end| end + 1);
    // A quote that holds the end of its sentence needs no more of the text.
    let after =
        (at.end.saturating_sub(1).max(at.start)..most).find(|&end| ends_sentence(text, end));
    start..after.map_or(most, |end| end + 1).max(at.end)
}

/// Whether the byte at `at` is the last of a sentence.
fn ends_sentence(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'\n' => {
            let rest = text[at + 1..].trim_start_matches([' ', '\t', '\r']);
            rest.starts_with('\n')
        }
        b'!' | b'?' | b'.' => {
            let closing = |c: char| matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»');
            let rest = text[at + 1..].trim_start_matches(closing);
            let word = text[..at].rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            let short = bytes[at] == b'.' && is_short_form(word);
            !short && (rest.is_empty() || rest.starts_with(char::is_whitespace))
        }
        _ => false,
    }
}

/// Whether a word before a full stop is an initial or a short form.
fn is_short_form(word: &str) -> bool {
    let letters = word.chars().count();
    let initial = letters == 1 && word.chars().all(char::is_alphabetic);
    let known = [
        "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Gen", "Lt", "Col", "Maj", "Capt", "Sgt", "Adm",
        "Rep", "Sen", "Gov", "No", "vs", "approx", "ca", "cf", "etc", "Jan", "Feb", "Mar", "Apr",
        "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec",
    ];
    initial || known.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(text: &str, quote: &str, span: (usize, usize)) -> String {
        let document = DocumentText::new("d".to_owned(), text.into()).unwrap();
        let wanted = Wanted { quote, span: Some(span), prefix: "", suffix: "" };
        let show = |range: &Range<usize>| {
            format!("{}..{} {:?}", range.start, range.end, &text[range.clone()])
        };
        match find(&document, wanted, &mut None) {
            Place::Exact(at) => format!("exact {}", show(&at)),
            Place::Units(units, at) => format!("{units} {}", show(&at)),
            Place::Moved(at) => format!("moved {}", show(&at)),
            Place::Several(at) => format!("several {}", at.len()),
            Place::Folded(at) => format!("folded {}", show(&at)),
            Place::Nowhere(at) => format!("nowhere {}", at.map_or(String::new(), |at| show(&at))),
        }
    }

    #[test]
    fn quotes_are_found() {
        let text = "a–b 25,000–30,000 “new” troops\u{A0}arrive; b 😀 c";
        assert_eq!(find_in(text, "a–b", (0, 3)), "exact 0..5 \"a–b\"");
        assert_eq!(find_in(text, "25,000", (6, 12)), "UTF-8 bytes 6..12 \"25,000\"");
        assert_eq!(find_in(text, " c", (43, 45)), "UTF-16 units 54..56 \" c\"");
        assert_eq!(find_in(text, "troops", (0, 6)), "moved 32..38 \"troops\"");
        assert_eq!(find_in(text, "b", (0, 1)), "several 2");
        let folded = "folded 6..46 \"25,000–30,000 “new” troops\\u{a0}arrive\"";
        assert_eq!(find_in(text, "25,000-30,000 \"New\" troops arrive", (4, 8)), folded);
        let nowhere = "nowhere 6..46 \"25,000–30,000 “new” troops\\u{a0}arrive\"";
        assert_eq!(find_in(text, "25,000-30,000 newer troops arrived", (4, 8)), nowhere);
        assert_eq!(find_in(text, "something else entirely", (4, 8)), "nowhere ");
        assert_eq!(find_in(text, "x", (400, 800)), "nowhere ");
    }

    #[test]
    fn overlapping_places_are_several() {
        assert_eq!(find_in("–––", "––", (7, 9)), "several 2");
    }

    #[test]
    fn sentences_end_at_their_stops() {
        let text = "One. Gen. J. Smith said 3.5 “may go.” Then\nmore? New\n\nOther";
        let of = |part: &str| {
            let at = text.find(part).unwrap();
            text[sentence(text, &(at..at + part.len()))].to_owned()
        };
        assert_eq!(of("Smith"), " Gen. J. Smith said 3.5 “may go.”"[..].trim_end_matches('”'));
        assert_eq!(of("Then"), "” Then\nmore?");
        assert_eq!(of("New"), " New\n");
        assert_eq!(of("Other"), "\nOther");
    }
}
