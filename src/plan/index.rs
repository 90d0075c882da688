//! Column orders. An access that knows some columns is served by any order that starts with them,
//! in whatever sequence; accesses whose columns contain each other share one order. The fewest
//! orders are the fewest chains of sets that cover all: a largest matching of each set with the
//! next larger one of its chain.

use std::iter::successors;
use std::mem::replace;

use crate::base::ids::{RelationId, Table};
use crate::plan::ir::{StratumPlan, each_signature};

/// The fewest column orders for every access of the strata, by relation.
#[must_use]
pub fn orders(relations: usize, strata: &[StratumPlan]) -> Table<RelationId, Vec<Vec<usize>>> {
    let mut signatures: Table<RelationId, Vec<Vec<usize>>> = Table::filled(relations, Vec::new());
    for pipeline in strata.iter().flat_map(|stratum| &stratum.pipelines) {
        each_signature(&pipeline.steps, &mut |relation, known, _| {
            signatures[relation].push(known);
        });
    }
    signatures.iter().map(|sets| cover(sets.clone())).collect()
}

/// The fewest orders such that each set is a prefix of one, as a set.
#[must_use]
pub fn cover(mut sets: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    sets.dedup();
    let larger: Vec<Vec<usize>> = (0..sets.len())
        .map(|i| (0..sets.len()).filter(|&j| is_part(&sets[i], &sets[j])).collect())
        .collect();
    // The set before each in its chain.
    let mut before: Vec<Option<usize>> = vec![None; sets.len()];
    for i in 0..sets.len() {
        augment(i, &larger, &mut before, &mut vec![false; sets.len()]);
    }
    let mut next = vec![None; sets.len()];
    for (j, i) in before.iter().enumerate() {
        if let Some(i) = i {
            next[*i] = Some(j);
        }
    }
    let starts = (0..sets.len()).filter(|&i| before[i].is_none());
    let chain = |start| successors(Some(start), |&i: &usize| next[i]);
    let order = |start| {
        let mut order: Vec<usize> = Vec::new();
        for set in chain(start) {
            order.extend(
                sets[set].iter().filter(|c| !order.contains(c)).copied().collect::<Vec<_>>(),
            );
        }
        order
    };
    starts.map(order).collect()
}

fn is_part(a: &[usize], b: &[usize]) -> bool {
    a.len() < b.len() && a.iter().all(|column| b.contains(column))
}

/// Finds a larger set for `i`, moving others to further ones if need be.
fn augment(
    i: usize,
    larger: &[Vec<usize>],
    before: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for &j in &larger[i] {
        if replace(&mut seen[j], true) {
            continue;
        }
        if before[j].is_none_or(|other| augment(other, larger, before, seen)) {
            before[j] = Some(i);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_that_contain_each_other_share_an_order() {
        let orders = cover(vec![vec![0], vec![0, 2], vec![1, 2], vec![2], vec![0, 1, 2], vec![0]]);
        assert_eq!(orders, [vec![0, 2, 1], vec![2, 1]]);
    }

    #[test]
    fn every_set_is_a_prefix_and_no_two_orders_could_be_one_chain() {
        arbtest::arbtest(|u| {
            let mut sets = Vec::new();
            for _ in 0..u.int_in_range(0..=7)? {
                let bits = u.int_in_range(1..=31_u32)?;
                sets.push((0..5).filter(|c| bits >> c & 1 == 1).collect::<Vec<usize>>());
            }
            let orders = cover(sets.clone());
            for set in &sets {
                let serves = |order: &Vec<usize>| {
                    order.len() >= set.len() && order[..set.len()].iter().all(|c| set.contains(c))
                };
                assert!(orders.iter().any(serves), "{set:?} in {orders:?}");
            }
            // By Dilworth the fewest chains are as many as the most sets without inclusion.
            sets.sort();
            sets.dedup();
            let antichain = |bits: u32| {
                let chosen: Vec<_> = (0..sets.len()).filter(|i| bits >> i & 1 == 1).collect();
                let free =
                    chosen.iter().all(|&i| !chosen.iter().any(|&j| is_part(&sets[i], &sets[j])));
                if free { chosen.len() } else { 0 }
            };
            let widest = (0..1_u32 << sets.len()).map(antichain).max().unwrap_or(0);
            assert_eq!(orders.len(), widest);
            Ok(())
        })
        .budget_ms(500);
    }
}
