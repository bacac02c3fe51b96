//! A backup is whole, and a restore loses nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::Path;

use common::{get, open, put};
use openclaw_state::{AuditEntry, DATABASE_FILE, Error, restore};
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
        (foreign, "not a state database"),
        (empty, "not a state database"),
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
