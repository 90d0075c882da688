//! What was not used, as text and in the format `hence.unused/1`.

use serde_json::{Value as Json, json};

use crate::provenance::almost::Almost;
use crate::session::unused::{Idle, Reached, Silent, Unused};
use crate::show::safe::{hang, shortened, unglued, visible};
use crate::show::whynot::{nearest, obstacles};
use crate::show::words::Words;
use crate::text::numbers::{counted, grouped};
use crate::value::value::Value;

/// Claims, and rules, that are listed before the others are only counted.
const LISTED: usize = 20;

/// What was not used, as text.
#[must_use]
pub fn text(words: Words<'_>, unused: &Unused, width: usize) -> String {
    let program = words.given.program;
    let names = unused.asked.iter().map(|id| visible(&program.relations[*id].name));
    let names = names.collect::<Vec<String>>().join(", ");
    let mut out = claims_line(unused, &names);
    for idle in unused.claims.iter().take(LISTED) {
        claim((words, !names.is_empty()), idle, width, &mut out);
    }
    more(unused.claims.len(), &mut out);
    if unused.not_followed > 0 {
        let n = grouped(unused.not_followed);
        out.push_str(&format!("how far {n} of them came was not looked at\n"));
    }
    looked_at(("claims", "near a use"), unused.searched_claims, unused.claims.len(), &mut out);
    if !unused.claims.is_empty() && !unused.rules.is_empty() {
        out.push('\n');
    }
    out.push_str(&rules_line(unused, &names));
    for silent in unused.rules.iter().take(LISTED) {
        let rule = &program.rules[silent.rule];
        let head = visible(&program.relations[rule.head].name);
        let (name, place) = (visible(&rule.name), words.place(rule.span));
        out.push_str(&format!("  {head}  “{name}”  {place}\n"));
        match &silent.nearest {
            Some(almost) => out.push_str(&unglued(&nearest(words, &almost.miss, "    ", width))),
            None => out.push_str("    nothing comes within two conditions of it\n"),
        }
    }
    more(unused.rules.len(), &mut out);
    looked_at(("rules", "near them"), unused.searched_rules, unused.rules.len(), &mut out);
    out
}

fn claims_line(unused: &Unused, names: &str) -> String {
    let (idle, all) = (unused.claims.len(), unused.all_claims);
    let by = if names.is_empty() { "a conclusion".to_owned() } else { format!("a row of {names}") };
    match (idle, all) {
        (_, 0) => "there are no claims\n".to_owned(),
        (0, 1) => format!("the only claim is used for {by}\n"),
        (0, all) => format!("each of the {} claims is used for {by}\n", grouped(all)),
        _ => {
            let no = by.replacen('a', "no", 1);
            format!("{} of {} used for {no}\n", grouped(idle), claims_are(idle, all))
        }
    }
}

fn claims_are(idle: usize, all: usize) -> String {
    format!("{} {}", counted(all, "claim"), if idle == 1 { "is" } else { "are" })
}

fn rules_line(unused: &Unused, names: &str) -> String {
    let all = counted(unused.all_rules, "rule");
    let below = if names.is_empty() { String::new() } else { format!(" that {names} can rest on") };
    match unused.rules.len() {
        0 => format!("none of {all}{below} gave nothing\n"),
        n => format!("{} of {all}{below} gave nothing\n", grouped(n)),
    }
}

/// A claim, its words, how far it came, and what it came near to.
fn claim((words, is_part): (Words<'_>, bool), idle: &Idle, width: usize, out: &mut String) {
    let leaf = &words.given.leaves.leaves[idle.leaf];
    let id = visible(&leaf.id);
    let voice = leaf.evidence.as_ref().map_or_else(String::new, |e| words.voice(e));
    out.push_str(&format!("  {id}  {voice}\n"));
    let indent = " ".repeat(4 + id.chars().count());
    let quote = leaf.evidence.as_ref().and_then(|evidence| evidence.quote.as_ref());
    if let Some(quote) = quote {
        let left = width.saturating_sub(indent.len() + 2).max(24);
        out.push_str(&format!("{indent}“{}”\n", shortened(&visible(quote), left)));
    }
    let column = indent.len();
    match &idle.nearest {
        Some(almost) => {
            let head = words.head(almost.miss.rule, &almost.miss.binding);
            let blockers = obstacles(words, &almost.miss).join(", and on ");
            hang(&format!("{head} fails on {blockers}"), column, width, out);
            if let (true, Reached::Tuple(..)) = (is_part, &idle.reached) {
                hang(&format!("else it {}", reached(words, idle)), column, width, out);
            }
        }
        None => hang(&reached(words, idle), column, width, out),
    }
}

/// That not everything was looked at.
fn looked_at((what, near): (&str, &str), done: usize, all: usize, out: &mut String) {
    if done < all {
        let (done, all) = (grouped(done), grouped(all));
        out.push_str(&format!(
            "what comes {near} was looked for within a budget: {done} of {all} {what} to the end\n"
        ));
    }
}

fn more(all: usize, out: &mut String) {
    if all > LISTED {
        let rest = grouped(all - LISTED);
        out.push_str(&format!("  … {rest} more, further off (--format json lists all)\n"));
    }
}

fn reached(words: Words<'_>, idle: &Idle) -> String {
    match &idle.reached {
        Reached::Nothing => "nothing follows from it".to_owned(),
        Reached::NotFollowed => "how far it came was not looked at".to_owned(),
        Reached::Tuple(relation, tuple) => {
            let values: Vec<Option<Value>> = tuple.iter().copied().map(Some).collect();
            format!("leads to {}", words.dated_atom(*relation, &values))
        }
    }
}

fn near(words: Words<'_>, almost: &Almost) -> Json {
    let Almost { miss, literals, is_empty } = almost;
    let rule = &words.given.program.rules[miss.rule];
    json!({
        "rule": rule.name,
        "place": words.place(rule.span),
        "atom": unglued(&words.head(miss.rule, &miss.binding)),
        "conditions": literals,
        "blocked_by": obstacles(words, miss),
        "no_rows": is_empty,
        "others": miss.others + miss.mirrored,
    })
}

/// What was not used, as one JSON object.
#[must_use]
pub fn document(words: Words<'_>, unused: &Unused) -> String {
    let program = words.given.program;
    let claim = |idle: &Idle| -> Json {
        let reached = match &idle.reached {
            Reached::Tuple(relation, tuple) => {
                let values: Vec<Option<Value>> = tuple.iter().copied().map(Some).collect();
                Some(words.atom(*relation, &values))
            }
            Reached::Nothing | Reached::NotFollowed => None,
        };
        let is_followed = !matches!(idle.reached, Reached::NotFollowed);
        let id = &words.given.leaves.leaves[idle.leaf].id;
        json!({"claim": id, "reached": reached, "followed": is_followed,
            "nearest": idle.nearest.as_ref().map(|almost| near(words, almost))})
    };
    let rules = unused.rules.iter().map(|Silent { rule, nearest }| {
        let rule = &program.rules[*rule];
        json!({
            "relation": program.relations[rule.head].name,
            "name": rule.name,
            "place": words.place(rule.span),
            "nearest": nearest.as_ref().map(|almost| near(words, almost)),
        })
    });
    let document = json!({
        "schema": "hence.unused/1",
        "claims": unused.claims.iter().map(claim).collect::<Vec<Json>>(),
        "all_claims": unused.all_claims,
        "not_followed": unused.not_followed,
        "searched_claims": unused.searched_claims,
        "rules": rules.collect::<Vec<Json>>(),
        "all_rules": unused.all_rules,
        "searched_rules": unused.searched_rules,
    });
    document.to_string()
}
