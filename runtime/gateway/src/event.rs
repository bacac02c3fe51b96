//! An event, written once for all who hear it.

use bytes::Bytes;
use openclaw_protocol::event::{Audience, audience};
use openclaw_protocol::frame::{StateVersion, write_event_head, write_event_tail};
use serde::Serialize;

use crate::outbox::Outgoing;

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    head: Bytes,
    audience: Audience,
    state: Option<StateVersion>,
    may_be_dropped: bool,
}

impl Event {
    /// An event of the table in [`openclaw_protocol::event`]. None: nobody may hear it, or it cannot be written.
    pub fn new(name: &str, payload: &impl Serialize) -> Option<Self> {
        let Some(audience) = audience(name) else {
            tracing::error!(name, "an event without an audience is not sent");
            return None;
        };
        Self::written(name, payload, audience)
    }

    /// An event that is told to one client directly, whoever it is.
    pub(crate) fn direct(name: &str, payload: &impl Serialize) -> Option<Self> {
        Self::written(name, payload, Audience::Everybody)
    }

    fn written(name: &str, payload: &impl Serialize, audience: Audience) -> Option<Self> {
        match serde_json::to_string(payload) {
            Ok(payload) => Some(Self {
                head: write_event_head(name, &payload).into(),
                audience,
                state: None,
                may_be_dropped: false,
            }),
            Err(fault) => {
                tracing::error!(name, %fault, "an event cannot be written as JSON");
                None
            }
        }
    }

    /// An event that a slow client may miss.
    #[must_use]
    pub fn droppable(mut self) -> Self {
        self.may_be_dropped = true;
        self
    }

    /// With the counters of the picture that it belongs to.
    #[must_use]
    pub fn of_state(mut self, state: StateVersion) -> Self {
        self.state = Some(state);
        self
    }

    /// As it leaves for one client; with that connection's number, unless it is told directly.
    pub(crate) fn outgoing(&self, seq: Option<u64>) -> Outgoing {
        let tail = write_event_tail(seq, self.state);
        Outgoing::text(Bytes::new(), self.head.clone(), tail.into())
    }

    pub(crate) fn audience(&self) -> Audience {
        self.audience
    }

    pub(crate) fn may_be_dropped(&self) -> bool {
        self.may_be_dropped
    }
}
