//! What is written about everything that passes the gate, and about what does not.
//!
//! **Promise.** One line for each request and each connection, however it ends, and for each that was refused. Only
//! what comes faster than a tenant may ask for anything leaves none, or the lines would have no bound. It
//! names the tenant, the place without its query, bytes, status and time. What stood in it for a secret is named
//! and never a value.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Sent};

/// How something ended at the gate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// It went through.
    Passed,
    /// The gate refused it.
    Denied,
    /// It failed, or was given up.
    Failed,
}

/// What is known of one passage.
#[derive(Clone, Debug)]
pub struct Passage {
    /// Which extension.
    pub extension: Arc<str>,
    /// Which of its accounts.
    pub account: Option<Arc<str>>,
    /// The method of a request, or what was opened: `WEBSOCKET`, `TCP`, `TLS`.
    pub method: String,
    /// Where to, as far as it was understood: scheme, host and port.
    pub origin: String,
    /// The path without its query; placeholders are names.
    pub path: String,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Bytes of the body that were sent.
    pub sent_bytes: u64,
    /// Bytes of the body that were received.
    pub received_bytes: u64,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub ending: Ending,
    /// Why it did not pass.
    pub why: Option<String>,
}

/// Where passages are written.
pub trait Ledger: Send + Sync {
    /// Writes one down. It is called on the way of a request, so it only hands it on.
    fn record(&self, passage: Passage);
}

/// A passage that is not over. Dropping it writes it down.
pub(crate) struct Entry {
    ledger: Arc<dyn Ledger>,
    begun: Instant,
    passage: Option<Passage>,
    /// Counts what was sent of a request's body.
    sent: Option<Arc<AtomicU64>>,
}

impl Entry {
    /// Begins one. Until it is told otherwise it counts as given up.
    pub(crate) fn new(
        ledger: &Arc<dyn Ledger>,
        extension: Arc<str>,
        account: Option<Arc<str>>,
        method: &str,
    ) -> Self {
        Self {
            ledger: Arc::clone(ledger),
            begun: Instant::now(),
            passage: Some(Passage {
                extension,
                account,
                method: method.to_owned(),
                origin: String::new(),
                path: String::new(),
                status: None,
                sent_bytes: 0,
                received_bytes: 0,
                took: Duration::ZERO,
                ending: Ending::Failed,
                why: Some("given up".to_owned()),
            }),
            sent: None,
        }
    }

    pub(crate) fn place(&mut self, origin: String, path: String) {
        self.note(|passage| (passage.origin, passage.path) = (origin, path));
    }

    pub(crate) fn status(&mut self, status: u16) {
        self.note(|passage| passage.status = Some(status));
    }

    /// Counts what this counter says beside what is told.
    pub(crate) fn follow(&mut self, sent: Arc<AtomicU64>) {
        self.sent = Some(sent);
    }

    pub(crate) fn sent(&mut self, bytes: u64) {
        self.note(|passage| passage.sent_bytes += bytes);
    }

    pub(crate) fn received(&mut self, bytes: u64) {
        self.note(|passage| passage.received_bytes += bytes);
    }

    /// Another line tells it, or there are too many.
    pub(crate) fn withdraw(&mut self) {
        self.passage = None;
    }

    /// It went through.
    pub(crate) fn passed(&mut self) {
        self.note(|passage| (passage.ending, passage.why) = (Ending::Passed, None));
    }

    /// It did not.
    pub(crate) fn failed(&mut self, error: &Error) {
        let refused = matches!(
            error.cause.kind(),
            Kind::Denied | Kind::Invalid | Kind::RateLimited | Kind::TooLarge | Kind::Quota
        );
        let ending = match refused && error.sent == Sent::No {
            true => Ending::Denied,
            false => Ending::Failed,
        };
        self.note(|passage| (passage.ending, passage.why) = (ending, Some(error.to_string())));
    }

    fn note(&mut self, note: impl FnOnce(&mut Passage)) {
        if let Some(passage) = &mut self.passage {
            note(passage);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(mut passage) = self.passage.take() {
            passage.took = self.begun.elapsed();
            if let Some(sent) = &self.sent {
                passage.sent_bytes += sent.load(Ordering::Relaxed);
            }
            self.ledger.record(passage);
        }
    }
}
