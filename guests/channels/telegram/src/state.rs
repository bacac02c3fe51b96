//! What the adapter remembers of an account between calls.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inbound::Me;

/// The most messages of albums that wait for the rest, and their bytes together: a quarter of what the host keeps of an
/// account. What is more is delivered as it comes.
const MAX_WAITING: usize = 50;
const MAX_WAITING_BYTES: usize = 256 * 1024;

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

impl State {
    /// Whether one more message of an album may wait. **Cost.** Those that wait are written once to be measured.
    pub(crate) fn has_room(&self, update: &Value) -> bool {
        let waiting: usize = self.albums.iter().map(bytes).sum();
        self.albums.len() < MAX_WAITING && waiting.saturating_add(bytes(update)) <= MAX_WAITING_BYTES
    }
}

/// How much an update takes in the state.
fn bytes(update: &Value) -> usize {
    update.to_string().len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn albums_that_wait_are_bounded_by_number_and_by_bytes() {
        let fill = |part: &Value| {
            let mut state = State::default();
            while state.has_room(part) {
                state.albums.push(part.clone());
            }
            state
        };
        assert_eq!(fill(&json!({"message": {}})).albums.len(), MAX_WAITING);
        let large = fill(&json!({"message": {"caption": "\u{1}".repeat(10_000)}}));
        assert_eq!(large.albums.len(), 4, "what counts is how they are written");
        assert!(serde_json::to_vec(&large).unwrap().len() < 300 * 1024);
    }
}
