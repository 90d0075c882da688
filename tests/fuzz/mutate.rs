//! Damage: texts of programs with words, lines and characters put elsewhere, left out, replaced.

use std::iter::from_fn;

use arbtest::arbitrary::{Result, Unstructured};

use crate::corpus::PROGRAMS;

/// What the language knows, and some of what it does not.
pub(crate) const WORDS: [&str; 106] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    ".",
    ":",
    ":-",
    "<:",
    "->",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "!",
    "|",
    "$",
    "@",
    "_",
    "x",
    "p",
    "p(",
    "x,",
    "1",
    "0x1",
    "1.5",
    "1u",
    "\"a\"",
    "\"",
    "//",
    "//@",
    "/*",
    "*/",
    ".decl",
    ".type",
    ".input",
    ".plan",
    ".comp",
    ".init",
    ".include",
    "count",
    "sum",
    "max",
    ":",
    "as",
    "match",
    "true",
    "nil",
    "choice",
    "-",
    "domain",
    "eqrel",
    "ü",
    "§",
    "\\",
    "#",
    "#define",
    "?",
    "?-",
    "1.2.3.4",
    " ",
    "\n",
    "\r\n",
    "\u{feff}",
    "\u{2028}",
    "min",
    "mean",
    "range(",
    "cat(",
    "substr(",
    "to_number(",
    "strlen(",
    "contains(",
    "bshl",
    "bnot",
    "land",
    "x1",
    "a",
    "b",
    "number",
    "symbol",
    "float",
    "unsigned",
    "_x",
    "not",
    ".output",
    ".printsize",
    ".once",
    ".pragma",
    "say(",
    "assume",
    "false",
    "ord(",
    "hide",
    "0",
];

/// Values at the borders.
const VALUES: [&str; 20] = [
    "0",
    "1",
    "2",
    "-1",
    "3",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "64",
    "63",
    "0.0",
    "-0.0",
    "1.5",
    "1e308",
    "-1e308",
    "1e-308",
    "\"\"",
    "\"a\"",
    "\"-3\"",
    "\"é😀\"",
];

/// The text with one to four changes, most of which leave it well formed.
pub(crate) fn mutated(text: &str, u: &mut Unstructured<'_>) -> Result<String> {
    let mut words: Vec<String> = words(text).map(str::to_owned).collect();
    for _ in 0..u.int_in_range(1..=4)? {
        if words.is_empty() {
            break;
        }
        match u.int_in_range(0..=19)? {
            0..=7 => replace(&mut words, u)?,
            8..=10 => value(&mut words, u)?,
            11..=13 => lines(&mut words, u)?,
            14 | 15 => borrow_line(&mut words, u)?,
            16 => {
                let (at, length) = some(&words, 6, u)?;
                words.drain(at..at + length);
            }
            17 => {
                let (at, length) = some(&words, 12, u)?;
                let copy = words[at..at + length].to_vec();
                let to = u.choose_index(words.len())?;
                words.splice(to..to, copy);
            }
            18 => {
                let at = u.choose_index(words.len())?;
                words.insert(at, (*u.choose(&WORDS)?).to_owned());
            }
            _ => characters(&mut words, u)?,
        }
    }
    Ok(words.concat())
}

/// The words of a text, with the spaces between them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    from_fn(move || {
        let first = rest.chars().next()?;
        let end = match first {
            '"' => rest[1..].find('"').map_or(rest.len(), |at| at + 2),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if kind(first) == Kind::Mark => {
                let two = rest.get(..2).unwrap_or("");
                let joined = [":-", "!=", "<=", ">=", "<:"].contains(&two);
                if joined { 2 } else { first.len_utf8() }
            }
            _ => rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Number,
    Text,
    Space,
    Mark,
}

fn kind(c: char) -> Kind {
    match c {
        '"' => Kind::Text,
        '0'..='9' => Kind::Number,
        _ if c.is_alphanumeric() || c == '_' || c == '?' => Kind::Name,
        _ if c.is_whitespace() => Kind::Space,
        _ => Kind::Mark,
    }
}

fn kind_of(word: &str) -> Kind {
    word.chars().next().map_or(Kind::Space, kind)
}

/// Some words in a row.
fn some(words: &[String], most: usize, u: &mut Unstructured<'_>) -> Result<(usize, usize)> {
    let at = u.choose_index(words.len())?;
    Ok((at, u.int_in_range(1..=most)?.min(words.len() - at)))
}

/// A word becomes another one of its kind, mostly of the same text.
fn replace(words: &mut [String], u: &mut Unstructured<'_>) -> Result<()> {
    let at = u.choose_index(words.len())?;
    let wanted = kind_of(&words[at]);
    let foreign;
    let from: Vec<&str> = if u.ratio(4, 5)? {
        words.iter().map(String::as_str).collect()
    } else {
        foreign = u.choose(&PROGRAMS)?;
        self::words(foreign).collect()
    };
    let like: Vec<&str> = from.into_iter().filter(|word| kind_of(word) == wanted).collect();
    if !like.is_empty() {
        words[at] = (*u.choose(&like)?).to_owned();
    }
    Ok(())
}

/// A number or a text becomes a value at a border.
fn value(words: &mut [String], u: &mut Unstructured<'_>) -> Result<()> {
    let is_value = |word: &&mut String| matches!(kind_of(word), Kind::Number | Kind::Text);
    let mut values: Vec<&mut String> = words.iter_mut().filter(is_value).collect();
    if !values.is_empty() {
        let at = u.choose_index(values.len())?;
        *values[at] = (*u.choose(&VALUES)?).to_owned();
    }
    Ok(())
}

/// A line is left out, doubled, or put elsewhere.
fn lines(words: &mut Vec<String>, u: &mut Unstructured<'_>) -> Result<()> {
    let text = words.concat();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = u.choose_index(lines.len())?;
    let line = lines.remove(at);
    for _ in 0..u.int_in_range(0..=2)? {
        lines.insert(u.int_in_range(0..=lines.len())?, line);
    }
    *words = self::words(&lines.concat()).map(str::to_owned).collect();
    Ok(())
}

/// A line of another program comes in.
fn borrow_line(words: &mut Vec<String>, u: &mut Unstructured<'_>) -> Result<()> {
    let lines: Vec<&str> = u.choose(&PROGRAMS)?.split_inclusive('\n').collect();
    let line = *u.choose(&lines)?;
    let ends: Vec<usize> =
        (0..words.len()).filter(|&at| words[at].starts_with('\n')).map(|at| at + 1).collect();
    let at = if ends.is_empty() { 0 } else { *u.choose(&ends)? };
    words.splice(at..at, self::words(line).map(str::to_owned));
    Ok(())
}

/// A word loses its end, or a character comes into it.
fn characters(words: &mut [String], u: &mut Unstructured<'_>) -> Result<()> {
    let at = u.choose_index(words.len())?;
    let word = &mut words[at];
    let cut = word.floor_char_boundary(u.int_in_range(0..=word.len())?);
    if u.arbitrary()? {
        word.truncate(cut);
    } else {
        word.insert(cut, u.arbitrary()?);
    }
    Ok(())
}
