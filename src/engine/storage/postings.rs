//! [`Postings`]: for the codes of some columns the ids of the tuples that have them, in the order
//! in which the tuples came. So a view is a slice of a list. A list of one id is kept in its
//! header; longer ones have blocks of one arena, which double when they are full.

use std::mem::take;
use std::slice;
use std::sync::Arc;

use crate::engine::kernels::memory::{Region, prefetch};
use crate::engine::kernels::select::narrow;
use crate::engine::limits::Limits;
use crate::engine::storage::form::{BATCH, CodeSet, Full, Halt, Rows, Span};
use crate::engine::storage::keys::Keys;

/// How far ahead lines are asked for.
const AHEAD: usize = 16;

/// The tuples of a log, row after row.
#[derive(Clone, Copy)]
pub struct Log<'a> {
    /// The codes.
    pub words: &'a [u32],
    /// Codes of a tuple; not 0.
    pub arity: usize,
}

#[derive(Clone, Copy, Default, Debug)]
struct List {
    /// In the arena; if `room` is 0, the only id itself.
    start: u32,
    len: u32,
    room: u32,
}

#[derive(Debug)]
enum Directory {
    /// The list of a code is at the code.
    Dense,
    /// Keys are numbered.
    Hashed(Keys),
}

/// An index on some columns.
#[derive(Debug)]
pub struct Postings {
    columns: Box<[usize]>,
    directory: Directory,
    lists: Vec<List>,
    arena: Region<u32>,
    used: usize,
    /// Blocks that lists have left, by the power of two that they hold at least.
    left: Vec<Vec<u32>>,
    rows: usize,
    /// A column that must be in a set; other tuples are left out.
    only: Option<(usize, Arc<CodeSet>)>,
}

impl Postings {
    /// An index on `columns` (not none) of the first `rows` tuples.
    ///
    /// # Errors
    /// If the evaluation shall stop, or the arena is full.
    pub fn build(
        columns: &[usize],
        log: Log<'_>,
        rows: usize,
        limits: &Limits,
    ) -> Result<Self, Halt> {
        let mut postings = Self::empty(columns);
        let greatest = match *columns {
            [column] => log.words[..rows * log.arity]
                .chunks_exact(log.arity)
                .map(|row| row[column])
                .max()
                .map_or(0, |code| code as usize),
            _ => usize::MAX,
        };
        limits.check()?;
        if greatest >= dense_max(rows) {
            postings.directory = Directory::Hashed(Keys::new(columns.len()));
        }
        let mut numbers = Vec::with_capacity(rows);
        let mut ids = Vec::with_capacity(BATCH);
        for from in (0..rows).step_by(BATCH) {
            limits.check()?;
            ids.clear();
            ids.extend(narrow(from)..narrow(rows.min(from + BATCH)));
            postings.number(log, &ids, rows, &mut numbers);
        }
        postings.fill(&numbers, limits)?;
        postings.rows = rows;
        Ok(postings)
    }

    fn empty(columns: &[usize]) -> Self {
        Self {
            columns: columns.into(),
            directory: Directory::Dense,
            lists: Vec::new(),
            arena: Region::default(),
            used: 0,
            left: vec![Vec::new(); 33],
            rows: 0,
            only: None,
        }
    }

    /// An index of no tuples yet, and of those only that have a code of `set` in `column`.
    #[must_use]
    pub fn only(columns: &[usize], column: usize, set: Arc<CodeSet>) -> Self {
        let mut postings = Self { only: Some((column, set)), ..Self::empty(columns) };
        if columns.len() > 1 {
            postings.directory = Directory::Hashed(Keys::new(columns.len()));
        }
        postings
    }

    /// The columns.
    #[must_use]
    #[inline]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let directory = match &self.directory {
            Directory::Dense => 0,
            Directory::Hashed(keys) => keys.bytes(),
        };
        directory + self.lists.capacity() * size_of::<List>() + self.arena.bytes()
    }

    /// Number of distinct keys, more or less: of a dense directory, its size.
    #[must_use]
    #[inline]
    pub fn keys(&self) -> usize {
        self.lists.len()
    }

    /// Takes in the tuples up to `rows`.
    ///
    /// # Errors
    /// If the evaluation shall stop, or the arena is full.
    pub fn append(&mut self, log: Log<'_>, rows: usize, limits: &Limits) -> Result<(), Halt> {
        if rows == self.rows {
            return Ok(());
        }
        let mut numbers = Vec::with_capacity(BATCH.min(rows - self.rows));
        let mut ids: Vec<u32> = Vec::with_capacity(numbers.capacity());
        while self.rows < rows {
            limits.check()?;
            let to = rows.min(self.rows + BATCH);
            numbers.clear();
            ids.clear();
            let all = narrow(self.rows)..narrow(to);
            match &self.only {
                None => ids.extend(all),
                Some((column, set)) => ids.extend(
                    all.filter(|&id| set.contains(log.words[id as usize * log.arity + column])),
                ),
            }
            self.number(log, &ids, rows, &mut numbers);
            for (i, &number) in numbers.iter().enumerate() {
                if let Some(&next) = numbers.get(i + AHEAD) {
                    let list = self.lists[next as usize];
                    prefetch(&self.arena, list.start as usize + list.len as usize);
                }
                self.push(number as usize, ids[i])?;
            }
            self.rows = to;
        }
        Ok(())
    }

    /// The lists of keys given column by column.
    pub fn lookup(&self, keys: Rows<'_>, spans: &mut Vec<Span>) {
        spans.clear();
        spans.reserve(keys.len);
        match &self.directory {
            Directory::Dense => {
                let codes = &keys.columns[0][..keys.len];
                for (i, &code) in codes.iter().enumerate() {
                    if let Some(&next) = codes.get(i + AHEAD) {
                        prefetch(&self.lists, next as usize);
                    }
                    let list = self.lists.get(code as usize).copied().unwrap_or_default();
                    spans.push(Span { start: list.start, len: list.len });
                }
            }
            Directory::Hashed(known) => known.find(keys, |number| {
                let list = number.map(|number| self.lists[number as usize]).unwrap_or_default();
                spans.push(Span { start: list.start, len: list.len });
            }),
        }
    }

    /// The ids of a list.
    #[must_use]
    #[inline]
    pub fn ids<'a>(&'a self, span: &'a Span) -> &'a [u32] {
        if span.len == 1 {
            slice::from_ref(&span.start)
        } else {
            &self.arena[span.start as usize..][..span.len as usize]
        }
    }

    /// The part of a list whose ids are in `from..to`.
    #[must_use]
    #[inline]
    pub fn restrict(&self, span: Span, from: u32, to: u32) -> Span {
        let ids = self.ids(&span);
        let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else { return span };
        let skip = if first >= from { 0 } else { ids.partition_point(|&id| id < from) };
        let end = if last < to { ids.len() } else { ids.partition_point(|&id| id < to) };
        if end <= skip {
            return Span::default();
        }
        let len = narrow(end - skip);
        let start = if len == 1 { ids[skip] } else { span.start + narrow(skip) };
        Span { start, len }
    }

    /// The number of each tuple's key, made if it is new, of `rows` tuples in all. Makes room in
    /// `lists`.
    fn number(&mut self, log: Log<'_>, ids: &[u32], rows: usize, numbers: &mut Vec<u32>) {
        let codes =
            |column: usize| ids.iter().map(move |&id| log.words[id as usize * log.arity + column]);
        if matches!(self.directory, Directory::Dense) {
            let start = numbers.len();
            numbers.extend(codes(self.columns[0]));
            let top = numbers[start..].iter().max().map_or(0, |&code| code as usize + 1);
            if top <= self.lists.len() {
                return;
            }
            if top <= dense_max(rows) {
                self.lists.resize(top, List::default());
                return;
            }
            numbers.truncate(start);
            self.hash_directory();
        }
        let Directory::Hashed(keys) = &mut self.directory else { return };
        let columns: Vec<Vec<u32>> = self.columns.iter().map(|&c| codes(c).collect()).collect();
        let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        keys.number(Rows { len: ids.len(), columns: &columns }, numbers);
        self.lists.resize(keys.count(), List::default());
    }

    /// From a dense directory to a hashed one: codes have become too large.
    fn hash_directory(&mut self) {
        let lists = take(&mut self.lists);
        let used: Vec<usize> = (0..lists.len()).filter(|&code| lists[code].len > 0).collect();
        let codes: Vec<u32> = used.iter().map(|&code| narrow(code)).collect();
        let mut keys = Keys::new(1);
        keys.number(Rows { len: codes.len(), columns: &[&codes] }, &mut Vec::new());
        self.lists.extend(used.iter().map(|&code| lists[code]));
        self.directory = Directory::Hashed(keys);
    }

    /// The first fill: lists get blocks of just their length.
    fn fill(&mut self, numbers: &[u32], limits: &Limits) -> Result<(), Halt> {
        for part in numbers.chunks(BATCH * 8) {
            limits.check()?;
            for &number in part {
                self.lists[number as usize].room += 1;
            }
        }
        let mut used = 0_usize;
        for list in &mut self.lists {
            if list.room > 1 {
                list.start = u32::try_from(used).map_err(|_| Full)?;
                used += list.room as usize;
            } else {
                list.room = 0;
            }
        }
        self.arena = Region::zeroed(used);
        self.used = used;
        let arena: &mut [u32] = &mut self.arena;
        let mut id = 0;
        for part in numbers.chunks(BATCH * 8) {
            limits.check()?;
            for &number in part {
                let list = &mut self.lists[number as usize];
                if list.room == 0 {
                    list.start = id;
                } else {
                    arena[list.start as usize + list.len as usize] = id;
                }
                list.len += 1;
                id += 1;
            }
        }
        Ok(())
    }

    fn push(&mut self, number: usize, id: u32) -> Result<(), Full> {
        let list = self.lists[number];
        if list.len == 0 {
            self.lists[number] = List { start: id, len: 1, room: 0 };
            return Ok(());
        }
        if list.len < list.room {
            self.arena[list.start as usize + list.len as usize] = id;
            self.lists[number].len += 1;
            return Ok(());
        }
        let room = (list.len + 1).next_power_of_two().max(4);
        let start = match self.left[room.trailing_zeros() as usize].pop() {
            Some(start) => start as usize,
            None => {
                let start = self.used;
                self.used += room as usize;
                u32::try_from(self.used).map_err(|_| Full)?;
                self.arena.grow(self.used);
                start
            }
        };
        if list.room == 0 {
            self.arena[start] = list.start;
        } else {
            let from = list.start as usize;
            self.arena.copy_within(from..from + list.len as usize, start);
            self.left[list.room.ilog2() as usize].push(list.start);
        }
        self.arena[start + list.len as usize] = id;
        self.lists[number] = List { start: narrow(start), len: list.len + 1, room };
        Ok(())
    }
}

/// Codes below this may have a dense directory over `rows` tuples.
fn dense_max(rows: usize) -> usize {
    rows * 4 + 1024
}
