//! How a connection to the database is opened and set up.

use std::fs::{self, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::backup::INCOMING;
use crate::changes::LOG_BYTES;
use crate::error::{Error, Result};
use crate::migrations;
use crate::state::Durability;

/// How long a connection waits for a lock that a foreign program, such as a database shell, holds.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// After how many pages of changes SQLite folds them into the database: 16 MiB. Each time waits for the disk twice.
const FOLDED_PAGES: u32 = 4096;
/// Prepared statements that each connection keeps.
const STATEMENTS_KEPT: usize = 256;
/// What SQLite may leave beside a database: its log of changes, that log's index, and the older kind of log.
pub(crate) const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The one connection that writes. Creates the file, readable by its owner only, if there is none.
pub(crate) fn open_writer(path: &Path, durability: Durability) -> Result<Connection> {
    make_private(path)?;
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    // Before anything is changed: the file may be another program's, or of a newer build.
    migrations::check(&connection, path)?;
    begin_log(&connection, path)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES.cast_signed())?;
    connection.pragma_update(None, "wal_autocheckpoint", FOLDED_PAGES)?;
    connection.pragma_update(None, "synchronous", durability.pragma())?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Each change can be taken back by itself among those that are committed together. What it takes for that would go
    // through a file as soon as a change touches more than a few pages.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// A connection that can only read.
pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    Ok(connection)
}

/// The name of a file that stands beside the database and is called after it.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn set_up(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // A kept statement would otherwise be planned anew whenever other values are bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Everything that is promised of readers and of commits rests on this kind of log, and SQLite falls back to
/// another without an error.
fn begin_log(connection: &Connection, path: &Path) -> Result<()> {
    let kind: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if kind == "wal" {
        return Ok(());
    }
    Err(Error::NoLog {
        path: path.to_owned(),
        kind,
    })
}

/// SQLite gives its side files the mode of the database, so the database's mode is set before it is opened.
fn make_private(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => {
            return Err(Error::NotAFile {
                path: path.to_owned(),
            });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return create(path),
        Err(error) => return Err(Error::file("look at", path)(error)),
    }
    let side_files = SIDE_FILES.iter().map(|ending| beside(path, ending));
    for file in std::iter::once(path.to_owned()).chain(side_files) {
        let Ok(found) = fs::symlink_metadata(&file) else {
            continue;
        };
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&file, Permissions::from_mode(0o600))
                .map_err(Error::file("make private", &file))?;
        }
    }
    Ok(())
}

/// An empty state must not take the place of one whose database only lost its name: a restore that was cut
/// short, or a file that somebody moved, leaves the rest of it here.
fn create(path: &Path) -> Result<()> {
    let rest = SIDE_FILES.iter().chain([&INCOMING]);
    if let Some(left) = rest
        .map(|ending| beside(path, ending))
        .find(|file| file.symlink_metadata().is_ok())
    {
        return Err(Error::Incomplete {
            path: path.to_owned(),
            left,
        });
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(Error::file("create", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_durability_is_what_the_database_runs_with() {
        const NORMAL: i64 = 1;
        const FULL: i64 = 2;
        for (durability, expected) in [(Durability::Process, NORMAL), (Durability::Full, FULL)] {
            let folder = tempfile::tempdir().unwrap();
            let connection = open_writer(&folder.path().join("test.sqlite"), durability).unwrap();
            let found: i64 = connection
                .pragma_query_value(None, "synchronous", |row| row.get(0))
                .unwrap();
            assert_eq!(found, expected, "{durability:?}");
        }
    }

    #[test]
    fn a_database_that_cannot_have_the_log_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        let error = begin_log(&connection, Path::new("there"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("there") && error.contains("\"memory\"") && error.contains("local disk"),
            "{error}"
        );
    }
}
