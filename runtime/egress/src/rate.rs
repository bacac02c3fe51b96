//! How fast one tenant may send to one host.
//!
//! **Promise.** After a pause a burst may leave, then one at each pace. **Bound.** A host that has rested long enough
//! for its whole burst is forgotten when there are many.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use openclaw_policy::Host;

use crate::caps::Caps;
use crate::error::Cause;

/// Hosts that are remembered before those at rest are looked for.
const MANY: usize = 256;

/// How many hosts' worth of requests one tenant may send to all of them together.
const HOSTS: u32 = 8;

/// When each host is at rest again.
#[derive(Default)]
pub(crate) struct Rates(Mutex<Rests>);

#[derive(Default)]
struct Rests {
    hosts: HashMap<Host, Instant>,
    /// When everything is, what is refused included.
    all: Option<Instant>,
}

impl Rates {
    /// Takes a place for one request to a host.
    pub(crate) fn take(&self, host: &Host, caps: &Caps) -> Result<(), Cause> {
        self.take_at(host, caps, Instant::now())
    }

    /// Takes a place for anything that is asked of the gate, before it is looked at: what is refused leaves a line
    /// too.
    pub(crate) fn take_any(&self, caps: &Caps) -> Result<(), Cause> {
        let now = Instant::now();
        let mut rests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (pace, burst) = (caps.pace / HOSTS, caps.burst.saturating_mul(HOSTS));
        let rest = advance(rests.all, now, pace, burst).map_err(|after| Cause::Rate {
            host: "all hosts together".to_owned(),
            after,
        })?;
        rests.all = Some(rest);
        Ok(())
    }

    fn take_at(&self, host: &Host, caps: &Caps, now: Instant) -> Result<(), Cause> {
        let mut rests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rests.hosts.len() >= MANY {
            rests.hosts.retain(|_, rest| *rest > now);
        }
        let rest = rests.hosts.get(host).copied();
        let rest = advance(rest, now, caps.pace, caps.burst).map_err(|after| Cause::Rate {
            host: host.to_string(),
            after,
        })?;
        rests.hosts.insert(host.clone(), rest);
        Ok(())
    }
}

/// Each request moves the moment of rest by one pace; it may lie a burst ahead. If it would lie further, when it
/// does not any more.
fn advance(rest: Option<Instant>, now: Instant, pace: Duration, burst: u32) -> Result<Instant, Duration> {
    let rest = rest.map_or(now, |rest| rest.max(now));
    let ahead = rest.saturating_duration_since(now) + pace;
    let most = pace.saturating_mul(burst.max(1));
    match ahead > most {
        true => Err(round_up(ahead - most)),
        false => Ok(rest + pace),
    }
}

/// What is told in milliseconds must not be too early.
fn round_up(time: Duration) -> Duration {
    let millis = time.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_leaves_and_then_one_at_each_pace() {
        let caps = Caps {
            burst: 3,
            pace: Duration::from_millis(100),
            ..Caps::default()
        };
        let (rates, begin) = (Rates::default(), Instant::now());
        let (one, other): (Host, Host) = ("a.example".parse().unwrap(), "b.example".parse().unwrap());
        let at = |host: &Host, millis| rates.take_at(host, &caps, begin + Duration::from_millis(millis));
        for _ in 0..3 {
            assert!(at(&one, 0).is_ok());
        }
        match at(&one, 30) {
            Err(Cause::Rate { after, .. }) => assert_eq!(after, Duration::from_millis(70)),
            other => panic!("{other:?}"),
        }
        assert!(at(&other, 30).is_ok() && at(&one, 100).is_ok() && at(&one, 150).is_err());
        assert!(at(&one, 1000).is_ok() && at(&one, 1000).is_ok() && at(&one, 1000).is_ok());
    }

    #[test]
    fn hosts_at_rest_are_forgotten() {
        let caps = Caps::default();
        let (rates, begin) = (Rates::default(), Instant::now());
        for number in 0..1000 {
            let host = format!("h{number}.example").parse().unwrap();
            let now = begin + Duration::from_secs(number);
            rates.take_at(&host, &caps, now).unwrap();
        }
        assert!(rates.0.lock().unwrap().hosts.len() <= MANY);
    }
}
