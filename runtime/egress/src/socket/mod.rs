//! Connections that last: WebSockets, streams of events, and TCP in lines or bytes.
//!
//! **Promise.** A connection works on a stream that others resolved, judged and dialled; none is opened here. All
//! that a tenant sends passes its [`Outgoing`] and all that it is given its [`Incoming`], in order, once. A server
//! that breaks its protocol or a limit ends the connection.
//!
//! **Bound.** [`Limits`]. What arrives waits with the other side until it is asked for; here wait one frame and one
//! reading. **Cost.** A frame is copied once or twice.

mod connection;
mod events;
mod framing;
#[doc(hidden)]
pub mod fuzzing;
mod pattern;
mod receiver;
mod sender;
mod steps;
mod websocket;

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::Result;

pub use connection::Connection;
pub(crate) use connection::Passage;
pub use framing::Framing;
pub use pattern::{JsonTest, Pattern};
pub use receiver::Receiver;
pub use sender::Sender;
pub use steps::ClearStep;
pub(crate) use steps::speak;
pub(crate) use websocket::Upgrade;

/// One unit of what arrives or leaves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Frame {
    /// A message of a WebSocket, or a line.
    Text(String),
    /// Bytes.
    Binary(Bytes),
    /// A server-sent event. It only arrives.
    Event(ServerEvent),
}

impl Frame {
    /// How many bytes it carries.
    pub fn weight(&self) -> u64 {
        let bytes = match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Event(event) => event.data.len(),
        };
        bytes as u64
    }
}

/// A server-sent event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerEvent {
    /// The name of its kind; `message` if the server gave none.
    pub name: String,
    /// The last id that the server gave, if it is not empty.
    pub id: Option<String>,
    /// The data.
    pub data: String,
}

/// What a connection may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes of a frame that arrives. A larger one ends the connection.
    pub arriving: usize,
    /// Bytes of a frame that leaves. A larger one is refused.
    pub leaving: usize,
    /// How long the other side may take to accept a frame. After that the connection is over.
    pub patience: Duration,
}

/// What each frame of a tenant passes on its way out: secrets are put in, or it is refused.
pub trait Outgoing: Send {
    /// The frame that leaves instead. On a connection of bytes a refusal ends the sending, because what passed
    /// before it cannot be taken back.
    fn pass(&mut self, frame: Frame) -> Result<Frame>;
}

impl<F: FnMut(Frame) -> Result<Frame> + Send> Outgoing for F {
    fn pass(&mut self, frame: Frame) -> Result<Frame> {
        self(frame)
    }
}

/// What each frame passes on its way in: secrets that come back are hidden.
pub trait Incoming: Send {
    /// The frame that the tenant sees instead. Bytes may be kept back until more have arrived; an empty binary frame
    /// is not handed on where a connection is one of bytes.
    fn pass(&mut self, frame: Frame) -> Frame;

    /// The bytes that were kept back, when nothing more arrives for a while or at all.
    fn rest(&mut self) -> Bytes {
        Bytes::new()
    }
}

impl<F: FnMut(Frame) -> Frame + Send> Incoming for F {
    fn pass(&mut self, frame: Frame) -> Frame {
        self(frame)
    }
}

/// A stream of bytes in both directions, with or without TLS.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Wire for S {}

#[cfg(test)]
mod tests;
