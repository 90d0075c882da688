//! `hence.toml` and `HENCE_*`: what options are if they are not given. An option on the command line
//! is stronger than the environment, and that than the file, which is looked for in the current
//! folder and above it.

use std::env::{current_dir, split_paths, var};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::{Command, ValueEnum};
use toml::de::Error;
use toml::{Table, Value};

use crate::base::nearest::{alternatives, nearest};
use crate::cli::args::{BadRowsArg, ColorArg, duration, jobs};
use crate::cli::exit::Exit;
use crate::io::find::shown;
use crate::io::library::{Origin, read};
use crate::show::answer::Format;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// The name of the file.
const FILE: &str = "hence.toml";

/// What can be set: the key in the file, the variable, and the option.
const KEYS: [(&str, &str, &str); 7] = [
    ("facts", "HENCE_FACTS", "facts"),
    ("include", "HENCE_INCLUDE", "include"),
    ("format", "HENCE_FORMAT", "format"),
    ("color", "HENCE_COLOR", "color"),
    ("timeout", "HENCE_TIMEOUT", "timeout"),
    ("jobs", "HENCE_JOBS", "jobs"),
    ("bad-rows", "HENCE_BAD_ROWS", "bad_rows"),
];

/// Commands whose time limit is one of another kind.
const OWN_TIMEOUT: &str = "test";

/// What was set, by the ids of options.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The last is what set them.
    values: Vec<(&'static str, Vec<String>, String)>,
}

fn wrong(text: impl Into<String>, help: impl Into<String>) -> Exit {
    Exit::from(Diagnostic::new(Code::H0701, text).help(help))
}

/// Reads the file, if there is one, and the environment.
///
/// # Errors
/// If a key is not known or a value is none.
pub fn load() -> Result<Config, Exit> {
    let here = current_dir().unwrap_or_default();
    // A folder of this name, or a link to nothing, is a mistake to be told.
    let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
    let path = here.ancestors().map(|folder| folder.join(FILE)).find(is_there);
    let mut config = match path {
        Some(path) => of_file(&path, path.parent() == Some(&here))?,
        None => Config::default(),
    };
    for (key, variable, id) in KEYS {
        #[expect(clippy::disallowed_methods, reason = "only cli/ reads the environment")]
        let Some(text) = var(variable).ok().filter(|text| !text.is_empty()) else { continue };
        let values = match key {
            "facts" | "include" => {
                let paths = split_paths(&text).map(|path| path.to_string_lossy().into_owned());
                // Between two colons, or behind the last, stands nothing.
                paths.filter(|path| !path.is_empty()).collect()
            }
            _ => vec![text],
        };
        judge(key, &values).map_err(|help| {
            wrong(format!("{variable}: `{}` is not what it takes", values.join(":")), help)
        })?;
        config.values.retain(|(known, ..)| *known != id);
        config.values.push((id, values, variable.to_owned()));
    }
    let facts = config.values.iter().find(|(id, ..)| *id == "facts");
    if let Some((_, values, by)) = facts {
        FACTS.get_or_init(|| (values.iter().map(PathBuf::from).collect(), by.clone()));
    }
    Ok(config)
}

/// Where facts are looked for if no option says so, and what says that.
static FACTS: OnceLock<(Vec<PathBuf>, String)> = OnceLock::new();

/// What says that facts are looked for there.
#[must_use]
pub fn facts_by(facts: &[PathBuf]) -> &'static str {
    FACTS.get().filter(|(paths, _)| paths == facts).map_or("-F", |(_, by)| by)
}

fn of_file(path: &Path, is_here: bool) -> Result<Config, Exit> {
    let name = if is_here { FILE.to_owned() } else { shown(path) };
    let unread = |reason: String| wrong(format!("{name} cannot be read: {reason}"), FORM);
    let text = read(&Origin::Disk(path.to_owned())).map_err(unread)?;
    let table: Table = text.parse().map_err(|error: Error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        wrong(format!("{name}:{line}: {}", error.message()), FORM)
    })?;
    let folder = if is_here { Path::new("") } else { path.parent().unwrap_or(path) };
    let mut config = Config::default();
    for (key, value) in &table {
        let Some((key, _, id)) = KEYS.iter().find(|(known, ..)| known == key) else {
            let text = format!("{name}: unknown key `{key}`");
            let near = nearest(key, KEYS.iter().map(|(known, ..)| *known));
            return Err(wrong(
                text,
                match alternatives(&near) {
                    Some(near) => format!("did you mean {near}?"),
                    None => FORM.to_owned(),
                },
            ));
        };
        let texts = texts(value).unwrap_or_default();
        let is_list = matches!(*key, "facts" | "include");
        let values: Vec<String> = match is_list {
            true => texts.iter().map(|text| below(folder, text)).collect(),
            false => texts,
        };
        let judged = if values.is_empty() { Err(FORM.to_owned()) } else { judge(key, &values) };
        judged.map_err(|help| wrong(format!("{name}: `{key}` takes something else"), help))?;
        config.values.push((id, values, format!("`{key}` of {name}")));
    }
    Ok(config)
}

/// What the file looks like, for messages.
const FORM: &str = "facts = [\"facts\"], include = [\"rules\"], format = \"table\", color = \"auto\", \
                    timeout = \"30s\", jobs = 4, bad-rows = \"stop\"";

/// A path of the file as seen from the current folder.
fn below(folder: &Path, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let path = PathBuf::from(text);
    let path = if path.is_absolute() { path } else { folder.join(path) };
    path.to_string_lossy().into_owned()
}

/// A text, a number or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(n) => Some(vec![n.to_string()]),
        Value::Array(all) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Whether an option takes these values; else what it takes.
fn judge(key: &str, values: &[String]) -> Result<(), String> {
    fn one_of<T: ValueEnum>(text: &str) -> Result<(), String> {
        let all = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let all: Vec<String> = all.map(|value| value.get_name().to_owned()).collect();
        if all.iter().any(|known| known == text) {
            Ok(())
        } else {
            Err(format!("one of {}", all.join(", ")))
        }
    }
    if matches!(key, "facts" | "include") {
        let is_path = |path: &String| !path.is_empty();
        return values.iter().all(is_path).then_some(()).ok_or_else(|| "paths".to_owned());
    }
    let [text] = values else { return Err(FORM.to_owned()) };
    match key {
        "format" => one_of::<Format>(text),
        "color" => one_of::<ColorArg>(text),
        "bad-rows" => one_of::<BadRowsArg>(text),
        "timeout" => duration(text).map(drop),
        _ => jobs(text).map(drop),
    }
}

impl Config {
    /// Whether nothing was set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The command line with what was set in place of its defaults.
    #[must_use]
    pub fn apply(&self, mut command: Command) -> Command {
        let names: Vec<String> =
            command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        for name in names {
            command = command.mut_subcommand(&name, |one| self.of(one, &name));
        }
        command
    }

    fn of(&self, mut command: Command, name: &str) -> Command {
        for (id, values, _) in &self.values {
            let takes = command.get_arguments().any(|arg| {
                let all = arg.get_possible_values();
                let is_one = |text: &String| all.iter().any(|known| known.get_name() == text);
                arg.get_id() == id
                    && (*id != "format" || all.iter().any(|known| known.get_name() == "table"))
                    && (all.is_empty() || values.iter().all(is_one))
            });
            if takes && (*id, name) != ("timeout", OWN_TIMEOUT) {
                // They live as long as the process does.
                let values: Vec<&'static str> =
                    values.iter().map(|text| &*text.clone().leak()).collect();
                command = command.mut_arg(*id, |arg| arg.default_values(values));
            }
        }
        command
    }
}
