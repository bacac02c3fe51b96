//! How what is to leave on a channel leaves: `queued`, `sending` one of its parts, then `sent` or `dead`.
//!
//! **Promise.** A part is begun in a transaction before it leaves. What is found `sending` by whoever begins anew may
//! have left or not, so it goes to the dead letters and not out again. Messages to one recipient leave in the order
//! in which they were put, one after the other. **Bound.** What was sent is forgotten after [`SENT_MS`], and of
//! the dead letters of an account the newest [`LETTERS`] stay: a few go with each message. **Cost.** One row for each
//! step.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::channels::ChannelAccount;
use crate::error::Result;
use crate::outbox::NewOutbound;
use crate::view::{Tx, View};

/// For how long it is known that a message was sent.
const SENT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// How many dead letters of an account are kept.
const LETTERS: i64 = 1000;
/// How many old messages are forgotten with each that is sent or dies.
const SWEEP: i64 = 8;
/// What a message whose part was under way when the process ended is told to have failed with.
pub const INTERRUPTED: &str = "the gateway ended while this was being sent, so nobody knows whether it arrived; \
                               look at the conversation, then replay or drop it";

/// A message on its way out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outbound {
    /// Its number.
    pub seq: i64,
    /// What was put.
    pub message: NewOutbound,
    /// How many parts were begun.
    pub part: u32,
    /// The platform's ids of what has left, as JSON.
    pub sent: String,
    /// How often the part that is next was tried.
    pub attempts: u32,
    /// The parts, as JSON, once the first one was begun.
    pub plan: Option<String>,
    /// When it was put, in milliseconds since 1970.
    pub created_ms: i64,
}

/// What is next to leave.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NextOutbound {
    /// This.
    Due(Box<Outbound>),
    /// Nothing before this moment, in milliseconds since 1970.
    At(i64),
    /// Nothing.
    Nothing,
}

/// A message that will not be sent unless somebody says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeadLetter {
    /// The message.
    pub outbound: Outbound,
    /// Why.
    pub error: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: i64,
}

const COLUMNS: &str = "seq, key, channel, account, recipient, thread, reply_to, in_answer_to, kind, body,
    session_key, run_id, part, sent, attempts, plan, created_ms";

impl Outbound {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            message: NewOutbound {
                key: row.get(1)?,
                channel: row.get(2)?,
                account: row.get(3)?,
                to: row.get(4)?,
                thread: row.get(5)?,
                reply_to: row.get(6)?,
                in_answer_to: row.get(7)?,
                kind: row.get(8)?,
                body: row.get(9)?,
                session_key: row.get(10)?,
                run_id: row.get(11)?,
            },
            part: row.get(12)?,
            sent: row.get(13)?,
            attempts: row.get(14)?,
            plan: row.get(15)?,
            created_ms: row.get(16)?,
        })
    }
}

/// A message waits for those before it to the same recipient.
const FIRST_OF_ITS_RECIPIENT: &str = "channel = ?1 AND account = ?2 AND state = 'queued' AND NOT EXISTS (
    SELECT 1 FROM outbox AS earlier
    WHERE earlier.channel = ?1 AND earlier.account = ?2 AND earlier.state IN ('queued', 'sending')
      AND earlier.seq < outbox.seq AND earlier.recipient = outbox.recipient)";

impl View<'_> {
    /// What is next to leave on an account.
    pub fn outbox_next(&self, of: &ChannelAccount, now_ms: i64) -> Result<NextOutbound> {
        let due = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM outbox
                 WHERE {FIRST_OF_ITS_RECIPIENT} AND next_try_ms <= ?3 ORDER BY seq LIMIT 1"
            ))?
            .query_row(params![of.channel(), of.account(), now_ms], Outbound::read)
            .optional()?;
        if let Some(outbound) = due {
            return Ok(NextOutbound::Due(Box::new(outbound)));
        }
        let at: Option<i64> = self
            .connection
            .prepare_cached(&format!(
                "SELECT min(next_try_ms) FROM outbox WHERE {FIRST_OF_ITS_RECIPIENT}"
            ))?
            .query_row([of.channel(), of.account()], |row| row.get(0))?;
        Ok(at.map_or(NextOutbound::Nothing, NextOutbound::At))
    }

    /// The dead letters of all accounts, the newest first.
    pub fn dead_letters(&self, most: u32) -> Result<Vec<DeadLetter>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS}, error, updated_ms FROM outbox WHERE state = 'dead' ORDER BY seq DESC LIMIT ?1"
        ))?;
        let rows = statement.query_map([most], |row| {
            Ok(DeadLetter {
                outbound: Outbound::read(row)?,
                error: row.get::<_, Option<String>>(17)?.unwrap_or_default(),
                since_ms: row.get(18)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many messages of an account wait to leave.
    pub fn outbox_waiting(&self, of: &ChannelAccount) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM outbox
             WHERE channel = ?1 AND account = ?2 AND state IN ('queued', 'sending')",
        )?;
        let waiting: i64 = statement.query_row([of.channel(), of.account()], |row| row.get(0))?;
        Ok(u64::try_from(waiting).unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Puts what was being sent when the last process ended among the dead letters; says how many there were. To be
    /// called before anything else is sent for the account.
    pub fn outbox_bury_interrupted(&self, of: &ChannelAccount) -> Result<u64> {
        let buried = self
            .connection
            .prepare_cached(
                "UPDATE outbox SET state = 'dead', error = ?3, updated_ms = ?4
                 WHERE channel = ?1 AND account = ?2 AND state = 'sending'",
            )?
            .execute(params![of.channel(), of.account(), INTERRUPTED, self.now_ms])?;
        self.forget_letters(of.channel(), of.account())?;
        Ok(buried as u64)
    }

    /// Notes that the next part is about to leave, and the parts if this is the first; false if the message is not
    /// queued any more, and then nothing may leave.
    pub fn outbox_begin_part(&self, seq: i64, plan: &str) -> Result<bool> {
        let begun = self
            .connection
            .prepare_cached(
                "UPDATE outbox SET state = 'sending', part = part + 1, attempts = attempts + 1,
                     plan = coalesce(plan, ?2), updated_ms = ?3
                 WHERE seq = ?1 AND state = 'queued'",
            )?
            .execute(params![seq, plan, self.now_ms])?;
        Ok(begun > 0)
    }

    /// Notes that a part arrived, with the ids of all that has, and that the next one is about to leave.
    pub fn outbox_go_on(&self, seq: i64, sent: &str) -> Result<bool> {
        let begun = self
            .connection
            .prepare_cached(
                "UPDATE outbox SET part = part + 1, attempts = 1, sent = ?2, error = NULL, updated_ms = ?3
                 WHERE seq = ?1 AND state = 'sending'",
            )?
            .execute(params![seq, sent, self.now_ms])?;
        Ok(begun > 0)
    }

    /// Notes that the last part arrived, with the ids of all that has.
    pub fn outbox_done(&self, seq: i64, sent: &str) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE outbox SET state = 'sent', sent = ?2, error = NULL, updated_ms = ?3
                 WHERE seq = ?1 AND state IN ('queued', 'sending')",
            )?
            .execute(params![seq, sent, self.now_ms])?;
        self.connection
            .prepare_cached(
                "DELETE FROM outbox WHERE seq IN
                 (SELECT seq FROM outbox WHERE state = 'sent' AND updated_ms < ?1 ORDER BY updated_ms LIMIT ?2)",
            )?
            .execute(params![self.now_ms.saturating_sub(SENT_MS), SWEEP])?;
        Ok(())
    }

    /// Notes that a part did not leave because its turn has not come: it is next at this moment, and this was no try.
    pub fn outbox_defer(&self, seq: i64, next_try_ms: i64, error: &str) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE outbox SET state = 'queued', part = part - 1, attempts = attempts - 1, next_try_ms = ?2,
                     error = ?3, updated_ms = ?4
                 WHERE seq = ?1 AND state = 'sending'",
            )?
            .execute(params![seq, next_try_ms, error, self.now_ms])?;
        Ok(())
    }

    /// Notes that the part certainly did not leave, and when it is tried again.
    pub fn outbox_retry(&self, seq: i64, next_try_ms: i64, error: &str) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE outbox SET state = 'queued', part = part - 1, next_try_ms = ?2, error = ?3, updated_ms = ?4
                 WHERE seq = ?1 AND state = 'sending'",
            )?
            .execute(params![seq, next_try_ms, error, self.now_ms])?;
        Ok(())
    }

    /// Puts a message among the dead letters.
    pub fn outbox_bury(&self, seq: i64, sent: &str, error: &str) -> Result<()> {
        let buried = self
            .connection
            .prepare_cached(
                "UPDATE outbox SET state = 'dead', part = part + (state = 'queued'), sent = ?2, error = ?3,
                     updated_ms = ?4
                 WHERE seq = ?1 AND state IN ('queued', 'sending') RETURNING channel, account",
            )?
            .query_row(params![seq, sent, error, self.now_ms], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .optional()?;
        match buried {
            Some((channel, account)) => self.forget_letters(&channel, &account),
            None => Ok(()),
        }
    }

    /// Forgets the oldest dead letters of an account that has too many.
    fn forget_letters(&self, channel: &str, account: &str) -> Result<()> {
        self.connection
            .prepare_cached(
                "DELETE FROM outbox WHERE seq IN
                 (SELECT seq FROM outbox WHERE channel = ?1 AND account = ?2 AND state = 'dead'
                  ORDER BY seq DESC LIMIT ?3 OFFSET ?4)",
            )?
            .execute(params![channel, account, SWEEP, LETTERS])?;
        Ok(())
    }

    /// Sends a dead letter after all, from the part on that is not known to have arrived; gives its account. None if
    /// it is no dead letter.
    pub fn outbox_replay(&self, seq: i64) -> Result<Option<ChannelAccount>> {
        let found = self
            .connection
            .prepare_cached(
                "UPDATE outbox SET state = 'queued', part = max(part - 1, 0), attempts = 0, next_try_ms = 0,
                     updated_ms = ?2
                 WHERE seq = ?1 AND state = 'dead' RETURNING channel, account",
            )?
            .query_row(params![seq, self.now_ms], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .optional()?;
        found
            .map(|(channel, account)| ChannelAccount::new(&channel, &account))
            .transpose()
    }

    /// Drops a dead letter; false if it is none.
    pub fn outbox_drop(&self, seq: i64) -> Result<bool> {
        let gone = self
            .connection
            .prepare_cached("DELETE FROM outbox WHERE seq = ?1 AND state = 'dead'")?
            .execute([seq])?;
        Ok(gone > 0)
    }
}
