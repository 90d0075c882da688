//! Running a case: its input, its statements and its changes make a session of their own, in which
//! its expectations are judged. Input and rules that cases share are read once.

use std::mem::take;
use std::path::PathBuf;
use std::slice::from_ref;
use std::sync::Arc;

use crate::base::ids::FileId;
use crate::session::layers::Layer;
use crate::session::options::Options;
use crate::session::session::{Keep, Refused, Session, World};
use crate::session::whatif::Change;
use crate::testing::again::held;
use crate::testing::coverage::{Coverage, Probes};
use crate::testing::directive::{Directive, Says};
use crate::testing::expect::{Asked, Expect, Kept, Kind};
use crate::testing::file::{CaseText, TestFile};
use crate::testing::judge::{Judge, Trouble};
use crate::testing::kept;
use crate::testing::outcome::{CaseResult, Failure, KeptText, Verdict};
use crate::testing::scan::only;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, has_errors};
use crate::text::files::Files;
use crate::text::render::{RenderOptions, render};
use crate::text::span::Span;

/// Runs the cases of one file.
pub struct Runner<'f> {
    file: &'f TestFile,
    options: Options,
    is_covered: bool,
    is_compared: bool,
    probes: Probes,
    bases: Vec<(Vec<PathBuf>, Result<Base, Broken>)>,
}

/// What cases of the same input share.
struct Base {
    session: Session,
    is_evaluated: bool,
}

/// A case that does not run.
pub struct Broken {
    /// Why.
    pub messages: Refused,
    /// The texts that the messages point into.
    pub files: Files,
}

/// A case that runs.
pub struct Subject<'b> {
    /// The session, if the case has statements of its own.
    own: Option<Session>,
    base: &'b mut Session,
    /// What warned.
    pub warnings: Vec<Diagnostic>,
}

impl Subject<'_> {
    /// The session of the case.
    pub fn session(&mut self) -> &mut Session {
        self.own.as_mut().unwrap_or(self.base)
    }

    /// What holds without the additions and changes of the case, and the session that knows it.
    #[must_use]
    pub fn before(&self) -> (&Session, &World) {
        match self.own {
            Some(_) => (self.base, self.base.world()),
            None => (self.base, self.base.ground()),
        }
    }

    /// What holds in the case.
    #[must_use]
    pub fn after(&self) -> (&Session, &World) {
        let session = self.own.as_ref().unwrap_or(self.base);
        (session, session.world())
    }
}

/// Messages as lines of text.
#[must_use]
pub fn rendered(messages: &[Diagnostic], files: &Files) -> Vec<String> {
    let options = RenderOptions::default();
    let text = |message: &Diagnostic| render(message, files, options);
    let texts: Vec<String> = messages.iter().map(text).collect();
    texts.iter().flat_map(|text| text.trim_end().lines()).map(str::to_owned).collect()
}

impl<'f> Runner<'f> {
    /// Runs cases of `file` under `options`, whose input is not used.
    #[must_use]
    pub fn new(file: &'f TestFile, options: &Options) -> Self {
        let mut options = options.clone();
        // A fixture need not fill every relation.
        options.input.allow_missing = true;
        let (is_covered, is_compared) = (false, false);
        let (probes, bases) = (Probes::default(), Vec::new());
        Self { file, options, is_covered, is_compared, probes, bases }
    }

    /// The same, with what each case tries of the rules.
    #[must_use]
    pub fn with_coverage(self, is_covered: bool) -> Self {
        Self { is_covered, ..self }
    }

    /// The same, with all that holds in each case.
    #[must_use]
    pub fn with_held(self, is_compared: bool) -> Self {
        Self { is_compared, ..self }
    }

    /// Runs a case.
    pub fn run(&mut self, case: &CaseText) -> CaseResult {
        let skipped = case.section.directives.iter().find_map(|directive| match &directive.says {
            Says::Skip(reason) => Some(reason.clone()),
            _ => None,
        });
        let mut result = CaseResult {
            name: case.name.clone(),
            line: case.line,
            verdict: Verdict::Passed,
            checks: 0,
            failures: Vec::new(),
            kept: Vec::new(),
            pending: Vec::new(),
            accepted: Vec::new(),
            coverage: None,
            held: None,
        };
        if let Some(reason) = skipped {
            result.verdict = Verdict::Skipped(reason);
            return result;
        }
        let (file, is_covered, is_compared) = (self.file, self.is_covered, self.is_compared);
        let mut probes = take(&mut self.probes);
        match self.subject(case) {
            Ok(mut subject) => {
                judge(file, case, &mut subject, &mut result);
                if is_covered {
                    result.coverage = Some(Box::new(Coverage::of(subject.after().0, &mut probes)));
                }
                if is_compared {
                    result.held = Some(Box::new(held(subject.after().1)));
                }
                if subject.own.is_none() {
                    let session = subject.session();
                    let n = session.layers().open().len();
                    if n > 0 && session.drop_layers(n).is_err() {
                        self.bases.clear();
                    }
                }
            }
            Err(broken) => judge_broken(file, case, &broken, &mut result),
        }
        self.probes = probes;
        if result.verdict == Verdict::Passed && !result.failures.is_empty() {
            result.verdict = Verdict::Failed;
        }
        result
    }

    /// The evaluated session of a case.
    fn subject(&mut self, case: &CaseText) -> Result<Subject<'_>, Broken> {
        let (file, options) = (self.file, self.options.clone());
        let paths = self.inputs(case)?;
        let statements = file.statements(Some(case));
        let has_statements = statements != file.statements(None);
        let wants_messages = case.section.directives.iter().any(wants_messages);
        let wants_before = case.section.directives.iter().any(wants_before);
        let base = self.base(&paths)?;
        let mut own = None;
        let mut warnings = Vec::new();
        if has_statements && !wants_messages {
            let id = base.session.files_mut().add(file.name(), statements.as_str());
            own = base.session.with_facts(id);
        }
        let mut is_evaluated = false;
        if own.is_none() && (has_statements || wants_messages) {
            let mut session = whole(file, statements, &paths, &options)?;
            evaluate(&mut session)?;
            warnings = session.take_warnings();
            is_evaluated = true;
            own = Some(session);
        }
        if let Some(session) = own.as_mut().filter(|_| !is_evaluated) {
            evaluate(session)?;
        }
        if own.is_none() || wants_before {
            base.evaluate(&file.shared.directives, file)?;
        }
        let mut subject = Subject { own, base: &mut base.session, warnings };
        let shared = subject.own.iter().flat_map(|_| &file.shared.directives);
        let directives: Vec<&Directive> = shared.chain(&case.section.directives).collect();
        change(file, &directives, subject.session())?;
        Ok(subject)
    }

    /// Where the input of a case comes from.
    fn inputs(&self, case: &CaseText) -> Result<Vec<PathBuf>, Broken> {
        fn of(directives: &[Directive]) -> Vec<(&Directive, &Option<String>)> {
            let facts = directives.iter().filter_map(|directive| match &directive.says {
                Says::Facts(path) => Some((directive, path)),
                _ => None,
            });
            facts.collect()
        }
        let own = of(&case.section.directives);
        let asked = if own.is_empty() { of(&self.file.shared.directives) } else { own };
        let mut paths = Vec::new();
        for (directive, path) in asked {
            let Some(path) = path else { continue };
            let found = self.file.path.with_file_name(path);
            let is_claims = found.extension().is_some_and(|ending| ending == "jsonl");
            if found.is_dir() || found.is_file() && is_claims {
                paths.push(found);
                continue;
            }
            let text = if found.is_file() {
                format!("`{path}` is neither a folder nor a claims file")
            } else {
                format!("there is no `{path}` beside {}", self.file.name())
            };
            let help =
                "name a folder of R.facts files, or a claims file, whose name ends in .jsonl";
            return Err(broken(self.file, directive, text, help));
        }
        Ok(paths)
    }

    /// What the cases with this input share.
    fn base(&mut self, paths: &[PathBuf]) -> Result<&mut Base, Broken> {
        let known = self.bases.iter().position(|(known, _)| known == paths);
        let at = known.unwrap_or_else(|| {
            let statements = self.file.statements(None);
            let made = whole(self.file, statements, paths, &self.options);
            let base = made.map(|session| Base { session, is_evaluated: false });
            self.bases.push((paths.to_vec(), base));
            self.bases.len() - 1
        });
        match &mut self.bases[at].1 {
            Ok(base) => Ok(base),
            Err(broken) => Err(broken.again()),
        }
    }
}

impl Broken {
    fn again(&self) -> Self {
        Self { messages: self.messages.clone(), files: self.files.clone() }
    }
}

impl Base {
    /// Derives what cases without statements look at.
    fn evaluate(&mut self, shared: &[Directive], file: &TestFile) -> Result<(), Broken> {
        if self.is_evaluated {
            return Ok(());
        }
        evaluate(&mut self.session)?;
        let directives: Vec<&Directive> = shared.iter().collect();
        change(file, &directives, &mut self.session)?;
        self.session.keep_layers();
        self.is_evaluated = true;
        Ok(())
    }
}

/// The session of a program with its input, not yet evaluated.
fn whole(
    file: &TestFile,
    statements: String,
    paths: &[PathBuf],
    options: &Options,
) -> Result<Session, Broken> {
    let options = Options { facts: paths.to_vec(), ..options.clone() };
    let mut session = Session::new(options);
    let mut read = session.load_roots(&file.roots(statements));
    if read.is_ok() && !paths.is_empty() {
        read = session.read_input(Keep::Input);
    }
    match read {
        Ok(()) => Ok(session),
        Err(messages) => Err(Broken { messages, files: session.files().clone() }),
    }
}

fn evaluate(session: &mut Session) -> Result<(), Broken> {
    session
        .evaluate(Keep::Input)
        .map_err(|messages| Broken { messages, files: session.files().clone() })
}

/// Opens a layer with what the directives withdraw, take out and assume.
fn change(file: &TestFile, directives: &[&Directive], session: &mut Session) -> Result<(), Broken> {
    let mut changes = Vec::new();
    for directive in directives {
        let found = match &directive.says {
            Says::Without(name) => match session.target(name) {
                Ok(target) => Ok(vec![Change::Without(target)]),
                Err(messages) => {
                    let first = messages.into_iter().next();
                    let text = first.as_ref().map_or(String::new(), |first| first.message.clone());
                    let help = first.and_then(|first| first.helps.first().cloned());
                    return Err(broken(file, directive, text, &help.unwrap_or_default()));
                }
            },
            Says::Retract(range) | Says::Assume(range) => {
                let asked = Asked { range: range.clone(), condition: None };
                let id = ask(file, &asked, session);
                let found = match &directive.says {
                    Says::Retract(_) => session.retractions(id),
                    _ => session.assumptions(id),
                };
                found.map_err(|messages| {
                    let messages = relocated(file, messages, id, session);
                    let files = session.files_mut();
                    let whole = files.add(file.name(), Arc::clone(&file.text));
                    let span = Span::new(whole, range.start, range.end);
                    let placed = |message: Diagnostic| match message.span() {
                        Some(_) => message,
                        None => message.label(span, ""),
                    };
                    messages.into_iter().map(placed).collect()
                })
            }
            _ => continue,
        };
        changes
            .extend(found.map_err(|messages| Broken { messages, files: session.files().clone() })?);
    }
    if changes.is_empty() {
        return Ok(());
    }
    let layer = Layer { changes, statement: String::new() };
    match session.open_layer(layer) {
        Ok(_) => Ok(()),
        Err(messages) => Err(Broken { messages, files: session.files().clone() }),
    }
}

fn broken(file: &TestFile, directive: &Directive, text: String, help: &str) -> Broken {
    let mut files = Files::new();
    let id = files.add(file.name(), Arc::clone(&file.text));
    let span = Span::new(id, directive.range.start, directive.range.end);
    let mut message = Diagnostic::new(Code::H0801, text).label(span, "");
    if !help.is_empty() {
        message = message.help(help);
    }
    Broken { messages: vec![message], files }
}

/// A text of the session that holds the question at its place in the test file.
pub(super) fn ask(file: &TestFile, asked: &Asked, session: &mut Session) -> FileId {
    let mut text = only(&file.text, from_ref(&asked.range));
    if let Some(at) = asked.condition {
        text.replace_range(at..at + "where".len(), ",    ");
    }
    session.files_mut().add(file.name(), text)
}

/// The messages with their places in the whole text of the test file, in place of `from`, which has
/// a part of it.
#[must_use]
pub fn relocated(
    file: &TestFile,
    mut messages: Refused,
    from: FileId,
    session: &mut Session,
) -> Refused {
    let to = session.files_mut().add(file.name(), Arc::clone(&file.text));
    for message in &mut messages {
        let labels = message.labels.iter_mut().map(|label| &mut label.span);
        let edits = message.fixes.iter_mut().flat_map(|fix| &mut fix.edits);
        for span in labels.chain(edits.map(|edit| &mut edit.span)) {
            if span.file == from {
                span.file = to;
            }
        }
    }
    messages
}

fn wants_messages(directive: &Directive) -> bool {
    matches!(
        directive.says,
        Says::Expect(Expect::Message(..)) | Says::Snapshot(Kept::Check | Kept::Plan(_))
    )
}

fn wants_before(directive: &Directive) -> bool {
    matches!(directive.says, Says::Expect(Expect::Changes(..)) | Says::Snapshot(Kept::Diff))
}

/// How far floats may be off in a case.
fn tolerance(file: &TestFile, case: &CaseText) -> Option<f64> {
    let all = file.shared.directives.iter().chain(&case.section.directives);
    let mut found = all.filter_map(|directive| match directive.says {
        Says::Tolerance(number) => Some(number),
        _ => None,
    });
    found.next_back()
}

fn judge(file: &TestFile, case: &CaseText, subject: &mut Subject<'_>, result: &mut CaseResult) {
    let mut judge = Judge { file, subject, tolerance: tolerance(file, case) };
    let mut names: Vec<String> = Vec::new();
    for directive in &case.section.directives {
        let trouble = match &directive.says {
            Says::Expect(expect) => judge.expect(expect).err(),
            Says::Snapshot(wanted) => match judge.kept(wanted) {
                Ok(body) => {
                    let name = kept::name(file, case, wanted, &mut names);
                    let at = place(file, directive);
                    let written = directive.written.clone();
                    result.kept.push(KeptText { line: at.0, column: at.1, written, name, body });
                    None
                }
                Err(trouble) => Some(trouble),
            },
            _ => continue,
        };
        result.checks += 1;
        result.failures.extend(trouble.map(|trouble| failure(file, directive, trouble)));
    }
}

fn judge_broken(file: &TestFile, case: &CaseText, broken: &Broken, result: &mut CaseResult) {
    let errors: Vec<Diagnostic> =
        broken.messages.iter().filter(|message| message.is_error()).cloned().collect();
    let mut is_expected = false;
    let mut others: Option<&Directive> = None;
    for directive in &case.section.directives {
        match &directive.says {
            Says::Expect(Expect::Message(Kind::Error, code, text)) => {
                is_expected = true;
                result.checks += 1;
                if !errors.iter().any(|message| is_meant(message, *code, text.as_deref())) {
                    let mut lines = vec!["other errors came instead:".to_owned()];
                    lines.extend(rendered(&errors, &broken.files));
                    let trouble = Trouble { lines, proposal: None };
                    result.failures.push(failure(file, directive, trouble));
                }
            }
            Says::Snapshot(Kept::Check) => {
                is_expected = true;
                result.checks += 1;
                let (line, column) = place(file, directive);
                let name = kept::name(file, case, &Kept::Check, &mut Vec::new());
                let written = directive.written.clone();
                let body = rendered(&errors, &broken.files).join("\n");
                result.kept.push(KeptText { line, column, written, name, body });
            }
            Says::Expect(_) | Says::Snapshot(_) => others = others.or(Some(directive)),
            _ => {}
        }
    }
    if is_expected && let Some(directive) = others {
        let text = "the case has an error, so nothing else can be expected of it".to_owned();
        let trouble = Trouble { lines: vec![text], proposal: None };
        result.failures.push(failure(file, directive, trouble));
    }
    if !is_expected {
        result.verdict = Verdict::Errored;
        let lines = rendered(&errors, &broken.files);
        let column = 1;
        let written = String::new();
        let (line, proposal) = (case.line, None);
        result.failures.push(Failure { line, column, written, lines, proposal });
    }
}

/// Whether a message is the expected one.
pub(super) fn is_meant(message: &Diagnostic, code: Option<Code>, text: Option<&str>) -> bool {
    let says = |text: &str| {
        let labels = message.labels.iter().map(|label| label.text.as_str());
        let others = message.notes.iter().chain(&message.helps).map(String::as_str);
        [message.message.as_str()].into_iter().chain(labels).chain(others).any(|s| s.contains(text))
    };
    code.is_none_or(|code| code == message.code) && text.is_none_or(says)
}

/// Line and column of a directive.
fn place(file: &TestFile, directive: &Directive) -> (usize, usize) {
    let (_, whole) = file.files.entries().next().expect("a test file has its text");
    let at = whole.position(directive.range.start);
    (at.line, at.column)
}

fn failure(file: &TestFile, directive: &Directive, trouble: Trouble) -> Failure {
    let (line, column) = place(file, directive);
    let Trouble { lines, proposal } = trouble;
    Failure { line, column, written: directive.written.clone(), lines, proposal }
}

/// The messages of a case that ran, for a snapshot.
#[must_use]
pub fn messages(warnings: &[Diagnostic], files: &Files) -> String {
    debug_assert!(!has_errors(warnings), "a case that runs has no errors");
    if warnings.is_empty() {
        return "no errors, no warnings".to_owned();
    }
    rendered(warnings, files).join("\n")
}
