//! What people agreed to, each for one component of an extension.
//!
//! **Promise.** A grant is the text that was put, for exactly that extension, component and account, or it is not
//! there. What it says is not judged here: who reads it checks it. A change of grants and the audit entry that
//! tells of it are written in one transaction, see [`Tx::audit`].
//! **Bound.** [`GRANT_BYTES`] for each. **Cost.** One row each.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::Result;
use crate::kv::{NAME_BYTES, check_name};
use crate::view::{Tx, View};

/// The most bytes that a grant may have; a manifest, of which it is a part, has less.
const GRANT_BYTES: usize = 1 << 20;

/// A grant as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredGrant {
    /// The id of the extension.
    pub extension: String,
    /// The identity of the component.
    pub digest: String,
    /// The channel's account; none if it is for all, or for an extension without accounts.
    pub account: Option<String>,
    /// The grant, as JSON.
    pub json: String,
    /// When it was put, in milliseconds since 1970.
    pub updated_ms: i64,
}

impl StoredGrant {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let account: String = row.get(2)?;
        Ok(Self {
            extension: row.get(0)?,
            digest: row.get(1)?,
            account: Some(account).filter(|account| !account.is_empty()),
            json: row.get(3)?,
            updated_ms: row.get(4)?,
        })
    }
}

impl View<'_> {
    /// The grant for a component of an extension, as JSON.
    pub fn grant(&self, extension: &str, digest: &str, account: Option<&str>) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT grant_json FROM grants WHERE extension = ?1 AND digest = ?2 AND account = ?3",
        )?;
        let key = params![extension, digest, account.unwrap_or_default()];
        Ok(statement.query_row(key, |row| row.get(0)).optional()?)
    }

    /// The grants of an extension, for whichever components.
    pub fn grants_of(&self, extension: &str) -> Result<Vec<StoredGrant>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT extension, digest, account, grant_json, updated_ms FROM grants
             WHERE extension = ?1 ORDER BY digest, account",
        )?;
        let rows = statement.query_map([extension], StoredGrant::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// All grants, by extension.
    pub fn grants(&self) -> Result<Vec<StoredGrant>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT extension, digest, account, grant_json, updated_ms FROM grants
             ORDER BY extension, digest, account",
        )?;
        let rows = statement.query_map([], StoredGrant::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Keeps a grant, in the place of the one for the same component and account.
    pub fn put_grant(&self, extension: &str, digest: &str, account: Option<&str>, json: &str) -> Result<()> {
        check_name("the extension of a grant", extension, NAME_BYTES)?;
        check_name("the component of a grant", digest, NAME_BYTES)?;
        if let Some(account) = account {
            check_name("the account of a grant", account, NAME_BYTES)?;
        }
        check_name("a grant", json, GRANT_BYTES)?;
        self.connection
            .prepare_cached(
                "INSERT INTO grants (extension, digest, account, grant_json, updated_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET grant_json = excluded.grant_json, updated_ms = excluded.updated_ms",
            )?
            .execute(params![
                extension,
                digest,
                account.unwrap_or_default(),
                json,
                self.now_ms
            ])?;
        Ok(())
    }

    /// Removes all grants of an extension; says how many there were.
    pub fn delete_grants(&self, extension: &str) -> Result<u64> {
        let gone = self
            .connection
            .prepare_cached("DELETE FROM grants WHERE extension = ?1")?
            .execute([extension])?;
        Ok(gone as u64)
    }
}
