//! What the tools need of a folder, and no more.
//!
//! **Promise.** The tools hand over paths whose links they have followed themselves, so that both kinds of folder
//! treat links alike. An implementation keeps, or runs where somebody keeps, its borders in spite of whoever renames
//! something meanwhile, and opening never waits for another program.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::hold::Held;

/// What is at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

/// What is known of what is at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// How long it is, if it is a file.
    pub bytes: u64,
}

/// A name in a folder.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// Whether it is a folder, a file or something else.
    pub kind: Kind,
}

/// The names in a folder.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Listing {
    /// Those that are texts, in their order. Others can be neither told nor asked for.
    pub entries: Vec<Entry>,
    /// Whether there are more than were to be looked at.
    pub is_cut: bool,
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (*self as u8).cmp(&(*other as u8))
    }
}

/// Where absolute paths lead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Roots {
    name: PathBuf,
    others: Vec<PathBuf>,
    beside: Vec<PathBuf>,
}

impl Roots {
    /// A folder that is called so.
    pub fn new(name: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            others: Vec::new(),
            beside: Vec::new(),
        }
    }

    /// It is also meant by another name, as on the machine that it is mounted from.
    #[must_use]
    pub fn known_as(mut self, name: impl Into<PathBuf>) -> Self {
        self.others.push(name.into());
        self
    }

    /// Another folder that can be reached, by its absolute path only.
    #[must_use]
    pub fn beside(mut self, folder: impl Into<PathBuf>) -> Self {
        self.beside.push(folder.into());
        self
    }

    /// What the folder is called.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// What is behind one of the folder's names.
    pub(crate) fn strip<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        let mut names = std::iter::once(&self.name).chain(&self.others);
        names.find_map(|name| path.strip_prefix(name).ok())
    }

    /// The folder beside that a path is in.
    pub(crate) fn beside_of(&self, path: &Path) -> Option<&Path> {
        let found = self.beside.iter().find(|folder| path.starts_with(folder));
        found.map(PathBuf::as_path)
    }
}

/// A folder that tools work in. Paths are relative to it, or absolute and in a folder beside it; none has `..`.
pub trait Folder {
    /// What it is called and what is beside it.
    fn roots(&self) -> &Roots;

    /// What is there. A link is not followed.
    fn look(&self, path: &Path) -> io::Result<Found>;

    /// Where a link leads.
    fn link(&self, path: &Path) -> io::Result<PathBuf>;

    /// Opens a regular file to be read.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>>;

    /// The names in a folder, of which up to `max` are looked at.
    fn list(&self, path: &Path, max: usize) -> io::Result<Listing>;

    /// Writes a file that must not be there yet, with the rights of another one if there is one.
    fn create(&self, path: &Path, bytes: &[u8], like: Option<&Path>) -> io::Result<()>;

    /// Puts a file in the place of another one, at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file or a link.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder in one that is there.
    fn make(&self, path: &Path) -> io::Result<()>;

    /// Waits until nobody else in this process changes these files, and keeps others from it.
    fn hold(&self, paths: &[&Path]) -> Held;
}
