//! What is part of the binary: the rule library and the explanations of message codes.

use std::fs;
use std::io::{self, Write, stdout};
use std::path::Path;

use crate::base::nearest::nearest;
use crate::claims::record;
use crate::cli::args::{Explain, Rules, Schema, SchemaArg};
use crate::cli::exit::Exit;
use crate::cli::sink::harmless;
use crate::io::find::shown;
use crate::io::library;
use crate::show::safe::wrap;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};

/// Lists the modules of the library, or writes them into a folder.
///
/// # Errors
/// If a file cannot be written.
pub fn rules(args: &Rules) -> Result<(), Exit> {
    let mut out = stdout().lock();
    let Some(folder) = &args.folder else {
        for (name, text) in library::modules() {
            let first = text.lines().next().unwrap_or("").trim_start_matches(['/', ' ']);
            let about = first.strip_prefix(name).unwrap_or(first).trim_start_matches([':', ' ']);
            writeln!(out, "{name:<20}{about}")?;
        }
        return Ok(());
    };
    let refused = |path: &Path, error: io::Error| {
        Exit::System(format!("{} cannot be written: {error}", shown(path)))
    };
    fs::create_dir_all(folder).map_err(|error| refused(folder, error))?;
    for (name, text) in library::modules() {
        let path = folder.join(name);
        // A module that somebody has changed is not written over.
        #[expect(clippy::disallowed_methods, reason = "the command reads what it would replace")]
        let there = fs::read(&path);
        if there.is_ok_and(|bytes| bytes != text.as_bytes()) {
            let text = format!("{} is there and differs; nothing was written", shown(&path));
            return Err(Exit::System(text));
        }
    }
    for (name, text) in library::modules() {
        let path = folder.join(name);
        #[expect(clippy::disallowed_methods, reason = "the command writes these files")]
        fs::write(&path, text).map_err(|error| refused(&path, error))?;
        writeln!(out, "{}", harmless(&shown(&path)))?;
    }
    Ok(())
}

/// Prints a JSON Schema.
///
/// # Errors
/// If it cannot be written.
///
/// # Panics
/// Never: a schema is JSON.
pub fn schema(args: Schema) -> Result<(), Exit> {
    let mut out = stdout().lock();
    let Some(text) = published(args.what) else {
        let text = serde_json::to_string_pretty(&record::schema()).expect("a schema is JSON");
        writeln!(out, "{text}")?;
        return Ok(());
    };
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// The schema of what hence prints, as it is published; that of what it reads follows from the
/// records.
fn published(what: SchemaArg) -> Option<&'static str> {
    macro_rules! schema {
        ($name:literal) => {
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/schema/",
                $name,
                ".schema.json"
            ))
        };
    }
    Some(match what {
        SchemaArg::Claims => return None,
        SchemaArg::Rows => schema!("rows"),
        SchemaArg::Proof => schema!("proof"),
        SchemaArg::Whynot => schema!("whynot"),
        SchemaArg::Support => schema!("support"),
        SchemaArg::Sources => schema!("sources"),
        SchemaArg::Sensitivity => schema!("sensitivity"),
        SchemaArg::Unused => schema!("unused"),
        SchemaArg::Conflicts => schema!("conflicts"),
        SchemaArg::Diff => schema!("diff"),
        SchemaArg::Check => schema!("check"),
        SchemaArg::Test => schema!("test"),
        SchemaArg::Run => schema!("run"),
        SchemaArg::Profile => schema!("profile"),
        SchemaArg::Cert => schema!("cert"),
        SchemaArg::Note => schema!("note"),
        SchemaArg::Message => schema!("message"),
        SchemaArg::Error => schema!("error"),
    })
}

/// Explains a message code, or lists all of them.
///
/// # Errors
/// If there is no such code.
pub fn explain(args: &Explain) -> Result<(), Exit> {
    let Some(given) = &args.code else {
        let mut out = stdout().lock();
        for code in Code::ALL {
            writeln!(out, "{code}  {}", code.title())?;
        }
        return Ok(());
    };
    let Some(code) = Code::parse(given) else {
        let known = Code::ALL.iter().map(|code| code.text());
        let text = format!("no message has the code `{given}`");
        let message = Diagnostic::new(Code::H0701, text);
        let near = nearest(&given.to_uppercase(), known);
        return Err(Exit::from(match near.first() {
            Some(near) => message.help(format!("the nearest one is {near}")),
            None => message.help("codes look like H0101 or L0201"),
        }));
    };
    let severity = match code.severity() {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let mut out = stdout().lock();
    writeln!(out, "{severity}[{code}]: {}\n", code.title())?;
    for line in wrap(code.about(), 80) {
        writeln!(out, "{line}")?;
    }
    for example in code.examples() {
        writeln!(out, "\n{}", if example.is_wrong { "gives it:" } else { "does not:" })?;
        if let Some(command) = example.command {
            writeln!(out, "    $ {command}")?;
        }
        for (name, text) in &example.files {
            if let Some(name) = name {
                writeln!(out, "  {name}:")?;
            }
            for line in text.lines() {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(())
}
