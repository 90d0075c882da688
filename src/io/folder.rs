//! [`Aside`]: a folder built beside the one it stands for, which it takes the place of in one step.
//! Whoever looks at the folder, at any moment and after any death of the process, finds what was
//! there before or all that is new. What stood in it and is not of the run comes along as hard
//! links. Where the system cannot exchange two folders, or the process stands in the folder, the
//! files are renamed one after the other, the last one last.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process;

/// The folder being built; gone when dropped.
#[derive(Debug)]
pub(super) struct Aside {
    /// Where files are written, to be named relative to it.
    pub(super) path: PathBuf,
    /// The folder it stands for, without links on the way, if the two can be exchanged.
    twin: Option<PathBuf>,
    /// Held as long as it is being built, so that nobody takes it for one that was left behind.
    _lock: Option<File>,
}

/// Between the name of a folder and the number of the process that builds another beside it.
const TAG: &str = ".hence-tmp-";

impl Aside {
    /// For `folder`, which is there.
    pub(super) fn new(folder: &Path) -> Result<Self, (PathBuf, io::Error)> {
        if let Some(twin) = exchangeable(folder)
            && let (Some(parent), Some(name)) = (twin.parent(), twin.file_name())
        {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(format!("{TAG}{}", process::id()));
            let path = parent.join(hidden);
            if fs::create_dir(&path).is_ok() {
                return Ok(Self { _lock: locked(&path), path, twin: Some(twin) });
            }
        }
        let path = folder.join(format!("{TAG}{}", process::id()));
        match fs::create_dir(&path) {
            Ok(()) => Ok(Self { _lock: locked(&path), path, twin: None }),
            Err(error) => Err((path, error)),
        }
    }

    /// Removes what processes have left behind that were killed while they built such a folder, and
    /// says what that was.
    pub(super) fn clear(folder: &Path) -> Vec<PathBuf> {
        let mut removed = Vec::new();
        let Ok(twin) = folder.canonicalize() else { return removed };
        let beside = twin.parent().zip(twin.file_name().and_then(|name| name.to_str()));
        let places = [beside.map(|(parent, name)| (parent, format!(".{name}{TAG}")))];
        for (place, start) in places.into_iter().flatten().chain([(&*twin, TAG.to_owned())]) {
            for entry in place.read_dir().into_iter().flatten().flatten() {
                let name = entry.file_name();
                let number = name.to_str().and_then(|name| name.strip_prefix(&start));
                let is_left = number.is_some_and(is_gone) && locked(&entry.path()).is_some();
                if is_left && fs::remove_dir_all(entry.path()).is_ok() {
                    removed.push(entry.path());
                }
            }
        }
        removed.sort();
        removed
    }

    /// The name inside the folder of a file that is named relative to `folder`, or absolutely;
    /// nothing if it lies elsewhere.
    pub(super) fn inside(folder: &Path, file: &str) -> Option<PathBuf> {
        let to = folder.join(file);
        let name = to.file_name()?;
        let plain = Path::new(file)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if plain {
            return Some(PathBuf::from(file));
        }
        let parent = to.parent()?.canonicalize().ok()?;
        let within = parent.strip_prefix(folder.canonicalize().ok()?).ok()?;
        Some(within.join(name))
    }

    /// Puts the files that were written, by their names in the order given, into the folder.
    pub(super) fn publish(
        self,
        folder: &Path,
        names: &[PathBuf],
    ) -> Result<(), (PathBuf, io::Error)> {
        if let Some(twin) = &self.twin
            && self.exchange(twin).is_ok()
        {
            return Ok(());
        }
        for name in names {
            let to = folder.join(name);
            let parent = to.parent().map_or(Ok(()), fs::create_dir_all);
            parent
                .and_then(|()| fs::rename(self.path.join(name), &to))
                .map_err(|error| (to, error))?;
        }
        Ok(())
    }

    /// Exchanges the two folders; then this one holds what was there before.
    fn exchange(&self, twin: &Path) -> io::Result<()> {
        link_rest(twin, &self.path)?;
        fs::set_permissions(&self.path, fs::metadata(twin)?.permissions())?;
        exchange(&self.path, twin)?;
        // What others wrote there meanwhile is not lost. Nobody is left to tell if it cannot come.
        link_rest(&self.path, twin).unwrap_or(());
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // A rest that cannot be removed is hidden and harmless, and there is nobody to tell.
        fs::remove_dir_all(&self.path).unwrap_or(());
    }
}

/// The folder without links on the way. Not one in which this process stands: whoever started it
/// stands there too, most likely, and would be left in a folder that is gone.
fn exchangeable(folder: &Path) -> Option<PathBuf> {
    let twin = folder.canonicalize().ok()?;
    let here = env::current_dir().ok()?.canonicalize().ok()?;
    (cfg!(target_os = "linux") && !here.starts_with(&twin)).then_some(twin)
}

/// Links what is in `from` and not in `to` into `to`, folders within included. A file does not take
/// the place of a folder, nor the other way round.
fn link_rest(from: &Path, to: &Path) -> io::Result<()> {
    for entry in from.read_dir()? {
        let entry = entry?;
        let other = to.join(entry.file_name());
        let there = fs::symlink_metadata(&other);
        if entry.file_type()?.is_dir() {
            match there {
                Err(_) => {
                    fs::create_dir(&other)?;
                    fs::set_permissions(&other, entry.metadata()?.permissions())?;
                }
                Ok(there) if there.is_dir() => {}
                Ok(_) => return Err(io::Error::from(io::ErrorKind::IsADirectory)),
            }
            link_rest(&entry.path(), &other)?;
        } else if there.as_ref().is_ok_and(fs::Metadata::is_dir) {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        } else if there.is_err() {
            fs::hard_link(entry.path(), &other)?;
        }
    }
    Ok(())
}

/// Whether a number is that of a process that is no more; if that cannot be known, it is not.
fn is_gone(number: &str) -> bool {
    let is_number = number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty();
    is_number && Path::new("/proc/self").exists() && !Path::new("/proc").join(number).exists()
}

/// A folder locked for this process alone, if that can be had.
#[cfg(target_os = "linux")]
fn locked(folder: &Path) -> Option<File> {
    use rustix::fs::{FlockOperation, flock};
    #[expect(clippy::disallowed_methods, reason = "this layer opens files")]
    let file = File::open(folder).ok()?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(file)
}

#[cfg(not(target_os = "linux"))]
fn locked(_: &Path) -> Option<File> {
    None
}

#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes and reads what it looks at")]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_run_stays() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        fs::create_dir_all(folder.join("sub/deep")).unwrap();
        for (name, text) in
            [("a.csv", "old"), ("mine", "m"), ("sub/b.csv", "old"), ("sub/deep/x", "x")]
        {
            fs::write(folder.join(name), text).unwrap();
        }
        let aside = Aside::new(&folder).unwrap();
        fs::create_dir(aside.path.join("sub")).unwrap();
        let names = ["a.csv", "sub/b.csv"].map(PathBuf::from);
        for name in &names {
            fs::write(aside.path.join(name), "new").unwrap();
        }
        aside.publish(&folder, &names).unwrap();
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(
            ["a.csv", "mine", "sub/b.csv", "sub/deep/x"].map(text),
            ["new", "m", "new", "x"]
        );
        let left: Vec<_> =
            place.path().read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["out"]);
    }

    #[test]
    fn names_lie_inside_or_elsewhere() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        fs::create_dir_all(folder.join("sub")).unwrap();
        let inside = |file: &str| Aside::inside(&folder, file);
        assert_eq!(inside("a.csv"), Some(PathBuf::from("a.csv")));
        assert_eq!(inside("sub/a.csv"), Some(PathBuf::from("sub/a.csv")));
        assert_eq!(inside("sub/../a.csv"), Some(PathBuf::from("a.csv")));
        assert_eq!(inside("../a.csv"), None);
        let absolute = folder.join("sub/a.csv").display().to_string();
        assert_eq!(inside(&absolute), Some(PathBuf::from("sub/a.csv")));
        assert_eq!(inside(&place.path().join("x").display().to_string()), None);
    }
}
