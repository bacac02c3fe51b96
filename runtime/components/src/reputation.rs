//! Whether an extension's calls compute long, as far as is known.
//!
//! **Promise.** An extension that has just computed long begins its next calls behind everything else, so that a
//! crowd of its calls keeps nobody waiting, not even with what no tick can interrupt: an operation on all of a
//! memory looks at the clock once, before it begins. **Cost.** A look at the clock for each call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long it is remembered.
const MEMORY: Duration = Duration::from_secs(1);

/// What is known of one extension.
#[derive(Debug)]
pub(crate) struct Reputation {
    since: Instant,
    /// Until when it counts as heavy, in milliseconds from then on.
    heavy_until: AtomicU64,
}

impl Default for Reputation {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            heavy_until: AtomicU64::new(0),
        }
    }
}

impl Reputation {
    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A call computed longer than a first slice.
    pub(crate) fn mark(&self) {
        let until = self.now() + MEMORY.as_secs() * 1000;
        self.heavy_until.store(until, Ordering::Relaxed);
    }

    /// Whether a call did lately.
    pub(crate) fn is_heavy(&self) -> bool {
        self.heavy_until.load(Ordering::Relaxed) > self.now()
    }
}
