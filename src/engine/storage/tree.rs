//! [`Tree`]: the toy form. An ordered set with the round of each tuple; every answer is a walk over
//! all of it. It shows that nothing above the trait knows how tuples are kept.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::engine::kernels::select::narrow;
use crate::engine::limits::Limits;
use crate::engine::storage::form::{
    BATCH, CodeSet, Cursor, Full, Halt, Join, Matches, Only, Rows, Storage, View,
};
use crate::plan::sizes::Degrees;

/// When a tuple came.
#[derive(Clone, Copy, Debug)]
struct Birth {
    /// The round of its stratum.
    round: u32,
    /// How often the relation had rotated.
    turn: u32,
}

/// The toy form.
#[derive(Debug)]
pub struct Tree {
    arity: usize,
    tuples_max: usize,
    tuples: BTreeMap<Vec<u32>, Birth>,
    turn: u32,
}

impl Tree {
    /// No tuples of `arity` columns.
    #[must_use]
    pub fn new(arity: usize) -> Self {
        Self::with_room(arity, u32::MAX as usize - 1)
    }

    /// The same, full at `tuples_max` tuples.
    #[must_use]
    pub fn with_room(arity: usize, tuples_max: usize) -> Self {
        Self { arity, tuples_max, tuples: BTreeMap::new(), turn: 1 }
    }

    fn view(&self, view: View) -> impl Iterator<Item = &Vec<u32>> {
        let turn = self.turn;
        let meant = move |birth: &Birth| match view {
            View::Stable => birth.turn + 1 < turn,
            View::Delta => birth.turn + 1 == turn,
            View::All => birth.turn < turn,
            View::Before(round) => birth.turn < turn && birth.round < round,
        };
        self.tuples.iter().filter(move |(_, birth)| meant(birth)).map(|(tuple, _)| tuple)
    }
}

fn give(tuple: &[u32], want: &[usize], out: &mut Matches) {
    out.columns.resize_with(want.len(), Vec::new);
    for (column, &wanted) in out.columns.iter_mut().zip(want) {
        column.push(tuple[wanted]);
    }
    out.len += 1;
}

fn clear(out: &mut Matches) {
    out.len = 0;
    out.sources.clear();
    out.columns.iter_mut().for_each(Vec::clear);
}

fn fits(tuple: &[u32], join: &Join<'_>, row: usize) -> bool {
    join.bound.iter().zip(join.keys.columns).all(|(&column, keys)| tuple[column] == keys[row])
}

impl Storage for Tree {
    fn arity(&self) -> usize {
        self.arity
    }

    fn load(&mut self, rows: usize, columns: Vec<Vec<u32>>, limits: &Limits) -> Result<(), Halt> {
        limits.check()?;
        let slices: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        self.insert(Rows { len: rows, columns: &slices }, 0)?;
        self.turn += 1;
        Ok(())
    }

    fn insert(&mut self, rows: Rows<'_>, round: u32) -> Result<usize, Full> {
        let before = self.tuples.len();
        let birth = Birth { round, turn: self.turn };
        for row in 0..rows.len {
            let tuple = rows.columns.iter().map(|column| column[row]).collect();
            self.tuples.entry(tuple).or_insert(birth);
        }
        if self.tuples.len() > self.tuples_max {
            return Err(Full);
        }
        Ok(self.tuples.len() - before)
    }

    fn rotate(&mut self, limits: &Limits) -> Result<(), Halt> {
        limits.check()?;
        self.turn += 1;
        Ok(())
    }

    fn prepare(
        &mut self,
        _: &[usize],
        _: Option<(Only, &Arc<CodeSet>)>,
        limits: &Limits,
    ) -> Result<(), Halt> {
        Ok(limits.check()?)
    }

    fn seal(&mut self) {}

    fn forget(&mut self) {}

    fn scan(&self, view: View, want: &[usize], cursor: &mut Cursor, out: &mut Matches) {
        clear(out);
        out.columns.resize_with(want.len(), Vec::new);
        let left = cursor.until.map_or(BATCH, |place| place - cursor.row);
        for tuple in self.view(view).skip(cursor.row).take(left.min(BATCH)) {
            give(tuple, want, out);
        }
        cursor.row += out.len;
        cursor.done = out.len < BATCH || cursor.until == Some(cursor.row);
    }

    fn expand(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        clear(out);
        out.columns.resize_with(join.want.len(), Vec::new);
        while cursor.row < join.keys.len && out.len < BATCH {
            let all = self.view(join.view).filter(|tuple| fits(tuple, &join, cursor.row));
            let before = out.len;
            for tuple in all.skip(cursor.offset).take(BATCH - before) {
                give(tuple, join.want, out);
                out.sources.push(narrow(cursor.row));
            }
            if out.len < BATCH {
                cursor.row += 1;
                cursor.offset = 0;
            } else {
                cursor.offset += out.len - before;
            }
        }
        cursor.done = cursor.row >= join.keys.len;
    }

    fn matches(&self, join: Join<'_>, _: &mut Cursor, hits: &mut Vec<bool>) {
        hits.clear();
        let hit = |row| self.view(join.view).any(|tuple| fits(tuple, &join, row));
        hits.extend((0..join.keys.len).map(hit));
    }

    fn counts(&self, join: Join<'_>, _: &mut Cursor, counts: &mut Vec<u32>) {
        let count = |row| self.view(join.view).filter(|tuple| fits(tuple, &join, row)).count();
        counts.clear();
        counts.extend((0..join.keys.len).map(|row| narrow(count(row))));
    }

    fn each(
        &self,
        pattern: &[Option<u32>],
        view: View,
        visit: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
    ) {
        let fits = |tuple: &&Vec<u32>| {
            tuple.iter().zip(pattern).all(|(code, wanted)| wanted.is_none_or(|w| w == *code))
        };
        // A break ends the walk, and there is nothing after it.
        let _ = self.view(view).filter(fits).map(Vec::as_slice).try_for_each(visit);
    }

    fn round_of(&self, tuple: &[u32]) -> Option<u32> {
        self.tuples.get(tuple).map(|birth| birth.round)
    }

    fn len(&self, view: View) -> usize {
        self.view(view).count()
    }

    fn pending(&self) -> usize {
        self.tuples.values().filter(|birth| birth.turn == self.turn).count()
    }

    fn degrees(&self, columns: &[usize]) -> Degrees {
        let mut keys: Vec<Vec<u32>> = self
            .view(View::All)
            .map(|tuple| columns.iter().map(|&column| tuple[column]).collect())
            .collect();
        keys.sort_unstable();
        let runs = keys.chunk_by(|a, b| a == b).map(<[Vec<u32>]>::len);
        let squares: usize = runs.clone().map(|len| len * len).sum();
        Degrees { keys: runs.count().max(1), heavy: squares / keys.len().max(1) }
    }

    fn bytes(&self) -> usize {
        self.tuples.len() * (self.arity * size_of::<u32>() + size_of::<Birth>())
    }
}
