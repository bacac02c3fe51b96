//! The audit log: who did what to whom, and how it ended.
//!
//! **Promise.** Rows are only added. Each carries the hash of its own columns and of the row before it, so a row
//! that was changed, taken out or cut off at the end is found by [`View::audit_verify`]. The chain has no key:
//! whoever can write the database can write the whole log anew, and only a head kept elsewhere shows that.
//!
//! **Never.** No secret: text passes the redactor, and values under names that stand for credentials are masked
//! whatever they hold.
//!
//! **Bound.** Text of one value is cut at [`TEXT_BYTES`], an entry's detail at [`DETAIL_BYTES`].

use std::borrow::Cow;

use rusqlite::{OptionalExtension as _, params};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::view::{Tx, View};

/// The most bytes of text that one value keeps.
pub(crate) const TEXT_BYTES: usize = 2048;
/// The most bytes that an entry's detail may have as JSON.
pub(crate) const DETAIL_BYTES: usize = 16 * 1024;
/// What stands where a credential would be.
const MASK: &str = "[redacted]";
/// Begins what is hashed, so that the hash means this and nothing else.
const HASH_DOMAIN: &[u8] = b"openclaw audit row 1";
/// Goes before the first row.
const FIRST_PREV: [u8; 32] = [0; 32];

/// Takes secrets out of a text.
pub trait Redact: Send + Sync {
    /// The text without what must not be kept.
    fn redact<'t>(&self, text: &'t str) -> Cow<'t, str>;
}

impl<F: Fn(&str) -> String + Send + Sync> Redact for F {
    fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Cow::Owned(self(text))
    }
}

/// How an action ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was refused.
    Denied,
    /// It was tried and did not work.
    Failed,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// An entry to be written.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Who did it.
    pub actor: String,
    /// What was done, as `noun.verb`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What else is worth knowing.
    pub detail: Map<String, Value>,
}

impl AuditEntry {
    /// An entry that ended well and has no detail.
    pub fn new(actor: impl Into<String>, action: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            actor: actor.into(),
            action: action.into(),
            subject: subject.into(),
            outcome: Outcome::Ok,
            detail: Map::new(),
        }
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// About how much memory it holds while it waits.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.actor.len()
            + self.action.len()
            + self.subject.len()
            + map_bytes(&self.detail)
    }

    /// Adds something worth knowing.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

fn map_bytes(map: &Map<String, Value>) -> usize {
    map.iter()
        .map(|(name, value)| size_of::<String>() + name.len() + value_bytes(value))
        .sum()
}

fn value_bytes(value: &Value) -> usize {
    let held = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(value_bytes).sum(),
        Value::Object(map) => map_bytes(map),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + held
}

/// An entry as it stands in the log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditRow {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// When it was written, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// `ok`, `denied` or `failed`.
    pub outcome: String,
    /// A JSON object.
    pub detail: String,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

/// The newest entry's number and hash. Kept elsewhere, it proves the log up to there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditHead {
    /// The entry's number; 0 in an empty log.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        seq: row.get(0)?,
        at_ms: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        outcome: row.get(5)?,
        detail: row.get(6)?,
        prev_hash: row.get(7)?,
        hash: row.get(8)?,
    })
}

impl AuditRow {
    fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(HASH_DOMAIN);
        hasher.update(&self.prev_hash);
        hasher.update(self.seq.to_be_bytes());
        hasher.update(self.at_ms.to_be_bytes());
        for text in [
            &self.actor,
            &self.action,
            &self.subject,
            &self.outcome,
            &self.detail,
        ] {
            // With its length, so that text cannot move from one column to the next.
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().into()
    }
}

impl Tx<'_> {
    /// Adds an entry that stands or falls with the rest of this change; says its number.
    pub fn audit(&self, entry: &AuditEntry) -> Result<i64> {
        let head = self.audit_head()?;
        let mut row = AuditRow {
            seq: head.seq + 1,
            at_ms: self.now_ms,
            actor: clean_text(self.redact, &entry.actor),
            action: clean_text(self.redact, &entry.action),
            subject: clean_text(self.redact, &entry.subject),
            outcome: entry.outcome.as_str().to_owned(),
            detail: clean_detail(self.redact, &entry.detail),
            prev_hash: head.hash,
            hash: Vec::new(),
        };
        row.hash = row.hash().to_vec();
        self.connection
            .prepare_cached(
                "INSERT INTO audit (seq, at_ms, actor, action, subject, outcome, detail, prev_hash, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                row.seq,
                row.at_ms,
                row.actor,
                row.action,
                row.subject,
                row.outcome,
                row.detail,
                row.prev_hash,
                row.hash
            ])?;
        self.connection
            .prepare_cached(
                "INSERT INTO audit_head (id, seq, hash) VALUES (1, ?1, ?2)
                 ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            )?
            .execute(params![row.seq, row.hash])?;
        Ok(row.seq)
    }
}

impl View<'_> {
    /// The newest entry's number and hash.
    pub fn audit_head(&self) -> Result<AuditHead> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, hash FROM audit_head WHERE id = 1")?;
        let head = statement
            .query_row([], |row| {
                Ok(AuditHead {
                    seq: row.get(0)?,
                    hash: row.get(1)?,
                })
            })
            .optional()?;
        Ok(head.unwrap_or_else(|| AuditHead {
            seq: 0,
            hash: FIRST_PREV.to_vec(),
        }))
    }

    /// Up to `most` entries after number `after`, oldest first.
    pub fn audit_rows(&self, after: i64, most: u32) -> Result<Vec<AuditRow>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, at_ms, actor, action, subject, outcome, detail, prev_hash, hash
             FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let rows = statement.query_map(params![after, most], read_row)?;
        rows.map(|row| row.map_err(Error::from)).collect()
    }

    /// The newest entries of an action of an actor, or of one below it (`actor/…`), the newest last. Reads the whole
    /// log at worst.
    pub fn audit_of(&self, actor: &str, action: &str, most: u32) -> Result<Vec<AuditRow>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, at_ms, actor, action, subject, outcome, detail, prev_hash, hash
             FROM audit
             WHERE action = ?2 AND (actor = ?1 OR substr(actor, 1, length(?1) + 1) = ?1 || '/')
             ORDER BY seq DESC LIMIT ?3",
        )?;
        let rows = statement.query_map(params![actor, action, most], read_row)?;
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        rows.reverse();
        Ok(rows)
    }

    /// Walks the whole chain; answers with its head, or with the first entry that does not hold.
    pub fn audit_verify(&self) -> Result<AuditHead> {
        const PAGE: u32 = 1000;
        let mut last = AuditHead {
            seq: 0,
            hash: FIRST_PREV.to_vec(),
        };
        let lowest: Option<i64> = self
            .connection
            .query_row("SELECT min(seq) FROM audit", [], |row| row.get(0))?;
        if let Some(seq) = lowest.filter(|seq| *seq < 1) {
            return Err(Error::AuditBroken {
                seq,
                why: "the first entry has number 1, and this one stands before it",
            });
        }
        loop {
            let rows = self.audit_rows(last.seq, PAGE)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                last = verify_next(&last, row)?;
            }
        }
        let head = self.audit_head()?;
        if head.seq > last.seq {
            return Err(Error::AuditBroken {
                seq: last.seq + 1,
                why: "the log is cut off before it",
            });
        }
        if head != last {
            return Err(Error::AuditBroken {
                seq: last.seq,
                why: "it is the newest, and the head kept beside the log does not match it",
            });
        }
        Ok(last)
    }
}

fn verify_next(last: &AuditHead, row: AuditRow) -> Result<AuditHead> {
    let broken = |why| Err(Error::AuditBroken { seq: row.seq, why });
    if row.seq != last.seq + 1 {
        return Err(Error::AuditBroken {
            seq: last.seq + 1,
            why: "the entry is gone",
        });
    }
    if row.prev_hash != last.hash {
        return broken("it does not follow from the entry before it");
    }
    if row.hash != row.hash() {
        return broken("its text was changed");
    }
    Ok(AuditHead {
        seq: row.seq,
        hash: row.hash,
    })
}

fn clean_text(redact: &dyn Redact, text: &str) -> String {
    // Redacted before it is cut: a secret across the cut would not be recognised.
    let text = redact.redact(text);
    if text.len() <= TEXT_BYTES {
        return text.into_owned();
    }
    let end = text.floor_char_boundary(TEXT_BYTES);
    format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), text.len())
}

fn clean_detail(redact: &dyn Redact, detail: &Map<String, Value>) -> String {
    let text = Value::Object(clean_map(redact, detail)).to_string();
    if text.len() <= DETAIL_BYTES {
        return text;
    }
    Value::from_iter([
        ("omitted", Value::from("too long")),
        ("bytes", Value::from(text.len())),
    ])
    .to_string()
}

fn clean_map(redact: &dyn Redact, map: &Map<String, Value>) -> Map<String, Value> {
    map.iter()
        .map(|(name, value)| {
            let value = if names_credential(name) {
                Value::from(MASK)
            } else {
                clean_value(redact, value)
            };
            (clean_text(redact, name), value)
        })
        .collect()
}

fn clean_value(redact: &dyn Redact, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean_text(redact, text)),
        Value::Array(items) => items.iter().map(|item| clean_value(redact, item)).collect(),
        Value::Object(map) => Value::Object(clean_map(redact, map)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Whether a name, however it is spelled, stands for a credential. Rather one name too many: a count of tokens
/// that is masked can be read elsewhere, a token that is not masked is out.
fn names_credential(name: &str) -> bool {
    const ANYWHERE: [&str; 15] = [
        "token",
        "secret",
        "passwd",
        "password",
        "passphrase",
        "credential",
        "authorization",
        "bearer",
        "cookie",
        "apikey",
        "accesskey",
        "privatekey",
        "signingkey",
        "encryptionkey",
        "masterkey",
    ];
    /// Short enough to be a part of other words, so these are words of their own.
    const WORDS: [&str; 6] = ["auth", "jwt", "otp", "pass", "pin", "pwd"];
    let words = words(name);
    let letters = words.concat();
    ANYWHERE.iter().any(|part| letters.contains(part))
        || words.iter().any(|word| {
            WORDS.contains(&word.strip_suffix('s').unwrap_or(word)) || WORDS.contains(&word.as_str())
        })
}

/// The words of a name in camel, snake, kebab or any other case, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        if !c.is_ascii_alphabetic() || (after_small && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        after_small = c.is_ascii_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphabetic()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words
}
