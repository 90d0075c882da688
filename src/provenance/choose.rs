//! [`choose`]: of all proofs in a slice the cheapest. First a proof that is cheap goal by goal,
//! found as shortest paths are; then, since leaves that several premises share count once, a
//! search through all others that leaves out whatever cannot cost less. What every proof of a goal
//! must contain gives the lower bound.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;
use std::rc::Rc;

use crate::base::ids::{GoalId, Id, Table};
use crate::engine::limits::Stop;
use crate::provenance::proof::{Cost, Least, Quality};
use crate::provenance::slice::{Slice, Step, Token, Way};
use crate::provenance::watch::Watch;

/// One way for each goal of a proof.
pub(crate) struct Choice {
    /// Positions in the ways of the goals; nothing for goals that the proof does not need or that
    /// have no proof.
    pub(crate) ways: Table<GoalId, Option<usize>>,
    pub(crate) price: Price,
    pub(crate) quality: Quality,
}

/// A cost behind what there should be least of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Price {
    lead: usize,
    pub(crate) cost: Cost,
}

impl Price {
    fn of_height(slice: &Slice<'_, '_>, height: usize) -> Self {
        Self::default().at_height(slice, height)
    }

    /// The same with another height.
    pub(crate) fn at_height(mut self, slice: &Slice<'_, '_>, height: usize) -> Self {
        self.cost.height = height;
        if slice.least == Least::Height {
            self.lead = height;
        }
        self
    }

    pub(crate) fn add(&mut self, slice: &Slice<'_, '_>, token: u32) {
        let (part, leads) = self.part(slice, token);
        part.into_iter().for_each(|part| *part += 1);
        self.lead += usize::from(leads);
    }

    pub(crate) fn take(&mut self, slice: &Slice<'_, '_>, token: u32) {
        let (part, leads) = self.part(slice, token);
        part.into_iter().for_each(|part| *part -= 1);
        self.lead -= usize::from(leads);
    }

    /// What a token adds to, and whether to the lead too.
    fn part(&mut self, slice: &Slice<'_, '_>, token: u32) -> (Option<&mut usize>, bool) {
        let least = slice.least;
        match slice.tokens[token as usize] {
            Token::Assumption(..) => (Some(&mut self.cost.assumptions), false),
            Token::Source(_) => (Some(&mut self.cost.sources), least == Least::Sources),
            Token::Claim(_) => (Some(&mut self.cost.claims), least == Least::Claims),
            Token::Group(_) => (None, true),
        }
    }
}

/// Steps of the search, beyond which the best proof so far is taken.
const WORK_MAX: usize = 1_000_000;

/// Times that the goals' cheapest ways are found anew, with what the last proof contains for free.
const ROUNDS_MAX: usize = 4;

/// The cheapest proof of the slice's first goal, if it has one.
///
/// # Errors
/// If the search is stopped.
pub(crate) fn choose(slice: &Slice<'_, '_>) -> Result<Option<Choice>, Stop> {
    let choice = search(slice);
    watch(slice).stopped()?;
    Ok(choice)
}

/// What may stop the search.
fn watch<'s>(slice: &'s Slice<'_, '_>) -> &'s Watch {
    &slice.context.solver.watch
}

/// The choice; anything after a stop.
fn search(slice: &Slice<'_, '_>) -> Option<Choice> {
    if slice.ways.iter().all(|ways| ways.len() == 1) {
        return only(slice);
    }
    let mut free = vec![false; slice.tokens.len()];
    let cheap = Cheap::find(slice, &free);
    let mut choice = cheap.choice(slice)?;
    let mut finished = true;
    if has_choice(slice, &cheap) {
        let needs = Needs::find(slice, &cheap);
        if watch(slice).is_stopped() {
            return None;
        }
        // What every proof contains costs nothing more, so it must not keep a goal from using it.
        needs.tokens[root()].iter().for_each(|&token| free[token as usize] = true);
        let cheap = Cheap::find(slice, &free);
        for round in 0..ROUNDS_MAX {
            let other = if round == 0 { cheap.choice(slice) } else { None };
            let other = other.or_else(|| Cheap::find(slice, &free).choice(slice))?;
            let better = other.price < choice.price;
            if !better && round > 0 {
                break;
            }
            if better {
                choice = other;
            }
            choice.tokens(slice).into_iter().for_each(|token| free[token as usize] = true);
        }
        finished = improve(slice, (&cheap, needs), &mut choice);
    }
    if finished && !slice.is_truncated {
        choice.quality = Quality::Best;
    }
    Some(choice)
}

/// The proof where no goal has two ways; nothing if a goal would rest on itself.
fn only(slice: &Slice<'_, '_>) -> Option<Choice> {
    let mut heights: Table<GoalId, Option<usize>> = Table::filled(slice.goals.len(), None);
    let mut is_open: Table<GoalId, bool> = Table::filled(slice.goals.len(), false);
    let mut seen = vec![false; slice.tokens.len()];
    let mut tokens: Vec<u32> = Vec::new();
    let mut stack = vec![root()];
    while let Some(&goal) = stack.last() {
        let way = slice.ways[goal].first()?;
        if heights[goal].is_some() {
            stack.pop();
        } else if mem::replace(&mut is_open[goal], true) {
            let below = way.premises.iter().map(|&premise| heights[premise]);
            // A premise without height is open: it rests on this goal.
            let below = below.collect::<Option<Vec<usize>>>()?.into_iter().max().unwrap_or(0);
            heights[goal] = Some(below + height_of(way));
            let new = |token: &&u32| !mem::replace(&mut seen[**token as usize], true);
            tokens.extend(way.tokens.iter().filter(new));
            stack.pop();
        } else {
            stack.extend(way.premises.iter().filter(|&&premise| heights[premise].is_none()));
        }
    }
    let quality = if slice.is_truncated { Quality::Good } else { Quality::Best };
    let ways = heights.iter().map(|height| height.map(|_| 0)).collect();
    Some(Choice { ways, price: price_of(slice, tokens.into_iter(), heights[root()]?), quality })
}

impl Choice {
    /// What the proof is charged for.
    fn tokens(&self, slice: &Slice<'_, '_>) -> Vec<u32> {
        let mut seen: Table<GoalId, bool> = Table::filled(slice.goals.len(), false);
        let mut stack = vec![root()];
        let mut tokens = Vec::new();
        while let Some(goal) = stack.pop() {
            if let (false, Some(way)) = (mem::replace(&mut seen[goal], true), self.ways[goal]) {
                let way = &slice.ways[goal][way];
                tokens.extend(&way.tokens);
                stack.extend(&way.premises);
            }
        }
        tokens
    }
}

/// The goal that the slice was made for.
pub(crate) fn root() -> GoalId {
    GoalId::new(0)
}

/// How much higher a conclusion stands than its premises.
pub(crate) fn height_of(way: &Way) -> usize {
    usize::from(matches!(way.step, Step::Rule(..)))
}

pub(crate) fn price_of(
    slice: &Slice<'_, '_>,
    tokens: impl Iterator<Item = u32>,
    height: usize,
) -> Price {
    let mut price = Price::of_height(slice, height);
    tokens.for_each(|token| price.add(slice, token));
    price
}

/// The cheapest way of each goal, given the cheapest ways of its premises.
pub(crate) struct Cheap {
    best: Table<GoalId, Option<Best>>,
    /// Goals that have a proof, in the order in which they were found.
    order: Vec<GoalId>,
    /// What is not charged for.
    free: Vec<bool>,
}

struct Best {
    price: Price,
    way: usize,
    tokens: Rc<[u32]>,
}

impl Cheap {
    pub(crate) fn find(slice: &Slice<'_, '_>, free: &[bool]) -> Self {
        let mut readers: Table<GoalId, Vec<(GoalId, usize)>> =
            Table::filled(slice.goals.len(), Vec::new());
        let mut open: Table<GoalId, Vec<usize>> = Table::new();
        let mut cheap = Self {
            best: slice.goals.iter().map(|_| None).collect(),
            order: Vec::new(),
            free: free.to_vec(),
        };
        let mut queue = BinaryHeap::new();
        for (goal, ways) in slice.ways.entries() {
            open.push(ways.iter().map(|way| way.premises.len()).collect());
            for (at, way) in ways.iter().enumerate() {
                way.premises.iter().for_each(|&premise| readers[premise].push((goal, at)));
                if way.premises.is_empty() {
                    let price = cheap.price(slice, way);
                    queue.push(Reverse((price, goal, at)));
                }
            }
        }
        while let Some(Reverse((price, goal, at))) = queue.pop() {
            if cheap.best[goal].is_some() {
                continue;
            }
            let tokens = cheap.tokens(&slice.ways[goal][at]);
            if watch(slice).tick(1 + readers[goal].len() * (1 + tokens.len())).is_break() {
                break;
            }
            cheap.best[goal] = Some(Best { price, way: at, tokens });
            cheap.order.push(goal);
            for &(reader, at) in &readers[goal] {
                open[reader][at] -= 1;
                if open[reader][at] == 0 && cheap.best[reader].is_none() {
                    let price = cheap.price(slice, &slice.ways[reader][at]);
                    queue.push(Reverse((price, reader, at)));
                }
            }
        }
        cheap
    }

    /// The premise that contains what all the others and the way itself are charged for, if there
    /// is one: beside a large sum most premises add nothing.
    fn largest(&self, way: &Way) -> Option<&Best> {
        let premises = || way.premises.iter().filter_map(|&goal| self.best[goal].as_ref());
        let largest = premises().max_by_key(|best| best.tokens.len())?;
        let has = |token: &u32| largest.tokens.binary_search(token).is_ok();
        let is_within =
            |best: &Best| Rc::ptr_eq(&best.tokens, &largest.tokens) || best.tokens.iter().all(has);
        (way.tokens.iter().all(has) && premises().all(is_within)).then_some(largest)
    }

    /// What a way rests on if its premises take their cheapest ways, sorted.
    fn tokens(&self, way: &Way) -> Rc<[u32]> {
        if let Some(largest) = self.largest(way) {
            return Rc::clone(&largest.tokens);
        }
        let premises = way.premises.iter().filter_map(|&goal| self.best[goal].as_ref());
        let of_premises = premises.flat_map(|best| best.tokens.iter().copied());
        let mut tokens: Vec<u32> = way.tokens.iter().copied().chain(of_premises).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens.into()
    }

    fn price(&self, slice: &Slice<'_, '_>, way: &Way) -> Price {
        let heights = way.premises.iter().filter_map(|&goal| self.best[goal].as_ref());
        let height = heights.map(|best| best.price.cost.height).max().unwrap_or(0) + height_of(way);
        if let Some(largest) = self.largest(way) {
            return largest.price.at_height(slice, height);
        }
        let tokens = self.tokens(way);
        price_of(slice, tokens.iter().copied().filter(|&t| !self.free[t as usize]), height)
    }

    /// The proof of the first goal, with what it really costs.
    fn choice(&self, slice: &Slice<'_, '_>) -> Option<Choice> {
        let first = self.best[root()].as_ref()?;
        Some(Choice {
            ways: self.best.iter().map(|best| best.as_ref().map(|best| best.way)).collect(),
            price: price_of(slice, first.tokens.iter().copied(), first.price.cost.height),
            quality: Quality::Good,
        })
    }

    /// Whether the goal can be shown.
    pub(crate) fn has(&self, goal: GoalId) -> bool {
        self.best[goal].is_some()
    }

    fn can(&self, way: &Way) -> bool {
        way.premises.iter().all(|&premise| self.best[premise].is_some())
    }
}

/// Whether all premises of a way can be shown.
pub(crate) fn can(cheap: &Cheap, way: &Way) -> bool {
    cheap.can(way)
}

/// Whether some goal below the first has two ways.
fn has_choice(slice: &Slice<'_, '_>, cheap: &Cheap) -> bool {
    cheap
        .order
        .iter()
        .any(|&goal| slice.ways[goal].iter().filter(|way| cheap.can(way)).take(2).count() == 2)
}

/// What every proof of a goal contains.
struct Needs {
    tokens: Table<GoalId, Vec<u32>>,
    heights: Table<GoalId, usize>,
}

impl Needs {
    fn find(slice: &Slice<'_, '_>, cheap: &Cheap) -> Self {
        let tokens = Self::tokens(slice, cheap)
            .unwrap_or_else(|| slice.goals.iter().map(|_| Vec::new()).collect());
        Self { tokens, heights: Self::heights(slice, cheap) }
    }

    /// The greatest sets such that what a goal needs is needed in each of its ways; nothing if
    /// that is too long to compute.
    fn tokens(slice: &Slice<'_, '_>, cheap: &Cheap) -> Option<Table<GoalId, Vec<u32>>> {
        let words = slice.tokens.len().div_ceil(64);
        let instances: usize = slice.ways.iter().map(|ways| ways.len() + 1).sum();
        let pass = instances.checked_mul(words)?;
        let mut left = WORK_MAX * 16;
        let mut needs: Table<GoalId, Vec<u64>> = slice.goals.iter().map(|_| Vec::new()).collect();
        for &goal in &cheap.order {
            left = left.checked_sub(words)?;
            needs[goal] = vec![u64::MAX; words];
        }
        let mut changed = true;
        while changed {
            changed = false;
            left = left.checked_sub(pass)?;
            for &goal in &cheap.order {
                if watch(slice).tick(words * (1 + slice.ways[goal].len())).is_break() {
                    return None;
                }
                let mut all = vec![u64::MAX; words];
                for way in slice.ways[goal].iter().filter(|way| cheap.can(way)) {
                    let mut some = vec![0; words];
                    way.tokens.iter().for_each(|&t| some[t as usize / 64] |= 1 << (t % 64));
                    for &premise in &way.premises {
                        some.iter_mut().zip(&needs[premise]).for_each(|(a, b)| *a |= b);
                    }
                    all.iter_mut().zip(some).for_each(|(a, b)| *a &= b);
                }
                changed |= all != needs[goal];
                needs[goal] = all;
            }
        }
        Some(needs.iter().map(|set| members(set)).collect())
    }

    /// Least heights.
    fn heights(slice: &Slice<'_, '_>, cheap: &Cheap) -> Table<GoalId, usize> {
        let mut heights: Table<GoalId, usize> = slice.goals.iter().map(|_| usize::MAX).collect();
        let mut changed = true;
        while changed && watch(slice).tick(cheap.order.len()).is_continue() {
            changed = false;
            for &goal in &cheap.order {
                let height = |way: &Way| {
                    let premises = way.premises.iter().map(|&premise| heights[premise]);
                    premises.max().unwrap_or(0).saturating_add(height_of(way))
                };
                let least = slice.ways[goal].iter().map(height).min().unwrap_or(usize::MAX);
                changed |= least < heights[goal];
                heights[goal] = least.min(heights[goal]);
            }
        }
        heights
    }
}

/// The places of the bits that are set.
fn members(words: &[u64]) -> Vec<u32> {
    let mut members = Vec::new();
    for (at, &word) in (0_u32..).zip(words) {
        let mut word = word;
        while word != 0 {
            members.push(at * 64 + word.trailing_zeros());
            word &= word - 1;
        }
    }
    members
}

/// A goal whose ways are tried one after the other.
struct Frame {
    goal: GoalId,
    /// Ways in the order in which they are tried, cheapest first.
    ways: Vec<usize>,
    /// How many have been tried.
    tried: usize,
    /// Goals that the way being tried has added.
    added: Vec<GoalId>,
    /// The bound on the height before it.
    height: usize,
}

struct Search<'s, 'c, 'a> {
    slice: &'s Slice<'c, 'a>,
    cheap: &'s Cheap,
    needs: Needs,
    settled: Table<GoalId, Option<usize>>,
    ways: Table<GoalId, Option<usize>>,
    depths: Table<GoalId, Option<usize>>,
    agenda: Vec<GoalId>,
    covered: Vec<u32>,
    /// No proof that goes on from here costs less.
    bound: Price,
    work: usize,
}

/// Looks for a proof that costs less than `choice`; whether the search came to its end.
fn improve(slice: &Slice<'_, '_>, (cheap, needs): (&Cheap, Needs), choice: &mut Choice) -> bool {
    let mut search = Search {
        slice,
        cheap,
        settled: settled(slice, cheap, &needs),
        needs,
        ways: slice.goals.iter().map(|_| None).collect(),
        depths: slice.goals.iter().map(|_| None).collect(),
        agenda: Vec::new(),
        covered: vec![0; slice.tokens.len()],
        bound: Price::default(),
        work: WORK_MAX,
    };
    search.add(root(), 0);
    search.run(choice)
}

/// Ways that cost nothing beyond what every proof contains, are as low as can be, and rest on such
/// ways alone: any proof can take them, for any goal below them too, without costing more.
fn settled(slice: &Slice<'_, '_>, cheap: &Cheap, needs: &Needs) -> Table<GoalId, Option<usize>> {
    let mut settled: Table<GoalId, Option<usize>> = Table::filled(slice.goals.len(), None);
    for &goal in &cheap.order {
        let Some(best) = &cheap.best[goal] else { continue };
        let least = Price::of_height(slice, needs.heights[goal]);
        let premises = &slice.ways[goal][best.way].premises;
        if best.price == least && premises.iter().all(|&premise| settled[premise].is_some()) {
            settled[goal] = Some(best.way);
        }
    }
    settled
}

impl Search<'_, '_, '_> {
    fn run(&mut self, choice: &mut Choice) -> bool {
        let mut frames: Vec<Frame> = Vec::new();
        // A step may look at every goal.
        let units = 1 + self.slice.goals.len() / 16;
        loop {
            if self.work == 0 || watch(self.slice).tick(units).is_break() {
                return false;
            }
            let goal = if self.bound < choice.price { self.agenda.pop() } else { None };
            if let Some(goal) = goal {
                let ways = self.ways_of(goal);
                let height = self.bound.cost.height;
                frames.push(Frame { goal, ways, tried: 0, added: Vec::new(), height });
            } else if self.bound < choice.price {
                let height = self.height();
                let price = self.bound.at_height(self.slice, height);
                if price < choice.price {
                    choice.price = price;
                    choice.ways = self.ways.clone();
                }
            }
            if !self.advance(&mut frames) {
                return true;
            }
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

    fn ways_of(&self, goal: GoalId) -> Vec<usize> {
        let ways = &self.slice.ways[goal];
        if let Some(settled) = self.settled[goal] {
            return vec![settled];
        }
        let mut order: Vec<usize> = (0..ways.len()).filter(|&w| self.cheap.can(&ways[w])).collect();
        if order.len() > 1 {
            order.sort_by_cached_key(|&way| self.cheap.price(self.slice, &ways[way]));
        }
        order
    }

    /// Adds a goal that has to be shown at a depth.
    fn add(&mut self, goal: GoalId, depth: usize) {
        self.depths[goal] = Some(depth);
        let height = self.bound.cost.height.max(depth + self.needs.heights[goal]);
        self.bound = self.bound.at_height(self.slice, height);
        self.agenda.push(goal);
        for at in 0..self.needs.tokens[goal].len() {
            self.cover(self.needs.tokens[goal][at]);
        }
        self.work = self.work.saturating_sub(1 + self.needs.tokens[goal].len() / 16);
    }

    fn cover(&mut self, token: u32) {
        let count = &mut self.covered[token as usize];
        *count += 1;
        if *count == 1 {
            self.bound.add(self.slice, token);
        }
    }

    fn uncover(&mut self, token: u32) {
        let count = &mut self.covered[token as usize];
        *count -= 1;
        if *count == 0 {
            self.bound.take(self.slice, token);
        }
    }

    /// Takes a way; false if it would make a goal rest on itself.
    fn take(&mut self, frame: &mut Frame, at: usize) -> bool {
        let way = &self.slice.ways[frame.goal][at];
        self.ways[frame.goal] = Some(at);
        way.tokens.iter().for_each(|&token| self.cover(token));
        let depth = self.depths[frame.goal].unwrap_or(0) + height_of(way);
        let old = way.premises.iter().filter(|&&premise| self.depths[premise].is_some());
        let old: Vec<GoalId> = old.copied().collect();
        for &premise in way.premises.iter().rev() {
            if self.depths[premise].is_none() {
                self.add(premise, depth);
                frame.added.push(premise);
            }
        }
        !self.reaches(old, frame.goal)
    }

    /// Undoes the way that a frame has taken, if it has.
    fn undo(&mut self, frame: &mut Frame) {
        let Some(at) = self.ways[frame.goal].take() else { return };
        for _ in 0..frame.added.len() {
            self.agenda.pop();
        }
        for goal in frame.added.drain(..) {
            self.depths[goal] = None;
            for at in 0..self.needs.tokens[goal].len() {
                self.uncover(self.needs.tokens[goal][at]);
            }
        }
        let way = &self.slice.ways[frame.goal][at];
        way.tokens.iter().for_each(|&token| self.uncover(token));
        self.bound = self.bound.at_height(self.slice, frame.height);
    }

    /// Whether `goal` is one of `from` or below them, by the ways taken so far.
    fn reaches(&mut self, mut from: Vec<GoalId>, goal: GoalId) -> bool {
        let mut seen: Table<GoalId, bool> = Table::new();
        if !from.is_empty() {
            seen = Table::filled(self.slice.goals.len(), false);
        }
        while let Some(at) = from.pop() {
            self.work = self.work.saturating_sub(1);
            if at == goal {
                return true;
            }
            if mem::replace(&mut seen[at], true) {
                continue;
            }
            if let Some(way) = self.ways[at] {
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
            let open = way.premises.iter().copied().filter(|&p| heights[p].is_none());
            let before = stack.len();
            stack.extend(open);
            if stack.len() == before {
                let below = way.premises.iter().filter_map(|&p| heights[p]).max().unwrap_or(0);
                heights[goal] = Some(below + height_of(way));
                stack.pop();
            }
        }
        heights[root()].unwrap_or(0)
    }
}
