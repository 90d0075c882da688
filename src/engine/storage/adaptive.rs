//! [`Adaptive`]: a relation that changes its form as it grows. It begins as [`Ids`]; a binary
//! relation whose tuples share a code of one column becomes [`Pairs`], with that column as the key,
//! if rows are dense and some of what is derived for it is there already: a bitmap answers that at
//! once. Where rows are sparse, or nearly all is new, the table of [`Ids`] was measured to be faster.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::limits::Limits;
use crate::engine::storage::directory::Directory;
use crate::engine::storage::form::{
    BATCH, CodeSet, Cursor, Full, Halt, Join, Matches, Only, Outbox, Rows, Storage, View,
};
use crate::engine::storage::ids::Ids;
use crate::engine::storage::pairs::{Pairs, Sizes};
use crate::plan::sizes::Degrees;

/// When a relation becomes rows.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Tuples that it must have.
    pub tuples: usize,
    /// Tuples that a row must have, on average.
    pub row: usize,
    /// The same if tuples of a row do not come together: then only much longer rows pay.
    pub scattered: usize,
    /// Of so many new tuples one at least was derived again.
    pub repeats: usize,
    /// One in so many pairs of a code of one column and one of the other is a tuple.
    pub dense: usize,
    /// Sizes of the rows.
    pub sizes: Sizes,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            tuples: 4096,
            row: 8,
            scattered: 200,
            repeats: 4,
            dense: 32,
            sizes: Sizes::default(),
        }
    }
}

impl Thresholds {
    /// So small that a handful of tuples meets every kind of row and every width.
    #[must_use]
    pub fn tiny() -> Self {
        let sizes = Sizes { short: 4, wide: [2, 4], spread: 8, ..Sizes::default() };
        let (repeats, dense) = (usize::MAX, usize::MAX);
        Self { tuples: 2, row: 1, scattered: 1, repeats, dense, sizes }
    }
}

/// Columns of a join, and what it leaves out.
type Prepared = (Box<[usize]>, Option<(Only, Arc<CodeSet>)>);

/// A relation of any form.
#[derive(Debug)]
pub struct Adaptive {
    form: Form,
    thresholds: Thresholds,
    /// Tuples at which the form is thought over again.
    next: usize,
    /// Tuples that were given, not derived.
    loaded: usize,
    /// Tuples that were derived, each as often as it was.
    derived: AtomicUsize,
    /// What was asked to be fast.
    prepared: Vec<Prepared>,
}

#[derive(Debug)]
enum Form {
    Ids(Box<Ids>),
    Pairs(Box<Pairs>),
}

impl Adaptive {
    /// No tuples of `arity` columns.
    #[must_use]
    pub fn new(arity: usize, thresholds: Thresholds) -> Self {
        Self {
            form: Form::Ids(Box::new(Ids::new(arity))),
            thresholds,
            next: thresholds.tuples,
            loaded: 0,
            derived: AtomicUsize::new(0),
            prepared: Vec::new(),
        }
    }

    fn storage(&self) -> &dyn Storage {
        match &self.form {
            Form::Ids(ids) => &**ids,
            Form::Pairs(pairs) => &**pairs,
        }
    }

    fn storage_mut(&mut self) -> &mut dyn Storage {
        match &mut self.form {
            Form::Ids(ids) => &mut **ids,
            Form::Pairs(pairs) => &mut **pairs,
        }
    }

    /// Thinks the form over when the relation has doubled, counting `more` tuples to come. Not while
    /// anybody reads it: cursors know where they are in a form.
    fn consider(&mut self, more: usize, limits: &Limits) -> Result<(), Halt> {
        let Form::Ids(ids) = &self.form else { return Ok(()) };
        if ids.arity() != 2 || ids.count() + more < self.next || ids.count() == 0 {
            return Ok(());
        }
        let derived = self.derived.load(Ordering::Relaxed);
        let new = ids.count().saturating_sub(self.loaded);
        let again = derived.saturating_sub(new);
        if again.saturating_mul(self.thresholds.repeats) < new {
            return Ok(());
        }
        self.next = (ids.count() + more) * 2;
        let Some(key) = self.key(ids) else { return Ok(()) };
        if let Form::Ids(ids) = &mut self.form {
            // What is made anew need not be there twice.
            ids.seal();
            ids.forget();
        }
        if let Form::Ids(ids) = &self.form {
            self.form = Form::Pairs(Box::new(self.rows(ids, key, limits)?));
        }
        Ok(())
    }

    /// The column by which tuples should stand in rows: rows are long and dense enough, and tuples of
    /// a row come close together; of two such, the one by which joins look up.
    fn key(&self, ids: &Ids) -> Option<usize> {
        let mut pairs = 1_usize;
        let fits = [0, 1].map(|column| {
            let (mut directory, mut numbers) = (Directory::default(), Vec::new());
            let (mut recent, mut far) = ([u32::MAX; 256], 0);
            let mut codes = Vec::with_capacity(BATCH);
            for rows in ids.codes().chunks(2 * BATCH) {
                codes.clear();
                codes.extend(rows.chunks_exact(2).map(|row| row[column]));
                directory.number(&codes, &mut numbers);
                for &number in &numbers {
                    let last = &mut recent[number as usize % 256];
                    far += usize::from(*last != number);
                    *last = number;
                }
            }
            pairs = pairs.saturating_mul(directory.count());
            let row =
                if far * 2 > ids.count() { self.thresholds.scattered } else { self.thresholds.row };
            (directory.count() * row <= ids.count()).then_some(far)
        });
        if ids.count().saturating_mul(self.thresholds.dense) < pairs {
            return None;
        }
        match fits {
            [Some(first), Some(second)] if first / 2 <= second && second / 2 <= first => {
                let joined = |column| {
                    self.prepared.iter().any(|(bound, only)| **bound == [column] && only.is_none())
                };
                Some(usize::from(!joined(0) && joined(1)))
            }
            [Some(first), Some(second)] => Some(usize::from(second < first)),
            [first, second] => first.map(|_| 0).or_else(|| second.map(|_| 1)),
        }
    }

    /// The same tuples as rows.
    fn rows(&self, ids: &Ids, key: usize, limits: &Limits) -> Result<Pairs, Halt> {
        let mut pairs = Pairs::new(key, self.thresholds.sizes);
        let (mut first, mut second) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        for (from, to, round, ends_view) in ids.parts() {
            for rows in ids.codes()[from * 2..to * 2].chunks(2 * BATCH) {
                limits.check()?;
                first.clear();
                first.extend(rows.chunks_exact(2).map(|row| row[0]));
                second.clear();
                second.extend(rows.chunks_exact(2).map(|row| row[1]));
                pairs.insert(Rows { len: first.len(), columns: &[&first, &second] }, round)?;
            }
            for _ in 0..ends_view {
                pairs.rotate(limits)?;
            }
        }
        for (bound, only) in &self.prepared {
            let only = only.as_ref().map(|(only, set)| (*only, set));
            pairs.prepare(bound, only, limits)?;
        }
        Ok(pairs)
    }
}

impl Storage for Adaptive {
    fn arity(&self) -> usize {
        self.storage().arity()
    }

    fn load(&mut self, rows: usize, columns: Vec<Vec<u32>>, limits: &Limits) -> Result<(), Halt> {
        self.storage_mut().load(rows, columns, limits)?;
        self.loaded = self.storage().len(View::All);
        Ok(())
    }

    fn insert(&mut self, rows: Rows<'_>, round: u32) -> Result<usize, Full> {
        // Within a round a relation is read if it has tuples that can be seen.
        if matches!(&self.form, Form::Ids(ids) if ids.len(View::All) == 0) {
            self.consider(rows.len, &Limits::default()).map_err(|_| Full)?;
        }
        *self.derived.get_mut() += rows.len;
        self.storage_mut().insert(rows, round)
    }

    fn open(&mut self, limits: &Limits) -> Result<(), Halt> {
        self.storage_mut().open(limits)
    }

    fn offer(&self, rows: Rows<'_>, outbox: &mut Outbox) -> Result<(), Full> {
        self.derived.fetch_add(rows.len, Ordering::Relaxed);
        self.storage().offer(rows, outbox)
    }

    fn close(
        &mut self,
        outboxes: &mut [&mut Outbox],
        round: u32,
        limits: &Limits,
    ) -> Result<(), Halt> {
        self.storage_mut().close(outboxes, round, limits)
    }

    fn rotate(&mut self, limits: &Limits) -> Result<(), Halt> {
        self.storage_mut().rotate(limits)?;
        self.consider(0, limits)
    }

    fn prepare(
        &mut self,
        bound: &[usize],
        only: Option<(Only, &Arc<CodeSet>)>,
        limits: &Limits,
    ) -> Result<(), Halt> {
        self.prepared.push((bound.into(), only.map(|(only, set)| (only, Arc::clone(set)))));
        self.storage_mut().prepare(bound, only, limits)
    }

    fn seal(&mut self) {
        self.storage_mut().seal();
    }

    fn forget(&mut self) {
        self.prepared.clear();
        self.storage_mut().forget();
    }

    fn places(&self, view: View) -> usize {
        self.storage().places(view)
    }

    fn scan(&self, view: View, want: &[usize], cursor: &mut Cursor, out: &mut Matches) {
        self.storage().scan(view, want, cursor, out);
    }

    fn expand(&self, join: Join<'_>, cursor: &mut Cursor, out: &mut Matches) {
        self.storage().expand(join, cursor, out);
    }

    fn matches(&self, join: Join<'_>, cursor: &mut Cursor, hits: &mut Vec<bool>) {
        self.storage().matches(join, cursor, hits);
    }

    fn counts(&self, join: Join<'_>, cursor: &mut Cursor, counts: &mut Vec<u32>) {
        self.storage().counts(join, cursor, counts);
    }

    fn each(
        &self,
        pattern: &[Option<u32>],
        view: View,
        visit: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
    ) {
        self.storage().each(pattern, view, visit);
    }

    fn round_of(&self, tuple: &[u32]) -> Option<u32> {
        self.storage().round_of(tuple)
    }

    fn len(&self, view: View) -> usize {
        self.storage().len(view)
    }

    fn pending(&self) -> usize {
        self.storage().pending()
    }

    fn degrees(&self, columns: &[usize]) -> Degrees {
        self.storage().degrees(columns)
    }

    fn bytes(&self) -> usize {
        self.storage().bytes()
    }
}
