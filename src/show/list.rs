//! [`list`]: several proofs of one tuple side by side: what each rests on, and which of them only
//! add to another.

use std::collections::BTreeSet;

use crate::provenance::proof::{Node, Proof};
use crate::provenance::search::Proofs;
use crate::provenance::summary::{Summary, summary};
use crate::show::ids::id;
use crate::show::safe::{GLUE, hang, visible};
use crate::show::words::Words;
use crate::text::numbers::grouped;

/// Leaves of a proof that are named.
const NAMED_MAX: usize = 12;

/// The proofs, two lines each.
#[must_use]
pub fn list(words: Words<'_>, proofs: &Proofs, width: usize) -> String {
    let mut out = String::new();
    let mut add = |indent: usize, text: &str| hang(text, indent, width, &mut out);
    let first = proofs.proofs.first().and_then(|proof| proof.root().conclusion());
    if let Some(conclusion) = first {
        add(0, &words.dated_tuple(conclusion));
    }
    add(2, &count(proofs));
    let summaries: Vec<Summary> =
        proofs.proofs.iter().map(|proof| summary(words.given, proof)).collect();
    for (at, (proof, rests_on)) in proofs.proofs.iter().zip(&summaries).enumerate() {
        let line = format!("{}  {}  {}", at + 1, price(proof), id(words, proof));
        add(0, &line);
        let mut parts = leaves(rests_on);
        if let Node::Rule(node) = proof.root() {
            let name = &words.given.program.rules[node.rule].name;
            parts.push(format!("by rule “{}”", visible(name)));
        }
        if let Some((other, is_same)) = contained(&summaries[..at], rests_on) {
            let what = if is_same { "the same leaves as" } else { "contains the leaves of" };
            parts.push(format!("{what} proof {other}"));
        }
        let line = parts.join(" · ");
        add(3, &line);
    }
    out
}

/// How many proofs there are.
fn count(proofs: &Proofs) -> String {
    let (shown, met) = (proofs.proofs.len(), proofs.met);
    let plural = if met == 1 { "" } else { "s" };
    let all = format!("{}{GLUE}proof{plural}", grouped(met));
    match (proofs.is_complete, shown == met) {
        (true, true) => format!("{all} (complete)"),
        (true, false) => format!("{all} (complete), the best {shown} of them"),
        (false, true) => format!("{all} found (truncated: the search stopped at its budget)"),
        (false, false) => {
            format!("{all} found (truncated: the search stopped at its budget), the best {shown}")
        }
    }
}

/// What a proof costs.
fn price(proof: &Proof) -> String {
    let cost = proof.cost;
    let parts =
        [(cost.claims, "claim"), (cost.sources, "source"), (cost.assumptions, "assumption")];
    let mut texts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{}{GLUE}{what}{}", grouped(*n), if *n == 1 { "" } else { "s" }))
        .collect();
    texts.push(format!("height{GLUE}{}", cost.height));
    texts.join(", ")
}

/// The leaves that count.
fn all(summary: &Summary) -> BTreeSet<&str> {
    summary.claims.iter().chain(&summary.assumptions).map(String::as_str).collect()
}

/// The same in words.
fn leaves(summary: &Summary) -> Vec<String> {
    let named = |ids: &[String]| {
        let mut named: Vec<String> = ids.iter().take(NAMED_MAX).map(|id| visible(id)).collect();
        if ids.len() > NAMED_MAX {
            named.push(format!("{}{GLUE}more", grouped(ids.len() - NAMED_MAX)));
        }
        named
    };
    let mut parts = Vec::new();
    if !summary.claims.is_empty() {
        parts.push(named(&summary.claims).join(", "));
    }
    if !summary.assumptions.is_empty() {
        parts.push(format!("assumes {}", named(&summary.assumptions).join("; ")));
    }
    if summary.inputs > 0 {
        let plural = if summary.inputs == 1 { "" } else { "s" };
        parts.push(format!("{}{GLUE}input row{plural}", grouped(summary.inputs)));
    }
    if parts.is_empty() {
        parts.push("the rules and definitions alone".to_owned());
    }
    parts
}

/// The first of the earlier proofs whose leaves are among these, from 1, and whether these are all.
fn contained(earlier: &[Summary], summary: &Summary) -> Option<(usize, bool)> {
    let own = all(summary);
    let is_within = |other: &Summary| {
        // Of rows that are only counted it is not known which they are.
        other.inputs == 0 && all(other).is_subset(&own)
    };
    let at = earlier.iter().position(is_within)?;
    Some((at + 1, all(&earlier[at]).len() == own.len() && summary.inputs == 0))
}
