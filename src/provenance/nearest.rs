//! Stored tuples and values that are nearest to what was asked for and is not there.

use std::cell::RefCell;
use std::ops::ControlFlow;

use crate::base::hash::Map;
use crate::base::ids::RelationId;
use crate::base::nearest::nearest;
use crate::engine::tables::Tables;
use crate::program::program::Program;
use crate::provenance::check::Given;
use crate::provenance::near::Asked;
use crate::value::symbols::Symbol;
use crate::value::value::{Tuple, Value, cmp_tuples};

/// A stored tuple beside the one that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NearRow {
    /// The tuple.
    pub tuple: Tuple,
    /// Columns in which it has another value.
    pub differs: Vec<usize>,
}

/// A value that its column does not have anywhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// The column.
    pub column: usize,
    /// The value.
    pub value: Value,
    /// Whether the text stands in some other place, or has a label.
    pub is_known: bool,
    /// Texts of the column that are spelt nearly alike, nearest first.
    pub near: Vec<String>,
}

/// Larger relations are not looked through.
const LOOKED_AT: usize = 100_000;
/// Tuples that are named.
const ROWS_MAX: usize = 2;

/// Finished tables.
pub(crate) struct Nearest<'a> {
    given: Given<'a>,
    known: RefCell<Map<Symbol, bool>>,
}

impl<'a> Nearest<'a> {
    pub(crate) fn new(given: Given<'a>) -> Self {
        Self { given, known: RefCell::default() }
    }

    /// The stored tuples that have the most of the values asked for, and one at least: with the
    /// same values as far to the left as can be, and then others that are spelt most alike.
    pub(crate) fn rows(&self, asked: &Asked) -> Vec<NearRow> {
        let wanted: Vec<(usize, Value)> =
            asked.pattern.iter().enumerate().filter_map(|(at, v)| Some((at, (*v)?))).collect();
        if self.given.tables.len(asked.relation) > LOOKED_AT || wanted.len() < 2 {
            return Vec::new();
        }
        let mut found: Vec<(usize, usize, Tuple)> = Vec::new();
        let mut fewest = wanted.len() - 1;
        let any = vec![None; asked.pattern.len()];
        self.given.tables.select(asked.relation, &any, &mut |tuple| {
            let differs = || wanted.iter().filter(|(at, value)| tuple[*at] != *value);
            let count = differs().count();
            if count <= fewest {
                if count < fewest {
                    found.clear();
                }
                fewest = count;
                let apart = differs().map(|(at, value)| self.apart(tuple[*at], *value)).sum();
                found.push((count, apart, tuple.into()));
            }
            ControlFlow::Continue(())
        });
        let symbols = &self.given.program.symbols;
        let differs = |tuple: &Tuple| -> Vec<usize> {
            let other = |&&(at, value): &&(usize, Value)| tuple[at] != value;
            wanted.iter().filter(other).map(|(at, _)| *at).collect()
        };
        // What differs far to the right comes first.
        found.sort_by(|a, b| {
            let by_columns = differs(&b.2).cmp(&differs(&a.2));
            by_columns.then(a.1.cmp(&b.1)).then_with(|| cmp_tuples(&a.2, &b.2, symbols))
        });
        let mut rows: Vec<NearRow> = Vec::new();
        for (_, _, tuple) in found.into_iter().take(ROWS_MAX) {
            let differs = differs(&tuple);
            if rows.first().is_none_or(|first| first.differs == differs) {
                rows.push(NearRow { tuple, differs });
            }
        }
        rows
    }

    /// How far two values are apart, roughly: by spelling, or by size.
    fn apart(&self, a: Value, b: Value) -> usize {
        let symbols = &self.given.program.symbols;
        match (a, b) {
            (Value::Symbol(a), Value::Symbol(b)) => {
                let (a, b) = unlike(symbols.text(a), symbols.text(b));
                strsim::damerau_levenshtein(a, b)
            }
            (Value::Number(a), Value::Number(b)) => {
                usize::try_from(a.abs_diff(b)).unwrap_or(usize::MAX / 64)
            }
            (Value::Unsigned(a), Value::Unsigned(b)) => {
                usize::try_from(a.abs_diff(b)).unwrap_or(usize::MAX / 64)
            }
            _ => 1,
        }
        .min(usize::MAX / 64)
    }

    /// The values asked for that their columns do not have, with what is spelt nearly alike there.
    pub(crate) fn unknown(&self, asked: &Asked) -> Vec<Unknown> {
        let columns = asked.pattern.iter().enumerate();
        let wanted = columns.filter_map(|(column, value)| Some((column, (*value)?)));
        wanted
            .filter(|&(column, value)| !self.has(asked, column, value))
            .map(|(column, value)| {
                // Only texts are misspelt.
                let is_known = !matches!(value, Value::Symbol(s) if !self.is_known(s));
                let spelt = || self.spelt(asked.relation, column, value);
                let near = if is_known { Vec::new() } else { spelt() };
                Unknown { column, value, is_known, near }
            })
            .collect()
    }

    fn has(&self, asked: &Asked, column: usize, value: Value) -> bool {
        let mut pattern = vec![None; asked.pattern.len()];
        pattern[column] = Some(value);
        let mut found = false;
        self.given.tables.select(asked.relation, &pattern, &mut |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    }

    /// Whether a text has a label or stands in some tuple: then it is not misspelt.
    fn is_known(&self, symbol: Symbol) -> bool {
        if let Some(known) = self.known.borrow().get(&symbol) {
            return *known;
        }
        let Given { program, tables, leaves } = self.given;
        let has_label = leaves.labels.contains_key(program.symbols.text(symbol));
        let found = has_label || occurs(program, tables, symbol);
        self.known.borrow_mut().insert(symbol, found);
        found
    }

    /// Texts of a column that are spelt nearly as `value`.
    pub(crate) fn spelt(&self, relation: RelationId, column: usize, value: Value) -> Vec<String> {
        let Value::Symbol(wanted) = value else { return Vec::new() };
        let symbols = &self.given.program.symbols;
        let mut texts: Vec<&str> = Vec::new();
        let mut seen = 0;
        let any = vec![None; self.given.program.relations[relation].columns.len()];
        self.given.tables.select(relation, &any, &mut |tuple| {
            if let Value::Symbol(symbol) = tuple[column] {
                texts.push(symbols.text(symbol));
            }
            seen += 1;
            if seen < LOOKED_AT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        texts.sort_unstable();
        texts.dedup();
        nearest(symbols.text(wanted), texts).into_iter().map(str::to_owned).collect()
    }
}

/// Two texts without what both begin with and what both end with, which costs no edit.
fn unlike<'t>(a: &'t str, b: &'t str) -> (&'t str, &'t str) {
    let same = |(x, y): &(char, char)| x == y;
    let start: usize = a.chars().zip(b.chars()).take_while(same).map(|(x, _)| x.len_utf8()).sum();
    let (a, b) = (&a[start..], &b[start..]);
    let end: usize =
        a.chars().rev().zip(b.chars().rev()).take_while(same).map(|(x, _)| x.len_utf8()).sum();
    (&a[..a.len() - end], &b[..b.len() - end])
}

/// Whether a text stands in some tuple, as far as they are looked through.
pub fn occurs(program: &Program, tables: &dyn Tables, symbol: Symbol) -> bool {
    let mut found = false;
    let mut left = LOOKED_AT;
    for (id, relation) in program.relations.entries() {
        if found || left == 0 {
            break;
        }
        tables.select(id, &vec![None; relation.columns.len()], &mut |tuple| {
            found = tuple.contains(&Value::Symbol(symbol));
            left = left.saturating_sub(1);
            if found || left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_texts_have_at_an_end_does_not_count() {
        let texts =
            ["", "a", "aa", "aba", "ab", "ba", "kaesong", "kasong", "kaesogn", "é", "è", "éa"];
        for (a, b) in texts.iter().flat_map(|a| texts.iter().map(move |b| (*a, *b))) {
            let (short_a, short_b) = unlike(a, b);
            let whole = strsim::damerau_levenshtein(a, b);
            assert_eq!(strsim::damerau_levenshtein(short_a, short_b), whole, "{a} {b}");
        }
        assert_eq!(unlike("north_korea", "north_koera"), ("re", "er"));
    }
}
