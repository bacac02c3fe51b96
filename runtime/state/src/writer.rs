//! The one writer: a thread that owns the only connection that writes.
//!
//! **Promise.** Each write is kept whole or not at all, in the order in which the writes were queued, and is
//! acknowledged only after the commit that holds it. A write that fails or panics takes no other with it.
//!
//! **Cost.** Whatever waits when the thread is free is committed together: one commit for up to [`BATCH`]
//! writes, so that many callers at once cost little more than one. Nothing is delayed to wait for company.
//!
//! **Bound.** [`QUEUE`] writes wait; the next caller waits for a place. A caller that goes away does not undo
//! its write. [`RECORDS`] audit entries wait apart from them; what finds no place is counted, and the log says
//! how many there were.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::audit::{AuditEntry, Redact};
use crate::error::{Error, Result};
use crate::lock::OwnerLock;
use crate::view::Tx;

/// How many writes may wait.
pub const QUEUE: usize = 1024;
/// How many audit entries may wait that nobody waits for.
pub const RECORDS: usize = 16 * 1024;
/// How many writes one commit holds at the most.
pub const BATCH: usize = 256;

/// A write that waits, whatever its types.
trait Job: Send {
    /// Does the work; false asks for it to be rolled back.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Tells the caller how it ended, once that is certain.
    fn settle(self: Box<Self>, fate: Fate);
}

/// What became of a write.
enum Fate {
    /// It is in the database.
    Kept,
    /// It failed or panicked, and it alone was rolled back.
    Undone,
    /// The transaction that it was part of was not kept.
    NotKept(Arc<rusqlite::Error>),
}

struct Write<F, T, E> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Write<F, T, E>
where
    F: FnOnce(&Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        self.outcome = self.work.take().map(|work| work(tx));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn settle(self: Box<Self>, fate: Fate) {
        let answer = match (self.outcome, fate) {
            (Some(Err(error)), _) => Err(error),
            (_, Fate::NotKept(error)) => Err(Error::NotKept(error).into()),
            (Some(Ok(value)), Fate::Kept) => Ok(value),
            (_, Fate::Kept | Fate::Undone) => Err(Error::Panicked.into()),
        };
        // Nobody listens any more when the caller went away; the write stands all the same.
        let _ = self.reply.send(answer);
    }
}

/// An audit entry that nobody waits for.
struct Record {
    entry: AuditEntry,
    notes: Arc<Notes>,
}

impl Job for Record {
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        match tx.audit(&self.entry) {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(%error, action = self.entry.action, "an audit entry could not be written");
                false
            }
        }
    }

    fn settle(self: Box<Self>, fate: Fate) {
        if !matches!(fate, Fate::Kept) {
            self.notes.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

enum Message {
    Job(Box<dyn Job>),
    /// There are audit entries to be written.
    Wake,
    Close(oneshot::Sender<()>),
}

/// The way to the writer.
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    records: mpsc::Sender<AuditEntry>,
    notes: Arc<Notes>,
}

/// What both sides know of the audit entries that nobody waits for.
#[derive(Default)]
struct Notes {
    /// Those that found no place or could not be written, until the log says how many.
    lost: AtomicU64,
    /// Whether the writer has been woken for those that wait.
    awake: AtomicBool,
}

impl Writer {
    /// Starts the thread. It holds the lock until the last write is done.
    pub(crate) fn start(connection: Connection, lock: OwnerLock, redact: Arc<dyn Redact>) -> Result<Self> {
        let (queue, inbox) = mpsc::channel(QUEUE);
        let (records, recorded) = mpsc::channel(RECORDS);
        let notes = Arc::<Notes>::default();
        let desk = Desk {
            connection,
            redact,
            inbox,
            recorded,
            notes: Arc::clone(&notes),
            _lock: lock,
        };
        thread::Builder::new()
            .name("state-writer".to_owned())
            .spawn(move || desk.serve())
            .map_err(Error::Thread)?;
        Ok(Self {
            queue,
            records,
            notes,
        })
    }

    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write {
            work: Some(work),
            outcome: None,
            reply,
        });
        self.queue
            .send(Message::Job(job))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Queues an audit entry without waiting. An entry that finds no place is counted, and the log says so.
    pub(crate) fn record(&self, entry: AuditEntry) {
        if self.records.try_send(entry).is_err() {
            self.notes.lost.fetch_add(1, Ordering::Relaxed);
        } else if !self.notes.awake.swap(true, Ordering::AcqRel) {
            // A full queue has the writer awake already.
            let _ = self.queue.try_send(Message::Wake);
        }
    }

    /// Finishes what waits, folds the log of changes into the database, and lets go of the lock.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            // An error means that the thread has ended already.
            let _ = finished.await;
        }
    }
}

/// The thread's own things.
struct Desk {
    connection: Connection,
    redact: Arc<dyn Redact>,
    inbox: mpsc::Receiver<Message>,
    recorded: mpsc::Receiver<AuditEntry>,
    notes: Arc<Notes>,
    _lock: OwnerLock,
}

impl Desk {
    fn serve(mut self) {
        let mut closing = Vec::new();
        loop {
            // Waits only when there is nothing to do.
            let mut next = if self.recorded.is_empty() {
                let Some(first) = self.inbox.blocking_recv() else {
                    break;
                };
                Some(first)
            } else {
                self.inbox.try_recv().ok()
            };
            let mut batch = self.recorded_jobs();
            while let Some(message) = next.take() {
                match message {
                    Message::Job(job) => batch.push(job),
                    Message::Wake => {}
                    Message::Close(done) => {
                        // What was queued before is still served; nothing new comes in.
                        self.inbox.close();
                        self.recorded.close();
                        closing.push(done);
                    }
                }
                if batch.len() < BATCH {
                    next = self.inbox.try_recv().ok();
                }
            }
            self.commit(batch);
        }
        self.commit(Vec::new());
        // A failure here costs nothing: the log of changes is read again at the next open.
        if let Err(error) = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the log of changes was left beside the state database");
        }
        // The connection and the lock go before anyone hears that the state is closed.
        drop(self);
        for done in closing {
            let _ = done.send(());
        }
    }

    /// The audit entries that wait, as many as fit in half a batch: a flood of them leaves room for writes.
    fn recorded_jobs(&mut self) -> Vec<Box<dyn Job>> {
        self.notes.awake.store(false, Ordering::Release);
        let mut jobs: Vec<Box<dyn Job>> = Vec::new();
        while jobs.len() < BATCH / 2
            && let Ok(entry) = self.recorded.try_recv()
        {
            jobs.push(Box::new(Record {
                entry,
                notes: Arc::clone(&self.notes),
            }));
        }
        jobs
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let told = self.notes.lost.load(Ordering::Relaxed);
        if batch.is_empty() && told == 0 {
            return;
        }
        match self.attempt(&mut batch, told) {
            Ok(fates) => {
                self.notes.lost.fetch_sub(told, Ordering::Relaxed);
                for (job, fate) in batch.into_iter().zip(fates) {
                    job.settle(fate);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for job in batch {
                    job.settle(Fate::NotKept(Arc::clone(&error)));
                }
            }
        }
    }

    /// Runs the batch in one transaction. The outer error means that nothing of it was kept.
    fn attempt(&mut self, batch: &mut [Box<dyn Job>], lost: u64) -> rusqlite::Result<Vec<Fate>> {
        let connection = &self.connection;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let outcome = run_all(connection, self.redact.as_ref(), batch, lost)
            .and_then(|fates| connection.prepare_cached("COMMIT")?.execute([]).map(|_| fates));
        if outcome.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        outcome
    }
}

fn run_all(
    connection: &Connection,
    redact: &dyn Redact,
    batch: &mut [Box<dyn Job>],
    lost: u64,
) -> rusqlite::Result<Vec<Fate>> {
    if lost > 0 {
        let entry = AuditEntry::new("gateway", "audit.lost", "audit").detail("entries", lost);
        if let Err(Error::Sqlite(error)) = Tx::new(connection, redact).audit(&entry) {
            return Err(error);
        }
    }
    batch
        .iter_mut()
        .map(|job| run_one(connection, redact, job.as_mut()))
        .collect()
}

fn run_one(connection: &Connection, redact: &dyn Redact, job: &mut dyn Job) -> rusqlite::Result<Fate> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let tx = Tx::new(connection, redact);
    let ran = catch_unwind(AssertUnwindSafe(|| job.run(&tx)));
    if connection.is_autocommit() {
        // Some failures, a full disk among them, make SQLite roll the whole transaction back by itself.
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
            Some("a write beside this one ended the transaction; try again".to_owned()),
        ));
    }
    if matches!(ran, Ok(true)) {
        connection.prepare_cached("RELEASE job")?.execute([])?;
        return Ok(Fate::Kept);
    }
    connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    connection.prepare_cached("RELEASE job")?.execute([])?;
    Ok(Fate::Undone)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc as gate;
    use std::time::Duration;

    use super::*;
    use crate::connection::open_writer;
    use crate::kv::{KvQuota, Namespace};
    use crate::migrations;
    use crate::state::Durability;

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
        let keep = |text: &str| text.to_owned();
        let writer = Arc::new(Writer::start(connection, lock, Arc::new(keep)).unwrap());
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
        let reader = crate::connection::open_reader(&bench.folder.path().join("test.sqlite")).unwrap();
        let rows = crate::view::View::new(&reader).audit_rows(0, 100_000).unwrap();
        let lost: Vec<_> = rows.iter().filter(|row| row.action == "audit.lost").collect();
        assert_eq!(rows.len(), RECORDS + 1);
        assert_eq!(
            lost.iter().map(|row| row.detail.as_str()).collect::<Vec<_>>(),
            [r#"{"entries":25}"#]
        );
    }
}
