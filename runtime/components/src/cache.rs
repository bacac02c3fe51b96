//! Compiled components on disk.
//!
//! **Promise.** Code that is mapped was compiled by this build for exactly these bytes, and nobody changed it:
//! an entry is bound to its component, to the engine's version and settings and to the processor by a keyed
//! hash, and whatever does not fit is discarded as if it were not there.
//! **Bound.** One entry for each component and engine. **Cost.** The hash of an entry, once in each life of the
//! process; after that mapping costs no more than its pages.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use openclaw_policy::Digest;
use wasmtime::component::Component;

use crate::aot;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::random;

const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;

/// The folder of compiled components.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
    fingerprint: u64,
    /// What was found whole since the process began. Held while an entry changes, which is two files.
    verified: Mutex<HashSet<Digest>>,
}

/// An entry that is being written. Dropping it before it is kept removes it.
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// The file to write the code to.
    pub(crate) fn create(&self) -> Result<File> {
        private(&self.path).map_err(Error::file("create", &self.path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It is gone already if the entry was kept.
        let _ = fs::remove_file(&self.path);
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Whether something is ours alone, so that nobody else can have written it.
fn is_private(found: &fs::Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0
}

impl Cache {
    /// Takes the folder, creating it if there is none.
    pub(crate) fn open(folder: &Path, engine: &Engine) -> Result<Self> {
        let failed = |error| Error::file("use", folder)(error);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let found = fs::symlink_metadata(folder).map_err(failed)?;
        if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
            let foreign = io::Error::other("it must be a folder of the user that runs this");
            return Err(failed(foreign));
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        let path = folder.join(KEY_FILE);
        let key = match read_key(&path) {
            Some(key) => key,
            None => make_key(&path).map_err(Error::file("create", &path))?,
        };
        Ok(Self {
            folder: folder.to_owned(),
            key,
            fingerprint: engine.fingerprint(),
            verified: Mutex::default(),
        })
    }

    /// Removes what is neither this engine's code of one of these components nor the key: drafts that a crash left,
    /// code of other versions, of what was refused or replaced.
    pub(crate) fn sweep(&self, installed: &HashSet<Digest>) -> Result<()> {
        let mut kept = HashSet::from([self.folder.join(KEY_FILE)]);
        for digest in installed {
            kept.extend(["hash", "cwasm"].map(|kind| self.path(*digest, kind)));
        }
        let entries = fs::read_dir(&self.folder).map_err(Error::file("read", &self.folder))?;
        for entry in entries {
            let path = entry.map_err(Error::file("read", &self.folder))?.path();
            if !kept.contains(&path)
                && let Err(error) = fs::remove_file(&path)
            {
                tracing::warn!(path = %path.display(), %error, "this cannot be removed; it takes space and does no more");
            }
        }
        Ok(())
    }

    /// Maps the code of a component; none if there is none that can be trusted. Code that the engine does not take is
    /// gone afterwards, and the error has its words.
    pub(crate) fn load(&self, engine: &Engine, digest: Digest) -> Result<Option<Component>> {
        let path = self.path(digest, "cwasm");
        let mut verified = self.lock();
        if !verified.contains(&digest) && !self.is_whole(&path, digest) {
            self.remove(&mut verified, digest);
            return Ok(None);
        }
        match aot::map(&engine.wasmtime, &path) {
            Ok(component) => {
                verified.insert(digest);
                Ok(Some(component))
            }
            Err(error) => {
                self.remove(&mut verified, digest);
                let what = format!("{error:#}");
                Err(Error::Unfit { what })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an entry.
    pub(crate) fn draft(&self) -> Result<Draft> {
        let name = format!("draft-{}", random::name()?);
        Ok(Draft {
            path: self.folder.join(name),
        })
    }

    /// Makes a draft the entry of a component. One that is cut off by a crash lacks its hash and is discarded.
    pub(crate) fn keep(&self, draft: &Draft, digest: Digest) -> Result<()> {
        let path = self.path(digest, "cwasm");
        let hash = self
            .hash(&draft.path, digest)
            .map_err(Error::file("read", &draft.path))?;
        let seal = self.draft()?;
        let written = seal.create()?.write_all(hash.as_bytes());
        written.map_err(Error::file("write", &seal.path))?;
        let mut verified = self.lock();
        self.remove(&mut verified, digest);
        fs::rename(&draft.path, &path).map_err(Error::file("create", &path))?;
        let to = self.path(digest, "hash");
        fs::rename(&seal.path, &to).map_err(Error::file("create", &to))
    }

    /// Removes a component's entry.
    pub(crate) fn discard(&self, digest: Digest) {
        self.remove(&mut self.lock(), digest);
    }

    fn remove(&self, verified: &mut HashSet<Digest>, digest: Digest) {
        verified.remove(&digest);
        for kind in ["hash", "cwasm"] {
            // It may not be there; where it cannot be removed, it still does not pass the check.
            let _ = fs::remove_file(self.path(digest, kind));
        }
    }

    fn path(&self, digest: Digest, kind: &str) -> PathBuf {
        self.folder
            .join(format!("{digest}-{:016x}.{kind}", self.fingerprint))
    }

    fn is_whole(&self, path: &Path, digest: Digest) -> bool {
        let private = |path: &Path| {
            let found = fs::symlink_metadata(path);
            found.is_ok_and(|found| found.is_file() && is_private(&found))
        };
        let seal = self.path(digest, "hash");
        if !private(path) || !private(&seal) {
            return false;
        }
        let expected = fs::read(&seal)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let found = self.hash(path, digest).ok();
        // Equality of hashes takes the same time wherever they differ.
        expected
            .map(blake3::Hash::from_bytes)
            .is_some_and(|expected| found == Some(expected))
    }

    fn hash(&self, path: &Path, digest: Digest) -> io::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher
            .update(digest.as_bytes())
            .update(&self.fingerprint.to_le_bytes());
        hasher.update_reader(File::open(path)?)?;
        Ok(hasher.finalize())
    }
}

fn read_key(path: &Path) -> Option<[u8; KEY_BYTES]> {
    let found = fs::symlink_metadata(path).ok()?;
    if !found.is_file() || !is_private(&found) {
        return None;
    }
    let mut bytes = Vec::new();
    let most = KEY_BYTES as u64 + 1;
    File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    bytes.try_into().ok()
}

/// A new key makes strangers of all entries, so losing one costs time and nothing else.
fn make_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let key = random::bytes()?;
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    private(&new)?.write_all(&key)?;
    fs::rename(&new, path)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    struct Fixture {
        folder: tempfile::TempDir,
        engine: Engine,
        digest: Digest,
    }

    fn fill() -> Fixture {
        let fixture = Fixture {
            folder: tempfile::tempdir().unwrap(),
            engine: Engine::start(4, 1).unwrap(),
            digest: Digest::of(EMPTY),
        };
        let cache = fixture.open();
        let draft = cache.draft().unwrap();
        let code = crate::engine::on_demand()
            .unwrap()
            .precompile_component(EMPTY)
            .unwrap();
        draft.create().unwrap().write_all(&code).unwrap();
        cache.keep(&draft, fixture.digest).unwrap();
        fixture
    }

    impl Fixture {
        /// As another process would.
        fn open(&self) -> Cache {
            Cache::open(&self.folder.path().join("cache"), &self.engine).unwrap()
        }

        fn loads(&self) -> bool {
            self.open().load(&self.engine, self.digest).unwrap().is_some()
        }

        fn entry(&self) -> PathBuf {
            self.open().path(self.digest, "cwasm")
        }
    }

    #[test]
    fn what_was_kept_is_loaded_again() {
        let fixture = fill();
        assert!(fixture.loads());
        assert!(
            fixture
                .open()
                .load(&fixture.engine, Digest::of(b"other"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_tampered_entry_is_discarded() {
        let fixture = fill();
        let mut bytes = fs::read(fixture.entry()).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(fixture.entry(), bytes).unwrap();
        assert!(!fixture.loads());
        assert!(!fixture.entry().exists());
    }

    #[test]
    fn an_entry_of_another_component_is_foreign() {
        let fixture = fill();
        let cache = fixture.open();
        let other = Digest::of(b"other");
        for kind in ["cwasm", "hash"] {
            fs::rename(cache.path(fixture.digest, kind), cache.path(other, kind)).unwrap();
        }
        assert!(cache.load(&fixture.engine, other).unwrap().is_none());
    }

    #[test]
    fn an_entry_that_others_may_write_is_not_trusted() {
        let fixture = fill();
        fs::set_permissions(fixture.entry(), fs::Permissions::from_mode(0o660)).unwrap();
        assert!(!fixture.loads());
    }

    #[test]
    fn a_key_that_others_may_read_is_replaced() {
        let fixture = fill();
        let key = fixture.folder.path().join("cache").join(KEY_FILE);
        let before = fs::read(&key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(!fixture.loads(), "hashes of a key that leaked prove nothing");
        assert_ne!(fs::read(&key).unwrap(), before);
        assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_entry_without_its_hash_is_as_if_it_were_not_there() {
        let fixture = fill();
        fs::remove_file(fixture.open().path(fixture.digest, "hash")).unwrap();
        assert!(!fixture.loads());
    }

    #[test]
    fn an_open_folder_is_closed() {
        let fixture = fill();
        let folder = fixture.folder.path().join("cache");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(fixture.loads());
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    }
}
