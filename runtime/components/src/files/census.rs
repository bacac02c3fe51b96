//! What a directory holds, by looking at all of it.
//!
//! **Bound.** It ends at the first entry over the most that matters, and goes [`MAX_DEPTH`] directories deep; it
//! holds as many open. What it did not see it says. **Cost.** A system call for each entry, two for a directory.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::account::Room;
use super::meta::Meta;

/// How many directories deep a count goes.
pub(super) const MAX_DEPTH: usize = 128;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub(super) found: Room,
    /// There is more than was looked at.
    pub(super) more: bool,
}

/// Counts what is in a directory, itself excluded, up to a number of entries.
pub(super) fn count(root: &OwnedFd, most: u64) -> Result<Census, Errno> {
    let mount = Meta::of(root)?.mount;
    let mut census = Census::default();
    let mut linked = HashSet::new();
    let mut open = vec![enter(root, c".")?];
    loop {
        let depth = open.len();
        let Some(directory) = open.last_mut() else { break };
        let Some(entry) = directory.read() else {
            open.pop();
            continue;
        };
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
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
            FileType::Directory if depth > MAX_DEPTH => census.more = true,
            FileType::Directory => match enter(here, name) {
                Ok(inner) => open.push(inner),
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
