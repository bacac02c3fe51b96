//! The files that a load may read, behind one small trait, so that tests and fuzzers can load from memory.
//!
//! Reading is bounded: nothing here ever returns more than the limit that it was given.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// What stands at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A symbolic link that ends at a regular file.
    Link,
    /// A folder, a pipe, a device.
    Other,
}

/// A view of files. Paths are absolute.
pub trait Files {
    /// What stands at `path`.
    fn kind(&self, path: &Path) -> io::Result<FileKind>;
    /// The path with every link followed.
    fn canonicalise(&self, path: &Path) -> io::Result<PathBuf>;
    /// The content, cut after `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        let link = fs::symlink_metadata(path)?.is_symlink();
        Ok(match (fs::metadata(path)?.is_file(), link) {
            (true, false) => FileKind::Regular,
            (true, true) => FileKind::Link,
            (false, _) => FileKind::Other,
        })
    }

    fn canonicalise(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        fs::File::open(path)?.take(limit).read_to_end(&mut content)?;
        Ok(content)
    }
}

/// Files that exist only in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    /// Puts a file there.
    pub fn insert(&mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), content.into());
    }

    fn find(&self, path: &Path) -> io::Result<&Vec<u8>> {
        self.0.get(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Files for Memory {
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        self.find(&flatten(path)).map(|_| FileKind::Regular)
    }

    /// Every folder exists; a file exists if it was put there.
    fn canonicalise(&self, path: &Path) -> io::Result<PathBuf> {
        let path = flatten(path);
        let folder = self.0.keys().any(|file| file.starts_with(&path));
        if folder {
            Ok(path)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.find(&flatten(path))?.iter().copied().take(limit).collect())
    }
}

/// The path without `.` and `..`, by its text alone.
pub(crate) fn flatten(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                flat.pop();
            }
            other => flat.push(other),
        }
    }
    flat
}
