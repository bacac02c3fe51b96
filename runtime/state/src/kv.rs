//! A small store for each extension and account, under a quota.
//!
//! **Promise.** A store never holds more than its quota says, and no name reaches another's store.
//! **Cost.** A put reads and writes one row of the store and one of its usage.

use std::fmt;

use rusqlite::{OptionalExtension as _, params};

use crate::error::{Error, Result};
use crate::view::{Tx, View};

/// The most bytes that the name of an owner or account may have.
pub(crate) const NAME_BYTES: usize = 256;
/// The most bytes that any key may have, whatever the quota says.
const KEY_BYTES: usize = 1024;

/// Whose store it is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Namespace {
    owner: String,
    account: String,
}

impl Namespace {
    /// The store of an extension that belongs to no account.
    pub fn of(owner: &str) -> Result<Self> {
        check_name("the owner of a store", owner, NAME_BYTES)?;
        Ok(Self {
            owner: owner.to_owned(),
            account: String::new(),
        })
    }

    /// The store of an extension for one of its accounts.
    pub fn of_account(owner: &str, account: &str) -> Result<Self> {
        check_name("the account of a store", account, NAME_BYTES)?;
        Ok(Self {
            account: account.to_owned(),
            ..Self::of(owner)?
        })
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account.as_str() {
            "" => write!(f, "\"{}\"", self.owner),
            account => write!(f, "\"{}\", account \"{account}\"", self.owner),
        }
    }
}

/// What a store may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KvQuota {
    /// How many keys.
    pub entries: u64,
    /// How many bytes in all, keys and values together.
    pub bytes: u64,
    /// How many bytes in one value.
    pub value_bytes: u64,
}

/// Which limit of a quota was met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum QuotaKind {
    /// The number of keys.
    Entries,
    /// The bytes of the whole store.
    Bytes,
    /// The bytes of one value.
    ValueBytes,
}

impl fmt::Display for QuotaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Entries => "keys",
            Self::Bytes => "bytes in all",
            Self::ValueBytes => "bytes in one value",
        })
    }
}

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KvUsage {
    /// How many keys.
    pub entries: u64,
    /// How many bytes, keys and values together.
    pub bytes: u64,
}

/// A key of a listing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KvEntry {
    /// The key.
    pub key: String,
    /// How many bytes its value has.
    pub bytes: u64,
    /// When it was last written, in milliseconds since 1970.
    pub updated_ms: i64,
}

impl View<'_> {
    /// The value of a key.
    pub fn kv_get(&self, store: &Namespace, key: &str) -> Result<Option<Vec<u8>>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT value FROM kv WHERE owner = ?1 AND account = ?2 AND key = ?3")?;
        Ok(statement
            .query_row(params![store.owner, store.account, key], |row| row.get(0))
            .optional()?)
    }

    /// Up to `most` keys that begin with `prefix`, in byte order, those after `after` only.
    pub fn kv_list(
        &self,
        store: &Namespace,
        prefix: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<KvEntry>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, length(value), updated_ms FROM kv
             WHERE owner = ?1 AND account = ?2 AND key >= ?3 AND (?4 IS NULL OR key > ?4)
             ORDER BY key LIMIT ?5",
        )?;
        // A page begins where the last one ended, not at the prefix again.
        let from = after.map_or(prefix, |after| after.max(prefix));
        let rows = statement.query_map(params![store.owner, store.account, from, after, most], |row| {
            Ok(KvEntry {
                key: row.get(0)?,
                bytes: unsigned(row.get(1)?),
                updated_ms: row.get(2)?,
            })
        })?;
        // Keys that share a prefix stand together, so the first that lacks it ends the list.
        rows.take_while(|row| row.as_ref().map_or(true, |entry| entry.key.starts_with(prefix)))
            .map(|row| row.map_err(Error::from))
            .collect()
    }

    /// What a store holds.
    pub fn kv_usage(&self, store: &Namespace) -> Result<KvUsage> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT entries, bytes FROM kv_usage WHERE owner = ?1 AND account = ?2")?;
        let usage = statement
            .query_row(params![store.owner, store.account], |row| {
                Ok(KvUsage {
                    entries: unsigned(row.get(0)?),
                    bytes: unsigned(row.get(1)?),
                })
            })
            .optional()?;
        Ok(usage.unwrap_or_default())
    }

    fn kv_value_bytes(&self, store: &Namespace, key: &str) -> Result<Option<u64>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT length(value) FROM kv WHERE owner = ?1 AND account = ?2 AND key = ?3")?;
        let bytes = statement
            .query_row(params![store.owner, store.account, key], |row| row.get(0))
            .optional()?;
        Ok(bytes.map(unsigned))
    }
}

impl Tx<'_> {
    /// Sets a key, unless that would make the store larger than `quota` allows.
    pub fn kv_put(&self, store: &Namespace, key: &str, value: &[u8], quota: &KvQuota) -> Result<()> {
        check_name("a key", key, KEY_BYTES)?;
        let before = self.kv_usage(store)?;
        let replaced = self.kv_value_bytes(store, key)?;
        let (new_entries, freed) = match replaced {
            Some(bytes) => (0, bytes + key.len() as u64),
            None => (1, 0),
        };
        let after = KvUsage {
            entries: before.entries + new_entries,
            bytes: (before.bytes + key.len() as u64 + value.len() as u64).saturating_sub(freed),
        };
        let within = |kind, needed, allowed, grows: bool| match grows && needed > allowed {
            true => Err(Error::Quota {
                namespace: store.to_string(),
                kind,
                allowed,
                needed,
            }),
            false => Ok(()),
        };
        within(QuotaKind::ValueBytes, value.len() as u64, quota.value_bytes, true)?;
        within(
            QuotaKind::Entries,
            after.entries,
            quota.entries,
            after.entries > before.entries,
        )?;
        // A store that a lowered quota left too large may still be made smaller.
        within(
            QuotaKind::Bytes,
            after.bytes,
            quota.bytes,
            after.bytes > before.bytes,
        )?;
        self.connection
            .prepare_cached(
                "INSERT INTO kv (owner, account, key, value, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms",
            )?
            .execute(params![store.owner, store.account, key, value, self.now_ms])?;
        self.kv_set_usage(store, after)
    }

    /// Removes a key; true if there was one.
    pub fn kv_delete(&self, store: &Namespace, key: &str) -> Result<bool> {
        let Some(bytes) = self.kv_value_bytes(store, key)? else {
            return Ok(false);
        };
        self.connection
            .prepare_cached("DELETE FROM kv WHERE owner = ?1 AND account = ?2 AND key = ?3")?
            .execute(params![store.owner, store.account, key])?;
        let before = self.kv_usage(store)?;
        let after = KvUsage {
            entries: before.entries.saturating_sub(1),
            bytes: before.bytes.saturating_sub(bytes + key.len() as u64),
        };
        self.kv_set_usage(store, after)?;
        Ok(true)
    }

    /// Empties a store; says how many keys it had.
    pub fn kv_clear(&self, store: &Namespace) -> Result<u64> {
        let names = params![store.owner, store.account];
        let gone = self
            .connection
            .prepare_cached("DELETE FROM kv WHERE owner = ?1 AND account = ?2")?
            .execute(names)?;
        self.connection
            .prepare_cached("DELETE FROM kv_usage WHERE owner = ?1 AND account = ?2")?
            .execute(names)?;
        Ok(gone as u64)
    }

    fn kv_set_usage(&self, store: &Namespace, usage: KvUsage) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO kv_usage (owner, account, entries, bytes) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET entries = excluded.entries, bytes = excluded.bytes",
            )?
            .execute(params![
                store.owner,
                store.account,
                signed(usage.entries),
                signed(usage.bytes)
            ])?;
        Ok(())
    }
}

pub(crate) fn check_name(what: &'static str, name: &str, max: usize) -> Result<()> {
    if name.is_empty() || name.len() > max || name.chars().any(char::is_control) {
        return Err(Error::Name { what, max });
    }
    Ok(())
}

pub(crate) fn check_size(what: &'static str, text: &str, max: usize) -> Result<()> {
    match text.len() {
        bytes if bytes > max => Err(Error::Size { what, bytes, max }),
        _ => Ok(()),
    }
}

/// SQLite counts in signed integers; nothing here is ever below zero or near the end.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::connection::open_writer;
    use crate::migrations;
    use crate::state::Durability;

    #[test]
    fn a_late_page_of_a_listing_costs_no_more_than_an_early_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.sqlite");
        let mut connection = open_writer(&path, Durability::Process).unwrap();
        migrations::apply(&mut connection, &path).unwrap();
        connection
            .execute_batch(
                "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
                 INSERT INTO kv SELECT 'demo', '', printf('k%05d', i), x'00', 0 FROM n",
            )
            .unwrap();
        let steps = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&steps);
        let count = move || {
            counter.fetch_add(1, Ordering::SeqCst);
            false
        };
        connection.progress_handler(10, Some(count)).unwrap();
        let page = View::new(&connection)
            .kv_list(&Namespace::of("demo").unwrap(), "k", Some("k09989"), 100)
            .unwrap();
        assert_eq!(page.len(), 10);
        let steps = steps.load(Ordering::SeqCst);
        assert!(steps < 100, "{steps} times ten steps for ten keys");
    }
}
