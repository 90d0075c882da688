//! `hence check`: rule files, claims files, and folders of them are read and judged; nothing is
//! derived. A rule file is judged with all that it includes, and with its input if `-F` says where
//! that is.

use std::io::{self, Write, stdout};
use std::mem::take;
use std::path::{Path, PathBuf};
use std::slice::from_ref;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::hash::Set;
use crate::claims::load as claims;
use crate::claims::policies::{self, Keys};
use crate::cli::check_args::{Check, CheckFormat, Deny};
use crate::cli::exit::{CANNOT, Exit, INTERRUPTED, LIMIT, NEGATIVE, code_of};
use crate::cli::fix::Fixes;
use crate::cli::messages::Reporter;
use crate::cli::rewrite::diff;
use crate::cli::session::options;
use crate::cli::sink::harmless;
use crate::io::find::{places, shown};
use crate::program::build::build;
use crate::session::judge::drop_open_inputs;
use crate::session::load::{self, Root, rule_files};
use crate::session::options::Options;
use crate::session::question::policy_keys;
use crate::session::session::{Keep, Session};
use crate::session::stops;
use crate::show::messages::{github, sarif, sarif_result};
use crate::testing::case::relocated;
use crate::testing::file::{ENDING, TestFile};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};
use crate::text::files::Files;
use crate::text::numbers::counted;
use crate::text::render::{self, concise};

/// What is to be checked.
#[derive(Default)]
struct Targets {
    rules: Vec<PathBuf>,
    claims: Vec<PathBuf>,
}

/// Where messages go.
enum Output {
    /// As texts, or as JSON lines, to standard error.
    Text,
    /// Nowhere: only their fixes count.
    Nowhere,
    /// Kept in this format for standard output.
    Kept(CheckFormat, Vec<Value>),
}

/// What was found.
struct Verdict<'a> {
    args: &'a Check,
    reporter: Reporter,
    output: Output,
    fixes: Fixes,
    /// Messages printed: a file that several programs include is judged once.
    seen: Set<String>,
    errors: usize,
    warnings: usize,
    /// Messages with a fix that is certain.
    mendable: usize,
    /// The exit code of what stopped the reading; 0 for nothing.
    stopped: u8,
    rule_files: Set<String>,
    /// What policies the programs read; nothing without programs that can be read.
    keys: Option<Keys>,
    /// Whether a program writes anything.
    writes: bool,
    /// What was read, in numbers.
    parts: Vec<String>,
}

/// Rounds of fixes: one may uncover another.
const FIXES_MAX: usize = 10;

/// Checks rule files and claims.
///
/// # Errors
/// That something is wrong, or that it was stopped.
pub fn run(args: &Check, reporter: Reporter) -> Result<(), Exit> {
    let output = match args.format {
        None | Some(CheckFormat::Full | CheckFormat::Concise) => Output::Text,
        Some(format) => Output::Kept(format, Vec::new()),
    };
    let mut verdict = Verdict::new(args, reporter, output);
    let targets = match targets(&args.paths, &args.input.include) {
        Ok(targets) => targets,
        // A reader of JSON gets a document whatever happens.
        Err(Exit::Refused(messages)) if matches!(verdict.output, Output::Kept(..)) => {
            verdict.add(&messages, &Files::new());
            verdict.conclude()?;
            return Err(Exit::Code(CANNOT));
        }
        Err(exit) => return Err(exit),
    };
    let options = options(&args.input);
    if args.diff {
        return differences(args, reporter, &targets, &options);
    }
    if args.fix {
        fix(args, reporter, &targets, &options)?;
    }
    verdict.judge(&targets, &options);
    if verdict.stopped != 0 {
        if matches!(verdict.output, Output::Kept(..)) {
            verdict.conclude()?;
        }
        return Err(Exit::Code(verdict.stopped));
    }
    verdict.conclude()?;
    if verdict.errors == 0 { Ok(()) } else { Err(Exit::Code(NEGATIVE)) }
}

/// Applies fixes as long as there are new ones.
fn fix(args: &Check, reporter: Reporter, targets: &Targets, options: &Options) -> Result<(), Exit> {
    let mut refused: Vec<String> = Vec::new();
    for _ in 0..FIXES_MAX {
        let mut verdict = Verdict::new(args, reporter, Output::Nowhere);
        verdict.judge(targets, options);
        let mut is_changed = false;
        for file in verdict.fixes.fixed() {
            if refused.contains(&file.name) {
                continue;
            }
            if !file.is_no_worse(options)? {
                reporter.line(&format!("{} is left as it is: fixed, it is worse", file.name));
                refused.push(file.name);
                continue;
            }
            file.write()?;
            is_changed = true;
            for title in &file.titles {
                reporter.line(&format!("fixed {title}"));
            }
        }
        if !is_changed {
            break;
        }
    }
    Ok(())
}

/// Prints what the fixes would change.
fn differences(
    args: &Check,
    reporter: Reporter,
    targets: &Targets,
    options: &Options,
) -> Result<(), Exit> {
    let mut verdict = Verdict::new(args, reporter, Output::Nowhere);
    verdict.judge(targets, options);
    let mut out = stdout().lock();
    let (mut fixes, mut files) = (0, 0);
    for file in take(&mut verdict.fixes).fixed() {
        if file.is_no_worse(options)? {
            let file = file.to_the_end(options, args.guesses, FIXES_MAX)?;
            let text = diff(&file.name, &file.before, &file.after);
            out.write_all(harmless(&text).as_bytes())?;
            fixes += file.titles.len();
            files += 1;
        }
    }
    if verdict.stopped != 0 {
        return Err(Exit::Code(verdict.stopped));
    }
    reporter.line(&format!(
        "{fixes} {} in {}",
        if fixes == 1 { "fix" } else { "fixes" },
        counted(files, "file")
    ));
    if fixes == 0 { Ok(()) } else { Err(Exit::Code(NEGATIVE)) }
}

impl<'a> Verdict<'a> {
    fn new(args: &'a Check, reporter: Reporter, output: Output) -> Self {
        Self {
            args,
            reporter,
            output,
            fixes: Fixes::default(),
            seen: Set::default(),
            errors: 0,
            warnings: 0,
            mendable: 0,
            stopped: 0,
            rule_files: Set::default(),
            keys: None,
            writes: false,
            parts: Vec::new(),
        }
    }

    /// Judges programs, then claims.
    fn judge(&mut self, targets: &Targets, options: &Options) {
        for root in &targets.rules {
            self.program(root, options);
        }
        if !targets.rules.is_empty() {
            let own = self.rule_files.iter().filter(|name| !name.starts_with("lib:")).count();
            self.parts.push(counted(own, "rule file"));
        }
        if !targets.claims.is_empty() {
            self.claims(&targets.claims, options);
        }
        let has_folder = self.args.paths.iter().any(|path| path.is_dir());
        let is_part = !targets.rules.is_empty() && !self.writes && self.errors == 0;
        if has_folder && is_part && !matches!(self.output, Output::Nowhere) {
            self.reporter.line(
                "note: no rule file here writes anything (`.output`): they count as parts of a \
                 program, which may fill what they only read; check that program to judge the whole",
            );
        }
    }

    fn claims(&mut self, targets: &[PathBuf], options: &Options) {
        if let Some((records, claims)) = self.records(targets, options) {
            let records = counted(records, "record");
            let claims = counted(claims, "claim");
            let files = counted(targets.len(), "claims file");
            self.parts.push(format!("{files} ({records}, {claims})"));
        }
    }

    /// Judges claims files; gives how many records and claims there are.
    fn records(&mut self, targets: &[PathBuf], options: &Options) -> Option<(usize, usize)> {
        let mut files = Files::new();
        match claims::load_within(targets, options.claims, &mut files, &options.limits()) {
            Ok(loaded) => {
                self.add(&loaded.diagnostics, &files);
                self.add(&policies::warnings(&loaded, self.keys.as_ref()), &files);
                Some((loaded.records, loaded.claims))
            }
            Err(stop) => {
                let (nothing, _) = build(&[], Arc::default());
                let message = stops::message(&stop, &nothing, options);
                self.note_stop(from_ref(&message));
                self.add(&[message], &files);
                None
            }
        }
    }

    /// Prints the summary, and what was kept for standard output.
    fn conclude(&mut self) -> io::Result<()> {
        let (errors, warnings) = (self.errors, self.warnings);
        let checked = match self.parts.as_slice() {
            [] => "checked nothing".to_owned(),
            parts => format!("checked {}", parts.join(", ")),
        };
        let counts = format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
        let mut out = stdout().lock();
        let (format, values) = match &mut self.output {
            Output::Kept(format, values) => (*format, take(values)),
            Output::Text | Output::Nowhere => {
                if self.mendable > 0 {
                    self.reporter.line(&format!("note: --fix mends {} of these", self.mendable));
                }
                return writeln!(out, "{checked}: {counts}");
            }
        };
        match format {
            CheckFormat::Github => {
                for value in values {
                    writeln!(out, "{}", value.as_str().unwrap_or_default())?;
                }
            }
            CheckFormat::Sarif => writeln!(out, "{:#}", sarif(&values))?,
            CheckFormat::Json | CheckFormat::Full | CheckFormat::Concise => {
                let document = json!({
                    "schema": "hence.check/1",
                    "errors": errors,
                    "warnings": warnings,
                    "messages": values,
                });
                writeln!(out, "{document}")?;
            }
        }
        self.reporter.line(&format!("{checked}: {counts}"));
        Ok(())
    }

    /// Judges a program, and its input if its places are known.
    fn program(&mut self, root: &Path, options: &Options) {
        let mut session = Session::new(options.clone());
        let is_test = root.to_str().is_some_and(|path| path.ends_with(ENDING));
        let test = is_test.then(|| TestFile::read(root).ok()).flatten();
        let roots = self.roots(root, test.as_ref());
        let mut result = session.load_roots(&roots);
        let is_unread = result.is_err();
        if result.is_ok() && !options.facts.is_empty() {
            result = session.read_input(Keep::Nothing);
        }
        let readable = result.is_ok();
        if is_unread && !options.facts.is_empty() {
            // The claims are judged whatever the rules are like.
            self.records(&places(&options.facts).claims, options);
            if !is_test {
                self.rows(&roots, options);
            }
        }
        let mut messages = session.take_warnings();
        messages.extend(result.err().unwrap_or_default());
        self.note_stop(&messages);
        if readable {
            let program = &session.world().program;
            let writes = !(program.outputs.is_empty() && program.printsizes.is_empty());
            self.writes |= writes;
            drop_open_inputs(program, &mut messages);
            let read = policy_keys(program);
            let keys = self.keys.get_or_insert_default();
            keys.named.extend(read.named);
            keys.all |= read.all;
        }
        // A file in error was checked too, though the session does not take it.
        self.rule_files.insert(shown(root));
        self.rule_files.extend(session.rule_files().iter().cloned());
        if let Some(test) = test {
            let loaded = session.files().entries().find(|(_, file)| file.name == test.name());
            if let Some(from) = loaded.map(|(id, _)| id) {
                messages = relocated(&test, messages, from, &mut session);
            }
        }
        self.add(&messages, session.files());
    }

    /// Judges the rows of input whose declarations are sound, though the rules are not.
    fn rows(&mut self, roots: &[Root], options: &Options) {
        let mut session = Session::new(options.clone());
        session.load_declarations(roots);
        let mut messages = session.read_input(Keep::Nothing).err().unwrap_or_default();
        let files = session.files();
        // Claims have been judged.
        messages.retain(|message| {
            message.span().is_some_and(|span| !files.get(span.file).name.ends_with(".jsonl"))
        });
        self.note_stop(&messages);
        self.add(&messages, files);
    }

    /// What is loaded for a path. Of a test file the directives are judged, and the statements that
    /// all its cases share, with the rules that it tests.
    fn roots(&mut self, root: &Path, test: Option<&TestFile>) -> Vec<Root> {
        match test {
            Some(file) => {
                self.add(&file.messages, &file.files);
                file.roots(file.statements(None))
            }
            None => vec![Root::File(root.to_owned())],
        }
    }

    /// A limit or Ctrl-C is no verdict on what is read: it has an exit code of its own.
    fn note_stop(&mut self, messages: &[Diagnostic]) {
        if is_stop(messages) {
            self.stopped = self.stopped.max(code_of(messages));
        }
    }

    fn add(&mut self, messages: &[Diagnostic], files: &Files) {
        let mut new: Vec<Diagnostic> = messages
            .iter()
            .filter(|message| self.seen.insert(concise(message, files)))
            .cloned()
            .collect();
        for message in &mut new {
            let is_denied =
                |deny: &Deny| *deny == Deny::Warnings || *deny == Deny::Code(message.code);
            if self.args.deny.iter().any(is_denied) {
                message.severity = Severity::Error;
            }
        }
        let errors = new.iter().filter(|message| message.is_error()).count();
        self.errors += errors;
        let is_mendable = |message: &&Diagnostic| message.fixes.iter().any(|fix| fix.safe);
        self.mendable += new.iter().filter(is_mendable).count();
        self.warnings += new.len() - errors;
        match &mut self.output {
            Output::Text => self.reporter.print(&new, files),
            Output::Nowhere => {
                self.fixes.collect(&new, files, self.args.guesses);
                // With --diff it is said nowhere else that not all was read.
                new.retain(|message| self.args.diff && is_stop(from_ref(message)));
                self.reporter.print(&new, files);
            }
            Output::Kept(format, values) => values.extend(new.iter().map(|message| match format {
                CheckFormat::Github => Value::from(github(message, files)),
                CheckFormat::Sarif => sarif_result(message, files),
                CheckFormat::Json | CheckFormat::Full | CheckFormat::Concise => {
                    render::json(message, files)
                }
            })),
        }
    }
}

/// Whether a limit or Ctrl-C ended the reading.
fn is_stop(messages: &[Diagnostic]) -> bool {
    matches!(code_of(messages), LIMIT | INTERRUPTED)
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
