//! Steps that spare work without changing what a rule gives: bindings that came before are dropped,
//! a search ends at the first match, and the atom with the fewest matches goes first.

use crate::base::ids::{Id, VarId};
use crate::engine::batch::Batch;
use crate::engine::kernels::hash;
use crate::engine::kernels::select::{gather, narrow, places};
use crate::engine::limits::Stop;
use crate::engine::pipeline::{Executor, Node, Sink, expand_next, flow};
use crate::engine::storage::form::Rows;
use crate::engine::storage::keys::Keys;
use crate::plan::ir::{Distinct, ExistsStep};

/// Slots of a sieve at first, and at most.
const SLOTS: [usize; 2] = [1 << 14, 1 << 17];

/// Rows after which a sieve considers whether it is worth its time.
const WINDOW: usize = 8192;

/// One in so many rows must have been dropped.
const WORTH: usize = 4;

/// Batches that go unseen at first, and at most, before a sieve tries again.
const PAUSE: [usize; 2] = [32, 1024];

/// Drops bindings that it remembers. It has one slot for a hash, and remembers the last binding
/// that came there: what it forgets goes through once more.
pub(crate) struct Sieve<'a> {
    step: &'a Distinct,
    round: u32,
    /// The turn and the codes of each slot; slots of earlier turns are free.
    slots: Vec<u32>,
    turn: u32,
    hashes: Vec<u64>,
    /// Since the last consideration: rows, rows dropped, and rows that others made place for.
    seen: usize,
    dropped: usize,
    ousted: usize,
    /// Batches to let through unseen, and how many it were last time.
    pause: usize,
    paused: usize,
}

impl<'a> Sieve<'a> {
    pub(crate) fn new(step: &'a Distinct) -> Self {
        Self {
            step,
            round: 0,
            slots: Vec::new(),
            turn: 0,
            hashes: Vec::new(),
            seen: 0,
            dropped: 0,
            ousted: 0,
            pause: 0,
            paused: PAUSE[0],
        }
    }

    /// Drops rows that came before.
    pub(crate) fn pass(&mut self, round: u32, batch: &mut Batch, index: &mut Vec<u32>) {
        if self.turn == 0 || (round != self.round && !self.step.lasting) {
            self.turn = self.turn.wrapping_add(1).max(1);
        }
        self.round = round;
        if self.pause > 0 {
            self.pause -= 1;
            return;
        }
        let width = self.step.vars.len() + 1;
        // As many as a few batches need: where batches are small there may be very many sieves.
        let wanted = (batch.len * 4).next_power_of_two().min(SLOTS[0]);
        if self.slots.len() < wanted * width {
            self.slots = vec![0; wanted * width];
        }
        let columns: Vec<&[u32]> = self.step.vars.iter().map(|&var| batch.column(var)).collect();
        hash::rows(&columns, batch.len, &mut self.hashes);
        self.hashes.resize(batch.len, 0);
        let mask = self.slots.len() / width - 1;
        index.clear();
        for row in 0..batch.len {
            let slot = (self.hashes[row] >> 20) as usize & mask;
            let slot = &mut self.slots[slot * width..][..width];
            let is_taken = slot[0] == self.turn;
            if is_taken && columns.iter().zip(&slot[1..]).all(|(column, code)| column[row] == *code)
            {
                continue;
            }
            self.ousted += usize::from(is_taken);
            slot[0] = self.turn;
            columns.iter().zip(&mut slot[1..]).for_each(|(column, code)| *code = column[row]);
            index.push(narrow(row));
        }
        self.seen += batch.len;
        self.dropped += batch.len - index.len();
        batch.keep(index, &self.step.vars);
        if self.seen >= WINDOW {
            self.consider(width);
        }
    }

    fn consider(&mut self, width: usize) {
        if self.dropped * WORTH < self.seen {
            let some = self.dropped * WORTH * 8 >= self.seen;
            if some && self.ousted * WORTH > self.seen && self.slots.len() < SLOTS[1] * width {
                self.slots = vec![0; self.slots.len() * 8];
            } else {
                self.pause = self.paused;
                self.paused = (self.paused * 4).min(PAUSE[1]);
            }
        } else {
            self.paused = PAUSE[0];
        }
        (self.seen, self.dropped, self.ousted) = (0, 0, 0);
    }
}

/// Keys that are remembered at most.
const KEYS_MAX: usize = 1 << 20;

/// Keys asked for, before it is considered whether remembering them is worth its time.
const ASKED_MIN: usize = 1 << 14;

/// Whether steps give anything, asked once for a key.
pub(crate) struct Exists<'a> {
    step: &'a ExistsStep,
    nodes: Vec<Node<'a>>,
    round: u32,
    keys: Keys,
    /// By key.
    found: Vec<bool>,
    /// Rows for which it was asked.
    asked: usize,
    /// Whether keys are forgotten at once, because nearly all differ.
    forgets: bool,
    numbers: Vec<u32>,
    seed: Batch,
}

impl<'a> Exists<'a> {
    pub(crate) fn new(step: &'a ExistsStep, nodes: Vec<Node<'a>>) -> Self {
        Self {
            step,
            nodes,
            round: 0,
            keys: Keys::new(step.keys.len()),
            found: Vec::new(),
            asked: 0,
            forgets: false,
            numbers: Vec::new(),
            seed: Batch::new(step.mark.index() + 1),
        }
    }

    fn clear(&mut self) {
        self.keys = Keys::new(self.step.keys.len());
        self.found.clear();
        self.asked = 0;
    }

    /// For each row whether the steps give something.
    pub(crate) fn ask(
        &mut self,
        executor: &mut Executor<'a, '_>,
        batch: &Batch,
        keep: &mut Vec<bool>,
    ) -> Result<(), Stop> {
        let outdated = executor.round != self.round && !self.step.lasting;
        if outdated || self.keys.count() > KEYS_MAX {
            self.clear();
        }
        self.round = executor.round;
        let Self { step, keys, numbers, seed, found, .. } = self;
        numbers.clear();
        let before = found.len();
        if self.forgets {
            found.clear();
            for &key in &step.keys {
                seed.columns[key.index()].clone_from(&batch.columns[key.index()]);
            }
            seed.len = batch.len;
            numbers.extend(0..narrow(batch.len));
        } else {
            let columns: Vec<&[u32]> = step.keys.iter().map(|&key| batch.column(key)).collect();
            keys.number(Rows { len: batch.len, columns: &columns }, numbers);
            step.keys.iter().for_each(|key| seed.columns[key.index()].clear());
            for number in before..keys.count() {
                for (key, &code) in step.keys.iter().zip(keys.key(number)) {
                    seed.columns[key.index()].push(code);
                }
            }
            seed.len = keys.count() - before;
        }
        let from = found.len();
        found.resize(from + seed.len, false);
        let mark = &mut seed.columns[step.mark.index()];
        mark.clear();
        mark.extend(0..narrow(seed.len));
        search((&mut self.nodes, step.mark), executor, seed, &mut found[from..])?;
        keep.clear();
        keep.extend(numbers.iter().map(|&number| found[number as usize]));
        self.asked += batch.len;
        if self.asked > ASKED_MIN && self.keys.count() * 4 > self.asked * 3 {
            self.forgets = true;
            self.clear();
        }
        Ok(())
    }
}

/// Marks the bindings for which the nodes give something. Once one is marked, what its first atom
/// still has is passed over.
fn search<'a>(
    (nodes, mark): (&mut [Node<'a>], VarId),
    executor: &mut Executor<'a, '_>,
    seed: &mut Batch,
    found: &mut [bool],
) -> Result<(), Stop> {
    if seed.len == 0 {
        return Ok(());
    }
    let Some((first, rest)) = nodes.split_first_mut() else { return Ok(()) };
    if !first.is_expansion() {
        return flow(executor, nodes, seed, &mut |_, batch| {
            batch.column(mark).iter().for_each(|&row| found[row as usize] = true);
            Ok(())
        });
    }
    first.restart();
    while let Some(batch) = expand_next(executor, first, seed) {
        flow(executor, rest, batch, &mut |_, batch| {
            batch.column(mark).iter().for_each(|&row| found[row as usize] = true);
            Ok(())
        })?;
        first.pass_over(seed.len, found);
    }
    Ok(())
}

/// Several ways to the same bindings.
pub(crate) struct Ways<'a> {
    inputs: &'a [VarId],
    ways: Vec<Vec<Node<'a>>>,
    counts: Vec<Vec<u32>>,
    index: Vec<u32>,
    keep: Vec<bool>,
    part: Batch,
}

impl<'a> Ways<'a> {
    pub(crate) fn new(inputs: &'a [VarId], ways: Vec<Vec<Node<'a>>>, vars: usize) -> Self {
        let counts = vec![Vec::new(); ways.len()];
        let part = Batch::new(vars);
        Self { inputs, ways, counts, index: Vec::new(), keep: Vec::new(), part }
    }

    /// Sends each row the way on which it has the fewest matches.
    pub(crate) fn go(
        &mut self,
        (executor, rest, sink): (&mut Executor<'a, '_>, &mut [Node<'a>], &mut Sink<'_, 'a>),
        batch: &Batch,
    ) -> Result<(), Stop> {
        let Self { inputs, ways, counts, index, keep, part } = self;
        for (way, counts) in ways.iter_mut().zip(counts.iter_mut()) {
            let first = way.first_mut().expect("a way begins with an expansion");
            first.counts(executor, batch, counts);
        }
        for (nth, way) in ways.iter_mut().enumerate() {
            let is_least = |row: usize| {
                let own = counts[nth][row];
                own > 0
                    && counts[..nth].iter().all(|other| own < other[row])
                    && counts[nth + 1..].iter().all(|other| own <= other[row])
            };
            keep.clear();
            keep.extend((0..batch.len).map(is_least));
            places(keep, index);
            part.len = index.len();
            for var in *inputs {
                gather(&batch.columns[var.index()], index, &mut part.columns[var.index()]);
            }
            flow(executor, way, part, &mut |executor, batch| flow(executor, rest, batch, sink))?;
        }
        Ok(())
    }
}
