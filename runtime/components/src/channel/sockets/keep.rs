//! How a connection is to be kept alive.

use std::time::Duration;

use openclaw_egress::socket::{Frame, Pattern};

/// What is sent to keep a connection alive.
#[derive(Clone, Debug)]
pub(crate) enum Heartbeat {
    /// A ping of the WebSocket protocol.
    Ping,
    /// This frame.
    Fixed(Frame),
    /// Text around a value that was in what arrived.
    Echoing {
        before: String,
        remembered: String,
        initial: String,
        after: String,
    },
    /// Nothing.
    Silent,
}

/// How a connection is kept alive, and when it counts as dead.
#[derive(Clone, Debug)]
pub(crate) struct KeepAlive {
    pub(crate) heartbeat: Heartbeat,
    pub(crate) every: Duration,
    pub(crate) first_after: Option<Duration>,
    pub(crate) alive_on: Pattern,
    pub(crate) patience: Duration,
    pub(crate) quiet: bool,
}
