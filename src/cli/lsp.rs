//! `hence lsp`: serves an editor over standard input and output.

use std::env::var;
use std::path::PathBuf;

use crate::cli::check_args::Lsp;
use crate::cli::exit::Exit;
use crate::lsp::server::{library_folder, serve};
use crate::lsp::workspace::Settings;

/// Serves until the editor ends it.
///
/// # Errors
/// If the editor does not keep to the protocol, or is gone.
pub fn run(args: &Lsp) -> Result<(), Exit> {
    #[expect(clippy::disallowed_methods, reason = "cli/ reads the environment")]
    let folder = |name| var(name).ok().map(PathBuf::from).filter(|it| it.is_absolute());
    let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let library = cache.as_deref().map(library_folder);
    serve(Settings { include: args.include.clone(), library }).map_err(Exit::System)
}
