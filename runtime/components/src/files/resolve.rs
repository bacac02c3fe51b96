//! From a directory and a guest's path to an open file beneath that directory.
//!
//! **Promise.** What is opened was reached from the directory by going down, and by `..` no further up than to
//! it. An absolute path, a link that leads out, a link of the kernel's own (`/proc/self/fd`) and anything that is
//! mounted inside are refused, also while somebody renames and replaces what lies on the way. Links that stay
//! inside are followed.
//!
//! **Bound.** The kernel's own: 4096 bytes of path, 40 links. **Cost.** One system call; where the kernel cannot
//! do it in one (before Linux 5.6, or under a filter that does not know it), a few for each name of the path.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::LazyLock;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::meta::Meta;

/// How often a path is tried again that changed while the kernel followed it.
const ATTEMPTS: usize = 32;
/// The most links on one path, as in the kernel.
const MAX_LINKS: usize = 40;
/// The most directories that are held open on one path, where the path is walked here.
const MAX_HELD: usize = 128;

const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

/// Whether the kernel keeps a path beneath a directory by itself.
static KERNEL_CAN: LazyLock<bool> = LazyLock::new(|| {
    rustix::fs::openat2(CWD, c".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), BENEATH).is_ok()
});

/// Opens what a path names beneath a directory. It never creates, never waits for a peer (a FIFO, a lease) and
/// never makes a terminal ours.
pub(super) fn open_beneath(base: impl AsFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let base = base.as_fd();
    let flags = match flags.contains(OFlags::PATH) {
        // Nothing is opened in the end, and the kernel wants to hear nothing about how.
        true => flags | OFlags::CLOEXEC,
        false => flags | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK,
    };
    let opened = match *KERNEL_CAN {
        true => by_kernel(base, path, flags),
        false => by_walking(base, path, flags),
    };
    match opened {
        // Leaving the directory is not permitted; that the way out led to another device is not the guest's.
        Err(Errno::XDEV) => Err(Errno::PERM),
        opened => opened,
    }
}

/// Where a name is to be created, removed or renamed: an open directory and one name in it.
pub(super) struct Place<'a> {
    directory: Held<'a>,
    pub(super) name: &'a str,
    /// The path ended in a slash: it can only name a directory.
    pub(super) must_be_directory: bool,
}

enum Held<'a> {
    Base(BorrowedFd<'a>),
    Beneath(OwnedFd),
}

impl<'a> Place<'a> {
    /// Finds the directory of a path's last name. The name itself is not looked at.
    pub(super) fn find(base: BorrowedFd<'a>, path: &'a str) -> Result<Self, Errno> {
        if path.is_empty() {
            return Err(Errno::NOENT);
        }
        let trimmed = path.trim_end_matches('/');
        let must_be_directory = trimmed.len() < path.len();
        let (parent, name) = trimmed.rsplit_once('/').unwrap_or((".", trimmed));
        if path.starts_with('/') {
            return Err(Errno::PERM);
        }
        if matches!(name, "." | "..") {
            return Err(Errno::INVAL);
        }
        let directory = match parent {
            "." => Held::Base(base),
            parent => Held::Beneath(open_beneath(base, parent, OFlags::PATH | OFlags::DIRECTORY)?),
        };
        Ok(Self {
            directory,
            name,
            must_be_directory,
        })
    }
}

impl AsFd for Place<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.directory {
            Held::Base(directory) => *directory,
            Held::Beneath(directory) => directory.as_fd(),
        }
    }
}

fn by_kernel(base: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    for _ in 0..ATTEMPTS {
        match rustix::fs::openat2(base, path, flags, Mode::empty(), BENEATH) {
            // A rename somewhere on the machine made the kernel unsure of a "..".
            Err(Errno::AGAIN) => std::thread::yield_now(),
            Err(Errno::INTR) => {}
            opened => return opened,
        }
    }
    Err(Errno::BUSY)
}

/// Goes name by name, and holds each directory open: what is renamed meanwhile cannot change where `..` leads,
/// because it is answered from what is held.
fn by_walking(base: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mount = Meta::of(base)?.mount;
    let mut links = 0;
    let mut held: Vec<OwnedFd> = Vec::new();
    let mut names = Names::of(path.as_bytes())?;
    while let Some(name) = names.next() {
        if name.as_bytes() == b".." {
            held.pop().ok_or(Errno::XDEV)?;
            continue;
        }
        let here = held.last().map_or(base, |directory| directory.as_fd());
        let last = names.left.is_empty();
        let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = rustix::fs::openat(here, &name, look, Mode::empty())?;
        let meta = Meta::of(&found)?;
        if meta.mount != mount {
            return Err(Errno::XDEV);
        }
        match meta.kind {
            FileType::Symlink if !last || names.must_be_directory || !flags.contains(OFlags::NOFOLLOW) => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Errno::LOOP);
                }
                let target = rustix::fs::readlinkat(&found, c"", Vec::new())?;
                names.insert(target.as_bytes())?;
            }
            FileType::Directory if held.len() == MAX_HELD => return Err(Errno::NAMETOOLONG),
            FileType::Directory => held.push(found),
            _ if !last || names.must_be_directory => return Err(Errno::NOTDIR),
            _ => return rustix::fs::openat(here, &name, flags | OFlags::NOFOLLOW, Mode::empty()),
        }
    }
    let here = held.last().map_or(base, |directory| directory.as_fd());
    rustix::fs::openat(here, c".", flags, Mode::empty())
}

/// The names of a path that are still to go, the next one last.
struct Names {
    left: Vec<CString>,
    must_be_directory: bool,
}

impl Names {
    fn of(path: &[u8]) -> Result<Self, Errno> {
        if path.is_empty() {
            return Err(Errno::NOENT);
        }
        if path.len() >= 4096 {
            return Err(Errno::NAMETOOLONG);
        }
        let mut names = Self {
            left: Vec::new(),
            must_be_directory: false,
        };
        names.insert(path)?;
        Ok(names)
    }

    /// Puts a path before what is left.
    fn insert(&mut self, path: &[u8]) -> Result<(), Errno> {
        if path.starts_with(b"/") {
            return Err(Errno::XDEV);
        }
        if self.left.is_empty() {
            self.must_be_directory |= [&b"/"[..], b"/.", b"/.."].iter().any(|end| path.ends_with(end));
        }
        for name in path.rsplit(|byte| *byte == b'/') {
            if !matches!(name, b"" | b".") {
                self.left.push(CString::new(name).map_err(|_| Errno::INVAL)?);
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<CString> {
        self.left.pop()
    }
}

#[cfg(test)]
mod tests;
