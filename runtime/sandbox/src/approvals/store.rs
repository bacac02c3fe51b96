//! The file `exec-approvals.json` on disk.
//!
//! **Promise.** A file that is not understood, or that others could have written, is an error and never a default: then
//! no command runs. A file that is not there says nothing. It is written for its owner alone, beside its place and then
//! moved there, and only if it still is what the writer had read, and what is written is understood; of several writers
//! at once each sees what the others wrote, in this program or another. **Bound.** [`FILE_BYTES`]; a writer waits [`PATIENCE`] for another.
//! **Cost.** One read; for a write two more, and two waits for the disk.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::document::{Document, Entry, Use};
use super::plan::{Plan, Used};

/// The largest file.
pub const FILE_BYTES: u64 = 4 << 20;
/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an entry that was used is not noted as used again, in milliseconds.
const NOTED: u64 = 60_000;
/// A day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Its name.
const NAME: &str = "exec-approvals.json";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// What stands in it is not understood.
    #[error("{path} is not understood: {why}. Until it is mended or removed no command runs on this machine")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Others may write it.
    #[error(
        "{path} may be written by others (mode {mode:o}). Until you run `chmod 600 {path}` no command runs on this machine"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error("{path} belongs to another user ({owner}); no command runs on this machine until it is yours")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// What was to be written would not be understood.
    #[error("{path} is left as it is, because what was to be written would not be understood: {why}")]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody else wrote it.
    #[error("{path} changed since it was read; read it again and repeat the change")]
    Raced {
        /// The file.
        path: PathBuf,
    },
    /// The system does not let us.
    #[error("cannot {act} {path}: {cause}")]
    System {
        /// What was tried.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// The file.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

/// What the file was at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// What stands in it.
    pub document: Document,
    /// The hash of its text; of no text if it is not there.
    pub hash: String,
    /// Whether it is there.
    pub exists: bool,
}

impl Store {
    /// The file in a state folder.
    pub fn in_folder(state: &Path) -> Self {
        Self {
            path: state.join(NAME),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it.
    pub fn read(&self) -> Result<Snapshot, FileError> {
        let Some(bytes) = self.bytes()? else {
            return Ok(Snapshot {
                document: Document::default(),
                hash: hash(b""),
                exists: false,
            });
        };
        let broken = |why: String| FileError::Broken {
            path: self.path.clone(),
            why,
        };
        let value: Value = serde_json::from_slice(&bytes).map_err(|fault| broken(fault.to_string()))?;
        Ok(Snapshot {
            document: Document::of(value).map_err(broken)?,
            hash: hash(&bytes),
            exists: true,
        })
    }

    /// Writes it, if its hash is still this one. What is broken, or open to others, can be replaced: so it is mended.
    pub fn write(&self, document: &Document, base: &str) -> Result<Snapshot, FileError> {
        let (path, _lock) = self.lock()?;
        if self.hash()? != base {
            return Err(FileError::Raced {
                path: self.path.clone(),
            });
        }
        self.put(&path, document)
    }

    /// Changes it, however many do at once. What `change` says is handed on.
    pub fn change<T>(&self, change: impl FnOnce(&mut Document) -> T) -> Result<(Snapshot, T), FileError> {
        let (path, _lock) = self.lock()?;
        let mut snapshot = self.read()?;
        let before = snapshot.document.clone();
        let said = change(&mut snapshot.document);
        if snapshot.document != before {
            // Who writes without our lock, by hand or as another program, is seen here.
            if self.hash()? != snapshot.hash {
                return Err(FileError::Raced {
                    path: self.path.clone(),
                });
            }
            snapshot = self.put(&path, &snapshot.document)?;
        }
        Ok((snapshot, said))
    }

    /// Notes that entries were used; those that were used within the last minute are left as they are.
    pub fn note(&self, used: &[Used], command: &str, now_ms: i64) -> Result<(), FileError> {
        let is_due = |used: &&Used| {
            used.last_used_at
                .is_none_or(|last| now_ms.saturating_sub(last).unsigned_abs() >= NOTED)
        };
        let due: Vec<&Used> = used.iter().filter(is_due).collect();
        if due.is_empty() {
            return Ok(());
        }
        let noted = self.change(|document| {
            for used in due {
                let way = Use {
                    at_ms: now_ms,
                    command,
                    path: &used.path,
                };
                document.note_use(&used.agent, used.id.as_deref(), &used.pattern, &way);
            }
        });
        noted.map(|_| ())
    }

    /// Puts what lasts of a nod on the agent's list, for so many days or for good.
    pub fn keep(&self, plan: &Plan, days: Option<u32>, now_ms: i64) -> Result<(), FileError> {
        let entries = plan.lasting.as_deref().unwrap_or_default();
        let end = days.map(|days| now_ms.saturating_add(i64::from(days).saturating_mul(DAY_MS)));
        let path = plan.resolved_path.as_ref().map(|path| path.display().to_string());
        let kept = self.change(|document| {
            for entry in entries {
                let entry = Entry {
                    expires_at: end,
                    last_used_at: Some(now_ms),
                    last_used_command: entry.command_text.clone(),
                    // Of several programs each has its own.
                    last_resolved_path: path.clone().filter(|_| entries.len() == 1),
                    ..entry.clone()
                };
                document.add(&plan.agent, &entry);
            }
        });
        kept.map(|_| ())
    }

    fn put(&self, path: &Path, document: &Document) -> Result<Snapshot, FileError> {
        let unfit = |why: String| FileError::Unfit {
            path: self.path.clone(),
            why,
        };
        let value = document.to_value();
        let text = serde_json::to_vec_pretty(&value);
        let mut text = text.map_err(|fault| unfit(fault.to_string()))?;
        text.push(b'\n');
        if text.len() as u64 > FILE_BYTES {
            return Err(unfit(format!("it would be larger than {FILE_BYTES} bytes")));
        }
        // What could not be read again would refuse every command, and its own repair.
        let document = Document::of(value).map_err(unfit)?;
        replace(path, &text).map_err(self.failed("write"))?;
        Ok(Snapshot {
            document,
            hash: hash(&text),
            exists: true,
        })
    }

    /// The hash of what is there now, whether it is understood or not.
    pub fn hash(&self) -> Result<String, FileError> {
        Ok(hash(&self.raw()?.unwrap_or_default()))
    }

    /// What it was at one moment, as clients are told it: without what is secret.
    pub fn told(&self, snapshot: &Snapshot) -> Value {
        let shown = snapshot.document.shown();
        let default = |key: &str, product: Value| {
            let said = shown.get("defaults").and_then(|defaults| defaults.get(key));
            said.cloned().unwrap_or(product)
        };
        json!({
            "path": self.path.display().to_string(),
            "exists": snapshot.exists,
            "hash": snapshot.hash,
            "resolvedDefaults": {
                "security": default("security", json!("full")),
                "ask": default("ask", json!("off")),
                "askFallback": default("askFallback", json!("deny")),
                "autoAllowSkills": default("autoAllowSkills", json!(false)),
            },
            "file": shown,
        })
    }

    fn failed(&self, act: &'static str) -> impl Fn(io::Error) -> FileError + '_ {
        move |cause| FileError::System {
            act,
            path: self.path.clone(),
            cause,
        }
    }

    /// Its bytes, if nobody else could have written them.
    fn bytes(&self) -> Result<Option<Vec<u8>>, FileError> {
        let Some(file) = self.open()? else { return Ok(None) };
        let about = file.metadata().map_err(self.failed("read"))?;
        let me = rustix::process::geteuid().as_raw();
        if about.uid() != me && about.uid() != 0 {
            return Err(FileError::Foreign {
                path: self.path.clone(),
                owner: about.uid(),
            });
        }
        if about.mode() & 0o022 != 0 {
            return Err(FileError::Open {
                path: self.path.clone(),
                mode: about.mode() & 0o777,
            });
        }
        self.take(file).map(Some)
    }

    fn raw(&self) -> Result<Option<Vec<u8>>, FileError> {
        self.open()?.map(|file| self.take(file)).transpose()
    }

    fn open(&self) -> Result<Option<File>, FileError> {
        // Without waiting: what is there could be a pipe that nobody writes to.
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(i32::try_from(flags).unwrap_or_default())
            .open(&self.path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read")(error)),
        };
        let about = file.metadata().map_err(self.failed("read"))?;
        if !about.is_file() {
            return Err(FileError::Broken {
                path: self.path.clone(),
                why: "it is not a file".to_owned(),
            });
        }
        Ok(Some(file))
    }

    fn take(&self, file: File) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        file.take(FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(self.failed("read"))?;
        if bytes.len() as u64 > FILE_BYTES {
            return Err(FileError::Broken {
                path: self.path.clone(),
                why: format!("it is larger than {FILE_BYTES} bytes"),
            });
        }
        Ok(bytes)
    }

    /// Where the file really is, and the lock, which lies beside it: the file is another one after each write. A link
    /// stays a link; what it leads to is written.
    fn lock(&self) -> Result<(PathBuf, File), FileError> {
        let failed = self.failed("write");
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = folder_of(&path);
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(folder).map_err(&failed)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options
            .open(folder.join(format!("{NAME}.lock")))
            .map_err(&failed)?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok((path, lock)),
                Err(fs::TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(fs::TryLockError::WouldBlock) => return Err(failed(io::ErrorKind::TimedOut.into())),
                Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let new = folder.join(format!("{NAME}.{}.new", Uuid::new_v4().simple()));
    let written = (|| {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // The folder holds the name; without this a power cut could bring the old text back.
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // It holds what was not taken; nobody looks for it.
        let _ = fs::remove_file(&new);
    }
    written
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn entry(pattern: &str) -> Entry {
        Entry {
            pattern: pattern.to_owned(),
            ..Entry::default()
        }
    }

    fn put(store: &Store, text: &str, mode: u32) {
        fs::write(store.path(), text).unwrap();
        fs::set_permissions(store.path(), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing_and_is_made_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(&folder.path().join("state"));
        let before = store.read().unwrap();
        assert!(!before.exists);
        let (after, added) = store
            .change(|document| document.add("*", &entry("/bin/x")))
            .unwrap();
        assert!(added && after.exists && after.hash != before.hash);
        assert_eq!(store.read().unwrap(), after);
        let mode = fs::metadata(store.path()).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let left: Vec<_> = fs::read_dir(folder.path().join("state"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".new"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn a_broken_file_is_an_error_and_never_a_default() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path());
        for text in [
            "",
            "{",
            "[]",
            "{\"version\": 9}",
            "{\"version\": 1, \"defaults\": {\"ask\": 1}}",
        ] {
            put(&store, text, 0o600);
            let error = store.read().unwrap_err();
            assert!(matches!(error, FileError::Broken { .. }), "{text}: {error}");
            assert!(store.change(|_| ()).is_err());
        }
        fs::remove_file(store.path()).unwrap();
        fs::create_dir(store.path()).unwrap();
        assert!(store.read().is_err());
    }

    #[test]
    fn a_broken_file_is_mended_by_replacing_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path());
        put(&store, "{", 0o600);
        let base = store.hash().unwrap();
        store.write(&Document::default(), &base).unwrap();
        assert!(store.read().unwrap().exists);
    }

    #[test]
    fn what_would_not_be_read_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path());
        store
            .change(|document| document.add("*", &entry("/bin/x")))
            .unwrap();
        let before = store.read().unwrap();
        for pattern in ["", " ", &"x".repeat(5000)] {
            let changed = store.change(|document| document.add("main", &entry(pattern)));
            let unfit = changed.unwrap_err();
            assert!(matches!(unfit, FileError::Unfit { .. }), "{unfit}");
            assert!(
                unfit.to_string().contains("agents.main.allowlist[0].pattern"),
                "{unfit}"
            );
            let mut document = before.document.clone();
            document.add("*", &entry(pattern));
            let unfit = store.write(&document, &before.hash).unwrap_err();
            assert!(matches!(unfit, FileError::Unfit { .. }), "{unfit}");
        }
        assert_eq!(store.read().unwrap(), before);
    }

    #[test]
    fn a_file_that_others_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path());
        for mode in [0o620, 0o602, 0o666] {
            put(&store, "{\"version\": 1}", mode);
            assert!(matches!(store.read(), Err(FileError::Open { .. })), "{mode:o}");
        }
        put(&store, "{\"version\": 1}", 0o644);
        assert!(store.read().is_ok());
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path());
        let first = store.read().unwrap();
        store
            .change(|document| document.add("*", &entry("/bin/x")))
            .unwrap();
        let raced = store.write(&Document::default(), &first.hash).unwrap_err();
        assert!(matches!(raced, FileError::Raced { .. }), "{raced}");
        assert_eq!(store.read().unwrap().document.list("*").len(), 1);
    }

    #[test]
    fn of_many_writers_at_once_each_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path());
        thread::scope(|scope| {
            for writer in 0..6 {
                let store = store.clone();
                scope.spawn(move || {
                    for at in 0..5 {
                        let new = entry(&format!("/bin/{writer}-{at}"));
                        // A disk that has much to write keeps others at it for longer than a writer waits.
                        while let Err(error) = store.change(|document| document.add("*", &new)) {
                            let is_slow = matches!(&error, FileError::System { cause, .. }
                                if cause.kind() == io::ErrorKind::TimedOut);
                            assert!(is_slow, "{error}");
                        }
                    }
                });
            }
        });
        assert_eq!(store.read().unwrap().document.list("*").len(), 30);
    }

    #[test]
    fn a_link_to_the_file_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path());
        let real = folder.path().join("real.json");
        fs::write(&real, json!({"version": 1}).to_string()).unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&real, store.path()).unwrap();
        store
            .change(|document| document.add("*", &entry("/bin/x")))
            .unwrap();
        assert!(fs::symlink_metadata(store.path()).unwrap().is_symlink());
        assert!(fs::read_to_string(&real).unwrap().contains("/bin/x"));
    }
}
