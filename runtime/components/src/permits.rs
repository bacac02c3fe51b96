//! Places for calls: so many at once for each extension, or account of one, and so many in all.
//!
//! **Promise.** Whoever waits for a place is served in turn with the other extensions, however many calls one of
//! them has waiting, and every wait has an end. One place in [`KEPT`] goes only to who has none, so that the crowds of
//! a few leave room for the first call of another. **Bound.** [`WAITING`] waiting calls for each extension.
//! **Cost.** A lock for each call.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// How many calls of one extension wait; more are told that it is busy at once.
pub(crate) const WAITING: usize = 256;
/// Of so many places one is for those who have none.
const KEPT: usize = 4;

/// The places.
pub(crate) struct Permits {
    inner: Mutex<Inner>,
    all: usize,
}

struct Inner {
    free: usize,
    /// How many places are only for those who have none.
    kept: usize,
    lines: HashMap<String, Line>,
    /// The holders with waiting calls, whose turn is next first.
    turns: VecDeque<String>,
}

#[derive(Default)]
struct Line {
    running: usize,
    most: usize,
    waiting: VecDeque<oneshot::Sender<Permit>>,
}

impl Line {
    /// Whether one more may run while so many places are free.
    fn may_run(&self, free: usize, kept: usize) -> bool {
        let left = if self.running == 0 { 0 } else { kept };
        self.running < self.most && free > left
    }
}

/// What calls hold together right now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Held {
    /// Places that are taken.
    pub places: usize,
    /// Places that there are.
    pub of: usize,
    /// Bytes of memory of all instances, those included that are kept for their next call.
    pub memory: u64,
}

/// A place for one call. Dropping it gives the place to whoever is next.
pub(crate) struct Permit {
    permits: Arc<Permits>,
    holder: String,
}

impl Permits {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Inner {
                free: places,
                kept: places / KEPT,
                lines: HashMap::new(),
                turns: VecDeque::new(),
            }),
            all: places,
        })
    }

    /// How many places are taken, of how many.
    pub(crate) fn taken(&self) -> (usize, usize) {
        (self.all - self.lock().free, self.all)
    }

    /// Takes a place for a holder, an extension or an account of one, that may have so many. None if there was none
    /// in time.
    pub(crate) async fn take(self: &Arc<Self>, holder: &str, most: usize, wait: Duration) -> Option<Permit> {
        let waiting = {
            let mut inner = self.lock();
            let (free, kept) = (inner.free, inner.kept);
            let is_next = inner.turns.is_empty();
            let line = inner.lines.entry(holder.to_owned()).or_default();
            line.most = most;
            if is_next && line.may_run(free, kept) && line.waiting.is_empty() {
                line.running += 1;
                inner.free -= 1;
                return Some(self.permit(holder));
            }
            // Those who gave up stand here until their turn; they must not keep others out.
            line.waiting.retain(|place| !place.is_closed());
            if line.waiting.len() >= WAITING {
                return None;
            }
            let (sender, receiver) = oneshot::channel();
            line.waiting.push_back(sender);
            if !inner.turns.iter().any(|turn| turn == holder) {
                inner.turns.push_back(holder.to_owned());
            }
            let granted = self.next(&mut inner);
            drop(inner);
            deliver(granted);
            receiver
        };
        tokio::time::timeout(wait, waiting).await.ok()?.ok()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn permit(self: &Arc<Self>, holder: &str) -> Permit {
        Permit {
            permits: Arc::clone(self),
            holder: holder.to_owned(),
        }
    }

    /// Finds who gets the free places, one after the other around all extensions.
    fn next(self: &Arc<Self>, inner: &mut Inner) -> Vec<(oneshot::Sender<Permit>, Permit)> {
        let mut granted = Vec::new();
        let mut passed = 0;
        while inner.free > 0 && passed < inner.turns.len() {
            let Some(holder) = inner.turns.pop_front() else {
                break;
            };
            let Some(line) = inner.lines.get_mut(&holder) else {
                continue;
            };
            while line.waiting.front().is_some_and(oneshot::Sender::is_closed) {
                line.waiting.pop_front();
            }
            if line.waiting.is_empty() {
                continue;
            }
            if line.may_run(inner.free, inner.kept)
                && let Some(sender) = line.waiting.pop_front()
            {
                line.running += 1;
                inner.free -= 1;
                passed = 0;
                granted.push((sender, self.permit(&holder)));
            } else {
                passed += 1;
            }
            if !line.waiting.is_empty() {
                inner.turns.push_back(holder);
            }
        }
        granted
    }

    fn give_back(self: &Arc<Self>, holder: &str) {
        let mut inner = self.lock();
        inner.free += 1;
        if let Some(line) = inner.lines.get_mut(holder) {
            line.running = line.running.saturating_sub(1);
            if line.running == 0 && line.waiting.is_empty() {
                inner.lines.remove(holder);
            }
        }
        let granted = self.next(&mut inner);
        drop(inner);
        deliver(granted);
    }
}

/// Outside of the lock, because a place that nobody takes any more comes back through it.
fn deliver(granted: Vec<(oneshot::Sender<Permit>, Permit)>) {
    for (sender, permit) in granted {
        // Refused places are dropped here, which gives them to the next.
        let _ = sender.send(permit);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.give_back(&self.holder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_wait_has_an_end_and_leaves_nothing_behind() {
        let permits = Permits::new(1);
        let held = permits.take("a", 1, SOON).await.unwrap();
        assert!(permits.take("b", 1, SOON).await.is_none());
        drop(held);
        assert!(permits.take("c", 1, SOON).await.is_some());
    }

    #[tokio::test]
    async fn an_extension_has_no_more_than_its_own() {
        let permits = Permits::new(10);
        let _held = permits.take("a", 1, SOON).await.unwrap();
        assert!(permits.take("a", 1, SOON).await.is_none());
        assert!(permits.take("b", 1, SOON).await.is_some());
    }

    #[tokio::test]
    async fn a_crowd_of_one_extension_does_not_keep_another_out() {
        let permits = Permits::new(1);
        let held = permits.take("crowd", 8, SOON).await.unwrap();
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        let wait = |name: &'static str| {
            let (permits, sender) = (Arc::clone(&permits), sender.clone());
            tokio::spawn(async move {
                let permit = permits.take(name, 8, LONG).await.unwrap();
                sender.send(name).unwrap();
                drop(permit);
            })
        };
        for _ in 0..20 {
            let task = wait("crowd");
            tokio::task::yield_now().await;
            assert!(!task.is_finished());
        }
        let alone = wait("alone");
        tokio::task::yield_now().await;
        drop(held);
        alone.await.unwrap();
        let mut before = 0;
        while order.recv().await.unwrap() == "crowd" {
            before += 1;
        }
        assert!(before <= 2, "{before} of the crowd went first");
    }

    #[tokio::test]
    async fn crowds_that_want_every_place_leave_some_for_a_first_call() {
        let permits = Permits::new(8);
        let mut held = Vec::new();
        for holder in ["one", "other"] {
            while let Some(permit) = permits.take(holder, 8, Duration::ZERO).await {
                held.push(permit);
            }
        }
        assert_eq!(held.len(), 7, "six of the first, and the first of the second");
        assert!(permits.take("alone", 8, Duration::ZERO).await.is_some());
        held.truncate(5);
        assert!(permits.take("one", 8, Duration::ZERO).await.is_some());
    }

    #[tokio::test]
    async fn whoever_waits_in_vain_is_not_waited_for() {
        let permits = Permits::new(1);
        let held = permits.take("a", 1, SOON).await.unwrap();
        for _ in 0..WAITING {
            assert!(permits.take("b", 1, Duration::ZERO).await.is_none());
        }
        let next = tokio::spawn({
            let permits = Arc::clone(&permits);
            async move { permits.take("b", 1, LONG).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(held);
        assert!(next.await.unwrap());
    }
}
