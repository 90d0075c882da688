//! What conclusions rest on, as text: sources by their labels, with the id where it has to be typed.

use crate::base::ids::{LeafId, RelationId};
use crate::claims::withdraw::Broken;
use crate::provenance::leaves::{LeafKind, Leaves};
use crate::provenance::proof::{Conclusion, LeafRef};
use crate::provenance::supports::{Least, Member, Supports};
use crate::session::diff::Changes;
use crate::session::scenarios::{Effect, Scenario};
use crate::session::support::{
    Echo, Fragile, FragileRow, Given, Needed, Outcome, PassesOn, Support, Without, lacking,
};
use crate::session::whatif::ASSUMED;
use crate::show::safe::{visible, wrap};
use crate::show::table::{TableOptions, table};
use crate::show::words::Words;
use crate::text::numbers::{counted, grouped};
use crate::value::value::{Tuple, Value};

/// How much is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Columns of a line; nothing where lines may be as long as they like.
    pub width: Option<usize>,
    /// Whether everything is listed.
    pub full: bool,
    /// Whether supports are sets of claims, not of sources.
    pub claims: bool,
}

/// Columns of long lists where lines may be as long as they like.
const WIDTH: usize = 100;
/// How far the lines of a list after the first stand to the right.
const INDENT: usize = 4;

/// Where there is no conclusion that could change.
const NOTHING: &str = "nothing was compared: no output has a row\n";

/// Lines about one source that are shown unless everything is.
const LINES_MAX: usize = 8;
/// Fragile conclusions that are listed unless everything is.
const ROWS_MAX: usize = 40;

/// What a conclusion rests on.
#[must_use]
pub fn support(words: Words<'_>, support: &Support, extent: Extent) -> String {
    let mut out = format!("{}\n", words.tuple(&support.conclusion));
    match &support.supports {
        None => out.push_str(
            "  enough    there are more proofs than the budget allows; no least set is known\n",
        ),
        Some(supports) => sets(words, (support, supports), extent, &mut out),
    }
    let moved: Vec<&Without> =
        support.without.iter().filter(|w| w.outcome != Outcome::Stays).collect();
    let through: Vec<&Member> =
        support.supports.iter().flat_map(|supports| &supports.through).collect();
    let passes_on = |source: &str| through.contains(&&Member::Voice(source.to_owned()));
    let (conduits, needed): (Vec<&Without>, Vec<&Without>) =
        moved.into_iter().partition(|without| passes_on(&without.source));
    let outcome = |without: &&Without| {
        let what = becomes(words, &support.conclusion, &without.outcome);
        let lacks = lacks(&without.lacks);
        format!("{}: without it {what}{lacks}", source(words, &without.source))
    };
    if support.without.is_empty() {
        return out;
    }
    let nobody = if conduits.is_empty() { "no single source" } else { "no single origin" };
    list("needed", needed.iter().map(outcome).collect(), nobody, &mut out);
    if !conduits.is_empty() {
        list("through", conduits.iter().map(outcome).collect(), "", &mut out);
    }
    if support.has_values && support.supports.as_ref().is_some_and(|s| s.aggregates) {
        out.push_str("  all of this is about the values given: other values may rest on less\n");
    }
    out
}

/// Lines under a heading.
fn list(heading: &str, lines: Vec<String>, none: &str, out: &mut String) {
    let lines = if lines.is_empty() { vec![none.to_owned()] } else { lines };
    for (at, line) in lines.iter().enumerate() {
        let heading = if at == 0 { heading } else { "" };
        out.push_str(&format!("  {heading:9} {line}\n"));
    }
}

/// Which claims readings would lack.
fn lacks(readings: &[Broken]) -> String {
    let one = |broken: &Broken| {
        format!("{} would lack {}", visible(&broken.reading), visible(&broken.claims.join(", ")))
    };
    let lacks: Vec<String> = readings.iter().map(one).collect();
    if lacks.is_empty() { String::new() } else { format!(", because {}", lacks.join("; ")) }
}

fn sets(
    words: Words<'_>,
    (support, supports): (&Support, &Supports),
    extent: Extent,
    out: &mut String,
) {
    // Where nobody says anything, rows are all there is.
    let no_claims = supports.sources.sets.iter().all(Vec::is_empty)
        && (!supports.sources.by_runs
            || words.given.leaves.leaves.iter().all(|l| l.evidence.is_none()));
    let by_claims = extent.claims || no_claims;
    let least = if by_claims { &supports.claims } else { &supports.sources };
    let (one, what) = match (no_claims, by_claims) {
        (true, _) => ("input row", "input rows"),
        (false, true) => ("claim or assumption", "claims and assumptions"),
        (false, false) => ("source", "sources"),
    };
    if least.sets.iter().any(Vec::is_empty) && least.sets.len() == 1 {
        list("enough", vec!["the rules and definitions alone".to_owned()], "", out);
        if least.by_runs && least.must_fail.is_some() {
            fall(words, least, (one, what), out);
        }
        return;
    }
    let n = least.sets.len();
    let all = match (least.complete, least.by_runs) {
        (true, _) => "all there are",
        (false, true) => BY_RUNS,
        (false, false) => "and more that are not listed",
    };
    let head = match n {
        0 => format!("no small set of {what} was found: {TRIED}"),
        1 if least.complete => format!("one set of {what}, and no other"),
        1 => format!("one set of {what}; {all}"),
        _ if least.by_runs && !least.complete => format!("{n} sets of {what}; {all}"),
        _ => format!("{} of {what}, {all}", counted(n, "set")),
    };
    list("enough", vec![head], "", out);
    let shown = if extent.full { n } else { n.min(LINES_MAX) };
    for (at, set) in least.sets.iter().take(shown).enumerate() {
        let members: Vec<String> = set.iter().map(|member| member_text(words, member)).collect();
        let by_itself = support.alone.get(at).filter(|_| !by_claims);
        let doubt = match by_itself {
            None | Some(Outcome::Stays) => String::new(),
            Some(outcome) => {
                let what = becomes(words, &support.conclusion, outcome);
                format!("; without all others: {what}")
            }
        };
        out.push_str(&format!("  {:>11}  {}{doubt}\n", at + 1, members.join(" + ")));
    }
    if shown < n {
        out.push_str(&format!("  {:>11}  {} more (--full)\n", "…", grouped(n - shown)));
    }
    fall(words, least, (one, what), out);
}

/// Where sets were found by runs: sums, counts or absences are below.
const BY_RUNS: &str = "there may be others (weighed by runs)";
const TRIED: &str = "sums, counts and absences were weighed by runs";

/// How few must fail, as runs showed.
fn fall_by_runs(least: &Least, names: &[String], (one, what): (&str, &str)) -> String {
    let n = names.len();
    match (least.necessary.len(), names) {
        (1, [name]) => format!("it is enough that one {one} fails: {name}"),
        (many, [_])
            if least.sets.len() == 1
                && least.sets[0].len() == many
                && least.sets[0].iter().all(|one| least.necessary.contains(one)) =>
        {
            "it is enough that any one of these fails".to_owned()
        }
        (many, [name]) => {
            format!("it is enough that one {one} of {} fails, such as {name}", grouped(many))
        }
        _ if least.exact => {
            format!("{n} {what} have to fail together, such as {}", names.join(" + "))
        }
        _ => format!("at most {n} {what} have to fail: {}", names.join(" + ")),
    }
}

/// How few must fail.
fn fall(words: Words<'_>, least: &Least, (one, what): (&str, &str), out: &mut String) {
    let Some(members) = &least.must_fail else { return };
    let names: Vec<String> = members.iter().map(|member| member_text(words, member)).collect();
    let line = match (names.as_slice(), least.exact) {
        (names, _) if least.by_runs => fall_by_runs(least, names, (one, what)),
        ([_], true) if least.sets.len() == 1 && least.sets[0].len() > 1 => {
            "it is enough that any one of these fails".to_owned()
        }
        ([name], _) => format!("one {one} has to fail: {name}"),
        (names, true) => {
            format!("{} {what} have to fail together: {}", names.len(), names.join(" + "))
        }
        (names, false) => {
            format!("at most {} {what} have to fail: {}", names.len(), names.join(" + "))
        }
    };
    list("to fall", vec![line], "", out);
}

/// A source by its label, with the id if that is another.
#[must_use]
pub fn source(words: Words<'_>, id: &str) -> String {
    let label = words.label(id);
    if label == visible(id) { label } else { format!("{label} ({})", visible(id)) }
}

/// What an assumption is called; a row that nobody counts as one goes by its own name.
fn member_text(words: Words<'_>, member: &Member) -> String {
    match member {
        Member::Source(id) | Member::Voice(id) => source(words, id),
        Member::Leaf(leaf) => leaf_text(words, *leaf),
        Member::Row(LeafRef::Fact(at), conclusion)
            if words.given.program.facts[*at].assumed && has_claims(words) =>
        {
            format!("assumption: {}", words.tuple(conclusion))
        }
        Member::Row(LeafRef::Fact(_) | LeafRef::Input | LeafRef::Row(_), conclusion) => {
            words.tuple(conclusion)
        }
    }
}

fn leaf_text(words: Words<'_>, id: LeafId) -> String {
    let leaf = &words.given.leaves.leaves[id];
    match &leaf.evidence {
        Some(evidence) => format!("{} by {}", visible(&leaf.id), words.label(&evidence.origin)),
        None if leaf.id == ASSUMED => match assumed(words, id) {
            Some(row) => format!("assumed, on no file: {}", words.tuple(&row)),
            None => visible(&leaf.id),
        },
        None if leaf.kind == LeafKind::Assumption && has_claims(words) => {
            format!("assumption: {}", visible(&leaf.id))
        }
        None => visible(&leaf.id),
    }
}

/// The row that a leaf is of which nothing is written anywhere.
pub(super) fn assumed(words: Words<'_>, id: LeafId) -> Option<Conclusion> {
    let ((relation, tuple), _) = words.given.leaves.rows().find(|(_, leaf)| *leaf == id)?;
    Some(Conclusion { relation: *relation, tuple: tuple.clone() })
}

/// Where nobody says anything, rows are all there is, and none of them is called an assumption.
fn has_claims(words: Words<'_>) -> bool {
    words.given.leaves.leaves.iter().any(|leaf| leaf.evidence.is_some())
}

/// What becomes of a conclusion.
fn becomes(words: Words<'_>, conclusion: &Conclusion, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Stays => "it stays".to_owned(),
        Outcome::Lost => "lost".to_owned(),
        Outcome::Becomes(new) => change(words, conclusion, new),
        Outcome::Fails => "the evaluation fails".to_owned(),
    }
}

/// An atom with `old → new` where values differ.
fn change(words: Words<'_>, conclusion: &Conclusion, new: &[Value]) -> String {
    let pairs = conclusion.tuple.iter().zip(new);
    let cells: Vec<String> = pairs
        .map(|(old, new)| match old == new {
            true => words.value(*old),
            false => format!("{} → {}", words.value(*old), words.value(*new)),
        })
        .collect();
    let name = &words.given.program.relations[conclusion.relation].name;
    format!("{name}({})", cells.join(", "))
}

/// What a conclusion rests on, by whose account.
#[must_use]
pub fn accounts(words: Words<'_>, support: &Support, extent: Extent) -> String {
    let mut out = format!("{}\n", words.tuple(&support.conclusion));
    let leaves = words.given.leaves;
    let used: Vec<LeafId> = match &support.supports {
        Some(supports) => supports.leaves.clone(),
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    for without in &support.without {
        let (said, passed) = claims_of(leaves, &used, &without.source);
        if said.is_empty() && passed.is_empty() && without.outcome == Outcome::Stays {
            continue;
        }
        let role = match (said.is_empty(), passed.is_empty()) {
            (false, _) => ids(leaves, &said),
            (true, false) => format!("passes on {}", counted(passed.len(), "claim")),
            (true, true) => "in no proof".to_owned(),
        };
        let what = becomes(words, &support.conclusion, &without.outcome);
        rows.push((said.is_empty(), vec![source(words, &without.source), role, what]));
    }
    // Origins first.
    rows.sort_by_key(|(is_conduit, _)| *is_conduit);
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    if rows.is_empty() {
        out.push_str("  rests on no source\n");
        return out;
    }
    let options = TableOptions { width: extent.width, ..TableOptions::default() };
    out.push_str(&table(
        &["source", "says in its proofs", "without it"],
        &[false; 3],
        &rows,
        options,
    ));
    out
}

/// Claims among these that come from a source, and that it passes on.
fn claims_of(leaves: &Leaves, used: &[LeafId], source: &str) -> (Vec<LeafId>, Vec<LeafId>) {
    let (mut said, mut passed) = (Vec::new(), Vec::new());
    for &id in used {
        match &leaves.leaves[id].evidence {
            Some(evidence) if evidence.origin == source => said.push(id),
            Some(evidence) if evidence.conduits.iter().any(|c| c == source) => passed.push(id),
            _ => {}
        }
    }
    (said, passed)
}

fn ids(leaves: &Leaves, claims: &[LeafId]) -> String {
    let ids: Vec<String> = claims.iter().map(|id| visible(&leaves.leaves[*id].id)).collect();
    ids.join(", ")
}

/// What each source gives.
#[must_use]
pub fn sources(words: Words<'_>, given: &[Given], extent: Extent) -> String {
    let row = |given: &Given| {
        vec![
            source(words, &given.source),
            grouped(given.claims.len()),
            grouped(given.passed_on.len()),
            grouped(given.lost),
            grouped(given.changed),
        ]
    };
    let rows: Vec<Vec<String>> = given.iter().map(row).collect();
    let header = ["source", "claims", "passes on", "lost without it", "changed without it"];
    let options = TableOptions { width: extent.width, ..TableOptions::default() };
    table(&header, &[false, true, true, true, true], &rows, options)
}

/// Conclusions that do not survive the failure of one source.
#[must_use]
pub fn fragile(words: Words<'_>, fragile: &Fragile, extent: Extent) -> String {
    let options = TableOptions { width: extent.width, ..TableOptions::default() };
    let mut out = String::new();
    if fragile.conclusions.iter().all(|(_, n)| *n == 0) {
        out.push_str(NOTHING);
    } else if fragile.rows.is_empty() {
        out.push_str("every conclusion survives the failure of any one origin\n");
    } else if extent.full || fragile.rows.len() <= ROWS_MAX {
        let rows: Vec<Vec<String>> =
            fragile.rows.iter().flat_map(|row| needs(words, row)).collect();
        out.push_str(&table(&["conclusion", "needs", "without it"], &[false; 3], &rows, options));
    } else {
        out.push_str(&table(
            &["relation", "conclusions", "need some origin", "rest on one alone"],
            &[false, true, true, true],
            &by_relation(words, fragile),
            options,
        ));
        out.push_str("name a relation, or give --full, to list its conclusions\n");
    }
    for through in &fragile.through {
        let parts: Vec<String> = [(through.lost, "lost"), (through.changed, "changed")]
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{} {what}", grouped(*n)))
            .collect();
        let name = source(words, &through.source);
        let parts = parts.join(", ");
        out.push_str(&format!(
            "through {name}, which passes on what others say: {parts} without it\n"
        ));
    }
    out
}

fn needs(words: Words<'_>, row: &FragileRow) -> Vec<Vec<String>> {
    let line = |(at, without): (usize, &Without)| {
        let atom = if at == 0 { words.tuple(&row.conclusion) } else { String::new() };
        let mut what = becomes(words, &row.conclusion, &without.outcome);
        if row.single.is_some() {
            what.push_str("; SINGLE SOURCE");
        }
        vec![atom, source(words, &without.source), what]
    };
    row.needs.iter().enumerate().map(line).collect()
}

fn by_relation(words: Words<'_>, fragile: &Fragile) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (relation, conclusions) in &fragile.conclusions {
        let of = || fragile.rows.iter().filter(|row| row.conclusion.relation == *relation);
        let single = of().filter(|row| row.single.is_some()).count();
        if of().next().is_some() {
            let name = visible(&words.given.program.relations[*relation].name);
            rows.push(vec![name, grouped(*conclusions), grouped(of().count()), grouped(single)]);
        }
    }
    rows
}

/// What all proofs of each conclusion have in common.
#[must_use]
pub fn necessary(words: Words<'_>, needed: &[Needed], extent: Extent) -> String {
    let options = TableOptions { width: extent.width, ..TableOptions::default() };
    let mut out = String::new();
    if extent.full || needed.len() <= ROWS_MAX {
        let names =
            |ids: &[String]| ids.iter().map(|id| source(words, id)).collect::<Vec<_>>().join(", ");
        let row = |needed: &Needed| {
            let at_least = if needed.rests_on_absence { "?" } else { "" };
            vec![
                words.tuple(&needed.conclusion),
                at_least.to_owned(),
                names(&needed.sources),
                names(&needed.through),
            ]
        };
        let rows: Vec<Vec<String>> = needed.iter().map(row).collect();
        let header = ["conclusion", "", "in every proof", "every proof through"];
        out.push_str(&table(&header, &[false; 4], &rows, options));
        if needed.iter().any(|needed| needed.rests_on_absence) {
            out.push_str(
                "? something must be absent: without a source there may be other proofs\n",
            );
        }
        return out;
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for of in needed.chunk_by(|a, b| a.conclusion.relation == b.conclusion.relation) {
        let name = visible(&words.given.program.relations[of[0].conclusion.relation].name);
        let some = of.iter().filter(|needed| !needed.sources.is_empty()).count();
        let one = of.iter().filter(|needed| needed.sources.len() == 1).count();
        rows.push(vec![name, grouped(of.len()), grouped(some), grouped(one)]);
    }
    let header = ["relation", "conclusions", "some origin in every proof", "one origin"];
    out.push_str(&table(&header, &[false, true, true, true], &rows, options));
    out.push_str("name a relation, or give --full, to list its conclusions\n");
    out
}

/// Sources that say nothing of their own.
#[must_use]
pub fn passing_on(words: Words<'_>, passing: &[PassesOn]) -> String {
    let mut out = String::new();
    for PassesOn { source: id, of } in passing {
        let of: Vec<String> = of
            .iter()
            .map(|(origin, claims)| {
                format!("{} ({})", words.label(origin), visible(&claims.join(", ")))
            })
            .collect();
        let of = of.join(", ");
        out.push_str(&format!("{} only passes on what others say: {of}\n", source(words, id)));
    }
    out
}

/// Claims that count as the word of another source.
#[must_use]
pub fn echoes(words: Words<'_>, echoes: &[Echo]) -> String {
    if echoes.is_empty() {
        return "no claim only repeats what another source says\n".to_owned();
    }
    let mut out = String::new();
    for echo in echoes {
        let roots: Vec<String> = echo.roots.iter().map(|root| source(words, root)).collect();
        let repeats = if echo.repeats.is_empty() {
            String::new()
        } else {
            format!(" (it rests on {})", visible(&echo.repeats.join(", ")))
        };
        out.push_str(&format!(
            "{} by {} counts as the word of {}{repeats}\n",
            visible(&echo.claim),
            source(words, &echo.origin),
            roots.join(" and "),
        ));
    }
    let mut only: Vec<&str> =
        echoes.iter().filter(|echo| echo.only_echo).map(|echo| echo.origin.as_str()).collect();
    only.sort_unstable();
    only.dedup();
    if !only.is_empty() {
        let names: Vec<String> = only.iter().map(|id| source(words, id)).collect();
        out.push_str(&format!("nothing of its own is said by {}\n", names.join(", ")));
    }
    out
}

/// What changes without each source.
#[must_use]
pub fn sensitivity(
    words: Words<'_>,
    (scenarios, relations): (&[Scenario], &[RelationId]),
    extent: Extent,
) -> String {
    let mut out = String::new();
    let mut silent = Vec::new();
    let tables = words.given.tables;
    if scenarios.iter().all(|scenario| scenario.counts() == [0; 3] && !fails(scenario))
        && relations.iter().all(|relation| tables.len(*relation) == 0)
    {
        return NOTHING.to_owned();
    }
    for scenario in scenarios {
        let name = source(words, scenario.withdrawal.source());
        let lines = effects(words, scenario);
        if lines.is_empty() {
            silent.push(name);
            continue;
        }
        out.push_str(&format!("without {name}, {}\n", counted(scenario.claims, "claim")));
        let shown = if extent.full { lines.len() } else { lines.len().min(LINES_MAX) };
        for line in &lines[..shown] {
            out.push_str(&format!("  {line}\n"));
        }
        if shown < lines.len() {
            let more = grouped(lines.len() - shown);
            out.push_str(&format!("  … {more} more (name relations, or give --full)\n"));
        }
    }
    if !silent.is_empty() {
        let width = extent.width.unwrap_or(WIDTH).max(INDENT * 2);
        let text = format!("no effect: {}", silent.join(", "));
        for (at, line) in wrap(&text, width - INDENT).iter().enumerate() {
            let indent = if at == 0 { 0 } else { INDENT };
            out.push_str(&format!("{:indent$}{line}\n", ""));
        }
    }
    out
}

fn fails(scenario: &Scenario) -> bool {
    matches!(scenario.effect, Effect::Fails(_))
}

fn effects(words: Words<'_>, scenario: &Scenario) -> Vec<String> {
    let difference = match &scenario.effect {
        Effect::Fails(message) => return vec![format!("fails    {}", visible(&message.message))],
        Effect::Changes(difference) => difference,
    };
    let mut lines = Vec::new();
    let atom = |changes: &Changes, tuple: &[Value]| {
        words.tuple(&Conclusion { relation: changes.relation, tuple: tuple.into() })
    };
    for changes in &difference.relations {
        for (old, new) in &changes.changed {
            let old = Conclusion { relation: changes.relation, tuple: old.clone() };
            lines.push(format!("changed  {}", change(words, &old, new)));
        }
        let reason = |tuple: &[Value]| {
            let symbols = &words.given.program.symbols;
            lacks(&lacking(&scenario.readings, tuple, symbols))
        };
        let lost = |t: &Tuple| format!("lost     {}{}", atom(changes, t), reason(t));
        lines.extend(changes.lost.iter().map(lost));
        lines.extend(changes.gained.iter().map(|t| format!("gained   {}", atom(changes, t))));
    }
    lines
}
