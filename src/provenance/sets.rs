//! [`Sets`]: sets of small numbers, each kept once, so that a million goals that rest on the same
//! few sources take four bytes each.

use std::hash::BuildHasher;
use std::mem::take;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::base::hash::Map;

/// The number of a set; equal sets have equal numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SetId(u32);

impl SetId {
    /// The set without members.
    pub const EMPTY: Self = Self(0);
    /// The set of everything, which has no list of members: of no use to [`Sets`].
    pub(crate) const ALL: Self = Self(u32::MAX);
}

const HASHER: FixedState = FixedState::with_seed(0x73_65_74);

/// Results that are remembered, at most.
const REMEMBERED_MAX: usize = 1 << 20;

/// Sets.
#[derive(Debug)]
pub struct Sets {
    members: Vec<Box<[u32]>>,
    ids: HashTable<u32>,
    unions: Map<(SetId, SetId), SetId>,
    meets: Map<(SetId, SetId), SetId>,
    memory: Vec<u32>,
}

impl Default for Sets {
    fn default() -> Self {
        let mut sets = Self {
            members: Vec::new(),
            ids: HashTable::new(),
            unions: Map::default(),
            meets: Map::default(),
            memory: Vec::new(),
        };
        sets.intern(&[]);
        sets
    }
}

impl Sets {
    /// The set of these members, ascending.
    ///
    /// # Panics
    /// At 2^32 sets.
    pub fn intern(&mut self, members: &[u32]) -> SetId {
        debug_assert!(members.is_sorted(), "members are in order");
        let Self { members: all, ids, .. } = self;
        let hash = HASHER.hash_one(members);
        let equal = |&id: &u32| *all[id as usize] == *members;
        if let Some(id) = ids.find(hash, equal) {
            return SetId(*id);
        }
        let id = u32::try_from(all.len()).expect("fewer than 2^32 sets");
        all.push(members.into());
        ids.insert_unique(hash, id, |&id| HASHER.hash_one(&*all[id as usize]));
        SetId(id)
    }

    /// The members of a set, ascending.
    #[must_use]
    pub fn members(&self, id: SetId) -> &[u32] {
        &self.members[id.0 as usize]
    }

    /// Whether all of `a` is in `b`.
    #[must_use]
    pub fn is_subset(&self, a: SetId, b: SetId) -> bool {
        let (a, b) = (self.members(a), self.members(b));
        a.len() <= b.len() && a.iter().all(|member| b.binary_search(member).is_ok())
    }

    /// What is in one of the two.
    pub fn union(&mut self, a: SetId, b: SetId) -> SetId {
        if a == b || b == SetId::EMPTY {
            return a;
        }
        if a == SetId::EMPTY {
            return b;
        }
        let key = (a.min(b), a.max(b));
        if let Some(known) = self.unions.get(&key) {
            return *known;
        }
        let mut out = take(&mut self.memory);
        out.clear();
        let (mut x, mut y) = (self.members(a), self.members(b));
        while let ([i, rest_x @ ..], [j, rest_y @ ..]) = (x, y) {
            out.push(*i.min(j));
            if i <= j {
                x = rest_x;
            }
            if j <= i {
                y = rest_y;
            }
        }
        out.extend_from_slice(x);
        out.extend_from_slice(y);
        let id = self.intern(&out);
        self.memory = out;
        remember(&mut self.unions, key, id);
        id
    }

    /// What is in both.
    pub fn meet(&mut self, a: SetId, b: SetId) -> SetId {
        if a == b {
            return a;
        }
        if a == SetId::EMPTY || b == SetId::EMPTY {
            return SetId::EMPTY;
        }
        let key = (a.min(b), a.max(b));
        if let Some(known) = self.meets.get(&key) {
            return *known;
        }
        let (small, large) = (self.members(a), self.members(b));
        let (small, large) =
            if small.len() <= large.len() { (small, large) } else { (large, small) };
        let common: Vec<u32> =
            small.iter().copied().filter(|member| large.binary_search(member).is_ok()).collect();
        let id = self.intern(&common);
        remember(&mut self.meets, key, id);
        id
    }
}

fn remember(known: &mut Map<(SetId, SetId), SetId>, key: (SetId, SetId), id: SetId) {
    if known.len() >= REMEMBERED_MAX {
        known.clear();
    }
    known.insert(key, id);
}
