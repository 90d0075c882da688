//! What a run tells of itself while it goes on and at its end: a line on a terminal, `--log` to
//! standard error, `--events` to a file of JSON lines, `--metrics` to a file in the text format of
//! Prometheus.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, IsTerminal, Read as _, Write as _, stderr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::analysis::analysis::Analysis;
use crate::base::ids::Id;
use crate::cli::args::Told;
use crate::cli::exit::{Exit, INTERRUPTED};
use crate::cli::messages::Reporter;
use crate::cli::signals::interrupted;
use crate::engine::watch::{Event, Watch};
use crate::io::find::shown;
use crate::io::output::{Written, replace};
use crate::program::program::Program;
use crate::session::session::Session;
use crate::show::safe::visible;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::numbers::counted;

/// Tells of one run.
#[derive(Debug)]
pub struct Progress {
    start: Instant,
    reporter: Reporter,
    log: bool,
    events: Option<Events>,
    metrics: Option<PathBuf>,
    /// The names of the relations, and how many strata have rules.
    known: OnceLock<(Vec<String>, usize)>,
    now: Mutex<Now>,
    /// Drawn only if standard error is a terminal.
    bar: ProgressBar,
}

/// A run that takes less than this has no line on the terminal.
const SILENT: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Events {
    path: PathBuf,
    file: Mutex<fs::File>,
    failed: OnceLock<io::Error>,
}

/// The stratum that is evaluated.
#[derive(Debug)]
struct Now {
    stratum: usize,
    begun: Instant,
    /// What it derives.
    names: String,
}

/// The metric of the last success, which a run that fails hands on.
const LAST: &str = "hence_last_success_timestamp_seconds";

/// How a file of events begins.
const EVENTS_BEGIN: &str = r#"{"event":"start","#;
/// How a file of metrics begins.
const METRICS_BEGIN: &str = "# HELP hence_";

/// Refuses a file with anything in it but what an earlier run told: a slip of the pen must not cost
/// a rule file. What is no ordinary file has nothing to lose.
fn keep_others(path: &Path, begin: &str) -> Result<(), Exit> {
    if !path.is_file() {
        return Ok(());
    }
    #[expect(clippy::disallowed_methods, reason = "the command line looks before it writes")]
    let file = fs::File::open(path).map_err(|error| unwritable(path, &error))?;
    let mut found = Vec::new();
    let most = u64::try_from(begin.len()).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut found).map_err(|error| unwritable(path, &error))?;
    if found.is_empty() || found == begin.as_bytes() {
        return Ok(());
    }
    let text = format!("{} is there and no run has told of itself in it", shown(path));
    Err(Exit::from(Diagnostic::new(Code::H0306, text).help("name another file")))
}

fn unwritable(path: &Path, error: &io::Error) -> Exit {
    let text = format!("{} cannot be written: {error}", shown(path));
    Exit::from(Diagnostic::new(Code::H0306, text))
}

impl Progress {
    /// As the command line says.
    ///
    /// # Errors
    /// If the file of the events cannot be written, or one of the files is somebody else's.
    pub fn new(args: &Told, reporter: Reporter) -> Result<Arc<Self>, Exit> {
        let start = Instant::now();
        for (path, begin) in [(&args.events, EVENTS_BEGIN), (&args.metrics, METRICS_BEGIN)] {
            path.as_deref().map_or(Ok(()), |path| keep_others(path, begin))?;
        }
        let open = |path: &PathBuf| {
            #[expect(
                clippy::disallowed_methods,
                reason = "the command line writes what it is told"
            )]
            let file = fs::File::create(path).map_err(|error| unwritable(path, &error))?;
            Ok::<_, Exit>(Events {
                path: path.clone(),
                file: Mutex::new(file),
                failed: OnceLock::new(),
            })
        };
        let progress = Self {
            start,
            reporter,
            log: args.log,
            events: args.events.as_ref().map(open).transpose()?,
            metrics: args.metrics.clone(),
            known: OnceLock::new(),
            now: Mutex::new(Now { stratum: 0, begun: start, names: String::new() }),
            bar: bar(reporter, start),
        };
        progress.event(json!({"event": "start", "hence": env!("CARGO_PKG_VERSION")}));
        Ok(Arc::new(progress))
    }

    /// When the run began.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.start
    }

    /// Gets to know the program.
    pub fn know(&self, program: &Program, analysis: &Analysis) {
        let names = program.relations.iter().map(|relation| relation.name.clone()).collect();
        let strata = analysis.strata.iter().filter(|stratum| !stratum.rules.is_empty()).count();
        self.known.get_or_init(|| (names, strata));
    }

    /// Tells of warnings.
    pub fn warnings(&self, warnings: &[Diagnostic]) {
        self.bar.finish_and_clear();
        for warning in warnings {
            let (code, message) = (warning.code.text(), &warning.message);
            self.event(json!({"event": "warning", "code": code, "message": message}));
        }
    }

    fn event(&self, mut event: Value) {
        let Some(Events { file, failed, .. }) = &self.events else { return };
        event["ms"] = milliseconds(self.start).into();
        let line = format!("{event}\n");
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            failed.get_or_init(|| error);
        }
    }

    /// Tells how the run ended.
    ///
    /// # Errors
    /// How it ended; or, if it was done, that this cannot be told.
    pub fn end(
        &self,
        result: Result<Vec<Written>, Exit>,
        session: Option<&Session>,
    ) -> Result<(), Exit> {
        self.bar.finish_and_clear();
        let exit = result.as_ref().map_or_else(code, |_| 0);
        match &result {
            Ok(written) => {
                let rows: usize = written.iter().map(|one| one.rows).sum();
                self.event(json!({"event": "end", "exit": 0, "rows": rows}));
            }
            Err(Exit::Refused(messages)) => {
                let first = messages.iter().find(|message| message.is_error());
                let about = first.map(|first| (first.code.text(), &first.message));
                let (code, message) = about.unzip();
                self.event(json!({
                    "event": "stop", "exit": exit, "code": code, "message": message,
                }));
            }
            Err(_) => self.event(json!({"event": "stop", "exit": exit})),
        }
        let mut told = Ok(());
        if let Some(Events { path, failed, .. }) = &self.events
            && let Some(error) = failed.get()
        {
            told = Err(unwritable(path, error));
        }
        if let Some(path) = &self.metrics {
            let text = self.metrics(exit, session, path);
            let written = replace(path, &text).map_err(|error| unwritable(path, &error));
            told = told.and(written);
        }
        result.and(told)
    }

    fn metrics(&self, exit: u8, session: Option<&Session>, path: &Path) -> String {
        let mut out = String::new();
        let mut add = |name: &str, help: &str, lines: &[(String, String)]| {
            writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge").unwrap_or(());
            for (labels, value) in lines {
                writeln!(out, "{name}{labels} {value}").unwrap_or(());
            }
        };
        let one = |value: String| vec![(String::new(), value)];
        add("hence_exit_code", "How the last run ended; 0 is done.", &one(exit.to_string()));
        let seconds = self.start.elapsed().as_secs_f64();
        add("hence_run_seconds", "Time of the last run.", &one(format!("{seconds:.3}")));
        if let Some(bytes) = peak() {
            add("hence_memory_peak_bytes", "Most memory of the last run.", &one(bytes.to_string()));
        }
        let world = session.and_then(Session::world_if_any);
        if let Some(world) = world {
            let rows = world.input_rows.to_string();
            add("hence_input_rows", "Rows read, those of the program included.", &one(rows));
            let bad: usize = world.loaded.iter().map(|file| file.bad_lines.len()).sum();
            add("hence_bad_rows", "Rows of fact files left out.", &one(bad.to_string()));
            if let Some(tables) = &world.tables {
                let tuples = world.program.relations.entries().map(|(id, relation)| {
                    let label = format!("{{relation=\"{}\"}}", relation.name);
                    (label, tables.len(id).to_string())
                });
                let tuples: Vec<_> = tuples.collect();
                add("hence_tuples", "Tuples of a relation after the last run.", &tuples);
            }
        }
        let last = if exit == 0 { Some(now().to_string()) } else { last_success(path) };
        if let Some(last) = last {
            add(LAST, "When a run was done last.", &one(last));
        }
        out
    }
}

impl Watch for Progress {
    fn tell(&self, event: Event<'_>) {
        let Some((names, of)) = self.known.get() else { return };
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Begin { relations } => {
                let names: Vec<&str> = relations.iter().map(|id| &*names[id.index()]).collect();
                *now = Now {
                    stratum: now.stratum + 1,
                    begun: Instant::now(),
                    names: names.join(", "),
                };
                let number = now.stratum;
                self.event(json!({
                    "event": "stratum", "number": number, "of": of, "relations": names,
                }));
                self.draw(&now, *of, "");
            }
            Event::Round { round, new, tuples } => {
                let number = now.stratum;
                self.event(json!({
                    "event": "round", "number": number, "round": round, "new": new,
                    "tuples": tuples,
                }));
                let seconds = now.begun.elapsed().as_secs_f64().max(0.001);
                #[expect(clippy::cast_precision_loss, reason = "a rate is told in three digits")]
                let rate = tuples as f64 / seconds / 1e6;
                let tuples = counted(tuples, "tuple");
                self.draw(&now, *of, &format!(" · round {round} · {tuples} · {rate:.2} M/s"));
            }
            Event::Complete { tuples, .. } => {
                let Now { stratum: number, begun, names } = &*now;
                self.event(json!({"event": "complete", "number": number, "tuples": tuples}));
                if self.log {
                    let (tuples, ms) = (counted(tuples, "tuple"), milliseconds(*begun));
                    let line = format!("stratum {number}/{of} · {names} · {tuples} · {ms} ms");
                    self.bar.suspend(|| self.reporter.line(&line));
                }
            }
        }
    }
}

impl Progress {
    /// Says on the terminal how far the run is.
    fn draw(&self, now: &Now, of: usize, more: &str) {
        if self.bar.is_hidden() || self.start.elapsed() < SILENT {
            return;
        }
        self.bar.enable_steady_tick(Duration::from_millis(250));
        let memory = resident().map_or_else(String::new, |bytes| format!(" · {} MB", bytes >> 20));
        let Now { stratum, names, .. } = now;
        let names = visible(names);
        self.bar.set_message(format!("stratum {stratum}/{of} · {names}{more}{memory}"));
    }
}

/// A line that is drawn over, unless nobody looks or wants to.
fn bar(reporter: Reporter, start: Instant) -> ProgressBar {
    let target = if stderr().is_terminal() && !reporter.is_quiet() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{elapsed} · {wide_msg}");
    let style = style.expect("the template is right");
    ProgressBar::with_draw_target(None, target).with_style(style).with_elapsed(start.elapsed())
}

/// The exit code of a run that ends so.
fn code(exit: &Exit) -> u8 {
    match exit.code() {
        INTERRUPTED => interrupted(),
        code => code,
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since 1970.
fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a metric says when a run was done")]
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// When a run was done last, by the file that is there.
fn last_success(path: &Path) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the command line reads what it wrote")]
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(LAST)?.strip_prefix(' '))?;
    Some(line.to_owned())
}

/// Most bytes that this process had in memory.
fn peak() -> Option<u64> {
    status("VmHWM:")
}

/// Bytes that this process has in memory.
fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// A line of what the system says of this process, in bytes.
fn status(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "there is no safe call that asks for it")]
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
