//! The packages that are installed, in a folder.
//!
//! **Promise.** A package is there whole or not at all, whenever the process dies: it is written beside, and one
//! rename makes it the installed one. Packages are kept by the digest of all their files, and what nothing names
//! any more is removed. What does not belong into the folder is left where it is.
//! **Bound.** That of a package, for each that is installed. **Cost.** Installing copies the package.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use openclaw_policy::{Digest, Manifest, PluginId};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};

use crate::channel::ChannelSpec;
use crate::describe::Described;
use crate::error::{Error, Result};
use crate::extension::ToolSpec;
use crate::package::{MANIFEST_FILE, Package, read_bounded};
use crate::random;
use crate::validate;

/// What is kept of an installed package beside its files.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Record {
    /// The identity of its component.
    pub(crate) digest: Digest,
    /// The identity of the package.
    pub(crate) address: Digest,
    /// What its manifest was, byte for byte.
    pub(crate) manifest: Digest,
    /// The path of the component in the package.
    pub(crate) component: PathBuf,
    pub(crate) tools: Vec<ToolSpec>,
    /// What it says about itself, if it is an adapter to a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<ChannelSpec>,
}

impl Record {
    pub(crate) fn new(package: &Package, described: Described) -> Self {
        Self {
            digest: package.digest,
            address: package.address,
            manifest: package.manifest_digest,
            component: package.component_file.clone(),
            tools: described.tools,
            channel: described.channel,
        }
    }
}

/// The ending of a record that is being written.
const DRAFT: &str = "new";

/// The folder of packages.
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    /// The folder to read from. Nothing is created, and nothing may be put.
    pub(crate) fn look(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Takes a folder, creating it if there is none, and removes what nothing names.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let store = Self {
            folder: folder.to_owned(),
        };
        for name in [store.packages(), store.records()] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&name);
            let closed = made.and_then(|()| fs::set_permissions(&name, Permissions::from_mode(0o700)));
            closed.map_err(Error::file("create", name))?;
        }
        store.remove_drafts()?;
        store.sweep()?;
        Ok(store)
    }

    fn packages(&self) -> PathBuf {
        self.folder.join("packages")
    }

    fn records(&self) -> PathBuf {
        self.folder.join("installed")
    }

    fn package(&self, address: Digest) -> PathBuf {
        self.packages().join(address.to_string())
    }

    fn record_file(&self, id: &PluginId) -> PathBuf {
        self.records().join(format!("{id}.json"))
    }

    /// Keeps a package and makes it the installed one of its id.
    pub(crate) fn put(&self, package: &Package, record: &Record) -> Result<()> {
        let draft = self.packages().join(format!("new-{}", random::name()?));
        let written = write_package(&draft, package).map_err(Error::file("write", &draft));
        let to = self.package(package.address);
        let placed = written.and_then(|()| {
            let flags = match to.exists() {
                // The same package again, whose files may have been changed meanwhile.
                true => RenameFlags::EXCHANGE,
                false => RenameFlags::NOREPLACE,
            };
            let renamed = renameat_with(CWD, &draft, CWD, &to, flags);
            renamed.map_err(|error| Error::file("create", &to)(error.into()))
        });
        if placed.is_err() {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_dir_all(&draft);
        }
        placed?;
        let path = self.record_file(&package.manifest.id);
        let bytes = serde_json::to_vec(record).map_err(|error| Error::file("write", &path)(error.into()))?;
        write_whole(&path, &bytes).map_err(Error::file("write", &path))?;
        self.sweep()
    }

    /// Removes what is installed under an id; false if nothing is.
    pub(crate) fn remove(&self, id: &PluginId) -> Result<bool> {
        let path = self.record_file(id);
        match fs::remove_file(&path) {
            Ok(()) => self.sweep().map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::file("remove", path)(error)),
        }
    }

    /// What is installed under an id.
    pub(crate) fn record(&self, id: &PluginId) -> Result<Option<Record>> {
        let path = self.record_file(id);
        match fs::read(&path) {
            Ok(bytes) => {
                let record = serde_json::from_slice(&bytes);
                record.map(Some).map_err(|_| Error::Package {
                    path,
                    what: "what was noted at its installation is damaged; install it anew",
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file("read", path)(error)),
        }
    }

    /// The same, none if it cannot be read.
    pub(crate) fn readable(&self, id: &PluginId) -> Option<Record> {
        self.record(id).ok().flatten()
    }

    /// The components of all that is installed. An error if one cannot be told.
    pub(crate) fn digests(&self) -> Result<HashSet<Digest>> {
        let mut digests = HashSet::new();
        for id in self.ids()? {
            digests.extend(self.record(&id)?.map(|record| record.digest));
        }
        Ok(digests)
    }

    /// The ids of all that is installed, sorted.
    pub(crate) fn ids(&self) -> Result<Vec<PluginId>> {
        let folder = self.records();
        let mut ids = Vec::new();
        let names = match names(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ids),
            names => names.map_err(Error::file("read", &folder))?,
        };
        for name in names {
            ids.extend(name.strip_suffix(".json").and_then(|id| id.parse().ok()));
        }
        ids.sort();
        Ok(ids)
    }

    /// The manifest of an installed package.
    pub(crate) fn manifest(&self, record: &Record) -> Result<Manifest> {
        let path = self.files(record).join(MANIFEST_FILE);
        let bytes = read_bounded(&path, openclaw_policy::MAX_BYTES as u64)?;
        match Digest::of(&bytes) == record.manifest {
            true => Ok(Manifest::parse(&bytes)?),
            false => Err(Error::Package {
                path,
                what: "its manifest was changed after it was installed; install it anew",
            }),
        }
    }

    /// The component of an installed package, if it is still what it was.
    pub(crate) fn component(&self, record: &Record) -> Result<Vec<u8>> {
        let path = self.files(record).join(&record.component);
        let bytes = read_bounded(&path, validate::MAX_BYTES as u64)?;
        match Digest::of(&bytes) == record.digest {
            true => Ok(bytes),
            false => Err(Error::Package {
                path,
                what: "its component was changed after it was installed; install it anew",
            }),
        }
    }

    /// The folder with the files of an installed package.
    pub(crate) fn files(&self, record: &Record) -> PathBuf {
        self.package(record.address)
    }

    /// Removes records that a crash kept from getting their names.
    fn remove_drafts(&self) -> Result<()> {
        let folder = self.records();
        for name in names(&folder).map_err(Error::file("read", &folder))? {
            let path = folder.join(name);
            if path.extension().is_some_and(|ending| ending == DRAFT)
                && let Err(error) = fs::remove_file(&path)
            {
                tracing::warn!(path = %path.display(), %error, "this cannot be removed; it takes space and does no more");
            }
        }
        Ok(())
    }

    fn sweep(&self) -> Result<()> {
        let mut named = Vec::new();
        for id in self.ids()? {
            match self.record(&id) {
                Ok(record) => named.extend(record.map(|record| record.address.to_string())),
                Err(error) => {
                    // Which package it names cannot be told, so none is removed.
                    tracing::warn!(%error, "an installed extension cannot be read; install it anew");
                    return Ok(());
                }
            }
        }
        let folder = self.packages();
        for name in names(&folder).map_err(Error::file("read", &folder))? {
            if !named.contains(&name) {
                let path = folder.join(name);
                if let Err(error) = fs::remove_dir_all(&path) {
                    tracing::warn!(path = %path.display(), %error, "this cannot be removed; it takes space and does no more");
                }
            }
        }
        Ok(())
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn write_package(folder: &Path, package: &Package) -> io::Result<()> {
    let create = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path);
    create(folder)?;
    for (path, bytes) in &package.files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), create)?;
        write_synced(&path, bytes)?;
    }
    File::open(folder)?.sync_all()
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension(DRAFT);
    write_synced(&draft, bytes)?;
    fs::rename(&draft, path)?;
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::tests::package;

    fn record(package: &Package) -> Record {
        Record::new(package, Described::default())
    }

    #[test]
    fn what_was_put_is_there_after_a_start_and_gone_after_a_removal() {
        let folder = tempfile::tempdir().unwrap();
        let package = package(&folder.path().join("in"), "demo", b"bytes");
        let at = folder.path().join("store");
        Store::open(&at)
            .unwrap()
            .put(&package, &record(&package))
            .unwrap();
        let store = Store::open(&at).unwrap();
        let id = "demo".parse().unwrap();
        assert_eq!(store.ids().unwrap(), [id]);
        let found = store.record(&store.ids().unwrap()[0]).unwrap().unwrap();
        assert_eq!(store.component(&found).unwrap(), b"bytes");
        assert_eq!(store.manifest(&found).unwrap().id.as_str(), "demo");
        assert_eq!(
            fs::read(store.files(&found).join("docs/SKILL.md")).unwrap(),
            b"how"
        );
        assert!(store.remove(&"demo".parse().unwrap()).unwrap());
        assert!(!store.remove(&"demo".parse().unwrap()).unwrap());
        assert_eq!(fs::read_dir(at.join("packages")).unwrap().count(), 0);
    }

    #[test]
    fn what_a_crash_left_half_done_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        fs::create_dir(store.packages().join("new-1")).unwrap();
        fs::create_dir(store.package(Digest::of(b"placed but never named"))).unwrap();
        fs::write(store.records().join("demo.new"), "{").unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(fs::read_dir(store.records()).unwrap().count(), 0);
        assert_eq!(fs::read_dir(store.packages()).unwrap().count(), 0);
    }

    #[test]
    fn a_component_that_was_changed_on_disk_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let package = package(&folder.path().join("in"), "demo", b"bytes");
        let store = Store::open(&folder.path().join("store")).unwrap();
        let record = record(&package);
        store.put(&package, &record).unwrap();
        fs::write(store.files(&record).join("tool.wasm"), b"other").unwrap();
        assert!(matches!(store.component(&record), Err(Error::Package { .. })));
        store.put(&package, &record).unwrap();
        assert_eq!(store.component(&record).unwrap(), b"bytes");
    }

    #[test]
    fn two_extensions_of_one_component_keep_their_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let records = ["one", "two"].map(|id| {
            let package = package(&folder.path().join(id), id, b"bytes");
            store.put(&package, &record(&package)).unwrap();
            record(&package)
        });
        let ids = records
            .each_ref()
            .map(|record| store.manifest(record).unwrap().id.to_string());
        assert_eq!(ids, ["one", "two"]);
    }
}
