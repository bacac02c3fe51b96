//! What came in on a channel: what was seen already, what is only recorded, what could not be dealt with.
//!
//! **Promise.** A key is fresh once for each account, however often it comes, within [`SEEN_MS`] and the last
//! [`SEEN_MOST`] keys. What is parked stays until a person takes it up.
//! **Bound.** [`SEEN_MOST`] keys in all, [`RECORDS_MOST`] records and [`PARKED_MOST`] parked events for each account;
//! the oldest go first. **Cost.** One row each, and a few old ones that go with it.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::channels::ChannelAccount;
use crate::error::Result;
use crate::view::{Tx, View};

/// For how long a key is remembered: platforms that call again do so for days.
pub const SEEN_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// How many keys are remembered, those of all accounts together.
pub const SEEN_MOST: i64 = 50_000;
/// How many records are kept for an account.
pub const RECORDS_MOST: i64 = 1000;
/// How many parked events are kept for an account.
pub const PARKED_MOST: i64 = 1000;
/// How many old keys go with each new one, so that no write pays for all of them.
const SWEEP: i64 = 8;

/// An event that was set aside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParkedEvent {
    /// Its number.
    pub id: i64,
    /// The account.
    pub of: ChannelAccount,
    /// The name of the event.
    pub event: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed last.
    pub error: String,
    /// What happened, in the writing of whoever parked it.
    pub payload: Vec<u8>,
    /// When it was set aside, in milliseconds since 1970.
    pub parked_ms: i64,
}

/// An event to set aside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewParked {
    /// The name of the event.
    pub event: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed last.
    pub error: String,
    /// What happened.
    pub payload: Vec<u8>,
}

/// Something that came in and is no turn of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChannelRecord {
    /// The conversation.
    pub conversation: String,
    /// What kind of event it was, such as `reaction`.
    pub kind: String,
    /// What it said: JSON.
    pub detail: String,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
}

impl ParkedEvent {
    fn read(row: &Row<'_>) -> rusqlite::Result<(i64, String, String, NewParked, i64)> {
        let parked = NewParked {
            event: row.get(3)?,
            attempts: row.get(4)?,
            error: row.get(5)?,
            payload: row.get(6)?,
        };
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, parked, row.get(7)?))
    }

    fn made(row: (i64, String, String, NewParked, i64)) -> Result<Self> {
        let (id, channel, account, parked, parked_ms) = row;
        Ok(Self {
            id,
            of: ChannelAccount::new(&channel, &account)?,
            event: parked.event,
            attempts: parked.attempts,
            error: parked.error,
            payload: parked.payload,
            parked_ms,
        })
    }
}

const PARKED: &str =
    "SELECT id, channel, account, event, attempts, error, payload, parked_ms FROM channel_parked";

impl View<'_> {
    /// Whether a key was seen.
    pub fn is_seen(&self, of: &ChannelAccount, key: &str) -> Result<bool> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM channel_seen WHERE channel = ?1 AND account = ?2 AND key = ?3")?;
        Ok(statement.exists([of.channel(), of.account(), key])?)
    }

    /// The latest records of an account, the newest first.
    pub fn channel_records(&self, of: &ChannelAccount, most: u32) -> Result<Vec<ChannelRecord>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT conversation, kind, detail, at_ms FROM channel_records
             WHERE channel = ?1 AND account = ?2 ORDER BY seq DESC LIMIT ?3",
        )?;
        let rows = statement.query_map(params![of.channel(), of.account(), most], |row| {
            Ok(ChannelRecord {
                conversation: row.get(0)?,
                kind: row.get(1)?,
                detail: row.get(2)?,
                at_ms: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The parked events of all accounts, the oldest first.
    pub fn parked_events(&self) -> Result<Vec<ParkedEvent>> {
        let mut statement = self.connection.prepare_cached(&format!("{PARKED} ORDER BY id"))?;
        let rows = statement.query_map([], ParkedEvent::read)?;
        rows.map(|row| ParkedEvent::made(row?)).collect()
    }
}

impl Tx<'_> {
    /// Remembers a key; false if it was there already.
    pub fn see(&self, of: &ChannelAccount, key: &str) -> Result<bool> {
        let fresh = self
            .connection
            .prepare_cached(
                "INSERT INTO channel_seen (channel, account, key, seen_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![of.channel(), of.account(), key, self.now_ms])?
            > 0;
        if fresh {
            self.forget_seen()?;
        }
        Ok(fresh)
    }

    /// Rows are numbered in the order in which they came, so the oldest are found without looking at the others.
    fn forget_seen(&self) -> Result<()> {
        let newest = self.connection.last_insert_rowid();
        self.connection
            .prepare_cached(
                "DELETE FROM channel_seen WHERE seq IN
                 (SELECT seq FROM channel_seen ORDER BY seq LIMIT ?1) AND (seen_ms < ?2 OR seq <= ?3)",
            )?
            .execute(params![
                SWEEP,
                self.now_ms.saturating_sub(SEEN_MS),
                newest.saturating_sub(SEEN_MOST)
            ])?;
        Ok(())
    }

    /// Records something that is no turn of its own.
    pub fn record_inbound(&self, of: &ChannelAccount, record: &ChannelRecord) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO channel_records (channel, account, conversation, kind, detail, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                of.channel(),
                of.account(),
                record.conversation,
                record.kind,
                record.detail,
                record.at_ms
            ])?;
        self.connection
            .prepare_cached(
                "DELETE FROM channel_records WHERE channel = ?1 AND account = ?2 AND seq <=
                 (SELECT seq FROM channel_records WHERE channel = ?1 AND account = ?2
                  ORDER BY seq DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute(params![of.channel(), of.account(), RECORDS_MOST])?;
        Ok(())
    }

    /// Sets an event aside and gives its number.
    pub fn park_event(&self, of: &ChannelAccount, parked: &NewParked) -> Result<i64> {
        self.connection
            .prepare_cached(
                "INSERT INTO channel_parked (channel, account, event, attempts, error, payload, parked_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                of.channel(),
                of.account(),
                parked.event,
                parked.attempts,
                parked.error,
                parked.payload,
                self.now_ms
            ])?;
        let id = self.connection.last_insert_rowid();
        self.connection
            .prepare_cached(
                "DELETE FROM channel_parked WHERE channel = ?1 AND account = ?2 AND id <=
                 (SELECT id FROM channel_parked WHERE channel = ?1 AND account = ?2
                  ORDER BY id DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute(params![of.channel(), of.account(), PARKED_MOST])?;
        Ok(id)
    }

    /// Takes a parked event away, to try it again or to be rid of it.
    pub fn take_parked(&self, id: i64) -> Result<Option<ParkedEvent>> {
        let found = self
            .connection
            .prepare_cached(&format!("{PARKED} WHERE id = ?1"))?
            .query_row([id], ParkedEvent::read)
            .optional()?;
        self.connection
            .prepare_cached("DELETE FROM channel_parked WHERE id = ?1")?
            .execute([id])?;
        found.map(ParkedEvent::made).transpose()
    }
}
