//! What a system says, in words that are the same on every system.

use std::io::{self, ErrorKind};

use crate::answer::Refusal;

/// Why something cannot be `doing`, for example "read".
pub(crate) fn refuse(doing: &str, shown: &str, error: &io::Error) -> Refusal {
    let why = match error.kind() {
        ErrorKind::NotFound => return Refusal(format!("There is no {shown}.")),
        ErrorKind::PermissionDenied => "it is outside of the workspace, or not allowed",
        ErrorKind::ReadOnlyFilesystem => "it is there to be read only",
        ErrorKind::NotADirectory => "something on its way is not a folder",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::AlreadyExists => "something was put there in the meantime",
        ErrorKind::StorageFull => "there is no room left",
        ErrorKind::QuotaExceeded => "the room that was given is used up",
        ErrorKind::FileTooLarge => "it would be larger than a file may be",
        ErrorKind::InvalidFilename => "a name in it is too long",
        ErrorKind::InvalidInput => "that is not a name",
        ErrorKind::Unsupported => "it is not a regular file",
        other => return Refusal(format!("{shown} cannot be {doing}: {other}.")),
    };
    Refusal(format!("{shown} cannot be {doing}: {why}."))
}
