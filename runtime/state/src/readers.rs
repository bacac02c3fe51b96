//! A few connections that only read, lent out one at a time.
//!
//! Each read sees one consistent picture, however long it takes, and never waits for the writer. At most
//! [`READERS`] run at once; the next waits for a place. A read runs on the runtime's blocking threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Semaphore;

use crate::connection::open_reader;
use crate::error::{Error, Result};
use crate::view::View;

/// How many reads run at once.
pub(crate) const READERS: usize = 4;

pub(crate) struct Readers {
    path: PathBuf,
    places: Arc<Semaphore>,
    /// Connections that nobody uses now; opened when first needed.
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            places: Arc::new(Semaphore::new(READERS)),
            idle: Arc::default(),
        }
    }

    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&View<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err(Error::Closed.into());
        };
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let joined = tokio::task::spawn_blocking(move || {
            // Held by the work, not by the caller, so that a read whose caller went away still counts.
            let _place = place;
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match kept {
                Some(connection) => connection,
                None => open_reader(&path)?,
            };
            let outcome = run(&mut connection, work)?;
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            outcome
        });
        joined.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// Lets no further read begin, waits for those that run, and closes the connections.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(READERS).unwrap_or(u32::MAX);
        if let Ok(places) = self.places.acquire_many(all).await {
            self.places.close();
            drop(places);
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
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
