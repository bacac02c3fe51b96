//! The tools that read, search and change files: `read`, `write`, `edit`, `apply_patch`, `grep`, `find` and `ls`.
//!
//! **Promise.** A tool says the same, byte for byte, about the same files, wherever it runs: in the gateway over a
//! folder of this machine, or in a sandbox over what that was given. What a call asks for is checked as a whole before
//! the first byte is written, and whoever reads a file meanwhile sees the old one or the new one. What goes wrong is a
//! text for the model and never the message of a system.
//!
//! **Bound.** What is changed has up to [`FILE_BYTES`], what is read page by page or searched up to [`READ_BYTES`].
//! Every answer is bounded in lines and bytes, every search in files, bytes and time.
//!
//! **Never.** It reaches nothing but the [`Folder`] it is handed, and it decides nothing about who may call which tool.
//!
//! Start at [`Tool::call`]. With the feature `machine` there is `Machine`, a folder that keeps its own borders;
//! [`Plain`] leaves them to whoever runs it.

mod answer;
mod arguments;
mod diff;
mod edit;
mod file;
mod find;
mod folder;
mod grep;
mod hold;
mod lines;
mod ls;
#[cfg(feature = "machine")]
mod machine;
mod names;
mod patch;
mod place;
mod plain;
mod read;
mod text;
mod tool;
mod walk;
mod words;
mod write;

pub use answer::Answer;
pub use file::FILE_BYTES;
pub use folder::{Entry, Folder, Found, Kind, Listing, Roots};
pub use hold::Held;
#[cfg(feature = "machine")]
pub use machine::Machine;
pub use plain::Plain;
pub use read::READ_BYTES;
pub use tool::Tool;
