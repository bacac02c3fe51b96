//! How often one may be wrong.
//!
//! **Promise.** An address that was wrong too often is not looked at until its time is over; this machine itself is
//! never shut out, each wrong try only takes longer. A page that was wrong too often is shut out wherever its browser
//! runs. **Bound.** `SOURCES` addresses and pages are remembered; when there are more, those whose window is over are
//! forgotten first, then the oldest. **Cost.** A short lock per wrong try.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::ORIGIN;
use openclaw_config::tree::gateway_auth::RateLimit;
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};

/// How many addresses and pages are remembered.
const SOURCES: usize = 4096;
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

/// From where a try comes.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    ip: IpAddr,
    page: Option<&'a [u8]>,
}

impl<'a> Source<'a> {
    /// The one of a request with these headers.
    pub fn of(ip: IpAddr, headers: &'a HeaderMap) -> Self {
        Self {
            ip,
            page: headers.get(ORIGIN).map(|origin| origin.as_bytes()),
        }
    }

    fn keys(self) -> impl Iterator<Item = Key> {
        let page = self.page.map(|page| {
            let mut hash = [0; 32];
            hash.copy_from_slice(digest(&SHA256, page).as_ref());
            Key::Page(hash)
        });
        std::iter::once(Key::Address(self.ip.to_canonical())).chain(page)
    }
}

/// By what a try is remembered. An origin may be long, so that its hash stands for it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Key {
    Address(IpAddr),
    Page([u8; 32]),
}

/// What to do with a try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Look at it.
    Look,
    /// Do not look at it for so long.
    Locked(Duration),
}

/// Wrong tries by kind and source.
#[derive(Debug)]
pub struct Failures {
    rule: RateLimit,
    seen: Mutex<HashMap<(Attempt, Key), Record>>,
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
    pub fn verdict(&self, attempt: Attempt, source: Source<'_>, now: Instant) -> Verdict {
        let seen = self.seen.lock();
        let until = source
            .keys()
            .filter_map(|key| seen.get(&(attempt, key))?.locked_until)
            .max();
        match until.map(|until| until.saturating_duration_since(now)) {
            Some(left) if !left.is_zero() => Verdict::Locked(left),
            _ => Verdict::Look,
        }
    }

    /// Notes a wrong try; the answer is to wait for so long.
    pub fn note(&self, attempt: Attempt, source: Source<'_>, now: Instant) -> Duration {
        let waits = source.keys().map(|key| self.count(attempt, key, now));
        waits.max().unwrap_or_default()
    }

    fn count(&self, attempt: Attempt, key: Key, now: Instant) -> Duration {
        let window = Duration::from_millis(self.rule.window_ms);
        let mut seen = self.seen.lock();
        if seen.len() >= SOURCES && !seen.contains_key(&(attempt, key)) {
            seen.retain(|_, record| record.is_live(now, window));
            if seen.len() >= SOURCES
                && let Some(oldest) = seen
                    .iter()
                    .min_by_key(|(_, record)| record.since)
                    .map(|(key, _)| *key)
            {
                seen.remove(&oldest);
            }
        }
        let record = seen.entry((attempt, key)).or_insert(Record {
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
        let exempt = matches!(key, Key::Address(ip) if self.rule.exempt_loopback && ip.is_loopback());
        if exempt {
            let doubled = FIRST_DELAY.saturating_mul(1 << record.count.saturating_sub(1).min(8));
            return doubled.min(LONGEST_DELAY);
        }
        if record.count >= self.rule.max_attempts {
            record.locked_until = Some(now + Duration::from_millis(self.rule.lockout_ms));
        }
        Duration::ZERO
    }

    /// Forgets the wrong tries of a source that was right.
    pub fn forget(&self, attempt: Attempt, source: Source<'_>) {
        let mut seen = self.seen.lock();
        for key in source.keys() {
            seen.remove(&(attempt, key));
        }
    }
}

impl Record {
    fn is_live(&self, now: Instant, window: Duration) -> bool {
        let locked = self.locked_until.is_some_and(|until| until > now);
        locked || (self.locked_until.is_none() && now.saturating_duration_since(self.since) < window)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const STRANGER: Source<'_> = address(Ipv4Addr::new(192, 0, 2, 7));
    const HERE: Source<'_> = address(Ipv4Addr::LOCALHOST);

    const fn address(ip: Ipv4Addr) -> Source<'static> {
        Source {
            ip: IpAddr::V4(ip),
            page: None,
        }
    }

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
    fn a_page_that_guesses_is_shut_out_on_this_machine_too_and_others_are_not() {
        let (failures, now) = (Failures::new(RateLimit::default()), Instant::now());
        let page = |origin: &'static [u8]| Source {
            page: Some(origin),
            ..HERE
        };
        for _ in 0..10 {
            let verdict = failures.verdict(Attempt::Secret, page(b"http://localhost:5173"), now);
            assert_eq!(verdict, Verdict::Look);
            failures.note(Attempt::Secret, page(b"http://localhost:5173"), now);
        }
        assert_eq!(
            failures.verdict(Attempt::Secret, page(b"http://localhost:5173"), now),
            Verdict::Locked(Duration::from_secs(300))
        );
        for other in [HERE, page(b"http://localhost:18789")] {
            assert_eq!(failures.verdict(Attempt::Secret, other, now), Verdict::Look);
        }
    }

    #[test]
    fn however_many_addresses_come_the_memory_is_bounded() {
        let (failures, now) = (Failures::new(RateLimit::default()), Instant::now());
        for at in 0..(SOURCES as u32 + 500) {
            failures.note(Attempt::Secret, address(Ipv4Addr::from(0x0a00_0000 + at)), now);
        }
        assert_eq!(failures.seen.lock().len(), SOURCES);
    }
}
