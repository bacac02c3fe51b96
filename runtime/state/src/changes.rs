//! The log of changes beside the database is kept short.
//!
//! SQLite folds the log into the database as it goes, but begins it anew only at a moment in which nobody reads,
//! and reads that overlap without a pause leave none. So when a commit finds the log longer than [`LOG_BYTES`],
//! the writer makes such a moment: it lets no further read begin, and waits for those under way.
//!
//! **Bound.** The writer waits [`PATIENCE`] at the most; then it lets the reads go on and tries again once the
//! log has grown by [`LOG_BYTES`] more. A read that begins meanwhile waits for that, and for the copying of what
//! is not folded yet. Only a read that lasts, a backup for one, makes the log longer than twice [`LOG_BYTES`].
//!
//! **Cost.** A look at the log's length for each commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rusqlite::Connection;

use crate::connection::{BUSY_TIMEOUT, beside};

/// How long the log may become before reads are held for it.
pub(crate) const LOG_BYTES: u64 = 64 << 20;
/// How long the writer waits for the reads under way.
const PATIENCE: Duration = Duration::from_millis(250);

/// Each read holds this shared, for as long as it looks at the database.
pub(crate) type Gate = Arc<RwLock<()>>;

/// The log, as the writer sees it.
pub(crate) struct Changes {
    log: PathBuf,
    gate: Gate,
    /// The length at which it is folded.
    due: u64,
}

impl Changes {
    /// The log of the database at `path`, whose reads go through `gate`.
    pub(crate) fn new(path: &Path, gate: Gate) -> Self {
        Self {
            log: beside(path, "-wal"),
            gate,
            due: LOG_BYTES,
        }
    }

    /// Begins the log anew if it has grown long and the reads leave a moment for it.
    pub(crate) fn keep_short(&mut self, connection: &Connection) {
        let bytes = fs::metadata(&self.log).map_or(0, |found| found.len());
        self.due = self.due.min(bytes + LOG_BYTES);
        if bytes <= self.due {
            return;
        }
        let folded = match self.gate.try_write_for(PATIENCE) {
            Some(_nobody_reads) => connection
                .busy_timeout(Duration::ZERO)
                .and_then(|()| fold(connection)),
            None => Ok(false),
        };
        let restored = connection.busy_timeout(BUSY_TIMEOUT);
        match folded.and_then(|folded| restored.map(|()| folded)) {
            Ok(true) => self.due = LOG_BYTES,
            Ok(false) => self.due = bytes + LOG_BYTES,
            Err(error) => {
                self.due = bytes + LOG_BYTES;
                tracing::warn!(%error, bytes, "the log of changes could not be folded into the state database");
            }
        }
    }
}

/// Folds the log into the database and empties it; false if somebody reads from it.
pub(crate) fn fold(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get(0).map(|busy: i64| busy == 0)
    })
}
