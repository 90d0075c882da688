//! The best proof is the best: compared with every proof that there is, on small programs whose
//! premises overlap and go in circles.

use std::collections::BTreeSet;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use crate::proofs::{Case, evidence};
use hence::base::ids::LeafId;
use hence::provenance::leaves::{Leaf, LeafKind};
use hence::provenance::proof::{Cost, Quality};
use hence::provenance::search::Budget;

const GIVEN: usize = 5;
const DERIVED: usize = 6;

/// What a given relation stands for: an assumption, or a claim of a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stands {
    Assumption(usize),
    Claim(usize, usize),
}

/// `g0` … are given, `d0` … follow by rules, each a list of premises: below GIVEN a given one.
struct Small {
    stands: Vec<Stands>,
    rules: Vec<Vec<Vec<usize>>>,
}

fn small(u: &mut Unstructured<'_>) -> Result<Small> {
    let mut stands = Vec::new();
    for at in 0..GIVEN {
        // Two given relations may come from one record.
        let leaf = if at > 0 && u.ratio(1, 4)? { at - 1 } else { at };
        let of_claim = Stands::Claim(leaf, u.int_in_range(0..=2)?);
        stands.push(if u.ratio(1, 2)? { Stands::Assumption(leaf) } else { of_claim });
    }
    let mut rules = Vec::new();
    for derived in 0..DERIVED {
        let mut of_one = Vec::new();
        for _ in 0..u.int_in_range(1..=3)? {
            let mut body = Vec::new();
            for _ in 0..u.int_in_range(1..=3)? {
                // Seldom a relation of the same height or above, so that most have proofs.
                let last = if u.ratio(1, 4)? { GIVEN + DERIVED } else { GIVEN + derived };
                body.push(u.int_in_range(0..=last - 1)?);
            }
            of_one.push(body);
        }
        rules.push(of_one);
    }
    Ok(Small { stands, rules })
}

fn name(at: usize) -> String {
    if at < GIVEN { format!("g{at}") } else { format!("d{}", at - GIVEN) }
}

impl Small {
    fn text(&self) -> String {
        let mut text = String::new();
        for at in 0..GIVEN + DERIVED {
            text.push_str(&format!(".decl {}()\n", name(at)));
        }
        (0..GIVEN).for_each(|at| text.push_str(&format!("{}().\n", name(at))));
        for (at, rules) in self.rules.iter().enumerate() {
            for body in rules {
                let body: Vec<String> = body.iter().map(|&at| format!("{}()", name(at))).collect();
                text.push_str(&format!("{}() :- {}.\n", name(GIVEN + at), body.join(", ")));
            }
        }
        text
    }

    /// The least cost of a proof of `goal`, over every choice of a rule for each relation.
    fn least(&self, goal: usize) -> Option<Cost> {
        let mut least: Option<Cost> = None;
        let mut choice = vec![0; DERIVED];
        loop {
            if let Some(cost) = self.cost(goal, &choice) {
                least = Some(least.map_or(cost, |known| known.min(cost)));
            }
            let mut at = 0;
            while at < DERIVED && choice[at] + 1 == self.rules[at].len() {
                choice[at] = 0;
                at += 1;
            }
            if at == DERIVED {
                return least;
            }
            choice[at] += 1;
        }
    }

    fn cost(&self, goal: usize, choice: &[usize]) -> Option<Cost> {
        let mut leaves = BTreeSet::new();
        let height = self.height(goal, choice, &mut Vec::new(), &mut leaves)?;
        let (mut assumptions, mut sources, mut claims) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for leaf in leaves {
            match leaf {
                Stands::Assumption(leaf) => {
                    assumptions.insert(leaf);
                }
                Stands::Claim(leaf, source) => {
                    claims.insert(leaf);
                    sources.insert(source);
                }
            }
        }
        let (assumptions, sources) = (assumptions.len(), sources.len());
        Some(Cost { assumptions, sources, claims: claims.len(), height })
    }

    /// The height of the proof; nothing if it goes in a circle.
    fn height(
        &self,
        at: usize,
        choice: &[usize],
        path: &mut Vec<usize>,
        leaves: &mut BTreeSet<Stands>,
    ) -> Option<usize> {
        if at < GIVEN {
            leaves.insert(self.stands[at]);
            return Some(0);
        }
        if path.contains(&at) {
            return None;
        }
        path.push(at);
        let mut height = 0;
        for &premise in &self.rules[at - GIVEN][choice[at - GIVEN]] {
            height = height.max(self.height(premise, choice, path, leaves)? + 1);
        }
        path.pop();
        Some(height)
    }

    /// The program with its leaves.
    fn case(&self) -> Case {
        let mut case = Case::of(&self.text());
        for (at, stands) in self.stands.iter().enumerate() {
            let leaf = self.leaf(&mut case, *stands);
            let relation = case.program.relation(&name(at)).unwrap();
            case.leaves.set((relation, Box::new([])), leaf);
        }
        // What is given comes from records alone.
        case.program.facts.clear();
        case
    }

    fn leaf(&self, case: &mut Case, stands: Stands) -> LeafId {
        let (kind, id, evidence) = match stands {
            Stands::Assumption(leaf) => (LeafKind::Assumption, format!("a{leaf}"), None),
            Stands::Claim(leaf, source) => {
                let evidence = evidence(&format!("s{source}"));
                (LeafKind::Claim, format!("c{leaf}_{source}"), Some(evidence))
            }
        };
        if let Some((known, _)) = case.leaves.leaves.entries().find(|(_, leaf)| leaf.id == id) {
            return known;
        }
        case.leaves.leaves.push(Leaf { kind, id, place: String::new(), span: None, evidence })
    }
}

#[test]
fn no_proof_costs_less() {
    let mut compared = 0;
    for number in 1..=300_u64 {
        arbtest(|u| {
            let mut small = small(u)?;
            // A claim has one source, whatever it is used for.
            for at in 1..GIVEN {
                if let (Stands::Claim(a, source), Stands::Claim(b, _)) =
                    (small.stands[at - 1], small.stands[at])
                    && a == b
                {
                    small.stands[at] = Stands::Claim(b, source);
                }
            }
            let case = small.case();
            let explainer = case.explainer();
            for at in GIVEN..GIVEN + DERIVED {
                let relation = case.program.relation(&name(at)).unwrap();
                let proof = explainer.explain(relation, &[], Budget::default());
                let least = small.least(at);
                let found = proof.as_ref().ok().map(|proof| proof.cost);
                assert_eq!(found, least, "{} in\n{}", name(at), small.text());
                if let Ok(proof) = proof {
                    assert_eq!(proof.quality, Quality::Best);
                    compared += 1;
                }
            }
            Ok(())
        })
        .seed((number.wrapping_mul(0x9e37_79b9) << 32) | 1024)
        .run();
    }
    assert!(compared > 500, "{compared}");
}
