//! Files that a command changes: what would be different, and the change itself.

use std::path::Path;

use similar::TextDiff;

use crate::cli::exit::Exit;
use crate::io::find::shown;
use crate::io::output::replace;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// What differs, as `diff -u` and `git diff` say it; a file's text does not ask for a colour.
#[must_use]
pub fn diff(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}

/// Gives a file another text. It is written aside and gets its name when it is whole.
///
/// # Errors
/// If it cannot be written; then the file is as before.
pub fn write(path: &Path, text: &str) -> Result<(), Exit> {
    replace(path, text).map_err(|error| {
        let text = format!("{} cannot be written: {error}", shown(path));
        Exit::from(Diagnostic::new(Code::H0306, text))
    })
}
