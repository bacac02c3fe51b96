//! What a directory holds, by looking at all of it.
//!
//! **Bound.** It ends at the first entry over the most that matters, and says that there is more; it holds
//! [`MAX_OPEN`] directories open, however deep it goes. **Cost.** A system call for each entry, two for a
//! directory and some more for one that is very deep.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Dir, DirEntry, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::account::Room;
use super::meta::{Inode, Meta};

/// How many directories are open at once: those above the lowest are opened again on the way back.
const MAX_OPEN: usize = 64;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub(super) found: Room,
    /// There is more than was looked at.
    pub(super) more: bool,
}

/// A directory that is being counted.
struct Level {
    /// None while it is too far up to be held open.
    directory: Option<Dir>,
    inode: Inode,
    /// Behind the entry that was read last.
    offset: i64,
}

impl Level {
    fn new(directory: Dir) -> Result<Self, Errno> {
        Ok(Self {
            inode: Meta::of(directory.fd()?)?.inode,
            directory: Some(directory),
            offset: 0,
        })
    }

    fn read(&mut self) -> Option<Result<DirEntry, Errno>> {
        let entry = self.directory.as_mut()?.read()?;
        if let Ok(entry) = &entry {
            self.offset = entry.offset();
        }
        Some(entry)
    }

    /// Opens it again from a directory inside of it. False if it is another one by now.
    fn resume(&mut self, inner: &Self) -> Result<bool, Errno> {
        let (None, Some(inner)) = (&self.directory, &inner.directory) else {
            return Ok(true);
        };
        let mut directory = enter(inner.fd()?, c"..")?;
        if Meta::of(directory.fd()?)?.inode != self.inode {
            return Ok(false);
        }
        directory.seek(self.offset)?;
        self.directory = Some(directory);
        Ok(true)
    }
}

/// Counts what is in a directory, itself excluded, up to a number of entries.
pub(super) fn count(root: &OwnedFd, most: u64) -> Result<Census, Errno> {
    let mount = Meta::of(root)?.mount;
    let mut census = Census::default();
    let mut linked = HashSet::new();
    let mut levels = vec![Level::new(enter(root, c".")?)?];
    while let Some(level) = levels.last_mut() {
        let Some(entry) = level.read() else {
            if let Some(inner) = levels.pop()
                && let Some(outer) = levels.last_mut()
                && !outer.resume(&inner)?
            {
                census.more = true;
                break;
            }
            continue;
        };
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let Some(directory) = &level.directory else {
            continue;
        };
        let here = directory.fd()?;
        // What vanished meanwhile, or is closed to this process, is closed to its guests as well.
        let Ok(meta) = Meta::at(here, name) else { continue };
        if meta.mount != mount {
            continue;
        }
        if census.found.entries >= most {
            census.more = true;
            break;
        }
        census.found = census.found.plus(Room::ENTRY);
        match meta.kind {
            FileType::RegularFile if meta.links < 2 || linked.insert(meta.inode) => {
                census.found = census.found.plus(Room::bytes(meta.size));
            }
            FileType::Directory => match enter(here, name) {
                Ok(inner) => {
                    levels.push(Level::new(inner)?);
                    let far = levels.len().checked_sub(MAX_OPEN + 1);
                    if let Some(level) = far.and_then(|far| levels.get_mut(far)) {
                        level.directory = None;
                    }
                }
                Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR | Errno::LOOP) => {}
                Err(other) => return Err(other),
            },
            _ => {}
        }
    }
    Ok(census)
}

fn enter(directory: impl AsFd, name: impl rustix::path::Arg) -> Result<Dir, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Dir::new(rustix::fs::openat(directory, name, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A chain of directories, each with a file of one byte before and one behind the next directory.
    #[test]
    fn all_of_a_tree_is_counted_however_deep_and_with_few_directories_open() {
        const DEPTH: usize = 3 * MAX_OPEN;
        let folder = tempfile::tempdir().unwrap();
        let mut path = folder.path().to_owned();
        for _ in 0..DEPTH {
            fs::write(path.join("a"), "1").unwrap();
            fs::write(path.join("z"), "1").unwrap();
            path.push("d");
            fs::create_dir(&path).unwrap();
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(folder.path(), flags, Mode::empty()).unwrap();
        let census = count(&root, 10_000).unwrap();
        assert!(!census.more);
        let expected = Room::bytes(2 * DEPTH as u64).plus(Room {
            bytes: 0,
            entries: 3 * DEPTH as u64,
        });
        assert_eq!(census.found, expected);
        assert!(count(&root, 100).unwrap().more);
    }
}
