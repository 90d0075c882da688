//! Why an atom holds.

use crate::base::hash::Set;
use crate::base::ids::{FileId, RelationId};
use crate::engine::facts::Facts;
use crate::io::find::shown;
use crate::io::input::Loaded;
use crate::program::program::{Arg, Atom, Program};
use crate::provenance::leaves::{Leaf, LeafKind, Leaves};
use crate::provenance::proof::Conclusion;
use crate::provenance::search::{Asked, Explainer, Found, NoProof};
use crate::session::ask::no_match;
use crate::session::question::{self};
use crate::session::session::{Refused, Session, World};
use crate::session::stops;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::value::Tuple;

/// Rows of fact files whose lines are noted; the others are shown without their place.
const PLACED_MAX: usize = 1_000_000;

/// A proof of an atom.
#[derive(Debug)]
pub struct Explained {
    /// What was found of the first tuple that matches.
    pub found: Found,
    /// How many match.
    pub matching: usize,
}

/// Why there is no proof.
#[derive(Debug)]
pub enum Unexplained {
    /// Something is wrong with the atom, or it does not hold, or the search was stopped.
    Refused(Refused),
    /// Something that cannot be.
    Bug(String),
}

impl Session {
    /// Notes in which line each row of a fact file stands, so that a proof can say it. To be
    /// called before [`Session::explainer`]; costs nothing the second time.
    pub fn place_rows(&mut self) {
        let (base, top) = self.worlds_mut();
        match top {
            None => {
                let World { program, facts, loaded, leaves, placed, .. } = base;
                place(program, facts, loaded, (leaves, placed), &[]);
            }
            // The rows of a fork have moved: those that were read say where they stand.
            Some(World { leaves, placed, made, .. }) => {
                let World { program, facts, loaded, .. } = base;
                place(program, facts, loaded, (leaves, placed), &made.retracted);
            }
        }
    }

    /// What answers why, within the limits of an evaluation that starts now.
    #[must_use]
    pub fn explainer(&self) -> Explainer<'_> {
        let world = self.world();
        Explainer::new(&world.program, &world.analysis, world.tables(), &world.leaves)
            .within(&self.options().limits())
    }

    /// The proof of the atom in `file`, one of this session's texts.
    ///
    /// # Errors
    /// What is wrong with the atom, or that it does not hold, or why the search stopped.
    pub fn explain(
        &self,
        explainer: &Explainer<'_>,
        file: FileId,
        asked: Asked,
    ) -> Result<Explained, Unexplained> {
        let (conclusion, matching) = self.first_match(explainer, file)?;
        let stopped = |stop| {
            let message = stops::message(&stop, &self.world().program, self.options());
            Unexplained::Refused(vec![message])
        };
        match explainer.ask((conclusion.relation, &conclusion.tuple), asked) {
            Ok(found) => Ok(Explained { found, matching }),
            Err(NoProof::Absent) => Err(Unexplained::Bug("a tuple vanished".to_owned())),
            Err(NoProof::Bug(text)) => Err(Unexplained::Bug(text)),
            Err(NoProof::Stopped(stop)) => Err(stopped(stop)),
        }
    }

    /// The first tuple that the atom in `file` matches, and how many it matches.
    pub(super) fn first_match(
        &self,
        explainer: &Explainer<'_>,
        file: FileId,
    ) -> Result<(Conclusion, usize), Unexplained> {
        let question = self.exact_question(file).map_err(Unexplained::Refused)?;
        let Some(atom) = question.atom() else {
            let text = "only a single atom can be explained";
            let help = "give one, with constants or variables: relation(\"a\", x)";
            let message = Diagnostic::new(Code::H0701, text).help(help);
            return Err(Unexplained::Refused(vec![message]));
        };
        let pattern = question::pattern(atom);
        let stopped = |stop| {
            let message = stops::message(&stop, &self.world().program, self.options());
            Unexplained::Refused(vec![message])
        };
        let (found, matching) =
            explainer.find(atom.relation, &pattern, &equal(atom), 1).map_err(stopped)?;
        let Some(tuple) = found.into_iter().next() else {
            let name = self.files().get(file).text.trim().trim_end_matches(['.', '?']).to_owned();
            let message = Diagnostic::new(Code::H0502, format!("{name} does not hold"))
                .note(no_match(&self.world().program, self.world().tables(), atom));
            return Err(Unexplained::Refused(vec![message]));
        };
        Ok((Conclusion { relation: atom.relation, tuple }, matching))
    }
}

/// Pairs of columns with the same variable.
pub(super) fn equal(atom: &Atom) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (i, arg) in atom.args.iter().enumerate() {
        let earlier = atom.args[..i].iter().position(|other| other == arg);
        if let (Arg::Var(_), Some(j)) = (arg, earlier) {
            pairs.push((j, i));
        }
    }
    pairs
}

/// Notes the place of each row that was read from a fact file, but for those that are gone.
fn place(
    program: &Program,
    facts: &Facts,
    loaded: &[Loaded],
    (leaves, placed): (&mut Leaves, &mut bool),
    gone: &[(RelationId, Tuple)],
) {
    if *placed || facts.relations.iter().all(|columns| columns.rows == 0) {
        return;
    }
    *placed = true;
    if loaded.iter().map(|file| file.rows).sum::<usize>() > PLACED_MAX {
        return;
    }
    let gone: Set<&(RelationId, Tuple)> = gone.iter().collect();
    for file in loaded {
        let path = shown(&file.path);
        let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or(&path);
        let folder = path.strip_suffix(name).unwrap_or("").trim_end_matches('/');
        let place = if folder.is_empty() { String::new() } else { format!("in {folder}") };
        for index in 0..file.rows {
            let tuple = facts.row(program, file.relation, file.first_row + index);
            let line = file.line(index);
            let key = (file.relation, tuple);
            if leaves.has(&key) || gone.contains(&key) {
                continue;
            }
            let leaf = leaves.leaves.push(Leaf {
                kind: LeafKind::Assumption,
                id: format!("{name}:{line}"),
                place: place.clone(),
                span: None,
                evidence: None,
            });
            leaves.set(key, leaf);
        }
    }
}
