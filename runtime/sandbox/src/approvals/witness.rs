//! A file as it was at one moment.
//!
//! **Promise.** It says whether the file is still the same: the same place leads to the same file, nobody wrote to it or
//! changed its rights, and, where we could write to it ourselves, it holds the same bytes. **Bound.** Files of
//! [`CONTENT_BYTES`] are compared by their bytes, larger ones by all the rest. **Cost.** One look; one read for a file
//! that we could write to.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

/// The largest file that is compared byte by byte.
const CONTENT_BYTES: u64 = 256 << 20;

/// A file as it was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Witness {
    /// Where it was found.
    path: PathBuf,
    /// Where that led.
    real: PathBuf,
    about: About,
    content: Option<[u8; 32]>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct About {
    device: u64,
    inode: u64,
    size: u64,
    mode: u32,
    owner: u32,
    /// Seconds and nanoseconds. Nobody can set the second one back.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Witness {
    /// Looks at a file. `with_content`: its bytes are remembered if we could write to it.
    pub(super) fn take(path: &Path, with_content: bool) -> io::Result<Self> {
        let real = fs::canonicalize(path)?;
        let about = About::of(&real)?;
        let has_content = with_content
            && about.size <= CONTENT_BYTES
            && rustix::fs::access(&real, Access::WRITE_OK).is_ok();
        Ok(Self {
            path: path.to_owned(),
            content: has_content.then(|| content(&real)).transpose()?,
            real,
            about,
        })
    }

    /// Whether another one is in its place; what is in a folder may change.
    pub(super) fn is_replaced(&self) -> bool {
        let now = fs::canonicalize(&self.path).and_then(|real| About::of(&real));
        !now.is_ok_and(|now| (now.device, now.inode) == (self.about.device, self.about.inode))
    }

    /// What has changed since.
    pub(super) fn drift(&self) -> Option<String> {
        let path = self.path.display();
        match fs::canonicalize(&self.path) {
            Ok(real) if real == self.real => {}
            Ok(real) => return Some(format!("{path} leads to {} now", real.display())),
            Err(_) => return Some(format!("{path} is not there any more")),
        }
        match About::of(&self.real) {
            Ok(about) if about == self.about => {}
            _ => return Some(format!("{path} changed")),
        }
        let before = self.content?;
        match content(&self.real) {
            Ok(now) if now == before => None,
            _ => Some(format!("{path} has other content")),
        }
    }
}

impl About {
    fn of(path: &Path) -> io::Result<Self> {
        let about = fs::metadata(path)?;
        Ok(Self {
            device: about.dev(),
            inode: about.ino(),
            size: about.size(),
            mode: about.mode(),
            owner: about.uid(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        })
    }
}

/// What a file holds, if it is not too large for that.
pub(super) fn hold(path: &Path) -> io::Result<Option<[u8; 32]>> {
    let is_small = fs::metadata(path)?.len() <= CONTENT_BYTES;
    is_small.then(|| content(path)).transpose()
}

fn content(path: &Path) -> io::Result<[u8; 32]> {
    let mut hash = blake3::Hasher::new();
    hash.update_reader(File::open(path)?)?;
    Ok(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn every_way_to_change_a_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let other = folder.path().join("y");
        let fresh = || {
            let _ = fs::remove_file(&path);
            fs::write(&path, "one").unwrap();
            let taken = Witness::take(&path, true).unwrap();
            assert_eq!(taken.drift(), None);
            taken
        };
        let before = fresh();
        fs::write(&path, "two").unwrap();
        assert!(before.drift().is_some(), "other bytes of the same length");
        let before = fresh();
        let times = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "two").unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(times)
            .unwrap();
        assert!(before.drift().is_some(), "with its time set back");
        let before = fresh();
        fs::write(&other, "one").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(before.drift().is_some(), "another file in its place");
        let before = fresh();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(before.drift().is_some(), "other rights");
        let before = fresh();
        fs::rename(&path, &other).unwrap();
        symlink(&other, &path).unwrap();
        assert!(before.drift().is_some(), "a link in its place");
        let before = fresh();
        fs::remove_file(&path).unwrap();
        assert!(before.drift().is_some(), "gone");
    }
}
