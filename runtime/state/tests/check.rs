//! A check finds what is wrong with the state, and all of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ROOMY, damage, open, put, store};
use openclaw_state::{AuditEntry, DATABASE_FILE, Error, Integrity};
use rusqlite::Connection;

async fn checked_after(change: impl FnOnce(&std::path::Path)) -> Integrity {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let fill = |tx: &openclaw_state::Tx<'_>| {
        for n in 0..300u32 {
            tx.kv_put(&store(), &format!("n{n}"), &[7; 2000], &ROOMY)?;
            tx.audit(&AuditEntry::new("load", "thing.done", format!("{n:0500}")))?;
        }
        Ok::<_, Error>(())
    };
    state.write(fill).await.unwrap();
    put(&state, "a", "b").await;
    state.close().await;
    change(&folder.path().join(DATABASE_FILE));
    open(folder.path()).check().await.unwrap()
}

#[tokio::test]
async fn usage_that_is_wrong_or_missing_or_left_over_is_found() {
    for (sql, about) in [
        ("UPDATE kv_usage SET entries = entries + 1", "store of demo"),
        ("UPDATE kv_usage SET bytes = bytes - 1", "store of demo"),
        ("UPDATE kv_usage SET entries = 0, bytes = 0", "store of demo"),
        ("DELETE FROM kv_usage", "store of demo"),
        ("INSERT INTO kv_usage VALUES ('gone', '', 1, 10)", "store of gone"),
    ] {
        let found = checked_after(|path| Connection::open(path).unwrap().execute_batch(sql).unwrap()).await;
        assert!(found.sound && found.audit_head.is_some(), "{sql}: {found:?}");
        assert!(
            found.problems.len() == 1 && found.problems[0].starts_with(about),
            "{sql}: {found:?}"
        );
    }
}

#[tokio::test]
async fn damage_that_stops_one_step_of_the_check_hides_nothing_that_the_others_find() {
    let found = checked_after(|path| {
        let tables = "DROP TABLE audit_head; UPDATE kv_usage SET entries = 7";
        Connection::open(path).unwrap().execute_batch(tables).unwrap();
    })
    .await;
    assert!(found.sound);
    assert_eq!(found.problems.len(), 2, "{found:?}");
    assert!(found.problems[0].starts_with("store of demo"), "{found:?}");
    assert!(found.problems[1].contains("audit_head"), "{found:?}");
}

#[tokio::test]
async fn a_damaged_page_is_said_in_words_and_the_file_is_not_called_sound() {
    let found = checked_after(damage).await;
    assert!(!found.sound && !found.problems.is_empty(), "{found:?}");
    assert!(found.problems.iter().all(|line| !line.is_empty()));
}
