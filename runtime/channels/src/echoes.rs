//! The ids of what an account sent a moment ago: some platforms deliver that back as if somebody had written it.
//!
//! **Bound.** [`MOST`] ids of the last [`LASTS`]. **Cost.** A walk over them for each message that comes in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const LASTS: Duration = Duration::from_secs(30);
const MOST: usize = 256;

/// The ids of one account.
#[derive(Clone, Default)]
pub(crate) struct Echoes(Arc<Mutex<VecDeque<(String, Instant)>>>);

impl Echoes {
    /// Notes what was sent.
    pub(crate) fn note(&self, ids: &[String]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.retain(|(_, at)| now.saturating_duration_since(*at) < LASTS);
        for id in ids {
            known.push_back((id.clone(), now));
        }
        while known.len() > MOST {
            known.pop_front();
        }
    }

    /// Whether it was this account that sent a message.
    pub(crate) fn knows(&self, id: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known
            .iter()
            .any(|(known, at)| known == id && now.saturating_duration_since(*at) < LASTS)
    }
}
