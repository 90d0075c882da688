//! The demo: its conclusions are the expected ones, they change as they should when claims are
//! withdrawn or copied, and the rule library knows nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::proofs::{Case, Engine as Run};
use hence::session::options::{Engine, Options};
use hence::session::session::{Keep, Session};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

type Rows = BTreeSet<Vec<String>>;

fn package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every record of the demo's claims file.
fn records() -> Vec<Json> {
    let text = fs::read_to_string(package("facts/deployment/claims.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A folder with these records and the brief.
fn folder(records: &[Json]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = records.iter().map(Json::to_string).collect();
    fs::write(folder.path().join("claims.jsonl"), lines.join("\n") + "\n").unwrap();
    fs::copy(package("facts/deployment/brief.txt"), folder.path().join("brief.txt")).unwrap();
    folder
}

/// Every output relation of the deployment rules over these facts.
fn conclusions(facts: &Path, engine: Engine) -> BTreeMap<String, Rows> {
    let options = Options { facts: vec![facts.to_owned()], engine, ..Options::default() };
    let mut session = Session::new(options);
    session
        .run(&[package("rules/deployment.dl")], Keep::Nothing)
        .unwrap_or_else(|refused| panic!("{refused:#?}"));
    let world = session.world();
    let symbols = &world.program.symbols;
    let mut found = BTreeMap::new();
    for output in &world.program.outputs {
        let relation = &world.program.relations[output.relation];
        let mut rows = Rows::new();
        let any = vec![None; relation.columns.len()];
        world.tables().select(output.relation, &any, &mut |tuple| {
            rows.insert(tuple.iter().map(|value| value.plain(symbols)).collect());
            ControlFlow::Continue(())
        });
        found.insert(relation.name.clone(), rows);
    }
    found
}

/// The conclusions with these claims withdrawn.
fn without(claims: &[&str]) -> BTreeMap<String, Rows> {
    let mut records = records();
    for claim in claims {
        records.push(json!({"type": "retract", "claim": claim, "by": "desk"}));
    }
    let folder = folder(&records);
    conclusions(folder.path(), Engine::Native)
}

fn rows(text: &str) -> Rows {
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn has(found: &BTreeMap<String, Rows>, relation: &str, first: &str) -> bool {
    found[relation].iter().any(|row| row[0] == first)
}

/// Cells are equal as texts, or as floats to six digits.
fn same(a: &Rows, b: &Rows) -> bool {
    let cell = |x: &str, y: &str| {
        x == y
            || (x.contains('.') || y.contains('.'))
                && match (x.parse::<f64>(), y.parse::<f64>()) {
                    (Ok(x), Ok(y)) => (x - y).abs() <= 1e-6 * x.abs().max(y.abs()),
                    _ => false,
                }
    };
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(|(x, y)| cell(x, y)))
}

#[test]
fn the_conclusions_are_the_expected_ones() {
    for engine in [Engine::Naive, Engine::Native] {
        let mut found = conclusions(&package("facts/deployment"), engine);
        for entry in fs::read_dir(package("tests/expected")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "csv") {
                continue;
            }
            let name = path.file_stem().unwrap().to_str().unwrap();
            let expected = rows(&fs::read_to_string(&path).unwrap());
            let found = found.remove(name).unwrap_or_else(|| panic!("{name} is no output"));
            assert!(
                same(&expected, &found),
                "{engine:?} {name}\nmissing: {:#?}\nnot expected: {:#?}",
                expected.difference(&found).collect::<Vec<_>>(),
                found.difference(&expected).collect::<Vec<_>>()
            );
        }
        assert!(found.is_empty(), "outputs without expectation: {:?}", found.keys());
    }
}

#[test]
fn a_withdrawn_claim_makes_its_readings_incomplete_and_nothing_shrinks() {
    let found = without(&["c0201"]);
    for reading in ["r2", "r3", "r6", "r8", "r9"] {
        assert!(has(&found, "incomplete", reading), "{reading}");
        assert!(!has(&found, "total", reading), "{reading}");
    }
    for reading in ["r0", "r1", "r4", "r5", "r7"] {
        assert!(has(&found, "total", reading), "{reading}");
    }
    // The assessment behind c0301 to c0303 still stands, and says only what can or may be.
    assert!(!has(&found, "corroborated", "t_surge"));
    assert!(has(&found, "capability", "t_surge"));
    assert!(has(&found, "single_source", "t_surge"));
}

#[test]
fn what_can_or_may_happen_corroborates_nothing() {
    let all = conclusions(&package("facts/deployment"), Engine::Native);
    let without = without(&["c0301", "c0302", "c0303", "c1002", "c1003"]);
    for relation in ["corroborated", "independent_groups", "ev_group", "choke_point"] {
        let of = |found: &BTreeMap<String, Rows>| -> Rows {
            found[relation].iter().filter(|row| row[0] == "t_surge").cloned().collect()
        };
        assert_eq!(of(&all), of(&without), "{relation}");
        assert!(!of(&all).is_empty(), "{relation}");
    }
}

#[test]
fn a_rival_reading_comes_back_when_what_it_contradicts_is_gone() {
    let all = conclusions(&package("facts/deployment"), Engine::Native);
    assert!(has(&all, "rejected_alt", "c1003"));
    assert!(!has(&without(&["c1001"]), "rejected_alt", "c1003"));
    // Neither reading of "could begin" says that the wave comes.
    assert!(!has(&without(&["c1001"]), "corroborated", "t_surge"));
}

#[test]
fn an_event_is_as_firm_as_what_the_text_says_of_it() {
    let row = |e: &str, m: &str| vec![e.to_owned(), m.to_owned()];
    let all = conclusions(&package("facts/deployment"), Engine::Native);
    assert!(all["event_modality"].contains(&row("t_surge", "projected")));
    // Where the text ties nothing else to the event, what is filed under it is all there is.
    let found = without(&["c0201"]);
    assert!(found["event_modality"].contains(&row("t_surge", "stated")));
    assert!(!has(&found, "firmer_if", "t_surge"));
}

#[test]
fn both_sides_are_needed_for_the_first_deployment_and_no_total_changes() {
    let before = conclusions(&package("facts/deployment"), Engine::Native);
    assert!(has(&before, "corroborated", "t_2024") && has(&before, "adversarial", "t_2024"));
    for claim in ["c0902", "c0204"] {
        let after = without(&[claim]);
        assert!(!has(&after, "corroborated", "t_2024"), "{claim}");
        assert!(!has(&after, "adversarial", "t_2024"), "{claim}");
        assert_eq!(before["total"], after["total"], "{claim}");
    }
}

#[test]
fn an_event_by_an_analyst_is_an_assumption() {
    let text = Case::demo(Run::Native).text("corroborated", &["t_surge"]);
    insta::assert_snapshot!("why_corroborated_t_surge", text);
    assert!(text.contains("1 assumption"), "{text}");
    assert!(text.contains("assumption: c1001 is about t_surge, by analyst"), "{text}");
    // The rejected reading is no dispute by somebody else.
    assert!(!text.contains("disputed by c1003"), "{text}");
}

#[test]
fn a_total_that_counts_twice_says_so() {
    let case = Case::demo(Run::Native);
    let caution = "caution: r9 should not be believed as it stands";
    assert!(case.text("total", &["r9"]).contains(caution));
    assert!(!case.text("total", &["r3"]).contains("should not be believed"));
}

#[test]
fn days_are_dates_and_chosen_values_say_whose_they_are() {
    let case = Case::demo(Run::Native);
    insta::assert_snapshot!("why_must_precede", case.text("must_precede", &["ballistic_missile"]));
    let text = case.text("envelope", &["north_korea", "deploys"]);
    assert!(text.contains("the least of 2 values, from c0405"), "{text}");
    assert!(text.contains("the greatest of 2 values, from c0201"), "{text}");
}

#[test]
fn a_wire_copy_adds_no_voice() {
    let before = conclusions(&package("facts/deployment"), Engine::Native);
    let folder = folder(&with_wire_copy(records()));
    let after = conclusions(folder.path(), Engine::Native);
    for relation in [
        "independent_groups",
        "figure_groups",
        "corroborated",
        "single_source",
        "figure_single_source",
        "adversarial",
        "choke_point",
        "total",
        "envelope",
    ] {
        assert_eq!(before[relation], after[relation], "{relation}");
    }
}

/// The records with the whole document once more: every claim under a new id, in a document that
/// is a copy of the first.
fn with_wire_copy(mut records: Vec<Json>) -> Vec<Json> {
    let ids: BTreeSet<String> = records
        .iter()
        .filter(|record| record["type"] == "claim")
        .map(|record| record["id"].as_str().unwrap().to_owned())
        .collect();
    let renamed = |value: &mut Json| {
        if value.as_str().is_some_and(|id| ids.contains(id)) {
            *value = json!(format!("w{}", value.as_str().unwrap()));
        }
    };
    let mut copies = Vec::new();
    for record in &records {
        let mut copy = record.clone();
        match record["type"].as_str().unwrap() {
            "document" => {
                copy["id"] = json!("wire");
                copy["copies_of"] = record["id"].clone();
            }
            "claim" => {
                copy["doc"] = json!("wire");
                for field in ["id", "subject", "object", "if"] {
                    if let Some(value) = copy.get_mut(field) {
                        renamed(value);
                    }
                }
                if let Some(group) = copy.get_mut("alt") {
                    *group = json!(format!("w{}", group.as_str().unwrap()));
                }
            }
            "link" => {
                renamed(&mut copy["from"]);
                renamed(&mut copy["to"]);
            }
            _ => continue,
        }
        copies.push(copy);
    }
    records.extend(copies);
    records
}

#[test]
fn the_order_of_the_records_changes_nothing() {
    let before = conclusions(&package("facts/deployment"), Engine::Native);
    let mut reversed = records();
    reversed.reverse();
    let folder = folder(&reversed);
    assert_eq!(before, conclusions(folder.path(), Engine::Native));
}

#[test]
fn the_library_names_nothing_of_the_demo() {
    let mut names = BTreeSet::new();
    for record in records() {
        let fields: &[&str] = match record["type"].as_str().unwrap() {
            "source" | "entity" | "claim" | "reading" | "document" => &["id", "event", "predicate"],
            _ => continue,
        };
        names.extend(fields.iter().filter_map(|field| record[field].as_str().map(str::to_owned)));
        if let Some(unit) = record["amount"]["unit"].as_str() {
            names.insert(unit.to_owned());
        }
    }
    assert!(names.len() > 100, "the demo has names");
    let mut findings = Vec::new();
    for entry in fs::read_dir(package("rules")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        if file == "deployment.dl" || !file.ends_with(".dl") || file.ends_with(".test.dl") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
            if names.contains(word) {
                findings.push(format!("{file}: {word}"));
            }
        }
    }
    assert!(findings.is_empty(), "{findings:?}");
}
