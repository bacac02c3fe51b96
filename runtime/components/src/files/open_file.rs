//! A regular file that a guest has open.
//!
//! **Promise.** It grows only into room that was taken before, and what it loses is given back. Two writers of
//! one file, of one guest or of two, are counted as they happen, one after the other.
//!
//! **Bound.** One read or write moves at most [`MAX_CHUNK`] bytes. Everything here waits for the disk, so it is
//! called from the threads of the tree.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, PoisonError};

use rustix::fs::Timestamps;

use super::account::Room;
use super::error::{ErrorCode, Op};
use super::holders::Hold;
use super::meta::{Inode, Meta};
use super::tree::Tree;

/// The most that one read or write moves.
pub const MAX_CHUNK: usize = 64 * 1024;

/// The rights of a descriptor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub(super) read: bool,
    pub(super) write: bool,
    /// Whether times may be set: the directory was granted for writing.
    pub(super) change: bool,
}

pub(super) struct OpenFile {
    tree: Arc<Tree>,
    file: Arc<File>,
    /// Until it is closed.
    hold: Option<Hold>,
    pub(super) inode: Inode,
    pub(super) rights: Rights,
}

impl OpenFile {
    /// Takes a file that was opened, and was found to be a regular one, with its hold.
    pub(super) fn new(tree: &Arc<Tree>, file: Arc<File>, hold: Hold, rights: Rights) -> Self {
        let (tree, inode) = (Arc::clone(tree), hold.inode);
        Self {
            tree,
            file,
            hold: Some(hold),
            inode,
            rights,
        }
    }

    pub(super) fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    pub(super) fn meta(&self) -> Op<Meta> {
        Ok(Meta::of(&self.file)?)
    }

    /// Reads what is at an offset; nothing at the end of the file.
    pub(super) fn read(&self, length: usize, offset: u64) -> Op<Vec<u8>> {
        let mut buffer = vec![0; length.min(MAX_CHUNK)];
        let read = self.file.read_at(&mut buffer, offset)?;
        buffer.truncate(read);
        Ok(buffer)
    }

    /// Writes at an offset, as much as the disk takes.
    pub(super) fn write(&self, data: &[u8], offset: u64) -> Op<usize> {
        self.changing_size(|size| self.write_sized(data, offset, size))
    }

    /// Writes at the end, as much as the disk takes.
    pub(super) fn append(&self, data: &[u8]) -> Op<usize> {
        self.changing_size(|size| self.write_sized(data, size, size))
    }

    pub(super) fn set_size(&self, wanted: u64) -> Op<()> {
        self.changing_size(|size| {
            let taken = self.tree.take(Room::bytes(wanted.saturating_sub(size)))?;
            rustix::fs::ftruncate(&self.file, wanted)?;
            taken.keep(Room::bytes(wanted.saturating_sub(size)));
            self.tree.give_back(Room::bytes(size.saturating_sub(wanted)));
            Ok(())
        })
    }

    pub(super) fn set_times(&self, times: &Timestamps) -> Op<()> {
        // Another name of the file may be outside.
        if self.meta()?.links > 1 {
            return Err(ErrorCode::NotPermitted);
        }
        Ok(rustix::fs::futimens(&self.file, times)?)
    }

    /// Waits until what was written is on the disk.
    pub(super) fn sync(&self, data_only: bool) -> Op<()> {
        if !self.rights.write {
            return Ok(());
        }
        Ok(if data_only {
            self.file.sync_data()
        } else {
            self.file.sync_all()
        }?)
    }

    /// Closes it where waiting is allowed, and waits for that, so that the room it leaves is there at once. With
    /// other holders of this descriptor it is left to them.
    pub(super) async fn close(file: Arc<Self>) {
        let tree = Arc::clone(&file.tree);
        tree.start(move || {
            if let Some(mut file) = Arc::into_inner(file) {
                file.let_go();
            }
        })
        .await;
    }

    fn let_go(&mut self) {
        if let Some(hold) = self.hold.take() {
            let mut names = self.tree.names();
            let room = names.remove(&hold);
            self.tree.give_back(room);
        }
    }

    /// Does something that depends on the size, while nobody else changes it.
    fn changing_size<R>(&self, change: impl FnOnce(u64) -> Op<R>) -> Op<R> {
        let hold = self.hold.as_ref().ok_or(ErrorCode::BadDescriptor)?;
        let _sizes = hold.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        change(self.meta()?.size)
    }

    fn write_sized(&self, data: &[u8], offset: u64, size: u64) -> Op<usize> {
        let end = |written: usize| {
            let end = u64::try_from(written)
                .ok()
                .and_then(|written| offset.checked_add(written));
            // The offsets of the system are signed.
            end.filter(|end| *end <= i64::MAX.unsigned_abs())
                .ok_or(ErrorCode::FileTooLarge)
        };
        if data.is_empty() {
            return Ok(0);
        }
        let taken = self
            .tree
            .take(Room::bytes(end(data.len())?.saturating_sub(size)))?;
        let written = self.file.write_at(data, offset)?;
        taken.keep(Room::bytes(end(written)?.saturating_sub(size)));
        Ok(written)
    }
}

impl Drop for OpenFile {
    /// A call that was stopped closes nothing itself. It cannot wait here for whoever holds the names.
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            let tree = Arc::clone(&self.tree);
            drop(self.tree.start(move || {
                let mut names = tree.names();
                let room = names.remove(&hold);
                tree.give_back(room);
            }));
        }
    }
}
