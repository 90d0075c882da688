//! [`Lists`]: the other order of a binary relation: for a code of one column the codes of the other
//! column, in the order in which they came. The relation's rows know what is there already, so a
//! list holds nothing but codes.

use std::mem::take;
use std::sync::Arc;

use crate::engine::kernels::memory::prefetch;
use crate::engine::kernels::select::narrow;
use crate::engine::storage::arena::{Arena, Block};
use crate::engine::storage::directory::{Directory, NONE};
use crate::engine::storage::form::{CodeSet, Full, Only, Span, View};

/// How far ahead lines are asked for.
const AHEAD: usize = 8;

#[derive(Clone, Copy, Default, Debug)]
struct List {
    block: Block,
    len: u32,
    /// What came before the last round.
    stable: u32,
}

/// An index on one column.
#[derive(Debug)]
pub struct Lists {
    /// The column.
    pub column: usize,
    /// What other tuples are left out by.
    pub only: Option<(Only, Arc<CodeSet>)>,
    directory: Directory,
    lists: Vec<List>,
    arena: Arena,
    /// Lists that grew in the last round.
    delta: Vec<u32>,
    numbers: Vec<u32>,
    kept: [Vec<u32>; 2],
}

impl Lists {
    /// An index of no tuples yet.
    #[must_use]
    pub fn new(column: usize, only: Option<(Only, Arc<CodeSet>)>) -> Self {
        Self {
            column,
            only,
            directory: Directory::default(),
            lists: Vec::new(),
            arena: Arena::default(),
            delta: Vec::new(),
            numbers: Vec::new(),
            kept: [Vec::new(), Vec::new()],
        }
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.directory.bytes() + self.lists.capacity() * size_of::<List>() + self.arena.bytes()
    }

    /// Number of lists.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lists.len()
    }

    /// The codes that spans are of.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        self.arena.words()
    }

    /// What is there becomes stable.
    pub fn rotate(&mut self) {
        for number in self.delta.drain(..) {
            let list = &mut self.lists[number as usize];
            list.stable = list.len;
        }
    }

    /// Adds tuples: codes of the column, and of the other one.
    ///
    /// # Errors
    /// [`Full`] if there is no room.
    pub fn append(&mut self, keys: &[u32], others: &[u32]) -> Result<(), Full> {
        let Some((only, set)) = &self.only else { return self.push_all(keys, others) };
        let tested = if only.column == self.column { keys } else { others };
        let [mut kept_keys, mut kept_others] = take(&mut self.kept);
        kept_keys.clear();
        kept_others.clear();
        for (i, _) in tested.iter().enumerate().filter(|&(_, &code)| set.contains(code)) {
            kept_keys.push(keys[i]);
            kept_others.push(others[i]);
        }
        let done = self.push_all(&kept_keys, &kept_others);
        self.kept = [kept_keys, kept_others];
        done
    }

    fn push_all(&mut self, keys: &[u32], others: &[u32]) -> Result<(), Full> {
        self.directory.number(keys, &mut self.numbers);
        self.lists.resize(self.directory.count(), List::default());
        for (i, &number) in self.numbers.iter().enumerate() {
            if let Some(&ahead) = self.numbers.get(i + 2 * AHEAD) {
                prefetch(&self.lists, ahead as usize);
            }
            if let Some(&ahead) = self.numbers.get(i + AHEAD) {
                let list = self.lists[ahead as usize];
                prefetch(self.arena.words(), (list.block.start + list.len) as usize);
            }
            let list = &mut self.lists[number as usize];
            if list.len == list.block.room {
                let bigger = self.arena.take(list.len + 1)?;
                let from = list.block.start as usize;
                let words = self.arena.words_mut();
                words.copy_within(from..from + list.len as usize, bigger.start as usize);
                self.arena.give(list.block);
                list.block = bigger;
            }
            if list.len == list.stable {
                self.delta.push(number);
            }
            self.arena.words_mut()[(list.block.start + list.len) as usize] = others[i];
            list.len += 1;
        }
        Ok(())
    }

    /// The list of each key, as far as the view goes; that before a round has all.
    pub fn look_up(&self, keys: &[u32], view: View, numbers: &mut Vec<u32>, spans: &mut Vec<Span>) {
        self.directory.find(keys, numbers);
        spans.clear();
        spans.extend(numbers.iter().enumerate().map(|(i, &number)| {
            prefetch(&self.lists, numbers[(i + AHEAD).min(numbers.len() - 1)] as usize);
            if number == NONE {
                return Span::default();
            }
            let list = self.lists[number as usize];
            let (from, to) = match view {
                View::Stable => (0, list.stable),
                View::Delta => (list.stable, list.len),
                View::All | View::Before(_) => (0, list.len),
            };
            Span { start: list.block.start + from, len: narrow((to - from) as usize) }
        }));
    }
}
