//! What is kept of conversations: what was said since the agent was last called, new addresses, drafts on show.
//!
//! **Bound.** As many messages of a conversation as the caller asks for; the oldest go first. Of all conversations
//! the newest [`ROOM_MESSAGES`], and none for longer than [`ROOM_MS`]: a few go with each that is put. Drafts go
//! after a day. **Cost.** One row each.

use rusqlite::{OptionalExtension as _, params};

use crate::channels::ChannelAccount;
use crate::error::Result;
use crate::view::{Tx, View};

/// After how long a draft that nothing ended is forgotten.
const DRAFT_MS: i64 = 24 * 60 * 60 * 1000;

/// For how long a message that passed the agent by is kept.
const ROOM_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// How many of them are kept together.
const ROOM_MESSAGES: i64 = 20_000;
/// How many that are too old, and how many that are too many, are forgotten with each that is put.
const SWEEP: i64 = 8;

/// A message that passed the agent by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoomMessage {
    /// Who wrote it, as people know them.
    pub sender: String,
    /// What it says.
    pub body: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

impl View<'_> {
    /// The address under which a conversation is kept: its first one.
    pub fn kept_address(&self, of: &ChannelAccount, address: &str) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kept_as FROM channel_moves WHERE channel = ?1 AND account = ?2 AND address = ?3",
        )?;
        let kept = statement.query_row([of.channel(), of.account(), address], |row| row.get(0));
        Ok(kept.optional()?)
    }

    /// The message in which a turn's answer is shown so far.
    pub fn draft_of(&self, run_id: &str) -> Result<Option<String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT message_id FROM channel_drafts WHERE run_id = ?1")?;
        Ok(statement.query_row([run_id], |row| row.get(0)).optional()?)
    }
}

impl Tx<'_> {
    /// Keeps a message for the next time that the agent is called in its conversation, and the newest `most` in all.
    pub fn put_room_message(
        &self,
        of: &ChannelAccount,
        conversation: &str,
        message: &RoomMessage,
        most: u32,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO room_messages (channel, account, conversation, sender, body, at_ms, put_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                of.channel(),
                of.account(),
                conversation,
                message.sender,
                message.body,
                message.at_ms,
                self.now_ms
            ])?;
        self.connection
            .prepare_cached(
                "DELETE FROM room_messages WHERE channel = ?1 AND account = ?2 AND conversation = ?3 AND seq <=
                 (SELECT seq FROM room_messages WHERE channel = ?1 AND account = ?2 AND conversation = ?3
                  ORDER BY seq DESC LIMIT 1 OFFSET ?4)",
            )?
            .execute(params![of.channel(), of.account(), conversation, most])?;
        self.connection
            .prepare_cached(
                "DELETE FROM room_messages WHERE seq IN
                 (SELECT seq FROM room_messages WHERE put_ms < ?1 ORDER BY put_ms LIMIT ?2)",
            )?
            .execute(params![self.now_ms.saturating_sub(ROOM_MS), SWEEP])?;
        // The numbers have gaps, so that there are never more rows than numbers.
        self.connection
            .prepare_cached(
                "DELETE FROM room_messages WHERE seq IN
                 (SELECT seq FROM room_messages WHERE seq <= (SELECT max(seq) FROM room_messages) - ?1
                  ORDER BY seq LIMIT ?2)",
            )?
            .execute([ROOM_MESSAGES, SWEEP])?;
        Ok(())
    }

    /// Takes what was kept of a conversation, the oldest first.
    pub fn take_room_messages(&self, of: &ChannelAccount, conversation: &str) -> Result<Vec<RoomMessage>> {
        let place = params![of.channel(), of.account(), conversation];
        let mut statement = self.connection.prepare_cached(
            "SELECT sender, body, at_ms FROM room_messages
             WHERE channel = ?1 AND account = ?2 AND conversation = ?3 ORDER BY seq",
        )?;
        let rows = statement.query_map(place, |row| {
            Ok(RoomMessage {
                sender: row.get(0)?,
                body: row.get(1)?,
                at_ms: row.get(2)?,
            })
        })?;
        let messages = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        self.connection
            .prepare_cached(
                "DELETE FROM room_messages WHERE channel = ?1 AND account = ?2 AND conversation = ?3",
            )?
            .execute(place)?;
        Ok(messages)
    }

    /// Notes that a conversation has a new address; what is kept for it stays under the first one.
    pub fn move_conversation(&self, of: &ChannelAccount, former: &str, address: &str) -> Result<()> {
        if former == address {
            return Ok(());
        }
        let kept_as = self.kept_address(of, former)?;
        self.connection
            .prepare_cached(
                "INSERT INTO channel_moves (channel, account, address, kept_as) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET kept_as = excluded.kept_as",
            )?
            .execute(params![
                of.channel(),
                of.account(),
                address,
                kept_as.as_deref().unwrap_or(former)
            ])?;
        Ok(())
    }

    /// Notes in which message a turn's answer is shown.
    pub fn put_draft(&self, run_id: &str, message_id: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM channel_drafts WHERE made_ms < ?1")?
            .execute([self.now_ms.saturating_sub(DRAFT_MS)])?;
        self.connection
            .prepare_cached(
                "INSERT INTO channel_drafts (run_id, message_id, made_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET message_id = excluded.message_id, made_ms = excluded.made_ms",
            )?
            .execute(params![run_id, message_id, self.now_ms])?;
        Ok(())
    }

    /// Forgets it.
    pub fn delete_draft(&self, run_id: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM channel_drafts WHERE run_id = ?1")?
            .execute([run_id])?;
        Ok(())
    }
}
