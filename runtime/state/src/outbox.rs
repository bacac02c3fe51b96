//! What is to leave on a channel.
//!
//! **Promise.** A row is put in the transaction of what it answers, once for each key. **Bound.** [`BODY_BYTES`] for
//! a row. **Cost.** One row each.

use rusqlite::params;

use crate::error::Result;
use crate::kv::{NAME_BYTES, check_name, check_size};
use crate::view::Tx;

/// The most bytes that a message may have.
const BODY_BYTES: usize = 16 << 20;

/// Something that is to leave.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewOutbound {
    /// The channel's id.
    pub channel: String,
    /// The account on it.
    pub account: String,
    /// Whom it is for, in the channel's words.
    pub to: String,
    /// The thread in it.
    pub thread: Option<String>,
    /// The message that it replies to.
    pub reply_to: Option<String>,
    /// The handle of the event that it answers.
    pub in_answer_to: Option<String>,
    /// What it is: `reply`, `pairing`, `notice`, …
    pub kind: String,
    /// What it says, as JSON; for a reply `{"text": …}` in Markdown.
    pub body: String,
    /// What a repeat is known by, such as `<run>:final`.
    pub key: String,
    /// The session it comes from.
    pub session_key: Option<String>,
    /// The run it comes from.
    pub run_id: Option<String>,
}

impl Tx<'_> {
    /// Puts what is to leave, unless its key is taken; says whether it was free.
    pub fn outbox_put(&self, outbound: &NewOutbound) -> Result<bool> {
        for (what, name) in [
            ("the channel of a message", &outbound.channel),
            ("the account of a message", &outbound.account),
            ("the kind of a message", &outbound.kind),
        ] {
            check_name(what, name, NAME_BYTES)?;
        }
        check_size("a message that is to leave", &outbound.body, BODY_BYTES)?;
        let put = self
            .connection
            .prepare_cached(
                "INSERT INTO outbox (key, channel, account, recipient, thread, reply_to, in_answer_to, kind, body,
                     session_key, run_id, created_ms, updated_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
                 ON CONFLICT (key) DO NOTHING",
            )?
            .execute(params![
                outbound.key,
                outbound.channel,
                outbound.account,
                outbound.to,
                outbound.thread,
                outbound.reply_to,
                outbound.in_answer_to,
                outbound.kind,
                outbound.body,
                outbound.session_key,
                outbound.run_id,
                self.now_ms,
            ])?;
        Ok(put > 0)
    }
}
