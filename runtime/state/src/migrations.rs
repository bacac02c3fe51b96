//! Numbered migrations: each runs once, in order, in a transaction of its own.
//!
//! A database of a newer build is refused, not guessed at. A migration that has been released never changes:
//! what comes after is a new number.

use std::path::Path;

use rusqlite::Connection;

use crate::error::{Error, Result};

/// Marks the file as ours in its header: "OCGW".
const APPLICATION_ID: i32 = 0x4f43_4757;

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// The migration at index `n` brings the schema from `n` to `n + 1`.
const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "kv",
        sql: include_str!("../migrations/0001_kv.sql"),
    },
    Migration {
        name: "audit",
        sql: include_str!("../migrations/0002_audit.sql"),
    },
    Migration {
        name: "grants",
        sql: include_str!("../migrations/0003_grants.sql"),
    },
    Migration {
        name: "sessions",
        sql: include_str!("../migrations/0004_sessions.sql"),
    },
    Migration {
        name: "channels",
        sql: include_str!("../migrations/0005_channels.sql"),
    },
    Migration {
        name: "devices",
        sql: include_str!("../migrations/0006_devices.sql"),
    },
    Migration {
        name: "token secrets",
        sql: include_str!("../migrations/0007_token_secrets.sql"),
    },
    Migration {
        name: "sandboxes",
        sql: include_str!("../migrations/0008_sandboxes.sql"),
    },
    Migration {
        name: "sandbox owners",
        sql: include_str!("../migrations/0009_sandbox_owners.sql"),
    },
];

/// The newest schema that this build knows.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// Refuses a file that is not ours or is newer than this build; says which schema it has.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<u32> {
    let id: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(|error| unreadable(error, path))?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let fresh = tables == 0 && found == 0 && id == 0;
    if id != APPLICATION_ID && !fresh {
        return Err(Error::Foreign {
            path: path.to_owned(),
        });
    }
    if found > SCHEMA_VERSION {
        return Err(Error::NewerSchema {
            path: path.to_owned(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    Ok(found)
}

/// Brings the database to the newest schema.
pub(crate) fn apply(connection: &mut Connection, path: &Path) -> Result<()> {
    let found = check(connection, path)?;
    for (migration, number) in MIGRATIONS.iter().zip(1u32..).skip(found as usize) {
        run(connection, migration, number).map_err(|source| Error::Migration {
            path: path.to_owned(),
            number,
            name: migration.name,
            source,
        })?;
    }
    Ok(())
}

fn run(connection: &mut Connection, migration: &Migration, number: u32) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    tx.execute_batch(migration.sql)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", number)?;
    tx.commit()
}

/// A file that SQLite cannot read as a database at all is somebody else's.
fn unreadable(error: rusqlite::Error, path: &Path) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => Error::Foreign {
            path: path.to_owned(),
        },
        _ => Error::Sqlite(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        let torn = Migration {
            name: "torn",
            sql: "CREATE TABLE half (x); CREATE TABLE half (x);",
        };
        run(&mut connection, &torn, 1).unwrap_err();
        let tables: u32 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        let version: u32 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!((tables, version), (0, 0));
    }
}
