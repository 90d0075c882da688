//! What TAB and the hint offer, by the place of the cursor.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hence::cli::repl::complete::{Scene, candidates, hint};
use hence::session::answer::Answer;
use hence::session::options::Options;
use hence::session::session::{Keep, Session};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn session(program: &Path, facts: &[PathBuf]) -> Session {
    let mut session = Session::new(Options { facts: facts.to_vec(), ..Options::default() });
    session.run(&[program.to_owned()], Keep::Input).unwrap();
    session
}

fn family() -> Session {
    session(&root().join("tests/repl/family.dl"), &[])
}

fn demo() -> Session {
    session(&root().join("rules/deployment.dl"), &[root().join("facts/deployment")])
}

fn scene<'s>(session: &'s Session, last: Option<&'s Answer>) -> Scene<'s> {
    let records = session.base().records.as_deref();
    Scene { world: session.world(), records, base: session.base(), last }
}

/// What the word at the end of `before` may become.
fn words(session: &Session, before: &str) -> Vec<String> {
    let (_, found) = candidates(&scene(session, None), before);
    found.into_iter().map(|pair| pair.replacement).collect()
}

/// What the list of candidates shows.
fn shown(session: &Session, before: &str) -> Vec<String> {
    let (_, found) = candidates(&scene(session, None), before);
    found.into_iter().map(|pair| pair.display).collect()
}

#[test]
fn columns_of_an_atom() {
    let session = demo();
    let columns = ["r: Reading", "label: symbol", "lo: number", "hi: number"];
    assert_eq!(shown(&session, "total("), columns);
    assert_eq!(shown(&session, ".why total("), columns);
    assert_eq!(words(&session, "total(r, l"), ["label", "lo"]);
    assert_eq!(words(&session, "?- corroborated(event), single_source(ev"), ["e", "event"][1..]);
    assert!(words(&session, "total(r, _, lo, hi, ").is_empty());
    let family = family();
    assert_eq!(words(&family, "grand(x) :- parent(x, yy), ancestor(yy, z), cat(y"), ["yy"]);
}

#[test]
fn constants_of_a_column() {
    let family = family();
    assert_eq!(words(&family, "parent(\""), ["\"ann\"", "\"bob\"", "\"cid\"", "\"eve\""]);
    assert_eq!(words(&family, "parent(x, \"d"), ["\"dora\""]);
    assert_eq!(words(&family, ".why ancestor(\"ann\", \"c"), ["\"cid\""]);
    assert_eq!(candidates(&scene(&family, None), "parent(x, \"d").0, "parent(x, ".len());
    assert!(words(&family, "age(x, \"").is_empty());
    assert!(words(&family, "x = \"a").is_empty());
}

#[test]
fn of_many_constants_the_first_are_shown_and_none_is_cut_off() {
    let folder = TempDir::new().unwrap();
    let mut facts = String::new();
    for n in 0..300 {
        writeln!(facts, "k\"{n:03}").unwrap();
    }
    let program = folder.path().join("p.dl");
    fs::write(folder.path().join("p.facts"), facts).unwrap();
    fs::write(&program, ".decl p(x: symbol)\n.input p\n.output p\n").unwrap();
    let session = session(&program, &[folder.path().to_owned()]);
    let all = words(&session, "p(\"");
    assert_eq!(all.len(), 51);
    assert_eq!((all[0].as_str(), all[49].as_str()), ("\"k\\\"000\"", "\"k\\\"049\""));
    // What is put in is what all of them start with.
    assert_eq!(all[50], "\"k\\\"");
    assert_eq!(words(&session, "p(\"k\\\"29").len(), 10);
    assert_eq!(words(&session, "p(\"k\\\"299"), ["\"k\\\"299\""]);
}

#[test]
fn what_a_command_takes() {
    let session = demo();
    assert_eq!(words(&session, ".whyn"), [".whynot "]);
    assert_eq!(words(&session, ".help .whyn"), [".whynot"]);
    assert_eq!(words(&session, ".help sup"), [".support"]);
    assert_eq!(words(&session, ".whynot corrob"), ["corroborated("]);
    assert_eq!(words(&session, ".schema corrob"), ["corroborated"]);
    assert_eq!(words(&session, ".format j"), ["json", "jsonl"]);
    assert_eq!(words(&session, ".why --ex"), ["--expand"]);
    assert_eq!(words(&session, ".without jenny"), ["jenny_town"]);
    assert_eq!(shown(&session, ".without jenny"), ["jenny_town  Jenny Town  (source)"]);
    assert_eq!(words(&session, ".without c0201 see"), ["seed"]);
    assert_eq!(words(&session, ".without c02").first().map(String::as_str), Some("c0201"));
    let path = root().join("rules/deployment.d").display().to_string();
    let found = words(&session, &format!(".load {path}"));
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("deployment.dl"), "{found:?}");
}

#[test]
fn rows_of_the_last_answer() {
    let mut session = family();
    let file = session.files_mut().add("question", "ancestor(\"ann\", y)");
    let answer = session.query(file).unwrap();
    let (_, found) = candidates(&scene(&session, Some(&answer)), ".why ");
    assert_eq!(found[1].display, "2  ancestor(\"ann\", \"cid\")");
    assert_eq!(found[1].replacement, "2");
    assert_eq!(found[3].replacement, "age(");
    assert!(words(&session, ".why 2").is_empty());
}

#[test]
fn commands_and_relations_at_the_start() {
    let family = family();
    let all = words(&family, "");
    assert!(all.contains(&"ancestor(".to_owned()) && all.contains(&".why ".to_owned()));
    assert_eq!(words(&family, "anc"), ["ancestor("]);
    assert_eq!(words(&family, "?- parent(x, y), anc"), ["ancestor("]);
    assert_eq!(words(&family, "n = count : { pa"), ["parent("]);
    assert!(words(&family, "parent(x, y) // anc").is_empty());
}

#[test]
fn hints() {
    let session = demo();
    let of = |before: &str| hint(&scene(&session, None), before);
    assert_eq!(of("total(").as_deref(), Some("r, label, lo, hi)"));
    assert_eq!(of("total(r,").as_deref(), Some(" label, lo, hi)"));
    assert_eq!(of(".why total(r, ").as_deref(), Some("label, lo, hi)"));
    assert_eq!(of("total(r"), None);
    assert_eq!(of("total(r, _, _, _, "), None);
    assert_eq!(of("nothing("), None);
    assert_eq!(of("total(r, label, lo, hi)"), None);
}
