//! What a handler wants of connections.

use std::fmt;

use openclaw_egress::socket::Frame;
use openclaw_egress::{ConnectLimits, Endpoint};

use super::{ConnectionId, KeepAlive, Treatment};

/// Something that a handler wants of a connection.
pub struct SocketChange(pub(crate) Wish);

/// What it wants.
pub(crate) enum Wish {
    Open(Box<Opening>),
    KeepAlive(ConnectionId, Option<KeepAlive>),
    Send(ConnectionId, Vec<Frame>),
    Close(ConnectionId, u16, String),
}

/// A connection that is to be opened.
pub(crate) struct Opening {
    pub(crate) name: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) limits: ConnectLimits,
    pub(crate) treatment: Treatment,
}

impl SocketChange {
    /// The name of the connection.
    pub fn name(&self) -> &str {
        match &self.0 {
            Wish::Open(opening) => &opening.name,
            Wish::KeepAlive(id, _) | Wish::Send(id, _) | Wish::Close(id, ..) => &id.name,
        }
    }
}

impl fmt::Debug for SocketChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.0 {
            Wish::Open(_) => "open",
            Wish::KeepAlive(..) => "keep-alive",
            Wish::Send(..) => "send",
            Wish::Close(..) => "close",
        };
        f.debug_struct("SocketChange")
            .field("what", &what)
            .field("name", &self.name())
            .finish()
    }
}
