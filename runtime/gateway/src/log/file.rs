//! The file that lines go to: the day's, up to its limit, the older ones beside it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::place::Place;
use crate::error::{Error, Result};

/// How many older files stay beside the one that is written.
pub(super) const ROTATED: u32 = 5;
/// How long files of other days stay.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// The file.
pub(super) struct File {
    place: Place,
    max_bytes: u64,
    path: PathBuf,
    file: fs::File,
    size: u64,
}

impl File {
    /// Opens the file, and its folder if there is none.
    pub(super) fn open(place: Place, max_bytes: u64) -> Result<Self> {
        let path = place.current();
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(Error::file("create", folder))?;
        }
        let (file, size) = append_to(&path).map_err(Error::file("open", &path))?;
        prune(&place, &path);
        Ok(Self {
            place,
            max_bytes,
            path,
            file,
            size,
        })
    }

    /// Writes lines.
    pub(super) fn write(&mut self, lines: &[String]) -> io::Result<()> {
        let current = self.place.current();
        if current != self.path {
            (self.file, self.size) = append_to(&current)?;
            self.path = current;
            prune(&self.place, &self.path);
        }
        let mut batch = String::new();
        for line in lines {
            let ahead = self.size + (batch.len() + line.len()) as u64;
            if ahead > self.max_bytes && self.size + batch.len() as u64 > 0 {
                self.append(&batch)?;
                batch.clear();
                self.rotate()?;
            }
            batch.push_str(line);
        }
        self.append(&batch)
    }

    fn append(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.size += text.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for nth in (1..ROTATED).rev() {
            let from = numbered(&self.path, nth);
            if from.exists() {
                fs::rename(&from, numbered(&self.path, nth + 1))?;
            }
        }
        fs::rename(&self.path, numbered(&self.path, 1))?;
        (self.file, self.size) = append_to(&self.path)?;
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<(fs::File, u64)> {
    let file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// `openclaw.log` is followed by `openclaw.1.log`.
fn numbered(path: &Path, nth: u32) -> PathBuf {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().into_owned());
    path.with_extension(extension.map_or_else(|| nth.to_string(), |extension| format!("{nth}.{extension}")))
}

/// Removes the files of other days that are old enough. One that cannot be removed stays.
fn prune(place: &Place, current: &Path) {
    let Place::Daily { folder, .. } = place else {
        return;
    };
    let prefix = place.prefix();
    let old = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        // The day of another profile begins with a letter.
        let ours = name.to_str().is_some_and(|name| {
            let day = name.strip_prefix(&prefix).and_then(|rest| rest.chars().next());
            name.ends_with(".log") && day.is_some_and(|first| first.is_ascii_digit())
        });
        let modified = entry.metadata().and_then(|found| found.modified());
        let age = modified
            .ok()
            .and_then(|at| SystemTime::now().duration_since(at).ok());
        ours && entry.path() != current && age.is_some_and(|age| age > KEPT)
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(old) {
        let _ = fs::remove_file(entry.path());
    }
}
