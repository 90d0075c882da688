//! [`Shell`]: what a statement does. Answers go to standard output, everything else to standard
//! error; at a terminal and through a pipe alike.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use crate::base::ids::{FileId, RelationId};
use crate::base::nearest::{alternatives, nearest};
use crate::cli::answers::{self, Layout};
use crate::cli::args::WhyFormat;
use crate::cli::entry::{bug, bug_of};
use crate::cli::exit::{self, Exit};
use crate::cli::messages::Reporter;
use crate::cli::repl::about;
use crate::cli::repl::command::{self, COMMANDS, PASTE_END, Statement, Verb};
use crate::cli::repl::settings::{self, Settings};
use crate::cli::repl::watch::Watch;
use crate::cli::repl::{inside, layers, programs, proofs, record, save, words};
use crate::cli::session::width;
use crate::cli::signals;
use crate::cli::sink::{self, stdout};
use crate::cli::why::{self, Last};
use crate::cli::{profile, support, whynot};
use crate::io::find::shown;
use crate::session::answer::Answer;
use crate::session::session::Session;
use crate::show::answer::Format;
use crate::show::schema::signature;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::{counted, grouped};
use crate::text::span::Span;

/// The state of a prompt.
pub struct Shell {
    /// Programs, input, conclusions.
    pub session: Session,
    /// Where messages go.
    pub reporter: Reporter,
    /// How answers are given.
    pub settings: Settings,
    /// What was typed, the oldest first.
    pub history: Vec<String>,
    /// Statements entered at a terminal.
    pub entered: usize,
    /// Whether a person types: then answers are counted and timed.
    pub interactive: bool,
    /// The last answer.
    last: Option<Answer>,
    /// The question that it answers, as typed.
    question: String,
    /// The atom whose proofs were listed last.
    listed: Option<String>,
    /// Files that were read, to see when they change.
    pub watch: Watch,
    /// What was last written by `.save`.
    pub saved: Option<String>,
    /// The last proof.
    proof: Option<Last>,
    told_about_facts: bool,
}

/// What comes after a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The next statement.
    Go,
    /// The end, with an exit code if one was asked for.
    Quit(Option<u8>),
}

impl Shell {
    /// A prompt over an evaluated session.
    #[must_use]
    pub fn new(
        session: Session,
        reporter: Reporter,
        settings: Settings,
        interactive: bool,
    ) -> Self {
        Self {
            watch: Watch::new(&session),
            saved: None,
            session,
            reporter,
            settings,
            history: Vec::new(),
            entered: 0,
            interactive,
            last: None,
            question: String::new(),
            listed: None,
            proof: None,
            told_about_facts: false,
        }
    }

    /// The last answer, whose rows have numbers.
    #[must_use]
    pub fn last(&self) -> Option<&Answer> {
        self.last.as_ref()
    }

    /// The last question, as typed, with its answer.
    #[must_use]
    pub fn asked(&self) -> Option<(&str, &Answer)> {
        self.last.as_ref().map(|answer| (self.question.as_str(), answer))
    }

    /// Does what the text in `file` says. A statement that fails says why and changes nothing; its
    /// exit code comes back. Standard output that cannot be written ends the prompt.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn statement(&mut self, file: FileId) -> Result<Result<Next, u8>, Exit> {
        // A Ctrl-C that came while nothing ran has done its work.
        if signals::ending().is_none() {
            self.session.options().stop.store(false, Ordering::Relaxed);
        }
        let start = Instant::now();
        if self.settings.echo {
            let text = Arc::clone(&self.session.files().get(file).text);
            writeln!(stdout(), "hence> {}", text.trim()).map_err(Exit::Output)?;
        }
        let result = catch_unwind(AssertUnwindSafe(|| self.act(file)));
        sink::release();
        stdout().flush().map_err(Exit::Output)?;
        let mut result = self.said(result);
        if let Some(text) = sink::failed() {
            self.reporter.error(&text);
            result = result.map(|_| Err(exit::CANNOT));
        }
        self.reporter.end();
        if self.settings.timer {
            let time = start.elapsed();
            self.reporter.line(&format!(
                "time: {}.{:03} ms",
                time.as_millis(),
                time.subsec_micros() % 1000
            ));
        }
        result
    }

    /// Says why a statement failed.
    fn said(&self, result: thread::Result<Result<Next, Exit>>) -> Result<Result<Next, u8>, Exit> {
        match result {
            Ok(Ok(next)) => Ok(Ok(next)),
            Ok(Err(Exit::Refused(messages))) => {
                self.reporter.print(&messages, self.session.files());
                Ok(Err(exit::code_of(&messages)))
            }
            Ok(Err(Exit::Code(code))) => Ok(Err(code)),
            Ok(Err(Exit::Bug(text))) => {
                self.reporter.error(&bug_of(&text));
                Ok(Err(exit::BUG))
            }
            Ok(Err(Exit::System(text))) => {
                self.reporter.error(&text);
                Ok(Err(exit::CANNOT))
            }
            Ok(Err(output @ Exit::Output(_))) => Err(output),
            Err(_) => {
                self.reporter.error(&bug());
                Ok(Err(exit::BUG))
            }
        }
    }

    fn act(&mut self, file: FileId) -> Result<Next, Exit> {
        let text = Arc::clone(&self.session.files().get(file).text);
        match command::read(&text) {
            Statement::Nothing => {}
            Statement::Command(Verb::Quit, code) => return quit(code),
            Statement::Command(Verb::Paste, rest) => self.paste(file, rest)?,
            Statement::Command(verb, rest) => self.command(verb, rest)?,
            Statement::Unknown(word, names) => return Err(unknown(word, &names)),
            Statement::Question(_, fact) => self.ask(file, fact)?,
            Statement::Program(_) => self.add(file)?,
        }
        Ok(Next::Go)
    }

    /// What to do where no relation is known at all.
    fn without_rules(&self) -> Option<&'static str> {
        let none = self.session.roots().is_empty() && self.session.typed() == 0;
        none.then_some("no rule file is loaded: `.load FILE`, or start with `hence repl FILE`")
    }

    fn ask(&mut self, file: FileId, fact: bool) -> Result<(), Exit> {
        let start = Instant::now();
        let text = Arc::clone(&self.session.files().get(file).text);
        let word = text.trim().trim_end_matches(['.', '?']).trim_end();
        let answer = if command::is_word(word) {
            let id = self.named(word)?;
            self.session.rows(id)?
        } else {
            self.session.query(file).map_err(|mut messages| {
                let unknown = messages.iter_mut().find(|message| message.code == Code::H0101);
                if let (Some(help), Some(message)) = (self.without_rules(), unknown) {
                    message.helps.push(help.to_owned());
                }
                messages
            })?
        };
        self.print(&answer)?;
        self.reporter.print(&answer.warnings, self.session.files());
        if fact && !self.told_about_facts {
            self.told_about_facts = true;
            self.reporter.line("note: asked, not added: at the prompt an atom is a question");
        }
        self.footer(&answer, file, start);
        self.last = Some(answer);
        self.question = text.to_string();
        Ok(())
    }

    /// The width of the terminal, if there is one.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        width(self.interactive)
    }

    /// The width of the terminal, if answers go to one.
    #[must_use]
    pub fn answer_width(&self) -> Option<usize> {
        self.width().filter(|_| sink::is_standard())
    }

    /// Prints an answer where answers go.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print(&mut self, answer: &Answer) -> Result<(), Exit> {
        // A number is of use where `.why` takes it, at a terminal and in a pipe alike.
        let numbered = answer.atoms.is_some() && !answer.columns.is_empty();
        let layout = Layout { numbered, ..self.settings.layout(self.width()) };
        let format = self.settings.format;
        answers::print(answer, format, layout, &mut stdout().lock())?;
        stdout().flush()?;
        Ok(())
    }

    /// The relation of this name; if there is none the nearest relations or commands.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(&self, word: &str) -> Result<RelationId, Exit> {
        self.session.relation(word).map_err(|mut messages| {
            let command = format!(".{word}");
            let mut names = COMMANDS.iter().map(|about| about.name);
            let near = names.clone().find(|name| *name == command);
            let near = near.or_else(|| nearest(&command, names.by_ref()).first().copied());
            if let (Some(near), Some(message)) = (near, messages.first_mut()) {
                message.helps.push(format!("commands start with a dot: {near}"));
            }
            if let (Some(help), Some(message)) = (self.without_rules(), messages.first_mut()) {
                message.helps.push(help.to_owned());
            }
            Exit::from(messages)
        })
    }

    /// What there is to say after an answer.
    fn footer(&self, answer: &Answer, file: FileId, start: Instant) {
        if let Some(reason) = &answer.reason {
            self.reporter.line(&format!("no answer: {reason}"));
            if let Some(nearest) = whynot::nearest(&self.session, file) {
                self.reporter.line(&format!("nearest: {nearest}"));
            }
            return;
        }
        if !self.interactive || self.settings.format != Format::Table {
            return;
        }
        let n = answer.rows.len();
        let count = match (n, answer.columns.is_empty()) {
            (_, true) => String::new(),
            (1, _) => "1 answer, ".to_owned(),
            (n, _) => format!("{} answers, ", grouped(n)),
        };
        let hint = match (&answer.atoms, n) {
            (Some(_), 1) => "        .why shows the proof",
            (Some(_), n) if n > 1 => "        .why N for a row",
            _ => "",
        };
        self.reporter.line(&format!("{count}{} ms{hint}", start.elapsed().as_millis()));
    }

    fn add(&mut self, file: FileId) -> Result<(), Exit> {
        let start = Instant::now();
        let before = self.session.world().program.relations.len();
        self.session.add_typed(file)?;
        // Its steps name rules by their numbers.
        self.proof = None;
        let warnings = self.session.take_warnings_of_questions();
        self.reporter.print(&warnings, self.session.files());
        let world = self.session.world();
        let added = world.program.relations.entries().skip(before);
        for (id, relation) in added {
            let tuples = match world.tables().len(id) {
                1 => "1 tuple".to_owned(),
                n => format!("{} tuples", grouped(n)),
            };
            self.reporter.line(&format!("{}: {tuples}", signature(&world.program, relation)));
        }
        if self.interactive {
            self.reporter.line(&format!("{} ms", start.elapsed().as_millis()));
        }
        Ok(())
    }

    /// Adds the lines between `.paste` and `.end` as a part of a rule file: facts are facts.
    fn paste(&mut self, file: FileId, rest: &str) -> Result<(), Exit> {
        let files = self.session.files();
        let whole = files.get(file);
        let (text, name) = (Arc::clone(&whole.text), whole.name.clone());
        let first = text.find('\n').map_or(text.len(), |end| end + 1);
        let stands_alone = text[..first].split_whitespace().count() == 1;
        let Some(body) = rest.strip_suffix(PASTE_END).filter(|_| stands_alone) else {
            let message = Diagnostic::new(Code::H0701, "`.paste` stands alone on its line");
            return Err(Exit::from(message.help("the lines up to `.end` are read as a rule file")));
        };
        let line = files.position(Span::new(file, first, first)).line;
        if body.trim().is_empty() {
            return Ok(());
        }
        let end = text.trim_end().len() - PASTE_END.len();
        let part = self.session.files_mut().excerpt(name, &text[first..end], line);
        self.add(part)
    }

    fn command(&mut self, verb: Verb, rest: &str) -> Result<(), Exit> {
        let changes = [Verb::Without, Verb::Assume, Verb::Retract, Verb::Drop, Verb::Keep];
        if changes.contains(&verb) {
            // What the proof shown last rests on may be gone.
            self.proof = None;
        }
        match verb {
            Verb::Why => return self.why(rest),
            Verb::Whynot => return whynot::at_prompt(&mut self.session, rest),
            Verb::Support => return self.support(rest),
            Verb::Sources => return self.sources(rest),
            Verb::Sensitivity => return self.sensitivity(rest),
            Verb::Unused => return layers::unused(self, rest),
            Verb::Conflicts => return layers::conflicts(self, rest),
            Verb::Without | Verb::Assume | Verb::Retract => {
                return layers::open(self, verb, rest);
            }
            Verb::Diff => return layers::diff(self, rest),
            Verb::Drop => return layers::drop(self, rest),
            Verb::Keep => return layers::keep(self, rest),
            Verb::Layers => return layers::list(self),
            Verb::Format
            | Verb::Rows
            | Verb::Timer
            | Verb::Echo
            | Verb::Bail
            | Verb::To
            | Verb::Set => return settings::decide(self, verb, rest),
            Verb::All => return settings::all(self),
            Verb::History => return settings::history(self, rest),
            Verb::Export => return settings::export(self, rest),
            Verb::Read => return settings::read(self, rest),
            Verb::Graph => return inside::graph(self, rest),
            Verb::Steps => return inside::steps(self, rest),
            Verb::Stats => return inside::stats(self),
            Verb::Profile => return profile::at_prompt(self, rest),
            Verb::Check => return inside::check(self),
            Verb::Test => return record::test(self, rest),
            Verb::Record => return record::record(self, rest),
            Verb::Save => {
                save::save(self, rest)?;
                self.saved = Some(save::statements(&self.session));
                return Ok(());
            }
            Verb::Shell => return programs::run(self, rest),
            Verb::Edit => return programs::edit(self, rest),
            Verb::Unload => return self.unload(rest),
            _ => {}
        }
        self.about(verb, rest)
    }

    /// What the program is, and of what files.
    fn about(&mut self, verb: Verb, rest: &str) -> Result<(), Exit> {
        let world = self.session.world();
        let width = self.answer_width();
        let mut out = stdout().lock();
        match verb {
            Verb::Rels => about::relations(world, rest, width, &mut out),
            Verb::Schema if rest.is_empty() => about::schemas(world, &mut out),
            Verb::Schema => about::schema(&self.session, self.named(rest)?, &mut out),
            Verb::Rules => about::rules(&self.session, rest, &mut out),
            Verb::Load => {
                let mut roots = self.session.roots().to_vec();
                let new = paths(rest, ".load")?;
                roots.extend(new);
                let options = self.session.options().clone();
                self.again(|session| session.again(options, &roots))
            }
            Verb::Reload => {
                let (options, roots) =
                    (self.session.options().clone(), self.session.roots().to_vec());
                self.again(|session| session.again(options, &roots))
            }
            Verb::Facts => {
                let new = paths(rest, ".facts")?;
                if let Some(absent) = new.iter().find(|path| !path.exists()) {
                    let text = format!("{} does not exist", absent.display());
                    return Err(Exit::from(Diagnostic::new(Code::H0306, text)));
                }
                let mut options = self.session.options().clone();
                options.facts.extend(new);
                let roots = self.session.roots().to_vec();
                self.again(|session| session.again(options, &roots))
            }
            Verb::Help => about::help(rest, width, &mut out),
            _ => Ok(()),
        }
    }

    /// What is not in any file, in words.
    #[must_use]
    pub fn unsaved(&self) -> Option<String> {
        let unfiled = save::unfiled(&self.session);
        let is_saved = self.saved.as_deref() == Some(save::statements(&self.session).as_str());
        (!unfiled.is_empty() && !is_saved).then_some(unfiled)
    }

    /// Takes rule files, or places of input, out again.
    fn unload(&mut self, rest: &str) -> Result<(), Exit> {
        let gone = paths(rest, ".unload")?;
        let mut options = self.session.options().clone();
        let mut roots = self.session.roots().to_vec();
        for path in gone {
            let is_it =
                |known: &PathBuf| *known == path || known.file_name() == Some(path.as_os_str());
            let before = roots.len() + options.facts.len();
            roots.retain(|known| !is_it(known));
            options.facts.retain(|known| !is_it(known));
            if roots.len() + options.facts.len() == before {
                let all = self.session.roots().iter().chain(&self.session.options().facts);
                let all: Vec<String> = all.map(|path| shown(path)).collect();
                let text = format!("{} is not loaded", shown(&path));
                let help = format!("loaded are {}", all.join(", "));
                let message = Diagnostic::new(Code::H0306, text);
                return Err(Exit::from(if all.is_empty() { message } else { message.help(help) }));
            }
        }
        self.again(|session| session.again(options, &roots))
    }

    fn again(
        &mut self,
        load: impl FnOnce(&mut Session) -> Result<(), Vec<Diagnostic>>,
    ) -> Result<(), Exit> {
        load(&mut self.session)?;
        self.watch = Watch::new(&self.session);
        self.last = None;
        self.listed = None;
        self.proof = None;
        let warnings = self.session.take_warnings_of_questions();
        self.reporter.print(&warnings, self.session.files());
        self.reporter.line(&about::banner(&self.session, None));
        Ok(())
    }

    /// The atom of a row, from 0, of the last answer.
    fn atom(&self, row: usize) -> Option<String> {
        self.last.as_ref()?.atom(row)
    }

    /// The atom that is meant: the one given, that of a row of the last answer, or of its first.
    fn meant(&self, rest: &str) -> Result<String, Exit> {
        match (rest, rest.parse::<usize>()) {
            ("", _) => self.atom(0).ok_or_else(nothing_asked),
            (_, Ok(row)) => {
                let found = row.checked_sub(1).and_then(|row| self.atom(row));
                found.ok_or_else(|| no_row(row, self.last.as_ref()))
            }
            (atom, Err(_)) => {
                let program = &self.session.world().program;
                if command::is_word(atom) && program.relation(atom).is_none() {
                    self.named(atom)?;
                }
                Ok(atom.to_owned())
            }
        }
    }

    fn support(&mut self, rest: &str) -> Result<(), Exit> {
        let (flags, rest) = words::apart(Verb::Support, rest);
        let ask = support::Ask::of(&flags, Verb::Support)?;
        let atom = self.meant(rest)?;
        let file = self.session.files_mut().add("support", atom);
        support::print_support(&mut self.session, file, (support::View::Sets, ask), self.reporter)
    }

    fn sources(&mut self, rest: &str) -> Result<(), Exit> {
        let (flags, rest) = words::apart(Verb::Sources, rest);
        let ask = support::Ask::of(&flags, Verb::Sources)?;
        let is_row = rest.parse::<usize>().is_ok();
        if ask.fragile || ask.echo || ask.necessary || !(is_row || rest.contains('(')) {
            return support::print_sources(&self.session, &relations(rest), ask);
        }
        let atom = self.meant(rest)?;
        let file = self.session.files_mut().add("sources", atom);
        support::print_support(
            &mut self.session,
            file,
            (support::View::Accounts, ask),
            self.reporter,
        )
    }

    fn sensitivity(&self, rest: &str) -> Result<(), Exit> {
        let (flags, rest) = words::apart(Verb::Sensitivity, rest);
        let ask = support::Ask::of(&flags, Verb::Sensitivity)?;
        support::print_sensitivity(&self.session, &relations(rest), ask)
    }

    fn why(&mut self, line: &str) -> Result<(), Exit> {
        let (args, rest) = proofs::read(line)?;
        if let Some(Ok(n)) = rest.strip_prefix('#').map(str::parse) {
            let last = self.proof.as_mut().ok_or_else(nothing_shown)?;
            return why::below(&self.session, last, n, &args);
        }
        let atom = match &self.listed {
            Some(atom) if rest.is_empty() && !args.diff.is_empty() => atom.clone(),
            _ => self.meant(rest)?,
        };
        if args.all || args.top.is_some() {
            self.listed = Some(atom.clone());
        }
        let file = self.session.files_mut().add("why", atom);
        let how = (&args, (WhyFormat::Text, None));
        let shown = why::show(&mut self.session, file, how, self.reporter)?;
        self.proof = shown.or_else(|| self.proof.take());
        Ok(())
    }
}

/// Names of relations.
fn relations(rest: &str) -> Vec<String> {
    words::names(rest).into_iter().map(str::to_owned).collect()
}

fn nothing_shown() -> Exit {
    let text = "no proof was shown yet";
    Exit::from(Diagnostic::new(Code::H0701, text).help("`.why ATOM` shows one"))
}

fn nothing_asked() -> Exit {
    let text = "no answer to explain yet";
    Exit::from(Diagnostic::new(Code::H0701, text).help("ask for an atom first, or give one"))
}

fn no_row(row: usize, last: Option<&Answer>) -> Exit {
    let text = match last {
        None => format!("no row {row}: nothing was asked yet"),
        Some(Answer { atoms: None, .. }) => {
            format!("no row {row}: the last question did not have one atom only")
        }
        Some(answer) => {
            let rows = counted(answer.rows.len(), "row");
            format!("no row {row}: the last answer has {rows}")
        }
    };
    Exit::from(Diagnostic::new(Code::H0701, text).help("`.why ATOM` explains an atom"))
}

/// `.quit [CODE]`
fn quit(code: &str) -> Result<Next, Exit> {
    if code.is_empty() {
        return Ok(Next::Quit(None));
    }
    match code.parse() {
        Ok(code) => Ok(Next::Quit(Some(code))),
        Err(_) => {
            let text = format!("`{code}` is no exit code");
            Err(Exit::from(Diagnostic::new(Code::H0701, text).help("a number from 0 to 255")))
        }
    }
}

/// Why a word that starts with a dot is no command.
pub(super) fn unknown(word: &str, names: &[&str]) -> Exit {
    let message = match names {
        [] if !word.contains(char::is_alphanumeric) => {
            let text = format!("`{word}` alone asks nothing");
            let help = "a question is an atom, as relation(x)?; `.help` lists the commands";
            return Exit::from(Diagnostic::new(Code::H0701, text).help(help));
        }
        [] => Diagnostic::new(Code::H0701, format!("no command `{word}`")),
        several => {
            let text = format!("`{word}` may mean {}", several.join(", "));
            return Exit::from(Diagnostic::new(Code::H0701, text));
        }
    };
    let near = nearest(word, COMMANDS.iter().map(|about| about.name));
    Exit::from(match alternatives(&near) {
        Some(near) => message.help(format!("did you mean {near}?")),
        None => message.help("`.help` lists the commands"),
    })
}

fn paths(rest: &str, command: &str) -> Result<Vec<PathBuf>, Exit> {
    let paths: Vec<PathBuf> = rest.split_whitespace().map(PathBuf::from).collect();
    if paths.is_empty() {
        let text = format!("`{command}` needs a path");
        return Err(Exit::from(Diagnostic::new(Code::H0701, text)));
    }
    Ok(paths)
}
