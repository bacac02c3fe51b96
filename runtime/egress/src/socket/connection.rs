//! A connection of one of the three kinds.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use openclaw_policy::Host;
use tokio::time::{Instant, timeout};

use super::events::Events;
use super::framing::{Framing, Lines};
use super::receiver::{From, Receiver};
use super::sender::{Ended, GOODBYE, Sender, To};
use super::websocket::{Upgrade, open};
use super::{Frame, Incoming, Limits, Outgoing, Wire};
use crate::error::Result;
use crate::header::Header;

/// An open connection. Dropping it closes it.
pub struct Connection {
    sender: Sender,
    receiver: Receiver,
    subprotocol: Option<String>,
    headers: Vec<Header>,
}

/// What frames pass on their way out and in.
pub(crate) struct Passage {
    pub(crate) outgoing: Box<dyn Outgoing>,
    pub(crate) incoming: Box<dyn Incoming>,
}

impl Connection {
    /// Opens a WebSocket over a stream that leads to `host`.
    pub(crate) async fn websocket<S: Wire>(
        stream: S,
        host: &Host,
        upgrade: Upgrade,
        limits: Limits,
        mut passage: Passage,
        until: Instant,
    ) -> Result<Self> {
        let stream: Box<dyn Wire> = Box::new(stream);
        let opened = open(stream, host, upgrade, &limits, &mut *passage.incoming, until).await?;
        let (sink, stream) = opened.stream.split();
        let mut connection = Self::join(
            host,
            limits,
            passage,
            To::WebSocket(sink),
            From::WebSocket(stream),
        );
        connection.subprotocol = opened.subprotocol;
        connection.headers = opened.headers;
        Ok(connection)
    }

    /// Takes a stream of bytes that leads to `host`.
    pub(crate) fn tcp<S: Wire>(
        stream: S,
        host: &Host,
        framing: Framing,
        limits: Limits,
        passage: Passage,
    ) -> Self {
        let stream: Box<dyn Wire> = Box::new(stream);
        let (read, write) = tokio::io::split(stream);
        let from = match framing {
            Framing::Lines => From::Lines(read, Lines::new(limits.arriving)),
            Framing::Bytes => From::Bytes(read),
        };
        Self::join(host, limits, passage, To::Tcp(write, framing), from)
    }

    /// Takes the body of a response that is a stream of events.
    pub(crate) fn events<B>(body: B, host: &Host, limits: Limits, incoming: Box<dyn Incoming>) -> Self
    where
        B: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        let from = From::Events(Box::pin(body), Events::new(limits.arriving));
        // Nothing is sent, so nothing has to be looked at.
        let outgoing = Box::new(Ok);
        Self::join(host, limits, Passage { outgoing, incoming }, To::Nothing, from)
    }

    /// With the headers of the answer that it began with.
    pub(crate) fn answered_with(mut self, headers: Vec<Header>) -> Self {
        self.headers = headers;
        self
    }

    fn join(host: &Host, limits: Limits, passage: Passage, to: To, from: From) -> Self {
        let ended = Ended::default();
        Self {
            sender: Sender {
                to,
                host: host.clone(),
                limits,
                outgoing: passage.outgoing,
                ended: Ended::clone(&ended),
                is_torn: false,
                is_closing: false,
            },
            receiver: Receiver {
                from,
                host: host.clone(),
                limits,
                incoming: passage.incoming,
                ended,
                heard: 0,
                goodbye: None,
                last: None,
            },
            subprotocol: None,
            headers: Vec::new(),
        }
    }

    /// The subprotocol that the server of a WebSocket chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The headers of the answer that it began with, in lower case; none for TCP.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// How much has arrived so far: frames, and the pings and pongs of a WebSocket. Only for comparing.
    pub fn heard(&self) -> u64 {
        self.receiver.heard
    }

    /// The code with which the other side closed a WebSocket.
    pub fn goodbye(&self) -> Option<u16> {
        self.receiver.goodbye
    }

    /// Sends a ping of the WebSocket protocol. Other connections have none.
    pub async fn ping(&mut self) -> Result<()> {
        self.sender.ping().await
    }

    /// Sends frames; see [`Sender::send`].
    pub async fn send(&mut self, frames: Vec<Frame>) -> Result<()> {
        let sent = self.sender.send(frames).await;
        if self.receiver.ended.get().is_some() {
            // With the sender's half gone already, this closes the connection.
            self.receiver.from = From::Nothing;
        }
        sent
    }

    /// Waits for the next frame; see [`Receiver::receive`].
    pub async fn receive(&mut self, wait: Duration) -> Result<Option<Frame>> {
        let received = self.receiver.receive(wait).await;
        if received.is_err() {
            // With the receiver's half gone already, this closes the connection.
            self.sender.to = To::Nothing;
        }
        received
    }

    /// Closes the connection in good order: says goodbye, for a WebSocket with a code and a reason, and waits a
    /// moment for the answer. What arrives meanwhile is thrown away.
    pub async fn close(&mut self, code: u16, reason: &str) -> Result<()> {
        self.sender.close(code, reason).await?;
        // A stream of events has nobody on its other side who would answer.
        if !matches!(self.sender.to, To::Nothing) {
            let _ = timeout(GOODBYE, self.receiver.drain()).await;
        }
        self.receiver.from = From::Nothing;
        self.sender.end("");
        Ok(())
    }

    /// The two halves, to be used by two tasks. When one of them says that the connection has ended, drop both.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }
}
