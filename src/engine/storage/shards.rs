//! [`Shards`]: the membership of a log in parts by the first code, each behind its own lock, so
//! that several workers add tuples at once. A worker keeps rows for each part until there are
//! enough of them, then holds the part for all; so locks cost little, and a part is in the caches
//! while it is used. What is new in a round waits in its part, numbered as if it followed the log
//! at once; when the round ends the parts go into the log one after the other, and their numbers
//! are put right.

use std::mem::take;
use std::sync::{PoisonError, RwLock, TryLockError};

use crate::engine::kernels::hash;
use crate::engine::kernels::memory::{Region, prefetch};
use crate::engine::kernels::select::narrow;
use crate::engine::limits::Limits;
use crate::engine::storage::buckets::Buckets;
use crate::engine::storage::form::{BATCH, Full, Halt, Outbox, Rows};
use crate::engine::storage::postings::Log;
use crate::engine::workers::share;

/// Parts for each worker, so that two of them seldom want the same one.
const PARTS_EACH: usize = 4;

/// Rows after which a part is asked for, and after which it is waited for.
const ENOUGH: usize = 1024;
const PLENTY: usize = 4 * ENOUGH;

/// How far ahead the lines of a table, and of the tuples they name, are asked for.
const AHEAD_LINES: usize = 32;
const AHEAD_ROWS: usize = 16;

/// Membership in parts.
#[derive(Default, Debug)]
pub struct Shards {
    parts: Vec<RwLock<Part>>,
}

#[derive(Default, Debug)]
struct Part {
    table: Buckets,
    /// Tuples that are not in the log yet, row after row.
    fresh: Vec<u32>,
    hashes: Vec<u64>,
}

/// The part of a tuple, by its first code: tuples that share it are mostly made one after the other
/// and stand together in the log, so that what is asked of one is in the caches for the next.
#[inline]
fn part_of(first: u32, parts: usize) -> usize {
    (hash::row(&[first]) >> 8 & 0xff_ffff) as usize & (parts - 1)
}

impl Shards {
    /// Parts for so many workers, of the first `rows` tuples of a log.
    ///
    /// # Errors
    /// If the evaluation shall stop.
    pub fn build(log: Log<'_>, rows: usize, limits: &Limits) -> Result<Self, Halt> {
        let count = (limits.workers * PARTS_EACH).next_power_of_two().min(256);
        let mut parts: Vec<Part> = Vec::new();
        parts.resize_with(count, Part::default);
        let workers = limits.workers_for(rows);
        let each = count.div_ceil(workers);
        // Each worker goes over all rows and takes those of its parts.
        let done = share(workers, parts.chunks_mut(each).enumerate(), |(number, own)| {
            for part in own.iter_mut() {
                part.table = Buckets::with_room(rows / count + rows / count / 4 + 64);
            }
            for from in (0..rows).step_by(BATCH) {
                limits.check()?;
                let to = rows.min(from + BATCH);
                let tuples = log.words[from * log.arity..to * log.arity].chunks_exact(log.arity);
                for (i, tuple) in tuples.enumerate() {
                    let hash = hash::row(tuple);
                    let at = part_of(tuple[0], count).wrapping_sub(number * each);
                    if let Some(part) = own.get_mut(at) {
                        if part.table.items() == part.table.room() {
                            part.grow(1, log, rows);
                        }
                        part.table.writer().add(hash, narrow(from + i));
                    }
                }
            }
            Ok(())
        });
        done.into_iter().collect::<Result<(), Halt>>()?;
        Ok(Self { parts: parts.into_iter().map(RwLock::new).collect() })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let bytes = |part: &RwLock<Part>| {
            let part = part.read().unwrap_or_else(PoisonError::into_inner);
            part.table.bytes() + part.fresh.capacity() * size_of::<u32>()
        };
        self.parts.iter().map(bytes).sum()
    }

    /// Takes rows from a worker: those of a part when there are enough of them.
    ///
    /// # Errors
    /// If there is no room: above `room` tuples.
    pub fn offer(
        &self,
        (log, base, room): (Log<'_>, usize, usize),
        rows: Rows<'_>,
        outbox: &mut Outbox,
    ) -> Result<(), Full> {
        let Outbox { parts, .. } = outbox;
        let count = self.parts.len();
        parts.resize_with(count, Vec::new);
        match *rows.columns {
            [a] => {
                for &a in a {
                    parts[part_of(a, count)].push(a);
                }
            }
            [a, b] => {
                for (&a, &b) in a.iter().zip(b) {
                    parts[part_of(a, count)].extend_from_slice(&[a, b]);
                }
            }
            _ => {
                for i in 0..rows.len {
                    let row = rows.columns.iter().map(|column| column[i]);
                    parts[part_of(rows.columns[0][i], count)].extend(row);
                }
            }
        }
        for (part, rows) in self.parts.iter().zip(parts) {
            if rows.len() < ENOUGH * log.arity {
                continue;
            }
            let mut part = match part.try_write() {
                Ok(part) => part,
                Err(TryLockError::WouldBlock) if rows.len() < PLENTY * log.arity => continue,
                Err(_) => part.write().unwrap_or_else(PoisonError::into_inner),
            };
            part.take(log, (base, room), rows)?;
            rows.clear();
        }
        Ok(())
    }

    /// Takes what is left in the outboxes, and moves all that is new to the end of the log, which
    /// has `base` tuples; says how many they are.
    ///
    /// # Errors
    /// If there is no room, or the evaluation shall stop.
    pub fn close(
        &mut self,
        (words, arity, base, room): (&mut Region<u32>, usize, usize, usize),
        outboxes: &mut [&mut Outbox],
        limits: &Limits,
    ) -> Result<usize, Halt> {
        let log = Log { words, arity };
        let mut left: Vec<Vec<Vec<u32>>> = self.parts.iter().map(|_| Vec::new()).collect();
        for outbox in outboxes {
            for (left, rows) in left.iter_mut().zip(&mut outbox.parts) {
                left.push(take(rows));
            }
        }
        let waiting = left.iter().flatten().map(Vec::len).sum::<usize>() / arity;
        let tasks = self.parts.iter_mut().map(unlocked).zip(left);
        let taken = share(limits.workers_for(waiting), tasks, |(part, left)| {
            limits.check()?;
            for rows in left {
                part.take(log, (base, room), &rows)?;
            }
            Ok(part.fresh.len())
        });
        let lens: Vec<usize> = taken.into_iter().collect::<Result<_, Halt>>()?;
        let all: usize = lens.iter().sum();
        let new = all / arity;
        if base + new > room {
            return Err(Halt::Full);
        }
        words.grow((base + new) * arity);
        let mut rest = &mut words[base * arity..(base + new) * arity];
        let mut tasks = Vec::with_capacity(lens.len());
        let mut first = base;
        for (part, len) in self.parts.iter_mut().map(unlocked).zip(lens) {
            let (own, others) = rest.split_at_mut(len);
            tasks.push((part, own, first));
            first += len / arity;
            rest = others;
        }
        share(limits.workers_for(new), tasks, |(part, to, first)| {
            part.settle(arity, base, first);
            to.copy_from_slice(&part.fresh);
            if part.fresh.capacity() > 1 << 16 {
                part.fresh = Vec::new();
            }
            part.fresh.clear();
        });
        Ok(new)
    }

    /// Calls `found` with each row's number among `rows` and the id that it has.
    pub fn find(
        &self,
        log: Log<'_>,
        base: usize,
        rows: Rows<'_>,
        mut found: impl FnMut(usize, u32),
    ) {
        let mut hashes = Vec::new();
        hash::rows(rows.columns, rows.len, &mut hashes);
        let mut by_part: Vec<Vec<u32>> = vec![Vec::new(); self.parts.len()];
        for i in 0..rows.len {
            by_part[part_of(rows.columns[0][i], self.parts.len())].push(narrow(i));
        }
        for (part, of) in self.parts.iter().zip(by_part) {
            let part = part.read().unwrap_or_else(PoisonError::into_inner);
            let table = part.table.reader();
            for (n, &i) in of.iter().enumerate() {
                let i = i as usize;
                if let Some(&next) = of.get(n + AHEAD_ROWS) {
                    table.prefetch(hashes[next as usize]);
                }
                // What is new in this round is not in the log.
                let equal = |id: u32| {
                    (id as usize) < base
                        && log.words[id as usize * log.arity..][..log.arity]
                            .iter()
                            .zip(rows.columns)
                            .all(|(&code, column)| code == column[i])
                };
                if let Some(id) = table.find(hashes[i], equal) {
                    found(i, id);
                }
            }
        }
    }
}

fn unlocked(part: &mut RwLock<Part>) -> &mut Part {
    part.get_mut().unwrap_or_else(PoisonError::into_inner)
}

impl Part {
    /// Adds those of the rows, given codes after codes, that are not there yet.
    fn take(
        &mut self,
        log: Log<'_>,
        (base, room): (usize, usize),
        rows: &[u32],
    ) -> Result<(), Full> {
        let count = rows.len() / log.arity;
        if self.table.items() + count > self.table.room() {
            self.grow(count, log, base);
        }
        match log.arity {
            1 => self.add::<1>(log, base, rows),
            2 => self.add::<2>(log, base, rows),
            3 => self.add::<3>(log, base, rows),
            4 => self.add::<4>(log, base, rows),
            _ => self.add::<0>(log, base, rows),
        }
        if base + self.fresh.len() / log.arity > room { Err(Full) } else { Ok(()) }
    }

    /// The same for rows of `N` codes, or of any number if that is 0; there is room.
    fn add<const N: usize>(&mut self, log: Log<'_>, base: usize, rows: &[u32]) {
        let Self { table, fresh, hashes } = self;
        let n = if N == 0 { log.arity } else { N };
        hashes.clear();
        hashes.extend(rows.chunks_exact(n).map(hash::row));
        let mut table = table.writer();
        for (i, &hash) in hashes.iter().enumerate() {
            if let Some(&next) = hashes.get(i + AHEAD_LINES) {
                table.prefetch(next);
            }
            if let Some(&next) = hashes.get(i + AHEAD_ROWS)
                && let Some(id) = table.guess(next)
            {
                prefetch(log.words, id as usize * n);
            }
            let row = &rows[i * n..i * n + n];
            let equal = |id: u32| {
                let id = id as usize;
                let known = match id.checked_sub(base) {
                    None => &log.words[id * n..id * n + n],
                    Some(id) => &fresh[id * n..id * n + n],
                };
                (0..n).all(|c| known[c] == row[c])
            };
            if table.find(hash, equal).is_none() {
                table.add(hash, narrow(base + fresh.len() / n));
                fresh.extend_from_slice(row);
            }
        }
    }

    /// A larger table, with room for `more`.
    fn grow(&mut self, more: usize, log: Log<'_>, base: usize) {
        let items = self.table.items();
        let mut bigger = Buckets::with_room((items + more).max(items * 2));
        let mut writer = bigger.writer();
        let mut add = |ids: &[u32]| {
            for (i, &id) in ids.iter().enumerate() {
                if let Some(&next) = ids.get(i + AHEAD_ROWS) {
                    prefetch(log.words, next as usize * log.arity);
                }
                let id = id as usize;
                let row = match id.checked_sub(base) {
                    None => &log.words[id * log.arity..][..log.arity],
                    Some(id) => &self.fresh[id * log.arity..][..log.arity],
                };
                writer.add(hash::row(row), narrow(id));
            }
        };
        let mut ids = Vec::with_capacity(BATCH);
        for id in self.table.ids() {
            ids.push(id);
            if ids.len() == BATCH {
                add(&ids);
                ids.clear();
            }
        }
        add(&ids);
        self.table = bigger;
    }

    /// The fresh tuples were numbered from `base` on and are to be from `first` on.
    fn settle(&mut self, arity: usize, base: usize, first: usize) {
        if first == base {
            return;
        }
        let Self { table, fresh, hashes } = self;
        hashes.clear();
        hashes.extend(fresh.chunks_exact(arity).map(hash::row));
        let mut table = table.writer();
        // From the last on: no number is given while another tuple has it.
        for (i, &hash) in hashes.iter().enumerate().rev() {
            if let Some(ahead) = i.checked_sub(AHEAD_ROWS) {
                table.prefetch(hashes[ahead]);
            }
            table.renumber(hash, narrow(base + i), narrow(first + i));
        }
        *hashes = Vec::new();
    }
}
