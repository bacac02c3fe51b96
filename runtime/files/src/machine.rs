//! A folder of this machine.
//!
//! **Promise.** Whatever a path says, whatever links are in its way and whoever renames something meanwhile, nothing
//! outside of the folder is reached, and no pipe is waited for. Two calls that change one file come one after the
//! other, whichever session they are from. **Cost.** A system call or two for each name of a path.

use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, FileType, OpenOptions, OpenOptionsExt as _};

use crate::folder::{Entry, Folder, Found, Kind, Listing, Roots};
use crate::hold::Held;

/// A folder of this machine, open.
#[derive(Debug)]
pub struct Machine {
    dir: Dir,
    real: PathBuf,
    roots: Roots,
}

impl Machine {
    /// Opens a folder, which is called by its path.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Self::open_as(folder, Roots::new(folder))
    }

    /// Opens a folder that is called otherwise. There is nothing beside it.
    pub fn open_as(folder: &Path, roots: Roots) -> io::Result<Self> {
        Ok(Self {
            dir: Dir::open_ambient_dir(folder, ambient_authority())?,
            real: folder.canonicalize()?,
            roots,
        })
    }
}

fn kind_of(kind: FileType) -> Kind {
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

impl Folder for Machine {
    fn roots(&self) -> &Roots {
        &self.roots
    }

    fn look(&self, path: &Path) -> io::Result<Found> {
        let found = self.dir.symlink_metadata(path)?;
        Ok(Found {
            kind: kind_of(found.file_type()),
            bytes: found.len(),
        })
    }

    fn link(&self, path: &Path) -> io::Result<PathBuf> {
        self.dir.read_link_contents(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        // Opening a pipe waits for its other end unless it is asked not to.
        let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = self
            .dir
            .open_with(path, OpenOptions::new().read(true).custom_flags(nonblock))?;
        match file.metadata()?.is_file() {
            true => Ok(Box::new(file)),
            false => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn list(&self, path: &Path, max: usize) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for entry in self.dir.read_dir(path)? {
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
        let mut options = OpenOptions::new();
        let mut file = self.dir.open_with(path, options.write(true).create_new(true))?;
        file.write_all(bytes)?;
        if let Some(like) = like {
            File::set_permissions(&file, self.dir.metadata(like)?.permissions())?;
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.dir.rename(from, &self.dir, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.dir.remove_file(path)
    }

    fn make(&self, path: &Path) -> io::Result<()> {
        self.dir.create_dir(path)
    }

    fn hold(&self, paths: &[&Path]) -> Held {
        Held::wait(paths.iter().map(|path| self.real.join(path)).collect())
    }
}
