//! [`weigh`]: sets that are enough for a conclusion, and sets whose failure takes it down, found by
//! runs. Where sums, counts or absences are below, the proofs there are do not say what would hold
//! with less: a count of fewer rows may still be enough, and what must be absent may come back. So
//! every set is tried, and members are dropped for as long as what is left still does.

use std::mem::take;

use crate::provenance::lanes::LANES;

/// With so few members every choice is tried.
const ALL_MAX: usize = 7;
/// With so few members every pair is tried.
const PAIRS_MAX: usize = 40;
/// Orders in which members are dropped.
const ORDERS: usize = 8;
/// Passes after which no more members are dropped.
const PASSES_MAX: usize = 400;
/// Sets that are kept.
const SETS_MAX: usize = 64;

/// What a run with these members, and none of the others, says: whether the conclusion holds;
/// nothing if there is no telling.
pub type Runs<'r, E> = dyn FnMut(&[Vec<u32>]) -> Result<Vec<Option<bool>>, E> + 'r;

/// What was found. Members are numbers.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Weighed {
    /// Sets that are enough by themselves; none is enough without one of its members.
    pub enough: Vec<Vec<u32>>,
    /// Whether there is no other such set.
    pub complete: bool,
    /// Those without which alone the conclusion falls.
    pub singles: Vec<u32>,
    /// A set whose failure takes the conclusion down, and that of no part less one member does.
    pub fall: Option<Vec<u32>>,
    /// Whether no smaller set does.
    pub exact: bool,
}

/// Members and what to begin with.
pub struct Members<'m> {
    /// How many there are.
    pub count: u32,
    /// How many, from the first, are in proofs there are.
    pub proving: u32,
    /// Whether something else that could be missing is always left out of the tries.
    pub others: bool,
    /// Sets that may be enough.
    pub enough: &'m [Vec<u32>],
    /// What may take the conclusion down.
    pub fall: Option<&'m [u32]>,
}

/// Finds sets by runs.
///
/// # Errors
/// What a run stops with.
pub fn weigh<E>(members: &Members<'_>, runs: &mut Runs<'_, E>) -> Result<Weighed, E> {
    let mut weigher = Weigher { count: members.count, runs, passes: 0 };
    if members.count as usize <= ALL_MAX {
        let mut found = weigher.every()?;
        found.complete &= !members.others;
        found.exact &= !members.others || found.fall.as_ref().is_some_and(|set| set.len() == 1);
        return Ok(found);
    }
    let mut found = Weighed::default();
    // All of them: what is found is told as all there are.
    let ones: Vec<Vec<u32>> = (0..members.count).map(|one| vec![one]).collect();
    let answers = weigher.without(&ones)?;
    let known = !members.others && answers.iter().all(Option::is_some);
    let fell = |answers: &[Option<bool>]| -> Vec<usize> {
        (0..answers.len()).filter(|at| answers[*at] == Some(false)).collect()
    };
    found.singles = fell(&answers).into_iter().map(|at| ones[at][0]).collect();
    found.enough = weigher.enough(members)?;
    if let Some(&first) = found.singles.first() {
        found.fall = Some(vec![first]);
        found.exact = true;
        return Ok(found);
    }
    let mut pairs_known = false;
    if members.count as usize <= PAIRS_MAX {
        let n = members.count;
        let pairs: Vec<Vec<u32>> =
            (0..n).flat_map(|a| (a + 1..n).map(move |b| vec![a, b])).collect();
        let answers = weigher.without(&pairs)?;
        pairs_known = answers.iter().all(Option::is_some);
        if let Some(&at) = fell(&answers).first() {
            found.fall = Some(pairs[at].clone());
            found.exact = known;
            return Ok(found);
        }
    }
    found.fall = weigher.fall(members)?;
    let size = found.fall.as_ref().map_or(usize::MAX, Vec::len);
    found.exact = known && (size <= 2 || (size == 3 && pairs_known));
    Ok(found)
}

struct Weigher<'w, 'r, E> {
    count: u32,
    runs: &'w mut Runs<'r, E>,
    passes: usize,
}

/// What a set is to do.
#[derive(Clone, Copy)]
enum Want {
    /// To be enough by itself.
    Enough,
    /// To take the conclusion down when it fails.
    Fall,
}

/// A set that is being made smaller.
struct Shrinking {
    /// Members that it cannot do without, as far as was tried.
    kept: Vec<u32>,
    /// Members that were not tried, in the order in which they are.
    open: Vec<u32>,
    done: bool,
}

impl<E> Weigher<'_, '_, E> {
    fn with(&mut self, sets: &[Vec<u32>]) -> Result<Vec<Option<bool>>, E> {
        self.passes += sets.len().div_ceil(LANES - 1);
        (self.runs)(sets)
    }

    fn without(&mut self, sets: &[Vec<u32>]) -> Result<Vec<Option<bool>>, E> {
        let mut found = Vec::with_capacity(sets.len());
        for part in sets.chunks(LANES - 1) {
            let left: Vec<Vec<u32>> = part.iter().map(|set| self.others(set)).collect();
            found.extend(self.with(&left)?);
        }
        Ok(found)
    }

    fn others(&self, set: &[u32]) -> Vec<u32> {
        let mut is_in = vec![false; self.count as usize];
        set.iter().for_each(|member| is_in[*member as usize] = true);
        (0..self.count).filter(|member| !is_in[*member as usize]).collect()
    }

    /// Tries every choice.
    fn every(&mut self) -> Result<Weighed, E> {
        let members = |bits: u32| (0..self.count).filter(|m| bits >> m & 1 == 1).collect();
        let mut sets: Vec<Vec<u32>> = (0..1 << self.count).map(members).collect();
        sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        let kept = self.with(&sets)?;
        let gone = self.without(&sets)?;
        let mut enough = Vec::new();
        for (set, _) in sets.iter().zip(&kept).filter(|(_, holds)| **holds == Some(true)) {
            add_least(&mut enough, set.clone());
        }
        let falls = |at: &usize| gone[*at] == Some(false);
        let first = (0..sets.len()).find(falls);
        let known = |at: usize| {
            let mut smaller = sets.iter().zip(&gone).filter(|(set, _)| set.len() < sets[at].len());
            smaller.all(|(_, holds)| holds.is_some())
        };
        Ok(Weighed {
            enough,
            complete: kept.iter().all(Option::is_some),
            singles: (0..sets.len())
                .filter(|at| sets[*at].len() == 1)
                .filter(falls)
                .map(|at| sets[at][0])
                .collect(),
            fall: first.map(|at: usize| sets[at].clone()),
            exact: first.is_some_and(known),
        })
    }

    fn enough(&mut self, members: &Members<'_>) -> Result<Vec<Vec<u32>>, E> {
        let known = self.with(members.enough)?;
        let known = members.enough.iter().zip(known).filter(|(_, holds)| *holds == Some(true));
        let mut starts: Vec<Vec<u32>> = known.map(|(set, _)| set.clone()).collect();
        starts.extend((0..ORDERS).map(|order| ordered(members, members.count, order)));
        let sets = self.shrunk(starts, Want::Enough)?;
        let mut enough: Vec<Vec<u32>> = Vec::new();
        for set in sets {
            add_least(&mut enough, set);
        }
        enough.truncate(SETS_MAX);
        Ok(enough)
    }

    fn fall(&mut self, members: &Members<'_>) -> Result<Option<Vec<u32>>, E> {
        let mut starts: Vec<Vec<u32>> = members.fall.iter().map(|set| set.to_vec()).collect();
        for count in [members.proving, members.count] {
            starts.extend((0..ORDERS).map(|order| ordered(members, count, order)));
        }
        let answers = self.without(&starts)?;
        let mut answers = answers.into_iter();
        starts.retain(|_| answers.next() == Some(Some(false)));
        let sets = self.shrunk(starts, Want::Fall)?;
        Ok(sets.into_iter().next())
    }

    /// Whether each set does what is wanted of it.
    fn does(&mut self, sets: &[Vec<u32>], want: Want) -> Result<Vec<bool>, E> {
        let (found, wanted) = match want {
            Want::Enough => (self.with(sets)?, Some(true)),
            Want::Fall => (self.without(sets)?, Some(false)),
        };
        Ok(found.into_iter().map(|holds| holds == wanted).collect())
    }

    /// Each set made as small as it can be while it still does, small ones first; those that were
    /// not finished are left out unless none was.
    fn shrunk(&mut self, starts: Vec<Vec<u32>>, want: Want) -> Result<Vec<Vec<u32>>, E> {
        let shrinking = |open| Shrinking { kept: Vec::new(), open, done: false };
        let mut all: Vec<Shrinking> = starts.into_iter().map(shrinking).collect();
        let until = self.passes + PASSES_MAX;
        while self.passes < until && all.iter().any(|one| !one.done) {
            let mut tries: Vec<Vec<u32>> = Vec::new();
            let mut of: Vec<usize> = Vec::new();
            for one in &all {
                let before = tries.len();
                one.tries(&mut tries);
                of.push(tries.len() - before);
            }
            let answers = self.does(&tries, want)?;
            let mut rest = answers.as_slice();
            for (one, tried) in all.iter_mut().zip(of) {
                let (own, others) = rest.split_at(tried);
                one.learn(own);
                rest = others;
            }
        }
        let any_done = all.iter().any(|one| one.done);
        all.retain(|one| one.done || !any_done);
        let mut sets: Vec<Vec<u32>> = all.into_iter().map(Shrinking::members).collect();
        sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        sets.dedup();
        Ok(sets)
    }
}

impl Shrinking {
    /// What to try: without the first of the open members, the first two, four, …; at the end
    /// without each that was kept.
    fn tries(&self, tries: &mut Vec<Vec<u32>>) {
        if self.done {
            return;
        }
        if self.open.is_empty() {
            for at in 0..self.kept.len() {
                let mut less = self.kept.clone();
                less.remove(at);
                tries.push(less);
            }
            return;
        }
        for n in steps(self.open.len()) {
            tries.push(self.kept.iter().chain(&self.open[n..]).copied().collect());
        }
    }

    fn learn(&mut self, answers: &[bool]) {
        if self.done {
            return;
        }
        if self.open.is_empty() {
            match answers.iter().position(|does| *does) {
                Some(at) => {
                    self.kept.remove(at);
                }
                None => self.done = true,
            }
            return;
        }
        let steps: Vec<usize> = steps(self.open.len()).collect();
        match answers.iter().rposition(|does| *does) {
            Some(at) => drop(self.open.drain(..steps[at])),
            None => self.kept.push(self.open.remove(0)),
        }
    }

    fn members(mut self) -> Vec<u32> {
        let mut all = take(&mut self.kept);
        all.append(&mut self.open);
        all.sort_unstable();
        all
    }
}

/// 1, 2, 4, … and the number itself.
fn steps(n: usize) -> impl Iterator<Item = usize> {
    (0..usize::BITS).map(|bit| 1 << bit).take_while(move |step| *step < n).chain([n])
}

/// The first members, those that are in no proof before the others, which come in one of several
/// orders.
fn ordered(members: &Members<'_>, count: u32, order: usize) -> Vec<u32> {
    let mut proving: Vec<u32> = (0..members.proving.min(count)).collect();
    let len = proving.len().max(1);
    proving.rotate_left(order / 2 * len * 2 / ORDERS % len);
    if order % 2 == 1 {
        proving.reverse();
    }
    (members.proving.min(count)..count).chain(proving).collect()
}

/// Adds a set unless it has one of these in it; takes out those that have it in them.
fn add_least(sets: &mut Vec<Vec<u32>>, set: Vec<u32>) {
    let within = |small: &[u32], large: &[u32]| small.iter().all(|m| large.contains(m));
    if sets.iter().any(|known| within(known, &set)) {
        return;
    }
    sets.retain(|known| !within(&set, known));
    sets.push(set);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_members_every_one_is_tried_alone() {
        let needed = 1_100;
        let members = Members {
            count: needed + 2,
            proving: needed + 2,
            others: false,
            enough: &[],
            fall: None,
        };
        // One of the last two will do, and all others are needed.
        let mut runs = |sets: &[Vec<u32>]| -> Result<Vec<Option<bool>>, ()> {
            let holds = |set: &Vec<u32>| {
                let first = set.iter().filter(|member| **member < needed).count();
                Some(first == needed as usize && set.len() > needed as usize)
            };
            Ok(sets.iter().map(holds).collect())
        };
        let found = weigh(&members, &mut runs).expect("no run stops");
        assert!(found.singles.into_iter().eq(0..needed));
        assert!(found.exact);
        assert_eq!(found.fall, Some(vec![0]));
    }
}
