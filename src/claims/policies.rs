//! Policies that nothing reads, and approximate figures that no policy widens: both change a
//! conclusion without a word.

use crate::base::nearest::nearest;
use crate::claims::load::Loaded;
use crate::claims::search::visible;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// By how many percent the library widens approximate figures.
const SLACK: &str = "approx_slack";

/// Keys that the library's rules read, or the checks of claims.
const DOCUMENTED: [&str; 3] = [SLACK, "fractional_unit", "measured_unit"];

/// Keys of policies that rules read.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Keys {
    /// Those named in an atom of `policy`.
    pub named: Vec<String>,
    /// Whether an atom leaves the key open, and so reads all.
    pub all: bool,
}

/// A policy of a claims file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Given {
    pub(crate) key: String,
    /// The place of the key.
    pub(crate) span: Span,
}

/// Claims with approximate figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Approximate {
    /// Where the first says so.
    pub(crate) first: Span,
    /// How many claims.
    pub(crate) claims: usize,
}

/// Warnings about the policies of claims files, read by rules that read `keys`. Without rules only
/// what resembles a documented key is taken for a mistake.
#[must_use]
pub fn warnings(loaded: &Loaded, keys: Option<&Keys>) -> Vec<Diagnostic> {
    let mut messages: Vec<Diagnostic> =
        loaded.policies.iter().filter_map(|given| unread(given, keys)).collect();
    let widens = keys.is_none_or(|keys| keys.named.iter().any(|key| key == SLACK));
    if let Some(approximate) = loaded.approximate.filter(|_| widens)
        && !loaded.policies.iter().any(|given| given.key == SLACK)
    {
        messages.push(no_slack(approximate));
    }
    messages
}

fn unread(given: &Given, keys: Option<&Keys>) -> Option<Diagnostic> {
    let named = keys.map_or(&[][..], |keys| &keys.named);
    let mut known: Vec<&str> = named.iter().map(String::as_str).chain(DOCUMENTED).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&given.key.as_str()) || keys.is_some_and(|keys| keys.all) {
        return None;
    }
    let near = nearest(&given.key, known.iter().copied());
    if keys.is_none() && near.is_empty() {
        return None;
    }
    let name = visible(&given.key);
    let label = "nothing reads this key, so it changes nothing";
    let mut message = Diagnostic::new(Code::L0414, format!("unknown policy `{name}`"))
        .label(given.span, label)
        .note(format!("keys that are read: {}", known.join(", ")));
    if let Some(near) = near.first() {
        message =
            message.fix("a policy with a similar key exists", given.span, format!("\"{near}\""));
    }
    Some(message)
}

fn no_slack(Approximate { first, claims }: Approximate) -> Diagnostic {
    let text = match claims {
        1 => "a claim with an approximate figure is taken as exact".to_owned(),
        n => format!("{n} claims with approximate figures are taken as exact"),
    };
    let label = if claims == 1 { "approximate" } else { "the first of them" };
    Diagnostic::new(Code::L0415, text)
        .label(first, label)
        .note(format!("no policy {SLACK} says by how many percent the rules widen them"))
        .help(format!(
            "decide it: {{\"type\": \"policy\", \"key\": \"{SLACK}\", \"value\": 10}}, or 0 to \
             take them as they stand"
        ))
}
