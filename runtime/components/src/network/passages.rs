//! Writes what passes the gate into the audit.
//!
//! **Promise.** One entry for each passage, in their order; none is dropped while the state takes them. **Bound.**
//! The gate's rates are what bounds those that wait. **Cost.** Handing one on costs a queue; entries that wait
//! together are written together.

use openclaw_egress::{Ending, Ledger, Passage};
use openclaw_state::{AuditEntry, Outcome, State, Tx};
use tokio::sync::{mpsc, oneshot};

/// What an entry says was done.
pub const PASSAGE: &str = "egress.pass";
/// The most entries of one change.
const TOGETHER: usize = 256;

enum News {
    Passage(Box<Passage>),
    /// Somebody waits for all that came before.
    Settle(oneshot::Sender<()>),
}

/// Writes what passes the gate into the audit.
pub(super) struct Passages(mpsc::UnboundedSender<News>);

impl Passages {
    pub(super) fn start(state: State) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(write(state, received));
        Self(sender)
    }

    pub(super) async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        if self.0.send(News::Settle(done)).is_ok() {
            // Where nobody writes any more there is nothing to wait for.
            let _ = settled.await;
        }
    }
}

impl Ledger for Passages {
    fn record(&self, passage: Passage) {
        // It ends with the gateway, whose last passages the log still has.
        if let Err(unwritten) = self.0.send(News::Passage(Box::new(passage)))
            && let News::Passage(passage) = unwritten.0
        {
            tracing::warn!(?passage, "a passage of the gate is not in the audit");
        }
    }
}

async fn write(state: State, mut received: mpsc::UnboundedReceiver<News>) {
    let mut news = Vec::with_capacity(TOGETHER);
    while received.recv_many(&mut news, TOGETHER).await > 0 {
        let (mut entries, mut waiting) = (Vec::new(), Vec::new());
        for item in news.drain(..) {
            match item {
                News::Passage(passage) => entries.push(entry(*passage)),
                News::Settle(done) => waiting.push(done),
            }
        }
        if !entries.is_empty() {
            let count = entries.len();
            let add = move |tx: &Tx<'_>| entries.iter().try_for_each(|entry| tx.audit(entry).map(drop));
            if let Err(error) = state.write(add).await {
                tracing::error!(%error, count, "passages of the gate are not in the audit");
            }
        }
        for done in waiting {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
    }
}

fn entry(passage: Passage) -> AuditEntry {
    let actor = match &passage.account {
        Some(account) => format!("extension:{}/{account}", passage.extension),
        None => format!("extension:{}", passage.extension),
    };
    let subject = format!("{} {}{}", passage.method, passage.origin, passage.path);
    let millis = u64::try_from(passage.took.as_millis()).unwrap_or(u64::MAX);
    let mut entry = AuditEntry::new(actor, PASSAGE, subject)
        .outcome(match passage.ending {
            Ending::Passed => Outcome::Ok,
            Ending::Denied => Outcome::Denied,
            Ending::Failed => Outcome::Failed,
        })
        .detail("sent", passage.sent_bytes)
        .detail("received", passage.received_bytes)
        .detail("ms", millis);
    if let Some(status) = passage.status {
        entry = entry.detail("status", status);
    }
    if let Some(why) = passage.why {
        entry = entry.detail("why", why);
    }
    entry
}
