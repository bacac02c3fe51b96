//! What is installed, for whoever only reads: no engine, no thread, nothing written.
//!
//! **Cost.** The files that are asked for, some of them small, each time.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_policy::{Digest, PluginId};

use crate::error::Result;
use crate::host::{COMPILED, Installed};
use crate::inspect::Inspection;
use crate::store::{Record, Store};

/// The packages of a folder, to look at.
pub struct Packages {
    store: Store,
    compiled: PathBuf,
}

impl Packages {
    /// Those of the folder that a [`crate::Host`] is started with. It need not exist.
    pub fn open(folder: &Path) -> Self {
        Self {
            store: Store::look(folder),
            compiled: folder.join(COMPILED),
        }
    }

    /// The ids of all that is installed, sorted.
    pub fn list(&self) -> Result<Vec<PluginId>> {
        self.store.ids()
    }

    /// What is installed under an id.
    pub fn find(&self, id: &PluginId) -> Result<Option<Installed>> {
        let record = self.store.record(id)?;
        record.map(|record| self.tell(record)).transpose()
    }

    fn tell(&self, record: Record) -> Result<Installed> {
        Ok(Installed {
            digest: record.digest,
            manifest: self.store.manifest(&record)?,
            files: self.store.files(&record),
            tools: record.tools,
            channel: record.channel,
        })
    }

    /// Looks at what is installed under an id. A component that was changed on disk is refused there.
    pub fn inspect(&self, id: &PluginId) -> Result<Option<Inspection>> {
        let Some(record) = self.store.record(id)? else {
            return Ok(None);
        };
        let manifest = self.store.manifest(&record)?;
        let component = self.store.component(&record);
        let files = self.store.files(&record);
        Ok(Some(Inspection::of_installed(&files, manifest, component)))
    }

    /// Whether there is compiled code of a component, be it of this build or of another one.
    pub fn is_compiled(&self, digest: Digest) -> bool {
        let prefix = digest.to_string();
        let of = |name: &str| name.starts_with(&prefix) && name.ends_with(".cwasm");
        fs::read_dir(&self.compiled).is_ok_and(|entries| {
            entries
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .any(|name| of(&name))
        })
    }
}
