//! Relations to files. `R.csv` has one row a line, cells apart by tabs, sorted by value. All files
//! of a run are written into a folder aside that takes the place of the other one at the end, so
//! that a run that fails or dies leaves what was there. Relations are written by all workers, each
//! by one. A text that holds a tab or a line end would read as another row: such
//! characters are written as `\t`, `\n`, `\r`, and counted, so that it never happens unseen.

use std::fs;
use std::io;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;

use memchr::memchr3;
use sha2::{Digest, Sha256};

use crate::base::hash::hexadecimal;
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::io::find::shown;
use crate::io::folder::Aside;
use crate::io::shared::share;
use crate::io::sorted::Sorted;
use crate::program::program::{FileDirective, Program};
use crate::value::symbols::Symbols;
use crate::value::value::Value;

/// Rows between two looks at the stop flag.
const PER_CHECK: usize = 1 << 16;

/// How files are called before they have their names.
const PART: &str = ".part";

/// Files of a run beside its relations.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// Those that are written already, by name and where they are: they are moved.
    pub ready: &'a [(&'a str, &'a Path)],
    /// The last ones, by what was written: names and texts.
    pub last: &'a dyn Fn(&[Written]) -> Vec<NamedText>,
}

/// A file's name and text.
pub type NamedText = (String, String);

/// Why nothing was written.
#[derive(Debug)]
pub enum Failed {
    /// The operating system refused.
    System {
        /// Which path.
        path: PathBuf,
        /// Its reason.
        error: io::Error,
    },
    /// The run was stopped.
    Stopped(Stop),
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

/// Removes hidden folders in which runs into `folder` were building their outputs when they were
/// killed, and says which.
#[must_use]
pub fn clear(folder: &Path) -> Vec<PathBuf> {
    Aside::clear(folder)
}

/// A relation that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name.
    pub relation: String,
    /// The file's name inside the folder, or as given if it is absolute.
    pub file: String,
    /// Rows.
    pub rows: usize,
    /// Cells with a tab or line end, written with a backslash.
    pub escaped: usize,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// What there is to write.
#[derive(Clone, Copy)]
pub struct Output<'a> {
    /// The program whose `.output` directives are followed.
    pub program: &'a Program,
    /// Its relations.
    pub tables: &'a (dyn Tables + Send + Sync),
    /// What may stop the writing.
    pub limits: &'a Limits,
}

impl Output<'_> {
    /// Writes the `.output` relations into `folder`, which is made if it is not there, with the
    /// files that stand beside them.
    ///
    /// # Errors
    /// If something cannot be written or the run is stopped: then every file there is as before.
    pub fn write(&self, folder: &Path, beside: &Beside<'_>) -> Result<Vec<Written>, Failed> {
        fs::create_dir_all(folder).map_err(system(folder))?;
        let aside = Aside::new(folder).map_err(|(path, error)| system(&path)(error))?;
        let part = |i: usize| aside.path.join(format!("{PART}{i}"));
        let outputs = &self.program.outputs;
        let written =
            share(self.limits.workers, outputs.len(), &|i| self.file(&outputs[i], &part(i)));
        let written = written.into_iter().collect::<Result<Vec<Written>, Failed>>()?;
        let mut names: Vec<PathBuf> = Vec::new();
        let mut elsewhere = Vec::new();
        for (i, one) in written.iter().enumerate() {
            match Aside::inside(folder, &one.file) {
                Some(name) => {
                    place(&part(i), &aside.path.join(&name))?;
                    names.push(name);
                }
                None => elsewhere.push((part(i), folder.join(&one.file))),
            }
        }
        for (name, from) in beside.ready {
            place(from, &aside.path.join(name))?;
            names.push(PathBuf::from(name));
        }
        for (name, text) in (beside.last)(&written) {
            let path = aside.path.join(&name);
            #[expect(clippy::disallowed_methods, reason = "this layer writes files")]
            fs::write(&path, text).map_err(system(&path))?;
            names.push(PathBuf::from(name));
        }
        self.limits.check()?;
        for (from, to) in elsewhere {
            place(&from, &to)?;
        }
        aside.publish(folder, &names).map_err(|(path, error)| system(&path)(error))?;
        Ok(written)
    }

    fn file(&self, directive: &FileDirective, path: &Path) -> Result<Written, Failed> {
        #[expect(clippy::disallowed_methods, reason = "this layer writes files")]
        let file = fs::File::create(path).map_err(system(path))?;
        let mut out = BufWriter::with_capacity(1 << 17, file);
        let mut digest = Sha256::new();
        let mut each = |line: &[u8]| {
            digest.update(line);
            out.write_all(line)
        };
        let (rows, escaped) = self.rows(directive, &mut each, &system(path))?;
        out.flush().map_err(system(path))?;
        let sha256 = hexadecimal(&digest.finalize());
        let relation = self.program.relations[directive.relation].name.clone();
        let file = file_name(self.program, directive);
        Ok(Written { relation, file, rows, escaped, sha256 })
    }

    /// Writes the `.output` relations one after the other, each framed by lines as Soufflé does:
    /// a rule of 15 hyphens, the name, a rule of 15 equals signs, the rows, and that rule again.
    ///
    /// # Errors
    /// If something cannot be written or the run is stopped.
    pub fn print(&self, out: &mut dyn Write) -> Result<Vec<Written>, Failed> {
        let stdout = Path::new("standard output");
        let mut written = Vec::new();
        for directive in &self.program.outputs {
            let relation = self.program.relations[directive.relation].name.clone();
            writeln!(out, "---------------\n{relation}\n===============")
                .map_err(system(stdout))?;
            let mut each = |line: &[u8]| out.write_all(line);
            let (rows, escaped) = self.rows(directive, &mut each, &system(stdout))?;
            writeln!(out, "===============").map_err(system(stdout))?;
            let (file, sha256) = ("-".to_owned(), String::new());
            written.push(Written { relation, file, rows, escaped, sha256 });
        }
        Ok(written)
    }

    fn rows(
        &self,
        directive: &FileDirective,
        each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
        refused: &dyn Fn(io::Error) -> Failed,
    ) -> Result<(usize, usize), Failed> {
        let sorted = Sorted::of(self.tables, self.program, directive.relation, self.limits)?;
        let mut escaped = 0;
        let mut line = Vec::new();
        for row in 0..sorted.len() {
            if row % PER_CHECK == 0 {
                self.limits.check()?;
            }
            let cells = sorted.row(row);
            if cells.len() == 0 {
                line.extend_from_slice(b"()");
            }
            for (column, value) in cells.enumerate() {
                if column > 0 {
                    line.push(b'\t');
                }
                escaped += usize::from(cell(&mut line, value, &self.program.symbols));
            }
            line.push(b'\n');
            each(&line).map_err(refused)?;
            line.clear();
        }
        Ok((sorted.len(), escaped))
    }
}

/// Writes a file aside and gives it its name when it is whole, so that no reader finds half of it.
///
/// # Errors
/// If it cannot be written; then what was there is as before.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    // What is no ordinary file, /dev/stdout for instance, has nothing to be kept.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        #[expect(clippy::disallowed_methods, reason = "this layer writes files")]
        return fs::write(path, text);
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.part", process::id()));
    #[expect(clippy::disallowed_methods, reason = "this layer writes files")]
    let written = fs::write(&aside, text).and_then(|()| {
        if let Ok(there) = fs::metadata(path) {
            fs::set_permissions(&aside, there.permissions())?;
        }
        fs::rename(&aside, path)
    });
    if written.is_err() {
        // What there is of it is worth nothing; if it cannot be removed, it has another name.
        fs::remove_file(&aside).unwrap_or(());
    }
    written
}

/// Renames a file, makes the folders of its new name; copies it if that is on another device.
fn place(from: &Path, to: &Path) -> Result<(), Failed> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(system(parent))?;
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(from, to).map(|_| ()).and_then(|()| fs::remove_file(from))
        }
        result => result,
    }
    .map_err(system(to))
}

/// The name of the file that an `.output` directive writes.
#[must_use]
pub fn file_name(program: &Program, directive: &FileDirective) -> String {
    directive.filename.clone().unwrap_or_else(|| {
        let relation = &program.relations[directive.relation].name;
        format!("{}.csv", directive.name.as_ref().unwrap_or(relation))
    })
}

/// Adds a cell to a line; whether it had to be escaped.
fn cell(line: &mut Vec<u8>, value: Value, symbols: &Symbols) -> bool {
    match value {
        Value::Number(n) => {
            if n < 0 {
                line.push(b'-');
            }
            integer(line, n.unsigned_abs());
        }
        Value::Unsigned(n) => integer(line, n),
        Value::Float(_) => line.extend_from_slice(value.plain(symbols).as_bytes()),
        Value::Symbol(symbol) => {
            let text = symbols.text(symbol);
            if memchr3(b'\t', b'\n', b'\r', text.as_bytes()).is_some() {
                let escaped = text.replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
                line.extend_from_slice(escaped.as_bytes());
                return true;
            }
            line.extend_from_slice(text.as_bytes());
        }
    }
    false
}

fn integer(line: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
        if n == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[at..]);
}

fn system(path: &Path) -> impl Fn(io::Error) -> Failed {
    let path = PathBuf::from(shown(path));
    move |error| Failed::System { path: path.clone(), error }
}
