//! The open files of guests: so many for one call, and so many for all of them.
//!
//! **Promise.** Whatever guests open, the gateway keeps descriptors for its own connections and files.
//! **Bound.** The two numbers. **Cost.** Two counters for each file that is opened.

use std::sync::Arc;

use rustix::process::{Resource, getrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many files there may be where the system does not say.
const UNLIMITED: u64 = 1 << 16;

/// Places for open files. Its clones share them.
#[derive(Clone, Debug)]
pub struct Descriptors {
    own: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

/// A place for an open file, given back when it is dropped.
#[derive(Debug)]
pub struct Descriptor {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Descriptors {
    /// So many places in all.
    pub fn new(most: usize) -> Self {
        Self {
            own: Arc::new(Semaphore::new(most)),
            all: Arc::new(Semaphore::new(most)),
        }
    }

    /// Half of what the system gives this process.
    pub fn of_process() -> Self {
        let most = getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED) / 2;
        Self::new(usize::try_from(most).unwrap_or(1 << 16))
    }

    /// So many of the places, for one call.
    pub fn of_call(&self, most: usize) -> Self {
        Self {
            own: Arc::new(Semaphore::new(most)),
            all: Arc::clone(&self.all),
        }
    }

    /// Takes a place. None if there is none.
    pub fn take(&self) -> Option<Descriptor> {
        let own = Arc::clone(&self.own).try_acquire_owned().ok()?;
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Descriptor { _own: own, _all: all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_its_own_bound_and_all_have_one_together() {
        let all = Descriptors::new(3);
        let (one, two) = (all.of_call(2), all.of_call(2));
        let held = [one.take(), one.take()];
        assert!(held.iter().all(Option::is_some) && one.take().is_none());
        let other = two.take();
        assert!(other.is_some() && two.take().is_none());
        drop(held);
        assert!(two.take().is_some());
    }
}
