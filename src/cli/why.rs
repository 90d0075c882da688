//! `hence why`, and `.why` at the prompt.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::base::ids::{FileId, NodeId};
use crate::base::nearest::{alternatives, nearest};
use crate::cli::answers::note_others;
use crate::cli::args::{ByArg, ProofArgs, Why, WhyFormat, last_apart};
use crate::cli::exit::Exit;
use crate::cli::messages::Reporter;
use crate::cli::session::{columns, open, options};
use crate::cli::sink::stdout;
use crate::io::find::shown;
use crate::io::output::replace;
use crate::program::program::Program;
use crate::provenance::proof::{Least, Proof};
use crate::provenance::search::{Asked, Budget, Found, Proofs};
use crate::session::session::{Keep, Session};
use crate::show::facts::{ProofFacts, RELATIONS};
use crate::show::ids::id;
use crate::show::json;
use crate::show::list::list;
use crate::show::proofs_diff::differ;
use crate::show::tree::{Branches, Detail, Expand, TreeOptions, View, view};
use crate::show::words::Words;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::counted;

/// A proof that was shown, so that its steps can be named.
#[derive(Debug)]
pub struct Last {
    /// The proof.
    pub proof: Proof,
    /// The nodes under the numbers `#1`, `#2`, ….
    pub numbers: Vec<Option<NodeId>>,
}

/// Letters of an id in the text of a proof.
const SHORT: usize = 14;
/// Proofs that `--all` lists, at most.
const LISTED_MAX: usize = 1_000;

/// Shows the proof of an atom.
///
/// # Errors
/// What is wrong, or that the atom does not hold.
pub fn run(args: &Why, session: &mut Option<Session>, reporter: Reporter) -> Result<(), Exit> {
    if args.output.is_some() && args.format != WhyFormat::Facts {
        let message = Diagnostic::new(Code::H0701, "`-D` takes the files of `--format facts`");
        return Err(Exit::from(message));
    }
    if !args.proof.diff.is_empty() && args.format != WhyFormat::Text {
        let message = Diagnostic::new(Code::H0701, "`--diff` is shown as text only");
        return Err(Exit::from(message.help("`--top N --format json` has all of each proof")));
    }
    let (atom, programs) =
        last_apart(&args.programs_and_atom, "the atom").map_err(|missing| *missing)?;
    let session = open(session, options(&args.input), (&programs, Keep::Input), reporter)?;
    let file = session.files_mut().add("question", atom);
    let into = (args.format, args.output.as_deref());
    show(session, file, (&args.proof, into), reporter).map(drop)
}

/// What the arguments ask for.
fn asked(args: &ProofArgs) -> Asked {
    let default = Budget::default();
    let budget = Budget {
        instances: args.budget.unwrap_or(default.instances),
        rows: args.rows.unwrap_or(default.rows),
    };
    let least = match args.by {
        None | Some(ByArg::Assumptions) => Least::Assumptions,
        Some(ByArg::Sources) => Least::Sources,
        Some(ByArg::Claims) => Least::Claims,
        Some(ByArg::Height) => Least::Height,
        Some(ByArg::Groups) => Least::Groups,
    };
    let compared = args.diff.iter().max().copied();
    let most = if args.all { LISTED_MAX } else { compared.or(args.top).unwrap_or(0) };
    Asked { budget, least, most }
}

/// Prints the proof of the atom in `file`; what was printed comes back, if it is one proof as text.
///
/// # Errors
/// What is wrong with the atom, or that it does not hold.
pub fn show(
    session: &mut Session,
    file: FileId,
    (args, into): (&ProofArgs, (WhyFormat, Option<&Path>)),
    reporter: Reporter,
) -> Result<Option<Last>, Exit> {
    session.place_rows();
    let explainer = session.explainer();
    let explained = session.explain(&explainer, file, asked(args))?;
    let words = Words { given: explainer.given(), files: session.files() };
    let mut out = stdout().lock();
    let found = explained.found;
    let mut last = None;
    match into {
        (WhyFormat::Text, _) => {
            let layout = layout(args);
            let text = match &found.proofs {
                Some(proofs) if !args.diff.is_empty() => {
                    let [n, m] = two(proofs, &args.diff)?;
                    differ(words, [n, m], layout.width)
                }
                Some(proofs) => {
                    let mut text = list(words, proofs, layout.width);
                    if args.full {
                        for proof in &proofs.proofs {
                            let view_of =
                                View { id: Some(short(&id(words, proof))), ..View::default() };
                            text.push('\n');
                            text.push_str(&view(words, proof, layout, &view_of).text);
                        }
                    }
                    text
                }
                None => {
                    let shown = one(words, &found, (args, layout))?;
                    last = Some(shown.1);
                    shown.0
                }
            };
            out.write_all(text.as_bytes())?;
        }
        (WhyFormat::Json, _) => writeln!(out, "{}", json::found(words, &found))?,
        (WhyFormat::Facts, folder) => facts(words, &found, folder, &mut out)?,
    }
    out.flush()?;
    note_others(explained.matching, reporter);
    Ok(last.map(|numbers| Last { proof: found.proof, numbers }))
}

/// The two proofs to be compared, under their numbers.
fn two<'p>(proofs: &'p Proofs, numbers: &[usize]) -> Result<[(usize, &'p Proof); 2], Exit> {
    let proof = |n: usize| {
        let found = n.checked_sub(1).and_then(|at| proofs.proofs.get(at));
        found.map(|proof| (n, proof)).ok_or_else(|| {
            let known = counted(proofs.proofs.len(), "proof");
            let message = Diagnostic::new(Code::H0701, format!("no proof {n}: there are {known}"));
            Exit::from(message.help("--top N lists them"))
        })
    };
    match numbers {
        &[n, m] if n != m => Ok([proof(n)?, proof(m)?]),
        _ => {
            let message = Diagnostic::new(Code::H0701, "--diff takes two proofs by their numbers");
            Err(Exit::from(message.help("as in --diff 1 2")))
        }
    }
}

fn layout(args: &ProofArgs) -> TreeOptions {
    TreeOptions {
        width: columns(),
        branches: Branches::Lines,
        locations: true,
        detail: if args.full { Detail::Full } else { Detail::Brief },
    }
}

/// The beginning of an id, which tells the proofs of one reader apart.
fn short(id: &str) -> String {
    id.chars().take(SHORT).collect()
}

/// The text of the best proof, and which node has which number.
fn one(
    words: Words<'_>,
    found: &Found,
    (args, layout): (&ProofArgs, TreeOptions),
) -> Result<(String, Vec<Option<NodeId>>), Exit> {
    let id = Some(short(&id(words, &found.proof)));
    let all = found.all.as_ref();
    let mut wanted = View { depth: args.depth, all, id, ..View::default() };
    let (mut names, mut steps) = (Vec::new(), Vec::new());
    for what in &args.expand {
        match what.strip_prefix('#').map(str::parse::<usize>) {
            Some(Ok(n)) => steps.push(n),
            _ => names.push(named(words.given.program, what)?),
        }
    }
    wanted.expand = names;
    if !steps.is_empty() {
        // The numbers are those that the reader has seen: before anything was opened.
        let seen = view(words, &found.proof, layout, &wanted).numbers;
        for n in steps {
            wanted.expand.push(Expand::Node(node(&seen, n)?));
        }
    }
    let shown = view(words, &found.proof, layout, &wanted);
    Ok((shown.text, shown.numbers))
}

/// The relation or rule to be opened.
fn named(program: &Program, name: &str) -> Result<Expand, Exit> {
    let relations = program.relations.iter().map(|relation| relation.name.as_str());
    let mut names = relations.chain(program.rules.iter().map(|rule| rule.name.as_str()));
    if names.any(|known| known == name) {
        return Ok(Expand::Name(name.to_owned()));
    }
    let relations = program.relations.iter().map(|relation| relation.name.as_str());
    let near = nearest(name, relations);
    let message = Diagnostic::new(Code::H0701, format!("no relation or rule `{name}` to expand"));
    Err(Exit::from(match alternatives(&near) {
        Some(near) => message.help(format!("did you mean {near}?")),
        None => message.help("give a relation, a rule's name, or a step as '#3'"),
    }))
}

/// The node under a number.
fn node(numbers: &[Option<NodeId>], n: usize) -> Result<NodeId, Exit> {
    let found = n.checked_sub(1).and_then(|at| numbers.get(at)).copied();
    found.flatten().ok_or_else(|| {
        let text = match found {
            None => format!("the proof has no #{n}"),
            Some(_) => format!("#{n} is a claim in a list: nothing stands below it"),
        };
        Exit::from(Diagnostic::new(Code::H0701, text))
    })
}

/// Prints what is below a step of the proof shown last.
///
/// # Errors
/// If there is no such step.
pub fn below(session: &Session, last: &mut Last, n: usize, args: &ProofArgs) -> Result<(), Exit> {
    let explainer = session.explainer();
    let words = Words { given: explainer.given(), files: session.files() };
    let root = Some(node(&last.numbers, n)?);
    let mut wanted = View { depth: args.depth, root, ..View::default() };
    for what in &args.expand {
        wanted.expand.push(named(words.given.program, what)?);
    }
    let mut out = stdout().lock();
    let shown = view(words, &last.proof, layout(args), &wanted);
    out.write_all(shown.text.as_bytes())?;
    last.numbers = shown.numbers;
    Ok(())
}

/// Proofs as facts: printed, or in the files of a folder.
fn facts(
    words: Words<'_>,
    found: &Found,
    folder: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), Exit> {
    let mut facts = ProofFacts::default();
    match &found.proofs {
        Some(proofs) => proofs.proofs.iter().for_each(|proof| facts.add(words, proof)),
        None => facts.add(words, &found.proof),
    }
    let Some(folder) = folder else {
        write!(out, "{}", facts.text())?;
        return Ok(());
    };
    let failed = |path: &Path, error: &io::Error| {
        let text = format!("{} cannot be written: {error}", shown(path));
        Exit::from(Diagnostic::new(Code::H0306, text))
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    for relation in RELATIONS {
        let path = folder.join(format!("{relation}.facts"));
        replace(&path, &facts.file(relation)).map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}
