//! What may stand after `//@ expect` and `//@ snapshot`.

use std::ops::Range;

use crate::testing::scan::Part;
use crate::testing::table::Table;
use crate::text::codes::Code;

/// What must be so.
#[derive(Clone, Debug)]
pub enum Expect {
    /// There is an answer.
    Holds(Asked),
    /// There is none.
    Absent(Asked),
    /// There are so many tuples.
    Count(Asked, Compare, usize),
    /// These are the rows.
    Table(Asked, Table),
    /// The proof of the atom rests on these sources, or claims.
    Rests(Rest, Asked, AtLeast, Vec<String>),
    /// These sets of sources are enough for the atom.
    Supports(Asked, AtLeast, Vec<Vec<String>>),
    /// The proof of the atom has a step by a rule.
    Uses(String, Asked),
    /// What the case adds and takes away changes this.
    Changes(Change, Asked),
    /// Two claims are in conflict.
    Conflict(String, String),
    /// The case does not run, or warns.
    Message(Kind, Option<Code>, Option<String>),
}

/// A question: an atom, or several conditions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Where it stands.
    pub range: Range<usize>,
    /// Where `where` stands in it, which reads as a comma.
    pub condition: Option<usize>,
}

/// What a proof rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    /// Sources: who said first what it rests on.
    Sources,
    /// Claims.
    Claims,
}

/// Whether there may be more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtLeast {
    /// `=`
    Exactly,
    /// `>=`
    More,
}

/// A sign between numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    Most,
    /// `>`
    Greater,
    /// `>=`
    Least,
}

/// What happens to a tuple.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It has other values now.
    Changed,
    /// It was not there.
    Gained,
    /// It was there.
    Lost,
}

/// A kind of message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An error.
    Error,
    /// A warning.
    Warn,
}

/// What is kept in a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kept {
    /// All rows of relations, as facts.
    Relations(Vec<(String, Range<usize>)>),
    /// A proof.
    Why(Asked),
    /// Why an atom does not hold.
    Whynot(Asked),
    /// What the case changes.
    Diff,
    /// The messages.
    Check,
    /// How the rules of this name or relation are evaluated.
    Plan(String),
}

/// What is wrong with a directive: where, what, and what to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// Where.
    pub range: Range<usize>,
    /// What.
    pub message: String,
    /// What to write.
    pub help: String,
}

impl Wrong {
    fn new(part: Part<'_>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { range: part.range(), message: message.into(), help: help.into() }
    }
}

/// The forms, for messages.
pub const FORMS: &str = "ATOM, none ATOM, count ATOM = N, sources ATOM = {…}, claims ATOM = {…}, \
     supports ATOM = {{…}, …}, uses RULE why ATOM, changed ATOM, gained ATOM, lost ATOM, \
     conflict A B, error CODE \"text\", warn CODE; a table stands in /*@ expect ATOM … */";

impl Compare {
    fn of(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Equal,
            "!=" => Self::Unequal,
            "<" => Self::Less,
            "<=" => Self::Most,
            ">" => Self::Greater,
            ">=" => Self::Least,
            _ => return None,
        })
    }

    /// Whether it is so.
    #[must_use]
    pub fn holds(self, left: usize, right: usize) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => left < right,
            Self::Most => left <= right,
            Self::Greater => left > right,
            Self::Least => left >= right,
        }
    }
}

/// Reads what stands after `expect`.
///
/// # Errors
/// What is wrong with it.
pub fn expect(part: Part<'_>) -> Result<Expect, Wrong> {
    let (first, below) = part.line();
    if !part.text[below.clone()].trim().is_empty() {
        let asked = asked(first)?;
        return Ok(Expect::Table(asked, Table::read(part.text, below)?));
    }
    let (word, rest) = first.word();
    // A relation may have such a name: then a bracket follows directly.
    if rest.as_str().starts_with('(') && rest.start == word.end {
        return Ok(Expect::Holds(asked(first)?));
    }
    match word.as_str() {
        "none" | "not" => Ok(Expect::Absent(asked(rest)?)),
        "count" => count(rest),
        "sources" => rests(Rest::Sources, rest),
        "claims" => rests(Rest::Claims, rest),
        "supports" => supports(rest),
        "uses" => uses(rest),
        "changed" => Ok(Expect::Changes(Change::Changed, asked(rest)?)),
        "gained" => Ok(Expect::Changes(Change::Gained, asked(rest)?)),
        "lost" => Ok(Expect::Changes(Change::Lost, asked(rest)?)),
        "conflict" => conflict(rest),
        "error" => message(Kind::Error, rest),
        "warn" => message(Kind::Warn, rest),
        _ => Ok(Expect::Holds(asked(first)?)),
    }
}

/// A question, with an optional `where`.
fn asked(part: Part<'_>) -> Result<Asked, Wrong> {
    if part.is_empty() {
        let text = "what is expected is missing";
        return Err(Wrong::new(part, text, format!("an expectation is {FORMS}")));
    }
    let has_bracket = part.as_str().contains('(');
    let compares = part.comparison().is_some();
    if !has_bracket && !compares {
        let text = format!("`{}` is no atom", part.as_str());
        let help = format!("write an atom, as in p(\"a\", _); an expectation is {FORMS}");
        return Err(Wrong::new(part, text, help));
    }
    let condition = part.find_word("where").map(|at| part.start + at);
    Ok(Asked { range: part.range(), condition })
}

fn count(part: Part<'_>) -> Result<Expect, Wrong> {
    let help = "write //@ expect count p(_, \"a\") = 3, or < <= > >= != for =";
    let wrong = |what: Part<'_>, message: &str| Wrong::new(what, message, help);
    let (at, sign) = part.comparison().ok_or_else(|| wrong(part, "a count needs a number"))?;
    let compare = Compare::of(sign).ok_or_else(|| wrong(part, "a count needs a sign"))?;
    let number = part.from(at + sign.len());
    let n: usize =
        number.as_str().parse().map_err(|_| wrong(number, "a count is a number from 0"))?;
    Ok(Expect::Count(asked(part.before(at))?, compare, n))
}

/// An atom, a sign, and what stands in curly brackets.
fn with_set<'t>(part: Part<'t>, help: &str) -> Result<(Asked, AtLeast, Part<'t>), Wrong> {
    let wrong = |what: Part<'_>, message: &str| Wrong::new(what, message, help);
    let (at, sign) = part.comparison().ok_or_else(|| wrong(part, "`= {…}` is missing"))?;
    let at_least = match sign {
        "=" => AtLeast::Exactly,
        ">=" => AtLeast::More,
        _ => return Err(wrong(part.from(at), "a set is compared by = or >=")),
    };
    let set = part.from(at + sign.len());
    let inner = braces(set).ok_or_else(|| wrong(set, "a set stands in { }"))?;
    Ok((asked(part.before(at))?, at_least, inner))
}

/// What stands between curly brackets.
fn braces(part: Part<'_>) -> Option<Part<'_>> {
    let inner = part.as_str().strip_prefix('{')?.strip_suffix('}')?;
    Some(part.from(1).before(inner.trim_start().len()))
}

fn names(part: Part<'_>, help: &str) -> Result<Vec<String>, Wrong> {
    if part.is_empty() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for one in part.split() {
        match one.name() {
            Some((name, rest)) if rest.is_empty() => names.push(name),
            _ => return Err(Wrong::new(one, "one id is expected here", help)),
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn rests(what: Rest, part: Part<'_>) -> Result<Expect, Wrong> {
    let help = match what {
        Rest::Sources => "write //@ expect sources p(\"a\") = {cnn, \"un office\"}, or >= for more",
        Rest::Claims => "write //@ expect claims p(\"a\") = {c1, c2}, or >= for more",
    };
    let (asked, at_least, inner) = with_set(part, help)?;
    Ok(Expect::Rests(what, asked, at_least, names(inner, help)?))
}

fn supports(part: Part<'_>) -> Result<Expect, Wrong> {
    let help = "write //@ expect supports p(\"a\") = {{cnn, reuters}, {un}}, or >= for more";
    let (asked, at_least, inner) = with_set(part, help)?;
    let mut sets = Vec::new();
    for one in inner.split().into_iter().filter(|one| !one.is_empty()) {
        let set = braces(one)
            .ok_or_else(|| Wrong::new(one, "a set of sources stands in { } of its own", help))?;
        sets.push(names(set, help)?);
    }
    sets.sort();
    sets.dedup();
    Ok(Expect::Supports(asked, at_least, sets))
}

fn uses(part: Part<'_>) -> Result<Expect, Wrong> {
    let help = "write //@ expect uses \"totals.dl:total\" why total(\"r3\", _, _, _)";
    let (rule, rest) =
        part.name().ok_or_else(|| Wrong::new(part, "a rule is missing after `uses`", help))?;
    let (word, atom) = rest.word();
    if word.as_str() != "why" {
        return Err(Wrong::new(rest, "`why` and an atom are missing after the rule", help));
    }
    Ok(Expect::Uses(rule, asked(atom)?))
}

fn conflict(part: Part<'_>) -> Result<Expect, Wrong> {
    let help = "write //@ expect conflict c1 c2";
    let wrong = || Wrong::new(part, "two ids are needed after `conflict`", help);
    let (a, rest) = part.name().ok_or_else(wrong)?;
    let (b, rest) = rest.name().ok_or_else(wrong)?;
    if rest.is_empty() { Ok(Expect::Conflict(a, b)) } else { Err(wrong()) }
}

fn message(kind: Kind, part: Part<'_>) -> Result<Expect, Wrong> {
    let word = match kind {
        Kind::Error => "error H0104",
        Kind::Warn => "warn L0201",
    };
    let help = format!("write //@ expect {word}, or {word} \"words of the message\"");
    let wrong = |what: Part<'_>, message: &str| Wrong::new(what, message, help.as_str());
    let (mut code, mut rest) = (None, part);
    if !part.as_str().starts_with('"') {
        let (word, after) = part.word();
        code = Some(Code::parse(word.as_str()).ok_or_else(|| {
            let text = format!("there is no code `{}`", part.as_str());
            wrong(part, &text)
        })?);
        rest = after;
    }
    let mut text = None;
    if !rest.is_empty() {
        let (words, after) = rest.name().ok_or_else(|| wrong(rest, "a text is not closed"))?;
        if !after.is_empty() {
            return Err(wrong(after, "this is too much"));
        }
        text = Some(words);
    }
    Ok(Expect::Message(kind, code, text))
}

/// Reads what stands after `snapshot`.
///
/// # Errors
/// What is wrong with it.
pub fn kept(part: Part<'_>) -> Result<Kept, Wrong> {
    let help = "a snapshot keeps REL, REL …; why ATOM; whynot ATOM; diff; check; plan RULE";
    let (word, rest) = part.word();
    let alone = || {
        if rest.is_empty() { Ok(()) } else { Err(Wrong::new(rest, "this is too much", help)) }
    };
    let atom = || asked(rest).map_err(|wrong| Wrong { help: help.to_owned(), ..wrong });
    match word.as_str() {
        "why" => atom().map(Kept::Why),
        "whynot" => atom().map(Kept::Whynot),
        "diff" => alone().map(|()| Kept::Diff),
        "check" => alone().map(|()| Kept::Check),
        "plan" => match rest.name() {
            Some((rule, after)) if after.is_empty() => Ok(Kept::Plan(rule)),
            _ => Err(Wrong::new(rest, "a rule or a relation is missing after `plan`", help)),
        },
        _ => {
            let mut relations = Vec::new();
            for one in part.split() {
                let (name, after) = one.word();
                if name.is_empty() || !after.is_empty() {
                    let text = "the name of a relation is expected here";
                    return Err(Wrong::new(one, text, help));
                }
                relations.push((name.as_str().to_owned(), name.range()));
            }
            Ok(Kept::Relations(relations))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expect, Part, expect};

    fn read(text: &str) -> Result<Expect, String> {
        expect(Part::new(text, 0..text.len())).map_err(|wrong| {
            format!("{}: {} at {}", wrong.message, &text[wrong.range.clone()], wrong.range.start)
        })
    }

    #[test]
    fn forms_are_told_apart() {
        assert!(matches!(read("p(1)"), Ok(Expect::Holds(_))));
        assert!(matches!(read("count(1)"), Ok(Expect::Holds(_))));
        assert!(matches!(read("none p(1)"), Ok(Expect::Absent(_))));
        assert!(matches!(read("count p(x = 1, \"=\") >= 2"), Ok(Expect::Count(_, _, 2))));
        let Ok(Expect::Rests(_, _, _, names)) = read("sources p(\"a\") = { cnn, \"b c\" }") else {
            panic!("sources");
        };
        assert_eq!(names, ["b c", "cnn"]);
        let Ok(Expect::Supports(_, _, sets)) = read("supports p(1) >= {{b, a}, {c}}") else {
            panic!("supports");
        };
        assert_eq!(sets, [vec!["a", "b"], vec!["c"]]);
        assert!(
            matches!(read("supports p(1) = {}"), Ok(Expect::Supports(_, _, none)) if none.is_empty())
        );
        assert!(matches!(read("uses \"f.dl:r\" why p(1)"), Ok(Expect::Uses(..))));
        assert!(matches!(read("error H0104 \"expected\""), Ok(Expect::Message(..))));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let wrong = |text| read(text).map(|_| ()).unwrap_err();
        assert_eq!(wrong("count p(1) = x"), "a count is a number from 0: x at 13");
        assert_eq!(wrong("sources p(1) = {a b}"), "one id is expected here: a b at 16");
        assert_eq!(wrong("error H9999"), "there is no code `H9999`: H9999 at 6");
        assert_eq!(wrong("uses r p(1)"), "`why` and an atom are missing after the rule: p(1) at 7");
        assert_eq!(wrong("conflict a"), "two ids are needed after `conflict`: a at 9");
        assert_eq!(wrong("totl"), "`totl` is no atom: totl at 0");
        assert_eq!(wrong(""), "what is expected is missing:  at 0");
    }
}
