//! Instances that are kept for their next call.
//!
//! **Promise.** Nothing depends on one being there: it is thrown away after a trap, a limit or a cancelled call, when it
//! holds more than a fresh one would or left something under way, when it was not used for a while, and when there are too
//! many.
//! **Bound.** [`MOST`] of all accounts together, [`MEMORY`] each, and one for each account. **Cost.** That memory.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::Store;

use crate::bindings::channel::Channel;
use crate::guest::Guest;
use crate::host::http::{Answered, Sending};
use crate::host::media::{Reader, Writer};
use crate::standard_http;

/// Warm instances of all accounts together.
pub(crate) const MOST: u32 = 64;
/// What a warm instance may hold.
const MEMORY: u64 = 16 << 20;
/// What of streams and the like a program keeps from call to call: its standard ones.
const HANDLES: usize = 16;

/// How many instances are warm.
pub(crate) struct Warmth(AtomicU32);

/// A place among the warm ones.
struct Place(Arc<Warmth>);

impl Warmth {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU32::new(0)))
    }

    fn take(self: &Arc<Self>) -> Option<Place> {
        let more = |kept: u32| (kept < MOST).then_some(kept + 1);
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok().then(|| Place(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An instance with all that belongs to it.
pub(super) struct Live {
    pub(super) store: Store<Guest>,
    pub(super) channel: Channel,
}

impl Live {
    /// Whether it may be used again: a fresh one would behave the same.
    fn may_stay(&mut self) -> bool {
        let guest = self.store.data_mut();
        let mut handles = 0;
        let is_clean = guest.table.iter_mut().all(|held| {
            handles += 1;
            let is_ours =
                held.is::<Answered>() || held.is::<Sending>() || held.is::<Reader>() || held.is::<Writer>();
            !is_ours && !standard_http::is_held(held)
        });
        is_clean && handles <= HANDLES && guest.memory() <= MEMORY
    }
}

/// The place of an account's warm instance.
#[derive(Default)]
pub(super) struct Slot(Mutex<Option<Kept>>);

struct Kept {
    live: Live,
    since: Instant,
    _place: Place,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Option<Live> {
        self.lock().take().map(|kept| kept.live)
    }

    /// Keeps an instance whose call ended well, if there is room and none is kept already.
    pub(super) fn keep(&self, mut live: Live, warmth: &Arc<Warmth>) {
        live.store.data_mut().rest();
        if !live.may_stay() {
            return;
        }
        let mut slot = self.lock();
        if slot.is_none()
            && let Some(place) = warmth.take()
        {
            *slot = Some(Kept {
                live,
                since: Instant::now(),
                _place: place,
            });
        }
    }

    pub(super) fn drop_idle(&self, idle: Duration) {
        let mut slot = self.lock();
        if slot.as_ref().is_some_and(|kept| kept.since.elapsed() >= idle) {
            let gone = slot.take();
            drop(slot);
            drop(gone);
        }
    }
}
