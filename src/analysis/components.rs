//! Strongly connected components of relations in one linear pass, since a closure in crepe would
//! be quadratic. Neither pass is recursive: a chain of any length leaves the stack alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::base::ids::{Id, RelationId, StratumId, Table};

/// The component of each of `relations` relations, where each of `edges` says that the first
/// relation reads the second. Components are numbered so that each comes after those it reads;
/// among those that could come next, the one that holds the relation declared first.
pub(super) fn components(
    relations: usize,
    edges: &[(RelationId, RelationId)],
) -> Table<RelationId, StratumId> {
    let mut graph = DiGraph::<(), ()>::with_capacity(relations, edges.len());
    for _ in 0..relations {
        graph.add_node(());
    }
    for (reader, read) in edges {
        graph.add_edge(NodeIndex::new(reader.index()), NodeIndex::new(read.index()), ());
    }
    let mut found = vec![0; relations];
    let mut first = Vec::new();
    for (component, members) in kosaraju_scc(&graph).into_iter().enumerate() {
        for member in &members {
            found[member.index()] = component;
        }
        first.push(members.into_iter().min().expect("a component has a member"));
    }
    let order = sort(&first, edges.iter().map(|(a, b)| (found[a.index()], found[b.index()])));
    found.into_iter().map(|component| order[component]).collect()
}

/// Numbers for the components: each after those it reads, otherwise by their first member.
fn sort(first: &[NodeIndex], edges: impl Iterator<Item = (usize, usize)>) -> Vec<StratumId> {
    let mut readers = vec![Vec::new(); first.len()];
    let mut waits_for = vec![0_usize; first.len()];
    for (reader, read) in edges.filter(|(reader, read)| reader != read) {
        readers[read].push(reader);
        waits_for[reader] += 1;
    }
    let mut ready: BinaryHeap<Reverse<(NodeIndex, usize)>> = (0..first.len())
        .filter(|&component| waits_for[component] == 0)
        .map(|component| Reverse((first[component], component)))
        .collect();
    let mut order = vec![StratumId::new(0); first.len()];
    let mut next = 0;
    while let Some(Reverse((_, component))) = ready.pop() {
        order[component] = StratumId::new(next);
        next += 1;
        for &reader in &readers[component] {
            waits_for[reader] -= 1;
            if waits_for[reader] == 0 {
                ready.push(Reverse((first[reader], reader)));
            }
        }
    }
    debug_assert_eq!(next, first.len(), "components do not read each other in a circle");
    order
}

#[cfg(test)]
#[expect(
    clippy::disallowed_types,
    clippy::iter_over_hash_type,
    reason = "code that crepe generates"
)]
mod tests {
    use arbtest::arbtest;
    use crepe::crepe;

    use super::components;
    use crate::base::ids::{Id, RelationId};

    crepe! {
        @input
        struct Edge(usize, usize);
        @output
        struct Reaches(usize, usize);

        Reaches(x, y) <- Edge(x, y);
        Reaches(x, z) <- Reaches(x, y), Edge(y, z);
    }

    fn check(relations: usize, edges: &[(usize, usize)]) {
        let ids: Vec<_> =
            edges.iter().map(|&(a, b)| (RelationId::new(a), RelationId::new(b))).collect();
        let found = components(relations, &ids);
        let mut oracle = Crepe::new();
        oracle.extend(edges.iter().map(|&(a, b)| Edge(a, b)));
        let (reaches,) = oracle.run();
        let reaches = |a, b| reaches.contains(&Reaches(a, b));
        for a in 0..relations {
            for b in 0..relations {
                let (in_a, in_b) = (found[RelationId::new(a)], found[RelationId::new(b)]);
                let together = a == b || (reaches(a, b) && reaches(b, a));
                assert_eq!(in_a == in_b, together, "{a} and {b} of {edges:?}");
                assert!(!reaches(a, b) || in_a >= in_b, "{a} reads {b} in {edges:?}");
            }
        }
    }

    #[test]
    fn components_are_those_of_a_closure() {
        arbtest(|u| {
            let relations = u.int_in_range(1..=12)?;
            let mut edges = Vec::new();
            for _ in 0..u.int_in_range(0..=30)? {
                edges
                    .push((u.int_in_range(0..=relations - 1)?, u.int_in_range(0..=relations - 1)?));
            }
            check(relations, &edges);
            Ok(())
        });
    }

    #[test]
    fn independent_components_keep_the_order_of_declaration() {
        let edges = [(0, 3), (1, 2), (2, 1)].map(|(a, b)| (RelationId::new(a), RelationId::new(b)));
        let found = components(5, &edges);
        let numbers: Vec<_> = found.iter().map(|component| component.index()).collect();
        assert_eq!(numbers, [2, 0, 0, 1, 3]);
    }

    #[test]
    fn a_long_chain_does_not_use_the_stack() {
        let relations = 200_000;
        let edges: Vec<_> =
            (1..relations).map(|i| (RelationId::new(i), RelationId::new(i - 1))).collect();
        let found = components(relations, &edges);
        assert!(found.entries().all(|(relation, component)| relation.index() == component.index()));
    }
}
