//! What a channel account leaves from one call of its adapter to the next: state, cursors, timers.
//!
//! **Promise.** Each belongs to one channel and account, and changes with whatever else its transaction writes.
//! **Cost.** One row for each.

use std::fmt;

use rusqlite::{OptionalExtension as _, params};

use crate::error::Result;
use crate::kv::{NAME_BYTES, check_name};
use crate::view::{Tx, View};

/// An account of a channel.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChannelAccount {
    channel: String,
    account: String,
}

impl ChannelAccount {
    /// The account of this name.
    pub fn new(channel: &str, account: &str) -> Result<Self> {
        check_name("the id of a channel", channel, NAME_BYTES)?;
        check_name("the id of a channel's account", account, NAME_BYTES)?;
        Ok(Self {
            channel: channel.to_owned(),
            account: account.to_owned(),
        })
    }

    /// The id of the channel.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// The id of the account.
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for ChannelAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.channel, self.account)
    }
}

/// A timer of an account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChannelTimer {
    /// Its name.
    pub name: String,
    /// When it is due, in milliseconds since 1970.
    pub due_ms: i64,
}

/// A position in one of a platform's streams.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChannelCursor {
    /// Which stream.
    pub name: String,
    /// The position, in the platform's writing.
    pub position: String,
}

impl View<'_> {
    /// What the adapter saved last.
    pub fn channel_state(&self, of: &ChannelAccount) -> Result<Option<Vec<u8>>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT state FROM channel_states WHERE channel = ?1 AND account = ?2")?;
        let state = statement.query_row([&of.channel, &of.account], |row| row.get(0));
        Ok(state.optional()?)
    }

    /// All cursors of an account, by name.
    pub fn channel_cursors(&self, of: &ChannelAccount) -> Result<Vec<ChannelCursor>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, position FROM channel_cursors WHERE channel = ?1 AND account = ?2 ORDER BY name",
        )?;
        let rows = statement.query_map([&of.channel, &of.account], |row| {
            Ok(ChannelCursor {
                name: row.get(0)?,
                position: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// All timers of an account, the one that is due first before the others.
    pub fn channel_timers(&self, of: &ChannelAccount) -> Result<Vec<ChannelTimer>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, due_ms FROM channel_timers WHERE channel = ?1 AND account = ?2
             ORDER BY due_ms, name",
        )?;
        let rows = statement.query_map([&of.channel, &of.account], |row| {
            Ok(ChannelTimer {
                name: row.get(0)?,
                due_ms: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Replaces what the adapter saved.
    pub fn put_channel_state(&self, of: &ChannelAccount, state: &[u8]) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO channel_states (channel, account, state, updated_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET state = excluded.state, updated_ms = excluded.updated_ms",
            )?
            .execute(params![of.channel, of.account, state, self.now_ms])?;
        Ok(())
    }

    /// Moves a cursor.
    pub fn put_channel_cursor(&self, of: &ChannelAccount, cursor: &ChannelCursor) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO channel_cursors (channel, account, name, position, updated_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET position = excluded.position, updated_ms = excluded.updated_ms",
            )?
            .execute(params![
                of.channel,
                of.account,
                cursor.name,
                cursor.position,
                self.now_ms
            ])?;
        Ok(())
    }

    /// Sets a timer, anew if there is one of its name.
    pub fn put_channel_timer(&self, of: &ChannelAccount, timer: &ChannelTimer) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO channel_timers (channel, account, name, due_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET due_ms = excluded.due_ms",
            )?
            .execute(params![of.channel, of.account, timer.name, timer.due_ms])?;
        Ok(())
    }

    /// Takes a timer back; true if there was one.
    pub fn delete_channel_timer(&self, of: &ChannelAccount, name: &str) -> Result<bool> {
        let gone = self
            .connection
            .prepare_cached("DELETE FROM channel_timers WHERE channel = ?1 AND account = ?2 AND name = ?3")?
            .execute([&of.channel, &of.account, name])?;
        Ok(gone > 0)
    }
}
