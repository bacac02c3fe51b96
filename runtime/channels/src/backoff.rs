//! Pauses between attempts: each longer than the one before, up to a limit, and never quite the same for two.

use std::time::Duration;

/// How pauses grow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Before an account that ended by itself is started again.
    pub(crate) restart: Backoff,
    /// Before an event is handed over again.
    pub(crate) event: Backoff,
    /// Before something is sent again.
    pub(crate) send: Backoff,
    /// Before an account whose breaker is open gets another chance.
    pub(crate) breaker: Backoff,
    /// Before it is told again that an answer is under way.
    pub(crate) typing: Duration,
    /// Before more of an answer is shown.
    pub(crate) step: Duration,
    /// Before the final answer waits no more for what is being shown of it.
    pub(crate) patience: Duration,
    /// Before what is being sent is cut off when its account ends.
    pub(crate) last_word: Duration,
}

const fn backoff(first_ms: u64, longest_ms: u64) -> Backoff {
    Backoff {
        first: Duration::from_millis(first_ms),
        longest: Duration::from_millis(longest_ms),
    }
}

/// What platforms and people bear.
pub(crate) const USUAL: Pace = Pace {
    restart: backoff(5000, 300_000),
    event: backoff(500, 30_000),
    send: backoff(400, 30_000),
    breaker: backoff(10_000, 600_000),
    typing: Duration::from_secs(6),
    step: Duration::from_secs(1),
    patience: Duration::from_secs(15),
    last_word: Duration::from_secs(20),
};

impl Backoff {
    /// The pause after so many failures, without chance.
    pub(crate) fn plain(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }

    /// The pause after so many failures, a tenth more or less.
    pub(crate) fn pause(self, failures: u32) -> Duration {
        let plain = self.plain(failures);
        plain.mul_f64(0.9 + 0.2 * fraction())
    }
}

/// A number from 0 up to 1.
fn fraction() -> f64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    // The version stands in the lowest 16 bits, so the highest 32 are all chance.
    let high = u32::try_from(high >> 32).unwrap_or_default();
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let seconds: Vec<_> = (1..9).map(|n| USUAL.restart.plain(n).as_secs()).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(USUAL.restart.plain(u32::MAX).as_secs(), 300);
    }

    #[test]
    fn a_pause_is_a_tenth_more_or_less() {
        for _ in 0..1000 {
            let pause = USUAL.restart.pause(1).as_secs_f64();
            assert!((4.5..=5.5).contains(&pause), "{pause}");
        }
    }
}
