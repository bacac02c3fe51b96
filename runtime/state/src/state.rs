//! The handle to the state: open it once, clone it freely, close it last.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::audit::{AuditEntry, Redact};
use crate::changes::{Changes, Gate};
use crate::connection::open_writer;
use crate::error::{Error, Result};
use crate::lock::OwnerLock;
use crate::migrations;
use crate::readers::Readers;
use crate::view::{Tx, View};
use crate::writer::Writer;

/// The database's name inside the state folder.
pub const DATABASE_FILE: &str = "gateway.sqlite";

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Durability {
    /// The death of the process, `kill -9` included.
    #[default]
    Process,
    /// A power cut too: each commit waits for the disk.
    Full,
}

impl Durability {
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            Self::Process => "NORMAL",
            Self::Full => "FULL",
        }
    }
}

impl FromStr for Durability {
    type Err = Error;

    /// Reads the value of `OPENCLAW_SYNC`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "normal" => Ok(Self::Process),
            "full" => Ok(Self::Full),
            other => Err(Error::Durability {
                given: other.to_owned(),
            }),
        }
    }
}

/// How the state is opened.
#[derive(Clone)]
pub struct Options {
    folder: PathBuf,
    redact: Arc<dyn Redact>,
    durability: Durability,
}

impl Options {
    /// The state in `folder`; everything that the audit log keeps passes `redact` first.
    pub fn new(folder: impl Into<PathBuf>, redact: impl Redact + 'static) -> Self {
        Self {
            folder: folder.into(),
            redact: Arc::new(redact),
            durability: Durability::default(),
        }
    }

    /// What an acknowledged write survives.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

/// The open state. Clones share it.
#[derive(Clone)]
pub struct State {
    parts: Arc<Parts>,
}

struct Parts {
    path: PathBuf,
    readers: Readers,
    writer: Writer,
}

impl State {
    /// Takes the folder, creating it for its owner alone if there is none, and brings the database to this
    /// build's schema. Blocks for as long as that takes; milliseconds where there is nothing to migrate.
    pub fn open(options: Options) -> Result<Self> {
        let Options {
            folder,
            redact,
            durability,
        } = options;
        let (folder, lock) = take_folder(&folder)?;
        let path = folder.join(DATABASE_FILE);
        let mut connection = open_writer(&path, durability)?;
        migrations::apply(&mut connection, &path)?;
        let gate = Gate::default();
        let changes = Changes::new(&path, Arc::clone(&gate));
        Ok(Self {
            parts: Arc::new(Parts {
                readers: Readers::new(path.clone(), gate),
                writer: Writer::start(connection, changes, lock, redact)?,
                path,
            }),
        })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.parts.path
    }

    /// Does `work` in a transaction and answers once it is kept. See [`crate::writer`] for what that means.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.parts.writer.write(work).await
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.parts.readers
    }

    /// Does `work` on one consistent picture of the state, beside the writer. The two wait for each other only
    /// for the bounded moment in which a log of changes that has grown long is emptied.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&View<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.parts.readers.read(work).await
    }

    /// Writes an audit entry without waiting for it. For an entry that must stand or fall with a change, use
    /// [`Tx::audit`] inside that change.
    pub fn record(&self, entry: AuditEntry) {
        self.parts.writer.record(entry);
    }

    /// Finishes the writes and reads under way and gives the folder back. Later ones fail with
    /// [`Error::Closed`]. However many call it, each is answered once the folder is free. Dropping the last clone
    /// does the same without waiting for it.
    pub async fn close(&self) {
        self.parts.readers.close().await;
        self.parts.writer.close().await;
    }
}

/// Creates the folder, for its owner alone, if there is none, and takes it. The answer is its absolute path: the
/// process may change its working folder, and SQLite would take a name like `file:x` for an address.
pub(crate) fn take_folder(folder: &Path) -> Result<(PathBuf, OwnerLock)> {
    let folder = std::path::absolute(folder).map_err(Error::file("find", folder))?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(Error::file("create", &folder))?;
    let lock = OwnerLock::take(&folder)?;
    Ok((folder, lock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_durability_is_one_of_two_words() {
        assert_eq!("normal".parse::<Durability>().unwrap(), Durability::Process);
        assert_eq!("full".parse::<Durability>().unwrap(), Durability::Full);
        for other in ["", "FULL", "extra"] {
            let error = other.parse::<Durability>().unwrap_err();
            assert!(matches!(&error, Error::Durability { given } if given == other));
            assert!(error.to_string().contains("\"normal\" or \"full\""));
        }
    }
}
