//! One process owns a state folder, and says so to the next.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::os::unix::fs::{MetadataExt as _, symlink};

use common::{get, open, put};
use openclaw_state::{DATABASE_FILE, Error, Options, State};

fn open_again(folder: &std::path::Path) -> Error {
    State::open(Options::new(folder, str::to_owned)).err().unwrap()
}

#[tokio::test]
async fn a_folder_in_use_is_refused_and_its_owner_named() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let error = open_again(folder.path());
    assert!(
        matches!(error, Error::Locked { owner: Some(pid), .. } if pid == std::process::id()),
        "{error}"
    );
    assert!(error.to_string().contains("stop it first"));
    state.close().await;
}

#[tokio::test]
async fn a_closed_state_is_free_at_once_and_answers_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let state = open(folder.path());
        put(&state, "round", "x").await;
        state.close().await;
        let late = state.write(|_| Ok::<_, Error>(())).await;
        assert!(matches!(late, Err(Error::Closed)), "round {round}: {late:?}");
        assert!(matches!(
            state.read(|_| Ok::<_, Error>(())).await,
            Err(Error::Closed)
        ));
    }
}

#[tokio::test]
async fn what_was_queued_when_the_state_was_dropped_is_still_written() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let handle = state.clone();
    let write = tokio::spawn(async move { put(&handle, "last", "words").await });
    write.await.unwrap();
    state.record(openclaw_state::AuditEntry::new("test", "thing.done", "x"));
    drop(state);
    // The thread that writes ends by itself; only then is the folder free.
    let again = loop {
        match State::open(Options::new(folder.path(), str::to_owned)) {
            Ok(state) => break state,
            Err(Error::Locked { .. }) => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(get(&again, "last").await.as_deref(), Some("words"));
    assert_eq!(again.read(|view| view.audit_rows(0, 10)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_its_owner_can_read_the_state() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("state");
    let state = open(&folder);
    put(&state, "a", "b").await;
    assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().mode() & 0o777,
            0o600,
            "{:?}",
            entry.path()
        );
    }
    state.close().await;
}

#[test]
fn a_symlink_in_the_place_of_a_state_file_is_not_followed() {
    for name in [DATABASE_FILE, "gateway.sqlite.lock"] {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        symlink(&elsewhere, folder.path().join(name)).unwrap();
        open_again(folder.path());
        assert!(!elsewhere.exists(), "{name}");
    }
}
