//! `wasi:filesystem` over the directories that a component was granted, and over nothing else.
//!
//! **Promise.** A guest finds its granted directories as preopens, each to read or also to write, and reaches
//! only regular files and directories beneath them: not by `..`, an absolute path, a link, a rename at the right
//! moment or what the system mounts inside. A directory holds no more than its quota, counted once for all
//! components and calls that use it. What it cannot do it is told by a code; no path of this machine and no
//! system message reaches it.
//!
//! **Bound.** A call holds [`MAX_HANDLES`] handles; one operation moves at most [`MAX_CHUNK`] bytes or reads a
//! batch of names; [`WORKERS`] operations of one directory run at a time. Every call and byte is charged to the
//! [`Budget`] of the call.
//!
//! **Cost.** No operation waits for a disk on the thread of its guest: each is a hop to a thread that may.
//!
//! **Never.** It makes no symbolic or hard link, and follows symbolic links only as long as they stay inside.
//!
//! Start at [`Trees::open`] for a directory of this machine, at [`Mounts`] for the directories of a component, at
//! [`Files`] for those of a call, and link with [`add_to_linker`].

mod account;
mod bindings;
mod budget;
mod census;
mod descriptor;
mod directory;
mod error;
mod holders;
mod host;
mod job;
mod listing;
mod meta;
mod mounts;
mod open_file;
mod resolve;
mod streams;
mod tree;
mod view;

pub use account::Quota;
pub use budget::{Budget, Volume};
pub use error::Error;
pub use mounts::{Mount, Mounts};
pub use open_file::MAX_CHUNK;
pub use tree::{MAX_ENTRIES, Tree, Trees, WORKERS};
pub use view::{Files, FilesAccess, FilesView, MAX_HANDLES, add_to_linker};

#[cfg(test)]
mod tests;
