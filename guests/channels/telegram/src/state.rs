//! What the adapter remembers of an account between calls.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inbound::Me;

/// The most messages of albums that wait for the rest. What is more is delivered as it comes.
pub(crate) const MAX_WAITING: usize = 50;

/// The state of an account.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct State {
    /// Who this account is, once Telegram has told.
    pub(crate) me: Option<Me>,
    /// How many attempts at reaching Telegram have failed in a row.
    pub(crate) failures: u32,
    /// Whether the last poll was answered as it should be. Until then none is held, so that it is known soon.
    pub(crate) is_settled: bool,
    /// Whether the next poll asks for one update only, because an answer with several could not be read.
    pub(crate) one_by_one: bool,
    /// Whether the poll that is under way asks from the beginning, so that any id is a new one.
    pub(crate) from_beginning: bool,
    /// When the last update came, in milliseconds since 1970.
    pub(crate) last_update: Option<u64>,
    /// Updates with parts of albums whose other parts may follow.
    pub(crate) albums: Vec<Value>,
}
