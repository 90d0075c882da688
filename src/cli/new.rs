//! `hence new`: a folder to begin with.

use std::fs;
use std::io::{self, Write, stdout};
use std::path::Path;

use crate::cli::args::New;
use crate::cli::exit::Exit;
use crate::cli::sink::harmless;
use crate::io::find::shown;
use crate::io::output::replace;

/// The files of a new folder, in the order in which they are read.
const FILES: [(&str, &str, &str); 4] = [
    ("notes.txt", include_str!("template/notes.txt"), "a document: who said what"),
    ("claims.jsonl", include_str!("template/claims.jsonl"), "three claims that quote it"),
    ("main.dl", include_str!("template/main.dl"), "rules: what the claims come to"),
    ("main.test.dl", include_str!("template/main.test.dl"), "what the rules have to give"),
];

/// Makes a folder with a document, its claims, rules and their test.
///
/// # Errors
/// If there is something in the folder, or it cannot be written.
pub fn run(args: &New) -> Result<(), Exit> {
    let folder = args.folder.as_path();
    let refused = |path: &Path, why: &dyn ToString| format!("{} {}", shown(path), why.to_string());
    let failed = |path: &Path, error: &io::Error| {
        Exit::System(refused(path, &format!("cannot be written: {error}")))
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut there = fs::read_dir(folder).map_err(|error| failed(folder, &error))?;
    if there.next().is_some() {
        let why = "is not empty; nothing was written. Give the name of a new folder";
        return Err(Exit::System(refused(folder, &why)));
    }
    let mut out = stdout().lock();
    for (name, text, about) in FILES {
        let path = folder.join(name);
        replace(&path, text).map_err(|error| failed(&path, &error))?;
        writeln!(out, "{:<30}{about}", harmless(&shown(&path)))?;
    }
    writeln!(
        out,
        "\nnow:  cd {}\n      hence check .         do the claims say what the document says?\n      \
         hence repl main.dl    ask total(r, label, lo, hi)? and then .why 1\n      \
         hence test .          does everything still hold?",
        harmless(&word(&shown(folder)))
    )?;
    Ok(())
}

/// A path as a word of a shell command.
fn word(path: &str) -> String {
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
