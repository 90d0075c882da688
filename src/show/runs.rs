//! What went in differently into two runs, as text and as a part of `hence.diff/1`.

use serde::Serialize;

use crate::io::input::grouped;
use crate::session::runs::Cause;
use crate::show::safe::{shortened, visible};

/// Causes that are listed before the others are only counted.
const LISTED: usize = 20;

/// What differs between the inputs and programs of two runs.
#[must_use]
pub fn causes(causes: &[Cause], width: usize) -> String {
    let mut out = String::new();
    for cause in causes.iter().take(LISTED) {
        let mut line = format!("{}: {}", cause.how.word(), visible(&cause.what));
        if !cause.detail.is_empty() {
            line.push_str(&format!("  {}", visible(&cause.detail)));
        }
        out.push_str(&format!("{}\n", shortened(&line, width.max(40) * 2)));
    }
    if causes.len() > LISTED {
        out.push_str(&format!("… {} more changes\n", grouped(causes.len() - LISTED)));
    }
    out
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
