//! Requests that are long to read.
//!
//! **Promise.** A long request keeps no thread of the runtime busy while it is read, and none waits for what another one
//! asks for. **Bound.** [`AT_ONCE`] of them are read at once, as their read form can be many times their length;
//! [`QUEUED`] bytes of one client and [`ALL_QUEUED`] of all wait or are read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::connection::Connection;

/// A request that is longer is read elsewhere, in bytes.
pub(super) const LONG: usize = 256 << 10;
/// How many long requests are read at once.
const AT_ONCE: usize = 2;
/// How many bytes of one client may wait.
const QUEUED: usize = 50 << 20;
/// How many bytes of all clients may wait.
const ALL_QUEUED: usize = 256 << 20;

/// The places for those that are read.
pub(super) static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);
static BYTES: Semaphore = Semaphore::const_new(ALL_QUEUED);

/// Room for a request that waits, given back when it is dropped.
pub(super) struct Queued {
    connection: Arc<Connection>,
    bytes: usize,
    _of_all: SemaphorePermit<'static>,
}

impl Queued {
    /// Room for so many bytes. None: too many wait.
    pub(super) fn take(connection: &Arc<Connection>, bytes: usize) -> Option<Self> {
        let of_all = BYTES.try_acquire_many(u32::try_from(bytes).ok()?).ok()?;
        let queued = connection.queued();
        if queued.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > QUEUED {
            queued.fetch_sub(bytes, Ordering::Relaxed);
            return None;
        }
        Some(Self {
            connection: Arc::clone(connection),
            bytes,
            _of_all: of_all,
        })
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.connection.queued().fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proving::peer;

    #[test]
    fn only_so_many_bytes_of_a_client_wait_and_of_all_clients() {
        let connect = || Arc::new(Connection::new(String::new(), peer(&[], &[])));
        let one = connect();
        let half = QUEUED / 2;
        let mut held: Vec<_> = (0..2).map(|_| Queued::take(&one, half).unwrap()).collect();
        assert!(Queued::take(&one, LONG).is_none());
        held.pop();
        held.push(Queued::take(&one, half).unwrap());
        while let Some(more) = Queued::take(&connect(), QUEUED) {
            held.push(more);
        }
        assert!(held.len() * half <= ALL_QUEUED);
        held.clear();
        assert!(Queued::take(&one, QUEUED).is_some());
    }
}
