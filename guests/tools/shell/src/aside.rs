//! Writing a file so that a reader sees the old one or the new one and never a part.

use std::fs;
use std::io;
use std::path::Path;

/// Writes beside the file and puts it in place.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, file)
}
