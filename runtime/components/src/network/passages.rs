//! Writes what passes the gate into the audit.
//!
//! **Promise.** One entry for each passage, in their order; none is dropped while the state takes them. Of what the gate
//! refused there are so many entries of an extension in a minute, and one with the number of the others; see [`Ration`].
//! **Bound.** The gate's rates are what bounds those that wait. **Cost.** Handing one on costs a queue; entries that wait
//! together are written together.

use std::sync::Arc;

use openclaw_egress::{Ending, Ledger, Passage};
use openclaw_state::{AuditEntry, Outcome, State, Tx};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::ration::{Ration, SPAN};

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
    /// With so many lines of what is refused to an extension in a minute.
    pub(super) fn start(state: State, refused: u32) -> Self {
        Self::by(Ration::new(refused, SPAN), state)
    }

    fn by(ration: Ration, state: State) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(write(state, received, ration));
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

async fn write(state: State, mut received: mpsc::UnboundedReceiver<News>, mut ration: Ration) {
    let mut news = Vec::with_capacity(TOGETHER);
    let mut is_over = false;
    while !is_over {
        // Nothing of it is lost when the time is up first.
        let heard = timeout(ration.pause(), received.recv_many(&mut news, TOGETHER)).await;
        is_over = matches!(heard, Ok(0));
        let (mut entries, mut waiting) = (Vec::new(), Vec::new());
        for item in news.drain(..) {
            match item {
                News::Passage(passage) => entries.extend(line(*passage, &mut ration)),
                News::Settle(done) => waiting.push(done),
            }
        }
        entries.extend(match is_over || !waiting.is_empty() {
            true => ration.all(),
            false => ration.over(),
        });
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

/// What is written of a passage, if anything is.
fn line(passage: Passage, ration: &mut Ration) -> Option<AuditEntry> {
    let extension = Arc::clone(&passage.extension);
    match passage.ending {
        Ending::Denied => ration.take(&extension, entry(passage)),
        Ending::Passed | Ending::Failed => Some(entry(passage)),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ration::LINES;

    fn passage(ending: Ending) -> Passage {
        Passage {
            extension: "loud".into(),
            account: None,
            method: "GET".to_owned(),
            origin: "https://host.example:443".to_owned(),
            path: "/".to_owned(),
            status: None,
            sent_bytes: 0,
            received_bytes: 0,
            took: Duration::ZERO,
            ending,
            why: None,
        }
    }

    /// How many of these endings stand in the audit, and what they say was left out.
    async fn told(state: &State, outcome: &str) -> (u32, u64) {
        let rows = state.read(|view| view.audit_of("extension:loud", PASSAGE, 1000));
        let rows: Vec<_> = rows
            .await
            .unwrap()
            .into_iter()
            .filter(|row| row.outcome == outcome)
            .collect();
        let left_out = rows.iter().filter_map(|row| {
            serde_json::from_str::<serde_json::Value>(&row.detail).unwrap()["leftOut"].as_u64()
        });
        (rows.len().try_into().unwrap(), left_out.sum())
    }

    #[tokio::test]
    async fn of_what_is_refused_there_are_so_many_lines_a_minute_and_of_what_passes_all() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(openclaw_state::Options::new(folder.path(), str::to_owned)).unwrap();
        let passages = Passages::start(state.clone(), LINES);
        for _ in 0..200 {
            passages.record(passage(Ending::Denied));
            passages.record(passage(Ending::Passed));
        }
        passages.settle().await;
        assert_eq!(told(&state, "denied").await, (LINES + 1, 169));
        assert_eq!(told(&state, "ok").await, (200, 0));
    }

    #[tokio::test]
    async fn the_number_of_the_rest_is_written_when_its_minute_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(openclaw_state::Options::new(folder.path(), str::to_owned)).unwrap();
        let passages = Passages::by(Ration::new(LINES, Duration::from_secs(2)), state.clone());
        for _ in 0..200 {
            passages.record(passage(Ending::Denied));
        }
        while told(&state, "denied").await.0 <= LINES {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(told(&state, "denied").await, (LINES + 1, 169));
    }
}
