//! How a store gives its guest the directories that its component was granted.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, ResourceTable};

use super::bindings::{preopens, types};
use crate::descriptors::{Descriptor, Descriptors};

use super::budget::Budget;
use super::error::ErrorCode;
use super::mounts::Mounts;

/// The most handles of files, directories, listings and streams that one call holds at a time.
pub const MAX_HANDLES: usize = 256;

/// The files of one call.
pub struct Files {
    pub(super) mounts: Arc<Mounts>,
    pub(super) budget: Arc<dyn Budget>,
    descriptors: Descriptors,
}

impl Files {
    /// The directories of a component, at the cost of a call. `all` is where the places for handles come from.
    pub fn new(mounts: Arc<Mounts>, budget: Arc<dyn Budget>, all: &Descriptors) -> Self {
        Self {
            mounts,
            budget,
            descriptors: all.of_call(MAX_HANDLES),
        }
    }

    /// Room for one more handle.
    pub(super) fn slot(&self) -> Result<Descriptor, ErrorCode> {
        self.descriptors.take().ok_or(ErrorCode::InsufficientMemory)
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
