//! The values of aggregates in many scenarios: over all rows where all hold, and over those that
//! hold in each scenario that lacks some.

use std::collections::BTreeMap;
use std::iter::from_fn;

use crate::base::hash::Map;
use crate::program::builtins::Builtins;
use crate::program::program::Aggregate;
use crate::provenance::lane_rules::Solved;
use crate::provenance::lanes::{LANES, Word};
use crate::provenance::numbered::narrow;
use crate::syntax::ast::AggregateKind;
use crate::value::base_type::BaseType;
use crate::value::codes::Codes;
use crate::value::value::Value;

/// Rows of groups: the group, then the value if there is one, then the witnesses.
pub(crate) struct GroupRows<'r> {
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) rows: &'r Solved,
    pub(crate) value_base: Option<BaseType>,
}

/// The value of each group in each scenario: the group, the value, the witnesses; nothing if an
/// operation has no value. A group that has no value in a scenario is not there.
pub(crate) fn fold(
    aggregate: &Aggregate,
    groups: &GroupRows<'_>,
    with: (&Builtins, &Codes),
    all: Word,
) -> Option<Solved> {
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); groups.count];
    for (row, &group) in groups.rows.columns[0].iter().enumerate() {
        rows_of[group as usize - groups.first].push(row);
    }
    let witnesses = aggregate.witnesses.len();
    let mut out = Solved { columns: vec![Vec::new(); 2 + witnesses], lanes: Vec::new() };
    for (at, rows) in rows_of.iter().enumerate() {
        let group = Group { aggregate, groups, rows, with };
        for (ways, lanes) in group.by_scenario(all)? {
            for way in ways {
                out.columns[0].push(narrow(groups.first + at));
                out.columns[1..].iter_mut().zip(way).for_each(|(column, code)| column.push(code));
                out.lanes.push(lanes);
            }
        }
    }
    Some(out)
}

struct Group<'g> {
    aggregate: &'g Aggregate,
    groups: &'g GroupRows<'g>,
    rows: &'g [usize],
    with: (&'g Builtins, &'g Codes),
}

/// A value and its witnesses, once for each choice of them.
type Ways = Vec<Vec<u32>>;

impl Group<'_> {
    /// Distinct outcomes and where they hold.
    fn by_scenario(&self, all: Word) -> Option<Vec<(Ways, Word)>> {
        let at = &self.groups.rows.lanes;
        let changed = self.rows.iter().fold(0, |changed, &row| changed | (all & !at[row]));
        let mut outcomes: BTreeMap<Ways, Word> = BTreeMap::new();
        if changed != all {
            let ways = self.outcome(&mut self.rows.iter().copied())?;
            *outcomes.entry(ways).or_default() |= all & !changed;
        }
        if let Some(sums) = self.sums(changed) {
            for (lane, sum) in sums {
                let ways = vec![vec![self.with.1.encode(sum?)]];
                *outcomes.entry(ways).or_default() |= 1 << lane;
            }
        } else {
            for lane in lanes_of(changed) {
                let mut rows = self.rows.iter().copied().filter(|&row| at[row] >> lane & 1 == 1);
                let ways = self.outcome(&mut rows)?;
                *outcomes.entry(ways).or_default() |= 1 << lane;
            }
        }
        Some(outcomes.into_iter().collect())
    }

    /// Counts and sums of integers where rows are missing: what is missing is taken off. Nothing
    /// for other aggregates.
    fn sums(&self, changed: Word) -> Option<Vec<(u32, Option<Value>)>> {
        let is_sum = match self.aggregate.kind {
            AggregateKind::Count => true,
            AggregateKind::Sum => self.aggregate.base != BaseType::Float,
            AggregateKind::Min | AggregateKind::Max | AggregateKind::Mean => false,
        };
        if !is_sum {
            return None;
        }
        let (mut total, mut missing) = (0_i128, [0_i128; LANES]);
        for &row in self.rows {
            let part = match self.value(row) {
                None => 1,
                Some(Value::Number(n)) => i128::from(n),
                Some(Value::Unsigned(n)) => i128::from(n),
                Some(Value::Float(_) | Value::Symbol(_)) => 0,
            };
            total += part;
            for lane in lanes_of(changed & !self.groups.rows.lanes[row]) {
                missing[lane as usize] += part;
            }
        }
        let value = |lane: u32| {
            let sum = total - missing[lane as usize];
            match self.aggregate.base {
                BaseType::Unsigned => u64::try_from(sum).ok().map(Value::Unsigned),
                _ => i64::try_from(sum).ok().map(Value::Number),
            }
        };
        Some(lanes_of(changed).map(|lane| (lane, value(lane))).collect())
    }

    fn value(&self, row: usize) -> Option<Value> {
        let base = self.groups.value_base?;
        Some(self.with.1.decode(base, self.groups.rows.columns[1][row]))
    }

    /// The value over some rows, with each choice of witnesses; empty if there is none.
    fn outcome(&self, rows: &mut dyn Iterator<Item = usize>) -> Option<Ways> {
        let (builtins, codes) = self.with;
        let rows: Vec<usize> = rows.collect();
        let value = |row: &usize| self.value(*row).unwrap_or(Value::Number(1));
        let Aggregate { kind, base, witnesses, .. } = self.aggregate;
        let mut values = rows.iter().map(value);
        let Some(result) = builtins.aggregate(*kind, *base, &mut values).ok()? else {
            return Some(Vec::new());
        };
        let code = codes.encode(result);
        if witnesses.is_empty() {
            return Some(vec![vec![code]]);
        }
        let columns = &self.groups.rows.columns[2..];
        let best = rows.iter().filter(|row| value(row) == result);
        let mut ways: Map<Vec<u32>, ()> = Map::default();
        for &row in best {
            let choice = columns.iter().map(|column| column[row]);
            ways.insert([code].into_iter().chain(choice).collect(), ());
        }
        let mut ways: Ways = ways.into_keys().collect();
        ways.sort_unstable();
        Some(ways)
    }
}

/// The scenarios of a word.
pub(crate) fn lanes_of(mut word: Word) -> impl Iterator<Item = u32> {
    from_fn(move || {
        let lane = word.trailing_zeros();
        word &= word.wrapping_sub(1);
        (lane < Word::BITS).then_some(lane)
    })
}
