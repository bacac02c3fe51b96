//! What a read and a write may do.
//!
//! The SQL lives in this crate: a caller composes the methods of [`View`] and [`Tx`], so that several of them in
//! one closure are one transaction.

use std::ops::Deref;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use crate::audit::Redact;

/// One consistent picture of the state.
pub struct View<'c> {
    pub(crate) connection: &'c Connection,
}

impl<'c> View<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }
}

/// A change of the state: everything that a [`View`] can read, and what can be written.
pub struct Tx<'c> {
    view: View<'c>,
    pub(crate) now_ms: i64,
    pub(crate) redact: &'c dyn Redact,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(connection: &'c Connection, redact: &'c dyn Redact) -> Self {
        Self {
            view: View::new(connection),
            now_ms: now_ms(),
            redact,
        }
    }

    /// When this change is made, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

/// Milliseconds since 1970; 0 on a clock that is set before that.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}
