use std::sync::atomic::AtomicUsize;
use std::sync::mpsc as gate;
use std::time::Duration;

use super::*;
use crate::audit::AuditRow;
use crate::changes::Gate;
use crate::connection::{open_reader, open_writer};
use crate::kv::{KvQuota, Namespace};
use crate::migrations;
use crate::state::Durability;
use crate::view::View;

const QUOTA: KvQuota = KvQuota {
    entries: 10_000,
    bytes: 1 << 30,
    value_bytes: 1 << 30,
};

struct Bench {
    folder: tempfile::TempDir,
    writer: Arc<Writer>,
    commits: Arc<AtomicUsize>,
}

fn start(prepare: impl FnOnce(&Connection)) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite");
    let mut connection = open_writer(&path, Durability::Process).unwrap();
    migrations::apply(&mut connection, &path).unwrap();
    prepare(&connection);
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commits);
    connection
        .commit_hook(Some(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            false
        }))
        .unwrap();
    let lock = OwnerLock::take(folder.path()).unwrap();
    let changes = Changes::new(&path, Gate::default());
    let keep = |text: &str| text.to_owned();
    let writer = Arc::new(Writer::start(connection, changes, lock, Arc::new(keep)).unwrap());
    Bench {
        folder,
        writer,
        commits,
    }
}

fn put(key: String, bytes: usize) -> impl FnOnce(&Tx<'_>) -> Result<()> + Send + 'static {
    move |tx| tx.kv_put(&Namespace::of("test")?, &key, &vec![7; bytes], &QUOTA)
}

/// Holds the writer inside a write until the sender is dropped.
fn hold(writer: &Arc<Writer>) -> (gate::Sender<()>, tokio::task::JoinHandle<Result<()>>) {
    let (open, closed) = gate::channel::<()>();
    let (entered, inside) = gate::channel();
    let writer = Arc::clone(writer);
    let held = tokio::spawn(async move {
        let work = move |_: &Tx<'_>| {
            entered.send(()).unwrap();
            let _ = closed.recv();
            Ok(())
        };
        writer.write(work).await
    });
    inside.recv_timeout(Duration::from_secs(10)).unwrap();
    (open, held)
}

/// What the audit log holds.
fn rows(bench: &Bench) -> Vec<AuditRow> {
    let reader = open_reader(&bench.folder.path().join("test.sqlite")).unwrap();
    View::new(&reader).audit_rows(0, 100_000).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_wait_together_are_committed_together() {
    let bench = start(|_| ());
    let (open, held) = hold(&bench.writer);
    let writes: Vec<_> = (0..100)
        .map(|n| {
            let writer = Arc::clone(&bench.writer);
            tokio::spawn(async move { writer.write(put(format!("k{n}"), 10)).await })
        })
        .collect();
    while bench.writer.queue.capacity() > QUEUE - 100 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(open);
    held.await.unwrap().unwrap();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(
        bench.commits.load(Ordering::SeqCst),
        2,
        "one for the held write, one for the hundred"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_fails_the_writes_that_were_not_kept_and_the_writer_goes_on() {
    let bench = start(|connection| connection.pragma_update(None, "max_page_count", 64).unwrap());
    let too_large = bench.writer.write(put("large".to_owned(), 1 << 20)).await;
    assert!(too_large.is_err(), "{too_large:?}");
    bench.writer.write(put("small".to_owned(), 10)).await.unwrap();
    let found = bench.writer.write(|tx| {
        let store = Namespace::of("test")?;
        Ok::<_, Error>((
            tx.kv_get(&store, "large")?,
            tx.kv_get(&store, "small")?,
            tx.kv_usage(&store)?.entries,
        ))
    });
    assert_eq!(found.await.unwrap(), (None, Some(vec![7; 10]), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_of_a_write_that_ends_the_transaction_is_not_told_that_it_was_kept() {
    let bench = start(|connection| connection.pragma_update(None, "max_page_count", 64).unwrap());
    let (open, held) = hold(&bench.writer);
    let spawn = |key: &str, bytes| {
        let (writer, work) = (Arc::clone(&bench.writer), put(key.to_owned(), bytes));
        tokio::spawn(async move { writer.write(work).await })
    };
    let small = spawn("small", 10);
    while bench.writer.queue.capacity() > QUEUE - 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let large = spawn("large", 1 << 20);
    while bench.writer.queue.capacity() > QUEUE - 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(open);
    held.await.unwrap().unwrap();
    assert!(large.await.unwrap().is_err());
    let told = small.await.unwrap();
    let kept = bench
        .writer
        .write(|tx| tx.kv_get(&Namespace::of("test")?, "small"))
        .await
        .unwrap();
    assert_eq!(told.is_ok(), kept.is_some(), "told {told:?}, kept {kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_entries_that_find_no_place_are_counted_in_the_log() {
    let bench = start(|_| ());
    let (open, held) = hold(&bench.writer);
    for _ in 0..RECORDS + 25 {
        bench.writer.record(AuditEntry::new("test", "thing.done", "x"));
    }
    drop(open);
    held.await.unwrap().unwrap();
    bench.writer.close().await;
    let rows = rows(&bench);
    let lost: Vec<_> = rows.iter().filter(|row| row.action == "audit.lost").collect();
    assert_eq!(rows.len(), RECORDS + 1);
    assert_eq!(
        lost.iter().map(|row| row.detail.as_str()).collect::<Vec<_>>(),
        [r#"{"entries":25}"#]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_audit_entries_leaves_half_of_each_commit_to_writes() {
    let bench = start(|_| ());
    let (open, held) = hold(&bench.writer);
    for _ in 0..BATCH * 3 {
        bench.writer.record(AuditEntry::new("test", "thing.done", "x"));
    }
    let writer = Arc::clone(&bench.writer);
    let write = tokio::spawn(async move { writer.write(|tx| tx.audit_head()).await });
    // The waking message of the entries is in the queue too.
    while bench.writer.queue.capacity() > QUEUE - 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(open);
    held.await.unwrap().unwrap();
    assert_eq!(write.await.unwrap().unwrap().seq, (BATCH / 2) as i64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_audit_entries_hold_no_more_memory_than_they_may() {
    let bench = start(|_| ());
    let (open, held) = hold(&bench.writer);
    const MIB: usize = 1 << 20;
    for _ in 0..40 {
        bench
            .writer
            .record(AuditEntry::new("test", "thing.done", "x".repeat(MIB)));
        bench
            .writer
            .record(AuditEntry::new("test", "thing.done", "x").detail("text", "x".repeat(MIB)));
    }
    let waiting = RECORDS - bench.writer.records.capacity();
    assert!(waiting <= RECORD_BYTES as usize / MIB, "{waiting} of a MiB each");
    drop(open);
    held.await.unwrap().unwrap();
    while bench.writer.room.available_permits() < RECORD_BYTES as usize {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    bench.writer.record(AuditEntry::new(
        "test",
        "thing.done",
        "x".repeat(RECORD_BYTES as usize + 1),
    ));
    bench.writer.close().await;
    let rows = rows(&bench);
    let count = |action: &str| rows.iter().filter(|row| row.action == action).count();
    assert_eq!(
        count("thing.done"),
        waiting + 1,
        "the largest found the room that was free again"
    );
    let lost = rows.iter().find(|row| row.action == "audit.lost").unwrap();
    assert_eq!(lost.detail, format!(r#"{{"entries":{}}}"#, 80 - waiting));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_entries_beside_a_write_that_ends_the_transaction_are_written_all_the_same() {
    let bench = start(|connection| connection.pragma_update(None, "max_page_count", 64).unwrap());
    let (open, held) = hold(&bench.writer);
    bench.writer.record(AuditEntry::new("test", "thing.done", "x"));
    let writer = Arc::clone(&bench.writer);
    let large = tokio::spawn(async move { writer.write(put("large".to_owned(), 1 << 20)).await });
    while bench.writer.queue.capacity() > QUEUE - 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(open);
    held.await.unwrap().unwrap();
    assert!(large.await.unwrap().is_err());
    bench.writer.close().await;
    let actions: Vec<_> = rows(&bench).into_iter().map(|row| row.action).collect();
    assert_eq!(actions, ["thing.done"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_one_caller_queues_are_kept_in_that_order() {
    let bench = start(|_| ());
    let (open, held) = hold(&bench.writer);
    let mut writes: Vec<_> = (0..500u32)
        .map(|n| {
            Box::pin(bench.writer.write(move |tx| {
                let store = Namespace::of("test")?;
                let mut seen = tx.kv_get(&store, "order")?.unwrap_or_default();
                seen.extend(n.to_be_bytes());
                tx.kv_put(&store, "order", &seen, &QUOTA)
            }))
        })
        .collect();
    // Nothing of a write happens before it is polled; its first poll queues it.
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for write in &mut writes {
        assert!(write.as_mut().poll(&mut context).is_pending());
    }
    drop(open);
    held.await.unwrap().unwrap();
    for write in writes {
        write.await.unwrap();
    }
    let seen = bench
        .writer
        .write(|tx| tx.kv_get(&Namespace::of("test")?, "order"))
        .await
        .unwrap()
        .unwrap();
    let order: Vec<u32> = seen
        .chunks(4)
        .map(|four| u32::from_be_bytes(four.try_into().unwrap()))
        .collect();
    assert_eq!(order, (0..500).collect::<Vec<_>>());
}
