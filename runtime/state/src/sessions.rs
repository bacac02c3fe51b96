//! Which conversation a session key leads to.
//!
//! **Promise.** A key leads to one conversation at a time. A reset gives it another; what was said before stays
//! readable under its own id, until the session is deleted.
//! **Bound.** [`KEY_BYTES`] for a key, [`ENTRY_BYTES`] for what is kept beside it. **Cost.** One row each.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::Result;
use crate::kv::{NAME_BYTES, check_name, check_size};
use crate::view::{Tx, View};

/// The most bytes that a session key may have.
pub(crate) const KEY_BYTES: usize = 1024;
/// The most bytes that what clients see of a session may have.
const ENTRY_BYTES: usize = 1 << 20;

const COLUMNS: &str = "key, agent_id, session_id, started_ms, last_interaction_ms, updated_ms, entry";

/// A session as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The key that messages are routed by.
    pub key: String,
    /// The agent that owns it.
    pub agent_id: String,
    /// The conversation that the key leads to now.
    pub session_id: String,
    /// When that conversation began, in milliseconds since 1970.
    pub started_ms: i64,
    /// When a person last wrote, in milliseconds since 1970.
    pub last_interaction_ms: i64,
    /// When the row was last changed, in milliseconds since 1970.
    pub updated_ms: i64,
    /// What clients see beside it: an object of OpenClaw's entry fields, as JSON.
    pub entry: String,
}

impl Session {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            agent_id: row.get(1)?,
            session_id: row.get(2)?,
            started_ms: row.get(3)?,
            last_interaction_ms: row.get(4)?,
            updated_ms: row.get(5)?,
            entry: row.get(6)?,
        })
    }
}

impl View<'_> {
    /// The session of a key.
    pub fn session(&self, key: &str) -> Result<Option<Session>> {
        let sql = format!("SELECT {COLUMNS} FROM sessions WHERE key = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([key], Session::read).optional()?)
    }

    /// The sessions, the one that changed last first; at most `limit`.
    pub fn sessions(&self, limit: u32) -> Result<Vec<Session>> {
        let sql = format!("SELECT {COLUMNS} FROM sessions ORDER BY updated_ms DESC, key LIMIT ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([limit], Session::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Keeps a session in the place of the one with the same key. `updated_ms` becomes the time of this change.
    pub fn session_put(&self, session: &Session) -> Result<()> {
        check_name("a session key", &session.key, KEY_BYTES)?;
        check_name("the agent of a session", &session.agent_id, NAME_BYTES)?;
        check_name("the id of a session", &session.session_id, NAME_BYTES)?;
        check_size("what is kept of a session", &session.entry, ENTRY_BYTES)?;
        self.connection
            .prepare_cached(
                "INSERT INTO sessions (key, agent_id, session_id, started_ms, last_interaction_ms, updated_ms, entry)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO UPDATE SET agent_id = excluded.agent_id, session_id = excluded.session_id,
                     started_ms = excluded.started_ms, last_interaction_ms = excluded.last_interaction_ms,
                     updated_ms = excluded.updated_ms, entry = excluded.entry",
            )?
            .execute(params![
                session.key,
                session.agent_id,
                session.session_id,
                session.started_ms,
                session.last_interaction_ms,
                self.now_ms,
                session.entry,
            ])?;
        Ok(())
    }

    /// Removes a session and, if `transcripts`, all that was ever said under its key; says whether there was one.
    pub fn session_delete(&self, key: &str, transcripts: bool) -> Result<bool> {
        if transcripts {
            self.connection
                .prepare_cached(
                    "DELETE FROM transcript WHERE session_id IN
                     (SELECT session_id FROM transcripts WHERE session_key = ?1)",
                )?
                .execute([key])?;
            self.connection
                .prepare_cached("DELETE FROM transcripts WHERE session_key = ?1")?
                .execute([key])?;
        }
        self.connection
            .prepare_cached("DELETE FROM shells WHERE session = ?1")?
            .execute([key])?;
        let gone = self
            .connection
            .prepare_cached("DELETE FROM sessions WHERE key = ?1")?
            .execute([key])?;
        Ok(gone > 0)
    }
}
