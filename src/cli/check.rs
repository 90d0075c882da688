//! `hence check`: rule files, claims files, and folders of them are read and judged; nothing is
//! derived. A rule file is judged with all that it includes, and with its input if `-F` says where
//! that is.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::slice::from_ref;
use std::sync::Arc;

use crate::base::hash::Set;
use crate::claims::load as claims;
use crate::claims::policies::{self, Keys};
use crate::cli::args::Check;
use crate::cli::exit::{Exit, INTERRUPTED, LIMIT, NEGATIVE, code_of};
use crate::cli::messages::Reporter;
use crate::cli::session::options;
use crate::io::find::{places, shown};
use crate::io::input::counted;
use crate::program::build::build;
use crate::session::load::{self, rule_files};
use crate::session::options::Options;
use crate::session::question::policy_keys;
use crate::session::session::{Keep, Session};
use crate::session::stops;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::render::concise;

/// What is to be checked.
#[derive(Default)]
struct Targets {
    rules: Vec<PathBuf>,
    claims: Vec<PathBuf>,
}

/// What was found.
struct Verdict {
    reporter: Reporter,
    /// Messages printed: a file that several programs include is judged once.
    seen: Set<String>,
    errors: usize,
    warnings: usize,
    /// The exit code of what stopped the reading; 0 for nothing.
    stopped: u8,
    rule_files: Set<String>,
    /// What policies the programs read; nothing without programs that can be read.
    keys: Option<Keys>,
    /// Whether a program writes anything.
    writes: bool,
}

/// Checks rule files and claims.
///
/// # Errors
/// That something is wrong, or that it was stopped.
pub fn run(args: &Check, reporter: Reporter) -> Result<(), Exit> {
    let targets = targets(&args.paths, &args.input.include)?;
    let mut verdict = Verdict {
        reporter,
        seen: Set::default(),
        errors: 0,
        warnings: 0,
        stopped: 0,
        rule_files: Set::default(),
        keys: None,
        writes: false,
    };
    let options = options(&args.input);
    for root in &targets.rules {
        verdict.program(root, &options);
    }
    let mut parts = Vec::new();
    if !targets.rules.is_empty() {
        let own = verdict.rule_files.iter().filter(|name| !name.starts_with("lib:")).count();
        parts.push(counted(own, "rule file"));
    }
    if !targets.claims.is_empty() {
        let mut files = Files::new();
        let limits = options.limits();
        match claims::load_within(&targets.claims, options.claims, &mut files, &limits) {
            Ok(loaded) => {
                verdict.add(&loaded.diagnostics, &files);
                verdict.add(&policies::warnings(&loaded, verdict.keys.as_ref()), &files);
                let records = counted(loaded.records, "record");
                let claims = counted(loaded.claims, "claim");
                let files = counted(targets.claims.len(), "claims file");
                parts.push(format!("{files} ({records}, {claims})"));
            }
            Err(stop) => {
                let (nothing, _) = build(&[], Arc::default());
                let message = stops::message(&stop, &nothing, &options);
                verdict.note_stop(from_ref(&message));
                verdict.add(&[message], &files);
            }
        }
    }
    let has_folder = args.paths.iter().any(|path| path.is_dir());
    if has_folder && !targets.rules.is_empty() && !verdict.writes && verdict.errors == 0 {
        reporter.line(
            "note: no rule file here writes anything (`.output`): they count as parts of a program, \
             which may fill what they only read; check that program to judge the whole",
        );
    }
    if verdict.stopped != 0 {
        return Err(Exit::Code(verdict.stopped));
    }
    let mut out = stdout().lock();
    let (errors, warnings) =
        (counted(verdict.errors, "error"), counted(verdict.warnings, "warning"));
    writeln!(out, "checked {}: {errors}, {warnings}", parts.join(", "))?;
    if verdict.errors == 0 { Ok(()) } else { Err(Exit::Code(NEGATIVE)) }
}

impl Verdict {
    /// Judges a program, and its input if its places are known.
    fn program(&mut self, root: &Path, options: &Options) {
        let mut session = Session::new(options.clone());
        let mut result = session.load(&[root.to_owned()]);
        if result.is_ok() && !options.facts.is_empty() {
            result = session.read_input(Keep::Nothing);
        }
        let readable = result.is_ok();
        let mut messages = session.take_warnings();
        messages.extend(result.err().unwrap_or_default());
        self.note_stop(&messages);
        if readable {
            let program = &session.world().program;
            let writes = !(program.outputs.is_empty() && program.printsizes.is_empty());
            self.writes |= writes;
            if !writes {
                // What a part of a program reads and does not fill, the whole may fill.
                let declared = |span| program.relations.iter().any(|one| one.span == span);
                messages.retain(|message| {
                    let mut others = message.labels.iter().skip(1);
                    message.code != Code::L0201 || !others.any(|label| declared(label.span))
                });
            }
            let read = policy_keys(program);
            let keys = self.keys.get_or_insert_default();
            keys.named.extend(read.named);
            keys.all |= read.all;
        }
        // A file in error was checked too, though the session does not take it.
        self.rule_files.insert(shown(root));
        self.rule_files.extend(session.rule_files().iter().cloned());
        self.add(&messages, session.files());
    }

    /// A limit or Ctrl-C is no verdict on what is read: it has an exit code of its own.
    fn note_stop(&mut self, messages: &[Diagnostic]) {
        let code = code_of(messages);
        if matches!(code, LIMIT | INTERRUPTED) {
            self.stopped = self.stopped.max(code);
        }
    }

    fn add(&mut self, messages: &[Diagnostic], files: &Files) {
        let new: Vec<Diagnostic> = messages
            .iter()
            .filter(|message| self.seen.insert(concise(message, files)))
            .cloned()
            .collect();
        let errors = new.iter().filter(|message| message.is_error()).count();
        self.errors += errors;
        self.warnings += new.len() - errors;
        self.reporter.print(&new, files);
    }
}

/// Sorts the paths out; a folder stands for the rule files and the claims file in it.
fn targets(paths: &[PathBuf], include: &[PathBuf]) -> Result<Targets, Exit> {
    let mut targets = Targets::default();
    for path in paths {
        if !path.exists() {
            return Err(cannot(format!("{} does not exist", shown(path))));
        }
        if !path.is_dir() {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("jsonl") => targets.claims.push(path.clone()),
                Some("txt" | "md" | "json" | "facts" | "csv" | "tsv" | "html" | "pdf") => {
                    let what = "neither a rule file (.dl) nor a claims file (.jsonl)";
                    return Err(cannot(format!("{} is {what}", shown(path))));
                }
                _ => targets.rules.push(path.clone()),
            }
            continue;
        }
        let rules = rule_files(path);
        let claims = places(from_ref(path)).claims;
        if rules.is_empty() && claims.is_empty() {
            let text = format!("{} has no rule file (*.dl) and no claims.jsonl", shown(path));
            let facts = with_ending(path, "facts");
            if let Some(first) = facts.first() {
                let name =
                    format!("it has fact files, as {first}: name the program that reads them");
                let help = format!("{name}, `hence check PROG.dl -F {}`", shown(path));
                return Err(Exit::from(Diagnostic::new(Code::H0306, text).help(help)));
            }
            return Err(match with_ending(path, "jsonl").as_slice() {
                [] => cannot(text),
                names => {
                    let message = Diagnostic::new(Code::H0306, text);
                    Exit::from(message.help(format!("name claims files: {}", names.join(" "))))
                }
            });
        }
        targets.rules.extend(programs(path, &rules, include));
        targets.claims.extend(claims);
    }
    Ok(targets)
}

/// Files of a folder whose names end in this way.
fn with_ending(folder: &Path, ending: &str) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| folder.join(entry.file_name()))
        .filter(|path| path.extension().is_some_and(|extension| extension == ending))
        .map(|path| shown(&path))
        .collect();
    names.sort();
    names
}

/// The rule files of a folder that no other of them includes: the others are judged as parts of
/// these, which fill what they leave open.
fn programs(folder: &Path, names: &[String], include: &[PathBuf]) -> Vec<PathBuf> {
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    let parts: Vec<Vec<String>> = paths
        .iter()
        .map(|path| load::read(from_ref(path), include, &mut Files::new()).0.names)
        .collect();
    let is_part = |path: &PathBuf, of: &PathBuf, parts: &Vec<String>| {
        path != of && parts.contains(&shown(path))
    };
    let alone = |path: &&PathBuf| {
        // Of files that include each other the first stands for all.
        let mut others = paths.iter().zip(&parts);
        !others.any(|(of, names)| {
            let back = paths
                .iter()
                .position(|other| other == *path)
                .is_some_and(|at| is_part(of, path, &parts[at]) && *path < of);
            is_part(path, of, names) && !back
        })
    };
    paths.iter().filter(alone).cloned().collect()
}

fn cannot(text: String) -> Exit {
    Exit::from(Diagnostic::new(Code::H0306, text))
}
