//! What can go wrong: for the operator when a directory is mounted, for the guest when it uses one.
//!
//! A guest sees the codes of `wasi:filesystem` and nothing of this machine, no path and no system message.

use std::io;
use std::path::PathBuf;

use openclaw_policy::capability::files::GuestPath;
use rustix::io::Errno;
use wasmtime::component::ResourceTableError;

use super::account::Quota;
pub(crate) use super::bindings::types::ErrorCode;

/// A granted directory that cannot be mounted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory could not be opened.
    #[error(
        "cannot open the granted directory {}: {source}; create it, or grant another one",
        path.display()
    )]
    Directory {
        /// The directory on this machine.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory shows the kernel, not files.
    #[error("{} shows the kernel and cannot be granted; grant a directory of files", path.display())]
    Kernel {
        /// The directory on this machine.
        path: PathBuf,
    },
    /// The directory is in use with another quota, and there is one count for both.
    #[error(
        "{} is in use with a quota of {} bytes and {} entries, and cannot also have one of {} bytes and {} \
         entries; give it one quota",
        path.display(), held.bytes, held.entries, asked.bytes, asked.entries
    )]
    Quota {
        /// The directory on this machine.
        path: PathBuf,
        /// The quota it has.
        held: Quota,
        /// The quota that was asked for.
        asked: Quota,
    },
    /// Two grants of one component reach the same files.
    #[error(
        "{guest} and {other_guest} would both reach {}, because {} is not apart from it; grant one of them",
        path.display(), other.display()
    )]
    Overlap {
        /// Where the component would find the first.
        guest: GuestPath,
        /// The first directory on this machine.
        path: PathBuf,
        /// Where the component would find the second.
        other_guest: GuestPath,
        /// The second directory on this machine.
        other: PathBuf,
    },
    /// Two grants of one component have the same place in its world, or one is inside the other.
    #[error("{guest} and {other} overlap; grant one of them")]
    GuestOverlap {
        /// The one path.
        guest: GuestPath,
        /// The other path.
        other: GuestPath,
    },
}

/// The result of an operation of a guest.
pub(super) type Op<T> = Result<T, ErrorCode>;

/// Why a call of a guest failed: with a code that it can handle, or for good.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The guest goes on with a code.
    Code(ErrorCode),
    /// The call of the guest ends: its budget is spent, or it used a handle that it does not have.
    Trap(wasmtime::Error),
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

/// The code that tells a guest what the system said.
impl From<Errno> for ErrorCode {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::ACCESS => Self::Access,
            Errno::AGAIN => Self::WouldBlock,
            Errno::BADF => Self::BadDescriptor,
            Errno::BUSY => Self::Busy,
            Errno::DQUOT => Self::Quota,
            Errno::EXIST => Self::Exist,
            Errno::FBIG => Self::FileTooLarge,
            Errno::ILSEQ => Self::IllegalByteSequence,
            Errno::INTR => Self::Interrupted,
            Errno::INVAL => Self::Invalid,
            Errno::ISDIR => Self::IsDirectory,
            Errno::LOOP => Self::Loop,
            Errno::MLINK => Self::TooManyLinks,
            Errno::NAMETOOLONG => Self::NameTooLong,
            Errno::NOENT => Self::NoEntry,
            // Handles are memory to a guest: there is no code for too many of them.
            Errno::NOMEM | Errno::MFILE | Errno::NFILE => Self::InsufficientMemory,
            Errno::NOSPC => Self::InsufficientSpace,
            Errno::NOTDIR => Self::NotDirectory,
            Errno::NOTEMPTY => Self::NotEmpty,
            Errno::NOTSUP | Errno::NOSYS => Self::Unsupported,
            Errno::NXIO | Errno::NODEV => Self::NoSuchDevice,
            Errno::OVERFLOW => Self::Overflow,
            Errno::PERM => Self::NotPermitted,
            Errno::ROFS => Self::ReadOnly,
            Errno::TXTBSY => Self::TextFileBusy,
            Errno::XDEV => Self::CrossDevice,
            _ => Self::Io,
        }
    }
}

/// What is not from the system is a fault of this machine.
impl From<io::Error> for ErrorCode {
    fn from(error: io::Error) -> Self {
        Errno::from_io_error(&error).map_or(Self::Io, Self::from)
    }
}
