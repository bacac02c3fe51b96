//! Copies of the state: made while it is in use, put back while it is not.
//!
//! **Promise.** A backup is one file, complete and whole, or there is none. A restore first finishes its own copy
//! and then lets it take the state's place; what was there stays under another name, with its log of changes. A
//! backup that does not hold changes nothing. A restore that is cut short leaves the earlier state, or none at
//! all: then opening says that the restore has to be run again.
//!
//! **Cost.** A backup takes one of the readers' places and reads the database twice; the log of changes grows for
//! as long as the copying takes.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, ffi};

use crate::changes::fold;
use crate::connection::{SIDE_FILES, beside, open_reader};
use crate::error::{Error, Result};
use crate::integrity::Integrity;
use crate::migrations::{self, SCHEMA_VERSION};
use crate::readers::Pool;
use crate::state::{DATABASE_FILE, State, take_folder};
use crate::view::{View, now_ms};

/// Ends the name of a restore's copy until that takes the state's place.
pub(crate) const INCOMING: &str = ".restoring";

impl State {
    /// Writes a copy of the state, as it is at this moment, to a new file, and says what a check of the copy
    /// finds. A copy whose structure is damaged is refused; one whose audit chain is broken is made all the
    /// same, because it may be the best that there is.
    pub async fn backup(&self, target: impl Into<PathBuf>) -> Result<Integrity> {
        let target = target.into();
        self.readers().occupy(move |pool| write_copy(pool, &target)).await
    }
}

/// Puts a backup in the place of the state in `folder`, which no process may be using; there need be no such
/// folder yet. A backup in which a check finds anything wrong is refused. Says under which name the earlier
/// state was kept, if there was one.
pub fn restore(folder: &Path, backup: &Path) -> Result<Option<PathBuf>> {
    let (folder, _lock) = take_folder(folder)?;
    let backup = std::path::absolute(backup).map_err(Error::file("find", backup))?;
    check_backup(&backup)?;
    let current = folder.join(DATABASE_FILE);
    let incoming = beside(&current, INCOMING);
    for file in std::iter::once(incoming.clone()).chain(SIDE_FILES.map(|ending| beside(&incoming, ending))) {
        remove_if_there(&file)?;
    }
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600);
    options
        .open(&incoming)
        .map_err(Error::file("create", &incoming))?;
    copy_pages(&open_reader(&backup)?, &incoming)?;
    sync_folder(&folder)?;
    let kept = keep_aside(&current)?;
    // On the disk before the new database is: it must never meet the old one's log of changes.
    sync_folder(&folder)?;
    fs::rename(&incoming, &current).map_err(Error::file("replace", &current))?;
    sync_folder(&folder)?;
    Ok(kept)
}

/// The copy appears under its name only when it is complete and on the disk.
fn write_copy(pool: &Pool, target: &Path) -> Result<Integrity> {
    let target = std::path::absolute(target).map_err(Error::file("find", target))?;
    let taken = || Error::BackupExists { path: target.clone() };
    if target.symlink_metadata().is_ok() {
        return Err(taken());
    }
    let folder = target.parent().unwrap_or(Path::new("/"));
    // A name that nobody else uses; the file goes when this function fails.
    let partial = tempfile::Builder::new()
        .prefix(".backup-")
        .suffix(".partial")
        .tempfile_in(folder)
        .map_err(Error::file("create a file in", folder))?
        .into_temp_path();
    pool.look(|view| copy_pages(view.connection, &partial))?;
    let copy = open_reader(&partial)?;
    let found = View::new(&copy).integrity();
    drop(copy);
    if !found.sound {
        return Err(Error::CopyDamaged {
            path: pool.path().to_owned(),
            why: found.problems.into_iter().next().unwrap_or_default(),
        });
    }
    partial
        .persist_noclobber(&target)
        .map_err(|failed| match failed.error.kind() {
            ErrorKind::AlreadyExists => taken(),
            _ => Error::file("create", &target)(failed.error),
        })?;
    sync_folder(folder)?;
    Ok(found)
}

/// Copies a database, with what its log of changes holds, into an empty file that needs no other beside it.
fn copy_pages(from: &Connection, target: &Path) -> Result<()> {
    let mut to = Connection::open_with_flags(target, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // All pages in one step: a step that stops half way begins anew whenever the writer writes.
    if Backup::new(from, &mut to)?.step(-1)? != StepResult::Done {
        let busy = ffi::Error::new(ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None).into());
    }
    to.pragma_update(None, "journal_mode", "DELETE")?;
    drop(to);
    File::open(target)
        .and_then(|file| file.sync_all())
        .map_err(Error::file("write", target))
}

/// Refuses a file that is not a whole database of ours.
fn check_backup(path: &Path) -> Result<()> {
    if !path.is_file() {
        return Err(Error::file("open", path)(ErrorKind::NotFound.into()));
    }
    let not_ours = || Error::NotABackup {
        path: path.to_owned(),
    };
    let connection = open_reader(path)?;
    let view = View::new(&connection);
    let problems = match migrations::check(&connection, path) {
        Ok(0) | Err(Error::Foreign { .. }) => return Err(not_ours()),
        Ok(SCHEMA_VERSION) => view.integrity().problems,
        // An older schema lacks tables that the whole check reads; its structure can be checked.
        Ok(_) => view.structure(),
        Err(Error::Sqlite(error)) => vec![error.to_string()],
        Err(other) => return Err(other),
    };
    problems.into_iter().next().map_or(Ok(()), |why| {
        Err(Error::BackupDamaged {
            path: path.to_owned(),
            why,
        })
    })
}

/// Gives the current database and what is beside it another name.
fn keep_aside(current: &Path) -> Result<Option<PathBuf>> {
    let found = current.symlink_metadata();
    if found.as_ref().is_ok_and(fs::Metadata::is_file) {
        take_log_in(current);
    }
    let mut stamp = now_ms();
    let aside = loop {
        let aside = beside(current, &format!(".before-restore-{stamp}"));
        if aside.symlink_metadata().is_err() {
            break aside;
        }
        stamp += 1;
    };
    // The database goes first: without it nothing opens, while without its log it would open with less in it.
    let kept = rename_if_there(current, &aside)?;
    for ending in SIDE_FILES {
        rename_if_there(&beside(current, ending), &beside(&aside, ending))?;
    }
    Ok(kept.then_some(aside))
}

/// Brings the database up to its log of changes, so that it is one file. One that is too damaged for that, or
/// that another program reads, keeps its log beside it under the new name.
fn take_log_in(current: &Path) {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let folded = Connection::open_with_flags(current, flags).and_then(|connection| fold(&connection));
    if !matches!(folded, Ok(true)) {
        tracing::warn!(outcome = ?folded, "the earlier state keeps its log of changes beside it");
    }
}

fn rename_if_there(from: &Path, to: &Path) -> Result<bool> {
    match fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file("keep", from)(error)),
    }
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
