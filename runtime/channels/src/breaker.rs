//! A stop for an account of which different events fail: then it is not the event.
//!
//! **Promise.** [`DIFFERENT`] different events that failed within [`WITHIN`], with none handled between them, open the
//! breaker. While it is open nothing is handed over; after a pause one event is tried. If it is handled the breaker
//! closes; if not, the pause is longer. One event that keeps failing never opens it. **Cost.** A few names.

use std::time::{Duration, Instant};

use crate::backoff::BREAKER;

/// How many different events must fail.
pub(crate) const DIFFERENT: usize = 3;
/// Within which time.
pub(crate) const WITHIN: Duration = Duration::from_secs(300);

/// The state of an account's breaker.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failed: Vec<(String, Instant)>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    failures: u32,
    until: Instant,
}

impl Breaker {
    /// Notes that something was handled; true if that closed the breaker.
    pub(crate) fn succeed(&mut self) -> bool {
        self.failed.clear();
        self.open.take().is_some()
    }

    /// Notes that an event failed; true if that opened the breaker.
    pub(crate) fn fail(&mut self, event: &str, now: Instant) -> bool {
        if let Some(open) = &mut self.open {
            open.failures = open.failures.saturating_add(1);
            open.until = now + BREAKER.pause(open.failures);
            return false;
        }
        self.failed
            .retain(|(name, at)| name != event && now.saturating_duration_since(*at) < WITHIN);
        self.failed.push((event.to_owned(), now));
        if self.failed.len() < DIFFERENT {
            return false;
        }
        self.open = Some(Open {
            failures: 1,
            until: now + BREAKER.pause(1),
        });
        true
    }

    /// Until when nothing is tried; none while it is closed.
    pub(crate) fn open_until(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_that_keeps_failing_never_opens_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        assert!((0..100).all(|_| !breaker.fail("a", now)));
    }

    #[test]
    fn different_events_in_a_short_time_open_it_and_one_success_closes_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        assert!(!breaker.fail("a", now) && !breaker.fail("b", now) && breaker.open_until().is_none());
        assert!(breaker.fail("c", now));
        let first = breaker.open_until().unwrap();
        assert!(first > now);
        assert!(!breaker.fail("c", first));
        assert!(breaker.open_until().unwrap() - first > first - now);
        assert!(breaker.succeed() && breaker.open_until().is_none());
        assert!(!breaker.fail("d", now), "it counts from the beginning again");
    }

    #[test]
    fn failures_far_apart_or_with_success_between_do_not_open_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for at in 0..9 {
            assert!(!breaker.fail(&at.to_string(), now + WITHIN * at));
        }
        for at in 0..9 {
            assert!(!breaker.fail(&at.to_string(), now + WITHIN * 9));
            breaker.succeed();
        }
    }
}
