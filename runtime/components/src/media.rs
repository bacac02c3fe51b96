//! The store of media: pictures, recordings and documents in files, each written once.
//!
//! **Promise.** A reference is unguessable and names whole, unchanging bytes. What was not committed is gone when
//! its writer is dropped, whatever that was waiting for, or at the next start. An owner holds no more than its quota, and
//! an empty piece counts.
//! **Bound.** [`MAX_ITEM`] for one piece, the quota for each owner. **Cost.** One read of all facts at the start.

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::error::{Error, Result};
use crate::host::unblock;
use crate::random;

/// The largest piece.
pub(crate) const MAX_ITEM: u64 = 512 << 20;
/// What a piece costs beside its bytes: two files, and their place in the folder.
const OVERHEAD: u64 = 4 << 10;
/// How many bytes tell what kind of file it is.
const HEAD: usize = 512;

/// What is known about a piece of media.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts {
    /// Who made it.
    pub(crate) owner: String,
    pub(crate) kind: String,
    pub(crate) content_type: String,
    pub(crate) file_name: Option<String>,
    pub(crate) duration: Option<u64>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) extra: Option<String>,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

/// What its author says about a new piece.
pub(crate) struct Said {
    pub(crate) kind: String,
    pub(crate) content_type: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) duration: Option<u64>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    /// A JSON object, checked.
    pub(crate) extra: Option<String>,
}

/// The store.
pub(crate) struct Media {
    folder: PathBuf,
    quota: u64,
    /// Bytes of each owner, drafts included.
    used: Mutex<HashMap<String, u64>>,
}

/// Why a piece takes no more bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Full {
    /// The owner's quota.
    Quota(u64),
    /// The bound for one piece.
    Item,
}

impl Media {
    /// Takes a folder, and removes what a process before this one left unfinished.
    pub(crate) fn open(folder: &Path, quota: u64) -> Result<Arc<Self>> {
        let media = Self {
            folder: folder.to_owned(),
            quota,
            used: Mutex::default(),
        };
        media.sweep().map_err(Error::file("use", folder))?;
        Ok(Arc::new(media))
    }

    fn sweep(&self) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let names = fs::read_dir(&self.folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()?;
        for path in names {
            if !path.is_file() {
                tracing::warn!(path = %path.display(), "this does not belong into the store of media");
                continue;
            }
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                Some("json") => {
                    let facts = fs::read(&path)
                        .ok()
                        .and_then(|bytes| serde_json::from_slice::<Facts>(&bytes).ok());
                    let whole = facts.filter(|_| path.with_extension("bin").is_file());
                    match whole {
                        Some(facts) => *self.lock().entry(facts.owner).or_default() += facts.size + OVERHEAD,
                        None => fs::remove_file(&path)?,
                    }
                }
                // Its facts are written last, so what has none was never committed.
                Some("bin") if path.with_extension("json").is_file() => {}
                _ => fs::remove_file(&path)?,
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, owner: &str, bytes: u64) -> Result<(), Full> {
        let mut used = self.lock();
        let used = used.entry(owner.to_owned()).or_default();
        let after = used.checked_add(bytes).filter(|after| *after <= self.quota);
        *used = after.ok_or(Full::Quota(self.quota))?;
        Ok(())
    }

    fn give_back(&self, owner: &str, bytes: u64) {
        let mut used = self.lock();
        if let Some(used) = used.get_mut(owner) {
            *used = used.saturating_sub(bytes);
        }
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }

    /// Begins a piece, if the owner has room for one.
    pub(crate) async fn create(self: &Arc<Self>, owner: &str, said: Said) -> Result<Result<Writing, Full>> {
        let name = random::name()?;
        if let Err(full) = self.take(owner, OVERHEAD) {
            return Ok(Err(full));
        }
        let draft = Draft {
            media: Arc::clone(self),
            owner: owner.to_owned(),
            name,
            size: 0,
            is_kept: false,
        };
        let begin = move || {
            let path = draft.path("bin");
            let mut options = fs::OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600).open(&path);
            let file = file.map_err(Error::file("create", path))?;
            Ok((draft, file))
        };
        let (draft, file) = unblock(begin).await?;
        Ok(Ok(Writing {
            draft,
            said,
            file: File::from_std(file),
            head: Vec::new(),
            hash: Sha256::new(),
            is_broken: false,
        }))
    }

    /// What is known about a piece; none if there is none.
    pub(crate) async fn facts(&self, name: &str) -> Option<Facts> {
        let is_name = name.len() == 32 && name.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        if !is_name {
            return None;
        }
        let bytes = tokio::fs::read(self.path(name, "json")).await.ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Where the bytes of a piece are.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path(name, "bin")
    }

    /// Removes all that an owner has.
    pub(crate) fn remove_of(&self, owner: &str) -> Result<()> {
        let failed = || Error::file("use", &self.folder);
        for entry in fs::read_dir(&self.folder).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let facts = fs::read(&path)
                .ok()
                .and_then(|bytes| serde_json::from_slice::<Facts>(&bytes).ok());
            let Some(facts) = facts.filter(|facts| facts.owner == owner) else {
                continue;
            };
            // The facts go first: what has none is removed at the next start.
            for path in [path.clone(), path.with_extension("bin")] {
                fs::remove_file(&path).map_err(Error::file("remove", &path))?;
            }
            self.give_back(owner, facts.size + OVERHEAD);
        }
        Ok(())
    }

    /// Opens a piece whose facts are known.
    pub(crate) async fn open_file(&self, name: &str) -> Result<File> {
        let path = self.path(name, "bin");
        File::open(&path).await.map_err(Error::file("open", &path))
    }
}

/// The files and the room of a piece that is not kept yet. Dropping it, wherever that happens, gives back both; it goes
/// along with whatever makes files, so that one whose maker is no longer waited for leaves nothing.
struct Draft {
    media: Arc<Media>,
    owner: String,
    name: String,
    size: u64,
    is_kept: bool,
}

impl Draft {
    fn path(&self, extension: &str) -> PathBuf {
        self.media.path(&self.name, extension)
    }

    /// Writes the facts, which is what makes it whole.
    fn complete(&self, facts: &Facts) -> Result<()> {
        let (draft, path) = (self.path("new"), self.path("json"));
        let bytes = serde_json::to_vec(facts).map_err(|error| Error::file("write", &path)(error.into()))?;
        fs::write(&draft, bytes).map_err(Error::file("write", &draft))?;
        fs::rename(&draft, &path).map_err(Error::file("write", &path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        self.media.give_back(&self.owner, self.size + OVERHEAD);
        // The facts go first. What cannot be removed now is removed at the next start.
        for extension in ["new", "json", "bin"] {
            let _ = fs::remove_file(self.path(extension));
        }
    }
}

/// A piece that is being written.
pub(crate) struct Writing {
    draft: Draft,
    said: Said,
    file: File,
    head: Vec<u8>,
    hash: Sha256,
    /// A write failed or was not waited for. What is in the file is not what was hashed then.
    is_broken: bool,
}

impl Writing {
    /// Whether so many bytes more may be written; they are counted if they may.
    pub(crate) fn reserve(&mut self, bytes: u64) -> Result<(), Full> {
        let draft = &mut self.draft;
        if draft.size.saturating_add(bytes) > MAX_ITEM {
            return Err(Full::Item);
        }
        draft.media.take(&draft.owner, bytes)?;
        draft.size += bytes;
        Ok(())
    }

    /// Writes bytes that were reserved. After one that failed nothing more is written, and the piece cannot be kept.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.check()?;
        self.is_broken = true;
        let missing = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend(bytes.iter().take(missing));
        self.hash.update(bytes);
        let path = self.draft.path("bin");
        self.file
            .write_all(bytes)
            .await
            .map_err(Error::file("write", path))?;
        self.is_broken = false;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        match self.is_broken {
            true => {
                let before = io::Error::other("what was written before did not reach the disk");
                Err(Error::file("write", self.draft.path("bin"))(before))
            }
            false => Ok(()),
        }
    }

    /// Ends the writing and gives the reference.
    pub(crate) async fn commit(mut self) -> Result<String> {
        self.check()?;
        let path = self.draft.path("bin");
        self.file.flush().await.map_err(Error::file("write", path))?;
        let (said, draft) = (self.said, self.draft);
        let facts = Facts {
            content_type: content_type(said.content_type.as_deref(), &self.head),
            owner: draft.owner.clone(),
            kind: said.kind,
            file_name: said.file_name.as_deref().map(plain_name),
            duration: said.duration,
            width: said.width,
            height: said.height,
            extra: said.extra,
            size: draft.size,
            sha256: self
                .hash
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        };
        // Until this is waited for nobody knows the name, and nobody ever will if it is not.
        let mut draft = unblock(move || draft.complete(&facts).map(|()| draft)).await?;
        draft.is_kept = true;
        Ok(draft.name.clone())
    }
}

/// A piece that is being read.
pub(crate) struct Reading {
    pub(crate) facts: Facts,
    pub(crate) file: File,
}

impl Reading {
    /// Reads at most so many bytes; none at the end.
    pub(crate) async fn read(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; most];
        let read = self.file.read(&mut bytes).await?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Goes to an offset.
    pub(crate) async fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.file.seek(io::SeekFrom::Start(offset)).await.map(drop)
    }
}

/// What was said holds, unless the bytes are plainly a picture, sound or video of another sort.
fn content_type(said: Option<&str>, head: &[u8]) -> String {
    let found = infer::get(head).map(|found| found.mime_type());
    let top = |name: &str| name.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_seen = |name: &str| matches!(top(name).as_str(), "image" | "audio" | "video");
    match (said, found) {
        (Some(said), Some(found)) if (is_seen(said) || is_seen(found)) && top(said) != top(found) => {
            found.to_owned()
        }
        (Some(said), _) => said.to_owned(),
        (None, Some(found)) => found.to_owned(),
        (None, None) if !head.is_empty() && std::str::from_utf8(head).is_ok() => "text/plain".to_owned(),
        (None, None) => "application/octet-stream".to_owned(),
    }
}

/// A name for people is no path.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let last = if matches!(last, "" | "." | "..") {
        "file"
    } else {
        last
    };
    openclaw_policy::display_safe(last, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Said {
        Said {
            kind: "document".to_owned(),
            content_type: None,
            file_name: Some("../../notes.txt".to_owned()),
            duration: None,
            width: None,
            height: None,
            extra: None,
        }
    }

    async fn put(media: &Arc<Media>, owner: &str, bytes: &[u8]) -> String {
        let mut writing = media.create(owner, said()).await.unwrap().unwrap();
        writing.reserve(bytes.len() as u64).unwrap();
        writing.write(bytes).await.unwrap();
        writing.commit().await.unwrap()
    }

    #[tokio::test]
    async fn what_was_committed_is_read_back_with_its_facts() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::open(folder.path(), OVERHEAD + 1000).unwrap();
        let name = put(&media, "a", b"hello").await;
        let facts = media.facts(&name).await.unwrap();
        assert_eq!((facts.size, facts.content_type.as_str()), (5, "text/plain"));
        assert_eq!(facts.file_name.as_deref(), Some("notes.txt"));
        assert_eq!(facts.sha256, openclaw_policy::Digest::of(b"hello").to_string());
        let file = media.open_file(&name).await.unwrap();
        let mut reading = Reading { facts, file };
        reading.seek(1).await.unwrap();
        assert_eq!(reading.read(3).await.unwrap(), b"ell");
    }

    #[tokio::test]
    async fn what_did_not_reach_the_disk_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::open(folder.path(), 1 << 20).unwrap();
        let mut writing = media.create("a", said()).await.unwrap().unwrap();
        // It takes no byte and says that the disk is full.
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        writing.file = File::from_std(full);
        writing.reserve(15).unwrap();
        let mut told = 0;
        for _ in 0..3 {
            told += usize::from(writing.write(b"hello").await.is_err());
        }
        assert_eq!(told, 2, "the first is on its way when it is over");
        assert!(writing.commit().await.is_err());
        assert!(media.lock().values().all(|used| *used == 0));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn the_quota_counts_what_was_there_before_the_start() {
        let folder = tempfile::tempdir().unwrap();
        const QUOTA: u64 = 2 * OVERHEAD + 10;
        put(&Media::open(folder.path(), QUOTA).unwrap(), "a", b"123456").await;
        let media = Media::open(folder.path(), QUOTA).unwrap();
        let mut writing = media.create("a", said()).await.unwrap().unwrap();
        assert_eq!(writing.reserve(5), Err(Full::Quota(QUOTA)));
        assert_eq!(writing.reserve(4), Ok(()));
        let full = media.create("a", said()).await.unwrap();
        assert_eq!(full.err(), Some(Full::Quota(QUOTA)), "an empty piece counts");
        let mut other = media.create("b", said()).await.unwrap().unwrap();
        assert_eq!(other.reserve(10), Ok(()), "another owner has a quota of its own");
    }

    #[test]
    fn what_nobody_waits_for_any_more_leaves_nothing() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let media = Media::open(folder.path(), OVERHEAD).unwrap();
            for commits in [false, true] {
                let writing = match commits {
                    true => Some(media.create("a", said()).await.unwrap().unwrap()),
                    false => None,
                };
                let (release, held) = std::sync::mpsc::channel::<()>();
                let hold = tokio::task::spawn_blocking(move || held.recv());
                let wait = async {
                    match writing {
                        Some(writing) => writing.commit().await.map(drop),
                        None => media.create("a", said()).await.map(drop),
                    }
                };
                let waited = tokio::time::timeout(std::time::Duration::from_millis(20), wait).await;
                assert!(waited.is_err(), "it did not wait");
                drop(release);
                assert!(hold.await.unwrap().is_err());
                // What was begun before it is done by then.
                tokio::task::spawn_blocking(|| ()).await.unwrap();
                assert_eq!(
                    fs::read_dir(folder.path()).unwrap().count(),
                    0,
                    "commits: {commits}"
                );
                media.take("a", OVERHEAD).unwrap();
                media.give_back("a", OVERHEAD);
            }
        });
    }

    #[tokio::test]
    async fn what_was_not_committed_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::open(folder.path(), OVERHEAD + 10).unwrap();
        let mut writing = media.create("a", said()).await.unwrap().unwrap();
        writing.reserve(10).unwrap();
        drop(writing);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let again = media.create("a", said()).await.unwrap();
        again.unwrap().reserve(10).unwrap();
        fs::write(folder.path().join(format!("{:032x}.bin", 7)), b"cut off").unwrap();
        let media = Media::open(folder.path(), 10).unwrap();
        assert_eq!(media.facts(&format!("{:032x}", 7)).await, None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_owner_that_goes_takes_its_media_along() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::open(folder.path(), OVERHEAD + 10).unwrap();
        let (one, two) = (put(&media, "a", b"one").await, put(&media, "b", b"two").await);
        media.remove_of("a").unwrap();
        assert_eq!(media.facts(&one).await, None);
        assert!(media.facts(&two).await.is_some());
        put(&media, "a", b"anew").await;
    }

    #[tokio::test]
    async fn a_reference_is_no_path() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::open(&folder.path().join("media"), 10).unwrap();
        for name in ["../secret", "", "a/b", &"g".repeat(32), &"A".repeat(32)] {
            assert_eq!(media.facts(name).await, None, "{name}");
        }
    }

    #[test]
    fn bytes_that_contradict_what_was_said_win() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert_eq!(content_type(Some("text/html"), png), "image/png");
        assert_eq!(content_type(Some("text/markdown"), b"# hi"), "text/markdown");
        assert_eq!(content_type(None, png), "image/png");
        assert_eq!(content_type(None, &[0xff, 0xfe, 1]), "application/octet-stream");
    }
}
