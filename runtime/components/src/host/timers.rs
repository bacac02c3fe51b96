//! `openclaw:timers`: moments that the host waits for.
//!
//! **Bound.** [`crate::channel::bounds::TIMERS`] for an account, and [`LATEST`].

use std::time::{SystemTime, UNIX_EPOCH};

use crate::bindings::openclaw::timers::schedule::{self, Timer};
use crate::bindings::openclaw::types::errors::Error;
use crate::guest::Guest;

const WHAT: &str = "timers are set and taken back";
/// The end of the year 9999, in milliseconds since 1970; what is due later is due then.
const LATEST: u64 = 253_402_300_799_999;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Guest {
    fn set_timer(&mut self, name: String, due: u64) -> Answer<()> {
        self.volume.bytes_out.spend(name.len() as u64)?;
        let checked = self.check_name("the name of a timer", &name);
        let seat = self.handler(WHAT);
        Ok(seat.and_then(|seat| checked.and_then(|()| seat.set_timer(name, due.min(LATEST)))))
    }
}

impl schedule::Host for Guest {
    fn set_after(&mut self, name: String, delay: u64) -> Answer<()> {
        self.set_timer(name, now().saturating_add(delay))
    }

    fn set_at(&mut self, name: String, due: u64) -> Answer<()> {
        self.set_timer(name, due)
    }

    fn cancel(&mut self, name: String) -> Answer<bool> {
        self.volume.bytes_out.spend(name.len() as u64)?;
        Ok(self.handler(WHAT).and_then(|seat| seat.cancel_timer(name)))
    }

    fn pending(&mut self) -> wasmtime::Result<Vec<Timer>> {
        let Ok(seat) = self.seat() else {
            return Ok(Vec::new());
        };
        let timer = |(name, due): (&String, u64)| Timer {
            name: name.clone(),
            due,
        };
        let mut timers: Vec<_> = seat.timers().into_iter().map(timer).collect();
        timers.sort_by_key(|timer| timer.due);
        let bytes = timers.iter().map(|timer| timer.name.len()).sum::<usize>();
        self.volume.bytes_in.spend(bytes as u64)?;
        Ok(timers)
    }
}
