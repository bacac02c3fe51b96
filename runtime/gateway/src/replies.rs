//! What was answered lately, so that a request that a client sends twice is done once.
//!
//! **Promise.** A request with the same method and key is given the first one's answer, also while that one is still
//! being worked on. For turns the database promises it, beyond a restart; this is for what leaves no row.
//! **Bound.** `ENTRIES` answers of at most `LIFE`; the oldest go first.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::method::Answer;

/// How many answers are kept.
const ENTRIES: usize = 1000;
/// How long one is kept.
const LIFE: Duration = Duration::from_secs(300);

/// Answers by method and key.
pub struct Replies<T = Answer> {
    kept: Mutex<HashMap<(&'static str, String), Kept<T>>>,
}

struct Kept<T> {
    answer: Arc<OnceCell<T>>,
    since: Instant,
}

impl<T> Default for Replies<T> {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
        }
    }
}

impl<T: Clone> Replies<T> {
    /// Does `work` unless it was done for this method and key before.
    pub async fn once(&self, method: &'static str, key: &str, work: impl Future<Output = T>) -> T {
        let cell = self.cell(method, key);
        cell.get_or_init(|| work).await.clone()
    }

    fn cell(&self, method: &'static str, key: &str) -> Arc<OnceCell<T>> {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        let name = (method, key.to_owned());
        if let Some(found) = kept
            .get(&name)
            .filter(|found| now.duration_since(found.since) < LIFE)
        {
            return Arc::clone(&found.answer);
        }
        if kept.len() >= ENTRIES {
            kept.retain(|_, entry| now.duration_since(entry.since) < LIFE);
        }
        if kept.len() >= ENTRIES
            && let Some(oldest) = kept
                .iter()
                .min_by_key(|(_, entry)| entry.since)
                .map(|(name, _)| name.clone())
        {
            kept.remove(&oldest);
        }
        let answer = Arc::new(OnceCell::new());
        let entry = Kept {
            answer: Arc::clone(&answer),
            since: now,
        };
        kept.insert(name, entry);
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_is_asked_twice_is_done_once() {
        let (replies, done) = (Replies::<Answer>::default(), AtomicU32::new(0));
        let work = || async {
            tokio::task::yield_now().await;
            Ok(json!(done.fetch_add(1, Ordering::Relaxed)).into())
        };
        let (first, second) = tokio::join!(
            replies.once("send", "k", work()),
            replies.once("send", "k", work())
        );
        assert_eq!(first.unwrap().json(), second.unwrap().json());
        replies.once("send", "other", work()).await.unwrap();
        replies.once("poll", "k", work()).await.unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn only_so_many_answers_are_kept() {
        let replies = Replies::<Answer>::default();
        for at in 0..ENTRIES + 50 {
            replies
                .once("send", &at.to_string(), async { Ok(json!({}).into()) })
                .await
                .unwrap();
        }
        assert_eq!(replies.kept.lock().len(), ENTRIES);
    }
}
