//! What can go wrong with the state: each error names the thing that failed and the way out.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::kv::QuotaKind;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the state could not be used.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was being done, as in "cannot create".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process owns the state folder.
    #[error(
        "the state in {} is in use by {}; stop it first, or choose another state folder",
        folder.display(),
        owner.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Locked {
        /// The state folder.
        folder: PathBuf,
        /// The owner's process id, when it could be read.
        owner: Option<u32>,
    },
    /// The database file belongs to another program.
    #[error("{} is not a state database of this gateway; move it away, or choose another state folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// What stands in the database's place is a link, a folder or the like.
    #[error(
        "{} is not a regular file; put the database itself there, or choose another state folder",
        path.display()
    )]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// The database is gone, and something of it is still there.
    #[error(
        "{} is missing, and {} was left; run the restore again if one was cut short, put the database back if \
         it was moved, or move what was left away to begin with an empty state",
        path.display(),
        left.display()
    )]
    Incomplete {
        /// The database.
        path: PathBuf,
        /// What was left of it, or of a restore.
        left: PathBuf,
    },
    /// The database cannot have a log of changes where it is.
    #[error(
        "{} cannot have a write-ahead log where it is (SQLite chose \"{kind}\" instead); \
         put the state folder on a local disk",
        path.display()
    )]
    NoLog {
        /// The file.
        path: PathBuf,
        /// The kind of log that SQLite chose.
        kind: String,
    },
    /// `OPENCLAW_SYNC` has a value that means nothing.
    #[error("OPENCLAW_SYNC is \"{given}\"; it can be \"normal\" or \"full\"")]
    Durability {
        /// The value.
        given: String,
    },
    /// The database was written by a newer build.
    #[error(
        "{} has schema {found}, and this build knows schemas up to {known}; \
         update openclaw, or restore a backup that this version made",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The schema it has.
        found: u32,
        /// The newest schema that this build knows.
        known: u32,
    },
    /// A migration failed; the database is as it was before.
    #[error("cannot bring {} to schema {number} ({name}), it stays as it was: {source}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The migration's number.
        number: u32,
        /// The migration's name.
        name: &'static str,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// The database refused a statement.
    #[error("the state database refused a statement: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The transaction that a write was part of could not be kept. Nothing of the write was.
    #[error("the state could not be written, nothing of this write was kept: {0}")]
    NotKept(Arc<rusqlite::Error>),
    /// The work of a read or write panicked; it was rolled back.
    #[error("a read or write of the state panicked and was rolled back; this is a bug of the gateway")]
    Panicked,
    /// The state was closed.
    #[error("the state is closed")]
    Closed,
    /// A thread could not be started.
    #[error("cannot start the thread that writes the state: {0}")]
    Thread(io::Error),
    /// A store is full.
    #[error("the store of {namespace} may hold {allowed} {kind}, and this would make {needed}")]
    Quota {
        /// Whose store.
        namespace: String,
        /// Which limit.
        kind: QuotaKind,
        /// The limit.
        allowed: u64,
        /// What it would have become.
        needed: u64,
    },
    /// A name for a store or a key is not usable.
    #[error("{what} must be 1 to {max} bytes without control characters")]
    Name {
        /// What the name is for.
        what: &'static str,
        /// The most bytes it may have.
        max: usize,
    },
    /// A conversation is not there.
    #[error("there is no conversation {session_id}; begin it before something is added to it")]
    NoTranscript {
        /// The id that was asked for.
        session_id: String,
    },
    /// Something is too large to be kept.
    #[error("{what} has {bytes} bytes and may have {max}; make it smaller")]
    Size {
        /// What it is.
        what: &'static str,
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// The audit chain does not hold.
    #[error(
        "the audit log is damaged at entry {seq}: {why}; keep the file as it is and compare it with a backup"
    )]
    AuditBroken {
        /// The first entry that does not hold.
        seq: i64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The target of a backup is already there.
    #[error("{} already exists; name a new file for the backup", path.display())]
    BackupExists {
        /// The file.
        path: PathBuf,
    },
    /// The state is damaged, so that a copy of it would not be whole.
    #[error("no backup was made, because {} is damaged: {why}; restore an earlier backup", path.display())]
    CopyDamaged {
        /// The state's database.
        path: PathBuf,
        /// The first thing that is wrong with it.
        why: String,
    },
    /// What is to be restored is no backup.
    #[error("{} is not a backup of this gateway's state; name a file that a backup wrote", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// A backup is damaged.
    #[error("{} cannot be restored, the state stays as it is: {why}", path.display())]
    BackupDamaged {
        /// The file.
        path: PathBuf,
        /// The first thing that is wrong with it.
        why: String,
    },
}

impl Error {
    /// Whether the same write would be refused again, so that only another one can be kept.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
            ),
            Self::NotKept(_) | Self::Closed => false,
            _ => true,
        }
    }

    /// For `map_err` after an operation on a file.
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}
