//! A backup is whole, and a restore loses nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use common::{ROOMY, damage, get, open, put, store};
use openclaw_state::{AuditEntry, DATABASE_FILE, Error, Options, State, restore};
use rusqlite::Connection;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_under_write_load_is_one_whole_file() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let state = open(folder.path());
    let writer = tokio::spawn({
        let state = state.clone();
        async move {
            for n in 0..2000u32 {
                state.record(AuditEntry::new("load", "thing.done", n.to_string()));
                if n % 20 == 0 {
                    state.write(|_| Ok::<_, Error>(())).await.unwrap();
                }
            }
        }
    });
    put(&state, "early", "bird").await;
    for n in 0..5 {
        state
            .backup(out.path().join(format!("{n}.sqlite")))
            .await
            .unwrap();
    }
    writer.await.unwrap();
    assert_eq!(
        names(out.path()),
        ["0.sqlite", "1.sqlite", "2.sqlite", "3.sqlite", "4.sqlite"]
    );
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(
        restore(elsewhere.path(), &out.path().join("0.sqlite")).unwrap(),
        None
    );
    let restored = open(elsewhere.path());
    assert_eq!(restored.check().await.unwrap().problems, Vec::<String>::new());
    assert_eq!(get(&restored, "early").await.as_deref(), Some("bird"));
}

#[tokio::test]
async fn a_backup_never_replaces_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let target = folder.path().join("mine.txt");
    std::fs::write(&target, "mine").unwrap();
    assert!(matches!(
        state.backup(&target).await,
        Err(Error::BackupExists { .. })
    ));
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
}

#[tokio::test]
async fn a_restore_keeps_what_was_there_under_another_name() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let state = open(folder.path());
    put(&state, "k", "old").await;
    let backup = out.path().join("b.sqlite");
    state.backup(&backup).await.unwrap();
    put(&state, "k", "new").await;
    assert!(
        matches!(restore(folder.path(), &backup), Err(Error::Locked { .. })),
        "while it is in use"
    );
    state.close().await;
    let kept = restore(folder.path(), &backup).unwrap().unwrap();
    let state = open(folder.path());
    assert_eq!(get(&state, "k").await.as_deref(), Some("old"));
    state.close().await;
    // What was kept is a whole database too: put back in its turn, it holds the newer value.
    restore(folder.path(), &kept).unwrap();
    assert_eq!(get(&open(folder.path()), "k").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_damaged_foreign_or_missing_backup_changes_nothing() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let state = open(folder.path());
    for n in 0..500 {
        state.record(AuditEntry::new("load", "thing.done", format!("{n:0200}")));
    }
    put(&state, "k", "mine").await;
    let good = out.path().join("good.sqlite");
    state.backup(&good).await.unwrap();
    state.close().await;
    let before = (
        names(folder.path()),
        std::fs::read(folder.path().join(DATABASE_FILE)).unwrap(),
    );

    let torn = out.path().join("torn.sqlite");
    let bytes = std::fs::read(&good).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let edited = out.path().join("edited.sqlite");
    std::fs::copy(&good, &edited).unwrap();
    Connection::open(&edited)
        .unwrap()
        .execute_batch("DROP TRIGGER audit_rows_never_change; UPDATE audit SET actor = 'x' WHERE seq = 7")
        .unwrap();
    let foreign = out.path().join("foreign.sqlite");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let empty = out.path().join("empty.sqlite");
    std::fs::write(&empty, "").unwrap();

    for (backup, says) in [
        (torn, "cannot be restored"),
        (edited, "damaged at entry 7"),
        (foreign, "not a backup of this gateway"),
        (empty, "not a backup of this gateway"),
        (out.path().join("missing.sqlite"), "cannot open"),
    ] {
        let error = restore(folder.path(), &backup).unwrap_err().to_string();
        assert!(error.contains(says), "{}: {error}", backup.display());
        let after = (
            names(folder.path()),
            std::fs::read(folder.path().join(DATABASE_FILE)).unwrap(),
        );
        assert_eq!(before, after, "{}", backup.display());
    }
}

/// A state of a few hundred pages.
async fn filled(folder: &Path) -> State {
    let state = open(folder);
    let fill = |tx: &openclaw_state::Tx<'_>| {
        for n in 0..300u32 {
            tx.kv_put(&store(), &format!("n{n}"), &[7; 2000], &ROOMY)?;
            tx.audit(&AuditEntry::new("load", "thing.done", format!("{n:0500}")))?;
        }
        Ok::<_, Error>(())
    };
    state.write(fill).await.unwrap();
    state
}

fn rows(database: &Path) -> u32 {
    let raw = Connection::open(database).unwrap();
    raw.query_row("SELECT count(*) FROM kv", [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn a_damaged_state_is_not_backed_up_and_leaves_no_file() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(folder.path()).await.close().await;
    damage(&folder.path().join(DATABASE_FILE));
    let error = open(folder.path())
        .backup(out.path().join("b"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::CopyDamaged { path, .. } if path.starts_with(folder.path())),
        "{error}"
    );
    assert_eq!(names(out.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_state_whose_audit_chain_is_broken_is_backed_up_with_a_word_about_it() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(folder.path()).await.close().await;
    Connection::open(folder.path().join(DATABASE_FILE))
        .unwrap()
        .execute_batch("DROP TRIGGER audit_rows_never_change; UPDATE audit SET actor = 'x' WHERE seq = 7")
        .unwrap();
    let state = open(folder.path());
    let backup = out.path().join("b");
    let found = state.backup(&backup).await.unwrap();
    assert!(found.sound && found.audit_head.is_none());
    assert!(
        found.problems.len() == 1 && found.problems[0].contains("entry 7"),
        "{found:?}"
    );
    assert_eq!(rows(&backup), 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_backups_to_one_name_one_is_made_whole_and_the_other_refused() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let state = filled(folder.path()).await;
    for round in 0..30 {
        let target = out.path().join(format!("{round}"));
        let backup = || {
            let (state, target) = (state.clone(), target.clone());
            tokio::spawn(async move { state.backup(target).await })
        };
        let answers = tokio::join!(backup(), backup());
        let (made, refused) = match (answers.0.unwrap(), answers.1.unwrap()) {
            (Ok(made), Err(refused)) | (Err(refused), Ok(made)) => (made, refused),
            other => panic!("round {round}: {other:?}"),
        };
        assert_eq!(made.problems, Vec::<String>::new());
        assert!(matches!(refused, Error::BackupExists { .. }), "{refused}");
        assert_eq!(rows(&target), 300);
    }
    assert_eq!(names(out.path()).len(), 30, "nothing half made is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_a_backup_and_lets_none_begin() {
    for wait in 0..6 {
        let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let state = filled(folder.path()).await;
        let backup = tokio::spawn({
            let (state, target) = (state.clone(), out.path().join("b"));
            async move { state.backup(target).await }
        });
        tokio::time::sleep(std::time::Duration::from_millis(wait * 2)).await;
        state.close().await;
        let found = names(out.path());
        match backup.await.unwrap() {
            Ok(_) => assert_eq!(found, ["b"]),
            Err(Error::Closed) => assert_eq!(found, Vec::<String>::new()),
            Err(other) => panic!("{other}"),
        }
        let late = state.backup(out.path().join("late")).await;
        assert!(matches!(late, Err(Error::Closed)), "{late:?}");
    }
}

/// Copies the files of a state in use, as `kill -9` would leave them.
fn copy_as_killed(from: &Path, to: &Path, files: &[&str]) {
    for file in files {
        let name = format!("{DATABASE_FILE}{file}");
        std::fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

/// A folder with a backup that says "old", and a state in use, most of it in its log, that says "new".
async fn newer_than_its_backup(folder: &Path, backup: &Path) -> State {
    let state = open(folder);
    put(&state, "k", "old").await;
    state.backup(backup).await.unwrap();
    for n in 0..300u32 {
        let work =
            move |tx: &openclaw_state::Tx<'_>| tx.kv_put(&store(), &format!("n{n}"), &[7; 900], &ROOMY);
        state.write(work).await.unwrap();
    }
    put(&state, "k", "new").await;
    state
}

#[tokio::test]
async fn a_restore_over_a_killed_state_keeps_what_only_its_log_held() {
    let (live, out, killed) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let backup = out.path().join("b");
    let _state = newer_than_its_backup(live.path(), &backup).await;
    copy_as_killed(live.path(), killed.path(), &["", "-wal"]);
    let kept = restore(killed.path(), &backup).unwrap().unwrap();
    assert!(
        names(killed.path()).iter().all(|name| !name.ends_with("-wal")),
        "the log is in the database before that gets its new name"
    );
    assert_eq!(rows(&kept), 301);
    let state = open(killed.path());
    assert_eq!(get(&state, "k").await.as_deref(), Some("old"));
    assert_eq!(state.check().await.unwrap().problems, Vec::<String>::new());
    state.close().await;
    restore(killed.path(), &kept).unwrap();
    assert_eq!(get(&open(killed.path()), "k").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_restore_beside_the_log_of_a_lost_database_does_not_mix_the_two() {
    let (live, out, lost) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let backup = out.path().join("b");
    let _state = newer_than_its_backup(live.path(), &backup).await;
    copy_as_killed(live.path(), lost.path(), &["-wal", "-shm"]);
    std::fs::write(lost.path().join(format!("{DATABASE_FILE}-journal")), "stale").unwrap();
    assert_eq!(restore(lost.path(), &backup).unwrap(), None);
    let state = open(lost.path());
    assert_eq!(get(&state, "k").await.as_deref(), Some("old"));
    assert_eq!(state.check().await.unwrap().problems, Vec::<String>::new());
    let kept: Vec<_> = names(lost.path())
        .into_iter()
        .filter(|name| name.contains("before-restore"))
        .collect();
    assert_eq!(kept.len(), 3, "{kept:?}");
}

#[tokio::test]
async fn a_restore_over_a_database_that_cannot_be_read_keeps_it_with_its_log() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let live = tempfile::tempdir().unwrap();
    let backup = out.path().join("b");
    let state = newer_than_its_backup(live.path(), &backup).await;
    // A log that held the first page would make a database of the file again.
    let raw = Connection::open(live.path().join(DATABASE_FILE)).unwrap();
    raw.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
        .unwrap();
    put(&state, "k", "now").await;
    copy_as_killed(live.path(), folder.path(), &["", "-wal"]);
    let database = folder.path().join(DATABASE_FILE);
    let log = std::fs::read(folder.path().join(format!("{DATABASE_FILE}-wal"))).unwrap();
    std::fs::write(&database, "no database any more").unwrap();
    let kept = restore(folder.path(), &backup).unwrap().unwrap();
    assert_eq!(std::fs::read(&kept).unwrap(), b"no database any more");
    let kept_log = format!("{}-wal", kept.display());
    assert!(std::fs::read(kept_log).unwrap() == log, "the log was changed");
    assert_eq!(get(&open(folder.path()), "k").await.as_deref(), Some("old"));
}

#[tokio::test]
async fn a_restore_that_was_cut_short_leaves_no_empty_state_behind_and_can_be_run_again() {
    let (live, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let backup = out.path().join("b");
    let state = newer_than_its_backup(live.path(), &backup).await;
    for left in [".restoring", "-wal", "-journal"] {
        let folder = tempfile::tempdir().unwrap();
        let left = format!("{DATABASE_FILE}{left}");
        std::fs::write(folder.path().join(&left), "some of it").unwrap();
        let error = State::open(Options::new(folder.path(), str::to_owned))
            .err()
            .unwrap();
        assert!(matches!(&error, Error::Incomplete { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&left) && text.contains("run the restore again"),
            "{text}"
        );
        restore(folder.path(), &backup).unwrap();
        assert_eq!(get(&open(folder.path()), "k").await.as_deref(), Some("old"));
    }
    // Cut short before anything was replaced: the state is what it was.
    std::fs::write(live.path().join(format!("{DATABASE_FILE}.restoring")), "half").unwrap();
    assert_eq!(get(&state, "k").await.as_deref(), Some("new"));
    state.close().await;
    assert_eq!(get(&open(live.path()), "k").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_backup_of_an_older_schema_is_restored_if_it_is_whole() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let state = filled(folder.path()).await;
    let backup = out.path().join("b");
    state.backup(&backup).await.unwrap();
    state.close().await;
    let raw = Connection::open(&backup).unwrap();
    raw.pragma_update(None, "foreign_keys", false).unwrap();
    let mut newer = raw
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'kv%' AND name NOT LIKE 'sqlite%'")
        .unwrap();
    let names: Vec<String> = newer
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(newer);
    let drops: String = names.iter().map(|name| format!("DROP TABLE {name}; ")).collect();
    raw.execute_batch(&format!("{drops} PRAGMA user_version = 1; VACUUM"))
        .unwrap();
    drop(raw);
    restore(folder.path(), &backup).unwrap();
    let state = open(folder.path());
    assert_eq!(state.check().await.unwrap().problems, Vec::<String>::new());
    state.close().await;
    damage(&backup);
    let error = restore(folder.path(), &backup).unwrap_err();
    assert!(matches!(error, Error::BackupDamaged { .. }), "{error}");
}

#[tokio::test]
async fn a_restore_makes_the_folder_that_it_needs_for_its_owner_alone() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let state = filled(folder.path()).await;
    state.backup(out.path().join("b")).await.unwrap();
    let home = out.path().join("new/home");
    assert_eq!(restore(&home, &out.path().join("b")).unwrap(), None);
    assert_eq!(home.metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(home.join(DATABASE_FILE).metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(open(&home).check().await.unwrap().problems, Vec::<String>::new());
}
