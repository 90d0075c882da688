//! [`differ`]: what two proofs of one tuple have in common, and what only one of them has: what
//! they rest on, and their steps.

use std::collections::BTreeSet;

use crate::provenance::proof::{Node, Proof};
use crate::provenance::summary::summary;
use crate::show::ids::id;
use crate::show::safe::{hang, visible};
use crate::show::words::Words;
use crate::text::numbers::grouped;

/// Steps that are listed of a proof.
const STEPS_MAX: usize = 40;

/// What a proof is made of.
struct Parts {
    leaves: BTreeSet<String>,
    /// In reading order.
    steps: Vec<String>,
    inputs: usize,
}

fn parts(words: Words<'_>, proof: &Proof) -> Parts {
    let rests_on = summary(words.given, proof);
    let leaves = rests_on.claims.iter().chain(&rests_on.assumptions).map(|id| visible(id));
    let mut steps = Vec::new();
    for node in proof.nodes.iter() {
        let Node::Rule(rule) = node else { continue };
        let Some(conclusion) = node.conclusion() else { continue };
        let name = visible(&words.given.program.rules[rule.rule].name);
        let step = format!("{}  rule “{name}”", words.dated_tuple(conclusion));
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    Parts { leaves: leaves.collect(), steps, inputs: rests_on.inputs }
}

/// The proofs `proofs` under their numbers, as text.
#[must_use]
pub fn differ(words: Words<'_>, proofs: [(usize, &Proof); 2], width: usize) -> String {
    let mut out = String::new();
    let mut add = |indent: usize, text: &str| hang(text, indent, width, &mut out);
    let [(n, first), (m, second)] = proofs;
    if let Some(conclusion) = first.root().conclusion() {
        add(0, &words.dated_tuple(conclusion));
    }
    let (a, b) = (parts(words, first), parts(words, second));
    let both: Vec<&str> = a.leaves.intersection(&b.leaves).map(String::as_str).collect();
    let same = a.steps.iter().filter(|step| b.steps.contains(step)).count();
    let plural = if same == 1 { "" } else { "s" };
    let rests_on = if both.is_empty() { "nothing".to_owned() } else { both.join(", ") };
    add(2, &format!("proofs {n} and {m} have {} step{plural} in common", grouped(same)));
    add(2, &format!("both rest on {rests_on}"));
    for (n, proof, own, other) in [(n, first, &a, &b), (m, second, &b, &a)] {
        add(0, &format!("only proof {n}  {}", id(words, proof)));
        let mut leaves: Vec<String> = own.leaves.difference(&other.leaves).cloned().collect();
        if own.inputs > other.inputs {
            leaves.push(format!("{} more input rows", grouped(own.inputs - other.inputs)));
        }
        let leaves = if leaves.is_empty() { "nothing else".to_owned() } else { leaves.join(", ") };
        add(3, &format!("rests on {leaves}"));
        let steps: Vec<&String> =
            own.steps.iter().filter(|step| !other.steps.contains(step)).collect();
        steps.iter().take(STEPS_MAX).for_each(|step| add(3, step));
        if steps.len() > STEPS_MAX {
            add(3, &format!("… {} more steps", grouped(steps.len() - STEPS_MAX)));
        }
        if steps.is_empty() {
            add(3, "no step of its own");
        }
    }
    out
}
