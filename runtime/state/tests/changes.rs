//! The log of changes beside the database stays short, and nobody waits long for that.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{ROOMY, open, put, store};
use openclaw_state::{DATABASE_FILE, Error, State};
use rusqlite::Connection;

const MIB: u64 = 1 << 20;
/// No wait that ends at all takes this long, however busy the machine and its disk.
const ENDLESS: Duration = Duration::from_secs(180);

fn log_bytes(folder: &Path) -> u64 {
    folder
        .join(format!("{DATABASE_FILE}-wal"))
        .metadata()
        .map_or(0, |found| found.len())
}

/// Writes that many bytes in large values; says how long the slowest write took and how long the log became.
async fn write_much(state: &State, folder: &Path, bytes: u64) -> (Duration, u64) {
    let (mut slowest, mut longest) = (Duration::ZERO, 0);
    for n in 0..bytes / (MIB / 2) {
        let value = vec![n as u8; MIB as usize / 2];
        let begin = Instant::now();
        let write = state.write(move |tx| tx.kv_put(&store(), "large", &value, &ROOMY));
        tokio::time::timeout(ENDLESS, write).await.unwrap().unwrap();
        slowest = slowest.max(begin.elapsed());
        longest = longest.max(log_bytes(folder));
    }
    (slowest, longest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_overlap_without_a_pause_do_not_let_the_log_grow_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let stop = Arc::<AtomicBool>::default();
    let readers: Vec<_> = (0..3u64)
        .map(|n| {
            let (state, stop) = (state.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(n * 7)).await;
                while !stop.load(Ordering::Relaxed) {
                    let work = |view: &openclaw_state::View<'_>| {
                        view.kv_get(&store(), "large")?;
                        std::thread::sleep(Duration::from_millis(20));
                        Ok::<_, Error>(())
                    };
                    state.read(work).await.unwrap();
                }
            })
        })
        .collect();
    let (_, longest) = write_much(&state, folder.path(), 320 * MIB).await;
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    // On a busy machine a try to find a moment without reads may fail.
    assert!(longest < 280 * MIB, "{} MiB", longest / MIB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_lasts_holds_writes_and_reads_up_for_a_moment_only() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    put(&state, "a", "b").await;
    let (begun, wait_begun) = std::sync::mpsc::channel();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let long = tokio::spawn({
        let state = state.clone();
        async move {
            let work = move |view: &openclaw_state::View<'_>| {
                view.kv_get(&store(), "a")?;
                begun.send(()).unwrap();
                let _ = wait.recv();
                Ok::<_, Error>(())
            };
            state.read(work).await
        }
    });
    tokio::task::spawn_blocking(move || wait_begun.recv().unwrap())
        .await
        .unwrap();
    let reader = tokio::spawn({
        let state = state.clone();
        async move {
            let (end, mut slowest) = (Instant::now() + Duration::from_secs(1), Duration::ZERO);
            while Instant::now() < end {
                let begin = Instant::now();
                state.read(|view| view.kv_get(&store(), "a")).await.unwrap();
                slowest = slowest.max(begin.elapsed());
            }
            slowest
        }
    });
    let (slowest_write, longest) = write_much(&state, folder.path(), 140 * MIB).await;
    let slowest_read = reader.await.unwrap();
    assert!(
        longest > 128 * MIB,
        "the read was in the way: {} MiB",
        longest / MIB
    );
    for slowest in [slowest_write, slowest_read] {
        assert!(slowest < ENDLESS / 3, "{slowest:?}");
    }
    drop(go_on);
    long.await.unwrap().unwrap();
    write_much(&state, folder.path(), 70 * MIB).await;
    assert!(log_bytes(folder.path()) <= 70 * MIB);
}

#[tokio::test]
async fn closing_empties_the_log_though_another_program_has_the_database_open() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    put(&state, "a", "b").await;
    let shell = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let rows: u32 = shell
        .query_row("SELECT count(*) FROM kv", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
    assert!(log_bytes(folder.path()) > 0);
    state.close().await;
    assert_eq!(log_bytes(folder.path()), 0);
}
