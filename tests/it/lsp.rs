//! The language server, driven over standard input and output as an editor does.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;

use hence::lsp::complete::complete;
use hence::lsp::hover::hover;
use hence::lsp::symbols::symbols;
use hence::lsp::workspace::{Settings, Workspace};
use hence::syntax::token::{Directive, Word};
use hence::text::span::Span;
use serde_json::{Value, json};
use tempfile::TempDir;

const PARTS: &str = "\
// Parts of things.
.type Part <: symbol // what something is made of
// which part is in which
.decl inside(part: Part, whole: Part)
";

/// Line 2 has a character of two UTF-16 units and an accent that is a character of its own.
const MAIN: &str = "\
.include \"parts.dl\"
.decl tag(text: symbol, part: Part)
tag(\"😀e\u{301}\", \"wheel\"). inside(\"wheel\", \"car\").
.decl tagged(text: symbol, whole: Part)
//@ name(\"tagged\") say(\"{t} is on {w}\")
tagged(t, w) :- tag(t, p), insde(p, w).
.output tagged
";

/// An editor with a folder.
struct Editor {
    folder: TempDir,
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
    version: i64,
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It has ended unless the test has failed.
        let _ended = self.server.kill();
    }
}

impl Editor {
    /// A server that has been greeted, in a folder of these files.
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut server = Command::new(env!("CARGO_BIN_EXE_hence"))
            .arg("lsp")
            .env("XDG_CACHE_HOME", folder.path().canonicalize().unwrap().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let from = BufReader::new(from);
        let mut editor = Self { folder, server, to, from, asked: 0, version: 0 };
        let greeting = editor.ask("initialize", &json!({ "capabilities": {} }));
        assert_eq!(greeting["result"]["serverInfo"]["name"], "hence");
        assert_eq!(greeting["result"]["capabilities"]["textDocumentSync"]["change"], 1);
        editor.tell("initialized", &json!({}));
        editor
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server is gone");
            match line.trim().split_once(": ") {
                Some(("Content-Length", count)) => length = count.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut text = vec![0; length];
        self.from.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.receive();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// What a request about a place gives.
    fn at(&mut self, method: &str, name: &str, place: (u32, u32), more: &Value) -> Value {
        let mut params = json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": place.0, "character": place.1 },
        });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ask(&format!("textDocument/{method}"), &params)
    }

    /// Opens a text; gives the messages that come.
    fn open(&mut self, name: &str, text: &str) -> Value {
        self.version += 1;
        let uri = self.uri(name);
        self.tell(
            "textDocument/didOpen",
            &json!({ "textDocument":
                { "uri": uri, "languageId": "hence", "version": self.version, "text": text } }),
        );
        self.published(name)
    }

    /// Changes a text; gives the messages that come.
    fn change(&mut self, name: &str, text: &str) -> Value {
        self.version += 1;
        let uri = self.uri(name);
        self.tell(
            "textDocument/didChange",
            &json!({ "textDocument": { "uri": uri, "version": self.version },
                "contentChanges": [{ "text": text }] }),
        );
        self.published(name)
    }

    fn published(&mut self, name: &str) -> Value {
        let note = self.receive();
        assert_eq!(note["method"], "textDocument/publishDiagnostics", "{note}");
        assert_eq!(note["params"]["uri"], self.uri(name), "{note}");
        note["params"]["diagnostics"].clone()
    }

    /// Ends the server as the protocol wants it.
    fn end(mut self) {
        assert_eq!(self.ask("shutdown", &Value::Null)["result"], Value::Null);
        self.tell("exit", &Value::Null);
        assert_eq!(self.server.wait().unwrap().code(), Some(0));
    }
}

/// `(line, from, to)` as a range.
fn span((line, from, to): (u32, u32, u32)) -> Value {
    json!({ "start": { "line": line, "character": from },
        "end": { "line": line, "character": to } })
}

/// Locations, or the edits of a renaming, as `name:line:from-to`.
fn places(found: &Value) -> Vec<String> {
    let place = |uri: &str, range: &Value| {
        let (start, end) = (&range["start"], &range["end"]);
        assert_eq!(start["line"], end["line"]);
        let name = uri.rsplit('/').next().unwrap();
        format!("{name}:{}:{}-{}", start["line"], start["character"], end["character"])
    };
    if let Some(list) = found.as_array() {
        return list.iter().map(|one| place(one["uri"].as_str().unwrap(), &one["range"])).collect();
    }
    let changes = found["changes"].as_object().unwrap().iter();
    let mut all: Vec<String> = changes
        .flat_map(|(uri, edits)| {
            edits.as_array().unwrap().iter().map(|edit| place(uri, &edit["range"]))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn messages_come_while_typing_with_their_fix() {
    let mut editor = Editor::new(&[("parts.dl", PARTS), ("main.dl", MAIN)]);
    let found = editor.open("main.dl", MAIN);
    assert_eq!(
        found,
        json!([{
            "range": span((5, 27, 32)),
            "severity": 1,
            "code": "H0101",
            "source": "hence",
            "message": "unknown relation `insde`\nno `.decl` for this name",
        }])
    );
    let (uri, range) = (editor.uri("main.dl"), span((5, 28, 28)));
    let asked = json!({ "textDocument": { "uri": uri }, "range": range,
        "context": { "diagnostics": [] } });
    let action = &editor.ask("textDocument/codeAction", &asked)["result"][0];
    assert_eq!(action["title"], "write `inside`: a relation with a similar name exists");
    assert_eq!(
        action["edit"]["changes"][&uri],
        json!([{ "range": span((5, 27, 32)), "newText": "inside" }])
    );
    assert_eq!(editor.change("main.dl", &MAIN.replace("insde", "inside")), json!([]));
    // A second declaration in another open text: the first is a related place.
    let twice = MAIN.replace("insde", "inside") + ".decl inside(a: symbol)\n";
    let found = editor.change("main.dl", &twice);
    assert_eq!(found[0]["code"], "H0105");
    assert_eq!(found[0]["range"], span((7, 6, 12)));
    let related = &found[0]["relatedInformation"][0]["location"];
    assert_eq!(related, &json!({ "uri": editor.uri("parts.dl"), "range": span((3, 6, 12)) }));
    editor.end();
}

#[test]
fn an_open_text_counts_in_place_of_its_file() {
    let good = MAIN.replace("insde", "inside");
    let mut editor = Editor::new(&[("parts.dl", PARTS), ("main.dl", &good)]);
    assert_eq!(editor.open("main.dl", &good), json!([]));
    assert_eq!(editor.open("parts.dl", PARTS), json!([]));
    let uri = editor.uri("parts.dl");
    let changed = PARTS.replace("inside", "within");
    editor.tell(
        "textDocument/didChange",
        &json!({ "textDocument": { "uri": uri, "version": 9 },
            "contentChanges": [{ "text": changed }] }),
    );
    let found = editor.published("main.dl");
    assert_eq!(found[0]["code"], "H0101");
    assert_eq!(found[0]["range"], span((2, 22, 28)));
    // Closed, the file counts as it is on disk.
    editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    assert_eq!(editor.published("parts.dl"), json!([]));
    assert_eq!(editor.published("main.dl"), json!([]));
    editor.end();
}

#[test]
fn a_relation_is_changed_in_the_test_file_beside_it() {
    let rules = ".decl p(x: number)\np(1).\n.output p\n";
    let test = "//@ test \"p\"\np(2).\n//@ expect p(2)\n//@ snapshot p\n";
    let mut editor = Editor::new(&[("main.dl", rules), ("main.test.dl", test)]);
    editor.open("main.dl", rules);
    let new = json!({ "newName": "number_of" });
    let closed = editor.at("rename", "main.dl", (0, 6), &new);
    let everywhere = [
        "main.dl:0:6-7",
        "main.dl:1:0-1",
        "main.dl:2:8-9",
        "main.test.dl:1:0-1",
        "main.test.dl:2:11-12",
        "main.test.dl:3:13-14",
    ];
    assert_eq!(places(&closed["result"]), everywhere);
    editor.open("main.test.dl", test);
    let open = editor.at("rename", "main.dl", (0, 6), &new);
    assert_eq!(places(&open["result"]), everywhere);
    editor.end();
}

#[test]
fn names_are_shown_found_and_changed() {
    let good = MAIN.replace("insde", "inside");
    let mut editor = Editor::new(&[("parts.dl", PARTS), ("main.dl", &good)]);
    editor.open("main.dl", &good);
    let none = json!({});
    let text =
        "```hence\ninside(part: Part, whole: Part)\n```\n\nwhich part is in which\n\n*parts.dl:4*";
    let relation = &editor.at("hover", "main.dl", (2, 23), &none)["result"];
    assert_eq!(relation["contents"]["value"], text);
    assert_eq!(relation["range"], span((2, 22, 28)));
    let variable = &editor.at("hover", "main.dl", (5, 10), &none)["result"];
    assert_eq!(variable["contents"]["value"], "```hence\nw: Part (symbol)\n```");

    let mut definition =
        |place| places(&editor.at("definition", "main.dl", place, &json!({}))["result"]);
    assert_eq!(definition((2, 28)), ["parts.dl:3:6-12"]);
    assert_eq!(definition((0, 12)), ["parts.dl:0:0-0"]);
    assert_eq!(definition((1, 31)), ["parts.dl:1:6-10"]);
    assert_eq!(definition((5, 10)), ["main.dl:5:37-38"]);

    let mut references = |declaration| {
        let context = json!({ "context": { "includeDeclaration": declaration } });
        places(&editor.at("references", "main.dl", (5, 29), &context)["result"])
    };
    assert_eq!(references(false), ["main.dl:2:22-28", "main.dl:5:27-33"]);
    assert_eq!(references(true), ["main.dl:2:22-28", "main.dl:5:27-33", "parts.dl:3:6-12"]);

    let mut rename =
        |place, new: &str| editor.at("rename", "main.dl", place, &json!({ "newName": new }));
    assert_eq!(places(&rename((5, 29), "part_of")["result"]), references_of_inside());
    let of_variable = ["main.dl:4:35-36", "main.dl:5:10-11", "main.dl:5:37-38"];
    assert_eq!(places(&rename((5, 10), "car")["result"]), of_variable);
    let of_type = [
        "main.dl:1:30-34",
        "main.dl:3:34-38",
        "parts.dl:1:6-10",
        "parts.dl:3:19-23",
        "parts.dl:3:32-36",
    ];
    assert_eq!(places(&rename((1, 30), "Piece")["result"]), of_type);
    for (place, new, why) in [
        ((5, 10), "p", "there is a variable `p` already"),
        ((5, 29), "tag", "there is a relation `tag` already"),
        ((5, 29), "sum", "`sum` cannot be a name"),
        ((5, 29), "a b", "`a b` cannot be a name"),
        ((1, 18), "Text", "`symbol` is a built-in type"),
        ((5, 13), "x", "no name stands here"),
    ] {
        assert_eq!(rename(place, new)["error"]["message"], why);
    }
    editor.end();
}

fn references_of_inside() -> [&'static str; 3] {
    ["main.dl:2:22-28", "main.dl:5:27-33", "parts.dl:3:6-12"]
}

/// What is offered: its labels, and where they go.
fn offered(editor: &mut Editor, text: &str) -> (Vec<String>, Value) {
    // The end of the text, on a line of ASCII.
    let line = u32::try_from(text.matches('\n').count()).unwrap();
    let last = text.rsplit('\n').next().unwrap();
    editor.change("main.dl", text);
    let place = (line, u32::try_from(last.len()).unwrap());
    let found = editor.at("completion", "main.dl", place, &json!({}))["result"].clone();
    let list = found.as_array().unwrap();
    let label = |item: &Value| item["label"].as_str().unwrap().to_owned();
    (list.iter().map(label).collect(), list[0]["textEdit"]["range"].clone())
}

#[test]
fn completion_knows_its_place() {
    let good = MAIN.replace("insde", "inside");
    let mut editor = Editor::new(&[("parts.dl", PARTS)]);
    editor.open("main.dl", &good);
    let (columns, range) = offered(&mut editor, &format!("{good}tagged(t, w) :- inside(p, w"));
    // The second column, and the variables before the cursor; `w` itself is being typed.
    assert_eq!(columns[..4], ["whole", "p", "t", "w"]);
    assert_eq!(range, span((7, 26, 27)));
    let (types, range) = offered(&mut editor, &format!("{good}.decl more(x: P"));
    assert_eq!(types, ["number", "unsigned", "float", "symbol", "Part"]);
    assert_eq!(range, span((7, 14, 15)));
    let (directives, range) = offered(&mut editor, &format!("{good}.in"));
    assert!(directives.contains(&".include".to_owned()), "{directives:?}");
    assert!(!directives.contains(&".comp".to_owned()), "{directives:?}");
    assert_eq!(range, span((7, 0, 3)));
    let (relations, _) = offered(&mut editor, &format!("{good}.output "));
    assert_eq!(relations, ["inside", "tag", "tagged"]);
    let (files, _) = offered(&mut editor, &format!("{good}.include \""));
    assert_eq!(files[..2], ["parts.dl", "attribution.dl"]);
    let (body, _) = offered(&mut editor, &format!("{good}tagged(t, w) :- "));
    assert_eq!(body[..5], ["t", "w", "inside", "tag", "tagged"]);
    assert!(body.contains(&"count".to_owned()), "{body:?}");
    editor.end();
}

#[test]
fn layout_and_outline() {
    let text = ".decl p(x: number)\np(1).\n.decl q(x:number)\n//@ name(\"copied\")\nq(x):-p( x ).\n.output q\n";
    let mut editor = Editor::new(&[]);
    editor.open("main.dl", text);
    let params = json!({ "textDocument": { "uri": editor.uri("main.dl") },
        "options": { "tabSize": 4, "insertSpaces": true } });
    let edits = &editor.ask("textDocument/formatting", &params)["result"];
    // Lines 2 to 4; the others are laid out already.
    let range = json!({ "start": { "line": 2, "character": 0 },
        "end": { "line": 5, "character": 0 } });
    let new = ".decl q(x: number)\n//@ name(\"copied\")\nq(x) :- p(x).\n";
    assert_eq!(edits, &json!([{ "range": range, "newText": new }]));

    let outline = &editor.ask("textDocument/documentSymbol", &params)["result"];
    let names: Vec<&str> =
        outline.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["p", "q", "q(x)"]);
    assert_eq!(outline[0]["children"][0]["detail"], "number");
    assert_eq!(outline[2]["detail"], "rule “copied”");
    assert_eq!(outline[2]["range"], span((4, 0, 13)));
    editor.end();
}

#[test]
fn the_library_is_shown_and_not_changed() {
    let text = ".include \"totals.dl\"\n.decl p(x: Reading)\np(x) :- total(x, _, lo, _), lo > max(1, 2).\n.output p\n";
    let mut editor = Editor::new(&[]);
    assert_eq!(editor.open("main.dl", text), json!([]));
    let found = &editor.at("hover", "main.dl", (2, 9), &json!({}))["result"]["contents"]["value"];
    let found = found.as_str().unwrap();
    assert!(found.contains("total(r: Reading, label: symbol, lo: number, hi: number)"), "{found}");
    assert!(found.contains("what the reading r comes to"), "{found}");
    let found = &editor.at("hover", "main.dl", (2, 34), &json!({}))["result"]["contents"]["value"];
    assert!(found.as_str().unwrap().contains("the greatest of several values"), "{found}");
    let found = &editor.at("definition", "main.dl", (2, 9), &json!({}))["result"];
    let uri = found[0]["uri"].as_str().unwrap();
    assert!(uri.ends_with("totals.dl"), "{uri}");
    let shown = fs::read_to_string(uri.strip_prefix("file://").unwrap()).unwrap();
    let line = found[0]["range"]["start"]["line"].as_u64().unwrap();
    let line = shown.lines().nth(usize::try_from(line).unwrap()).unwrap();
    assert!(line.starts_with(".decl total("), "{line}");
    let refused = editor.at("rename", "main.dl", (2, 9), &json!({ "newName": "all" }));
    let why = "`total` is declared in totals.dl, a module of the library";
    assert_eq!(refused["error"]["message"], why);
    editor.end();
}

#[test]
fn tests_and_claims_are_judged_too() {
    let rules = ".decl p(x: number)\n.decl q(x: number)\nq(x) :- p(x).\n.output q\n";
    let test = "//@ test \"one\"\np(1).\n//@ expect q(1)\n\n//@ test \"two\"\np(\"a\").\n";
    let claims = "{\"type\": \"source\"}\n";
    let mut editor = Editor::new(&[("r.dl", rules), ("claims.jsonl", claims)]);
    let found = editor.open("r.test.dl", test);
    let codes: Vec<(&Value, &Value)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["code"], &one["range"]["start"]["line"]))
        .collect();
    // A symbol in a column of numbers; a case that expects nothing.
    assert_eq!(codes, [(&json!("H0104"), &json!(5)), (&json!("H0801"), &json!(4))]);
    let found = editor.open("claims.jsonl", claims);
    assert_eq!(found[0]["code"], "H0406");
    assert_eq!(found[0]["range"]["start"]["line"], 0);
    editor.end();
}

#[test]
fn claims_and_documents_that_change_on_disk_are_judged_again() {
    let claims = |quote: &str| {
        format!(
            "{}\n{}\n{}\n{{\"type\":\"claim\",\"id\":\"c1\",\"doc\":\"d\",\"quote\":\"{quote}\",\"span\":[3,{}],\"chain\":\
             [{{\"who\":\"guard\",\"act\":\"said\"}}],\"subject\":\"trucks\",\"predicate\":\"came\",\
             \"object\":\"trucks\",\"modality\":\"stated\"}}\n",
            r#"{"type":"document","id":"d","path":"d.txt","date":"2025-03-04"}"#,
            r#"{"type":"source","id":"guard"}"#,
            r#"{"type":"entity","id":"trucks"}"#,
            3 + quote.len(),
        )
    };
    let mut editor = Editor::new(&[("claims.jsonl", &claims("trucks")), ("d.txt", "No trucks.")]);
    assert_eq!(editor.open("claims.jsonl", &claims("trucks")), json!([]));
    let on_disk = |editor: &mut Editor, name: &str, text: &str| {
        fs::write(editor.path(name), text).unwrap();
        let uri = editor.uri(name);
        let changes = json!({ "changes": [{ "uri": uri, "type": 2 }] });
        editor.tell("workspace/didChangeWatchedFiles", &changes);
        editor.published("claims.jsonl")
    };
    let found = on_disk(&mut editor, "claims.jsonl", &claims("lorries"));
    assert_eq!(found[0]["code"], "H0402", "{found}");
    assert_eq!(on_disk(&mut editor, "d.txt", "No lorries."), json!([]));
    editor.end();
}

#[test]
fn the_end_is_orderly() {
    let mut editor = Editor::new(&[]);
    assert_eq!(editor.ask("shutdown", &Value::Null)["result"], Value::Null);
    editor.tell("$/setTrace", &json!({ "value": "off" }));
    let refused = editor.ask("textDocument/hover", &Value::Null);
    assert_eq!(refused["error"]["code"], -32600, "{refused}");
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.server.wait().unwrap().code(), Some(0));

    let mut editor = Editor::new(&[]);
    editor.to.write_all(b"Content-Length: 99999999999999999\r\n\r\n").unwrap();
    assert_eq!(editor.server.wait().unwrap().code(), Some(2));
}

#[test]
fn half_written_texts_do_no_harm() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/modality.dl");
    let text = fs::read_to_string(rules).unwrap();
    let text = format!("{text}p(\"😀\", x) :- q(x), n = sum y : {{ r(x, y) }}, !s(as(x, T)).\n");
    let uri = lsp_uri("untitled:half");
    let mut workspace = Workspace::new(Settings::default());
    let ends = (0..=text.len()).filter(|&at| text.is_char_boundary(at));
    for end in ends.filter(|at| at % 61 == 0 || text.len() - at < 70) {
        workspace.set(uri.clone(), 1, text[..end].to_owned());
        workspace.refresh();
        let (unit, file) = workspace.document(&uri).unwrap();
        let _shown = hover(unit, Span::new(file, end, end));
        let _offered = complete(unit, file, end);
        let _outline = symbols(unit, file);
    }
}

fn lsp_uri(text: &str) -> lsp_types::Uri {
    lsp_types::Uri::from_str(text).unwrap()
}

#[test]
fn the_grammar_has_the_words_of_the_language() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vscode");
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let package = read("package.json");
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
    let _brackets = &read("language-configuration.json")["brackets"][0];
    let grammar = read("syntaxes/hence.tmLanguage.json");
    let words = |rule: &str, before: &str| -> Vec<String> {
        let pattern = grammar["repository"][rule]["match"].as_str().unwrap();
        let inner = pattern.strip_prefix(before).unwrap().strip_suffix(")\\b").unwrap();
        inner.split('|').map(str::to_owned).collect()
    };
    let mut found: Vec<String> = ["functors", "operators", "aggregates", "constants", "later"]
        .iter()
        .flat_map(|rule| words(rule, "\\b("))
        .collect();
    found.sort();
    let mut known: Vec<&str> = Word::ALL.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(found, known);
    let directives: Vec<&str> = Directive::ALL.iter().map(|one| &one.text()[1..]).collect();
    let mut found = words("directives", "\\.(");
    found.sort();
    let mut known = directives;
    known.sort_unstable();
    assert_eq!(found, known);
}
