//! One directory of this machine that guests may be shown, and everything that its guests share.
//!
//! **Promise.** A directory is one [`Tree`], however many components and calls use it, so that its quota is
//! counted once. What a guest does in it runs on threads that may wait, at most [`WORKERS`] at a time: a disk
//! that hangs holds up its own tree and nothing else.
//!
//! **Cost.** One open directory. Its content is counted when a guest first adds something, and again when there
//! seems to be no room; a tree that is only read is never counted.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustix::fs::{Mode, OFlags, PROC_SUPER_MAGIC};
use rustix::io::Errno;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::account::{Account, Quota, Room, Taken};
use super::bindings::types::MetadataHashValue;
use super::census;
use super::error::{Error, ErrorCode, Op};
use super::holders::Holders;
use super::job::Job;
use super::meta::{Inode, Meta};

/// How many operations of one tree run at a time.
pub const WORKERS: usize = 8;
/// The most entries that are ever counted, whatever the quota says.
pub const MAX_ENTRIES: u64 = 1_000_000;

/// The deepest directory in which a link may be made.
const MAX_DEPTH: usize = 256;

/// File systems that show the kernel beside procfs: devices and drivers, control groups, its own debugging,
/// tracing, settings, security and programs.
const KERNEL: [u32; 8] = [
    0x6265_6572,
    0x0027_e0eb,
    0x6367_7270,
    0x6462_6720,
    0x7472_6163,
    0x6265_6570,
    0x7363_6673,
    0xcafe_4a11,
];

/// The directories of this machine that are in use.
#[derive(Debug)]
pub struct Trees {
    runtime: Handle,
    live: Mutex<HashMap<Inode, Weak<Tree>>>,
}

impl Trees {
    /// No directory yet. The runtime lends the threads on which files are used.
    pub fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            live: Mutex::default(),
        }
    }

    /// Opens a directory, or returns the one that is open already. It waits for the disk.
    ///
    /// A tree lives as long as somebody keeps it; keep it with the component that was granted it, so that its
    /// content is not counted anew for each call.
    pub fn open(&self, path: &Path, quota: Quota) -> Result<Arc<Tree>, Error> {
        let tree = self.share(path, quota)?;
        let held = tree.account.quota();
        match held == quota {
            true => Ok(tree),
            false => Err(Error::Quota {
                path: path.to_owned(),
                held,
                asked: quota,
            }),
        }
    }

    /// Opens a directory whose quota the operator may change while it is in use: it has this one from now on.
    pub fn open_anew(&self, path: &Path, quota: Quota) -> Result<Arc<Tree>, Error> {
        let tree = self.share(path, quota)?;
        tree.account.set_quota(quota);
        Ok(tree)
    }

    /// Opens a directory, or returns the one that is open already, whatever its quota is.
    pub fn share(&self, path: &Path, quota: Quota) -> Result<Arc<Tree>, Error> {
        let failed = |errno: Errno| Error::Directory {
            path: path.to_owned(),
            source: errno.into(),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOCTTY;
        let root = rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?;
        let kind = rustix::fs::fstatfs(&root).map_err(failed)?.f_type;
        if kind == PROC_SUPER_MAGIC || u32::try_from(kind).is_ok_and(|kind| KERNEL.contains(&kind)) {
            return Err(Error::Kernel {
                path: path.to_owned(),
            });
        }
        let inode = Meta::of(&root).map_err(failed)?.inode;
        let above = above(&root).map_err(failed)?;
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|_, tree| tree.strong_count() > 0);
        if let Some(tree) = live.get(&inode).and_then(Weak::upgrade) {
            return Ok(tree);
        }
        let tree = Arc::new(Tree {
            path: path.to_owned(),
            root,
            inode,
            above,
            account: Account::new(quota),
            names: Mutex::default(),
            workers: Arc::new(Semaphore::new(WORKERS)),
            runtime: self.runtime.clone(),
            hash: RandomState::new(),
        });
        live.insert(inode, Arc::downgrade(&tree));
        Ok(tree)
    }
}

/// The directories above a directory, up to the root of the machine.
fn above(directory: &OwnedFd) -> Result<Vec<Inode>, Errno> {
    let up = |from: BorrowedFd<'_>| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(from, c"..", flags, Mode::empty())
    };
    let mut last = Meta::of(directory)?.inode;
    let mut above = Vec::new();
    let mut here = up(directory.as_fd())?;
    loop {
        let inode = Meta::of(&here)?.inode;
        // The root is its own parent.
        if inode == last {
            return Ok(above);
        }
        above.push(inode);
        last = inode;
        here = up(here.as_fd())?;
    }
}

/// One directory of this machine, with its quota.
pub struct Tree {
    path: PathBuf,
    root: OwnedFd,
    inode: Inode,
    above: Vec<Inode>,
    account: Account,
    /// Held while names of the tree change, so that what becomes of a file is decided once.
    names: Mutex<Holders>,
    workers: Arc<Semaphore>,
    runtime: Handle,
    hash: RandomState,
}

impl Tree {
    /// Where it is on this machine.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    pub(super) fn inode(&self) -> Inode {
        self.inode
    }

    /// Whether one is the other or inside it.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.inode == other.inode || self.above.contains(&other.inode) || other.above.contains(&self.inode)
    }

    /// How many directories lie between the tree's own and one beneath it, that one included.
    pub(super) fn depth_of(&self, directory: &impl AsFd) -> Op<usize> {
        let mut here = Meta::of(directory)?.inode;
        let mut held: Option<OwnedFd> = None;
        for depth in 0..MAX_DEPTH {
            if here == self.inode {
                return Ok(depth);
            }
            let from = held.as_ref().map_or_else(|| directory.as_fd(), AsFd::as_fd);
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let above = rustix::fs::openat(from, c"..", flags, Mode::empty())?;
            here = Meta::of(&above)?.inode;
            held = Some(above);
        }
        Err(ErrorCode::NotPermitted)
    }

    /// Starts an operation on a thread that may wait. It runs to its end even if nobody waits for it: what a
    /// write changed must be counted.
    pub(super) fn start<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Job<R> {
        Job::start(&self.runtime, &self.workers, work)
    }

    /// Starts an operation and waits for it.
    pub(super) async fn run<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce() -> Op<R> + Send + 'static,
    ) -> Op<R> {
        self.start(work).await.ok_or(ErrorCode::Io)?
    }

    pub(super) fn names(&self) -> MutexGuard<'_, Holders> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes room for something new. Not while holding the names: a count needs them.
    pub(super) fn take(&self, room: Room) -> Op<Taken<'_>> {
        if let Some(taken) = self.account.take(room) {
            return Ok(taken);
        }
        self.count()?;
        self.account.take(room).ok_or(ErrorCode::Quota)
    }

    pub(super) fn give_back(&self, room: Room) {
        self.account.give_back(room);
    }

    /// Counts, unless somebody did lately. Names stand still meanwhile, so that nothing is moved past the count.
    fn count(&self) -> Op<()> {
        if !self.account.is_stale() {
            return Ok(());
        }
        let names = self.names();
        if !self.account.is_stale() {
            return Ok(());
        }
        let start = self.account.begin_count();
        let census = census::count(&self.root, self.account.quota().entries.min(MAX_ENTRIES))?;
        let found = census.found.plus(names.orphans()?);
        self.account.end_count(&start, found, !census.more);
        Ok(())
    }

    /// A number for a file that tells files apart and tells nothing else.
    pub(super) fn hash(&self, inode: Inode) -> MetadataHashValue {
        MetadataHashValue {
            lower: self.hash.hash_one((inode, 0)),
            upper: self.hash.hash_one((inode, 1)),
        }
    }

    #[cfg(test)]
    pub(super) fn account(&self) -> &Account {
        &self.account
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
