//! A few connections that only read, lent out one at a time.
//!
//! Each read sees one consistent picture, however long it takes. It waits for the writer only while that folds a
//! log of changes that has grown long (see [`crate::changes`]): a bounded moment. At most [`READERS`] run at
//! once; the next waits for a place. A read runs on the runtime's blocking threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Semaphore;

use crate::changes::Gate;
use crate::connection::open_reader;
use crate::error::{Error, Result};
use crate::view::View;

/// How many reads run at once.
pub(crate) const READERS: usize = 4;

pub(crate) struct Readers {
    places: Arc<Semaphore>,
    pool: Arc<Pool>,
}

/// What a read works with.
pub(crate) struct Pool {
    path: PathBuf,
    gate: Gate,
    /// Connections that nobody uses now; opened when first needed.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, gate: Gate) -> Self {
        Self {
            places: Arc::new(Semaphore::new(READERS)),
            pool: Arc::new(Pool {
                path,
                gate,
                idle: Mutex::default(),
            }),
        }
    }

    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&View<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.occupy(move |pool| pool.look(work)).await
    }

    /// Runs `work` in a reader's place, so that closing waits for it.
    pub(crate) async fn occupy<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Pool) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err(Error::Closed.into());
        };
        let pool = Arc::clone(&self.pool);
        let joined = tokio::task::spawn_blocking(move || {
            // Held by the work, not by the caller, so that a read whose caller went away still counts.
            let _place = place;
            work(&pool)
        });
        joined.await.unwrap_or_else(|ended| {
            // A runtime that shuts down cancels what has not begun.
            let why = if ended.is_panic() {
                Error::Panicked
            } else {
                Error::Closed
            };
            Err(why.into())
        })
    }

    /// Lets no further read begin, waits for those that run, and closes the connections.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(READERS).unwrap_or(u32::MAX);
        if let Ok(places) = self.places.acquire_many(all).await {
            self.places.close();
            drop(places);
        }
        self.pool.idle.lock().clear();
    }
}

impl Pool {
    /// The database file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Does `work` on one consistent picture.
    pub(crate) fn look<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&View<'_>) -> Result<T, E>,
        E: From<Error>,
    {
        let _inside = self.gate.read();
        let kept = self.idle.lock().pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        let outcome = run(&mut connection, work)?;
        self.idle.lock().push(connection);
        outcome
    }
}

/// The outer result is the connection's own: one that cannot begin a transaction is not used again.
fn run<T, E, F>(connection: &mut Connection, work: F) -> Result<Result<T, E>>
where
    F: FnOnce(&View<'_>) -> Result<T, E>,
    E: From<Error>,
{
    let tx = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&View::new(&tx))))
        .unwrap_or_else(|_| Err(Error::Panicked.into()));
    tx.finish()?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::state::{Options, State};

    fn open(folder: &Path) -> State {
        State::open(Options::new(folder, str::to_owned)).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_reads_run_at_once_than_there_are_places() {
        let folder = tempfile::tempdir().unwrap();
        let state = open(folder.path());
        let (running, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let mut reads = tokio::task::JoinSet::new();
        for _ in 0..READERS * 4 {
            let (state, running, most) = (state.clone(), Arc::clone(&running), Arc::clone(&most));
            reads.spawn(async move {
                let work = move |_: &View<'_>| {
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    // The first stay until every place is taken.
                    let begun = std::time::Instant::now();
                    while most.load(Ordering::SeqCst) < READERS && begun.elapsed() < Duration::from_secs(10) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    std::thread::sleep(Duration::from_millis(20));
                    running.fetch_sub(1, Ordering::SeqCst);
                    Ok::<_, Error>(())
                };
                state.read(work).await.unwrap();
            });
        }
        reads.join_all().await;
        assert_eq!(most.load(Ordering::SeqCst), READERS);
    }

    #[tokio::test]
    async fn a_read_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let state = open(folder.path());
        let work = |view: &View<'_>| Ok::<_, Error>(view.connection.execute("DELETE FROM kv", [])?);
        let error = state.read(work).await.unwrap_err().to_string();
        assert!(error.contains("readonly"), "{error}");
    }

    #[test]
    fn a_read_that_its_runtime_dropped_was_not_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let state = open(folder.path());
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let _inside = handle.enter();
        let mut read = std::pin::pin!(state.read(|view| view.audit_head()));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let answer = loop {
            if let std::task::Poll::Ready(answer) = read.as_mut().poll(&mut context) {
                break answer;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert!(matches!(answer, Err(Error::Closed)), "{answer:?}");
    }
}
