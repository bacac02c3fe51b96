//! How many turns run at once, all sessions together. The number may change while they run.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places that turns run in.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    /// How many places there are, free or not.
    all: Mutex<usize>,
}

impl Places {
    pub(crate) fn new() -> Self {
        Self {
            free: Arc::new(Semaphore::new(0)),
            all: Mutex::new(0),
        }
    }

    /// Waits for a place, of which there are `most` from now on. Whoever asks first gets the first.
    pub(crate) async fn take(&self, most: u32) -> Option<OwnedSemaphorePermit> {
        self.resize(most.max(1) as usize);
        // It is never closed, so that everybody gets one.
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    fn resize(&self, most: usize) {
        let mut all = self.all.lock();
        if most > *all {
            self.free.add_permits(most - *all);
            *all = most;
        } else if most < *all {
            // Those that are taken go when it is tried again after they have been given back.
            *all -= self.free.forget_permits(*all - most);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn no_more_run_than_there_are_places_and_the_number_may_change() {
        let places = Places::new();
        let one = places.take(1).await;
        let short = Duration::from_millis(20);
        assert!(tokio::time::timeout(short, places.take(1)).await.is_err());
        let two = places.take(2).await;
        drop(one);
        drop(two);
        let _only = places.take(1).await;
        assert!(tokio::time::timeout(short, places.take(1)).await.is_err());
    }
}
