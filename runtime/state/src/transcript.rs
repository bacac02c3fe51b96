//! What was said, as a tree of entries that are added and never changed.
//!
//! **Promise.** An entry follows the one that was its conversation's newest when it was added, and stays as it is.
//! **Bound.** [`BODY_BYTES`] for an entry; a read says how many entries and bytes it wants. **Cost.** An append is
//! two rows; a read is one row for each entry that it returns.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::{Error, Result};
use crate::kv::{NAME_BYTES, check_name, check_size};
use crate::view::{Tx, View};

/// The most bytes that an entry may have.
const BODY_BYTES: usize = 64 << 20;

/// A conversation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transcript {
    /// Its id.
    pub session_id: String,
    /// The key that led to it.
    pub session_key: String,
    /// The agent that owns it.
    pub agent_id: String,
    /// When it began, in milliseconds since 1970.
    pub created_ms: i64,
}

/// One entry of a conversation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its number. Later entries of whichever conversation have larger ones.
    pub seq: i64,
    /// The number of the entry that it follows.
    pub parent: Option<i64>,
    /// When it was added, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it is: `message`, `reset`, …
    pub kind: String,
    /// The run that added it.
    pub run_id: Option<String>,
    /// What OpenClaw's entry has beside `type`, `id`, `parentId` and `timestamp`: an object, as JSON.
    pub body: String,
}

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            parent: row.get(1)?,
            at_ms: row.get(2)?,
            kind: row.get(3)?,
            run_id: row.get(4)?,
            body: row.get(5)?,
        })
    }

    /// The entry's id as it is shown and exported.
    pub fn id(&self) -> String {
        format!("{:08x}", self.seq)
    }

    /// The id of the entry that it follows.
    pub fn parent_id(&self) -> Option<String> {
        self.parent.map(|parent| format!("{parent:08x}"))
    }
}

impl View<'_> {
    /// A conversation by its id.
    pub fn transcript(&self, session_id: &str) -> Result<Option<Transcript>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT session_id, session_key, agent_id, created_ms FROM transcripts WHERE session_id = ?1",
        )?;
        let read = |row: &Row<'_>| {
            Ok(Transcript {
                session_id: row.get(0)?,
                session_key: row.get(1)?,
                agent_id: row.get(2)?,
                created_ms: row.get(3)?,
            })
        };
        Ok(statement.query_row([session_id], read).optional()?)
    }

    /// The newest entries of a conversation's branch, oldest first: from its newest entry back along the parents,
    /// until there are `entries` of them or one more would make them more than `bytes`.
    pub fn transcript_tail(&self, session_id: &str, entries: usize, bytes: usize) -> Result<Vec<Entry>> {
        let (found, _) = self.transcript_since(session_id, None, entries, bytes)?;
        Ok(found)
    }

    /// The same, but only back to the entry `known`, which is not among them; and whether it was met.
    pub fn transcript_since(
        &self,
        session_id: &str,
        known: Option<i64>,
        entries: usize,
        bytes: usize,
    ) -> Result<(Vec<Entry>, bool)> {
        let mut leaf = self
            .connection
            .prepare_cached("SELECT leaf FROM transcripts WHERE session_id = ?1")?;
        let mut next: Option<i64> = leaf
            .query_row([session_id], |row| row.get(0))
            .optional()?
            .flatten();
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, parent, at_ms, kind, run_id, body FROM transcript WHERE seq = ?1")?;
        let mut found = Vec::new();
        let mut room = bytes;
        while let Some(seq) = next.filter(|_| found.len() < entries && next != known) {
            let Some(entry) = statement.query_row([seq], Entry::read).optional()? else {
                break;
            };
            let Some(left) = room.checked_sub(entry.body.len()) else {
                break;
            };
            room = left;
            next = entry.parent;
            found.push(entry);
        }
        found.reverse();
        Ok((found, known.is_some() && next == known))
    }

    /// The entries that a run added to a conversation, oldest first.
    pub fn transcript_of_run(&self, session_id: &str, run_id: &str) -> Result<Vec<Entry>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, parent, at_ms, kind, run_id, body FROM transcript
             WHERE session_id = ?1 AND run_id = ?2 ORDER BY seq",
        )?;
        let rows = statement.query_map([session_id, run_id], Entry::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Begins a conversation under an id that no other has.
    pub fn transcript_begin(&self, session_id: &str, session_key: &str, agent_id: &str) -> Result<()> {
        check_name("the id of a session", session_id, NAME_BYTES)?;
        self.connection
            .prepare_cached(
                "INSERT INTO transcripts (session_id, session_key, agent_id, created_ms) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![session_id, session_key, agent_id, self.now_ms])?;
        Ok(())
    }

    /// Adds an entry after the conversation's newest one; says its number.
    pub fn transcript_append(
        &self,
        session_id: &str,
        run_id: Option<&str>,
        kind: &str,
        body: &str,
    ) -> Result<i64> {
        check_size("an entry of a transcript", body, BODY_BYTES)?;
        let added = self
            .connection
            .prepare_cached(
                "INSERT INTO transcript (session_id, parent, at_ms, kind, run_id, body)
                 SELECT session_id, leaf, ?2, ?3, ?4, ?5 FROM transcripts WHERE session_id = ?1",
            )?
            .execute(params![session_id, self.now_ms, kind, run_id, body])?;
        if added == 0 {
            return Err(Error::NoTranscript {
                session_id: session_id.to_owned(),
            });
        }
        let seq = self.connection.last_insert_rowid();
        self.connection
            .prepare_cached("UPDATE transcripts SET leaf = ?2 WHERE session_id = ?1")?
            .execute(params![session_id, seq])?;
        Ok(seq)
    }
}
