//! How often one may be wrong.
//!
//! **Promise.** An address that was wrong too often is not looked at until its time is over; this machine itself is
//! never shut out, each wrong try only takes longer. **Bound.** [`ADDRESSES`] addresses are remembered; when there are
//! more, those whose window is over are forgotten first, then the oldest. **Cost.** A short lock per wrong try.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use openclaw_config::tree::gateway_auth::RateLimit;
use parking_lot::Mutex;

/// How many addresses are remembered.
const ADDRESSES: usize = 4096;
/// How long the first wrong try from this machine takes; each further one twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// How long one takes at most.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// What was tried.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Attempt {
    /// The shared secret.
    Secret,
    /// The token of a device.
    DeviceToken,
}

/// What to do with a try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Look at it.
    Look,
    /// Do not look at it for so long.
    Locked(Duration),
}

/// Wrong tries by kind and address.
#[derive(Debug)]
pub struct Failures {
    rule: RateLimit,
    seen: Mutex<HashMap<(Attempt, IpAddr), Record>>,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    since: Instant,
    count: u32,
    locked_until: Option<Instant>,
}

impl Failures {
    /// None yet.
    pub fn new(rule: RateLimit) -> Self {
        Self {
            rule,
            seen: Mutex::default(),
        }
    }

    /// Whether a try from there is looked at.
    pub fn verdict(&self, attempt: Attempt, ip: IpAddr, now: Instant) -> Verdict {
        let seen = self.seen.lock();
        let until = seen
            .get(&(attempt, canonical(ip)))
            .and_then(|record| record.locked_until);
        match until.map(|until| until.saturating_duration_since(now)) {
            Some(left) if !left.is_zero() => Verdict::Locked(left),
            _ => Verdict::Look,
        }
    }

    /// Notes a wrong try; the answer is to wait for so long.
    pub fn note(&self, attempt: Attempt, ip: IpAddr, now: Instant) -> Duration {
        let ip = canonical(ip);
        let window = Duration::from_millis(self.rule.window_ms);
        let mut seen = self.seen.lock();
        if seen.len() >= ADDRESSES && !seen.contains_key(&(attempt, ip)) {
            seen.retain(|_, record| record.is_live(now, window));
            if seen.len() >= ADDRESSES
                && let Some(oldest) = seen
                    .iter()
                    .min_by_key(|(_, record)| record.since)
                    .map(|(key, _)| *key)
            {
                seen.remove(&oldest);
            }
        }
        let record = seen.entry((attempt, ip)).or_insert(Record {
            since: now,
            count: 0,
            locked_until: None,
        });
        if !record.is_live(now, window) {
            *record = Record {
                since: now,
                count: 0,
                locked_until: None,
            };
        }
        record.count = record.count.saturating_add(1);
        if self.rule.exempt_loopback && ip.is_loopback() {
            let doubled = FIRST_DELAY.saturating_mul(1 << record.count.saturating_sub(1).min(8));
            return doubled.min(LONGEST_DELAY);
        }
        if record.count >= self.rule.max_attempts {
            record.locked_until = Some(now + Duration::from_millis(self.rule.lockout_ms));
        }
        Duration::ZERO
    }

    /// Forgets the wrong tries of an address that was right.
    pub fn forget(&self, attempt: Attempt, ip: IpAddr) {
        self.seen.lock().remove(&(attempt, canonical(ip)));
    }
}

impl Record {
    fn is_live(&self, now: Instant, window: Duration) -> bool {
        let locked = self.locked_until.is_some_and(|until| until > now);
        locked || (self.locked_until.is_none() && now.saturating_duration_since(self.since) < window)
    }
}

fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn ten_wrong_tries_shut_an_address_out_and_time_lets_it_in_again() {
        let (failures, now) = (Failures::new(RateLimit::default()), Instant::now());
        for _ in 0..9 {
            failures.note(Attempt::Secret, STRANGER, now);
            assert_eq!(failures.verdict(Attempt::Secret, STRANGER, now), Verdict::Look);
        }
        failures.note(Attempt::Secret, STRANGER, now);
        assert_eq!(
            failures.verdict(Attempt::Secret, STRANGER, now),
            Verdict::Locked(Duration::from_secs(300))
        );
        assert_eq!(
            failures.verdict(Attempt::DeviceToken, STRANGER, now),
            Verdict::Look
        );
        let later = now + Duration::from_secs(301);
        assert_eq!(failures.verdict(Attempt::Secret, STRANGER, later), Verdict::Look);
        failures.note(Attempt::Secret, STRANGER, later);
        assert_eq!(failures.verdict(Attempt::Secret, STRANGER, later), Verdict::Look);
    }

    #[test]
    fn this_machine_waits_longer_each_time_and_is_never_shut_out() {
        let (failures, now) = (Failures::new(RateLimit::default()), Instant::now());
        let waits: Vec<u128> = (0..8)
            .map(|_| failures.note(Attempt::Secret, HERE, now).as_millis())
            .collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
        assert_eq!(failures.verdict(Attempt::Secret, HERE, now), Verdict::Look);
        failures.forget(Attempt::Secret, HERE);
        assert_eq!(failures.note(Attempt::Secret, HERE, now).as_millis(), 250);
    }

    #[test]
    fn however_many_addresses_come_the_memory_is_bounded() {
        let (failures, now) = (Failures::new(RateLimit::default()), Instant::now());
        for at in 0..(ADDRESSES as u32 + 500) {
            failures.note(Attempt::Secret, IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + at)), now);
        }
        assert_eq!(failures.seen.lock().len(), ADDRESSES);
    }
}
