//! What went in differently into two runs, as text and as a part of `hence.diff/1`.

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::session::because::{Because, Force};
use crate::session::runs::Cause;
use crate::show::difference::Told;
use crate::show::safe::{shortened, visible};
use crate::text::numbers::grouped;

/// Causes that are listed before the others are only counted.
const LISTED: usize = 20;
/// Conclusions of one that are named.
const CONCLUSIONS: usize = 8;

/// What differs between the inputs and programs of two runs, each with the conclusions that rest
/// on it: those that it decides on alone or with others, and those in whose proofs it stands.
#[must_use]
pub fn causes(told: Told<'_>) -> String {
    let mut out = String::new();
    for (at, cause) in told.causes.iter().take(LISTED).enumerate() {
        let mut line = format!("{}: {}", cause.how.word(), visible(&cause.what));
        if !cause.detail.is_empty() {
            line.push_str(&format!("  {}", visible(&cause.detail)));
        }
        out.push_str(&format!("{}\n", shortened(&line, told.width.max(40) * 2)));
        let forces = [
            (Force::Alone, "  decides on"),
            (Force::Together, "  decides with others on"),
            (Force::Proof, "  has a part in"),
        ];
        for (force, what) in forces {
            let own = told.because.iter().filter(|of| of.force == force);
            let own: Vec<&Because> = own.filter(|of| of.causes.contains(&at)).collect();
            conclusions(what, told, &own, &mut out);
        }
    }
    if told.causes.len() > LISTED {
        out.push_str(&format!("… {} more changes\n", grouped(told.causes.len() - LISTED)));
    }
    let none: Vec<&Because> = told.because.iter().filter(|of| of.causes.is_empty()).collect();
    conclusions("by none of these", told, &none, &mut out);
    out
}

/// Conclusions in one line if they fit, else below each other; of a changed one both values.
fn conclusions(what: &str, told: Told<'_>, all: &[&Because], out: &mut String) {
    if all.is_empty() {
        return;
    }
    let atom = |of: &&Because| {
        let sign = if of.is_lost { "−" } else { "+" };
        format!("{sign} {}", told.atom(of.relation, &of.tuple))
    };
    let mut atoms: Vec<String> = all.iter().take(CONCLUSIONS).map(atom).collect();
    if all.len() > CONCLUSIONS {
        atoms.push(format!("… {} more", grouped(all.len() - CONCLUSIONS)));
    }
    let line = format!("{what}: {}", atoms.join(", "));
    if line.width() <= told.width {
        out.push_str(&format!("{line}\n"));
    } else {
        out.push_str(&format!("{what}\n    {}\n", atoms.join("\n    ")));
    }
}

/// A cause as JSON.
#[derive(Serialize, Debug)]
pub struct CauseJson<'a> {
    what: &'a str,
    how: &'static str,
    detail: &'a str,
}

impl<'a> CauseJson<'a> {
    /// Of a cause.
    #[must_use]
    pub fn of(cause: &'a Cause) -> Self {
        Self { what: &cause.what, how: cause.how.word(), detail: &cause.detail }
    }
}
