//! One process owns a state folder.
//!
//! The lock is the kernel's, on the folder itself and on a file beside the database: it ends with the process
//! however that dies, so nothing stale is ever left to clean up. The folder's lock stands when the file is
//! removed; the file's stands where a file system cannot lock folders. The process id inside the file is only
//! for the message to the next comer.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::error::{Error, Result};

/// The name of the lock file.
const LOCK_FILE: &str = "gateway.sqlite.lock";

/// Held for as long as the state is owned.
#[derive(Debug)]
pub(crate) struct OwnerLock {
    _folder: File,
    _file: File,
}

impl OwnerLock {
    /// Takes the folder, or says who has it. Never waits.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(Error::file("open", &path))?;
        let folder_file = File::open(folder).map_err(Error::file("open", folder))?;
        match (file.try_lock(), folder_file.try_lock()) {
            (Err(TryLockError::WouldBlock), _) | (_, Err(TryLockError::WouldBlock)) => {
                return Err(Error::Locked {
                    folder: folder.to_owned(),
                    owner: read_owner(&mut file),
                });
            }
            (Err(TryLockError::Error(source)), _) => return Err(Error::file("lock", &path)(source)),
            // Network file systems lock files and not folders.
            (Ok(()), Ok(()) | Err(TryLockError::Error(_))) => {}
        }
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| write!(file, "{}", std::process::id()))
            .map_err(Error::file("write", &path))?;
        Ok(Self {
            _folder: folder_file,
            _file: file,
        })
    }
}

fn read_owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
