//! What waits for one client to read it.
//!
//! **Promise.** What is put in leaves in that order. Events take the connection's next number even when they are
//! dropped, so that the client sees the gap. **Bound.** [`BUFFERED_BYTES`]: beyond that, events that may be dropped
//! are, and anything else ends the connection. **Cost.** Three pointers for each entry; texts are shared.

use std::collections::VecDeque;

use bytes::Bytes;
use openclaw_protocol::BUFFERED_BYTES;
use openclaw_protocol::refusal::Close;

/// One message on its way out, in up to three pieces.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pieces: [Bytes; 3],
    kind: Kind,
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A message of the protocol.
    Text,
    /// A question whether the client is still there.
    Ping,
}

impl Outgoing {
    /// A text in three pieces, which may be empty.
    pub(crate) fn text(head: Bytes, body: Bytes, tail: Bytes) -> Self {
        Self {
            pieces: [head, body, tail],
            kind: Kind::Text,
        }
    }

    /// A question whether the client is still there.
    pub(crate) fn ping() -> Self {
        Self {
            pieces: Default::default(),
            kind: Kind::Ping,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn into_pieces(self) -> [Bytes; 3] {
        self.pieces
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Put {
    /// It waits to be sent.
    Waits,
    /// It was dropped, as the client is slow.
    Dropped,
    /// It ended the connection, as the client is slow.
    Ends,
    /// The connection has ended already.
    Gone,
}

/// What waits, and how far the numbers of events have come.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Outgoing>,
    /// How many have been taken.
    taken: u64,
    /// Behind how many of all there is a rest.
    rests: VecDeque<u64>,
    bytes: usize,
    seq: u64,
    end: Option<Close>,
}

impl Outbox {
    /// Puts in a message that must not be lost.
    pub(crate) fn put(&mut self, outgoing: Outgoing) -> Put {
        if self.end.is_some() {
            return Put::Gone;
        }
        let bytes = self.bytes.saturating_add(outgoing.len());
        if bytes > BUFFERED_BYTES && !self.queue.is_empty() {
            self.end(Close::policy("slow consumer"));
            return Put::Ends;
        }
        self.bytes = bytes;
        self.queue.push_back(outgoing);
        Put::Waits
    }

    /// Takes the next number and puts in the event that carries it.
    pub(crate) fn put_event(&mut self, may_drop: bool, write: impl FnOnce(u64) -> Outgoing) -> Put {
        if self.end.is_some() {
            return Put::Gone;
        }
        self.seq += 1;
        let event = write(self.seq);
        if may_drop && self.bytes.saturating_add(event.len()) > BUFFERED_BYTES {
            return Put::Dropped;
        }
        self.put(event)
    }

    /// Ends the connection after what waits already; for a slow client, before that.
    pub(crate) fn end(&mut self, close: Close) {
        if self.end.is_none() {
            if close.reason == "slow consumer" {
                self.queue.clear();
                self.bytes = 0;
            }
            self.end = Some(close);
        }
    }

    /// What is put in from here on waits for [`Outbox::resume`].
    pub(crate) fn rest(&mut self) {
        self.rests.push_back(self.taken + self.queue.len() as u64);
    }

    /// Ends the rest that was asked for first.
    pub(crate) fn resume(&mut self) {
        self.rests.pop_front();
    }

    /// The next message, if one waits and may leave.
    pub(crate) fn take(&mut self) -> Option<Outgoing> {
        if self.rests.front() == Some(&self.taken) {
            return None;
        }
        let next = self.queue.pop_front()?;
        self.taken += 1;
        self.bytes = self.bytes.saturating_sub(next.len());
        if self.queue.is_empty() {
            // A burst must not be paid for as long as the connection lasts.
            self.queue = VecDeque::new();
        }
        Some(next)
    }

    /// All that waits.
    pub(crate) fn take_all(&mut self) -> Vec<Outgoing> {
        self.bytes = 0;
        std::mem::take(&mut self.queue).into()
    }

    /// How the connection is to end.
    pub(crate) fn ending(&self) -> Option<&Close> {
        self.end.as_ref()
    }

    /// How much waits.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bytes: usize) -> impl FnOnce(u64) -> Outgoing {
        move |seq| {
            Outgoing::text(
                Bytes::from(vec![b'x'; bytes]),
                Bytes::from(seq.to_string()),
                Bytes::new(),
            )
        }
    }

    #[test]
    fn a_dropped_event_leaves_a_gap_in_the_numbers() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.put_event(true, event(BUFFERED_BYTES - 100)), Put::Waits);
        assert_eq!(outbox.put_event(true, event(1000)), Put::Dropped);
        outbox.take().unwrap();
        assert_eq!(outbox.put_event(true, event(1)), Put::Waits);
        assert_eq!(outbox.take().unwrap().into_pieces()[1], "3");
    }

    #[test]
    fn a_slow_client_is_let_go_when_nothing_may_be_dropped() {
        let mut outbox = Outbox::default();
        outbox.put_event(false, event(BUFFERED_BYTES - 100));
        assert_eq!(outbox.put_event(false, event(1000)), Put::Ends);
        assert_eq!(outbox.ending().unwrap().reason, "slow consumer");
        assert!(outbox.take().is_none() && outbox.bytes() == 0);
        assert_eq!(outbox.put_event(true, event(1)), Put::Gone);
    }

    #[test]
    fn what_comes_after_a_rest_waits_for_its_end_and_what_came_before_does_not() {
        let mut outbox = Outbox::default();
        outbox.put_event(false, event(1));
        outbox.rest();
        outbox.put_event(false, event(1));
        outbox.rest();
        outbox.put_event(false, event(1));
        for seq in ["1", "2", "3"] {
            assert_eq!(outbox.take().unwrap().into_pieces()[1], seq);
            assert!(outbox.take().is_none());
            outbox.resume();
        }
        outbox.rest();
        outbox.resume();
        outbox.put_event(false, event(1));
        assert!(outbox.take().is_some());
    }

    #[test]
    fn one_message_may_be_larger_than_what_may_wait() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.put_event(false, event(BUFFERED_BYTES + 1)), Put::Waits);
    }
}
