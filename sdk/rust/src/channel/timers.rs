//! Named timers: the host waits, and the adapter gets [`Timer`](super::Happening::Timer). They outlive the gateway.
//! What is set counts when the handler returns ok.

use std::time::Duration;

use crate::bindings::channel::openclaw::timers::schedule;
pub use crate::bindings::channel::openclaw::timers::schedule::Timer;
use crate::wit::types::errors::Error;

/// Sets the timer of this name, or sets it anew.
///
/// # Errors
/// With [`NotHere`](crate::ErrorCode::NotHere) outside of `handle` and `webhook`.
pub fn set_after(name: &str, delay: Duration) -> Result<(), Error> {
    schedule::set_after(name, u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
}

/// Sets the timer of this name to a moment, in milliseconds since 1970.
///
/// # Errors
/// As [`set_after`].
pub fn set_at(name: &str, due: u64) -> Result<(), Error> {
    schedule::set_at(name, due)
}

/// Takes a timer back, and says whether it was set.
///
/// # Errors
/// As [`set_after`].
pub fn cancel(name: &str) -> Result<bool, Error> {
    schedule::cancel(name)
}

/// All that are set, the next one first.
#[must_use]
pub fn pending() -> Vec<Timer> {
    schedule::pending()
}
