//! A folder as the standard library sees it.
//!
//! **Promise.** None about borders against somebody who renames things meanwhile: it is for a guest, whose host keeps
//! them, and for tests.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use crate::folder::{Entry, Folder, Found, Kind, Listing, Roots};
use crate::hold::Held;

/// A folder whose borders somebody else keeps.
#[derive(Clone, Debug)]
pub struct Plain {
    base: PathBuf,
    roots: Roots,
}

impl Plain {
    /// The folder at `base`, which is called as `roots` says.
    pub fn new(base: impl Into<PathBuf>, roots: Roots) -> Self {
        Self {
            base: base.into(),
            roots,
        }
    }

    /// An absolute path stays as it is: it is in a folder beside this one.
    fn at(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }
}

fn kind_of(kind: fs::FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Link
    } else {
        Kind::Other
    }
}

impl Folder for Plain {
    fn roots(&self) -> &Roots {
        &self.roots
    }

    fn look(&self, path: &Path) -> io::Result<Found> {
        let found = fs::symlink_metadata(self.at(path))?;
        Ok(Found {
            kind: kind_of(found.file_type()),
            bytes: found.len(),
        })
    }

    fn link(&self, path: &Path) -> io::Result<PathBuf> {
        fs::read_link(self.at(path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        let path = self.at(path);
        // Opening a pipe would wait for its other end.
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(Box::new(fs::File::open(path)?))
    }

    fn list(&self, path: &Path, max: usize) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for entry in fs::read_dir(self.at(path))? {
            if listing.entries.len() == max {
                listing.is_cut = true;
                break;
            }
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                let kind = kind_of(entry.file_type()?);
                listing.entries.push(Entry { name, kind });
            }
        }
        listing.entries.sort();
        Ok(listing)
    }

    fn create(&self, path: &Path, bytes: &[u8], like: Option<&Path>) -> io::Result<()> {
        let path = self.at(path);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        file.write_all(bytes)?;
        // A guest knows no rights of files.
        #[cfg(not(target_os = "wasi"))]
        if let Some(like) = like {
            file.set_permissions(fs::metadata(self.at(like))?.permissions())?;
        }
        #[cfg(target_os = "wasi")]
        let _ = like;
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.at(path))
    }

    fn make(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(self.at(path))
    }

    /// Each call has the process for itself.
    fn hold(&self, _: &[&Path]) -> Held {
        Held::alone()
    }
}
