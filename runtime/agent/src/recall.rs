//! Conversations as they were last read, so that a turn reads only what came since.
//!
//! **Promise.** What is recalled is what the state holds: each use asks it for what follows the newest entry that is
//! known, and a conversation that took another branch is read anew. **Bound.** [`SESSIONS`] conversations, each of
//! [`BYTES`] at the most. **Cost.** One read; linear in what came since.

use std::collections::VecDeque;
use std::sync::Arc;

use openclaw_state::{State, View};
use parking_lot::Mutex;

use crate::error::Result;
use crate::message::Message;

/// How many conversations are kept.
const SESSIONS: usize = 16;
/// The largest that is kept.
const BYTES: usize = 2 << 20;
/// How many entries of a conversation are looked at.
const ENTRIES: usize = 4000;

/// Conversations that were read lately, the newest first.
#[derive(Default)]
pub(crate) struct Recall(Mutex<VecDeque<Kept>>);

struct Kept {
    session_id: String,
    /// The newest entry that is known.
    leaf: i64,
    bytes: usize,
    messages: Arc<Vec<Message>>,
}

impl Recall {
    /// The newest messages of a conversation, oldest first, in entries of `bytes` together, or up to twice as many
    /// where they are known already.
    pub(crate) async fn read(
        &self,
        state: &State,
        session_id: &str,
        bytes: usize,
    ) -> Result<Arc<Vec<Message>>> {
        let known = self
            .take(session_id)
            .filter(|kept| kept.bytes <= bytes.saturating_mul(2));
        let (leaf, id) = (known.as_ref().map(|kept| kept.leaf), session_id.to_owned());
        let look = move |view: &View<'_>| view.transcript_since(&id, leaf, ENTRIES, bytes);
        let (entries, is_met) = state.read(look).await?;
        let mut kept = known.filter(|_| is_met).unwrap_or_else(|| Kept {
            session_id: session_id.to_owned(),
            leaf: 0,
            bytes: 0,
            messages: Arc::default(),
        });
        if let Some(last) = entries.last() {
            kept.leaf = last.seq;
            kept.bytes += entries.iter().map(|entry| entry.body.len()).sum::<usize>();
            Arc::make_mut(&mut kept.messages).extend(entries.iter().filter_map(Message::read));
        }
        let messages = Arc::clone(&kept.messages);
        if kept.bytes <= BYTES && kept.leaf > 0 {
            let mut all = self.0.lock();
            all.truncate(SESSIONS - 1);
            all.push_front(kept);
        }
        Ok(messages)
    }

    fn take(&self, session_id: &str) -> Option<Kept> {
        let mut all = self.0.lock();
        let at = all.iter().position(|kept| kept.session_id == session_id)?;
        all.remove(at)
    }
}

#[cfg(test)]
mod tests {
    use openclaw_state::{Error, Tx};

    use super::*;
    use crate::message::MESSAGE;

    async fn say(state: &State, session: &'static str, text: &str) {
        let body = Message::of_user(text, None, &[], 1).body();
        let work = move |tx: &Tx<'_>| {
            if tx.transcript(session)?.is_none() {
                tx.transcript_begin(session, "agent:main:main", "main")?;
            }
            tx.transcript_append(session, None, MESSAGE, &body)?;
            Ok::<_, Error>(())
        };
        state.write(work).await.unwrap();
    }

    async fn kept(state: &State, session: &'static str) -> Vec<Message> {
        let tail = state
            .read(move |view| view.transcript_tail(session, 100, BYTES))
            .await;
        tail.unwrap().iter().filter_map(Message::read).collect()
    }

    #[tokio::test]
    async fn what_is_recalled_is_what_the_state_holds() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(openclaw_state::Options::new(folder.path(), str::to_owned)).unwrap();
        let recall = Recall::default();
        assert!(recall.read(&state, "s1", BYTES).await.unwrap().is_empty());
        for round in 0..4 {
            for session in ["s1", "s2"] {
                say(&state, session, &format!("{session} {round}")).await;
                let read = recall.read(&state, session, BYTES).await.unwrap();
                assert_eq!(*read, kept(&state, session).await);
                assert_eq!(*recall.read(&state, session, BYTES).await.unwrap(), *read);
            }
        }
        assert_eq!(recall.0.lock().len(), 2);
        // One that has become too long for what is asked is read anew.
        let body = Message::of_user("s1 3", None, &[], 1).body();
        let read = recall.read(&state, "s1", body.len() + 1).await.unwrap();
        assert_eq!(read.len(), 1);
    }
}
