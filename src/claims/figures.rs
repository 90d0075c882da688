//! Amounts against the words they were taken from: a bound that is none of the figures of its
//! quote, nor follows from them in a plain way, is probably a slip. Where words leave room, nothing
//! is said: with a number word among them any bound may be meant, and what may be a year, a day or
//! a sum of money explains a bound and is no figure that contradicts one.

use std::ops::Range;

use crate::claims::check::Check;
use crate::claims::fields::Fault;
use crate::claims::record::{Amount, Claim};
use crate::text::codes::Code;

/// Figures of a quote that a message lists.
const LISTED: usize = 4;
/// Of more figures than these, any sum may be meant.
const ADDED_MAX: usize = 8;

/// Words that stand for a number by themselves or are part of one: with one of them in the words,
/// digits do not say all.
const NUMBER_WORDS: &[&str] = &[
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "dozen",
    "dozens",
    "half",
    "third",
    "quarter",
    "both",
    "pair",
    "couple",
    "double",
    "twice",
    "triple",
    "tens",
    "score",
    "hundreds",
    "thousands",
    "millions",
    "several",
];

const SCALES: &[(&str, f64)] = &[
    ("hundred", 1e2),
    ("thousand", 1e3),
    ("k", 1e3),
    ("million", 1e6),
    ("mn", 1e6),
    ("m", 1e6),
    ("billion", 1e9),
    ("bn", 1e9),
    ("trillion", 1e12),
];

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The figures of a text.
#[derive(Default, Debug)]
struct Figures {
    /// As written, with the values that they may mean.
    written: Vec<(String, Vec<f64>)>,
    /// Values of what may be a year, a day or a figure with its unit before it.
    doubtful: Vec<f64>,
    /// What the words multiply by.
    scales: Vec<f64>,
    /// Whether words say more than the digits do.
    is_worded: bool,
}

impl Check<'_> {
    /// Warns of an amount whose bounds are not in the words.
    pub(crate) fn compare_figures(&mut self, entry: usize, claim: &Claim<'_>) {
        let (Some(amount), Some(quote)) = (&claim.amount, &claim.quote) else { return };
        let words = amount.text.as_ref().unwrap_or(quote);
        let figures = Figures::of(words);
        if figures.written.is_empty() || figures.is_worded {
            return;
        }
        let Some((path, bound)) = figures.unexplained(amount) else { return };
        let listed: Vec<&str> =
            figures.written.iter().take(LISTED).map(|(text, _)| text.as_str()).collect();
        let more = if figures.written.len() > LISTED { ", …" } else { "" };
        let what = if amount.text.is_some() { "`amount.text`" } else { "quote" };
        let message = format!("the {what} of claim {} has {}{more}", &*claim.id, listed.join(", "));
        let message = format!("{message}, the record says {bound}");
        let fault = Fault::new(Code::L0413, path, message)
            .label("not in these words")
            .help("if it follows from the words otherwise, name these in words in `amount.text`");
        self.warn(entry, fault);
    }
}

impl Figures {
    fn of(text: &str) -> Self {
        let mut figures = Self::default();
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            let start = at;
            if chars[at].is_ascii_digit() {
                at = end_of_number(&chars, at);
                figures.number(&chars, start..at);
            } else if chars[at].is_alphabetic() {
                while at < chars.len() && chars[at].is_alphabetic() {
                    at += 1;
                }
                let word: String = chars[start..at].iter().collect();
                figures.word(&word.to_lowercase(), &chars, start);
            } else {
                at += 1;
            }
        }
        figures
    }

    fn word(&mut self, word: &str, chars: &[char], start: usize) {
        self.is_worded |= NUMBER_WORDS.contains(&word);
        let Some((_, scale)) = SCALES.iter().find(|(scale, _)| *scale == word) else { return };
        let before = chars[..start].iter().rev().find(|c| !c.is_whitespace());
        if before.is_some_and(char::is_ascii_digit) {
            if !self.scales.contains(scale) {
                self.scales.push(*scale);
            }
        } else if word.len() > 2 {
            // "A hundred" and what else a scale may be part of.
            self.is_worded = true;
        }
    }

    fn number(&mut self, chars: &[char], range: Range<usize>) {
        let text: String = chars[range.clone()].iter().collect();
        let before: String = chars[..range.start].iter().rev().take(12).rev().collect();
        let after: String = chars[range.end..].iter().take(12).collect();
        let touches = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() || c == '_');
        let last = before.chars().next_back();
        // A name such as KN-23, no range.
        let is_name = matches!(last, Some('-' | '‑')) && touches(before.chars().rev().nth(1));
        let is_glued = touches(last);
        let ordinal = ["st", "nd", "rd", "th"].iter().any(|end| after.starts_with(end));
        let is_time = after.starts_with(':') || before.ends_with(':');
        let of_month = |text: &str| {
            let text = text.to_lowercase();
            MONTHS.iter().any(|month| text.split_whitespace().any(|word| word.starts_with(month)))
        };
        let plain: Option<u32> = text.parse().ok();
        let is_day = plain.is_some_and(|n| n <= 31) && (of_month(&before) || of_month(&after));
        let is_year = text.len() == 4 && plain.is_some_and(|n| (1900..=2100).contains(&n));
        if is_name || ordinal || is_time {
            return;
        }
        let mut values = values(&text);
        if is_glued || is_day || is_year {
            self.doubtful.extend(values);
            return;
        }
        values.dedup();
        self.written.push((text, values));
    }

    /// The first bound that no figure explains.
    fn unexplained(&self, amount: &Amount<'_>) -> Option<(&'static str, String)> {
        if self.written.len() > ADDED_MAX {
            return None;
        }
        let bounds = [("amount.lo", &amount.lo), ("amount.hi", &amount.hi)];
        let value = |n: &serde_json::Number| n.as_f64();
        let [lo, hi] = bounds.map(|(_, bound)| bound.as_ref().and_then(value));
        let plain = self.written.iter().flat_map(|(_, values)| values).chain(&self.doubtful);
        let plain = plain.copied();
        let scaled = |n: f64| self.scales.iter().map(move |scale| n * scale);
        let mut known: Vec<f64> = plain.flat_map(|n| scaled(n).chain([n])).collect();
        // A range that was widened holds a figure of the words.
        if let (Some(lo), Some(hi)) = (lo, hi)
            && lo < hi
            && known.iter().any(|n| (lo..=hi).contains(n))
        {
            return None;
        }
        known.extend(combined(&known));
        // Words tell a loss or a frost by other means than a sign.
        let is_near = |n: f64, bound: f64| (n - bound.abs()).abs() <= 1.0 + 1e-9 * n;
        let is_known = |bound: f64| bound.abs() <= 1.0 || known.iter().any(|n| is_near(*n, bound));
        bounds.into_iter().find_map(|(path, bound)| {
            let bound = bound.as_ref()?;
            (!is_known(value(bound)?)).then(|| (path, bound.to_string()))
        })
    }
}

/// Sums of all subsets, differences and products of two.
fn combined(figures: &[f64]) -> Vec<f64> {
    let few = &figures[..figures.len().min(ADDED_MAX + 2)];
    let mut found: Vec<f64> = vec![0.0];
    for n in few {
        let with: Vec<f64> = found.iter().map(|sum| sum + n).collect();
        found.extend(with);
    }
    for (i, a) in few.iter().enumerate() {
        for b in &few[i + 1..] {
            found.extend([(a - b).abs(), a * b]);
        }
    }
    found
}

/// The end of the digits and separators that start at `at`.
fn end_of_number(chars: &[char], at: usize) -> usize {
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let mut end = at;
    loop {
        while digit(end) {
            end += 1;
        }
        let Some(&c) = chars.get(end) else { return end };
        let three = digit(end + 1) && digit(end + 2) && digit(end + 3) && !digit(end + 4);
        let goes_on = match c {
            ',' | '.' => digit(end + 1),
            ' ' | '\'' | '’' | '\u{A0}' | '\u{2009}' | '\u{202F}' => three && end - at <= 3,
            _ => false,
        };
        if !goes_on {
            return end;
        }
        end += 1;
    }
}

/// What a number as written may mean: its separators may be of thousands or of decimals.
fn values(text: &str) -> Vec<f64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let mut found: Vec<f64> = digits.parse().into_iter().collect();
    for point in ['.', ','] {
        if let Some((whole, part)) = text.rsplit_once(point) {
            let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
            found.extend(format!("{whole}.{part}").parse::<f64>());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::from_str;

    /// The bound that the words do not explain, or nothing.
    fn check(words: &str, amount: &str, expected: Option<&str>) {
        let amount: Amount<'_> = from_str(amount).expect("an amount");
        let figures = Figures::of(words);
        let found = match figures.written.is_empty() || figures.is_worded {
            true => None,
            false => figures.unexplained(&amount).map(|(_, bound)| bound),
        };
        assert_eq!(found.as_deref(), expected, "{words}: {figures:?}");
    }

    #[test]
    fn figures_that_the_words_give() {
        let of = |lo: i64, hi: i64| format!(r#"{{"lo": {lo}, "hi": {hi}, "unit": "truck"}}"#);
        check("60 trucks crossed", &of(60, 60), None);
        check("between 25,000–30,000 troops", &of(25_000, 30_000), None);
        check("25 000 bis 30.000 Mann", &of(25_000, 30_000), None);
        check("10-15 thousand troops", &of(10_000, 15_000), None);
        check("1.5 million shells", &of(1_500_000, 1_500_000), None);
        check("40 trucks and 20 vans", &of(60, 60), None);
        check("40 columns of 12 trucks", &of(480, 480), None);
        check("about 40 trucks", &of(36, 44), None);
        check("more than 40 trucks", &of(41, 100), Some("100"));
        check("up to 40 trucks", &of(0, 40), None);
        check("three trucks on 14 May 2024", &of(3, 3), None);
        check("trucks in 2024", &of(3, 3), None);
        check("KN-23 missiles", &of(5, 5), None);
        check("two convoys of 30 trucks", &of(60, 60), None);
        check("2000 soldiers with 300 trucks", &of(2000, 2000), None);
        check("2000 soldiers with 300 trucks", &of(1800, 2200), None);
        check("In May 25 trucks and 300 men", &of(25, 25), None);
        check("EUR60 for 40 trucks", &of(60, 60), None);
        check("frost of 15 degrees", &of(-15, -15), None);
        check("a loss of 12 to 15", &of(-15, -12), None);
    }

    #[test]
    fn figures_that_the_words_do_not_give() {
        let of = |lo: i64, hi: i64| format!(r#"{{"lo": {lo}, "hi": {hi}, "unit": "truck"}}"#);
        check("60 trucks crossed", &of(600, 600), Some("600"));
        check("60 trucks crossed", r#"{"hi": 16, "unit": "truck"}"#, Some("16"));
        check("11,000 troops in 2024", &of(110_000, 110_000), Some("110000"));
        check("25,000–30,000 troops", &of(2_500, 3_000), Some("2500"));
        check("the 30th brigade had 12 trucks", &of(30, 30), Some("30"));
        check("12 KN-23 missiles", &of(23, 23), Some("23"));
        check("2000 soldiers with 300 trucks", &of(30, 30), Some("30"));
        check("a loss of 12 to 15", &of(-150, -12), Some("-150"));
    }
}
