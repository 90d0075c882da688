//! `hence-run.json`: what a run read, as it was, and what it wrote.

use std::time::Instant;

use serde_json::{Value, json};

use crate::analysis::keys::keys;
use crate::base::hash::sha256;
use crate::io::find::shown;
use crate::io::input::Loaded;
use crate::io::output::Written;
use crate::session::because::again;
use crate::session::session::{Claims, Session, World};

/// The schema `hence.run/1`: what went in with its hashes, what came out, how long it took.
#[must_use]
pub fn run_file(session: &Session, written: &[Written], start: Instant) -> String {
    let world = session.world();
    let outputs = outputs(world, written);
    let document = json!({
        "schema": "hence.run/1",
        "hence": env!("CARGO_PKG_VERSION"),
        "program": {"files": program(session)},
        "inputs": inputs(world),
        "claims": world.claims.as_ref().map(claims),
        "outputs": outputs,
        "again": again(session),
        "ms": start.elapsed().as_millis().to_string().parse::<u64>().unwrap_or(u64::MAX),
        "exit": 0,
    });
    format!("{document:#}\n")
}

/// The relations written, with their columns and which of these tell the rows apart.
fn outputs(world: &World, written: &[Written]) -> Vec<Value> {
    let program = &world.program;
    let keys = keys(program);
    let output = |one: &Written| {
        let id = program.relation(&one.relation);
        let columns = id.map_or(&[][..], |id| program.relations[id].columns.as_slice());
        let columns = columns.iter().map(|column| {
            let mut about = json!({"name": column.name, "type": column.base.to_string()});
            if program.is_date(column.ty) {
                about["date"] = true.into();
            }
            about
        });
        json!({
            "relation": one.relation,
            "file": one.file,
            "tuples": one.rows,
            "sha256": one.sha256,
            "columns": columns.collect::<Vec<Value>>(),
            "key": id.map_or(&[][..], |id| keys[id].as_slice()),
        })
    };
    written.iter().map(output).collect()
}

/// The rule files, those of the library included.
fn program(session: &Session) -> Vec<Value> {
    let file = |name: &String| {
        let text = session.files().entries().find(|(_, file)| file.name == *name);
        let hash = text.map(|(_, file)| sha256(file.text.as_bytes()));
        json!({"file": name, "sha256": hash})
    };
    session.rule_files().iter().map(file).collect()
}

/// The files of facts.
fn inputs(world: &World) -> Vec<Value> {
    let input = |file: &Loaded| {
        json!({
            "relation": world.program.relations[file.relation].name,
            "file": shown(&file.path),
            "sha256": file.sha256,
            "rows": file.rows,
            "skipped": file.bad_lines.len(),
        })
    };
    world.loaded.iter().map(input).collect()
}

/// The claims files, their documents, and what became of the records.
fn claims(claims: &Claims) -> Value {
    let Claims { records, counts, files, documents, rejected } = claims;
    let files = files
        .iter()
        .map(|file| json!({"file": file.file, "sha256": file.sha256, "records": file.records}));
    let documents = documents.iter().map(
        |document| json!({"id": document.id, "file": document.file, "sha256": document.sha256}),
    );
    let unread = counts.unread.iter().map(|(name, rows)| json!({"relation": name, "rows": rows}));
    json!({
        "files": files.collect::<Vec<Value>>(),
        "documents": documents.collect::<Vec<Value>>(),
        "records": records,
        "claims": counts.claims,
        "rows": counts.rows,
        "unread": unread.collect::<Vec<Value>>(),
        "rejected": rejected.as_ref().map(|lines| lines.lines().count()),
    })
}
