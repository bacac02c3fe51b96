//! Copies of the state: made while it is in use, put back while it is not.
//!
//! **Promise.** A backup is one file, complete and checked, or there is none. A restore replaces the state in
//! one step and keeps what was there under another name; a backup that does not hold changes nothing.
//!
//! **Cost.** A backup reads the database once, beside the writer; the log of changes grows for as long as that
//! takes.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use crate::connection::open_reader;
use crate::error::{Error, Result};
use crate::lock::OwnerLock;
use crate::migrations;
use crate::state::{DATABASE_FILE, State};
use crate::view::{View, now_ms};

impl State {
    /// Writes a copy of the state, as it is at this moment, to a new file.
    pub async fn backup(&self, target: impl Into<PathBuf>) -> Result<()> {
        let (source, target) = (self.path().to_owned(), target.into());
        let work = move || write_copy(&source, &target);
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or(Err(Error::Panicked))
    }
}

/// Puts a backup in the place of the state in `folder`, which no process may be using. Says under which name
/// the earlier state was kept, if there was one.
pub fn restore(folder: &Path, backup: &Path) -> Result<Option<PathBuf>> {
    let _lock = OwnerLock::take(folder)?;
    check_copy(backup)?;
    let current = folder.join(DATABASE_FILE);
    let incoming = folder.join(format!("{DATABASE_FILE}.restoring"));
    remove_if_there(&incoming)?;
    copy_pages(backup, &incoming)?;
    let kept = keep_aside(&current)?;
    fs::rename(&incoming, &current).map_err(Error::file("replace", &current))?;
    sync_folder(folder)?;
    Ok(kept)
}

/// The copy appears under its name only when it is complete and on the disk.
fn write_copy(source: &Path, target: &Path) -> Result<()> {
    let taken = || Error::BackupExists {
        path: target.to_owned(),
    };
    if target.symlink_metadata().is_ok() {
        return Err(taken());
    }
    let mut partial = target.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    let partial = PathBuf::from(partial);
    remove_if_there(&partial)?;
    let outcome = copy_pages(source, &partial)
        .and_then(|()| check_copy(&partial))
        .and_then(|()| {
            // Unlike a rename, a link never replaces a file that came to be there meanwhile.
            fs::hard_link(&partial, target).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => taken(),
                _ => Error::File {
                    doing: "create",
                    path: target.to_owned(),
                    source: error,
                },
            })
        });
    remove_if_there(&partial)?;
    outcome?;
    sync_folder(
        target
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )
}

/// Copies a database, with what its log of changes holds, into a new file that needs no other beside it.
fn copy_pages(source: &Path, target: &Path) -> Result<()> {
    let from = open_reader(source)?;
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = File::options();
        options.write(true).create_new(true).mode(0o600);
        options.open(target).map_err(Error::file("create", target))?;
    }
    let mut to = Connection::open_with_flags(target, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // All pages in one step: a step that stops half way begins anew whenever the writer writes.
    Backup::new(&from, &mut to)?.step(-1)?;
    to.pragma_update(None, "journal_mode", "DELETE")?;
    drop(to);
    File::open(target)
        .and_then(|file| file.sync_all())
        .map_err(Error::file("write", target))
}

/// Refuses a file that is not a whole database of ours.
fn check_copy(path: &Path) -> Result<()> {
    if !path.is_file() {
        return Err(Error::file("open", path)(ErrorKind::NotFound.into()));
    }
    let problem = match first_problem(path) {
        Err(Error::Sqlite(error)) => Some(error.to_string()),
        other => other?,
    };
    problem.map_or(Ok(()), |why| {
        Err(Error::BackupDamaged {
            path: path.to_owned(),
            why,
        })
    })
}

fn first_problem(path: &Path) -> Result<Option<String>> {
    let connection = open_reader(path)?;
    match migrations::check(&connection, path)? {
        0 => Err(Error::Foreign {
            path: path.to_owned(),
        }),
        migrations::SCHEMA_VERSION => Ok(View::new(&connection).integrity()?.problems.into_iter().next()),
        // An older schema lacks tables that the whole check reads; its structure can be checked.
        _ => {
            let line: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            Ok((line != "ok").then_some(line))
        }
    }
}

/// Gives the current database a second name, so that the first can be replaced in one step.
fn keep_aside(current: &Path) -> Result<Option<PathBuf>> {
    if !current.is_file() {
        return Ok(None);
    }
    let with_ending = |ending: &str| {
        let mut name = current.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let aside = format!(".before-restore-{}", now_ms());
    // A database that is too damaged to take its log of changes in keeps the log beside it, under its new name.
    let log = with_ending("-wal");
    if log.is_file() {
        fs::hard_link(&log, with_ending(&format!("{aside}-wal"))).map_err(Error::file("keep", &log))?;
    }
    let kept = with_ending(&aside);
    fs::hard_link(current, &kept).map_err(Error::file("keep", current))?;
    for ending in ["-wal", "-shm"] {
        remove_if_there(&with_ending(ending))?;
    }
    Ok(Some(kept))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::file("remove", path)(error)),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(Error::file("write", folder))
}
