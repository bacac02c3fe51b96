//! One process owns a state folder, and says so to the next.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::time::Duration;

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
            Err(Error::Locked { .. }) => tokio::time::sleep(Duration::from_millis(1)).await,
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

#[test]
fn what_stands_in_the_place_of_the_database_is_called_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(DATABASE_FILE)).unwrap();
    let error = open_again(folder.path());
    assert!(
        matches!(&error, Error::NotAFile { .. }) && error.to_string().contains("not a regular file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_state_that_others_could_read_is_made_private_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    put(&state, "a", "b").await;
    state.close().await;
    let files = ["", "-wal", "-shm"].map(|ending| folder.path().join(format!("{DATABASE_FILE}{ending}")));
    for file in &files {
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        std::fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    }
    let state = open(folder.path());
    put(&state, "a", "c").await;
    for file in &files {
        let mode = file.metadata().unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_folder_in_use_is_refused_though_its_lock_file_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    std::fs::remove_file(folder.path().join("gateway.sqlite.lock")).unwrap();
    let error = open_again(folder.path());
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    state.close().await;
    open(folder.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_who_closes_is_answered_once_the_folder_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let (entered, inside) = std::sync::mpsc::channel();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let write = tokio::spawn({
        let state = state.clone();
        async move {
            let work = move |_: &openclaw_state::Tx<'_>| {
                entered.send(()).unwrap();
                let _ = wait.recv();
                Ok::<_, Error>(())
            };
            state.write(work).await
        }
    });
    tokio::task::spawn_blocking(move || inside.recv().unwrap())
        .await
        .unwrap();
    let close = || {
        let state = state.clone();
        tokio::spawn(async move { state.close().await })
    };
    let (first, second) = (close(), close());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(
        !first.is_finished() && !second.is_finished(),
        "the write is under way"
    );
    drop(go_on);
    second.await.unwrap();
    open(folder.path()).close().await;
    first.await.unwrap();
    write.await.unwrap().unwrap();
    state.close().await;
}

#[tokio::test]
async fn a_folder_is_found_again_wherever_the_process_goes_and_whatever_it_is_called() {
    let base = tempfile::tempdir().unwrap();
    std::env::set_current_dir(base.path()).unwrap();
    let state = open(std::path::Path::new("file:odd?mode=ro"));
    put(&state, "a", "b").await;
    std::env::set_current_dir("/").unwrap();
    assert_eq!(get(&state, "a").await.as_deref(), Some("b"));
    state.close().await;
    assert!(base.path().join("file:odd?mode=ro").join(DATABASE_FILE).is_file());
}
