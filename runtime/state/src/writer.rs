//! The one writer: a thread that owns the only connection that writes.
//!
//! **Promise.** Each write is kept whole or not at all, in the order in which the writes were queued, and is
//! acknowledged only after the commit that holds it. A write that fails or panics takes no other with it.
//!
//! **Cost.** Whatever waits when the thread is free is committed together: one commit for up to [`BATCH`]
//! writes, so that many callers at once cost little more than one. Nothing is delayed to wait for company.
//!
//! A write that makes SQLite end the transaction, as one that fills the disk does, fails the writes of its commit
//! with it: each of them hears [`Error::NotKept`] and can be tried again. The audit entries among them are tried
//! again here, once.
//!
//! **Bound.** [`QUEUE`] writes wait; the next caller waits for a place. A caller that goes away does not undo
//! its write. Apart from them wait [`RECORDS`] audit entries of [`RECORD_BYTES`] in all; what finds no place is
//! counted, and the log says how many there were.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::audit::{AuditEntry, Redact};
use crate::changes::{Changes, fold};
use crate::error::{Error, Result};
use crate::jobs::{Fate, Job, Lost, Notes, Record, Write};
use crate::lock::OwnerLock;
use crate::view::Tx;

/// How many writes may wait.
pub const QUEUE: usize = 1024;
/// How many audit entries may wait that nobody waits for.
pub const RECORDS: usize = 16 * 1024;
/// How many bytes those may hold together.
pub const RECORD_BYTES: u32 = 32 << 20;
/// How many writes one commit holds at the most.
pub const BATCH: usize = 256;

enum Message {
    Job(Box<dyn Job>),
    /// There are audit entries to be written.
    Wake,
    Close,
}

/// The way to the writer.
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    records: mpsc::Sender<Record>,
    room: Arc<Semaphore>,
    notes: Arc<Notes>,
    /// Nothing is ever sent: the thread's end drops the other side.
    running: watch::Receiver<()>,
}

impl Writer {
    /// Starts the thread. It holds the lock until the last write is done.
    pub(crate) fn start(
        connection: Connection,
        changes: Changes,
        lock: OwnerLock,
        redact: Arc<dyn Redact>,
    ) -> Result<Self> {
        let (queue, inbox) = mpsc::channel(QUEUE);
        let (records, recorded) = mpsc::channel(RECORDS);
        let (until_end, running) = watch::channel(());
        let notes = Arc::<Notes>::default();
        let desk = Desk {
            connection,
            changes,
            redact,
            inbox,
            recorded,
            notes: Arc::clone(&notes),
            _lock: lock,
            _until_end: until_end,
        };
        thread::Builder::new()
            .name("state-writer".to_owned())
            .spawn(move || desk.serve())
            .map_err(Error::Thread)?;
        Ok(Self {
            queue,
            records,
            room: Arc::new(Semaphore::new(RECORD_BYTES as usize)),
            notes,
            running,
        })
    }

    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write::new(work, reply));
        self.queue
            .send(Message::Job(job))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Queues an audit entry without waiting. An entry that finds no place is counted, and the log says so.
    pub(crate) fn record(&self, entry: AuditEntry) {
        // One that is larger than all the room there is still finds a place when no other waits.
        let bytes = u32::try_from(entry.bytes()).map_or(RECORD_BYTES, |bytes| bytes.min(RECORD_BYTES));
        let queued = Arc::clone(&self.room)
            .try_acquire_many_owned(bytes)
            .is_ok_and(|room| {
                let notes = Arc::clone(&self.notes);
                let record = Record {
                    entry,
                    notes,
                    _room: room,
                };
                self.records.try_send(record).is_ok()
            });
        if !queued {
            self.notes.lost.fetch_add(1, Ordering::Relaxed);
        } else if !self.notes.awake.swap(true, Ordering::AcqRel) {
            // A full queue has the writer awake already.
            let _ = self.queue.try_send(Message::Wake);
        }
    }

    /// Finishes what waits, folds the log of changes into the database, and lets go of the lock. Every caller is
    /// answered after that, however many there are.
    pub(crate) async fn close(&self) {
        // An error means that the thread is ending or has ended.
        let _ = self.queue.send(Message::Close).await;
        let _ = self.running.clone().changed().await;
    }
}

/// The thread's own things. They go in this order: the connection, then the lock, and only then does anyone hear
/// that the state is closed.
struct Desk {
    connection: Connection,
    changes: Changes,
    redact: Arc<dyn Redact>,
    inbox: mpsc::Receiver<Message>,
    recorded: mpsc::Receiver<Record>,
    notes: Arc<Notes>,
    _lock: OwnerLock,
    _until_end: watch::Sender<()>,
}

impl Desk {
    fn serve(mut self) {
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
            let mut batch = self.waiting_entries();
            while let Some(message) = next.take() {
                match message {
                    Message::Job(job) => batch.push(job),
                    Message::Wake => {}
                    Message::Close => {
                        // What was queued before is still served; nothing new comes in.
                        self.inbox.close();
                        self.recorded.close();
                    }
                }
                if batch.len() < BATCH {
                    next = self.inbox.try_recv().ok();
                }
            }
            self.commit(batch);
            self.changes.keep_short(&self.connection);
        }
        let last = self.waiting_entries();
        self.commit(last);
        // A failure here costs nothing: the log of changes is read again at the next open.
        if let Err(error) = fold(&self.connection) {
            tracing::warn!(%error, "the log of changes was left beside the state database");
        }
    }

    /// The audit entries that wait, as many as fit in half a batch, because a flood of them leaves room for
    /// writes; before them, how many were lost.
    fn waiting_entries(&mut self) -> Vec<Box<dyn Job>> {
        self.notes.awake.swap(false, Ordering::AcqRel);
        let mut jobs: Vec<Box<dyn Job>> = Vec::new();
        let entries = self.notes.lost.load(Ordering::Relaxed);
        if entries > 0 {
            let notes = Arc::clone(&self.notes);
            jobs.push(Box::new(Lost { entries, notes }));
        }
        while jobs.len() < BATCH / 2
            && let Ok(record) = self.recorded.try_recv()
        {
            jobs.push(Box::new(record));
        }
        jobs
    }

    fn commit(&mut self, batch: Vec<Box<dyn Job>>) {
        let Err((batch, error)) = self.attempt(batch) else {
            return;
        };
        let (entries, writes) = batch.into_iter().partition(|job| job.runs_again());
        give_up(writes, error);
        if let Err((entries, error)) = self.attempt(entries) {
            give_up(entries, error);
        }
    }

    /// Runs the batch in one transaction and settles it. The error means that nothing was kept nor settled.
    fn attempt(&mut self, mut batch: Vec<Box<dyn Job>>) -> Result<(), (Vec<Box<dyn Job>>, rusqlite::Error)> {
        if batch.is_empty() {
            return Ok(());
        }
        match self.transact(&mut batch) {
            Ok(fates) => {
                for (job, fate) in batch.into_iter().zip(fates) {
                    job.settle(fate);
                }
                Ok(())
            }
            Err(error) => Err((batch, error)),
        }
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<Vec<Fate>> {
        let connection = &self.connection;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let outcome = batch
            .iter_mut()
            .map(|job| run_one(connection, self.redact.as_ref(), job.as_mut()))
            .collect::<rusqlite::Result<_>>()
            .and_then(|fates| connection.prepare_cached("COMMIT")?.execute([]).map(|_| fates));
        if outcome.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        outcome
    }
}

fn give_up(batch: Vec<Box<dyn Job>>, error: rusqlite::Error) {
    let error = Arc::new(error);
    for job in batch {
        job.settle(Fate::NotKept(Arc::clone(&error)));
    }
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
mod tests;
