//! Dates as EDTF writes them: level 0, and of level 1 the marks `~ ? %`, unspecified digits `X`,
//! seasons 21 to 24 and open ends. A date becomes the days on which it can lie: approximate and
//! uncertain dates keep their bounds, since widening them is a policy of the rules. A time of day
//! is checked and dropped. Seasons are the northern ones, winter ending in the next year:
//! 2024-24 is December 2024 to February 2025.

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::Date;

/// First and last day, counted from 1970-01-01; nothing where the end is open.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Days {
    /// First day.
    pub from: Option<i64>,
    /// Last day.
    pub until: Option<i64>,
}

/// Why a text is not a date.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DateError {
    /// The bytes that are wrong.
    pub at: Range<usize>,
    /// What is wrong with the text, naming it.
    pub message: String,
    /// What is the matter at `at`.
    pub label: String,
}

/// The days of an EDTF text.
///
/// # Errors
/// If the text is no date, with the place where it stops being one.
pub fn parse(text: &str) -> Result<Days, DateError> {
    let Some(slash) = text.find('/') else {
        let mut reader = Reader { text, at: 0, end: text.len() };
        let (from, until) = reader.date()?;
        return Ok(Days { from: Some(from), until: Some(until) });
    };
    let first = end_of_period(text, 0..slash)?;
    let second = end_of_period(text, slash + 1..text.len())?;
    let days = Days { from: first.map(|(from, _)| from), until: second.map(|(_, until)| until) };
    match (first, second) {
        (None, None) => Err(error(text, 0..text.len(), "a period needs one end at least")),
        (Some((from, _)), Some((_, until))) if until < from => {
            let label = format!("{} comes after {}", iso(from), iso(until));
            let message = format!("`{text}` ends before it begins");
            Err(DateError { at: 0..text.len(), message, label })
        }
        _ => Ok(days),
    }
}

/// A day as `2025-06-30`.
#[must_use]
pub fn iso(day: i64) -> String {
    i32::try_from(day)
        .ok()
        .and_then(|day| Date::constant(1970, 1, 1).checked_add(day.days()).ok())
        .map_or_else(|| day.to_string(), |date| date.to_string())
}

/// A date, or nothing where the end is open.
fn end_of_period(text: &str, range: Range<usize>) -> Result<Option<(i64, i64)>, DateError> {
    match &text[range.clone()] {
        "" | ".." => Ok(None),
        _ => Reader { text, at: range.start, end: range.end }.date().map(Some),
    }
}

fn error(text: &str, at: Range<usize>, label: impl Into<String>) -> DateError {
    DateError { at, message: format!("`{text}` is not a date"), label: label.into() }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

/// A number some of whose digits are unspecified.
#[derive(Clone, Copy)]
struct Pattern<'a>(&'a [u8]);

impl Pattern<'_> {
    fn fits(self, n: i16) -> bool {
        let digits = format!("{n:00$}", self.0.len());
        digits.bytes().zip(self.0).all(|(digit, want)| *want == b'X' || *want == digit)
    }

    fn bound(self, unspecified: u8) -> i16 {
        let digit =
            |n: i16, d: &u8| n * 10 + i16::from(if *d == b'X' { unspecified } else { *d - b'0' });
        self.0.iter().fold(0, digit)
    }

    fn exact(self) -> Option<i16> {
        (!self.0.contains(&b'X')).then(|| self.bound(0))
    }
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, expected: &str) -> Result<T, DateError> {
        let rest = &self.text[self.at..self.end];
        let width = rest.chars().next().map_or(0, char::len_utf8);
        let found = rest.chars().next().map_or_else(|| "the end".to_owned(), |c| format!("`{c}`"));
        let label = format!("expected {expected}, found {found}");
        Err(error(self.text, self.at..self.at + width, label))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes()[self.at..self.end].first().copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn digits(&mut self, n: usize, what: &str) -> Result<Pattern<'a>, DateError> {
        let start = self.at;
        while self.at < start + n {
            match self.peek() {
                Some(b'0'..=b'9' | b'X') => self.at += 1,
                _ => return self.fail(what),
            }
        }
        Ok(Pattern(&self.text.as_bytes()[start..self.at]))
    }

    /// First and last day of a date that fills the rest.
    fn date(&mut self) -> Result<(i64, i64), DateError> {
        let start = self.at;
        let negative = self.eat(b'-');
        let year = self.digits(4, "a year of four digits")?;
        let sign = if negative { -1 } else { 1 };
        let mut years = (sign * year.bound(0), sign * year.bound(9));
        if negative {
            years = (years.1, years.0);
        }
        let days = if self.eat(b'-') { self.month(start, years)? } else { whole_years(years) };
        if matches!(self.peek(), Some(b'~' | b'?' | b'%')) {
            self.at += 1;
        }
        if self.at < self.end {
            return self.fail("the end of the date");
        }
        Ok(days)
    }

    fn month(&mut self, start: usize, years: (i16, i16)) -> Result<(i64, i64), DateError> {
        let at = self.at;
        let month = self.digits(2, "a month of two digits")?;
        if let Some(season @ 21..=24) = month.exact() {
            return Ok(season_days(years, season));
        }
        if !(1..=12).any(|m| month.fits(m)) {
            let found = error(self.text, at..self.at, "months are 01 to 12, seasons 21 to 24");
            let message =
                format!("`{}` is not a month of the calendar", &self.text[start..self.at]);
            return Err(DateError { message, ..found });
        }
        if !self.eat(b'-') {
            return self.bounds(start, years, month, Pattern(b"XX"));
        }
        let day = self.digits(2, "a day of two digits")?;
        let days = self.bounds(start, years, month, day)?;
        if self.eat(b'T') {
            self.time()?;
        }
        Ok(days)
    }

    /// First and last day of the calendar that fit.
    fn bounds(
        &self,
        start: usize,
        years: (i16, i16),
        month: Pattern<'_>,
        day: Pattern<'_>,
    ) -> Result<(i64, i64), DateError> {
        let plain = |day| Date::new(years.0, month.exact()?.try_into().ok()?, day).ok();
        if years.0 == years.1
            && let Some(first) = plain(1)
        {
            if day.0 == b"XX" {
                return Ok((number(first), number(first.last_of_month())));
            }
            let exact = day.exact().and_then(|day| plain(day.try_into().ok()?));
            if let Some(date) = exact {
                return Ok((number(date), number(date)));
            }
        }
        let days = |year: i16| {
            (1..=12).filter(move |m| month.fits(i16::from(*m))).flat_map(move |m| {
                (1..=31)
                    .filter(move |d| day.fits(i16::from(*d)))
                    .filter_map(move |d| Date::new(year, m, d).ok())
            })
        };
        let first = (years.0..=years.1).find_map(|year| days(year).next());
        let last = (years.0..=years.1).rev().find_map(|year| days(year).last());
        if let (Some(first), Some(last)) = (first, last) {
            return Ok((number(first), number(last)));
        }
        let written = start..self.at;
        let label = match month.exact().filter(|_| years.0 == years.1) {
            Some(month) => month_length(years.0, month),
            None => "no month of the calendar has this day".to_owned(),
        };
        let message = format!("`{}` is not a day of the calendar", &self.text[written.clone()]);
        Err(DateError { at: written, message, label })
    }

    /// `hh:mm`, `hh:mm:ss`, then nothing, `Z` or an offset.
    fn time(&mut self) -> Result<(), DateError> {
        self.part(24, "an hour of two digits")?;
        if !self.eat(b':') {
            return self.fail("`:` and the minutes");
        }
        self.part(60, "minutes of two digits")?;
        if self.eat(b':') {
            self.part(60, "seconds of two digits")?;
        }
        if self.eat(b'Z') || !(self.eat(b'+') || self.eat(b'-')) {
            return Ok(());
        }
        self.part(24, "an hour of two digits")?;
        if self.eat(b':') { self.part(60, "minutes of two digits") } else { Ok(()) }
    }

    fn part(&mut self, below: i16, what: &str) -> Result<(), DateError> {
        let at = self.at;
        match self.digits(2, what)?.exact() {
            Some(n) if n < below => Ok(()),
            _ => Err(error(self.text, at..self.at, format!("expected {what}, below {below}"))),
        }
    }
}

fn whole_years((first, last): (i16, i16)) -> (i64, i64) {
    let day = |year, month, day| {
        number(Date::new(year, month, day).expect("a year of four digits has January and December"))
    };
    (day(first, 1, 1), day(last, 12, 31))
}

fn season_days((first, last): (i16, i16), season: i16) -> (i64, i64) {
    let month = i8::try_from(3 * (season - 20)).expect("a season is 21 to 24");
    let from = Date::new(first, month, 1).expect("every month has a first day");
    let begin = Date::new(last, month, 1).expect("every month has a first day");
    // The winter of 9999 ends with the calendar.
    let until = begin.checked_add(2.months()).map_or(Date::MAX, Date::last_of_month);
    (number(from), number(until))
}

fn month_length(year: i16, month: i16) -> String {
    let date = i8::try_from(month).ok().and_then(|month| Date::new(year, month, 1).ok());
    let date = date.expect("the month is one of the calendar");
    format!("{} has {} days", date.strftime("%B %Y"), date.days_in_month())
}

/// Days since 1970-01-01.
fn number(date: Date) -> i64 {
    let since =
        date.since(Date::constant(1970, 1, 1)).expect("dates of the calendar have a distance");
    i64::from(since.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let show = |day: Option<i64>| day.map_or_else(|| "..".to_owned(), iso);
        let found = match parse(text) {
            Ok(days) => format!("{}/{}", show(days.from), show(days.until)),
            Err(e) => format!("{}: {} [{}]", e.message, e.label, &text[e.at]),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn dates_are_days() {
        check("2025", "2025-01-01/2025-12-31");
        check("2025-02", "2025-02-01/2025-02-28");
        check("2024-02", "2024-02-01/2024-02-29");
        check("2025-06-30", "2025-06-30/2025-06-30");
        check("2025-06-30T14:00Z", "2025-06-30/2025-06-30");
        check("2025-06-30T14:00:59+02:00", "2025-06-30/2025-06-30");
        check("1970-01-01/1970-01-02", "1970-01-01/1970-01-02");
        check("2025-06/..", "2025-06-01/..");
        check("../2025-07", "../2025-07-31");
        check("2025-06/", "2025-06-01/..");
        check("2025~", "2025-01-01/2025-12-31");
        check("2025-06?", "2025-06-01/2025-06-30");
        check("2025-06-03%/2025-06-04~", "2025-06-03/2025-06-04");
        check("202X", "2020-01-01/2029-12-31");
        check("20XX", "2000-01-01/2099-12-31");
        check("2025-XX", "2025-01-01/2025-12-31");
        check("2025-1X", "2025-10-01/2025-12-31");
        check("2025-02-XX", "2025-02-01/2025-02-28");
        check("2025-XX-XX", "2025-01-01/2025-12-31");
        check("2025-XX-31", "2025-01-31/2025-12-31");
        check("202X-02-29", "2020-02-29/2028-02-29");
        check("2025-21", "2025-03-01/2025-05-31");
        check("2025-22", "2025-06-01/2025-08-31");
        check("2025-23", "2025-09-01/2025-11-30");
        check("2023-24", "2023-12-01/2024-02-29");
        check("9999-24", "9999-12-01/9999-12-31");
        check("-0044-03-15", "-000044-03-15/-000044-03-15");
        check("0000", "0000-01-01/0000-12-31");
        check("XXXX", "0000-01-01/9999-12-31");
        assert_eq!(parse("1970-01-02").unwrap().from, Some(1));
        assert_eq!(parse("1969-12-31").unwrap().until, Some(-1));
    }

    #[test]
    fn errors_show_the_character() {
        check(
            "2025-06-31",
            "`2025-06-31` is not a day of the calendar: June 2025 has 30 days [2025-06-31]",
        );
        check(
            "2025-02-29",
            "`2025-02-29` is not a day of the calendar: February 2025 has 28 days [2025-02-29]",
        );
        check(
            "2025-06-01/2025-06-31",
            "`2025-06-31` is not a day of the calendar: June 2025 has 30 days [2025-06-31]",
        );
        check(
            "2025-06-00",
            "`2025-06-00` is not a day of the calendar: June 2025 has 30 days [2025-06-00]",
        );
        check(
            "2025-02-3X",
            "`2025-02-3X` is not a day of the calendar: February 2025 has 28 days [2025-02-3X]",
        );
        check(
            "2025-13",
            "`2025-13` is not a month of the calendar: months are 01 to 12, seasons 21 to 24 [13]",
        );
        check(
            "2025-00-01",
            "`2025-00` is not a month of the calendar: months are 01 to 12, seasons 21 to 24 [00]",
        );
        check(
            "2025-6-1",
            "`2025-6-1` is not a date: expected a month of two digits, found `-` [-]",
        );
        check(
            "June 2025",
            "`June 2025` is not a date: expected a year of four digits, found `J` [J]",
        );
        check(
            "2025-06-3é",
            "`2025-06-3é` is not a date: expected a day of two digits, found `é` [é]",
        );
        check("25", "`25` is not a date: expected a year of four digits, found the end []");
        check("", "`` is not a date: expected a year of four digits, found the end []");
        check("20250630", "`20250630` is not a date: expected the end of the date, found `0` [0]");
        check(
            "2025/06/30",
            "`2025/06/30` is not a date: expected a year of four digits, found `/` [/]",
        );
        check("../..", "`../..` is not a date: a period needs one end at least [../..]");
        check("..", "`..` is not a date: expected a year of four digits, found `.` [.]");
        check(
            "2025-07/2025-06",
            "`2025-07/2025-06` ends before it begins: \
             2025-07-01 comes after 2025-06-30 [2025-07/2025-06]",
        );
        check(
            "2025-06-30T25:00",
            "`2025-06-30T25:00` is not a date: expected an hour of two digits, below 24 [25]",
        );
        check(
            "2025-06-30T14",
            "`2025-06-30T14` is not a date: expected `:` and the minutes, found the end []",
        );
    }
    #[test]
    fn no_text_is_too_strange() {
        arbtest::arbtest(|u| {
            let letters =
                ['0', '1', '2', '3', '9', 'X', '-', '/', '.', '~', 'T', ':', 'Z', '+', 'é'];
            let mut text = String::new();
            for _ in 0..u.arbitrary_len::<u8>()?.min(24) {
                text.push(*u.choose(&letters)?);
            }
            match parse(&text) {
                Ok(Days { from: Some(from), until: Some(until) }) => {
                    assert!(from <= until, "{text}")
                }
                Ok(days) => assert!(days.from.is_some() || days.until.is_some(), "{text}"),
                Err(error) => assert!(text.get(error.at).is_some(), "{text}"),
            }
            Ok(())
        });
    }
}
