//! `hence run --why`: a proof of every tuple of the outputs, one JSON object a line.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::base::ids::RelationId;
use crate::base::nearest::{alternatives, nearest};
use crate::cli::exit::Exit;
use crate::io::find::shown;
use crate::program::program::Program;
use crate::provenance::search::{Asked, NoProof};
use crate::session::session::Session;
use crate::session::stops;
use crate::show::json;
use crate::show::words::Words;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// The file beside the outputs.
pub const FILE: &str = "why.jsonl";

/// The relations whose tuples are to be explained: `all` are those that are written.
///
/// # Errors
/// If there is no relation of a name.
pub fn wanted(program: &Program, names: &[String]) -> Result<Vec<RelationId>, Exit> {
    let mut wanted = Vec::new();
    for name in names {
        if name == "all" && program.relation("all").is_none() {
            wanted.extend(program.outputs.iter().map(|output| output.relation));
            continue;
        }
        wanted.push(program.relation(name).ok_or_else(|| {
            let text = format!("no relation `{name}` to explain");
            let message = Diagnostic::new(Code::H0101, text);
            let relations = program.relations.iter().map(|relation| relation.name.as_str());
            match alternatives(&nearest(name, relations)) {
                Some(near) => message.help(format!("did you mean {near}?")),
                None => message.help("`--why all` explains the outputs"),
            }
        })?);
    }
    let mut seen = Vec::new();
    wanted.retain(|id| {
        !seen.contains(id) && {
            seen.push(*id);
            true
        }
    });
    Ok(wanted)
}

/// The proofs, written aside; removed again unless they get their name.
pub struct Aside {
    /// Where they are.
    aside: PathBuf,
    /// The folder, if it was made for them.
    made: Option<PathBuf>,
}

impl Aside {
    /// Where the file is that is to get the name [`FILE`].
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.aside
    }

    /// Says that the file has its name.
    pub fn placed(mut self) {
        self.made = None;
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What there is of it is worth nothing; if it cannot be removed, it has another name. The
        // folder only goes if it is empty.
        fs::remove_file(&self.aside).unwrap_or(());
        if let Some(folder) = &self.made {
            fs::remove_dir(folder).unwrap_or(());
        }
    }
}

/// Writes the proofs of all tuples of these relations, in their order and that of their values. The
/// file gets its name together with the outputs: a
/// run that is stopped before leaves everything as it was.
///
/// # Errors
/// If it cannot be written, the search is stopped, or a proof is refused by its checker.
pub fn write(
    session: &mut Session,
    relations: &[RelationId],
    folder: &Path,
) -> Result<Aside, Exit> {
    session.place_rows();
    let path = folder.join(FILE);
    if path.is_dir() {
        return Err(failed(&path, &io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let made = (!folder.exists()).then(|| folder.to_owned());
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let aside = Aside { aside: folder.join(format!("{FILE}.part")), made };
    proofs(session, relations, &aside.aside)?;
    Ok(aside)
}

fn proofs(session: &Session, relations: &[RelationId], path: &Path) -> Result<(), Exit> {
    #[expect(clippy::disallowed_methods, reason = "the command line writes what it is told to")]
    let file = fs::File::create(path).map_err(|error| failed(path, &error))?;
    let mut out = BufWriter::with_capacity(1 << 17, file);
    let explainer = session.explainer();
    let words = Words { given: explainer.given(), files: session.files() };
    let world = session.world();
    let stopped = |stop| Exit::from(vec![stops::message(&stop, &world.program, session.options())]);
    for &relation in relations {
        let any = vec![None; world.program.relations[relation].columns.len()];
        let (tuples, _) = explainer.find(relation, &any, &[], usize::MAX).map_err(stopped)?;
        for tuple in tuples {
            let found =
                explainer.ask((relation, &tuple), Asked::default()).map_err(|none| match none {
                    NoProof::Absent => Exit::Bug("a tuple vanished".to_owned()),
                    NoProof::Bug(text) => Exit::Bug(text),
                    NoProof::Stopped(stop) => stopped(stop),
                })?;
            let line = json::found(words, &found);
            writeln!(out, "{line}").map_err(|error| failed(path, &error))?;
        }
    }
    out.flush().map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &io::Error) -> Exit {
    let text = format!("{} cannot be written: {error}", shown(path));
    Exit::from(Diagnostic::new(Code::H0306, text))
}
