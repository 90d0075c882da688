//! Proofs and near misses as text, for failures and for snapshots.

use crate::base::ids::FileId;
use crate::provenance::proof::Proof;
use crate::provenance::search::Asked;
use crate::provenance::whynot::Effort;
use crate::session::explain::Unexplained;
use crate::session::session::{Refused, Session};
use crate::session::whynot::Refuted;
use crate::show::tree::{TreeOptions, tree};
use crate::show::whynot::{WhyNotOptions, holds, whynot};
use crate::show::words::Words;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// Whether a text says where rules stand: lines move when a file is edited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Places {
    /// It does.
    Shown,
    /// It names rules only.
    Hidden,
}

/// A question about an atom in a text of the session, and what is said of it.
pub type Asking<'a> = dyn Fn(&mut Session, FileId, Places) -> Result<String, Refused> + 'a;

/// The best proof of the first tuple that the atom in `file` matches.
///
/// # Errors
/// What is wrong with the atom, or that it does not hold.
pub fn proof(session: &mut Session, file: FileId) -> Result<Proof, Refused> {
    session.place_rows();
    let explainer = session.explainer();
    match session.explain(&explainer, file, Asked::default()) {
        Ok(explained) => Ok(explained.found.proof),
        Err(Unexplained::Refused(messages)) => Err(messages),
        Err(Unexplained::Bug(text)) => {
            Err(vec![Diagnostic::new(Code::H0502, format!("bug in hence: {text}"))])
        }
    }
}

/// Why the atom in `file` holds.
///
/// # Errors
/// What is wrong with the atom, or that it does not hold.
pub fn why(session: &mut Session, file: FileId, places: Places) -> Result<String, Refused> {
    let proof = proof(session, file)?;
    let explainer = session.explainer();
    let words = Words { given: explainer.given(), files: session.files() };
    let options = TreeOptions { locations: places == Places::Shown, ..TreeOptions::default() };
    Ok(tree(words, &proof, options))
}

/// Why the atom in `file` does not hold.
///
/// # Errors
/// What is wrong with the atom.
pub fn why_not(session: &mut Session, file: FileId, places: Places) -> Result<String, Refused> {
    session.place_rows();
    let refuter = session.refuter();
    let words = Words { given: refuter.given(), files: session.files() };
    match session.whynot(&refuter, file, Effort::default())? {
        Refuted::Not(answer, repairs) => {
            let locations = places == Places::Shown;
            let options = WhyNotOptions { locations, ..WhyNotOptions::default() };
            Ok(whynot(words, &answer, &repairs, options))
        }
        Refuted::Holds(asked, tuple) => Ok(holds(words, &asked, &tuple)),
    }
}
