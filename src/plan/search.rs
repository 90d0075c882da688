//! The order of a body's atoms: of all orders the one that handles the fewest bindings by estimate,
//! found over subsets of the atoms; where estimates are alike, the one that handles fewest if keys
//! are the worst ones. With many atoms, or where all orders together take longer to look at than the
//! bindings, the one with the fewest matches for a binding comes next.

use std::cmp::Ordering;

use crate::plan::estimate::{Estimate, Reached, real};
use crate::program::program::{Atom, LiteralKind};

/// So many atoms are ordered by trying every subset.
const EXACT_MAX: usize = 10;

/// Bindings that are handled in about the time that one try takes.
const TRY: f64 = 16.0;

/// Atoms in some order.
#[derive(Clone)]
struct Path {
    reached: Reached,
    /// Bindings handled, by estimate.
    cost: f64,
    /// Bindings at the worst, and handled then.
    worst: (f64, f64),
    order: Vec<usize>,
}

/// The positions of the body's atoms in the order in which they are joined, after `first`.
#[must_use]
pub fn join_order(estimate: Estimate<'_>, start: &Reached, first: Option<usize>) -> Vec<usize> {
    let literals = estimate.body.literals.iter().enumerate();
    let atoms: Vec<(usize, &Atom)> = literals
        .filter_map(|(at, literal)| match &literal.kind {
            LiteralKind::Atom(atom) => Some((at, atom)),
            _ => None,
        })
        .collect();
    let mut path = Path {
        reached: start.clone(),
        cost: 0.0,
        worst: (1.0, 0.0),
        order: Vec::with_capacity(atoms.len()),
    };
    estimate.settle(&mut path.reached);
    if let Some(&atom) = atoms.iter().find(|(at, _)| Some(*at) == first) {
        path = path.then(estimate, atom);
    }
    let left: Vec<(usize, &Atom)> =
        atoms.into_iter().filter(|(at, _)| Some(*at) != first).collect();
    if left.len() <= 1 {
        path.order.extend(left.iter().map(|(at, _)| *at));
        path.order
    } else {
        let quick = greedy(estimate, path.clone(), left.clone());
        // Each subset goes on with each atom that it lacks.
        let tries = |n: usize| real(n << n) / 2.0;
        if left.len() > EXACT_MAX || quick.cost <= tries(left.len()) * TRY {
            quick.order
        } else {
            exact(estimate, path, &left)
        }
    }
}

fn exact(estimate: Estimate<'_>, start: Path, atoms: &[(usize, &Atom)]) -> Vec<usize> {
    let all = (1_usize << atoms.len()) - 1;
    let mut best: Vec<Option<Path>> = vec![None; all + 1];
    best[0] = Some(start);
    for set in 0..all {
        let Some(path) = best[set].take() else { continue };
        for (nth, &atom) in atoms.iter().enumerate().filter(|(nth, _)| set >> nth & 1 == 0) {
            let next = path.then(estimate, atom);
            let slot = &mut best[set | 1 << nth];
            if slot.as_ref().is_none_or(|other| next.cmp(other).is_lt()) {
                *slot = Some(next);
            }
        }
    }
    best[all].take().map(|path| path.order).expect("every set of atoms is reached")
}

fn greedy<'a>(estimate: Estimate<'a>, mut path: Path, mut left: Vec<(usize, &'a Atom)>) -> Path {
    while !left.is_empty() {
        let means = left.iter().map(|(_, atom)| estimate.fanout(&path.reached, atom).mean);
        let least = means.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        let (nth, _) = least.expect("an atom is left");
        path = path.then(estimate, left.remove(nth));
    }
    path
}

impl Path {
    fn then(&self, estimate: Estimate<'_>, (at, atom): (usize, &Atom)) -> Self {
        let mut next = self.clone();
        let fanout = estimate.atom(&mut next.reached, atom);
        // A lookup, and what it gives.
        next.cost += self.reached.rows + next.reached.rows;
        next.worst.0 *= fanout.heavy;
        next.worst.1 += self.worst.0 + next.worst.0;
        estimate.settle(&mut next.reached);
        next.order.push(at);
        next
    }

    fn cmp(&self, other: &Self) -> Ordering {
        level(self.cost)
            .total_cmp(&level(other.cost))
            .then_with(|| level(self.worst.1).total_cmp(&level(other.worst.1)))
            .then_with(|| self.order.cmp(&other.order))
    }
}

/// Costs that differ by less than a tenth or so are alike.
fn level(cost: f64) -> f64 {
    ((1.0 + cost).log2() * 8.0).round()
}
