//! [`Ids`]: a log of tuples, row after row, whose position is the tuple's id; a table of ids for
//! membership; postings for joins. Tuples of a round stand together, so a view is a range of ids
//! and rounds cost nothing per tuple.

use std::mem::take;
use std::ops::{ControlFlow, Range};
use std::slice;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::engine::kernels::hash;
use crate::engine::kernels::memory::{Region, prefetch};
use crate::engine::kernels::select::narrow;
use crate::engine::limits::{Limits, Stop};
use crate::engine::storage::buckets::{Buckets, Writer};
use crate::engine::storage::form::{
    BATCH, CodeSet, Cursor, Full, Halt, Join, Matches, Only, Outbox, Rows, Storage, View,
};
use crate::engine::storage::postings::{Log, Postings};
use crate::engine::storage::shards::Shards;
use crate::engine::storage::sort::sort_distinct;
use crate::engine::workers::share;
use crate::plan::sizes::Degrees;

/// How far ahead the lines of the table, and of the tuples they name, are asked for.
const AHEAD_LINES: usize = 32;
const AHEAD_ROWS: usize = 16;

/// Tuples a relation can have: ids are 32 bits, two are left over.
const TUPLES_MAX: usize = u32::MAX as usize - 1;

/// Rows looked at to guess how many distinct keys there are.
const SAMPLE: usize = 1024;

/// So often must tuples of a sample share a key for that to be counted.
const SHARED_MIN: usize = 32;

/// The general form.
#[derive(Debug)]
pub struct Ids {
    arity: usize,
    tuples_max: usize,
    words: Region<u32>,
    rows: usize,
    /// Rounds that added tuples, with the id of the first.
    rounds: Vec<(u32, u32)>,
    /// Tuples before this are stable.
    stable: usize,
    /// Tuples before this can be seen.
    seen: usize,
    /// Made at the first insertion or the first question, dropped by `seal`.
    table: OnceLock<Buckets>,
    /// Instead of the table, once several workers have added tuples; dropped by `seal`.
    shards: Shards,
    /// With what they leave out.
    postings: Vec<(Postings, Option<Only>)>,
    /// Postings made by questions.
    asked: RwLock<Vec<Arc<Postings>>>,
    hashes: Vec<u64>,
}

/// Keys that are compared with the log and written to it.
trait Key: Copy {
    fn equals(self, words: &[u32], id: u32, i: usize) -> bool;
    fn write(self, words: &mut [u32], row: usize, i: usize);
    fn prefetch(self, words: &[u32], id: u32);
}

#[derive(Clone, Copy)]
struct Fixed<'a, const N: usize>([&'a [u32]; N]);

impl<const N: usize> Key for Fixed<'_, N> {
    #[inline]
    fn equals(self, words: &[u32], id: u32, i: usize) -> bool {
        let at = id as usize * N;
        let row = &words[at..at + N];
        (0..N).all(|c| row[c] == self.0[c][i])
    }
    #[inline]
    fn write(self, words: &mut [u32], row: usize, i: usize) {
        let to = &mut words[row * N..row * N + N];
        for (to, column) in to.iter_mut().zip(self.0) {
            *to = column[i];
        }
    }
    #[inline]
    fn prefetch(self, words: &[u32], id: u32) {
        prefetch(words, id as usize * N);
    }
}

#[derive(Clone, Copy)]
struct Any<'a>(&'a [&'a [u32]]);

impl Key for Any<'_> {
    #[inline]
    fn equals(self, words: &[u32], id: u32, i: usize) -> bool {
        let at = id as usize * self.0.len();
        words[at..at + self.0.len()].iter().zip(self.0).all(|(&code, column)| code == column[i])
    }
    #[inline]
    fn write(self, words: &mut [u32], row: usize, i: usize) {
        let to = &mut words[row * self.0.len()..][..self.0.len()];
        for (to, column) in to.iter_mut().zip(self.0) {
            *to = column[i];
        }
    }
    #[inline]
    fn prefetch(self, words: &[u32], id: u32) {
        prefetch(words, id as usize * self.0.len());
    }
}

/// Finds or adds every key; returns the number of tuples then.
fn insert_keys<K: Key>(
    mut table: Writer<'_>,
    words: &mut [u32],
    mut rows: usize,
    key: K,
    hashes: &[u64],
) -> usize {
    for (i, &hash) in hashes.iter().enumerate() {
        if let Some(&next) = hashes.get(i + AHEAD_LINES) {
            table.prefetch(next);
        }
        if let Some(&next) = hashes.get(i + AHEAD_ROWS)
            && let Some(id) = table.guess(next)
        {
            key.prefetch(words, id);
        }
        if table.find(hash, |id| key.equals(words, id, i)).is_none() {
            key.write(words, rows, i);
            table.add(hash, narrow(rows));
            rows += 1;
        }
    }
    rows
}

fn find_keys<K: Key>(
    table: &Buckets,
    words: &[u32],
    key: K,
    hashes: &[u64],
    mut found: impl FnMut(Option<u32>),
) {
    let table = table.reader();
    for (i, &hash) in hashes.iter().enumerate() {
        if let Some(&next) = hashes.get(i + AHEAD_LINES) {
            table.prefetch(next);
        }
        if let Some(&next) = hashes.get(i + AHEAD_ROWS)
            && let Some(id) = table.guess(next)
        {
            key.prefetch(words, id);
        }
        found(table.find(hash, |id| key.equals(words, id, i)));
    }
}

/// Whether no code occurs twice; false if the codes are too far apart to be looked up in bits.
fn are_distinct(codes: &[u32]) -> bool {
    let greatest = codes.iter().max().map_or(0, |&code| code as usize);
    if greatest / 64 > codes.len() + 1024 {
        return false;
    }
    let mut seen = vec![0_u64; greatest / 64 + 1];
    codes.iter().all(|&code| {
        let (word, bit) = (&mut seen[code as usize / 64], 1 << (code % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    })
}

impl Ids {
    /// No tuples of `arity` columns.
    #[must_use]
    pub fn new(arity: usize) -> Self {
        Self::with_room(arity, TUPLES_MAX)
    }

    /// The same, full at `tuples_max` tuples.
    #[must_use]
    pub fn with_room(arity: usize, tuples_max: usize) -> Self {
        Self {
            arity,
            tuples_max,
            words: Region::default(),
            rows: 0,
            rounds: Vec::new(),
            stable: 0,
            seen: 0,
            table: OnceLock::new(),
            shards: Shards::default(),
            postings: Vec::new(),
            asked: RwLock::default(),
            hashes: Vec::new(),
        }
    }

    /// All tuples, those that cannot be seen yet included.
    #[must_use]
    #[inline]
    pub fn count(&self) -> usize {
        self.rows
    }

    /// The codes of all tuples, row after row.
    #[must_use]
    #[inline]
    pub fn codes(&self) -> &[u32] {
        &self.words[..self.rows * self.arity]
    }

    /// The tuples in parts of one round and one view: from, to, the round, and how many views end
    /// there.
    #[must_use]
    pub fn parts(&self) -> Vec<(usize, usize, u32, usize)> {
        let mut cuts: Vec<usize> = self.rounds.iter().map(|&(_, first)| first as usize).collect();
        cuts.extend([0, self.stable, self.seen, self.rows]);
        cuts.sort_unstable();
        cuts.dedup();
        let ends = |at| usize::from(at == self.stable) + usize::from(at == self.seen);
        let part = |(from, to): (usize, usize)| {
            let after = self.rounds.partition_point(|&(_, first)| first as usize <= from);
            let round = after.checked_sub(1).map_or(0, |i| self.rounds[i].0);
            (from, to, round, ends(to))
        };
        // Views may end before the first tuple.
        let nothing = (0, 0, 0, usize::from(self.stable == 0) + usize::from(self.seen == 0));
        let parts = cuts.iter().copied().zip(cuts.iter().copied().skip(1)).map(part);
        [nothing].into_iter().chain(parts).collect()
    }

    #[inline]
    fn log(&self) -> Log<'_> {
        Log { words: &self.words, arity: self.arity }
    }

    #[inline]
    fn row(&self, id: usize) -> &[u32] {
        &self.words[id * self.arity..][..self.arity]
    }

    #[inline]
    fn range(&self, view: View) -> Range<usize> {
        match view {
            View::Stable => 0..self.stable,
            View::Delta => self.stable..self.seen,
            View::All => 0..self.seen,
            View::Before(round) => {
                let later = self.rounds.partition_point(|&(r, _)| r < round);
                let end = self.rounds.get(later).map_or(self.rows, |&(_, first)| first as usize);
                0..end.min(self.seen)
            }
        }
    }

    /// A table of all tuples, with room for `more`.
    fn build_table(&self, more: usize) -> Buckets {
        let mut table = Buckets::with_room((self.rows + more).max(self.rows * 2));
        let mut hashes = Vec::new();
        let mut writer = table.writer();
        let arity = self.arity.max(1);
        for (part, rows) in self.words[..self.rows * self.arity].chunks(BATCH * arity).enumerate() {
            hashes.clear();
            hashes.extend(rows.chunks_exact(arity).map(hash::row));
            for (i, &hash) in hashes.iter().enumerate() {
                if let Some(&next) = hashes.get(i + AHEAD_LINES) {
                    writer.prefetch(next);
                }
                writer.add(hash, narrow(part * BATCH + i));
            }
        }
        table
    }

    #[inline]
    fn table(&self) -> &Buckets {
        self.table.get_or_init(|| self.build_table(0))
    }

    #[inline]
    fn mark(&mut self, round: u32, before: usize) {
        if self.rows > before && self.rounds.last().is_none_or(|&(last, _)| last < round) {
            self.rounds.push((round, narrow(before)));
        }
    }

    fn insert_unit(&mut self, rows: Rows<'_>, round: u32) -> usize {
        let before = self.rows;
        self.rows = self.rows.max(usize::from(rows.len > 0));
        self.mark(round, before);
        self.rows - before
    }

    /// Calls `found` with the id of each row, if it has one.
    #[inline]
    fn find(&self, rows: Rows<'_>, mut found: impl FnMut(Option<u32>)) {
        if self.arity == 0 {
            (0..rows.len).for_each(|_| found((self.rows > 0).then_some(0)));
            return;
        }
        if !self.shards.is_empty() {
            let mut ids = vec![None; rows.len];
            self.shards.find(self.log(), self.rows, rows, |i, id| ids[i] = Some(id));
            ids.into_iter().for_each(found);
            return;
        }
        let mut hashes = Vec::new();
        hash::rows(rows.columns, rows.len, &mut hashes);
        let (table, words): (_, &[u32]) = (self.table(), &self.words);
        match *rows.columns {
            [a] => find_keys(table, words, Fixed([a]), &hashes, found),
            [a, b] => find_keys(table, words, Fixed([a, b]), &hashes, found),
            _ => find_keys(table, words, Any(rows.columns), &hashes, found),
        }
    }

    fn find_one(&self, tuple: &[u32]) -> Option<usize> {
        if self.arity == 0 {
            return (self.rows > 0).then_some(0);
        }
        if !self.shards.is_empty() {
            let columns: Vec<&[u32]> = tuple.iter().map(slice::from_ref).collect();
            let mut found = None;
            let rows = Rows { len: 1, columns: &columns };
            self.shards.find(self.log(), self.rows, rows, |_, id| found = Some(id as usize));
            return found;
        }
        let equal = |id: u32| self.row(id as usize).iter().eq(tuple);
        self.table().reader().find(hash::row(tuple), equal).map(|id| id as usize)
    }

    /// Rows of one or two columns, sorted and distinct; nothing for more columns.
    fn load_sorted(&mut self, columns: &mut Vec<Vec<u32>>, limits: &Limits) -> Result<bool, Stop> {
        let mut words: Vec<u64> = match columns.as_slice() {
            [a] => a.iter().map(|&a| u64::from(a)).collect(),
            [a, b] => {
                let shift = 32 - b.iter().fold(0, |bits, &b| bits | b).leading_zeros();
                a.iter().zip(b).map(|(&a, &b)| u64::from(a) << shift | u64::from(b)).collect()
            }
            _ => return Ok(false),
        };
        let shift = match columns.as_slice() {
            [_, b] => 32 - b.iter().fold(0, |bits, &b| bits | b).leading_zeros(),
            _ => 0,
        };
        columns.clear();
        sort_distinct(&mut words, limits)?;
        self.rows = words.len().min(self.tuples_max + 1);
        self.words = Region::zeroed(self.rows * self.arity);
        let cut = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        let to: &mut [u32] = &mut self.words;
        if self.arity == 1 {
            to.iter_mut().zip(&words).for_each(|(to, &word)| *to = cut(word));
        } else {
            let mask = (1_u64 << shift) - 1;
            for (to, &word) in to.chunks_exact_mut(2).zip(&words) {
                to[0] = cut(word >> shift);
                to[1] = cut(word & mask);
            }
        }
        Ok(true)
    }

    /// Rows that ascend strictly, or that their first column tells apart, have no repeated one:
    /// they are taken as they are.
    fn load_distinct(&mut self, n: usize, columns: &[Vec<u32>]) -> bool {
        let ascends = |i: usize| {
            columns
                .iter()
                .map(|c| c[i - 1].cmp(&c[i]))
                .find(|o| o.is_ne())
                .is_some_and(|o| o.is_lt())
        };
        if n > self.tuples_max || !(are_distinct(&columns[0][..n]) || (1..n).all(ascends)) {
            return false;
        }
        self.words = Region::zeroed(n * self.arity);
        let arity = self.arity;
        let to: &mut [u32] = &mut self.words;
        for from in (0..n).step_by(BATCH) {
            let len = BATCH.min(n - from);
            for (c, column) in columns.iter().enumerate() {
                let rows = to[from * arity..(from + len) * arity].chunks_exact_mut(arity);
                rows.zip(&column[from..from + len]).for_each(|(row, &code)| row[c] = code);
            }
        }
        self.rows = n;
        true
    }

    #[inline]
    fn index(&self, columns: &[usize], only: Option<Only>) -> Option<&Postings> {
        let mut all = self.postings.iter();
        let found = all.find(|(postings, left)| postings.columns() == columns && *left == only);
        found.map(|(postings, _)| postings)
    }

    fn index_asked(&self, columns: &[usize]) -> Option<Arc<Postings>> {
        let made = |all: &[Arc<Postings>]| {
            all.iter().find(|postings| postings.columns() == columns).cloned()
        };
        if let Some(found) = made(&self.asked.read().unwrap_or_else(PoisonError::into_inner)) {
            return Some(found);
        }
        let mut all = self.asked.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = made(&all) {
            return Some(found);
        }
        let built = Postings::build(columns, self.log(), self.rows, &Limits::default()).ok()?;
        let built = Arc::new(built);
        all.push(Arc::clone(&built));
        Some(built)
    }

    /// Fills `cursor.spans` with the matches of each key.
    fn look_up(&self, join: Join<'_>, cursor: &mut Cursor) {
        cursor.ready = true;
        let range = self.range(join.view);
        let (from, to) = (narrow(range.start), narrow(range.end));
        let postings =
            self.index(join.bound, join.only).expect("the plan prepares the columns of every join");
        postings.lookup(join.keys, &mut cursor.spans);
        if range != (0..self.seen) {
            for span in &mut cursor.spans {
                if span.len > 0 {
                    *span = postings.restrict(*span, from, to);
                }
            }
        }
    }

    /// Fills the wanted columns from `out.ids`.
    fn fetch(&self, want: &[usize], out: &mut Matches) {
        out.columns.resize_with(want.len(), Vec::new);
        let (words, arity): (&[u32], _) = (&self.words, self.arity);
        let far = words.len() > 1 << 16;
        for (column, (&wanted, to)) in want.iter().zip(&mut out.columns).enumerate() {
            to.clear();
            let ids = out.ids.as_slice();
            if column == 0 && far {
                to.extend(ids.iter().enumerate().map(|(i, &id)| {
                    let ahead = ids[(i + AHEAD_ROWS).min(ids.len() - 1)];
                    prefetch(words, ahead as usize * arity);
                    words[id as usize * arity + wanted]
                }));
            } else {
                to.extend(ids.iter().map(|&id| words[id as usize * arity + wanted]));
            }
        }
    }

    /// A join without bound columns: every tuple matches every key.
    fn expand_all(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        let range = self.range(join.view);
        while cursor.row < join.keys.len && out.ids.len() < BATCH {
            let from = range.start + cursor.offset;
            let to = range.end.min(from + BATCH - out.ids.len());
            out.ids.extend(narrow(from)..narrow(to));
            out.sources.resize(out.ids.len(), narrow(cursor.row));
            cursor.offset += to - from;
            if to == range.end {
                cursor.row += 1;
                cursor.offset = 0;
            }
        }
    }

    fn expand_index(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        if !cursor.ready {
            self.look_up(join, cursor);
        }
        let postings =
            self.index(join.bound, join.only).expect("the plan prepares the columns of every join");
        while cursor.row < join.keys.len && out.ids.len() < BATCH {
            let span = cursor.spans[cursor.row];
            let ids = &postings.ids(&span)[cursor.offset..];
            let take = ids.len().min(BATCH - out.ids.len());
            out.ids.extend_from_slice(&ids[..take]);
            out.sources.resize(out.ids.len(), narrow(cursor.row));
            if take == ids.len() {
                cursor.row += 1;
                cursor.offset = 0;
            } else {
                cursor.offset += take;
            }
        }
    }
}

impl Storage for Ids {
    fn arity(&self) -> usize {
        self.arity
    }

    fn load(
        &mut self,
        rows: usize,
        mut columns: Vec<Vec<u32>>,
        limits: &Limits,
    ) -> Result<(), Halt> {
        limits.check()?;
        if self.arity > 0
            && !self.load_sorted(&mut columns, limits)?
            && !self.load_distinct(rows, &columns)
        {
            self.table = OnceLock::from(Buckets::with_room(rows));
            let mut from = 0;
            while from < rows {
                limits.check()?;
                let to = rows.min(from + BATCH);
                let slices: Vec<&[u32]> = columns.iter().map(|c| &c[from..to]).collect();
                self.insert(Rows { len: to - from, columns: &slices }, 0)?;
                from = to;
            }
        }
        if self.arity == 0 {
            self.insert_unit(Rows { len: rows, columns: &[] }, 0);
        }
        if self.rows > self.tuples_max {
            return Err(Halt::Full);
        }
        self.rounds.clear();
        self.mark(0, 0);
        (self.stable, self.seen) = (0, self.rows);
        Ok(())
    }

    fn insert(&mut self, rows: Rows<'_>, round: u32) -> Result<usize, Full> {
        if self.arity == 0 {
            return Ok(self.insert_unit(rows, round));
        }
        if !self.shards.is_empty() {
            return self.insert_alone(rows, round);
        }
        let before = self.rows;
        if self.table.get().is_none_or(|table| table.items() + rows.len > table.room()) {
            self.table = OnceLock::new();
            self.table = OnceLock::from(self.build_table(rows.len));
        }
        self.words.grow((self.rows + rows.len) * self.arity);
        let mut hashes = take(&mut self.hashes);
        hash::rows(rows.columns, rows.len, &mut hashes);
        let table = self.table.get_mut().expect("it was just made").writer();
        let words: &mut [u32] = &mut self.words;
        self.rows = match *rows.columns {
            [a] => insert_keys(table, words, before, Fixed([a]), &hashes),
            [a, b] => insert_keys(table, words, before, Fixed([a, b]), &hashes),
            [a, b, c] => insert_keys(table, words, before, Fixed([a, b, c]), &hashes),
            _ => insert_keys(table, words, before, Any(rows.columns), &hashes),
        };
        self.hashes = hashes;
        self.mark(round, before);
        if self.rows > self.tuples_max {
            return Err(Full);
        }
        Ok(self.rows - before)
    }

    fn open(&mut self, limits: &Limits) -> Result<(), Halt> {
        limits.check()?;
        if self.arity > 0 && self.shards.is_empty() {
            self.table = OnceLock::new();
            self.shards = Shards::build(self.log(), self.rows, limits)?;
        }
        Ok(())
    }

    fn offer(&self, rows: Rows<'_>, outbox: &mut Outbox) -> Result<(), Full> {
        if self.arity == 0 {
            outbox.fresh.number(rows, &mut Vec::new());
            return Ok(());
        }
        self.shards.offer((self.log(), self.rows, self.tuples_max), rows, outbox)
    }

    fn close(
        &mut self,
        outboxes: &mut [&mut Outbox],
        round: u32,
        limits: &Limits,
    ) -> Result<(), Halt> {
        if self.arity == 0 {
            let len = outboxes.iter().map(|outbox| outbox.fresh.count()).sum();
            self.insert_unit(Rows { len, columns: &[] }, round);
            return Ok(());
        }
        let before = self.rows;
        let log = (&mut self.words, self.arity, before, self.tuples_max);
        self.rows += self.shards.close(log, outboxes, limits)?;
        self.mark(round, before);
        Ok(())
    }

    fn rotate(&mut self, limits: &Limits) -> Result<(), Halt> {
        (self.stable, self.seen) = (self.seen, self.rows);
        // Indexes made for questions would not grow.
        self.asked.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        let log = Log { words: &self.words, arity: self.arity };
        let (rows, new) = (self.rows, self.seen - self.stable);
        let appended = share(limits.workers_for(new), &mut self.postings, |(postings, _)| {
            postings.append(log, rows, limits)
        });
        appended.into_iter().collect()
    }

    fn prepare(
        &mut self,
        bound: &[usize],
        only: Option<(Only, &Arc<CodeSet>)>,
        limits: &Limits,
    ) -> Result<(), Halt> {
        let name = only.map(|(only, _)| only);
        if bound.is_empty() || self.index(bound, name).is_some() {
            return Ok(());
        }
        let postings = match only {
            None => Postings::build(bound, self.log(), self.seen, limits)?,
            Some((Only { column, .. }, set)) => {
                let mut postings = Postings::only(bound, column, Arc::clone(set));
                postings.append(self.log(), self.seen, limits)?;
                postings
            }
        };
        self.postings.push((postings, name));
        Ok(())
    }

    fn seal(&mut self) {
        self.shards = Shards::default();
        self.table = OnceLock::new();
        self.hashes = Vec::new();
    }

    fn forget(&mut self) {
        self.postings = Vec::new();
    }

    fn scan(&self, view: View, want: &[usize], cursor: &mut Cursor, out: &mut Matches) {
        let range = self.range(view);
        let from = range.start + cursor.row;
        let end = cursor.until.map_or(range.end, |place| range.end.min(range.start + place));
        let to = end.min(from + BATCH);
        cursor.row += to - from;
        cursor.done = to == end;
        out.len = to - from;
        out.columns.resize_with(want.len(), Vec::new);
        let words = &self.words[from * self.arity..to * self.arity];
        for (&wanted, column) in want.iter().zip(&mut out.columns) {
            column.clear();
            column.extend(words.chunks_exact(self.arity).map(|row| row[wanted]));
        }
    }

    fn expand(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        out.ids.clear();
        out.sources.clear();
        if join.bound.is_empty() {
            self.expand_all(join, cursor, out);
        } else if join.bound.len() == self.arity && self.index(join.bound, None).is_none() {
            self.find_all(join, cursor, out);
        } else {
            self.expand_index(join, cursor, out);
        }
        cursor.done = cursor.row >= join.keys.len;
        out.len = out.ids.len();
        self.fetch(join.want, out);
    }

    fn matches(&self, join: Join<'_>, cursor: &mut Cursor, hits: &mut Vec<bool>) {
        hits.clear();
        let range = self.range(join.view);
        if join.bound.is_empty() {
            hits.resize(join.keys.len, !range.is_empty());
        } else if join.bound.len() == self.arity {
            self.find(join.keys, |id| {
                hits.push(id.is_some_and(|id| range.contains(&(id as usize))));
            });
        } else {
            self.look_up(join, cursor);
            hits.extend(cursor.spans.iter().map(|span| span.len > 0));
        }
    }

    fn counts(&self, join: Join<'_>, cursor: &mut Cursor, counts: &mut Vec<u32>) {
        counts.clear();
        if join.bound.is_empty() {
            counts.resize(join.keys.len, narrow(self.len(join.view)));
            return;
        }
        self.look_up(join, cursor);
        counts.extend(cursor.spans.iter().map(|span| span.len));
    }

    fn each(
        &self,
        pattern: &[Option<u32>],
        view: View,
        visit: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
    ) {
        let range = self.range(view);
        let bound: Vec<usize> = (0..pattern.len()).filter(|&c| pattern[c].is_some()).collect();
        let codes: Vec<u32> = pattern.iter().copied().flatten().collect();
        let index;
        if bound.len() == self.arity {
            let id = self.find_one(&codes).filter(|id| range.contains(id));
            if let Some(id) = id {
                // Nothing comes after the only match.
                let _ = visit(self.row(id));
            }
        } else if bound.is_empty() {
            let _ = range.map(|id| self.row(id)).try_for_each(visit);
        } else if let Some(postings) = match self.index(&bound, None) {
            Some(postings) => Some(postings),
            None => {
                index = self.index_asked(&bound);
                index.as_deref()
            }
        } {
            let keys: Vec<&[u32]> = codes.iter().map(slice::from_ref).collect();
            let mut spans = Vec::new();
            postings.lookup(Rows { len: 1, columns: &keys }, &mut spans);
            let span = postings.restrict(spans[0], narrow(range.start), narrow(range.end));
            let _ = postings.ids(&span).iter().map(|&id| self.row(id as usize)).try_for_each(visit);
        }
    }

    fn round_of(&self, tuple: &[u32]) -> Option<u32> {
        let id = self.find_one(tuple)?;
        let after = self.rounds.partition_point(|&(_, first)| first as usize <= id);
        self.rounds.get(after.checked_sub(1)?).map(|&(round, _)| round)
    }

    fn len(&self, view: View) -> usize {
        self.range(view).len()
    }

    fn pending(&self) -> usize {
        self.rows - self.seen
    }

    /// From a sample of rows: codes seen once stand for as many more as the sample leaves out,
    /// damped by the square root; codes seen more often are all known. Tuples share a key as often
    /// as those of the sample do.
    fn degrees(&self, columns: &[usize]) -> Degrees {
        let n = self.seen.max(1);
        if columns.is_empty() || self.seen == 0 {
            return Degrees::even(self.seen, 1);
        }
        let step = self.seen.div_ceil(SAMPLE);
        let mut hashes: Vec<u64> = (0..self.seen)
            .step_by(step)
            .map(|id| {
                let row = self.row(id);
                let codes: Vec<u32> = columns.iter().map(|&c| row[c]).collect();
                hash::row(&codes)
            })
            .collect();
        let sample = hashes.len();
        hashes.sort_unstable();
        let (mut once, mut more, mut shared) = (0_usize, 0_usize, 0_usize);
        for run in hashes.chunk_by(|a, b| a == b) {
            if run.len() == 1 {
                once += 1;
            } else {
                more += 1;
                shared += run.len() * (run.len() - 1);
            }
        }
        let keys = if once == sample {
            n
        } else {
            ((n / sample).isqrt().max(1) * once + more).clamp(1, n)
        };
        let even = Degrees::even(n, keys);
        // A few keys that happen to be alike say nothing.
        if shared < SHARED_MIN && sample < n {
            return even;
        }
        let pairs = (sample * (sample - 1)).max(1);
        Degrees { keys, heavy: even.heavy.max(1 + shared * (n - 1) / pairs) }
    }

    fn bytes(&self) -> usize {
        let asked = self.asked.read().unwrap_or_else(PoisonError::into_inner);
        self.words.bytes()
            + self.table.get().map_or(0, Buckets::bytes)
            + self.shards.bytes()
            + self.postings.iter().map(|(postings, _)| postings.bytes()).sum::<usize>()
            + asked.iter().map(|postings| postings.bytes()).sum::<usize>()
    }
}

impl Ids {
    /// Adds rows while there is one worker for them.
    fn insert_alone(&mut self, rows: Rows<'_>, round: u32) -> Result<usize, Full> {
        let before = self.rows;
        let mut outbox = Outbox::new(self.arity);
        self.offer(rows, &mut outbox)?;
        // Too few rows for other workers, and nothing that a limit would have to stop.
        let limits = Limits::default();
        match self.close(&mut [&mut outbox], round, &limits) {
            Ok(()) => Ok(self.rows - before),
            Err(_) => Err(Full),
        }
    }

    /// A join on all columns by the membership table: each key has at most one match.
    fn find_all(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        let range = self.range(join.view);
        let mut row = 0;
        self.find(join.keys, |id| {
            if let Some(id) = id.filter(|&id| range.contains(&(id as usize))) {
                out.ids.push(id);
                out.sources.push(row);
            }
            row += 1;
        });
        cursor.row = join.keys.len;
    }
}
