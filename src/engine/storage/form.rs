//! [`Storage`]: the tuples of one relation, as batches of codes. A form keeps tuples in the order
//! in which they came and never shows how it names them. Readers see what was there when the round
//! began: what is inserted in a round shows after [`Storage::rotate`].

use std::fmt::Debug;
use std::mem::replace;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use crate::base::hash::Set;
use crate::engine::limits::{Limits, Stop};
use crate::engine::storage::keys::Keys;
use crate::engine::storage::pairs::Pairs;
use crate::plan::sizes::Degrees;

/// Rows of a batch, at most.
pub const BATCH: usize = 4096;

/// Which tuples of a relation a reader means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// Those from before the last round.
    Stable,
    /// Those of the last round.
    Delta,
    /// Both.
    All,
    /// Those of rounds before this one.
    Before(u32),
}

/// Rows given column by column.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// How many; needed where there is no column.
    pub len: usize,
    /// Columns, each at least `len` long.
    pub columns: &'a [&'a [u32]],
}

/// A place in a [`Storage::scan`] or [`Storage::expand`] that goes on where it stopped.
#[derive(Default, Debug)]
pub struct Cursor {
    /// The row of the keys, or the next tuple of a scan.
    pub row: usize,
    /// Matches of that row that were already given.
    pub offset: usize,
    /// Whether `spans` is filled.
    pub ready: bool,
    /// The form's own memory: where the matches of each key are.
    pub spans: Vec<Span>,
    /// Whether everything was given.
    pub done: bool,
    /// The place at which a scan ends, if that is not the end of the view.
    pub until: Option<usize>,
}

impl Cursor {
    /// Back to the start, for new keys.
    pub fn restart(&mut self) {
        self.row = 0;
        self.offset = 0;
        self.ready = false;
        self.done = false;
        self.until = None;
    }

    /// To the start of a part of a scan: from one [place](Storage::places) to another.
    pub fn restart_in(&mut self, places: Range<usize>) {
        self.restart();
        self.row = places.start;
        self.done = places.is_empty();
        self.until = Some(places.end);
    }
}

/// A run of tuple ids: `len` of them from `start` of an arena, or the id `start` itself if there
/// is one only.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Span {
    /// Where it starts.
    pub start: u32,
    /// How long it is.
    pub len: u32,
}

/// What a scan or a join gives: at most [`BATCH`] rows.
#[derive(Default, Debug)]
pub struct Matches {
    /// How many.
    pub len: usize,
    /// For a join: the row of the keys that each match belongs to, ascending.
    pub sources: Vec<u32>,
    /// The wanted columns.
    pub columns: Vec<Vec<u32>>,
    /// The form's own memory.
    pub ids: Vec<u32>,
}

/// A join with a relation.
#[derive(Clone, Copy, Debug)]
pub struct Join<'a> {
    /// Columns whose codes the keys give, ascending. May be empty: every tuple matches.
    pub bound: &'a [usize],
    /// One column of keys for each of `bound`.
    pub keys: Rows<'a>,
    /// The tuples meant.
    pub view: View,
    /// Columns to give.
    pub want: &'a [usize],
    /// What the caller asks of matches later anyway: those that fail it may be left out.
    pub only: Option<Only>,
}

/// A column must be in a set of codes, which has a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Only {
    /// The column.
    pub column: usize,
    /// The number of the set.
    pub set: usize,
}

/// A set of codes.
#[derive(Debug)]
pub enum CodeSet {
    /// A bit for each code.
    Dense(Vec<u64>),
    /// The codes.
    Sparse(Set<u32>),
}

impl CodeSet {
    /// The set of these codes.
    #[must_use]
    pub fn new(codes: &[u32]) -> Self {
        let greatest = codes.iter().max().map_or(0, |&code| code as usize);
        if greatest / 64 > codes.len() * 4 + 1024 {
            return Self::Sparse(codes.iter().copied().collect());
        }
        let mut words = vec![0; greatest / 64 + 1];
        for &code in codes {
            words[code as usize / 64] |= 1 << (code % 64);
        }
        Self::Dense(words)
    }

    /// Whether the code is in it.
    #[inline]
    #[must_use]
    pub fn contains(&self, code: u32) -> bool {
        match self {
            Self::Dense(words) => {
                words.get(code as usize / 64).is_some_and(|word| word >> (code % 64) & 1 == 1)
            }
            Self::Sparse(codes) => codes.contains(&code),
        }
    }
}

/// What a worker offered to one relation and what waits there: at most some thousand rows for each
/// part of the relation, or rows that are new.
#[derive(Debug)]
pub struct Outbox {
    /// For a form that is divided: rows of each part, codes after codes.
    pub parts: Vec<Vec<u32>>,
    /// The form's own memory.
    pub hashes: Vec<u64>,
    /// For a form that is not: distinct rows that the relation does not have yet.
    pub fresh: Keys,
    /// For one that keeps rows: what is new, as rows.
    pub rows: Option<Box<Pairs>>,
    known: Vec<bool>,
    cursor: Cursor,
}

impl Outbox {
    /// Nothing yet for a relation of `arity` columns.
    #[must_use]
    pub fn new(arity: usize) -> Self {
        Self {
            parts: Vec::new(),
            hashes: Vec::new(),
            fresh: Keys::new(arity),
            rows: None,
            known: Vec::new(),
            cursor: Cursor::default(),
        }
    }

    /// Keeps the rows that neither the form nor this outbox has.
    fn keep(&mut self, form: &(impl Storage + ?Sized), rows: Rows<'_>) {
        let bound: Vec<usize> = (0..form.arity()).collect();
        let join = Join { bound: &bound, keys: rows, view: View::All, want: &[], only: None };
        self.cursor.restart();
        form.matches(join, &mut self.cursor, &mut self.known);
        let new: Vec<usize> = (0..rows.len).filter(|&row| !self.known[row]).collect();
        let columns: Vec<Vec<u32>> =
            rows.columns.iter().map(|c| new.iter().map(|&row| c[row]).collect()).collect();
        let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        self.fresh.number(Rows { len: new.len(), columns: &columns }, &mut Vec::new());
    }
}

/// A relation reached 2^32 − 2 tuples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// The tuples of one relation.
pub trait Storage: Send + Sync + Debug {
    /// Number of columns.
    fn arity(&self) -> usize;

    /// Takes rows in bulk, as tuples of round 0; repeated ones are dropped.
    ///
    /// # Errors
    /// [`Halt`] if it is full or the evaluation shall stop.
    fn load(&mut self, rows: usize, columns: Vec<Vec<u32>>, limits: &Limits) -> Result<(), Halt>;

    /// Adds those rows that are not there yet, as tuples of `round`, and says how many they were.
    /// Rounds do not decrease. Readers do not see them before [`Storage::rotate`].
    ///
    /// # Errors
    /// [`Full`] if there is no room; some rows may have been added.
    fn insert(&mut self, rows: Rows<'_>, round: u32) -> Result<usize, Full>;

    /// Makes ready for rows that several workers [offer](Storage::offer).
    ///
    /// # Errors
    /// If the evaluation shall stop.
    fn open(&mut self, limits: &Limits) -> Result<(), Halt> {
        Ok(limits.check()?)
    }

    /// Takes rows from one of several workers. Readers do not see them, nor does
    /// [`Storage::insert`] know them, before [`Storage::close`].
    ///
    /// # Errors
    /// [`Full`] if there is no room; some rows may have been taken.
    fn offer(&self, rows: Rows<'_>, outbox: &mut Outbox) -> Result<(), Full> {
        outbox.keep(self, rows);
        Ok(())
    }

    /// Adds those offered rows that are not there yet, as tuples of `round`, once every worker has
    /// done its work. Leaves the outboxes empty.
    ///
    /// # Errors
    /// If there is no room, or the evaluation shall stop.
    fn close(
        &mut self,
        outboxes: &mut [&mut Outbox],
        round: u32,
        limits: &Limits,
    ) -> Result<(), Halt> {
        for outbox in outboxes {
            let arity = self.arity();
            let fresh = replace(&mut outbox.fresh, Keys::new(arity));
            for from in (0..fresh.count()).step_by(BATCH) {
                limits.check()?;
                let numbers = from..fresh.count().min(from + BATCH);
                let column = |c: usize| numbers.clone().map(|n| fresh.key(n)[c]).collect();
                let columns: Vec<Vec<u32>> = (0..arity).map(column).collect();
                let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
                self.insert(Rows { len: numbers.len(), columns: &columns }, round)?;
            }
        }
        Ok(())
    }

    /// Ends a round: what was the delta becomes stable, what was inserted becomes the delta.
    ///
    /// # Errors
    /// If the evaluation shall stop, or there is no room for an index.
    fn rotate(&mut self, limits: &Limits) -> Result<(), Halt>;

    /// Makes joins on these columns fast, and keeps them so in later rounds; with `only`, those
    /// joins that ask for the same.
    ///
    /// # Errors
    /// If the evaluation shall stop, or there is no room for an index.
    fn prepare(
        &mut self,
        bound: &[usize],
        only: Option<(Only, &Arc<CodeSet>)>,
        limits: &Limits,
    ) -> Result<(), Halt>;

    /// No more rows will come: drops what only insertion needs.
    fn seal(&mut self);

    /// Drops the indexes.
    fn forget(&mut self);

    /// Places of a view at which a scan may begin and end, counted from 0: so that workers share it.
    /// A worker gets some hundred of them at a time, which should be about as many rows.
    fn places(&self, view: View) -> usize {
        self.len(view)
    }

    /// The next rows of the view, in the order in which they came; `cursor.done` after the last, or
    /// at the place where the cursor ends.
    fn scan(&self, view: View, want: &[usize], cursor: &mut Cursor, out: &mut Matches);

    /// The next matches of the keys: those of a key together, in the order in which they came.
    /// The columns must be [prepared](Storage::prepare).
    fn expand(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches);

    /// For each key whether a tuple matches. Columns fewer than all must be prepared.
    fn matches(&self, join: Join<'_>, cursor: &mut Cursor, hits: &mut Vec<bool>);

    /// About how many tuples match each key. The columns must be [prepared](Storage::prepare) unless
    /// there are none.
    fn counts(&self, join: Join<'_>, cursor: &mut Cursor, counts: &mut Vec<u32>);

    /// Calls `visit` with every tuple of the view that has the given codes, until it breaks; the
    /// first use of a pattern may build an index.
    fn each(
        &self,
        pattern: &[Option<u32>],
        view: View,
        visit: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
    );

    /// The round of a tuple.
    fn round_of(&self, tuple: &[u32]) -> Option<u32>;

    /// Number of tuples of a view.
    fn len(&self, view: View) -> usize;

    /// Number of tuples that readers do not see before the next [`Storage::rotate`].
    fn pending(&self) -> usize;

    /// About how the tuples share the keys of these columns.
    fn degrees(&self, columns: &[usize]) -> Degrees;

    /// Bytes of tuples, membership and indexes.
    fn bytes(&self) -> usize;
}

/// Why a form stopped its work.
#[derive(Clone, Debug)]
pub enum Halt {
    /// There is no more room.
    Full,
    /// The evaluation shall stop.
    Stop(Stop),
}

impl From<Full> for Halt {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}
