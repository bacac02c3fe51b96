//! How often a call is tried, and how long is waited in between.
//!
//! **Promise.** Only a call of which nothing was said is tried again, and only where that may help. What a provider
//! asks to wait is waited at least; if it asks for more than [`Patience::most_wait`], whoever asked is told instead.

use std::time::{Duration, Instant};

use super::attempt::{Asked, attempt};
use super::failure::Fault;
use crate::error::{Class, Error};
use crate::stream::Speaker;

/// How often a call is tried, and how long is waited in between.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience {
    /// Attempts, the first one included.
    pub attempts: u32,
    /// The pause before the second attempt; each later one is twice as long.
    pub first_pause: Duration,
    /// The longest pause.
    pub most_pause: Duration,
    /// The longest that is waited because a provider asks for it.
    pub most_wait: Duration,
    /// After this long no other attempt is begun.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_secs(1),
            most_pause: Duration::from_secs(30),
            most_wait: Duration::from_secs(60),
            total: Duration::from_secs(90),
        }
    }
}

impl Patience {
    /// The pause after a number of failed attempts, or none if there is no other.
    fn pause(&self, failed: u32, fault: &Fault, elapsed: Duration) -> Option<Duration> {
        if !fault.may_pass() || failed >= self.attempts {
            return None;
        }
        let asked = match fault.class {
            Class::RateLimited { retry_after } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        if asked > self.most_wait {
            return None;
        }
        let own = match (fault.class, failed) {
            // A kept connection that has ended meanwhile is the usual cause, and a new one is at hand.
            (Class::Connection, 1) => Duration::ZERO,
            _ => self.usual(failed),
        };
        let pause = own.max(asked);
        (elapsed.saturating_add(pause) <= self.total).then_some(pause)
    }

    /// Twice as long each time, and somewhat by chance, so that many who failed together do not come back together.
    fn usual(&self, failed: u32) -> Duration {
        let doubled = self
            .first_pause
            .saturating_mul(1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.most_pause).mul_f64(0.75 + fastrand::f64() / 2.0)
    }
}

/// Asks until there is an answer, or no other attempt is worth it.
pub(super) async fn run(asked: Asked, patience: Patience, mut speaker: Speaker) {
    let begun = Instant::now();
    let mut failed = 0;
    loop {
        let Err(fault) = attempt(&asked, &mut speaker).await else {
            return;
        };
        failed += 1;
        let streamed = speaker.has_spoken();
        let pause = patience.pause(failed, &fault, begun.elapsed());
        let model = asked.chosen.info.reference();
        let Some(pause) = pause.filter(|_| !streamed) else {
            let message = match failed {
                1 => fault.message,
                _ => format!("{} (attempt {failed} of {})", fault.message, patience.attempts),
            };
            let error = Error::Call {
                model,
                class: fault.class,
                status: fault.status,
                message,
                streamed,
            };
            return speaker.fail(error).await;
        };
        tracing::warn!(%model, class = %fault.class, pause_ms = pause.as_millis(), "a model did not answer and is asked again: {}", fault.message);
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(failed: u32, class: Class, elapsed: u64) -> Option<Duration> {
        Patience::default().pause(failed, &Fault::new(class, ""), Duration::from_secs(elapsed))
    }

    #[test]
    fn pauses_grow_and_differ_by_chance() {
        for _ in 0..100 {
            let (one, two) = (
                pause(1, Class::Overloaded, 0).unwrap(),
                pause(2, Class::Overloaded, 0).unwrap(),
            );
            assert!((750..=1250).contains(&one.as_millis()), "{one:?}");
            assert!((1500..=2500).contains(&two.as_millis()), "{two:?}");
        }
    }

    #[test]
    fn what_cannot_go_better_is_not_tried_again() {
        for class in [
            Class::Auth,
            Class::Billing,
            Class::ContextLength,
            Class::NotFound,
            Class::BadRequest,
            Class::Refusal,
        ] {
            assert_eq!(pause(1, class, 0), None, "{class}");
        }
    }

    #[test]
    fn attempts_and_time_end() {
        assert!(pause(2, Class::Timeout, 0).is_some());
        assert_eq!(pause(3, Class::Timeout, 0), None);
        assert_eq!(pause(1, Class::Timeout, 90), None);
    }

    #[test]
    fn what_a_provider_asks_to_wait_is_a_floor_with_an_end() {
        let limited = |seconds| Class::RateLimited {
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(pause(1, limited(20), 0), Some(Duration::from_secs(20)));
        assert!(pause(1, limited(0), 0).unwrap() >= Duration::from_millis(750));
        assert_eq!(pause(1, limited(61), 0), None);
    }
}
