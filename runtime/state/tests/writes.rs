//! A write is kept whole or not at all, and takes no other with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ROOMY, get, open, put, store};
use openclaw_state::{Error, State};

#[derive(Debug)]
enum Mine {
    Refused,
    State(#[allow(dead_code)] Error),
}

impl From<Error> for Mine {
    fn from(error: Error) -> Self {
        Self::State(error)
    }
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_and_keeps_its_own_error() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let refused: Result<(), Mine> = state
        .write(|tx| {
            tx.kv_put(&store(), "half", b"done", &ROOMY)?;
            Err(Mine::Refused)
        })
        .await;
    assert!(matches!(refused, Err(Mine::Refused)));
    assert_eq!(get(&state, "half").await, None);
}

#[tokio::test]
async fn a_write_or_read_that_panics_is_undone_and_the_state_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let write: Result<(), Error> = state
        .write(|tx| {
            tx.kv_put(&store(), "half", b"done", &ROOMY)?;
            panic!("on purpose")
        })
        .await;
    let read: Result<(), Error> = state.read(|_| panic!("on purpose")).await;
    assert!(matches!(write, Err(Error::Panicked)) && matches!(read, Err(Error::Panicked)));
    assert_eq!(get(&state, "half").await, None);
    put(&state, "next", "fine").await;
    assert_eq!(get(&state, "next").await.as_deref(), Some("fine"));
}

#[tokio::test]
async fn a_failing_neighbour_in_the_same_commit_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let mut writes = tokio::task::JoinSet::new();
    for n in 0..300u32 {
        let state = state.clone();
        writes.spawn(async move {
            let kept = state
                .write(move |tx| {
                    tx.kv_put(&store(), &format!("k{n:03}"), b"x", &ROOMY)?;
                    match n % 3 {
                        0 => Err(Error::Closed),
                        1 => panic!("on purpose"),
                        _ => Ok(()),
                    }
                })
                .await;
            assert_eq!(kept.is_ok(), n % 3 == 2);
        });
    }
    writes.join_all().await;
    let listed = state
        .read(|view| view.kv_list(&store(), "", None, 1000))
        .await
        .unwrap();
    assert_eq!(listed.len(), 100);
    assert!(
        listed
            .iter()
            .all(|entry| entry.key[1..].parse::<u32>().unwrap() % 3 == 2)
    );
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_undo_its_write() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let write = tokio::spawn({
        let state = state.clone();
        async move {
            state
                .write(|tx| {
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    tx.kv_put(&store(), "left", b"behind", &ROOMY)
                })
                .await
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    write.abort();
    state.write(|_| Ok::<_, Error>(())).await.unwrap();
    assert_eq!(get(&state, "left").await.as_deref(), Some("behind"));
}

#[tokio::test]
async fn a_reader_sees_one_picture_and_does_not_hold_the_writer_up() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    put(&state, "a", "before").await;
    let (begun, wait_begun) = std::sync::mpsc::channel();
    let (go_on, wait_go_on) = std::sync::mpsc::channel::<()>();
    let reader = tokio::spawn({
        let state = state.clone();
        async move {
            state
                .read(move |view| read_twice(view, &begun, &wait_go_on))
                .await
        }
    });
    tokio::task::spawn_blocking(move || wait_begun.recv().unwrap())
        .await
        .unwrap();
    put(&state, "a", "after").await;
    go_on.send(()).unwrap();
    assert_eq!(
        reader.await.unwrap().unwrap(),
        (b"before".to_vec(), b"before".to_vec())
    );
    assert_eq!(get(&state, "a").await.as_deref(), Some("after"));
}

fn read_twice(
    view: &openclaw_state::View<'_>,
    begun: &std::sync::mpsc::Sender<()>,
    go_on: &std::sync::mpsc::Receiver<()>,
) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let first = view.kv_get(&store(), "a")?.unwrap();
    begun.send(()).unwrap();
    go_on.recv().unwrap();
    Ok((first, view.kv_get(&store(), "a")?.unwrap()))
}

#[tokio::test]
async fn ten_thousand_callers_at_once_all_get_their_answer() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let count = |state: State| async move {
        state
            .write(|tx| {
                let before = tx
                    .kv_get(&store(), "n")?
                    .map_or(0, |v| u32::from_be_bytes(v.try_into().unwrap()));
                tx.kv_put(&store(), "n", &(before + 1).to_be_bytes(), &ROOMY)
            })
            .await
    };
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..10_000 {
        callers.spawn(count(state.clone()));
    }
    assert!(callers.join_all().await.into_iter().all(|answer| answer.is_ok()));
    let n = state
        .read(|view| view.kv_get(&store(), "n"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(n, 10_000u32.to_be_bytes());
}
