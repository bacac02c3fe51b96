//! Failures of files in the words that shells have for them. The interpreter compares some of these texts.

use std::io::{self, ErrorKind};

/// A failure in the words that shells use. The interpreter's own words are lower case in one place, where it compares.
pub(crate) fn failed(kind: ErrorKind) -> bashkit::Error {
    let text = match kind {
        ErrorKind::NotFound => "No such file or directory",
        ErrorKind::PermissionDenied => "Permission denied",
        ErrorKind::AlreadyExists => "File exists",
        ErrorKind::IsADirectory => "is a directory",
        ErrorKind::NotADirectory => "Not a directory",
        ErrorKind::DirectoryNotEmpty => "Directory not empty",
        ErrorKind::ReadOnlyFilesystem => "Read-only file system",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "No space left on device",
        ErrorKind::FileTooLarge => "File too large",
        ErrorKind::CrossesDevices => "Invalid cross-device link",
        ErrorKind::InvalidFilename => "File name too long",
        ErrorKind::InvalidInput => "Invalid argument",
        ErrorKind::Unsupported => "Operation not supported",
        _ => "Input/output error",
    };
    io::Error::new(kind, text).into()
}

/// What the system says, in those words.
pub(crate) fn told(error: io::Error) -> bashkit::Error {
    match error.kind() {
        kind @ (ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::AlreadyExists
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::DirectoryNotEmpty
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded
        | ErrorKind::FileTooLarge
        | ErrorKind::CrossesDevices
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput
        | ErrorKind::Unsupported) => failed(kind),
        // Links that turn in circles, for one, have no kind of their own. What the system calls it comes before its number.
        kind => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default().to_owned();
            io::Error::new(kind, text).into()
        }
    }
}
