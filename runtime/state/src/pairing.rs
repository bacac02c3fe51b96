//! Who may write to an account because a code was approved, and who waits for that.
//!
//! **Promise.** A sender has at most one code at a time; a code is good for one channel and until it runs out. A
//! request and the answer that tells its code are written in one transaction. **Bound.** As many requests for an
//! account as the caller allows. **Cost.** One row each.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::channels::ChannelAccount;
use crate::error::Result;
use crate::view::{Tx, View};

/// Somebody who asks to be let in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Applicant {
    /// The platform's id.
    pub sender: String,
    /// The name that they chose.
    pub name: Option<String>,
    /// Where they can be answered.
    pub reply_to: String,
}

/// A request that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PairingRequest {
    /// The account that was written to.
    pub of: ChannelAccount,
    /// Who asks.
    pub applicant: Applicant,
    /// The code.
    pub code: String,
    /// When they first wrote, in milliseconds since 1970.
    pub created_ms: i64,
    /// When they last wrote.
    pub seen_ms: i64,
}

/// Somebody who was let in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PairedSender {
    /// The platform's id.
    pub sender: String,
    /// The name that they had chosen.
    pub name: Option<String>,
    /// Since when, in milliseconds since 1970.
    pub paired_ms: i64,
}

/// How many requests there may be and how long they last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PairingRules {
    /// The most for one account.
    pub most: u32,
    /// For how many milliseconds a code is good.
    pub lasts_ms: i64,
    /// How many codes are tried until one is free.
    pub tries: u32,
}

/// What became of somebody's request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Pairing {
    /// They have a new code.
    Fresh(String),
    /// They have one already.
    Known,
    /// There are too many already.
    Full,
}

type PairingRow = (String, String, Applicant, String, i64, i64);

impl PairingRequest {
    fn read(row: &Row<'_>) -> rusqlite::Result<PairingRow> {
        let applicant = Applicant {
            sender: row.get(2)?,
            name: row.get(4)?,
            reply_to: row.get(5)?,
        };
        let code = row.get(3)?;
        Ok((
            row.get(0)?,
            row.get(1)?,
            applicant,
            code,
            row.get(6)?,
            row.get(7)?,
        ))
    }

    fn made((channel, account, applicant, code, created_ms, seen_ms): PairingRow) -> Result<Self> {
        Ok(Self {
            of: ChannelAccount::new(&channel, &account)?,
            applicant,
            code,
            created_ms,
            seen_ms,
        })
    }
}

const REQUESTS: &str =
    "SELECT channel, account, sender, code, name, reply_to, created_ms, seen_ms FROM pairing_requests";

impl View<'_> {
    /// The requests of a channel that were made after a moment, the oldest first.
    pub fn pairing_requests(&self, channel: &str, after_ms: i64) -> Result<Vec<PairingRequest>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{REQUESTS} WHERE channel = ?1 AND created_ms > ?2 ORDER BY created_ms, sender"
        ))?;
        let rows = statement.query_map(params![channel, after_ms], PairingRequest::read)?;
        rows.map(|row| PairingRequest::made(row?)).collect()
    }

    /// Whether somebody was let in.
    pub fn is_paired(&self, of: &ChannelAccount, sender: &str) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM paired_senders WHERE channel = ?1 AND account = ?2 AND sender = ?3",
        )?;
        Ok(statement.exists([of.channel(), of.account(), sender])?)
    }

    /// Who was let in, by id.
    pub fn paired_senders(&self, of: &ChannelAccount) -> Result<Vec<PairedSender>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sender, name, paired_ms FROM paired_senders WHERE channel = ?1 AND account = ?2
             ORDER BY sender",
        )?;
        let rows = statement.query_map([of.channel(), of.account()], |row| {
            Ok(PairedSender {
                sender: row.get(0)?,
                name: row.get(1)?,
                paired_ms: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Notes that somebody asks to be let in, with a code of `make`.
    pub fn request_pairing(
        &self,
        of: &ChannelAccount,
        applicant: &Applicant,
        rules: PairingRules,
        mut make: impl FnMut() -> String,
    ) -> Result<Pairing> {
        self.connection
            .prepare_cached("DELETE FROM pairing_requests WHERE created_ms <= ?1")?
            .execute([self.now_ms.saturating_sub(rules.lasts_ms)])?;
        let seen = self
            .connection
            .prepare_cached(
                "UPDATE pairing_requests SET seen_ms = ?4 WHERE channel = ?1 AND account = ?2 AND sender = ?3",
            )?
            .execute(params![of.channel(), of.account(), applicant.sender, self.now_ms])?;
        if seen > 0 {
            return Ok(Pairing::Known);
        }
        let pending: u32 = self
            .connection
            .prepare_cached("SELECT count(*) FROM pairing_requests WHERE channel = ?1 AND account = ?2")?
            .query_row([of.channel(), of.account()], |row| row.get(0))?;
        if pending >= rules.most {
            return Ok(Pairing::Full);
        }
        for _ in 0..rules.tries {
            let code = make();
            let kept = self
                .connection
                .prepare_cached(
                    "INSERT INTO pairing_requests
                     (channel, account, sender, code, name, reply_to, created_ms, seen_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    of.channel(),
                    of.account(),
                    applicant.sender,
                    code,
                    applicant.name,
                    applicant.reply_to,
                    self.now_ms
                ])?;
            if kept > 0 {
                return Ok(Pairing::Fresh(code));
            }
        }
        Ok(Pairing::Full)
    }

    /// Takes the request with a code away, if it is one of this channel, of this account where one is named, and
    /// was made after a moment.
    pub fn take_pairing(
        &self,
        channel: &str,
        account: Option<&str>,
        code: &str,
        after_ms: i64,
    ) -> Result<Option<PairingRequest>> {
        let found = self
            .connection
            .prepare_cached(&format!(
                "{REQUESTS} WHERE channel = ?1 AND code = ?2 AND created_ms > ?3 AND (?4 IS NULL OR account = ?4)"
            ))?
            .query_row(params![channel, code, after_ms, account], PairingRequest::read)
            .optional()?;
        let Some(request) = found.map(PairingRequest::made).transpose()? else {
            return Ok(None);
        };
        self.connection
            .prepare_cached("DELETE FROM pairing_requests WHERE channel = ?1 AND code = ?2")?
            .execute([channel, code])?;
        Ok(Some(request))
    }

    /// Lets somebody in; false if they were already.
    pub fn pair_sender(&self, of: &ChannelAccount, sender: &str, name: Option<&str>) -> Result<bool> {
        let fresh = self
            .connection
            .prepare_cached(
                "INSERT INTO paired_senders (channel, account, sender, name, paired_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )?
            .execute(params![of.channel(), of.account(), sender, name, self.now_ms])?;
        Ok(fresh > 0)
    }

    /// Shuts somebody out again; false if they were not let in.
    pub fn unpair_sender(&self, of: &ChannelAccount, sender: &str) -> Result<bool> {
        let gone = self
            .connection
            .prepare_cached("DELETE FROM paired_senders WHERE channel = ?1 AND account = ?2 AND sender = ?3")?
            .execute([of.channel(), of.account(), sender])?;
        Ok(gone > 0)
    }
}
