//! [`several`]: the best proofs of a slice, one after the other, and what its proofs have in common.
//! Two proofs differ if some goal that both need is shown in two ways, or one needs a goal that
//! the other does not. No round is looked at, and no goal ever rests on itself.

use std::mem;

use crate::base::ids::{GoalId, Table};
use crate::provenance::choose::{Cheap, Choice, Price, can, height_of, root};
use crate::provenance::proof::Quality;
use crate::provenance::slice::{Slice, Step, Way};

/// Proofs found, and whether these are all there are.
pub(crate) struct Several {
    /// The best first.
    pub(crate) choices: Vec<Choice>,
    /// How many proofs were met.
    pub(crate) met: usize,
    /// Whether all were looked at.
    pub(crate) is_complete: bool,
}

/// Steps of the search, beyond which the proofs found so far are taken.
const WORK_MAX: usize = 2_000_000;

/// A goal whose ways are tried one after the other.
struct Frame {
    goal: GoalId,
    ways: Vec<usize>,
    tried: usize,
    /// Goals that the way being tried has added to the agenda.
    added: Vec<GoalId>,
}

struct Walk<'s, 'c, 'a> {
    slice: &'s Slice<'c, 'a>,
    cheap: &'s Cheap,
    ways: Table<GoalId, Option<usize>>,
    is_needed: Table<GoalId, bool>,
    agenda: Vec<GoalId>,
    covered: Vec<u32>,
    price: Price,
    work: usize,
}

/// The `most` best proofs of the slice's first goal, and how many there are.
pub(crate) fn several(slice: &Slice<'_, '_>, most: usize) -> Several {
    let free = vec![false; slice.tokens.len()];
    let cheap = Cheap::find(slice, &free);
    let mut walk = Walk {
        slice,
        cheap: &cheap,
        ways: Table::filled(slice.goals.len(), None),
        is_needed: Table::filled(slice.goals.len(), false),
        agenda: Vec::new(),
        covered: vec![0; slice.tokens.len()],
        price: Price::default(),
        work: WORK_MAX,
    };
    let mut found = Several { choices: Vec::new(), met: 0, is_complete: true };
    if cheap.has(root()) {
        walk.is_needed[root()] = true;
        walk.agenda.push(root());
        found.is_complete = walk.run(&mut found, most) && !slice.is_truncated;
    }
    // A sort keeps the order in which equal ones were met, which is canonical.
    found.choices.sort_by_key(|choice| choice.price);
    found.choices.truncate(most);
    found
}

impl Walk<'_, '_, '_> {
    /// Whether the walk came to its end.
    fn run(&mut self, found: &mut Several, most: usize) -> bool {
        let mut frames: Vec<Frame> = Vec::new();
        let units = 1 + self.slice.goals.len() / 64;
        loop {
            let watch = &self.slice.context.solver.watch;
            self.work = self.work.saturating_sub(units);
            if self.work == 0 || watch.tick(units).is_break() {
                return false;
            }
            match self.agenda.pop() {
                Some(goal) => {
                    let ways = &self.slice.ways[goal];
                    let ways = (0..ways.len()).filter(|&at| can(self.cheap, &ways[at])).collect();
                    frames.push(Frame { goal, ways, tried: 0, added: Vec::new() });
                }
                None => self.note(found, most),
            }
            if !self.advance(&mut frames) {
                return true;
            }
        }
    }

    fn note(&mut self, found: &mut Several, most: usize) {
        found.met += 1;
        let price = self.price.at_height(self.slice, self.height());
        found.choices.push(Choice { ways: self.ways.clone(), price, quality: Quality::Good });
        if found.choices.len() >= most.saturating_mul(2).max(64) {
            found.choices.sort_by_key(|choice| choice.price);
            found.choices.truncate(most);
        }
    }

    /// Takes the next way of the last goal that has one; false if there is none.
    fn advance(&mut self, frames: &mut Vec<Frame>) -> bool {
        while let Some(frame) = frames.last_mut() {
            self.undo(frame);
            while let Some(&way) = frame.ways.get(frame.tried) {
                frame.tried += 1;
                if self.take(frame, way) {
                    return true;
                }
                self.undo(frame);
            }
            self.agenda.push(frame.goal);
            frames.pop();
        }
        false
    }

    /// Takes a way; false if it would make a goal rest on itself.
    fn take(&mut self, frame: &mut Frame, at: usize) -> bool {
        let way = &self.slice.ways[frame.goal][at];
        self.ways[frame.goal] = Some(at);
        for &token in &way.tokens {
            self.covered[token as usize] += 1;
            if self.covered[token as usize] == 1 {
                self.price.add(self.slice, token);
            }
        }
        let mut old = Vec::new();
        for &premise in way.premises.iter().rev() {
            if mem::replace(&mut self.is_needed[premise], true) {
                old.push(premise);
            } else {
                self.agenda.push(premise);
                frame.added.push(premise);
            }
        }
        !self.reaches(old, frame.goal)
    }

    fn undo(&mut self, frame: &mut Frame) {
        let Some(at) = self.ways[frame.goal].take() else { return };
        for goal in frame.added.drain(..) {
            self.agenda.pop();
            self.is_needed[goal] = false;
        }
        for &token in &self.slice.ways[frame.goal][at].tokens {
            self.covered[token as usize] -= 1;
            if self.covered[token as usize] == 0 {
                self.price.take(self.slice, token);
            }
        }
    }

    /// Whether `goal` is one of `from` or below them, by the ways taken so far.
    fn reaches(&mut self, mut from: Vec<GoalId>, goal: GoalId) -> bool {
        if from.is_empty() {
            return false;
        }
        let mut seen: Table<GoalId, bool> = Table::filled(self.slice.goals.len(), false);
        while let Some(at) = from.pop() {
            self.work = self.work.saturating_sub(1);
            if at == goal {
                return true;
            }
            if !mem::replace(&mut seen[at], true)
                && let Some(way) = self.ways[at]
            {
                from.extend(&self.slice.ways[at][way].premises);
            }
        }
        false
    }

    /// The height of the proof that the ways taken make.
    fn height(&mut self) -> usize {
        let mut heights: Table<GoalId, Option<usize>> = Table::filled(self.slice.goals.len(), None);
        let mut stack = vec![root()];
        while let Some(&goal) = stack.last() {
            self.work = self.work.saturating_sub(1);
            let way = &self.slice.ways[goal][self.ways[goal].expect("every goal has its way")];
            let before = stack.len();
            stack.extend(way.premises.iter().copied().filter(|&p| heights[p].is_none()));
            if stack.len() == before {
                let below = way.premises.iter().filter_map(|&p| heights[p]).max().unwrap_or(0);
                heights[goal] = Some(below + height_of(way));
                stack.pop();
            }
        }
        heights[root()].unwrap_or(0)
    }
}

/// Rule instances for the slice's first goal that rest on that goal itself, whatever else is
/// chosen: they support nothing.
pub(crate) fn circular(slice: &Slice<'_, '_>) -> usize {
    // What can be shown without the first goal.
    let mut is_shown: Table<GoalId, bool> = Table::filled(slice.goals.len(), false);
    each_shown(slice, |goal, _| goal != root(), &mut |goal| is_shown[goal] = true);
    let is_rule = |way: &&Way| matches!(way.step, Step::Rule(..));
    let rests = |way: &&Way| way.premises.iter().any(|&premise| !is_shown[premise]);
    slice.ways[root()].iter().filter(is_rule).filter(rests).count()
}

/// The least limit under which the first goal can still be shown, if ways beyond it are left out;
/// and a rank that no way of a proof exceeds: that of ways that some proof takes, and of such as
/// would make a goal below the first rest on itself.
pub(crate) fn extremes(
    slice: &Slice<'_, '_>,
    rank: &dyn Fn(&Way) -> usize,
) -> Option<(usize, usize)> {
    let mut ranks: Vec<usize> = slice.ways.iter().flatten().map(rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut least = None;
    for &limit in &ranks {
        let mut is_shown = false;
        each_shown(slice, |_, way| rank(way) <= limit, &mut |goal| is_shown |= goal == root());
        if is_shown {
            least = Some(limit);
            break;
        }
    }
    let mut is_shown: Table<GoalId, bool> = Table::filled(slice.goals.len(), false);
    each_shown(slice, |_, _| true, &mut |goal| is_shown[goal] = true);
    // From the first goal down, by ways that can be taken.
    let mut seen: Table<GoalId, bool> = Table::filled(slice.goals.len(), false);
    let mut stack = vec![root()];
    let mut greatest = 0;
    while let Some(goal) = stack.pop() {
        if mem::replace(&mut seen[goal], true) {
            continue;
        }
        for way in &slice.ways[goal] {
            if way.premises.iter().all(|&premise| is_shown[premise] && premise != root()) {
                greatest = greatest.max(rank(way));
                stack.extend(&way.premises);
            }
        }
    }
    Some((least?, greatest))
}

/// Calls `shown` with every goal that can be shown by ways that are wanted.
fn each_shown(
    slice: &Slice<'_, '_>,
    wanted: impl Fn(GoalId, &Way) -> bool,
    shown: &mut dyn FnMut(GoalId),
) {
    let mut readers: Table<GoalId, Vec<(GoalId, usize)>> =
        Table::filled(slice.goals.len(), Vec::new());
    let mut open: Table<GoalId, Vec<usize>> = Table::new();
    let mut is_shown: Table<GoalId, bool> = Table::filled(slice.goals.len(), false);
    let mut queue: Vec<GoalId> = Vec::new();
    for (goal, ways) in slice.ways.entries() {
        open.push(ways.iter().map(|way| way.premises.len()).collect());
        for (at, way) in ways.iter().enumerate() {
            if !wanted(goal, way) {
                continue;
            }
            way.premises.iter().for_each(|&premise| readers[premise].push((goal, at)));
            if way.premises.is_empty() && !mem::replace(&mut is_shown[goal], true) {
                queue.push(goal);
            }
        }
    }
    while let Some(goal) = queue.pop() {
        shown(goal);
        for &(reader, at) in &readers[goal] {
            open[reader][at] -= 1;
            if open[reader][at] == 0 && !mem::replace(&mut is_shown[reader], true) {
                queue.push(reader);
            }
        }
    }
}
