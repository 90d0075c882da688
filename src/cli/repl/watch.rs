//! Loaded files that change while a prompt is open.

use std::fs::metadata;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::io::find::shown;
use crate::session::session::Session;

/// Names that are listed.
const NAMED_MAX: usize = 3;

/// How a file looks from outside; nothing if it is gone.
type Look = Option<(Option<SystemTime>, u64)>;

/// The files of a session, as they looked last.
#[derive(Default, Debug)]
pub struct Watch {
    known: Vec<(PathBuf, Look)>,
}

fn look(path: &PathBuf) -> Look {
    metadata(path).ok().map(|there| (there.modified().ok(), there.len()))
}

impl Watch {
    /// Watches what a session has read.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        let world = session.base();
        let rules = session.rule_files().iter().filter(|name| !name.starts_with("lib:"));
        let mut paths: Vec<PathBuf> = rules.map(PathBuf::from).collect();
        paths.extend(world.loaded.iter().map(|file| file.path.clone()));
        if let Some(claims) = &world.claims {
            paths.extend(claims.files.iter().map(|file| PathBuf::from(&file.file)));
            paths.extend(
                claims.documents.iter().filter_map(|one| one.file.as_ref().map(PathBuf::from)),
            );
        }
        paths.sort();
        paths.dedup();
        let known = paths.into_iter().map(|path| {
            let look = look(&path);
            (path, look)
        });
        Self { known: known.collect() }
    }

    /// What has changed since the last look, in a line.
    pub fn changed(&mut self) -> Option<String> {
        let mut changed = Vec::new();
        for (path, before) in &mut self.known {
            let now = look(path);
            if now != *before {
                *before = now;
                changed.push(shown(path));
            }
        }
        if changed.is_empty() {
            return None;
        }
        let more = match changed.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        changed.truncate(NAMED_MAX);
        Some(format!("{}{more} changed: .reload", changed.join(", ")))
    }
}
