//! A client that has been let in, as the rest of the gateway sees it: who it is, and a way to tell it things.
//!
//! **Promise.** Telling never waits: it fills the connection's outbox and wakes its task.
//! **Bound.** The outbox's; [`TOPICS`] subscriptions. **Cost.** One allocation for each connection.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use openclaw_protocol::connect::Client;
use openclaw_protocol::event::Audience;
use openclaw_protocol::refusal::Close;
use openclaw_protocol::scope::Grant;
use parking_lot::Mutex;

use crate::event::Event;
use crate::outbox::{Outbox, Outgoing, Put};

/// How many topics a connection may subscribe to.
pub const TOPICS: usize = 1024;
/// How long an answer is by itself that the events of a run follow.
const REST: Duration = Duration::from_millis(20);

/// As what a client came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// A person or a program that acts for one.
    Operator,
    /// A machine that lends its abilities.
    Node,
}

impl Role {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Node => "node",
        }
    }
}

/// Who a client is.
#[derive(Debug)]
pub struct Peer {
    /// The program.
    pub client: Client,
    /// What it can do with what it is sent.
    pub caps: Vec<String>,
    /// As what it came.
    pub role: Role,
    /// What it may do.
    pub grant: Grant,
    /// The device that it proved.
    pub device_id: Option<String>,
    /// Where it comes from.
    pub ip: IpAddr,
    /// When it was let in, in milliseconds since 1970.
    pub since_ms: i64,
}

/// A client that has been let in.
#[derive(Debug)]
pub struct Connection {
    id: String,
    peer: Peer,
    outbox: Mutex<Outbox>,
    waker: AtomicWaker,
    heard: AtomicBool,
    dead: AtomicBool,
    running: AtomicUsize,
    queued: AtomicUsize,
    unauthorized: AtomicUsize,
    topics: Mutex<BTreeSet<String>>,
}

impl Connection {
    pub(crate) fn new(id: String, peer: Peer) -> Self {
        Self {
            id,
            peer,
            outbox: Mutex::default(),
            waker: AtomicWaker::new(),
            heard: AtomicBool::new(true),
            dead: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            unauthorized: AtomicUsize::new(0),
            topics: Mutex::default(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who the client is.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What the client may do.
    pub fn grant(&self) -> &Grant {
        &self.peer.grant
    }

    /// Whether the client understands this.
    pub fn has_cap(&self, cap: &str) -> bool {
        self.peer.caps.iter().any(|have| have == cap)
    }

    /// Whether it may hear what this audience hears.
    pub fn hears(&self, audience: Audience) -> bool {
        audience.includes(self.peer.role == Role::Operator, &self.peer.grant)
    }

    /// Subscribes to a topic. False: it has too many.
    pub fn subscribe(&self, topic: &str) -> bool {
        let mut topics = self.topics.lock();
        if topics.len() >= TOPICS && !topics.contains(topic) {
            return false;
        }
        topics.insert(topic.to_owned());
        true
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, topic: &str) {
        self.topics.lock().remove(topic);
    }

    /// Whether it subscribes to a topic.
    pub fn subscribes(&self, topic: &str) -> bool {
        self.topics.lock().contains(topic)
    }

    /// Tells an event, with this connection's next number, if the client may hear it.
    pub fn tell(&self, event: &Event) {
        if !self.hears(event.audience()) {
            return;
        }
        let may_drop = event.may_be_dropped();
        let put = self
            .outbox
            .lock()
            .put_event(may_drop, |seq| event.outgoing(Some(seq)));
        self.wake_after(put);
    }

    /// Tells something that is meant for this client alone and has no number.
    pub fn tell_directly(&self, event: &Event) {
        self.send(event.outgoing(None));
    }

    pub(crate) fn send(&self, outgoing: Outgoing) {
        let put = self.outbox.lock().put(outgoing);
        self.wake_after(put);
    }

    /// Lets a moment pass between what was sent and what comes next.
    ///
    /// Some clients, OpenClaw's own terminal window for one, read all that has arrived before they take note of an
    /// answer among it. To them a run whose end came with the answer never ends.
    pub(crate) fn rest(self: &Arc<Self>) {
        self.outbox.lock().rest();
        let connection = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(REST).await;
            connection.outbox.lock().resume();
            connection.waker.wake();
        });
    }

    fn wake_after(&self, put: Put) {
        match put {
            Put::Waits => self.waker.wake(),
            Put::Ends => {
                tracing::warn!(conn = self.id, "slow consumer");
                self.waker.wake();
            }
            Put::Dropped | Put::Gone => {}
        }
    }

    /// Ends the connection.
    pub fn close(&self, close: Close) {
        self.outbox.lock().end(close);
        self.waker.wake();
    }

    /// Asks whether the client is still there; one that has not been heard of since the last time is let go.
    pub(crate) fn check(&self) {
        if self.heard.swap(false, Ordering::Relaxed) {
            self.send(Outgoing::ping());
        } else {
            self.dead.store(true, Ordering::Relaxed);
            self.waker.wake();
        }
    }

    pub(crate) fn outbox(&self) -> &Mutex<Outbox> {
        &self.outbox
    }

    pub(crate) fn waker(&self) -> &AtomicWaker {
        &self.waker
    }

    pub(crate) fn note_heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Counts a call that the client's role has no part in.
    pub(crate) fn note_unauthorized(&self) -> usize {
        self.unauthorized.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn running(&self) -> &AtomicUsize {
        &self.running
    }

    /// How many bytes of its long requests wait to be read.
    pub(crate) fn queued(&self) -> &AtomicUsize {
        &self.queued
    }
}
