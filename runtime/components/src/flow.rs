//! How much an extension says to the log, over all its calls.
//!
//! **Promise.** However many calls an extension has, whoever makes them, for which of its accounts, and however often it is
//! enabled anew, what it says and what is said of its requests does not push what others said out of the log. **Bound.** [`BURST`] bytes at once and [`PER_SECOND`] from then on, with [`LINE`] for each line.
//! **Cost.** A lock and a look at the clock for each line.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openclaw_policy::PluginId;

/// What may be said at once, in bytes.
const BURST: u64 = 1 << 20;
/// What may be said in each second after that.
const PER_SECOND: u64 = 32 << 10;
/// What a line weighs beside its words: its time, its level and who said it.
const LINE: u64 = 256;

/// What each extension may still say. It stays until the extension is removed.
#[derive(Default)]
pub(crate) struct Flows(Mutex<HashMap<PluginId, Arc<Flow>>>);

impl Flows {
    /// The one of an extension.
    pub(crate) fn of(&self, id: &PluginId) -> Arc<Flow> {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(flows.entry(id.clone()).or_default())
    }

    pub(crate) fn forget(&self, id: &PluginId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// What is left to say.
#[derive(Debug)]
pub(crate) struct Flow(Mutex<Left>);

#[derive(Debug)]
struct Left {
    bytes: u64,
    since: Instant,
}

impl Default for Flow {
    fn default() -> Self {
        Self(Mutex::new(Left {
            bytes: BURST,
            since: Instant::now(),
        }))
    }
}

impl Flow {
    /// Whether a line of so many bytes may be said now.
    pub(crate) fn take(&self, bytes: u64) -> bool {
        self.take_at(bytes, Instant::now())
    }

    fn take_at(&self, bytes: u64, now: Instant) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more = gained(now.saturating_duration_since(left.since));
        // A gain of less than a byte is waited for, and not lost.
        if more > 0 {
            left.bytes = left.bytes.saturating_add(more).min(BURST);
            left.since = now;
        }
        match left.bytes.checked_sub(bytes.saturating_add(LINE)) {
            Some(rest) => {
                left.bytes = rest;
                true
            }
            None => false,
        }
    }
}

fn gained(time: Duration) -> u64 {
    let bytes = time.as_micros().saturating_mul(PER_SECOND.into()) / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_lines_pass_at_the_rate_that_is_left() {
        let flow = Flow::default();
        let begun = Instant::now();
        let lines = |now| (0..1_000_000).take_while(|_| flow.take_at(0, now)).count() as u64;
        assert_eq!(lines(begun), BURST / LINE);
        assert_eq!(lines(begun), 0);
        assert_eq!(lines(begun + Duration::from_secs(1)), PER_SECOND / LINE);
        assert_eq!(lines(begun + Duration::from_secs(3600)), BURST / LINE);
    }

    #[test]
    fn a_line_that_is_larger_than_any_burst_never_passes() {
        assert!(!Flow::default().take(u64::MAX));
    }
}
