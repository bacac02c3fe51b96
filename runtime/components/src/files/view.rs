//! How a store gives its guest the directories that its component was granted.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::{HasData, Linker, ResourceTable};

use super::bindings::{preopens, types};
use super::budget::Budget;
use super::error::ErrorCode;
use super::mounts::Mounts;

/// The most handles of files, directories, listings and streams that one call holds at a time.
pub const MAX_HANDLES: usize = 256;

/// The files of one call.
pub struct Files {
    pub(super) mounts: Arc<Mounts>,
    pub(super) budget: Arc<dyn Budget>,
    handles: Arc<Semaphore>,
}

impl Files {
    /// The directories of a component, at the cost of a call.
    pub fn new(mounts: Arc<Mounts>, budget: Arc<dyn Budget>) -> Self {
        Self {
            mounts,
            budget,
            handles: Arc::new(Semaphore::new(MAX_HANDLES)),
        }
    }

    /// Room for one more handle.
    pub(super) fn slot(&self) -> Result<OwnedSemaphorePermit, ErrorCode> {
        Arc::clone(&self.handles)
            .try_acquire_owned()
            .map_err(|_| ErrorCode::InsufficientMemory)
    }
}

/// The files of a call and the table that its handles are in.
pub struct FilesAccess<'a> {
    /// The files.
    pub files: &'a mut Files,
    /// The table of the store, the one that serves `wasi:io` too: it holds the streams.
    pub table: &'a mut ResourceTable,
}

/// A store's data that has files.
pub trait FilesView: Send {
    /// The files and the table.
    fn files(&mut self) -> FilesAccess<'_>;
}

struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = FilesAccess<'a>;
}

/// Links `wasi:filesystem/types` and `wasi:filesystem/preopens`, and nothing else.
///
/// The linker of an async engine is meant; `wasi:io` and `wasi:clocks` are linked by the caller.
pub fn add_to_linker<T: FilesView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    types::add_to_linker::<T, HasFiles>(linker, T::files)?;
    preopens::add_to_linker::<T, HasFiles>(linker, T::files)
}
