//! [`Pairs`]: a binary relation as one row of codes for each code of its key column. A row grows at
//! its end only, so the tuples of a view are a part of it, and a number beside each code tells the
//! round. What a row holds is asked of the row alone, never of a table of all tuples.

use std::mem::{swap, take};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

use crate::base::hash::Map;
use crate::engine::kernels::memory::prefetch;
use crate::engine::kernels::select::narrow;
use crate::engine::limits::Limits;
use crate::engine::storage::arena::{Arena, Block};
use crate::engine::storage::directory::Directory;
use crate::engine::storage::form::{
    BATCH, CodeSet, Cursor, Full, Halt, Join, Matches, Only, Outbox, Rows, Span, Storage, View,
};
use crate::engine::storage::lists::Lists;
use crate::engine::storage::members::{Member, Members, Place, search};
use crate::engine::storage::ticks::Ticks;
use crate::plan::sizes::Degrees;

/// How far ahead rows, and the lines of their codes, are asked for.
const AHEAD: usize = 8;

/// Tuples a relation can have.
const TUPLES_MAX: usize = u32::MAX as usize - 1;

/// Rows looked at, and codes of each, to guess how many distinct codes there are.
const SAMPLE: usize = 64;

/// A row.
#[derive(Clone, Copy, Default, Debug)]
struct Row {
    block: Block,
    len: u32,
    /// Codes that can be seen.
    seen: u32,
    /// Codes from before the last round.
    stable: u32,
    member: Member,
}

impl Row {
    fn end(&self) -> usize {
        (self.block.start + self.len) as usize
    }
}

/// Sizes at which things change; tests make them tiny.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows of more codes have a table or a bitmap.
    pub short: u32,
    /// From which numbers on rounds take two bytes, and four.
    pub wide: [u32; 2],
    /// How far apart codes may be to be looked up directly, besides four places for each.
    pub spread: usize,
    /// Tuples that fit.
    pub tuples_max: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { short: 32, wide: [1 << 8, 1 << 16], spread: 4096, tuples_max: TUPLES_MAX }
    }
}

/// The form.
#[derive(Debug)]
pub struct Pairs {
    /// The key column.
    key: usize,
    sizes: Sizes,
    directory: Directory,
    rows: Vec<Row>,
    codes: Arena,
    members: Members,
    ticks: Ticks,
    /// The rounds that ticks stand for.
    rounds: Vec<u32>,
    /// Rows that have codes that cannot be seen yet.
    touched: Vec<u32>,
    /// Of those, how many codes have their tick, if a round ended before the rotation.
    ticked: Map<u32, u32>,
    /// Rows that grew in the last round.
    delta: Vec<u32>,
    len: usize,
    seen: usize,
    stable: usize,
    lists: Vec<Lists>,
    /// Lists on the other column, made by questions.
    asked: RwLock<Option<Arc<Lists>>>,
    numbers: Vec<u32>,
}

impl Pairs {
    /// No tuples, with rows by this column.
    #[must_use]
    pub fn new(key: usize, sizes: Sizes) -> Self {
        Self {
            key,
            sizes,
            directory: Directory::with_spread(sizes.spread),
            rows: Vec::new(),
            codes: Arena::default(),
            members: Members::new(sizes.short),
            ticks: Ticks::wider_at(sizes.wide),
            rounds: Vec::new(),
            touched: Vec::new(),
            ticked: Map::default(),
            delta: Vec::new(),
            len: 0,
            seen: 0,
            stable: 0,
            lists: Vec::new(),
            asked: RwLock::default(),
            numbers: Vec::new(),
        }
    }

    /// Where codes of a row begin and end that a view has.
    #[inline]
    fn part(&self, row: &Row, view: View) -> (u32, u32) {
        match view {
            View::Stable => (0, row.stable),
            View::Delta => (row.stable, row.seen),
            View::All => (0, row.seen),
            View::Before(round) => {
                let end = narrow(self.rounds.partition_point(|&r| r < round));
                let seen = row.seen as usize;
                (0, narrow(self.ticks.below(row.block.start as usize, seen, end)))
            }
        }
    }

    fn span(&self, row: &Row, view: View) -> Span {
        let (from, to) = self.part(row, view);
        Span { start: row.block.start + from, len: to - from }
    }

    fn row_codes(&self, row: &Row) -> &[u32] {
        &self.codes.words()[row.block.start as usize..row.end()]
    }

    fn row_of(&self, code: u32) -> Option<&Row> {
        self.directory.find_one(code).map(|number| &self.rows[number])
    }

    fn has(&self, row: &Row, code: u32, view: View) -> bool {
        let codes = self.row_codes(row);
        let (from, to) = self.part(row, view);
        match self.members.find(row.member, codes, code) {
            Place::Absent => false,
            Place::At(position) => (from..to).contains(&position),
            Place::Somewhere if (from, to) == (0, row.len) => true,
            Place::Somewhere => {
                let (from, to) = (from as usize, to as usize);
                // Looks through what is shorter: the part, or the rest.
                if (to - from) * 2 <= codes.len() {
                    search(&codes[from..to], code).is_some()
                } else {
                    search(&codes[..from], code).is_none() && search(&codes[to..], code).is_none()
                }
            }
        }
    }

    /// Notes that what comes now is of this round.
    fn begin(&mut self, round: u32) {
        if self.rounds.last().is_none_or(|&last| last < round) {
            if !self.touched.is_empty() {
                self.tick(true);
            }
            self.rounds.push(round);
        }
        let top = narrow(self.rounds.len());
        self.ticks.grow(self.codes.words().len(), top);
    }

    /// Gives the codes that came since the last time their tick.
    fn tick(&mut self, more_to_come: bool) {
        let tick = narrow(self.rounds.len()) - 1;
        self.ticks.grow(self.codes.words().len(), tick);
        for &number in &self.touched {
            let row = &self.rows[number as usize];
            let from = if self.ticked.is_empty() { None } else { self.ticked.get(&number) };
            let from = from.copied().unwrap_or(row.seen);
            self.ticks.fill((row.block.start + from) as usize, (row.len - from) as usize, tick);
            if more_to_come {
                self.ticked.insert(number, row.len);
            }
        }
        if !more_to_come {
            self.ticked.clear();
        }
    }

    /// A larger block for a row that is full, and what it is looked up by made anew.
    fn grow(&mut self, number: usize) -> Result<(), Full> {
        let row = &mut self.rows[number];
        let bigger = self.codes.take(row.len + 1)?;
        let from = row.block.start as usize;
        let len = row.len as usize;
        self.codes.words_mut().copy_within(from..from + len, bigger.start as usize);
        self.ticks.grow(self.codes.words().len(), 0);
        self.ticks.follow(row.block, bigger, len);
        self.codes.give(row.block);
        row.block = bigger;
        self.fit(number)
    }

    fn fit(&mut self, number: usize) -> Result<(), Full> {
        let row = &mut self.rows[number];
        let codes = &self.codes.words()[row.block.start as usize..row.end()];
        self.members.fit(&mut row.member, codes, row.block.room)
    }

    /// Adds those codes to a row that it does not have.
    fn add(&mut self, number: usize, mut codes: &[u32]) -> Result<(), Full> {
        let before = self.rows[number].len;
        while let Some(&code) = codes.first() {
            let row = &self.rows[number];
            if row.len == row.block.room {
                self.grow(number)?;
            } else if self.members.misses(row.member, code) {
                self.fit(number)?;
            }
            let row = &mut self.rows[number];
            let taken = match self.members.bits(row.member) {
                Some(bits) => {
                    let to = &mut self.codes.words_mut()[row.block.start as usize..]
                        [..row.block.room as usize];
                    add_bits(bits, to, &mut row.len, codes)
                }
                None => {
                    let words = self.codes.words_mut();
                    let have = &words[row.block.start as usize..row.end()];
                    if self.members.find(row.member, have, code) == Place::Absent {
                        words[row.end()] = code;
                        self.members.add(row.member, code, row.len);
                        row.len += 1;
                    }
                    1
                }
            };
            codes = &codes[taken..];
        }
        let row = &self.rows[number];
        if before == row.seen && row.len > before {
            self.touched.push(narrow(number));
        }
        self.len += (row.len - before) as usize;
        Ok(())
    }

    /// Lists for questions on the other column.
    fn index_asked(&self) -> Option<Arc<Lists>> {
        if let Some(found) = &*self.asked.read().unwrap_or_else(PoisonError::into_inner) {
            return Some(Arc::clone(found));
        }
        let mut asked = self.asked.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = &*asked {
            return Some(Arc::clone(found));
        }
        let mut lists = Lists::new(1 - self.key, None);
        self.fill(&mut lists, View::All, &Limits::default()).ok()?;
        let lists = Arc::new(lists);
        *asked = Some(Arc::clone(&lists));
        Some(lists)
    }

    /// Adds the tuples of a view to lists.
    fn fill(&self, lists: &mut Lists, view: View, limits: &Limits) -> Result<(), Halt> {
        let (mut cursor, mut out) = (Cursor::default(), Matches::default());
        let want = [lists.column, 1 - lists.column];
        while !cursor.done {
            limits.check()?;
            self.scan(view, &want, &mut cursor, &mut out);
            lists.append(&out.columns[0][..out.len], &out.columns[1][..out.len])?;
        }
        Ok(())
    }

    fn lists(&self, column: usize, only: Option<Only>) -> Option<&Lists> {
        self.lists
            .iter()
            .find(|lists| lists.column == column && lists.only.as_ref().map(|(o, _)| *o) == only)
    }

    /// Fills `cursor.spans` with the matches of each key of one column: of lists where they are, of
    /// rows which rows they are, since a row may move when it grows.
    fn look_up(&self, join: Join<'_>, lists: Option<&Lists>, cursor: &mut Cursor) {
        if cursor.ready {
            return;
        }
        cursor.ready = true;
        let keys = &join.keys.columns[0][..join.keys.len];
        let mut numbers = Vec::with_capacity(keys.len());
        if let Some(lists) = lists {
            lists.look_up(keys, join.view, &mut numbers, &mut cursor.spans);
            return;
        }
        assert_eq!(join.bound[0], self.key, "the plan prepares the columns of every join");
        self.directory.find(keys, &mut numbers);
        cursor.spans.clear();
        cursor.spans.extend(numbers.iter().enumerate().map(|(i, &number)| {
            let ahead = numbers[(i + AHEAD).min(numbers.len() - 1)];
            prefetch(&self.rows, ahead as usize);
            let row = self.rows.get(number as usize);
            let len = row.map_or(0, |row| self.span(row, join.view).len);
            Span { start: number, len }
        }));
    }

    /// Whether lists that know no rounds answer for a view that does.
    fn is_late(&self, join: Join<'_>) -> bool {
        matches!(join.view, View::Before(_))
            && (join.bound[0] != self.key || self.lists(join.bound[0], join.only).is_some())
    }

    fn has_pair(&self, join: Join<'_>, key: u32, other: u32) -> bool {
        let (key, other) = if join.bound[0] == self.key { (key, other) } else { (other, key) };
        self.row_of(key).is_some_and(|row| self.has(row, other, join.view))
    }

    /// The rows of a view, in their order.
    fn rows_of(&self, view: View) -> Numbers<'_> {
        match view {
            View::Delta => Numbers::Some(&self.delta),
            View::Stable | View::All | View::Before(_) => Numbers::All(self.rows.len()),
        }
    }

    /// A join on one column. `out.ids` gets the codes of the other one.
    fn expand_one(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        let lists = self.lists(join.bound[0], join.only);
        self.look_up(join, lists, cursor);
        let words = lists.map_or_else(|| self.codes.words(), Lists::words);
        let place = |span: Span| match self.rows.get(span.start as usize) {
            Some(row) if lists.is_none() && span.len > 0 => self.span(row, join.view),
            _ => span,
        };
        while cursor.row < join.keys.len && out.ids.len() < BATCH {
            if let Some(&ahead) = cursor.spans.get(cursor.row + AHEAD) {
                prefetch(words, place(ahead).start as usize);
            }
            let span = cursor.spans[cursor.row];
            if span.len == 0 {
                cursor.row += 1;
                continue;
            }
            let span = place(span);
            let codes = &words[span.start as usize..][..span.len as usize][cursor.offset..];
            let take = codes.len().min(BATCH - out.ids.len());
            out.ids.extend_from_slice(&codes[..take]);
            out.sources.resize(out.ids.len(), narrow(cursor.row));
            if take == codes.len() {
                cursor.row += 1;
                cursor.offset = 0;
            } else {
                cursor.offset += take;
            }
        }
        let keys = join.keys.columns[0];
        if self.is_late(join) {
            let Matches { sources, ids, .. } = out;
            let pairs = sources.iter().copied().zip(ids.iter().copied());
            let kept = pairs.filter(|&(i, other)| self.has_pair(join, keys[i as usize], other));
            (*sources, *ids) = kept.unzip();
        }
        for (&wanted, column) in join.want.iter().zip(&mut out.columns) {
            column.clear();
            if wanted == join.bound[0] {
                column.extend(out.sources.iter().map(|&i| keys[i as usize]));
            } else {
                column.extend_from_slice(&out.ids);
            }
        }
    }

    /// A join on both columns: each key has at most one match.
    fn expand_both(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        self.each_pair(join, |i, has| {
            if has {
                out.sources.push(narrow(i));
            }
        });
        cursor.row = join.keys.len;
        for (&wanted, column) in join.want.iter().zip(&mut out.columns) {
            column.clear();
            column.extend(out.sources.iter().map(|&i| join.keys.columns[wanted][i as usize]));
        }
    }

    /// Says of each pair of keys whether it is there.
    fn each_pair(&self, join: Join<'_>, mut found: impl FnMut(usize, bool)) {
        let mut numbers = Vec::with_capacity(join.keys.len);
        self.directory.find(&join.keys.columns[self.key][..join.keys.len], &mut numbers);
        let codes = &join.keys.columns[1 - self.key][..join.keys.len];
        for (i, &number) in numbers.iter().enumerate() {
            self.ask_ahead(&numbers, codes, i);
            let row = self.rows.get(number as usize);
            found(i, row.is_some_and(|row| self.has(row, codes[i], join.view)));
        }
    }

    /// Asks for the lines of a row that comes soon, and of its code.
    #[inline]
    fn ask_ahead(&self, numbers: &[u32], codes: &[u32], i: usize) {
        if let Some(&ahead) = numbers.get(i + 2 * AHEAD) {
            prefetch(&self.rows, ahead as usize);
        }
        if let Some(&ahead) = numbers.get(i + AHEAD)
            && let Some(row) = self.rows.get(ahead as usize)
        {
            prefetch(self.codes.words(), row.block.start as usize);
            prefetch(self.codes.words(), row.end());
            self.members.prefetch(row.member, codes[i + AHEAD]);
        }
    }

    /// A join on no column: every tuple matches every key.
    fn expand_all(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        if !cursor.ready {
            // From where in a row each part is, and whose it is.
            cursor.ready = true;
            cursor.spans.clear();
            for number in self.rows_of(join.view) {
                let (from, to) = self.part(&self.rows[number], join.view);
                for start in (from..to).step_by(BATCH) {
                    let len = (to - start).min(narrow(BATCH));
                    let whose = Span { start: narrow(number), len: 0 };
                    cursor.spans.extend([Span { start, len }, whose]);
                }
            }
        }
        out.columns.iter_mut().for_each(Vec::clear);
        while cursor.row < join.keys.len {
            let Some(&[part, whose]) = cursor.spans.get(cursor.offset..cursor.offset + 2) else {
                cursor.row += 1;
                cursor.offset = 0;
                continue;
            };
            let n = out.sources.len() + part.len as usize;
            if n > BATCH {
                break;
            }
            out.sources.resize(n, narrow(cursor.row));
            let codes = self.row_codes(&self.rows[whose.start as usize]);
            let codes = &codes[part.start as usize..][..part.len as usize];
            for (&wanted, column) in join.want.iter().zip(&mut out.columns) {
                if wanted == self.key {
                    column.resize(n, self.directory.codes()[whose.start as usize]);
                } else {
                    column.extend_from_slice(codes);
                }
            }
            cursor.offset += 2;
        }
    }

    /// Codes of the other column of a key, to be visited with it.
    fn visit(
        &self,
        code: u32,
        codes: &[u32],
        by: usize,
        visit: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        codes
            .iter()
            .try_for_each(|&other| visit(&if by == 0 { [code, other] } else { [other, code] }))
    }
}

/// Adds those of the first codes to a row with a bitmap that it does not have, until the row is
/// full or the bitmap has no bit for a code; says how many were looked at.
fn add_bits(
    (base, bits): (u32, &mut [u32]),
    to: &mut [u32],
    len: &mut u32,
    codes: &[u32],
) -> usize {
    let mut n = *len as usize;
    for (i, &code) in codes.iter().enumerate() {
        let at = code.wrapping_sub(base);
        let Some(word) = bits.get_mut(at as usize / 32) else {
            *len = narrow(n);
            return i;
        };
        let Some(end) = to.get_mut(n) else {
            *len = narrow(n);
            return i;
        };
        *end = code;
        let bit = 1 << (at % 32);
        n += usize::from(*word & bit == 0);
        *word |= bit;
    }
    *len = narrow(n);
    codes.len()
}

/// Numbers of rows.
enum Numbers<'a> {
    All(usize),
    Some(&'a [u32]),
}

impl Numbers<'_> {
    fn get(&self, i: usize) -> Option<usize> {
        match self {
            Self::All(n) => (i < *n).then_some(i),
            Self::Some(numbers) => numbers.get(i).map(|&number| number as usize),
        }
    }
}

impl<'a> IntoIterator for Numbers<'a> {
    type Item = usize;
    type IntoIter = Box<dyn Iterator<Item = usize> + 'a>;
    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::All(n) => Box::new(0..n),
            Self::Some(numbers) => Box::new(numbers.iter().map(|&number| number as usize)),
        }
    }
}

impl Storage for Pairs {
    fn arity(&self) -> usize {
        2
    }

    fn load(&mut self, rows: usize, columns: Vec<Vec<u32>>, limits: &Limits) -> Result<(), Halt> {
        for from in (0..rows).step_by(BATCH) {
            limits.check()?;
            let to = rows.min(from + BATCH);
            let slices: Vec<&[u32]> = columns.iter().map(|c| &c[from..to]).collect();
            self.insert(Rows { len: to - from, columns: &slices }, 0)?;
        }
        self.rotate(limits)
    }

    fn insert(&mut self, rows: Rows<'_>, round: u32) -> Result<usize, Full> {
        if rows.len == 0 {
            return Ok(0);
        }
        let before = self.len;
        self.begin(round);
        let codes = &rows.columns[1 - self.key][..rows.len];
        self.members.cover(codes);
        let mut numbers = take(&mut self.numbers);
        self.directory.number(&rows.columns[self.key][..rows.len], &mut numbers);
        self.rows.resize(self.directory.count(), Row::default());
        let mut from = 0;
        for run in numbers.chunk_by(|a, b| a == b) {
            if run.len() < AHEAD {
                (from..from + run.len()).for_each(|i| self.ask_ahead(&numbers, codes, i));
            }
            self.add(run[0] as usize, &codes[from..from + run.len()])?;
            from += run.len();
        }
        self.numbers = numbers;
        if self.len > self.sizes.tuples_max {
            return Err(Full);
        }
        Ok(self.len - before)
    }

    /// Workers keep what is new as rows of their own.
    fn offer(&self, rows: Rows<'_>, outbox: &mut Outbox) -> Result<(), Full> {
        let join = Join { bound: &[0, 1], keys: rows, view: View::All, want: &[], only: None };
        let own = outbox.rows.get_or_insert_with(|| Box::new(Self::new(self.key, self.sizes)));
        let mut new: [Vec<u32>; 2] = [Vec::new(), Vec::new()];
        self.each_pair(join, |i, has| {
            if !has {
                new.iter_mut().zip(rows.columns).for_each(|(to, column)| to.push(column[i]));
            }
        });
        let [first, second] = &new;
        own.insert(Rows { len: first.len(), columns: &[first, second] }, 0).map(|_| ())
    }

    fn close(
        &mut self,
        outboxes: &mut [&mut Outbox],
        round: u32,
        limits: &Limits,
    ) -> Result<(), Halt> {
        for outbox in outboxes {
            let Some(mut own) = outbox.rows.take() else { continue };
            own.rotate(limits)?;
            let (mut cursor, mut out) = (Cursor::default(), Matches::default());
            while !cursor.done {
                limits.check()?;
                own.scan(View::All, &[0, 1], &mut cursor, &mut out);
                self.insert(
                    Rows { len: out.len, columns: &[&out.columns[0], &out.columns[1]] },
                    round,
                )?;
            }
        }
        Ok(())
    }

    fn rotate(&mut self, limits: &Limits) -> Result<(), Halt> {
        *self.asked.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
        if !self.touched.is_empty() {
            self.tick(false);
        }
        for &number in &self.delta {
            let row = &mut self.rows[number as usize];
            row.stable = row.seen;
        }
        swap(&mut self.delta, &mut self.touched);
        self.touched.clear();
        for &number in &self.delta {
            let row = &mut self.rows[number as usize];
            (row.stable, row.seen) = (row.seen, row.len);
        }
        (self.stable, self.seen) = (self.seen, self.len);
        let mut lists = take(&mut self.lists);
        for lists in &mut lists {
            lists.rotate();
            self.fill(lists, View::Delta, limits)?;
        }
        self.lists = lists;
        Ok(())
    }

    fn prepare(
        &mut self,
        bound: &[usize],
        only: Option<(Only, &Arc<CodeSet>)>,
        limits: &Limits,
    ) -> Result<(), Halt> {
        let name = only.map(|(only, _)| only);
        let &[column] = bound else { return Ok(()) };
        if self.lists(column, name).is_some() || (column == self.key && only.is_none()) {
            return Ok(());
        }
        let mut lists = Lists::new(column, only.map(|(only, set)| (only, Arc::clone(set))));
        self.fill(&mut lists, View::Stable, limits)?;
        lists.rotate();
        self.fill(&mut lists, View::Delta, limits)?;
        self.lists.push(lists);
        Ok(())
    }

    fn seal(&mut self) {
        self.numbers = Vec::new();
    }

    fn forget(&mut self) {
        self.lists = Vec::new();
    }

    /// A place is a row.
    fn places(&self, view: View) -> usize {
        match self.rows_of(view) {
            Numbers::All(n) => n,
            Numbers::Some(numbers) => numbers.len(),
        }
    }

    fn scan(&self, view: View, want: &[usize], cursor: &mut Cursor, out: &mut Matches) {
        out.columns.resize_with(want.len(), Vec::new);
        out.columns.iter_mut().for_each(Vec::clear);
        out.len = 0;
        let numbers = self.rows_of(view);
        let end = cursor.until.unwrap_or(usize::MAX);
        while out.len < BATCH && cursor.row < end {
            let Some(number) = numbers.get(cursor.row) else { break };
            if let Some(ahead) = numbers.get(cursor.row + AHEAD).and_then(|n| self.rows.get(n)) {
                prefetch(self.codes.words(), ahead.block.start as usize);
            }
            let span = self.span(&self.rows[number], view);
            let codes = &self.codes.words()[span.start as usize..][..span.len as usize];
            let codes = &codes[cursor.offset..];
            let n = codes.len().min(BATCH - out.len);
            out.len += n;
            for (&wanted, column) in want.iter().zip(&mut out.columns) {
                if wanted == self.key {
                    column.resize(out.len, self.directory.codes()[number]);
                } else {
                    column.extend_from_slice(&codes[..n]);
                }
            }
            if n == codes.len() {
                cursor.row += 1;
                cursor.offset = 0;
            } else {
                cursor.offset += n;
            }
        }
        cursor.done = cursor.row >= end || numbers.get(cursor.row).is_none();
    }

    fn expand(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        out.ids.clear();
        out.sources.clear();
        out.columns.resize_with(join.want.len(), Vec::new);
        match join.bound.len() {
            0 => self.expand_all(join, cursor, out),
            1 => self.expand_one(join, cursor, out),
            _ => self.expand_both(join, cursor, out),
        }
        cursor.done = cursor.row >= join.keys.len;
        out.len = out.sources.len();
    }

    fn matches(&self, join: Join<'_>, cursor: &mut Cursor, hits: &mut Vec<bool>) {
        hits.clear();
        match join.bound.len() {
            0 => hits.resize(join.keys.len, self.len(join.view) > 0),
            1 if self.is_late(join) => {
                let keys = &join.keys.columns[0][..join.keys.len];
                let Some(lists) = self.lists(join.bound[0], join.only) else { return };
                self.look_up(join, Some(lists), cursor);
                let words = lists.words();
                hits.extend(keys.iter().zip(&cursor.spans).map(|(&key, span)| {
                    let others = &words[span.start as usize..][..span.len as usize];
                    others.iter().any(|&other| self.has_pair(join, key, other))
                }));
            }
            1 => {
                self.look_up(join, self.lists(join.bound[0], join.only), cursor);
                hits.extend(cursor.spans.iter().map(|span| span.len > 0));
            }
            _ => self.each_pair(join, |_, has| hits.push(has)),
        }
    }

    fn counts(&self, join: Join<'_>, cursor: &mut Cursor, counts: &mut Vec<u32>) {
        counts.clear();
        match join.bound.len() {
            0 => counts.resize(join.keys.len, narrow(self.len(join.view))),
            1 => {
                self.look_up(join, self.lists(join.bound[0], join.only), cursor);
                counts.extend(cursor.spans.iter().map(|span| span.len));
            }
            _ => counts.resize(join.keys.len, 1),
        }
    }

    fn each(
        &self,
        pattern: &[Option<u32>],
        view: View,
        visit: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
    ) {
        // A break ends the walk, and nothing comes after it.
        let _ = match (pattern[self.key], pattern[1 - self.key]) {
            (Some(key), None) => self.row_of(key).map_or(ControlFlow::Continue(()), |row| {
                let (from, to) = self.part(row, view);
                let codes = &self.row_codes(row)[from as usize..to as usize];
                self.visit(key, codes, self.key, visit)
            }),
            (Some(key), Some(code)) => match self.row_of(key) {
                Some(row) if self.has(row, code, view) => self.visit(key, &[code], self.key, visit),
                _ => ControlFlow::Continue(()),
            },
            (None, Some(code)) => {
                let asked;
                let lists = match self.lists(1 - self.key, None) {
                    Some(lists) => Some(lists),
                    None => {
                        asked = self.index_asked();
                        asked.as_deref()
                    }
                };
                let Some(lists) = lists else { return };
                let (mut numbers, mut spans) = (Vec::new(), Vec::new());
                lists.look_up(&[code], View::All, &mut numbers, &mut spans);
                let span = spans[0];
                let keys = &lists.words()[span.start as usize..][..span.len as usize];
                let has = |key: u32| {
                    view == View::All
                        || self.row_of(key).is_some_and(|row| self.has(row, code, view))
                };
                keys.iter()
                    .filter(|&&key| has(key))
                    .try_for_each(|&key| self.visit(key, &[code], self.key, visit))
            }
            (None, None) => self.rows_of(view).into_iter().try_for_each(|number| {
                let row = &self.rows[number];
                let (from, to) = self.part(row, view);
                let codes = &self.row_codes(row)[from as usize..to as usize];
                self.visit(self.directory.codes()[number], codes, self.key, visit)
            }),
        };
    }

    fn round_of(&self, tuple: &[u32]) -> Option<u32> {
        let row = self.row_of(tuple[self.key])?;
        let (codes, code) = (self.row_codes(row), tuple[1 - self.key]);
        let at = match self.members.find(row.member, codes, code) {
            Place::Absent => return None,
            Place::At(position) => position as usize,
            Place::Somewhere => search(codes, code)?,
        };
        let number = narrow(self.directory.find_one(tuple[self.key])?);
        let ticked = self.ticked.get(&number).copied().unwrap_or(row.seen);
        if at >= ticked as usize {
            return self.rounds.last().copied();
        }
        self.rounds.get(self.ticks.get(row.block.start as usize + at) as usize).copied()
    }

    fn len(&self, view: View) -> usize {
        match view {
            View::Stable => self.stable,
            View::Delta => self.seen - self.stable,
            View::All => self.seen,
            View::Before(_) => self.rows.iter().map(|row| self.part(row, view).1 as usize).sum(),
        }
    }

    fn pending(&self) -> usize {
        self.len - self.seen
    }

    fn degrees(&self, columns: &[usize]) -> Degrees {
        let even = Degrees::even(self.seen, self.distinct(columns));
        if columns != [self.key] {
            return even;
        }
        let step = self.rows.len() / SAMPLE + 1;
        let lengths = self.rows.iter().step_by(step).map(|row| row.len as usize);
        let (all, squares) = lengths.fold((0, 0), |(all, squares), n| (all + n, squares + n * n));
        Degrees { heavy: even.heavy.max(squares / all.max(1)), ..even }
    }

    fn bytes(&self) -> usize {
        let asked = self.asked.read().unwrap_or_else(PoisonError::into_inner);
        self.directory.bytes()
            + self.rows.capacity() * size_of::<Row>()
            + self.codes.bytes()
            + self.ticks.bytes(self.codes.bytes() / size_of::<u32>())
            + self.members.bytes()
            + self.lists.iter().map(Lists::bytes).sum::<usize>()
            + asked.as_ref().map_or(0, |lists| lists.bytes())
    }
}

impl Pairs {
    /// About how many distinct keys these columns have; at least 1.
    fn distinct(&self, columns: &[usize]) -> usize {
        match columns {
            [] => 1,
            [column] if *column == self.key => self.rows.len().max(1),
            [column] => {
                if let Some(lists) = self.lists(*column, None) {
                    return lists.count().max(1);
                }
                // Codes of a sample of rows, as if the other rows had the same ones.
                let step = self.rows.len() / SAMPLE + 1;
                let rows = self.rows.iter().step_by(step);
                let mut codes: Vec<u32> =
                    rows.flat_map(|row| self.row_codes(row).iter().take(SAMPLE).copied()).collect();
                codes.sort_unstable();
                codes.dedup();
                codes.len().max(1)
            }
            _ => self.seen.max(1),
        }
    }
}
