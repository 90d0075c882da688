//! What a program gives, as the text of its snapshot.

use std::fmt::Write;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use hence::base::ids::RelationId;
use hence::plan::build::plan;
use hence::plan::display;
use hence::plan::sizes::Guess;
use hence::program::atom::atom;
use hence::provenance::certificate::Level;
use hence::provenance::check;
use hence::provenance::search::{Budget, Explainer, NoProof};
use hence::provenance::whynot::Effort;
use hence::session::options::{Engine, Options};
use hence::session::session::{Keep, Session, World};
use hence::session::whynot::Refuted;
use hence::show::tree::{TreeOptions, tree};
use hence::show::whynot::{WhyNotOptions, holds, whynot};
use hence::show::words::Words;
use hence::syntax::parser::{parse, parse_question};
use hence::syntax::printer::print;
use hence::text::diagnostic::Diagnostic;
use hence::text::files::Files;
use hence::text::render::{RenderOptions, concise, render};
use hence::value::value::{Tuple, cmp_tuples};
use hence::verify::verifier::{Verifier, verify};

/// How a program is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// The specification.
    Naive,
    /// The native engine with one worker.
    Native1,
    /// The native engine with two workers.
    Native2,
    /// The native engine with two workers over the toy form of storage.
    Toy,
    /// Parsed, printed, parsed again, and run by the native engine, whose relations change their
    /// form from the first tuples on.
    Printed,
}

impl Mode {
    /// The reference first.
    pub(crate) const ALL: [Self; 5] =
        [Self::Naive, Self::Native1, Self::Native2, Self::Toy, Self::Printed];
}

/// Tuples whose proofs are checked, at most this many of a relation; fewer where the reference has
/// proved more of them already.
const PROVED_MAX: usize = 600;
const PROVED_AGAIN_MAX: usize = 60;

/// What comment lines ask for.
struct Settings {
    rounds: Option<u32>,
    library: bool,
    plan: bool,
    questions: Vec<Asking>,
}

/// A question.
enum Asking {
    Why(String),
    /// With how many steps down.
    Whynot(usize, String),
}

impl Asking {
    fn of(line: &str) -> Option<Self> {
        if let Some(atom) = line.strip_prefix("//? why ") {
            return Some(Self::Why(atom.to_owned()));
        }
        let rest = line.strip_prefix("//? whynot ")?;
        let Some((depth, atom)) = rest.strip_prefix("--depth ").and_then(|r| r.split_once(' '))
        else {
            return Some(Self::Whynot(0, rest.to_owned()));
        };
        Some(Self::Whynot(depth.parse().unwrap(), atom.to_owned()))
    }
}

impl Settings {
    fn of(text: &str) -> Self {
        let after = |prefix: &'static str| {
            text.lines().filter_map(move |line| line.strip_prefix(prefix)).map(str::to_owned)
        };
        Self {
            rounds: after("// rounds: ").next().map(|n| n.parse().unwrap()),
            library: text.lines().any(|line| line == "// library"),
            plan: text.lines().any(|line| line == "// plan"),
            questions: text.lines().filter_map(Asking::of).collect(),
        }
    }
}

/// The text of a program's snapshot; nothing if the mode cannot run the program: a printed
/// program has no comments, and its messages point into another text.
pub(crate) fn outcome(path: &Path, mode: Mode) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    let settings = Settings::of(&text);
    let mut options = options(path, mode);
    options.input.allow_missing = settings.library;
    options.input.hashes = true;
    if settings.rounds.is_some() {
        options.rounds_max = settings.rounds;
    }
    let mut out = String::new();
    let mut session = Session::new(options);
    if mode != Mode::Printed {
        let result = session.run(&[path.to_owned()], Keep::Input);
        let mut messages = session.take_warnings();
        messages.extend(result.err().unwrap_or_default());
        messages.sort_by_key(|message| !message.is_error());
        write_messages(&mut out, &messages, session.files());
        if messages.iter().any(Diagnostic::is_error) {
            return Some(out);
        }
    } else {
        let folder = tempfile::tempdir().unwrap();
        let printed = folder.path().join("printed.dl");
        fs::write(&printed, printed_again(&text)?).unwrap();
        let reference = outcome(path, Mode::Naive).unwrap();
        if let Err(refused) = session.run(&[printed], Keep::Input) {
            assert!(reference.starts_with("error"), "the printed program is refused: {refused:#?}");
            return None;
        }
        // Messages point into the text as written.
        let messages = reference.lines().take_while(|line| !line.starts_with("== "));
        messages.for_each(|line| writeln!(out, "{line}").unwrap());
    }
    conclusions(&mut out, session.world());
    if settings.plan {
        plans(&mut out, session.world());
    }
    for question in &settings.questions {
        match question {
            Asking::Why(atom) => why(&mut out, &mut session, atom),
            Asking::Whynot(depth, atom) => ask_whynot(&mut out, &mut session, *depth, atom),
        }
    }
    match mode {
        Mode::Naive => prove(session.world(), PROVED_MAX),
        Mode::Native2 => prove(session.world(), PROVED_AGAIN_MAX),
        Mode::Native1 | Mode::Toy | Mode::Printed => {}
    }
    if mode == Mode::Native1 {
        certify_all(&mut session);
    }
    Some(out)
}

fn options(path: &Path, mode: Mode) -> Options {
    let folder = path.with_extension("");
    // A program without a folder of its own names none: a folder that is named must exist.
    let facts = Some(folder).filter(|folder| folder.is_dir()).into_iter().collect();
    let (engine, workers) = match mode {
        Mode::Naive => (Engine::Naive, 1),
        Mode::Native1 => (Engine::Native, 1),
        Mode::Printed => (Engine::Tiny, 1),
        Mode::Native2 => (Engine::Native, 2),
        Mode::Toy => (Engine::Toy, 2),
    };
    let include = vec![path.parent().unwrap().to_owned()];
    // Workers share every round, however small.
    Options { facts, include, engine, workers, alone: 0, ..Options::default() }
}

/// The text printed canonically, if it has no mistake; printing must not change its tree.
fn printed_again(text: &str) -> Option<String> {
    let mut files = Files::new();
    let file = files.add("written", text);
    let (tree, messages) = parse(text, file);
    if !messages.is_empty() {
        return None;
    }
    let printed = print(&tree);
    let file = files.add("printed", printed.as_str());
    let (again, messages) = parse(&printed, file);
    assert!(messages.is_empty(), "{messages:?}\n{printed}");
    assert!(tree == again, "printing changes the tree:\n{printed}");
    Some(printed)
}

fn write_messages(out: &mut String, messages: &[Diagnostic], files: &Files) {
    let options = RenderOptions::default();
    for message in messages {
        out.push_str(render(message, files, options).trim_end());
        out.push_str("\n\n");
    }
}

/// Output relations with their tuples and rounds, then sizes.
fn conclusions(out: &mut String, world: &World) {
    let program = &world.program;
    for output in &program.outputs {
        let relation = &program.relations[output.relation];
        let columns: Vec<String> = relation
            .columns
            .iter()
            .map(|column| format!("{}: {}", column.name, column.base))
            .collect();
        let tuples = tuples(world, output.relation);
        writeln!(out, "== {}({})  {}", relation.name, columns.join(", "), tuples.len()).unwrap();
        for tuple in tuples {
            let round = world.tables().round_of(output.relation, &tuple).unwrap();
            let cells: Vec<String> =
                tuple.iter().map(|value| value.quoted(&program.symbols)).collect();
            writeln!(out, "({})  @{round}", cells.join(", ")).unwrap();
        }
    }
    for &relation in &program.printsizes {
        let size = world.tables().len(relation);
        writeln!(out, "== size {} {size}", program.relations[relation].name).unwrap();
    }
}

/// The tuples of a relation, sorted.
fn tuples(world: &World, relation: RelationId) -> Vec<Tuple> {
    let mut found: Vec<Tuple> = Vec::new();
    let any = vec![None; world.program.relations[relation].columns.len()];
    world.tables().select(relation, &any, &mut |tuple| {
        found.push(tuple.into());
        ControlFlow::Continue(())
    });
    assert_eq!(found.len(), world.tables().len(relation), "a tuple comes once");
    found.sort_by(|a, b| cmp_tuples(a, b, &world.program.symbols));
    found
}

fn plans(out: &mut String, world: &World) {
    let inputs = |relation: RelationId| Some(world.facts.relations[relation].rows);
    let sizes = Guess::new(&world.program, &world.analysis, inputs);
    let plan = plan(&world.program, &world.analysis, &sizes);
    writeln!(out, "== plan\n{}", display::print(&plan, &world.program).trim_end()).unwrap();
}

/// The proof of the first tuple that fits the atom.
fn why(out: &mut String, session: &mut Session, question: &str) {
    writeln!(out, "== why {question}").unwrap();
    let file = session.files_mut().add("question", question);
    let (body, mut messages) = parse_question(question, file);
    let world = session.world();
    let pattern = match atom(&world.program, &body) {
        Ok(pattern) => Some(pattern),
        Err(more) => {
            messages.extend(more);
            None
        }
    };
    for message in &messages {
        writeln!(out, "{}", concise(message, session.files())).unwrap();
    }
    let Some((relation, values)) = pattern else { return };
    let explainer = Explainer::new(&world.program, &world.analysis, world.tables(), &world.leaves);
    let (found, count) = explainer.find(relation, &values, &[], 1).unwrap();
    let Some(tuple) = found.first() else {
        writeln!(out, "no such tuple").unwrap();
        return;
    };
    if count > 1 {
        writeln!(out, "first of {count}").unwrap();
    }
    let proof = explainer
        .explain(relation, tuple, Budget::default())
        .unwrap_or_else(|reason| panic!("{question}: {reason:?}"));
    let words = Words { given: explainer.given(), files: session.files() };
    writeln!(out, "{}", tree(words, &proof, TreeOptions::default()).trim_end()).unwrap();
}

/// What comes nearest to an atom.
fn ask_whynot(out: &mut String, session: &mut Session, depth: usize, question: &str) {
    writeln!(out, "== whynot {question}").unwrap();
    let file = session.files_mut().add("question", question);
    let refuter = session.refuter();
    let words = Words { given: refuter.given(), files: session.files() };
    let effort = Effort { depth, ..Effort::default() };
    match session.whynot(&refuter, file, effort) {
        Ok(Refuted::Not(answer, repairs)) => {
            let text = whynot(words, &answer, &repairs, WhyNotOptions::default());
            writeln!(out, "{}", text.trim_end()).unwrap();
        }
        Ok(Refuted::Holds(asked, tuple)) => {
            writeln!(out, "{}", holds(words, &asked, &tuple)).unwrap();
        }
        Err(messages) => {
            for message in &messages {
                writeln!(out, "{}", concise(message, session.files())).unwrap();
            }
        }
    }
}

/// The certificates of all tuples of the output relations are verified, against the files too.
fn certify_all(session: &mut Session) {
    session.place_rows();
    let outputs = || session.outputs().unwrap();
    for level in [Level::Proof, Level::Model] {
        let lines = session.certificate(outputs(), level).unwrap();
        let mut given = Verifier::default();
        session.certified(true).iter().for_each(|line| given.line(line).unwrap());
        let text = lines.join("\n");
        for given in [None, Some(Rc::new(given))] {
            if let Err((line, reason)) = verify(&text, Verifier::new(given, None)) {
                panic!("{level:?}, line {line}: {reason}\n{}", lines[line - 1]);
            }
        }
    }
}

/// Every tuple of every relation has a proof, up to `most` of each, and the independent checker
/// accepts it.
fn prove(world: &World, most: usize) {
    let explainer = Explainer::new(&world.program, &world.analysis, world.tables(), &world.leaves);
    for relation in world.program.relations.ids() {
        for tuple in tuples(world, relation).iter().take(most) {
            let name = &world.program.relations[relation].name;
            let proof = match explainer.explain(relation, tuple, Budget::default()) {
                Ok(proof) => proof,
                Err(NoProof::Absent) => panic!("{name}{tuple:?} is there and has no proof"),
                Err(NoProof::Bug(what)) => panic!("{name}{tuple:?}: {what}"),
                Err(NoProof::Stopped(stop)) => panic!("{name}{tuple:?}: {stop:?}"),
            };
            check::check(explainer.given(), &proof)
                .unwrap_or_else(|reason| panic!("{name}{tuple:?}: {reason}"));
        }
    }
}
