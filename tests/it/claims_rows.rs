//! Claims as rows: what each record becomes, in any order of lines, and what it stands for.
#![expect(clippy::disallowed_methods, reason = "a test reads and writes files")]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hence::claims::encode::{Counts, Rest, encode, encode_within};
use hence::claims::load::{
    BadRecords, Loaded, Options, Outside, Ungrounded, load, load_bytes, load_within,
};
use hence::claims::record::schema;
use hence::claims::relations::relations;
use hence::engine::facts::Facts;
use hence::engine::limits::{Limits, Stop};
use hence::program::build::build;
use hence::program::program::Program;
use hence::provenance::leaves::Leaves;
use hence::syntax::parser::parse;
use hence::text::diagnostic::{Diagnostic, has_errors};
use hence::text::files::Files;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/claims")
}

fn program(text: &str) -> Program {
    let mut files = Files::new();
    let file = files.add("all.dl", text);
    let (tree, mut diagnostics) = parse(text, file);
    let (program, more) = build(&[tree], Arc::new(Symbols::new()));
    diagnostics.extend(more);
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    program
}

/// A program with every relation that claims fill.
fn every_relation() -> Program {
    let mut text = String::new();
    for (name, columns) in relations() {
        let columns: Vec<String> = columns.iter().map(|(c, base)| format!("{c}: {base}")).collect();
        writeln!(text, ".decl {name}({})\n.input {name}", columns.join(", ")).unwrap();
    }
    program(&text)
}

struct Encoded {
    program: Program,
    facts: Facts,
    leaves: Leaves,
    counts: Counts,
    diagnostics: Vec<Diagnostic>,
}

fn rows_of(loaded: &Loaded, program: Program) -> Encoded {
    let codes = Arc::new(Codes::new(Arc::clone(&program.symbols)));
    let mut facts = Facts::of_program(&program, codes);
    let mut leaves = Leaves::default();
    let (counts, diagnostics) = encode(loaded, &program, &mut facts, Some(&mut leaves));
    Encoded { program, facts, leaves, counts, diagnostics }
}

/// Every row with its leaf, relation by relation in the order of the rows.
fn show(encoded: &Encoded) -> String {
    let Encoded { program, facts, leaves, .. } = encoded;
    let mut out = String::new();
    for (id, relation) in program.relations.entries() {
        for i in 0..facts.relations[id].rows {
            let row = facts.row(program, id, i);
            let cells: Vec<String> = row.iter().map(|v| v.quoted(&program.symbols)).collect();
            let leaf = &leaves.leaves[leaves.of(id, &row).unwrap()];
            let row = format!("{}({})", relation.name, cells.join(", "));
            writeln!(out, "{row}  <- {:?} {} at {}", leaf.kind, leaf.id, leaf.place).unwrap();
        }
    }
    for leaf in leaves.leaves.iter() {
        if let Some(evidence) = &leaf.evidence {
            writeln!(out, "{}: {evidence:?}", leaf.id).unwrap();
        }
    }
    let mut labels: Vec<_> = leaves.labels.iter().collect();
    labels.sort();
    writeln!(out, "labels: {labels:?}").unwrap();
    out
}

#[test]
fn every_record_becomes_rows() {
    let loaded =
        load(&[folder().join("ok_every_record.jsonl")], Options::STRICT, &mut Files::new());
    assert_eq!(loaded.diagnostics, []);
    let encoded = rows_of(&loaded, every_relation());
    assert_eq!(encoded.diagnostics, []);
    assert_eq!(encoded.counts.unread, []);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("rows_of_every_record", show(&encoded)));
}

#[test]
fn unknown_fields_become_rows() {
    let path = folder().join("L0405_unknown_field.jsonl");
    let loaded = load(&[path], Options::STRICT, &mut Files::new());
    let shown = show(&rows_of(&loaded, every_relation()));
    for row in [
        r#"attr("c1", "line", "2")"#,
        r#"attr("c1", "amount.about", "true")"#,
        r#"attr("c2", "line", "[1, {\"a\": 2}]")"#,
        r#"document_about("d2", "chars", "5")"#,
        r#"attr("c1 about c2", "weight", "3")"#,
    ] {
        assert!(shown.contains(row), "{row}\n{shown}");
    }
}

#[test]
fn order_of_lines_changes_nothing() {
    let text = fs::read_to_string(folder().join("ok_every_record.jsonl")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let mut expected = None;
    for _ in 0..20 {
        // A fixed shuffle: every line moves.
        let middle = lines.len() / 2;
        let (a, b) = lines.split_at(middle);
        lines = b.iter().zip(a).flat_map(|(b, a)| [*b, *a]).chain(b[a.len()..].to_vec()).collect();
        let bytes = lines.join("\n").into_bytes();
        let loaded = load_bytes("x.jsonl", bytes, &folder(), Options::STRICT, &mut Files::new());
        assert_eq!(loaded.diagnostics, []);
        let shown = show(&rows_of(&loaded, every_relation()));
        let places = shown.lines().map(|line| line.split(" at x.jsonl:").next().unwrap());
        let shown: Vec<String> = places.map(str::to_owned).collect();
        assert_eq!(*expected.get_or_insert_with(|| shown.clone()), shown);
    }
}

#[test]
fn files_are_united() {
    let text = fs::read_to_string(folder().join("ok_every_record.jsonl")).unwrap();
    let whole = load(&[folder().join("ok_every_record.jsonl")], Options::STRICT, &mut Files::new());
    let lines: Vec<&str> = text.lines().collect();
    let temp = tempfile::tempdir().unwrap();
    fs::copy(folder().join("brief.txt"), temp.path().join("brief.txt")).unwrap();
    let paths = [temp.path().join("a.jsonl"), temp.path().join("b.jsonl")];
    fs::write(&paths[0], lines[7..].join("\n")).unwrap();
    fs::write(&paths[1], lines[..7].join("\n")).unwrap();
    let parts = load(&[&paths[..], &paths[..1]].concat(), Options::STRICT, &mut Files::new());
    assert_eq!(parts.diagnostics, []);
    let rows = |loaded| {
        let encoded = rows_of(loaded, every_relation());
        let shown = show(&encoded);
        let lines = shown.lines().map(|line| line.split("  <- ").next().unwrap().to_owned());
        lines.collect::<Vec<String>>()
    };
    assert_eq!(rows(&whole), rows(&parts));
}

#[test]
fn other_columns_are_an_error_only_where_claims_are_read() {
    let text = ".decl claim_lo(c: symbol, n: float)\n.input claim_lo\n\
                .decl policy(k: symbol)\n\
                .decl claim(c: symbol, d: symbol, s: symbol, p: symbol, o: symbol)\n\
                .input claim";
    let loaded =
        load(&[folder().join("ok_every_record.jsonl")], Options::STRICT, &mut Files::new());
    let encoded = rows_of(&loaded, program(text));
    let messages: Vec<String> = encoded
        .diagnostics
        .iter()
        .map(|d| format!("{} {:?} {:?}", d.message, d.labels[0].text, d.notes))
        .collect();
    assert_eq!(
        messages,
        ["`claim_lo` has other columns than the claims that fill it \
             \"declared claim_lo(c: symbol, n: float)\" \
             [\"claims fill claim_lo(c: symbol, n: number)\"]"]
    );
    assert_eq!((encoded.counts.claims, encoded.counts.rows), (5, 5));
    assert!(encoded.counts.unread.contains(&("policy", 2)));
    let none = load(&[], Options::STRICT, &mut Files::new());
    assert_eq!(rows_of(&none, program(text)).diagnostics, []);
}

#[test]
fn unverified_quotes_are_marked() {
    let options = Options { ungrounded: Ungrounded::Keep, ..Options::STRICT };
    let path = folder().join("H0420_text_missing.jsonl");
    let loaded = load(&[path], options, &mut Files::new());
    assert_eq!(loaded.diagnostics, []);
    let encoded = rows_of(&loaded, every_relation());
    let evidence: Vec<_> =
        encoded.leaves.leaves.iter().filter_map(|l| l.evidence.as_ref()).collect();
    assert_eq!(evidence.len(), 3);
    assert!(evidence.iter().all(|e| !e.verified && e.span.is_some() && e.line.is_none()));
}

#[test]
fn a_line_of_a_megabyte_is_no_obstacle() {
    let words: String = (0..100_000).map(|i| format!("wörd{i:05} ")).collect();
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("long.txt"), &words).unwrap();
    let mut text = String::from(
        "{\"type\":\"document\",\"id\":\"d\",\"path\":\"long.txt\"}\n\
         {\"type\":\"source\",\"id\":\"s\"}\n{\"type\":\"entity\",\"id\":\"e\"}\n",
    );
    let mut claim = |i: usize, start: usize, quote: &str| {
        let end = start + quote.chars().count();
        writeln!(
            text,
            "{{\"type\":\"claim\",\"id\":\"c{i}\",\"doc\":\"d\",\
             \"span\":[{start},{end}],\"quote\":\"{quote}\",\
             \"chain\":[{{\"who\":\"s\",\"act\":\"said\"}}],\"subject\":\"e\",\"predicate\":\"p\",\
             \"object\":\"e\",\"modality\":\"stated\"}}"
        )
        .unwrap();
    };
    for i in 0..10_000 {
        claim(i, i * 100, &format!("wörd{:05} wörd{:05}", i * 10, i * 10 + 1));
    }
    claim(10_000, 1, "wörd99999");
    claim(10_001, 999_990, "werd99999 or so");
    let mut files = Files::new();
    let folder = temp.path();
    let loaded = load_bytes("x.jsonl", text.into_bytes(), folder, Options::STRICT, &mut files);
    let found: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|d| format!("{} {} {}", d.code, files.locate(d.labels[0].span), d.labels[0].text))
        .collect();
    assert_eq!(
        found,
        ["L0402 x.jsonl:10004:48 it stands at 999990..999999", "H0402 x.jsonl:10005:75 `e` here"]
    );
    let label = &loaded.diagnostics[1].labels[1];
    assert!(
        files.locate(label.span).ends_with("long.txt:1:999992"),
        "{}",
        files.locate(label.span)
    );
    assert_eq!(files.text_of(label.span), "ö");
}

/// A small generator of numbers that is the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

#[test]
fn damaged_files_are_refused_in_places_that_exist() {
    let good = fs::read(folder().join("ok_every_record.jsonl")).unwrap();
    let pieces: Vec<&[u8]> = vec![
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"null",
        b"-1",
        b"1e400",
        b"\xff",
        b"\\",
        b"\n",
        b"\\ud800",
        "\u{202e}".as_bytes(),
        "é".as_bytes(),
        b"99999999999999999999",
        b"\r\n",
        b"\0",
    ];
    let mut numbers = Numbers(7);
    let mut refused = 0;
    for _ in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(bytes.len());
            let end = (at + numbers.below(4)).min(bytes.len());
            let piece = pieces[numbers.below(pieces.len())];
            bytes.splice(at..end, piece.iter().copied());
        }
        let bad_records = if numbers.below(2) == 0 { BadRecords::Stop } else { BadRecords::Drop };
        let options = Options { bad_records, ..Options::STRICT };
        let mut files = Files::new();
        let loaded = load_bytes("x.jsonl", bytes, &folder(), options, &mut files);
        for diagnostic in &loaded.diagnostics {
            for label in &diagnostic.labels {
                let place = (files.text_of(label.span), files.locate(label.span));
                assert!(!place.1.is_empty(), "{place:?}");
            }
        }
        let stopped = has_errors(&loaded.diagnostics);
        refused += usize::from(stopped || !loaded.rejected.is_empty());
        assert!(bad_records == BadRecords::Stop || !stopped, "{:?}", loaded.diagnostics);
        if !stopped {
            let shown = show(&rows_of(&loaded, every_relation()));
            assert!(shown.starts_with("claim(") || loaded.claims_rejected() > 0, "{shown}");
        }
    }
    assert!((200..400).contains(&refused), "{refused} of 400");
}

#[test]
fn a_link_out_of_the_folder_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let inner = temp.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(temp.path().join("secret.txt"), "words").unwrap();
    symlink(temp.path().join("secret.txt"), inner.join("d.txt")).unwrap();
    let text = br#"{"type":"document","id":"d","path":"d.txt"}"#;
    let codes = |options| {
        let loaded = load_bytes("x.jsonl", text.to_vec(), &inner, options, &mut Files::new());
        loaded.diagnostics.iter().map(|d| d.code.text()).collect::<Vec<_>>()
    };
    assert_eq!(codes(Options::STRICT), ["H0421"]);
    assert!(codes(Options { outside: Outside::Allow, ..Options::STRICT }).is_empty());
}

#[test]
fn the_schema_accepts_the_records_and_refuses_the_mistakes() {
    let schema = serde_json::to_value(schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let lines = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
    let valid = |line: &str| validator.is_valid(&serde_json::from_str(line).unwrap());
    for line in lines("ok_every_record.jsonl").lines() {
        assert!(valid(line), "{line}");
    }
    for name in ["H0406_field_missing.jsonl", "H0407_word.jsonl", "H0425_kind.jsonl"] {
        let bad = lines(name).lines().skip(5).filter(|line| !valid(line)).count();
        assert!(bad >= 3, "{name}: {bad}");
    }
}

#[test]
fn a_stop_flag_ends_the_reading() {
    let path = [folder().join("ok_every_record.jsonl")];
    let limits = Limits::default();
    let loaded = load_within(&path, Options::STRICT, &mut Files::new(), &limits).unwrap();
    limits.stop.store(true, Ordering::Relaxed);
    let stopped = load_within(&path, Options::STRICT, &mut Files::new(), &limits);
    assert!(matches!(stopped, Err(Stop::Interrupted)));
    let program = every_relation();
    let codes = Arc::new(Codes::new(Arc::clone(&program.symbols)));
    let mut facts = Facts::of_program(&program, codes);
    let all = Rest { loaded: &loaded, without: None };
    let stopped = encode_within(all, &program, &mut facts, None, &limits);
    assert!(matches!(stopped, Err(Stop::Interrupted)));
}

#[test]
fn rejected_records_are_listed() {
    let options = Options { bad_records: BadRecords::Drop, ..Options::STRICT };
    let path = folder().join("L0409_lenient.jsonl");
    let loaded = load(&[path], options, &mut Files::new());
    let mut found = Vec::new();
    for line in loaded.rejected_lines().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let record: serde_json::Value =
            serde_json::from_str(line["record"].as_str().unwrap()).unwrap();
        found.push(format!("{} {} {}", line["line"], line["code"], record["type"]));
    }
    assert_eq!(
        found,
        [
            "6 \"H0417\" \"claim\"",
            "8 \"H0407\" \"claim\"",
            "9 \"H0417\" \"claim\"",
            "10 \"H0417\" \"link\"",
            "11 \"H0417\" \"reading\"",
            "12 \"H0417\" \"reading\"",
            "13 \"H0420\" \"claim\"",
            "15 \"H0401\" \"claim\"",
            "16 \"H0401\" \"claim\"",
        ]
    );
}
