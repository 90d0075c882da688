//! What was not used, as text and in the format `hence.unused/1`.

use serde_json::{Value as Json, json};

use crate::session::unused::{Idle, Reached, Unused};
use crate::show::safe::{shortened, visible};
use crate::show::words::Words;
use crate::text::numbers::grouped;
use crate::value::value::Value;

/// Claims, and rules, that are listed before the others are only counted.
const LISTED: usize = 40;

/// What was not used, as text.
#[must_use]
pub fn text(words: Words<'_>, unused: &Unused, width: usize) -> String {
    let mut out = format!(
        "{} of {} claims are used by no conclusion\n",
        grouped(unused.claims.len()),
        grouped(unused.all_claims)
    );
    for idle in unused.claims.iter().take(LISTED) {
        let leaf = &words.given.leaves.leaves[idle.leaf];
        let id = visible(&leaf.id);
        let voice = leaf.evidence.as_ref().map_or_else(String::new, |e| words.voice(e));
        out.push_str(&format!("  {id}  {voice}; {}\n", reached(words, idle)));
        let quote = leaf.evidence.as_ref().and_then(|evidence| evidence.quote.as_ref());
        if let Some(quote) = quote {
            let indent = " ".repeat(4 + id.chars().count());
            let left = width.saturating_sub(indent.len() + 2).max(24);
            out.push_str(&format!("{indent}“{}”\n", shortened(&visible(quote), left)));
        }
    }
    more(unused.claims.len(), &mut out);
    if unused.not_followed > 0 {
        let n = grouped(unused.not_followed);
        out.push_str(&format!("how far {n} of them came was not looked at\n"));
    }
    out.push_str(&format!(
        "{} of {} rules gave nothing\n",
        grouped(unused.rules.len()),
        grouped(unused.all_rules)
    ));
    for id in unused.rules.iter().take(LISTED) {
        let rule = &words.given.program.rules[*id];
        let head = &words.given.program.relations[rule.head].name;
        let (name, place) = (visible(&rule.name), words.place(rule.span));
        out.push_str(&format!("  {head}  “{name}”  {place}\n"));
    }
    more(unused.rules.len(), &mut out);
    out
}

fn more(all: usize, out: &mut String) {
    if all > LISTED {
        out.push_str(&format!("  … {} more\n", grouped(all - LISTED)));
    }
}

fn reached(words: Words<'_>, idle: &Idle) -> String {
    match &idle.reached {
        Reached::Nothing => "nothing follows from it".to_owned(),
        Reached::NotFollowed => "how far it came was not looked at".to_owned(),
        Reached::Tuple(relation, tuple) => {
            let values: Vec<Option<Value>> = tuple.iter().copied().map(Some).collect();
            format!("it came as far as {}", words.dated_atom(*relation, &values))
        }
    }
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
        json!({"claim": id, "reached": reached, "followed": is_followed})
    };
    let rules = unused.rules.iter().map(|id| {
        let rule = &program.rules[*id];
        json!({
            "relation": program.relations[rule.head].name,
            "name": rule.name,
            "place": words.place(rule.span),
        })
    });
    let document = json!({
        "schema": "hence.unused/1",
        "claims": unused.claims.iter().map(claim).collect::<Vec<Json>>(),
        "all_claims": unused.all_claims,
        "not_followed": unused.not_followed,
        "rules": rules.collect::<Vec<Json>>(),
        "all_rules": unused.all_rules,
    });
    document.to_string()
}
