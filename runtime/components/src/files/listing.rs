//! The names in a directory, as a guest asks for them one by one.
//!
//! **Bound.** [`BATCH`] names are held at a time, however many there are.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Dir, DirEntry, FileType};

use crate::descriptors::Descriptor as Place;

use super::bindings::types::DirectoryEntry;
use super::directory::Directory;
use super::error::{ErrorCode, Op};
use super::meta::{Meta, kind_of};
use super::tree::Tree;

/// How many names are read ahead.
const BATCH: usize = 128;

/// A listing under way.
#[allow(unreachable_pub, reason = "the generated traits name it as their own")]
pub struct Listing {
    tree: Arc<Tree>,
    source: Arc<Mutex<Dir>>,
    ready: VecDeque<Op<DirectoryEntry>>,
    finished: bool,
    _slot: Place,
}

impl Listing {
    /// Begins at the first name.
    pub(super) async fn open(directory: Directory, slot: Place) -> Op<Self> {
        let tree = Arc::clone(directory.tree());
        let source = tree.run(move || directory.entries()).await?;
        Ok(Self {
            tree,
            source: Arc::new(Mutex::new(source)),
            ready: VecDeque::new(),
            finished: false,
            _slot: slot,
        })
    }

    /// The next name; nothing at the end. A name that is not text is left out: a guest could not ask for it, and what
    /// lists for it takes an error for the end and would hide the names behind it.
    pub(super) async fn next(&mut self) -> Op<Option<DirectoryEntry>> {
        if self.ready.is_empty() && !self.finished {
            let source = Arc::clone(&self.source);
            let batch = self
                .tree
                .start(move || read(&source))
                .await
                .ok_or(ErrorCode::Io)?;
            self.finished = batch.len() < BATCH;
            self.ready = batch;
        }
        self.ready.pop_front().transpose()
    }
}

fn read(source: &Mutex<Dir>) -> VecDeque<Op<DirectoryEntry>> {
    let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
    let mut batch = VecDeque::new();
    while batch.len() < BATCH {
        let Some(entry) = source.read() else { break };
        let is_text = |entry: &DirEntry| entry.file_name().to_str().is_ok();
        if entry.as_ref().is_ok_and(|entry| !is_text(entry)) {
            continue;
        }
        let entry = entry.map_err(ErrorCode::from).and_then(|entry| {
            let name = entry.file_name();
            let kind = match entry.file_type() {
                // Some file systems do not say it along with the name.
                FileType::Unknown => Meta::at(source.fd()?, name)?.kind,
                kind => kind,
            };
            let name = name.to_str().map_err(|_| ErrorCode::IllegalByteSequence)?;
            Ok(DirectoryEntry {
                type_: kind_of(kind),
                name: name.to_owned(),
            })
        });
        if !matches!(&entry, Ok(entry) if matches!(entry.name.as_str(), "." | "..")) {
            batch.push_back(entry);
        }
    }
    batch
}
