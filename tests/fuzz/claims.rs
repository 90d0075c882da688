//! Any claims file gives rows or messages. What is dropped is said, what is kept quotes the words
//! of its document, and neither depends on the order of the lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arbtest::arbitrary::{Result, Unstructured};
use serde_json::Value;

use hence::base::ids::FileId;
use hence::claims::encode::encode;
use hence::claims::load::{BadRecords, Loaded, Options, Outside, Ungrounded, load_bytes};
use hence::claims::relations::relations;
use hence::engine::facts::Facts;
use hence::program::build::build;
use hence::program::program::Program;
use hence::provenance::leaves::{LeafKind, Leaves};
use hence::syntax::parser::parse;
use hence::text::diagnostic::has_errors;
use hence::text::files::Files;
use hence::text::render::{RenderOptions, concise, json, render};
use hence::text::span::Span;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;

use crate::corpus::{CLAIMS, ClaimsFile};
use crate::driver::{OnPanic, fuzz};

/// Lines of a case, at most; the demo has two hundred.
const LINES_MAX: usize = 60;

/// A program with every relation that claims fill.
static ALL: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    for (name, columns) in relations() {
        let columns: Vec<String> = columns.iter().map(|(c, base)| format!("{c}: {base}")).collect();
        text.push_str(&format!(".decl {name}({})\n.input {name}\n", columns.join(", ")));
    }
    text
});

/// What came of the files of a run.
#[derive(Default, Debug)]
struct Tally {
    records: usize,
    rejected: usize,
    quotes: usize,
    moved: usize,
    reduced: usize,
}

#[test]
fn fuzz_claims() {
    let mut tally = Tally::default();
    let cases = fuzz("fuzz_claims", |u| {
        let (lines, folder) = claims_file(u)?;
        let _input = OnPanic(|| eprintln!("in {}\n{}", folder.display(), shown(&lines)));
        one(&lines, folder, u, &mut tally)
    });
    eprintln!("{tally:?}");
    if cases > 50 {
        let Tally { records, rejected, quotes, moved, reduced } = tally;
        assert!(rejected * 20 > records && rejected * 4 < records * 3, "{rejected} of {records}");
        assert!(quotes > cases && moved * 10 > cases && reduced * 20 > cases, "{tally:?}");
    }
}

fn shown(lines: &[Vec<u8>]) -> String {
    lines.iter().map(|line| String::from_utf8_lossy(line) + "\n").collect()
}

// ---- files ----

/// Lines of a claims file of the corpus, some of them damaged.
fn claims_file(u: &mut Unstructured<'_>) -> Result<(Vec<Vec<u8>>, &'static Path)> {
    let ClaimsFile { lines, folder } = u.choose(&CLAIMS)?;
    let mut lines = lines.clone();
    if lines.len() > LINES_MAX {
        // Records name each other: leaving out some of them is damage of its own.
        let leave = u.int_in_range(0..=3)? * 20;
        for _ in 0..leave {
            lines.remove(u.choose_index(lines.len())?);
        }
    }
    for _ in 0..u.int_in_range(0..=4)? {
        if lines.is_empty() {
            break;
        }
        let at = u.choose_index(lines.len())?;
        match u.int_in_range(0..=9)? {
            0 => drop(lines.remove(at)),
            1 => {
                let line = lines[at].clone();
                lines.insert(u.int_in_range(0..=lines.len())?, line);
            }
            2 => {
                let other = u.choose(&CLAIMS)?;
                if let Ok(line) = u.choose(&other.lines) {
                    lines.insert(at, line.clone());
                }
            }
            3 => lines[at] = characters(&lines[at], u)?,
            _ => lines[at] = fields(&lines[at], u)?,
        }
    }
    let mut lines: Vec<Vec<u8>> = lines.into_iter().map(String::into_bytes).collect();
    if u.ratio(1, 20)? && !lines.is_empty() {
        let at = u.choose_index(lines.len())?;
        let byte = u.int_in_range(0..=lines[at].len())?;
        // A line end would make two lines of one.
        lines[at].insert(byte, u.arbitrary::<u8>()?.max(b'\r'));
    }
    Ok((lines, folder))
}

/// A line with some characters left out, doubled or put in.
fn characters(line: &str, u: &mut Unstructured<'_>) -> Result<String> {
    let mut chars: Vec<char> = line.chars().collect();
    let at = u.int_in_range(0..=chars.len())?;
    let length = u.int_in_range(0..=9)?.min(chars.len() - at);
    match u.int_in_range(0..=3)? {
        0 => drop(chars.drain(at..at + length)),
        1 => {
            let copy = chars[at..at + length].to_vec();
            chars.splice(at..at, copy);
        }
        2 => chars.insert(at, u.arbitrary()?),
        _ => chars.insert(at, *u.choose(&['"', '{', '}', '[', ',', ':', '\\', '0', '-', 'e'])?),
    }
    Ok(chars.into_iter().filter(|c| *c != '\n').collect())
}

/// A record with a field that has another value, another name, or is not there.
fn fields(line: &str, u: &mut Unstructured<'_>) -> Result<String> {
    let Ok(mut record) = serde_json::from_str::<Value>(line) else { return Ok(line.to_owned()) };
    let value = some_value(&mut record, u)?;
    match u.int_in_range(0..=5)? {
        0 => *value = other_value(u)?,
        1 | 2 => *value = like(value, u)?,
        _ => {
            if let Value::Object(fields) = value {
                let names: Vec<String> = fields.keys().cloned().collect();
                if names.is_empty() {
                    return Ok(record.to_string());
                }
                let name = u.choose(&names)?.clone();
                let was = fields.remove(&name).unwrap();
                if u.ratio(1, 3)? {
                    fields.insert(u.choose(&["id", "who", "spann", "lo", "c1"])?.to_string(), was);
                } else if u.arbitrary()? {
                    fields.insert(name, like(&was, u)?);
                }
            } else {
                *value = like(value, u)?;
            }
        }
    }
    Ok(record.to_string())
}

/// The value itself or one inside it.
fn some_value<'a>(value: &'a mut Value, u: &mut Unstructured<'_>) -> Result<&'a mut Value> {
    let inside = match value {
        Value::Object(fields) => fields.len(),
        Value::Array(values) => values.len(),
        _ => 0,
    };
    if inside == 0 || u.ratio(1, 4)? {
        return Ok(value);
    }
    let at = u.choose_index(inside)?;
    match value {
        Value::Object(fields) => some_value(fields.values_mut().nth(at).unwrap(), u),
        Value::Array(values) => some_value(&mut values[at], u),
        _ => Ok(value),
    }
}

/// A value of the same type.
fn like(value: &Value, u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match value {
        Value::Number(n) => {
            let n = n.as_i64().unwrap_or(0);
            match u.int_in_range(0..=3)? {
                0 => n.saturating_add(1).into(),
                1 => n.saturating_sub(u.int_in_range(1..=5)?).into(),
                2 => (*u.choose(&[i64::MAX, i64::MIN, 0, -1, 1 << 53, 1 << 32])?).into(),
                _ => (*u.choose(&[0.5, -0.0, 1e300, 2.0, 1e18])?).into(),
            }
        }
        Value::String(text) => match u.int_in_range(0..=4)? {
            0 => characters(text, u)?.into(),
            1 => String::new().into(),
            2 => text.to_uppercase().into(),
            3 => text.chars().take(u.int_in_range(0..=20)?).collect::<String>().into(),
            _ => other_text(u)?.into(),
        },
        Value::Array(values) => {
            let mut values = values.clone();
            values.truncate(u.int_in_range(0..=values.len())?);
            if u.arbitrary()? {
                values.push(values.first().cloned().unwrap_or(Value::Null));
            }
            values.into()
        }
        _ => other_value(u)?,
    })
}

/// A text that records have somewhere.
fn other_text(u: &mut Unstructured<'_>) -> Result<&'static str> {
    Ok(u.choose(&[
        "c1",
        "c2",
        "c0201",
        "seed",
        "brief",
        "nis",
        "putin",
        "claim",
        "source",
        "link",
        "hence",
        "2024",
        "2024-13-40",
        "2024-02-30",
        "2025-06/2025-07",
        "../../Cargo.toml",
        ".",
        "brief.txt",
        "stated",
        "denied",
        "é",
        "a\u{301}",
        "\u{200f}",
        "\0",
        "9999999999999999999",
        "1e5",
        "type",
    ])?)
}

/// A value of any type.
fn other_value(u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match u.int_in_range(0..=7)? {
        0 => Value::Null,
        1 => u.arbitrary::<bool>()?.into(),
        2 => u.int_in_range(-1..=9)?.into(),
        3 => u.arbitrary::<f64>()?.into(),
        4 => other_text(u)?.into(),
        5 => Value::Array(vec![1.into(), other_text(u)?.into()]),
        6 => serde_json::json!({ "who": other_text(u)?, "act": "said" }),
        _ => Value::Array(Vec::new()),
    })
}

// ---- what must hold ----

fn one(
    lines: &[Vec<u8>],
    folder: &Path,
    u: &mut Unstructured<'_>,
    tally: &mut Tally,
) -> Result<()> {
    let options = Options {
        bad_records: *u.choose(&[BadRecords::Drop, BadRecords::Drop, BadRecords::Stop])?,
        ungrounded: *u.choose(&[Ungrounded::Refuse, Ungrounded::Keep])?,
        outside: Outside::Refuse,
    };
    let mut files = Files::new();
    let loaded = load_bytes("x.jsonl", lines.join(&b'\n'), folder, options, &mut files);
    check_messages(&loaded, &files, options);
    tally.records += loaded.records;
    tally.rejected += loaded.rejected.len();
    let rows = Encoded::of(&loaded);
    rows.check_quotes(lines, folder, tally);
    // A record that goes on over lines is none of them by itself.
    let is_open = |line: &Vec<u8>| {
        let line = String::from_utf8_lossy(line);
        line.trim().starts_with(['{', '[']) && line.trim().ends_with(['{', '[', ',', ':'])
    };
    if lines.iter().any(is_open) {
        return Ok(());
    }
    // A mark of the byte order is one at the start only.
    if u.ratio(1, 3)? && !lines.iter().any(|line| line.starts_with(b"\xef\xbb\xbf")) {
        let mut moved = lines.to_vec();
        for i in (1..moved.len()).rev() {
            moved.swap(i, u.int_in_range(0..=i)?);
        }
        let again = load_bytes("x.jsonl", moved.join(&b'\n'), folder, options, &mut Files::new());
        // A repeat of a rejected record may be rejected itself.
        let records = |loaded: &Loaded| -> BTreeSet<String> {
            let lines = loaded.rejected_lines();
            let record =
                |line: &str| serde_json::from_str::<Value>(line).unwrap()["record"].clone();
            lines.lines().map(|line| canonical(record(line).as_str().unwrap())).collect()
        };
        assert_eq!(records(&again), records(&loaded), "moved\n{}", shown(&moved));
        assert_eq!(Encoded::of(&again).rows, rows.rows, "moved\n{}", shown(&moved));
        tally.moved += 1;
    }
    let drops = options.bad_records == BadRecords::Drop && !loaded.rejected.is_empty();
    if drops && !lines.concat().starts_with(b"\xef\xbb\xbf") {
        // What is kept is a claims file that has no mistake. A repeat goes with what it repeats.
        let bad: Vec<&str> =
            loaded.rejected.iter().map(|record| files.text_of(record.span)).collect();
        let bad: BTreeSet<String> = bad.into_iter().map(canonical).collect();
        let is_bad = |line: &[u8]| bad.contains(&canonical(&String::from_utf8_lossy(line)));
        let places: Vec<usize> =
            loaded.rejected.iter().map(|record| files.position(record.span).line - 1).collect();
        let kept = |at: &usize| !places.contains(at) && !is_bad(&lines[*at]);
        let kept: Vec<_> = (0..lines.len()).filter(kept).map(|at| lines[at].clone()).collect();
        let again = load_bytes("x.jsonl", kept.join(&b'\n'), folder, options, &mut Files::new());
        assert_eq!(again.rejected, [], "kept\n{}", shown(&kept));
        assert_eq!(Encoded::of(&again).rows, rows.rows, "kept\n{}", shown(&kept));
        tally.reduced += 1;
    }
    Ok(())
}

/// A record without what the order of its fields and the space between them add.
fn canonical(record: &str) -> String {
    serde_json::from_str::<Value>(record).map_or_else(|_| record.to_owned(), |it| it.to_string())
}

/// Every message can be shown and every rejected record has one.
fn check_messages(loaded: &Loaded, files: &Files, options: Options) {
    for message in &loaded.diagnostics {
        assert!(!message.message.contains('\n'), "{message:?}");
        for label in &message.labels {
            let _ = files.text_of(label.span);
        }
        assert!(render(message, files, RenderOptions::default()).contains(message.code.text()));
        assert_eq!(concise(message, files).lines().count(), 1);
        assert!(json(message, files).is_object());
    }
    match options.bad_records {
        BadRecords::Stop if loaded.rejected.is_empty() => {}
        BadRecords::Stop => assert!(has_errors(&loaded.diagnostics)),
        BadRecords::Drop => {
            assert!(!has_errors(&loaded.diagnostics), "{:#?}", loaded.diagnostics);
        }
    }
    for rejected in &loaded.rejected {
        let about = |file: FileId, start: u32, end: u32| {
            file == rejected.span.file && rejected.span.start <= start && end <= rejected.span.end
        };
        // Records over several lines have one message for all in a file, at the first.
        let is_wide = files.text_of(rejected.span).contains('\n');
        let found = loaded.diagnostics.iter().any(|message| {
            let here = |span: Span| about(span.file, span.start, span.end);
            message.code == rejected.code
                && (message.labels.iter().any(|label| here(label.span))
                    // A document without a text has one message for all that quote it, and very
                    // many circles are not all shown.
                    || is_wide
                    || ["H0418", "H0420"].contains(&rejected.code.text()))
        });
        assert!(found, "no message for {rejected:?}: {:#?}", loaded.diagnostics);
    }
    let lines = loaded.rejected_lines();
    assert_eq!(lines.lines().count(), loaded.rejected.len());
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}

/// Rows of checked records.
struct Encoded {
    /// Rows and what they stand for, without the place.
    rows: Vec<String>,
    leaves: Leaves,
}

impl Encoded {
    fn of(loaded: &Loaded) -> Self {
        let mut files = Files::new();
        let file = files.add("all.dl", ALL.as_str());
        let (tree, _) = parse(&ALL, file);
        let (program, _): (Program, _) = build(&[tree], Arc::new(Symbols::new()));
        let codes = Arc::new(Codes::new(Arc::clone(&program.symbols)));
        let mut facts = Facts::of_program(&program, codes);
        let mut leaves = Leaves::default();
        let (_, found) = encode(loaded, &program, &mut facts, Some(&mut leaves));
        assert_eq!(found, []);
        let mut rows = Vec::new();
        for (id, relation) in program.relations.entries() {
            for row in (0..facts.relations[id].rows).map(|row| facts.row(&program, id, row)) {
                let cells: Vec<_> = row.iter().map(|v| v.quoted(&program.symbols)).collect();
                let leaf = &leaves.leaves[leaves.of(id, &row).unwrap()];
                rows.push(format!("{}{cells:?} {:?} {}", relation.name, leaf.kind, leaf.id));
            }
        }
        rows.sort();
        Self { rows, leaves }
    }

    /// A quote that was compared is what its document says there.
    fn check_quotes(&self, lines: &[Vec<u8>], folder: &Path, tally: &mut Tally) {
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let record = |line: &Vec<u8>| {
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            serde_json::from_slice::<Value>(line).ok()
        };
        for record in lines.iter().filter_map(record) {
            let (Some("document"), Some(id)) = (record["type"].as_str(), record["id"].as_str())
            else {
                continue;
            };
            let of_path = record["path"].as_str().and_then(|path| fs::read(folder.join(path)).ok());
            let of_path = of_path.and_then(|bytes| String::from_utf8(bytes).ok());
            let text = record["text"].as_str().map(str::to_owned).or(of_path);
            texts.entry(id.to_owned()).or_default().extend(text);
        }
        for leaf in self.leaves.leaves.iter().filter(|leaf| leaf.kind == LeafKind::Claim) {
            let evidence = leaf.evidence.as_ref().unwrap();
            if !evidence.verified {
                continue;
            }
            let (start, end) = evidence.span.unwrap();
            let quote = evidence.quote.as_ref().unwrap();
            let stands = |text: &String| {
                let words: String = text.chars().skip(start).take(end - start).collect();
                let before = text.chars().take(start).filter(|c| *c == '\n').count();
                words == *quote && evidence.line == Some(before + 1)
            };
            let of = texts.get(&evidence.document).is_some_and(|of| of.iter().any(stands));
            assert!(of, "{} does not say {evidence:?}", evidence.document);
            tally.quotes += 1;
        }
    }
}
