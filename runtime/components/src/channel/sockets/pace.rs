//! How fast frames may leave.

use std::time::Duration;

use tokio::time::Instant;

/// So many at once after a pause, then one after each interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How many may leave at once.
    pub(crate) burst: u32,
    /// How long it takes until one more may.
    pub(crate) every: Duration,
}

/// What may leave now.
pub(super) struct Allowance {
    pace: Option<Pace>,
    left: u32,
    /// Since when what is missing has been growing back.
    since: Instant,
}

impl Allowance {
    pub(super) fn new(pace: Option<Pace>, now: Instant) -> Self {
        Self {
            left: pace.map_or(0, |pace| pace.burst.max(1)),
            pace,
            since: now,
        }
    }

    /// Takes one if one may leave now, or says when one may.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let Some(pace) = self.pace.filter(|pace| !pace.every.is_zero()) else {
            return Ok(());
        };
        let most = pace.burst.max(1);
        let passed = now.saturating_duration_since(self.since);
        let grown = u32::try_from(passed.as_nanos() / pace.every.as_nanos()).unwrap_or(u32::MAX);
        if grown > 0 {
            self.left = self.left.saturating_add(grown).min(most);
            self.since = match self.left == most {
                true => now,
                false => self.since + pace.every * grown,
            };
        }
        if self.left == 0 {
            return Err(self.since + pace.every);
        }
        if self.left == most {
            self.since = now;
        }
        self.left -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_leaves_at_once_and_then_one_after_each_interval() {
        let begun = Instant::now();
        let every = Duration::from_secs(2);
        let mut allowance = Allowance::new(Some(Pace { burst: 3, every }), begun);
        for _ in 0..3 {
            assert_eq!(allowance.take(begun), Ok(()));
        }
        assert_eq!(allowance.take(begun), Err(begun + every));
        assert_eq!(allowance.take(begun + every), Ok(()));
        assert_eq!(allowance.take(begun + every), Err(begun + 2 * every));
        let later = begun + 100 * every;
        for _ in 0..3 {
            assert_eq!(allowance.take(later), Ok(()));
        }
        assert!(allowance.take(later).is_err());
    }

    #[test]
    fn without_a_pace_everything_leaves_at_once() {
        let now = Instant::now();
        let mut allowance = Allowance::new(None, now);
        assert!((0..10_000).all(|_| allowance.take(now).is_ok()));
    }
}
