//! Tells what happens in a run, numbered.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::clock::now_ms;
use crate::event::{Body, Event};

/// Tells what happens in one run.
pub(crate) struct Emitter {
    events: broadcast::Sender<Arc<Event>>,
    run_id: Arc<str>,
    session_key: Arc<str>,
    session_id: Arc<str>,
    agent_id: Arc<str>,
    seq: u64,
}

impl Emitter {
    pub(crate) fn new(
        events: &broadcast::Sender<Arc<Event>>,
        run_id: &str,
        session_key: &str,
        session_id: &str,
        agent_id: &str,
    ) -> Self {
        Self {
            events: events.clone(),
            run_id: run_id.into(),
            session_key: session_key.into(),
            session_id: session_id.into(),
            agent_id: agent_id.into(),
            seq: 0,
        }
    }

    pub(crate) fn tell(&mut self, body: Body) {
        self.seq += 1;
        let event = Event {
            run_id: Arc::clone(&self.run_id),
            session_key: Arc::clone(&self.session_key),
            session_id: Arc::clone(&self.session_id),
            agent_id: Arc::clone(&self.agent_id),
            seq: self.seq,
            ts: now_ms(),
            body,
        };
        // Nobody has to listen.
        let _ = self.events.send(Arc::new(event));
    }
}
