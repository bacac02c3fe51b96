//! What waits for the writer: work of any type, behind one face.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::audit::AuditEntry;
use crate::error::{Error, Result};
use crate::view::Tx;

/// A write that waits, whatever its types.
pub(crate) trait Job: Send {
    /// Does the work; false asks for it to be rolled back.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Tells whoever waits how it ended, once that is certain.
    fn settle(self: Box<Self>, fate: Fate);
    /// Whether it can be run once more when the transaction around it was not kept.
    fn runs_again(&self) -> bool;
}

/// What became of a write.
pub(crate) enum Fate {
    /// It is in the database.
    Kept,
    /// It failed or panicked, and it alone was rolled back.
    Undone,
    /// The transaction that it was part of was not kept.
    NotKept(Arc<rusqlite::Error>),
}

/// A caller's work.
pub(crate) struct Write<F, T, E> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Write<F, T, E> {
    pub(crate) fn new(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            work: Some(work),
            outcome: None,
            reply,
        }
    }
}

impl<F, T, E> Job for Write<F, T, E>
where
    F: FnOnce(&Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        self.outcome = self.work.take().map(|work| work(tx));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn settle(self: Box<Self>, fate: Fate) {
        let answer = match (self.outcome, fate) {
            (Some(Err(error)), _) => Err(error),
            (_, Fate::NotKept(error)) => Err(Error::NotKept(error).into()),
            (Some(Ok(value)), Fate::Kept) => Ok(value),
            (_, Fate::Kept | Fate::Undone) => Err(Error::Panicked.into()),
        };
        // Nobody listens any more when the caller went away; the write stands all the same.
        let _ = self.reply.send(answer);
    }

    fn runs_again(&self) -> bool {
        false
    }
}

/// What both sides know of the audit entries that nobody waits for.
#[derive(Default)]
pub(crate) struct Notes {
    /// Those that found no place or could not be written, until the log says how many.
    pub(crate) lost: AtomicU64,
    /// Whether the writer has been woken for those that wait.
    pub(crate) awake: AtomicBool,
}

/// An audit entry that nobody waits for.
pub(crate) struct Record {
    pub(crate) entry: AuditEntry,
    pub(crate) notes: Arc<Notes>,
    /// Its part of the memory that waiting entries may hold.
    pub(crate) _room: OwnedSemaphorePermit,
}

impl Job for Record {
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        write_entry(tx, &self.entry)
    }

    fn settle(self: Box<Self>, fate: Fate) {
        if !matches!(fate, Fate::Kept) {
            self.notes.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn runs_again(&self) -> bool {
        true
    }
}

/// The audit entry that says how many others are missing.
pub(crate) struct Lost {
    pub(crate) entries: u64,
    pub(crate) notes: Arc<Notes>,
}

impl Job for Lost {
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let entry = AuditEntry::new("gateway", "audit.lost", "audit").detail("entries", self.entries);
        write_entry(tx, &entry)
    }

    fn settle(self: Box<Self>, fate: Fate) {
        // Until the log has said it, the count stands.
        if matches!(fate, Fate::Kept) {
            self.notes.lost.fetch_sub(self.entries, Ordering::Relaxed);
        }
    }

    fn runs_again(&self) -> bool {
        true
    }
}

/// Says nothing of the entry's text when it fails: that has not passed the redactor.
fn write_entry(tx: &Tx<'_>, entry: &AuditEntry) -> bool {
    tx.audit(entry)
        .inspect_err(|error| tracing::error!(%error, "an audit entry could not be written"))
        .is_ok()
}
