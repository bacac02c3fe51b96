//! A database is brought up to date, or refused with the way out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{get, open, put};
use openclaw_state::{DATABASE_FILE, Error, Options, SCHEMA_VERSION, State};
use rusqlite::Connection;

fn refusal(folder: &std::path::Path) -> Error {
    State::open(Options::new(folder, str::to_owned)).err().unwrap()
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close().await;
    let path = folder.path().join(DATABASE_FILE);
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", SCHEMA_VERSION + 7)
        .unwrap();
    drop(raw);
    let before = std::fs::read(&path).unwrap();
    let text = refusal(folder.path()).to_string();
    assert!(text.contains(&format!("schema {}", SCHEMA_VERSION + 7)), "{text}");
    assert!(
        text.contains(&format!("up to {SCHEMA_VERSION}")) && text.contains("update openclaw"),
        "{text}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(DATABASE_FILE);
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(refusal(folder.path()), Error::Foreign { .. }));
    std::fs::write(
        &path,
        "a letter to my aunt, quite long enough to look like a header of something",
    )
    .unwrap();
    assert!(matches!(refusal(folder.path()), Error::Foreign { .. }));
    std::fs::write(&path, &before).unwrap();
    assert!(matches!(refusal(folder.path()), Error::Foreign { .. }));
}

#[tokio::test]
async fn every_older_schema_is_brought_up_to_date_with_its_rows() {
    // What each schema lacks of the next one.
    const CHANNELS: &str = "DROP TABLE channel_states; DROP TABLE channel_cursors; DROP TABLE channel_timers;
        DROP TABLE channel_seen; DROP TABLE channel_records; DROP TABLE channel_parked; DROP TABLE pairing_requests;
        DROP TABLE paired_senders; DROP TABLE room_messages; DROP TABLE channel_moves; DROP TABLE channel_drafts;
        DROP INDEX outbox_sent; ALTER TABLE outbox DROP COLUMN plan;";
    const SESSIONS: &str = "DROP TABLE sessions; DROP TABLE transcripts; DROP TABLE transcript;
        DROP TABLE turns; DROP TABLE outbox;";
    const SANDBOXES: &str = "DROP TABLE sandboxes; DROP TABLE shells;";
    const DEVICES: &str = "DROP TABLE device_requests; DROP TABLE device_tokens; DROP TABLE devices;";
    let lacks = [
        format!(
            "DROP TABLE audit; DROP TABLE audit_head; DROP TABLE grants; {SANDBOXES} {DEVICES} {CHANNELS} {SESSIONS}"
        ),
        format!("DROP TABLE grants; {SANDBOXES} {DEVICES} {CHANNELS} {SESSIONS}"),
        format!("{SANDBOXES} {DEVICES} {CHANNELS} {SESSIONS}"),
        format!("{SANDBOXES} {DEVICES} {CHANNELS}"),
        format!("{SANDBOXES} {DEVICES}"),
        format!("{SANDBOXES} ALTER TABLE device_tokens DROP COLUMN secret_mark;"),
        SANDBOXES.to_owned(),
        "ALTER TABLE sandboxes DROP COLUMN is_own;".to_owned(),
    ];
    assert_eq!(lacks.len(), SCHEMA_VERSION as usize - 1);
    for (older, drops) in (1..).zip(lacks) {
        let folder = tempfile::tempdir().unwrap();
        let state = open(folder.path());
        put(&state, "kept", "yes").await;
        state.close().await;
        let raw = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        raw.execute_batch(&format!("{drops} PRAGMA user_version = {older};"))
            .unwrap();
        drop(raw);
        let state = open(folder.path());
        assert_eq!(get(&state, "kept").await.as_deref(), Some("yes"));
        assert_eq!(state.read(|view| view.grants()).await.unwrap(), []);
        assert_eq!(state.check().await.unwrap().problems, Vec::<String>::new());
    }
}
