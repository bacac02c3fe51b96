//! The ids of what an account sent a moment ago: some platforms deliver that back as if somebody had written it.
//!
//! An id is one within its conversation: platforms count the messages of each anew.
//!
//! **Bound.** [`MOST`] ids of the last [`LASTS`]. **Cost.** A walk over them for each message that comes in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const LASTS: Duration = Duration::from_secs(30);
const MOST: usize = 256;

struct Echo {
    conversation: String,
    id: String,
    at: Instant,
}

/// The ids of one account.
#[derive(Clone, Default)]
pub(crate) struct Echoes(Arc<Mutex<VecDeque<Echo>>>);

impl Echoes {
    /// Notes what was sent to a conversation.
    pub(crate) fn note(&self, conversation: &str, ids: &[String]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.retain(|echo| now.saturating_duration_since(echo.at) < LASTS);
        for id in ids {
            known.push_back(Echo {
                conversation: conversation.to_owned(),
                id: id.clone(),
                at: now,
            });
        }
        while known.len() > MOST {
            known.pop_front();
        }
    }

    /// Whether it was this account that sent a message to a conversation.
    pub(crate) fn knows(&self, conversation: &str, id: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.iter().any(|echo| {
            echo.conversation == conversation
                && echo.id == id
                && now.saturating_duration_since(echo.at) < LASTS
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_in_another_conversation_is_another_message() {
        let echoes = Echoes::default();
        echoes.note("42", &["7".to_owned()]);
        assert!(echoes.knows("42", "7"));
        assert!(!echoes.knows("-100", "7") && !echoes.knows("42", "8"));
    }
}
